// The log of what happened, each entry chained to the one before by a hash: whoever changes, removes or adds an entry
// afterwards breaks the chain. `append_events` in the migrations appends; this file reads and checks. It refuses to
// trust the hashes that are stored: it works out every one of them again.
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import type { AuditKind } from '../observe/events.ts'
import type { AuditEvent } from './ledger.ts'
import { instant } from './rows.ts'
import type { Row } from './rows.ts'

const AT_ONCE = 5_000
const FIRST = '0'.repeat(64)

export const eventOf = (row: Row): AuditEvent => ({
  seq: Number(row['seq']), at: instant(row['at'])!, kind: row['kind'] as AuditKind, actor: row['actor'] as string,
  detail: JSON.parse(row['detail'] as string) as AuditEvent['detail'],
})

/** The same text as `append_events` hashes. Only the actor may hold a line end, so it reads one way. */
const hashOf = (before: string, row: Row): string =>
  createHash('sha256')
    .update([before, row['seq'], instant(row['at']), row['document_id'] ?? '', row['kind'], row['actor'], row['detail']].join('\n'))
    .digest('hex')

/** Walks the chain up to where it ended when the walk began. */
export const verifyChain = async (pool: Pool): Promise<{ readonly seq: number } | undefined> => {
  const { rows: [head] } = await pool.query<Row>('select seq, hash from head')
  const end = Number(head?.['seq'] ?? 0)
  let [seq, hash] = [0, FIRST]
  while (seq < end) {
    const { rows } = await pool.query<Row>('select * from events where seq > $1 and seq <= $2 order by seq limit $3', [seq, end, AT_ONCE])
    for (const row of rows) {
      if (Number(row['seq']) !== seq + 1 || hashOf(hash, row) !== row['hash']) return { seq: seq + 1 }
      seq += 1
      hash = row['hash'] as string
    }
    if (rows.length === 0) return { seq: seq + 1 }
  }
  if (head?.['hash'] !== hash) return { seq: end }
  const { rows: [beyond] } = await pool.query<Row>('select min(seq) as seq from events where seq > $1 and seq > (select seq from head)', [end])
  return beyond?.['seq'] == null ? undefined : { seq: Number(beyond['seq']) }
}
