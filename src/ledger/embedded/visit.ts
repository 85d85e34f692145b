// The embedded PostgreSQL for a command that has a question while an engine may run on the same DATA_DIR: the running
// server is used as it is, and only one that a visitor itself started is stopped, by the last visitor to leave. It
// refuses to make a database, to take the engine's lock, and to stop a server that an engine uses.
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../errors.ts'
import { findBinaries } from './binaries.ts'
import { isLocked } from './lock.ts'
import { ownerOf, withReach } from './owner.ts'
import { findOrStart, stopServer } from './server.ts'
import type { Place, Server } from './server.ts'
import { address, answers, ask, DATABASE, told } from './embedded.ts'
import type { Embedded } from './embedded.ts'

/** How long a server may take to notice that somebody hung up. */
const LEAVE_MS = 500

const withoutDatabase = (home: string) => (): never => { throw new Failure('LEDGER_MISSING', `The server in ${home} runs, and no engine has made its database yet.`) }

/** Which server a visitor started: its process id. An engine that took it over meanwhile holds the engine's lock. */
const markOf = (home: string): string => join(home, 'visited')

const nobodyElse = async (url: string): Promise<boolean> => {
  for (const until = performance.now() + LEAVE_MS; performance.now() < until; await sleep(20)) {
    const others = await ask<{ count: number }>(url, "select count(*)::int as count from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()")
    if (others?.count === 0) return true
  }
  return false
}

const leave = async (place: Place, server: Server, url: string): Promise<void> => {
  const mark = markOf(place.home)
  const started = Number(await readFile(mark, 'utf8').catch(() => '')) === server.pid
  if (!started || (await isLocked(join(place.home, 'engine.pid'))) || !(await nobodyElse(url))) return
  // Once more, at the last moment: an engine that starts takes its lock before it looks for a server.
  if (await isLocked(join(place.home, 'engine.pid'))) return
  await rm(mark, { force: true })
  await stopServer(place, server.pid)
}

const visit = async (dataDir: string): Promise<Embedded> => {
  const home = resolve(dataDir, 'postgres')
  const cluster = join(home, 'cluster')
  const made = await stat(join(cluster, 'PG_VERSION')).then(() => true, (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
    throw error
  })
  if (!made) throw new Failure('LEDGER_MISSING', `DATABASE_URL is not set, and ${home} holds no database.`)
  const password = (await readFile(join(home, 'password'), 'utf8')).trim()
  const binaries = await findBinaries(process.platform, process.arch, join(home, 'lib'))
  const place: Place = { home, cluster, binaries, owner: withReach(ownerOf(home), [home, binaries.postgres]) }
  const server = await findOrStart(place, answers(password, withoutDatabase(home)))
  const url = address(password, server.port, DATABASE)
  if (server.how === 'started') await writeFile(markOf(home), `${server.pid}\n`, { mode: 0o600 })
  return { url, stop: () => leave(place, server, url).catch((error: unknown) => { throw told(error) }) }
}

/** Rejects with Failure LEDGER_MISSING where there is nothing to look at, else EMBEDDED_POSTGRES. */
export const visitEmbedded = (dataDir: string): Promise<Embedded> => visit(dataDir).catch((error: unknown) => { throw told(error) })
