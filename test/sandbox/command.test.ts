// `openletter sandbox` as a process of its own: what it prints, how it ends, and how little memory a large document
// takes.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { ReadableStream } from 'node:stream/web'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import { aClient, aDocumentReference, aT02, inEnvelope, ORGANISATION } from '../support/sandbox.ts'

const COMMAND = fileURLToPath(new URL('../../src/commands/sandbox.ts', import.meta.url))
const START = `const { sandbox } = await import(${JSON.stringify(COMMAND)})
try { process.exitCode = await sandbox(process.argv.slice(1), process.env) } catch (error) { console.error(error.message); process.exitCode = 1 }`

const running: ChildProcess[] = []
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

const start = (args: readonly string[] = [], env: Record<string, string> = { SANDBOX_PORT: '0' }, stdin: 'pipe' | 'ignore' = 'ignore') => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', START, '--', ...args], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: [stdin, 'pipe', 'pipe'] })
  running.push(child)
  return child
}

/** All it printed until it said where it listens, and that address. */
const listening = async (child: ChildProcess): Promise<{ printed: string; url: string }> => {
  let printed = ''
  for await (const line of createInterface({ input: child.stdout! })) {
    printed += `${line}\n`
    const url = /^sandbox listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1]
    if (url) return { printed, url }
  }
  throw new Error(`it ended without listening: ${printed}`)
}

const exitOf = async (child: ChildProcess): Promise<number | null> => (child.exitCode === null ? ((await once(child, 'exit')) as [number | null])[0] : child.exitCode)

test('it says that it is not PKB, takes a free port for 0, and ends cleanly on SIGTERM', async () => {
  const child = start()
  const { printed, url } = await listening(child)
  expect(printed).toContain('this is NOT Patients Know Best')
  expect(await (await aClient(url)).record('9990000018')).toMatchObject({ registered: true })
  child.kill('SIGTERM')
  expect(await exitOf(child)).toBe(0)
})

test('with its parent it ends when the pipe from the parent does, and not on Ctrl-C', async () => {
  const child = start(['--with-parent'], { SANDBOX_PORT: '0' }, 'pipe')
  const { url } = await listening(child)
  child.kill('SIGINT')
  expect((await fetch(`${url}/control`)).status).toBe(200)
  child.stdin?.end()
  expect(await exitOf(child)).toBe(0)
})

test('a parent that is killed takes it along', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', `import { spawn } from 'node:child_process'
    const child = spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(START)}, '--', '--with-parent'], { stdio: ['pipe', 'inherit', 'inherit'] })
    console.log('pid ' + child.pid)
    setInterval(() => {}, 1000)`], { env: { PATH: process.env['PATH'] ?? '', SANDBOX_PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(parent)
  const { url } = await listening(parent)
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  // Its standard output is ours through the parent: it closes when the last process that holds it is gone.
  parent.stdout?.resume()
  if (!parent.stdout?.closed) await once(parent.stdout!, 'close')
  await expect(fetch(`${url}/control`)).rejects.toThrow('fetch failed')
})

test('a port that is in use, a port that is none and an unknown argument are refused', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const refused = async (args: readonly string[], port: string) => {
    const child = start(args, { SANDBOX_PORT: port })
    let says = ''
    child.stderr?.on('data', (chunk: Buffer) => { says += chunk.toString() })
    return [await exitOf(child), says]
  }
  expect(await refused([], String((server.address() as AddressInfo).port))).toEqual([1, expect.stringContaining('PORT_TAKEN')])
  expect(await refused([], 'http')).toEqual([1, expect.stringContaining('SETTING_INVALID')])
  expect(await refused(['--forever'], '0')).toEqual([2, expect.stringContaining('--forever')])
  server.close()
})

const peakMegabytes = async (pid: number | undefined): Promise<number> =>
  Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const expectModest = async ({ pid }: ChildProcess): Promise<void> => {
  if (process.platform !== 'linux') return // nobody else tells the peak of another process
  const peak = await peakMegabytes(pid)
  expect(peak).toBeGreaterThan(20)
  expect(peak).toBeLessThan(250)
  if (process.env['SHOW_MEMORY']) console.log(`peak ${peak.toFixed(0)} MB`)
}

/** A request body of 50 MB of base64 in place of `@@`, made piece by piece. */
const largeBody = (around: string) => {
  const piece = Buffer.alloc(3 * 64 * 1024, 'openletter ')
  const pieces = Math.ceil((50 * 1024 * 1024) / piece.length)
  const hash = createHash('sha256')
  for (let i = 0; i < pieces; i++) hash.update(piece)
  const [head = '', tail = ''] = around.split('@@')
  const body = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(head)
    const encoded = Buffer.from(piece.toString('base64'))
    for (let i = 0; i < pieces; i++) yield encoded
    yield Buffer.from(tail)
  }
  return { body, size: pieces * piece.length, sha256: hash.digest('hex') }
}

test('a 50 MB document goes in, comes back and is shown with the process under 250 MB', async () => {
  const child = start()
  const { url } = await listening(child)
  const client = await aClient(url)
  const large = largeBody(JSON.stringify(aDocumentReference({ content: [{ attachment: { contentType: 'application/pdf', title: 'Large', data: '@@' } }] })))
  const created = await fetch(`${url}/fhir/DocumentReference`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'x-org-public-id': ORGANISATION, 'content-type': 'application/fhir+json', prefer: 'return=minimal' },
    body: ReadableStream.from(large.body()),
    duplex: 'half',
  } as unknown as RequestInit)
  expect(created.status).toBe(201)
  const [document] = (await client.record('9990000018')).documents
  expect(document).toMatchObject({ size: large.size, sha256: large.sha256 })

  const hash = createHash('sha256')
  const opened = await fetch(`${url}/records/9990000018/documents/${document?.id}`)
  for await (const chunk of opened.body as unknown as AsyncIterable<Uint8Array>) hash.update(chunk)
  expect(hash.digest('hex')).toBe(large.sha256)
  const read = await client.fhir(`/DocumentReference/${document?.id}`)
  expect((read.body as { content: [{ attachment: { data: string } }] }).content[0].attachment.data).toHaveLength((large.size / 3) * 4)
  await expectModest(child)
})

test('so does one in a SOAP envelope, in less still', async () => {
  const child = start(['--strict'])
  const { url } = await listening(child)
  const client = await aClient(url)
  const large = largeBody(inEnvelope(aT02({ content: '@@' })))
  const reply = await fetch(`${url}/services/hl7`, {
    method: 'POST', headers: { authorization: `Basic ${btoa('openletter:sandbox')}`, 'content-type': 'text/xml' }, body: ReadableStream.from(large.body()), duplex: 'half',
  } as unknown as RequestInit)
  expect(await reply.text()).toContain('MSA|AA|')
  expect((await client.record('9990000018')).documents).toMatchObject([{ size: large.size, sha256: large.sha256 }])
  expect((await client.ask('/control')).body).toMatchObject({ strict: true })
  await expectModest(child)
})
