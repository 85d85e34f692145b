// What the ledger tells of documents: a row of a list and what it is narrowed by, one document's whole story, and what its
// plan is made from, now or at an earlier moment. Types only; `ledger.ts` hands them on.
import type { Attempt, Decision, Delivery, DocumentState, Facts, Person, Plan, Prior, Receipt, RioDocument, Route, RuleRoute } from '../types.ts'
import type { Marked } from './assurance.ts'
import type { AuditEvent } from './audit-words.ts'

export type DocumentRow = {
  readonly id: string
  readonly source: string
  readonly sourceId: string
  readonly feed: string
  readonly revision: number
  readonly receivedAt: string
  readonly state: DocumentState
  readonly route: Route
  readonly rule: string
  readonly because: string
  readonly code?: string
  readonly team?: string
  readonly directorate?: string
}

/** One document's whole story. */
export type Story = DocumentRow & {
  readonly facts: Facts
  readonly decision: Decision
  readonly document: RioDocument
  readonly resource: Plan['resource']
  readonly receipts: readonly { readonly id: string; readonly receivedAt: string; readonly feed: string; readonly revision?: number; readonly bearing: string }[]
  readonly deliveries: readonly (Delivery & { readonly attempts: readonly Attempt[] })[]
  readonly events: readonly AuditEvent[]
}

/** What a plan of a document's receipt in force is made from, and what was last decided about it. */
export type Known = {
  readonly source: string
  readonly sourceId: string
  readonly identifier: string
  readonly revision: number
  readonly nhsNumber?: string
  readonly receipt: Receipt
  readonly person: Person
  readonly prior: Prior
  readonly facts: Facts
  readonly decision: Decision
  readonly deliveries: readonly Delivery[]
}

/** The same at an earlier moment, as far as the ledger still tells; undefined parts are those that it does not. */
export type KnownThen = Pick<Known, 'source' | 'sourceId' | 'revision' | 'receipt' | 'person' | 'prior'> & {
  /** The last decision that the log had of it then. */
  readonly decided?: { readonly at: string; readonly revision: number; readonly route: Route; readonly rule: string; readonly wouldRoute?: Route; readonly wouldRule?: string; readonly policy: string }
  /** What was put together again, and from what. */
  readonly rebuilt: readonly string[]
  /** What it does not tell any more, and what stands in for that. */
  readonly unknown: readonly string[]
}

export type DocumentFilter = {
  readonly state?: readonly DocumentState[]
  readonly route?: readonly Route[]
  readonly rule?: string
  readonly sourceId?: string
  readonly code?: string
  /** As the source wrote it, in any case. */
  readonly team?: string
  readonly directorate?: string
  readonly feed?: string
  /** The fact: whether the directorate, or the feed, lets anything out. */
  readonly stage?: readonly Facts['directorate'][]
  /** Where it would have gone, but for observing. */
  readonly wouldRoute?: readonly RuleRoute[]
  readonly marked?: Marked
  /** ISO instants; `until` is the first that is left out. */
  readonly since?: string
  readonly until?: string
  readonly limit: number
  readonly cursor?: string
  /** Identifies a patient: only ever from a request body, never from a URL. */
  readonly nhsNumber?: string
  /** Free text in the title; likewise. */
  readonly title?: string
}

export type Showing = {
  list(filter: DocumentFilter): Promise<{ readonly documents: readonly DocumentRow[]; readonly cursor?: string }>
  /** How many documents fit, roughly: nobody counts them. */
  estimate(filter: DocumentFilter): Promise<number>
  story(documentId: string): Promise<Story | undefined>
  /** Everything that its plan is made from, at this moment. */
  known(documentId: string): Promise<Known | undefined>
  /** The same at an earlier one; undefined if the document had not come by then. PKB's answers count for this many hours. */
  knownAt(documentId: string, at: string, accountFreshHours: number): Promise<KnownThen | undefined>
  counts(): Promise<{ readonly byState: Readonly<Record<string, number>>; readonly oldestOwedSecs: number }>
  receipt(receiptId: string): Promise<Receipt | undefined>
}
