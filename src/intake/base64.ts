// Base64 decoded while it streams in, for both feeds. White space and line breaks are skipped and missing padding is
// accepted; it refuses to guess at anything else: the text is then `broken`, and nothing more comes out of it, where
// Buffer would skip the strange characters in silence and hand over another file than the one that was sent.

export type Base64Decoder = {
  /** The bytes that this piece of text completes: empty once the text is broken. */
  push(bytes: Buffer): Buffer
  /** The last bytes. Says `broken` if the text stops within a byte. */
  end(): Buffer
  /** What is wrong with the text, by place and never by content; undefined while all is well. */
  readonly broken: string | undefined
}

const SKIP = 64
const PAD = 65
const FOREIGN = 66
const VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(String.fromCharCode(byte))
  if (value >= 0) return value
  return byte === 0x3d ? PAD : byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) ? SKIP : FOREIGN
})
const NOTHING = Buffer.alloc(0)
const DASH = 0x2d
const UNDERSCORE = 0x5f

export const base64Decoder = (): Base64Decoder => {
  let bits = 0
  /** Characters of the unfinished group of four. */
  let held = 0
  let padding = 0
  let seen = 0
  let broken: string | undefined

  const breakAt = (index: number, what: string): void => {
    broken = `${what} at character ${seen + index + 1} of the base64 text`
  }

  const slowly = (bytes: Buffer): Buffer => {
    const out = Buffer.allocUnsafe(Math.ceil(((bytes.length + held) * 3) / 4))
    let size = 0
    for (let index = 0; index < bytes.length; index++) {
      const value = VALUES[bytes[index]!]!
      if (value < 64) {
        if (padding > 0) { breakAt(index, 'more after the padding'); break }
        bits = (bits << 6) | value
        if (++held < 4) continue
        out[size++] = bits >> 16
        out[size++] = bits >> 8
        out[size++] = bits
        bits = held = 0
      } else if (value === PAD) {
        if (held < 2 || held + ++padding > 4) { breakAt(index, 'padding out of place'); break }
      } else if (value === FOREIGN) {
        breakAt(index, 'a character that is not base64')
        break
      }
    }
    return out.subarray(0, size)
  }

  return {
    get broken() { return broken },
    push: (bytes) => {
      if (broken !== undefined || bytes.length === 0) return NOTHING
      const out = (held === 0 && padding === 0 ? atOnce(bytes) : undefined) ?? slowly(bytes)
      seen += bytes.length
      return broken === undefined ? out : NOTHING
    },
    end: () => {
      if (broken !== undefined || held === 0) return NOTHING
      if (held === 1) {
        broken = 'the base64 text stops within a byte'
        return NOTHING
      }
      const last = held === 2 ? Buffer.of(bits >> 4) : Buffer.of(bits >> 10, bits >> 2)
      bits = held = 0
      return last
    },
  }
}

/**
 * Whole groups without white space or padding, decoded natively: ten times the speed of the loop. Buffer skips what it
 * does not know, so the right length proves that there was nothing of that sort; `-` and `_` it takes for `+` and `/`.
 */
const atOnce = (bytes: Buffer): Buffer | undefined => {
  if (bytes.length % 4 !== 0 || bytes.includes(DASH) || bytes.includes(UNDERSCORE)) return undefined
  const decoded = Buffer.from(bytes.toString('latin1'), 'base64')
  return decoded.length === (bytes.length / 4) * 3 ? decoded : undefined
}
