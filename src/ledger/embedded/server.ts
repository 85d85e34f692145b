// Starts, finds again and stops the PostgreSQL server on one data directory. It refuses to run two servers there,
// and to touch a process that is not one of ours.
import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Failure } from '../../errors.ts'
import type { Binaries } from './binaries.ts'
import { environment } from './cluster.ts'
import { asOwner, giveTo } from './owner.ts'
import type { Owner } from './owner.ts'
import { isRunning, servesDirectory } from '../processes.ts'

export type Place = { readonly home: string; readonly cluster: string; readonly binaries: Binaries; readonly owner: Owner }
export type Server = { readonly pid: number; readonly port: number; readonly how: 'started' | 'adopted' }

const FIND_MS = 10_000
/** Recovery after a power cut reads back all that was written since the last checkpoint. */
const RECOVER_MS = 120_000
const STOP_MS = 30_000
const LOG_BYTES = 5_000_000

// Durable before all else. Nothing of a failed statement goes to the log: its text and values may be a patient's.
const SETTINGS = {
  listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '100', cluster_name: 'openletter',
  fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', shared_buffers: '128MB', max_wal_size: '1GB', jit: 'off',
  timezone: 'UTC', log_timezone: 'UTC', logging_collector: 'off', log_min_messages: 'log', log_min_error_statement: 'panic',
  log_error_verbosity: 'terse', log_checkpoints: 'off', log_parameter_max_length: '0', log_parameter_max_length_on_error: '0',
} as const

type PidFile = { readonly pid: number; readonly port: number; readonly state: string }

const pidPath = (place: Place) => join(place.cluster, 'postmaster.pid')

const readPidFile = async (place: Place): Promise<PidFile | undefined> => {
  const lines = (await readFile(pidPath(place), 'utf8').catch(() => '')).split('\n')
  return lines[0] ? { pid: Number(lines[0]), port: Number(lines[3] ?? 0), state: (lines[7] ?? '').trim() } : undefined
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

const openLog = async (place: Place) => {
  const path = join(place.home, 'log')
  const size = await stat(path).then(({ size }) => size, () => 0)
  if (size > LOG_BYTES) await rename(path, `${path}.1`)
  const descriptor = openSync(path, 'a', 0o600)
  giveTo(place.owner, path)
  return { path, descriptor, from: size > LOG_BYTES ? 0 : size }
}

/** The last complaint in the server's log since an offset. */
const complaint = async (path: string, from: number) => {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16_384), 0, 16_384, from)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n').filter((line) => line.trim() !== '')
    return (lines.findLast((line) => /FATAL|PANIC|error/.test(line)) ?? lines.at(-1) ?? 'it said nothing').replace(/^.*?(FATAL|PANIC): */, '')
  } finally {
    await file.close()
  }
}

/** Another process was quicker to the port, or a killed server's children have not all gone yet. */
const isPassing = (said: string) => /could not create any TCP|could not bind|Address already in use|shared memory block|lock file/.test(said)

const launch = async (place: Place, port: number): Promise<Server | { readonly said: string }> => {
  const log = await openLog(place)
  const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // A group of its own: Ctrl-C reaches the engine alone, which then stops the server last.
  const { program, args, as } = asOwner(place.owner, place.binaries.postgres, ['-D', place.cluster, ...settings])
  const child = spawn(program, args, {
    ...as, cwd: '/', detached: true, env: environment(place.binaries), stdio: ['ignore', log.descriptor, log.descriptor], windowsHide: true,
  })
  closeSync(log.descriptor)
  let ended: string | undefined
  child.on('error', (error) => { ended = error.message })
  child.on('exit', () => { ended ??= '' })
  child.unref()
  for (const until = performance.now() + RECOVER_MS; performance.now() < until; await sleep(5)) {
    if (ended !== undefined) return { said: ended || (await complaint(log.path, log.from)) }
    const file = await readPidFile(place)
    if (child.pid !== undefined && file?.pid === child.pid && file.state === 'ready') return { pid: child.pid, port, how: 'started' }
  }
  return { said: `it was not ready after ${RECOVER_MS / 1000} s: see ${log.path}` }
}

/** `answers` says whether the server on a port is the one whose password we have. `wanted` is tried first. */
export const findOrStart = async (place: Place, answers: (port: number) => Promise<boolean>, wanted?: number): Promise<Server> => {
  let trouble = ''
  let port = wanted
  for (const until = performance.now() + FIND_MS; performance.now() < until; await sleep(20)) {
    const file = await readPidFile(place)
    if (file && (await servesDirectory(file.pid, place.cluster))) {
      if (file.state === 'ready' && (await answers(file.port))) return { pid: file.pid, port: file.port, how: 'adopted' }
      trouble = `a server (process ${file.pid}, ${file.state || 'unknown state'}) holds the data directory and does not answer`
      continue
    }
    // Left by a dead or zombie server, or its id belongs to another program by now: PostgreSQL itself would wait for
    // ever. Children of a dead server that still write are found by PostgreSQL through their shared memory.
    if (file) await rm(pidPath(place), { force: true })
    const launched = await launch(place, port ?? (await freePort()))
    if ('pid' in launched) return launched
    trouble = launched.said
    if (!isPassing(trouble)) break
    port = undefined
  }
  throw new Failure('EMBEDDED_POSTGRES', `The server on ${place.cluster}: ${trouble}.`)
}

const isGone = async (pid: number, withinMs: number) => {
  for (const until = performance.now() + withinMs; performance.now() < until; await sleep(10)) {
    if (!(await isRunning(pid))) return true
  }
  return !(await isRunning(pid))
}

const signal = (pid: number, name: NodeJS.Signals) => {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Fast shutdown: open transactions are rolled back, everything committed is written out. */
export const stopServer = async (place: Place, pid: number): Promise<void> => {
  if (!(await servesDirectory(pid, place.cluster))) return
  if (process.platform === 'win32') {
    await promisify(execFile)(place.binaries.pgCtl, ['stop', '-D', place.cluster, '-m', 'fast', '-w'], { env: environment(place.binaries) })
    return
  }
  signal(pid, 'SIGINT')
  if (await isGone(pid, STOP_MS)) return
  // At once, as after a power cut: the next start recovers from the log.
  signal(pid, 'SIGQUIT')
  if (!(await isGone(pid, STOP_MS))) throw new Failure('EMBEDDED_POSTGRES', `The server (process ${pid}) does not stop.`)
}
