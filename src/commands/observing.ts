// `openletter observing`: what would have become of the documents of directorates and feeds that let nothing out yet,
// as a table, as JSON, or as CSV for a spreadsheet. It refuses to show a document: there are only numbers.
import { parseArgs } from 'node:util'
import { wrongInWords } from '../dashboard/documents/filter.ts'
import { observedCounts, observingAnswer, observingReport, readObserving, type ObservingAsked } from '../dashboard/assurance/observing.ts'
import { shareRate } from '../dashboard/assurance/observing-view.ts'
import { londonTime } from '../dashboard/times.ts'
import { londonDay } from '../decide/london.ts'
import { csv } from '../csv.ts'
import type { Ledger, ObservedCount } from '../ledger/ledger.ts'
import type { ObservedReport, Tally } from '../ledger/observed-report.ts'
import { loadPolicy } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { printProblem } from '../policy/problem.ts'
import { reviewsOf } from '../policy/reviews.ts'
import { checkable } from './environment.ts'
import { narrowedInWords, unknownName } from './known-names.ts'
import { withLedger } from './ledger.ts'

export const USAGE = `Usage: npx openletter observing [--since DATE|INSTANT] [--until DATE|INSTANT] [--directorate NAME] [--by day|month] [--json|--csv]

  Without --since, the last 30 days. --csv has a line for each day, directorate, feed, route, rule and code.`

type Called = { readonly asked: ObservingAsked; readonly as: 'words' | 'json' | 'csv' }

export const observing = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const now = new Date()
  const called = calledWith(args, now)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  const { policy, problems } = await loadPolicy(checkable(env))
  for (const problem of problems) console.error(printProblem(problem))
  if (!policy) return 1
  return withLedger(env, async (ledger) => {
    const wrong = await unknownName(ledger, policy, called.asked.directorate === undefined ? {} : { directorate: called.asked.directorate }, env)
    if (wrong !== undefined) { console.error(wrong); return 2 }
    console.log(await told(ledger, policy, called, now))
    return 0
  }, { policy })
}

const OPTIONS = { since: { type: 'string' }, until: { type: 'string' }, directorate: { type: 'string' }, by: { type: 'string' }, json: { type: 'boolean' }, csv: { type: 'boolean' } } as const

const calledWith = (args: readonly string[], now: Date): Called | string => {
  try {
    const { json, csv: asCsv, ...given } = parseArgs({ args: [...args], options: OPTIONS }).values
    if (json && asCsv) return 'Choose --json or --csv.'
    const read = readObserving(given, now)
    return read.ok ? { asked: read.asked, as: json ? 'json' : asCsv ? 'csv' : 'words' } : wrongInWords(read.wrong)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const told = async (ledger: Ledger, policy: Policy, { asked, as }: Called, now: Date): Promise<string> => {
  if (as === 'csv') return inCsv(await observedCounts(ledger, policy, asked)).trimEnd()
  const report = await observingReport(ledger, policy, asked)
  const reviews = reviewsOf(policy, londonDay(now))
  return as === 'json' ? JSON.stringify(observingAnswer(asked, report, policy.hash, reviews), undefined, 2) : inWords(asked, report, policy, reviews)
}

// ---------------------------------------------------------------- as CSV

const COLUMNS = ['period', 'directorate', 'stage', 'feed', 'would_go', 'rule', 'code', 'conflict', 'variance', 'documents'] as const

const inCsv = (counts: readonly ObservedCount[]): string => csv(COLUMNS, counts.map(({ period, directorate, stage, feed, route, rule, code, conflict, variance, documents }) => ({
  period, directorate: directorate ?? '', stage, feed, would_go: route, rule, code: code ?? '', conflict: conflict ? 'yes' : 'no', variance: variance ? 'yes' : 'no', documents: String(documents),
})))

// ---------------------------------------------------------------- in words

const HEADS = ['documents', 'pkb', 'print', 'team', 'withheld', 'review', 'shared', 'conflicts', 'variances'] as const

const numbers = (tally: Tally): readonly string[] => [
  ...[tally.documents, tally.pkb, tally.print, tally.leftToTeam, tally.withheld, tally.review].map((value) => value.toLocaleString('en-GB')), shareRate(tally.shareRate),
  ...[tally.conflicts, tally.variances].map((value) => value.toLocaleString('en-GB')),
]

const inWords = (asked: ObservingAsked, report: ObservedReport, policy: Policy, reviews: ReturnType<typeof reviewsOf>): string => [
  `What would have become of documents that are only observed${asked.directorate === undefined ? '' : `, ${narrowedInWords({ directorate: asked.directorate })}`}, received from ${londonTime(asked.sinceText)} to ${asked.untilText === undefined ? 'now' : londonTime(asked.untilText)}. Nothing of theirs was sent.`,
  '', ...table(['directorate', 'stage', ...HEADS], 2, [...report.directorates.map((row) => [policy.directorates[row.directorate]?.name ?? row.directorate, row.stage, ...numbers(row)]), ['all', '', ...numbers(report.all)]]),
  ...(report.unplaced > 0 ? ['', `${report.unplaced.toLocaleString('en-GB')} more of a team or directorate that is in no list: nothing of theirs leaves either.`] : []),
  ...section(['rule', 'would go to', 'documents'], 2, report.rules.map(({ rule, route, documents }) => [rule, route, documents.toLocaleString('en-GB')])),
  ...section(['code', ...HEADS], 1, report.codes.map((row) => [row.code ?? 'none', ...numbers(row)])),
  ...section([asked.by, ...HEADS], 1, report.periods.map((row) => [row.period, ...numbers(row)])),
  ...section(['sign-off', 'status', 'signed off by', 'on', 'live from', 'review by', 'review'], 7, reviews.map((row) => [
    row.name, row.status, row.signedOffBy ?? 'nobody', row.signedOffOn ?? '', row.goLive ?? '', row.reviewBy ?? '', row.overdue ? 'OVERDUE' : row.dueSoon ? 'due soon' : '',
  ])),
].join('\n')

const section = (heads: readonly string[], words: number, rows: readonly (readonly string[])[]): readonly string[] => (rows.length === 0 ? [] : ['', ...table(heads, words, rows)])

/** The first columns hold words, the others numbers. */
const table = (heads: readonly string[], words: number, rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = heads.map((head, n) => Math.max(head.length, ...rows.map((row) => row[n]!.length)))
  return [heads, ...rows].map((row) => row.map((cell, n) => (n < words ? cell.padEnd(widths[n]!) : cell.padStart(widths[n]!))).join('  ').trimEnd())
}
