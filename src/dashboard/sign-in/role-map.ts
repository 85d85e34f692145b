// Which roles here the claims of an identity provider give: by a map that the trust writes down, and by nothing else. It
// refuses to guess: a word that the map does not name gives no role, whatever it looks like.
import { isRole, ROLES, type Role } from '../rights.ts'

/** `ol-reviewers=reviewer, ol-ops=operator`; several words may give one role, and one word several. A sentence: what is wrong with it. */
export const readRoleMap = (text: string): readonly (readonly [word: string, role: Role])[] | string => {
  const pairs = text.split(',').map((pair) => pair.trim()).filter((pair) => pair !== '').map((pair) => {
    // The word may hold an equals sign, as the name of a group in a directory does.
    const at = pair.lastIndexOf('=')
    return [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()] as const
  })
  if (pairs.length === 0) return 'It is empty: nobody could come in.'
  const wrong = pairs.find(([word, role]) => word === '' || !isRole(role))
  if (wrong) return `"${wrong[1]}" is no role. Write pairs such as ol-reviewers=reviewer, with one of ${ROLES.join(', ')}.`
  return pairs.flatMap(([word, role]) => (isRole(role) ? [[word, role] as const] : []))
}

type Claims = { readonly [name: string]: unknown }

/** By its whole name, or by the way to it: `realm_access.roles`. */
const claimOf = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : name.split('.').reduce<unknown>((at, part) => (typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? (at as Claims)[part] : undefined), claims)

export const hasClaim = (claims: Claims, name: string): boolean => claimOf(claims, name) !== undefined

/** In the order of `ROLES`. A claim is a list of words, or one word. */
export const rolesOfClaims = (claims: Claims, name: string, map: readonly (readonly [word: string, role: Role])[]): readonly Role[] => {
  const given = claimOf(claims, name)
  const words: readonly unknown[] = Array.isArray(given) ? (given as readonly unknown[]) : [given]
  const roles = map.filter(([word]) => words.includes(word)).map(([, role]) => role)
  return ROLES.filter((role) => roles.includes(role))
}
