// Watches for what is wrong and has somebody told: each process says what it finds wrong with itself, and of all processes
// on one ledger one looks at the whole. Over the same look at recalls as `recall-watch.ts`, which it drives. It refuses to
// mend anything, and to forget what could not be told.
import { judge } from '../decide/incident-changes.ts'
import type { IncidentKind, Way } from '../decide/incidents.ts'
import { asFailure } from '../errors.ts'
import type { Ledger, Notification } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { AlertWays } from './alert-ways.ts'
import { openRecallWatch } from './recall-watch.ts'
import { whatIsWrong, type WrongsParts } from './wrongs.ts'

export type OwnWrong = { readonly kind: IncidentKind; readonly thing: string }
export type AlertWatchParts = Omit<WrongsParts, 'ledger'> & {
  readonly ledger: Pick<Ledger, 'lock' | 'stops' | 'recalls' | 'report' | 'judgeIncidents' | 'notificationsDue' | 'notified' | 'notNotified'> & WrongsParts['ledger']
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
  close(): Promise<void>
}

const EVERY_MS = 15_000
/** Told in one go. */
const AT_ONCE = 50
/** For so long a notification that was taken is nobody else's. */
const LEASE_MS = 5 * 60_000
const [FIRST_MS, MOST_MS] = [30_000, 3_600_000]
/** A mail server that does not answer must not keep the engine from stopping. */
const CLOSE_WITHIN_MS = 5_000

export const openAlertWatch = (parts: AlertWatchParts): AlertWatch => {
  const { ledger, ways, say, now, everyMs = EVERY_MS } = parts
  const recalls = openRecallWatch({ ledger, say, now, ...(parts.everyMs === undefined ? {} : { everyMs }) })
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const lookOnce = async (): Promise<void> => {
    try {
      await ledger.report(await parts.own(), now().toISOString())
      await recalls.look()
      const seen = recalls.seen()
      if (!seen || closed) return
      await judgeAll(parts, seen)
      for (const way of ways.ways) await tellDue(parts, way)
    } catch (error) {
      const { code, detail } = asFailure(error)
      if (!closed) say('part_failed', { part: 'alert-watch', code, detail })
    }
  }
  const look = (): Promise<void> => {
    looking ??= lookOnce().finally(() => { looking = undefined })
    return looking
  }
  const turn = async (): Promise<void> => {
    await look()
    if (!closed) timer = setTimeout(() => void turn(), everyMs)
  }
  void turn()

  return {
    look,
    close: async () => {
      closed = true
      clearTimeout(timer)
      let impatient: NodeJS.Timeout | undefined
      await Promise.race([looking, new Promise((resolve) => { impatient = setTimeout(resolve, CLOSE_WITHIN_MS) })])
      clearTimeout(impatient)
      await recalls.close()
    },
  }
}

const judgeAll = async (parts: AlertWatchParts, recalls: Parameters<typeof whatIsWrong>[1]): Promise<void> => {
  const { ledger, ways, say, now } = parts
  const at = now().toISOString()
  const { wrong, unseen } = await whatIsWrong(parts, recalls, at)
  const names = new Map<string, { readonly kind: IncidentKind; readonly thing: string; readonly times: number }>()
  const changes = await ledger.judgeIncidents(wrong, (known) => {
    for (const one of known) names.set(one.id, one)
    return judge(wrong, known, at, unseen)
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
  const due = await ledger.notificationsDue([way], at.toISOString(), later(LEASE_MS), AT_ONCE)
  if (due.length === 0) return
  const { told, code, retryAfterSecs } = await ways.tell(way, due)
  if (told.length > 0) {
    await ledger.notified(told, now().toISOString())
    say('notified', { way, count: told.length })
  }
  if (code === undefined) return
  const left = due.filter(({ id }) => !told.includes(id))
  say('not_notified', { way, count: left.length, code })
  if (left.length > 0) await ledger.notNotified(left.map(({ id }) => id), code, later(Math.max(waitMs(left), (retryAfterSecs ?? 0) * 1000)))
}

const waitMs = (left: readonly Notification[]): number => Math.min(FIRST_MS * 2 ** Math.min(20, ...left.map(({ tries }) => tries)), MOST_MS)
