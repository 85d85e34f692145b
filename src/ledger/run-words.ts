// What the ledger says of retry runs: a plan over deliveries in trouble, frozen when it is made, and what became of each.
// Types only; `ledger.ts` hands them on. They refuse patient data: of patients there is only how many.
import type { Cause } from '../decide/cause.ts'
import type { Asker, MemberClass, MemberState, RunKind, RunState, RunWish, Stopping } from '../decide/retry-run.ts'
import type { Plan } from '../types.ts'
import type { Redecided } from './replay-words.ts'

/** From which deliveries a plan is made: a group of failures, chosen ones, or those of another plan. */
export type RunOf = { readonly group: string } | { readonly deliveries: readonly string[] } | { readonly run: string }

/** Who does something to a run, and why. */
export type RunBy = Asker & { readonly actor: string; readonly reason: string; readonly at: string }

export type RunAsked = {
  readonly kind: RunKind
  readonly of: RunOf
  /** What has changed since the destination refused: without it nothing refused is part of the run. */
  readonly changed?: string
  /** At most so many a minute, by where they go. */
  readonly perMinute: (destination: string) => number
}

export type Run = {
  readonly id: string
  readonly kind: RunKind
  /** Absent where deliveries were chosen. */
  readonly group?: string
  readonly destination: string
  /** Absent where those that were chosen fail for different ones. */
  readonly cause?: Cause
  readonly signature?: string
  readonly state: RunState
  /** Why it stopped by itself. */
  readonly why?: Stopping
  readonly plannedBy: string
  readonly plannedAt: string
  /** The policy in force then. */
  readonly policy?: string
  readonly changed?: string
  /** More were in the group than a plan takes: these are the oldest. */
  readonly cut: boolean
  readonly reason?: string
  readonly startedBy?: string
  readonly startedAt?: string
  /** The second person. */
  readonly confirmedBy?: string
  readonly endedAt?: string
  readonly perMinute: number
  /** 0: one document; 1: ten; 2: the rest. */
  readonly step: number
  /** How many had been tried when a person last had it go on after it had stopped: from there it goes one, ten, the rest again. */
  readonly base: number
  /** Deliveries that are part of the run, and their documents and patients. */
  readonly part: number
  readonly documents: number
  readonly patients: number
  readonly byClass: Readonly<Partial<Record<MemberClass, number>>>
  readonly byState: Readonly<Partial<Record<MemberState, number>>>
}

/** What has changed around a plan since it was made, and what would keep its deliveries waiting. */
export type RunNow = {
  /** Members of the group that are not in it. */
  readonly joined: number
  /** Members, not tried yet or under way, that another run which has not ended would try as well. */
  readonly shared: number
  /** Members, not tried yet, of which a newer revision came, or of which nothing is open any more. */
  readonly overtaken: number
  /** Members, not tried yet or under way, that a stop holds. */
  readonly stopped: number
  /** The destination's last exchange failed so that others wait for it. */
  readonly away?: { readonly code: string }
  /** The second person is needed. */
  readonly second: boolean
  /** By which policies its documents were decided when it was planned, and which is in force now. */
  readonly policies: readonly { readonly hash: string; readonly documents: number }[]
  readonly policyInForce?: string
}

export type RunRow = {
  readonly deliveryId: string
  readonly documentId: string
  readonly sourceId: string
  readonly destination: string
  readonly revision: number
  readonly code?: string
  readonly team?: string
  readonly class: MemberClass
  readonly state: MemberState
  /** Absent where nothing was in trouble any more. */
  readonly cause?: Cause
  readonly signature?: string
  /** 0, 1 or 2, where it was tried. */
  readonly step?: number
  readonly triedAt?: string
  readonly endedAt?: string
  /** What the destination, or this engine, answered last. */
  readonly lastCode?: string
}

export type PrintedInstead =
  /** From now on it goes by post; what stands at PKB is taken back first. */
  | { readonly kind: 'done' }
  /** The floor, or something else, keeps it from the post. */
  | { readonly kind: 'kept'; readonly because: string }
  /** It is not on its way to the record: it has arrived, or was decided otherwise. */
  | { readonly kind: 'not-meant' | 'missing' | 'unreadable' }

/** What people do with deliveries in trouble, one by one and many at a time. */
export type Retrying = {
  /** A person asks for another try; undefined if there is no such delivery, false if it cannot be. `lookedAt`: its last attempt, as that person saw it. */
  retry(deliveryId: string, actor: string, reason: string, now: string, lookedAt?: readonly string[]): Promise<boolean | undefined>
  /** Undefined where nothing is in the group, or there are no such deliveries. */
  planRun(asked: RunAsked, by: Omit<RunBy, 'reason'>): Promise<Run | undefined>
  /** Newest first. */
  runs(limit: number): Promise<readonly Run[]>
  run(id: string): Promise<Run | undefined>
  runNow(id: string, now: string): Promise<RunNow | undefined>
  /** What became of each, in the order of the run; `failedFirst`: those that failed before all others. */
  runReport(id: string, limit: number, asked?: { readonly failedFirst?: boolean }): Promise<readonly RunRow[]>
  /** As they are stored, by document: of the revision that counts. */
  resourcesOf(documentIds: readonly string[]): Promise<ReadonlyMap<string, Plan['resource']>>
  changeRun(id: string, wish: RunWish, by: RunBy): Promise<Run | undefined>
  /** Those that are to go on. */
  runsUnderWay(): Promise<readonly string[]>
  /** One turn of one run: what has ended is written down, what is next is made due. Nothing where another process is at it. */
  driveRun(id: string, now: string): Promise<{ readonly tried: number; readonly became?: RunState; readonly why?: Stopping }>
  /** The document that a delivery belongs to, and where it goes. */
  deliveryOf(deliveryId: string): Promise<{ readonly documentId: string; readonly destination: string } | undefined>
  /** A letter that is on its way to the record goes by post. */
  printInstead(documentId: string, by: Omit<RunBy, 'id' | 'kind'>): Promise<PrintedInstead>
  /** Decides a document again for good, as `redecide`, and has what failed or was blocked of it tried again. */
  decideAgain(documentId: string, by: Omit<RunBy, 'id' | 'kind'> & { readonly policy: string; /** The last attempts that were looked at. */ readonly lookedAt?: readonly string[] }): Promise<Redecided & { readonly tried: boolean }>
}
