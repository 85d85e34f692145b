// From the bytes of a file to its text. It refuses every encoding but UTF-8 and says where the first byte stands that is
// not: what a program guesses of a file's encoding it can guess wrong, and a letter of a code would be another one.
export type Decoded = { readonly text: string } | { readonly line: number; readonly col: number; readonly message: string }

const strict = (bytes: Uint8Array, stream: boolean): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream })

/** `save` says how the reader's program saves such a file as UTF-8; `kept`: it was in force once. The byte-order mark is taken off. */
export const decode = (bytes: Uint8Array, save: string, kept = false): Decoded => {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3) return { line: 1, col: 1, message: `this is a spreadsheet under another name, and not text: ${save}` }
  if (isUtf16(bytes)) return { line: 1, col: 1, message: `the file is UTF-16, and not UTF-8: ${save}` }
  let text: string
  try {
    text = strict(bytes, false)
  } catch {
    const before = textBeforeBadByte(bytes)
    const bad = bytes[new TextEncoder().encode(before).length]!
    const looks = new TextDecoder('windows-1252').decode(Uint8Array.of(bad))
    return { ...endOf(before), message: `the file is not UTF-8: here stands the byte 0x${bad.toString(16).toUpperCase()}${/\p{L}|\p{P}/u.test(looks) ? `, which is ${looks} in windows-1252` : ''}; ${save}` }
  }
  const lost = /[\0\uFFFD]/u.exec(text)
  if (lost) return { ...endOf(text.slice(0, lost.index)), message: lost[0] === '\0' ? 'here stands a NUL character: take it out' : 'a character was lost here when the file was saved (U+FFFD): write it again' }
  // A table would have one such row, and a text of YAML one such line.
  const merge = kept ? null : /^(?:<{7}|={7}|>{7})(?= |\r?$)/mu.exec(text)
  if (merge) return { ...endOf(text.slice(0, merge.index)), message: `git could not merge two versions of this file, and left ${merge[0]} here: keep one of the two, and take out the lines with <<<<<<<, ======= and >>>>>>>` }
  return { text: withoutMark(text) }
}

/** With its mark, or by the NULs that every Latin letter brings. */
const isUtf16 = ([a, b, c, d]: Uint8Array): boolean =>
  (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || (a === 0 && c === 0 && b !== 0 && b !== undefined) || (b === 0 && d === 0 && a !== 0 && a !== undefined)

/** The shortest beginning that no continuation could mend ends one byte after the last that still can be. */
const textBeforeBadByte = (bytes: Uint8Array): string => {
  let [good, bad] = [0, bytes.length + 1]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    try { strict(bytes.subarray(0, middle), true); good = middle } catch { bad = middle }
    if (middle === bytes.length) break
  }
  return strict(bytes.subarray(0, Math.min(good, bytes.length)), true)
}

const withoutMark = (text: string): string => text.replace(/^\uFEFF/u, '')

/** Line and column of what follows a text. */
export const endOf = (text: string): { readonly line: number; readonly col: number } => {
  const lines = withoutMark(text).split(/\r\n|\n|\r/u)
  return { line: lines.length, col: lines.at(-1)!.length + 1 }
}
