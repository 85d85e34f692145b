// Recalls that are not done, that came too late, or that nobody could confirm. Whether something that stands has to go
// is asked of the one function that decides it, never of a state alone. It refuses patient data: ids, times and codes.
import type { Pool } from 'pg'
import { want } from '../decide/owed.ts'
import type { Delivery } from '../types.ts'
import { inTransaction } from './database.ts'
import { nowOf } from './decided.ts'
import type { Ledger, RecallRow } from './ledger.ts'
import { look } from './load.ts'
import { deliveryOf, instant, present } from './rows.ts'
import type { Row } from './rows.ts'
import { visibleOf, type Tried } from './visible.ts'
import { deliveriesOf } from './workspace.ts'
import type { LedgerParts } from './workspace.ts'

type Kind = Parameters<Ledger['recalls']>[0]
/** A delivery that may belong in a list. `sure`: whatever the decision. */
type Candidate = { readonly id: string; readonly documentId: string; readonly since: string; readonly sure: boolean }

const MOST = 10_000
/** Of those whose decision has to be read too. */
const MOST_READ = 500

const STANDS = `y.standing in ('present', 'unsure')`
/** What is wanted where it stands need not be read. */
const MAY_HAVE_TO_GO = `(d.identifier <> y.identifier or d.route <> y.destination or y.destination = 'print')`
/** Each by its key: of thousands that failed few stand anywhere, and PostgreSQL, which expects most to, would read every document there is. */
const ITS_DOCUMENT = 'cross join lateral (select identifier, route from documents where id = y.document_id offset 0) d'
/** A letter is with the patient for good: the log tells which were to be taken back, so that not all have to be read. */
const PRINTED = `
  select y.id, y.document_id, y.changed_at, false as sure from deliveries y join documents d on d.id = y.document_id
  where y.state = 'printed' and y.standing = 'present' and (d.identifier <> y.identifier or d.route not in ('print', 'pkb'))
    and y.document_id in (select document_id from events where kind in ('recall-owed', 'left-standing') and document_id is not null)`

const CANDIDATES = {
  open: `
    select y.id, y.document_id, y.changed_at, true as sure from deliveries y where y.state = 'recalling' and ${STANDS}
    union all
    select y.id, y.document_id, coalesce((select max(e.at) from events e where e.document_id = y.document_id and e.kind = 'recall-owed'), y.changed_at), false
    from deliveries y ${ITS_DOCUMENT} where y.state in ('failed', 'blocked') and ${STANDS} and ${MAY_HAVE_TO_GO}`,
  late: `
    select y.id, y.document_id, y.changed_at, y.state in ('recalling', 'recalled') as sure from deliveries y
    where y.read_at is not null and y.state in ('recalling', 'recalled', 'failed', 'blocked')
    union all ${PRINTED}`,
  unconfirmed: `select y.id, y.document_id, y.changed_at, true as sure from deliveries y where y.unconfirmed and y.state = 'recalled'`,
} as const satisfies Record<Kind, string>

/** Newest first. */
const candidates = async (pool: Pool, kind: Kind, limit: number): Promise<readonly Candidate[]> => {
  const { rows } = await pool.query<Row>(`select * from (${CANDIDATES[kind]}) c order by changed_at desc, id desc limit $1`, [limit])
  return rows.map((row) => ({ id: row['id'] as string, documentId: row['document_id'] as string, since: instant(row['changed_at'])!, sure: row['sure'] as boolean }))
}

/** Those of which the decision in force says that nothing may stand. */
const thatHaveToGo = async (pool: Pool, parts: LedgerParts, found: readonly Candidate[]): Promise<readonly Candidate[]> => {
  const asked = found.filter(({ sure }) => !sure).slice(0, MOST_READ)
  if (asked.length === 0) return found
  const gone = await inTransaction(pool, async (client) => {
    const space = await look(client, [...new Set(asked.map(({ documentId }) => documentId))], parts)
    return new Set(asked.filter(({ id, documentId }) => {
      const record = space.documents.get(documentId)
      const deliveries = deliveriesOf(space, documentId)
      const delivery = deliveries.find((one) => one.id === id)
      return record?.inForce && delivery && want(record.inForce, nowOf(record), delivery, deliveries) === 'absent'
    }).map(({ id }) => id))
  }, 'begin isolation level repeatable read, read only')
  return found.filter(({ id, sure }) => sure || gone.has(id))
}

// ---------------------------------------------------------------- in full

const DELIVERIES = `
  select y.*, y.changed_at, d.source_id, d.rule from deliveries y join documents d on d.id = y.document_id where y.id = any($1::uuid[])`
const ATTEMPTS = `
  select a.delivery_id, a.at, a.action, a.outcome, a.took_ms,
    (select max(e.at) from events e where e.document_id = y.document_id and e.kind = 'attempt-ended' and e.detail::json->>'attempt' = a.id::text) as ended_at
  from attempts a join deliveries y on y.id = a.delivery_id where a.delivery_id = any($1::uuid[]) order by a.at, a.id`
const OWED = `
  select detail::json->>'delivery' as delivery_id, kind, at from events
  where document_id = any($1::uuid[]) and kind in ('recall-owed', 'left-standing') order by seq`

const triedOf = (row: Row): Tried => present<Tried>({
  at: instant(row['at'])!, action: row['action'] as Tried['action'], outcome: row['outcome'] as Tried['outcome'], tookMs: row['took_ms'] as number | null, endedAt: instant(row['ended_at']),
})

const PRINTS = (delivery: Delivery): boolean => delivery.destination === 'print' && delivery.state === 'printed'

const recallRow = (row: Row, attempts: readonly Tried[], owed: readonly Row[]): RecallRow => {
  const delivery = deliveryOf(row)
  const { from, until } = visibleOf(attempts)
  const printed = PRINTS(delivery)
  const since = owed.filter(({ kind }) => printed || kind === 'recall-owed').map(({ at }) => instant(at)!).find((at) => from === undefined || at >= from)
  const isPkb = delivery.destination === 'pkb'
  return present<RecallRow>({
    documentId: delivery.documentId, sourceId: row['source_id'] as string, rule: row['rule'] as string, deliveryId: delivery.id, destination: delivery.destination, state: delivery.state,
    since: since ?? instant(row['changed_at'])!, unconfirmed: delivery.unconfirmed === true, readAt: delivery.readAt, printed,
    visibleFrom: isPkb ? from ?? delivery.acknowledgedAt : undefined, visibleUntil: isPkb && delivery.state === 'recalled' ? until : undefined,
    tries: delivery.tries, lastOutcome: delivery.lastOutcome, lastCode: delivery.lastCode,
  })
}

export const recalls = async (pool: Pool, parts: LedgerParts, kind: Kind, limit: number): Promise<readonly RecallRow[]> => {
  const found = (await thatHaveToGo(pool, parts, await candidates(pool, kind, Math.max(limit, MOST_READ)))).slice(0, limit)
  if (found.length === 0) return []
  const ids = found.map(({ id }) => id)
  const [deliveries, attempts, owed] = await Promise.all([
    pool.query<Row>(DELIVERIES, [ids]), pool.query<Row>(ATTEMPTS, [ids]), pool.query<Row>(OWED, [[...new Set(found.map(({ documentId }) => documentId))]]),
  ])
  const byId = new Map(deliveries.rows.map((row) => [row['id'] as string, row]))
  const tried = Map.groupBy(attempts.rows, (row) => row['delivery_id'] as string)
  const wanted = Map.groupBy(owed.rows, (row) => row['delivery_id'] as string)
  return ids.flatMap((id) => {
    const row = byId.get(id)
    return row ? [recallRow(row, (tried.get(id) ?? []).map(triedOf), wanted.get(id) ?? [])] : []
  })
}

export const recallCounts = async (pool: Pool, parts: LedgerParts): ReturnType<Ledger['recallCounts']> => {
  const open = await thatHaveToGo(pool, parts, await candidates(pool, 'open', MOST))
  const oldest = open.at(-1)?.since
  return { open: open.length, ...(oldest === undefined ? {} : { openSince: oldest }) }
}
