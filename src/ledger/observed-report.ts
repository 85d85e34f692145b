// From counts of observed documents to the report that a management team reads before it signs off: what would have
// been shared, printed, left to the team, withheld and reviewed. Pure. It refuses to add to these numbers what nobody
// can place: documents whose team or directorate is in no list are counted by themselves.
import type { Facts, RuleRoute } from '../types.ts'

/** How many documents there are of one kind, among those of directorates and feeds that let nothing out. */
export type ObservedCount = {
  /** A day or a month in London: `2026-11-23`, `2026-11`. */
  readonly period: string
  readonly directorate?: string
  /** The fact; `unknown`: the team or its directorate is in no list. */
  readonly stage: Exclude<Facts['directorate'], 'live'>
  readonly feed: string
  /** Where it would have gone, and by which rule. */
  readonly route: RuleRoute
  readonly rule: string
  readonly code?: string
  readonly conflict: boolean
  readonly variance: boolean
  readonly documents: number
}

/** In the place of a code that the policy in force does not list: it may be the beginning of a name. */
export const NOT_LISTED = 'not listed'

export type Tally = {
  readonly documents: number
  readonly pkb: number
  readonly print: number
  readonly leftToTeam: number
  readonly withheld: number
  readonly review: number
  readonly conflicts: number
  readonly variances: number
  /** Of all, what would have reached the patient: by the record, by the post, or by the team. Absent where there is none. */
  readonly shareRate?: number
}

export type ObservedReport = {
  readonly all: Tally
  readonly directorates: readonly (Tally & { readonly directorate: string; readonly stage: ObservedCount['stage'] })[]
  readonly periods: readonly (Tally & { readonly period: string })[]
  readonly rules: readonly { readonly rule: string; readonly route: RuleRoute; readonly documents: number }[]
  readonly codes: readonly (Tally & { readonly code?: string })[]
  /** Of an unknown directorate: nothing of theirs leaves either, and nobody's report counts them. */
  readonly unplaced: number
}

type Known = {
  /** Directorates that are observing or not live, with or without documents. */
  readonly directorates: readonly { readonly directorate: string; readonly stage: ObservedCount['stage'] }[]
  /** Whose teams post for themselves. */
  readonly postsItself: (directorate: string | undefined) => boolean
}

export const reportOf = (counts: readonly ObservedCount[], { directorates, postsItself }: Known): ObservedReport => {
  const placed = counts.filter(({ stage }) => stage !== 'unknown')
  const tally = (of: readonly ObservedCount[]): Tally => tallyOf(of, postsItself)
  const within = (one: Known['directorates'][number]) => placed.filter(({ directorate, stage }) => directorate === one.directorate && stage === one.stage)
  const found = [...new Map(placed.map(({ directorate = '', stage }) => [`${directorate} ${stage}`, { directorate, stage }])).values()]
  const known = directorates.filter((one) => !found.some(({ directorate, stage }) => directorate === one.directorate && stage === one.stage))
  return {
    all: tally(placed),
    directorates: [...found, ...known].sort((a, b) => order(a.directorate, b.directorate) || order(a.stage, b.stage)).map((one) => ({ ...one, ...tally(within(one)) })),
    periods: [...Map.groupBy(placed, ({ period }) => period)].sort(([a], [b]) => order(a, b)).map(([period, those]) => ({ period, ...tally(those) })),
    rules: [...Map.groupBy(placed, ({ rule, route }) => `${rule} ${route}`).values()].map((those) => ({ rule: those[0]!.rule, route: those[0]!.route, documents: sum(those) }))
      .sort((a, b) => b.documents - a.documents || order(a.rule, b.rule)),
    codes: [...Map.groupBy(placed, ({ code }) => code)].sort(([a = '~'], [b = '~']) => order(a, b)).map(([code, those]) => ({ ...(code === undefined ? {} : { code }), ...tally(those) })),
    unplaced: sum(counts.filter(({ stage }) => stage === 'unknown')),
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sum = (counts: readonly ObservedCount[]): number => counts.reduce((total, { documents }) => total + documents, 0)

const tallyOf = (counts: readonly ObservedCount[], postsItself: Known['postsItself']): Tally => {
  const where = (fits: (count: ObservedCount) => boolean): number => sum(counts.filter(fits))
  const documents = sum(counts)
  const pkb = where(({ route }) => route === 'pkb')
  const print = where(({ route, directorate }) => route === 'print' && !postsItself(directorate))
  const leftToTeam = where(({ route, directorate }) => route === 'print' && postsItself(directorate))
  return {
    documents, pkb, print, leftToTeam,
    withheld: where(({ route }) => route === 'withhold'), review: where(({ route }) => route === 'review'),
    conflicts: where(({ conflict }) => conflict), variances: where(({ variance }) => variance),
    ...(documents === 0 ? {} : { shareRate: Math.round((1000 * (pkb + print + leftToTeam)) / documents) / 1000 }),
  }
}

/** What the policy in force says of the directorates. */
export const knownFrom = (directorates: { readonly [directorate: string]: { readonly status: 'live' | 'observing' | 'not-live'; readonly post: 'engine' | 'team' } }, only?: string): Known => ({
  directorates: Object.entries(directorates).flatMap(([directorate, { status }]) => (status === 'live' || (only !== undefined && directorate !== only) ? [] : [{ directorate, stage: status }])),
  postsItself: (directorate) => directorate !== undefined && Object.hasOwn(directorates, directorate) && directorates[directorate]!.post === 'team',
})
