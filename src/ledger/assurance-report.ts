// From counts of live documents to what a directorate's management team answers for: what was shared and withheld, where
// instruction and policy disagree, what was taken back. Pure. It refuses to call withholding the safe side: too much of it
// is flagged as plainly as a leak.
import type { AssuranceCount } from './assurance.ts'

/** Simple, and the same for everybody. Parts of all documents of a group; none is judged by rates that has fewer than `documents`. */
export const THRESHOLDS = { documents: 20, byInstruction: 0.2, variances: 0.05, conflicts: 0.05, takenBack: 1 } as const

export type Flag = 'over-withholding' | 'leaks'

export type AssuranceTally = {
  readonly documents: number
  /** To the record, by the post, or by a team that posts for itself. */
  readonly shared: number
  readonly withheld: number
  /** Of these: marked not to be shared, and of no blocked code. What the policy itself keeps in is no over-withholding. */
  readonly byInstruction: number
  readonly review: number
  readonly conflicts: number
  readonly variances: number
  readonly takenBack: number
  readonly shareRate: number
  readonly withholdRate: number
  readonly flags: readonly Flag[]
}

export type AssuranceReport = {
  /** Absent where there is no document. */
  readonly all?: AssuranceTally
  readonly directorates: readonly (AssuranceTally & { readonly directorate?: string })[]
  readonly teams: readonly (AssuranceTally & { readonly directorate?: string; readonly team?: string })[]
  readonly codes: readonly (AssuranceTally & { readonly code?: string })[]
  readonly months: readonly (AssuranceTally & { readonly month: string })[]
  /** The finest: what the CSV has. */
  readonly rows: readonly (AssuranceTally & { readonly month: string; readonly directorate?: string; readonly team?: string; readonly code?: string })[]
}

export const SORTS = ['withheld', 'leaks', 'name'] as const
export type Sort = (typeof SORTS)[number]

type Key = 'month' | 'directorate' | 'team' | 'code'

export const assuranceOf = (counts: readonly AssuranceCount[], sort: Sort): AssuranceReport => {
  const by = <K extends Key>(...keys: readonly K[]): readonly (AssuranceTally & Pick<AssuranceCount, K>)[] => grouped(counts, keys).toSorted(orderOf(sort))
  return {
    ...(counts.length === 0 ? {} : { all: tally(counts) }),
    directorates: by('directorate'), teams: by('directorate', 'team'), codes: by('code'),
    // Time has an order of its own.
    months: grouped(counts, ['month']), rows: grouped(counts, ['month', 'directorate', 'team', 'code']),
  }
}

/** In the order of names; those without one come last. */
const grouped = <K extends Key>(counts: readonly AssuranceCount[], keys: readonly K[]): readonly (AssuranceTally & Pick<AssuranceCount, K>)[] =>
  [...Map.groupBy(counts.toSorted((a, b) => compare(textOf(a, keys), textOf(b, keys))), (count) => textOf(count, keys)).values()].map((those) => {
    const names = Object.fromEntries(keys.flatMap((key) => (those[0]![key] === undefined ? [] : [[key, those[0]![key]]]))) as Pick<AssuranceCount, K>
    return { ...names, ...tally(those) }
  })

const tally = (counts: readonly AssuranceCount[]): AssuranceTally => {
  const where = (fits: (count: AssuranceCount) => boolean): number => counts.reduce((total, count) => total + (fits(count) ? count.documents : 0), 0)
  const documents = where(() => true)
  const numbers = {
    documents,
    shared: where(({ route }) => route === 'pkb' || route === 'print'),
    withheld: where(({ route }) => route === 'withhold'),
    byInstruction: where(({ byInstruction }) => byInstruction),
    review: where(({ route }) => route === 'review'),
    conflicts: where(({ conflict }) => conflict),
    variances: where(({ variance }) => variance),
    takenBack: where(({ takenBack }) => takenBack),
  }
  const rate = (part: number): number => Math.round((1000 * part) / documents) / 1000
  return { ...numbers, shareRate: rate(numbers.shared), withholdRate: rate(numbers.withheld), flags: flagsOf(numbers) }
}

const flagsOf = ({ documents, byInstruction, conflicts, variances, takenBack }: Pick<AssuranceTally, 'documents' | 'byInstruction' | 'conflicts' | 'variances' | 'takenBack'>): readonly Flag[] => {
  const over = (part: number, threshold: number): boolean => documents >= THRESHOLDS.documents && part / documents > threshold
  return [
    ...(over(byInstruction, THRESHOLDS.byInstruction) || over(variances, THRESHOLDS.variances) ? ['over-withholding' as const] : []),
    ...(takenBack >= THRESHOLDS.takenBack || over(conflicts, THRESHOLDS.conflicts) ? ['leaks' as const] : []),
  ]
}

/** Worst first; what is equal stays in the order of names. */
const orderOf = (sort: Sort) => (a: AssuranceTally, b: AssuranceTally): number =>
  sort === 'withheld' ? b.byInstruction / b.documents - a.byInstruction / a.documents || b.withholdRate - a.withholdRate
    : sort === 'leaks' ? b.takenBack - a.takenBack || b.conflicts / b.documents - a.conflicts / a.documents
      : 0

const textOf = (count: AssuranceCount, keys: readonly Key[]): string => keys.map((key) => count[key] ?? '\uffff').join('\n')
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
