// kill -9, at the worst moments: nothing that was acknowledged is lost, nothing arrives twice, nothing withheld ever
// stands, and the engine is up again at once. Its PostgreSQL is killed too, and an orderly end is one.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { connectMllp } from '../../src/intake/mllp/client.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { anEngineHome, type EngineHome, type RunningEngine } from '../support/child-engine.ts'
import { sha256 } from '../support/engine.ts'
import { mdm } from '../support/hl7-messages.ts'
import { aPdf } from '../support/pdf.ts'
import { until } from '../support/until.ts'

const ADA = '9990000018'
const DO_NOT = 'MH DO NOT share with patient'
/** Far longer than a start takes here; what takes longer waits for something. */
const QUICK_MS = 15_000
const POST = { path: '/fhir/DocumentReference', method: 'POST' }
const DELETE = { path: '/fhir/DocumentReference', method: 'DELETE' }
const SLOW = { delayMs: 60_000 }

let sandbox: Sandbox
let home: EngineHome
let engine: RunningEngine
beforeAll(async () => {
  sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now: () => new Date(), newId: randomUUID })
  home = anEngineHome({ sandboxUrl: sandbox.url })
  engine = await home.start()
}, 90_000)
afterEach(() => engine.control({ faults: [] }))
afterAll(async () => {
  await home.remove()
  await sandbox.close()
})

const timesIn = async (letter: Buffer): Promise<number> => (await engine.record(ADA)).filter((entry) => entry.sha256 === sha256(letter)).length
const started = (letter: Buffer) => until('PKB has it', async () => (await timesIn(letter)) === 1)
const asked = async (what: string): Promise<number> => (await engine.requests()).byPath[what] ?? 0
const attempts = async (sourceId: string) => (await engine.bySourceId(sourceId))!.deliveries.flatMap((delivery) => delivery.attempts)

const kill9 = async (): Promise<void> => {
  expect(await engine.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
}
const again = async (): Promise<void> => {
  await engine.control({ faults: [] })
  engine = await home.start()
  expect(engine.readyMs).toBeLessThan(QUICK_MS)
}

type Upload = { readonly id: string; readonly letter: Buffer; readonly shared: boolean; readonly send: (to: RunningEngine) => Promise<boolean> }

/** By turns JSON and HL7, and every fourth marked do-not-share. */
const someUploads = (count: number, mark: string): readonly Upload[] =>
  Array.from({ length: count }, (_, at) => {
    const id = `${mark}-${at}`
    const letter = aPdf({ mark: id, bytes: 300_000 })
    const shared = at % 4 !== 3
    const picklist = shared ? 'MH share with patient' : DO_NOT
    const message = mdm({ 'TXA-12': id, 'MSH-10': `C-${id}`, 'TXA-2': `^${picklist}`, 'OBX-5': `^AP^PDF^Base64^${letter.toString('base64')}` })
    return {
      id, letter, shared,
      send: async (to) => (at % 2 === 0 ? [200, 201].includes((await to.upload({ documentId: id, documentType: picklist }, letter)).status) : (await to.hl7(message)).code === 'AA'),
    }
  })

describe('the engine is killed', () => {
  test('while uploads stream in: what was acknowledged is there, what was not is sent again, and each stands once', async () => {
    const uploads = someUploads(48, 'S')
    const acknowledged = new Set<string>()
    const waiting = [...uploads]
    let isKilled = false
    const sender = async (): Promise<void> => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const isTaken = await one.send(engine).catch((error: unknown) => {
          if (!isKilled) throw error
          return false
        })
        if (isTaken) acknowledged.add(one.id)
        else return
      }
    }
    const senders = Promise.all([sender(), sender(), sender(), sender()])
    await until('some are acknowledged', () => acknowledged.size >= 12)
    isKilled = true
    await kill9()
    await senders
    expect(acknowledged.size).toBeLessThan(uploads.length)

    await again()
    for (const id of acknowledged) expect([id, (await engine.bySourceId(id))?.sourceId]).toEqual([id, id])
    const unsure = uploads.filter(({ id }) => !acknowledged.has(id))
    for (const one of unsure) expect([one.id, await one.send(engine)]).toEqual([one.id, true])
    for (const { id, letter, shared } of uploads) {
      await engine.state(id, shared ? 'acknowledged' : 'withheld')
      expect([id, await timesIn(letter)]).toEqual([id, shared ? 1 : 0])
    }
    expect((await engine.list('?limit=200')).filter(({ sourceId }) => sourceId.startsWith('S-'))).toHaveLength(uploads.length)
  }, 90_000)

  test.each([['HTTP', 0], ['HL7', 1]])('right after it acknowledged by %s', async (door, at) => {
    const uploads = someUploads(4, `A-${door}`)
    const [shared, withheld] = [uploads[at]!, uploads[3]!]
    expect(await withheld.send(engine)).toBe(true)
    expect(await shared.send(engine)).toBe(true)
    await kill9()
    await again()
    await engine.state(shared.id, 'acknowledged')
    expect([await timesIn(shared.letter), await timesIn(withheld.letter)]).toEqual([1, 0])
  }, 60_000)

  test.each([
    ['PKB has stored it and is slow to say so', 'stored', SLOW],
    ['PKB has stored it, and would have cut the connection', 'stored', { ...SLOW, cut: 'after-store' }],
    ['PKB has not stored it, and would have cut the connection', 'nothing', { ...SLOW, cut: 'before-store' }],
  ])('while %s: it looks first, and there is one copy', async (what, stored, fault) => {
    const letter = aPdf({ mark: what })
    const id = `E-${sha256(letter).slice(0, 6)}`
    const before = await asked('POST /fhir/DocumentReference')
    await engine.control({ faults: [{ ...POST, ...fault }] })
    await engine.upload({ documentId: id }, letter)
    await until('PKB was asked to store it', async () => (await asked('POST /fhir/DocumentReference')) === before + 1)
    if (stored === 'stored') await started(letter)
    expect((await engine.bySourceId(id))!.state).toBe('sent')
    await kill9()
    expect(await timesIn(letter)).toBe(stored === 'stored' ? 1 : 0)
    await again()
    await engine.state(id, 'acknowledged')
    expect(await timesIn(letter)).toBe(1)
    expect((await attempts(id)).map(({ action }) => action)).toEqual(stored === 'stored' ? ['create', 'look'] : ['create', 'look', 'create'])
    expect(await asked('POST /fhir/DocumentReference')).toBe(before + (stored === 'stored' ? 1 : 2))
  }, 60_000)

  test.each([
    ['PKB has taken it out and is slow to say so', SLOW, 0],
    ['PKB has not taken it out yet', { ...SLOW, cut: 'before-store' }, 1],
  ])('during a recall, when %s: the recall is completed', async (what, fault, left) => {
    const letter = aPdf({ mark: what })
    const id = `R-${sha256(letter).slice(0, 6)}`
    await engine.upload({ documentId: id, uploadedAt: '2026-11-20T10:00:00Z' }, letter)
    await engine.state(id, 'acknowledged')
    await engine.control({ faults: [{ ...DELETE, ...fault }] })
    const before = await asked('DELETE /fhir/DocumentReference/{id}')
    await engine.upload({ documentId: id, event: 'updated', documentType: DO_NOT, uploadedAt: '2026-11-20T11:00:00Z' }, null)
    await until('PKB was asked to take it out', async () => (await asked('DELETE /fhir/DocumentReference/{id}')) === before + 1 && (await timesIn(letter)) === left)
    expect((await attempts(id)).at(-1)).toMatchObject({ action: 'recall', outcome: 'started' })
    await kill9()
    expect(await timesIn(letter)).toBe(left)
    await again()
    await engine.state(id, 'recalled')
    expect(await timesIn(letter)).toBe(0)
  }, 60_000)

  test('right after a do-not-share was acknowledged: what stands is recalled after the start', async () => {
    const letter = aPdf({ mark: 'flip and die' })
    await engine.upload({ documentId: 'R-flip', uploadedAt: '2026-11-20T10:00:00Z' }, letter)
    await engine.state('R-flip', 'acknowledged')
    expect((await engine.upload({ documentId: 'R-flip', event: 'updated', documentType: DO_NOT, uploadedAt: '2026-11-20T11:00:00Z' }, null)).status).toBe(201)
    await kill9()
    await again()
    await engine.state('R-flip', 'recalled')
    expect(await timesIn(letter)).toBe(0)
  }, 60_000)
})

describe('its PostgreSQL is killed', () => {
  test('uploads are turned away meanwhile, the engine brings it back by itself, and sent again they arrive once', async () => {
    const first = home.postmaster()!
    const outage = async (round: number) => {
      const letters = { http: aPdf({ mark: `outage ${round} by HTTP` }), hl7: aPdf({ mark: `outage ${round} by HL7` }) }
      const message = Buffer.from(mdm({ 'TXA-12': `P-hl7-${round}`, 'MSH-10': `C-P-hl7-${round}`, 'OBX-5': `^AP^PDF^Base64^${letters.hl7.toString('base64')}` }))
      const sender = await connectMllp({ host: '127.0.0.1', port: engine.mllpPort, timeoutMs: 30_000 })
      process.kill(home.postmaster()!, 'SIGKILL')
      const [http, hl7] = await Promise.all([engine.upload({ documentId: `P-http-${round}` }, letters.http), sender.send(message)])
      const wereTurnedAway = http.status === 503 && hl7.code === 'AR'
      if (wereTurnedAway) expect([http.body.code, await timesIn(letters.http), await timesIn(letters.hl7)]).toEqual(['STORE_UNAVAILABLE', 0, 0])

      await until('it is up again', async () => (await fetch(`${engine.url}/health/ready`)).ok)
      expect((await sender.send(message)).code).toBe('AA')
      await sender.close()
      expect([200, 201]).toContain((await engine.upload({ documentId: `P-http-${round}` }, letters.http)).status)
      for (const door of ['http', 'hl7'] as const) {
        await engine.state(`P-${door}-${round}`, 'acknowledged')
        expect(await timesIn(letters[door])).toBe(1)
      }
      return wereTurnedAway
    }
    // It is back so soon that an upload may come too late to be turned away.
    let round = 1
    while (!(await outage(round)) && round < 10) round += 1
    expect(round).toBeLessThan(10)
    expect(home.postmaster()).not.toBe(first)
    expect([engine.hasEnded(), engine.err()]).toEqual([false, expect.stringContaining('"event":"part_failed","part":"postgresql"')])
  }, 60_000)

  test('together with the engine: both come back with everything', async () => {
    const letter = aPdf({ mark: 'power cut' })
    await engine.upload({ documentId: 'P-both' }, letter)
    const both = kill9()
    process.kill(home.postmaster()!, 'SIGKILL')
    await both
    await again()
    await engine.state('P-both', 'acknowledged')
    expect(await timesIn(letter)).toBe(1)
  }, 60_000)
})

describe('the engine is told to stop', () => {
  test('during an exchange: it ends it, exits with 0, and leaves nothing running', async () => {
    const letter = aPdf({ mark: 'in order' })
    await engine.control({ faults: [{ ...POST, delayMs: 1000 }] })
    await engine.upload({ documentId: 'T-1' }, letter)
    await started(letter)
    const { state, deliveries } = (await engine.bySourceId('T-1'))!
    expect([state, deliveries[0]!.attempts.length]).toEqual(['sent', 1])
    expect(await engine.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect([home.postmaster(), home.processes()]).toEqual([undefined, []])
    expect(engine.err()).not.toContain('database_lost')
    engine = await home.start()
    const story = await engine.state('T-1', 'acknowledged')
    expect(story.deliveries[0]!.attempts.map(({ action, outcome }) => [action, outcome])).toEqual([['create', 'accepted']])
    expect(await timesIn(letter)).toBe(1)
  }, 60_000)
})
