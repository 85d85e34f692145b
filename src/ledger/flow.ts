// Answers how things flow from small tables and bounded indexes: no question here reads more of a million documents than
// the days that are asked for. It refuses to count what the log does not say: what moved is a fold over its entries.
import type { Pool } from 'pg'
import type { DocumentState } from '../types.ts'
import { BAND_SECS, type Behind, type BehindAsked, type Changes, type DestinationState, type Flow, type FlowAsked, type FlowWhat, type Refusal } from './flow-words.ts'
import { instant, listRowOf, present } from './rows.ts'
import type { Row } from './rows.ts'

/** A process that has not written for so long is gone. */
const ALIVE_SECS = 90
const KEPT_MINUTES = 120

const rowsOf = async (pool: Pool, name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]> => (await pool.query<Row>({ name: `ledger-flow-${name}`, text, values: [...values] })).rows

// ---------------------------------------------------------------- numbers

// Whole days and whole hours are the same in London and in UTC: London is a whole hour away.
const MOVED = `
  select f.hour, f.channel, f.what, f.count from unnest($1::timestamptz[], $2::timestamptz[]) d(since, until) join flow f on f.hour >= d.since and f.hour < d.until
  order by f.hour, f.channel, f.what`

// As the reconciliation counts: by when a document first came, and by which feed. Day by day between its two midnights:
// asking each row for its day in London would take longer than all the rest.
const DAYS = `
  select n.day, c.state, c.count from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) n(day, since, until), lateral (
    select state, count(*)::int as count from documents where revision > 0 and first_received_at >= n.since and first_received_at < n.until group by state) c
  order by n.day, c.state`

const CAME_IN = `
  select coalesce(r.feed, d.feed) as feed, d.state, count(*)::int as count from documents d left join receipts r on r.document_id = d.id and r.revision = 1
  where d.revision > 0 and d.first_received_at >= $1 and d.first_received_at < $2 group by 1, 2 order by 1, 2`

const WAITING = `
  select destination, width_bucket(extract(epoch from $1::timestamptz - changed_at)::float8, $2::float8[]) as band, count(*)::int as count, min(changed_at) as since
  from deliveries where state in ('owed', 'sending', 'recalling') group by 1, 2 order by 1, 2`

const LATELY = `
  select channel, what, sum(count)::int as count from flow_minutes where minute > $1::timestamptz - interval '10 minutes' and minute <= $1 group by 1, 2 order by 1, 2`

const STATES = `
  select process, destination, circuit, until, code, since from destination_states where seen_at > $1::timestamptz - make_interval(secs => ${ALIVE_SECS}) order by destination, process`

export const flow = async (pool: Pool, { now, since, until, like, days: byDay }: FlowAsked): Promise<Flow> => {
  const days = [...like, { since, until }]
  const [begins, moved, lately, ofDays, cameIn, refused, waiting, trouble, review, states] = await Promise.all([
    rowsOf(pool, 'begins', 'select min(hour) as hour from flow', []),
    rowsOf(pool, 'moved', MOVED, [days.map((day) => day.since), days.map((day) => day.until)]),
    rowsOf(pool, 'lately', LATELY, [now]),
    rowsOf(pool, 'days', DAYS, [byDay.map(({ day }) => day), byDay.map((one) => one.since), byDay.map((one) => one.until)]),
    rowsOf(pool, 'came-in', CAME_IN, [since, until]),
    rowsOf(pool, 'refused', 'select feed, count(*)::int as count from rejections where at >= $1 and at < $2 group by feed order by feed', [since, until]),
    rowsOf(pool, 'waiting', WAITING, [now, BAND_SECS]),
    rowsOf(pool, 'trouble', `select destination, count(*)::int as count, min(changed_at) as since from deliveries where state in ('failed', 'blocked') group by 1 order by 1`, []),
    rowsOf(pool, 'review', `select count(*)::int as count, min(received_at) as since from documents where state = 'review' and revision > 0`, []),
    rowsOf(pool, 'states', STATES, [now]),
  ])
  const first = instant(begins[0]?.['hour'])
  const reviewSince = instant(review[0]?.['since'])
  return {
    ...(first === undefined ? {} : { begins: first }),
    moved: moved.map((row) => ({ hour: instant(row['hour'])!, channel: row['channel'] as string, what: row['what'] as FlowWhat, count: row['count'] as number })),
    lately: lately.map((row) => ({ channel: row['channel'] as string, what: row['what'] as FlowWhat, count: row['count'] as number })),
    days: ofDays.map((row) => ({ day: row['day'] as string, state: row['state'] as DocumentState, count: row['count'] as number })),
    cameIn: cameIn.map((row) => ({ feed: row['feed'] as string, state: row['state'] as DocumentState, count: row['count'] as number })),
    refused: refused.map((row) => ({ feed: row['feed'] as string, count: row['count'] as number })),
    waiting: waiting.map((row) => ({ destination: row['destination'] as string, band: row['band'] as number, count: row['count'] as number, since: instant(row['since'])! })),
    trouble: trouble.map((row) => ({ destination: row['destination'] as string, count: row['count'] as number, since: instant(row['since'])! })),
    review: { count: review[0]!['count'] as number, ...(reviewSince === undefined ? {} : { since: reviewSince }) },
    states: states.map((row) => ({ process: row['process'] as string, ...stateOf(row) })),
  }
}

const stateOf = (row: Row): DestinationState =>
  present<DestinationState>({ destination: row['destination'] as string, circuit: row['circuit'] as DestinationState['circuit'], until: instant(row['until']), code: row['code'] as string | null, since: instant(row['since'])! })

// ---------------------------------------------------------------- what is behind them

const LISTED = `d.*, v.decision->>'because' as because from behind b join documents d on d.id = b.document_id join revisions v on v.document_id = d.id and v.revision = d.revision`

const BEHIND = `
  with behind as (
    select e.seq, e.document_id, e.at from events e
    where e.at >= $1 and e.at < $2 and e.kind in ('received', 'read', 'print-acknowledged', 'print-rejected', 'blocked', 'attempt-ended') and e.document_id is not null
      and flow_what(e.kind, e.detail::json) = $4
      and coalesce(case when e.kind = 'attempt-ended' and e.detail::json->>'destination' is null then (select y.destination from deliveries y where y.id = (e.detail::json->>'delivery')::uuid) end, flow_channel(e.kind, e.actor, e.detail::json)) = $3
    order by e.seq desc limit $5)
  select b.at as happened, ${LISTED} order by b.seq desc`

const BEHIND_WAITING = `
  with behind as (
    select document_id, changed_at as at from deliveries where destination = $1 and state in ('owed', 'sending', 'recalling') order by changed_at, document_id limit $2)
  select b.at as happened, ${LISTED} order by b.at, d.id`

export const behindFlow = async (pool: Pool, { destination, what, since, until }: BehindAsked, limit: number): Promise<readonly Behind[]> => {
  const rows = what === 'waiting' ? await rowsOf(pool, 'behind-waiting', BEHIND_WAITING, [destination, limit]) : await rowsOf(pool, 'behind', BEHIND, [since, until, destination, what, limit])
  return rows.map((row) => ({ ...listRowOf(row), at: instant(row['happened'])! }))
}

export const refusals = async (pool: Pool, since: string, until: string, limit: number, feed?: string): Promise<readonly Refusal[]> =>
  (await rowsOf(pool, 'refusals', 'select at, feed, code from rejections where at >= $1 and at < $2 and ($4::text is null or feed = $4) order by at desc, id desc limit $3', [since, until, limit, feed ?? null]))
    .map((row) => ({ at: instant(row['at'])!, feed: row['feed'] as string, code: row['code'] as string }))

// ---------------------------------------------------------------- what processes know

const NOTED = `
  with given as (select * from json_populate_recordset(null::destination_states, $2)),
  gone as (
    delete from destination_states s where s.process = $1 and not exists (select from given g where g.destination = s.destination)
      or s.seen_at < $3::timestamptz - interval '1 day'),
  old_minutes as (delete from flow_minutes where minute < $3::timestamptz - interval '${KEPT_MINUTES} minutes')
  insert into destination_states select * from given order by destination
  on conflict (process, destination) do update set circuit = excluded.circuit, until = excluded.until, code = excluded.code, since = excluded.since, seen_at = excluded.seen_at`

export const noteStates = async (pool: Pool, process: string, states: readonly DestinationState[], now: string): Promise<void> => {
  await rowsOf(pool, 'noted', NOTED, [process, JSON.stringify(states.map((state) => ({ ...state, process, seen_at: now }))), now])
}

export const forgetStates = async (pool: Pool, process: string): Promise<void> => {
  await rowsOf(pool, 'forgotten', 'delete from destination_states where process = $1', [process])
}

// ---------------------------------------------------------------- what changed

/** Whoever has been away longer is told of everything. */
const MOST_BACK = 10_000

const CHANGED = `
  select h.seq, (select max(since) from destination_states) as states_at,
    case when $1::bigint is not null and h.seq > $1 then (select array_agg(distinct e.kind) from events e where e.seq > greatest($1, h.seq - ${MOST_BACK}) and e.seq <= h.seq) end as kinds
  from head h`

export const changesSince = async (pool: Pool, seq: number | undefined): Promise<Changes> => {
  const [row] = await rowsOf(pool, 'changed', CHANGED, [seq ?? null])
  const statesAt = instant(row?.['states_at'])
  return { seq: Number(row?.['seq'] ?? 0), kinds: (row?.['kinds'] ?? []) as readonly string[], ...(statesAt === undefined ? {} : { statesAt }) }
}
