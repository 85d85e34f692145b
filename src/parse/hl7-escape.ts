// HL7 escape sequences as text: `\T\` is `&`. It refuses to guess at those whose meaning lies elsewhere (`\Z..\`,
// `\C..\`, `\M..\`): they stay as they are.
import type { Hl7Context } from '@medplum/core'

export const unescape = (text: string, context: Hl7Context): string => {
  const mark = context.escapeCharacter
  if (mark === '' || !text.includes(mark)) return text
  let out = ''
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf(mark, at)
    const end = start < 0 ? -1 : text.indexOf(mark, start + 1)
    if (end < 0) return out + text.slice(at)
    const meaning = means(text.slice(start + 1, end), context)
    // An unknown sequence is kept, and its closing mark may open the next one.
    out += text.slice(at, start) + (meaning ?? text.slice(start, end))
    at = meaning === undefined ? end : end + 1
  }
  return out
}

const means = (sequence: string, context: Hl7Context): string | undefined => {
  switch (sequence) {
    case 'F': return context.fieldSeparator
    case 'S': return context.componentSeparator
    case 'T': return context.subcomponentSeparator
    case 'R': return context.repetitionSeparator
    case 'E': return context.escapeCharacter
    // Highlighting on and off.
    case 'H': case 'N': return ''
  }
  if (/^\.(br|sp\+?\d*|ce)$/iu.test(sequence)) return '\n'
  if (/^X([0-9A-F]{2})+$/iu.test(sequence)) return bytes(sequence.slice(1))
  // Other formatting: indents, no-wrap.
  return /^\.[a-z]{2}[+-]?\d*$/iu.test(sequence) ? '' : undefined
}

/** UTF-8 where the bytes are that, else one character a byte. */
const bytes = (hex: string): string => {
  const values = Uint8Array.from(hex.match(/../gu) ?? [], (pair) => Number.parseInt(pair, 16))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(values)
  } catch {
    return String.fromCharCode(...values)
  }
}
