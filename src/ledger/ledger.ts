// What the ledger promises to the other stages. The ledger is the truth: what came in, what was decided, what is
// owed to each destination, what stands there, and every attempt; the queue only wakes workers. Each method is one atomic step:
// when its promise resolves, it is durable; when it rejects, nothing happened. It refuses to let a driver's error out: whatever
// rejects is a Failure, DATABASE_UNREACHABLE where PostgreSQL does not answer. Times are ISO instants in UTC.
import type { Attempt, Decision, Delivery, DocumentState, Facts, Person, Plan, Prior, Receipt, RioDocument, Route, RuleRoute, Transport } from '../types.ts'
import type { AuditKind } from '../observe/events.ts'
import type { ErrorCode } from '../errors.ts'
import type { Planned } from '../plan.ts'
import type { FailureGroup, FailureRow } from './failure-words.ts'
import type { Assuring, Marked } from './assurance.ts'
import type { Channelling } from './channel-words.ts'
import type { Looking } from './looks.ts'
import type { Tokening } from './tokens.ts'
import type { ObservedCount } from './observed-report.ts'
import type { Flowing } from './flow-words.ts'
import type { Alerting } from './incidents.ts'
import type { TellingTeams } from './team-outcomes.ts'
import type { Retrying } from './run-words.ts'
import type { Reconciling } from './reconciliation.ts'
import type { Released, ReleaseMore, Reviewing } from './review-words.ts'
import type { ChainWalk, NotedEntry, ReferenceFilter, RevisionRecord, TrailEntry, TrailFilter } from './audit-words.ts'
import type { Sessions, Staffing } from './staff-words.ts'
import type { Stop, PulledStop, Slot, Overdue, RecallRow, DocumentLock, Watch } from './worker-words.ts'

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

export type * from './worker-words.ts'
export type * from './audit-words.ts'
export type * from './failure-words.ts'
export type * from './run-words.ts'
export type { Notification } from './incidents.ts'
export type { ObservedCount } from './observed-report.ts'
export type { OutcomeDay, OutcomeLine } from './team-outcomes.ts'
export type * from './review-words.ts'
export type * from './staff-words.ts'

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

// ---------------------------------------------------------------- the whole

export type Ledger = Retrying & Reviewing & Tokening & Alerting & TellingTeams & Looking & Reconciling & Flowing & Assuring & Staffing & Sessions & Channelling & {
  /** Keeps and decides a receipt. Rejects with Failure STORE_UNAVAILABLE where nothing could be kept. */
  accept(arrival: Arrival): Promise<Accepted>
  reject(rejected: Rejected): Promise<void>
  /** Called after each commit with what became owed or changed. */
  onOwed(listener: (owed: readonly { readonly documentId: string; readonly destination: string; readonly dueAt: string; /** A recall: before everything else. */ readonly urgent?: true }[]) => void): void

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
  /** Keeps PKB's answer on a person, and makes whatever of theirs waits for it due now. */
  savePerson(nhsNumber: string, person: { readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }, asOf: string): Promise<void>
  /** The same for many at once: one answer of PKB. */
  savePeople(people: readonly { readonly nhsNumber: string; readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }[], asOf: string): Promise<void>
  /** PKB would not say anything of this person. */
  accountRefused(nhsNumber: string, code: string, at: string): Promise<void>
  /**
   * NHS numbers of those with something owed to PKB of whom PKB's answer is missing or older than `askedBefore`; refused
   * ones last, and not before a pause that grows with each refusal. `printing`: those with a letter in the outbox too.
   * `among`: of these people only, whatever is owed.
   */
  accountsWanted(askedBefore: string, limit: number, of?: { readonly printing?: boolean; readonly among?: readonly string[] }): Promise<readonly string[]>
  /** Copies at PKB that may have been read since: their identifiers, those asked longest ago first. */
  unread(via: Transport, limit: number): Promise<readonly { readonly deliveryId: string; readonly documentId: string; readonly identifier: string; readonly acknowledgedAt?: string }[]>
  /** PKB says that these were read. A reading before the copy that stands was acknowledged counts for nothing. */
  saveReads(reads: readonly { readonly identifier: string; readonly at: string }[], now: string): Promise<void>
  /** What is owed to PKB without an answer about the account since before `owedBefore`, and what had to be read by `now`. */
  overdue(now: string, owedBefore: string | undefined, limit: number): Promise<readonly Overdue[]>
  /** A person asks for another try; undefined if there is no such delivery, false if it cannot be. `lookedAt`: its last attempt, as that person saw it. */
  retry(deliveryId: string, actor: string, reason: string, now: string, lookedAt?: readonly string[]): Promise<boolean | undefined>
  /** A print house's acknowledgement of one item. `revision`: of the letter that it is about, where that is known. */
  acknowledgePrint(item: { readonly deliveryId: string; readonly accepted: boolean; readonly reason?: string; readonly batch: string; readonly revision?: number }, at: string): Promise<void>

  /** A person takes the document back and keeps it in. Does nothing where there is no such document, or a person holds it already. */
  hold(documentId: string, actor: string, reason: string, now: string): Promise<void>
  /** The document is decided again. Does nothing where there is none, or nobody holds it. */
  liftHold(documentId: string, actor: string, reason: string, now: string): Promise<void>
  /** A person's permission, for the revision and content in force. */
  release(documentId: string, actor: string, role: string, reason: string, now: string, more?: ReleaseMore): Promise<Released>

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

  list(filter: DocumentFilter): Promise<{ readonly documents: readonly DocumentRow[]; readonly cursor?: string }>
  /** How many documents fit, roughly: nobody counts them. */
  estimate(filter: DocumentFilter): Promise<number>
  story(documentId: string): Promise<Story | undefined>
  /** Everything that its plan is made from, at this moment. */
  known(documentId: string): Promise<Known | undefined>
  /** The same at an earlier one; undefined if the document had not come by then. PKB's answers count for this many hours. */
  knownAt(documentId: string, at: string, accountFreshHours: number): Promise<KnownThen | undefined>
  /** Deliveries in `failed` or `blocked`, newest first. */
  troubled(limit: number): Promise<readonly (Delivery & { /** Its last one. */ readonly attemptId?: string; readonly document: DocumentRow })[]>
  /** Everything in trouble, by cause: failed, blocked, tried without success, or waiting behind a destination that is away. `all` false: there are more. */
  failures(now: string): Promise<{ readonly groups: readonly FailureGroup[]; readonly documents: number; readonly patients: number; readonly all: boolean }>
  /** One group with its deliveries, oldest first, from behind `after`; undefined if nothing is in it any more. */
  failuresIn(now: string, key: string, limit: number, after?: string): Promise<{ readonly group: FailureGroup; readonly rows: readonly FailureRow[]; readonly cursor?: string } | undefined>
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
  /** The same, and what it found on its way; `noted` is compared with the entry of its number. */
  walkChain(noted?: NotedEntry): Promise<ChainWalk>
  /** The log, newest first. */
  trail(filter: TrailFilter): Promise<{ readonly entries: readonly TrailEntry[]; readonly cursor?: string }>
  /** Documents by what FHIR may ask for, those that came last first. */
  references(filter: ReferenceFilter): Promise<{ readonly revisions: readonly RevisionRecord[]; readonly cursor?: string }>
  /** All revisions of a document, newest first. */
  revisions(documentId: string): Promise<readonly RevisionRecord[]>

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
