// Instants as people in a trust read them: London time, and ages in one unit. It refuses to read the clock.
const inLondon = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const dayOnly = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' })

/** `23 Nov 2026, 10:04:05`; a date alone as `23 November 2026`; what is neither, as it stands. */
export const londonTime = (text: string): string => {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return text
  return /^\d{4}-\d{2}-\d{2}$/u.test(text) ? dayOnly.format(time) : inLondon.format(time)
}

/** Of a time limit: midnight is `the end of 22 Nov 2026`. */
export const endTime = (text: string): string => {
  const time = londonTime(text)
  return time.endsWith(', 00:00:00') ? `the end of ${londonTime(new Date(Date.parse(text) - 1).toISOString()).split(',')[0]}` : time
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
