// Where a revision of a document comes from, as a FHIR Provenance: RiO is the source, Openletter put the DocumentReference
// together, under the policy of this hash. It refuses to name the patient or the author: the DocumentReference does that.
import type { Provenance } from '@medplum/fhirtypes'
import type { Policy } from '../policy/policy.ts'
import { ENGINE, system, trustOf } from './parties.ts'
import { DATA_OPERATION, PARTICIPANT_TYPE, POLICY, RECEIPT } from './systems.ts'

export type Made = {
  readonly documentId: string
  readonly revision: number
  readonly source: string
  readonly feed: string
  readonly receiptId: string
  readonly receivedAt: string
  readonly sourceTime?: string
  readonly policy: string
}

/** The same for the same revision, for good. */
export const provenanceId = ({ documentId, revision }: Pick<Made, 'documentId' | 'revision'>): string => `${documentId}-${revision}`

export const provenance = (made: Made, policy: Pick<Policy, 'trust'>): Provenance => ({
  resourceType: 'Provenance',
  id: provenanceId(made),
  target: [{ reference: `DocumentReference/${made.documentId}/_history/${made.revision}` }],
  ...(made.sourceTime ? { occurredDateTime: made.sourceTime } : {}),
  recorded: made.receivedAt,
  policy: [`${POLICY}:${made.policy}`],
  activity: { coding: [made.revision === 1 ? { system: DATA_OPERATION, code: 'CREATE', display: 'create' } : { system: DATA_OPERATION, code: 'UPDATE', display: 'revise' }] },
  agent: [
    { type: participant('assembler', 'Assembler'), who: ENGINE, onBehalfOf: trustOf(policy) },
    { type: participant('informant', 'Informant'), who: system(made.source) },
  ],
  entity: [{ role: 'source', what: { identifier: { system: RECEIPT, value: made.receiptId }, display: `The message as it came in by ${made.feed}` }, agent: [{ type: participant('informant', 'Informant'), who: system(made.source) }] }],
})

const participant = (code: string, display: string) => ({ coding: [{ system: PARTICIPANT_TYPE, code, display }] })
