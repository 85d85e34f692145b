// A sandbox with a directory: what it answered is there afterwards, however it ended. The kills are real ones, of a
// process in the middle of its work.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { makeFolder } from '../support/folder.ts'
import { aClient, aDocumentReference, aPdf, aT02, aT11, sha256 } from '../support/sandbox.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: ReturnType<typeof makeFolder>
let dir: string
const open: Sandbox[] = []
const running: ChildProcess[] = []

beforeEach(() => {
  folder = makeFolder()
  dir = join(folder.path, 'sandbox')
})

afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.close()
  for (const child of running.splice(0)) await kill(child)
  folder.remove()
})

const start = async () => {
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now: () => new Date(), newId: randomUUID, dir })
  open.push(sandbox)
  return aClient(sandbox.url)
}
const close = async (): Promise<void> => { await open.pop()!.close() }
const restart = async () => {
  await close()
  return start()
}

const spawned = (...args: readonly string[]) => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'sandbox', '--keep', dir, ...args], { env: { PATH: process.env['PATH'] ?? '', SANDBOX_PORT: '0' }, stdio: ['pipe', 'pipe', 'pipe'] })
  running.push(child)
  return child
}
const listening = async (child: ChildProcess): Promise<{ readonly url: string; readonly printed: string }> => {
  let printed = ''
  for await (const line of createInterface({ input: child.stdout! })) {
    printed += `${line}\n`
    const url = /^sandbox listening on (\S+)$/.exec(line)?.[1]
    if (url) return { url, printed }
  }
  throw new Error(`it ended without listening: ${printed}`)
}
const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const idOf = (reply: { readonly body: unknown }): string => (reply.body as { id: string }).id
const bytesKept = (): number => readdirSync(dir).filter((name) => name.startsWith('bytes-')).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
const lines = (): number => readFileSync(join(dir, 'journal'), 'utf8').trimEnd().split('\n').length

test('people, documents with their bytes, versions and deletions are there after a restart, and after another', async () => {
  let client = await start()
  const large = Buffer.alloc(700_000, 'a letter of several pieces ')
  const id = idOf(await client.create(aDocumentReference({ identifierValue: 'stays', pdf: large })))
  const changedId = idOf(await client.create(aDocumentReference({ identifierValue: 'changes' })))
  await client.fhir(`/DocumentReference/${changedId}`, { method: 'PUT', resource: { ...aDocumentReference({ identifierValue: 'changes', pdf: aPdf('second') }), id: changedId } })
  const goneId = idOf(await client.create(aDocumentReference({ identifierValue: 'goes', pdf: Buffer.alloc(3_000_000, 'gone ') })))
  await client.fhir(`/DocumentReference/${goneId}`, { method: 'DELETE' })
  await client.control({ patients: [{ nhsNumber: '9990000107', birthDate: '1980-01-01', registered: true }, { nhsNumber: '9990000018', registered: false }] })
  const before = await client.record('9990000018')
  const whole = await client.fhir(`/DocumentReference/${id}`)

  for (let restarts = 0; restarts < 2; restarts++) {
    client = await restart()
    expect(await client.record('9990000018')).toEqual(before)
    expect(before.documents.map((one) => one.sha256)).toEqual([sha256(large), sha256(aPdf('second'))])
    expect((await client.fhir(`/DocumentReference/${id}`)).body).toEqual(whole.body)
    const opened = await fetch(`${open[0]!.url}/records/9990000018/documents/${id}`)
    expect(sha256(Buffer.from(await opened.arrayBuffer()))).toBe(sha256(large))
    expect((await client.fhir(`/DocumentReference/${changedId}`)).headers.get('etag')).toBe('W/"2"')
    expect((await client.fhir(`/DocumentReference/${goneId}`)).status).toBe(410)
    expect(await client.record('9990000107')).toMatchObject({ registered: true })
    expect(before.registered).toBe(false)
  }
  // What was deleted and replaced takes no room any more, and what is left is found by its identifier.
  expect(bytesKept()).toBe(large.length + aPdf('second').length)
  expect(lines()).toBe(1 + 1 + 3)
  const again = await client.create(aDocumentReference({ identifierValue: 'stays' }), { 'if-none-exist': 'identifier=urn:openletter:document|stays' })
  expect([again.status, idOf(again)]).toEqual([200, id])
})

test('documents by HL7, what was read, what is held and what was decided are there after a restart, and after another', async () => {
  let client = await start()
  const large = Buffer.alloc(700_000, 'a letter of several pieces ')
  const wrongDay = { birthDate: '19700102' }
  await client.hl7(aT02({ documentNumber: 'stays', pdf: large, delay: '3' }))
  await client.hl7(aT02({ documentNumber: 'gone', pdf: Buffer.alloc(3_000_000, 'gone ') }))
  await client.hl7(aT11('gone'))
  await client.hl7(aT02({ documentNumber: 'held', pdf: aPdf('held'), ...wrongDay }))
  for (const documentNumber of ['accepted', 'rejected']) await client.hl7(aT02({ documentNumber, ...wrongDay }))
  await client.hl7(aT02({ nhsNumber: '9990000034', documentNumber: 'new' }))
  await client.control({ quarantine: { accept: ['accepted'], reject: ['rejected'] }, read: [{ documentNumber: 'stays' }] })
  const before = await client.record('9990000018')
  expect(before).toMatchObject({ quarantined: 1, documents: [{ documentNumber: 'stays', readAt: expect.any(String), visibleFrom: expect.any(String) }, { documentNumber: 'accepted' }] })

  for (let restarts = 0; restarts < 2; restarts++) {
    client = await restart()
    expect(await client.record('9990000018')).toEqual({ ...before, documents: expect.arrayContaining(before.documents) })
    expect((await client.record('9990000034')).documents).toHaveLength(1)
  }
  // The three letters that stand, and the one that is held.
  expect(bytesKept()).toBe(large.length + 3 * aPdf().length - aPdf().length + aPdf('held').length)
  await client.hl7(aT02({ documentNumber: 'accepted', pdf: aPdf('second'), ...wrongDay }))
  await client.hl7(aT02({ documentNumber: 'rejected', ...wrongDay }))
  await client.control({ quarantine: { accept: ['held'] } })
  client = await restart()
  const after = await client.record('9990000018')
  expect(after.quarantined).toBe(0)
  expect(after.documents.map((one) => one.sha256).toSorted()).toEqual([large, aPdf('second'), aPdf('held')].map(sha256).toSorted())
  for (const { id, sha256: hash } of after.documents.filter((one) => one.visibleFrom === null)) {
    expect(sha256(Buffer.from(await (await fetch(`${open[0]!.url}/records/9990000018/documents/${id}`)).arrayBuffer()))).toBe(hash)
  }
})

test('what an earlier sandbox kept, which knew no HL7, is read as FHIR', async () => {
  let client = await start()
  const id = idOf(await client.create(aDocumentReference()))
  await close()
  writeFileSync(join(dir, 'journal'), readFileSync(join(dir, 'journal'), 'utf8').replaceAll('"by":"fhir",', '').replaceAll(',"by":"fhir"', ''))
  expect(readFileSync(join(dir, 'journal'), 'utf8')).not.toContain('"by"')
  client = await start()
  expect((await client.fhir(`/DocumentReference/${id}`)).status).toBe(200)
  expect((await client.record('9990000018')).documents).toMatchObject([{ id, by: 'fhir' }])
})

test('a token, a fault and the counts do not outlive it; an old token is answered 401', async () => {
  const client = await start()
  await client.control({ faults: [{ path: '/fhir', status: 503, times: 0 }] })
  const { token } = client
  const after = await restart()
  const answer = await fetch(`${open[0]!.url}/fhir/DocumentReference`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.status).toBe(401)
  expect((await after.ask('/control')).body).toMatchObject({ faults: [] })
})

test('a reset empties it for good, and what comes after the reset stays', async () => {
  let client = await start()
  await client.create(aDocumentReference({ pdf: Buffer.alloc(500_000, 'before ') }))
  await client.control({ patients: [{ nhsNumber: '9990000107' }] })
  await client.control({ reset: true, patients: [{ nhsNumber: '9990000115', registered: true }] })
  client = await restart()
  expect((await client.record('9990000018')).documents).toEqual([])
  expect(await client.record('9990000107')).toMatchObject({ registered: false })
  expect(await client.record('9990000115')).toMatchObject({ registered: true })

  await client.control({ reset: true })
  await client.create(aDocumentReference({ pdf: aPdf('after') }))
  client = await restart()
  expect((await client.record('9990000018')).documents.map((one) => one.sha256)).toEqual([sha256(aPdf('after'))])
  expect(await client.record('9990000115')).toMatchObject({ registered: false })
  expect(bytesKept()).toBe(aPdf('after').length)
})

test('a last line that is not whole is ignored, and what is written after it is read again', async () => {
  let client = await start()
  await client.create(aDocumentReference({ identifierValue: 'whole' }))
  await close()
  const before = `${dir}-before`
  cpSync(dir, before, { recursive: true })
  const whole = readFileSync(join(dir, 'journal'))
  const last = whole.subarray(whole.lastIndexOf(0x0a, whole.length - 2) + 1)
  for (const torn of [last.subarray(0, 1), last.subarray(0, last.length / 2), last.subarray(0, -1), Buffer.concat([Buffer.alloc(512), last])]) {
    appendFileSync(join(dir, 'journal'), torn)
    client = await start()
    await client.create(aDocumentReference({ identifierValue: 'later', nhsNumber: '9990000085' }))
    client = await restart()
    expect((await client.record('9990000018')).documents).toHaveLength(1)
    expect((await client.record('9990000085')).documents).toHaveLength(1)
    await close()
    rmSync(dir, { recursive: true })
    cpSync(before, dir, { recursive: true })
  }
})

test('a second sandbox on the same directory is refused, and harms nothing; so is a journal of something else', async () => {
  const client = await start()
  await expect(start()).rejects.toThrow(`Another sandbox (process ${process.pid}) keeps its documents there.`)
  const child = spawned()
  let says = ''
  child.stderr!.on('data', (chunk: Buffer) => { says += chunk.toString() })
  expect((await once(child, 'close'))[0]).toBe(1)
  expect(says).toContain(`keep its documents in ${dir}: Another sandbox`)
  expect((await client.create(aDocumentReference())).status).toBe(201)
  await close()

  writeFileSync(join(dir, 'journal'), '{"a":"diary"}\n')
  await expect(start()).rejects.toThrow('is not what this sandbox keeps')
  expect(readFileSync(join(dir, 'journal'), 'utf8')).toBe('{"a":"diary"}\n')
})

test('killed in the middle of creates, replacements and deletions, again and again, it has all that it answered', async () => {
  const stands = new Map<string, { readonly sha256: string } | 'deleted' | 'unsure'>()
  for (let kills = 0; kills < 3; kills++) {
    const child = spawned()
    const { url, printed } = await listening(child)
    expect(printed).toContain(`kept in ${dir}`)
    const client = await aClient(url)

    const record = await client.record('9990000018')
    for (const [id, what] of stands) {
      const shown = record.documents.find((one) => one.id === id)
      if (what === 'deleted') expect(shown).toBeUndefined()
      else if (what !== 'unsure') {
        expect(shown?.sha256).toBe(what.sha256)
        const bytes = Buffer.from(await (await fetch(`${url}/records/9990000018/documents/${id}`)).arrayBuffer())
        expect(sha256(bytes)).toBe(what.sha256)
      }
    }

    const enough = new AbortController()
    let answered = 0
    const sender = async (): Promise<void> => {
      while (!enough.signal.aborted) {
        const pdf = aPdf(`letter ${randomUUID()} `.repeat(answered % 7 === 0 ? 10_000 : 1))
        const created = await client.create(aDocumentReference({ identifierValue: randomUUID(), pdf }))
        expect(created.status).toBe(201)
        const id = idOf(created)
        stands.set(id, { sha256: sha256(pdf) })
        answered += 1
        if (answered % 3 === 0) {
          stands.set(id, 'unsure')
          const second = aPdf(`second ${randomUUID()}`)
          await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...aDocumentReference({ pdf: second }), id } })
          stands.set(id, { sha256: sha256(second) })
        } else if (answered % 5 === 0) {
          stands.set(id, 'unsure')
          await client.fhir(`/DocumentReference/${id}`, { method: 'DELETE' })
          stands.set(id, 'deleted')
        }
        if (answered >= 50 * (kills + 1)) enough.abort()
      }
    }
    const senders = Array.from({ length: 6 }, sender)
    await new Promise<void>((resolve) => { enough.signal.addEventListener('abort', () => resolve()) })
    child.kill('SIGKILL')
    const ends = await Promise.allSettled(senders)
    for (const end of ends) if (end.status === 'rejected') expect(String(end.reason)).toMatch(/fetch failed|terminated/)
    await kill(child)
  }
  expect(stands.size).toBeGreaterThanOrEqual(300)
}, 60_000)

test('with its parent it waits for one that is about to leave, rather than refuse', async () => {
  await start()
  const child = spawned('--with-parent')
  const { pid } = child
  setTimeout(() => { void close() }, 1_000)
  expect((await listening(child)).url).toContain('http://127.0.0.1:')
  expect(pid).toBe(Number(readFileSync(join(dir, 'lock'), 'utf8').split('\n')[0]))
})
