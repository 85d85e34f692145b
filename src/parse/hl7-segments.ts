// An HL7 message with its segments told apart. Segments end in CR; some senders end them in LF or CRLF. Whichever ends
// the first one ends them all: the other one, within a field, is a line break in its text, and must not hide what stands
// behind it. It refuses nothing: lines that are no segments are counted.
import { Hl7Message } from '@medplum/core'

const BOM = /^\uFEFF/u

/** Undefined if it cannot be parsed. */
export const hl7Message = (skeleton: string): Hl7Message | undefined => {
  const text = skeleton.replace(BOM, '')
  const endsInLf = /[\r\n]/u.exec(text)?.[0] === '\n'
  try {
    return Hl7Message.parse(endsInLf ? text.replaceAll('\n\r', '\n').replaceAll('\r', ' ') : text.replaceAll('\r\n', '\r').replaceAll('\n', ' '))
  } catch {
    return undefined
  }
}

/** A line break that ends segments here stood within a text, or a name is misspelt: what follows it was read by nobody. */
export const strayLines = (message: Hl7Message): number =>
  message.segments.filter(({ name, fields }) => !/^[A-Z][A-Z0-9]{2}$/u.test(name) && (name.trim() !== '' || fields.length > 1)).length
