// How things flow, in the words of the ledger: what moved, what waits and since when, what came in and where it stands,
// and what each process knows of the destinations it sends to. Types and closed sets only.
import type { DocumentState } from '../types.ts'
import type { DocumentRow } from './document-words.ts'

/** As `flow_what` of the migrations has them. `out`: handed over. `failed`: refused, or blocked by the second key. */
export const FLOW_WHATS = ['in', 'out', 'read', 'printed', 'recalled', 'failed'] as const
export type FlowWhat = (typeof FLOW_WHATS)[number]

/** From which age on, in seconds, what waits is in the next band. */
export const BAND_SECS = [900, 3600, 14_400, 86_400, 259_200] as const

/** All of them instants. `until` is the first that is left out. */
export type FlowAsked = {
  readonly now: string
  /** The day that is looked at. */
  readonly since: string
  readonly until: string
  /** Days to compare it with, hour by hour. */
  readonly like: readonly { readonly since: string; readonly until: string }[]
  /** Documents are counted by these. */
  readonly days: readonly { readonly day: string; readonly since: string; readonly until: string }[]
}

export type Moved = { readonly hour: string; readonly channel: string; readonly what: FlowWhat; readonly count: number }
/** Documents that first came by this feed, as the reconciliation has them, by where they stand now. */
export type CameIn = { readonly feed: string; readonly state: DocumentState; readonly count: number }
export type Waiting = { readonly destination: string; /** 0 is the youngest. */ readonly band: number; readonly count: number; readonly since: string }
export type InTrouble = { readonly destination: string; readonly count: number; readonly since: string }

export const CIRCUITS = ['closed', 'slow', 'open', 'half-open'] as const
export type CircuitName = (typeof CIRCUITS)[number]

/** What one process knows of one destination. `slow`: closed again, and not at its full pace yet. */
export type DestinationState = {
  readonly destination: string
  readonly circuit: CircuitName
  /** Open until then. */
  readonly until?: string
  /** The answer or error that opened it last. */
  readonly code?: string
  /** Since when it is so. */
  readonly since: string
}

export type Flow = {
  /** Since when anything is counted; undefined where nothing ever moved. */
  readonly begins?: string
  readonly moved: readonly Moved[]
  /** Of the last ten minutes. */
  readonly lately: readonly { readonly channel: string; readonly what: FlowWhat; readonly count: number }[]
  /** Of each day (in London), whatever the feed. */
  readonly days: readonly { readonly day: string; readonly state: DocumentState; readonly count: number }[]
  /** Of the day that is looked at. */
  readonly cameIn: readonly CameIn[]
  readonly refused: readonly { readonly feed: string; readonly count: number }[]
  readonly waiting: readonly Waiting[]
  readonly trouble: readonly InTrouble[]
  readonly review: { readonly count: number; readonly since?: string }
  readonly states: readonly (DestinationState & { readonly process: string })[]
}

/** `waiting` and `trouble` are of now, the others of a time. */
export type BehindAsked = { readonly destination: string; readonly what: FlowWhat | 'waiting'; readonly since: string; readonly until: string }
export type Behind = DocumentRow & { /** When it happened, or since when it waits. */ readonly at: string }
export type Refusal = { readonly at: string; readonly feed: string; readonly code: string }

/** Where the log stands, and what was appended to it since it stood elsewhere. */
export type Changes = { readonly seq: number; readonly kinds: readonly string[]; /** Of what processes know of destinations: when any of it last changed. */ readonly statesAt?: string }

export type Flowing = {
  flow(asked: FlowAsked): Promise<Flow>
  /** What is behind a number: of what moved, the newest first; of what waits, the oldest. */
  behindFlow(asked: BehindAsked, limit: number): Promise<readonly Behind[]>
  /** Newest first; of all feeds, or of one. */
  refusals(since: string, until: string, limit: number, feed?: string): Promise<readonly Refusal[]>
  /** What this process knows of its destinations; each call stands for all of them, and says that the process is alive. */
  noteStates(process: string, states: readonly DestinationState[], now: string): Promise<void>
  /** The process ends. */
  forgetStates(process: string): Promise<void>
  changesSince(seq: number | undefined): Promise<Changes>
}
