// Watches for what is wrong and has somebody told: each process says what it finds wrong with itself, and of all processes
// on one ledger one looks at the whole; whoever has a way to tell people tells what is due. Over the same look at recalls as
// `recall-watch.ts`, which it drives. It refuses to mend anything, to forget what could not be told, and to stop looking
// because a mail server is slow.
import { judge } from '../decide/incident-changes.ts'
import type { IncidentKind, Way } from '../decide/incidents.ts'
import { asFailure } from '../errors.ts'
import type { Ledger, Notification } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rounds } from '../observe/rounds.ts'
import type { AlertWays } from './alert-ways.ts'
import { openRecallWatch } from './recall-watch.ts'
import { whatIsWrong, type WrongsParts } from './wrongs.ts'

export type OwnWrong = { readonly kind: IncidentKind; readonly thing: string }
export type AlertWatchParts = Omit<WrongsParts, 'ledger'> & {
  readonly ledger: Pick<Ledger, 'watch' | 'stops' | 'recalls' | 'report' | 'judgeIncidents' | 'notificationsDue' | 'notified' | 'notNotified'> & WrongsParts['ledger']
  /** What this process finds wrong with itself at the moment. */
  readonly own: () => Promise<readonly OwnWrong[]>
  readonly ways: Pick<AlertWays, 'ways' | 'tell'>
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
}
export type AlertWatch = {
  /** Looks now, without waiting for its turn. */
  look(): Promise<void>
  /** Its last look came to nothing. */
  failing(): boolean
  close(): Promise<void>
}

const EVERY_MS = 15_000
/** Told in one go: several in one mail, one after the other to a webhook. */
const AT_ONCE = { email: 50, webhook: 10 } as const satisfies Record<Way, number>
/** For so long a notification that was taken is nobody else's; longer than what is told in one go can take. */
const LEASE_MS = 5 * 60_000
const [FIRST_MS, MOST_MS] = [30_000, 3_600_000]
/** A mail server that does not answer must not keep the engine from stopping. */
const CLOSE_WITHIN_MS = 5_000

export const openAlertWatch = (parts: AlertWatchParts): AlertWatch => {
  const { ledger, ways, say, now, everyMs = EVERY_MS } = parts
  const recalls = openRecallWatch({ ledger, say, now, ...(parts.everyMs === undefined ? {} : { everyMs }) })
  let failing = false

  const failed = (error: unknown): void => {
    const { code, detail } = asFailure(error)
    if (!watch.isClosed()) say('part_failed', { part: 'alert-watch', code, detail })
  }
  const watch = rounds(async () => {
    try {
      await ledger.report(await parts.own(), now().toISOString(), ways.ways)
      await recalls.look()
      const seen = recalls.seen()
      if (seen && !watch.isClosed()) await judgeAll(parts, seen)
      failing = recalls.failing()
    } catch (error) {
      failing = true
      failed(error)
    }
  }, everyMs)
  const tellers = ways.ways.map((way) => rounds(() => (watch.isClosed() ? Promise.resolve() : tellDue(parts, way).catch(failed)), everyMs))
  watch.begin()
  // After the first look: what is wrong at the start is told at once.
  const tell = async (): Promise<void> => {
    await watch.look()
    if (!watch.isClosed()) for (const teller of tellers) teller.begin()
  }
  void tell()

  return {
    look: async () => {
      await watch.look()
      await Promise.all(tellers.map((teller) => teller.look()))
    },
    failing: () => failing,
    close: async () => {
      await Promise.all([watch, ...tellers].map((one) => one.close(CLOSE_WITHIN_MS)))
      await recalls.close()
    },
  }
}

const judgeAll = async (parts: AlertWatchParts, recalls: Parameters<typeof whatIsWrong>[1]): Promise<void> => {
  const { ledger, ways, say, now } = parts
  const at = now().toISOString()
  const { wrong, unseen } = await whatIsWrong(parts, recalls, at)
  const names = new Map<string, { readonly kind: IncidentKind; readonly thing: string; readonly times: number }>()
  const changes = await ledger.judgeIncidents(wrong, (known, unanswered) => {
    for (const one of known) names.set(one.id, one)
    return judge(unanswered, known, at, unseen)
  }, ways.ways, at)
  for (const change of changes ?? []) {
    if (change.do === 'open') say('alert_opened', { alert: change.wrong.kind, thing: change.wrong.thing, times: 1 })
    if (change.do === 'again') say('alert_opened', { alert: change.wrong.kind, thing: change.wrong.thing, times: (names.get(change.id)?.times ?? 0) + 1 })
    if (change.do === 'resolve') say('alert_resolved', { alert: names.get(change.id)?.kind ?? '', thing: names.get(change.id)?.thing ?? '' })
  }
}

const tellDue = async ({ ledger, ways, say, now }: AlertWatchParts, way: Way): Promise<void> => {
  const at = now()
  const later = (ms: number): string => new Date(at.getTime() + ms).toISOString()
  const due = await ledger.notificationsDue([way], at.toISOString(), later(LEASE_MS), AT_ONCE[way])
  if (due.length === 0) return
  const { told, code, retryAfterSecs } = await ways.tell(way, due)
  if (told.length > 0) {
    await ledger.notified(told, now().toISOString())
    say('notified', { way, count: told.length })
  }
  if (code === undefined) return
  const left = due.filter(({ id }) => !told.includes(id))
  say('not_notified', { way, count: left.length, code })
  if (left.length > 0) await ledger.notNotified(left.map(({ id }) => id), code, later(Math.max(waitMs(left), Math.min((retryAfterSecs ?? 0) * 1000, MOST_MS))))
}

const waitMs = (left: readonly Notification[]): number => Math.min(FIRST_MS * 2 ** Math.min(20, ...left.map(({ tries }) => tries)), MOST_MS)
