// The five characters that divide an HL7 message, as its own MSH-1 and MSH-2 state them. It refuses sets that cannot
// be told from text, or from each other.

/** Byte values. */
export type Separators = {
  readonly field: number
  readonly component: number
  readonly repetition: number
  readonly escape: number
  readonly subcomponent: number
}

/** `MSH`, MSH-1 and the first four characters of MSH-2. */
export const SEPARATORS_END = 8

const isMark = (byte: number | undefined): byte is number =>
  byte !== undefined && byte > 0x20 && byte < 0x7f && !/[A-Za-z0-9"{}:]/u.test(String.fromCharCode(byte))

/** Undefined if these are not the first bytes of a message. */
export const separatorsOf = (bytes: Buffer): Separators | undefined => {
  if (bytes.toString('latin1', 0, 3) !== 'MSH') return undefined
  const [field, component, repetition, escape, subcomponent] = bytes.subarray(3, SEPARATORS_END)
  const all = [field, component, repetition, escape, subcomponent]
  if (!isMark(field) || !isMark(component) || !isMark(repetition) || !isMark(escape) || !isMark(subcomponent)) return undefined
  return new Set(all).size === all.length ? { field, component, repetition, escape, subcomponent } : undefined
}
