// Who wants something and why, as it is kept for good: from a form, a body or a command line. It refuses a reason that is
// none, and ten digits in a row, which could be an NHS number.
import type { Response } from 'express'
import { Failure } from '../errors.ts'
import type { Wrong } from './documents/filter.ts'
import { holdsTenDigits, TEN_DIGITS_SAYS } from './ten-digits.ts'
import { actorOf } from './visitor.ts'

const [SHORTEST, LONGEST, LONGEST_NAME] = [3, 500, 100]

/** What is wrong with a reason; undefined: nothing. */
export const wrongReason = (given: unknown): string | undefined => {
  const text = typeof given === 'string' ? given.trim() : ''
  if (text.length < SHORTEST || text.length > LONGEST || /\p{Cc}/u.test(text)) return `Say why, in ${SHORTEST} to ${LONGEST} characters on one line.`
  return holdsTenDigits(text) ? TEN_DIGITS_SAYS : undefined
}

const wrongName = (given: unknown): string | undefined =>
  typeof given !== 'string' || given.trim() === '' || given.trim().length > LONGEST_NAME || /\p{Cc}/u.test(given) || holdsTenDigits(given)
    ? `Say who you are, in up to ${LONGEST_NAME} characters.`
    : undefined

export type Wish = { readonly actor: string; readonly reason: string }
export type WishRead = { readonly ok: true; readonly wish: Wish } | { readonly ok: false; readonly wrong: readonly Wrong[] }

/** Of a form: who asks has signed in. */
export const wishOfForm = (res: Response, { reason }: { readonly [name: string]: unknown }): WishRead => read(actorOf(res), reason)

/** Of a program, which may say for whom it asks. */
export const wishOfBody = (res: Response, { reason, by, ...others }: { readonly [name: string]: unknown }): Wish => {
  if (Object.keys(others).length > 0) throw new Failure('QUERY_INVALID', `There is no such member: ${Object.keys(others).map((name) => name.slice(0, 40)).join(', ')}.`)
  const wrong = by === undefined ? undefined : wrongName(by)
  const wish = wrong === undefined ? read(by === undefined ? actorOf(res) : `${String(by).trim()}, by ${actorOf(res)}`, reason) : ({ ok: false, wrong: [{ parameter: 'by', why: wrong }] } as const)
  if (!wish.ok) throw new Failure('QUERY_INVALID', wish.wrong.map(({ parameter, why }) => `${parameter}: ${why}`).join(' '))
  return wish.wish
}

const read = (actor: string, reason: unknown): WishRead => {
  const why = wrongReason(reason)
  return why === undefined ? { ok: true, wish: { actor, reason: String(reason).trim() } } : { ok: false, wrong: [{ parameter: 'reason', why }] }
}
