// What the ledger tells those who check: how its chain holds, what the log has, and the revisions that FHIR shows. Types
// only; `ledger.ts` hands them on.
import type { AuditKind } from '../observe/events.ts'
import type { Action, Plan } from '../types.ts'

export type AuditEvent = { readonly seq: number; readonly at: string; readonly kind: AuditKind; readonly actor: string; readonly detail: { readonly [key: string]: unknown } }

/** An entry's number and hash as somebody wrote them down elsewhere: whoever writes the whole log anew cannot change those. */
export type NotedEntry = { readonly seq: number; readonly hash: string }

/** `changed`: it does not fit its hash. `missing`: it is not there. `added`: it stands before the first, or beyond the end. `end`: the log does not end as its head says. */
export type BrokenLink = { readonly seq: number; readonly why: 'changed' | 'missing' | 'added' | 'end' | 'not-as-noted'; /** What the entry says of when, if it is there. */ readonly at?: string }

/** What a walk along the chain found: how many entries hold, from when to when, and the hash of the last of them. */
export type ChainWalk = { readonly entries: number; readonly first?: string; readonly last?: string; readonly hash: string; readonly broken?: BrokenLink }

/** An entry of the log with what it is about. */
export type TrailEntry = AuditEvent & {
  readonly documentId?: string
  /** The id that its source gave it. */
  readonly sourceId?: string
  /** What the attempt was for, of entries about one. */
  readonly action?: Action
  readonly destination?: string
  /** Of what was sent, taken back or seen: whose record, by number alone. */
  readonly nhsNumber?: string
}

/** What is asked of the log; entries that any of `kinds` takes. */
export type TrailFilter = {
  readonly seq?: number
  readonly documentId?: string
  readonly kinds?: readonly { readonly kind: AuditKind; /** Only those about an attempt for one of these. */ readonly actions?: readonly Action[] }[]
  /** A part of what the log calls a person or a program by. */
  readonly who?: string
  readonly since?: string
  readonly until?: string
  readonly limit: number
  readonly cursor?: string
}

/** One revision of a document, with what its DocumentReference and its Provenance are made from. */
export type RevisionRecord = {
  readonly documentId: string
  readonly source: string
  readonly sourceId: string
  readonly revision: number
  /** What destinations know it by; absent where that was another one at this revision's time, or may have been. */
  readonly identifier?: string
  readonly parentIdentifier?: string
  readonly receivedAt: string
  readonly sourceTime?: string
  readonly resource: Plan['resource']
  readonly receiptId: string
  readonly feed: string
  /** Hash of the policy that decided last on this revision. */
  readonly policy: string
}

/** Documents by their revision in force. */
export type ReferenceFilter = {
  /** Any of these. */
  readonly documentIds?: readonly string[]
  readonly identifier?: { readonly stable?: string; readonly sourceId?: string; readonly source?: string; readonly revision?: number }
  readonly status?: readonly string[]
  /** A code of its type, with its system where that was said. */
  readonly type?: { readonly system?: string; readonly code: string }
  /** Of the DocumentReference's date. */
  readonly since?: string
  readonly until?: string
  /** Identifies a patient: only ever from a request body, never from a URL. */
  readonly nhsNumber?: string
  readonly limit: number
  readonly cursor?: string
}

export type Auditing = {
  /** Walks the hash chain; the first broken link, or undefined if it holds. */
  verifyChain(): Promise<{ readonly seq: number } | undefined>
  /** The same, and what it found on its way; `noted` is compared with the entry of its number. */
  walkChain(noted?: NotedEntry): Promise<ChainWalk>
  /** The log, newest first. */
  trail(filter: TrailFilter): Promise<{ readonly entries: readonly TrailEntry[]; readonly cursor?: string }>
  /** Documents by what FHIR may ask for, those that came last first. */
  references(filter: ReferenceFilter): Promise<{ readonly revisions: readonly RevisionRecord[]; readonly cursor?: string }>
  /** All revisions of a document, newest first. */
  revisions(documentId: string): Promise<readonly RevisionRecord[]>
}
