// `openletter retry`: plans a retry run, starts, pauses and cancels it, and says how far it is; beside an engine that runs,
// which then does it. It refuses what the pages refuse, and to be one of the two people that a large run needs.
import { parseArgs } from 'node:util'
import { readRun } from '../dashboard/failed/run-asked.ts'
import { wrongInWords } from '../dashboard/documents/filter.ts'
import { wrongReason } from '../dashboard/reason.ts'
import { runDifference, runDifferenceRows } from '../dashboard/failed/run-difference.ts'
import { runInWords } from '../dashboard/failed/runs-view.ts'
import { MEMBER_STATES, RUN_KINDS, RUN_WISHES, type RunWish } from '../decide/retry-run.ts'
import { Failure } from '../errors.ts'
import type { Ledger, Run } from '../ledger/ledger.ts'
import { NO_REASON } from '../ledger/people.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { checkable } from './environment.ts'
import { withLedger } from './ledger.ts'
import { terminal, type Talk } from './replay-apply.ts'

export const USAGE = `Usage: npx openletter retry plan (--group KEY | --delivery ID… | --run ID) [--kind KIND] [--changed TEXT] [--per-minute N]
       npx openletter retry start|go-on|cancel ID --reason TEXT
       npx openletter retry pause ID [--reason TEXT]
       npx openletter retry show ID
       npx openletter retry list

  KEY is as failed list prints it; KIND is ${RUN_KINDS.join(', ')}. What a destination refused is part of a plan only
  where --changed says what has changed since. A plan changes nothing. The engine does the rest: one, ten, the rest.
  A run of more than 500 deliveries needs two people on the pages; this command is neither. --json with each.`

type Called =
  | { readonly do: 'plan'; readonly given: { readonly [name: string]: unknown }; readonly json: boolean }
  | { readonly do: 'change'; readonly wish: RunWish; readonly id: string; readonly reason: string; readonly json: boolean }
  | { readonly do: 'show'; readonly id: string; readonly json: boolean }
  | { readonly do: 'list'; readonly json: boolean }

export const retry = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Pick<Talk, 'actor'> = terminal): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  const by = () => ({ id: talk.actor(), kind: 'program', actor: `${talk.actor()} (command)`, at: new Date().toISOString() }) as const
  return withLedger(env, async (ledger) => {
    switch (called.do) {
      case 'plan': return plan(ledger, await inForce(ledger, env), called, by())
      case 'change': return changed(ledger, called, by())
      case 'show': return shown(await ledger.run(called.id), called.id, called.json)
      case 'list': return list(ledger, called.json)
    }
  }, { policy: 'in-force' })
}

const OPTIONS = {
  group: { type: 'string' }, delivery: { type: 'string', multiple: true }, run: { type: 'string' }, kind: { type: 'string' }, changed: { type: 'string' }, 'per-minute': { type: 'string' }, reason: { type: 'string' }, json: { type: 'boolean' },
} as const

const isWish = (what: string | undefined): what is RunWish => RUN_WISHES.some((wish) => wish === what)

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { reason, json = false, delivery, 'per-minute': perMinute, ...asked }, positionals: [what, id, ...more] } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    const given = { ...asked, deliveries: delivery, perMinute }
    const isAsked = Object.values(given).some((value) => value !== undefined)
    if (more.length > 0) return `${more[0]}: What is it?`
    if (what === 'plan') return id !== undefined || reason !== undefined ? 'A plan takes no ID and no --reason: its start does.' : { do: 'plan', given, json }
    if (isAsked) return 'What is to be tried is said to plan, and to nothing else.'
    if (what === 'list') return id === undefined && reason === undefined ? { do: 'list', json } : 'retry list takes no more than --json.'
    if (what !== 'show' && !isWish(what)) return 'It is retry plan, start, pause, go-on, cancel, show or list.'
    if (id === undefined) return `Say which run: retry ${what} ID.`
    if (what === 'show') return reason === undefined ? { do: 'show', id, json } : '--reason does not go with show.'
    // Whoever pauses is in a hurry.
    if (what === 'pause' && reason === undefined) return { do: 'change', wish: what, id, reason: NO_REASON, json }
    const wrong = wrongReason(reason)
    return wrong === undefined ? { do: 'change', wish: what, id, reason: reason!.trim(), json } : `--reason: ${wrong}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Its channel says how fast it may go. */
const inForce = async (ledger: Ledger, env: NodeJS.ProcessEnv): Promise<Policy> => {
  const kept = await ledger.policyInForce()
  const loaded = kept && loadFiles(fromKept(kept.files, 'in-force:'), checkable(env))
  const policy = loaded?.policy ?? loaded?.compiled
  if (!policy) throw new Failure('POLICY_INVALID', 'The policy in force cannot be read here, so nothing was planned.')
  return policy
}

type By = { readonly id: string; readonly kind: 'program'; readonly actor: string; readonly at: string }

const plan = async (ledger: Ledger, policy: Policy, { given, json }: Extract<Called, { do: 'plan' }>, by: By): Promise<number> => {
  const read = readRun(given, policy)
  if (!read.ok) { console.error(`${wrongInWords(read.wrong)}\n\n${USAGE}`); return 2 }
  const made = await ledger.planRun(read.asked, by)
  if (!made) { console.error('Nothing is in trouble there any more: it has arrived, or was decided anew.'); return 1 }
  const about = await ledger.runNow(made.id, by.at)
  if (json) { console.log(JSON.stringify(made, undefined, 2)); return 0 }
  print(made)
  if (about) for (const line of runInWords(made, about)) console.log(`  ${line}`)
  const difference = await runDifference({ ledger, policy: () => policy, now: () => new Date(by.at) }, made)
  if (difference && difference.of > 0) for (const { key, value } of runDifferenceRows(difference)) console.log(`  What would be different: ${key}: ${value}.`)
  if (made.part > 0) console.log(`Nothing has happened yet. Start it with npx openletter retry start ${made.id} --reason TEXT`)
  return 0
}

const changed = async (ledger: Ledger, { wish, id, reason, json }: Extract<Called, { do: 'change' }>, by: By): Promise<number> => {
  const run = await ledger.changeRun(id, wish, { ...by, reason })
  if (run?.state === 'unconfirmed') console.error('It is a large run: two people have to confirm it on its page.')
  return shown(run, id, json)
}

const shown = (run: Run | undefined, id: string, json: boolean): number => {
  if (!run) { console.error(`There is no run ${id}. See npx openletter retry list.`); return 1 }
  if (json) console.log(JSON.stringify(run, undefined, 2))
  else print(run)
  return 0
}

const list = async (ledger: Ledger, json: boolean): Promise<number> => {
  const runs = await ledger.runs(100)
  if (json) console.log(JSON.stringify({ runs }, undefined, 2))
  else if (runs.length === 0) console.log('There is no run yet.')
  else runs.forEach(print)
  return 0
}

const print = ({ id, kind, destination, state, why, part, documents, patients, byState, plannedBy }: Run): void => {
  const became = MEMBER_STATES.flatMap((one) => (byState[one] ? [`${byState[one]} ${one}`] : []))
  console.log(`${id}  ${kind} to ${destination}: ${state}${why ? ` (${why})` : ''}, ${part} deliveries, ${documents} documents of ${patients} patients, planned by ${plannedBy}: ${became.join(', ')}`)
}
