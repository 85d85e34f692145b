// Codes that documents came with and that are in no list, and documents without a code: a worklist before a directorate
// goes live, as a page, as JSON and as CSV. It refuses any part of a name but four letters: the rest could be a person's.
import type { Request, RequestHandler } from 'express'
import { csvOf } from '../../csv.ts'
import { Failure } from '../../errors.ts'
import { sendCsv } from '../csv-answer.ts'
import type { CodeSeen, Reviewing } from '../../ledger/ledger.ts'
import { readAsked, type Asked, type AskedRead } from '../assurance/asked.ts'
import { wrongInWords } from '../documents/filter.ts'
import { wrongView } from '../documents/list-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { codes as codesShape } from './shapes-reviews.ts'
import { spanQuery } from '../shapes-asked.ts'
import { londonTime } from '../times.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'policy' | 'now'> & { readonly ledger: Pick<Reviewing, 'codesSeen'> }

const EXAMPLES = 3
const monthInWords = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'short', year: 'numeric' })

const sum = (rows: readonly CodeSeen[], of: (row: CodeSeen) => number): number => rows.reduce((total, row) => total + of(row), 0)
const least = (texts: readonly string[]): string => texts.reduce((a, b) => (a < b ? a : b))
const most = (texts: readonly string[]): string => texts.reduce((a, b) => (a > b ? a : b))

/** `ADULT1: 3`: of each, most first. */
const tallied = (rows: readonly CodeSeen[], of: (row: CodeSeen) => string): readonly string[] =>
  [...Map.groupBy(rows, of)].map(([name, those]) => ({ name, documents: sum(those, ({ documents }) => documents) })).toSorted((a, b) => b.documents - a.documents || (a.name < b.name ? -1 : 1)).map(({ name, documents }) => `${name}: ${documents}`)

const rowView = (code: string, rows: readonly CodeSeen[]) => ({
  code, href: code === '' ? undefined : `/documents?code=${code}`, documents: sum(rows, ({ documents }) => documents), share: sum(rows, ({ share }) => share),
  teams: tallied(rows, ({ team }) => team ?? 'No team'), months: tallied(rows, ({ month }) => monthInWords.format(new Date(`${month}-01T00:00:00Z`))),
  first: time(least(rows.map(({ firstSeen }) => firstSeen))), last: time(most(rows.map(({ lastSeen }) => lastSeen))),
  examples: rows.flatMap(({ examples }) => examples).slice(0, EXAMPLES).map(({ id, sourceId }) => ({ href: `/reviews/${id}`, text: sourceId })),
})
const time = (at: string) => ({ at, text: londonTime(at) })

/** The code that most documents came with first; those without any apart. */
const codesView = (seen: readonly CodeSeen[]) => {
  const rows = [...Map.groupBy(seen, ({ code }) => code ?? '')].map(([code, of]) => rowView(code, of)).toSorted((a, b) => b.documents - a.documents || (a.code < b.code ? -1 : 1))
  return { rows: rows.filter(({ code }) => code !== ''), without: rows.filter(({ code }) => code === '') }
}

const COLUMNS = {
  code: ({ code }) => code ?? 'none', team: ({ team }) => team ?? 'none', month: ({ month }) => month, documents: ({ documents }) => String(documents), marked_share: ({ share }) => String(share),
  first_seen: ({ firstSeen }) => firstSeen, last_seen: ({ lastSeen }) => lastSeen,
} as const satisfies Record<string, (row: CodeSeen) => string>

const codesCsv = (seen: readonly CodeSeen[]): string => csvOf(COLUMNS, seen)

export const codesAddresses = ({ ledger, policy, now }: Parts): readonly Address[] => {
  const read = (req: Request): AskedRead => readAsked(req.query, { usualDays: 90 }, now())
  const seenIn = ({ since, until }: Asked): Promise<readonly CodeSeen[]> => ledger.codesSeen({ since, until, listed: Object.keys(policy().codes), teams: Object.keys(policy().services) })
  const asked = (req: Request): Asked => {
    const found = read(req)
    if (!found.ok) throw new Failure('QUERY_INVALID', wrongInWords(found.wrong))
    return found.asked
  }
  const page: RequestHandler = async (req, res) => {
    const found = read(req)
    if (!found.ok) return show(res.status(400), 'codes.njk', { ...wrongView(found.wrong), form: { since: '', until: '' } })
    const { sinceText, untilText } = found.asked
    const csv = new URLSearchParams({ since: sinceText, ...(untilText === undefined ? {} : { until: untilText }) })
    show(res, 'codes.njk', { form: { since: sinceText.slice(0, 10), until: (untilText ?? '').slice(0, 10) }, csv: `/codes.csv?${csv}`, ...codesView(await seenIn(found.asked)) })
  }
  const api: RequestHandler = async (req, res) => {
    const { since, until } = asked(req)
    res.json({ since, until, codes: await seenIn(asked(req)) })
  }
  const csv: RequestHandler = async (req, res) => {
    sendCsv(res, 'codes.csv', codesCsv(await seenIn(asked(req))))
  }
  return [
    { method: 'get', path: '/codes', right: 'see', same: '/api/codes', handle: [page] },
    { method: 'get', path: '/codes.csv', right: 'see', handle: [csv] },
    { method: 'get', path: '/api/codes', right: 'see', told: { says: 'Codes that documents came with and that are not in the list, and documents without a code, by team and month.', query: spanQuery, answer: codesShape, errors: ['QUERY_INVALID'] }, handle: [api] },
    { method: 'get', path: '/api/codes.csv', right: 'see', told: { says: 'The same as CSV, without examples.', query: spanQuery, type: 'text/csv' }, handle: [csv] },
  ]
}
