// After a journey through every door, fault and refusal: no log line, metric, queue payload, URL or error text holds a
// name, NHS number, title, address or content of the people in it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { anEngine, type TestEngine } from './support/engine.ts'
import { mdm } from './support/hl7-messages.ts'
import { aPdf } from './support/pdf.ts'

const SECRETS = ['9990000085', '999 000 0085', 'Zwickenpflug', 'Oriole', 'Peculiar title', 'Hidden Lane', 'ZZ9 9ZZ', 'unmistakable content', Buffer.from('unmistakable content').toString('base64').slice(0, 20), 'C-SECRET']
const patient = { nhsNumber: '9990000085', clientId: 'C-SECRET', family: 'Zwickenpflug', given: 'Oriole', birthDate: '1966-08-08', address: { lines: ['7 Hidden Lane'], postcode: 'ZZ9 9ZZ' } }
const letter = aPdf({ mark: 'unmistakable content' })
const name = 'CLIN Peculiar title.pdf'

let engine: TestEngine
const answers: string[] = []
const payloads: string[] = []
beforeAll(async () => {
  engine = await anEngine()
  const client = new Client({ connectionString: engine.databaseUrl })
  await client.connect()
  // A job lives for milliseconds: a trigger keeps each as it is written.
  await client.query('create table public.jobs_seen (job jsonb)')
  await client.query("create function public.see_job() returns trigger language plpgsql as 'begin insert into public.jobs_seen values (to_jsonb(new)); return null; end'")
  await client.query('create trigger see_job after insert or update on bullmq.job for each row execute function public.see_job()')
  const queued = async () => { payloads.push(JSON.stringify((await client.query('select * from public.jobs_seen')).rows)) }
  await engine.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', times: 1, status: 422 }, { path: '/fhir/DocumentReference', method: 'POST', times: 2, status: 503, retryAfter: 1 }] })
  const sent = [
    await engine.upload({ documentId: 'Y-1', name, patient }, letter),
    await engine.upload({ documentId: 'Y-2', name, patient, team: 'CAMHS1' }, letter),
    await engine.upload({ documentId: 'Y-3', name: 'HMHR Peculiar title.pdf', patient }, letter),
    await engine.upload({ documentId: undefined, name, patient }, letter),
    await engine.upload({ documentId: 'Y-4', event: 'Oriole Zwickenpflug', name, patient }, letter),
    await engine.upload({ documentId: 'Y-5', event: 'addendum', name, patient }, letter),
  ]
  answers.push(...sent.filter(({ status }) => status >= 400).map(({ body }) => JSON.stringify(body)))
  const fields = { 'PID-3': '9990000085^^^NHS^NH~C-SECRET^^^RWK^PI', 'PID-5': 'Zwickenpflug^Oriole', 'PID-11': '7 Hidden Lane^^^^ZZ9 9ZZ', 'TXA-16': name, 'TXA-25': 'CLIN Peculiar title', 'ZQQ-1': 'Zwickenpflug' }
  answers.push((await engine.hl7(mdm({ ...fields, 'TXA-12': 'Y-6', 'MSH-10': 'Y6', 'OBX-5': `^AP^PDF^Base64^${letter.toString('base64')}` }))).raw)
  answers.push((await engine.hl7(mdm({ ...fields, 'TXA-12': '', 'MSH-10': 'Y7' }))).raw)
  answers.push((await engine.hl7(mdm({ ...fields, 'TXA-12': 'Y-8', 'MSH-10': 'Y8', 'MSH-11': 'Zwickenpflug' }))).raw)
  answers.push((await engine.hl7(mdm({ ...fields, 'TXA-12': 'Y-6', 'MSH-10': 'Y6', 'TXA-16': 'CLIN Other' }))).raw)
  await engine.state('Y-1', 'failed', 'acknowledged')
  await engine.state('Y-2', 'printing')
  await engine.state('Y-3', 'withheld')
  await engine.state('Y-6', 'withheld', 'recalled')
  for (const path of ['/api/documents?nhsNumber=9990000085', '/api/documents?state=Zwickenpflug', '/nowhere/Zwickenpflug', '/documents/Zwickenpflug']) answers.push((await engine.api(path)).url.replace(/.*/u, ''), await (await engine.api(path)).text())
  await queued()
  await client.end()
}, 60_000)
afterAll(() => engine.stop())

const leaks = (text: string) => SECRETS.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()))

test('the log says what happened, at its most talkative, and nothing of whom', () => {
  expect(engine.log.length).toBeGreaterThan(30)
  expect(engine.log.filter((line) => leaks(line).length > 0)).toEqual([])
})
test('metrics count and name nobody', async () => {
  const text = await (await engine.api('/metrics')).text()
  expect(text).toContain('openletter_receipts_total')
  expect(leaks(text)).toEqual([])
})
test('the queue carries ids', () => {
  expect(payloads.join('').length).toBeGreaterThan(100)
  expect(payloads.join('')).toContain('document')
  expect(leaks(payloads.join(''))).toEqual([])
})
describe('refusals and errors', () => {
  test('say where and what to do, by HTTP and by HL7', () => {
    expect(answers.filter((answer) => answer !== '').length).toBeGreaterThan(8)
    for (const answer of answers) expect([answer, leaks(answer)]).toEqual([answer, []])
  })
})
test('the story of a document holds no name or number in its events', async () => {
  for (const id of ['Y-1', 'Y-2', 'Y-3', 'Y-6']) {
    const { events } = (await engine.bySourceId(id))!
    expect(events.length).toBeGreaterThan(1)
    expect(leaks(JSON.stringify(events))).toEqual([])
  }
})
test('the sandbox was asked for no address that names a person', async () => {
  expect(leaks(JSON.stringify((await engine.requests()).byPath))).toEqual([])
})
