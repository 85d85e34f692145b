// The record, else the post: a deadline passed for exactly this content. What that makes of the decision, and of what is
// owed; and that it never lets out what would have stayed in.
import { beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { decide } from '../../src/decide/decide.ts'
import { floorAgainst } from '../../src/decide/floor.ts'
import { documentState, owed, want, type Now } from '../../src/decide/owed.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { PkbDestination } from '../../src/policy/schema.ts'
import { FACT_NAMES, FACTS, POST_REASONS, type Decision, type Delivery, type Facts, type PostReason, type Prior } from '../../src/types.ts'
import { examplePolicy, someFacts } from '../support/policy.ts'
import { aDelivery } from '../support/story.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const PRIOR: Prior = { firstReceivedAt: '2026-11-20T18:00:00.000Z', cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false }
const under = (changed: Partial<PkbDestination> = {}): Policy => ({ ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, ...changed } } })
const decided = (facts: Partial<Facts> = {}, post?: PostReason, by = policy, directorate?: { name: string; post: 'team' | 'engine' }): Decision =>
  decide(someFacts(facts), by, { prior: { ...PRIOR, ...(post ? { post } : {}) }, moves: false, addendum: false, ...(directorate ? { directorate: directorate as never } : {}) })

const NOW: Now = { identifier: 'id-1', revision: 2, sha256: 'b'.repeat(64), nhsNumber: '9990000018' }
const plan = (facts: Partial<Facts> = {}, post?: PostReason) => ({ facts: someFacts(facts), decision: decided(facts, post) })
const atPkb = (overrides: Partial<Delivery> = {}): Delivery => aDelivery({ id: 'k', identifier: 'id-1', standing: 'present', standingRevision: 2, standingSha256: NOW.sha256!, state: 'acknowledged', ...overrides })
const changes = (of: ReturnType<typeof plan>, deliveries: readonly Delivery[]) =>
  owed(of, NOW, deliveries, true).map((change) => (change.kind === 'open' ? `open ${change.destination}` : `${change.deliveryId} ${change.state}${change.due ? ' due' : ''}`))

describe('a letter whose time at PKB is up', () => {
  test.each([['account-unknown', 'account-unknown-too-long'], ['not-read', 'not-read-in-time']] as const)('%s: goes by post, and says why', (post, rule) => {
    expect(decided({}, post)).toMatchObject({ route: 'print', rule, leftToTeam: false })
    expect(decided({}, post).because).toMatch(/so it goes by post\.$/u)
    expect(decided({}, post).printIfUnreadAfter).toBeUndefined()
  })
  test('goes to a person where the floor does not allow print', () => {
    for (const post of ['missing', 'restricted', 'format-need'] as const) expect(decided({ post }, 'not-read')).toMatchObject({ route: 'review', rule: 'not-read-in-time' })
    expect(decided({ post: 'missing' }, 'not-read').because).toContain('F13: There is no address.')
  })
  test('is left to the team where the team posts for itself', () => {
    expect(decided({}, 'not-read', policy, { name: 'Newham', post: 'team' })).toMatchObject({ route: 'print', leftToTeam: true })
  })
  test('is only told where the directorate is observing', () => {
    expect(decided({ directorate: 'observing' }, 'not-read')).toMatchObject({ route: 'observe', wouldRoute: 'print', wouldRule: 'not-read-in-time' })
  })
  test('that was never meant for the record is decided as ever', () => {
    for (const facts of [{ instruction: 'withhold' }, { account: 'unregistered' }, { service: 'out-of-scope' }, { hold: 'held' }] as const) expect(decided(facts, 'account-unknown')).toEqual(decided(facts))
    for (const facts of [{ instruction: 'withhold' }, { hold: 'held' }, { identity: 'mismatch' }] as const) expect(decided(facts, 'not-read')).toEqual(decided(facts))
  })
  test.each([{ account: 'unregistered' }, { service: 'out-of-scope' }] as const)('goes by post beside the copy that stays, though nothing new would go to the record: %j', (facts) => {
    expect(decided(facts)).toMatchObject({ route: 'print' })
    expect(decided(facts, 'not-read')).toMatchObject({ route: 'print', rule: 'not-read-in-time' })
    expect(changes(plan(facts, 'not-read'), [atPkb()])).toEqual(['k acknowledged', 'open print'])
    expect(decided({ ...facts, post: 'missing' }, 'not-read')).toEqual(decided({ ...facts, post: 'missing' }))
  })
  test.each([{ code: 'blocked-pkb' }, { identity: 'mismatch', release: 'one' }] as const)('goes by post though its copy has yet to be taken back from PKB: %j', (facts) => {
    expect(changes(plan(facts), [atPkb()])).toEqual(['k recalling due'])
    expect(changes(plan(facts, 'not-read'), [atPkb()])).toEqual(['k recalling due', 'open print'])
    expect(decided({ ...facts, post: 'missing' }, 'not-read')).toEqual(decided({ ...facts, post: 'missing' }))
  })
  test('goes to the record after all when there turns out to be an account, if the channel says so; not where it was not read', () => {
    expect(decided({ account: 'registered' }, 'account-unknown', under({ registered_later: 'pulled-back' })).route).toBe('pkb')
    expect(decided({ account: 'unknown' }, 'account-unknown', under({ registered_later: 'pulled-back' })).route).toBe('print')
    expect(decided({ account: 'registered' }, 'account-unknown', under({ registered_later: 'stays-by-post' })).route).toBe('print')
    expect(decided({ account: 'registered' }, 'not-read', under({ registered_later: 'pulled-back' })).route).toBe('print')
  })

  const someFactsAtAll = fc.record(Object.fromEntries(FACT_NAMES.map((fact) => [fact, fc.constantFrom(...FACTS[fact])])) as { [F in keyof Facts]: fc.Arbitrary<Facts[F]> })
  const nearlyShared = fc.tuple(fc.subarray(FACT_NAMES as (keyof Facts)[], { maxLength: 3 }), someFactsAtAll).map(([which, from]) => ({ ...someFacts(), ...Object.fromEntries(which.map((fact) => [fact, from[fact]])) }) as Facts)
  test('never leaves by post where the floor forbids print, nor at all where it stayed in before', () => {
    let posted = 0
    fc.assert(fc.property(fc.oneof(nearlyShared, someFactsAtAll), fc.constantFrom(...POST_REASONS), (facts, post) => {
      const [before, after] = [decided(facts), decided(facts, post)]
      if (before.route !== 'pkb' && before.wouldRoute !== 'pkb') expect({ ...after, rule: '', because: '', wouldRule: '' }).toEqual({ ...before, rule: '', because: '', wouldRule: '' })
      expect(after.route).not.toBe(before.route === 'pkb' ? 'pkb' : 'nowhere')
      if (after.route !== 'print') return
      posted += 1
      expect(floorAgainst(facts, 'print')).toEqual([])
    }), { numRuns: 3000 })
    expect(posted).toBeGreaterThan(100)
  })
})

describe('a deadline for reading', () => {
  const spans = { appointment: { hours: 72 }, clinical: { working_days: 10 } }
  test('is that of the kind, and only where PKB can tell what was read', () => {
    const soap = under({ transport: 'hl7-soap', print_if_unread_after: spans })
    expect(decided({ kind: 'appointment' }, undefined, soap).printIfUnreadAfter).toEqual({ hours: 72 })
    expect(decided({ kind: 'other' }, undefined, soap).printIfUnreadAfter).toBeUndefined()
    expect(decided({ kind: 'appointment' }, undefined, under({ transport: 'fhir', print_if_unread_after: spans })).printIfUnreadAfter).toBeUndefined()
    expect(decided({ kind: 'appointment', account: 'unregistered' }, undefined, soap).printIfUnreadAfter).toBeUndefined()
  })
  test('of working days knows the days that the trust adds', () => {
    const soap = under({ transport: 'hl7-soap', print_if_unread_after: spans, extra_bank_holidays: ['2027-05-07'] })
    expect(decided({}, undefined, soap).printIfUnreadAfter).toEqual({ working_days: 10, not_on: ['2027-05-07'] })
    expect(decided({ kind: 'appointment' }, undefined, soap).printIfUnreadAfter).toEqual({ hours: 72 })
  })
})

describe('what is owed after it', () => {
  test('not read: the copy at PKB stays, whether it stands or may stand, and the letter is posted as well', () => {
    expect(changes(plan({}, 'not-read'), [atPkb()])).toEqual(['k acknowledged', 'open print'])
    expect(changes(plan({}, 'not-read'), [atPkb({ standing: 'unsure', state: 'sending' })])).toContain('open print')
    expect(changes(plan({ account: 'unknown' }, 'not-read'), [atPkb({ standing: 'nothing', state: 'owed' })])).toEqual(['k closed', 'open print'])
  })
  test('account unknown: what stands at PKB all the same is not posted as well', () => {
    expect(changes(plan({ account: 'unknown' }, 'account-unknown'), [atPkb()])).toEqual(['k acknowledged'])
    expect(changes(plan({ account: 'unknown' }, 'account-unknown'), [atPkb({ standing: 'nothing', state: 'owed' })])).toEqual(['k closed', 'open print'])
  })
  test('without an address the copy at PKB stays too', () => expect(want(plan({ post: 'missing' }, 'not-read'), NOW, atPkb(), [atPkb()])).toBe('leave'))
  test('the state is read once PKB says so, and that of the letter once it is posted', () => {
    const readAt = '2026-11-24T09:00:00.000Z'
    expect(documentState(decided(), 'id-1', [atPkb({ readAt })])).toBe('read')
    expect(documentState(decided({}, 'not-read'), 'id-1', [atPkb({ readAt }), aDelivery({ id: 'p', identifier: 'id-1', destination: 'print', state: 'printed' })])).toBe('printed')
  })
})
