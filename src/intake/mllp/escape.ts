// HL7 escape sequences within the data of a file: what stands between two escape characters, and the bytes it means.
// It refuses those that are about the look of text: they mean nothing in a file.
import type { Separators } from './separators.ts'

const HEX = /^X(?:[0-9A-Fa-f]{2})+$/u

/** Undefined if it is not one that a file can hold. */
export const unescaped = (sequence: Buffer, separators: Separators): Buffer | undefined => {
  const text = sequence.toString('latin1')
  if (HEX.test(text)) return Buffer.from(text.slice(1), 'hex')
  switch (text) {
    case 'F': return Buffer.of(separators.field)
    case 'S': return Buffer.of(separators.component)
    case 'T': return Buffer.of(separators.subcomponent)
    case 'R': return Buffer.of(separators.repetition)
    case 'E': return Buffer.of(separators.escape)
    case '.br': return Buffer.of(0x0d)
    default: return undefined
  }
}
