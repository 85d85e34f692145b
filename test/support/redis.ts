// A real Redis for a test file: on a unix socket in a folder of its own, nothing kept. It refuses to be silently
// missing: without the program the tests are skipped by name, and under CI=true they fail.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const hasRedis = (): boolean => spawnSync('redis-server', ['--version']).status === 0
/** Whether to run: with the program, or where its absence has to be a failure. */
export const runsRedis = hasRedis() || process.env['CI'] === 'true'

export type TestRedis = { readonly url: string; stop(): Promise<void>; start(): Promise<void>; close(): Promise<void> }

const answers = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const client = connect(socket)
    client.once('connect', () => { client.destroy(); resolve(true) })
    client.once('error', () => resolve(false))
  })

export const startRedis = async (): Promise<TestRedis> => {
  const folder = await mkdtemp(join(tmpdir(), 'openletter-redis-'))
  const socket = join(folder, 'redis.sock')
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' })
    const failed = once(server, 'error').then(([error]) => { throw error as Error })
    failed.catch(() => undefined)
    for (let waited = 0; waited < 200; waited += 1) {
      if (await Promise.race([answers(socket), failed])) return
      await delay(25)
    }
    throw new Error('redis-server does not answer')
  }
  const stop = async (): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url: socket,
    start,
    stop,
    close: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
