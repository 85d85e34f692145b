// Counts by day (London, of the first receipt) and feed what came in and what became of it: from receipts on one side,
// from documents on the other, in one snapshot. It refuses to explain a difference away: each document that stands on one
// side only, or in a state that no column has, is named. What RiO says it sent is compared, and kept nowhere.
import type { Pool } from 'pg'
import { DOCUMENT_STATES } from '../types.ts'
import type { DocumentState } from '../types.ts'
import type { DocumentRow } from './ledger.ts'
import { listRowOf } from './rows.ts'
import type { Row } from './rows.ts'

export const COLUMNS = ['delivered', 'printed', 'leftToTeam', 'withheld', 'waiting', 'review', 'failed', 'observed'] as const
export type Column = (typeof COLUMNS)[number]

/** Each document stands in exactly one column. */
export const COLUMN_OF = {
  waiting: 'waiting',
  sent: 'waiting',
  acknowledged: 'delivered',
  read: 'delivered',
  // The print house has not said yet that it took it.
  printing: 'waiting',
  printed: 'printed',
  'left-to-team': 'leftToTeam',
  withheld: 'withheld',
  review: 'review',
  observed: 'observed',
  // Not done: the patient may have it still.
  recalling: 'waiting',
  recalled: 'withheld',
  blocked: 'failed',
  failed: 'failed',
} as const satisfies Record<DocumentState, Column>

export const statesOf = (column: Column): readonly DocumentState[] => DOCUMENT_STATES.filter((state) => COLUMN_OF[state] === column)

export type ReconciledDay = { readonly [C in Column]: number } & {
  /** A day in London: `2026-11-23`. */
  readonly day: string
  readonly feed: string
  /** Documents whose first receipt came that day: the sum of the columns, or there is a difference. */
  readonly received: number
  /** Messages, not documents: what could not be attributed, or not believed. */
  readonly refused: number
  /** Documents that stand on one side only. */
  readonly different: number
}

/** `receipt-only`: it came, and no document stands in any column of that day and feed. `document-only`: it stands, and nothing shows that it came. */
export type Difference = { readonly documentId: string; readonly day: string; readonly feed: string; readonly kind: 'receipt-only' | 'document-only' | 'no-column' }

export type Reconciled = {
  readonly days: readonly ReconciledDay[]
  /** The first of them; `different` of each day counts all. */
  readonly differences: readonly Difference[]
}

const MOST_DIFFERENCES = 200
const DAY = `at time zone 'Europe/London', 'YYYY-MM-DD'`

/** The receipt that made revision 1 is a document's first. */
const RECONCILED = `
  with came as (
    select document_id, feed, to_char(received_at ${DAY}) as day from receipts where revision = 1 and received_at >= $1 and received_at < $2
  ), stands as (
    select d.id, coalesce(r.feed, d.feed) as feed, to_char(d.first_received_at ${DAY}) as day, d.state
    from documents d left join receipts r on r.document_id = d.id and r.revision = 1
    where d.revision > 0 and d.first_received_at >= $1 and d.first_received_at < $2
  ), both_sides as (
    select coalesce(c.day, s.day) as day, coalesce(c.feed, s.feed) as feed, c.document_id as came, s.id as stands, s.state,
      case when s.id is null then 'receipt-only' when c.document_id is null then 'document-only' when not s.state = any($3::text[]) then 'no-column' end as kind
    from came c full join stands s on s.id = c.document_id and s.day = c.day and s.feed = c.feed
  )
  select
    (select coalesce(json_agg(t), '[]') from (
      select day, feed, state, count(came)::int as received, count(stands)::int as documents, count(kind)::int as different from both_sides group by day, feed, state) t) as counts,
    (select coalesce(json_agg(t), '[]') from (
      select to_char(at ${DAY}) as day, feed, count(*)::int as refused from rejections where at >= $1 and at < $2 group by 1, 2) t) as refusals,
    (select coalesce(json_agg(t), '[]') from (
      select coalesce(came, stands) as "documentId", day, feed, kind from both_sides where kind is not null order by day, feed, 1, kind limit $4) t) as differences`

type Count = { readonly day: string; readonly feed: string; readonly state: string | null; readonly received: number; readonly documents: number; readonly different: number }
type Refusals = { readonly day: string; readonly feed: string; readonly refused: number }

/** `since` and `until` are instants; `until` is the first that is left out. */
export const reconciliation = async (pool: Pool, since: string, until: string): Promise<Reconciled> => {
  const { rows: [row] } = await pool.query<{ counts: readonly Count[]; refusals: readonly Refusals[]; differences: readonly Difference[] }>(RECONCILED, [since, until, DOCUMENT_STATES, MOST_DIFFERENCES])
  return { days: daysOf(row!.counts, row!.refusals), differences: row!.differences }
}

const isKnown = (state: string | null): state is DocumentState => state !== null && Object.hasOwn(COLUMN_OF, state)

const daysOf = (counts: readonly Count[], refusals: readonly Refusals[]): readonly ReconciledDay[] => {
  const keys = [...new Map([...counts, ...refusals].map(({ day, feed }) => [`${day} ${feed}`, { day, feed }])).values()]
  return keys.toSorted((a, b) => order(b.day, a.day) || order(a.feed, b.feed)).map((key) => {
    const mine = <T extends { readonly day: string; readonly feed: string }>(all: readonly T[]): readonly T[] => all.filter(({ day, feed }) => day === key.day && feed === key.feed)
    const of = mine(counts)
    const inColumn = (column: Column): number => sum(of.map(({ state, documents }) => (isKnown(state) && COLUMN_OF[state] === column ? documents : 0)))
    return {
      ...key,
      received: sum(of.map(({ received }) => received)),
      ...(Object.fromEntries(COLUMNS.map((column) => [column, inColumn(column)])) as { readonly [C in Column]: number }),
      refused: sum(mine(refusals).map(({ refused }) => refused)),
      different: sum(of.map(({ different }) => different)),
    }
  })
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** `since` and `until` are instants; `until` is the first that is left out. */
export type Reconciling = {
  /** By day and feed what came in and what became of it. */
  reconciliation(since: string, until: string): Promise<Reconciled>
  /** The documents behind one of its numbers, newest first. */
  reconciled(asked: ReconciledAsked, limit: number): Promise<readonly DocumentRow[]>
  /** What RiO says it sent, beside what came; keeps nothing. */
  compareExtract(asked: ExtractAsked): Promise<ExtractCompared>
}

// ---------------------------------------------------------------- the documents behind a number

export type ReconciledAsked = { readonly since: string; readonly until: string; readonly feed: string; /** `received`: whatever became of it. */ readonly column: Column | 'received' }

const BEHIND = `
  select d.*, v.decision->>'because' as because
  from documents d join revisions v on v.document_id = d.id and v.revision = d.revision left join receipts r on r.document_id = d.id and r.revision = 1
  where d.revision > 0 and d.first_received_at >= $1 and d.first_received_at < $2 and coalesce(r.feed, d.feed) = $3 and d.state = any($4::text[])
  order by d.first_received_at desc, d.id desc limit $5`

export const reconciled = async (pool: Pool, { since, until, feed, column }: ReconciledAsked, limit: number): Promise<readonly DocumentRow[]> =>
  (await pool.query<Row>(BEHIND, [since, until, feed, column === 'received' ? DOCUMENT_STATES : statesOf(column), limit])).rows.map(listRowOf)

// ---------------------------------------------------------------- what RiO says it sent

export type ExtractAsked = { readonly source: string; /** Each once. */ readonly ids: readonly string[]; readonly since: string; readonly until: string }

export type ExtractCompared = {
  /** Named by RiO, and never received as a document of this source, at any time. */
  readonly missing: readonly string[]
  /** First received in this time, and not named. */
  readonly unnamed: readonly string[]
  /** Named, and first received in this time. */
  readonly matched: number
  /** Named, and first received before or after. */
  readonly otherTimes: number
}

// A document that is known by name only, because another named it, was not received.
const COMPARED = `
  with named as (select unnest($1::text[]) as source_id),
  found as (
    select n.source_id, d.first_received_at >= $3 and d.first_received_at < $4 as within
    from named n left join documents d on d.source_id = n.source_id and d.source = $2 and d.revision > 0)
  select
    (select coalesce(json_agg(source_id order by source_id), '[]') from found where within is null) as missing,
    (select coalesce(json_agg(d.source_id order by d.source_id), '[]') from documents d
      where d.revision > 0 and d.source = $2 and d.first_received_at >= $3 and d.first_received_at < $4 and not exists (select from named n where n.source_id = d.source_id)) as unnamed,
    (select count(*)::int from found where within) as matched,
    (select count(*)::int from found where not within) as "otherTimes"`

export const compareExtract = async (pool: Pool, { source, ids, since, until }: ExtractAsked): Promise<ExtractCompared> =>
  (await pool.query<ExtractCompared>(COMPARED, [ids, source, since, until])).rows[0]!
