// Everything that is wrong at a moment, one line for each cause and thing, from what the ledger, the policy and the
// processes say. It refuses to tell of the effect where it tells of the cause: what waits behind a destination that is
// away, or by a person's stop, is no news.
import type { IncidentKind, Wrong } from '../decide/incidents.ts'
import { londonDay } from '../decide/london.ts'
import { workingHours } from '../decide/working-hours.ts'
import type { FailureGroup, Ledger, RecallRow } from '../ledger/ledger.ts'
import type { Policy } from '../policy/policy.ts'
import { reviewsOf } from '../policy/reviews.ts'
import type { RecallsSeen } from './recall-watch.ts'

export type Seen = { readonly wrong: readonly Wrong[]; /** Kinds that could not be looked at as a whole. */ readonly unseen: readonly IncidentKind[] }
export type WrongsParts = {
  readonly ledger: Pick<Ledger, 'failures' | 'reported' | 'lastArrivals' | 'oldestOwed' | 'haltedChannels'>
  readonly policy: () => Policy
  /** Since when: a feed that is new has not been silent for longer. */
  readonly inForceSince: () => string
  /** Of documents that wait for a person, those of a reason that are older than its limit. */
  readonly overdueReviews: (now: string) => Promise<readonly { readonly reason: string; readonly about: string; readonly since: string; readonly count: number }[]>
}

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000]
/** What a process found wrong with itself and has not said again since is over. */
const REPORTED_MS = 90_000
const AWAY_MS = 15 * MINUTE_MS
/** Longer than a queue takes to be started anew. */
const QUEUE_AWAY_MS = 5 * MINUTE_MS

export const whatIsWrong = async (parts: WrongsParts, recalls: RecallsSeen, now: string): Promise<Seen> => {
  const { ledger, policy } = parts
  const ago = (ms: number): string => new Date(Date.parse(now) - ms).toISOString()
  const halted = new Set((await ledger.haltedChannels()).map(({ channel }) => channel))
  const [failures, reported, owed, reviews, silent] = await Promise.all([
    ledger.failures(now), ledger.reported(ago(REPORTED_MS)), ledger.oldestOwed(), parts.overdueReviews(now), silentFeeds(parts, halted, now),
  ])
  const own = reported.map(({ kind, thing, since }): Wrong => ({ kind, thing, about: thing, since }))
  const forbidden = perDestination(failures.groups.filter(({ cause }) => cause === 'credentials'))
  const refuses = (destination: string): boolean => forbidden.some(({ thing }) => thing === destination)
  const away = own.filter(({ kind, thing }) => kind === 'destination-away' && !refuses(thing) && !halted.has(thing))
  const queueAway = own.filter(({ kind }) => kind === 'queue-away')
  const isAway = (destination: string): boolean => queueAway.length > 0 || halted.has(destination) || refuses(destination) || away.some(({ thing }) => thing === destination)
  return {
    unseen: failures.all ? [] : ['second-key', 'failures', 'destination-forbidden'],
    wrong: [
      ...failures.groups.filter(({ cause, person }) => cause === 'second-key' && person > 0).map((group) => ofGroup('second-key', group)),
      ...failures.groups.filter(({ cause, person }) => cause !== 'second-key' && cause !== 'credentials' && person > 0).map((group) => ofGroup('failures', group)),
      ...forbidden, ...away.filter(({ since }) => since <= ago(AWAY_MS)), ...queueAway.filter(({ since }) => since <= ago(QUEUE_AWAY_MS)),
      ...own.filter(({ kind }) => kind !== 'destination-away' && kind !== 'queue-away'),
      ...lateRecalls(recalls.late), ...openRecalls(recalls.open), ...silent,
      ...owed.filter(({ destination, since }) => !isAway(destination) && since <= ago((waitingHours(policy(), destination) ?? Number.POSITIVE_INFINITY) * HOUR_MS))
        .map(({ destination, since, deliveries }): Wrong => ({ kind: 'queue-age', thing: destination, about: destination, since, count: deliveries })),
      ...reviews.map(({ reason, about, since, count }): Wrong => ({ kind: 'review-waiting', thing: reason, about, since, count })),
      ...reviewsOf(policy(), londonDay(new Date(now))).filter(({ overdue }) => overdue)
        .map(({ directorate, name, reviewBy }): Wrong => ({ kind: 'sign-off-overdue', thing: directorate, about: name, since: new Date(`${reviewBy}T23:59:59Z`).toISOString() })),
    ],
  }
}

const ofGroup = (kind: IncidentKind, { key, destination, signature, documents, firstSeen }: FailureGroup): Wrong => ({ kind, thing: key, about: `${destination}, ${signature}`, since: firstSeen, count: documents })

const least = (texts: readonly string[]): string => texts.reduce((one, other) => (other < one ? other : one))

const perDestination = (groups: readonly FailureGroup[]): readonly Wrong[] =>
  [...Map.groupBy(groups, ({ destination }) => destination)].map(([destination, those]) => ({
    kind: 'destination-forbidden', thing: destination, about: destination, since: least(those.map(({ firstSeen }) => firstSeen)), count: those.reduce((sum, { documents }) => sum + documents, 0),
  }))

const openRecalls = (open: readonly RecallRow[]): readonly Wrong[] =>
  [...Map.groupBy(open, ({ destination }) => destination)].map(([destination, those]) => ({ kind: 'recall-open', thing: destination, about: destination, since: least(those.map(({ since }) => since)), count: those.length }))

/** One for each destination, with the letters that it is about: nobody is told of each one. */
const lateRecalls = (late: readonly RecallRow[]): readonly Wrong[] => [...Map.groupBy(late, ({ destination }) => destination)].map(([destination, those]) => ({
  kind: 'recalled-late', thing: destination, about: those.every(({ printed }) => printed) ? 'printed' : `read at ${destination}`, since: least(those.map(({ since }) => since)), count: those.length,
  members: those.map(({ deliveryId, since }) => ({ id: deliveryId, since })),
}))

const waitingHours = ({ destinations: { pkb, print } }: Policy, destination: string): number | undefined =>
  (destination === 'pkb' ? pkb : destination === 'print' ? print : undefined)?.alert_if_waiting?.hours

const silentFeeds = async ({ ledger, policy, inForceSince }: WrongsParts, halted: ReadonlySet<string>, now: string): Promise<readonly Wrong[]> => {
  const asked = Object.entries(policy().feeds).flatMap(([feed, { alert_if_silent: limit }]) => (limit && !halted.has(feed) ? [{ feed, limit }] : []))
  const last = new Map((asked.length === 0 ? [] : await ledger.lastArrivals(asked.map(({ feed }) => feed))).map(({ feed, at }) => [feed, at]))
  return asked.flatMap(({ feed, limit }): readonly Wrong[] => {
    const since = last.get(feed) ?? inForceSince()
    return workingHours(since, now, limit.not_on) < limit.working_hours ? [] : [{ kind: 'feed-silent', thing: feed, about: feed, since }]
  })
}

