// Puts identifiers on a planned DocumentReference, right before it is shown or sent. It refuses to touch anything
// else: what a document says was decided by `plan`, and what it is called is known to the ledger alone.
import type { DocumentReference, Identifier } from '@medplum/fhirtypes'
import { documentIds, REVISION, URI } from './systems.ts'

export type Names = {
  /** UUID under which this document is known for this patient: fresh when it moves to another one. */
  readonly identifier: string
  /** The source system's own id (RiO's), not the ledger's. */
  readonly documentId: string
  readonly revision: number
  /** UUID of the document that this one replaces or adds to, where the ledger knows it. */
  readonly parentIdentifier?: string
  /** Source system of `documentId`; RiO unless said. */
  readonly source?: string
}

/** The stable identifier: for `If-None-Exist` and for looking it up. */
export const stableIdentifier = (identifier: string): Identifier & { system: string; value: string } => ({
  use: 'official',
  system: URI,
  value: `urn:uuid:${identifier}`,
})

/** Names one revision; a destination's copy tells by it which revision it holds. */
export const revisionIdentifier = (identifier: string, revision: number): Identifier & { system: string; value: string } => ({
  system: REVISION,
  value: `${identifier}/${revision}`,
})

/** The resource with its identifiers. No `id`: a server assigns that. */
export const identify = (resource: DocumentReference, names: Names): DocumentReference => ({
  ...resource,
  masterIdentifier: revisionIdentifier(names.identifier, names.revision),
  identifier: [
    stableIdentifier(names.identifier),
    { use: 'secondary', system: documentIds(names.source ?? 'rio'), value: names.documentId },
  ],
  ...(resource.relatesTo && names.parentIdentifier ? { relatesTo: relatedTo(resource.relatesTo, names.parentIdentifier) } : {}),
})

const relatedTo = (relatesTo: NonNullable<DocumentReference['relatesTo']>, parentIdentifier: string): NonNullable<DocumentReference['relatesTo']> =>
  relatesTo.map((relation) => ({ ...relation, target: { ...relation.target, identifier: stableIdentifier(parentIdentifier) } }))
