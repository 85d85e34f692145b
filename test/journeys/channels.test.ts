// People pause, stop and start channels of a whole engine: no message is lost whose sender keeps what was not taken, each
// process follows, a restart keeps it, and what has to be taken back is taken back all the same.
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { connectMllp } from '../../src/intake/mllp/client.ts'
import { startEngine, type Engine } from '../../src/wire.ts'
import { anEngine, API, sha256, TOKEN, type TestEngine } from '../support/engine.ts'
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
  for (const { id } of ((await (await place.api('/api/stops')).json()) as { stops: readonly { id: string }[] }).stops) await place.api(`/api/stops/${id}/lift`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'over' }) })
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
const isWriting = (): boolean => contentFiles().some((file) => /^writing.[0-9a-f]/u.test(file))
const withDatabase = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: place.databaseUrl })
  await client.connect()
  try { return await work(client) } finally { await client.end() }
}
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

describe('half way through an upload', () => {
  /** A frame in two halves, and the code of its answer; undefined where the connection ended without one. */
  const inHalves = async (id: string, between: () => Promise<unknown>): Promise<string | undefined> => {
    const bytes = Buffer.concat([Buffer.from([0x0b]), Buffer.from(aMdm({ documentId: id, file: aPdf({ mark: id, bytes: 300_000 }) }).replace('MSG0001', id)), Buffer.from([0x1c, 0x0d])])
    const socket = connectTo(mllpPort(), '127.0.0.1')
    await once(socket, 'connect')
    let heard = ''
    socket.on('data', (chunk: Buffer) => { heard += chunk.toString('latin1') })
    socket.on('error', () => undefined)
    try {
      socket.write(bytes.subarray(0, 250_000))
      await until('the first half has come', async () => isWriting() || undefined)
      const [ended] = [once(socket, 'close'), await between()]
      socket.write(bytes.subarray(250_000))
      await Promise.race([ended, until('it was answered', () => /\rMSA\|/u.test(heard) || undefined)])
      return /\rMSA\|(\w\w)/u.exec(heard)?.[1]
    } finally {
      socket.destroy()
    }
  }

  test('a pause by MLLP lets it end, and takes none after it', async () => {
    const [id, next] = [newId(), newId()]
    expect(await inHalves(id, () => act('rio-mllp', 'pause'))).toBe('AA')
    expect(await place.list(`?sourceId=${id}`)).toHaveLength(1)
    expect((await sendTo(mllpPort(), mdm({ 'MSH-10': next, 'TXA-12': next }))).code).toBe('AR')
  }, 60_000)

  test('a stop by MLLP lets it end, and then closes the port', async () => {
    const [id, port] = [newId(), mllpPort()]
    let stopping: Promise<unknown> | undefined
    const code = await inHalves(id, async () => {
      stopping = act('rio-mllp', 'stop')
      await until('nobody new is let in', async () => !(await isOpen(port)) || undefined)
    })
    await stopping
    expect([code, (await place.list(`?sourceId=${id}`)).length, await isOpen(port)]).toEqual(['AA', 1, false])
  }, 60_000)

  test('what began while it was paused is not taken although it was started meanwhile, and leaves nothing behind', async () => {
    const id = newId()
    const port = mllpPort()
    await act('rio-mllp', 'pause')
    const before = contentFiles()
    const bytes = Buffer.from(`\x0b${aMdm({ documentId: id, file: aPdf({ mark: id }) }).replace('MSG0001', id)}\x1c\r`)
    const socket = connectTo(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(bytes.subarray(0, bytes.length - 10))
    await until('it has begun', () => said('connection_opened').length > 0 || undefined)
    const heard = once(socket, 'data')
    // Not before its first bytes were read: a message of another connection is answered after them.
    expect((await sendTo(port, mdm({ 'MSH-10': `${id}-2`, 'TXA-12': `${id}-2` }))).code).toBe('AR')
    await act('rio-mllp', 'start')
    socket.write(bytes.subarray(bytes.length - 10))
    const [answer] = (await heard) as [Buffer]
    socket.destroy()
    expect([/\rMSA\|(\w\w)/u.exec(answer.toString('latin1'))?.[1], await place.list(`?sourceId=${id}`), contentFiles()]).toEqual(['AR', [], before])
  }, 60_000)

  test('a pause by HTTP lets it end', async () => {
    const id = newId()
    const [from, to] = ['--edge', '\r\n']
    const head = `${from}${to}Content-Disposition: form-data; name="metadata"${to}Content-Type: application/json${to}${to}${JSON.stringify(anUpload({ documentId: id }))}${to}${from}${to}Content-Disposition: form-data; name="file"; filename="letter.pdf"${to}Content-Type: application/pdf${to}${to}`
    const file = aPdf({ mark: id, bytes: 300_000 })
    const rest = Promise.withResolvers<void>()
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.concat([Buffer.from(head), file.subarray(0, 200_000)])
      await rest.promise
      yield Buffer.concat([file.subarray(200_000), Buffer.from(`${to}${from}--${to}`)])
    }
    const answer = fetch(`${place.engine.url}/feeds/rio-http/documents`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'multipart/form-data; boundary=edge' }, body: body() as unknown as BodyInit, duplex: 'half' } as RequestInit)
    await until('the first half has come', async () => isWriting() || undefined)
    await act('rio-http', 'pause')
    expect((await post(place.engine.url!, newId())).status).toBe(503)
    rest.resolve()
    expect((await answer).status).toBe(201)
    expect(await place.list(`?sourceId=${id}`)).toHaveLength(1)
  }, 60_000)
})

test('what has to be taken back is taken back while its destination is paused and everything is stopped, as seen by a process that comes later too', async () => {
  const letter = aPdf({ mark: 'to be taken back after a restart' })
  const sent = newId()
  const { body } = await place.upload({ documentId: sent }, letter)
  await place.state(sent, 'acknowledged')
  await act('pkb', 'pause', { reason: 'PKB asks for an hour' })
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const { id: stop } = (await (await place.api('/api/stops', { ...json, body: JSON.stringify({ scope: 'all', reason: 'a drill' }) })).json()) as { id: string }
  const waits = newId()
  await place.upload({ documentId: waits })
  const other = await another()
  const held = await fetch(`${other.url}/api/documents/${body.id}/hold`, { ...json, headers: { ...json.headers, authorization: `Bearer ${API}` }, body: JSON.stringify({ reason: 'it names another patient' }) })
  expect(held.ok).toBe(true)
  await place.state(sent, 'recalled')
  expect((await place.record(ADA)).map((one) => one.sha256)).not.toContain(sha256(letter))
  // The pause ends first: the stop holds it all the same.
  await act('pkb', 'start')
  await until('a worker has put it off', async () => {
    const [delivery] = ((await place.bySourceId(waits)) as unknown as { readonly deliveries: readonly { readonly dueAt?: string }[] }).deliveries
    return (delivery?.dueAt !== undefined && Date.parse(delivery.dueAt) > Date.now() + 10_000) || undefined
  })
  expect(await place.bySourceId(waits)).toMatchObject({ state: 'waiting', deliveries: [{ attempts: [] }] })
  await place.api(`/api/stops/${stop}/lift`, { ...json, body: JSON.stringify({ reason: 'over' }) })
  await place.state(waits, 'acknowledged')
}, 60_000)

test('of two people who pause and start at once, what stands at the end is what was done last, in the log and in each process', async () => {
  const other = await another()
  await until('both are there', async () => (await channel('rio-mllp')).processes === 2 || undefined)
  for (let turn = 0; turn < 5; turn += 1) await Promise.all([act('rio-mllp', 'stop', { reason: 'the first of them' }), act('rio-mllp', 'start', { reason: 'the second of them' }), act('pkb', 'pause', { reason: 'the first of them' }), act('pkb', 'start', { reason: 'the second of them' })])
  const { rows } = await withDatabase((client) => client.query<{ kind: string; channel: string }>("select kind, detail::json->>'channel' as channel from events where kind like 'channel-%' order by seq"))
  for (const name of ['rio-mllp', 'pkb']) {
    const kinds = rows.filter((row) => row.channel === name).map(({ kind }) => kind === 'channel-started')
    // Never twice the same: each changed something.
    expect(kinds.every((started, n) => n === 0 || started !== kinds[n - 1])).toBe(true)
    expect([name, (await channel(name)).halt === undefined]).toEqual([name, kinds.at(-1)])
  }
  await act('rio-mllp', 'start')
  await until('both listen', async () => ((await isOpen(mllpPort())) && (await isOpen(mllpPort(other)))) || undefined)
  await until('both say so', async () => (await channel('rio-mllp')).following === 2 || undefined)
}, 60_000)

test('files that a person has one process take are taken by all, without a signal', async () => {
  const other = await another({ POLICY_RELOAD: 'on-signal' })
  try {
    files.change('mappings/document-codes.csv', 'Discharge letter,clinical', 'Letter of discharge,clinical')
    const answer = await place.api('/api/policy/reload', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'approved by the board' }) })
    expect((await answer.json()) as object).toEqual({ outcome: 'taken', policy: place.engine.policy.hash })
    await until('the other has taken them', () => other.policy.hash === place.engine.policy.hash || undefined)
    const id = newId()
    await place.upload({ documentId: id })
    await place.state(id, 'acknowledged')
  } finally {
    files.restore()
    await place.engine.reload()
    await until('both are back', () => other.policy.hash === place.engine.policy.hash || undefined)
  }
}, 60_000)

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
