// Wakes what the ledger says is owed and due and nobody has woken: the queue may be wiped, a wake-up lost, a worker
// killed. It refuses to do the work itself, and to push at a destination that is paused.
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rarely } from '../observe/rarely.ts'
import { rounds } from '../observe/rounds.ts'
import type { Wake } from './wake.ts'

export type Sweeper = {
  /** Sweeps now, without waiting for its turn. */
  sweep(): Promise<void>
  close(): Promise<void>
}

export type SweeperParts = {
  readonly due: Ledger['due']
  /** Has what waits for a time that only a wrong clock can have said be due now. */
  readonly wakeFarAhead?: (destination: string, now: Date) => Promise<void>
  readonly wake: Wake
  readonly destinations: readonly string[]
  /** A destination whose circuit is open. */
  readonly isPaused: (destination: string) => boolean
  /** Of a paused one: whether a recall may be tried all the same, and having one exchange let in. */
  readonly mayProbe?: (destination: string) => boolean
  readonly probe?: (destination: string) => void
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
  /** How long the queue has for what it was told of before the sweeper steps in. */
  readonly graceMs?: number
  readonly limit?: number
}

const EVERY_MS = 1000
const GRACE_MS = 2000
const LIMIT = 1000
/** While the queue has work in store, what is due may well be in it: only the long overdue is woken again. */
const BUSY_GRACE_MS = 60_000
/** What was swept is given time before it is swept again. */
const AGAIN_MS = 15_000

/** Sweeps right away, even what a worker that was killed still seems to work on; then every second. */
export const openSweeper = (parts: SweeperParts): Sweeper => {
  const { wake, destinations, isPaused, say, now, everyMs = EVERY_MS, graceMs = GRACE_MS, limit = LIMIT } = parts
  const swept = new Map<string, number>()
  const started = new Set<string>()
  const isNews = rarely(now)

  const sweepOne = async (destination: string): Promise<void> => {
    await parts.wakeFarAhead?.(destination, now())
    if (isPaused(destination)) return sweepRecalls(destination)
    const first = !started.has(destination)
    const keyOf = (documentId: string, urgent: true | undefined): string => `${documentId}~${destination}~${urgent ?? false}`
    const at = now().getTime()
    const grace = first ? 0 : (await isBusy(wake, destination)) ? Math.max(BUSY_GRACE_MS, graceMs) : graceMs
    const longDue = new Date(at - grace).toISOString()
    // A recall is not left to a queue that has much to do.
    const due = await parts.due(destination, new Date(at - Math.min(grace, graceMs)).toISOString(), limit)
    const forgotten = due.filter(({ documentId, dueAt, urgent }) => (urgent || dueAt <= longDue) && (swept.get(keyOf(documentId, urgent)) ?? 0) <= at - Math.min(AGAIN_MS, Math.max(graceMs, everyMs) * 8))
    const woken = forgotten.map((one) => ({ ...one, destination }))
    await wake.wake(woken.filter(({ urgent }) => !urgent), first)
    // The queue puts what was delayed behind what waits: a recall is given a job of its own, ahead of it.
    await wake.wake(woken.filter(({ urgent }) => urgent), true)
    // What the queue did not take is no longer in hand than before: it is swept again at once.
    if (wake.stuckSince()) return
    started.add(destination)
    if (round.isClosed() || forgotten.length === 0) return
    for (const { documentId, urgent } of forgotten) swept.set(keyOf(documentId, urgent), at)
    say('swept', { destination, count: forgotten.length })
  }

  /** What must go does not wait until a destination wants to be spoken to again: one is tried now and then. */
  const sweepRecalls = async (destination: string): Promise<void> => {
    if (!parts.mayProbe?.(destination)) return
    const recalls = (await parts.due(destination, now().toISOString(), limit)).filter(({ urgent }) => urgent)
    if (recalls.length === 0 || round.isClosed()) return
    await wake.wake(recalls.map((one) => ({ ...one, destination })), true)
    if (wake.stuckSince()) return
    parts.probe?.(destination)
    say('swept', { destination, count: recalls.length })
  }

  const sweepAll = async (): Promise<void> => {
    const at = now().getTime()
    // A clock may have been put back since.
    for (const [key, when] of swept) if (when <= at - AGAIN_MS || when > at) swept.delete(key)
    for (const destination of destinations) {
      try {
        if (!round.isClosed()) await sweepOne(destination)
      } catch (error) {
        const { code, detail } = asFailure(error)
        if (!round.isClosed() && isNews(code)) say('part_failed', { part: 'sweeper', code, detail })
      }
    }
  }

  const round = rounds(sweepAll, everyMs)
  round.begin()

  return { sweep: round.look, close: () => round.close() }
}

const isBusy = async (wake: Wake, destination: string): Promise<boolean> => {
  // A queue that does not answer is no reason to leave anything lying.
  const counts = await wake.counts(destination).catch(() => undefined)
  return counts !== undefined && counts.waiting > 0
}
