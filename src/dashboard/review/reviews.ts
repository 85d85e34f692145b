// What waits for a person: the queue by reason, oldest first, as a page and as JSON. It refuses what identifies a patient,
// and any parameter that it does not know.
import type { Request, RequestHandler } from 'express'
import { dueBy, limitOf, spanInWords } from '../../decide/review-limits.ts'
import { REVIEW_REASONS } from '../../decide/review-reason.ts'
import { Failure } from '../../errors.ts'
import type { Reviewing, ReviewsAsked } from '../../ledger/ledger.ts'
import { rowAnswer } from '../documents/api.ts'
import { wrongInWords } from '../documents/filter.ts'
import { filterView, wrongView } from '../documents/list-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { partQuery } from './queue.ts'
import { readReviews } from './reviews-asked.ts'
import { groupView, reviewRowView } from './review-words.ts'
import { reviews as reviewsShape, reviewsQuery } from './shapes-reviews.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'policy' | 'now'> & { readonly ledger: Pick<Reviewing, 'reviews'> }

/** The same queue, narrowed or paged otherwise. */
const hrefOf = (asked: ReviewsAsked, other: { readonly reason?: string; readonly late?: boolean; readonly cursor?: string }): string => {
  const { reason = asked.reason, late = asked.late, cursor } = other
  return `/reviews${partQuery({ ...asked, reason, late }, { cursor })}`
}

const formView = (query: { readonly [name: string]: unknown }, policy: ReturnType<DashboardParts['policy']>) => ({
  reasons: [{ value: '', text: 'Any' }, ...Object.entries(REVIEW_REASONS).map(([value, { text }]) => ({ value, text }))].map((one) => ({ ...one, selected: one.value === (query['reason'] ?? '') })),
  late: [{ value: '', text: 'Late or not', selected: query['late'] !== 'yes' }, { value: 'yes', text: 'Late only', selected: query['late'] === 'yes' }],
  ...(({ directorate, team }) => ({ directorate, team }))(filterView({ directorate: query['directorate'], team: query['team'] }, policy)),
})

const askedBy = (req: Request): ReviewsAsked => {
  const read = readReviews(req.query)
  if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
  return read.asked
}

export const reviewsAddresses = (parts: Parts): readonly Address[] => {
  const page: RequestHandler = async (req, res) => {
    const read = readReviews(req.query)
    const form = formView(req.query, parts.policy())
    if (!read.ok) return show(res.status(400), 'reviews.njk', { form, ...wrongView(read.wrong) })
    const { asked } = read
    const at = parts.now()
    const limits = parts.policy().reviewLimits
    const { groups, rows, cursor } = await parts.ledger.reviews(asked, at.toISOString(), limits)
    show(res, 'reviews.njk', {
      form, rows: rows.map((row) => reviewRowView(row, at, partQuery(asked))),
      groups: groups.map((group) => ({ ...groupView(group, limits, at), href: hrefOf(asked, { reason: group.reason, late: false }), lateHref: hrefOf(asked, { reason: group.reason, late: true }) })),
      all: { documents: groups.reduce((sum, { documents }) => sum + documents, 0), late: groups.reduce((sum, { late }) => sum + late, 0) },
      narrowed: asked.reason !== undefined || asked.late || asked.directorate !== undefined || asked.team !== undefined,
      chosen: asked.reason === undefined ? undefined : REVIEW_REASONS[asked.reason],
      first: asked.cursor === undefined ? undefined : hrefOf(asked, {}), next: cursor === undefined ? undefined : hrefOf(asked, { cursor }),
    })
  }
  const api: RequestHandler = async (req, res) => {
    const limits = parts.policy().reviewLimits
    const { groups, rows, cursor } = await parts.ledger.reviews(askedBy(req), parts.now().toISOString(), limits)
    res.json({
      reasons: groups.map(({ reason, ...group }) => {
        const { owner, within } = limitOf(limits, reason)
        return { reason, text: REVIEW_REASONS[reason].text, owner, within: spanInWords(within), ...group }
      }),
      documents: rows.map((row) => ({ ...rowAnswer(row), reason: row.reason, since: row.since, dueBy: dueBy(row.since, limitOf(limits, row.reason)), late: row.late, released: row.released })),
      ...(cursor === undefined ? {} : { cursor }),
    })
  }
  return [
    { method: 'get', path: '/reviews', right: 'see', same: '/api/reviews', handle: [page] },
    { method: 'get', path: '/api/reviews', right: 'see', told: { says: 'Documents that wait for a person, by reason, those that have waited longest first.', query: reviewsQuery, answer: reviewsShape, errors: ['QUERY_INVALID'] }, handle: [api] },
  ]
}
