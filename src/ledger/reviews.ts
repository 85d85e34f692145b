// What waits for a person, oldest first and by reason, and who has released what. It refuses to work a reason out: that
// is done by the core whenever a document changes, and kept with it, so the queue is read from an index.
import type { Pool } from 'pg'
import { lateSince, limitOf, type ReviewLimits } from '../decide/review-limits.ts'
import { REVIEW_REASONS, type HeldFor, type ReviewReason } from '../decide/review-reason.ts'
import { Failure } from '../errors.ts'
import { DOOR } from './doors.ts'
import type { GivenRelease, Review, ReviewGroup, ReviewRow, ReviewsAsked, ReviewsPage } from './review-words.ts'
import { instant, listRowOf, present } from './rows.ts'
import type { Row } from './rows.ts'
import { isUuid, LISTED } from './search.ts'
import { TEAM } from './search-asked.ts'

const REASONS = Object.keys(REVIEW_REASONS) as readonly ReviewReason[]

type Value = (given: unknown) => string
/** The moment, and what the trust allows each reason. */
type Then = { readonly now: string; readonly limits: ReviewLimits }

/** For each reason since when what waits has waited too long. */
const allowed = ({ now, limits }: Then, value: Value): string =>
  `unnest(${value(REASONS)}::text[], ${value(REASONS.map((reason) => lateSince(now, limitOf(limits, reason))))}::timestamptz[]) as l(reason, at)`

/** Rows whose time was up before `now`. */
const lateBy = (then: Then, value: Value): string => `d.waits_since <= (select l.at from ${allowed(then, value)} where l.reason = d.waits_for)`

/** What groups and rows are both narrowed by. */
const placed = ({ directorate, team }: ReviewsAsked, value: Value): readonly string[] => [
  'd.waits_for is not null',
  ...(directorate === undefined ? [] : [`d.directorate = ${value(directorate)}`]),
  ...(team === undefined ? [] : [`${TEAM('d.team')} = ${TEAM(`${value(team)}::text`)}`]),
]

const groupsOf = async (pool: Pool, asked: ReviewsAsked, then: Then): Promise<readonly ReviewGroup[]> => {
  const values: unknown[] = []
  const value: Value = (given) => `$${values.push(given)}`
  // Beside the times that reasons allow, rather than asked of them row by row.
  const text = `
    select d.waits_for as reason, count(*)::int as documents, (count(*) filter (where d.waits_since <= l.at))::int as late, min(d.waits_since) as oldest
    from documents d left join ${allowed(then, value)} on l.reason = d.waits_for where ${placed(asked, value).join(' and ')} group by d.waits_for`
  const { rows } = await pool.query<Row>(text, values)
  return rows
    .map((row) => ({ reason: row['reason'] as ReviewReason, documents: row['documents'] as number, late: row['late'] as number, oldestSince: instant(row['oldest'])! }))
    .toSorted((a, b) => REASONS.indexOf(a.reason) - REASONS.indexOf(b.reason))
}

const after = (cursor: string, value: Value): string => {
  const [at = '', id = ''] = cursor.split('~')
  if (Number.isNaN(Date.parse(at)) || !isUuid(id)) throw new Failure('QUERY_INVALID', 'cursor: Use the cursor that came with the page before.')
  return `(d.waits_since, d.id) > (${value(new Date(at).toISOString())}::timestamptz, ${value(id)}::uuid)`
}

// Of a document `d` in its revision `v`: see `releasersOf`.
const OF_IT = `r.document_id = d.id and r.revision = d.revision and r.sha256 = coalesce(v.document->'contents'->0->'ref'->>'sha256', '')`
const COUNTS = `(r.birth_date_differs or not exists (select from people p where p.nhs_number = d.nhs_number and p.birth_date <> v.document->'patient'->>'birthDate'))`
// As `countOf` does.
const RELEASED = `(
  select coalesce(max(one.people), 0)::int from (
    select count(distinct r.actor) as people from releases r left join staff s on s.user_name = r.actor where ${OF_IT} and ${COUNTS} group by ${DOOR}) one)`

const rowsOf = async (pool: Pool, asked: ReviewsAsked, then: Then): Promise<Pick<ReviewsPage, 'rows' | 'cursor'>> => {
  const values: unknown[] = []
  const value: Value = (given) => `$${values.push(given)}`
  const late = lateBy(then, value)
  const where = [
    ...placed(asked, value),
    ...(asked.reason === undefined ? [] : [`d.waits_for = ${value(asked.reason)}`]), ...(asked.late ? [late] : []), ...(asked.cursor === undefined ? [] : [after(asked.cursor, value)]),
  ]
  const listed = LISTED.replace(' from documents', `, ${late} as late, ${RELEASED} as released from documents`)
  const { rows } = await pool.query<Row>(`${listed} where ${where.join(' and ')} order by d.waits_since, d.id limit ${value(asked.limit + 1)}`, values)
  const found = rows.slice(0, asked.limit).map((row): ReviewRow => ({
    ...listRowOf(row), reason: row['waits_for'] as ReviewReason, since: instant(row['waits_since'])!, late: row['late'] as boolean, released: row['released'] as number,
  }))
  const last = found.at(-1)
  return { rows: found, ...(rows.length > asked.limit && last ? { cursor: `${last.since}~${last.id}` } : {}) }
}

export const reviews = async (pool: Pool, asked: ReviewsAsked, now: string, limits: ReviewLimits): Promise<ReviewsPage> => {
  const [groups, page] = await Promise.all([groupsOf(pool, asked, { now, limits }), rowsOf(pool, asked, { now, limits })])
  return { groups, ...page }
}

// ---------------------------------------------------------------- one document

export const lastRole = async (pool: Pool, actor: string): Promise<string | undefined> =>
  (await pool.query<Row>('select role from releases where actor = $1 order by at desc limit 1', [actor])).rows[0]?.['role'] as string | undefined

const REVIEW = `
  select d.waits_for, d.waits_since, d.held_for, (
    select coalesce(json_agg(r order by r.at, r.actor), '[]') from (select r.*, ${DOOR} as door, ${COUNTS} as counts from releases r left join staff s on s.user_name = r.actor where ${OF_IT}) r) as releases
  from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.id = $1`

export const review = async (pool: Pool, id: string): Promise<Review | undefined> => {
  const { rows: [row] } = isUuid(id) ? await pool.query<Row>(REVIEW, [id]) : { rows: [] }
  return row && present<Review>({
    reason: row['waits_for'] as ReviewReason | null, since: instant(row['waits_since']), heldFor: row['held_for'] as HeldFor | null,
    releases: (row['releases'] as readonly Row[]).map((one) => present<GivenRelease>({
      actor: one['actor'] as string, role: one['role'] as string, reason: one['reason'] as string, consent: one['consent'] as string | null, at: instant(one['at'])!, counts: one['counts'] as boolean, door: one['door'] as string,
    })),
  })
}
