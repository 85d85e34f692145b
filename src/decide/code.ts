// The 4-letter code that opens a document's name, and the fact `code`. It refuses near misses: HMHRX is not HMHR,
// and a code in the middle of a name is no code.
import type { FactValue, Found } from '../types.ts'
import type { DocumentCode } from '../policy/schema.ts'

// Invisible characters that would hide a code from the eye and from the match: BOM, zero-width, soft hyphen, bidi marks.
const INVISIBLE = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2064\uFEFF]/gu
// A path in front of a file name is no part of the name.
const FOLDERS = /^.*[\\/]/u

/** The leading token if it is four letters and no letter or digit follows; upper case. */
export const codeOf = (name: string): string | undefined =>
  /^([A-Z]{4})(?![\p{L}\p{N}])/u.exec(name.normalize('NFKC').replace(INVISIBLE, '').replace(FOLDERS, '').trim().toUpperCase())?.[1]

/** Every code in the names of a document, once each, in order. */
export const codesOf = (names: readonly Found[]): readonly string[] => [
  ...new Set(names.flatMap((found) => codeOf(found.text) ?? [])),
]

/**
 * Blocked if any name says so; codes that disagree are unlisted. One that is blocked from PKB beside another code is
 * blocked: no other value is as strict as both, for an unlisted code can be released to PKB.
 */
export const codeFact = (
  names: readonly Found[],
  codes: { readonly [code: string]: DocumentCode },
): { readonly fact: FactValue<'code'>; readonly code?: string; readonly row?: DocumentCode } => {
  const found = codesOf(names).map((code) => ({ code, ...(Object.hasOwn(codes, code) ? { row: codes[code]! } : {}) }))
  const first = found.find(({ row }) => row?.sharing === 'blocked') ?? found.find(({ row }) => row?.sharing === 'blocked-pkb') ?? found[0]
  if (first === undefined) return { fact: 'missing' }
  const sharing = first.row?.sharing
  if (sharing === 'blocked' || sharing === 'blocked-pkb') return { ...first, fact: found.length > 1 ? 'blocked' : sharing }
  return found.length === 1 && sharing ? { ...first, fact: 'listed' } : { code: first.code, fact: 'unlisted' }
}

/**
 * Texts at any other place of the message that open with a code which is blocked and which no name has: a mapping that
 * misses the field with the code must not turn the document loose.
 */
export const blockedElsewhere = (names: readonly Found[], texts: readonly string[], codes: { readonly [code: string]: DocumentCode }): readonly Found[] => {
  const read = new Set(codesOf(names))
  const found = new Map(texts.flatMap((text): [string, string][] => {
    const code = codeOf(text)
    const isBlocked = code !== undefined && Object.hasOwn(codes, code) && codes[code]!.sharing !== 'listed'
    return isBlocked && !read.has(code) ? [[code, text]] : []
  }))
  return [...found.values()].map((text) => ({ text, at: 'elsewhere in the message' }))
}
