// A Redis of the bench's own that makes every write durable before it answers, as docker-compose.yml has it.
import { connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { atEnd, freePorts, startChild } from './processes.ts'
import { bareEnvironment } from './sandbox.ts'

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const client = connect(port, '127.0.0.1')
    client.once('connect', () => { client.destroy(); resolve(true) })
    client.once('error', () => resolve(false))
  })

export const startRedis = async (): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-redis-'))
  const forget = atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const [port = 0] = await freePorts(1)
  const flags = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']
  const server = startChild('redis-server', flags, { env: bareEnvironment(), log: join(folder, 'redis.log') })
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (tries > 200 || server.hasEnded()) throw new Error('redis-server does not answer.')
    await delay(25)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      await server.stop()
      forget()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
