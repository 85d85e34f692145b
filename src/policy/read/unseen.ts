// Characters that nobody sees, or that look like others, and that make two texts differ which look alike. It refuses none
// itself: it finds them, and compares texts as the eye does.
import { UNSEEN } from '../../decide/code.ts'

/** And control characters other than tabs and line breaks. */
const INVISIBLE = new RegExp(String.raw`[${UNSEEN}]|(?![\t\n\r])\p{Cc}`, 'u')
/** White space that is neither an ordinary space nor a line break. */
const ODD_SPACE = /[^\S \n\r]/u

/** A letter of another alphabet within a word in Latin ones: `АDULT1`, copied from elsewhere, is not ADULT1. */
const OTHER_ALPHABET = /(?<=\p{Script=Latin}[\p{L}\p{M}\p{N}_]*)[\p{Script=Cyrillic}\p{Script=Greek}]|[\p{Script=Cyrillic}\p{Script=Greek}](?=[\p{L}\p{M}\p{N}_]*\p{Script=Latin})/u
/** Wide forms, as keyboards for Chinese and Japanese type them. */
const WIDE = /[\uFF01-\uFF5E]/u

/** The first such character, where it stands, and what to do. */
export const findUnseen = (text: string): { readonly index: number; readonly message: string } | undefined => {
  const strange = OTHER_ALPHABET.exec(text) ?? WIDE.exec(text)
  const unseen = findHidden(text)
  if (unseen && (!strange || unseen.index <= strange.index)) return unseen
  return strange ? { index: strange.index, message: `here stands ${strange[0]} (${nameOf(strange[0])}), which only looks like one of our letters or signs: type it again` } : undefined
}

const findHidden = (text: string): { readonly index: number; readonly message: string } | undefined => {
  const invisible = INVISIBLE.exec(text)
  const odd = ODD_SPACE.exec(text)
  if (invisible && (!odd || invisible.index <= odd.index)) return { index: invisible.index, message: `here stands a character that nobody sees (${nameOf(invisible[0])}): take it out` }
  if (!odd) return undefined
  const kind = odd[0] === '\t' ? 'a tab' : odd[0] === '\u00A0' ? 'a non-breaking space (U+00A0)' : `a space of another kind (${nameOf(odd[0])})`
  return { index: odd.index, message: `here stands ${kind}: type an ordinary space, or none` }
}

const nameOf = (character: string): string => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`

/** As the eye reads it: without invisible characters, capitals and differences in spacing. */
export const asSeen = (text: string): string => text.normalize('NFKC').replace(new RegExp(INVISIBLE.source, 'gu'), '').replace(/\s+/gu, ' ').trim().toLowerCase()
