import { beforeAll, describe, expect, test } from '@jest/globals'
import { BEHIND_SECS, LEAVE_SECS, stopped, think } from '../../src/deliver/next.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import type { Stop, Work } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { examplePolicy } from '../support/policy.ts'
import { uuid } from '../support/story.ts'
import { ADA, ago, ahead, anOwed, aWork, NOW, planOf, without } from '../support/work.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

const step = (work: Work) => think(work, policy, planAgain, NOW).step
const PRESENT = { standing: 'present', standingRevision: 1, state: 'acknowledged', remoteId: 'r1' } as const
const present = without(anOwed(PRESENT), 'dueAt')
const withheld = { sample: '03-do-not-share.json' } as const

describe('the next step', () => {
  test('creates what should stand and does not', () => {
    expect(step(aWork())).toMatchObject({ do: 'exchange', action: 'create', revision: 1, nhsNumber: ADA, sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) })
    expect(step(aWork({ deliveries: [anOwed({ standing: 'recalled' })] }))).toMatchObject({ do: 'exchange', action: 'create' })
  })

  test('does nothing where this revision stands, and replaces an older one', () => {
    expect(step(aWork({ deliveries: [present] }))).toEqual({ do: 'nothing' })
    expect(step(aWork({ revision: 2, deliveries: [{ ...present, state: 'owed', dueAt: ago(1) }] }))).toMatchObject({ do: 'exchange', action: 'update', revision: 2 })
  })

  test('looks before it sends again what may stand', () => {
    expect(step(aWork({ deliveries: [anOwed({ standing: 'unsure', state: 'sending' })] }))).toMatchObject({ do: 'exchange', action: 'look' })
  })

  test('recalls what must not stand: without a look, and under any stop', () => {
    for (const standing of ['present', 'unsure'] as const) {
      const work = aWork({ ...withheld, deliveries: [anOwed({ ...PRESENT, standing, state: 'recalling' })], stops: [{ scope: 'all', value: '' }] })
      expect(step(work)).toMatchObject({ do: 'exchange', action: 'recall', revision: 1, nhsNumber: ADA })
    }
  })

  test('takes back what went to another patient before anything is sent to this one', () => {
    const foreign = anOwed({ ...PRESENT, id: uuid(102), identifier: uuid(202), nhsNumber: '9990000026', state: 'recalling' })
    expect(step(aWork({ deliveries: [foreign, anOwed()] }))).toMatchObject({ do: 'exchange', action: 'recall', deliveryId: foreign.id, nhsNumber: '9990000026' })
    const putOff = { ...foreign, dueAt: ahead(60) }
    expect(step(aWork({ deliveries: [putOff, anOwed()] }))).toEqual({ do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(60) } })
    const stuck = without({ ...foreign, state: 'failed' as const }, 'dueAt')
    expect(step(aWork({ deliveries: [stuck, anOwed()] }))).toEqual({ do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(LEAVE_SECS) } })
  })

  test('a wake-up before its time does nothing', () => {
    expect(step(aWork({ deliveries: [anOwed({ dueAt: ahead(5) })] }))).toEqual({ do: 'nothing' })
  })

  test('what failed or was blocked waits for a person', () => {
    for (const state of ['failed', 'blocked'] as const) {
      expect(step(aWork({ deliveries: [without(anOwed({ state }), 'dueAt')] }))).toEqual({ do: 'nothing' })
      expect(step(aWork({ deliveries: [anOwed({ state })] }))).toMatchObject({ do: 'exchange', action: 'create' })
    }
  })

  test('asks for the account before anything is sent to the record', () => {
    expect(step(aWork({ person: { account: 'unknown' } }))).toEqual({ do: 'ask-account', nhsNumber: ADA })
  })

  test('does nothing here where the post is meant', () => {
    expect(step(aWork({ person: { account: 'unregistered' } }))).toEqual({ do: 'nothing' })
  })

  test('leaves what stands where nothing new may be sent, and settles what is unsure', () => {
    expect(step(aWork({ person: { deceased: true }, deliveries: [present] }))).toEqual({ do: 'nothing' })
    expect(step(aWork({ person: { deceased: true }, deliveries: [anOwed({ standing: 'unsure', state: 'sending' })] }))).toMatchObject({ do: 'exchange', action: 'look' })
  })

  test('the second key stands before it: a delivery for somebody else is blocked', () => {
    expect(step(aWork({ deliveries: [anOwed({ nhsNumber: '9990000026' })] }))).toMatchObject({ do: 'block', code: 'SECOND_KEY' })
  })

  test('a worker that has not taken the policy in force sends nothing and judges nothing; what goes back goes back', () => {
    const later = 'f'.repeat(64)
    expect(think(aWork({ policyInForce: later }), policy, planAgain, NOW)).toEqual({ step: { do: 'nothing', unjudged: true, putOff: { deliveryId: anOwed().id, until: ahead(BEHIND_SECS) } } })
    expect(think(aWork({ policyInForce: later, deliveries: [] }), policy, planAgain, NOW)).toEqual({ step: { do: 'nothing', unjudged: true } })
    expect(think(aWork({ policyInForce: later, deliveries: [anOwed({ ...PRESENT, state: 'recalling' })] }), policy, planAgain, NOW).step).toMatchObject({ do: 'exchange', action: 'recall' })
    expect(step(aWork({ policyInForce: policy.hash }))).toMatchObject({ do: 'exchange', action: 'create' })
  })

  test('a receipt that the policy in force cannot read is blocked, and still taken back from another patient', () => {
    const unreadable = { ...policy, feeds: {} }
    expect(think(aWork(), unreadable, planAgain, NOW)).toMatchObject({ step: { do: 'block', code: 'SECOND_KEY' } })
    expect(think(aWork(), unreadable, planAgain, NOW).plan).toBeUndefined()
    const foreign = anOwed({ ...PRESENT, id: uuid(102), identifier: uuid(202), nhsNumber: '9990000026' })
    expect(think(aWork({ deliveries: [foreign, anOwed()] }), unreadable, planAgain, NOW).step).toMatchObject({ action: 'recall', deliveryId: foreign.id })
    expect(think(aWork({ deliveries: [present] }), unreadable, planAgain, NOW).step).toEqual({ do: 'nothing' })
    const recalling = anOwed({ ...PRESENT, state: 'recalling' })
    expect(think(aWork({ deliveries: [recalling] }), unreadable, planAgain, NOW).step).toMatchObject({ do: 'exchange', action: 'recall', deliveryId: recalling.id })
  })

  test('a print item is handed over once for as long as its content is the same', () => {
    const ben = '9990000026'
    const work = (overrides: Parameters<typeof anOwed>[0], revision: number) =>
      aWork({ sample: '02-share-unregistered.json', nhsNumber: ben, person: { account: 'unregistered' }, revision, deliveries: [anOwed({ destination: 'print', nhsNumber: ben, ...overrides })] })
    const sha256 = planOf(work({}, 1), policy).document.contents[0]!.ref.sha256
    expect(step(work({}, 1))).toMatchObject({ do: 'exchange', action: 'create' })
    expect(step(work({ ...PRESENT, state: 'printed', standingSha256: sha256 }, 2))).toEqual({ do: 'nothing' })
    expect(step(work({ ...PRESENT, state: 'printing', standingSha256: sha256 }, 2))).toMatchObject({ do: 'exchange', action: 'update' })
    expect(step(work({ ...PRESENT, standingSha256: 'other' }, 2))).toMatchObject({ do: 'exchange', action: 'update' })
  })
})

describe('a stop', () => {
  const stops: readonly (readonly [Stop, boolean])[] = [
    [{ scope: 'all', value: '' }, true],
    [{ scope: 'service', value: 'ADULT1' }, true], [{ scope: 'service', value: 'ADULT2' }, false],
    [{ scope: 'code', value: 'cpln' }, true], [{ scope: 'code', value: 'DISC' }, false],
  ]
  test.each(stops)('%j', (stop, holds) => {
    const work = aWork({ stops: [stop] })
    expect(stopped(stop, planOf(work, policy), policy)).toBe(holds)
    expect(step(work)).toMatchObject(holds ? { do: 'nothing', putOff: { until: ahead(LEAVE_SECS) } } : { do: 'exchange' })
  })

  test('on a directorate holds its teams, and a document that belongs to none', () => {
    const plan = planOf(aWork(), policy)
    const directorate = policy.services['ADULT1']!.directorate
    expect(stopped({ scope: 'directorate', value: directorate }, plan, policy)).toBe(true)
    expect(stopped({ scope: 'directorate', value: 'elsewhere' }, plan, policy)).toBe(false)
    expect(stopped({ scope: 'directorate', value: 'elsewhere' }, { ...plan, document: without(plan.document, 'team') }, policy)).toBe(true)
  })
})
