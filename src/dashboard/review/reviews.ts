// What waits for a person: the queue by reason, oldest first, as a page and as JSON. It refuses what identifies a patient,
// and any parameter that it does not know.
import type { Request, RequestHandler } from 'express'
import { isReviewReason, REVIEW_REASONS } from '../../decide/review-reason.ts'
import { Failure } from '../../errors.ts'
import type { Reviewing, ReviewsAsked } from '../../ledger/ledger.ts'
import { rowAnswer } from '../documents/api.ts'
import { readFilter, wrongInWords, type Wrong } from '../documents/filter.ts'
import { filterView, wrongView } from '../documents/list-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { dueBy, groupView, reviewRowView, spanInWords } from './review-words.ts'
import { reviews as reviewsShape, reviewsQuery } from './shapes-reviews.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'policy' | 'now'> & { readonly ledger: Pick<Reviewing, 'reviews'> }
type AskedRead = { readonly ok: true; readonly asked: ReviewsAsked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const KNOWN = ['reason', 'directorate', 'team', 'late', 'limit', 'cursor'] as const

export const readReviews = (query: { readonly [name: string]: unknown }): AskedRead => {
  const { reason = '', late = '', ...rest } = query
  const unknown = Object.keys(query).filter((name) => !(KNOWN as readonly string[]).includes(name))
  const read = readFilter(Object.fromEntries(Object.entries(rest).filter(([name]) => !unknown.includes(name))), 'query')
  const wrong: Wrong[] = [
    ...(unknown.length > 0 ? [{ parameter: 'a parameter', why: `There is no such parameter. Use ${KNOWN.join(', ')}.` }] : []),
    ...(reason === '' || isReviewReason(reason) ? [] : [{ parameter: 'reason', why: `Use one of ${Object.keys(REVIEW_REASONS).join(', ')}.` }]),
    ...(late === '' || late === 'yes' ? [] : [{ parameter: 'late', why: 'Use yes, or leave it out.' }]),
    ...(read.ok ? [] : read.wrong),
  ]
  if (!read.ok || wrong.length > 0) return { ok: false, wrong }
  const { directorate, team, limit, cursor } = read.filter
  return {
    ok: true,
    asked: {
      limit, ...(isReviewReason(reason) ? { reason } : {}), ...(late === 'yes' ? { late: true } : {}), ...(directorate === undefined ? {} : { directorate }),
      ...(team === undefined ? {} : { team }), ...(cursor === undefined ? {} : { cursor }),
    },
  }
}

/** The same queue, narrowed or paged otherwise. */
const hrefOf = (asked: ReviewsAsked, other: { readonly reason?: string; readonly late?: boolean; readonly cursor?: string }): string => {
  const params = new URLSearchParams({
    ...(other.reason === undefined ? (asked.reason === undefined ? {} : { reason: asked.reason }) : { reason: other.reason }), ...(asked.directorate === undefined ? {} : { directorate: asked.directorate }),
    ...(asked.team === undefined ? {} : { team: asked.team }), ...(other.late ?? asked.late ? { late: 'yes' } : {}), ...(other.cursor === undefined ? {} : { cursor: other.cursor }),
  })
  return params.size === 0 ? '/reviews' : `/reviews?${params}`
}

const formView = (query: { readonly [name: string]: unknown }, policy: ReturnType<DashboardParts['policy']>) => ({
  reasons: [{ value: '', text: 'Any' }, ...Object.entries(REVIEW_REASONS).map(([value, { text }]) => ({ value, text }))].map((one) => ({ ...one, selected: one.value === (query['reason'] ?? '') })),
  late: [{ value: '', text: 'Late or not', selected: query['late'] !== 'yes' }, { value: 'yes', text: 'Late only', selected: query['late'] === 'yes' }],
  ...(({ directorate, team }) => ({ directorate, team }))(filterView({ directorate: query['directorate'], team: query['team'] }, policy)),
})

export const reviewsAddresses = (parts: Parts): readonly Address[] => {
  const page: RequestHandler = async (req, res) => {
    const read = readReviews(req.query)
    const form = formView(req.query, parts.policy())
    if (!read.ok) return show(res.status(400), 'reviews.njk', { form, ...wrongView(read.wrong) })
    const { asked } = read
    const at = parts.now()
    const { groups, rows, cursor } = await parts.ledger.reviews(asked, at.toISOString())
    show(res, 'reviews.njk', {
      form, rows: rows.map((row) => reviewRowView(row, at)),
      groups: groups.map((group) => ({ ...groupView(group, at), href: hrefOf(asked, { reason: group.reason, late: false }), lateHref: hrefOf(asked, { reason: group.reason, late: true }) })),
      all: { documents: groups.reduce((sum, { documents }) => sum + documents, 0), late: groups.reduce((sum, { late }) => sum + late, 0) },
      narrowed: asked.reason !== undefined || asked.late || asked.directorate !== undefined || asked.team !== undefined,
      chosen: asked.reason === undefined ? undefined : REVIEW_REASONS[asked.reason],
      first: asked.cursor === undefined ? undefined : hrefOf(asked, {}), next: cursor === undefined ? undefined : hrefOf(asked, { cursor }),
    })
  }
  const asked = (req: Request): ReviewsAsked => {
    const read = readReviews(req.query)
    if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
    return read.asked
  }
  const api: RequestHandler = async (req, res) => {
    const { groups, rows, cursor } = await parts.ledger.reviews(asked(req), parts.now().toISOString())
    res.json({
      reasons: groups.map(({ reason, ...group }) => ({ reason, text: REVIEW_REASONS[reason].text, owner: REVIEW_REASONS[reason].owner, within: spanInWords(REVIEW_REASONS[reason].within), ...group })),
      documents: rows.map((row) => ({ ...rowAnswer(row), reason: row.reason, since: row.since, dueBy: dueBy(row.reason, row.since), late: row.late, released: row.released })),
      ...(cursor === undefined ? {} : { cursor }),
    })
  }
  return [
    { method: 'get', path: '/reviews', right: 'see', same: '/api/reviews', handle: [page] },
    { method: 'get', path: '/api/reviews', right: 'see', told: { says: 'Documents that wait for a person, by reason, those that have waited longest first.', query: reviewsQuery, answer: reviewsShape, errors: ['QUERY_INVALID'] }, handle: [api] },
  ]
}
