// Times and dates as senders write them, as ISO 8601. It refuses to guess: what is impossible or incomplete is
// undefined, and an unknown time can only tighten.

type Wall = { readonly year: number; readonly month: number; readonly day: number; readonly hour: number; readonly minute: number; readonly second: number; readonly ms: number }

// YYYY[MM[DD[HHMM[SS[.S+]]]]][+/-ZZZZ]
const HL7 = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(\d{2})(?:(\d{2})(?:\.(\d+))?)?)?)?)?([+-]\d{4})?$/u
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:?\d{2})?)?$/iu

/** An HL7 time as an ISO instant in UTC; a part that is left out counts as its beginning. */
export const hl7Instant = (text: string, timeZone: string): string | undefined => instant(HL7.exec(text.trim()), timeZone)

/** An ISO 8601 time (or date: its beginning) as an instant in UTC. */
export const isoInstant = (text: string, timeZone: string): string | undefined => instant(ISO.exec(text.trim()), timeZone)

/** The day as written, YYYY-MM-DD. A time behind it is not looked at. */
export const hl7Day = (text: string): string | undefined => day(/^(\d{4})(\d{2})(\d{2})(?:\d{2,}.*)?$/u.exec(text.trim()))
export const isoDay = (text: string): string | undefined => day(/^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$/u.exec(text.trim()))

/** A date where the sender gave no more than that, else an instant. */
export const hl7DateOrInstant = (text: string, timeZone: string): string | undefined =>
  /^\d{8}$/u.test(text.trim()) ? hl7Day(text) : text.trim().length > 8 ? hl7Instant(text, timeZone) : undefined
export const isoDateOrInstant = (text: string, timeZone: string): string | undefined =>
  /^\d{4}-\d{2}-\d{2}$/u.test(text.trim()) ? isoDay(text) : isoInstant(text, timeZone)

const day = (match: RegExpExecArray | null): string | undefined => {
  if (!match) return undefined
  const [year, month, date] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return utc({ year, month, day: date, hour: 0, minute: 0, second: 0, ms: 0 }) === undefined ? undefined : `${match[1]}-${match[2]}-${match[3]}`
}

const instant = (match: RegExpExecArray | null, timeZone: string): string | undefined => {
  if (!match) return undefined
  const [year, month, date, hour, minute, second] = [match[1], match[2] ?? '01', match[3] ?? '01', match[4] ?? '00', match[5] ?? '00', match[6] ?? '00'].map(Number) as [number, number, number, number, number, number]
  const wall = { year, month, day: date, hour, minute, second, ms: Number((match[7] ?? '').padEnd(3, '0').slice(0, 3)) }
  const asUtc = utc(wall)
  if (asUtc === undefined) return undefined
  const zone = match[8]
  if (zone === undefined) return iso(inZone(asUtc, timeZone))
  const offset = offsetMs(zone)
  return offset === undefined ? undefined : iso(asUtc - offset)
}

/** Of years with four digits, also once it is in UTC: no other is a time to those who read it. */
const iso = (time: number | undefined): string | undefined => (time === undefined || time > LAST ? undefined : new Date(time).toISOString())
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** The wall clock read as UTC, or undefined if no calendar or clock shows it. */
const utc = ({ year, month, day, hour, minute, second, ms }: Wall): number | undefined => {
  if (year < 1800) return undefined
  const time = Date.UTC(year, month - 1, day, hour, minute, second, ms)
  const back = new Date(time)
  const same = back.getUTCFullYear() === year && back.getUTCMonth() === month - 1 && back.getUTCDate() === day
  return same && hour < 24 && minute < 60 && second < 60 ? time : undefined
}

const offsetMs = (zone: string): number | undefined => {
  if (/^z$/iu.test(zone)) return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))]
  if (hours > 14 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const HALF_DAY = 12 * 3_600_000

/**
 * A wall clock in a zone as UTC. In spring, an hour does not exist: undefined. In autumn, one comes twice: the earlier
 * reading is taken, because a message that counts as older can make sharing stricter and never looser.
 */
const inZone = (wall: number, timeZone: string): number | undefined => {
  const offsets = new Set([zoneOffset(wall - HALF_DAY, timeZone), zoneOffset(wall + HALF_DAY, timeZone)])
  const readings = [...offsets].map((offset) => wall - offset).filter((time) => time + zoneOffset(time, timeZone) === wall)
  return readings.length === 0 ? undefined : Math.min(...readings)
}

const formats = new Map<string, Intl.DateTimeFormat>()
const formatFor = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
  formats.set(timeZone, made)
  return made
}

/** Clocks are changed on quarters of an hour, so an offset holds for one; asking `Intl` costs more than all other parsing. */
const QUARTER = 15 * 60_000
const MOST_REMEMBERED = 1000
const remembered = new Map<string, number>()

/** How far the zone's clocks are ahead of UTC at this time, in milliseconds. */
const zoneOffset = (time: number, timeZone: string): number => {
  const start = Math.floor(time / QUARTER) * QUARTER
  const key = `${timeZone} ${start}`
  const known = remembered.get(key)
  if (known !== undefined) return known
  const parts = Object.fromEntries(formatFor(timeZone).formatToParts(start).map(({ type, value }) => [type, Number(value)]))
  const offset = Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']) - start
  if (remembered.size >= MOST_REMEMBERED) remembered.clear()
  remembered.set(key, offset)
  return offset
}
