// Characters that nobody sees, or that look like others, and that make two texts differ which look alike. It refuses none
// itself: it finds them, and compares texts as the eye does.
import { isAlike, UNSEEN } from '../../decide/code.ts'

/** And control characters other than tabs and line breaks. */
const INVISIBLE = new RegExp(String.raw`[${UNSEEN}]|(?![\t\n\r])\p{Cc}`, 'u')
/** White space that is neither an ordinary space nor a line break. */
const ODD_SPACE = /[^\S \n\r]/u

const OTHERS = String.raw`[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]`
/** A letter of another alphabet within a word in Latin ones: `АDULT1`, copied from elsewhere, is not ADULT1. */
const OTHER_ALPHABET = new RegExp(String.raw`(?<=\p{Script=Latin}[\p{L}\p{M}\p{N}_]*)${OTHERS}|${OTHERS}(?=[\p{L}\p{M}\p{N}_]*\p{Script=Latin})`, 'u')
/** A text that is nothing but such a word: a lone `Ν` is no N. */
const alikeWord = (text: string): RegExpExecArray | undefined => {
  const word = /[\p{L}\p{M}]+/u.exec(text)
  return word && isAlike(text.replaceAll(/[^\p{L}\p{M}]+/gu, '')) ? word : undefined
}
/** Quotes as word processors type them, round the whole text: to a program they are a part of it. */
const TYPED_QUOTES = /^(?:[“”„‘’«].*["'“”‘’»]|["'].*[“”‘’»])$/su
/** Wide forms, as keyboards for Chinese and Japanese type them. */
const WIDE = /[\uFF01-\uFF5E]/u

/** The first such character or word, where it stands, and what to do. */
export const findUnseen = (text: string): { readonly index: number; readonly message: string } | undefined => {
  const strange = OTHER_ALPHABET.exec(text) ?? WIDE.exec(text) ?? alikeWord(text)
  const unseen = findHidden(text)
  if (unseen && (!strange || unseen.index <= strange.index)) return unseen
  if (strange) return { index: strange.index, message: `here stands ${strange[0]} (${[...strange[0]].map(nameOf).join(' ')}), which only looks like ${strange[0].length > 1 ? 'a word in our letters' : 'one of our letters or signs'}: type it again` }
  return TYPED_QUOTES.test(text) ? { index: 0, message: `here stands a quote as a word processor types it (${text[0]} … ${text.at(-1)}), which counts as part of the text: type straight quotes, or none` } : undefined
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
