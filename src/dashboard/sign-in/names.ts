// The names of people as forms, bodies and commands give them. It refuses a user name that could be taken for another, and
// a name with ten digits in a row.
import { holdsTenDigits, TEN_DIGITS_SAYS } from '../ten-digits.ts'
import { isRole, ROLES, type Role } from '../rights.ts'
import type { Wrong } from '../documents/filter.ts'

const USER_NAME = /^[a-z][a-z0-9._-]{1,39}(@[a-z0-9.-]{1,60})?$/u

/** As it is kept: lower case. */
export const userNameOf = (given: unknown): string => (typeof given === 'string' ? given.normalize('NFKC').trim().toLowerCase() : '')

/** Names that the log gives to what is no person. */
const TAKEN = ['engine', 'unknown', 'anybody', 'nobody', 'api', 'api-token', 'system', 'openletter']

export type NamesRead = { readonly ok: true; readonly userName: string; readonly name: string } | { readonly ok: false; readonly wrong: readonly Wrong[] }

export const readNames = (given: { readonly userName?: unknown; readonly name?: unknown }): NamesRead => {
  const [userName, name] = [userNameOf(given.userName), typeof given.name === 'string' ? given.name.trim() : '']
  const wrong = [
    ...(!USER_NAME.test(userName) ? [{ parameter: 'userName', why: 'Use 2 to 40 letters without accents, digits, dots, hyphens and underscores, beginning with a letter; an email address will do.' }]
      : TAKEN.includes(userName) ? [{ parameter: 'userName', why: 'The log uses it for what is no person. Choose another.' }]
      : holdsTenDigits(userName) ? [{ parameter: 'userName', why: TEN_DIGITS_SAYS }] : []),
    ...(name === '' || name.length > 100 || /\p{Cc}/u.test(name) ? [{ parameter: 'name', why: 'Give the name, in up to 100 characters.' }] : holdsTenDigits(name) ? [{ parameter: 'name', why: TEN_DIGITS_SAYS }] : []),
  ]
  return wrong.length > 0 ? { ok: false, wrong } : { ok: true, userName, name }
}

export type RolesRead = { readonly ok: true; readonly roles: readonly Role[] } | { readonly ok: false; readonly wrong: readonly Wrong[] }

/** A form sends one box as text and several as a list. */
export const readRoles = (given: unknown): RolesRead => {
  const words = given === undefined ? [] : Array.isArray(given) ? (given as readonly unknown[]) : [given]
  if (!words.every(isRole)) return { ok: false, wrong: [{ parameter: 'roles', why: `There is no such role. There are: ${ROLES.join(', ')}.` }] }
  if (words.length === 0) return { ok: false, wrong: [{ parameter: 'roles', why: 'Choose at least one role.' }] }
  return { ok: true, roles: ROLES.filter((role) => words.includes(role)) }
}
