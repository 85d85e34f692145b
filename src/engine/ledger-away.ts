// Tells that the ledger does not answer, which the ledger cannot be asked to remember: from the memory of this process, by
// the same ways and as rarely as any alert. It refuses to wait for the ledger, and to speak of a short break.
import { judge, type Change } from '../decide/incident-changes.ts'
import type { Incident, Way, Wrong } from '../decide/incidents.ts'
import type { Notice } from '../decide/notification.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rounds } from '../observe/rounds.ts'
import type { AlertWays } from './alert-ways.ts'

export type LedgerAwayParts = {
  readonly ledger: Pick<Ledger, 'ping'>
  /** It answers, and the watch over the alerts comes to nothing all the same. */
  readonly failing: () => boolean
  readonly ways: Pick<AlertWays, 'ways' | 'tell'>
  readonly say: Say
  readonly now: () => Date
  readonly newId: () => string
  readonly everyMs?: number
  readonly withinMs?: number
}
export type LedgerAway = { look(): Promise<void>; close(): Promise<void> }

const EVERY_MS = 15_000
const WITHIN_MS = 10_000
/** Longer than a database takes to be started anew. */
const AWAY_MS = 5 * 60_000
const [FIRST_MS, MOST_MS] = [30_000, 3_600_000]
const CLOSE_WITHIN_MS = 5_000

type Owed = { readonly notice: Notice; readonly tries: number; readonly dueAt: number }

export const openLedgerAway = ({ ledger, failing, ways, say, now, newId, everyMs = EVERY_MS, withinMs = WITHIN_MS }: LedgerAwayParts): LedgerAway => {
  let since: string | undefined
  let known: Incident | undefined
  /** The newest says how things stand. */
  const owed = new Map<Way, Owed>()

  const lookOnce = async (): Promise<void> => {
    const well = (await answers(ledger, withinMs)) && !failing()
    const at = now().toISOString()
    since = well ? undefined : (since ?? at)
    const wrong: readonly Wrong[] = since !== undefined && Date.parse(at) - Date.parse(since) >= AWAY_MS ? [{ kind: 'ledger-away', thing: 'ledger', about: 'the ledger does not answer', since }] : []
    for (const change of judge(wrong, known ? [known] : [], at)) {
      known = changed(known, change, at, newId)
      const says = SAYS[change.do] ?? (change.do === 'still' && change.remind ? 'reminder' : undefined)
      if (says === 'opened' || says === 'again') say('alert_opened', { alert: known.kind, thing: known.thing, times: known.times })
      if (says === 'resolved') say('alert_resolved', { alert: known.kind, thing: known.thing })
      if (says) for (const way of ways.ways) owed.set(way, { notice: { id: newId(), says, incident: known }, tries: 0, dueAt: 0 })
    }
    await Promise.all([...owed].map(([way, one]) => tell(way, one)))
  }
  const tell = async (way: Way, { notice, tries, dueAt }: Owed): Promise<void> => {
    if (dueAt > now().getTime()) return
    const { told, code } = await ways.tell(way, [notice])
    if (told.length > 0) {
      owed.delete(way)
      say('notified', { way, count: 1 })
    } else {
      owed.set(way, { notice, tries: tries + 1, dueAt: now().getTime() + Math.min(FIRST_MS * 2 ** Math.min(tries, 20), MOST_MS) })
      say('not_notified', { way, count: 1, code: code ?? 'unknown' })
    }
  }
  const watch = rounds(lookOnce, everyMs)
  watch.begin()
  return { look: watch.look, close: () => watch.close(CLOSE_WITHIN_MS) }
}

const SAYS: { readonly [D in Change['do']]?: Notice['says'] } = { open: 'opened', again: 'again', resolve: 'resolved' }

/** No answer in time is none. */
const answers = async (ledger: Pick<Ledger, 'ping'>, withinMs: number): Promise<boolean> => {
  let impatient: NodeJS.Timeout | undefined
  const tooLong = new Promise<boolean>((resolve) => { impatient = setTimeout(() => resolve(false), withinMs) })
  try {
    return await Promise.race([ledger.ping().then(() => true, () => false), tooLong])
  } finally {
    clearTimeout(impatient)
  }
}

/** What the ledger would make of it. */
const changed = (known: Incident | undefined, change: Change, at: string, newId: () => string): Incident => {
  if (change.do === 'open') return { ...change.wrong, id: newId(), openedAt: at, seenAt: at, times: 1, reminders: 0 }
  const { calmSince, resolvedAt: _resolved, ...one } = known!
  switch (change.do) {
    case 'calm': return { ...one, calmSince: at }
    case 'resolve': return { ...one, resolvedAt: at }
    case 'again': return { ...one, ...change.wrong, openedAt: at, seenAt: at, times: one.times + 1, reminders: 0 }
    case 'still': return { ...one, seenAt: at, times: one.times + (calmSince === undefined ? 0 : 1), reminders: one.reminders + (change.remind ? 1 : 0) }
  }
}
