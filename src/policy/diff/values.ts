// What differs between two YAML files, key by key, as they are written: settings stay `${NAME}`, and what a key such as
// client_secret holds is never told. It refuses to weigh: order and approval are told like everything else.
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'

export type ValueChange = { readonly path: string } & (
  | { readonly kind: 'added' | 'removed'; readonly value: string }
  | { readonly kind: 'changed'; readonly before: string; readonly after: string }
  /** The same values in another order. */
  | { readonly kind: 'moved'; readonly value: string }
  /** Not shown, because it is a secret. */
  | { readonly kind: 'secret' }
)

type Values = { readonly [key: string]: unknown }
export const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The file as a map without its settings put in; undefined where it is none. */
export const rawMap = (text: string): Values | undefined => {
  try {
    const value: unknown = parse(text)
    return isMap(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const valueChanges = (before: unknown, after: unknown, path = ''): readonly ValueChange[] => {
  if (isDeepStrictEqual(before, after)) return []
  if (isSecret(path, before) || isSecret(path, after)) return [{ path, kind: 'secret' }]
  if (before === undefined) return [{ path, kind: 'added', value: written(after, path) }]
  if (after === undefined) return [{ path, kind: 'removed', value: written(before, path) }]
  if (isMap(before) && isMap(after)) return mapChanges(before, after, path)
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(before, after, path)
  return [{ path, kind: 'changed', before: written(before, path), after: written(after, path) }]
}

const mapChanges = (before: Values, after: Values, path: string): readonly ValueChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => valueChanges(before[key], after[key], path === '' ? key : `${path}.${key}`))

const listChanges = (before: readonly unknown[], after: readonly unknown[], path: string): readonly ValueChange[] => {
  const [were, are] = [named(before), named(after)]
  if (were && are) {
    const changes = mapChanges(were, are, path)
    return changes.length > 0 ? changes : [{ path, kind: 'moved', value: written(Object.keys(are), path) }]
  }
  const [gone, come] = [without(before, after), without(after, before)]
  return [
    ...gone.map((one): ValueChange => ({ path, kind: 'removed', value: written(one, path) })),
    ...come.map((one): ValueChange => ({ path, kind: 'added', value: written(one, path) })),
    ...(isDeepStrictEqual(without(before, gone), without(after, come)) ? [] : [{ path, kind: 'moved', value: written(after, path) } as const]),
  ]
}

const without = (these: readonly unknown[], those: readonly unknown[]): readonly unknown[] => these.filter((one) => !those.some((other) => isDeepStrictEqual(one, other)))

/** A list whose entries each have a name or a place of their own, by that. */
const named = (list: readonly unknown[]): Values | undefined => {
  const names = list.map((one) => (isMap(one) ? (one['name'] ?? one['at']) : undefined))
  return list.length > 0 && names.every((name) => typeof name === 'string') && new Set(names).size === names.length ? Object.fromEntries(list.map((one, at) => [names[at], one])) : undefined
}

// ---------------------------------------------------------------- as it is shown

const SECRET_KEY = /(^|[._-])(token|secret|password|passphrase|credentials?)$/iu
const SECRET_IN_URL = /:\/\/[^/\s@]*@/u
const isSecret = (path: string, value: unknown): boolean => SECRET_KEY.test(path) || (typeof value === 'string' && SECRET_IN_URL.test(value))

const written = (value: unknown, path: string): string => {
  if (isSecret(path, value)) return '(not shown)'
  if (Array.isArray(value)) return `[${value.map((one) => written(one, path)).join(', ')}]`
  if (isMap(value)) return `{ ${Object.entries(value).map(([key, one]) => `${key}: ${written(one, `${path}.${key}`)}`).join(', ')} }`
  return value === '' ? '""' : String(value)
}
