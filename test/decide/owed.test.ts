// From a decision and what stands to what is owed: the table of changes after sending, row by row.
import { describe, expect, test } from '@jest/globals'
import { documentState, owed, staysAtPkb, TAKEN, want as wantOf, type Now } from '../../src/decide/owed.ts'
import type { Decision, Delivery, Facts, Plan } from '../../src/types.ts'
import { someFacts } from '../support/policy.ts'
import { aDelivery } from '../support/story.ts'

const NOW: Now = { identifier: 'id-1', revision: 2, sha256: 'b'.repeat(64), nhsNumber: '9990000018' }
const decision = (overrides: Partial<Decision> = {}): Decision => ({ route: 'pkb', rule: 'to-pkb', because: 'Because.', conflict: false, variance: false, leftToTeam: false, labels: [], policy: 'p', ...overrides })
const plan = (route: Decision['route'], facts: Partial<Facts> = {}, more: Partial<Decision> = {}): Pick<Plan, 'facts' | 'decision'> => ({ facts: someFacts(facts), decision: decision({ route, ...more }) })
const at = (overrides: Partial<Delivery> = {}): Delivery => aDelivery({ identifier: 'id-1', standing: 'present', standingRevision: 2, state: 'acknowledged', ...overrides })
const want = (of: ReturnType<typeof plan>, now: Now, delivery: Delivery) => wantOf(of, now, delivery, [delivery])

describe('what stands at PKB after a change', () => {
  const recalled: readonly (readonly [string, Partial<Facts>])[] = [
    ['the instruction is no longer share', { instruction: 'withhold' }], ['the picklist is missing now', { instruction: 'missing' }], ['the code is blocked', { code: 'blocked' }],
    ['the code is blocked from PKB', { code: 'blocked-pkb' }], ['it is external', { producer: 'external' }], ['it was cancelled', { lifecycle: 'cancelled' }],
    ['it was replaced', { lifecycle: 'superseded' }], ['a person holds it', { hold: 'held' }], ['something speaks against sharing', { signals: 'restrictive' }], ['the patient is not certain', { identity: 'mismatch' }],
  ]
  test.each(recalled)('it is recalled when %s', (_what, facts) => {
    expect(want(plan('withhold', facts), NOW, at())).toBe('absent')
    expect(owed(plan('withhold', facts), NOW, [at()], true)).toEqual([expect.objectContaining({ kind: 'set', state: 'recalling', due: true, audit: 'recall-owed' })])
  })
  const left: readonly (readonly [string, Partial<Facts>, Decision['route']])[] = [
    ['the patient has died', { person: 'deceased' }, 'withhold'], ['the directorate is no longer live', { directorate: 'not-live' }, 'observe'], ['the service went out of scope', { service: 'out-of-scope' }, 'print'],
    ['the account is gone', { account: 'unregistered' }, 'print'], ['it is a draft again', { lifecycle: 'draft' }, 'withhold'],
  ]
  test.each(left)('it is left, and nothing new is sent, when %s', (_what, facts, route) => {
    expect(want(plan(route, facts), NOW, at())).toBe('leave')
    const changes = owed(plan(route, facts), NOW, [at()], true)
    expect(changes).toEqual([expect.objectContaining({ kind: 'set', state: 'acknowledged', due: false, audit: 'left-standing' })])
  })
  test('it is recalled when it belongs to another patient now, whatever the decision', () => {
    expect(want(plan('pkb'), { ...NOW, identifier: 'id-2' }, at())).toBe('absent')
    expect(owed(plan('pkb'), { ...NOW, identifier: 'id-2' }, [at()], true)).toEqual([
      expect.objectContaining({ state: 'recalling', due: true }), expect.objectContaining({ kind: 'open', destination: 'pkb', identifier: 'id-2' }),
    ])
  })
  test('an addendum whose parent does not stand, and a moved document in review, are recalled', () => {
    for (const rule of ['parent-not-standing', 'moved-to-another-patient']) expect(want(plan('review', {}, { rule }), NOW, at())).toBe('absent')
  })
})

describe('what is owed', () => {
  test('a first decision opens one delivery', () => expect(owed(plan('pkb'), NOW, [], true)).toEqual([{ kind: 'open', destination: 'pkb', identifier: 'id-1', nhsNumber: '9990000018', state: 'owed', audit: 'delivery-owed' }]))
  test.each([['withhold'], ['review'], ['observe']] as const)('%s owes nothing', (route) => expect(owed(plan(route, { instruction: 'withhold' }), NOW, [], true)).toEqual([]))
  test('print that is left to the team owes nothing', () => expect(owed(plan('print', {}, { leftToTeam: true }), NOW, [], true)).toEqual([]))
  test('a new revision is owed again, the same one is not', () => {
    expect(owed(plan('pkb'), NOW, [at({ standingRevision: 1 })], true)).toEqual([expect.objectContaining({ state: 'owed', due: true })])
    expect(owed(plan('pkb'), NOW, [at()], true)).toEqual([])
  })
  test('a printed letter is not printed again for other metadata, and is for another file', () => {
    const printed = at({ destination: 'print', state: 'printed', standingRevision: 1, standingSha256: NOW.sha256! })
    expect(owed(plan('print'), NOW, [printed], true)).toEqual([])
    expect(owed(plan('print'), NOW, [{ ...printed, standingSha256: 'c'.repeat(64) }], true)).toEqual([expect.objectContaining({ state: 'owed' })])
  })
  test('a letter in the outbox is handed over anew with its new metadata, and pulled back when anything forbids print', () => {
    const inOutbox = at({ destination: 'print', state: 'printing', standingRevision: 1, standingSha256: NOW.sha256! })
    expect(owed(plan('print'), NOW, [inOutbox], true)).toEqual([expect.objectContaining({ state: 'owed', due: true })])
    for (const facts of [{ person: 'deceased' }, { post: 'restricted' }, { directorate: 'not-live' }] as const)
      expect(owed(plan('review', facts), NOW, [inOutbox], true)).toEqual([expect.objectContaining({ state: 'recalling', due: true })])
    // Also where a rule alone keeps it in, and the floor would let it go.
    for (const route of ['review', 'withhold'] as const) expect(owed(plan(route), NOW, [inOutbox], true)).toEqual([expect.objectContaining({ state: 'recalling', due: true })])
    expect(owed(plan('withhold', { person: 'deceased' }), NOW, [{ ...inOutbox, state: 'printed' }], true)).toEqual([expect.objectContaining({ state: 'printed', audit: 'left-standing' })])
  })
  test('what failed waits for a person or for news', () => {
    const failed = at({ state: 'failed', standing: 'nothing' })
    expect(owed(plan('pkb'), NOW, [failed], false)).toEqual([])
    expect(owed(plan('pkb'), NOW, [failed], true)).toEqual([expect.objectContaining({ state: 'owed', due: true })])
  })
  test('what may stand is taken back as what does', () => {
    expect(owed(plan('withhold', { instruction: 'withhold' }), NOW, [at({ standing: 'unsure', state: 'sending' })], true)).toEqual([expect.objectContaining({ state: 'recalling', due: true })])
  })
  test('what may stand where nobody can look is taken back before it goes by post instead, and only then', () => {
    const unsure = at({ standing: 'unsure', state: 'sending', via: ['hl7-soap'] })
    const gone = plan('print', { account: 'unregistered' })
    expect(owed(gone, NOW, [unsure], true)).toEqual([expect.objectContaining({ state: 'recalling', due: true })])
    expect(owed(gone, NOW, [{ ...unsure, standing: 'recalled', state: 'recalled' }], false)).toEqual([expect.objectContaining({ kind: 'open', destination: 'print' })])
    for (const [of, delivery] of [
      [gone, at({ via: ['hl7-soap'] })], [gone, { ...unsure, via: ['fhir'] as const }], [plan('print', {}, { leftToTeam: true }), unsure], [plan('print', {}, { rule: 'not-read-in-time' }), unsure],
      [plan('withhold', { person: 'deceased' }), unsure],
    ] as const) expect(want(of, NOW, delivery)).toBe('leave')
  })
  test('a letter that never left is closed', () => {
    expect(owed(plan('withhold', { instruction: 'withhold' }), NOW, [at({ standing: 'nothing', state: 'owed' })], true)).toEqual([expect.objectContaining({ state: 'closed', due: false })])
  })
  test('a letter in the outbox is pulled back when the team posts for itself; what is printed stays printed', () => {
    const left = plan('print', {}, { leftToTeam: true })
    const inOutbox = at({ destination: 'print', state: 'printing' })
    expect(owed(left, NOW, [inOutbox], false)).toEqual([expect.objectContaining({ state: 'recalling', due: true, audit: 'recall-owed' })])
    expect(owed(left, NOW, [{ ...inOutbox, standing: 'unsure', state: 'sending' }], false)).toEqual([expect.objectContaining({ state: 'recalling', due: true })])
    expect(owed(left, NOW, [{ ...inOutbox, standing: 'nothing', state: 'owed' }], true)).toEqual([expect.objectContaining({ state: 'closed', due: false })])
    expect(owed(left, NOW, [{ ...inOutbox, state: 'printed' }], true)).toEqual([expect.objectContaining({ state: 'printed', audit: 'left-standing' })])
  })
  test('a copy that is left at PKB is not posted as well', () => {
    expect(owed(plan('print', { account: 'unregistered' }), NOW, [at()], true).some((change) => change.kind === 'open')).toBe(false)
    expect(owed(plan('print', { account: 'unregistered' }), NOW, [at({ standing: 'nothing', state: 'owed' })], true)).toContainEqual(expect.objectContaining({ kind: 'open', destination: 'print' }))
  })
})

describe('no letter goes both ways', () => {
  const inOutbox = at({ id: 'p', destination: 'print', state: 'printing', standingSha256: NOW.sha256! })
  const printed: Delivery = { ...inOutbox, state: 'printed' }
  const taken: Delivery = { ...inOutbox, state: 'failed', lastOutcome: 'refused', lastCode: TAKEN }
  const closed = at({ id: 'k', standing: 'nothing', state: 'closed' })
  const gone: Delivery = { ...inOutbox, state: 'recalled', standing: 'recalled' }
  const changes = (of: ReturnType<typeof plan>, deliveries: readonly Delivery[], fresh = true) =>
    owed(of, NOW, deliveries, fresh).map((change) => (change.kind === 'open' ? `open ${change.destination}` : `${change.deliveryId} ${change.state}${change.due ? ' due' : ''}`))

  test('what lies in the outbox is pulled back before it goes to PKB, and only then goes there', () => {
    for (const others of [[], [closed]]) {
      expect(changes(plan('pkb'), [inOutbox, ...others])).toEqual(['p recalling due'])
      expect(changes(plan('pkb'), [{ ...inOutbox, state: 'recalling', standing: 'unsure' }, ...others], false)).toEqual([])
      expect(changes(plan('pkb'), [gone, ...others], false)).toEqual([others.length ? 'k owed due' : 'open pkb'])
    }
    expect(changes(plan('pkb'), [inOutbox, { ...closed, state: 'owed' }])).toEqual(['p recalling due', 'k closed'])
    expect(changes(plan('pkb'), [{ ...inOutbox, standing: 'unsure', state: 'sending' }])).toEqual(['p recalling due'])
  })
  test('what was printed, or what the print house has taken, does not go to PKB until its content changes', () => {
    for (const others of [[], [closed]]) {
      expect(changes(plan('pkb'), [printed, ...others])).toEqual(['p printed'])
      expect(changes(plan('pkb'), [taken, ...others], false)).toEqual(['p printing'])
      expect(changes(plan('pkb'), [{ ...taken, state: 'printing' }, ...others], false)).toEqual([])
      for (const other of [printed, taken]) expect(changes(plan('pkb'), [{ ...other, standingSha256: 'c'.repeat(64) }, ...others])).toContain(others.length ? 'k owed due' : 'open pkb')
    }
    expect(changes(plan('pkb'), [{ ...taken, standing: 'nothing', lastCode: 'rejected' }], false)).toEqual(['p closed', 'open pkb'])
    // Of one that it has nothing follows for what was to be handed over after that.
    expect(changes(plan('pkb'), [{ ...taken, state: 'recalling', standing: 'unsure' }])).toEqual([])
  })
  test('what was printed is put right in the record where that was given other content after it', () => {
    const other = at({ id: 'k', standingRevision: 1, standingSha256: 'c'.repeat(64) })
    expect(changes(plan('pkb'), [{ ...printed, standingRevision: 0 }, other])).toContain('k owed due')
    expect(changes(plan('pkb'), [printed, other])).not.toContain('k owed due')
  })
  test('a new letter that is being handed over is not the one that was taken', () => {
    expect(changes(plan('pkb'), [{ ...taken, state: 'sending', standing: 'unsure' }])).toEqual(['p recalling due'])
  })
  test('a recall that the print house came before is a failure where the letter must not go out', () => {
    expect(changes(plan('withhold', { instruction: 'withhold' }), [taken], false)).toEqual([])
    expect(changes(plan('withhold', { instruction: 'withhold' }), [{ ...taken, state: 'printing' }])).toEqual(['p recalling due'])
  })
  test('while nobody knows of an account, PKB is asked and the letter stays where it is, unless it is out of date', () => {
    const unknown = plan('pkb', { account: 'unknown' })
    expect(changes(unknown, [inOutbox], false)).toEqual(['open pkb'])
    expect(changes(unknown, [inOutbox, closed], false)).toEqual(['k owed due'])
    expect(changes(unknown, [{ ...inOutbox, state: 'recalling' }, closed], false)).toEqual(['p printing', 'k owed due'])
    expect(changes(unknown, [{ ...inOutbox, standingRevision: 1 }, closed])).toEqual(['p recalling due'])
    expect(changes(unknown, [printed, closed], false)).toEqual([])
    expect(changes(plan('print', { account: 'unregistered' }), [inOutbox, { ...closed, state: 'owed' }], false)).toEqual(['k closed'])
  })
  test('a copy of earlier content at PKB keeps the new one from no post, whether it stays or goes back; one that may be the new one does, and any where a person wants it posted instead', () => {
    const earlier = at({ id: 'k', standingRevision: 1, standingSha256: 'c'.repeat(64) })
    for (const facts of [{ account: 'unregistered' }, { service: 'out-of-scope' }] as const) {
      expect(changes(plan('print', facts), [earlier])).toEqual(['k acknowledged', 'open print'])
      expect(changes(plan('print', facts), [earlier, gone])).toEqual(['k acknowledged', 'p owed due'])
    }
    expect(changes(plan('print', {}, { rule: 'account-unknown-too-long' }), [earlier])).toEqual(['k acknowledged', 'open print'])
    // PKB may be away for days, and the new letter is not the one that it has.
    expect(changes(plan('print', { code: 'blocked-pkb' }), [earlier])).toEqual(['k recalling due', 'open print'])
    expect(changes(plan('print', { code: 'blocked-pkb' }), [{ ...earlier, standing: 'unsure' }])).toEqual(['k recalling due'])
    expect(changes(plan('print', {}, { rule: 'posted-by-a-person' }), [earlier])).toEqual(['k recalling due'])
    expect(changes(plan('print', { account: 'unregistered' }), [{ ...earlier, standing: 'unsure', state: 'sending', via: ['fhir'] }])).toEqual(['k sending due'])
    expect(changes(plan('print', { account: 'unregistered' }), [{ ...earlier, standingSha256: NOW.sha256! }])).toEqual(['k acknowledged'])
    // Nor does the new one go both ways, should it be for PKB again: it is pulled back first.
    for (const posted of [inOutbox, { ...inOutbox, standing: 'unsure', state: 'sending' } as const]) expect(changes(plan('pkb'), [earlier, posted])).toEqual(['k acknowledged', 'p recalling due'])
    expect(changes(plan('pkb'), [earlier, gone], false)).toEqual(['k owed due'])
  })
  test('a correction that is taken back after it went by post follows it by post, for what stands at PKB was overtaken', () => {
    const first = at({ id: 'k', standingRevision: 1, standingSha256: NOW.sha256! })
    const posted = at({ id: 'p', destination: 'print', state: 'printing', standingRevision: 2, standingSha256: 'c'.repeat(64) })
    const changes = (deliveries: readonly Delivery[]) => owed(plan('print', { account: 'unregistered' }), { ...NOW, revision: 3 }, deliveries, true).map((change) => (change.kind === 'open' ? `open ${change.destination}` : `${change.deliveryId} ${change.state}`))
    expect(changes([first, { ...posted, state: 'printed' }])).toEqual(['k acknowledged', 'p owed'])
    expect(changes([first, { ...posted, lastCode: TAKEN }])).toEqual(['k acknowledged', 'p owed'])
    const again = { ...posted, standingRevision: 3, standingSha256: NOW.sha256! } as const
    expect(changes([first, again])).toEqual(['k acknowledged'])
    // It lies there rightly, and a later revision may have another address.
    expect(changes([first, { ...again, standingRevision: 2 }])).toEqual(['k acknowledged', 'p owed'])
    // What was posted before it went to PKB is no reason to post what stands there as well.
    expect(changes([{ ...first, standingRevision: 3 }, { ...posted, state: 'printed' }])).toEqual(['k acknowledged', 'p printed'])
  })
  test('a correction that is taken back while it lies in the outbox is pulled back, for the record has what is in force', () => {
    const first = at({ id: 'k', standingRevision: 1, standingSha256: NOW.sha256! })
    const posted = at({ id: 'p', destination: 'print', state: 'printing', standingRevision: 2, standingSha256: 'c'.repeat(64) })
    const changes = (plan: Parameters<typeof owed>[0], standing = first) => owed(plan, { ...NOW, revision: 3 }, [standing, posted], true).map((change) => (change.kind === 'open' ? `open ${change.destination}` : `${change.deliveryId} ${change.state}`))
    expect(changes(plan('print', { account: 'unregistered' }))).toEqual(['k acknowledged', 'p recalling'])
    expect(changes(plan('print', { account: 'unregistered' }), { ...first, standingRevision: 3 })).toEqual(['k acknowledged', 'p recalling'])
    expect(changes(plan('print', {}, { rule: 'posted-by-a-person' }))).toEqual(['k recalling', 'p recalling'])
  })
  test('while the patient of before has it, or may still get it, nothing goes by another way; what was printed for that one holds nothing up', () => {
    const [before, batch] = [at({ id: 'k', identifier: 'id-0', state: 'recalling' }), { ...inOutbox, identifier: 'id-0', state: 'recalling' } as const]
    for (const standing of ['present', 'unsure'] as const) {
      expect(changes(plan('print', { account: 'unregistered' }), [{ ...before, standing }], false)).toEqual([])
      expect(changes(plan('pkb'), [{ ...batch, standing }], false)).toEqual([])
      expect(changes(plan('pkb'), [{ ...batch, standing }, { ...closed, state: 'owed' }], false)).toEqual(['k closed'])
    }
    expect(changes(plan('print', { account: 'unregistered' }), [{ ...before, state: 'recalled', standing: 'recalled' }], false)).toEqual(['open print'])
    for (const other of [printed, taken]) expect(changes(plan('pkb'), [{ ...other, identifier: 'id-0' }], false)).toEqual(['open pkb'])
  })
  test('nothing is posted while a copy stands at PKB, not even where a letter was pulled back before', () => {
    expect(changes(plan('print', { account: 'unregistered' }), [at({ id: 'k' }), gone])).toEqual(['k acknowledged'])
    expect(changes(plan('print', { code: 'blocked-pkb' }), [at({ id: 'k' }), gone])).toEqual(['k recalling due'])
    expect(changes(plan('print', { code: 'blocked-pkb' }), [at({ id: 'k', state: 'recalled', standing: 'recalled' }), gone], false)).toEqual(['p owed due'])
    expect(changes(plan('print', { service: 'out-of-scope' }), [at({ id: 'k' }), { ...printed, standingSha256: 'c'.repeat(64) }])).toEqual(['k acknowledged', 'p printed'])
  })
})

describe('a copy stays at PKB', () => {
  const stays = (of: ReturnType<typeof plan>, delivery: Delivery, now = NOW) => staysAtPkb(of, now, [delivery])
  test('where nothing new is sent, and it may stand', () => {
    const observed = plan('observe', { directorate: 'observing' })
    expect([stays(observed, at()), stays(observed, at({ standing: 'unsure', state: 'sending' }))]).toEqual([true, true])
    expect([stays(observed, at({ standing: 'nothing', state: 'closed' })), stays(observed, at({ destination: 'print', state: 'printing' }))]).toEqual([false, false])
  })
  test('but not where it goes back, or belongs to somebody else now', () => {
    for (const facts of [{ instruction: 'withhold' }, { hold: 'held' }, { lifecycle: 'cancelled' }] as const) expect(stays(plan('withhold', { directorate: 'observing', ...facts }), at())).toBe(false)
    expect(stays(plan('observe', { directorate: 'observing' }, { rule: 'parent-not-standing' }), at())).toBe(false)
    expect(stays(plan('observe', { directorate: 'observing' }), at(), { ...NOW, identifier: 'id-2' })).toBe(false)
  })
})

describe('the state that people see', () => {
  const rows: readonly (readonly [string, Decision, readonly Delivery[]])[] = [
    ['waiting', decision(), [at({ state: 'owed', standing: 'nothing' })]], ['sent', decision(), [at({ state: 'sending', standing: 'unsure' })]], ['acknowledged', decision(), [at()]],
    ['waiting', decision({ route: 'print' }), [at({ destination: 'print', state: 'sending', standing: 'unsure' })]], ['printing', decision({ route: 'print' }), [at({ destination: 'print', state: 'printing' })]],
    ['printed', decision({ route: 'print' }), [at({ destination: 'print', state: 'printed' })]], ['left-to-team', decision({ route: 'print', leftToTeam: true }), []],
    ['withheld', decision({ route: 'withhold' }), []], ['recalled', decision({ route: 'withhold' }), [at({ state: 'recalled', standing: 'recalled' })]], ['recalling', decision({ route: 'withhold' }), [at({ state: 'recalling' })]],
    ['review', decision({ route: 'review' }), [at({ state: 'recalled', standing: 'recalled' })]], ['observed', decision({ route: 'observe' }), []], ['blocked', decision(), [at({ state: 'blocked' })]], ['failed', decision(), [at({ state: 'failed' })]],
    ['acknowledged', decision({ route: 'print' }), [at()]],
    ['printed', decision(), [at({ destination: 'print', state: 'printed' })]], ['printed', decision(), [at({ state: 'closed', standing: 'nothing' }), at({ destination: 'print', state: 'printed' })]],
    ['acknowledged', decision({ route: 'print' }), [at(), at({ destination: 'print', state: 'recalled', standing: 'recalled' })]],
  ]
  test.each(rows)('%s', (state, of, deliveries) => expect(documentState(of, 'id-1', deliveries)).toBe(state))
})
