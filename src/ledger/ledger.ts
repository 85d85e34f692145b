// What the ledger promises to the other stages. The ledger is the truth: what came in, what was decided, what is
// owed to each destination, what stands there, and every attempt; the queue only wakes workers. Each method is one
// atomic step: when its promise resolves, it is durable; when it rejects, nothing happened.
import type {
  Action, Attempt, Decision, Delivery, DocumentState, Facts, OutcomeKind, Person, Plan, PostReason, Prior, Receipt, RioDocument, Route, RuleRoute, Standing, Trace, Transport,
} from '../types.ts'
import type { AuditKind } from '../observe/events.ts'
import type { ErrorCode } from '../errors.ts'
import type { Planned } from '../plan.ts'

// ---------------------------------------------------------------- intake

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

// ---------------------------------------------------------------- deliver

/** A person's stop on deliveries to patients: never on recalls. */
export type Stop = { readonly scope: 'all' | 'directorate' | 'service' | 'code'; /** Empty for `all`. */ readonly value: string }
export type PulledStop = Stop & { readonly id: string; readonly actor: string; readonly reason: string; readonly at: string; readonly lifted?: { readonly at: string; readonly actor: string; readonly reason: string } }

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

/** A recall that is not done, or came too late, or that nobody could confirm. */
export type RecallRow = {
  readonly documentId: string
  readonly deliveryId: string
  readonly destination: string
  readonly state: Delivery['state']
  readonly since: string
  readonly unconfirmed: boolean
  /** Of a letter taken back too late. */
  readonly readAt?: string
  readonly printed: boolean
  /** What is known of when the patient could see it. */
  readonly visibleFrom?: string
  readonly visibleUntil?: string
  readonly tries: number
  readonly lastOutcome?: OutcomeKind
  readonly lastCode?: string
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
  /** Hash of the policy that was loaded last, by any process; absent in a ledger that knows none. */
  readonly policyInForce?: string
  /** Revision and content that stand, per delivery, are in `deliveries`; this is the parent's identifier where it is known. */
  readonly parentIdentifier?: string
}

export type Step =
  /**
   * `putOff`: a delivery stays owed but has to wait; the worker has `DocumentLock.putOff` move its time. `unjudged`: by
   * this worker nothing may be decided, so whatever is due stays due.
   */
  | { readonly do: 'nothing'; readonly unjudged?: true; readonly putOff?: { readonly deliveryId: string; readonly until: string } }
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

export type Begun = { readonly work: Work; readonly thought: Thought; readonly attemptId?: string }

/** How an exchange ended, and what that makes of the delivery. */
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
    readonly tries: number
    /** When to look at it again; absent when nothing is owed. */
    readonly dueAt?: string
  }
}

/** Held for as long as one worker works on one document at one destination; free at once when its process dies. */
export type DocumentLock = {
  begin(think: (work: Work) => Thought, now: string): Promise<Begun | undefined>
  /** True if something of this document at this destination is due at once. */
  finish(finish: Finish): Promise<boolean>
  /** Nothing was tried, and it stays owed: look at it again at `dueAt`. State, standing and tries stay. */
  putOff(deliveryId: string, dueAt: string): Promise<void>
  /** Its time is up: from now on it goes by post, if that still holds. False if it no longer does, or was done before. */
  post(deliveryId: string, because: PostReason, now: string): Promise<boolean>
  release(): Promise<void>
}

// ---------------------------------------------------------------- pages, API, explain

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

export type AuditEvent = { readonly seq: number; readonly at: string; readonly kind: AuditKind; readonly actor: string; readonly detail: { readonly [key: string]: unknown } }

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

export type KeptPolicy = { readonly hash: string; readonly since: string; readonly files: Readonly<Record<string, string>> }

export type DocumentFilter = {
  readonly state?: readonly DocumentState[]
  readonly route?: readonly Route[]
  readonly rule?: string
  readonly sourceId?: string
  readonly code?: string
  readonly directorate?: string
  /** The fact: whether the directorate, or the feed, lets anything out. */
  readonly stage?: readonly Facts['directorate'][]
  /** Where it would have gone, but for observing. */
  readonly wouldRoute?: readonly RuleRoute[]
  readonly marked?: 'conflict' | 'variance'
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

// ---------------------------------------------------------------- replay and observing

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

/** How many documents there are of one kind, among those of directorates and feeds that let nothing out. */
export type ObservedCount = {
  /** A day or a month in London: `2026-11-23`, `2026-11`. */
  readonly period: string
  readonly directorate?: string
  /** The fact; `unknown`: the team or its directorate is in no list. */
  readonly stage: Exclude<Facts['directorate'], 'live'>
  readonly feed: string
  /** Where it would have gone, and by which rule. */
  readonly route: RuleRoute
  readonly rule: string
  readonly code?: string
  readonly conflict: boolean
  readonly variance: boolean
  readonly documents: number
}

// ---------------------------------------------------------------- the whole

export type Ledger = {
  accept(arrival: Arrival): Promise<Accepted>
  reject(rejected: Rejected): Promise<void>
  /** Called after each commit with what became owed or changed. */
  onOwed(listener: (owed: readonly { readonly documentId: string; readonly destination: string; readonly dueAt: string; /** A recall: before everything else. */ readonly urgent?: true }[]) => void): void

  /** Waits for no one: undefined if another worker has this document at this destination. */
  lock(documentId: string, destination: string): Promise<DocumentLock | undefined>
  /** What is owed to a destination and due by `now`, oldest first: the sweeper's list. */
  due(destination: string, now: string, limit: number): Promise<readonly { readonly documentId: string; readonly dueAt: string; readonly urgent?: true }[]>
  /** Waits for no one: undefined if as many are taken, by any process. */
  slot(destination: string, atOnce: number): Promise<Slot | undefined>
  /** Keeps PKB's answer on a person, and makes whatever of theirs waits for it due now. */
  savePerson(nhsNumber: string, person: { readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }, asOf: string): Promise<void>
  /** The same for many at once: one answer of PKB. */
  savePeople(people: readonly { readonly nhsNumber: string; readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }[], asOf: string): Promise<void>
  /** PKB would not say anything of this person. */
  accountRefused(nhsNumber: string, code: string, at: string): Promise<void>
  /** NHS numbers of those with something owed to PKB of whom PKB's answer is missing or older than `askedBefore`; refused ones last. */
  accountsWanted(askedBefore: string, limit: number): Promise<readonly string[]>
  /** Copies at PKB that may have been read since: their identifiers, those asked longest ago first. */
  unread(via: Transport, limit: number): Promise<readonly { readonly deliveryId: string; readonly documentId: string; readonly identifier: string; readonly acknowledgedAt?: string }[]>
  /** PKB says that these were read. A reading before the copy that stands was acknowledged counts for nothing. */
  saveReads(reads: readonly { readonly identifier: string; readonly at: string }[], now: string): Promise<void>
  /** What is owed to PKB without an answer about the account since before `owedBefore`, and what had to be read by `now`. */
  overdue(now: string, owedBefore: string | undefined, limit: number): Promise<readonly Overdue[]>
  /** A person asks for another try; undefined if there is no such delivery, false if it cannot be. */
  retry(deliveryId: string, actor: string, reason: string, now: string): Promise<boolean | undefined>
  /** A print house's acknowledgement of one item. */
  acknowledgePrint(item: { readonly deliveryId: string; readonly accepted: boolean; readonly reason?: string; readonly batch: string }, at: string): Promise<void>

  hold(documentId: string, actor: string, reason: string, now: string): Promise<void>
  liftHold(documentId: string, actor: string, reason: string, now: string): Promise<void>
  release(documentId: string, actor: string, role: string, reason: string, now: string): Promise<void>

  /** Halts deliveries to patients from now on, never recalls; undefined if exactly this stop is pulled already. */
  pullStop(stop: Stop, actor: string, reason: string, now: string): Promise<PulledStop | undefined>
  /** Undefined if there is no such stop, or it was lifted before. What it held is due at once. */
  liftStop(stopId: string, actor: string, reason: string, now: string): Promise<PulledStop | undefined>
  /** Those in force, newest first; with `lifted`, those that were as well. */
  stops(asked?: { readonly lifted: boolean }): Promise<readonly PulledStop[]>
  /** `open`: not done. `late`: done or not, after it was read or printed. `unconfirmed`: done, and not seen to be gone. */
  recalls(kind: 'open' | 'late' | 'unconfirmed', limit: number): Promise<readonly RecallRow[]>

  list(filter: DocumentFilter): Promise<{ readonly documents: readonly DocumentRow[]; readonly cursor?: string }>
  story(documentId: string): Promise<Story | undefined>
  /** Everything that its plan is made from, at this moment. */
  known(documentId: string): Promise<Known | undefined>
  /** The same at an earlier one; undefined if the document had not come by then. PKB's answers count for this many hours. */
  knownAt(documentId: string, at: string, accountFreshHours: number): Promise<KnownThen | undefined>
  /** Deliveries in `failed` or `blocked`, newest first. */
  troubled(limit: number): Promise<readonly (Delivery & { readonly document: DocumentRow })[]>
  counts(): Promise<{ readonly byState: Readonly<Record<string, number>>; readonly oldestOwedSecs: number }>
  receipt(receiptId: string): Promise<Receipt | undefined>
  rejections(limit: number): Promise<readonly (Rejected & { readonly id: string })[]>
  /** Documents decided once more under another policy, oldest first; writes and locks nothing. */
  replayPage(asked: ReplayAsked, plan: ReplayPlan, limit: number, after?: string): Promise<ReplayPage>
  replayCount(asked: ReplayAsked): Promise<number>
  /** Decides a document again for good, under the policy in force: `policy` is its hash, else Failure POLICY_NOT_IN_FORCE. */
  redecide(documentId: string, by: { readonly actor: string; readonly reason: string; readonly policy: string; readonly at: string }): Promise<Redecided>
  /** What would have become of documents that were only observed. Of their codes only those of `codes` are told. */
  observed(asked: { readonly since: string; readonly until: string; readonly directorate?: string; readonly by: 'day' | 'month'; readonly codes: readonly string[] }): Promise<readonly ObservedCount[]>

  /** Walks the hash chain; the first broken link, or undefined if it holds. */
  verifyChain(): Promise<{ readonly seq: number } | undefined>

  /** Writes down that it is in force from now on, unless it is already, and has workers look at what stands. */
  savePolicy(policy: { readonly hash: string; readonly files: Readonly<Record<string, string>> }, now: string): Promise<void>
  /** The last one that was written down, with its files; undefined in a fresh ledger. */
  policyInForce(): Promise<{ readonly hash: string; readonly since: string; readonly files: Readonly<Record<string, string>> } | undefined>
  /** Newest first: the policies that were in force, each time with its beginning. */
  policyHistory(limit: number): Promise<readonly { readonly hash: string; readonly since: string }[]>
  /** The one that was in force at this moment, or the one of this hash; undefined where there was none. */
  policyAt(at: string): Promise<KeptPolicy | undefined>
  policyOf(hash: string): Promise<KeptPolicy | undefined>
  /** Makes every copy that stands due for a look: a worker sees whether it still may. */
  lookAgain(now: string): Promise<void>
  ping(): Promise<void>
  close(): Promise<void>
}
