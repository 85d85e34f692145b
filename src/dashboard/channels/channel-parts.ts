// What the page of the channels and the one that tries messages need of the engine, beside the ledger. Types only.
import type { FactName, Person } from '../../types.ts'
import type { Attached } from '../file-form.ts'

export type PlacedProblem = { readonly file: string; readonly line: number; readonly col: number; readonly path: string; readonly message: string }

/** Names that no test reaches. */
export type NotReached = { readonly rules: readonly string[]; readonly codes: readonly string[]; readonly services: readonly string[]; readonly directorates: readonly string[] }

/** The files as they lie on disk, read, proved and tested as `check` and `test` do it. */
export type FilesNow = {
  /** ISO instant of the look. */
  readonly at: string
  /** `in-force`: they say what is in force. `waiting`: they can be taken. `refused`: they cannot. */
  readonly state: 'in-force' | 'waiting' | 'refused'
  /** Absent where not even the rules can be read. */
  readonly hash?: string
  readonly problems: readonly PlacedProblem[]
  /** Absent where no test was run, because of the problems. */
  readonly tests?: {
    readonly passed: number
    readonly failed: number
    /** Everything that is wrong; of these `blocking`, for which nobody takes the policy. */
    readonly problems: readonly PlacedProblem[]
    readonly blocking: readonly PlacedProblem[]
    readonly notReached: NotReached
    readonly byFeed: readonly { readonly feed: string; readonly passed: number; readonly failed: number; readonly notReached: NotReached }[]
  }
  /** What would be decided otherwise, as `diff` says it; empty unless it waits. */
  readonly changes: readonly { readonly title: string; readonly lines: readonly { readonly text: string; readonly depth: number }[] }[]
}

export type ChannelDesk = {
  /** As they are now; `again`: also where nothing has changed since the last look. */
  filesNow(again?: boolean): Promise<FilesNow>
  /** The text of each file of the policy in force, by `channels/rio-mllp.yaml`: settings by their names, never their values. */
  filesInForce(): Readonly<Record<string, string>>
  /** The one way to another policy, as by a signal; `only`: where the files say this one. */
  reload(only?: string): Promise<'taken' | 'unchanged' | 'refused'>
  /** This process follows what people have said of channels; the others do within seconds. */
  follow(): Promise<void>
}

// ---------------------------------------------------------------- try it

/** A message as somebody pastes or uploads it, for one feed, and what PKB would say of the person. */
export type TryAsked = {
  readonly feed: string
  readonly message: { readonly text: string } | { readonly bytes: Uint8Array } | { readonly sample: string }
  readonly document?: Attached
  readonly person: Person
}

/** What would become of it: see docs/feeds.md. */
export type Tried = {
  readonly feed: string
  readonly policy: string
  readonly refused?: { readonly code: string; readonly at: string; readonly detail: string; readonly hint: string }
  readonly reasons?: {
    readonly fields: readonly { readonly field: string; readonly values: readonly { readonly text: string; readonly at: string; readonly written?: string }[]; readonly lookedAt: readonly string[] }[]
    readonly facts: readonly { readonly fact: FactName; readonly value: string; readonly why: string }[]
    readonly floor: readonly { readonly line: string; readonly says: string; readonly forbids: readonly string[] }[]
    readonly rules: readonly { readonly rule: string; readonly file: string; readonly line: number; readonly outcome: 'matched' | 'not-matched' | 'not-tried'; readonly why?: string }[]
    readonly decision: { readonly route: string; readonly rule: string; readonly because: string; readonly conflict: boolean; readonly variance: boolean; readonly leftToTeam: boolean; readonly wouldRoute?: string; readonly wouldRule?: string }
    readonly labels: readonly { readonly code: string; readonly display: string; readonly system: string }[]
    readonly owed: readonly { readonly destination: string; readonly what: 'send' | 'take-back' | 'leave' | 'close' }[]
    readonly resource: object
    readonly unread: readonly string[]
  }
}

export type Sample = { readonly name: string; /** Feeds that take it. */ readonly type: 'mllp' | 'upload' }

export type TryDesk = {
  /** Plans it and forgets it: nothing is stored, sent, said or counted. */
  try(asked: TryAsked): Promise<Tried>
  samples(): Promise<readonly Sample[]>
  /** Its text, to be looked at and changed; undefined if there is none of this name. */
  sample(name: string): Promise<string | undefined>
}
