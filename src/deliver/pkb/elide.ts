// Lets the JSON of an answer pass with its long strings cut short, so that a server that sends a 50 MB document back
// costs nothing. It refuses to understand JSON: it knows strings and escapes, and leaves everything else as it is.

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** The longest escape, `\u0041`, is over after this many bytes. */
const ESCAPE_BYTES = 6

/** A function for the chunks of one JSON text in order: the same text, with at most about `longest` bytes of each string. */
export const elideLongStrings = (longest: number): ((chunk: Uint8Array) => Uint8Array) => {
  let inString = false
  let escaped = false
  let length = 0
  let sinceBackslash = ESCAPE_BYTES
  let dropping = false

  return (chunk) => {
    const out = new Uint8Array(chunk.length)
    let kept = 0
    for (const byte of chunk) {
      if (!inString) {
        inString = byte === QUOTE
        length = 0
        sinceBackslash = ESCAPE_BYTES
        out[kept++] = byte
        continue
      }
      const ends = byte === QUOTE && !escaped
      escaped = byte === BACKSLASH && !escaped
      sinceBackslash = byte === BACKSLASH ? 0 : sinceBackslash + 1
      length += 1
      // Cut between characters only: not within an escape, not within a UTF-8 sequence.
      dropping ||= length > longest && sinceBackslash >= ESCAPE_BYTES && (byte & 0xc0) !== 0x80
      if (ends) {
        inString = false
        dropping = false
      }
      if (ends || !dropping) out[kept++] = byte
    }
    return out.subarray(0, kept)
  }
}
