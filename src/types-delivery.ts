// The nouns of a delivery: outcomes, what stands at a destination, deliveries and their attempts, the states that people
// see. Types and closed sets only; `types.ts` hands them on.

export const OUTCOMES = ['accepted', 'unavailable', 'unsure', 'refused', 'unregistered', 'forbidden'] as const
export type OutcomeKind = (typeof OUTCOMES)[number]

/** By which of PKB's two interfaces something is sent. */
export const TRANSPORTS = ['fhir', 'hl7-soap'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** What an attempt leaves behind for whoever has to find it again at the destination. Holds no patient data. */
export type Trace = {
  /** Sent along: X-Request-Id, and in MSH-10 its last 20 digits. */
  readonly correlation: string
  /** Of the last request of the exchange, as it went over the wire; absent where none was sent. */
  readonly requestSha256?: string
  readonly requestBytes?: number
  /** HTTP status of its answer. */
  readonly status?: number
  /** `AA`, `AR 207`, `processing DocumentReference.type`: codes and element names only, never the other side's words. */
  readonly answer?: string
}

/** How one exchange with a destination ended. `code` and `detail` hold no patient data. */
export type Outcome = {
  readonly kind: OutcomeKind
  /** HTTP status, ACK code or error name: `201`, `ECONNREFUSED`, `AR`. */
  readonly code: string
  readonly detail: string
  /** The destination's own id for what it now holds. */
  readonly remoteId?: string
  /** Seconds that the destination asked us to wait. */
  readonly retryAfterSecs?: number
  /** The destination asks that nobody tries again by himself (HL7 AE): a person decides. */
  readonly person?: true
  /** Of a recall that came too late for an earlier letter: the content of that one. */
  readonly sha256?: string
  /** Of a letter at the print house: it has been acknowledged as printed, perhaps when nobody could make anything of that. */
  readonly printed?: true
  /** Of a recall: seen to be gone. Absent where the destination cannot be looked at. */
  readonly confirmed?: true
  /** Of a transport that is not chosen any more: it says nothing of the destination as it is used now. */
  readonly elsewhere?: true
  /** Of a create or an update, whatever became of it: what stood by these transports was taken back before. */
  readonly takenBack?: readonly Transport[]
  readonly trace?: Trace
}

/** What one exchange is for. */
export const ACTIONS = ['create', 'update', 'recall', 'look'] as const
export type Action = (typeof ACTIONS)[number]

/** What a destination holds of a document, as far as we know. */
export type Standing =
  | 'nothing'
  /** It holds `standingRevision`. */
  | 'present'
  /** An exchange was started and its end is not known: look before doing anything else, or where that cannot be, wait. */
  | 'unsure'
  /** Taken back. */
  | 'recalled'

export const DELIVERY_STATES = [
  /** Something is owed and will be tried at `dueAt`. */
  'owed',
  /** An attempt is under way, or was when a worker died. */
  'sending',
  /** The destination has it. */
  'acknowledged',
  /** Print: handed over; waits for the acknowledgement file. */
  'printing',
  'printed',
  'recalling',
  'recalled',
  /** The second key refused: alert; only a new decision clears it. */
  'blocked',
  /** The destination refused this document: waits for a person. */
  'failed',
  /** Nothing is owed any more and nothing stands. */
  'closed',
] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export const DOCUMENT_STATES = [
  'waiting', 'sent', 'acknowledged', 'read', 'printing', 'printed', 'left-to-team', 'withheld',
  'review', 'observed', 'recalling', 'recalled', 'blocked', 'failed',
] as const
export type DocumentState = (typeof DOCUMENT_STATES)[number]

/** Name and date of birth as RiO had them. */
export type SentAs = { readonly family?: string; readonly given?: string; /** YYYY-MM-DD. */ readonly birthDate?: string }

export type Delivery = {
  readonly id: string
  readonly documentId: string
  readonly destination: string
  /** The stable FHIR identifier it is or was sent under: fresh for each patient a document belongs to. */
  readonly identifier: string
  /** NHS number of the patient it is or was sent to. */
  readonly nhsNumber?: string
  readonly state: DeliveryState
  readonly standing: Standing
  /** Revision that stands (or, when unsure, may stand) at the destination. Unsure without one: a look saw nothing, and something may still come. */
  readonly standingRevision?: number
  readonly standingSha256?: string
  readonly remoteId?: string
  /** Who the patient was said to be when it was sent: PKB may ask for that again when it is to go. */
  readonly sentAs?: SentAs
  /** PKB only: every transport by which a copy stands or may stand. A recall goes by each of them. */
  readonly via?: readonly Transport[]
  /** When the latest create or update was started: what cannot be looked at is left alone for a while after it. */
  readonly sentAt?: string
  /** When the latest create or update was started whose end is not known and that nobody has waited for since: it may still come to stand. */
  readonly sendUnsureAt?: string
  /** PKB only: when the latest recall was started whose end is not known: it may still take something away. */
  readonly recallUnsureAt?: string
  /** When the destination acknowledged the revision that stands. */
  readonly acknowledgedAt?: string
  /** When PKB says that it was read: what stands, or what stood before it was taken back. */
  readonly readAt?: string
  /** Not proven read by then, it goes by post as well. */
  readonly readBy?: string
  /** Since when this content has been owed here: tries and acknowledgements do not move it. */
  readonly owedSince?: string
  /** Taken back at a destination that cannot be looked at: it said yes, and nobody has seen it gone. */
  readonly unconfirmed?: true
  /** Consecutive attempts without success: drives the back-off. */
  readonly tries: number
  readonly dueAt?: string
  readonly lastOutcome?: OutcomeKind
  readonly lastCode?: string
  readonly lastDetail?: string
}

export type Attempt = {
  readonly id: string
  readonly deliveryId: string
  readonly at: string
  readonly action: Action
  readonly revision: number
  /** `started` until its end is known. */
  readonly outcome: OutcomeKind | 'started'
  readonly code?: string
  readonly detail?: string
  readonly tookMs?: number
  readonly trace?: Trace
}
