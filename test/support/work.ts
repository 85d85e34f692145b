// Work as a worker reads it, made from a sample and the example policy by the real plan.
import type { Work } from '../../src/ledger/ledger.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Delivery, Person, Plan, Prior } from '../../src/types.ts'
import { sampleReceipt } from './receipts.ts'
import { uuid } from './story.ts'

export const NOW = new Date('2026-11-23T10:00:00.000Z')
export const ago = (secs: number): string => new Date(NOW.getTime() - secs * 1000).toISOString()
export const ahead = (secs: number): string => ago(-secs)

export const ADA = '9990000018'
const DOCUMENT = uuid(1)
export const IDENTIFIER = uuid(201)

export const anOwed = (overrides: Partial<Delivery> = {}): Delivery => ({
  id: uuid(101), documentId: DOCUMENT, destination: 'pkb', identifier: IDENTIFIER, nhsNumber: ADA,
  state: 'owed', standing: 'nothing', tries: 0, dueAt: ago(1), ...overrides,
})
/** `undefined` takes a field away. */
export const without = <T extends object>(value: T, ...keys: (keyof T)[]): T =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as keyof T))) as T

/** Ada's clinic letter, marked to be shared; she is registered. */
export const aWork = ({ sample = '01-share-registered.json', person, prior, ...overrides }: Partial<Omit<Work, 'person' | 'prior'>> & { sample?: string; person?: Partial<Person>; prior?: Partial<Prior> } = {}): Work => {
  const receipt = sampleReceipt(sample)
  return {
    documentId: DOCUMENT, source: 'rio', sourceId: 'RIO-1', revision: 1, identifier: IDENTIFIER, receipt,
    prior: { firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: true, ...prior },
    person: { account: 'registered', deceased: false, ...person },
    nhsNumber: ADA,
    decision: { route: 'pkb', rule: 'registered', because: '', conflict: false, variance: false, leftToTeam: false, labels: [], policy: '' },
    deliveries: [anOwed()], elsewhere: [], stops: [], ...overrides,
  }
}

export const planOf = (work: Work, policy: Policy): Plan => {
  const planned = plan(work.receipt, policy, work.person, work.prior)
  if (!planned.ok) throw new Error(`the sample was refused: ${planned.refusal.code} ${planned.refusal.detail}`)
  return planned.plan
}
