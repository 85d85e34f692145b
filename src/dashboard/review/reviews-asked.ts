// What people may ask of the queue, from an address. It refuses any parameter that it does not know.
import { isReviewReason, REVIEW_REASONS } from '../../decide/review-reason.ts'
import type { ReviewsAsked } from '../../ledger/ledger.ts'
import { readFilter, type Wrong } from '../documents/filter.ts'

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
