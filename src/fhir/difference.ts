// What two versions of a resource say differently, element by element, with what each says. Elements of a list are told
// apart by what they are and not by their place, so that one more label is one label more. Pure. It refuses to show what
// may identify the patient where it is asked not to: a value is shown only at a place of which that is known.

type Json = unknown
type Fields = { readonly [name: string]: Json }

export type Changed = {
  readonly kind: 'changed' | 'added' | 'removed'
  /** `securityLabel[1].coding[0].code`, by the places in the later version; in the earlier one for what was removed. */
  readonly path: string
  readonly before?: string
  readonly after?: string
  /** The values were left out: they may identify the patient. */
  readonly hidden?: true
}

/** Of a DocumentReference: nothing here can tell who the patient is. What is not named is hidden. */
const NAMELESS: readonly RegExp[] = [
  /^resourceType$/u, /^meta\./u, /^status$/u, /^docStatus$/u, /^type\./u, /^date$/u, /^custodian\./u, /^securityLabel\[/u, /^context\.practiceSetting\./u, /^masterIdentifier\./u, /^identifier\[/u,
  /^relatesTo\[\d+\]\./u, /^author\[\d+\]\.(?:type|identifier\.)/u, /^content\[\d+\]\.format\./u, /^content\[\d+\]\.attachment\.(?:contentType|size|hash|creation)$/u, /^subject\.(?:type$|identifier\.(?:system$|extension\[))/u,
]

export const differences = (before: object, after: object, shown: 'all' | 'nameless' = 'all'): readonly Changed[] =>
  compare('', before, after).map((change) => (shown === 'all' || NAMELESS.some((place) => place.test(change.path)) ? change : hide(change)))

const hide = ({ kind, path }: Changed): Changed => ({ kind, path, hidden: true })

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
const isFields = (value: Json): value is Fields => typeof value === 'object' && value !== null && !isList(value)

/** The same for the same value, in whatever order its fields stand. */
const textOf = (value: Json): string =>
  isList(value) ? `[${value.map(textOf).join(',')}]`
    : isFields(value) ? `{${Object.keys(value).toSorted().map((name) => `${JSON.stringify(name)}:${textOf(value[name])}`).join(',')}}`
      : JSON.stringify(value) ?? 'null'

const within = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
const said = (value: Json): string => (typeof value === 'string' ? value : textOf(value))

const compare = (path: string, before: Json, after: Json): readonly Changed[] => {
  if (textOf(before) === textOf(after)) return []
  if (before === undefined) return leaves(path, after).map(([place, value]) => ({ kind: 'added', path: place, after: value }))
  if (after === undefined) return leaves(path, before).map(([place, value]) => ({ kind: 'removed', path: place, before: value }))
  if (isFields(before) && isFields(after)) return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => compare(within(path, name), before[name], after[name]))
  if (isList(before) && isList(after)) return compareLists(path, before, after)
  return isFields(before) || isFields(after) || isList(before) || isList(after)
    ? [...compare(path, before, undefined), ...compare(path, undefined, after)]
    : [{ kind: 'changed', path, before: said(before), after: said(after) }]
}

/** Each value at the end of a branch, with its place. */
const leaves = (path: string, value: Json): readonly (readonly [place: string, value: string])[] => {
  if (isList(value)) return value.flatMap((one, n) => leaves(`${path}[${n}]`, one))
  if (isFields(value)) return Object.entries(value).flatMap(([name, one]) => leaves(within(path, name), one))
  return value === undefined ? [] : [[path, said(value)]]
}

// ---------------------------------------------------------------- lists

type Placed = { readonly value: Json; readonly n: number }

/** What an element is, whatever it says: a coding or an identifier of a system, an extension of an address. */
const whatIs = (value: Json): string | undefined => {
  if (!isFields(value)) return undefined
  const { url, system, use } = value
  const inner = isList(value['coding']) ? value['coding'][0] : value['identifier']
  const own = [url, system, use].filter((one) => typeof one === 'string').join(' ')
  return own !== '' ? own : whatIs(inner)
}

/** The same first, then what is the same thing, then one with the other in their order; the rest came or went. */
const compareLists = (path: string, before: readonly Json[], after: readonly Json[]): readonly Changed[] => {
  let [left, right]: [readonly Placed[], readonly Placed[]] = [before.map((value, n) => ({ value, n })), after.map((value, n) => ({ value, n }))]
  const changes: Changed[] = []
  const pair = (isPair: (one: Json, other: Json) => boolean): void => {
    for (const one of left) {
      const other = right.find(({ value }) => isPair(one.value, value))
      if (!other) continue
      changes.push(...compare(`${path}[${other.n}]`, one.value, other.value))
      left = left.filter((kept) => kept !== one)
      right = right.filter((kept) => kept !== other)
    }
  }
  pair((one, other) => textOf(one) === textOf(other))
  pair((one, other) => whatIs(one) !== undefined && whatIs(one) === whatIs(other))
  pair((one, other) => whatIs(one) === undefined && whatIs(other) === undefined)
  changes.push(...left.flatMap(({ value, n }) => compare(`${path}[${n}]`, value, undefined)), ...right.flatMap(({ value, n }) => compare(`${path}[${n}]`, undefined, value)))
  return changes
}
