// What the ledger knows of channels: what people paused and stopped, what each process says of those that it runs, and
// what went through them. Types only; `channels.ts` keeps them.
import type { CircuitName } from './flow-words.ts'

export const HALTS = ['paused', 'stopped'] as const
/** A feed may be either, a destination only paused: recalls are never stopped. */
export type Halt = (typeof HALTS)[number]

/** A person's word on one channel: in force in every process until a person starts it again. */
export type HaltedChannel = { readonly channel: string; readonly state: Halt; readonly actor: string; readonly reason: string; readonly at: string }

/** What one process says of one channel. `down`: it should run and does not, and why. */
export type ChannelReport = {
  readonly channel: string
  readonly is: 'running' | 'down' | Halt
  /** Where a feed listens. */
  readonly address?: string
  readonly why?: string
}
export type HeardReport = ChannelReport & {
  readonly process: string
  readonly at: string
  /** Of a destination, as `noteStates` has it; with `open`, until when nothing is tried. */
  readonly circuit?: CircuitName
  readonly until?: string
}

/** Of a feed: uploads that were stored. Of a destination: documents that stand there. `waiting`: owed to it, and not there. */
export type ChannelActivity = { readonly channel: string; readonly last?: string; readonly since: number; readonly waiting?: number }

export type Channelling = {
  /** In force when it resolves: no delivery begins at a paused destination any more. Undefined where it is in this state already. */
  haltChannel(channel: string, state: Halt, actor: string, reason: string, at: string): Promise<HaltedChannel | undefined>
  /** Undefined if it is not halted. What a destination held is due at once. */
  startChannel(channel: string, actor: string, reason: string, at: string): Promise<HaltedChannel | undefined>
  haltedChannels(): Promise<readonly HaltedChannel[]>
  /** Takes the place of all that this process said before. */
  reportChannels(process: string, reports: readonly ChannelReport[], at: string): Promise<void>
  /** Those said since this moment. */
  channelReports(since: string): Promise<readonly HeardReport[]>
  /** Since this moment, by feeds and at destinations of these names. */
  channelActivity(feeds: readonly string[], destinations: readonly string[], since: string): Promise<readonly ChannelActivity[]>
  /** A person asked for the policy on disk to be taken. */
  notePolicyAsked(policy: string, actor: string, reason: string, at: string): Promise<void>
}
