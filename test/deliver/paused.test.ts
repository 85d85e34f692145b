// A destination that a person has paused: nothing new goes there, and everything that has to be taken back is.
import { beforeAll, expect, test } from '@jest/globals'
import { LEAVE_SECS, think } from '../../src/deliver/next.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import type { Work } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { examplePolicy } from '../support/policy.ts'
import { uuid } from '../support/story.ts'
import { ahead, anOwed, aWork, NOW } from '../support/work.ts'

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })
const step = (work: Work) => think(work, policy, planAgain, NOW).step
const PRESENT = { state: 'acknowledged', standing: 'present', standingRevision: 1, remoteId: 'r-1', via: ['fhir'] } as const
const paused = { paused: true } as const

test('what is owed waits, and nobody is asked for the account', () => {
  const waits = { do: 'nothing', putOff: { deliveryId: anOwed().id, until: ahead(LEAVE_SECS) } }
  expect(step(aWork(paused))).toEqual(waits)
  expect(step(aWork({ ...paused, person: { account: 'unknown' } }))).toEqual(waits)
  expect(step(aWork())).toMatchObject({ do: 'exchange', action: 'create' })
})

test('what is to be replaced waits too', () => {
  const old = anOwed({ ...PRESENT, standingSha256: 'f'.repeat(64) })
  expect(step(aWork({ ...paused, revision: 2, deliveries: [old] }))).toMatchObject({ do: 'nothing' })
})

test.each([
  ['was held', { prior: { held: true } }], ['was cancelled', { prior: { cancelled: true } }], ['was replaced', { prior: { superseded: true } }],
] as const)('what %s is taken back', (_, what) => {
  expect(step(aWork({ ...paused, ...what, deliveries: [anOwed(PRESENT)] }))).toMatchObject({ do: 'exchange', action: 'recall' })
})

test('what went to another patient is taken back, and what the policy cannot read as well', () => {
  const foreign = anOwed({ ...PRESENT, id: uuid(102), identifier: uuid(202), nhsNumber: '9990000026' })
  expect(step(aWork({ ...paused, deliveries: [foreign, anOwed()] }))).toMatchObject({ action: 'recall', deliveryId: foreign.id })
  expect(think(aWork({ ...paused, deliveries: [foreign] }), { ...policy, feeds: {} }, planAgain, NOW).step).toMatchObject({ action: 'recall' })
})

test('what may stand there is looked for: a recall depends on it', () => {
  const by = { ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, transport: 'fhir' as const } } }
  const unsure = anOwed({ state: 'sending', standing: 'unsure', standingRevision: 1, via: ['fhir'] })
  expect(think(aWork({ ...paused, deliveries: [unsure] }), by, planAgain, NOW).step).toMatchObject({ do: 'exchange', action: 'look' })
})
