// Which texts of the picklist may mean share. One wrong line here would share every do-not-share document, for floor F1
// looks at what a text was taken for. It refuses whatever does not have one narrow form, and whatever has no counterpart
// under withhold: no list of words that must not stand there could name every way of saying no.
import { foldPicklist } from '../../decide/picklist.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'
import { asSeen } from '../read/unseen.ts'

export const instruction = ({ rules: read }: Read): readonly PolicyProblem[] => {
  if (!read) return []
  const wrong = wrongIn(read.yaml)
  const { share, withhold } = read.value.instruction
  const shared = new Map(share.map((text) => [asSeen(text), text]))
  return [
    ...share.flatMap((text, at) => { const advice = shareAdvice(text); return advice ? [wrong(['instruction', 'share', at], advice)] : [] }),
    // A text under both would mean what the order of two lines in the code says.
    ...withhold.flatMap((text, at) => (shared.has(asSeen(text)) ? [wrong(['instruction', 'withhold', at], `"${text}" stands under share as well: it can only mean one thing`)] : [])),
    // A text that folds to nothing matches no picklist, so that what was meant by it is lost.
    ...withhold.flatMap((text, at) => (foldPicklist(text) === '' ? [wrong(['instruction', 'withhold', at], 'this must not be empty')] : [])),
  ]
}

/**
 * A picklist that offers share behind a name offers do-not-share behind the same name. Whoever takes a no for a name, as in
 * "MH DONOT share with patient" or "Nicht share with patient", finds no such pair; and with one the words of
 * do-not-share are known, wherever in a message they stand.
 */
export const counterparts = ({ rules: read }: Read): readonly PolicyProblem[] => {
  // A text that is written wrongly is told as such.
  if (!read || read.yaml.problems.length > 0) return []
  const { share, withhold } = read.value.instruction
  return share.flatMap((text, at) => {
    if (shareAdvice(text) !== undefined) return []
    const named = wordsOf(text).slice(0, wordsOf(text).indexOf('share')).filter((word) => !POLITE.includes(word))
    const isPair = withhold.some((other) => startsWith(wordsOf(other), named) && wordsOf(other).slice(named.length).some((word) => (REFUSAL as readonly string[]).includes(word)))
    return isPair ? [] : [wrongIn(read.yaml)(['instruction', 'share', at], `"${text}" has no counterpart: write under withhold what the picklist offers beside it, such as "${[...text.trim().split(/\s+/u).slice(0, named.length), 'DO NOT share with patient'].join(' ')}"; where it offers none, this text does not mean share`)]
  })
}

/** Words before "share" that are no name. */
const POLITE = ['yes', 'ok', 'please', 'do']
const startsWith = (words: readonly string[], named: readonly string[]): boolean => named.every((word, at) => words[at] === word)

/** Before "share" any word may stand, such as the name of a service, but none that turns or limits what follows. */
const REFUSAL = [
  'not', 'no', 'non', 'nt', 'dont', 'doesnt', 'cant', 'cannot', 'wont', 'shouldnt', 'mustnt', 'isnt', 'never', 'none', 'nobody', 'nothing', 'neither', 'nor', 'nil', 'zero', 'false', 'off', 'n', 'x',
  'without', 'withhold', 'withheld', 'withholding', 'unless', 'until', 'till', 'except', 'excluding', 'exclude', 'excluded', 'only', 'but', 'if', 'when', 'once', 'before', 'after', 'later', 'pending', 'maybe',
  'refuse', 'refused', 'refuses', 'refusal', 'deny', 'denied', 'denies', 'disallow', 'disallowed', 'decline', 'declined', 'declines', 'object', 'objects', 'objected', 'objection', 'opt', 'out', 'optout',
  'block', 'blocked', 'bar', 'barred', 'ban', 'banned', 'restrict', 'restricted', 'stop', 'stopped', 'cease', 'prevent', 'prohibit', 'prohibited', 'forbid', 'forbidden', 'suppress', 'suppressed', 'hide', 'hidden', 'keep', 'hold', 'held',
  'avoid', 'against', 'revoke', 'revoked', 'remove', 'removed', 'cancel', 'cancelled', 'unable', 'unsafe', 'unsuitable', 'inappropriate', 'unshare', 'unshared', 'ask', 'check', 'review', 'query', 'unsure', 'undecided', 'unknown', 'draft',
] as const
/** What may stand between "share" and "patient", and behind both: nothing there can name anybody else, or a condition. */
const BETWEEN = ['with', 'to', 'the', 'this', 'letter', 'document', 'copy', 'direct', 'directly']
const BEHIND = ['via', 'by', 'in', 'on', 'the', 'pkb', 'portal', 'app', 'online', 'record', 'post', 'letter', 'yes']

const plainOf = (text: string): string => asSeen(text).normalize('NFKD').replace(/\p{M}/gu, '')
const wordsOf = (text: string): readonly string[] => plainOf(text).replaceAll(/['‘’]/gu, '').split(/[^a-z0-9]+/u)

const shareAdvice = (text: string): string | undefined => {
  const plain = plainOf(text)
  // A look-alike letter of another script hides a word from this list and from the eye.
  if (/[^\x20-\x7E‘’“”–—]/u.test(plain)) return `"${text}" holds a letter that only looks like one from a to z, or a strange sign: type it again`
  const words = wordsOf(text)
  const against = words.find((word) => (REFUSAL as readonly string[]).includes(word))
  if (against) return `"${text}" holds the word ${against}, so it does not mean share: put it under withhold`
  return /^[a-z0-9 ]+$/u.test(plain) && saysShare(words) ? undefined
    : `"${text}" does not plainly say share: such a text is made of letters, digits and spaces, and says "share with patient" behind any name, as in "MH share with patient"; any other waits for a person`
}

/** No digit in a word, where it would stand for a letter. */
const saysShare = (words: readonly string[]): boolean => {
  const [share, patient] = [words.indexOf('share'), words.indexOf('patient')]
  return share >= 0 && share < patient && words.every((word) => /^(?:[a-z]+|\d+)$/u.test(word))
    && words.slice(share + 1, patient).every((word) => BETWEEN.includes(word))
    && words.slice(patient + 1).every((word) => BEHIND.includes(word))
}
