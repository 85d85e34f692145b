// What waits for a time that will not come, or comes far too late, is due at once: after a process was killed, exchanges that
// were started and whose end nobody wrote down; after a clock was put back, what it had put off. It refuses to touch an
// exchange whose worker still holds its lock.
import type { Pool } from 'pg'
import { lockKey } from './locks.ts'
import type { Row } from './rows.ts'

const OPEN = `
  select y.id, y.document_id, y.destination, y.attempt_id from attempts a join deliveries y on y.attempt_id = a.id
  where a.outcome = 'started' and y.due_at > $1`

const LOCKED = `
  select (classid::bigint << 32 | objid::bigint)::text as key from pg_locks
  where locktype = 'advisory' and objsubid = 1 and granted and database = (select oid from pg_database where datname = current_database())`

// By the attempt, so that one started meanwhile is left alone; whatever somebody is just changing is not abandoned.
const WAKE = `
  update deliveries set due_at = $3 where id in (
    select id from deliveries where id = any($1::uuid[]) and attempt_id = any($2::uuid[]) and due_at > $3 for update skip locked)`

export const wakeAbandoned = async (pool: Pool, now: string): Promise<void> => {
  const { rows: open } = await pool.query<Row>(OPEN, [now])
  if (open.length === 0) return
  const locked = new Set((await pool.query<Row>(LOCKED)).rows.map((row) => row['key']))
  const abandoned = open.filter((row) => !locked.has(String(lockKey(row['document_id'] as string, row['destination'] as string))))
  await pool.query(WAKE, [abandoned.map((row) => row['id']), abandoned.map((row) => row['attempt_id']), now])
}

// A moment from which something has to settle was said by the same clock. Both kinds of the index are named, so that it leads to the few.
const FAR_AHEAD = `
  update deliveries set due_at = $2,
    send_unsure_at = case when send_unsure_at > $2 then $2 else send_unsure_at end, recall_unsure_at = case when recall_unsure_at > $2 then $2 else recall_unsure_at end
  where id in (select id from deliveries where destination = $1 and (state <> 'recalling') = any(array[true, false]) and due_at > $3 for update skip locked)`

export const wakeFarAhead = async (pool: Pool, destination: string, now: string, latest: string): Promise<void> => {
  await pool.query({ name: 'ledger-far-ahead', text: FAR_AHEAD, values: [destination, now, latest] })
}
