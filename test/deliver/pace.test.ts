// The pace at PKB with two processes on one ledger: never more at once than the channel says, never faster, recalls
// ahead of everything, and nothing that is started and then waits. A real ledger and queue; PKB only counts.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { Destination } from '../../src/deliver/destination.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { takeTurn, type Pace } from '../../src/deliver/turn.ts'
import { openWake } from '../../src/deliver/wake.ts'
import { openWorker } from '../../src/deliver/worker.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Outcome } from '../../src/types.ts'
import { ADA, aContent, aReceipt } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { hl7Settings, pkbSettings } from '../support/pkb.ts'
import { contentRef } from '../support/receipts.ts'
import { keep } from '../support/shipment.ts'
import { until } from '../support/until.ts'

const now = (): Date => new Date()
let place: TestLedger
let closes: (() => Promise<void>)[]
/** Every exchange at PKB: what it was, and when it began. */
let pkb: { begun: { what: string; document: string; at: number }[]; underWay: number; most: number; takesMs: number; away: boolean; looks: Promise<void> }

beforeEach(async () => {
  place = await aLedger()
  Object.defineProperty(place.clock, 'at', { get: now })
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, now().toISOString())
  closes = []
  pkb = { begun: [], underWay: 0, most: 0, takesMs: 20, away: false, looks: Promise.resolve() }
})
afterEach(async () => {
  for (const close of closes.toReversed()) await close()
  await place.close()
})

const counting = (): Destination => {
  const exchange = (what: string) => async ({ documentId }: { documentId: string }): Promise<Outcome> => {
    const { away } = pkb
    pkb.begun.push({ what, document: documentId, at: Date.now() })
    pkb.most = Math.max(pkb.most, ++pkb.underWay)
    await delay(pkb.takesMs)
    pkb.underWay -= 1
    return away ? { kind: 'unavailable', code: '503', detail: '' } : { kind: 'accepted', code: '201', detail: '', remoteId: documentId, confirmed: true }
  }
  return {
    name: 'pkb', create: exchange('create'), update: exchange('update'), recall: exchange('recall'), close: async () => undefined,
    look: async (recall) => ({ found: false, outcome: await exchange('look')(recall) }),
  }
}
const aWorker = async (ledger: Ledger, pool: TestLedger['pool'], pace: { at_once: number; per_minute?: number }, destination = counting()): Promise<() => Promise<void>> => {
  const wake = await openWake({ pool, say: () => undefined, now })
  let listening = true
  ledger.onOwed((owed) => { if (listening) void wake.wake(owed) })
  const settings = { ...pkbSettings('http://127.0.0.1:1'), circuit: { opens_after: 3, probe_secs: 0.2 }, ...pace }
  const worker = await openWorker({ ledger, wake, policy: () => place.policy, now, random: Math.random, sweepEveryMs: 100, destinations: [{ destination, settings }], say: () => undefined })
  const close = async (): Promise<void> => {
    listening = false
    await worker.close()
    await wake.close()
  }
  closes.push(close)
  return close
}
const twoWorkers = async (pace: { at_once: number; per_minute?: number }): Promise<void> => {
  const other = await place.another()
  closes.push(other.close)
  await aWorker(place.ledger, place.pool, pace)
  await aWorker(other.ledger, other.pool, pace)
}

let nth = 0
const letter = async (metadata: object = {}, documentId = `RIO-T${++nth}`): Promise<string> =>
  (await place.upload({ documentId, ...metadata }, { receipt: aReceipt({ documentId, ...metadata }, { id: randomUUID(), contents: [aContent(`letter ${nth}`)] }) })).id
const letters = (count: number): Promise<readonly string[]> => Promise.all(Array.from({ length: count }, () => letter()))
const states = async (ids: readonly string[]): Promise<readonly string[]> => (await place.pool.query<{ state: string }>('select state from documents where id = any($1::uuid[])', [ids])).rows.map(({ state }) => state)
const allAre = (ids: readonly string[], state: string, ms = 30_000): Promise<unknown> => until(`all are ${state}`, async () => (await states(ids)).every((one) => one === state), ms)
const withdraw = async (id: string): Promise<unknown> =>
  letter({ event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' }, (await place.ledger.story(id))!.sourceId)

describe('two workers', () => {
  test.each([1, 3])('have %i exchanges at PKB at once, and no more', async (at_once) => {
    pkb.takesMs = at_once * 40
    await twoWorkers({ at_once })
    const ids = await letters(30)
    await allAre(ids, 'acknowledged')
    expect(pkb.most).toBe(at_once)
    expect(pkb.begun.map(({ document }) => document).toSorted()).toEqual([...ids].toSorted())
  })

  test('keep the rate together: no exchange begins sooner after the one before than the ceiling allows', async () => {
    await twoWorkers({ at_once: 1, per_minute: 300 })
    const ids = await letters(12)
    await allAre(ids, 'acknowledged')
    // As the ledger has it: a busy machine may bring one late, and the next one in time.
    const at = await begunAt(ids)
    expect(Math.min(...at.slice(1).map((time, n) => time - at[n]!))).toBeGreaterThanOrEqual(200)
    expect(pkb.begun).toHaveLength(12)
  })

  test('let a recall go ahead of everything, and ahead of the ceiling', async () => {
    pkb.takesMs = 5
    await twoWorkers({ at_once: 1, per_minute: 6 })
    const [first] = (await letters(1)) as [string]
    await allAre([first], 'acknowledged')
    await letters(10)
    const at = Date.now()
    await withdraw(first)
    await allAre([first], 'recalled')
    expect(Date.now() - at).toBeLessThan(8000)
    expect(pkb.begun.map(({ what }) => what)).toEqual(['create', 'recall'])
  })

  test('do not let a new revision overtake the ceiling under the cloak of the recall that it was woken for', async () => {
    await twoWorkers({ at_once: 1, per_minute: 60 })
    const [first] = (await letters(1)) as [string]
    await allAre([first], 'acknowledged')
    await withdraw(first)
    await allAre([first], 'recalled')
    await letter({ event: 'updated', uploadedAt: '2026-11-20T13:00:00Z' }, (await place.ledger.story(first))!.sourceId)
    await allAre([first], 'acknowledged')
    expect(pkb.begun.map(({ what }) => what)).toEqual(['create', 'recall', 'create'])
    const at = await begunAt([first])
    expect(at[2]! - at[1]!).toBeGreaterThanOrEqual(1000)
  })
})

/** When each attempt was written down as begun, in order. */
const begunAt = async (ids: readonly string[]): Promise<readonly number[]> => {
  const stories = await Promise.all(ids.map((id) => place.ledger.story(id)))
  return stories.flatMap((told) => told!.deliveries.flatMap(({ attempts }) => attempts.map(({ at }) => Date.parse(at)))).toSorted((a, b) => a - b)
}

describe('two workers at the sandbox, as strict as PKB says that it is', () => {
  test('never have a second request there while one is handled', async () => {
    const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now, newId: randomUUID, strict: true })
    const folder = makeFolder()
    const content = await openContent(join(folder.path, 'content'))
    const other = await place.another()
    const pkbs = [openPkb(hl7Settings(sandbox.url), { content, now }), openPkb(hl7Settings(sandbox.url), { content, now })] as const
    closes.push(other.close, ...pkbs.map((one) => one.close), sandbox.close, async () => { folder.remove() })
    await aWorker(place.ledger, place.pool, { at_once: 1 }, pkbs[0])
    await aWorker(other.ledger, other.pool, { at_once: 1 }, pkbs[1])
    const ids = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const pdf = aPdf({ mark: `strict ${n}` })
      await keep(content, pdf)
      const metadata = { documentId: `RIO-strict-${n}` }
      return (await place.upload(metadata, { receipt: aReceipt(metadata, { id: randomUUID(), contents: [contentRef(pdf)] }) })).id
    }))
    await allAre(ids, 'acknowledged')
    const { requests } = (await (await fetch(`${sandbox.url}/control`)).json()) as { requests: { hl7AtOnce: number; byPath: Record<string, number> } }
    expect(requests).toMatchObject({ hl7AtOnce: 1, byPath: { 'POST /services/hl7': 20 } })
  })
})

describe('one worker', () => {
  test('starts nothing and then waits: what is started is under way at PKB', async () => {
    await aWorker(place.ledger, place.pool, { at_once: 1, per_minute: 40 })
    const ids = await letters(5)
    await allAre(ids, 'acknowledged')
    const { rows } = await place.pool.query<{ document_id: string; at: Date }>('select document_id, at from attempts a join deliveries d on d.id = a.delivery_id')
    expect(rows).toHaveLength(5)
    for (const { document_id, at } of rows) expect(pkb.begun.find(({ document }) => document === document_id)!.at - at.getTime()).toBeLessThan(1400)
  })

  test('comes back slowly after an outage, even one at a time', async () => {
    pkb.away = true
    pkb.takesMs = 1
    await aWorker(place.ledger, place.pool, { at_once: 1 })
    const ids = await letters(12)
    await until('PKB is left alone', () => pkb.begun.length >= 4)
    pkb.away = false
    const before = pkb.begun.length
    await allAre(ids, 'acknowledged')
    const good = pkb.begun.slice(before)
    expect(good.at(-1)!.at - good[0]!.at).toBeGreaterThan(600)
  })

  test('closes at once, however long it would have to wait for its turn', async () => {
    const close = await aWorker(place.ledger, place.pool, { at_once: 1, per_minute: 1 })
    const ids = await letters(3)
    await until('the first', () => pkb.begun.length === 1)
    await delay(100)
    const at = Date.now()
    await close()
    expect(Date.now() - at).toBeLessThan(600)
    expect((await states(ids)).filter((state) => state === 'waiting')).toHaveLength(2)
  })
})

describe('a turn', () => {
  const pace = (overrides: Partial<Pace> = {}): Pace => ({ destination: 'pkb', atOnce: 1, gate: { waitMs: () => 0 }, ledger: place.ledger, now, random: () => 0.5, ...overrides })

  test('is not waited for longer than a moment, and then it is said when to come again', async () => {
    const held = (await place.ledger.slot('pkb', 1))!
    const at = Date.now()
    const taken = await takeTurn(pace(), false)
    expect('again' in taken && Date.parse(taken.again)).toBeGreaterThan(at + 1000)
    expect(Date.now() - at).toBeLessThan(2500)
    await held.release()
  })

  test('does not wait for a time that only a wrong clock can have said', async () => {
    const first = (await place.ledger.slot('pkb', 1))!
    await first.used(new Date(Date.now() + 3_600_000).toISOString())
    await first.release()
    const taken = await takeTurn(pace({ perMinute: 30 }), false)
    if (!('turn' in taken)) throw new Error('it had to wait')
    expect(taken.turn.early({ do: 'exchange', deliveryId: 'd', action: 'create', revision: 1 })).toBeUndefined()
    taken.turn.begins()
    await taken.turn.settled()
    await taken.turn.release()
    const next = (await place.ledger.slot('pkb', 1))!
    expect(Date.parse(next.notBefore!) - Date.now()).toBeLessThan(2001)
    await next.release()
  })

  test('leaves the slot to others while it waits for its time', async () => {
    const first = (await place.ledger.slot('pkb', 1))!
    await first.used(new Date(Date.now() + 60_000).toISOString())
    await first.release()
    const waiting = takeTurn(pace({ perMinute: 1 }), false)
    await delay(100)
    const recall = await takeTurn(pace({ perMinute: 1 }), true)
    if (!('turn' in recall)) throw new Error('the recall had to wait')
    expect(recall.turn.early({ do: 'exchange', deliveryId: 'd', action: 'recall', revision: 1 })).toBeUndefined()
    expect(recall.turn.early({ do: 'exchange', deliveryId: 'd', action: 'create', revision: 1 })).toEqual(expect.any(String))
    await recall.turn.release()
    expect(await waiting).toEqual({ again: expect.any(String) })
  })
})
