// Reads values out of an upload's metadata by name (`patient.nhsNumber`), and remembers which names were read, so that
// what nobody read can be reported. It refuses to turn numbers and objects into text: a wrong type is no value.
import type { Found } from '../types.ts'

type Leaf = { readonly path: string; readonly at: string; readonly value: unknown }

export type JsonPlaces = {
  first(paths: readonly string[] | undefined): Found | undefined
  /** The first name that has a value, with all its values. */
  firstAll(paths: readonly string[] | undefined): readonly Found[]
  all(paths: readonly string[] | undefined): readonly Found[]
  /** Whether a name holds a true flag; false, null and a written no are none, anything else is one. */
  flag(paths: readonly string[] | undefined, isYes: (text: string) => boolean): boolean
  unusable(found: Found, why: string): void
  taken(path: string): void
  /** Names with a value that nothing read, and unusable ones. */
  unread(): readonly string[]
}

export const jsonPlacesOf = (metadata: object): JsonPlaces => {
  const leaves = [...leavesOf(metadata, '', 'metadata')]
  const read = new Set<string>()
  /** Read with all that is under them. */
  const whole = new Set<string>()
  const unusable: string[] = []

  const texts = (path: string): readonly Found[] => {
    read.add(path)
    return leaves.flatMap((leaf) =>
      leaf.path === path && typeof leaf.value === 'string' && leaf.value.trim() !== '' ? [{ text: leaf.value.toWellFormed(), at: leaf.at }] : [])
  }
  const firstAll = (paths: readonly string[] = []): readonly Found[] => paths.map(texts).find((found) => found.length > 0) ?? []
  const known = (path: string): boolean => read.has(path) || [...whole].some((other) => path.startsWith(`${other}.`))

  return {
    firstAll,
    first: (paths) => firstAll(paths)[0],
    all: (paths = []) => paths.flatMap(texts),
    flag: (paths = [], isYes) =>
      paths.filter((path) => {
        read.add(path)
        whole.add(path)
        return leaves.some(({ path: own, at, value }) => {
          if (own !== path && !own.startsWith(`${path}.`)) return false
          if (own === path && typeof value === 'boolean') return value
          if (own === path && (typeof value === 'string' || typeof value === 'number')) return isYes(String(value))
          if (!carries(value)) return false
          unusable.push(`${shown(at)} (not true or false)`)
          return true
        })
      }).length > 0,
    unusable: (found, why) => void unusable.push(`${found.at} (${why})`),
    taken: (path) => { read.add(path); whole.add(path) },
    unread: () => [
      ...leaves.flatMap(({ path, at, value }) => {
        if (!carries(value)) return []
        if (!known(path)) return [shown(at)]
        return typeof value === 'string' || !read.has(path) || whole.has(path) ? [] : [`${shown(at)} (not text)`]
      }),
      ...unusable,
    ],
  }
}

const carries = (value: unknown): boolean => value !== null && value !== undefined && !(typeof value === 'string' && value.trim() === '')

/** A name is the sender's: one that does not look like the name of a field may be text about a patient, and is not shown. */
export const shown = (at: string): string => at.split('.').map((name) => (/^(?!.*\d{5})[A-Za-z_]\w{0,40}(\[\d{1,4}\])*$/u.test(name) ? name : '…')).join('.').slice(0, 200)

/** Deeper than any sender nests; what lies below is not read, and reported. */
const DEEPEST = 16

/** Everything that is not an object or an array; arrays are walked, and their names stay the same. */
function* leavesOf(value: unknown, path: string, at: string, depth = 0): Generator<Leaf> {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) yield { path, at, value }
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* leavesOf(item, path, `${at}[${index}]`, depth + 1)
  else for (const [name, item] of Object.entries(value)) yield* leavesOf(item, path === '' ? name : `${path}.${name}`, `${at}.${name}`, depth + 1)
}
