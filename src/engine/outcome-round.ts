// Tells each team what became of its documents: in the early morning the day before is worked out, written as a file for
// each team, and mailed where a team has an address. It refuses to leave half a file, and to tell a day twice.
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname, join } from 'node:path'
import { endOfLondonDay, londonDay, londonHour, startOfLondonDay } from '../decide/london.ts'
import { fileNameOf, outcomeCsv, outcomeMail } from '../decide/outcome-text.ts'
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rounds } from '../observe/rounds.ts'
import type { Policy } from '../policy/policy.ts'
import type { Mail } from './mail.ts'

export type OutcomeRoundParts = {
  readonly ledger: Pick<Ledger, 'makeOutcomes' | 'outcomeDays' | 'outcomeDay' | 'outcomeLines' | 'outcomesUnwritten' | 'outcomesWritten' | 'outcomeMailsDue' | 'outcomeMailed' | 'outcomeMailsRefused'>
  readonly policy: () => Policy
  readonly folder: string
  readonly mail?: Mail
  readonly console?: string
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
}
export type OutcomeRound = {
  look(): Promise<void>
  /** What could not be written or sent. */
  failing(): readonly string[]
  close(): Promise<void>
}

const EVERY_MS = 60_000
/** In London: by then the night's work is done, and nobody has begun yet. */
const HOUR = 5
/** After a longer outage the days before these are told with the first of them. */
const MOST_DAYS = 31
/** Longer than it takes to send what is taken at once. */
const LEASE_MS = 15 * 60_000
/** A mail server that does not answer must not keep the engine from stopping. */
const CLOSE_WITHIN_MS = 5_000
const [FIRST_MS, MOST_MS] = [60_000, 3_600_000]

const shift = (day: string, by: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10)

/** Days that are over and were not told yet, the oldest first. */
export const daysToTell = (last: string | undefined, now: Date): readonly string[] => {
  const today = londonDay(now)
  const yesterday = londonHour(now) >= HOUR ? shift(today, -1) : shift(today, -2)
  const first = last === undefined ? shift(today, -1) : shift(last, 1)
  const days: string[] = []
  for (let day = first < shift(yesterday, 1 - MOST_DAYS) ? shift(yesterday, 1 - MOST_DAYS) : first; day <= yesterday; day = shift(day, 1)) days.push(day)
  return days
}

export const openOutcomeRound = (parts: OutcomeRoundParts): OutcomeRound => {
  const { say, everyMs = EVERY_MS } = parts
  let failing: readonly string[] = []

  const step = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      const { code, detail } = asFailure(error)
      if (!round.isClosed()) say('part_failed', { part: 'outcomes', code: (error as NodeJS.ErrnoException).code ?? code, detail })
      return false
    }
  }
  const lookOnce = async (): Promise<void> => {
    if (!(await step(() => makeDays(parts))) || round.isClosed()) return
    const written = await step(() => writeDays(parts))
    if (parts.mail) await step(() => mailDue(parts, parts.mail!, round.isClosed))
    const refused = await parts.ledger.outcomeMailsRefused().catch(() => [])
    failing = [...(written ? [] : ['OUTCOMES_DIR']), ...refused.map((team) => `mail to ${team}`)]
  }
  const round = rounds(lookOnce, everyMs)
  round.begin()
  return { look: round.look, failing: () => failing, close: () => round.close(CLOSE_WITHIN_MS) }
}

const makeDays = async ({ ledger, policy, mail, say, now }: OutcomeRoundParts): Promise<void> => {
  // A day that is yet to come was made by a clock that was wrong.
  const today = londonDay(now())
  const last = (await ledger.outcomeDays(2 * MOST_DAYS)).find(({ day }) => day < today)
  const { services, codes } = policy()
  const mailTo = mail ? Object.values(services).filter(({ outcome_email: to }) => to).map(({ team }) => team) : []
  for (const day of daysToTell(last?.day, now())) {
    const made = await ledger.makeOutcomes({ day, begins: startOfLondonDay(day)!, ends: endOfLondonDay(day)!, teams: Object.keys(services), codes: Object.keys(codes), mailTo }, now().toISOString())
    // A later day made before this one would tell as its own what is this one's.
    if (made === 'under-way') return
    if (!made) continue
    const { documents, teams, noted: { seq, hash } } = made
    say('outcomes_made', { day, documents, teams })
    // Whoever writes the whole log of events anew, or cuts off its end, cannot change what this log said of it meanwhile.
    if (seq > 0) say('log_noted', { noted: `${seq}:${hash}` })
  }
}

const writeDays = async ({ ledger, folder, say, now }: OutcomeRoundParts): Promise<void> => {
  for (const day of await ledger.outcomesUnwritten()) {
    const { madeAt } = (await ledger.outcomeDay(day))!
    const teams = Map.groupBy(await ledger.outcomeLines(day), ({ team }) => team)
    for (const [team, lines] of teams) await writeWhole(join(folder, day, fileNameOf(team)), outcomeCsv(lines, madeAt))
    await ledger.outcomesWritten(day, now().toISOString())
    say('outcomes_written', { day, teams: teams.size })
  }
}

/** Whole or not at all, also for whoever collects the files meanwhile. */
const writeWhole = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true })
  const making = `${path}.${randomUUID()}.part`
  try {
    const file = await open(making, 'wx', 0o640)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(making, path)
  } catch (error) {
    await rm(making, { force: true }).catch(() => undefined)
    throw error
  }
}

const mailDue = async ({ ledger, policy, console, say, now }: OutcomeRoundParts, mail: Mail, closed: () => boolean): Promise<void> => {
  const later = (ms: number): string => new Date(now().getTime() + ms).toISOString()
  for (const { day, team, tries } of await ledger.outcomeMailsDue(now().toISOString(), later(LEASE_MS))) {
    if (closed()) return
    const to = policy().services[team]?.outcome_email
    // Its address was taken out of the policy since: it is not told by mail any more.
    if (!to) { await ledger.outcomeMailed({ day, team }, { at: now().toISOString() }); continue }
    const [lines, { madeAt }] = [await ledger.outcomeLines(day, team), (await ledger.outcomeDay(day))!]
    const sent = await mail.send({ to: [to], ...outcomeMail({ day, team, madeAt }, lines, console), attachment: { name: `${day}-${fileNameOf(team)}`, type: 'text/csv; charset=utf-8', content: outcomeCsv(lines, madeAt) } })
    if (sent.ok) say('outcome_mailed', { day, team })
    else say('not_notified', { way: 'outcome', count: 1, code: sent.code })
    await ledger.outcomeMailed({ day, team }, sent.ok ? { at: now().toISOString() } : { code: sent.code, dueAt: later(Math.min(FIRST_MS * 2 ** Math.min(tries, 20), MOST_MS)) })
  }
}
