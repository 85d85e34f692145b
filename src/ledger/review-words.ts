// What the ledger says of documents that wait for a person, and of codes that are in no list. Types only. They refuse what
// identifies a patient.
import type { ReviewLimits } from '../decide/review-limits.ts'
import type { HeldFor, ReviewReason } from '../decide/review-reason.ts'
import type { DocumentRow } from './document-words.ts'

export type ReviewRow = DocumentRow & {
  readonly reason: ReviewReason
  /** Since when it has waited, for one reason or another. */
  readonly since: string
  readonly late: boolean
  /** People who have released this revision with this content, and who count together. */
  readonly released: number
}

export type ReviewGroup = { readonly reason: ReviewReason; readonly documents: number; /** Of them, past the time that the reason allows. */ readonly late: number; readonly oldestSince: string }

export type ReviewsAsked = {
  readonly reason?: ReviewReason
  readonly directorate?: string
  /** As the source wrote it, in any case. */
  readonly team?: string
  readonly late?: true
  readonly limit: number
  readonly cursor?: string
}

/** Groups are of all that fits directorate and team; rows of what was asked for, those that have waited longest first. */
export type ReviewsPage = { readonly groups: readonly ReviewGroup[]; readonly rows: readonly ReviewRow[]; readonly cursor?: string }

export type GivenRelease = { readonly actor: string; readonly role: string; readonly reason: string; readonly consent?: string; readonly at: string; /** False: PKB has since given another date of birth, of which this person did not know. */ readonly counts: boolean; /** By which the person comes in: see `doors.ts`. */ readonly door: string }

export type Review = {
  readonly reason?: ReviewReason
  readonly since?: string
  readonly heldFor?: HeldFor
  /** Of the revision and content in force, in order. */
  readonly releases: readonly GivenRelease[]
}

/** What a release says beside who and why. */
export type ReleaseMore = {
  /** Who consented, outside the engine: of a letter that the trust did not produce. */
  readonly consent?: string
  /** As the log calls the person: where from, too. The actor alone counts people. */
  readonly logged?: string
  /** What the person has read: nothing else is released. */
  readonly seen?: { readonly revision: number; readonly sha256: string; /** By how many people. */ readonly released: 0 | 1 | 2; readonly birthDateDiffers: boolean }
}

/** `already`: by this person. `changed`: what the person has seen is not what there is. */
export type Released = 'released' | 'already' | 'changed' | 'missing'

export type CodesAsked = { readonly since: string; readonly until: string; /** In the list of the policy in force. */ readonly listed: readonly string[]; /** Teams that may be told. */ readonly teams: readonly string[] }

/** Documents with one code that is not listed, or without any, of one team in one month. */
export type CodeSeen = {
  /** Four letters; absent where there is none. */
  readonly code?: string
  readonly team?: string
  /** In London: `2026-11`. */
  readonly month: string
  readonly documents: number
  readonly share: number
  readonly firstSeen: string
  readonly lastSeen: string
  /** The newest. */
  readonly examples: readonly { readonly id: string; readonly sourceId: string }[]
}

export type Reviewing = {
  /** `limits`: of the policy in force, by which they are late. */
  reviews(asked: ReviewsAsked, now: string, limits: ReviewLimits): Promise<ReviewsPage>
  /** Undefined if there is no such document. */
  review(documentId: string): Promise<Review | undefined>
  /** In which role this person released last: who decides on many says it once. */
  lastRole(actor: string): Promise<string | undefined>
  codesSeen(asked: CodesAsked): Promise<readonly CodeSeen[]>
  /** A person's permission, for the revision and content in force. */
  release(documentId: string, actor: string, role: string, reason: string, now: string, more?: ReleaseMore): Promise<Released>
}
