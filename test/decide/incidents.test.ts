// When an incident opens, stays, is reminded of and ends; and how long working time is.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { COMES_BACK_MS, judge, type Change } from '../../src/decide/incident-changes.ts'
import { INCIDENT_KINDS, KINDS, kindOf, unanswered, type Incident, type Wrong } from '../../src/decide/incidents.ts'
import { payloadOf, subjectOf, textOf } from '../../src/decide/notification.ts'
import { workingHours } from '../../src/decide/working-hours.ts'

const START = Date.parse('2026-11-23T10:00:00.000Z')
const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString()
const aWrong = (overrides: Partial<Wrong> = {}): Wrong => ({ kind: 'feed-down', thing: 'rio-mllp', about: 'rio-mllp', since: at(0), ...overrides })
const anIncident = (overrides: Partial<Incident> = {}): Incident => ({ ...aWrong(), id: 'i-1', openedAt: at(0), seenAt: at(0), times: 1, reminders: 0, ...overrides })

/** What the ledger makes of changes. */
const after = (known: readonly Incident[], changes: readonly Change[], now: string): readonly Incident[] => {
  const next = new Map(known.map((one) => [one.id, one]))
  for (const change of changes) {
    if (change.do === 'open') next.set(`i-${next.size + 1}`, { ...change.wrong, id: `i-${next.size + 1}`, openedAt: now, seenAt: now, times: 1, reminders: 0 })
    else {
      const { calmSince, resolvedAt, ...one } = next.get(change.id)!
      if (change.do === 'calm') next.set(change.id, { ...one, calmSince: now })
      if (change.do === 'resolve') next.set(change.id, { ...one, resolvedAt: now })
      if (change.do === 'again') next.set(change.id, { ...one, openedAt: now, seenAt: now, times: one.times + 1, reminders: 0 })
      if (change.do === 'still') next.set(change.id, { ...one, seenAt: now, times: one.times + (calmSince === undefined ? 0 : 1), reminders: one.reminders + (change.remind ? 1 : 0) })
      if (change.do === 'again') expect(resolvedAt).toBeDefined()
    }
  }
  return [...next.values()]
}

test('however a thing comes and goes, it is told of ever more rarely, is open while it is wrong, and ends when it is over', () => {
  fc.assert(fc.property(fc.array(fc.record({ wrong: fc.boolean(), minutes: fc.integer({ min: 1, max: 90 }) }), { maxLength: 60 }), (story) => {
    let [known, minutes, told]: [readonly Incident[], number, number] = [[], 0, 0]
    const step = (wrong: boolean) => {
      const lately = known.filter(({ resolvedAt }) => resolvedAt === undefined || START + minutes * 60_000 - Date.parse(resolvedAt) < COMES_BACK_MS)
      const changes = judge(wrong ? [aWrong()] : [], lately, at(minutes))
      told += changes.filter((change) => change.do === 'open' || change.do === 'again' || change.do === 'resolve' || (change.do === 'still' && change.remind)).length
      known = after(known, changes, at(minutes))
      const open = known.filter(({ resolvedAt }) => resolvedAt === undefined)
      expect(open.length).toBeLessThanOrEqual(1)
      if (wrong) expect(open).toHaveLength(1)
    }
    for (const { wrong, minutes: wait } of story) { step(wrong); minutes += wait }
    // Calm needs ten minutes, then twice as long: in a day no more than a dozen turns, each told twice, and reminders.
    expect(told).toBeLessThanOrEqual(6 + 3 * Math.ceil(minutes / 120))
    for (let n = 0; n < 60; n += 1) { step(false); minutes += 5 }
    expect(known.every(({ resolvedAt }) => resolvedAt !== undefined)).toBe(true)
  }), { numRuns: 300 })
})

test('a kind that could not be looked at is neither calm nor over', () => {
  expect(judge([], [anIncident()], at(5), ['feed-down'])).toEqual([])
  expect(judge([], [anIncident({ calmSince: at(0) })], at(60), ['feed-down'])).toEqual([])
})

test('what comes back after a day is another incident', () => {
  const known = [anIncident({ resolvedAt: at(0) })]
  expect(judge([aWrong()], known, at(23 * 60))).toMatchObject([{ do: 'again', id: 'i-1' }])
  expect(judge([aWrong()], known, at(25 * 60))).toMatchObject([{ do: 'open' }])
})

describe('what happens once', () => {
  const members = [{ id: 'd-1', since: at(5) }, { id: 'd-2', since: at(3) }, { id: 'd-3', since: at(8) }]
  const late = aWrong({ kind: 'recalled-late', thing: 'pkb', members, count: 3, since: at(3) })
  test('ends only by a person, and what comes after that is another incident, however soon', () => {
    expect(judge([], [anIncident({ ...late })], at(600))).toEqual([])
    expect(judge([late], [anIncident({ ...late, resolvedAt: at(10) })], at(11))).toMatchObject([{ do: 'open' }])
  })
  test('is never told again to who has answered for it', () => {
    expect(unanswered(late, new Set(['d-2']))).toMatchObject({ count: 2, since: at(5), members: [{ id: 'd-1' }, { id: 'd-3' }] })
    expect(unanswered(late, new Set(['d-1', 'd-2', 'd-3']))).toBeUndefined()
    expect(unanswered(aWrong(), new Set(['rio-mllp']))).toEqual(aWrong())
  })
})

test('ten times as many as anybody was told of is news, also for who has it in hand, and nine times is none', () => {
  const taken = { by: 'jane', at: at(1), reason: 'on it' }
  const grown = (count: number, overrides: Partial<Incident> = {}) => judge([aWrong({ kind: 'second-key', count })], [anIncident({ kind: 'second-key', count: 2, toldCount: 2, ...overrides })], at(5))
  expect([grown(19), grown(20), grown(20, { taken }), grown(20, { toldCount: 20 })].map(([change]) => change)).toMatchObject([{ grown: false }, { grown: true }, { grown: true, remind: false }, { grown: false }])
  expect(judge([aWrong({ kind: 'queue-age', count: 100 })], [anIncident({ kind: 'queue-age', toldCount: 1 })], at(5))).toMatchObject([{ do: 'still', grown: false }])
})

describe('working hours', () => {
  test.each([
    ['one morning', '2026-11-23T09:00:00Z', '2026-11-23T12:30:00Z', 3.5],
    ['before nine and after five', '2026-11-23T05:00:00Z', '2026-11-23T23:00:00Z', 8],
    ['over a weekend', '2026-11-20T16:00:00Z', '2026-11-23T10:00:00Z', 2],
    ['over Christmas and its substitutes', '2026-12-24T16:00:00Z', '2026-12-29T10:00:00Z', 2],
    ['over Easter', '2027-03-25T16:00:00Z', '2027-03-30T09:00:00Z', 2],
    ['over the change to summer time', '2027-03-19T17:00:00Z', '2027-03-22T10:00:00Z', 1],
    ['in summer, when nine is eight by universal time', '2026-06-01T07:00:00Z', '2026-06-01T09:00:00Z', 1],
    ['over the change to winter time', '2026-10-23T15:00:00Z', '2026-10-26T10:00:00Z', 2],
    ['backwards', '2026-11-23T12:00:00Z', '2026-11-23T10:00:00Z', 0],
  ])('%s', (_, from, to, hours) => { expect(workingHours(from, to)).toBe(hours) })
  test('a day on which the trust does not work counts for nothing', () => { expect(workingHours('2026-11-23T09:00:00Z', '2026-11-24T10:00:00Z', ['2026-11-23'])).toBe(1) })
  test('never run faster than the clock, and never backwards', () => {
    const moment = fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2027-12-31T00:00:00Z') })
    fc.assert(fc.property(moment, fc.integer({ min: 0, max: 20 * 24 * 60 }), fc.integer({ min: 0, max: 24 * 60 }), (start, length, more) => {
      const iso = (ms: number): string => new Date(ms).toISOString()
      const [hours, longer] = [workingHours(iso(start), iso(start + length * 60_000)), workingHours(iso(start), iso(start + (length + more) * 60_000))]
      expect(longer).toBeGreaterThanOrEqual(hours)
      expect(longer - hours).toBeLessThanOrEqual(more / 60 + 1e-9)
    }), { numRuns: 150 })
  })
})

describe('a notification', () => {
  const parts = { console: 'https://console.example', now: at(90) }
  test.each(KINDS)('of %s says in its subject what, and in its text what to do, whose it is and where to look', (kind) => {
    const notice = { id: 'n-1', says: 'opened', incident: anIncident({ kind, thing: 'a-thing', about: 'in short', count: 3 }) } as const
    expect(subjectOf([notice])).toBe(`Openletter: open: ${kindOf(kind).title}: in short`)
    const text = textOf([notice], parts)
    for (const part of [kindOf(kind).means, kindOf(kind).todo, kindOf(kind).owner, `https://console.example${kindOf(kind).href('a-thing')}`, 'for 1 hour', '3 documents']) expect(text).toContain(part)
    expect(JSON.parse(payloadOf(notice, parts))).toMatchObject({ id: 'n-1', type: 'alert.opened', alert: { kind, count: 3 } })
    expect(payloadOf(notice, { now: parts.now })).not.toContain('a-thing')
  })
  test('subjects are short', () => { for (const kind of KINDS) expect(INCIDENT_KINDS[kind].title.length).toBeLessThan(60) })
})
