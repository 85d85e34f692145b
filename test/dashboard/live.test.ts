// The stream that tells pages of changes, over real HTTP and a real ledger: who hears what, and that it ends.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Request, Response } from 'express'
import { EventEmitter } from 'node:events'
import { liveAddresses } from '../../src/dashboard/live/live.ts'
import { TOPICS, topicsOf } from '../../src/dashboard/live/live-topics.ts'
import type { DashboardParts } from '../../src/dashboard/parts.ts'
import { rightsOf } from '../../src/dashboard/rights.ts'
import type { Visitor } from '../../src/dashboard/visitor.ts'
import { AUDIT_KINDS } from '../../src/observe/events.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { live } from '../support/flow.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { listenTo, type Stream } from '../support/stream.ts'
import { until } from '../support/until.ts'

const LIVE = { lookMs: 15, atMostEveryMs: 40, heartbeatMs: 60, mostVisitors: 4 }
const jane: Visitor = { kind: 'person', id: 'jane', name: 'Jane', rights: rightsOf(['viewer']), formToken: 'form' }

let place: TestLedger
let asked = 0
let who: Visitor | undefined = jane
let open: TestDashboard
const streams: Stream[] = []
const start = (more: Partial<DashboardParts> = {}) => startDashboard({
  ledger: { ...place.ledger, changesSince: (...of) => { asked += 1; return place.ledger.changesSince(...of) } },
  visitors: { of: (req) => Promise.resolve(req.headers['x-nobody'] === undefined ? who : undefined) }, live: LIVE, now: () => place.clock.at, ...more,
})
beforeAll(async () => {
  place = await aLedger()
  open = await start()
})
afterEach(async () => {
  who = jane
  for (const stream of streams.splice(0)) stream.close()
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
const listen = async (headers: Record<string, string> = {}, url = open.url): Promise<Stream> => {
  const stream = await listenTo(`${url}/live`, headers)
  streams.push(stream)
  return stream
}
/** From here on it hears what happens. */
const ready = async (stream: Stream): Promise<string> => {
  const id = await until('an id', () => stream.lastId())
  await until('a heartbeat', () => stream.text().includes(': still here'))
  return id
}
const something = () => live(place, '2026-11-23T12:00:00Z', 'shared')

test('everybody who looks on hears that something changed, and of whom to nobody', async () => {
  const all = await Promise.all([listen(), listen(), listen()])
  for (const stream of all) await ready(stream)
  const id = await something()
  for (const stream of all) {
    const { data = '', id: seq = '' } = await stream.next('changed')
    expect(data.split(' ').every((topic) => (TOPICS as readonly string[]).includes(topic))).toBe(true)
    expect(data.split(' ')).toContain('today')
    expect(seq).toMatch(/^\d+$/u)
    for (const secret of [id, ADA.nhsNumber, ADA.family, 'RIO-']) expect(stream.text()).not.toContain(secret)
  }
})

test('one question serves all, and nobody asks for nobody', async () => {
  await until('silence', async () => {
    const before = asked
    await new Promise((resolve) => { setTimeout(resolve, LIVE.lookMs * 6) })
    return asked === before
  })
  const first = await listen()
  await ready(first)
  const [alone, since] = [asked, performance.now()]
  await until('ten questions', () => asked >= alone + 10)
  const each = (performance.now() - since) / 10
  const more = await Promise.all([listen(), listen(), listen()])
  for (const stream of more) await ready(stream)
  const [four, then] = [asked, performance.now()]
  await until('ten more', () => asked >= four + 10)
  // Four visitors would ask four times as often.
  expect((performance.now() - then) / 10).toBeGreaterThan(each / 2)
  for (const stream of [first, ...more]) stream.close()
  await until('silence again', async () => {
    const before = asked
    await new Promise((resolve) => { setTimeout(resolve, LIVE.lookMs * 6) })
    return asked === before
  })
})

test('who comes back with the last id hears at once what was missed, and nothing twice', async () => {
  const first = await listen()
  await ready(first)
  await something()
  await first.next('changed')
  await until('quiet', async () => {
    const count = first.events().length
    await new Promise((resolve) => { setTimeout(resolve, LIVE.atMostEveryMs * 3) })
    return first.events().length === count
  })
  const seen = first.lastId()!
  first.close()
  const upToDate = await listen({ 'last-event-id': seen })
  await ready(upToDate)
  expect(upToDate.events()).toEqual([])
  upToDate.close()
  await something()
  const back = await listen({ 'last-event-id': seen })
  const missed = await back.next('changed')
  expect([missed.data?.split(' ').includes('today'), Number(missed.id) > Number(seen)]).toEqual([true, true])
  // Whatever somebody writes there, nothing breaks.
  for (const id of ['nonsense', '-1', '99999999999999999999', '999999999999999']) {
    const stream = await until('room', async () => { const one = await listen({ 'last-event-id': id }); return one.status !== 503 && one })
    expect([id, stream.status]).toEqual([id, 200])
    stream.close()
  }
}, 30_000)

test('many are told one after another, and not so often that nothing else is done', async () => {
  const crowd = await start({ live: { ...LIVE, mostVisitors: 30 } })
  try {
    const all = await Promise.all(Array.from({ length: 25 }, () => listen({}, crowd.url)))
    for (const stream of all) await ready(stream)
    const told = async (than: number): Promise<readonly number[]> => (await Promise.all(all.map(async (stream) => { await stream.next('changed', than); return performance.now() }))).toSorted((a, b) => a - b)
    await something()
    const first = await told(0)
    expect(first.at(-1)! - first[0]!).toBeGreaterThan(500)
    await something()
    const second = await told(1)
    expect(second[0]! - first[0]!).toBeGreaterThan(700)
  } finally {
    await crowd.close()
  }
}, 30_000)

test('who does not read is let go, and what was written for him is not kept', async () => {
  const [{ handle: [stream] } = { handle: [] }] = liveAddresses({ ledger: place.ledger, visitors: { of: () => Promise.resolve(jane) }, live: LIVE })
  const gone = new EventEmitter()
  let [destroyed, unread] = [false, 0]
  const res = Object.assign(gone, {
    locals: { visitor: jane }, writeHead: () => undefined, end: () => undefined, destroy: () => { destroyed = true; gone.emit('close') },
    write: (text: string) => { unread += text.length * 200 },
  })
  Object.defineProperty(res, 'writableLength', { get: () => unread })
  const req = { headers: {}, app: { locals: {} }, path: '/live' }
  await stream!(req as unknown as Request, res as unknown as Response, () => undefined)
  await until('its end', () => destroyed)
  const then = unread
  await something()
  await new Promise((resolve) => { setTimeout(resolve, LIVE.heartbeatMs * 3) })
  expect([then < 200_000, unread]).toEqual([true, then])
})

describe('it ends', () => {
  test('when the visitor signs out, or loses the right to see', async () => {
    for (const then of [undefined, { ...jane, rights: [] }, { ...jane, id: 'john' }]) {
      who = jane
      const stream = await listen()
      await ready(stream)
      who = then
      expect(await stream.next('signed-out')).toMatchObject({ event: 'signed-out' })
      await until('its end', () => stream.ended())
    }
  })

  test('at once when the log says that somebody signed out, whenever the next heartbeat is', async () => {
    const slow = await start({ live: { ...LIVE, heartbeatMs: 3_600_000 } })
    try {
      const stream = await listen({}, slow.url)
      await until('an id', () => stream.lastId())
      await until('the first look', () => stream.text().includes(': still here'))
      who = undefined
      await place.pool.query('select append_events($1)', [JSON.stringify([{ at: '2026-11-23T12:00:00.000Z', kind: 'signed-out', actor: 'jane (pages)', detail: '{}' }])])
      await until('its end', () => stream.ended())
    } finally {
      await slow.close()
    }
  })

  test('when the engine stops, which waits for nobody', async () => {
    const other = await start()
    const all = await Promise.all([listen({}, other.url), listen({}, other.url)])
    for (const stream of all) await ready(stream)
    const from = performance.now()
    await other.close()
    expect(performance.now() - from).toBeLessThan(2_000)
    for (const stream of all) expect((await stream.next('stopping')).event).toBe('stopping')
    await until('all ends', () => all.every((stream) => stream.ended()))
    await expect(listenTo(`${other.url}/live`)).rejects.toThrow('fetch failed')
  })
})

test('it is for those who may see, however they ask for it, and for as many as there is room', async () => {
  expect((await listen({ 'x-nobody': '1' })).status).toBe(303)
  const plain = await listen({ accept: '*/*' })
  expect([plain.status, plain.type]).toEqual([200, 'text/event-stream; charset=utf-8'])
  plain.close()
  await until('all room', async () => { const one = await listen(); one.close(); return one.status === 200 })
  const all = await Promise.all(Array.from({ length: LIVE.mostVisitors }, () => listen()))
  expect(all.map(({ status }) => status)).toEqual(Array.from({ length: LIVE.mostVisitors }, () => 200))
  const full = await listen()
  expect(full.status).toBe(503)
  all[0]!.close()
  await until('room', async () => (await listen()).status === 200)
})

test('what somebody only looked at touches no page, or pages would never rest; what nobody thought of touches all', () => {
  expect(topicsOf(['looked', 'signed-in', 'token-made'])).toEqual([])
  expect(topicsOf(['something-new'])).toEqual(TOPICS)
  expect(topicsOf(AUDIT_KINDS)).toEqual(TOPICS)
})

test('a ledger that does not answer ends nobody, and what happened meanwhile is heard', async () => {
  let away = false
  const other = await start({ ledger: { ...place.ledger, changesSince: (seq) => (away ? Promise.reject(new Error('away')) : place.ledger.changesSince(seq)) } })
  try {
    const stream = await listen({}, other.url)
    await ready(stream)
    away = true
    await something()
    expect(stream.ended()).toBe(false)
    away = false
    expect((await stream.next('changed')).data).toContain('today')
  } finally {
    await other.close()
  }
})
