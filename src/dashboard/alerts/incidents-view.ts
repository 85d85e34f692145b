// Alerts in words ready for a view. It refuses patient data: an incident names a feed, a destination, a group or a
// directorate, and the page behind its link has the documents.
import { kindOf, SAYINGS, WAYS, type Incident, type Way } from '../../decide/incidents.ts'
import { lastsInWords } from '../../decide/notification.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { ageOf, londonTime } from '../times.ts'
import { number } from '../assurance/numbers-view.ts'

type Listed = Awaited<ReturnType<Ledger['incidents']>>
type Open = Listed['open'][number]

const SEVERITIES = { severe: { text: 'Severe', colour: 'red' }, serious: { text: 'Serious', colour: 'orange' } } as const

const toldView = ({ way, says, at, sentAt, tries, lastCode }: Open['told'][number]) => {
  const what = `${WAYS[way]}, ${SAYINGS[says].toLowerCase()}`
  if (sentAt !== undefined) return { text: `${what}: sent ${londonTime(sentAt)}` }
  return tries > 0 ? { text: `${what}: not sent since ${londonTime(at)}, tried ${tries === 1 ? 'once' : `${tries} times`} (${lastCode ?? 'unknown'})`, failed: true } : { text: `${what}: about to be sent` }
}

const openView = (one: Open, now: Date) => {
  const { id, kind, thing, about, count, since, times, calmSince, taken, told } = one
  const { severity, title, means, todo, owner, href } = kindOf(kind)
  return {
    id, what: `${title}: ${about}`, means, severity: SEVERITIES[severity], taken, href: href(thing),
    rows: [
      { key: 'Since', value: `${londonTime(since)} (${ageOf(since, now)})` },
      ...(count === undefined ? [] : [{ key: 'Documents', value: number(count) }]),
      { key: 'What to do', value: todo }, { key: 'Whose', value: owner },
      ...(taken ? [{ key: 'In hand', value: `${taken.by}, since ${londonTime(taken.at)}. ${taken.reason}` }] : []),
      ...(times > 1 ? [{ key: 'Came back', value: times === 2 ? 'Once' : `${times - 1} times` }] : []),
      ...(calmSince === undefined ? [] : [{ key: 'Calm', value: `Since ${londonTime(calmSince)}. It counts as resolved when it stays so.` }]),
    ],
    told: told.map(toldView),
  }
}

const resolvedView = ({ id, kind, about, openedAt, resolvedAt, taken }: Incident) => ({
  id, what: `${kindOf(kind).title}: ${about}`, from: londonTime(openedAt), to: londonTime(resolvedAt!), lasted: lastsInWords(openedAt, resolvedAt!), taken: taken?.by ?? 'Nobody',
})

const severe = (one: Incident): number => (kindOf(one.kind).severity === 'severe' ? 0 : 1)

/** Severe ones first, then the oldest. */
export const incidentsView = ({ open, resolved }: Listed, now: Date) => ({
  open: open.toSorted((a, b) => severe(a) - severe(b) || (a.taken ? 1 : 0) - (b.taken ? 1 : 0) || a.openedAt.localeCompare(b.openedAt)).map((one) => openView(one, now)),
  resolved: resolved.map(resolvedView),
})

export const waysView = (ways: readonly Way[]) => ({ ways: ways.map((way) => WAYS[way].toLowerCase()) })
