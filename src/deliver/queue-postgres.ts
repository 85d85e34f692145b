// BullMQ on the process's own pool of PostgreSQL connections. What asks is answered on one connection that is kept, with
// each statement prepared once; each worker pins another for LISTEN, for as long as it runs. It refuses a pool of its own
// (one process, one pool), and to let its connection back among those of the ledger.
import { createPostgresBackend, Queue, runMigrations, Worker, type PgPool, type PgPoolClient } from 'bullmq'
import type { Pool, PoolClient } from 'pg'
import type { Backend, JobQueue, JobWorker } from './wake.ts'

/** BullMQ writes its names without a schema; ours come first, so a table of the ledger is never shadowed. */
const SEARCH_PATH = 'set search_path to public, bullmq'

// A wake-up that a crash of PostgreSQL takes away costs the time until the sweeper comes by, for the ledger says what is
// owed; and a job that comes back, because its end was lost, finds nothing to do. So the queue waits for no disk. What
// was written to the ledger first is never lost with it: PostgreSQL keeps its own order.
// A plan that was made while the queue was short must not outlive its growth.
const KEPT = `${SEARCH_PATH}; set synchronous_commit to off; set enable_seqscan to off`

const PATIENCE_MS = 5_000

/** The one connection for statements. A new one where it broke. */
const openKept = (pool: Pool) => {
  const names = new Map<string, string>()
  let kept: Promise<PoolClient> | undefined
  let underWay = 0
  let whenIdle: (() => void) | undefined
  let closed = false

  const forget = (one: Promise<PoolClient>): void => {
    if (kept !== one) return
    kept = undefined
    void one.then((client) => client.release(true), () => undefined)
  }
  const open = async (lost: () => void): Promise<PoolClient> => {
    const client = await pool.connect()
    for (const end of ['error', 'end']) client.once(end, lost)
    // Statements are answered in the order in which they are sent: this one before any other.
    client.query(KEPT).catch(lost)
    return client
  }
  const client = (): Promise<PoolClient> => {
    if (closed) throw new Error('The queue is closed.')
    if (kept) return kept
    const opening: Promise<PoolClient> = open(() => forget(opening))
    kept = opening
    return opening
  }
  /** BullMQ's statements are the same few texts: parsed and planned once. */
  const named = (text: string): string => {
    const known = names.get(text)
    if (known !== undefined) return known
    const name = `queue-${names.size}`
    names.set(text, name)
    return name
  }

  return {
    query: async (text: string, values?: readonly unknown[]) => {
      const asked = client()
      underWay += 1
      try {
        const on = await asked
        return await (values && values.length > 0 ? on.query({ name: named(text), text, values: [...values] }) : on.query(text))
      } catch (error) {
        // An error with an SQLSTATE came from a server that is still there.
        if (typeof (error as { severity?: unknown }).severity !== 'string') forget(asked)
        throw error
      } finally {
        underWay -= 1
        if (underWay === 0) whenIdle?.()
      }
    },
    close: async () => {
      closed = true
      if (underWay > 0) {
        await new Promise<void>((resolve) => {
          whenIdle = resolve
          setTimeout(resolve, PATIENCE_MS).unref()
        })
      }
      if (kept) forget(kept)
    },
  }
}

/** The pool as BullMQ sees it: every connection finds BullMQ's schema, and closing a queue leaves the pool open. */
const facade = (pool: Pool, kept: ReturnType<typeof openKept>): PgPool => {
  const prepared = new WeakSet<PoolClient>()
  const checkOut = async (): Promise<PoolClient> => {
    const client = await pool.connect()
    if (prepared.has(client)) return client
    try {
      await client.query(SEARCH_PATH)
    } catch (error) {
      client.release(true)
      throw error
    }
    prepared.add(client)
    return client
  }
  const shared = {
    connect: async () => (await checkOut()) as unknown as PgPoolClient,
    query: kept.query,
    end: async () => undefined,
    // Idle connections that break are the pool's owner's affair.
    on: () => shared,
    removeAllListeners: () => shared,
    options: pool.options,
  }
  return shared as unknown as PgPool
}

export const postgresBackend = async (pool: Pool): Promise<Backend> => {
  const client = await pool.connect()
  try {
    await runMigrations(client as unknown as PgPoolClient)
  } finally {
    client.release()
  }
  const kept = openKept(pool)
  const connection = facade(pool, kept)
  let closed = false
  return {
    name: 'postgresql',
    ready: () => !closed,
    // What PostgreSQL says is told where the ledger is.
    refusal: () => undefined,
    queue: (name) => new Queue(name, { connection }, createPostgresBackend) as unknown as JobQueue,
    worker: (name, handler, options) => new Worker(name, handler, { ...options, connection }, createPostgresBackend) as unknown as JobWorker,
    close: () => {
      closed = true
      return kept.close()
    },
  }
}
