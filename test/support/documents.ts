// Uploads, and what parsing and planning make of them under the example policy: real parse, real plan. Override what a
// test is about; everything else is Ada Example's clinic letter, marked to be shared.
import { randomUUID } from 'node:crypto'
import { nhsNumberOf } from '../../src/decide/identity.ts'
import { fingerprint } from '../../src/intake/fingerprint.ts'
import type { Arrival } from '../../src/ledger/ledger.ts'
import { parse } from '../../src/parse/parse.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { ContentRef, Person, Plan, Prior, Receipt, RioDocument } from '../../src/types.ts'
import { UNKNOWN_PERSON } from '../../src/types.ts'
import { aPdf } from './pdf.ts'
import { contentRef, uploadReceipt } from './receipts.ts'

export type Metadata = { readonly [field: string]: unknown }

export const ADA = { nhsNumber: '9990000018', nhsNumberStatus: '01', clientId: 'C1', family: 'Example', given: 'Ada', birthDate: '1970-01-01', address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' } }
export const BEN = { ...ADA, nhsNumber: '9990000026', clientId: 'C2', family: 'Sample', given: 'Ben', birthDate: '1985-05-05' }

export const theMetadata = (overrides: Metadata = {}): Metadata => ({
  documentId: 'RIO-1', event: 'created', documentType: 'MH share with patient', name: 'CLIN Clinic letter.pdf', status: 'final',
  documentDate: '2026-11-20T10:30:00Z', uploadedAt: '2026-11-20T11:00:00Z', team: 'ADULT1', author: { name: 'Dr Example', organisation: 'RWK' },
  uploadedBy: 'admin42', patient: ADA, ...overrides,
})

/** The same letter has the same content; another `text`, another. */
export const aContent = (text = 'Clinic letter'): ContentRef => contentRef(aPdf({ mark: text }))

export const aReceipt = (metadata: Metadata = {}, overrides: Partial<Receipt> = {}): Receipt =>
  uploadReceipt(theMetadata(metadata), { id: randomUUID(), contents: [aContent()], declaredType: 'application/pdf', ...overrides })

export const aDocument = (receipt: Receipt, policy: Policy): RioDocument => {
  const parsed = parse(receipt, policy.mappings[policy.feeds[receipt.feed]!.mapping]!)
  if (!parsed.ok) throw new Error(`the upload was refused: ${parsed.refusal.code}`)
  return parsed.document
}

/** What `openLedger` is given to plan again with. */
export const planBy = (policy: Policy) => (receipt: Receipt, person: Person, prior: Prior): Plan | undefined => {
  const planned = plan(receipt, policy, person, prior)
  return planned.ok ? planned.plan : undefined
}

export const aPlan = (policy: Policy, { receipt = aReceipt(), person = {}, prior = {} }: { receipt?: Receipt; person?: Partial<Person>; prior?: Partial<Prior> } = {}): Plan =>
  planBy(policy)(receipt, { ...UNKNOWN_PERSON, ...person }, {
    firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false, ...prior,
  })!

/** A receipt on its way into the ledger, as `take` makes it. */
export const anArrival = (policy: Policy, metadata: Metadata = {}, { receipt = aReceipt(metadata), ...overrides }: Partial<Arrival> = {}): Arrival => {
  const document = aDocument(receipt, policy)
  const nhsNumber = nhsNumberOf(document.patient)
  return {
    receipt, document, fingerprint: fingerprint(receipt), ...(nhsNumber ? { nhsNumber } : {}),
    plan: (person, prior, of) => planBy(policy)(of, person, prior)!,
    ...overrides,
  }
}
