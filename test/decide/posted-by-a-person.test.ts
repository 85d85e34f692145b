// A letter for the record that a person wants posted: what is owed then. Instead, and not as well.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { decide } from '../../src/decide/decide.ts'
import { owed, want, type Now } from '../../src/decide/owed.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Delivery, Facts } from '../../src/types.ts'
import { examplePolicy, someFacts } from '../support/policy.ts'
import { aDelivery } from '../support/story.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const NOW: Now = { identifier: 'id-1', revision: 2, sha256: 'b'.repeat(64), nhsNumber: '9990000018' }
const plan = (facts: Partial<Facts> = {}) => ({
  facts: someFacts(facts),
  decision: decide(someFacts(facts), policy, { prior: { firstReceivedAt: '2026-11-20T18:00:00.000Z', cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false, post: 'person' }, moves: false, addendum: false }),
})
const atPkb = (overrides: Partial<Delivery> = {}): Delivery => aDelivery({ id: 'k', identifier: 'id-1', standing: 'present', standingRevision: 2, standingSha256: NOW.sha256!, state: 'acknowledged', ...overrides })
const changes = (deliveries: readonly Delivery[], facts: Partial<Facts> = {}) => owed(plan(facts), NOW, deliveries, true).map((change) => (change.kind === 'open' ? `open ${change.destination}` : `${change.deliveryId} ${change.state}${change.due ? ' due' : ''}`))

describe('a letter that a person wants posted', () => {
  test('goes by post, also where there is an account', () => {
    expect(plan({ account: 'registered' }).decision).toMatchObject({ route: 'print', rule: 'posted-by-a-person' })
    expect(changes([atPkb({ standing: 'nothing', state: 'failed' })])).toEqual(['k closed', 'open print'])
    expect(changes([atPkb({ standing: 'nothing', state: 'blocked' })])).toEqual(['k closed', 'open print'])
  })
  test.each(['present', 'unsure'] as const)('is not posted while a copy at PKB is %s: that goes back first, by whatever transport it came', (standing) => {
    for (const via of ['fhir', 'hl7-soap'] as const) {
      expect(want(plan(), NOW, atPkb({ standing, via: [via] }), [])).toBe('absent')
      expect(changes([atPkb({ standing, via: [via], state: 'failed' })])).toEqual(['k recalling due'])
    }
    expect(changes([atPkb({ standing: 'recalled', state: 'recalled' })])).toEqual(['open print'])
  })
  test('stays with a person where the floor forbids print, and what stands at PKB stays', () => {
    expect(plan({ post: 'missing' }).decision).toMatchObject({ route: 'review', rule: 'posted-by-a-person' })
    expect(changes([atPkb()], { post: 'missing' })).not.toContain('k recalling due')
  })
})
