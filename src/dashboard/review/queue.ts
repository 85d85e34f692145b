// Where a reviewer is in the queue: which part of it he works through, and which document of that comes next. All of it
// stands in the address, as ids and words of the policy. It refuses to fail for an address that was written by hand.
import type { ReviewLimits } from '../../decide/review-limits.ts'
import { REVIEW_REASONS } from '../../decide/review-reason.ts'
import type { Reviewing, ReviewsAsked } from '../../ledger/ledger.ts'
import { countOf } from '../words.ts'
import { readReviews } from './reviews-asked.ts'

export type Part = Pick<ReviewsAsked, 'reason' | 'directorate' | 'team' | 'late'>
type Query = { readonly [name: string]: unknown }
type Loosely<T> = { readonly [key in keyof T]?: string | boolean | undefined }

/** The part alone: what is not known, or does not make sense, narrows nothing. */
export const partOf = (query: Query): Part => {
  const given = Object.fromEntries(['reason', 'directorate', 'team', 'late'].flatMap((name) => (typeof query[name] === 'string' ? [[name, query[name]]] : [])))
  const read = readReviews(given)
  if (!read.ok) return {}
  const { limit: _limit, ...part } = read.asked
  return part
}

export const partQuery = ({ reason, directorate, team, late }: Loosely<Part>, more: { readonly [name: string]: string | undefined } = {}): string => {
  const params = new URLSearchParams(Object.entries({ reason, directorate, team, late: late ? 'yes' : undefined, ...more }).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
  return params.size === 0 ? '' : `?${params}`
}

/** Where a document stands in the queue: kept in the address after it was decided on, when it stands there no more. */
export const placeOf = (id: string, since: string): string => `${since}~${id}`
const PLACE = /^\d{4}-\d{2}-\d{2}T[\d:.]{8,12}Z~[0-9a-f-]{36}$/u

export type Next = { readonly href: string; readonly sourceId: string; readonly reason: string; /** How many wait in this part. */ readonly waiting: string; /** It stands before this one: the end was reached. */ readonly again: boolean }

/** The one after this one; at the end of the queue, the first. */
export const nextOf = async (ledger: Pick<Reviewing, 'reviews'>, part: Part, { id, since, after }: { readonly id: string; readonly since?: string; readonly after: unknown }, now: string, limits: ReviewLimits): Promise<Next | undefined> => {
  const place = since === undefined ? (typeof after === 'string' && PLACE.test(after) && !Number.isNaN(Date.parse(after.split('~')[0]!)) ? after : undefined) : placeOf(id, since)
  const page = await ledger.reviews({ ...part, limit: 1, ...(place === undefined ? {} : { cursor: place }) }, now, limits)
  const row = page.rows[0] ?? (place === undefined ? undefined : (await ledger.reviews({ ...part, limit: 1 }, now, limits)).rows[0])
  if (!row || row.id === id) return undefined
  const waiting = page.groups.filter(({ reason }) => part.reason === undefined || reason === part.reason).reduce((sum, one) => sum + (part.late ? one.late : one.documents), 0)
  return { href: `/reviews/${row.id}${partQuery(part)}`, sourceId: row.sourceId, reason: REVIEW_REASONS[row.reason].text, waiting: `${countOf(waiting, 'document')} ${waiting === 1 ? 'waits' : 'wait'}`, again: page.rows.length === 0 }
}
