// What pages, API and workers ask the ledger. It refuses to change anything, and to look at more rows than an index
// leads to, but for the counts of metrics.
import type { Pool } from 'pg'
import type { ErrorCode } from '../errors.ts'
import type { Attempt, DocumentState, Plan } from '../types.ts'
import { eventOf } from './events.ts'
import type { DocumentRow, Ledger, Story } from './ledger.ts'
import { deliveryOf, documentOf, instant, listRowOf, present, receiptOf, REVISION_COLUMNS, revisionOf } from './rows.ts'
import type { Row } from './rows.ts'
import { isUuid, LISTED } from './search.ts'

export { isUuid }

const rowsOf = async (pool: Pool, text: string, values: readonly unknown[]): Promise<readonly Row[]> => (await pool.query<Row>(text, [...values])).rows

// ---------------------------------------------------------------- lists

/** Of each delivery that waits for a person, newest first. */
export const troubled = async (pool: Pool, limit: number): ReturnType<Ledger['troubled']> => {
  const deliveries = await rowsOf(pool, `select * from deliveries where state in ('failed', 'blocked') order by changed_at desc, id desc limit $1`, [limit])
  const ids = [...new Set(deliveries.map((row) => row['document_id'] as string))]
  const documents = new Map((await rowsOf(pool, `${LISTED} where d.id = any($1::uuid[])`, [ids])).map(listRowOf).map((row): [string, DocumentRow] => [row.id, row]))
  return deliveries.map((row) => ({ ...deliveryOf(row), ...(row['attempt_id'] === null ? {} : { attemptId: row['attempt_id'] as string }), document: documents.get(row['document_id'] as string)! }))
}

export const counts = async (pool: Pool, now: string): ReturnType<Ledger['counts']> => {
  const states = await rowsOf(pool, 'select state, count(*)::int as count from documents where revision > 0 group by state', [])
  const [oldest] = await rowsOf(pool, 'select min(changed_at) as since from deliveries where due_at is not null', [])
  // Since it is owed, not since it is due: what is tried or put off again and again is always due soon.
  const due = instant(oldest?.['since'])
  return {
    byState: Object.fromEntries(states.map((row) => [row['state'] as DocumentState, row['count'] as number])),
    oldestOwedSecs: due === undefined ? 0 : Math.max(0, (Date.parse(now) - Date.parse(due)) / 1000),
  }
}

export const rejections = async (pool: Pool, limit: number): ReturnType<Ledger['rejections']> =>
  (await rowsOf(pool, 'select * from rejections order by at desc, id desc limit $1', [limit])).map((row) => ({
    id: row['id'] as string, feed: row['feed'] as string, at: instant(row['at'])!, code: row['code'] as ErrorCode,
    detail: row['detail'] as string, skeleton: row['skeleton'] as string,
  }))

// ---------------------------------------------------------------- what a worker asks

/** Recalls first, then what is due the longest. */
const DUE = `
  select document_id, min(due_at) as due_at, bool_and(later) as later from (
    select document_id, due_at, (state <> 'recalling') as later from deliveries
    where destination = $1 and due_at <= $2 order by (state <> 'recalling'), due_at limit $3) d
  group by document_id order by later, due_at`

export const due = async (pool: Pool, destination: string, now: string, limit: number): ReturnType<Ledger['due']> =>
  (await rowsOf(pool, DUE, [destination, now, limit])).map((row) => ({ documentId: row['document_id'] as string, dueAt: instant(row['due_at'])!, ...(row['later'] ? {} : { urgent: true as const }) }))

/** Which document a delivery belongs to, and where it goes: that never changes. */
export const placeOfDelivery = async (pool: Pool, deliveryId: string): ReturnType<Ledger['deliveryOf']> => {
  const [row] = isUuid(deliveryId) ? await rowsOf(pool, 'select document_id, destination from deliveries where id = $1', [deliveryId]) : []
  return row && { documentId: row['document_id'] as string, destination: row['destination'] as string }
}

/** Which document a delivery belongs to: that never changes. */
export const documentOfDelivery = async (pool: Pool, deliveryId: string): Promise<string | undefined> =>
  isUuid(deliveryId) ? ((await rowsOf(pool, 'select document_id from deliveries where id = $1', [deliveryId]))[0]?.['document_id'] as string | undefined) : undefined


// ---------------------------------------------------------------- one document

const STORY = `
  select ${REVISION_COLUMNS}, v.resource from revisions v join receipts r on r.id = v.receipt_id where v.document_id = $1 and v.revision = $2`

export const story = async (pool: Pool, id: string): Promise<Story | undefined> => {
  const [row] = isUuid(id) ? await rowsOf(pool, 'select * from documents where id = $1 and revision > 0', [id]) : []
  if (!row) return undefined
  const [revision] = await rowsOf(pool, STORY, [id, documentOf(row).revision])
  if (!revision) return undefined
  const { facts, decision, document } = revisionOf(revision)
  return {
    ...listRowOf({ ...row, because: decision.because }),
    facts, decision, document,
    resource: revision['resource'] as Plan['resource'],
    receipts: (await rowsOf(pool, 'select id, received_at, feed, revision, bearing from receipts where document_id = $1 order by received_at, revision nulls last, id', [id])).map((one) =>
      present<Story['receipts'][number]>({
        id: one['id'] as string, receivedAt: instant(one['received_at'])!, feed: one['feed'] as string, revision: one['revision'] as number | null, bearing: one['bearing'] as string,
      })),
    deliveries: await deliveriesWithAttempts(pool, id, document.contents[0]?.ref.sha256 ?? ''),
    events: (await rowsOf(pool, 'select * from events where document_id = $1 order by seq', [id])).map(eventOf),
  }
}

/** A time for reading that was set for other content than what is in force is none for now. */
const deliveriesWithAttempts = async (pool: Pool, documentId: string, sha256: string): Promise<Story['deliveries']> => {
  const rows = await rowsOf(pool, 'select * from deliveries where document_id = $1 order by opened_at, id', [documentId])
  const deliveries = rows.map((row) => deliveryOf(row['owed_sha256'] === sha256 ? row : { ...row, read_by: null }))
  const attempts = (await rowsOf(pool, 'select * from attempts where delivery_id = any($1::uuid[]) order by at, id', [deliveries.map((delivery) => delivery.id)])).map(attemptOf)
  return deliveries.map((delivery) => ({ ...delivery, attempts: attempts.filter(({ deliveryId }) => deliveryId === delivery.id) }))
}

const attemptOf = (row: Row): Attempt => present<Attempt>({
  id: row['id'] as string, deliveryId: row['delivery_id'] as string, at: instant(row['at'])!, action: row['action'] as Attempt['action'],
  revision: row['revision'] as number, outcome: row['outcome'] as Attempt['outcome'], code: row['code'] as string | null,
  detail: row['detail'] as string | null, tookMs: row['took_ms'] as number | null, trace: row['trace'] as Attempt['trace'] | null,
})

const RECEIPT = `
  select id as receipt_id, feed as receipt_feed, format, received_at as receipt_received_at, skeleton, contents, file_name, declared_type from receipts where id = $1`

export const receipt = async (pool: Pool, id: string): ReturnType<Ledger['receipt']> => {
  const [row] = isUuid(id) ? await rowsOf(pool, RECEIPT, [id]) : []
  return row && receiptOf(row)
}
