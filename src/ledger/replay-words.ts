// Documents decided once more, under another policy or for good, and what would have become of those that were only observed.
// Types only; `ledger.ts` hands them on.
import type { Planned } from '../plan.ts'
import type { Decision, Person, Prior, Receipt } from '../types.ts'
import type { DocumentRow } from './document-words.ts'
import type { ObservedCount } from './observed-report.ts'

/** Documents by when their revision in force came in. */
export type ReplayAsked = {
  /** ISO instants; `until` is the first that is no longer asked for. */
  readonly since?: string
  readonly until: string
  readonly directorate?: string
  /** The rule of the decision in the ledger. */
  readonly rule?: string
  /** By our ids, or those that RiO gave. */
  readonly only?: readonly string[]
}

/** The pure plan under the policy that is looked at. */
export type ReplayPlan = (receipt: Receipt, person: Person, prior: Prior) => Planned

export type Replayed = {
  readonly row: DocumentRow
  readonly recorded: Decision
  readonly planned: Planned
  /** Destinations where a copy stands that would be taken back. */
  readonly recalls: readonly string[]
  /** What a plan is made from as things stand, whatever would become of other documents. */
  readonly made: { readonly receipt: Receipt; readonly person: Person; readonly prior: Prior }
}
export type ReplayPage = { readonly documents: readonly Replayed[]; readonly cursor?: string }

/** What came of deciding one document again. `same-way`: only its reason, labels or facts changed. */
export type Redecided =
  | { readonly kind: 'moved' | 'same-way'; readonly from: Decision; readonly to: Decision }
  | { readonly kind: 'unchanged' | 'unreadable' | 'missing' }

export type Replaying = {
  /** Documents decided once more under another policy, oldest first; writes and locks nothing. */
  replayPage(asked: ReplayAsked, plan: ReplayPlan, limit: number, after?: string): Promise<ReplayPage>
  replayCount(asked: ReplayAsked): Promise<number>
  /** Decides a document again for good, under the policy in force: `policy` is its hash, else Failure POLICY_NOT_IN_FORCE. */
  redecide(documentId: string, by: { readonly actor: string; readonly reason: string; readonly policy: string; readonly at: string }): Promise<Redecided>
  /** What would have become of documents that were only observed. Of their codes only those of `codes` are told. */
  observed(asked: { readonly since: string; readonly until: string; readonly directorate?: string; readonly by: 'day' | 'month'; readonly codes: readonly string[] }): Promise<readonly ObservedCount[]>
}
