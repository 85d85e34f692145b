// What every destination promises. A destination makes one exchange and says how it ended; it refuses to retry, to
// decide, or to throw for anything that the other side did: the worker owns all of that.
import type { DocumentReference } from '@medplum/fhirtypes'
import type { Outcome, RioDocument } from '../types.ts'
import type { ContentStore } from '../ledger/content.ts'

/** What is to stand at the destination. `content` is streamed from the store, never held whole. */
export type Shipment = {
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
  /** For the manifest: which rule and policy decided. */
  readonly rule: string
  readonly policy: string
}

/** What stands and must go. Holds no more of the document than is needed to find it. */
export type Recall = {
  readonly deliveryId: string
  readonly documentId: string
  readonly identifier: string
  readonly revision: number
  readonly nhsNumber: string
  readonly remoteId?: string
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
  /** Takes it back; accepted also when it is not there any more. */
  recall(recall: Recall, signal: AbortSignal): Promise<Outcome>
  /** Asks what stands there. `outcome.kind` is accepted when the question was answered. */
  look(recall: Recall, signal: AbortSignal): Promise<Look>
  close(): Promise<void>
}

/** Where accounts are asked for. */
export type Accounts = {
  status(nhsNumber: string, signal: AbortSignal): Promise<
    | { readonly answered: true; readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }
    | { readonly answered: false; readonly outcome: Outcome }
  >
}

export type DestinationParts = { readonly content: ContentStore }
