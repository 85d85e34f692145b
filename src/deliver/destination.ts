// What every destination promises. A destination makes one exchange and says how it ended; it refuses to retry, to
// decide, or to throw for anything that the other side did: the worker owns all of that.
import type { DocumentReference } from '@medplum/fhirtypes'
import type { Outcome, RioDocument, SentAs, Transport } from '../types.ts'
import type { ContentStore } from '../ledger/content.ts'

/** What is to stand at the destination. `content` is streamed from the store, never held whole. */
export type Shipment = {
  /** UUID of this attempt: goes along as correlation id. */
  readonly attemptId: string
  readonly deliveryId: string
  readonly documentId: string
  /** The stable identifier value, fresh for each patient. */
  readonly identifier: string
  readonly revision: number
  readonly nhsNumber: string
  /** Outgoing DocumentReference: identified, labelled, attachment without data. */
  readonly resource: DocumentReference
  readonly document: RioDocument
  readonly content: { readonly sha256: string; readonly size: number; readonly contentType: string }
  readonly remoteId?: string
  /** PKB only: every transport by which a copy stands or may stand. */
  readonly via?: readonly Transport[]
  /** Who the patient was said to be when what stands was sent. */
  readonly sentAs?: SentAs
  /** For the manifest: which rule and policy decided. */
  readonly rule: string
  readonly policy: string
}

/** What stands and must go. Holds no more of the document than is needed to find it. */
export type Recall = {
  readonly attemptId: string
  readonly deliveryId: string
  readonly documentId: string
  readonly identifier: string
  readonly revision: number
  readonly nhsNumber: string
  readonly remoteId?: string
  readonly via?: readonly Transport[]
  /** Who the patient was said to be when it was sent. */
  readonly sentAs?: SentAs
}

/** What the destination holds under an identifier, as it says itself. */
export type Look =
  | { readonly found: false; readonly outcome: Outcome }
  | { readonly found: true; readonly remoteId: string; readonly revision?: number; readonly sha256?: string; readonly outcome: Outcome }

export type Destination = {
  readonly name: string
  /** Conditional: if something with this identifier is there already, it is adopted or replaced, never doubled. */
  create(shipment: Shipment, signal: AbortSignal): Promise<Outcome>
  /** Replaces what stands in its entirety. */
  update(shipment: Shipment, signal: AbortSignal): Promise<Outcome>
  /** Takes it back; accepted also when it is not there any more. `confirmed` where it was seen to be gone. */
  recall(recall: Recall, signal: AbortSignal): Promise<Outcome>
  /** Asks what stands there. `outcome.kind` is accepted when the question was answered. Never called where nothing can be seen (`next.ts`). */
  look(recall: Recall, signal: AbortSignal): Promise<Look>
  close(): Promise<void>
}

/** What PKB says of one person. */
export type AccountStatus = { readonly nhsNumber: string; readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }

/** Where accounts are asked for. */
export type Accounts = {
  /**
   * Asks for at most 5,000 people at once. `silent`: those of whom the answer says nothing that can be used, or that PKB
   * would not be asked about; they never spoil the answer for the rest.
   */
  status(nhsNumbers: readonly string[], signal: AbortSignal): Promise<
    | { readonly answered: true; readonly people: readonly AccountStatus[]; readonly silent: readonly { readonly nhsNumber: string; readonly code: string }[] }
    | { readonly answered: false; readonly outcome: Outcome }
  >
  close(): Promise<void>
}

/** Where it is asked what was read: at most 5,000 identifiers at once. What is not in the answer is not known to be read. */
export type ReadReceipts = {
  ask(identifiers: readonly string[], signal: AbortSignal): Promise<
    | { readonly answered: true; readonly reads: readonly { readonly identifier: string; readonly at: string }[] }
    | { readonly answered: false; readonly outcome: Outcome }
  >
  close(): Promise<void>
}

export type DestinationParts = { readonly content: ContentStore }
