// A whole engine that has somebody to tell: from a document that PKB refuses to the mail.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { aMailServer, type MailServer } from '../support/told.ts'
import { until } from '../support/until.ts'

let server: MailServer
let engine: TestEngine
beforeAll(async () => {
  server = await aMailServer()
  engine = await anEngine({ SMTP_URL: server.url, ALERT_EMAIL_FROM: 'engine@trust.example', ALERT_EMAIL_TO: 'duty@trust.example', CONSOLE_URL: 'https://console.example' })
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
  expect(await (await engine.api('/api/alerts')).json()).toMatchObject({ ways: ['email'], open: [{ kind: 'failures', count: 1, told: [{ says: 'opened', sentAt: expect.any(String) }] }] })
}, 60_000)
