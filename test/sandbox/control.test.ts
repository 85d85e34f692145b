// The control: people, faults, counters, reset.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { aClient, aDocumentReference, aSandbox, issuesOf } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

type State = { patients: { nhsNumber: string }[]; faults: { times: number }[]; requests: { total: number; byPath: Record<string, number> } }
const state = async () => (await client.ask('/control')).body as State
const stored = async () => (await client.record('9990000018')).documents.length
const CREATE = { path: '/fhir/DocumentReference', method: 'POST' }

test('people are added and changed by NHS number', async () => {
  await client.control({ patients: [{ nhsNumber: '9990000018', registered: false }, { nhsNumber: '9990000107', birthDate: '2001-02-03' }] })
  const { patients } = await state()
  expect(patients).toContainEqual({ nhsNumber: '9990000018', birthDate: '1970-01-01', registered: false, deceased: false })
  expect(patients).toContainEqual({ nhsNumber: '9990000107', birthDate: '2001-02-03', registered: true, deceased: false })
  expect((await client.record('9990000018')).registered).toBe(false)
})

test('a fault with a status answers that with Retry-After, stores nothing, and wears off', async () => {
  await client.control({ faults: [{ ...CREATE, status: 503, retryAfter: 7, times: 2 }] })
  const first = await client.create(aDocumentReference())
  expect([first.status, first.headers.get('retry-after'), ...issuesOf(first)]).toEqual([503, '7', 'transient'])
  expect((await state()).faults).toMatchObject([{ times: 1 }])
  expect((await client.create(aDocumentReference())).status).toBe(503)
  expect(await stored()).toBe(0)
  expect((await client.create(aDocumentReference())).status).toBe(201)
  expect((await state()).faults).toEqual([])
})

test('retryAfter alone means 503', async () => {
  await client.control({ faults: [{ path: '/fhir', retryAfter: 1 }] })
  expect((await client.fhir('/DocumentReference')).status).toBe(503)
})

test('faults are taken in order, the first that matches path and method', async () => {
  await client.control({ faults: [{ path: '/fhir/Patient', status: 500 }, { path: '/fhir', method: 'put', status: 501 }, { ...CREATE, status: 422 }, { path: '/fhir/DocumentReference', status: 429 }] })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await client.create(aDocumentReference())).status)
  expect(statuses).toEqual([422, 429, 201])
})

test('a fault for POST on a type spares a search by POST, and one for GET meets it', async () => {
  const search = () => client.fhir('/DocumentReference/_search', { method: 'POST', body: new URLSearchParams({ identifier: 'doc-1' }) })
  await client.control({ faults: [{ ...CREATE, status: 503 }, { path: '/fhir/DocumentReference', method: 'GET', status: 500 }] })
  expect((await search()).status).toBe(500)
  expect((await search()).status).toBe(200)
  await client.control({ faults: [{ path: '/fhir/DocumentReference/_search', method: 'POST', status: 504 }] })
  expect((await search()).status).toBe(504)
})

test('times of 0 lasts until it is taken away', async () => {
  await client.control({ faults: [{ path: '/', times: 0, status: 502 }] })
  for (let i = 0; i < 3; i++) expect((await client.fhir('/DocumentReference')).status).toBe(502)
  await client.control({ faults: [] })
  expect((await client.fhir('/DocumentReference')).status).toBe(200)
})

test('the token endpoint fails in its own shape', async () => {
  await client.control({ faults: [{ path: '/oauth/token', status: 500 }] })
  expect(await client.ask('/oauth/token', { method: 'POST' })).toMatchObject({ status: 500, body: { error: 'server_error' } })
})

test('a connection cut before storing leaves nothing, cut after storing leaves exactly one', async () => {
  await client.control({ faults: [{ ...CREATE, cut: 'before-store' }] })
  await expect(client.create(aDocumentReference())).rejects.toThrow('fetch failed')
  expect(await stored()).toBe(0)
  await client.control({ faults: [{ ...CREATE, cut: 'after-store' }] })
  await expect(client.create(aDocumentReference())).rejects.toThrow('fetch failed')
  expect(await stored()).toBe(1)
})

test('a status after the work leaves the document there', async () => {
  await client.control({ faults: [{ ...CREATE, status: 502, store: true }] })
  expect([(await client.create(aDocumentReference())).status, await stored()]).toEqual([502, 1])
})

test('a delay comes after the work: the document is there before the answer', async () => {
  await client.control({ faults: [{ ...CREATE, delayMs: 600_000 }] })
  const patience = new AbortController()
  const answer = fetch(`${sandbox.url}/fhir/DocumentReference`, {
    method: 'POST', body: JSON.stringify(aDocumentReference()), signal: patience.signal,
    headers: { authorization: `Bearer ${client.token}`, 'x-org-public-id': '00000000-0000-4000-8000-000000000001', 'content-type': 'application/fhir+json' },
  })
  const ended = answer.then(() => 'answered', () => 'given up')
  while ((await stored()) === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
  patience.abort()
  expect(await ended).toBe('given up')
})

test('requests are counted by method and address; the control and the pages are not', async () => {
  const { body } = await client.create(aDocumentReference())
  await client.fhir(`/DocumentReference/${(body as { id: string }).id}`)
  await client.fhir('/DocumentReference/another')
  await client.record('9990000018')
  await client.control({})
  expect((await state()).requests).toEqual({ total: 4, hl7AtOnce: 0, byPath: { 'POST /oauth/token': 1, 'POST /fhir/DocumentReference': 1, 'GET /fhir/DocumentReference/{id}': 2 } })
})

test('a reset brings back the first day, and keeps tokens', async () => {
  await client.create(aDocumentReference())
  await client.control({ patients: [{ nhsNumber: '9990000018', registered: false }], faults: [{ status: 500 }], deleteRefused: true, tokens: { expiresInSecs: 5 } })
  const reply = await client.control({ reset: true })
  expect(reply.body).toMatchObject({ faults: [], requests: { total: 0, byPath: {} }, deleteRefused: false, tokens: { expiresInSecs: 600 } })
  expect(await client.record('9990000018')).toEqual({ nhsNumber: '9990000018', registered: true, quarantined: 0, documents: [] })
  expect((await client.create(aDocumentReference())).status).toBe(201)
})

test.each<[string, unknown]>([
  ['no JSON', undefined],
  ['an unknown key', { patient: [] }],
  ['a fault without effect', { faults: [{ path: '/fhir' }] }],
  ['a fault with an unknown key', { faults: [{ path: '/fhir', status: 500, time: 3 }] }],
  ['a number for an NHS number', { patients: [{ nhsNumber: 9990000018 }] }],
  ['an unknown HL7 setting', { hl7: { softmatching: true } }],
  ['an address range that is none', { hl7: { allowedIps: ['10.0.0.0/33'] } }],
  ['an unknown privacy label', { hl7: { services: { MHADULT: 'MENTAL' } } }],
  ['something read in no record', { strict: true, read: [{ documentNumber: 'nowhere' }] }],
  ['a decision about nothing that is held', { strict: true, quarantine: { accept: ['nowhere'] } }],
  ['a date that is none', { patients: [{ nhsNumber: '9990000018', birthDate: '1960-02-30' }] }],
])('the control refuses %s and changes nothing', async (_, change) => {
  const before = await state()
  const reply = await client.control(change)
  expect([reply.status, reply.body]).toEqual([400, { error: expect.any(String) }])
  expect(await state()).toEqual(before)
})
