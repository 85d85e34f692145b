// Characters that nobody sees and that make two texts differ which look alike. It refuses none itself: it finds them,
// and compares texts as the eye does.

/** Zero-width and other format characters, fillers, and control characters other than tabs and line breaks. */
const INVISIBLE = /[\p{Cf}\p{Variation_Selector}\u034F\u115F\u1160\u3164\uFFA0]|(?![\t\n\r])\p{Cc}/u
/** White space that is neither an ordinary space nor a line break. */
const ODD_SPACE = /[^\S \n\r]/u

/** The first such character, where it stands, and what to do. */
export const findUnseen = (text: string): { readonly index: number; readonly message: string } | undefined => {
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
