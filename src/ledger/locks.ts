// One worker at a time for a document at a destination: PostgreSQL advisory locks, all held by one connection of this
// process, so that they are free the moment it dies. It refuses to believe in a lock that it only remembers: whoever
// relies on one asks the server whether it is held.
import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'

/** A lock that was taken: which server process holds it, and under which key. */
export type Taken = { readonly key: bigint; readonly pid: number; release(): Promise<void> }

export type Locks = {
  /** Undefined if another worker has it, here or elsewhere. */
  take(documentId: string, destination: string): Promise<Taken | undefined>
  close(): Promise<void>
}

/** The key of a lock; the same in every process. */
export const lockKey = (documentId: string, destination: string): bigint =>
  createHash('sha256').update(`${documentId} ${destination}`).digest().readBigInt64BE(0)

type Holder = { readonly client: PoolClient; readonly pid: number; lost: boolean }

export const openLocks = (pool: Pool, say: Say): Locks => {
  /** Session locks can be taken twice by one session, so this process remembers what it holds. */
  const mine = new Set<bigint>()
  let holder: Promise<Holder> | undefined
  let closed = false
  // One statement after another on the one connection.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  const hold = (): Promise<Holder> => {
    if (closed) throw new Failure('DATABASE_UNREACHABLE', 'The ledger is closed.')
    holder ??= connect().catch((error: unknown) => {
      holder = undefined
      throw error
    })
    return holder
  }
  const connect = async (): Promise<Holder> => {
    const client = await pool.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const opened: Holder = { client, pid: rows[0]!.pid, lost: false }
    client.on('error', () => lose(opened))
    client.on('end', () => lose(opened))
    return opened
  }
  /** With the connection every lock is gone: the next one is taken on a new connection. */
  const lose = (lost: Holder): void => {
    if (lost.lost) return
    lost.lost = true
    holder = undefined
    mine.clear()
    if (!closed) say('database_lost', { code: 'locks' })
    lost.client.release(true)
  }
  const ask = async (by: Holder, text: string, key: bigint): Promise<boolean> => {
    if (by.lost) return false
    try {
      return (await by.client.query<{ done: boolean }>({ name: text, text: `select ${text}($1::bigint) as done`, values: [String(key)] })).rows[0]?.done === true
    } catch (error) {
      // Whatever it was, this connection can no longer be trusted to hold anything.
      lose(by)
      throw error
    }
  }

  return {
    take: async (documentId, destination) => {
      const key = lockKey(documentId, destination)
      if (mine.has(key)) return undefined
      mine.add(key)
      try {
        const by = await hold()
        if (!(await inTurn(() => ask(by, 'pg_try_advisory_lock', key)))) {
          if (!by.lost) mine.delete(key)
          return undefined
        }
        let released = false
        const release = async (): Promise<void> => {
          if (released) return
          released = true
          if (by.lost) return
          await inTurn(() => ask(by, 'pg_advisory_unlock', key)).catch(() => {})
          if (!by.lost) mine.delete(key)
        }
        return { key, pid: by.pid, release }
      } catch (error) {
        mine.delete(key)
        throw error
      }
    },
    close: async () => {
      closed = true
      const by = await holder?.catch(() => undefined)
      await turn
      // Closing the connection gives back whatever was still held.
      if (by) lose(by)
    },
  }
}
