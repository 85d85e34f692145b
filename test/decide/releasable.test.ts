// What people can let go by releasing it: for every combination of facts, what is offered leaves, and what is not offered
// leaves by no release.
import { beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { decide } from '../../src/decide/decide.ts'
import { FLOOR, floorAgainst } from '../../src/decide/floor.ts'
import { liftedBy, releaseOf, type PlanWith } from '../../src/decide/releasable.ts'
import { REVIEW_REASONS, reviewReason } from '../../src/decide/review-reason.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { FACT_NAMES, FACTS, type Facts, type Prior } from '../../src/types.ts'
import { examplePolicy, someFacts } from '../support/policy.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const PEOPLE = ['none', 'one', 'two'] as const
const someof = fc.record(Object.fromEntries(FACT_NAMES.map((fact) => [fact, fc.constantFrom(...FACTS[fact])]))) as unknown as fc.Arbitrary<Facts>
/** Most facts as they should be, so that many of these are held by one line or two. */
const nearly = fc.tuple(someof, fc.subarray([...FACT_NAMES], { maxLength: 3 })).map(([facts, names]) => ({ ...someFacts(), ...Object.fromEntries(names.map((name) => [name, facts[name]])) }) as Facts)
const planOf = (facts: Facts, prior: Partial<Prior> = {}): PlanWith => (released) => {
  const those: Facts = { ...facts, release: PEOPLE[released] }
  return { facts: those, decision: decide(those, policy, { moves: false, addendum: false, prior: { firstReceivedAt: '', cancelled: false, superseded: false, moved: false, held: false, parentStanding: false, ...prior, released } }) }
}
const out = (planWith: PlanWith, released: 0 | 1 | 2): boolean => ['pkb', 'print'].includes(planWith(released).decision.route)

describe('a release', () => {
  test('is offered where it lets the document go under the whole floor, and nowhere else', () => {
    fc.assert(fc.property(fc.oneof(nearly, someof), fc.constantFrom(0 as const, 1 as const, 2 as const), fc.boolean(), (facts, released, moved) => {
      const planWith = planOf(facts, { moved })
      const release = releaseOf(planWith, released)
      if (planWith(released).decision.route !== 'review') return !release.can
      if (release.can) {
        const { route } = release.becomes.decision
        expect(['pkb', 'print']).toContain(route)
        expect(floorAgainst(release.becomes.facts, route as 'pkb' | 'print')).toEqual([])
        expect(release.becomes.facts.release).toBe(PEOPLE[released + release.people])
        // Nobody is asked for who is not needed.
        if (release.people === 2) expect(out(planWith, 1)).toBe(false)
      } else for (const more of [0, 1, 2] as const) if (more >= released) expect(out(planWith, more)).toBe(false)
      return true
    }), { numRuns: 5000 })
  })

  test.each<[string, Partial<Facts>, 1 | 2 | false]>([
    ['a code that is not listed', { code: 'unlisted', kind: 'unknown' }, 1], ['no code', { code: 'missing', kind: 'unknown' }, 1], ['a sign against sharing', { signals: 'restrictive' }, 1],
    ['an unverified identity', { identity: 'unverified' }, 1], ['a letter from elsewhere', { producer: 'external' }, 2], ['nobody knows from where', { producer: 'unknown' }, 2],
    ['a restricted address without an account', { account: 'unregistered', post: 'restricted' }, 1], ['no address without an account', { account: 'unregistered', post: 'missing' }, false],
    ['an unverified identity without an address', { identity: 'unverified', post: 'missing' }, false], ['a place of custody', { post: 'custodial' }, false], ['no instruction', { instruction: 'missing' }, false],
    ['a file that cannot be read', { content: 'encrypted' }, false], ['a letter from elsewhere that cannot be read', { producer: 'external', content: 'encrypted' }, false],
    ['a code that is not listed and a hold', { code: 'unlisted', hold: 'held' }, false], ['an unknown directorate', { directorate: 'unknown', service: 'unknown' }, false],
  ])('takes as many people as the floor says: %s', (_, facts, people) => {
    const release = releaseOf(planOf({ ...someFacts(), ...facts }), 0)
    expect(release.can && release.people).toBe(people)
  })

  test('that cannot be says which lines still hold', () => {
    const release = releaseOf(planOf({ ...someFacts(), producer: 'external', content: 'encrypted' }), 0)
    expect(release.can ? [] : release.lines.map(({ id }) => id)).toEqual(['F9'])
  })

  test('lifts the lines that name it', () => {
    expect(FLOOR.filter((line) => liftedBy(line) === 'two').map(({ id }) => id)).toEqual(['F3'])
    expect(new Set(FLOOR.filter((line) => liftedBy(line) === 'one').map(({ id }) => id))).toEqual(new Set(['F6', 'F10', 'F13']))
  })
})

describe('a reason', () => {
  test('is there for whatever ends in review, and only for that', () => {
    fc.assert(fc.property(fc.oneof(nearly, someof), (facts) => {
      const { decision } = planOf(facts)(PEOPLE.indexOf(facts.release) as 0 | 1 | 2)
      const reason = reviewReason({ facts, decision, tightened: {}, deliveries: [] })
      expect(reason !== undefined).toBe(decision.route === 'review')
      return reason === undefined || Object.hasOwn(REVIEW_REASONS, reason)
    }), { numRuns: 3000 })
  })
  test('that only a rule of the trust knows is another rule', () =>
    expect(reviewReason({ facts: someFacts(), decision: { route: 'review', rule: 'our-own' }, tightened: {}, deliveries: [] })).toBe('other'))
  test('of a deadline comes before the address that it met', () =>
    expect(reviewReason({ facts: { ...someFacts(), post: 'missing' }, decision: { route: 'review', rule: 'not-read-in-time' }, tightened: {}, deliveries: [] })).toBe('deadline'))
})
