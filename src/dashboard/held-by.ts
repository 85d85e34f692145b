// What the stops in force hold: of one document, and in numbers. It refuses to judge by itself: `decide/stopped.ts` does.
import { codesOf } from '../decide/code.ts'
import { holds } from '../decide/stopped.ts'
import type { Ledger, PulledStop, Story } from '../ledger/ledger.ts'
import type { Policy } from '../policy/policy.ts'
import type { DashboardParts } from './parts.ts'

export type HeldBy = { readonly stop: PulledStop; readonly deliveries: number }

/** The stops in force that keep a document's deliveries waiting. */
export const stopsThatHold = async ({ ledger, policy }: Pick<DashboardParts, 'ledger' | 'policy'>, { deliveries, document }: Story): Promise<readonly PulledStop[]> => {
  if (!deliveries.some(({ state }) => state === 'owed')) return []
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
