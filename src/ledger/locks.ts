// One worker at a time for a document at a destination: PostgreSQL advisory locks, all held by one connection of this
// process, so that they are free the moment it dies. It refuses to believe in a lock that it only remembers: whoever
// relies on one asks the server whether it is held.
import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'

/** A lock that was taken: which server process holds it, and under which key. `isLost`: known to be gone with its connection. */
export type Taken = { readonly key: bigint; readonly pid: number; isLost(): boolean; release(): Promise<void> }

export type Locks = {
  /** Undefined if another worker has it, here or elsewhere. */
  take(documentId: string, destination: string): Promise<Taken | undefined>
  /** The first of these that nobody has, here or elsewhere; undefined if all are taken. With it `along`, if nobody has that. */
  takeOneOf(keys: readonly bigint[], along?: bigint): Promise<{ readonly taken: Taken; readonly along?: Taken } | undefined>
  close(): Promise<void>
}

/** The key of a lock; the same in every process. */
export const lockKey = (documentId: string, destination: string): bigint =>
  createHash('sha256').update(`${documentId} ${destination}`).digest().readBigInt64BE(0)

/** The connection that holds the locks of this process. */
type Holder = {
  readonly client: PoolClient
  readonly pid: number
  lost: boolean
  /** What waits for the statement that is under way: all of it goes into the next one. */
  wishes: Wish[]
  asking?: Promise<void>
}
type Wish = { readonly key: bigint; readonly take: boolean; readonly resolve: (done: boolean) => void; readonly reject: (error: unknown) => void }

// Given back first, so that what is given back can be taken in the same statement.
const ASK = `
  with given_back as materialized (select count(pg_advisory_unlock(key)) as n from unnest($1::bigint[]) as key)
  select key::text, pg_try_advisory_lock(key) as done from given_back, unnest($2::bigint[]) as key where n >= 0`

// Row by row, and no further than the first that could be taken; what is to come along only with that.
const ASK_ONE_OF = `
  with chosen as materialized (select key from unnest($1::bigint[]) as key where pg_try_advisory_lock(key) limit 1)
  select key::text, case when $2::bigint is null then false else pg_try_advisory_lock($2::bigint) end as along from chosen`

export const openLocks = (pool: Pool, say: Say): Locks => {
  /** Session locks can be taken twice by one session, so this process remembers what it holds. */
  const mine = new Set<bigint>()
  let holder: Promise<Holder> | undefined
  let closed = false

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
    const opened: Holder = { client, pid: rows[0]!.pid, lost: false, wishes: [] }
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

  const ask = (by: Holder, key: bigint, take: boolean): Promise<boolean> =>
    new Promise((resolve, reject) => {
      by.wishes.push({ key, take, resolve, reject })
      by.asking ??= Promise.resolve().then(() => askAll(by))
    })
  const askAll = async (by: Holder): Promise<void> => {
    while (by.wishes.length > 0) {
      const wishes = by.wishes.splice(0)
      const keys = (take: boolean): string[] => wishes.filter((wish) => wish.take === take).map(({ key }) => String(key))
      try {
        if (by.lost) throw new Failure('DATABASE_UNREACHABLE', 'The connection that holds the locks was lost.')
        const { rows } = await by.client.query<{ key: string; done: boolean }>({ name: 'ledger-locks', text: ASK, values: [keys(false), keys(true)] })
        const done = new Set(rows.filter((row) => row.done).map((row) => row.key))
        for (const { key, take, resolve } of wishes) {
          if (!take && !by.lost) mine.delete(key)
          resolve(!take || done.has(String(key)))
        }
      } catch (error) {
        // Whatever it was, this connection can no longer be trusted to hold anything.
        lose(by)
        for (const { reject } of wishes) reject(error)
      }
    }
    delete by.asking
  }

  const taken = (by: Holder, key: bigint): Taken => {
    let released = false
    return {
      key,
      pid: by.pid,
      isLost: () => by.lost,
      release: async () => {
        if (released) return
        released = true
        if (by.lost) return
        await ask(by, key, false).catch(() => {})
      },
    }
  }

  /** One after another: a session that asks twice at once would take one lock twice. */
  let choosing: Promise<unknown> = Promise.resolve()
  const choose = async (keys: readonly bigint[], along: bigint | undefined): ReturnType<Locks['takeOneOf']> => {
    const notMine = (): readonly bigint[] => keys.filter((key) => !mine.has(key))
    // One that is on its way back is waited for: it may be had at once.
    if (notMine().length === 0) await (await holder?.catch(() => undefined))?.asking
    const free = notMine()
    if (free.length === 0) return undefined
    const by = await hold()
    const other = along === undefined || mine.has(along) ? undefined : along
    if (other !== undefined) mine.add(other)
    try {
      const { rows: [row] } = await by.client.query<{ key: string; along: boolean }>({ name: 'ledger-locks-one-of', text: ASK_ONE_OF, values: [free.map(String), other === undefined ? null : String(other)] })
      if (by.lost) return undefined
      if (other !== undefined && !row?.along) mine.delete(other)
      if (!row) return undefined
      mine.add(BigInt(row.key))
      return { taken: taken(by, BigInt(row.key)), ...(other !== undefined && row.along ? { along: taken(by, other) } : {}) }
    } catch (error) {
      lose(by)
      throw error
    }
  }

  return {
    takeOneOf: (keys, along) => {
      const chosen = choosing.then(() => choose(keys, along))
      choosing = chosen.catch(() => undefined)
      return chosen
    },
    take: async (documentId, destination) => {
      const key = lockKey(documentId, destination)
      if (mine.has(key)) return undefined
      mine.add(key)
      let by: Holder | undefined
      try {
        by = await hold()
        mine.add(key)
        if (await ask(by, key, true)) return taken(by, key)
        if (!by.lost) mine.delete(key)
        return undefined
      } catch (error) {
        if (!by?.lost) mine.delete(key)
        throw error
      }
    },
    close: async () => {
      closed = true
      const by = await holder?.catch(() => undefined)
      await by?.asking
      // Closing the connection gives back whatever was still held.
      if (by) lose(by)
    },
  }
}
