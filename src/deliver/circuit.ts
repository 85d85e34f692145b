// A destination's circuit: whether it is tried at all just now, and by how many at once. Pure: a state, what happened,
// and the time give the next state. It refuses to let a destination that is down use up the tries of each document.
import type { CircuitSettings } from '../policy/schema.ts'
import type { CircuitEffect } from './outcomes.ts'
import { later } from './backoff.ts'

export type Circuit =
  /**
   * `admits`: exchanges at once; less than the channel's `at_once` while it starts slowly after a pause. `gapMs`: from the
   * beginning of one to that of the next; there only while it starts slowly.
   */
  | { readonly is: 'closed'; readonly admits: number; readonly gapMs: number; readonly unavailable: number; readonly refused: number; readonly answered: number }
  | { readonly is: 'open'; readonly until: string }
  /** One delivery is tried. */
  | { readonly is: 'half-open' }

export type CircuitRules = CircuitSettings & { readonly at_once: number }

/** After a pause: where only one is admitted at once anyway, the gap alone keeps what has waited from coming in a burst. */
const FIRST_GAP_MS = 500
/** A shorter one is none. */
const SHORTEST_GAP_MS = 10
/** No time at all, or one that is over by our clock, is none: whoever says so is not to be asked again without a pause. */
const SHORTEST_ASKED_SECS = 0.1

export const closedCircuit = (rules: CircuitRules): Circuit => ({ is: 'closed', admits: rules.at_once, gapMs: 0, unavailable: 0, refused: 0, answered: 0 })

/** Exchanges that may run at once. */
export const admits = (circuit: Circuit): number => (circuit.is === 'closed' ? circuit.admits : circuit.is === 'half-open' ? 1 : 0)

/** From the beginning of one exchange to that of the next. */
export const gapMs = (circuit: Circuit): number => (circuit.is === 'closed' ? circuit.gapMs : 0)

/** The time has come to try one. */
export const whenDue = (circuit: Circuit, now: Date): Circuit =>
  circuit.is === 'open' && circuit.until <= now.toISOString() ? { is: 'half-open' } : circuit

export type Heard = { readonly effect: CircuitEffect; readonly retryAfterSecs?: number }

/** What an exchange's end makes of the circuit. Late ends of exchanges that began before it opened change nothing but for the worse. */
export const heard = (circuit: Circuit, { effect, retryAfterSecs }: Heard, rules: CircuitRules, now: Date): Circuit => {
  const open: Circuit = { is: 'open', until: later(now, Math.max(rules.probe_secs, retryAfterSecs ?? 0)) }
  // The destination named its own time: that is when it is tried, be it sooner than a probe.
  const names = retryAfterSecs !== undefined && retryAfterSecs >= SHORTEST_ASKED_SECS
  const asked: Circuit = names ? { is: 'open', until: later(now, retryAfterSecs) } : open
  if (circuit.is === 'open') return effect === 'forbidden' && open.until > circuit.until ? open : circuit
  switch (effect) {
    case 'forbidden':
      return open
    case 'unavailable': {
      if (circuit.is === 'half-open' || names) return asked
      const unavailable = circuit.unavailable + 1
      return unavailable >= rules.opens_after ? open : { ...circuit, unavailable, answered: 0 }
    }
    case 'refused': {
      // It answers, but it has refused every one: something is wrong that is not the document.
      if (circuit.is === 'half-open') return { is: 'closed', admits: 1, gapMs: FIRST_GAP_MS, unavailable: 0, refused: 1, answered: 0 }
      const refused = circuit.refused + 1
      return refused >= rules.opens_after ? open : { ...circuit, unavailable: 0, refused }
    }
    case 'answered': {
      if (circuit.is === 'half-open') return { is: 'closed', admits: Math.min(2, rules.at_once), gapMs: FIRST_GAP_MS, unavailable: 0, refused: 0, answered: 0 }
      const answered = circuit.answered + 1
      // Slow start: as many good answers as are admitted at once, then twice as many at once; and each halves the gap.
      const faster = circuit.admits < rules.at_once && answered >= circuit.admits
      return { is: 'closed', admits: faster ? Math.min(circuit.admits * 2, rules.at_once) : circuit.admits, gapMs: circuit.gapMs / 2 < SHORTEST_GAP_MS ? 0 : circuit.gapMs / 2, unavailable: 0, refused: 0, answered: faster ? 0 : answered }
    }
  }
}
