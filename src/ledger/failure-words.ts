// What the ledger says of deliveries in trouble. Types only; `ledger.ts` hands them on. They refuse patient data: of
// patients there is only how many.
import type { Cause } from '../decide/cause.ts'
import type { Delivery, DeliveryState } from '../types.ts'
import type { DocumentRow } from './document-words.ts'

export type Ages = { readonly [age in 'hour' | 'fourHours' | 'day' | 'older']: number }

/** Deliveries to one destination that are in trouble for the same reason, by the same signature. */
export type FailureGroup = {
  /** The same for the same destination, cause and signature, always: what is done to a group is done to this key. */
  readonly key: string
  readonly destination: string
  readonly cause: Cause
  /** Codes and element names, normalised: `422 processing DocumentReference.type`. */
  readonly signature: string
  readonly documents: number
  /** Different NHS numbers among them. */
  readonly patients: number
  /** Documents without an NHS number. */
  readonly unidentified: number
  /** Documents that wait for a person. */
  readonly person: number
  /** Documents that are tried again by themselves. */
  readonly again: number
  /** Documents that were not tried yet, because their destination is away. */
  readonly behind: number
  /** Since when the oldest of them has been owed. */
  readonly oldestSince: string
  /** Documents by for how long they have been owed: under an hour, under four, under a day, and longer. */
  readonly ages: Ages
  /** When the first and the last of these failures was. */
  readonly firstSeen: string
  readonly lastSeen: string
  /** Documents, of those still in trouble, that failed within the last hour, and within the hour before it. */
  readonly thisHour: number
  readonly hourBefore: number
  /** By which policies they were decided, the most frequent first. */
  readonly policies: readonly { readonly hash: string; readonly documents: number }[]
  /** The next attempt of any of them, not before its destination is asked again; absent where all wait for a person. */
  readonly nextAt?: string
}

export type FailureRow = {
  readonly deliveryId: string
  readonly state: DeliveryState
  /** `person`: nothing happens without one. `again`: tried again by itself. `behind`: its destination is away. */
  readonly fate: 'person' | 'again' | 'behind'
  readonly since: string
  readonly firstSeen: string
  readonly lastSeen: string
  readonly policy: string
  readonly tries: number
  readonly dueAt?: string
  readonly lastCode?: string
  readonly lastDetail?: string
  readonly document: DocumentRow
}

export type FindingFailures = {
  /** Deliveries in `failed` or `blocked`, newest first. */
  troubled(limit: number): Promise<readonly (Delivery & { /** Its last one. */ readonly attemptId?: string; readonly document: DocumentRow })[]>
  /** Everything in trouble, by cause: failed, blocked, tried without success, or waiting behind a destination that is away. `all` false: there are more. */
  failures(now: string): Promise<{ readonly groups: readonly FailureGroup[]; readonly documents: number; readonly patients: number; readonly all: boolean }>
  /** One group with its deliveries, oldest first, from behind `after`; undefined if nothing is in it any more. */
  failuresIn(now: string, key: string, limit: number, after?: string): Promise<{ readonly group: FailureGroup; readonly rows: readonly FailureRow[]; readonly cursor?: string } | undefined>
}
