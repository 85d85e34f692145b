// What people keep from going out: by stops in force, of one document and in numbers, and by a destination that is
// paused. It refuses to judge by itself: `decide/stopped.ts` does.
import { codesOf } from '../../decide/code.ts'
import { holds } from '../../decide/stopped.ts'
import type { HaltedChannel } from '../../ledger/channel-words.ts'
import type { Ledger, PulledStop, Story } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import type { DashboardParts } from '../parts.ts'

/** The stops in force that keep a document's deliveries waiting, and the paused destinations that they wait for. */
export type Kept = { readonly stops: readonly PulledStop[]; readonly paused: readonly HaltedChannel[] }

export const keptBy = async (parts: Pick<DashboardParts, 'ledger' | 'policy'>, story: Story): Promise<Kept> => {
  const waits = new Set(story.deliveries.flatMap(({ state, destination }) => (state === 'owed' ? [destination] : [])))
  if (waits.size === 0) return { stops: [], paused: [] }
  const [stops, halted] = await Promise.all([stopsThatHold(parts, story), parts.ledger.haltedChannels()])
  return { stops, paused: halted.filter(({ channel }) => waits.has(channel)) }
}

export type HeldBy = { readonly stop: PulledStop; readonly deliveries: number }

const stopsThatHold = async ({ ledger, policy }: Pick<DashboardParts, 'ledger' | 'policy'>, { document }: Story): Promise<readonly PulledStop[]> => {
  const { services } = policy()
  const codes = codesOf(document.names)
  return (await ledger.stops()).filter((stop) => holds(stop, { codes, ...(document.team ? { team: document.team.text } : {}) }, services))
}

type Waiting = Awaited<ReturnType<Ledger['waiting']>>

/** How many of the deliveries that wait a stop holds. */
export const heldIn = (waiting: Waiting, stop: PulledStop, services: Policy['services']): number =>
  waiting
    .filter(({ team, code }) => holds(stop, { codes: code === undefined ? [] : [code], ...(team === undefined ? {} : { team }) }, services))
    .reduce((sum, { deliveries }) => sum + deliveries, 0)

/** Each stop in force, with how many deliveries wait by it. One delivery may wait by several. */
export const heldBy = async ({ ledger, policy }: Pick<DashboardParts, 'ledger' | 'policy'>): Promise<readonly HeldBy[]> => {
  const [stops, waiting] = await Promise.all([ledger.stops(), ledger.waiting()])
  return stops.map((stop) => ({ stop, deliveries: heldIn(waiting, stop, policy().services) }))
}
