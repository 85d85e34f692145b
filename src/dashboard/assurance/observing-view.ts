// The report on observed documents in words and links ready for a view: each number leads to the list of the documents
// behind it, where a list can show just those. It refuses to link to a list that would show others.
import { NOT_LISTED, type ObservedReport, type Tally } from '../../ledger/observed-report.ts'
import type { Policy } from '../../policy/policy.ts'
import type { ObservingAsked } from './observing.ts'
import type { PolicyStatus } from '../parts.ts'
import { reviewView } from '../channels/policy.ts'
import { counted, hrefTo, monthName, percent, type Cell, type Params } from './numbers-view.ts'
import { endOfLondonDay, startOfLondonDay } from '../../decide/london.ts'
import { londonTime } from '../times.ts'
import { FACTS_IN_WORDS, ROUTES_IN_WORDS } from '../words.ts'

export const HEADS = ['Documents', 'PKB record', 'Print', 'Left to the team', 'Withheld', 'Review', 'Share rate', 'Conflicts', 'Variances'] as const

export const shareRate = (rate: number | undefined): string => (rate === undefined ? 'no documents' : percent(rate))

const linked = (head: string, value: number, params: Params | undefined): Cell => counted(head, value, params && hrefTo('/documents', params))

/** A row of numbers. Without `params` no list shows just these documents. */
const cells = (tally: Tally, params: Params | undefined): readonly Cell[] => {
  const narrow = (more: Params): Params | undefined => params && { ...params, ...more }
  // Whose teams post for themselves a list does not know: both kinds together have none.
  const posted = tally.print > 0 && tally.leftToTeam > 0 ? undefined : narrow({ route: 'observe', wouldRoute: 'print' })
  return [
    linked('Documents', tally.documents, params), linked('PKB record', tally.pkb, narrow({ route: 'observe', wouldRoute: 'pkb' })), linked('Print', tally.print, posted),
    linked('Left to the team', tally.leftToTeam, posted), linked('Withheld', tally.withheld, narrow({ route: 'withhold' })), linked('Review', tally.review, narrow({ wouldRoute: 'review' })),
    { head: 'Share rate', text: shareRate(tally.shareRate) },
    linked('Conflicts', tally.conflicts, narrow({ marked: 'conflict' })), linked('Variances', tally.variances, narrow({ marked: 'variance' })),
  ]
}

const lastOfMonth = (month: string): string => new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).toISOString().slice(0, 10)

/** A day or a month, as far as it is asked for. */
export const spanOf = (period: string, { since, until, sinceText, untilText }: Pick<ObservingAsked, 'since' | 'until' | 'sinceText' | 'untilText'>): Params => {
  const [first, last] = period.length === 7 ? [`${period}-01`, lastOfMonth(period)] : [period, period]
  return { since: startOfLondonDay(first)! < since ? sinceText : first, until: endOfLondonDay(last)! > until ? untilText : last }
}

export const directorateOptions = (chosen: string, directorates: Policy['directorates']) => {
  const known = Object.entries(directorates).map(([value, { name }]) => ({ value, text: name }))
  const all = chosen === '' || known.some(({ value }) => value === chosen) ? known : [...known, { value: chosen, text: chosen }]
  return [{ value: '', text: 'All' }, ...all].map((option) => ({ ...option, selected: option.value === chosen }))
}

export const observingView = (asked: ObservingAsked, report: ObservedReport, directorates: Policy['directorates'], reviews: PolicyStatus['reviews']) => {
  const base: Params = { stage: 'observing,not-live', directorate: asked.directorate, since: asked.sinceText, until: asked.untilText }
  const nameOf = (directorate: string): string => (Object.hasOwn(directorates, directorate) ? directorates[directorate]!.name : directorate)
  const stageOf = (directorate: string, stage: 'observing' | 'not-live' | 'unknown'): string =>
    `${FACTS_IN_WORDS.directorate.values[stage]}${Object.hasOwn(directorates, directorate) && directorates[directorate]!.status === 'live' ? ', although live: by its feed or its go-live date' : ''}`
  return {
    form: { since: asked.sinceText.slice(0, 10), until: asked.untilText?.slice(0, 10) ?? '', directorates: directorateOptions(asked.directorate ?? '', directorates), by: asked.by },
    span: `from ${londonTime(asked.sinceText)} to ${asked.untilText === undefined ? 'now' : londonTime(asked.untilText)}`,
    heads: HEADS,
    any: report.all.documents > 0,
    all: cells(report.all, base),
    directorates: report.directorates.map(({ directorate, stage, ...tally }) => ({ name: nameOf(directorate), stage: stageOf(directorate, stage), cells: cells(tally, { ...base, directorate, stage }) })),
    periods: report.periods.map(({ period, ...tally }) => ({ name: period.length === 7 ? monthName(period) : londonTime(period), cells: cells(tally, { ...base, ...spanOf(period, asked) }) })),
    rules: report.rules.map(({ rule, route, documents }) => ({ rule, route: ROUTES_IN_WORDS[route], documents: linked('Documents', documents, { ...base, rule, wouldRoute: route }) })),
    codes: report.codes.map(({ code, ...tally }) => ({ name: code ?? 'No code', cells: cells(tally, code === NOT_LISTED ? undefined : { ...base, code: code ?? '-' }) })),
    unplaced: linked('Documents', report.unplaced, { ...base, directorate: undefined, stage: 'unknown' }),
    reviews: reviews.map(reviewView),
  }
}
