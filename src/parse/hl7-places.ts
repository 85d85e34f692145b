// Reads values out of an HL7 message by place (`TXA-12.1`), and remembers which fields were read, so that what nobody
// read can be reported. It refuses to interpret: a value is text, and where it stood.
import type { Hl7Field, Hl7Message, Hl7Segment } from '@medplum/core'
import type { Found } from '../types.ts'
import { unescape } from './hl7-escape.ts'

/** One repetition of one field, with its place: `PID-3`, `PID-3[2]`, `OBX[2]-5`. */
export type Repetition = { readonly field: Hl7Field; readonly index: number; readonly at: string }

export type Places = {
  /** Values at a place: of every segment of that name, of every repetition. Without a component: the whole repetition. */
  read(place: string): readonly Found[]
  /** Every component of a field as a value of its own, and every subcomponent. */
  components(place: string): readonly Found[]
  first(places: readonly string[] | undefined): Found | undefined
  /** The first place that has a value, with all its values. */
  firstAll(places: readonly string[] | undefined): readonly Found[]
  all(places: readonly string[] | undefined): readonly Found[]
  repetitions(place: string): readonly Repetition[]
  component(repetition: Repetition, component: number, subcomponent?: number): Found | undefined
  /** Reports a place that was read but whose value could not be used. */
  unusable(found: Found, why: string): void
  /** Counts a field as read, whatever becomes of its value. */
  taken(place: string): void
  /** Fields with a value that nothing read, and unusable ones. */
  unread(): readonly string[]
}

type Parts = { readonly segment: string; readonly field: number; readonly component?: number; readonly subcomponent?: number }

/** Places come from the mapping, so there are few; each is taken apart once. */
const takenApart = new Map<string, Parts>()
const partsOf = (place: string): Parts => {
  const known = takenApart.get(place)
  if (known) return known
  const parts = takeApart(place)
  takenApart.set(place, parts)
  return parts
}
const takeApart = (place: string): Parts => {
  const [, segment, field, component, subcomponent] = /^(\w{3})-(\d+)(?:\.(\d+))?(?:\.(\d+))?$/u.exec(place)!
  return { segment: segment!, field: Number(field), ...(component ? { component: Number(component) } : {}), ...(subcomponent ? { subcomponent: Number(subcomponent) } : {}) }
}

/** The repetition that a component stands in: `PID-11[2]` of `PID-11[2].3`. */
export const ownerOf = (found: Found): string => found.at.replace(/(\.\d+)+$/u, '')

/** HL7's way to say "delete it": carries no value. */
const NULL = '""'
const valued = (text: string): boolean => text.trim() !== '' && text.trim() !== NULL

export const placesOf = (message: Hl7Message): Places => {
  const { context } = message
  const read = new Set<string>()
  const unusable: string[] = []
  const nth = segmentNames(message.segments)

  const repetitions = (place: string): readonly Repetition[] => {
    const { segment, field } = partsOf(place)
    read.add(`${segment}-${field}`)
    return message.getAllSegments(segment).flatMap((one) => repetitionsOf(one, field, nth.get(one)!))
  }
  const component = ({ field, index, at }: Repetition, number: number, subcomponent?: number): Found | undefined => {
    const raw = subcomponents(field, index, number)
    const text = subcomponent === undefined ? raw.join(context.subcomponentSeparator) : (raw[subcomponent - 1] ?? '')
    return valued(text) ? { text: unescape(text, context), at: `${at}.${number}${subcomponent === undefined ? '' : `.${subcomponent}`}` } : undefined
  }
  const subcomponents = (field: Hl7Field, index: number, number: number): readonly string[] =>
    (field.components[index]?.[number - 1] ?? '').split(context.subcomponentSeparator)
  const whole = ({ field, index, at }: Repetition): Found | undefined => {
    const text = (field.components[index] ?? []).join(context.componentSeparator)
    return valued(text) ? { text: unescape(text, context), at } : undefined
  }
  const readPlace = (place: string): readonly Found[] => {
    const parts = partsOf(place)
    return repetitions(place).flatMap((one) => (parts.component === undefined ? whole(one) : component(one, parts.component, parts.subcomponent)) ?? [])
  }
  const firstAll = (places: readonly string[] = []): readonly Found[] => places.map(readPlace).find((found) => found.length > 0) ?? []

  return {
    read: readPlace,
    components: (place) => repetitions(place).flatMap((one) => (one.field.components[one.index] ?? []).flatMap((_, at) => {
      const subcomponentsOf = subcomponents(one.field, one.index, at + 1)
      return [component(one, at + 1), ...(subcomponentsOf.length > 1 ? subcomponentsOf.map((__, sub) => component(one, at + 1, sub + 1)) : [])].filter((found) => found !== undefined)
    })),
    firstAll,
    first: (places) => firstAll(places)[0],
    all: (places = []) => places.flatMap(readPlace),
    repetitions,
    component,
    unusable: (found, why) => void unusable.push(`${found.at} (${why})`),
    taken: (place) => void read.add(place),
    unread: () => [
      ...message.segments.flatMap((segment) =>
        segment.fields.flatMap((_, at) => {
          const field = fieldNumber(segment, at)
          if (field < 1 || read.has(`${segment.name}-${field}`)) return []
          return repetitionsOf(segment, field, nth.get(segment)!).flatMap((one) => (whole(one) ? shown(one.at) : []))
        }),
      ),
      ...unusable,
    ],
  }
}

/** `OBX`, `OBX[2]`, …: how each segment is called. */
const segmentNames = (segments: readonly Hl7Segment[]): Map<Hl7Segment, string> => {
  const seen = new Map<string, number>()
  return new Map(segments.map((segment) => {
    const count = (seen.get(segment.name) ?? 0) + 1
    seen.set(segment.name, count)
    return [segment, count === 1 ? segment.name : `${segment.name}[${count}]`]
  }))
}

/** A line break inside a field makes the rest of its text look like a segment: such a name is text, and not shown. */
const shown = (at: string): string => (/^[A-Z][A-Z0-9]{2}(\[\d+\])?-/u.test(at) ? at : 'a line that is no segment')

/** MSH-1 is the separator itself, so the fields of MSH stand one place further on. */
const fieldNumber = (segment: Hl7Segment, at: number): number => (segment.name === 'MSH' && at > 0 ? at + 1 : at)

const repetitionsOf = (segment: Hl7Segment, number: number, name: string): readonly Repetition[] => {
  const field = segment.getField(number)
  if (!field) return []
  return field.components.map((_, index) => ({ field, index, at: `${name}-${number}${index === 0 ? '' : `[${index + 1}]`}` }))
}
