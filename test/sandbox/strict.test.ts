// The bad days of the HL7 endpoint, set on purpose, and the strict mode that refuses what PKB's pages say must not be
// sent.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { aClient, aDocumentReference, aSandbox, aT02, aT11 } from '../support/sandbox.ts'
import type { SandboxClient, T02 } from '../support/sandbox.ts'
import { until } from '../support/until.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const stored = async () => (await client.record('9990000018')).documents.length
const send = (fault: object, overrides: T02 = { controlId: 'mine' }) => client.control({ faults: [fault] }).then(() => client.hl7(aT02(overrides)))
const HL7 = { path: '/services/hl7', method: 'POST' }
type State = { requests: { byPath: Record<string, number>; hl7AtOnce: number }; faults: unknown[]; strict: boolean }
const state = async () => (await client.ask('/control')).body as State

describe('a fault', () => {
  test.each(['AR', 'AE'] as const)('%s answers that and stores nothing, or stores all the same', async (ack) => {
    expect(await send({ ack })).toMatchObject({ status: 200, code: ack, about: 'mine' })
    expect(await stored()).toBe(0)
    expect(await send({ ack, store: true })).toMatchObject({ status: 200, code: ack, about: 'mine' })
    expect(await stored()).toBe(1)
    expect(await client.hl7(aT02())).toMatchObject({ code: 'AA' })
  })

  test('a SOAP fault is a 500 with text/xml', async () => {
    const reply = await send({ soapFault: true })
    expect([reply.status, reply.text, await stored()]).toEqual([500, expect.stringContaining('<faultcode>soap:Server</faultcode>'), 0])
    await send({ soapFault: true, store: true })
    expect(await stored()).toBe(1)
  })

  test('an acknowledgement for another message is stored and echoes another id', async () => {
    const reply = await send({ ackFor: 'another' })
    expect([reply.code, reply.about === 'mine', await stored()]).toEqual(['AA', false, 1])
    await client.control({ reset: true })
    await send({ ackFor: 'another', store: false })
    expect(await stored()).toBe(0)
  })

  test('garbage is 200 without an acknowledgement', async () => {
    const reply = await send({ garbage: true })
    expect([reply.status, reply.code, await stored()]).toEqual([200, undefined, 0])
  })

  test('a message may be lost after its AA', async () => {
    expect(await send({ dropAfterAck: true })).toMatchObject({ code: 'AA', about: 'mine' })
    expect(await stored()).toBe(0)
  })

  test('of HTTP meets this address too: a status, Retry-After, a cut before and after the work', async () => {
    const busy = await send({ ...HL7, status: 503, retryAfter: 3 })
    expect([busy.status, busy.headers.get('retry-after'), busy.headers.get('content-type')]).toEqual([503, '3', 'text/plain; charset=utf-8'])
    await expect(send({ ...HL7, cut: 'before-store' })).rejects.toThrow('fetch failed')
    expect(await stored()).toBe(0)
    await expect(send({ ...HL7, cut: 'after-store' })).rejects.toThrow('fetch failed')
    expect(await stored()).toBe(1)
  })

  test('a status after the work leaves the document there', async () => {
    expect([(await send({ ...HL7, status: 502, store: true })).status, await stored()]).toEqual([502, 1])
  })

  test('of HL7 spares every other request, and takes a T11 as well', async () => {
    await client.control({ faults: [{ ack: 'AE' }] })
    expect((await client.create(aDocumentReference())).status).toBe(201)
    expect(await client.hl7(aT11('n', { controlId: 'r' }))).toMatchObject({ code: 'AE', about: 'r' })
    expect((await state()).faults).toEqual([])
  })

  test.each([{ store: true }, { cut: 'after-store', store: true }, { ack: 'AA' }, { soapFault: false }])('%j is refused', async (fault) => {
    expect((await client.control({ faults: [fault] })).status).toBe(400)
  })
})

test('requests to the HL7 endpoint are counted, and how many there were at once', async () => {
  await client.control({ faults: [{ ...HL7, delayMs: 600_000 }] })
  const patience = new AbortController()
  const first = fetch(`${sandbox.url}/services/hl7`, { method: 'POST', signal: patience.signal, body: 'x' }).catch(() => undefined)
  await until('the first request to arrive', async () => (await state()).requests.byPath['POST /services/hl7'] === 1)
  await client.hl7(aT02())
  expect((await state()).requests).toMatchObject({ byPath: { 'POST /services/hl7': 2 }, hl7AtOnce: 2 })
  patience.abort()
  await first
})

describe('in strict mode', () => {
  beforeEach(async () => { await client.control({ strict: true }) })

  test('a second request while one is being handled is dropped with 503, and the next one after it is taken', async () => {
    await client.control({ faults: [{ ...HL7, delayMs: 600_000 }] })
    const patience = new AbortController()
    const first = fetch(`${sandbox.url}/services/hl7`, { method: 'POST', signal: patience.signal, body: 'x' }).catch(() => undefined)
    await until('the first request to arrive', async () => (await state()).requests.byPath['POST /services/hl7'] === 1)
    expect((await client.hl7(aT02())).status).toBe(503)
    expect(await stored()).toBe(0)
    patience.abort()
    await first
    await until('the next one to be taken', async () => (await client.hl7(aT02())).code === 'AA')
  })

  test.each<[string, T02, string]>([
    ['a processing id other than P', { processing: 'T' }, 'MSH-11 must be P. You provided [T]'],
    ['a document that is not authenticated', { status: 'LA' }, 'TXA-17.1 must be AU. You provided [LA]'],
    ['half a minute in a time stamp', { txa8: '2016020311121' }, 'TXA-8.1 is no valid time stamp. You provided [2016020311121]'],
    ['half a day in the time of the message', { sentAt: '2026112' }, 'MSH-7.1 is no valid time stamp. You provided [2026112]'],
    ['a document type that is not PKB\'s', { type: 'LETTER' }, 'TXA-2.1 must be a code of PKBCS05. You provided [LETTER]'],
  ])('%s is refused; else it is taken', async (_, overrides, says) => {
    expect(await client.hl7(aT02(overrides))).toMatchObject({ code: 'AR', says: `Parsing or validation error: ${says}` })
    await client.control({ strict: false })
    expect((await client.hl7(aT02(overrides))).code).toBe('AA')
  })

  test('what PKB takes is taken: a service that was not declared, time stamps of any precision, a repeated MSH-10', async () => {
    for (const txa8 of ['2026', '202611', '20261123', '2026112309', '202611230930', '20261123093015', '20261123093015.123+0000']) {
      expect((await client.hl7(aT02({ txa8, service: 'UNDECLARED', controlId: 'always-this' }))).code).toBe('AA')
    }
  })

  test('a reset goes back to how it was started', async () => {
    await client.control({ reset: true })
    expect((await state()).strict).toBe(false)
    const strict = await aSandbox({ strict: true })
    const other = await aClient(strict.url)
    await other.control({ strict: false })
    expect((await other.control({ reset: true })).body).toMatchObject({ strict: true })
    await strict.close()
  })
})
