// The 4-letter code that opens a document's name, and the fact `code`. It refuses near misses: HMHRX is not HMHR,
// and a code in the middle of a name is no code. Only what the eye would take for a blocked code blocks.
import type { FactValue, Found } from '../types.ts'
import type { DocumentCode } from '../policy/schema.ts'

/** Characters that nobody sees, as a class of an expression has them: zero-width, joiners, bidi marks, fillers. */
export const UNSEEN = String.raw`\p{Cf}\p{Variation_Selector}\u034F\u115F\u1160\u3164\uFFA0`
// They would hide a code from the match.
const INVISIBLE = new RegExp(`[${UNSEEN}]`, 'gu')
// A path in front of a file name is no part of the name.
const FOLDERS = /^.*[\\/]/u

const plain = (name: string): string => name.normalize('NFKC').replace(INVISIBLE, '').replace(FOLDERS, '').trim().toUpperCase()
const leading = (text: string): string | undefined => /^([A-Z]{4})(?![\p{L}\p{N}])/u.exec(text)?.[1]

/** The leading token if it is four letters and no letter or digit follows; upper case. */
export const codeOf = (name: string): string | undefined => leading(plain(name))

type Codes = { readonly [code: string]: DocumentCode }

/** Greek and Cyrillic capitals, each with the Latin one that the eye takes it for. */
const ALIKE = new Map(Array.from('ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXАAВBЕEЅSІIЈJКKМMНHОOРPСCТTУYХXԌGԚQԜW'.matchAll(/(.)(.)/gu), ([, letter, latin]) => [letter!, latin!]))

/** A name as the eye reads it: without accents and what stands in front, such as quotes, and in Latin letters. */
const asSeen = (name: string): string =>
  plain(name).normalize('NFD').replace(/\p{M}+/gu, '').replace(/^[^\p{L}\p{N}]+/u, '').replace(/[\u0370-\u052F]/gu, (letter) => ALIKE.get(letter) ?? letter)

/** The code that a name seems to open with: good enough to be looked at, and not to let anything out. */
export const seemingCode = (name: string): string | undefined => leading(asSeen(name))

/** The code that opens a name, or the blocked one that it seems to open with. */
export const codeIn = (name: string, codes: Codes): string | undefined => {
  const code = codeOf(name)
  if (code !== undefined) return code
  const seen = seemingCode(name)
  return seen !== undefined && Object.hasOwn(codes, seen) && codes[seen]!.sharing !== 'listed' ? seen : undefined
}

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
  codes: Codes,
): { readonly fact: FactValue<'code'>; readonly code?: string; readonly row?: DocumentCode } => {
  const found = [...new Set(names.flatMap(({ text }) => codeIn(text, codes) ?? []))].map((code) => ({ code, ...(Object.hasOwn(codes, code) ? { row: codes[code]! } : {}) }))
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
export const blockedElsewhere = (names: readonly Found[], texts: readonly string[], codes: Codes): readonly Found[] => {
  const read = new Set(codesOf(names))
  const found = new Map(texts.flatMap((text): [string, string][] => {
    const code = codeOf(text)
    const isBlocked = code !== undefined && Object.hasOwn(codes, code) && codes[code]!.sharing !== 'listed'
    return isBlocked && !read.has(code) ? [[code, text]] : []
  }))
  return [...found.values()].map((text) => ({ text, at: 'elsewhere in the message' }))
}
