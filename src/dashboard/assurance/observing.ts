// What would have become of the documents of directorates and feeds that let nothing out yet, for the management team
// that is to sign off: as a page, and as JSON. It refuses to show a patient: there are numbers, and lists behind them.
import type { Request, RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import type { Ledger, ObservedCount } from '../../ledger/ledger.ts'
import { knownFrom, reportOf, type ObservedReport } from '../../ledger/observed-report.ts'
import type { Policy } from '../../policy/policy.ts'
import { observingQuery } from '../shapes-asked.ts'
import { readAsked, type Asked } from './asked.ts'
import { wrongInWords, type Wrong } from '../documents/filter.ts'
import { wrongView } from '../documents/list-view.ts'
import { directorateOptions, observingView } from './observing-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { observing as observingShape } from './shapes-reports.ts'
import { show } from '../views.ts'

const USUAL_DAYS = 30
const PERIODS = ['day', 'month'] as const

export type ObservingAsked = Asked & { readonly by: (typeof PERIODS)[number] }
export type ObservingRead = { readonly ok: true; readonly asked: ObservingAsked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

/** `since`, `until` and `directorate` as for a list, and `by` day or month; the last 30 days where nothing is said. */
export const readObserving = ({ by, ...raw }: { readonly [name: string]: unknown }, now: Date): ObservingRead => {
  const period = PERIODS.find((one) => one === (by === undefined || by === '' ? 'day' : by))
  const read = readAsked(raw, { usualDays: USUAL_DAYS, directorate: true, also: ['by'] }, now)
  if (read.ok && period) return { ok: true, asked: { ...read.asked, by: period } }
  return { ok: false, wrong: [...(read.ok ? [] : read.wrong), ...(period ? [] : [{ parameter: 'by', why: 'Use day or month.' }])] }
}

/** Numbers as the ledger counts them, with the codes of this policy. */
export const observedCounts = (ledger: Pick<Ledger, 'observed'>, { codes }: Pick<Policy, 'codes'>, { since, until, directorate, by }: ObservingAsked): Promise<readonly ObservedCount[]> =>
  ledger.observed({ since, until, by, codes: Object.keys(codes), ...(directorate === undefined ? {} : { directorate }) })

export const observingReport = async (ledger: Pick<Ledger, 'observed'>, policy: Pick<Policy, 'codes' | 'directorates'>, asked: ObservingAsked): Promise<ObservedReport> =>
  reportOf(await observedCounts(ledger, policy, asked), knownFrom(policy.directorates, asked.directorate))

/** For programs: the page's numbers, and who signed off what. */
export const observingAnswer = ({ since, until, directorate, by }: ObservingAsked, report: ObservedReport, policy: string, reviews: ReturnType<DashboardParts['policyStatus']>['reviews']) =>
  ({ policy, since, until, ...(directorate === undefined ? {} : { directorate }), by, ...report, reviews })

export const observingAddresses = ({ ledger, policy, policyStatus, now }: Pick<DashboardParts, 'ledger' | 'policy' | 'policyStatus' | 'now'>): readonly Address[] => {
  const read = (req: Request): ObservingRead => readObserving(req.query, now())
  const page: RequestHandler = async (req, res) => {
    const asking = read(req)
    const { directorates } = policy()
    const { reviews } = policyStatus()
    if (!asking.ok) return show(res.status(400), 'observing.njk', { ...wrongView(asking.wrong), form: { since: '', until: '', directorates: directorateOptions('', directorates), by: 'day' } })
    show(res, 'observing.njk', observingView(asking.asked, await observingReport(ledger, policy(), asking.asked), directorates, reviews))
  }
  const api: RequestHandler = async (req, res) => {
    const asking = read(req)
    if (!asking.ok) throw new Failure('QUERY_INVALID', wrongInWords(asking.wrong))
    res.json(observingAnswer(asking.asked, await observingReport(ledger, policy(), asking.asked), policy().hash, policyStatus().reviews))
  }
  return [
    { method: 'get', path: '/observing', right: 'see', same: '/api/observing', handle: [page] },
    { method: 'get', path: '/api/observing', right: 'see', told: { says: 'What would have become of documents that are only observed, and the sign-offs.', query: observingQuery, answer: observingShape }, handle: [api] },
  ]
}
