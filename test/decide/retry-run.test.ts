// How a retry run goes: who may have it go, what is part of it, when the next are tried and when it stops.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { isPart, MEMBER_CLASSES, minutesFor, RUN_KINDS, RUN_STATES, RUN_WISHES, SECOND_PERSON_ABOVE, stopsFor, turnOf, wished } from '../../src/decide/retry-run.ts'

const JANE = { id: 'jane', kind: 'person' } as const
const NOW = new Date('2026-11-23T10:00:00.000Z')

describe('what is part of a run', () => {
  test('was never refused, unless a person says what has changed', () => {
    expect([isPart('retry', 'refused', undefined), isPart('decide-again', 'refused', undefined), isPart('retry', 'refused', 'mended')]).toEqual([false, false, true])
    expect(isPart('print', 'refused', undefined)).toBe(true)
  })
  test('was never blocked where nothing is decided anew, whatever anybody says', () => {
    for (const changed of [undefined, 'mended']) expect([isPart('retry', 'blocked', changed), isPart('decide-again', 'blocked', changed), isPart('print', 'blocked', changed)]).toEqual([false, true, true])
  })
  test('has something to do', () => { for (const kind of RUN_KINDS) expect(isPart(kind, 'nothing', 'mended')).toBe(false) })
  test('is said of every class', () => { for (const which of MEMBER_CLASSES) expect(typeof isPart('retry', which, undefined)).toBe('boolean') })
})

describe('a large run', () => {
  const large = { state: 'planned', part: SECOND_PERSON_ABOVE + 1, askers: [JANE] } as const
  test('waits for a second person, who is not the one who planned or wanted it, nor a program', () => {
    expect(wished('start', large, JANE)).toEqual({ ok: true, state: 'unconfirmed' })
    const waits = { ...large, state: 'unconfirmed', askers: [JANE, { id: 'jack', kind: 'person' }] } as const
    for (const id of ['jane', 'jack']) expect(wished('start', waits, { id, kind: 'person' })).toEqual({ ok: false, why: 'second-person' })
    expect(wished('start', waits, { id: 'robot', kind: 'program' })).toEqual({ ok: false, why: 'second-person' })
    expect(wished('start', waits, { id: 'john', kind: 'person' })).toEqual({ ok: true, state: 'running', confirms: true })
  })
  test('is not confirmed by an account of another door, which may be the same person', () => {
    const local = { ...JANE, door: 'local' }
    expect(wished('start', { ...large, state: 'unconfirmed', askers: [local] }, { id: 'jane.smith', kind: 'person', door: 'https://provider' })).toEqual({ ok: false, why: 'second-person' })
    expect(wished('start', { ...large, state: 'unconfirmed', askers: [local] }, { id: 'john', kind: 'person', door: 'local' })).toEqual({ ok: true, state: 'running', confirms: true })
  })
  test('that somebody else has planned has two people with its start', () => expect(wished('start', large, { id: 'john', kind: 'person' })).toEqual({ ok: true, state: 'running', confirms: true }))
  test('that a program planned, or wanted started, needs two people all the same: the program may be the person', () => {
    const [token, john] = [{ id: 'jane', kind: 'program' }, { id: 'john', kind: 'person' }] as const
    expect(wished('start', { ...large, askers: [token] }, JANE)).toEqual({ ok: true, state: 'unconfirmed' })
    expect(wished('start', { ...large, askers: [token] }, token)).toEqual({ ok: true, state: 'unconfirmed' })
    const waits = { ...large, state: 'unconfirmed' } as const
    expect(wished('start', { ...waits, askers: [token, token] }, token)).toEqual({ ok: false, why: 'second-person' })
    expect(wished('start', { ...waits, askers: [token, token] }, JANE)).toEqual({ ok: true, state: 'unconfirmed' })
    expect(wished('start', { ...waits, askers: [token, JANE] }, JANE)).toEqual({ ok: false, why: 'second-person' })
    expect(wished('start', { ...waits, askers: [token, JANE] }, john)).toEqual({ ok: true, state: 'running', confirms: true })
  })
  test('of a smaller number needs one', () => expect(wished('start', { ...large, part: SECOND_PERSON_ABOVE }, JANE)).toEqual({ ok: true, state: 'running' }))
  test('of nothing does not start', () => expect(wished('start', { ...large, part: 0 }, JANE)).toEqual({ ok: false, why: 'nothing' }))
  test('that has ended does nothing any more', () => {
    for (const state of ['done', 'cancelled'] as const) for (const wish of RUN_WISHES) expect(wished(wish, { ...large, state }, JANE)).toEqual({ ok: false, why: 'state' })
  })
  test('comes to run only by a start or by going on', () => {
    for (const state of RUN_STATES) for (const wish of ['pause', 'cancel'] as const) {
      const done = wished(wish, { ...large, state }, JANE)
      expect(done.ok && done.state === 'running').toBe(false)
    }
  })
})

describe('a turn', () => {
  test('tries one, then ten, then the rest, and no step begins before the one before has ended', () => {
    const at = (step: number, tried: number, underWay: number, waiting = 100) => turnOf({ step, tried, underWay, waiting }, 6_000, NOW)
    expect(at(0, 0, 0)).toEqual({ do: 'try', most: 1 })
    expect(at(0, 1, 1)).toEqual({ do: 'wait' })
    expect(at(0, 1, 0)).toEqual({ do: 'next-step' })
    expect(at(1, 1, 0)).toEqual({ do: 'try', most: 10 })
    expect(at(1, 11, 3)).toEqual({ do: 'wait' })
    expect(at(1, 11, 0)).toEqual({ do: 'next-step' })
    expect(at(2, 11, 0)).toEqual({ do: 'try', most: 100 })
    expect(at(2, 300, 100)).toEqual({ do: 'wait' })
    expect(at(2, 300, 1, 0)).toEqual({ do: 'wait' })
    expect(at(2, 300, 0, 0)).toEqual({ do: 'end' })
  })
  test('never tries more than the step, the rate and what is under way allow', () => {
    fc.assert(fc.property(fc.nat(2), fc.nat(400), fc.nat(120), fc.nat(400), fc.integer({ min: 1, max: 600 }), fc.nat(120_000), (step, tried, underWay, waiting, perMinute, sinceMs) => {
      const turn = turnOf({ step, tried, underWay, waiting, lastTriedAt: new Date(NOW.getTime() - sinceMs).toISOString() }, perMinute, NOW)
      if (turn.do !== 'try') return
      expect(turn.most).toBeGreaterThanOrEqual(1)
      expect(tried + turn.most).toBeLessThanOrEqual([1, 11, Number.POSITIVE_INFINITY][step]!)
      expect(underWay + turn.most).toBeLessThanOrEqual(100)
      expect(turn.most).toBeLessThanOrEqual((sinceMs * perMinute) / 60_000)
      expect(turn.most).toBeLessThanOrEqual(Math.max(1, Math.ceil(perMinute / 30)))
    }))
  })
  test('takes as long as the rate says', () => expect([minutesFor(1, 60), minutesFor(61, 60), minutesFor(0, 60)]).toEqual([1, 2, 0]))
})

describe('a run stops by itself', () => {
  test('where one fails for the cause that it was to cure, in any step', () => {
    for (const step of [0, 1, 2]) expect(stopsFor([{ state: 'arrived', before: 'refused', step }, { state: 'failed', cause: 'refused', before: 'refused', step }])).toBe('same-failure')
  })
  test('where one of the first fails for another', () => {
    expect(stopsFor([{ state: 'failed', cause: 'our-fault', before: 'refused', step: 1 }])).toBe('failed-first')
    expect(stopsFor([{ state: 'blocked', cause: 'second-key', before: 'refused', step: 0 }])).toBe('failed-first')
    expect(stopsFor([{ state: 'failed', cause: 'our-fault', before: 'refused', step: 2 }])).toBeUndefined()
  })
  test('not for what has arrived, nor for what there is nothing to do about', () => expect(stopsFor([{ state: 'arrived', before: 'refused', step: 0 }, { state: 'superseded', before: 'refused', step: 0 }, { state: 'printed', before: 'refused', step: 0 }])).toBeUndefined())
})
