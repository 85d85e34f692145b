// Times as PKB reads them: whole values only, for half of one is an error there. Pure. It refuses to guess what cannot
// be read as a time.

type Wall = { readonly day: string; readonly time: string }

const london = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/London', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
})

const wallOf = (at: Date): Wall => {
  const part = Object.fromEntries(london.formatToParts(at).map(({ type, value }) => [type, value]))
  return { day: `${part['year']?.padStart(4, '0')}${part['month']}${part['day']}`, time: `${part['hour']}${part['minute']}${part['second']}` }
}

/** MSH-7. PKB discourages an offset there, and HL7 takes a time without one for the sender's own: that of London. */
export const londonTime = (at: Date): string => {
  const { day, time } = wallOf(at)
  return day + time
}

const MINUTE_MS = 60_000

/** With its offset, as PKB recommends for all other fields; by the clock of London, so that its day is the day as written there. */
export const londonTimeWithOffset = (at: Date): string => {
  const local = londonTime(at)
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/u.exec(local) ?? []
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const ahead = Math.round((wall - at.getTime()) / MINUTE_MS)
  const size = Math.abs(ahead)
  return `${local}${ahead < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}${String(size % 60).padStart(2, '0')}`
}

/** A date stays one; an instant is told by the clock of London. Undefined where it is neither. */
export const dayOrTime = (text: string | undefined): string | undefined => {
  if (text === undefined) return undefined
  if (/^\d{4}-\d{2}-\d{2}$/u.test(text)) return text.replaceAll('-', '')
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? undefined : londonTimeWithOffset(at)
}

const DAY_MS = 24 * 60 * MINUTE_MS

/** Whole days from a date or instant until now, rounded up, never less than none. A date began up to an hour before it did in UTC. */
export const daysSince = (text: string, now: Date): number => {
  const began = /^\d{4}-\d{2}-\d{2}$/u.test(text) ? Date.parse(text) - 60 * MINUTE_MS : Date.parse(text)
  return Math.max(0, Math.ceil((now.getTime() - began) / DAY_MS))
}
