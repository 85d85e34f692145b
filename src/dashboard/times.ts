// Instants as people in a trust read them: London time, and ages in one unit. It refuses to read the clock.
const inLondon = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const dayOnly = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' })
const londonHour = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', hourCycle: 'h23' })

/** `23 Nov 2026, 10:04:05`; a date alone as `23 November 2026`; what is neither, as it stands. */
export const londonTime = (text: string): string => {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return text
  return /^\d{4}-\d{2}-\d{2}$/u.test(text) ? dayOnly.format(time) : inLondon.format(time)
}

const UNITS = [['day', 86_400], ['hour', 3600], ['minute', 60]] as const

/** `3 days`, `1 hour`, `less than a minute`. */
export const ageOf = (text: string, now: Date): string => {
  const secs = (now.getTime() - new Date(text).getTime()) / 1000
  for (const [unit, length] of UNITS) {
    const count = Math.floor(secs / length)
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'}`
  }
  return 'less than a minute'
}

/** The instant at which a day begins in London; undefined if there is no such day. */
export const startOfLondonDay = (day: string): string | undefined => {
  const midnight = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined
  return new Date(midnight.getTime() - Number(londonHour.format(midnight)) * 3_600_000).toISOString()
}

/** The instant at which it is over: when the next day begins. */
export const endOfLondonDay = (day: string): string | undefined =>
  startOfLondonDay(day) && startOfLondonDay(new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10))

const days = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', year: 'numeric', month: '2-digit', day: '2-digit' })

/** `2026-11-23`: the day in London at an instant. */
export const londonDay = (instant: Date): string => days.format(instant)
