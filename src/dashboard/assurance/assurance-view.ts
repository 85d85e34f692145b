// The assurance report in words and links ready for a view: each number leads to the list of the documents behind it,
// where a list can show just those. It refuses to set leaks above over-withholding, or the other way round.
import type { AssuranceReport, AssuranceTally, Flag, Sort } from '../../ledger/assurance-report.ts'
import { SORTS, THRESHOLDS } from '../../ledger/assurance-report.ts'
import { NOT_LISTED } from '../../ledger/observed-report.ts'
import type { Policy } from '../../policy/policy.ts'
import type { AssuranceAsked } from './assurance.ts'
import { counted, hrefTo, monthName, number, percent, type Cell, type Params } from './numbers-view.ts'
import { directorateOptions, spanOf } from './observing-view.ts'
import { spanInWords } from './reconciliation-view.ts'

const HEADS = ['Documents', 'Shared', 'Withheld', 'By instruction', 'Review', 'Conflicts', 'Variances', 'Taken back', 'Share rate', 'Withhold rate'] as const

const FLAGS_IN_WORDS = { 'over-withholding': { text: 'Over-withholding', colour: 'orange' }, leaks: { text: 'Leaks', colour: 'red' } } as const satisfies Record<Flag, { readonly text: string; readonly colour: string }>
const SORTS_IN_WORDS = { withheld: 'Withheld most first', leaks: 'Leaks first', name: 'Name' } as const satisfies Record<Sort, string>

export const sortOptions = (chosen: Sort) => SORTS.map((value) => ({ value, text: SORTS_IN_WORDS[value], selected: value === chosen }))

/** Without `params` no list shows just these documents. */
const cellsOf = (tally: AssuranceTally, params: Params | undefined): readonly Cell[] => {
  const link = (more: Params): string | undefined => params && hrefTo('/documents', { ...params, ...more })
  return [
    counted('Documents', tally.documents, link({})), counted('Shared', tally.shared, link({ route: 'pkb,print' })), counted('Withheld', tally.withheld, link({ route: 'withhold' })),
    counted('By instruction', tally.byInstruction, link({ marked: 'instruction' })), counted('Review', tally.review, link({ route: 'review' })), counted('Conflicts', tally.conflicts, link({ marked: 'conflict' })), counted('Variances', tally.variances, link({ marked: 'variance' })),
    counted('Taken back', tally.takenBack, link({ marked: 'taken-back' })), { head: 'Share rate', text: percent(tally.shareRate) }, { head: 'Withhold rate', text: percent(tally.withholdRate) },
  ]
}

const told = (name: string | undefined): boolean => name !== undefined && name !== NOT_LISTED

type Named = AssuranceTally & { readonly name: string; readonly more?: string; readonly href?: string; readonly params: Params | undefined }

const rowOf = ({ name, more, href, params, ...tally }: Named) => ({ name, ...(more === undefined ? {} : { more }), ...(href === undefined ? {} : { href }), flags: tally.flags.map((flag) => FLAGS_IN_WORDS[flag]), cells: cellsOf(tally, params) })

/** What the thresholds say of a group, with the numbers behind it. */
const SAYS = {
  'over-withholding': ({ byInstruction, documents, variances }) => `withheld by instruction ${number(byInstruction)} of ${number(documents)}; variances ${number(variances)}`,
  leaks: ({ takenBack, conflicts, documents }) => `taken back ${number(takenBack)}; conflicts ${number(conflicts)} of ${number(documents)}`,
} as const satisfies Record<Flag, (tally: AssuranceTally) => string>

const WORST = {
  'over-withholding': (a, b) => b.byInstruction / b.documents - a.byInstruction / a.documents,
  leaks: (a, b) => b.takenBack - a.takenBack || b.conflicts / b.documents - a.conflicts / a.documents,
} as const satisfies Record<Flag, (a: AssuranceTally, b: AssuranceTally) => number>

const flagged = (flag: Flag, groups: readonly Named[]) => groups.filter(({ flags }) => flags.includes(flag)).toSorted(WORST[flag]).map((group) => ({ name: group.more === undefined ? group.name : `${group.name}, ${group.more}`, says: SAYS[flag](group) }))

export const assuranceView = (asked: AssuranceAsked, report: AssuranceReport, { directorates, services, codes }: Pick<Policy, 'directorates' | 'services' | 'codes'>) => {
  const base: Params = { stage: 'live', directorate: asked.directorate, since: asked.sinceText, until: asked.untilText }
  const nameOf = (directorate: string | undefined): string => (directorate === undefined ? 'No directorate' : Object.hasOwn(directorates, directorate) ? directorates[directorate]!.name : directorate)
  const within = (directorate: string | undefined): Params | undefined => (directorate === undefined ? undefined : { ...base, directorate })
  const directorateRows: readonly Named[] = report.directorates.map(({ directorate, ...tally }) => ({ ...tally, name: nameOf(directorate), params: within(directorate) }))
  const teamRows: readonly Named[] = report.teams.map(({ directorate, team, ...tally }) => ({
    ...tally, name: team === undefined ? 'No team' : Object.hasOwn(services, team) ? `${team} ${services[team]!.name}` : team, more: nameOf(directorate), params: told(team) && directorate !== undefined ? { ...base, directorate, team } : undefined,
  }))
  const codeRows: readonly Named[] = report.codes.map(({ code, ...tally }) => ({
    ...tally, name: code === undefined ? 'No code' : Object.hasOwn(codes, code) ? `${code} ${codes[code]!.name}` : code, params: code === undefined ? { ...base, code: '-' } : told(code) ? { ...base, code } : undefined,
    // Which codes these are, and their documents, is a list of its own.
    ...(code === NOT_LISTED ? { href: hrefTo('/codes', { since: asked.sinceText, until: asked.untilText }) } : {}),
  }))
  const groups = [...directorateRows, ...teamRows, ...codeRows]
  return {
    form: { since: asked.sinceText.slice(0, 10), until: asked.untilText?.slice(0, 10) ?? '', directorates: directorateOptions(asked.directorate ?? '', directorates), sorts: sortOptions(asked.sort) },
    span: spanInWords(asked), of: asked.directorate === undefined ? 'all live directorates' : nameOf(asked.directorate),
    heads: HEADS,
    thresholds: { documents: THRESHOLDS.documents, byInstruction: percent(THRESHOLDS.byInstruction), variances: percent(THRESHOLDS.variances), conflicts: percent(THRESHOLDS.conflicts) },
    all: report.all && cellsOf(report.all, base),
    standOut: [
      { id: 'over-withholding', heading: 'Over-withholding', otherwise: 'No group is over a threshold.', groups: flagged('over-withholding', groups) },
      { id: 'leaks', heading: 'Leaks, and letters that nearly leaked', otherwise: 'No group is over a threshold.', groups: flagged('leaks', groups) },
    ],
    directorates: directorateRows.map(rowOf), teams: teamRows.map(rowOf), codes: codeRows.map(rowOf),
    months: report.months.map(({ month, ...tally }) => rowOf({ ...tally, name: monthName(month), params: { ...base, ...spanOf(month, asked) } })),
    csv: hrefTo('/assurance.csv', { directorate: asked.directorate, since: asked.sinceText, until: asked.untilText }),
    observing: hrefTo('/observing', { directorate: asked.directorate, since: asked.sinceText, until: asked.untilText }),
  }
}
