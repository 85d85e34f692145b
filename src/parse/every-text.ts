// Every text of a message, whatever place it stands in and whether a mapping reads that place or not: for finding what
// must not be overlooked. Only what the mapping names as known not to matter is left out. It refuses to say what a text
// means.
import type { Mapping } from '../policy/schema.ts'
import type { Receipt } from '../types.ts'
import { unescape } from './hl7-escape.ts'
import { hl7Message } from './hl7-segments.ts'

/** HL7: whole repetitions, components and subcomponents. An upload: every text, names of fields left out. */
export const everyText = ({ skeleton }: Pick<Receipt, 'skeleton'>, mapping: Mapping): readonly string[] =>
  mapping.kind === 'hl7-mdm' ? hl7Texts(skeleton, new Set(mapping.ignore)) : uploadTexts(skeleton, mapping.ignore)

const hl7Texts = (skeleton: string, ignored: ReadonlySet<string>): readonly string[] => {
  const message = hl7Message(skeleton)
  if (!message) return []
  const { context } = message
  const texts = message.segments.flatMap(({ name, fields }) => fields.flatMap(({ components }, at) => {
    if (at > 0 && ignored.has(`${name}-${name === 'MSH' ? at + 1 : at}`)) return []
    return components.flatMap((repetition) => [
      ...(repetition.length > 1 ? [repetition.join(context.componentSeparator)] : []),
      ...repetition.flatMap((component) => (component.includes(context.subcomponentSeparator) ? [component, ...component.split(context.subcomponentSeparator)] : [component])),
    ])
  }))
  return texts.filter((text) => text !== '').map((text) => unescape(text, context))
}

const uploadTexts = (skeleton: string, ignored: readonly string[]): readonly string[] => {
  const texts: string[] = []
  const walk = (value: unknown, path: string): void => {
    if (ignored.includes(path)) return
    if (typeof value === 'string') texts.push(value)
    else if (Array.isArray(value)) for (const item of value) walk(item, path)
    else if (typeof value === 'object' && value !== null) for (const [name, item] of Object.entries(value)) walk(item, path === '' ? name : `${path}.${name}`)
  }
  try {
    walk(JSON.parse(skeleton.replace(/^\uFEFF/u, '')), '')
  } catch {
    // What cannot be read was refused before.
  }
  return texts
}
