// The characters of a message by its MSH-18. It refuses to guess past the bytes: what is not valid in the stated
// character set is refused, and never becomes a replacement character that would hide the name or code that it stood in.
import iconv from 'iconv-lite'

export type Decoded = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly detail: string }

type Reading = 'utf-8' | 'windows-1252' | 'iso-8859-15'

/**
 * Table 0211 names and those that systems send, in capitals without spaces, hyphens and underscores. A blank MSH-18
 * means ASCII, but what comes under it is UTF-8 or windows-1252; few windows-1252 texts with an accent are valid UTF-8.
 * 8859/1 is read as windows-1252, which has the same letters and more where 8859/1 has control characters. What is valid
 * UTF-8 is that, whichever of these is stated: senders forget MSH-18, and `ZoÃ«` is nobody's name.
 */
const READINGS: Readonly<Record<string, Reading>> = {
  '': 'windows-1252',
  ASCII: 'windows-1252',
  USASCII: 'windows-1252',
  '8859/1': 'windows-1252',
  ISO88591: 'windows-1252',
  ISOIR100: 'windows-1252',
  'ISO8859/1': 'windows-1252',
  LATIN1: 'windows-1252',
  WINDOWS1252: 'windows-1252',
  CP1252: 'windows-1252',
  WIN1252: 'windows-1252',
  '8859/15': 'iso-8859-15',
  ISO885915: 'iso-8859-15',
  'ISO8859/15': 'iso-8859-15',
  LATIN9: 'iso-8859-15',
  UNICODEUTF8: 'utf-8',
  UTF8: 'utf-8',
}

/** `charset` is the first repetition of MSH-18. */
export const decode = (bytes: Buffer, charset: string): Decoded => {
  const name = charset.trim().toUpperCase().replaceAll(/[\s_-]/gu, '')
  const reading = Object.hasOwn(READINGS, name) ? READINGS[name]! : undefined
  if (reading === undefined) return { ok: false, detail: 'MSH-18 names a character set that this feed does not read.' }
  const utf8 = asUtf8(bytes)
  if (utf8 !== undefined) return { ok: true, text: utf8 }
  if (reading === 'utf-8') return { ok: false, detail: 'The message is not valid UTF-8, which MSH-18 says it is.' }
  const text = iconv.decode(bytes, reading === 'iso-8859-15' ? 'iso-8859-15' : 'windows-1252')
  if (text.includes('\uFFFD')) return { ok: false, detail: 'The message holds a byte that its character set (MSH-18) does not have.' }
  return { ok: true, text }
}

const asUtf8 = (bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Whether these are the first bytes of a message in UTF-16 or UTF-32, which MLLP cannot carry. */
export const isWide = (bytes: Buffer): boolean =>
  /^(?:\xfe\xff|\xff\xfe|\0{0,3}M\0{1,3}S)/u.test(bytes.toString('latin1', 0, 8))

/** A refused message as well as it can be shown: for keeping, not for use. PostgreSQL takes no NUL. */
export const legible = (bytes: Buffer, mostBytes: number): string => {
  const head = bytes.subarray(0, mostBytes)
  // A character cut in two at the end would make the whole look like another character set.
  const shorter = bytes.length > head.length ? [1, 2, 3] : []
  const whole = asUtf8(head) ?? shorter.map((less) => asUtf8(head.subarray(0, -less))).find((text) => text !== undefined)
  return (whole ?? iconv.decode(head, 'windows-1252')).replaceAll('\0', '\u2400')
}
