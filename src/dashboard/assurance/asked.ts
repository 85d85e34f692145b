// A time that numbers are asked for: since, until and, where it makes sense, a directorate. It refuses every other
// parameter, so that a slip of the pen is never taken for an answer about everything.
import { readFilter, type Wrong } from '../documents/filter.ts'
import { londonDay, startOfLondonDay } from '../../decide/london.ts'

export type Asked = {
  /** Instants; `until` is the first that is left out. */
  readonly since: string
  readonly until: string
  /** As it was given, for links and the form: a day, or an instant. */
  readonly sinceText: string
  readonly untilText?: string
  readonly directorate?: string
}
export type AskedRead = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

type Rules = { /** Days before today where nothing is said. */ readonly usualDays: number; readonly mostDays?: number; readonly directorate?: boolean; /** What the page takes besides, and has read itself. */ readonly also?: readonly string[] }

const DAY_MS = 86_400_000

export const readAsked = (raw: { readonly [name: string]: unknown }, { usualDays, mostDays, directorate: takesDirectorate = false, also = [] }: Rules, now: Date): AskedRead => {
  const { since, until, directorate, ...others } = raw
  const read = readFilter({ since, until, ...(takesDirectorate ? { directorate } : {}) }, 'query')
  const isUnknown = Object.keys(others).length > 0 || (!takesDirectorate && directorate !== undefined)
  const names = ['since', 'until', ...(takesDirectorate ? ['directorate'] : []), ...also]
  const wrong: Wrong[] = [
    ...(read.ok ? [] : read.wrong),
    ...(isUnknown ? [{ parameter: 'a parameter', why: `There is no such parameter. Use ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.` }] : []),
  ]
  if (!read.ok || wrong.length > 0) return { ok: false, wrong }
  const { filter } = read
  const usual = londonDay(new Date(Date.parse(filter.until ?? now.toISOString()) - usualDays * DAY_MS))
  const asked: Asked = {
    since: filter.since ?? startOfLondonDay(usual)!, until: filter.until ?? now.toISOString(), sinceText: filter.since === undefined ? usual : textOf(since),
    ...(filter.until === undefined ? {} : { untilText: textOf(until) }), ...(filter.directorate === undefined ? {} : { directorate: filter.directorate }),
  }
  if (asked.since >= asked.until) return { ok: false, wrong: [{ parameter: 'until', why: 'Use a time after that of since.' }] }
  // A clock change makes one day longer.
  if (mostDays !== undefined && Date.parse(asked.until) - Date.parse(asked.since) > (mostDays + 1) * DAY_MS) return { ok: false, wrong: [{ parameter: 'since', why: `Ask for at most ${mostDays} days.` }] }
  return { ok: true, asked }
}

const textOf = (value: unknown): string => [value].flat().map(String).join('').trim()
