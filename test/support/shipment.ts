// A shipment of a synthetic letter whose bytes are in a real content store.
import { createHash, randomUUID } from 'node:crypto'
import type { DocumentReference } from '@medplum/fhirtypes'
import { LABELS } from '../../src/decide/labels.ts'
import type { Recall, Shipment } from '../../src/deliver/destination.ts'
import { identify } from '../../src/fhir/identify.ts'
import { DOCUMENT_CODE, NHS_NUMBER } from '../../src/fhir/systems.ts'
import type { Patient, SentAs } from '../../src/types.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import { aPdf } from './pdf.ts'
import { aStory, uuid } from './story.ts'

export const keep = async (content: ContentStore, bytes: Buffer): Promise<{ readonly sha256: string; readonly sha1: string; readonly size: number }> => {
  const writer = content.writer(1e9)
  await writer.write(bytes)
  return writer.keep()
}

const LABELLED = [LABELS.R, LABELS.MH, LABELS.MENTAL_HEALTH, LABELS.share]

/** The letter as it is planned: labelled, without identifiers and data. */
export const aPlannedResource = ({ sha1, size, nhsNumber = '9990000018', code, title = 'Clinic letter' }: { sha1: string; size: number; nhsNumber?: string; code?: { code: string; display: string }; title?: string }): DocumentReference => ({
  resourceType: 'DocumentReference',
  meta: { security: LABELLED.map((label) => ({ ...label })) },
  status: 'current',
  ...(code ? { type: { coding: [{ system: DOCUMENT_CODE, ...code }] } } : {}),
  subject: { identifier: { system: NHS_NUMBER, value: nhsNumber } },
  description: title,
  securityLabel: LABELLED.map((label) => ({ coding: [{ ...label }] })),
  content: [{ attachment: { contentType: 'application/pdf', size, hash: sha1, title } }],
})

/** A row of the trust's own list. */
const CLINIC_LETTER = { code: 'CLIN', display: 'Clinic letter' }

/** `n` makes it another document; the same `n` with another revision or file is the same letter, changed. */
export const aShipment = async (
  content: ContentStore, { n = 1, revision = 1, pdf = aPdf({ mark: `letter ${n}` }), code = CLINIC_LETTER, title = 'Clinic letter', ...overrides }: { n?: number; pdf?: Buffer; code?: { code: string; display: string }; title?: string } & Partial<Shipment> = {},
): Promise<Shipment> => {
  const kept = await keep(content, pdf)
  const nhsNumber = overrides.nhsNumber ?? '9990000018'
  const told = aStory().document
  const identifier = overrides.identifier ?? uuid(5000 + n)
  return {
    attemptId: randomUUID(), deliveryId: uuid(1000 + n), documentId: uuid(2000 + n), identifier, revision, nhsNumber,
    resource: identify(aPlannedResource({ ...kept, nhsNumber, code, title }), { identifier, documentId: `RIO-${n}`, revision }),
    document: { ...told, patient: { ...told.patient, nhsNumbers: [{ text: nhsNumber, at: 'metadata.patient.nhsNumber' }] } }, sentAs: saidOf(told.patient),
    content: { sha256: createHash('sha256').update(pdf).digest('hex'), size: pdf.length, contentType: 'application/pdf' },
    rule: 'registered', policy: 'ab12', ...overrides,
  }
}

/** What PKB is told of a patient beside the number. */
const saidOf = ({ family, given, birthDate }: Patient): SentAs => ({ ...(family ? { family } : {}), ...(given ? { given } : {}), ...(birthDate ? { birthDate } : {}) })

export const recallOf = ({ deliveryId, documentId, identifier, revision, nhsNumber, remoteId, via, document: { patient } }: Shipment): Recall =>
  ({ attemptId: randomUUID(), deliveryId, documentId, identifier, revision, nhsNumber, ...(via ? { via } : {}), sentAs: saidOf(patient), ...(remoteId === undefined ? {} : { remoteId }) })
