// The alerts and the daily outcomes of an engine: what this process finds wrong with itself, the watch over the whole, and
// the round that tells the teams. It refuses nothing: where no way to tell anybody is set, the pages have it all.
import { randomUUID } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { limitOf, spanInWords, type ReviewLimits } from '../decide/review-limits.ts'
import { REVIEW_REASONS, type ReviewReason } from '../decide/review-reason.ts'
import type { Wake } from '../deliver/wake.ts'
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import { readSetting, type Environment } from '../settings.ts'
import { openAlertWatch, type AlertWatch, type OwnWrong } from './alert-watch.ts'
import { openAlertWays, type AlertWays } from './alert-ways.ts'
import type { Feeds } from './feeds.ts'
import type { PolicyHolder } from './in-force.ts'
import { openLedgerAway } from './ledger-away.ts'
import type { Lines } from './lines.ts'
import { openOutcomeRound } from './outcome-round.ts'

type Parts = {
  readonly env: Environment
  readonly ledger: Ledger
  readonly holder: Pick<PolicyHolder, 'now' | 'refused'>
  readonly feeds?: Pick<Feeds, 'down'>
  readonly lines?: Pick<Lines, 'down' | 'circuits'>
  readonly wake?: Pick<Wake, 'stuckSince'>
  readonly dataDir: string
  /** How much room a disk has; what the system says, if left out. */
  readonly room?: RoomOf
  readonly everyMs?: number
  readonly say: Say
  readonly now: () => Date
}
export type Alerts = Pick<AlertWays, 'ways' | 'test'> & { close(): Promise<void> }

type RoomOf = (folder: string) => Promise<{ readonly blocks: number; readonly bavail: number; readonly bsize: number }>

/** Everything that waits for a person is read for it. */
const REVIEWS_EVERY_MS = 5 * 60_000
const [LEAST_PART, LEAST_BYTES] = [0.05, 2e9]

export const openAlerts = ({ env, ledger, holder, feeds, lines, wake, dataDir, room, everyMs, say, now }: Parts): Alerts => {
  const ways = openAlertWays(env, { now })
  const policy = () => holder.now().policy
  // Whoever delivers tells the teams, too: it has the folder.
  const round = lines ? openOutcomeRound({ ledger, policy, folder: readSetting('OUTCOMES_DIR', env)!, say, now, ...(ways.mail ? { mail: ways.mail } : {}), ...(ways.console === undefined ? {} : { console: ways.console }) }) : undefined
  const own = async (): Promise<readonly OwnWrong[]> => [
    ...(feeds?.down() ?? []).map((thing) => ({ kind: 'feed-down', thing }) as const),
    ...(lines?.down() ?? []).map((thing) => ({ kind: 'destination-away', thing }) as const),
    ...Object.entries(lines?.circuits() ?? {}).filter(([, { is }]) => is !== 'closed').map(([thing]) => ({ kind: 'destination-away', thing }) as const),
    ...(wake?.stuckSince() ? [{ kind: 'queue-away', thing: 'queue' } as const] : []),
    ...(holder.refused() ? [{ kind: 'policy-refused', thing: 'channels and mappings' } as const] : []),
    ...(round?.failing() ?? []).map((thing) => ({ kind: 'outcomes-late', thing }) as const),
    ...(await fullDisks(dataDir, room)).map((thing) => ({ kind: 'disk-full', thing }) as const),
  ]
  const watch: AlertWatch = openAlertWatch({ ledger, policy, inForceSince: () => holder.now().since, overdueReviews: lateReviews(ledger, policy, say), own, ways, say, now, ...(everyMs === undefined ? {} : { everyMs }) })
  const away = openLedgerAway({ ledger, failing: watch.failing, ways, say, now, newId: randomUUID })
  return {
    ways: ways.ways, test: ways.test,
    close: async () => {
      await Promise.all([watch.close(), away.close(), round?.close()])
      ways.close()
    },
  }
}

/** Of what is kept, the files of the documents may lie on a disk of their own. One disk is one alert. */
const fullDisks = async (dataDir: string, room?: RoomOf): Promise<readonly string[]> =>
  (await isNearlyFull(dataDir, room)) ? ['DATA_DIR'] : (await isNearlyFull(join(dataDir, 'content'), room)) ? ['DATA_DIR/content'] : []

export const isNearlyFull = async (folder: string, room: RoomOf = statfs): Promise<boolean> => {
  const { blocks, bavail, bsize } = await room(folder).catch(() => ({ blocks: 0, bavail: 0, bsize: 0 }))
  return blocks > 0 && (bavail / blocks < LEAST_PART || bavail * bsize < LEAST_BYTES)
}

type OverdueReviews = Parameters<typeof openAlertWatch>[0]['overdueReviews']

/** Why they wait, whose they are, and what they have had. */
const aboutLate = (reason: ReviewReason, limits: ReviewLimits): string => {
  const { owner, within } = limitOf(limits, reason)
  return `${REVIEW_REASONS[reason].text}, for ${owner} within ${spanInWords(within)}`
}

/** What the second key refused is told as such. */
export const lateReviews = (ledger: Pick<Ledger, 'reviews'>, policy: () => Policy, say: Say): OverdueReviews => {
  let last: { readonly at: number; readonly limits: ReviewLimits; readonly found: Awaited<ReturnType<OverdueReviews>> } | undefined
  return async (now) => {
    const at = Date.parse(now)
    const limits = policy().reviewLimits
    // Another policy may have other limits.
    if (last && last.limits === limits && at - last.at < REVIEWS_EVERY_MS) return last.found
    try {
      const { groups } = await ledger.reviews({ late: true, limit: 1 }, now, limits)
      const found = groups.filter(({ reason, late }) => late > 0 && reason !== 'second-key').map(({ reason, late, oldestSince }) => ({ reason, about: aboutLate(reason, limits), since: oldestSince, count: late }))
      last = { at, limits, found }
    } catch (error) {
      // Another look in its time: whatever else is wrong is told meanwhile.
      say('part_failed', { part: 'alert-watch', code: asFailure(error).code, detail: 'The review queue could not be looked at.' })
      last = { at, limits, found: last?.found ?? [] }
    }
    return last.found
  }
}
