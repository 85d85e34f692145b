// What intake and the ledger say to each other: a parsed receipt on its way in, what became of it, and what was refused. Types
// only; `ledger.ts` hands them on. They refuse a receipt without the plan that decides it: nothing is kept undecided.
import type { ErrorCode } from '../errors.ts'
import type { Decision, DocumentState, Person, Plan, Prior, Receipt, RioDocument } from '../types.ts'

/** A parsed receipt with the keys by which the ledger finds what it already knows. */
export type Arrival = {
  readonly receipt: Receipt
  readonly document: RioDocument
  /** Ten-digit NHS number, where the message has exactly one: whose account is looked up. */
  readonly nhsNumber?: string
  /** HL7 only: MSH-3, MSH-4 and MSH-10 joined; the same key with another message is a sender's fault. */
  readonly controlKey?: string
  /** SHA-256 hex of the message without its MSH-7, and its content hashes: equal means an exact repeat. */
  readonly fingerprint: string
  /** The pure plan under the policy in force; called inside the transaction, once per arrival, with what the ledger knows. */
  readonly plan: (person: Person, prior: Prior, receipt: Receipt) => Plan
}

export type Accepted =
  | {
      readonly kind: 'stored' | 'repeat'
      readonly id: string
      readonly revision: number
      readonly state: DocumentState
      readonly decision: Decision
      readonly bearing: Plan['bearing']
      /** The control id came before with another document. */
      readonly controlIdShared: boolean
    }
  | { readonly kind: 'refused'; readonly code: Extract<ErrorCode, 'PARENT_OF_ANOTHER_PATIENT' | 'CONTROL_ID_REUSED'>; readonly detail: string }

/** A message that was refused: kept, so that nothing that came in is lost. */
export type Rejected = {
  readonly feed: string
  readonly at: string
  readonly code: ErrorCode
  readonly detail: string
  /** The message as far as it could be read, files cut out, at most 64 KB. */
  readonly skeleton: string
}

export type Taking = {
  /** Keeps and decides a receipt. Rejects with Failure STORE_UNAVAILABLE where nothing could be kept. */
  accept(arrival: Arrival): Promise<Accepted>
  reject(rejected: Rejected): Promise<void>
  rejections(limit: number): Promise<readonly (Rejected & { readonly id: string })[]>
  /** Called after each commit with what became owed or changed. */
  onOwed(listener: (owed: readonly { readonly documentId: string; readonly destination: string; readonly dueAt: string; /** A recall: before everything else. */ readonly urgent?: true }[]) => void): void
}
