// Days as people in a trust count them: in London, where two days of a year have 23 and 25 hours. It refuses to read the
// clock, and to know which days are worked: `working-days.ts` does.

const days = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', year: 'numeric', month: '2-digit', day: '2-digit' })
const hours = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', hourCycle: 'h23' })

/** `2026-11-23`: the day in London at an instant. */
export const londonDay = (instant: Date): string => days.format(instant)

/** The hour of the clock in London at an instant, 0 to 23. */
export const londonHour = (instant: Date): number => Number(hours.format(instant))

/** The instant at which a day begins in London; undefined if there is no such day. */
export const startOfLondonDay = (day: string): string | undefined => {
  const midnight = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined
  return new Date(midnight.getTime() - londonHour(midnight) * 3_600_000).toISOString()
}

/** The instant at which it is over: when the next day begins. */
export const endOfLondonDay = (day: string): string | undefined =>
  startOfLondonDay(day) && startOfLondonDay(new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10))
