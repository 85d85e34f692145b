// The sandbox as the engine's child: a kill -9 of the engine, or of both, takes no document out of a record, and the
// next engine need not wait for the old sandbox to be gone. Killed for real.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startSandboxChild, type SandboxChild } from '../../src/commands/sandbox-child.ts'
import { makeFolder } from '../support/folder.ts'
import { aClient, aDocumentReference } from '../support/sandbox.ts'
import { until } from '../support/until.ts'

const CHILD = fileURLToPath(new URL('../../src/commands/sandbox-child.ts', import.meta.url))
const env = { PATH: process.env['PATH'] ?? '', SANDBOX_PORT: '0' }

let folder: ReturnType<typeof makeFolder>
let dir: string
let child: SandboxChild | undefined
const parents: ChildProcess[] = []

beforeEach(() => {
  folder = makeFolder()
  dir = join(folder.path, 'sandbox')
})
afterEach(async () => {
  for (const parent of parents.splice(0)) if (parent.signalCode === null) { parent.kill('SIGKILL'); await once(parent, 'exit') }
  await child?.stop()
  child = undefined
  folder.remove()
})

/** A process that starts a sandbox as the engine does, and does nothing else. */
const aParent = async () => {
  const parent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', `
    const { startSandboxChild } = await import(${JSON.stringify(CHILD)})
    console.log(await startSandboxChild(process.env, ${JSON.stringify(dir)}).url)
    setInterval(() => {}, 1000)`], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  parents.push(parent)
  const [url] = (await once(createInterface({ input: parent.stdout! }), 'line')) as [string]
  return { parent, url }
}

test('after a kill -9 of its parent the next one has all that it answered', async () => {
  for (let kills = 0; kills < 3; kills++) {
    const { parent, url } = await aParent()
    const client = await aClient(url)
    expect((await client.record('9990000018')).documents).toHaveLength(kills)
    expect((await client.create(aDocumentReference({ identifierValue: `letter-${kills}` }))).status).toBe(201)
    parent.kill('SIGKILL')
  }
  child = startSandboxChild(env, dir)
  expect((await (await aClient(await child.url)).record('9990000018')).documents).toHaveLength(3)
}, 30_000)

test('killed alone it is there again, at the same address and with all that it had, and that is told', async () => {
  let told = 0
  child = startSandboxChild(env, dir, () => { told += 1 })
  const url = await child.url
  const client = await aClient(url)
  expect((await client.create(aDocumentReference())).status).toBe(201)
  const [pid] = (await readFile(join(dir, 'lock'), 'utf8')).split('\n')
  process.kill(Number(pid), 'SIGKILL')
  const again = await until('it answers again', () => (told === 0 ? undefined : aClient(url).then((one) => one.record('9990000018')).catch(() => undefined)))
  expect([told, again.documents.length]).toEqual([1, 1])
  await child.stop()
  await expect(client.record('9990000018')).rejects.toThrow('fetch failed')
}, 30_000)

test('it can be stopped while it starts, and says why it did not start', async () => {
  const early = startSandboxChild(env, dir)
  // eslint-disable-next-line jest/valid-expect -- awaited below, once it has been stopped
  const url = expect(early.url).rejects.toMatchObject({ code: 'SETTING_INVALID' })
  await early.stop()
  await url

  child = startSandboxChild(env, dir)
  const port = new URL(await child.url).port
  await expect(startSandboxChild({ ...env, SANDBOX_PORT: port }, join(folder.path, 'other')).url).rejects.toMatchObject({ code: 'PORT_TAKEN', detail: `SANDBOX_PORT ${port} is in use.` })
  await expect(startSandboxChild(env, dir).url).rejects.toMatchObject({ code: 'SETTING_INVALID', detail: expect.stringContaining('Another sandbox') })
}, 30_000)
