// BullMQ on the process's own pool of PostgreSQL connections. It refuses a pool of its own: one process, one pool.
// Each worker pins one connection of the pool for LISTEN, for as long as it runs.
import { createPostgresBackend, Queue, runMigrations, Worker, type PgPool, type PgPoolClient } from 'bullmq'
import type { Pool, PoolClient } from 'pg'
import type { Backend, JobQueue, JobWorker } from './wake.ts'

/** BullMQ writes its names without a schema; ours come first, so a table of the ledger is never shadowed. */
const SEARCH_PATH = 'set search_path to public, bullmq'

/** The pool as BullMQ sees it: every connection finds BullMQ's schema, and closing a queue leaves the pool open. */
const facade = (pool: Pool): PgPool => {
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
    query: async (text: string, params?: readonly unknown[]) => {
      const client = await checkOut()
      let broken = false
      try {
        return await client.query(text, params as unknown[])
      } catch (error) {
        // An error with an SQLSTATE came from a server that is still there.
        broken = typeof (error as { severity?: unknown }).severity !== 'string'
        throw error
      } finally {
        client.release(broken)
      }
    },
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
  const connection = facade(pool)
  return {
    name: 'postgresql',
    ready: () => true,
    queue: (name) => new Queue(name, { connection }, createPostgresBackend) as unknown as JobQueue,
    worker: (name, handler, options) => new Worker(name, handler, { ...options, connection }, createPostgresBackend) as unknown as JobWorker,
    close: async () => undefined,
  }
}
