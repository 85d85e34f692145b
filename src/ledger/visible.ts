// When the patient could see a copy at PKB, from what was tried there. Pure. It refuses to call a copy unseen that may
// have been there: it counts from the beginning of the exchange that put it there to the end of the one that took it back.
import type { Attempt } from '../types.ts'

/** `endedAt`: when its end was written down. */
export type Tried = Pick<Attempt, 'at' | 'action' | 'outcome' | 'tookMs'> & { readonly endedAt?: string }

export type Visible = {
  /** When the first exchange that put it there was started: PKB may show it before it answers. */
  readonly from?: string
  /** When the latest recall that was accepted ended. */
  readonly until?: string
}

/** An exchange takes its time from when it is sent, and it is written down before that. */
const endOf = ({ at, tookMs = 0, endedAt = at }: Tried): string => new Date(Math.max(Date.parse(at) + tookMs, Date.parse(endedAt))).toISOString()

/** Of the latest time: what was taken back and sent again begins anew. `attempts`: oldest first. */
export const visibleOf = (attempts: readonly Tried[]): Visible =>
  attempts.reduce<Visible>((seen, tried) => {
    const { action, outcome, at } = tried
    if (action === 'recall') return outcome === 'accepted' && seen.from !== undefined ? { ...seen, until: endOf(tried) } : seen
    if (action === 'look' || !['accepted', 'unsure', 'started'].includes(outcome)) return seen
    return seen.from !== undefined && seen.until === undefined ? seen : { from: at }
  }, {})
