// How much working time lies between two moments: nine to five on the working days of England, in London. Pure. It
// refuses the clock of the machine, and to count a night, a weekend or a bank holiday as silence.
import { londonDay, startOfLondonDay } from './london.ts'
import { isWorkingDay } from './working-days.ts'

const HOUR_MS = 3_600_000
/** The clocks change on a Sunday, on which nobody works: on a working day these are the hours after midnight. */
const [OPENS, CLOSES] = [9, 17]
/** Longer ago than this nobody asks exactly. */
const MOST_DAYS = 400

const next = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + 24 * HOUR_MS).toISOString().slice(0, 10)

/** From one instant to another; none if the second is not later. */
export const workingHours = (from: string, to: string, notOn: readonly string[] = []): number => {
  const [begins, ends] = [Date.parse(from), Date.parse(to)]
  const last = londonDay(new Date(ends))
  let worked = 0
  for (let [day, left] = [londonDay(new Date(Math.max(begins, ends - MOST_DAYS * 24 * HOUR_MS))), MOST_DAYS + 2]; day <= last && left > 0; day = next(day), left -= 1) {
    if (!isWorkingDay(day, notOn)) continue
    const midnight = Date.parse(startOfLondonDay(day)!)
    worked += Math.max(0, Math.min(ends, midnight + CLOSES * HOUR_MS) - Math.max(begins, midnight + OPENS * HOUR_MS))
  }
  return worked / HOUR_MS
}
