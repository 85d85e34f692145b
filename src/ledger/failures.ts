// Deliveries in trouble, grouped by where they go, why, and by what signature. It refuses to change anything, to look at
// deliveries of which nothing is open, and to tell of patients more than how many they are.
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { CAUSES, failingOf, type Cause, type Failing, type Trouble } from '../decide/cause.ts'
import type { DeliveryState, OutcomeKind } from '../types.ts'
import type { FailureGroup, FailureRow, Ledger } from './ledger.ts'
import { instant, listRowOf, present } from './rows.ts'
import type { Row } from './rows.ts'

/** More open deliveries than these are counted no further. */
const MOST_LOOKED_AT = 50_000
/** What is owed for longer behind a destination whose last exchange failed, waits for that destination. */
const WAITS_SECS = 60
const HOUR_MS = 3_600_000
/** So far back in the log a destination's last exchange is looked for. */
const EVENTS_BACK = 5_000

// ---------------------------------------------------------------- what the tables say

const FAILED = `a.outcome not in ('accepted', 'started')`

/** What a person has stopped does not wait for a destination. */
export const STOPPED = `exists (
    select from stops s where s.lifted_at is null and o.state <> 'recalling' and (s.scope = 'all' or upper(btrim(s.value)) = upper(btrim(case s.scope when 'code' then d.code when 'service' then d.team else d.directorate end))))`

/** Only what is failed, blocked or due has anything open; each has an index. $1, $2: one and two hours ago; $4: a run whose members are left out. */
const OPEN = `
  select o.id, o.document_id, o.destination, o.state, o.tries, o.due_at, o.last_outcome, o.last_code, o.last_detail, o.changed_at, coalesce(o.owed_since, o.opened_at) as since,
    coalesce(o.nhs_number, d.nhs_number) as nhs_number, v.decision->>'policy' as policy, r.code as account_code, r.at as account_at,
    ${STOPPED} as stopped, f.first_at, f.last_at, f.this_hour, f.hour_before, l.outcome as attempt_outcome, l.code as attempt_code, l.detail as attempt_detail, l.answer
  from (
    select * from deliveries where state in ('failed', 'blocked')
    union all select * from deliveries where due_at is not null and state in ('owed', 'sending', 'recalling')) o
  join documents d on d.id = o.document_id
  join revisions v on v.document_id = d.id and v.revision = d.revision
  left join account_refusals r on r.nhs_number = o.nhs_number and o.destination = 'pkb' and o.state = 'owed'
  left join lateral (
    select min(a.at) as first_at, max(a.at) as last_at, coalesce(bool_or(a.at > $1), false) as this_hour, coalesce(bool_or(a.at > $2 and a.at <= $1), false) as hour_before
    from attempts a where a.delivery_id = o.id and ${FAILED}
      and a.at > coalesce((select max(b.at) from attempts b where b.delivery_id = o.id and b.outcome = 'accepted' and b.action <> 'look'), '-infinity')) f on true
  left join lateral (
    select a.outcome, a.code, a.detail, a.trace->>'answer' as answer from attempts a where a.delivery_id = o.id and ${FAILED} order by a.at desc, a.id desc limit 1) l on true
  where $4::uuid is null or not exists (select from run_members m where m.run_id = $4 and m.delivery_id = o.id)
  order by since, o.id limit $3`

/** How the last exchange ended that each destination had, whichever process made it. */
const LAST = `
  with ended as materialized (
    select e.seq, (e.detail::json->>'attempt')::uuid as attempt, e.detail::json->>'destination' as destination from (select seq, kind, detail from events order by seq desc limit $1) e where e.kind = 'attempt-ended'),
  -- Entries of old do not name the destination: each of them is looked up.
  latest as materialized ((select distinct on (destination) seq, attempt from ended where destination is not null order by destination, seq desc) union all select seq, attempt from ended where destination is null)
  select distinct on (y.destination) y.destination, a.outcome, a.code, a.trace->>'answer' as answer
  from latest e join attempts a on a.id = e.attempt join deliveries y on y.id = a.delivery_id
  order by y.destination, e.seq desc`

// ---------------------------------------------------------------- one delivery

export type Found = {
  readonly id: string
  readonly documentId: string
  readonly destination: string
  readonly failing: Failing
  /** `person`: nothing happens without one. `again`: it is tried again by itself. `behind`: it was not tried yet, for its destination is away. */
  readonly fate: FailureRow['fate']
  readonly nhsNumber?: string
  readonly policy: string
  readonly since: string
  readonly firstSeen: string
  readonly lastSeen: string
  readonly thisHour: boolean
  readonly hourBefore: boolean
  readonly dueAt?: string
}

const BAD: ReadonlySet<unknown> = new Set<OutcomeKind>(['unavailable', 'unsure', 'refused', 'unregistered', 'forbidden'])
/** After these nothing else is sent either, until one is answered. */
const AWAY: ReadonlySet<unknown> = new Set<OutcomeKind>(['unavailable', 'unsure', 'forbidden'])

const told = (state: unknown, outcome: unknown, code: unknown, detail: unknown, answer: unknown): Trouble => present<Trouble>({
  state: state as DeliveryState, outcome: outcome as OutcomeKind, code: String(code ?? 'unknown'), detail: detail as string | null, answer: answer as string | null,
})

/** What is wrong with it by itself; undefined where nothing is, as far as it has been tried. */
const troubleOf = (row: Row): Trouble | undefined => {
  const { state } = row
  if (state === 'blocked') return told(state, 'refused', row['last_code'], row['last_detail'], undefined)
  const isLast = row['last_outcome'] === row['attempt_outcome'] && row['last_code'] === row['attempt_code']
  if (BAD.has(row['last_outcome'])) return told(state, row['last_outcome'], row['last_code'], row['last_detail'], isLast ? row['answer'] : undefined)
  if (state !== 'failed' && (row['tries'] as number) === 0) return row['account_code'] === null ? undefined : told(state, 'unavailable', row['account_code'], undefined, undefined)
  if (row['attempt_outcome'] !== null) return told(state, row['attempt_outcome'], row['attempt_code'], row['attempt_detail'], row['answer'])
  return told(state, row['last_outcome'] ?? 'accepted', row['last_code'], row['last_detail'], undefined)
}

const foundIn = (row: Row, away: ReadonlyMap<string, Trouble>, now: string): Found | undefined => {
  const own = troubleOf(row)
  const since = instant(row['since'])!
  const isBehind = own === undefined && row['stopped'] === false && Date.parse(since) <= Date.parse(now) - WAITS_SECS * 1000
  const trouble = own ?? (isBehind ? away.get(row['destination'] as string) : undefined)
  if (!trouble) return undefined
  const state = row['state'] as DeliveryState
  const changed = instant(row['changed_at'])!
  // What was never tried, or not refused by an exchange, has been so since it changed.
  const first = own === undefined ? since : state === 'blocked' ? changed : instant(row['first_at']) ?? instant(row['account_at']) ?? changed
  const last = own === undefined ? since : state === 'blocked' ? changed : instant(row['last_at']) ?? instant(row['account_at']) ?? changed
  const within = (from: number, to: number): boolean => last > new Date(Date.parse(now) - from).toISOString() && last <= new Date(Date.parse(now) - to).toISOString()
  const byAttempts = state !== 'blocked' && row['first_at'] !== null
  return present<Found>({
    id: row['id'] as string, documentId: row['document_id'] as string, destination: row['destination'] as string, failing: failingOf(trouble),
    fate: state === 'failed' || state === 'blocked' ? 'person' : own ? 'again' : 'behind',
    nhsNumber: row['nhs_number'] as string | null, policy: row['policy'] as string, since, firstSeen: first, lastSeen: last,
    thisHour: byAttempts ? row['this_hour'] as boolean : within(HOUR_MS, 0), hourBefore: byAttempts ? row['hour_before'] as boolean : within(2 * HOUR_MS, HOUR_MS),
    dueAt: instant(row['due_at']),
  })
}

// ---------------------------------------------------------------- all of them

/** The same trouble has the same key at any time and in any process; it holds what the group says of itself and nothing else. */
export const groupKey = (destination: string, { cause, signature }: Failing): string =>
  `${cause}-${createHash('sha256').update(JSON.stringify([destination, cause, signature])).digest('hex').slice(0, 16)}`

/** What is in trouble now, by the key of its group. */
export const troubleNow = async (pool: Pool, now: string, of: { /** A run. */ readonly notIn?: string } = {}): Promise<ReadonlyMap<string, readonly Found[]>> => (await look(pool, now, of.notIn)).groups

/** Destinations whose last exchange failed so that nothing else is sent either, until one is answered; with the code of that. */
export const destinationsAway = async (pool: Pool): Promise<ReadonlyMap<string, string>> =>
  new Map((await pool.query<Row>(LAST, [EVENTS_BACK])).rows.filter(({ outcome }) => AWAY.has(outcome)).map((row) => [row['destination'] as string, String(row['code'] ?? 'unknown')]))

type Looked = { readonly groups: ReadonlyMap<string, readonly Found[]>; readonly all: boolean }

const look = async (pool: Pool, now: string, notIn?: string): Promise<Looked> => {
  const ago = (ms: number): string => new Date(Date.parse(now) - ms).toISOString()
  const [open, last] = await Promise.all([pool.query<Row>(OPEN, [ago(HOUR_MS), ago(2 * HOUR_MS), MOST_LOOKED_AT + 1, notIn]), pool.query<Row>(LAST, [EVENTS_BACK])])
  const away = new Map(last.rows.filter(({ outcome }) => AWAY.has(outcome)).map((row) => [row['destination'] as string, told('owed', row['outcome'], row['code'], undefined, row['answer'])]))
  const found = open.rows.slice(0, MOST_LOOKED_AT).flatMap((row) => foundIn(row, away, now) ?? [])
  return { groups: Map.groupBy(found, ({ destination, failing }) => groupKey(destination, failing)), all: open.rows.length <= MOST_LOOKED_AT }
}

const least = (texts: readonly string[]): string => texts.reduce((one, other) => (other < one ? other : one))
const greatest = (texts: readonly string[]): string => texts.reduce((one, other) => (other > one ? other : one))

const documentsIn = (found: readonly Found[]): number => new Set(found.map(({ documentId }) => documentId)).size

const groupOf = (key: string, found: readonly Found[]): FailureGroup => {
  const [one] = found
  const dueAts = found.flatMap(({ fate, dueAt }) => (fate !== 'person' && dueAt !== undefined ? [dueAt] : []))
  const numbers = new Set(found.flatMap(({ nhsNumber }) => nhsNumber ?? []))
  const fate = (which: Found['fate']): number => documentsIn(found.filter((each) => each.fate === which))
  return {
    key, destination: one!.destination, ...one!.failing,
    documents: documentsIn(found), patients: numbers.size, unidentified: documentsIn(found.filter(({ nhsNumber }) => nhsNumber === undefined)),
    person: fate('person'), again: fate('again'), behind: fate('behind'),
    oldestSince: least(found.map(({ since }) => since)), firstSeen: least(found.map(({ firstSeen }) => firstSeen)), lastSeen: greatest(found.map(({ lastSeen }) => lastSeen)),
    thisHour: documentsIn(found.filter(({ thisHour }) => thisHour)), hourBefore: documentsIn(found.filter(({ hourBefore }) => hourBefore)),
    policies: [...Map.groupBy(found, ({ policy }) => policy)].map(([hash, those]) => ({ hash, documents: documentsIn(those) })).sort((a, b) => b.documents - a.documents || a.hash.localeCompare(b.hash)),
    ...(dueAts.length === 0 ? {} : { nextAt: least(dueAts) }),
  }
}

const rank = (cause: Cause): number => CAUSES.indexOf(cause)

/** What waits for a person first, then by how many documents. */
const byWeight = (a: FailureGroup, b: FailureGroup): number =>
  Number(b.person > 0) - Number(a.person > 0) || b.documents - a.documents || rank(a.cause) - rank(b.cause) || a.key.localeCompare(b.key)

export const failures = async (pool: Pool, now: string): ReturnType<Ledger['failures']> => {
  const { groups, all } = await look(pool, now)
  const found = [...groups.values()].flat()
  return { groups: [...groups].map(([key, those]) => groupOf(key, those)).sort(byWeight), documents: documentsIn(found), patients: new Set(found.flatMap(({ nhsNumber }) => nhsNumber ?? [])).size, all }
}

const ROWS = `
  select y.id as delivery_id, y.state as delivery_state, y.tries, y.due_at, y.last_code, y.last_detail, d.*, v.decision->>'because' as because
  from deliveries y join documents d on d.id = y.document_id join revisions v on v.document_id = d.id and v.revision = d.revision where y.id = any($1::uuid[])`

const place = ({ since, id }: Pick<Found, 'since' | 'id'>): string => `${since}~${id}`

/** Oldest first. */
export const failuresIn = async (pool: Pool, now: string, key: string, limit: number, after?: string): ReturnType<Ledger['failuresIn']> => {
  const { groups } = await look(pool, now)
  const found = groups.get(key)
  if (!found) return undefined
  const rest = found.filter((one) => after === undefined || place(one) > after)
  const page = rest.slice(0, limit)
  const { rows } = await pool.query<Row>(ROWS, [page.map(({ id }) => id)])
  const byId = new Map(rows.map((row) => [row['delivery_id'] as string, row]))
  const last = page.at(-1)
  return {
    group: groupOf(key, found),
    rows: page.flatMap((one) => {
      const row = byId.get(one.id)
      return row ? [rowOf(one, row)] : []
    }),
    ...(rest.length > limit && last ? { cursor: place(last) } : {}),
  }
}

const rowOf = ({ id, fate, since, firstSeen, lastSeen, policy }: Found, row: Row): FailureRow => present<FailureRow>({
  deliveryId: id, state: row['delivery_state'] as DeliveryState, fate, since, firstSeen, lastSeen, policy, tries: row['tries'] as number, dueAt: instant(row['due_at']),
  lastCode: row['last_code'] as string | null, lastDetail: row['last_detail'] as string | null, document: listRowOf(row),
})
