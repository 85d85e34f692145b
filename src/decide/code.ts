// The 4-letter code that opens a document's name, and the fact `code`. It refuses near misses: HMHRX is not HMHR,
// and a code in the middle of a name is no code. Only what the eye would take for a blocked code blocks.
import type { FactValue, Found } from '../types.ts'
import type { DocumentCode } from '../policy/schema.ts'

/** Characters that nobody sees, as a class of an expression has them: zero-width, joiners, bidi marks, fillers. */
export const UNSEEN = String.raw`\p{Cf}\p{Variation_Selector}\u034F\u115F\u1160\u3164\uFFA0`
// They would hide a code from the match.
const INVISIBLE = new RegExp(`[${UNSEEN}]`, 'gu')
// A path in front of a file name is no part of the name. Between digits a slash stands in a date: 12/11/2026.
const FOLDERS = /^.*(?:\\|(?<!\d)\/|\/(?!\d))/su

const whole = (name: string): string => name.normalize('NFKC').replace(INVISIBLE, '').trim().toUpperCase()
const plain = (name: string): string => whole(name).replace(FOLDERS, '').trim()
const leading = (text: string): string | undefined => /^([A-Z]{4})(?![\p{L}\p{N}])/u.exec(text)?.[1]

/** The leading token if it is four letters and no letter or digit follows; upper case. */
export const codeOf = (name: string): string | undefined => leading(plain(name))

type Codes = { readonly [code: string]: DocumentCode }

/** Capitals of other alphabets, and small capitals, each with the Latin letter that the eye takes it for. */
const ALIKE = new Map(Array.from([
  // Greek, Cyrillic, Armenian.
  'ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX', 'АAВBЕEЅSІIЈJКKМMНHОOРPСCТTУYХXԌGԚQԜWҺHӀIҮYѴVԀD', 'ՕOՍUՏSՀHՈN',
  // Cherokee, Lisu.
  'ᎪAᏴBᏟCᎠDᎬEᏀGᎻHᎫJᏦKᏞLᎷMᏢPᎡRᏚSᎢTᏙVᎳWᏃZ', 'ꓮAꓐBꓚCꓓDꓰEꓝFꓖGꓧHꓲIꓙJꓗKꓡLꓟMꓠNꓳOꓑPꓣRꓢSꓔTꓴUꓦVꓪWꓫXꓬYꓜZ',
  'ᴀAʙBᴄCᴅDᴇEꜰFɢGʜHɪIᴊJᴋKʟLᴍMɴNᴏOᴘPʀRꜱSᴛTᴜUᴠVᴡWʏYᴢZ',
].join('').matchAll(/(.)(.)/gu), ([, letter, latin]) => [letter!.toUpperCase(), latin!]))

/** As the eye reads it: without accents and what stands in front, such as quotes, and in Latin letters. */
const asSeen = (text: string): string =>
  text.replace(/^[^\p{L}\p{N}]+/u, '').slice(0, MOST).normalize('NFD').replace(/\p{M}+/gu, '').replace(/[^\0-\x7F]/gu, (letter) => ALIKE.get(letter) ?? letter)
/** A code and whatever accents it bears stand within so many characters. */
const MOST = 200

/** A word of other alphabets of which every letter looks like a Latin one. */
export const isAlike = (word: string): boolean => !/[\0-\x7F]|\p{Script=Latin}/u.test(word) && /^[A-Z]+$/u.test(asSeen(word.toUpperCase()))

/** The code that a name seems to open with: good enough to be looked at, and not to let anything out. */
export const seemingCode = (name: string): string | undefined => leading(asSeen(plain(name)))

/** Most texts of a message: plain ones without a slash that open with no four letters. Looking closer costs more than all other rules. */
const NO_CODE = /^(?![^A-Za-z\d]*[A-Za-z]{4}(?![A-Za-z\d]))[\x20-.0-[\]-~]*$/u

/** Blocked codes that a name opens with or seems to; with what looks like a path, and without it: "HMHR and/or other papers" is no folder. */
const blockedIn = (name: string, codes: Codes): readonly string[] =>
  NO_CODE.test(name) ? [] : [plain(name), whole(name)].flatMap((text) => leading(asSeen(text)) ?? []).filter((code) => Object.hasOwn(codes, code) && codes[code]!.sharing !== 'listed')

/** Every code in the names of a document, once each, in order. */
export const codesOf = (names: readonly Found[]): readonly string[] => [
  ...new Set(names.flatMap((found) => codeOf(found.text) ?? [])),
]

/** The code that opens a name, and any blocked one that it can be taken to open with; once each. */
export const codesIn = (name: string, codes: Codes): readonly string[] => [...new Set([codeOf(name) ?? [], blockedIn(name, codes)].flat())]

/**
 * Blocked if any name says so; codes that disagree are unlisted. One that is blocked from PKB beside another code is
 * blocked: no other value is as strict as both, for an unlisted code can be released to PKB.
 */
export const codeFact = (
  names: readonly Found[],
  codes: Codes,
): { readonly fact: FactValue<'code'>; readonly code?: string; readonly row?: DocumentCode } => {
  const found = [...new Set(names.flatMap(({ text }) => codesIn(text, codes)))].map((code) => ({ code, ...(Object.hasOwn(codes, code) ? { row: codes[code]! } : {}) }))
  const first = found.find(({ row }) => row?.sharing === 'blocked') ?? found.find(({ row }) => row?.sharing === 'blocked-pkb') ?? found[0]
  if (first === undefined) return { fact: 'missing' }
  const sharing = first.row?.sharing
  if (sharing === 'blocked' || sharing === 'blocked-pkb') return { ...first, fact: found.length > 1 ? 'blocked' : sharing }
  return found.length === 1 && sharing ? { ...first, fact: 'listed' } : { code: first.code, fact: 'unlisted' }
}

/**
 * Texts at any other place of the message that open with a blocked code, or seem to, and with one that no name has: a
 * mapping that misses the field with the code must not turn the document loose.
 */
export const blockedElsewhere = (names: readonly Found[], texts: readonly string[], codes: Codes): readonly Found[] => {
  const read = new Set(names.flatMap(({ text }) => blockedIn(text, codes)))
  const found = new Map(texts.flatMap((text) => blockedIn(text, codes).filter((code) => !read.has(code)).map((code) => [code, text] as const)))
  return [...found.values()].map((text) => ({ text, at: 'elsewhere in the message' }))
}
