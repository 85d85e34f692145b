// The account of what came in, in words and links ready for a view. It refuses to shorten a list without saying so.
import { COLUMNS, COLUMN_OF, type Column, type Difference, type ReconciledDay } from '../../ledger/reconciliation.ts'
import { endOfLondonDay, startOfLondonDay } from '../../decide/london.ts'
import { DOCUMENT_STATES } from '../../types.ts'
import { counted, hrefTo, number, type Cell } from './numbers-view.ts'
import type { ExtractAnswer } from './reconciliation.ts'
import type { Asked } from './asked.ts'
import { londonTime } from '../times.ts'
import { STATES } from '../words.ts'

export const COLUMNS_IN_WORDS = {
  delivered: 'Delivered', printed: 'Printed', leftToTeam: 'Left to the team', withheld: 'Withheld', waiting: 'Waiting', review: 'Review', failed: 'Failed', observed: 'Observed',
} as const satisfies Record<Column, string>

const DIFFERENCES_IN_WORDS = {
  'receipt-only': 'It came in, and no document of that day and feed stands for it.',
  'document-only': 'The document is there, and no receipt shows that it came in that day by that feed.',
  'no-column': 'The document is in a state that belongs to no column.',
} as const satisfies Record<Difference['kind'], string>

const HEADS = ['Received', ...COLUMNS.map((column) => COLUMNS_IN_WORDS[column]), 'Difference', 'Refused messages'] as const
const MOST_SHOWN = 500

export const spanInWords = ({ sinceText, untilText }: Asked): string => `from ${londonTime(sinceText)} to ${untilText === undefined ? 'now' : londonTime(untilText)}`

export const reconciliationView = (span: Asked, days: readonly ReconciledDay[], differences: readonly Difference[]) => {
  const all = days.reduce((total, { different }) => total + different, 0)
  return {
    form: { since: span.sinceText.slice(0, 10), until: span.untilText?.slice(0, 10) ?? '' },
    span: spanInWords(span),
    heads: HEADS,
    columns: COLUMNS.map((column) => ({ name: COLUMNS_IN_WORDS[column], states: DOCUMENT_STATES.filter((state) => COLUMN_OF[state] === column).map((state) => STATES[state].text).join(', ') })),
    days: days.map((day) => ({ day: londonTime(day.day), feed: day.feed, different: day.different > 0, cells: cellsOf(day, isWhole(day.day, span)) })),
    total: days.length < 2 ? undefined : cellsOf(totalOf(days), false),
    received: number(days.reduce((total, { received }) => total + received, 0)),
    holds: all === 0,
    different: number(all),
    differences: differences.map(({ documentId, day, feed, kind }) => ({ id: documentId, href: `/documents/${documentId}`, day: londonTime(day), feed, why: DIFFERENCES_IN_WORDS[kind] })),
    shortened: differences.length < all ? number(differences.length) : undefined,
  }
}

/** Of a day that is asked for in part, no list shows just the documents that are counted. */
const isWhole = (day: string, { since, until, untilText }: Asked): boolean =>
  Date.parse(startOfLondonDay(day)!) >= Date.parse(since) && (untilText === undefined || Date.parse(endOfLondonDay(day)!) <= Date.parse(until))

const cellsOf = (day: Omit<ReconciledDay, 'feed'> & { readonly feed?: string }, linked: boolean): readonly Cell[] => [
  // Where there is a difference the documents are not what came in: the difference names them.
  counted('Received', day.received, linked && day.different === 0 ? hrefTo('/reconciliation/documents', { day: day.day, feed: day.feed, column: 'received' }) : undefined),
  ...COLUMNS.map((column) => counted(COLUMNS_IN_WORDS[column], day[column], linked ? hrefTo('/reconciliation/documents', { day: day.day, feed: day.feed, column }) : undefined)),
  counted('Difference', day.different, '#differences'), counted('Refused messages', day.refused, linked ? hrefTo('/reconciliation/refused', { day: day.day, feed: day.feed }) : undefined),
]

const totalOf = (days: readonly ReconciledDay[]): Omit<ReconciledDay, 'feed'> => {
  const sum = (of: (day: ReconciledDay) => number): number => days.reduce((total, day) => total + of(day), 0)
  return {
    day: '', received: sum(({ received }) => received), refused: sum(({ refused }) => refused), different: sum(({ different }) => different),
    ...(Object.fromEntries(COLUMNS.map((column) => [column, sum((day) => day[column])])) as { readonly [C in Column]: number }),
  }
}

export const behindView = (day: string, feed: string, column: Column | 'received') => ({ day: londonTime(day), feed, column: column === 'received' ? 'All documents' : COLUMNS_IN_WORDS[column], back: hrefTo('/reconciliation', { since: day, until: day }) })

export const refusedHeading = (day: string, feed: string) => ({ heading: `Messages refused ${londonTime(day)} by ${feed}`, back: { href: hrefTo('/reconciliation', { since: day, until: day }), text: 'Back to the reconciliation' } })

/** Lists of ids, as far as a page can show them; the API has all. */
export const extractView = ({ named, distinct, matched, otherTimes, missing, unnamed, zerosLost, duplicates, source }: ExtractAnswer) => {
  const shortened = <T>(all: readonly T[]) => ({ count: number(all.length), shown: all.slice(0, MOST_SHOWN), more: all.length > MOST_SHOWN ? number(MOST_SHOWN) : undefined })
  const linked = (ids: readonly string[]) => shortened(ids.map((id) => ({ id, href: hrefTo('/documents', { sourceId: id }) })))
  return {
    source, named: number(named), distinct: number(distinct), matched: number(matched), otherTimes: number(otherTimes),
    missing: shortened(missing.map((id) => ({ id }))), unnamed: linked(unnamed), duplicates: shortened(duplicates.map(({ id, times }) => ({ id, times }))),
    ...(zerosLost > 0 ? { zerosLost: number(zerosLost) } : {}),
    agrees: missing.length === 0 && unnamed.length === 0,
  }
}
