// How a run goes through the deliveries of its plan: one, ten, the rest; at what rate; when it stops by itself. Pure.
// It refuses to begin a step before everything of the step before has ended, and to go on by itself over the failure
// that it was to cure.
import type { Cause } from './cause.ts'

/** `retry`: as it was decided. `decide-again`: first under the policy in force. `print`: by post instead of to the record. */
export const RUN_KINDS = ['retry', 'decide-again', 'print'] as const
export type RunKind = (typeof RUN_KINDS)[number]

export const RUN_STATES = ['planned', 'unconfirmed', 'running', 'paused', 'stopped', 'done', 'cancelled'] as const
export type RunState = (typeof RUN_STATES)[number]

/** What a plan says of each delivery. `refused` and `blocked` are part of the run only where a person says so, or never. */
export const MEMBER_CLASSES = ['plain', 'unsure', 'refused', 'blocked', 'nothing'] as const
export type MemberClass = (typeof MEMBER_CLASSES)[number]

export const MEMBER_STATES = ['left-out', 'waiting', 'under-way', 'arrived', 'printed', 'failed', 'blocked', 'superseded', 'not-done'] as const
export type MemberState = (typeof MEMBER_STATES)[number]

/** A person's mistake with more documents than these is everybody's trouble, so two people look: it is what a busy day of one group holds. */
export const SECOND_PERSON_ABOVE = 500
/** The oldest of a larger group; the rest is planned when they are done. */
export const MOST_MEMBERS = 10_000
/** Where the destination names no pace of its own: a document a second, which a person can still watch. */
export const USUAL_PER_MINUTE = 60
export const MOST_PER_MINUTE = 600
/** Made due and not ended: a destination that does not answer gets no more. */
const MOST_UNDER_WAY = 100

// ---------------------------------------------------------------- what is part of it

/** A destination refused it: it would be refused again unchanged. To print it was never refused. */
export const isPart = (kind: RunKind, which: MemberClass, changed: string | undefined): boolean => PART[which](kind, changed !== undefined)

const PART = {
  plain: () => true,
  unsure: () => true,
  refused: (kind, isChanged) => kind === 'print' || isChanged,
  // Only a new decision clears it.
  blocked: (kind) => kind !== 'retry',
  nothing: () => false,
} as const satisfies Record<MemberClass, (kind: RunKind, isChanged: boolean) => boolean>

// ---------------------------------------------------------------- what a person may do

export const RUN_WISHES = ['start', 'pause', 'go-on', 'cancel'] as const
export type RunWish = (typeof RUN_WISHES)[number]

const FROM = {
  start: ['planned', 'unconfirmed'], pause: ['running'], 'go-on': ['paused', 'stopped'], cancel: ['planned', 'unconfirmed', 'running', 'paused', 'stopped'],
} as const satisfies Record<RunWish, readonly RunState[]>

/** `door`: by which a person comes in. Of two doors nobody knows that two accounts are two people. */
export type Asker = { readonly id: string; readonly kind: 'person' | 'program'; readonly door?: string }
export type Wished = { readonly ok: true; readonly state: RunState; /** This one is the second person. */ readonly confirms?: true } | { readonly ok: false; readonly why: 'state' | 'second-person' | 'nothing' }

/** `askers`: who planned it and who wanted it started, as far as there is one. */
export const wished = (wish: RunWish, run: { readonly state: RunState; readonly part: number; readonly askers: readonly Asker[] }, by: Asker): Wished => {
  if (!(FROM[wish] as readonly RunState[]).includes(run.state)) return { ok: false, why: 'state' }
  if (wish === 'pause') return { ok: true, state: 'paused' }
  if (wish === 'cancel') return { ok: true, state: 'cancelled' }
  if (wish === 'go-on') return { ok: true, state: 'running' }
  if (run.part === 0) return { ok: false, why: 'nothing' }
  if (run.part <= SECOND_PERSON_ABOVE) return { ok: true, state: 'running' }
  // A program is nobody's pair of eyes: not the second, nor, where a person's own token planned it, the first.
  const people = run.askers.filter(({ kind }) => kind === 'person')
  if (by.kind === 'person' && people.length > 0 && people.every(({ id, door }) => id !== by.id && door === by.door)) return { ok: true, state: 'running', confirms: true }
  return run.state === 'planned' || (by.kind === 'person' && people.length === 0) ? { ok: true, state: 'unconfirmed' } : { ok: false, why: 'second-person' }
}

// ---------------------------------------------------------------- how it goes

/** Tried by the end of each step. */
const UNTIL: readonly number[] = [1, 11, Number.POSITIVE_INFINITY]
export const LAST_STEP = UNTIL.length - 1

export type Progress = { readonly step: number; readonly waiting: number; readonly underWay: number; /** Whatever became of them. */ readonly tried: number; readonly lastTriedAt?: string }
export type Turn = { readonly do: 'wait' } | { readonly do: 'end' } | { readonly do: 'next-step' } | { readonly do: 'try'; readonly most: number }

export const turnOf = ({ step, waiting, underWay, tried, lastTriedAt }: Progress, perMinute: number, now: Date): Turn => {
  if (waiting === 0) return underWay === 0 ? { do: 'end' } : { do: 'wait' }
  const left = UNTIL[Math.min(step, LAST_STEP)]! - tried
  if (left <= 0) return underWay === 0 ? { do: 'next-step' } : { do: 'wait' }
  const gapMs = 60_000 / perMinute
  const since = lastTriedAt === undefined ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(lastTriedAt)
  // Two seconds' worth and no more, however long it paused.
  const most = Math.min(left, MOST_UNDER_WAY - underWay, Math.max(1, Math.ceil(perMinute / 30)), Math.floor(since / gapMs))
  return most >= 1 ? { do: 'try', most } : { do: 'wait' }
}

/** How long the whole of it takes at this rate, where nothing waits. */
export const minutesFor = (deliveries: number, perMinute: number): number => Math.ceil(deliveries / perMinute)

export type Stopping = 'same-failure' | 'failed-first'
export type Ended = { readonly state: MemberState; readonly cause?: Cause; readonly before: Cause; readonly step: number }

/** Over the failure that it was to cure no run goes on; in its first steps over none at all. */
export const stopsFor = (ended: readonly Ended[]): Stopping | undefined => {
  const bad = ended.filter(({ state }) => state === 'failed' || state === 'blocked')
  if (bad.some(({ cause, before }) => cause === before)) return 'same-failure'
  return bad.some(({ step }) => step < LAST_STEP) ? 'failed-first' : undefined
}
