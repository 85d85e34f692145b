// When the patient could see a copy at PKB, from what was tried there. Pure. It refuses to call a copy unseen that may
// have been there: an exchange whose end nobody knows counts from its beginning.
import type { Attempt } from '../types.ts'

export type Tried = Pick<Attempt, 'at' | 'action' | 'outcome' | 'tookMs'>

export type Visible = {
  readonly from?: string
  /** When the latest recall that was accepted ended. */
  readonly until?: string
  /** When the first exchange that put it there was started. */
  readonly sentAt?: string
}

const endOf = ({ at, tookMs = 0 }: Tried): string => new Date(Date.parse(at) + tookMs).toISOString()

/** Of the latest time: what was taken back and sent again begins anew. `attempts`: oldest first. */
export const visibleOf = (attempts: readonly Tried[]): Visible =>
  attempts.reduce<Visible>((seen, tried) => {
    const { action, outcome, at } = tried
    if (action === 'recall') return outcome === 'accepted' && seen.from !== undefined ? { ...seen, until: endOf(tried) } : seen
    if (action === 'look' || !['accepted', 'unsure', 'started'].includes(outcome)) return seen
    if (seen.from !== undefined && seen.until === undefined) return seen
    return { from: outcome === 'accepted' ? endOf(tried) : at, sentAt: at }
  }, {})
