// The gate before a destination: holds its circuit, lets in as many as the circuit admits, and tries again when the
// time has come. It refuses to count a document's tries: it only knows the destination as a whole.
import type { Say } from '../observe/events.ts'
import { rarely } from '../observe/rarely.ts'
import type { Outcome } from '../types.ts'
import { admits, closedCircuit, gapMs, heard, whenDue, type Circuit, type CircuitRules } from './circuit.ts'
import { OUTCOME } from './outcomes.ts'

export type Gate = {
  readonly name: string
  /** ISO instant until which nothing is to be tried; undefined where it may be. */
  shutUntil(): string | undefined
  /** How long whoever asks has to wait before an exchange: nothing, but for a while after a pause. Each who asks gets a place of his own. */
  waitMs(): number
  hear(outcome: Outcome): void
  /** It is shut, and has been for long enough that a recall may be tried. */
  mayProbe(): boolean
  /** Lets one exchange in before the time is up. */
  probe(): void
  circuit(): Circuit
  /** The answer or error that opened it last. */
  why(): string | undefined
  close(): void
}

export type GateParts = {
  readonly name: string
  readonly rules: CircuitRules
  readonly say: Say
  readonly now: () => Date
  /** How many may be let in from now on. */
  readonly onAdmits: (atOnce: number) => void
  /** A destination that asks to be left alone for an hour is asked for a recall all the same, once in this time. */
  readonly recallProbeSecs?: number
}

const RECALL_PROBE_SECS = 30
/** Timers and clocks differ by no more. */
const CLOCKS_DIFFER_MS = 1_000
/** No place is so far ahead: the clock was put back since it was given. */
const MOST_AHEAD_MS = 60_000

export const openGate = ({ name, rules, say, now, onAdmits, recallProbeSecs = RECALL_PROBE_SECS }: GateParts): Gate => {
  let circuit = closedCircuit(rules)
  let timer: NodeJS.Timeout | undefined
  let openedAt = 0
  let why: string | undefined
  /** Of an outage; the next one begins anew. */
  let isNews = rarely(now)
  /** The place that was given last. */
  let lastPlace = 0

  const become = (next: Circuit, code: string): void => {
    const before = circuit
    circuit = next
    if (next.is === 'open' && (before.is !== 'open' || before.until !== next.until)) {
      openedAt = now().getTime()
      // Each probe that fails opens it anew: that is no news.
      if (isNews(code)) say('circuit_opened', { destination: name, code, until: next.until })
      why = code
      clearTimeout(timer)
      timer = setTimeout(whenOver, Math.max(Date.parse(next.until) - now().getTime(), 0) + 1)
      timer.unref()
    }
    if (before.is !== 'closed' && next.is === 'closed') {
      isNews = rarely(now)
      say('circuit_closed', { destination: name })
    }
    if (admits(before) !== admits(next)) onAdmits(admits(next))
  }
  const whenOver = (): void => {
    const next = whenDue(circuit, now())
    if (next !== circuit) return become(next, 'probe')
    if (circuit.is !== 'open') return
    const leftMs = Date.parse(circuit.until) - now().getTime()
    // The time has passed, whatever a clock says that was put back since.
    if (leftMs > CLOCKS_DIFFER_MS) return become({ is: 'half-open' }, 'probe')
    // Timers and clocks differ by a little: not yet.
    timer = setTimeout(whenOver, Math.max(leftMs, 1))
    timer.unref()
  }

  return {
    name,
    shutUntil: () => {
      const next = whenDue(circuit, now())
      if (next !== circuit) become(next, 'probe')
      return circuit.is === 'open' ? circuit.until : undefined
    },
    waitMs: () => {
      const [at, gap] = [now().getTime(), gapMs(circuit)]
      lastPlace = gap === 0 || lastPlace > at + MOST_AHEAD_MS ? at : Math.max(at, lastPlace + gap)
      return lastPlace - at
    },
    hear: (outcome) => {
      if (outcome.elsewhere) return
      if (outcome.kind === 'forbidden') say('destination_forbidden', { destination: name, code: outcome.code })
      const { retryAfterSecs } = outcome
      become(heard(circuit, { effect: OUTCOME[outcome.kind].circuit, ...(retryAfterSecs === undefined ? {} : { retryAfterSecs }) }, rules, now()), outcome.code)
    },
    // A clock that was put back does not say how long it has been.
    mayProbe: () => circuit.is === 'open' && (now().getTime() < openedAt || now().getTime() - openedAt >= Math.max(rules.probe_secs, recallProbeSecs) * 1000),
    probe: () => { if (circuit.is === 'open') become({ is: 'half-open' }, 'recall') },
    circuit: () => circuit,
    why: () => why,
    close: () => clearTimeout(timer),
  }
}
