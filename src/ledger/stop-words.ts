// How people keep letters in and take them back: stops on deliveries, holds on one document, and the recalls that come of
// them and of new decisions. Types only; `ledger.ts` hands them on.
import type { Delivery, OutcomeKind } from '../types.ts'

/** A person's stop on deliveries to patients: never on recalls. */
export type Stop = { readonly scope: 'all' | 'directorate' | 'service' | 'code'; /** Empty for `all`. */ readonly value: string }
export type PulledStop = Stop & { readonly id: string; readonly actor: string; readonly reason: string; readonly at: string; readonly lifted?: { readonly at: string; readonly actor: string; readonly reason: string } }

/** A recall that is not done, or came too late, or that nobody could confirm. */
export type RecallRow = {
  readonly documentId: string
  readonly sourceId: string
  /** The rule by which it has to go. */
  readonly rule: string
  readonly deliveryId: string
  readonly destination: string
  readonly state: Delivery['state']
  /** ISO instant at which it was to go. */
  readonly since: string
  readonly unconfirmed: boolean
  /** Of a letter taken back too late. */
  readonly readAt?: string
  readonly printed: boolean
  /** ISO instants between which the patient could see it, as far as is known; without `visibleUntil` it may still be seen. */
  readonly visibleFrom?: string
  readonly visibleUntil?: string
  readonly tries: number
  readonly lastOutcome?: OutcomeKind
  readonly lastCode?: string
}

export type KeepingIn = {
  /** A person takes the document back and keeps it in. Does nothing where there is no such document, or a person holds it already. */
  hold(documentId: string, actor: string, reason: string, now: string): Promise<void>
  /** The document is decided again. Does nothing where there is none, or nobody holds it. */
  liftHold(documentId: string, actor: string, reason: string, now: string): Promise<void>
  /** Halts deliveries to patients from now on, never recalls; undefined if exactly this stop is pulled already. */
  pullStop(stop: Stop, actor: string, reason: string, now: string): Promise<PulledStop | undefined>
  /** Undefined if there is no such stop, or it was lifted before. What it held is due at once. */
  liftStop(stopId: string, actor: string, reason: string, now: string): Promise<PulledStop | undefined>
  /** Those in force, newest first; with `lifted`, those that were as well. */
  stops(asked?: { readonly lifted: boolean }): Promise<readonly PulledStop[]>
  /** How many deliveries are owed to patients and wait, by what a stop looks at. */
  waiting(): Promise<readonly { readonly team?: string; readonly code?: string; readonly deliveries: number }[]>
  /** `open`: not done. `late`: done or not, after it was read or printed. `unconfirmed`: done, and not seen to be gone. */
  recalls(kind: 'open' | 'late' | 'unconfirmed', limit: number): Promise<readonly RecallRow[]>
  /** Of those that are not done: how many, and since when the oldest is owed. */
  recallCounts(): Promise<{ readonly open: number; readonly openSince?: string }>
}
