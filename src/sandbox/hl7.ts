// Reads an HL7 v2 message that came in a SOAP envelope, and its time stamps. It refuses what does not start with MSH;
// all else is read as it stands, for others to judge.

export type Segment = {
  readonly name: string
  /** The first repetition's component, its escapes undone; '' where there is none. Both count from 1. */
  get(field: number, component?: number): string
  /** The components of each repetition, as they stand. */
  repetitions(field: number): readonly (readonly string[])[]
  /** The whole field as it stands. */
  raw(field: number): string
}

export type Message = {
  /** The first segment of that name; one with nothing in it where there is none. */
  segment(name: string): Segment
  segments(name: string): readonly Segment[]
}

export const parseHl7 = (text: string): Message | undefined => {
  const lines = text.trim().split(/\r\n|\r|\n/).map((line) => line.trimStart()).filter((line) => line !== '')
  const head = lines[0] ?? ''
  const separator = head.charAt(3)
  if (!head.startsWith('MSH') || separator === '' || /[A-Za-z0-9\s]/.test(separator)) return undefined
  const encoding = head.slice(4).split(separator)[0] ?? ''
  const [component = '^', repetition = '~', escape = '\\', sub = '&'] = encoding
  const letters: Readonly<Record<string, string>> = { F: separator, S: component, R: repetition, E: escape, T: sub, '.br': '\n' }
  const plain = (value: string): string => !value.includes(escape) ? value : value.split(escape).map((part, i, all) => {
    if (i % 2 === 0) return part
    if (i === all.length - 1) return escape + part
    const hex = /^X((?:[0-9A-Fa-f]{2})+)$/.exec(part)?.[1]
    return letters[part] ?? (hex ? Buffer.from(hex, 'hex').toString('utf8') : '')
  }).join('')
  const segment = (line: string): Segment => {
    const fields = line.split(separator)
    if (fields[0] === 'MSH') fields.splice(1, 0, separator)
    const raw = (field: number): string => fields[field] ?? ''
    const whole = fields[0] === 'MSH' ? [1, 2] : []
    const repetitions = (field: number): readonly (readonly string[])[] => raw(field) === '' ? [] : whole.includes(field) ? [[raw(field)]] : raw(field).split(repetition).map((one) => one.split(component))
    return { name: fields[0] ?? '', raw, repetitions, get: (field, n = 1) => whole.includes(field) ? raw(field) : plain(repetitions(field)[0]?.[n - 1] ?? '') }
  }
  const all = lines.map(segment)
  const none = segment('')
  return { segment: (name) => all.find((one) => one.name === name) ?? none, segments: (name) => all.filter((one) => one.name === name) }
}

const TIME = /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,4}))?)?)?)?)?)?([+-]\d{4})?$/

const london = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' })
const londonAhead = (utc: number): number => {
  const part = Object.fromEntries(london.formatToParts(utc).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']) - Math.floor(utc / 1000) * 1000
}

/**
 * Time stamp values, as PKB's page of that name has them: parts that are missing are the first month or day, or zero; a
 * part that is there in half (`2016020311121`) is an error. Without an offset the time is taken for one of London.
 */
export const timeOf = (text: string): Date | undefined => {
  const found = TIME.exec(text)
  if (!found) return undefined
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '0', offset] = found
  const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), Math.floor(Number(`0.${fraction}`) * 1000))
  if (new Date(wall).toISOString().slice(0, 19) !== `${year}-${month}-${day}T${hour}:${minute}:${second}`) return undefined
  const ahead = offset ? (Number(offset.slice(0, 3)) * 60 + Number(offset.charAt(0) + offset.slice(3))) * 60_000 : londonAhead(wall)
  return new Date(wall - ahead)
}
