// How much working time lies between two moments, and when so much of it is over: nine to five on the working days of
// England, in London. Pure. It refuses the clock of the machine, and to count a night, a weekend or a bank holiday.
import { londonDay, startOfLondonDay } from './london.ts'
import { isWorkingDay } from './working-days.ts'

const HOUR_MS = 3_600_000
/** The clocks change on a Sunday, on which nobody works: on a working day these are the hours after midnight. */
const [OPENS, CLOSES] = [9, 17]
/** Longer ago than this nobody asks exactly. */
const MOST_DAYS = 400

const shift = (day: string, by: 1 | -1): string => new Date(Date.parse(`${day}T00:00:00Z`) + by * 24 * HOUR_MS).toISOString().slice(0, 10)
const next = (day: string): string => shift(day, 1)
/** The hour of that day in London, as a moment. */
const hourOf = (day: string, hour: number): number => Date.parse(startOfLondonDay(day)!) + hour * HOUR_MS

/** From one instant to another; none if the second is not later. */
export const workingHours = (from: string, to: string, notOn: readonly string[] = []): number => {
  const [begins, ends] = [Date.parse(from), Date.parse(to)]
  const last = londonDay(new Date(ends))
  let worked = 0
  for (let [day, left] = [londonDay(new Date(Math.max(begins, ends - MOST_DAYS * 24 * HOUR_MS))), MOST_DAYS + 2]; day <= last && left > 0; day = next(day), left -= 1) {
    if (!isWorkingDay(day, notOn)) continue
    worked += Math.max(0, Math.min(ends, hourOf(day, CLOSES)) - Math.max(begins, hourOf(day, OPENS)))
  }
  return worked / HOUR_MS
}

/** The first moment at which so many hours have been worked since then. `hours`: more than none. */
export const workedUntil = (from: string, hours: number, notOn: readonly string[] = []): string => {
  const began = Date.parse(from)
  let left = hours * HOUR_MS
  for (let day = londonDay(new Date(began)); ; day = shift(day, 1)) {
    if (!isWorkingDay(day, notOn)) continue
    const opens = Math.max(began, hourOf(day, OPENS))
    const room = hourOf(day, CLOSES) - opens
    if (room >= left) return new Date(opens + left).toISOString()
    left -= Math.max(0, room)
  }
}

/** The other way round: the last moment since which so many hours have been worked by now. */
export const workedSince = (now: string, hours: number, notOn: readonly string[] = []): string => {
  const ends = Date.parse(now)
  let left = hours * HOUR_MS
  for (let day = londonDay(new Date(ends)); ; day = shift(day, -1)) {
    if (!isWorkingDay(day, notOn)) continue
    const closes = Math.min(ends, hourOf(day, CLOSES))
    const room = closes - hourOf(day, OPENS)
    if (room >= left) return new Date(closes - left).toISOString()
    left -= Math.max(0, room)
  }
}
