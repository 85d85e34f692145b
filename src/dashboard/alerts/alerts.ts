// What has to be seen wherever somebody looks: stops in force, recalls that are not done, what is wrong with the policy.
// It refuses to be silent about what it cannot know: a ledger that does not answer is told too.
import { kindOf } from '../../decide/incidents.ts'
import { stopInWords } from '../../decide/stopped.ts'
import type { HaltedChannel } from '../../ledger/channel-words.ts'
import type { Ledger, PulledStop } from '../../ledger/ledger.ts'
import type { DashboardParts } from '../parts.ts'
import { policyAlerts } from '../channels/policy.ts'
import { ageOf, londonTime } from '../times.ts'
import type { Alert } from '../views.ts'
import { capital } from '../words.ts'

/** A recall that takes no longer is on its way. */
const OPEN_MS = 60_000
/** More stops than these are told by their number. */
const MOST = 3

export const alertsOf = async ({ ledger, policy, policyStatus, now }: Pick<DashboardParts, 'ledger' | 'policy' | 'policyStatus' | 'now'>): Promise<readonly Alert[]> => {
  const [stops, halted, counts, incidents] = await Promise.all([
    ledger.stops().catch(() => undefined), ledger.haltedChannels().catch(() => []), ledger.recallCounts().catch(() => undefined), ledger.incidents(0).catch(() => undefined),
  ])
  return [
    ...(stops ? stopAlerts(stops) : [{ text: 'The ledger does not answer, so it is not known whether deliveries are stopped.', link: { href: '/stops', text: 'Look again' } }]),
    // One that the policy does not have keeps nothing from anybody.
    ...haltAlerts(halted.filter(({ channel }) => Object.hasOwn(policy().channels, channel))),
    ...(counts ? recallAlerts(counts, now()) : []),
    ...policyAlerts(policyStatus()),
    ...incidentAlerts(incidents?.open ?? [], now()),
  ]
}

const stopAlerts = (stops: readonly PulledStop[]): readonly Alert[] => [
  ...stops.slice(0, MOST).map((stop) => ({
    text: `Stopped: ${stopInWords(stop)}, by ${stop.actor} on ${londonTime(stop.at)}. ${capital(stop.reason)}`, link: { href: '/stops', text: 'See the stop' },
  })),
  ...(stops.length > MOST ? [{ text: `${stops.length - MOST} more stops are in force.`, link: { href: '/stops', text: 'See all' } }] : []),
]

const haltAlerts = (halted: readonly HaltedChannel[]): readonly Alert[] => halted.map(({ channel, state, actor, reason, at }) => ({
  text: `${capital(state)}: the channel ${channel}, by ${actor} on ${londonTime(at)}. ${capital(reason)}`, link: { href: `/channels/${encodeURIComponent(channel)}`, text: 'See the channel' },
}))

const recallAlerts = ({ open, openSince }: Awaited<ReturnType<Ledger['recallCounts']>>, now: Date): readonly Alert[] =>
  openSince === undefined || now.getTime() - Date.parse(openSince) < OPEN_MS
    ? []
    : [{
        text: `${open === 1 ? 'A recall is' : `${open} recalls are`} not done. The ${open === 1 ? 'letter' : 'oldest'} was to be taken back ${ageOf(openSince, now)} ago.`,
        link: { href: '/recalls', text: 'See the recalls' },
      }]

/** Severe ones that no other line tells and nobody has in hand. */
const incidentAlerts = (open: Awaited<ReturnType<Ledger['incidents']>>['open'], now: Date): readonly Alert[] => {
  const severe = open.filter(({ kind, taken }) => kindOf(kind).severity === 'severe' && !kindOf(kind).ownBanner && !taken)
  return [
    ...severe.slice(0, MOST).map(({ kind, about, since }) => ({ text: `${kindOf(kind).title}: ${about}, for ${ageOf(since, now)}.`, link: { href: '/alerts', text: 'See the alert' } })),
    ...(severe.length > MOST ? [{ text: `${severe.length - MOST} more alerts are severe.`, link: { href: '/alerts', text: 'See all' } }] : []),
  ]
}
