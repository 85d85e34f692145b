// What both kinds of message have in common: the nouns of reading, and small rules on found text. It refuses to know
// HL7 or JSON.
import type { Address, Found, Refusal, RioDocument } from '../types.ts'

export type Parsed = { readonly ok: true; readonly document: RioDocument } | { readonly ok: false; readonly refusal: Refusal }

export const refuse = (code: string, at: string, detail: string): { readonly ok: false; readonly refusal: Refusal } => ({ ok: false, refusal: { code, at, detail } })

/** As compared with lists in the mappings: folded more than a sender would ever need, because a match is the stricter outcome. */
const fold = (text: string): string => text.normalize('NFKC').replace(/\s+/gu, ' ').trim().toLowerCase()

/** `*` stands for any value. */
export const speaksAgainst = (values: readonly string[], text: string): boolean =>
  values.some((value) => value === '*' || fold(value) === fold(text))

/** Whether a flag is set. Everything but a plain no is a yes: a date of death, `Y`, and also what nobody understands. */
export const isYes = (text: string): boolean => !['', 'n', 'no', 'false', '0'].includes(fold(text))

/** An object without its undefined properties. */
export const given = <T extends object>(fields: T): { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

export const trimmed = (found: Found | undefined): string | undefined => {
  const text = found?.text.trim()
  return text ? text : undefined
}

/** Of several values the one that lets nothing out, if there is any. */
export const doubtful = (found: readonly Found[], good: readonly string[]): Found | undefined =>
  found.find(({ text }) => !good.some((value) => value.toLowerCase() === text.trim().toLowerCase())) ?? found[0]

/** The value, where all that are there say the same: of two that differ, nobody could say which is meant. */
export const agreed = (found: readonly Found[], unusable: (found: Found, why: string) => void = () => undefined): Found | undefined => {
  const [first, ...others] = found
  const other = others.find(({ text }) => text.trim() !== first?.text.trim())
  if (other) unusable(other, 'differs from another value there')
  return other ? undefined : first
}

/** Lines and postcode of the first address that has either: two addresses are never mixed. `owner` names the address a value stands in. */
export const addressOf = (lines: readonly Found[], postcodes: readonly Found[], owner: (found: Found) => string): Address | undefined => {
  const first = lines[0] ?? postcodes[0]
  if (!first) return undefined
  const mine = (found: Found) => owner(found) === owner(first)
  const postcode = trimmed(postcodes.find(mine))
  return { lines: lines.filter(mine).map((found) => found.text.trim()), ...(postcode ? { postcode } : {}) }
}

/** No system gives longer ids, and PostgreSQL could not keep them in an index: the sender would be told to try again for ever. */
const LONGEST_ID = 500
export const tooLong = (id: string | undefined): boolean => id !== undefined && id.length > LONGEST_ID
export const TOO_LONG = `It is longer than ${LONGEST_ID} characters, and no id.`

/** Places that were not read, in words that stay short however large the message is. */
const MOST = 100
export const unreadPlaces = (places: Iterable<string>): readonly string[] => {
  const all = [...new Set(places)]
  return all.length > MOST ? [...all.slice(0, MOST), `and ${all.length - MOST} more`] : all
}

/** PostgreSQL takes no NUL in text; an escape can hide one from intake. */
export const holdsNul = (value: unknown): boolean =>
  typeof value === 'string' ? value.includes('\0') : typeof value === 'object' && value !== null && Object.values(value).some(holdsNul)
