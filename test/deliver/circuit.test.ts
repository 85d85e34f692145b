import { describe, expect, test } from '@jest/globals'
import { admits, closedCircuit, gapMs, heard, whenDue, type Circuit, type Heard } from '../../src/deliver/circuit.ts'
import { openGate } from '../../src/deliver/gate.ts'
import { until } from '../support/until.ts'
import { ahead, NOW } from '../support/work.ts'

const rules = { opens_after: 3, probe_secs: 30, at_once: 8 }
const closed = closedCircuit(rules)
const hear = (circuit: Circuit, ...effects: (Heard['effect'] | Heard)[]): Circuit =>
  effects.reduce((state, effect) => heard(state, typeof effect === 'string' ? { effect } : effect, rules, NOW), circuit)

describe('a circuit', () => {
  test('opens after so many unavailable in a row, and not before', () => {
    expect(hear(closed, 'unavailable', 'unavailable').is).toBe('closed')
    expect(hear(closed, 'unavailable', 'unavailable', 'answered', 'unavailable', 'unavailable').is).toBe('closed')
    expect(hear(closed, 'unavailable', 'unavailable', 'unavailable')).toEqual({ is: 'open', until: ahead(30) })
  })

  test('opens at once for as long as the destination asks', () => {
    expect(hear(closed, { effect: 'unavailable', retryAfterSecs: 7 })).toEqual({ is: 'open', until: ahead(7) })
    expect(hear(closed, { effect: 'unavailable', retryAfterSecs: 90 })).toEqual({ is: 'open', until: ahead(90) })
  })

  test('where the destination names no time, or one that is over, it is as if it had named none', () => {
    expect(hear(closed, { effect: 'unavailable', retryAfterSecs: 0 }).is).toBe('closed')
    expect(hear({ is: 'half-open' }, { effect: 'unavailable', retryAfterSecs: 0 })).toEqual({ is: 'open', until: ahead(30) })
  })

  test('opens at once where the destination refuses the engine, and when it refuses every document', () => {
    expect(hear(closed, 'forbidden')).toEqual({ is: 'open', until: ahead(30) })
    expect(hear(closed, 'refused', 'refused', 'answered', 'refused', 'refused').is).toBe('closed')
    expect(hear(closed, 'refused', 'refused', 'refused').is).toBe('open')
  })

  test('admits nothing while it is open, and one when the time has come', () => {
    const open = hear(closed, 'forbidden')
    expect(admits(open)).toBe(0)
    expect(whenDue(open, new Date(ahead(29)))).toBe(open)
    expect(whenDue(open, new Date(ahead(30)))).toEqual({ is: 'half-open' })
    expect(admits({ is: 'half-open' })).toBe(1)
  })

  test('opens again when the one that is tried fails', () => {
    expect(hear({ is: 'half-open' }, 'unavailable').is).toBe('open')
    expect(hear({ is: 'half-open' }, 'forbidden').is).toBe('open')
  })

  test('starts slowly afterwards: two at once, then twice as many after as many good answers', () => {
    const seen: number[] = []
    let circuit: Circuit = { is: 'half-open' }
    for (let answer = 0; answer < 10; answer += 1) {
      circuit = hear(circuit, 'answered')
      seen.push(admits(circuit))
    }
    expect(seen).toEqual([2, 2, 4, 4, 4, 4, 8, 8, 8, 8])
  })

  test('starts slowly where only one is admitted, too: a gap that each good answer halves, until there is none', () => {
    const seen: number[] = [gapMs(closed)]
    let circuit: Circuit = { is: 'half-open' }
    for (let answer = 0; answer < 8; answer += 1) {
      circuit = heard(circuit, { effect: 'answered' }, { ...rules, at_once: 1 }, NOW)
      seen.push(gapMs(circuit))
    }
    expect(seen).toEqual([0, 500, 250, 125, 62.5, 31.25, 15.625, 0, 0])
    expect(gapMs(hear({ is: 'half-open' }, 'refused'))).toBe(500)
    expect(gapMs(hear({ is: 'half-open' }, 'answered', 'unavailable'))).toBe(500)
  })

  test('late ends of exchanges that began before it opened do not close it', () => {
    const open = hear(closed, 'unavailable', 'unavailable', 'unavailable')
    expect(hear(open, 'answered', 'unavailable', 'refused')).toEqual(open)
  })
})

describe('a gate', () => {
  test('gives each who asks a place of his own, while it starts slowly', () => {
    let at = NOW.getTime()
    const gate = openGate({ name: 'pkb', rules: { ...rules, probe_secs: 1 }, say: () => undefined, now: () => new Date(at), onAdmits: () => undefined })
    expect([gate.waitMs(), gate.waitMs()]).toEqual([0, 0])
    gate.hear({ kind: 'forbidden', code: '403', detail: '' })
    at += 2000
    expect(gate.shutUntil()).toBeUndefined()
    expect(gate.waitMs()).toBe(0)
    gate.hear({ kind: 'accepted', code: '201', detail: '' })
    expect([gate.waitMs(), gate.waitMs()]).toEqual([500, 1000])
    at += 1000
    gate.hear({ kind: 'accepted', code: '201', detail: '' })
    expect(gate.waitMs()).toBe(250)
    at += 250
    for (let answer = 0; answer < 5; answer += 1) gate.hear({ kind: 'accepted', code: '201', detail: '' })
    expect([gate.waitMs(), gate.waitMs()]).toEqual([0, 0])
    gate.close()
  })

  test('is not shut by a transport that is not chosen any more', () => {
    const said: string[] = []
    const gate = openGate({ name: 'pkb', rules, say: (event) => { said.push(event) }, now: () => NOW, onAdmits: () => undefined })
    for (const kind of ['unavailable', 'unavailable', 'unavailable', 'refused', 'refused', 'refused', 'forbidden'] as const) gate.hear({ kind, code: 'x', detail: '', retryAfterSecs: 60, elsewhere: true })
    expect(gate.shutUntil()).toBeUndefined()
    expect(said).toEqual([])
    gate.close()
  })

  test('is not shut for longer because the clock was put back meanwhile', async () => {
    let at = NOW.getTime() + 86_400_000
    const admitted: number[] = []
    const gate = openGate({ name: 'pkb', rules: { ...rules, probe_secs: 0.05 }, say: () => undefined, now: () => new Date(at), onAdmits: (atOnce) => { admitted.push(atOnce) } })
    gate.hear({ kind: 'forbidden', code: '403', detail: '' })
    at -= 86_400_000
    expect(gate.mayProbe()).toBe(true)
    await until('the probe', () => admitted.includes(1))
    expect(gate.shutUntil()).toBeUndefined()
    gate.close()
  })

  test('gives no place hours ahead because the clock was put back meanwhile', () => {
    let at = NOW.getTime() + 6 * 3_600_000
    const gate = openGate({ name: 'pkb', rules: { ...rules, probe_secs: 1 }, say: () => undefined, now: () => new Date(at), onAdmits: () => undefined })
    gate.hear({ kind: 'forbidden', code: '403', detail: '' })
    at += 2000
    expect(gate.shutUntil()).toBeUndefined()
    gate.hear({ kind: 'accepted', code: '201', detail: '' })
    expect(gate.waitMs()).toBe(0)
    at -= 6 * 3_600_000
    expect([gate.waitMs(), gate.waitMs()]).toEqual([0, 500])
    gate.close()
  })

  test('tells of an outage when it begins, when it has another cause, and once a minute, and not at each probe', () => {
    let at = NOW.getTime()
    const said: unknown[] = []
    const gate = openGate({ name: 'pkb', rules: { ...rules, probe_secs: 5 }, say: (event, fields) => { if (event === 'circuit_opened') said.push([(at - NOW.getTime()) / 1000, fields]) }, now: () => new Date(at), onAdmits: () => undefined })
    const fails = (code: string): void => {
      expect(gate.shutUntil()).toBeUndefined()
      gate.hear({ kind: 'unavailable', code, detail: '', retryAfterSecs: 5 })
      at += 6_000
    }
    for (let times = 0; times < 4; times += 1) fails('503')
    for (let times = 0; times < 4; times += 1) fails('429')
    for (let times = 0; times < 10; times += 1) fails('429')
    expect(said).toEqual([[0, expect.objectContaining({ code: '503' })], [24, expect.objectContaining({ code: '429' })], [84, expect.objectContaining({ code: '429' })]])
    expect(gate.shutUntil()).toBeUndefined()
    gate.hear({ kind: 'accepted', code: '201', detail: '' })
    fails('429')
    expect(said).toHaveLength(4)
    gate.close()
  })

  test('shuts, tries one, opens again and says so', async () => {
    const said: string[] = []
    const admitted: number[] = []
    const gate = openGate({ name: 'pkb', rules: { ...rules, probe_secs: 0.05, at_once: 4 }, say: (event) => { said.push(event) }, now: () => new Date(), onAdmits: (atOnce) => { admitted.push(atOnce) } })
    gate.hear({ kind: 'forbidden', code: '403', detail: '' })
    expect(gate.shutUntil()).toEqual(expect.any(String))
    await until('the probe', () => admitted.includes(1))
    expect(gate.shutUntil()).toBeUndefined()
    for (let answer = 0; answer < 3; answer += 1) gate.hear({ kind: 'accepted', code: '201', detail: '' })
    expect(admitted).toEqual([0, 1, 2, 4])
    expect(said).toEqual(['destination_forbidden', 'circuit_opened', 'circuit_closed'])
    gate.close()
  })
})
