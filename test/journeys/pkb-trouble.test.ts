// PKB is away, refuses one document, or stores it and cuts the connection: documents wait and then arrive, once each.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anEngine, sha256, type TestEngine } from '../support/engine.ts'
import { aPdf } from '../support/pdf.ts'
import { until } from '../support/until.ts'

const ADA = '9990000018'
let engine: TestEngine
beforeAll(async () => { engine = await anEngine() })
afterAll(() => engine.stop())

const timesIn = async (letter: Buffer, nhsNumber = ADA) => (await engine.record(nhsNumber)).filter((entry) => entry.sha256 === sha256(letter)).length
const CREATE = { path: '/fhir/DocumentReference', method: 'POST' }
const attempts = async (sourceId: string) => (await engine.bySourceId(sourceId))!.deliveries.flatMap((delivery) => delivery.attempts)

describe('PKB answers 503 for a while', () => {
  test('documents wait, say so, and then arrive once each', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 3, status: 503, retryAfter: 2 }] })
    const letters = ['a', 'b', 'c', 'd'].map((mark) => aPdf({ mark: `503 ${mark}` }))
    await Promise.all(letters.map((letter, at) => engine.upload({ documentId: `S-${at}` }, letter)))
    await until('one of them was told to wait', async () => (await Promise.all(letters.map((_, at) => attempts(`S-${at}`)))).flat().some(({ outcome, code }) => outcome === 'unavailable' && code === '503'))
    const circuit = async (): Promise<string | undefined> => /^openletter_circuit_open\{destination="pkb"\} (\S+)$/mu.exec(await (await engine.api('/metrics')).text())?.[1]
    await until('the metrics tell of it', async () => (await circuit()) === '1')
    for (let at = 0; at < letters.length; at += 1) {
      await engine.state(`S-${at}`, 'acknowledged')
      expect(await timesIn(letters[at]!)).toBe(1)
    }
    expect(await circuit()).toBe('0')
  }, 60_000)
})

describe('PKB refuses one document', () => {
  test('it fails for a person to see, those behind it arrive, and a retry after mending delivers it', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 1, status: 422 }] })
    const poison = aPdf({ mark: 'poison' })
    await engine.upload({ documentId: 'Q-0' }, poison)
    const failed = await engine.state('Q-0', 'failed')
    const others = ['e', 'f', 'g'].map((mark) => aPdf({ mark: `behind ${mark}` }))
    await Promise.all(others.map((letter, at) => engine.upload({ documentId: `Q-${at + 1}` }, letter)))
    for (let at = 0; at < others.length; at += 1) { await engine.state(`Q-${at + 1}`, 'acknowledged'); expect(await timesIn(others[at]!)).toBe(1) }
    expect(failed.deliveries[0]!.attempts.map(({ outcome, code }) => [outcome, code])).toEqual([['refused', '422']])
    expect((await engine.bySourceId('Q-0'))!.state).toBe('failed')

    const retried = await engine.api(`/api/deliveries/${failed.deliveries[0]!.id}/retry`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'PKB mended it' }) })
    expect(retried.status).toBe(202)
    const story = await engine.state('Q-0', 'acknowledged')
    expect(await timesIn(poison)).toBe(1)
    expect(story.events.map(({ kind }) => kind)).toContain('retried')
  }, 60_000)

  test('a failed document that RiO marks do-not-share is not sent by a retry', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 1, status: 422 }] })
    const letter = aPdf({ mark: 'failed then withheld' })
    await engine.upload({ documentId: 'Q-9', uploadedAt: '2026-11-20T10:00:00Z' }, letter)
    const failed = await engine.state('Q-9', 'failed')
    await engine.upload({ documentId: 'Q-9', event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T11:00:00Z' }, null)
    await engine.state('Q-9', 'withheld')
    const retried = await engine.api(`/api/deliveries/${failed.deliveries[0]!.id}/retry`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason: 'a slip' }) })
    expect(retried.status).toBe(409)
    expect(await timesIn(letter)).toBe(0)
  }, 60_000)
})

describe('PKB cuts the connection', () => {
  test.each([['after-store'], ['before-store']])('%s: there is exactly one copy in the end', async (cut) => {
    await engine.control({ faults: [{ ...CREATE, times: 1, cut }] })
    const letter = aPdf({ mark: `cut ${cut}` })
    await engine.upload({ documentId: `C-${cut}` }, letter)
    const story = await engine.state(`C-${cut}`, 'acknowledged')
    expect(await timesIn(letter)).toBe(1)
    expect(story.deliveries[0]!.attempts.some(({ outcome }) => outcome === 'unsure')).toBe(true)
    expect(story.deliveries[0]!.attempts.some(({ action }) => action === 'look')).toBe(true)
  }, 60_000)

  test('during a recall: the copy goes all the same', async () => {
    const letter = aPdf({ mark: 'recall cut' })
    await engine.upload({ documentId: 'C-R', uploadedAt: '2026-11-20T10:00:00Z' }, letter)
    await engine.state('C-R', 'acknowledged')
    await engine.control({ faults: [{ path: '/fhir/DocumentReference', method: 'DELETE', times: 1, cut: 'before-store' }] })
    await engine.upload({ documentId: 'C-R', event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T11:00:00Z' }, null)
    await engine.state('C-R', 'recalled')
    expect(await timesIn(letter)).toBe(0)
  }, 60_000)
})

describe('a change while PKB is slow', () => {
  test('to do-not-share is acted on right after the exchange', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 1, delayMs: 1500 }] })
    const letter = aPdf({ mark: 'slow' })
    await engine.upload({ documentId: 'D-1', uploadedAt: '2026-11-20T10:00:00Z' }, letter)
    await engine.state('D-1', 'sent')
    await engine.upload({ documentId: 'D-1', event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T11:00:00Z' }, null)
    await engine.state('D-1', 'recalled')
    expect(await timesIn(letter)).toBe(0)
  }, 60_000)
})

describe('PKB refuses this engine', () => {
  test('nothing fails: deliveries wait and go out when it is mended', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 1, status: 403 }] })
    const letter = aPdf({ mark: 'forbidden' })
    await engine.upload({ documentId: 'X-1' }, letter)
    await until('it was refused as a whole', async () => (await attempts('X-1')).some(({ outcome }) => outcome === 'forbidden'))
    await engine.state('X-1', 'acknowledged')
    expect(await timesIn(letter)).toBe(1)
    expect(engine.log.some((line) => line.includes('"destination_forbidden"'))).toBe(true)
  }, 60_000)

  test('a token that PKB no longer takes is fetched anew', async () => {
    await engine.control({ tokens: { revoke: true } })
    const letter = aPdf({ mark: 'new token' })
    await engine.upload({ documentId: 'X-2' }, letter)
    const story = await engine.state('X-2', 'acknowledged')
    expect(story.deliveries[0]!.attempts.map(({ outcome }) => outcome)).toEqual(['accepted'])
  }, 60_000)
})
