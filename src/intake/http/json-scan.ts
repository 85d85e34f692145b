// A scanner over the bytes of one JSON text that cuts a single long string out while it streams by, and keeps the
// rest. It looks at structure only (strings, escapes, nesting, keys); what it keeps is parsed strictly afterwards, so
// nothing malformed gets through. It refuses a key that stands twice in one object: two readers could believe
// different ones. Everything it throws is a Failure without the text of the message.
import { Failure } from '../../errors.ts'

export type ScanSettings = {
  /** Keys of the object in the object that holds the string to cut out; without it nothing is cut. */
  readonly cut?: readonly [string, string]
  /** Key of the outer object whose value's bytes are marked (`marked`), if it is an object. */
  readonly mark?: string
  /** Bytes that may be kept. */
  readonly keepBytes: number
}

export type JsonScan = {
  /** Takes the next bytes; returns those of the cut-out string, escapes undone (one byte a character). */
  push(chunk: Buffer): Buffer
  /** What was kept: the text with an empty string in place of the one cut out. */
  kept(): Buffer
  /** Where in `kept` the marked object stands. */
  marked(): { readonly from: number; readonly to: number } | undefined
  /** Whether a string was cut out. */
  wasCut(): boolean
}

type Frame = { readonly object: boolean; readonly keys: Set<string>; key: string; expects: 'key' | 'colon' | 'value' }
type Mode = 'outside' | 'string' | 'key' | 'cut' | 'cut-escape' | 'cut-unicode'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const DEEPEST = 64
/** What stands after a backslash, and the byte that it means. */
const ESCAPES: Readonly<Record<number, number>> = { 0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 8, 0x66: 12, 0x6e: 10, 0x72: 13, 0x74: 9 }
/** Stands for a character that is not one byte: no base64 holds it. */
const FOREIGN = 0xff

// oxlint-disable-next-line no-control-regex -- these are what it looks for
const CONTROL = /[\u0000-\u001F]/u

/** Where this byte is next, or the end. */
const nextOf = (chunk: Buffer, byte: number, from: number): number => {
  const at = chunk.indexOf(byte, from)
  return at < 0 ? chunk.length : at
}
const unreadable = (detail: string): Failure => new Failure('MESSAGE_UNREADABLE', detail)

export const jsonScan = (settings: ScanSettings): JsonScan => {
  const stack: Frame[] = []
  let mode: Mode = 'outside'
  let escaped = false
  let keyFrom = 0
  let hex = ''
  let cut = false
  let markFrom = -1
  let markTo = -1
  let kept = Buffer.allocUnsafe(Math.min(settings.keepBytes, 16_384))
  let size = 0

  const keep = (byte: number): void => {
    if (size === settings.keepBytes) throw new Failure('TOO_LARGE', `Without the file the message is larger than ${settings.keepBytes} bytes.`)
    if (size === kept.length) kept = Buffer.concat([kept], Math.min(kept.length * 2, settings.keepBytes))
    kept[size++] = byte
  }
  const top = (): Frame | undefined => stack[stack.length - 1]

  const open = (object: boolean): void => {
    if (stack.length === DEEPEST) throw unreadable(`The JSON is nested more than ${DEEPEST} deep.`)
    if (object && stack.length === 1 && stack[0]!.expects === 'value' && stack[0]!.key === settings.mark) markFrom = size - 1
    stack.push({ object, keys: new Set(), key: '', expects: object ? 'key' : 'value' })
  }
  const close = (): void => {
    stack.pop()
    if (stack.length === 1 && markFrom >= 0 && markTo < 0) markTo = size
  }
  const isCut = (): boolean =>
    settings.cut !== undefined && stack.length === 2 &&
    stack.every((frame, depth) => frame.object && frame.expects === 'value' && frame.key === settings.cut![depth])

  const structure = (byte: number): void => {
    keep(byte)
    const frame = top()
    if (byte === QUOTE) {
      if (frame?.object && frame.expects === 'key') {
        mode = 'key'
        keyFrom = size - 1
      } else if (isCut()) {
        mode = 'cut'
        cut = true
      } else mode = 'string'
    } else if (byte === 0x7b) open(true)
    else if (byte === 0x5b) open(false)
    else if (byte === 0x7d || byte === 0x5d) close()
    else if (byte === 0x3a && frame?.expects === 'colon') frame.expects = 'value'
    else if (byte === 0x2c && frame?.object) frame.expects = 'key'
  }

  const endKey = (): void => {
    mode = 'outside'
    const frame = top()!
    try {
      frame.key = JSON.parse(kept.toString('utf8', keyFrom, size)) as string
    } catch {
      throw unreadable('A key in the JSON is not a JSON string.')
    }
    if (frame.keys.has(frame.key)) throw unreadable('A key stands twice in one object of the JSON.')
    frame.keys.add(frame.key)
    frame.expects = 'colon'
  }

  const inString = (byte: number): void => {
    keep(byte)
    if (escaped) escaped = false
    else if (byte === BACKSLASH) escaped = true
    else if (byte === QUOTE) {
      if (mode === 'key') endKey()
      else mode = 'outside'
    }
  }

  /** A byte of the string that is cut out: of an escape, or what ends a plain run. Returns what it means, or -1 for nothing yet. */
  const inCut = (byte: number): number => {
    if (mode === 'cut-unicode') {
      hex += String.fromCharCode(byte)
      if (hex.length < 4) return -1
      mode = 'cut'
      if (!/^[0-9a-f]{4}$/iu.test(hex)) throw unreadable('content.data holds an escape that JSON does not have.')
      const unit = Number.parseInt(hex, 16)
      return unit < 0x80 ? unit : FOREIGN
    }
    if (mode === 'cut-escape') {
      if (byte === 0x75) {
        mode = 'cut-unicode'
        hex = ''
        return -1
      }
      mode = 'cut'
      const meant = ESCAPES[byte]
      if (meant === undefined) throw unreadable('content.data holds an escape that JSON does not have.')
      return meant
    }
    if (byte === BACKSLASH) mode = 'cut-escape'
    else {
      mode = 'outside'
      keep(byte)
    }
    return -1
  }

  /** Whole runs of plain characters at once: this is most of a document of many megabytes. */
  const plainRun = (chunk: Buffer, from: number, until: number): Buffer => {
    const run = chunk.subarray(from, until)
    if (CONTROL.test(run.toString('latin1'))) throw unreadable('content.data holds a control character, which JSON does not allow.')
    return run
  }

  return {
    push: (chunk) => {
      const out = Buffer.allocUnsafe(chunk.length)
      let length = 0
      let quote = -1
      let backslash = -1
      for (let at = 0; at < chunk.length;) {
        if (mode === 'cut') {
          if (quote < at) quote = nextOf(chunk, QUOTE, at)
          if (backslash < at) backslash = nextOf(chunk, BACKSLASH, at)
          const until = Math.min(quote, backslash)
          length += plainRun(chunk, at, until).copy(out, length)
          at = until
          if (at === chunk.length) break
        }
        const byte = chunk[at++]!
        if (mode === 'outside') structure(byte)
        else if (mode === 'string' || mode === 'key') inString(byte)
        else {
          const meant = inCut(byte)
          if (meant >= 0) out[length++] = meant
        }
      }
      return out.subarray(0, length)
    },
    kept: () => kept.subarray(0, size),
    marked: () => (markTo < 0 ? undefined : { from: markFrom, to: markTo }),
    wasCut: () => cut,
  }
}
