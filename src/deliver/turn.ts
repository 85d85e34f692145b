// Whose turn it is at a destination: one of its slots, over all processes, and the time before which nothing is to begin
// in it. It refuses to wait for long: who would have to comes again, so that a worker closes quickly; and to keep a slot
// while it waits for its time, so that a recall, which waits for a slot and for nothing else, finds one.
import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger, Slot, Step } from '../ledger/ledger.ts'
import { CLOCKS_DIFFER_SECS, later } from './backoff.ts'
import type { Gate } from './gate.ts'

export type Pace = {
  readonly destination: string
  readonly atOnce: number
  /** Most exchanges in a minute, over all processes. */
  readonly perMinute?: number
  readonly gate: Pick<Gate, 'waitMs'>
  readonly ledger: Pick<Ledger, 'slot'>
  readonly now: () => Date
  /** From 0 to 1. */
  readonly random: () => number
  /** Nobody is to wait any more. */
  readonly closing?: AbortSignal
  /** Whose turn it is to be: taken with the slot. */
  readonly documentId?: string
}

export type Turn = {
  readonly slot: Slot
  /** Waits for the moment that is left between two exchanges while a destination starts slowly; false if it is cut short. */
  moment(): Promise<boolean>
  /** When this step may begin, where that is not now. A recall is never early. */
  early(step: Step): string | undefined
  /** An exchange is being written down, perhaps not at the first go: the one after it has to wait. It is not to be sent before `settled` has resolved. */
  begins(): void
  settled(): Promise<void>
  release(): Promise<void>
}

const PATIENCE_MS = 1000
const [SHORTEST_POLL_MS, LONGEST_POLL_MS] = [20, 100]

/** A turn, or when to come again. `urgent`: for a recall, as far as is known. */
export const takeTurn = async (pace: Pace, urgent: boolean): Promise<{ readonly turn: Turn } | { readonly again: string }> => {
  const { now, random, closing, ledger, destination, atOnce, perMinute, documentId } = pace
  let again = ''
  for (let waited = 0; waited <= PATIENCE_MS;) {
    const slot = await ledger.slot(destination, atOnce, perMinute !== undefined, documentId)
    const notBefore = slot && believed(slot, pace)
    const aheadMs = notBefore === undefined || urgent ? 0 : Date.parse(notBefore) - now().getTime()
    if (slot && aheadMs <= 0) return { turn: turnIn(slot, pace) }
    await slot?.release()
    // Not all at one moment.
    again = notBefore ?? later(now(), 0.5 + random())
    const ms = slot ? Math.max(Math.min(aheadMs, PATIENCE_MS), 1) : SHORTEST_POLL_MS + random() * (LONGEST_POLL_MS - SHORTEST_POLL_MS)
    if (!(await wait(ms, closing))) return { again: now().toISOString() }
    waited += ms
  }
  return { again }
}

const wait = (ms: number, signal: AbortSignal | undefined): Promise<boolean> => delay(ms, true, signal ? { signal } : {}).catch(() => false)

/** Each slot begins one exchange in this time, so that all of them together keep the rate. */
const everySecsOf = ({ atOnce, perMinute }: Pace): number | undefined => (perMinute === undefined ? undefined : (atOnce * 60) / perMinute)

/** Nobody ever has to wait longer than one exchange takes its place: a time after that was said by a clock that was wrong. */
const believed = (slot: Slot, pace: Pace): string | undefined => {
  const everySecs = everySecsOf(pace)
  return everySecs === undefined || slot.notBefore === undefined || slot.notBefore > later(pace.now(), everySecs + CLOCKS_DIFFER_SECS) ? undefined : slot.notBefore
}

const turnIn = (slot: Slot, pace: Pace): Turn => {
  const { gate, now, closing } = pace
  const everySecs = everySecsOf(pace)
  let notBefore = believed(slot, pace)
  let next = notBefore
  let written: Promise<void> = Promise.resolve()
  return {
    slot,
    moment: async () => {
      const ms = gate.waitMs()
      return ms <= 0 || wait(ms, closing)
    },
    early: (step) => (step.do === 'exchange' && step.action !== 'recall' && notBefore !== undefined && Date.parse(notBefore) > now().getTime() ? notBefore : undefined),
    begins: () => {
      if (everySecs === undefined) return
      next = later(now(), everySecs)
      written = slot.used(next)
      written.catch(() => undefined)
    },
    settled: () => {
      notBefore = next
      return written
    },
    release: () => slot.release(),
  }
}
