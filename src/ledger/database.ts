// One pool of connections to PostgreSQL per process, and transactions on it. It refuses to let a lost connection
// end the process, to wait without end, and to let an address with its password into an error.
import { Pool } from 'pg'
import type { PoolClient, PoolConfig } from 'pg'
import { Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'

const CONNECT_MS = 15_000
const STATEMENT_MS = 60_000
/** Past this the server itself would have given up: nobody is there any more. */
const ANSWER_MS = 75_000

/** For the few statements that may take as long as they need: `{ text, ...AS_LONG_AS_IT_TAKES }`. */
export const AS_LONG_AS_IT_TAKES = { query_timeout: 2_147_483_647 } as const

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'ENOENT'])
// What the driver says without a code.
const LOST = /^(Connection terminated|Query read timeout|timeout e|Client (has encountered a connection error|was closed))/
/** SQLSTATE: connection exceptions, server shutting down or starting, too many connections. */
const STATES = /^(08...|57P0[1235]|53300)$/

/** What a SQLSTATE means to whoever runs the server. */
const MEANS: { readonly [state: string]: string } = {
  '28P01': 'it refuses the user or the password', '28000': 'it refuses the user or where it comes from', '3D000': 'it has no database of that name',
  '53300': 'it has no connection left: look who holds them, or raise max_connections', '57P01': 'the connection was ended there', '57P02': 'it has crashed and starts again', '57P03': 'it is starting or stopping',
  '25006': 'it takes no writes: it was made read-only, or is a replica', '53100': 'its disk is full', '53200': 'it has no memory left', '58030': 'its disk cannot be read or written',
}
export const inWords = (state: string): string => [state, MEANS[state]].filter(Boolean).join(': ')

const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code

const isLost = (error: unknown): boolean => {
  const code = codeOf(error)
  if (typeof code === 'string') return NETWORK.has(code) || STATES.test(code)
  return error instanceof Error && LOST.test(error.message)
}

/** A code, or a sentence of the driver's own. */
const bare = (error: unknown): string => {
  const code = codeOf(error)
  return typeof code === 'string' ? code : error instanceof Error && LOST.test(error.message) ? error.message : 'no answer'
}
const reason = (error: unknown): string => inWords(bare(error))

const place = (url: string) => {
  try {
    const { hostname, port, pathname, protocol } = new URL(url)
    if (['postgres:', 'postgresql:'].includes(protocol)) return `${hostname || 'localhost'}:${port || 5432}${pathname}`
  } catch {
    // The parser's own error would repeat the address, and the password in it.
  }
  throw new Failure('SETTING_INVALID', 'DATABASE_URL is not an address such as postgresql://user:password@host:5432/openletter.')
}

const unreachable = (at: string, error: unknown) =>
  error instanceof Failure ? error : new Failure('DATABASE_UNREACHABLE', `${at} (${reason(error)}).`, { cause: error })

/** What to call a pool's server in an error: without user and password. */
const places = new WeakMap<Pool, string>()

/** Failure DATABASE_UNREACHABLE in place of the driver's many ways to say so; any other error is thrown on as it is. */
const mapped = (pool: Pool, at: string): Pool => {
  // Typed by hand: the driver's overloads for callbacks and promises cannot be kept otherwise.
  type Loose = (...args: unknown[]) => unknown
  const wrap = (inner: Loose, think: (error: unknown) => unknown): Loose => (...args) => {
    const callback = args.at(-1)
    if (typeof callback === 'function') {
      return inner(...args.slice(0, -1), (error: unknown, ...rest: unknown[]) => (callback as Loose)(error ? think(error) : error, ...rest))
    }
    const result = inner(...args)
    return result instanceof Promise ? result.catch((error: unknown) => { throw think(error) }) : result
  }
  const loose = pool as unknown as { connect: Loose; query: Loose }
  loose.connect = wrap(loose.connect.bind(pool), (error) => unreachable(at, error))
  loose.query = wrap(loose.query.bind(pool), (error) => (isLost(error) ? unreachable(at, error) : error))
  return pool
}

/** Opens nothing yet: the first query does. `max` connections at most; end it with `pool.end()`. */
export const connect = (url: string, { max, say }: { readonly max: number; readonly say?: Say }): Pool => {
  const at = place(url)
  const pool = new Pool({
    connectionString: url, max, application_name: 'openletter', keepAlive: true, keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: CONNECT_MS, idleTimeoutMillis: 60_000, statement_timeout: STATEMENT_MS, query_timeout: ANSWER_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    // Statements are sent as they come, without waiting for the answer to the one before.
    pipeline: true,
  } as PoolConfig)
  // An idle connection that breaks is replaced by the pool; one that is in use fails its query, which tells its caller.
  pool.on('error', (error) => { if (!pool.ending) say?.('database_lost', { code: bare(error) }) })
  pool.on('connect', (client) => { client.on('error', () => {}) })
  places.set(pool, at)
  return mapped(pool, at)
}

const END_MS = 5_000

/** Waits for what is under way, and not for a connection that somebody never gave back: that must not keep an engine from stopping. */
export const endPool = async (pool: Pool, withinMs = END_MS): Promise<void> => {
  let impatient: NodeJS.Timeout | undefined
  await Promise.race([pool.end(), new Promise((resolve) => { impatient = setTimeout(resolve, withinMs) })]).finally(() => clearTimeout(impatient))
}

/** Hands over a statement that was sent and whose answer nobody needs before the commit. */
export type Ahead = (statement: Promise<unknown>) => void

/**
 * All or nothing: commits what `fn` did, or rolls it back and throws what `fn` threw. What is sent `ahead` shares one
 * round trip with its neighbours and with the commit: if any of it fails, PostgreSQL makes of the commit a rollback.
 * Where the connection breaks during the commit itself, Failure DATABASE_UNREACHABLE leaves open which of the two happened.
 */
export const inTransaction = async <T>(pool: Pool, fn: (client: PoolClient, ahead: Ahead) => Promise<T>, opening = 'begin'): Promise<T> => {
  const client = await pool.connect()
  let broken: boolean | undefined
  const sent: Promise<unknown>[] = []
  const ahead: Ahead = (statement) => {
    statement.catch(() => {})
    sent.push(statement)
  }
  try {
    ahead(client.query(opening))
    const result = await fn(client, ahead)
    ahead(client.query('commit'))
    const failed = (await Promise.allSettled(sent)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    return result
  } catch (error) {
    broken = isLost(error)
    if (!broken) await client.query('rollback').catch(() => { broken = true })
    throw broken && isLost(error) ? unreachable(places.get(pool) ?? 'the database', error) : error
  } finally {
    client.release(broken)
  }
}
