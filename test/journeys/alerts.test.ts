// A whole engine that has somebody to tell: from the cause, such as a PKB that is down, to the mail and back.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connect } from '../../src/ledger/database.ts'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { aMailServer, type MailServer } from '../support/told.ts'
import { until } from '../support/until.ts'

let server: MailServer
let engine: TestEngine
beforeAll(async () => {
  server = await aMailServer()
  engine = await anEngine({ SMTP_URL: server.url, ALERT_EMAIL_FROM: 'engine@trust.example', ALERT_EMAIL_TO: 'duty@trust.example', CONSOLE_URL: 'https://console.example' }, { alertsEveryMs: 100 })
}, 60_000)
afterAll(async () => { await engine?.stop(); await server?.close() })

test('a test that a program asks for arrives, with the link to the console', async () => {
  const answer = await engine.api('/api/alerts/test', { method: 'POST' })
  expect(await answer.json()).toEqual({ tested: [{ way: 'email', ok: true }] })
  const letter = await until('the letter came', () => server.letters.find(({ subject }) => subject === 'Openletter: test'))
  expect(letter).toMatchObject({ to: ['duty@trust.example'] })
  expect(letter.raw).toContain('https://console.example/alerts')
})

test('a document that PKB refuses is told by mail, without the document', async () => {
  await engine.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', times: 1, status: 422 }] })
  await engine.upload({ documentId: 'ALERT-1' })
  await engine.state('ALERT-1', 'failed')
  const letter = await until('the letter came', () => server.letters.find(({ subject }) => subject.startsWith('Openletter: open: Documents wait for a person after a refusal')), 40_000)
  expect(letter.raw).toContain('https://console.example/failed/')
  expect(letter.raw).not.toContain('ALERT-1')
  // It is written down when the mail server has taken it.
  await until('that is written down', async () => (await (await engine.api('/api/alerts')).text()).includes('"sentAt"'))
  expect(await (await engine.api('/api/alerts')).json()).toMatchObject({ ways: ['email'], open: [{ kind: 'failures', count: 1, told: [{ says: 'opened', sentAt: expect.any(String) }] }] })
}, 60_000)

const letterThat = (begins: string) => until(`the letter that begins ${begins} came`, () => server.letters.find(({ subject }) => subject.startsWith(`Openletter: ${begins}`)), 60_000)

test('a PKB that is down is told by mail, and that it is back', async () => {
  await engine.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', times: 10_000, status: 503 }] })
  const pool = connect(engine.databaseUrl, { max: 1 })
  /** What is said of PKB, as if so much time had passed. */
  const passes = (text: string) => pool.query(text)
  try {
    for (let n = 1; n <= 6; n += 1) await engine.upload({ documentId: `DOWN-${n}` })
    await until('the engine says that PKB is away', async () => (await pool.query("select 1 from reports where kind = 'destination-away' and thing = 'pkb'")).rowCount === 1, 60_000)
    await passes("update reports set since = since - interval '20 minutes' where kind = 'destination-away'")
    const told = await letterThat('open: A destination does not answer: pkb')
    expect(told.raw).toContain('https://console.example/failed')
    expect(told.raw).not.toContain('DOWN-')

    await engine.control({ faults: [] })
    await engine.state('DOWN-1', 'acknowledged', 'sent', 'read')
    await until('it is calm', async () => {
      await passes("update reports set at = at - interval '2 minutes' where kind = 'destination-away'")
      return (await pool.query("update incidents set calm_since = calm_since - interval '20 minutes' where kind = 'destination-away' and calm_since is not null")).rowCount === 1
    }, 150_000)
    expect((await letterThat('resolved: A destination does not answer: pkb')).raw).toContain('It was open for')
  } finally {
    await pool.end()
  }
}, 300_000)

test('a feed whose port another program has taken is told by mail', async () => {
  const { port } = engine.engine.mllp.find(({ feed }) => feed === 'rio-mllp')!
  const change = async (wanted: string) => { expect((await engine.api(`/api/channels/rio-mllp/${wanted}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'a drill' }) })).status).toBe(200) }
  await change('stop')
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  try {
    await change('start')
    const told = await letterThat('open: A feed is down: rio-mllp')
    expect(told.raw).toContain('https://console.example/channels')
  } finally {
    other.close()
  }
}, 120_000)
