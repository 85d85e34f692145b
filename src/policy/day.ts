// What to write instead of a date that is none: spreadsheets turn 2026-10-01 into 01/10/2026 or 46296. It refuses to
// read such a date itself: whoever keeps the file says which day is meant.
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december']
const NAMES = MONTHS.map((month) => `${month[0]!.toUpperCase()}${month.slice(1)}`)
const DAY_MS = 86_400_000

/** How the schema begins what it says of a date. */
export const DATE_WANTED = 'write a date as'

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()
const written = (year: number, month: number, day: number): string | undefined =>
  month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) ? `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}` : undefined
const fullYear = (text: string): number => (text.length === 2 ? 2000 + Number(text) : Number(text))

/** The day that is most likely meant, as 2026-10-01. */
const meant = (text: string): string | undefined => {
  const [, year, month, day] = /^(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?:[T ].*)?$/u.exec(text) ?? []
  if (year) return written(Number(year), Number(month), Number(day))
  const [, first, second, third] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?: .*)?$/u.exec(text) ?? []
  if (third) return written(fullYear(third), Number(second), Number(first)) ?? written(fullYear(third), Number(first), Number(second))
  const [, date, name, when] = /^(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})[\s,-]+(\d{4}|\d{2})$/iu.exec(text) ?? []
  if (when) return written(fullYear(when), MONTHS.findIndex((month) => month.startsWith(name!.toLowerCase())) + 1, Number(date))
  // The number of a day since the end of 1899: what is left of a date in a cell that became a number.
  return /^[34]\d{4}$/u.test(text) || /^5\d{4}$/u.test(text) ? new Date(Date.UTC(1899, 11, 30) + Number(text) * DAY_MS).toISOString().slice(0, 10) : undefined
}

export const dayAdvice = (text: string, quote: '"' | ''): string => {
  const [, year, month] = /^(\d{4})-(\d{2})-\d{2}$/u.exec(text) ?? []
  const name = NAMES[Number(month) - 1]
  if (year) return `no calendar has ${text}: ${name ? `${name} ${year} has ${daysIn(Number(year), Number(month))} days` : 'a year has 12 months'}`
  const day = meant(text.trim())
  return day ? `write ${quote}${day}${quote}, if that is the day that ${text.trim()} means` : `${DATE_WANTED} ${quote}2026-11-20${quote}`
}
