// The outcome of a day for a team, as a table and as the text of a mail. Pure. It refuses patient, title and content: RiO's
// id of a document, its code and who uploaded it are what the team needs to find it again in RiO.
import { csvOf } from '../csv.ts'
import { TEAM_OUTCOMES, TEAM_OUTCOME_NAMES, type TeamOutcome } from './team-outcome.ts'

export type Told = {
  readonly sourceId: string
  readonly code?: string
  readonly uploadedBy?: string
  readonly outcome: TeamOutcome
  readonly because: string
  readonly before?: TeamOutcome
  readonly firstReceivedAt: string
}

const received = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const dayInWords = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })

const dayOf = (day: string): string => dayInWords.format(new Date(`${day}T00:00:00Z`)).replace(',', '')
const time = (at: string): string => received.format(new Date(at)).replace(',', '')

const COLUMNS = {
  document_id: ({ sourceId }) => sourceId,
  code: ({ code }) => code ?? '',
  uploaded_by: ({ uploadedBy }) => uploadedBy ?? '',
  first_received: ({ firstReceivedAt }) => time(firstReceivedAt),
  outcome: ({ outcome }) => TEAM_OUTCOMES[outcome].text,
  changed_from: ({ before, outcome }) => (before === undefined || before === outcome ? '' : TEAM_OUTCOMES[before].text),
  says: ({ outcome, because }) => [TEAM_OUTCOMES[outcome].says, because].filter(Boolean).join(' '),
} as const satisfies Record<string, (line: Told) => string>

/** `madeAt`: the outcome is what it was then, which after an outage is days later than the day that it is of. */
export const outcomeCsv = (lines: readonly Told[], madeAt: string): string => csvOf({ ...COLUMNS, as_of: () => time(madeAt) }, lines)

export type Counted = { readonly [O in TeamOutcome]: number } & { readonly changed: number }

/** Each line once, and how many of them changed. */
export const countOutcomes = (lines: readonly Pick<Told, 'outcome' | 'before'>[]): Counted => ({
  ...(Object.fromEntries(TEAM_OUTCOME_NAMES.map((name) => [name, lines.filter(({ outcome }) => outcome === name).length])) as { readonly [O in TeamOutcome]: number }),
  changed: lines.filter(({ before, outcome }) => before !== undefined && before !== outcome).length,
})

/** A name for a file that every system takes, and no two teams share, not even where capitals count for nothing. */
export const fileNameOf = (team: string): string => {
  const safe = [...new TextEncoder().encode(team)].map((byte) => (/[A-Za-z0-9-]/u.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('')
  if (team === '') return '_none.csv'
  const plain = safe.length <= LONGEST && !/[a-z]/u.test(safe) && !RESERVED.test(safe)
  return `${plain ? safe : `${safe.slice(0, LONGEST)}~${mark(team)}`}.csv`
}
const LONGEST = 100
/** What Windows keeps for itself. */
const RESERVED = /^(CON|PRN|AUX|NUL|COM\d|LPT\d)$/u
/** Eight letters by which names that look alike differ: FNV-1a. */
const mark = (text: string): string =>
  [...new TextEncoder().encode(text)].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5).toString(16).padStart(8, '0')

export const outcomeMail = ({ day, team, madeAt }: { readonly day: string; readonly team: string; readonly madeAt: string }, lines: readonly Told[], console?: string): { readonly subject: string; readonly text: string } => {
  const counted = countOutcomes(lines)
  return {
    subject: `Openletter: what became of the documents of ${team}, ${dayOf(day)}`,
    text: [
      `Documents of ${team}, ${dayOf(day)}: those that came that day, and those whose outcome has changed. As it stood on ${time(madeAt)}.`,
      TEAM_OUTCOME_NAMES.filter((name) => counted[name] > 0).map((name) => `${TEAM_OUTCOMES[name].text}: ${counted[name]}`).join('\n'),
      ...(counted.changed > 0 ? [`Of these changed since the team was told before: ${counted.changed}`] : []),
      'The table has each by its id in RiO, with who uploaded it and what became of it.',
      ...(console === undefined ? [] : [`On the console: ${console}/outcomes?day=${day}&team=${encodeURIComponent(team)}`]),
    ].join('\n\n'),
  }
}
