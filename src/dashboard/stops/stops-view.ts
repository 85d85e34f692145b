// The stops in words ready for a view. It refuses patient data: a stop names a directorate, a team or a code.
import { STOP_SCOPES, stopInWords, unknownStop } from '../../decide/stopped.ts'
import type { PulledStop } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import type { HeldBy } from './held-by.ts'
import { ageOf, londonTime } from '../times.ts'
import { capital } from '../words.ts'

/** Of those that were lifted, the newest. */
const MOST_LIFTED = 50

const SCOPES = {
  all: 'All deliveries to patients', directorate: 'Those of a directorate', service: 'Those of a service (RiO team)', code: 'Those of a document code',
} as const satisfies Record<(typeof STOP_SCOPES)[number], string>


const deliveriesInWords = (count: number): string => (count === 0 ? 'No delivery waits by it now' : count === 1 ? '1 delivery waits by it' : `${count.toLocaleString('en-GB')} deliveries wait by it`)

export const stopsView = (held: readonly HeldBy[], all: readonly PulledStop[], policy: Policy, now: Date) => ({
  scopes: STOP_SCOPES.map((value) => ({ value, text: SCOPES[value] })),
  known: [
    { name: 'Directorates', values: Object.entries(policy.directorates).map(([value, { name }]) => ({ value, name })) },
    { name: 'Services', values: Object.entries(policy.services).map(([value, { name }]) => ({ value, name })) },
    { name: 'Codes', values: Object.values(policy.codes).map(({ code, name }) => ({ value: code, name })) },
  ],
  stops: held.map(({ stop, deliveries }) => ({
    id: stop.id, what: capital(stopInWords(stop)), warning: unknownStop(stop, policy),
    rows: [
      { key: 'Stopped by', value: stop.actor }, { key: 'Since', value: `${londonTime(stop.at)} (${ageOf(stop.at, now)})` },
      { key: 'Why', value: stop.reason }, { key: 'Holds', value: deliveriesInWords(deliveries) },
    ],
  })),
  lifted: all.filter((stop) => stop.lifted).slice(0, MOST_LIFTED).map((stop) => ({
    what: capital(stopInWords(stop)), from: londonTime(stop.at), by: stop.actor, why: stop.reason, to: londonTime(stop.lifted!.at), liftedBy: stop.lifted!.actor, liftedWhy: stop.lifted!.reason,
  })),
})
