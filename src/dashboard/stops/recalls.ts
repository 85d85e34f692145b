// Recalls that are not done, that came too late, or that nobody could confirm: a page and an address for programs. It
// refuses patient data: the document's own page has the patient.
import type { RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import type { Ledger, RecallRow } from '../../ledger/ledger.ts'
import type { Route } from '../../types.ts'
import { recallsQuery } from '../shapes-asked.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { recalls as recallsShape } from '../assurance/shapes-reports.ts'
import { ageOf, londonTime } from '../times.ts'
import { show } from '../views.ts'
import { DELIVERY_STATES_IN_WORDS, OUTCOMES_IN_WORDS, ROUTES_IN_WORDS } from '../words.ts'

const KINDS = ['open', 'late', 'unconfirmed'] as const satisfies readonly Parameters<Ledger['recalls']>[0][]
const MOST = 200

const between = ({ visibleFrom, visibleUntil, state, destination, unconfirmed }: RecallRow): string => {
  if (destination !== 'pkb') return ''
  const from = visibleFrom === undefined ? 'An unknown time' : londonTime(visibleFrom)
  if (state !== 'recalled') return `From ${from} until now, as far as is known`
  return `From ${from} to ${visibleUntil === undefined ? 'an unknown time' : londonTime(visibleUntil)}${unconfirmed ? ', if PKB did as it said' : ''}`
}

const rowView = (row: RecallRow, now: Date) => ({
  href: `/documents/${row.documentId}`, sourceId: row.sourceId, rule: row.rule,
  destination: Object.hasOwn(ROUTES_IN_WORDS, row.destination) ? ROUTES_IN_WORDS[row.destination as Route] : row.destination,
  state: DELIVERY_STATES_IN_WORDS[row.state],
  since: { at: row.since, text: londonTime(row.since) }, age: ageOf(row.since, now),
  visible: between(row),
  late: [row.readAt === undefined ? '' : `Read on ${londonTime(row.readAt)}`, row.printed ? 'Printed: it cannot be taken back' : ''].filter(Boolean).join('. '),
  last: row.lastOutcome === undefined ? 'Not tried yet' : [OUTCOMES_IN_WORDS[row.lastOutcome].text, row.lastCode].filter(Boolean).join(', '),
  tries: row.tries,
})

export const recallAddresses = ({ ledger, now }: Pick<DashboardParts, 'ledger' | 'now'>): readonly Address[] => {
  const page: RequestHandler = async (_req, res) => {
    const [open, late, unconfirmed] = await Promise.all(KINDS.map((kind) => ledger.recalls(kind, MOST)))
    const view = (rows: readonly RecallRow[] | undefined) => ({ rows: (rows ?? []).map((row) => rowView(row, now())), most: rows?.length === MOST ? MOST : undefined })
    show(res, 'recalls.njk', { open: view(open), late: view(late), unconfirmed: view(unconfirmed) })
  }
  const api: RequestHandler = async (req, res) => {
    const { kind = 'open', ...others } = req.query
    const asked = KINDS.find((one) => one === kind)
    if (!asked || Object.keys(others).length > 0) throw new Failure('QUERY_INVALID', `kind: Use one of ${KINDS.join(', ')}, and nothing else.`)
    res.json({ kind: asked, recalls: await ledger.recalls(asked, MOST) })
  }
  return [
    { method: 'get', path: '/recalls', right: 'see', same: '/api/recalls', handle: [page] },
    { method: 'get', path: '/api/recalls', right: 'see', told: { says: 'Recalls that are not done, that came too late, or that nobody could confirm; at most 200.', query: recallsQuery, answer: recallsShape }, handle: [api] },
  ]
}
