// `openletter stop`: halts deliveries to patients, lists what is stopped, and lifts a stop; beside an engine that runs,
// or while none does. It refuses a stop without a reason, and says when a stop names what the policy does not know.
import { parseArgs } from 'node:util'
import { heldIn } from '../dashboard/stops/held-by.ts'
import { readStop } from '../dashboard/stops/stops.ts'
import { wrongReason } from '../dashboard/reason.ts'
import { londonTime } from '../dashboard/times.ts'
import { STOP_SCOPES, stopInWords, unknownStop } from '../decide/stopped.ts'
import type { Ledger, PulledStop, Stop } from '../ledger/ledger.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { checkable } from './environment.ts'
import { withLedger } from './ledger.ts'
import { terminal, type Talk } from './replay-apply.ts'

export const USAGE = `Usage: npx openletter stop (--all | --directorate NAME | --service TEAM | --code CODE) --reason TEXT
       npx openletter stop list [--json]
       npx openletter stop lift ID --reason TEXT

  A stop halts deliveries to patients at once, to PKB and to print, until it is lifted. Recalls go on.
  It is in force when the command ends, in every process and after a restart. ID is as stop list prints it.`

type Called =
  | { readonly do: 'pull'; readonly stop: Stop; readonly reason: string }
  | { readonly do: 'list'; readonly json: boolean }
  | { readonly do: 'lift'; readonly id: string; readonly reason: string }

export const stop = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Pick<Talk, 'actor'> = terminal): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  return withLedger(env, async (ledger) => {
    const policy = await inForce(ledger, env)
    if (called.do === 'list') return list(ledger, policy, called.json)
    const by = `${talk.actor()} (command)`
    const at = new Date().toISOString()
    return called.do === 'pull' ? pull(ledger, policy, called.stop, by, called.reason, at) : lift(ledger, called.id, by, called.reason, at)
  })
}

const OPTIONS = {
  all: { type: 'boolean' }, directorate: { type: 'string' }, service: { type: 'string' }, code: { type: 'string' }, reason: { type: 'string' }, json: { type: 'boolean' },
} as const

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { reason, json = false, ...chosen }, positionals: [what, id, ...more] } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    const scopes = STOP_SCOPES.filter((scope) => chosen[scope] !== undefined)
    if (more.length > 0 || (what !== undefined && what !== 'list' && what !== 'lift')) return `${more[0] ?? what}: it is stop, stop list or stop lift ID.`
    if (what !== undefined && scopes.length > 0) return `--${scopes[0]} does not go with ${what}.`
    if (what === 'list') return id === undefined && reason === undefined ? { do: 'list', json } : 'stop list takes no more than --json.'
    if (json) return '--json goes with stop list only.'
    const wrong = wrongReason(reason)
    if (wrong !== undefined) return `--reason: ${wrong}`
    if (what === 'lift') return id === undefined ? 'Say which stop: stop lift ID.' : { do: 'lift', id, reason: reason!.trim() }
    const [scope] = scopes
    if (scopes.length !== 1 || scope === undefined) return 'Say what to stop: one of --all, --directorate, --service and --code.'
    const read = readStop(scope, scope === 'all' ? '' : chosen[scope])
    return read.ok ? { do: 'pull', stop: read.stop, reason: reason!.trim() } : `--${scope}: ${read.wrong.map(({ why }) => why).join(' ')}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What the files on disk say is no matter: the engine goes by this one. */
const inForce = async (ledger: Ledger, env: NodeJS.ProcessEnv): Promise<Policy | undefined> => {
  const kept = await ledger.policyInForce()
  const loaded = kept && loadFiles(fromKept(kept.files, 'in-force:'), checkable(env))
  return loaded?.policy ?? loaded?.compiled
}

const pull = async (ledger: Ledger, policy: Policy | undefined, wanted: Stop, actor: string, reason: string, at: string): Promise<number> => {
  const pulled = await ledger.pullStop(wanted, actor, reason, at)
  const warning = policy ? unknownStop(wanted, policy) : 'The policy in force cannot be read here, so nobody has looked whether it knows what this stop names.'
  if (warning !== undefined) console.error(`WARNING: ${warning}`)
  if (!pulled) { console.log(`Nothing was changed: the stop on ${stopInWords(wanted)} is in force already.`); return 1 }
  console.log(`Stopped: ${stopInWords(pulled)}. Lift it with npx openletter stop lift ${pulled.id} --reason TEXT`)
  return 0
}

const lift = async (ledger: Ledger, id: string, actor: string, reason: string, at: string): Promise<number> => {
  const lifted = await ledger.liftStop(id, actor, reason, at)
  if (!lifted) { console.error(`There is no stop ${id} in force. See npx openletter stop list.`); return 1 }
  console.log(`Lifted: ${stopInWords(lifted)}. What it held is due now.`)
  return 0
}

const list = async (ledger: Ledger, policy: Policy | undefined, json: boolean): Promise<number> => {
  const [stops, waiting] = await Promise.all([ledger.stops(), ledger.waiting()])
  const held = (one: PulledStop): number => heldIn(waiting, one, policy?.services ?? {})
  if (json) console.log(JSON.stringify({ stops: stops.map((one) => ({ ...one, deliveries: held(one) })) }, undefined, 2))
  else if (stops.length === 0) console.log('No stop is in force.')
  else for (const one of stops) console.log(`${one.id}  ${stopInWords(one)}, by ${one.actor} on ${londonTime(one.at)}: ${one.reason} (${held(one)} waiting)`)
  return 0
}
