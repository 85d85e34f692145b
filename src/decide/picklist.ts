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
