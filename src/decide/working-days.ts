// Until when something is waited for: exact hours and days, or whole working days of England. Pure. It refuses the clock
// of the machine: days are those of London, and begin and end at midnight there, in summer time as in winter time.
import type { Span } from '../types.ts'
import { londonDay, londonHour } from './london.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A day as YYYY-MM-DD; as texts they compare in the order of time. */
type Day = string

// ---------------------------------------------------------------- days in London


/** As if in UTC: only to count with. */
const counted = (day: Day): number => Date.parse(`${day}T00:00:00.000Z`)
const dayOf = (count: number): Day => new Date(count).toISOString().slice(0, 10)
const shift = (day: Day, by: number): Day => dayOf(counted(day) + by * DAY_MS)
const weekday = (day: Day): number => new Date(counted(day)).getUTCDay()

/** Midnight in London with which the day begins. The clocks change at one o'clock, so each day has exactly one. */
const beginning = (day: Day): number => {
  const utc = counted(day)
  return londonHour(new Date(utc)) === 0 ? utc : utc - HOUR_MS
}

// ---------------------------------------------------------------- bank holidays of England

const date = (year: number, month: number, day: number): Day => dayOf(Date.UTC(year, month - 1, day))

/** Gauss's rule as published by Meeus, Jones and Butcher. */
const easterSunday = (year: number): Day => {
  const [a, b, c] = [year % 19, Math.floor(year / 100), year % 100]
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7
  const n = h + l - 7 * Math.floor((a + 11 * h + 22 * l) / 451) + 114
  return date(year, Math.floor(n / 31), (n % 31) + 1)
}

const firstMonday = (year: number, month: number): Day => {
  const first = date(year, month, 1)
  return shift(first, (8 - weekday(first)) % 7)
}
const lastMonday = (year: number, month: number): Day => {
  const last = shift(date(year, month + 1, 1), -1)
  return shift(last, -((weekday(last) + 6) % 7))
}

/** Where they fall on a weekend, the next days that are none stand in for them. */
const substituted = (days: readonly Day[]): readonly Day[] => days.reduce<readonly Day[]>((found, day) => {
  let free = day
  while (isWeekend(free) || found.includes(free) || (free !== day && days.includes(free))) free = shift(free, 1)
  return [...found, free]
}, [])

const isWeekend = (day: Day): boolean => weekday(day) === 0 || weekday(day) === 6

/** What was proclaimed for one year. */
const EXCEPTIONS: Readonly<Record<number, { readonly early?: Day; readonly spring?: Day; readonly also?: readonly Day[] }>> = {
  2020: { early: '2020-05-08' },
  2022: { spring: '2022-06-02', also: ['2022-06-03', '2022-09-19'] },
  2023: { also: ['2023-05-08'] },
}

/** In the order of the year. */
export const bankHolidays = (year: number): readonly Day[] => {
  const easter = easterSunday(year)
  const { early, spring, also = [] } = EXCEPTIONS[year] ?? {}
  return [
    ...substituted([date(year, 1, 1)]), shift(easter, -2), shift(easter, 1), early ?? firstMonday(year, 5), spring ?? lastMonday(year, 5), lastMonday(year, 8),
    ...substituted([date(year, 12, 25), date(year, 12, 26)]), ...also,
  ].sort()
}

const known = new Map<number, ReadonlySet<Day>>()
const isBankHoliday = (day: Day): boolean => {
  const year = Number(day.slice(0, 4))
  const days = known.get(year) ?? new Set(bankHolidays(year))
  known.set(year, days)
  return days.has(day)
}

// ---------------------------------------------------------------- working days

export const isWorkingDay = (day: Day, notOn: readonly Day[] = []): boolean => !isWeekend(day) && !isBankHoliday(day) && !notOn.includes(day)

/** The n-th working day after a day, or before it. */
const working = (day: Day, count: number, step: 1 | -1, notOn: readonly Day[]): Day => {
  let at = day
  for (let left = count; left > 0;) {
    at = shift(at, step)
    if (isWorkingDay(at, notOn)) left -= 1
  }
  return at
}

const length = (span: Exclude<Span, { readonly working_days: number }>): number => ('hours' in span ? Math.round(span.hours * HOUR_MS) : span.days * DAY_MS)

/** When the time is up. Working days are whole ones: the day on which it begins does not count, and the last one ends at midnight. */
export const deadline = (from: string, span: Span): string => {
  const began = new Date(from)
  if (!('working_days' in span)) return new Date(began.getTime() + length(span)).toISOString()
  return new Date(beginning(shift(working(londonDay(began), span.working_days, 1, span.not_on ?? []), 1))).toISOString()
}

/** The other way round: the last moment at which something began whose time is up by now. */
export const beganBy = (now: string, span: Span): string => {
  const at = new Date(now)
  if (!('working_days' in span)) return new Date(at.getTime() - length(span)).toISOString()
  return new Date(beginning(working(londonDay(at), span.working_days, -1, span.not_on ?? [])) - 1).toISOString()
}
