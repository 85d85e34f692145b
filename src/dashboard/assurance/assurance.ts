// What a directorate's management team answers for, as a page, as JSON and as CSV. It refuses to show a patient or a
// document: there are numbers, and lists behind them.
import type { Request, RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import { sendCsv } from '../csv-answer.ts'
import { assuranceOf, SORTS, THRESHOLDS, type AssuranceReport, type Sort } from '../../ledger/assurance-report.ts'
import { assuranceCsv } from './assurance-csv.ts'
import { assuranceView, sortOptions } from './assurance-view.ts'
import { assuranceQuery } from '../shapes-asked.ts'
import { wrongInWords, type Wrong } from '../documents/filter.ts'
import { wrongView } from '../documents/list-view.ts'
import { directorateOptions } from './observing-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { assurance as assuranceShape } from './shapes-reports.ts'
import { readAsked, type Asked } from './asked.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>
export type AssuranceAsked = Asked & { readonly sort: Sort }
type AssuranceRead = { readonly ok: true; readonly asked: AssuranceAsked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const TIMES = { usualDays: 90, directorate: true }

/** `since`, `until` and `directorate` as for a list, and `sort`; the last 90 days where nothing is said. */
const readAssurance = ({ sort, ...raw }: { readonly [name: string]: unknown }, now: Date): AssuranceRead => {
  const sorted = SORTS.find((one) => one === (sort === undefined || sort === '' ? 'withheld' : sort))
  const read = readAsked(raw, TIMES, now)
  if (read.ok && sorted) return { ok: true, asked: { ...read.asked, sort: sorted } }
  return { ok: false, wrong: [...(read.ok ? [] : read.wrong), ...(sorted ? [] : [{ parameter: 'sort', why: `Use ${SORTS.join(', ')}.` }])] }
}

const reportOf = async ({ ledger, policy }: Parts, { since, until, directorate, sort }: AssuranceAsked): Promise<AssuranceReport> => {
  const { codes, services } = policy()
  return assuranceOf(await ledger.assurance({ since, until, codes: Object.keys(codes), teams: Object.keys(services), ...(directorate === undefined ? {} : { directorate }) }), sort)
}

export const assuranceAddresses = (parts: Parts): readonly Address[] => {
  const asked = (req: Request): AssuranceAsked => {
    const read = readAssurance(req.query, parts.now())
    if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
    return read.asked
  }
  const page: RequestHandler = async (req, res) => {
    const read = readAssurance(req.query, parts.now())
    const policy = parts.policy()
    if (!read.ok) return show(res.status(400), 'assurance.njk', { ...wrongView(read.wrong), form: { since: '', until: '', directorates: directorateOptions('', policy.directorates), sorts: sortOptions('withheld') } })
    show(res, 'assurance.njk', assuranceView(read.asked, await reportOf(parts, read.asked), policy))
  }
  const api: RequestHandler = async (req, res) => {
    const { since, until, directorate, sort, ...rest } = asked(req)
    const { rows: _rows, ...report } = await reportOf(parts, { since, until, sort, ...rest, ...(directorate === undefined ? {} : { directorate }) })
    res.json({ since, until, ...(directorate === undefined ? {} : { directorate }), sort, policy: parts.policy().hash, thresholds: THRESHOLDS, ...report })
  }
  const csv: RequestHandler = async (req, res) => {
    const { rows } = await reportOf(parts, asked(req))
    sendCsv(res, 'assurance.csv', assuranceCsv(rows))
  }
  return [
    { method: 'get', path: '/assurance', right: 'see', same: '/api/assurance', handle: [page] },
    { method: 'get', path: '/assurance.csv', right: 'see', handle: [csv] },
    { method: 'get', path: '/api/assurance', right: 'see', told: { says: 'What became of the documents of live directorates, by directorate, team, code and month.', query: assuranceQuery, answer: assuranceShape }, handle: [api] },
    { method: 'get', path: '/api/assurance.csv', right: 'see', told: { says: 'The finest of these numbers as CSV.', query: assuranceQuery, type: 'text/csv' }, handle: [csv] },
  ]
}
