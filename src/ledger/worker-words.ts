// What the ledger and those who deliver say to each other: slots, the work on a document and its steps, how an exchange
// ended, what is overdue. Types only; `ledger.ts` hands them on.
import type { Action, Decision, Delivery, OutcomeKind, Person, Plan, PostReason, Prior, Receipt, Standing, Trace, Transport } from '../types.ts'
import type { Stop } from './stop-words.ts'

/**
 * One of the exchanges that a destination allows at the same moment, among all processes: nobody else has it until it is
 * released or the connection of this process is gone.
 */
export type Slot = {
  /** ISO instant before which no exchange is to begin; absent where there is none to wait for. */
  readonly notBefore?: string
  /** An exchange begins: the next one in this slot not before then. */
  used(notBefore: string): Promise<void>
  release(): Promise<void>
}

/** A duty that one process has for all. `holds`: whether it is still this one's; false once, and it is over. */
export type Watch = { holds(): Promise<boolean>; release(): Promise<void> }

/** A letter for the record whose time is up. */
export type Overdue = {
  readonly documentId: string
  readonly deliveryId: string
  readonly identifier: string
  readonly because: PostReason
  readonly owedSince: string
  /** Where a copy of it may be read. */
  readonly via: readonly Transport[]
}

/** All that a worker needs to decide what to do next for one document at one destination, read in one transaction. */
export type Work = {
  readonly documentId: string
  readonly source: string
  readonly sourceId: string
  readonly revision: number
  /** The identifier for the patient it belongs to now. */
  readonly identifier: string
  /** The receipt in force, with the content that stands even if a later message left the file out. */
  readonly receipt: Receipt
  readonly prior: Prior
  readonly person: Person
  readonly nhsNumber?: string
  readonly decision: Decision
  /** Deliveries of this document to this destination, oldest first. */
  readonly deliveries: readonly Delivery[]
  /** Those to other destinations: no letter goes both ways. */
  readonly elsewhere: readonly Delivery[]
  readonly stops: readonly Stop[]
  /** A person has paused this destination: nothing new goes there. Recalls do. */
  readonly paused?: true
  /** Hash of the policy that was loaded last, by any process; absent in a ledger that knows none. */
  readonly policyInForce?: string
  /** What the document that this one replaces or adds to is known by at destinations; absent where it is not known. */
  readonly parentIdentifier?: string
}

export type Step =
  /**
   * `putOff`: a delivery stays owed but has to wait; the worker has `DocumentLock.putOff` move its time. `unjudged`: by
   * this worker nothing may be decided, so whatever is due stays due.
   */
  | { readonly do: 'nothing'; readonly unjudged?: true; readonly putOff?: { readonly deliveryId: string; readonly until: string }; /** Nothing can be found out about this delivery: it is not woken again. */ readonly rests?: string }
  /** PKB must be asked for this person's account before anything can be sent. */
  | { readonly do: 'ask-account'; readonly nhsNumber: string }
  | {
      readonly do: 'exchange'; readonly deliveryId: string; readonly action: Action; readonly revision: number; readonly sha256?: string; readonly nhsNumber?: string
      /** By which transport a create or an update goes to PKB. */
      readonly via?: Transport
    }
  /** The second key refused. */
  | { readonly do: 'block'; readonly deliveryId: string; readonly code: string; readonly detail: string }

/**
 * What a worker thinks of the work: the plan under the policy in force now, and the next step. Without a plan (the
 * policy in force cannot read the receipt) the decision in the ledger stays as it is, and nothing new is sent.
 */
export type Thought = { readonly plan?: Plan; readonly step: Step }

export type Begun = { readonly work: Work; readonly thought: Thought; readonly attemptId?: string; /** When: what is sent now was sent then, for whoever comes after. */ readonly at: string }

/** How an exchange ended, and what that makes of the delivery. Times are ISO instants, `tookMs` milliseconds. */
export type Finish = {
  readonly attemptId: string
  readonly deliveryId: string
  readonly at: string
  readonly outcome: OutcomeKind
  readonly code: string
  readonly detail: string
  readonly tookMs: number
  readonly trace?: Trace
  readonly delivery: {
    readonly state: Delivery['state']
    readonly standing: Standing
    readonly standingRevision?: number
    readonly standingSha256?: string
    readonly remoteId?: string
    /** Where a copy stands or may stand; absent: as before. */
    readonly via?: readonly Transport[]
    readonly unconfirmed?: true
    readonly sendUnsureAt?: string
    readonly recallUnsureAt?: string
    readonly tries: number
    /** When to look at it again; absent when nothing is owed. */
    readonly dueAt?: string
  }
}

/** Held for as long as one worker works on one document at one destination; free at once when its process dies. */
export type DocumentLock = {
  /**
   * Reads the work, has it thought about, and writes down what the step says, an attempt included, in one transaction.
   * Undefined if there is no such document. Rejects with Failure DATABASE_UNREACHABLE where the lock was lost.
   */
  begin(think: (work: Work) => Thought, now: string): Promise<Begun | undefined>
  /** True if something of this document at this destination is due at once. `waitsMs`: so long it may wait to share a commit. */
  finish(finish: Finish, waitsMs?: number): Promise<boolean>
  /** Nothing was tried, and it stays owed: look at it again at `dueAt`. State, standing and tries stay. */
  putOff(deliveryId: string, dueAt: string): Promise<void>
  /** Its time is up: from now on it goes by post, if that still holds. False if it no longer does, or was done before. */
  post(overdue: Pick<Overdue, 'deliveryId' | 'because' | 'owedSince'>, now: string): Promise<boolean>
  release(): Promise<void>
}

export type Delivering = {
  /** Waits for no one: undefined if another worker has this document at this destination, or the slot was lost. */
  lock(documentId: string, destination: string, slot?: Slot): Promise<DocumentLock | undefined>
  /** What is owed to a destination and due by `now`, oldest first: the sweeper's list. */
  due(destination: string, now: string, limit: number): Promise<readonly { readonly documentId: string; readonly dueAt: string; readonly urgent?: true }[]>
  /** The duty to watch over something for all processes; undefined while another one has it. Who does not ask whether he holds it for a minute has lost it. */
  watch(name: string, silentMs?: number): Promise<Watch | undefined>
  /** What waits at a destination for a time after `latest`, which only a clock that was wrong can have said, is due now. */
  wakeFarAhead(destination: string, now: string, latest: string): Promise<void>
  /** Waits for no one: undefined if as many are taken, by any process. `paced` false: nobody asks when it may begin. `documentId`: what `lock` will be asked for with it. */
  slot(destination: string, atOnce: number, paced?: boolean, documentId?: string): Promise<Slot | undefined>
  /** A print house's acknowledgement of one item. `revision`: of the letter that it is about, where that is known. */
  acknowledgePrint(item: { readonly deliveryId: string; readonly accepted: boolean; readonly reason?: string; readonly batch: string; readonly revision: number }, at: string): Promise<void>
  /** What is owed to PKB without an answer about the account since before `owedBefore`, and what had to be read by `now`. */
  overdue(now: string, owedBefore: string | undefined, limit: number): Promise<readonly Overdue[]>
}
