// People pause, stop and start channels of a whole engine: no message is lost whose sender keeps what was not taken, each
// process follows, a restart keeps it, and what has to be taken back is taken back all the same.
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { connectMllp } from '../../src/intake/mllp/client.ts'
import { startEngine, type Engine } from '../../src/wire.ts'
import { anEngine, sha256, TOKEN, type TestEngine } from '../support/engine.ts'
import { mdm } from '../support/hl7-messages.ts'
import { aMdm } from '../support/mdm.ts'
import { aPdf } from '../support/pdf.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'
import { until } from '../support/until.ts'
import { anUpload } from '../support/upload.ts'

const ADA = '9990000018'
let files: PolicyFolder
let place: TestEngine
/** Another process of the engine on the same ledger; stopped by `afterEach`. */
let others: Engine[] = []
let count = 0
const newId = (): string => `CH-${(count += 1)}`

beforeAll(async () => {
  files = aPolicyFolder()
  place = await anEngine({ ...files.settings, POLICY_RELOAD: 'on-signal' })
}, 60_000)
afterAll(async () => { await place?.stop(); files?.remove() })
afterEach(async () => {
  for (const one of others.splice(0)) await one.stop()
  for (const channel of ['rio-mllp', 'rio-http', 'rio-folder', 'pkb', 'print']) await act(channel, 'start')
})

type Told = { readonly state: string; readonly processes: number; readonly following: number; readonly halt?: { readonly actor: string; readonly reason: string }; readonly code?: string }
const act = async (channel: string, how: string, body: object = { reason: 'RiO is being upgraded' }): Promise<{ readonly status: number; readonly body: Told }> => {
  const answer = await place.api(`/api/channels/${channel}/${how}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { status: answer.status, body: (await answer.json()) as Told }
}
const channel = async (name: string): Promise<Told> => (await place.api(`/api/channels/${name}`)).json() as Promise<Told>
const another = async (settings: object = {}): Promise<Engine> => {
  const engine = await startEngine({ ...place.engine.env, DATABASE_URL: place.databaseUrl, MLLP_PORT: '0', HTTP_PORT: '0', ...files.settings, ...settings }, { log: () => undefined })
  others.push(engine)
  return engine
}
const said = (event: string) => place.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((one) => one['event'] === event)
const contentFiles = (): readonly string[] => readdirSync(join(place.dataDir, 'content'), { recursive: true, encoding: 'utf8' }).sort()
const mllpPort = (engine: Engine = place.engine): number => engine.mllp[0]!.port
const isOpen = async (port: number): Promise<boolean> => {
  const socket = connectTo(port, '127.0.0.1')
  try { await once(socket, 'connect'); return true } catch { return false } finally { socket.destroy() }
}
const sendTo = async (port: number, message: string) => {
  const sender = await connectMllp({ host: '127.0.0.1', port, timeoutMs: 20_000 })
  try { return await sender.send(Buffer.from(message)) } finally { await sender.close() }
}
const post = (url: string, id: string): Promise<Response> => fetch(`${url}/feeds/rio-http/documents`, {
  method: 'POST', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  body: JSON.stringify({ metadata: anUpload({ documentId: id }), content: { contentType: 'application/pdf', data: aPdf().toString('base64') } }),
})

describe('a feed by MLLP', () => {
  test('that is paused keeps its port, says that it is busy, and takes the same message when it is started', async () => {
    const id = newId()
    const message = aMdm({ documentId: id, file: aPdf({ mark: id }) }).replace('MSG0001', id)
    const port = mllpPort()
    const sender = await connectMllp({ host: '127.0.0.1', port, timeoutMs: 20_000 })
    try {
      expect(await act('rio-mllp', 'pause')).toMatchObject({ status: 200, body: { state: 'paused', halt: { actor: expect.stringMatching(/ \(api\)$/u), reason: 'RiO is being upgraded' } } })
      const before = contentFiles()
      const answer = await sender.send(Buffer.from(message))
      expect(answer).toMatchObject({ code: 'AR', controlId: id, error: { code: 'FEED_PAUSED', hint: expect.stringContaining('send it again later') } })
      expect([await place.list(`?sourceId=${id}`), contentFiles()]).toEqual([[], before])
      expect(said('part_failed')).toEqual([])
      expect(said('receipt_rejected')).toEqual([])
      expect((await act('rio-mllp', 'start')).status).toBe(200)
      // The connection was there all the time.
      expect((await sender.send(Buffer.from(message))).code).toBe('AA')
    } finally {
      await sender.close()
    }
    await place.state(id, 'waiting', 'sent', 'acknowledged')
    expect(mllpPort()).toBe(port)
  })

  test('that is stopped closes its port, and comes back to it', async () => {
    const id = newId()
    const port = mllpPort()
    expect(await act('rio-mllp', 'stop')).toMatchObject({ status: 200, body: { state: 'stopped' } })
    expect(await isOpen(port)).toBe(false)
    expect((await (await place.api('/health/ready')).json()) as object).toMatchObject({ status: 'ready' })
    expect((await act('rio-mllp', 'start')).body.state).toBe('running')
    expect((await sendTo(port, mdm({ 'MSH-10': id, 'TXA-12': id }))).code).toBe('AA')
  })

  test('that is stopped stays closed when another policy comes, and starts by that one', async () => {
    await act('rio-mllp', 'stop')
    try {
      files.change('mappings/document-codes.csv', 'Discharge letter,clinical', 'Letter at discharge,clinical')
      files.change('channels/rio-mllp.yaml', 'idle_timeout_secs: 300', 'idle_timeout_secs: 200')
      expect(await place.engine.reload()).toBe('taken')
      expect(place.engine.mllp).toEqual([])
      expect((await channel('rio-mllp')).state).toBe('stopped')
      await act('rio-mllp', 'start')
      const id = newId()
      expect((await sendTo(mllpPort(), mdm({ 'MSH-10': id, 'TXA-12': id }))).code).toBe('AA')
    } finally {
      files.restore()
      await place.engine.reload()
    }
  })
})

test.each(['pause', 'stop'])('a feed by HTTP answers 503 after %s, says when to come again, and reads no token of a stranger', async (how) => {
  const id = newId()
  await act('rio-http', how)
  const answer = await post(place.engine.url!, id)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  expect(((await answer.json()) as { code: string }).code).toBe('FEED_PAUSED')
  expect((await fetch(`${place.engine.url}/feeds/rio-http/documents`, { method: 'POST', body: '{}' })).status).toBe(401)
  expect(await place.list(`?sourceId=${id}`)).toEqual([])
  await act('rio-http', 'start')
  expect((await post(place.engine.url!, id)).status).toBe(201)
})

test.each(['pause', 'stop'])('a folder is left as it lies after %s, and taken when it is started', async (how) => {
  const watched = ((await (await place.api('/api/channels/rio-folder')).json()) as { address: string }).address
  mkdirSync(watched, { recursive: true })
  await act('rio-folder', how)
  const id = newId()
  writeFileSync(join(watched, `${id}.json`), JSON.stringify({ ...anUpload({ documentId: id }), file: null }))
  // A letter that comes another way is decided meanwhile.
  const beside = newId()
  await place.upload({ documentId: beside })
  await place.state(beside, 'acknowledged')
  expect([readdirSync(watched).includes(`${id}.json`), (await place.list(`?sourceId=${id}`)).length]).toEqual([true, 0])
  await act('rio-folder', 'start')
  await until('it was taken', async () => (await place.list(`?sourceId=${id}`)).length === 1 || undefined, 30_000)
}, 60_000)

describe('every process', () => {
  test('follows within about two seconds, and says so', async () => {
    const other = await another()
    const [port, url] = [mllpPort(other), other.url!]
    await until('both are there', async () => (await channel('rio-mllp')).processes === 2 || undefined)
    const began = performance.now()
    await act('rio-mllp', 'stop')
    await act('rio-http', 'pause')
    await until('the port of the other is closed', async () => !(await isOpen(port)) || undefined)
    const id = newId()
    await until('the other takes nothing by HTTP', async () => (await post(url, id)).status === 503 || undefined)
    expect(performance.now() - began).toBeLessThan(5_000)
    await until('both say so', async () => { const { following } = await channel('rio-mllp'); return following === 2 || undefined })
    await act('rio-mllp', 'start')
    await until('the other listens again', async () => (await isOpen(port)) || undefined)
    expect(mllpPort(other)).toBe(port)
  }, 60_000)

  test('that starts opens nothing that is stopped', async () => {
    await act('rio-mllp', 'stop')
    await act('rio-http', 'pause')
    const other = await another()
    expect(other.mllp).toEqual([])
    expect((await post(other.url!, newId())).status).toBe(503)
  }, 60_000)
})

describe('a destination', () => {
  test('that is paused gets nothing new, and what has to be taken back is taken back', async () => {
    const letter = aPdf({ mark: 'to be taken back' })
    const [sent, waits] = [newId(), newId()]
    const { body } = await place.upload({ documentId: sent }, letter)
    await place.state(sent, 'acknowledged')
    expect((await act('pkb', 'pause', { reason: 'PKB asks for an hour' })).body.state).toBe('paused')
    await place.upload({ documentId: waits })
    await place.api(`/api/documents/${body.id}/hold`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'it names another patient' }) })
    await place.state(sent, 'recalled')
    expect((await place.record(ADA)).map((one) => one.sha256)).not.toContain(sha256(letter))
    // A worker has looked at it, and put it off.
    await until('it is put off', async () => {
      const [delivery] = ((await place.bySourceId(waits)) as unknown as { readonly deliveries: readonly { readonly dueAt?: string }[] }).deliveries
      return (delivery?.dueAt !== undefined && Date.parse(delivery.dueAt) > Date.now() + 10_000) || undefined
    })
    expect(await place.bySourceId(waits)).toMatchObject({ state: 'waiting', deliveries: [{ attempts: [] }] })
    expect((await act('pkb', 'start')).body.state).toBe('running')
    await place.state(waits, 'acknowledged')
  }, 60_000)

  test('is paused for every process at once, and does not hold up another one', async () => {
    await another()
    await act('pkb', 'pause')
    const [record, printed] = [newId(), newId()]
    await place.upload({ documentId: record })
    await place.upload({ documentId: printed, team: 'CAMHS1' })
    await place.state(printed, 'printing')
    expect(await place.bySourceId(record)).toMatchObject({ state: 'waiting', deliveries: [{ attempts: [] }] })
  }, 60_000)

  test('cannot be stopped', async () => {
    expect(await act('pkb', 'stop')).toMatchObject({ status: 409, body: { code: 'CHANNEL_STATE' } })
    expect(await act('withhold', 'pause')).toMatchObject({ status: 409, body: { code: 'CHANNEL_STATE' } })
    expect(await act('nowhere', 'pause')).toMatchObject({ status: 404 })
  })
})

test('who did it and why stands in the log, and nothing is done twice or without a reason', async () => {
  await act('print', 'pause', { reason: 'the printers are down', by: 'Duty manager' })
  expect((await act('print', 'pause')).body.code).toBe('ALREADY_DONE')
  expect((await act('print', 'pause', { reason: '' })).status).toBe(400)
  await act('print', 'start', { reason: 'they run again' })
  expect((await act('print', 'start')).body.code).toBe('ALREADY_DONE')
  expect(said('channel_halted').at(-1)).toMatchObject({ channel: 'print', state: 'paused', actor: expect.stringMatching(/^Duty manager, by /u) })
  expect(said('channel_started').at(-1)).toMatchObject({ channel: 'print' })
})
