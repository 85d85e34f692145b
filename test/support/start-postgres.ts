// Jest's globalSetup: answers the first test file that asks for a database by starting one PostgreSQL for the whole
// run. A run that asks for none starts none.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

declare global {
  var stopTestPostgres: (() => Promise<void>) | undefined
}

const start = async (): Promise<{ child: ChildProcess; url: string }> => {
  const keeper = fileURLToPath(new URL('postgres-keeper.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', keeper], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout!.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (text.includes('\n')) resolve(text.trim())
    })
    child.on('exit', () => reject(new Error('the PostgreSQL of the test run did not start')))
  })
  return { child, url }
}

const setup = async () => {
  let kept: ReturnType<typeof start> | undefined
  const door = createServer((socket) => {
    socket.on('error', () => {})
    kept ??= start()
    kept.then(({ url }) => socket.end(url), (error: Error) => socket.end(`failed: ${error.message}`))
  })
  await once(door.listen(0, '127.0.0.1').unref(), 'listening')
  process.env['TEST_POSTGRES_DOOR'] = String((door.address() as AddressInfo).port)
  globalThis.stopTestPostgres = async () => {
    door.close()
    const { child } = (await kept?.catch(() => undefined)) ?? {}
    if (!child || child.exitCode !== null) return
    const gone = once(child, 'exit')
    child.stdin!.end()
    await gone
  }
}

export default setup
