// What a notification says: subject and text of a mail, and the body of a webhook. Pure. It refuses patient data and the
// ids that RiO gave: there are words, numbers, times and links to the console, where who may look has to sign in.
import { kindOf, SAYINGS, type Incident, type Saying } from './incidents.ts'

export type Notice = { readonly id: string; readonly says: Saying; readonly incident: Incident }
/** `console`: the public address of the pages, without a slash at its end; undefined where nobody has set it. */
export type NoticeParts = { readonly console?: string; readonly now: string }

const london = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const time = (at: string): string => london.format(new Date(at))

const UNITS = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]] as const
/** `3 days`, `1 hour`, `less than a minute`. */
export const lastsInWords = (from: string, to: string): string => {
  const ms = Date.parse(to) - Date.parse(from)
  for (const [unit, length] of UNITS) if (ms >= length) return `${Math.floor(ms / length)} ${unit}${ms >= 2 * length ? 's' : ''}`
  return 'less than a minute'
}

const documents = (count: number | undefined): string => (count === undefined ? '' : `, ${count.toLocaleString('en-GB')} ${count === 1 ? 'document' : 'documents'}`)
const whatOf = ({ kind, about }: Incident): string => `${kindOf(kind).title}: ${about}`

/** `Openletter: open: Nothing comes in: rio-mllp`; of several, how many. */
export const subjectOf = (notices: readonly Notice[]): string => {
  const [one] = notices
  if (notices.length === 1 && one) return `Openletter: ${SAYINGS[one.says].toLowerCase()}: ${whatOf(one.incident)}`
  const counted = (Object.keys(SAYINGS) as readonly Saying[]).map((says) => [SAYINGS[says].toLowerCase(), notices.filter((notice) => notice.says === says).length] as const)
  return `Openletter: ${counted.filter(([, count]) => count > 0).map(([text, count]) => `${count} ${text}`).join(', ')}`
}

const paragraph = ({ says, incident }: Notice, { console, now }: NoticeParts): string => {
  const { kind, since, openedAt, resolvedAt, times, count } = incident
  const { means, todo, owner, href } = kindOf(kind)
  const link = console === undefined ? [] : [`Look: ${console}${href(incident.thing)}`]
  const head = `${SAYINGS[says]}: ${whatOf(incident)}${says === 'resolved' ? '' : documents(count)}`
  if (says === 'resolved') return [head, `It was open for ${lastsInWords(openedAt, resolvedAt ?? now)}, from ${time(openedAt)} to ${time(resolvedAt ?? now)}.`].join('\n')
  return [
    head, means, `Since ${time(since)}, for ${lastsInWords(since, now)}.${times > 1 ? ` It was wrong ${times} times since it was first seen.` : ''}`,
    `What to do: ${todo}`, `Whose: ${owner}.`, ...link,
  ].join('\n')
}

export const textOf = (notices: readonly Notice[], parts: NoticeParts): string => [
  ...notices.map((notice) => paragraph(notice, parts)),
  parts.console === undefined ? 'All alerts are on the page Alerts of the console.' : `All alerts, and where to take one in hand: ${parts.console}/alerts`,
].join('\n\n')

/** For a program: one notification. `id` is the same when it is sent again. */
export const payloadOf = ({ id, says, incident }: Notice, { console, now }: NoticeParts): string => {
  const { id: incidentId, kind, about, count, since, openedAt, resolvedAt, times } = incident
  const { severity, title, href } = kindOf(kind)
  return JSON.stringify({
    id, type: `alert.${says}`, at: now,
    alert: { id: incidentId, kind, severity, title, about, count, since, openedAt, resolvedAt, times }, link: console === undefined ? undefined : `${console}${href(incident.thing)}`,
  })
}
