// `openletter replay`: decides the documents in the ledger once more under another policy, and says who would go
// elsewhere. It sends and writes nothing; with --apply it has a chosen set decided again for good, see replay-apply.ts.
import { parseArgs } from 'node:util'
import { readFilter, wrongInWords } from '../dashboard/documents/filter.ts'
import { londonTime } from '../dashboard/times.ts'
import type { Ledger, ReplayAsked, Replayed } from '../ledger/ledger.ts'
import { plan, type Planned } from '../plan.ts'
import { fromKept, readBelow, readFolders } from '../policy/files.ts'
import { loadFiles } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { printProblem } from '../policy/problem.ts'
import { RULE_ROUTES, type Route } from '../types.ts'
import { checkable } from './environment.ts'
import { narrowedInWords, unknownName } from './known-names.ts'
import { withLedger } from './ledger.ts'
import { openProgress } from './progress.ts'
import { apply, checkedReason, type Talk, terminal } from './replay-apply.ts'
import { lookedAt, openTally, type Counter } from './replay-tally.ts'
import { inWords } from './replay-words.ts'

export const USAGE = `Usage: npx openletter replay --since DATE|INSTANT [--until DATE|INSTANT] [--with DIR] [--directorate NAME] [--rule NAME] [--ids] [--json]
       npx openletter replay --apply --reason TEXT (--since DATE|INSTANT … [--from ROUTE --to ROUTE] | --only ID,ID…) [--yes]

  --since, --until  documents whose latest revision came in from then and until then; a day counts whole, in London
  --with DIR        the channels/ and mappings/ in this folder; without it, those of the settings
  --ids             name every document, not only the first of each group
  --apply           decide again for good, under the policy in force: those that would go another way, or a part of them`

const PAGE = 500
const ROUTES: readonly string[] = [...RULE_ROUTES, 'observe']

export type Chosen = { readonly reason: string; readonly from?: Route; readonly to?: Route; readonly yes: boolean }
type Called = { readonly asked: ReplayAsked; readonly span: string; readonly dir?: string; readonly all: boolean; readonly json: boolean; readonly apply?: Chosen }

export const replay = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Talk = terminal): Promise<number> => {
  const called = calledWith(args, new Date())
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  const { policy, problems } = loadFiles(await (called.dir === undefined ? readFolders(env) : readBelow(called.dir)), checkable(env))
  for (const problem of problems) console.error(printProblem(problem))
  if (!policy) return 1
  return withLedger(env, async (ledger) => {
    const wrong = await unknownName(ledger, policy, called.asked, env)
    if (wrong !== undefined) { console.error(wrong); return 2 }
    const inForce = (await ledger.policyInForce())?.hash === policy.hash
    if (called.apply) return apply(ledger, policy, inForce, called.asked, called.apply, () => lookThrough(ledger, policy, called.asked, env), talk)
    const result = (await lookThrough(ledger, policy, called.asked, env)).result()
    const where = called.dir === undefined ? 'the folders of the settings' : called.dir
    if (called.json) console.log(JSON.stringify({ policy: policy.hash, inForce, ...spanOf(called.asked), ...result }, undefined, 2))
    else console.log(inWords(result, { policy: policy.hash, where, inForce, span: called.span, narrowed: narrowedInWords(called.asked), all: called.all }))
    return 0
  }, { policy })
}

const spanOf = ({ since, until, directorate, rule }: ReplayAsked) => ({ since, until, directorate, rule })

// ---------------------------------------------------------------- what is asked

const OPTIONS = {
  since: { type: 'string' }, until: { type: 'string' }, with: { type: 'string' }, directorate: { type: 'string' }, rule: { type: 'string' }, ids: { type: 'boolean' }, json: { type: 'boolean' },
  apply: { type: 'boolean' }, reason: { type: 'string' }, only: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' }, yes: { type: 'boolean' },
} as const

type Values = Partial<Record<'since' | 'until' | 'with' | 'directorate' | 'rule' | 'reason' | 'only' | 'from' | 'to', string> & Record<'ids' | 'json' | 'apply' | 'yes', boolean>>

const calledWith = (args: readonly string[], now: Date): Called | string => {
  let values: Values
  try {
    values = parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { since, until, directorate, rule } = values
  if (values.with?.trim() === '') return '--with needs the name of a folder.'
  if (since === undefined && values.only === undefined) return 'Say since when: --since 2026-11-01.'
  const read = readFilter({ since, until, directorate, rule }, 'query')
  if (!read.ok) return wrongInWords(read.wrong)
  const chosen = chosenBy(values)
  if (typeof chosen === 'string') return chosen
  const only = values.only?.split(',').map((id) => id.trim()).filter((id) => id !== '')
  if (only?.length === 0) return '--only needs ids of documents, with commas between them.'
  const { filter } = read
  const asked: ReplayAsked = {
    ...(filter.since ? { since: filter.since } : {}), until: filter.until ?? now.toISOString(),
    ...(filter.directorate ? { directorate: filter.directorate } : {}), ...(filter.rule ? { rule: filter.rule } : {}), ...(only ? { only } : {}),
  }
  const span = `${filter.since ? `received from ${londonTime(filter.since)} ` : ''}to ${filter.until ? londonTime(filter.until) : 'now'}`
  return { asked, span, all: values.ids ?? false, json: values.json ?? false, ...(values.with === undefined ? {} : { dir: values.with }), ...(chosen ? { apply: chosen } : {}) }
}

const isRoute = (text: string): text is Route => ROUTES.includes(text)

const chosenBy = ({ apply: applies, reason, only, from, to, yes = false, json }: Values): Chosen | string | undefined => {
  if (!applies) {
    const stray = Object.entries({ reason, only, from, to, yes: yes || undefined }).find(([, value]) => value !== undefined)?.[0]
    return stray === undefined ? undefined : `--${stray} goes with --apply only.`
  }
  if (json) return '--json does not go with --apply.'
  const wrong = checkedReason(reason)
  if (wrong !== undefined || reason === undefined) return wrong ?? '--apply needs --reason.'
  if ((from === undefined) !== (to === undefined)) return '--from and --to go together.'
  if (only !== undefined && from !== undefined) return 'Choose by --only or by --from and --to, not by both.'
  for (const route of [from, to]) if (route !== undefined && !isRoute(route)) return `${route} is no route: use one of ${ROUTES.join(', ')}.`
  return { reason: reason.trim(), yes, ...(from !== undefined && isRoute(from) ? { from } : {}), ...(to !== undefined && isRoute(to) ? { to } : {}) }
}

// ---------------------------------------------------------------- looking

const lookThrough = async (ledger: Ledger, policy: Policy, asked: ReplayAsked, env: NodeJS.ProcessEnv): Promise<Counter> => {
  const tally = openTally()
  const policyOf = keptPolicies(ledger, policy, env)
  const progress = openProgress(await ledger.replayCount(asked))
  try {
    let done = 0
    let cursor: string | undefined
    do {
      const page = await ledger.replayPage(asked, (receipt, person, prior) => plan(receipt, policy, person, prior), PAGE, cursor)
      for (const replayed of page.documents) {
        const decidedBy = await policyOf(replayed.recorded.policy)
        tally.add(lookedAt(replayed, () => again(replayed, decidedBy)))
      }
      progress.at(done += page.documents.length)
      cursor = page.cursor
    } while (cursor !== undefined)
    return tally
  } finally {
    progress.end()
  }
}

const again = ({ made }: Replayed, policy: Policy | undefined): Planned | undefined => policy && plan(made.receipt, policy, made.person, made.prior)

/** The policies that decided, as the ledger keeps them. One that this version can no longer read explains nothing. */
const keptPolicies = (ledger: Ledger, policy: Policy, env: NodeJS.ProcessEnv): ((hash: string) => Promise<Policy | undefined>) => {
  const known = new Map<string, Promise<Policy | undefined>>([[policy.hash, Promise.resolve(policy)]])
  const load = async (hash: string): Promise<Policy | undefined> => {
    const kept = await ledger.policyOf(hash)
    return kept && loadFiles(fromKept(kept.files, `policy ${hash.slice(0, 12)}: `), checkable(env)).policy
  }
  return (hash) => {
    const one = known.get(hash) ?? load(hash)
    known.set(hash, one)
    return one
  }
}
