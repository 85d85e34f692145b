// What moved, by hour and by minute, is a fold over the log; what came in, waits and is in trouble is what lists show.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { array, assert, asyncProperty, constantFrom, record } from '../support/fast-check.ts'
import { londonDay } from '../../src/decide/london.ts'
import { COLUMNS, type Column } from '../../src/ledger/reconciliation.ts'
import { askedAt, todayOf, type Today } from '../../src/dashboard/today/today-numbers.ts'
import type { FlowWhat } from '../../src/ledger/flow-words.ts'
import { aReceipt } from '../support/documents.ts'
import { live, type Fate } from '../support/flow.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place?.close())

const KNOWN = { feeds: ['rio-http'], destinations: ['pkb', 'print'] }
const todayAt = async (at: string, of = place): Promise<Today> => {
  const asked = askedAt(new Date(at))
  return todayOf(await of.ledger.flow(asked), asked, KNOWN)
}

// ---------------------------------------------------------------- a fold over the log

type Entry = { readonly at: Date; readonly kind: string; readonly actor: string; readonly detail: string }

/** Apart from what the ledger does: the same words, by hand. */
const countsAs = ({ kind, actor, detail }: Entry): readonly [channel: string, what: FlowWhat] | undefined => {
  const said = JSON.parse(detail) as { readonly [name: string]: string }
  const to = said['destination'] ?? actor
  if (kind === 'received') return [said['feed']!, 'in']
  if (kind === 'read') return [to, 'read']
  if (kind === 'print-acknowledged') return [to, 'printed']
  if (kind === 'blocked' || kind === 'print-rejected') return [to, 'failed']
  const state = kind === 'attempt-ended' ? said['state'] : undefined
  if (state === 'acknowledged' || state === 'printing' || state === 'printed') return [to, 'out']
  return state === 'recalled' ? [to, 'recalled'] : state === 'failed' ? [to, 'failed'] : undefined
}

const fold = async (of = place): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>()
  for (const entry of (await of.pool.query<Entry>('select at, kind, actor, detail from events')).rows) {
    const counted = countsAs(entry)
    if (!counted) continue
    const key = [`${entry.at.toISOString().slice(0, 13)}:00:00.000Z`, ...counted].join(' ')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Both sides of midnight in winter, in summer, and of both changes of the clock. */
const MOMENTS = [
  '2026-03-28T23:59:59.999Z', '2026-03-29T00:59:00.000Z', '2026-03-29T22:59:59.999Z', '2026-03-29T23:00:00.000Z', '2026-07-01T22:59:59.999Z', '2026-07-01T23:00:00.000Z',
  '2026-10-24T23:30:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z', '2026-10-25T23:59:59.999Z', '2026-10-26T00:00:00.000Z',
] as const
const FATES = ['shared', 'posted', 'withheld', 'review', 'failed', 'waiting', 'read', 'printed', 'taken-back'] as const satisfies readonly Fate[]

test('whatever happens, and whenever, hours and days say what the log says', async () => {
  await assert(asyncProperty(array(record({ at: constantFrom(...MOMENTS), fate: constantFrom(...FATES), late: constantFrom(0, 1, 7_200) }), { minLength: 1, maxLength: 6 }), async (lives) => {
    for (const { at, fate, late } of lives) await live(place, at, fate, { deliveredAt: new Date(Date.parse(at) + late * 1000).toISOString() })
    const folded = await fold()
    const kept = (await place.pool.query<{ hour: Date; channel: string; what: string; count: number }>('select * from flow')).rows
    expect(new Map(kept.map(({ hour, channel, what, count }) => [[hour.toISOString(), channel, what].join(' '), count]))).toEqual(folded)

    for (const at of MOMENTS) {
      const today = await todayAt(at)
      const mine = [...folded].map(([key, count]) => ({ key: key.split(' ') as [string, string, string], count })).filter(({ key: [hour] }) => londonDay(new Date(hour)) === londonDay(new Date(at)))
      const sumOf = (channel: string | undefined, what: string): number => mine.filter(({ key }) => (channel === undefined || key[1] === channel) && key[2] === what).reduce((sum, { count }) => sum + count, 0)
      expect([at, today.hours.reduce((sum, hour) => sum + hour.in, 0)]).toEqual([at, sumOf(undefined, 'in')])
      expect([at, today.hours.reduce((sum, hour) => sum + hour.out, 0)]).toEqual([at, sumOf(undefined, 'out')])
      for (const { destination, today: moved } of today.destinations)
        for (const [what, count] of Object.entries(moved)) expect([at, destination, what, count]).toEqual([at, destination, what, sumOf(destination, what)])
    }
  }), { numRuns: 12 })
}, 180_000)

test('each number of documents is as long as the list behind it, on any day', async () => {
  for (const at of MOMENTS) {
    const today = await todayAt(at)
    const behind = async (column: Column | 'received') => (await place.ledger.reconciled({ since: today.since, until: today.until, feed: 'rio-http', column }, 5000)).length
    const feed = today.feeds.find((one) => one.feed === 'rio-http')!
    expect([at, feed.came]).toEqual([at, await behind('received')])
    for (const column of COLUMNS) expect([at, column, feed.stands[column]]).toEqual([at, column, await behind(column)])
    const { days } = await place.ledger.reconciliation(today.since, today.until)
    expect([at, { day: today.day, feed: 'rio-http', received: feed.came, refused: 0, different: 0, ...feed.stands }]).toEqual([at, days.find(({ feed: of }) => of === 'rio-http') ?? { day: today.day, feed: 'rio-http', received: 0, refused: 0, different: 0, ...feed.stands }])
    expect(today.days.at(-1)).toEqual({ day: today.day, ...feed.stands })
    for (const { destination, today: moved, waiting } of today.destinations) {
      const span = { destination, since: today.since, until: today.until }
      for (const what of ['out', 'read', 'printed', 'recalled', 'failed'] as const) expect([at, what, (await place.ledger.behindFlow({ ...span, what }, 5000)).length]).toEqual([at, what, moved[what]])
      expect((await place.ledger.behindFlow({ ...span, what: 'waiting' }, 5000)).length).toBe(waiting)
    }
    expect(today.ages.reduce((sum, { count }) => sum + count, 0)).toBe(today.destinations.reduce((sum, { waiting }) => sum + waiting, 0))
  }
})

// ---------------------------------------------------------------- the day

describe('a day has the hours that London has', () => {
  test.each([['2026-11-23T12:00:00Z', 24, '23'], ['2026-03-29T12:00:00Z', 23, '23'], ['2026-10-25T12:00:00Z', 25, '23']])('%s: %d', async (at, hours, last) => {
    const today = await todayAt(at)
    expect([today.hours.length, today.hours[0]!.label, today.hours.at(-1)!.label]).toEqual([hours, '00', last])
    expect(new Set(today.hours.map(({ label }) => label)).size).toBe(hours)
    expect(today.hours.some(({ label }) => label === '01 again')).toBe(hours === 25)
    expect(today.hours.some(({ label }) => label === '01')).toBe(hours !== 23)
  })
})

describe('with a ledger of its own', () => {
  let other: TestLedger
  beforeAll(async () => { other = await aLedger() })
  afterAll(() => other?.close())

  test('what is usual takes two of the same weekday, and one odd day does not move it', async () => {
    await live(other, '2026-10-30T10:00:00Z', 'withheld')
    const usuals = async () => (await todayAt('2026-11-23T12:30:00Z', other))
    expect([(await usuals()).like, (await usuals()).soFar.usualIn]).toEqual([3, 0])
    for (const [day, count] of [['02', 2], ['09', 3], ['16', 9]] as const) for (let n = 0; n < count; n += 1) await live(other, `2026-11-${day}T09:${10 + n}:00Z`, 'withheld')
    await live(other, '2026-11-23T09:30:00Z', 'withheld')
    const today = await usuals()
    expect(today.hours[9]).toMatchObject({ label: '09', in: 1, usualIn: 3 })
    expect(today.soFar).toMatchObject({ hours: 12, in: 1, usualIn: 3, usualOut: 0 })
    // The first of all began after midnight: that day is not whole.
    expect((await todayAt('2026-11-06T12:00:00Z', other)).like).toBe(0)
    expect((await todayAt('2026-11-06T12:00:00Z', other)).soFar.usualIn).toBeUndefined()
  })

  test('what waits says since when, how fast it goes, and when it is done, or that nobody knows', async () => {
    await live(other, '2026-11-24T08:00:00Z', 'waiting')
    for (let n = 0; n < 3; n += 1) await live(other, '2026-11-24T11:50:00Z', 'waiting')
    const at = '2026-11-24T12:00:00.000Z'
    const pkb = async () => (await todayAt(at, other)).destinations.find(({ destination }) => destination === 'pkb')!
    expect(await pkb()).toMatchObject({ waiting: 4, waitingSince: '2026-11-24T08:00:00.000Z', perMinute: 0 })
    expect((await pkb()).drainMinutes).toBeUndefined()
    expect((await todayAt(at, other)).ages.map(({ count }) => count)).toEqual([3, 0, 0, 1, 0, 0])

    for (let n = 0; n < 5; n += 1) await live(other, '2026-11-24T11:55:00Z', 'shared')
    // Nobody sends: how fast it went says nothing.
    expect(await pkb()).toMatchObject({ perMinute: 0.5, waiting: 4 })
    expect((await pkb()).drainMinutes).toBeUndefined()
    const note = (circuit: 'closed' | 'open', process = 'one', until?: string) => other.ledger.noteStates(process, [{ destination: 'pkb', circuit, since: at, ...(until ? { until, code: '503' } : {}) }], at)
    await note('closed')
    expect(await pkb()).toMatchObject({ drainMinutes: 8, circuit: { circuit: 'closed', processes: 1, of: 1 } })
    // The worst is told; a paused destination drains nobody knows when.
    await note('open', 'two', '2026-11-24T12:05:00.000Z')
    expect(await pkb()).toMatchObject({ circuit: { circuit: 'open', until: '2026-11-24T12:05:00.000Z', code: '503', processes: 1, of: 2 } })
    expect((await pkb()).drainMinutes).toBeUndefined()
    await other.ledger.forgetStates('two')
    expect((await pkb()).drainMinutes).toBe(8)
    // A process that has not been heard of is gone, and a destination that it does not send to any more too.
    expect((await todayAt('2026-11-24T12:02:00.000Z', other)).destinations.find(({ destination }) => destination === 'pkb')!.circuit).toBeUndefined()
    await other.ledger.noteStates('one', [{ destination: 'print', circuit: 'slow', since: at }], at)
    expect((await pkb()).circuit).toBeUndefined()
  })

  test('what was refused is counted and named without its content', async () => {
    await other.ledger.reject({ feed: 'rio-mllp', at: '2026-11-25T09:00:00.000Z', code: 'DOCUMENT_ID_MISSING', detail: 'TXA-12', skeleton: 'PID|9990000018' })
    const today = await todayAt('2026-11-25T12:00:00Z', other)
    expect(today.feeds.find(({ feed }) => feed === 'rio-mllp')).toMatchObject({ came: 0, refused: 1 })
    expect(await other.ledger.refusals(today.since, today.until, 10)).toEqual([{ at: '2026-11-25T09:00:00.000Z', feed: 'rio-mllp', code: 'DOCUMENT_ID_MISSING' }])
  })

  test('what happened since is told by its kinds, and nothing twice', async () => {
    const { seq } = await other.ledger.changesSince(undefined)
    expect(await other.ledger.changesSince(seq)).toMatchObject({ seq, kinds: [] })
    await live(other, '2026-11-25T10:00:00Z', 'withheld')
    const changed = await other.ledger.changesSince(seq)
    expect(changed.seq).toBeGreaterThan(seq)
    expect(changed.kinds).toEqual(expect.arrayContaining(['received', 'decided']))
    expect((await other.ledger.changesSince(changed.seq)).kinds).toEqual([])
  })

  test('an older log, which does not say where a delivery came to, counts by its outcomes', async () => {
    const of = async (detail: object) => (await other.pool.query<{ what: string | null }>(`select flow_what('attempt-ended', $1) as what`, [JSON.stringify(detail)])).rows[0]!.what
    expect([await of({ outcome: 'accepted', action: 'create' }), await of({ outcome: 'accepted', action: 'recall' }), await of({ outcome: 'accepted', action: 'look' }), await of({ outcome: 'refused', action: 'create' })]).toEqual(['out', 'recalled', null, null])
    expect([await of({ outcome: 'accepted', action: 'look', state: 'acknowledged' }), await of({ outcome: 'unavailable', action: 'create', state: 'owed' })]).toEqual(['out', null])
  })
})

test('a document that is updated, by another feed even, stays in the day and the feed by which it first came, as in the reconciliation', async () => {
  const other = await aLedger()
  try {
    const upload = async (receivedAt: string, feed: string, name: string): Promise<void> => {
      other.clock.at = new Date(receivedAt)
      await other.upload({}, { receipt: aReceipt({ documentId: 'RIO-TWICE', uploadedAt: receivedAt, name, documentType: 'MH DO NOT share with patient' }, { receivedAt, feed }) })
    }
    await upload('2026-11-22T23:30:00.000Z', 'rio-folder', 'CLIN one.pdf')
    await upload('2026-11-23T09:30:00.000Z', 'rio-http', 'CLIN two.pdf')
    const today = await todayAt('2026-11-23T12:00:00Z', other)
    expect(today.feeds.map(({ feed, came }) => [feed, came])).toEqual([['rio-http', 0]])
    expect(today.days.slice(-2).map(({ withheld }) => withheld)).toEqual([1, 0])
    const { days } = await other.ledger.reconciliation('2026-11-22T00:00:00.000Z', '2026-11-24T00:00:00.000Z')
    expect(days.map(({ day, feed, received }) => [day, feed, received])).toEqual([['2026-11-22', 'rio-folder', 1]])
    // Both were uploads.
    expect(today.soFar.in).toBe(1)
  } finally {
    await other.close()
  }
})

test('what waits keeps its place while it is tried', async () => {
  const id = await live(place, '2026-12-01T08:00:00Z', 'waiting')
  place.clock.at = new Date('2026-12-01T09:00:00Z')
  await work(place, id, 'pkb', { kind: 'unavailable', code: '503' })
  const [oldest] = (await place.ledger.behindFlow({ destination: 'pkb', what: 'waiting', since: '', until: '' }, 5000)).filter((row) => row.id === id)
  expect(oldest?.at).toBe('2026-12-01T08:00:00.000Z')
})
