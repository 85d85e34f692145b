// The log of what happened, each entry chained to the one before by a hash: whoever changes, removes or adds an entry
// afterwards breaks the chain. `append_events` in the migrations appends; this file reads and checks. It refuses to
// trust the hashes that are stored: it works out every one of them again.
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import type { AuditKind } from '../observe/events.ts'
import type { AuditEvent, BrokenLink, ChainWalk, NotedEntry } from './ledger.ts'
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

/** Walks the chain up to where it ended when the walk began, or to its first broken link. */
export const walkChain = async (pool: Pool, noted?: NotedEntry): Promise<ChainWalk> => {
  const { rows: [head] } = await pool.query<Row>('select seq, hash from head')
  const end = Number(head?.['seq'] ?? 0)
  let walk: ChainWalk = { entries: 0, hash: FIRST }
  const broken = (why: BrokenLink['why'], seq: number, row?: Row): ChainWalk => ({ ...walk, broken: { seq, why, ...(row ? { at: instant(row['at'])! } : {}) } })
  while (walk.entries < end) {
    const { rows } = await pool.query<Row>('select * from events where seq > $1 and seq <= $2 order by seq limit $3', [walk.entries, end, AT_ONCE])
    for (const row of rows) {
      const seq = walk.entries + 1
      if (Number(row['seq']) !== seq) return broken('missing', seq)
      if (hashOf(walk.hash, row) !== row['hash']) return broken('changed', seq, row)
      if (noted?.seq === seq && noted.hash !== row['hash']) return broken('not-as-noted', seq, row)
      const at = instant(row['at'])!
      walk = { entries: seq, hash: row['hash'] as string, first: walk.first ?? at, last: at }
    }
    if (rows.length === 0) return broken('missing', walk.entries + 1)
  }
  if (head?.['hash'] !== walk.hash) return broken('end', end)
  if (noted && noted.seq > end) return broken('missing', end + 1)
  const { rows: [beyond] } = await pool.query<Row>('select seq, at from events where seq < 1 or (seq > $1 and seq > (select seq from head)) order by seq limit 1', [end])
  return beyond ? broken('added', Number(beyond['seq']), beyond) : walk
}

export const verifyChain = async (pool: Pool): Promise<{ readonly seq: number } | undefined> => {
  const { broken } = await walkChain(pool)
  return broken && { seq: broken.seq }
}
