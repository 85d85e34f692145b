// `openletter staff`: lists who may sign in, invites somebody, and resets whoever has locked himself out; beside an engine
// that runs, or while none does. It refuses what the pages refuse, and prints a code once.
import { parseArgs } from 'node:util'
import { wrongInWords } from '../dashboard/documents/filter.ts'
import { wrongReason } from '../dashboard/reason.ts'
import { ROLES, type Role } from '../dashboard/rights.ts'
import { readNames, readRoles, userNameOf } from '../dashboard/sign-in/names.ts'
import { enable, giveRoles, invite, reset, taken, type Coded, type StaffParts } from '../dashboard/sign-in/staffing.ts'
import { londonTime } from '../dashboard/times.ts'
import { Failure } from '../errors.ts'
import type { Ledger, Staff } from '../ledger/ledger.ts'
import { withLedger } from './ledger.ts'
import { terminal, type Talk } from './replay-apply.ts'

export const USAGE = `Usage: npx openletter staff list [--json]
       npx openletter staff invite USERNAME --name NAME --role ROLE… --reason TEXT
       npx openletter staff reset USERNAME [--role ROLE…] --reason TEXT

  invite and reset print a one-time code, to be typed on the page /sign-in/code. reset ends every session of this
  person and takes the password away; it lets in again whoever was disabled. With --role the account has these roles from
  now on. Roles: ${ROLES.join(', ')}.`

type Called =
  | { readonly do: 'list'; readonly json: boolean }
  | { readonly do: 'invite'; readonly userName: string; readonly name: string; readonly roles: readonly Role[]; readonly reason: string }
  | { readonly do: 'reset'; readonly userName: string; readonly roles?: readonly Role[]; readonly reason: string }

export const staff = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Pick<Talk, 'actor'> = terminal): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  return withLedger(env, (ledger) => {
    if (called.do === 'list') return list(ledger, called.json)
    const parts: StaffParts = { ledger, now: () => new Date() }
    const wish = { actor: `${talk.actor()} (command)`, reason: called.reason }
    return called.do === 'invite' ? inviteOne(parts, called, wish) : resetOne(parts, called, wish)
  }, { policy: 'in-force' })
}

const OPTIONS = { name: { type: 'string' }, role: { type: 'string', multiple: true }, reason: { type: 'string' }, json: { type: 'boolean' } } as const

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { name, role, reason, json = false }, positionals: [what, userName, ...more] } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    if (what === 'list') return userName === undefined && name === undefined && role === undefined && reason === undefined ? { do: 'list', json } : 'staff list takes no more than --json.'
    if ((what !== 'invite' && what !== 'reset') || more.length > 0 || json) return 'It is staff list, staff invite USERNAME or staff reset USERNAME.'
    if (userName === undefined) return `Say whom: staff ${what} USERNAME.`
    const wrong = wrongReason(reason)
    if (wrong !== undefined) return `--reason: ${wrong}`
    const roles = role === undefined && what === 'reset' ? undefined : readRoles(role?.flatMap((one) => one.split(',')))
    if (roles && !roles.ok) return `--role: ${roles.wrong.map(({ why }) => why).join(' ')}`
    if (what === 'reset') return name === undefined ? { do: 'reset', userName: userNameOf(userName), reason: reason!.trim(), ...(roles ? { roles: roles.roles } : {}) } : '--name does not go with reset.'
    const names = readNames({ userName, name })
    return names.ok ? { do: 'invite', userName: names.userName, name: names.name, roles: roles!.roles, reason: reason!.trim() } : wrongInWords(names.wrong)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

type Wish = { readonly actor: string; readonly reason: string }

const printCode = ({ staff: { userName }, code, until }: Coded, did: string): number => {
  console.log(`${did} ${userName}. This code, typed on the page /sign-in/code, gives a password to the account. It is good once, until ${londonTime(until)}, and printed only now:\n\n  ${code}`)
  return 0
}

const inviteOne = async (parts: StaffParts, { userName, name, roles }: Extract<Called, { do: 'invite' }>, wish: Wish): Promise<number> => {
  const invited = await invite(parts, { userName, name, roles }, wish)
  if (invited === 'taken') throw taken()
  return printCode(invited, 'Invited')
}

const resetOne = async (parts: StaffParts, { userName, roles }: Extract<Called, { do: 'reset' }>, wish: Wish): Promise<number> => {
  const found = (await parts.ledger.staff()).find((one) => one.userName === userName)
  if (!found) throw new Failure('NOT_FOUND', `Nobody has the user name ${userName}. See npx openletter staff list.`)
  if (found.origin.kind === 'oidc') throw new Failure('QUERY_INVALID', 'This person signs in at the identity provider and has no password here.')
  if (found.disabledAt !== undefined) await enable(parts, found.id, wish)
  if (roles) await giveRoles(parts, found.id, roles, wish)
  return printCode(await reset(parts, found.id, wish), 'Reset')
}

const stateOf = ({ disabledAt, origin, hasPassword }: Staff): string => (disabledAt !== undefined ? 'disabled' : origin.kind === 'local' && !hasPassword ? 'waits for its code' : 'may sign in')

const list = async (ledger: Pick<Ledger, 'staff'>, json: boolean): Promise<number> => {
  const all = await ledger.staff()
  if (json) console.log(JSON.stringify({ people: all.map(({ origin, ...one }) => ({ ...one, origin: origin.kind })) }, undefined, 2))
  else if (all.length === 0) console.log('Nobody has an account yet.')
  else for (const one of all) console.log(`${one.userName}  ${one.name}  ${one.roles.join(', ') || 'no role'}  (${one.origin.kind}, ${stateOf(one)})`)
  return 0
}
