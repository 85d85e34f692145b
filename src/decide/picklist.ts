// The fact `instruction`, from RiO's picklist. It matches whole values only: "MH DO NOT share with patient" holds
// the words "share with patient". It refuses to guess: what it does not know is unrecognised, and that is not share.
import type { FactValue, Found } from '../types.ts'

/** NFKC, trimmed, white space collapsed, case folded: the form in which picklist texts are compared. */
export const foldPicklist = (text: string): string => text.normalize('NFKC').replace(/\s+/gu, ' ').trim().toLowerCase()

export const instruction = (
  picklist: readonly Found[],
  policy: { readonly share: readonly string[]; readonly withhold: readonly string[] },
): FactValue<'instruction'> => {
  const texts = [...new Set(picklist.map((found) => foldPicklist(found.text)).filter((text) => text !== ''))]
  if (texts.length === 0) return 'missing'
  const meanings = new Set(texts.map((text) => meaning(text, policy)))
  // Two values that disagree: nobody can know which one was meant.
  return meanings.size === 1 ? [...meanings][0]! : 'unrecognised'
}

const meaning = (text: string, policy: { readonly share: readonly string[]; readonly withhold: readonly string[] }): 'share' | 'withhold' | 'unrecognised' =>
  policy.withhold.includes(text) ? 'withhold' : policy.share.includes(text) ? 'share' : 'unrecognised'

/** Letters and digits alone: a full stop, quotes or an invisible character make no other text of it. */
const words = (text: string): string => foldPicklist(text).replace(/[\p{Cf}\p{M}]+/gu, '').replace(/[^\p{L}\p{N}]+/gu, ' ').trim()

/** So much may stand before or behind it, such as a number or "Document type:". A longer text is about it, and is not it. */
const MORE = 16

/**
 * The picklist, and with it what says do-not-share at any other place of the message: a mapping that reads the wrong
 * field must not turn a document loose. Only texts of several words count: "N" stands in many fields.
 */
export const heeding = (picklist: readonly Found[], texts: readonly string[], withhold: readonly string[]): readonly Found[] => {
  const read = new Set(picklist.map(({ text }) => foldPicklist(text)))
  const overlooked = withhold.filter((text) => !read.has(text)).map(words).filter((text) => text.includes(' '))
  if (overlooked.length === 0) return picklist
  const shortest = Math.min(...overlooked.map((text) => text.length))
  const says = (text: string): boolean => {
    if (text.length < shortest) return false
    const said = words(text)
    return overlooked.some((one) => said.length <= one.length + MORE && ` ${said} `.includes(` ${one} `))
  }
  const found = texts.find(says)
  return found === undefined ? picklist : [...picklist, { text: found, at: 'elsewhere in the message' }]
}
