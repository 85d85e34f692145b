// From a decision and what stands to what is owed: the table of changes after sending, row by row.
import { describe, expect, test } from '@jest/globals'
import { documentState, owed, want, type Now } from '../../src/decide/owed.ts'
import type { Decision, Delivery, Facts, Plan } from '../../src/types.ts'
import { someFacts } from '../support/policy.ts'
import { aDelivery } from '../support/story.ts'

const NOW: Now = { identifier: 'id-1', revision: 2, sha256: 'b'.repeat(64), nhsNumber: '9990000018' }
const decision = (overrides: Partial<Decision> = {}): Decision => ({ route: 'pkb', rule: 'to-pkb', because: 'Because.', conflict: false, variance: false, leftToTeam: false, labels: [], policy: 'p', ...overrides })
const plan = (route: Decision['route'], facts: Partial<Facts> = {}, more: Partial<Decision> = {}): Pick<Plan, 'facts' | 'decision'> => ({ facts: someFacts(facts), decision: decision({ route, ...more }) })
const at = (overrides: Partial<Delivery> = {}): Delivery => aDelivery({ identifier: 'id-1', standing: 'present', standingRevision: 2, state: 'acknowledged', ...overrides })

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
  test('a letter that never left is closed', () => {
    expect(owed(plan('withhold', { instruction: 'withhold' }), NOW, [at({ standing: 'nothing', state: 'owed' })], true)).toEqual([expect.objectContaining({ state: 'closed', due: false })])
  })
  test('a copy that is left at PKB is not posted as well', () => {
    expect(owed(plan('print', { account: 'unregistered' }), NOW, [at()], true).some((change) => change.kind === 'open')).toBe(false)
    expect(owed(plan('print', { account: 'unregistered' }), NOW, [at({ standing: 'nothing', state: 'owed' })], true)).toContainEqual(expect.objectContaining({ kind: 'open', destination: 'print' }))
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
  ]
  test.each(rows)('%s', (state, of, deliveries) => expect(documentState(of, 'id-1', deliveries)).toBe(state))
})
