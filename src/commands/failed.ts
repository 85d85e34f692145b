// `openletter failed`: lists deliveries in trouble by cause and signature, or those of one group, beside an engine that runs
// or while none does. It refuses to change anything, and to print what identifies a patient.
import { parseArgs } from 'node:util'
import { CAUSES_IN_WORDS, FATES_IN_WORDS } from '../dashboard/failed/cause-words.ts'
import { ageOf, londonTime } from '../dashboard/times.ts'
import type { FailureGroup, FailureRow, Ledger } from '../ledger/ledger.ts'
import { withLedger } from './ledger.ts'

export const USAGE = `Usage: npx openletter failed list [--since TIME] [--json]
       npx openletter failed list --group KEY [--limit N] [--json]

  Without --group: every group of failures with its key, and --since leaves out those that last failed before that TIME,
  such as 2026-11-23T09:00Z. With it: its deliveries, oldest first, 50 unless --limit says otherwise, at most 1000.`

type Called = { readonly group?: string; readonly limit: number; readonly since?: string; readonly json: boolean }

export const failed = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  return withLedger(env, (ledger) => (called.group === undefined ? groups(ledger, called) : deliveries(ledger, called.group, called)), { policy: 'in-force' })
}

const OPTIONS = { group: { type: 'string' }, limit: { type: 'string' }, since: { type: 'string' }, json: { type: 'boolean' } } as const

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { group, limit, since, json = false }, positionals: [what, ...more] } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    if (what !== 'list' || more.length > 0) return 'It is failed list.'
    if (limit !== undefined && group === undefined) return '--limit goes with --group only.'
    if (since !== undefined && group !== undefined) return '--since does not go with --group.'
    if (since !== undefined && Number.isNaN(Date.parse(since))) return '--since: Use a time such as 2026-11-23T09:00Z.'
    const most = Number(limit ?? 50)
    if (!Number.isInteger(most) || most < 1 || most > 1000) return '--limit: Use a number from 1 to 1000.'
    return { limit: most, json, ...(group === undefined ? {} : { group }), ...(since === undefined ? {} : { since: new Date(since).toISOString() }) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`

const groupLine = ({ key, cause, signature, destination, documents, patients, person, again, behind, oldestSince, lastSeen }: FailureGroup, now: Date): string =>
  `${key}  ${CAUSES_IN_WORDS[cause].text}: ${signature}, to ${destination}. ${count(documents, 'document')} of ${count(patients, 'patient')} (${person} for a person, ${again} tried again, ${behind} not tried yet), oldest ${ageOf(oldestSince, now)}, last failed ${londonTime(lastSeen)}`

const groups = async (ledger: Ledger, { since, json }: Called): Promise<number> => {
  const now = new Date()
  const found = await ledger.failures(now.toISOString())
  const shown = found.groups.filter(({ lastSeen }) => since === undefined || lastSeen >= since)
  if (json) console.log(JSON.stringify({ at: now.toISOString(), ...found, groups: shown }, undefined, 2))
  else if (shown.length === 0) console.log('Nothing is in trouble.')
  else for (const one of shown) console.log(groupLine(one, now))
  if (!found.all) console.error('WARNING: More deliveries are open than are looked at: these are the oldest.')
  return 0
}

const rowLine = ({ deliveryId, document, state, fate, lastCode, since, tries }: FailureRow, now: Date): string =>
  `${deliveryId}  ${document.sourceId}  ${state}, ${FATES_IN_WORDS[fate].toLowerCase()}, ${lastCode ?? 'not tried yet'}, owed for ${ageOf(since, now)}, ${count(tries, 'try').replace('trys', 'tries')}`

const deliveries = async (ledger: Ledger, group: string, { limit, json }: Called): Promise<number> => {
  const now = new Date()
  const found = await ledger.failuresIn(now.toISOString(), group, limit)
  if (!found) { console.error(`Nothing is in a group ${group}. See npx openletter failed list.`); return 1 }
  if (json) { console.log(JSON.stringify(found, undefined, 2)); return 0 }
  console.log(groupLine(found.group, now))
  for (const row of found.rows) console.log(rowLine(row, now))
  if (found.cursor !== undefined) console.log('There are more: see --limit, or the page /failed.')
  return 0
}
