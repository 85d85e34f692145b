// A PostgreSQL of our own, for a machine that has none: made on first use under DATA_DIR/postgres, reachable on
// loopback with a random password, found again after the engine was killed, started again if it dies. It refuses
// other users of the machine, a second engine on the same directory, and to trade durability for speed.
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Client } from 'pg'
import { asFailure, Failure } from '../../errors.ts'
import type { Say } from '../../observe/events.ts'
import { findBinaries } from './binaries.ts'
import { prepareCluster, ROLE } from './cluster.ts'
import { lockDirectory } from './lock.ts'
import { giveTo, ownerOf, withReach } from './owner.ts'
import { findOrStart, stopServer } from './server.ts'
import type { Place, Server } from './server.ts'
import { isRunning } from '../processes.ts'

export const DATABASE = 'openletter'
const WATCH_MS = 500
const WRONG_PASSWORD = '28P01'
const NO_SUCH_DATABASE = '3D000'

export type Embedded = {
  /** Holds the password: never to be logged. */
  readonly url: string
  /** Fast shutdown, and gives the directory back. */
  stop(): Promise<void>
}

export const address = (password: string, port: number, database: string) => `postgresql://${ROLE}:${password}@127.0.0.1:${port}/${database}`

/** The first row of the answer, on a connection of its own. */
export const ask = async <T extends object>(url: string, question: string): Promise<T | undefined> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, application_name: 'openletter' })
  client.on('error', () => {})
  await client.connect()
  return client.query<T>(question).then(({ rows }) => rows[0]).finally(() => client.end())
}

/** Whether our server is on this port, with our database in it; `withoutDatabase` says what of one that has none yet. */
export const answers = (password: string, withoutDatabase: (port: number) => Promise<boolean>) => async (port: number): Promise<boolean> => {
  try {
    await ask(address(password, port, DATABASE), 'select 1')
    return true
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === WRONG_PASSWORD) throw new Failure('EMBEDDED_POSTGRES', 'The password kept beside the data is not the server\'s: restore both from one backup.')
    return code === NO_SUCH_DATABASE ? withoutDatabase(port) : false
  }
}

/** On the first day. */
const makeDatabase = (password: string) => async (port: number): Promise<boolean> => {
  await ask(address(password, port, 'postgres'), `create database ${DATABASE}`)
  return true
}

/** What the file system refused, in words: mostly a DATA_DIR that was made by another user. */
export const told = (error: unknown): Failure => {
  const { code, path, syscall } = error as NodeJS.ErrnoException
  if (error instanceof Failure || !code) return asFailure(error)
  const hint = code === 'EACCES' || code === 'EPERM' ? ': it belongs to another user, perhaps because the engine ran as root before; start it as that user, or set another DATA_DIR' : ''
  return new Failure('EMBEDDED_POSTGRES', `${syscall ?? 'using'} ${path ?? 'DATA_DIR'} failed (${code})${hint}.`, { cause: error })
}

const prepare = async (dataDir: string) => {
  const home = resolve(dataDir, 'postgres')
  const owner = ownerOf(home)
  await mkdir(resolve(dataDir), { recursive: true })
  await mkdir(home, { recursive: true, mode: 0o700 })
  giveTo(owner, home)
  const binaries = await findBinaries(process.platform, process.arch, join(home, 'lib'))
  return { home, owner: withReach(owner, [home, binaries.postgres]), binaries }
}

/** Starts the server again, on the same port, whenever it is found dead; the engine's pool finds it by itself. */
const watch = (server: Server, place: Place, isOurs: (port: number) => Promise<boolean>, say: Say) => {
  let [current, busy, stopped] = [server, Promise.resolve(), false]
  const look = async () => {
    if (stopped || (await isRunning(current.pid))) return
    if (stopped) return
    say('part_failed', { part: 'postgresql', code: 'EMBEDDED_POSTGRES', detail: 'The embedded server died and is started again.' })
    const began = performance.now()
    current = await findOrStart(place, isOurs, current.port)
    if (current.port !== server.port) throw new Failure('EMBEDDED_POSTGRES', 'The server died, and its port was taken before it was back: restart the engine.')
    say('database_started', { how: current.how, ms: Math.round(performance.now() - began) })
  }
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    busy = look()
      .catch((error: unknown) => { say('part_failed', { part: 'postgresql', code: 'EMBEDDED_POSTGRES', detail: asFailure(error).detail }) })
      .finally(() => { looking = false })
  }, WATCH_MS).unref()
  return async () => {
    stopped = true
    clearInterval(timer)
    await busy
    await stopServer(place, current.pid)
  }
}

const open = async (dataDir: string, say: Say): Promise<Embedded> => {
  const began = performance.now()
  const { home, owner, binaries } = await prepare(dataDir)
  const unlock = await lockDirectory(join(home, 'engine.pid'))
  try {
    const { cluster, password } = await prepareCluster(home, binaries, owner)
    const place = { home, cluster, binaries, owner }
    const isOurs = answers(password, makeDatabase(password))
    const server = await findOrStart(place, isOurs)
    if (server.how === 'started' && !(await isOurs(server.port))) throw new Failure('EMBEDDED_POSTGRES', `The server on ${cluster} started but does not answer: see ${join(home, 'log')}.`)
    say('database_started', { how: server.how, ms: Math.round(performance.now() - began) })
    const stopWatched = watch(server, place, isOurs, say)
    let stopping: Promise<void> | undefined
    return { url: address(password, server.port, DATABASE), stop: () => (stopping ??= stopWatched().finally(unlock)) }
  } catch (error) {
    await unlock()
    throw error
  }
}

/**
 * `dataDir` is the engine's DATA_DIR: all of PostgreSQL's goes into `postgres/` below it. Rejects with Failure
 * EMBEDDED_POSTGRES.
 */
export const startEmbedded = ({ dataDir, say }: { readonly dataDir: string; readonly say: Say }): Promise<Embedded> =>
  open(dataDir, say).catch((error: unknown) => { throw told(error) })
