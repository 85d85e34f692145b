// Cuts the files out of an HL7 message while its bytes stream by: the data of each OBX-5 of type ED goes one way, and
// what remains, the skeleton, stays here with `{content:n}` in its place. It knows segments, fields, components and
// escapes, and nothing of what they mean. It refuses to let the skeleton grow past its limit.
import { SEPARATORS_END, separatorsOf, type Separators } from './separators.ts'
import { unescaped } from './escape.ts'

export type Cut =
  /** A file begins. `encoding` is OBX-5.4 as written. */
  | { readonly kind: 'open'; readonly encoding: string }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'close' }

export type CutOut = {
  /** What the next bytes of the message hold of files, in order. The pieces are views of `bytes` or small copies. */
  push(bytes: Buffer): readonly Cut[]
  end(): readonly Cut[]
  /** What remains, so far. */
  skeleton(): Buffer
  /** The skeleton reached its limit: what came after it is lost. */
  readonly tooLarge: boolean
}

const HEX_MARK = 0x58
const CR = 0x0d
const LF = 0x0a
const LEADING = new Set([0x09, LF, CR, 0x20, 0xef, 0xbb, 0xbf])
const FIRST_SIZE = 4096
/** The longest escape sequence and run of line ends that are looked at as such; beyond that they are data. */
const ESCAPE_MOST = 64
const BREAKS_MOST = 1024
const ENCODING_MOST = 16
/** ED: source application ^ type ^ subtype ^ encoding ^ data. */
const DATA_COMPONENT = 5

export const cutOut = (limitBytes: number): CutOut => {
  let kept = Buffer.allocUnsafe(Math.min(FIRST_SIZE, limitBytes))
  let size = 0
  let tooLarge = false
  let separators: Separators | undefined
  /** Bytes at which a run of data stops. */
  const stops = new Uint8Array(256)

  let mode: 'text' | 'data' | 'escape' | 'shared' | 'break' = 'text'
  let name = ''
  let field = 0
  let component = 1
  let valueType = ''
  let encoding = ''

  let files = 0
  let isOpen = false
  let waiting: number[] = []
  let breaks = 0
  let cuts: Cut[] = []

  const keep = (byte: number): void => {
    if (size === limitBytes) { tooLarge = true; return }
    if (size === kept.length) kept = Buffer.concat([kept], Math.min(kept.length * 2, limitBytes))
    kept[size++] = byte
    if (size === SEPARATORS_END) begin(separatorsOf(kept))
  }
  const begin = (found: Separators | undefined): void => {
    separators = found
    if (!found) return
    for (const byte of [found.field, found.component, found.repetition, found.escape, CR, LF]) stops[byte] = 1
  }

  const segment = (): void => {
    name = valueType = encoding = ''
    field = 0
    component = 1
  }

  /** One byte outside of files. */
  const text = (byte: number): void => {
    if (size === 0 && LEADING.has(byte)) return
    keep(byte)
    if (!separators) return
    if (byte === CR || byte === LF) segment()
    else if (byte === separators.field) {
      field++
      component = 1
    } else if (byte === separators.repetition) {
      component = 1
      encoding = ''
    } else if (byte === separators.component) {
      component++
      if (component === DATA_COMPONENT && field === 5 && name === 'OBX' && valueType.trim().toUpperCase() === 'ED') mode = 'data'
    } else if (field === 0 && name.length < 3) name += String.fromCharCode(byte)
    else if (field === 2 && valueType.length < 4) valueType += String.fromCharCode(byte)
    else if (field === 5 && component === 4 && encoding.length < ENCODING_MOST) encoding += String.fromCharCode(byte)
  }

  const data = (bytes: Buffer): void => {
    if (bytes.length === 0) return
    if (!isOpen) {
      isOpen = true
      cuts.push({ kind: 'open', encoding: encoding.trim() })
      for (const byte of Buffer.from(`{content:${files++}}`)) keep(byte)
    }
    cuts.push({ kind: 'data', bytes })
  }
  const close = (): void => {
    if (isOpen) cuts.push({ kind: 'close' })
    isOpen = false
    mode = 'text'
  }
  /** What was waiting to be understood is data after all. */
  const giveUp = (): void => {
    const bytes = Buffer.from(waiting)
    waiting = []
    mode = 'data'
    data(bytes)
  }

  const escape = (byte: number, marks: Separators): boolean => {
    if (byte === marks.escape) {
      const meant = unescaped(Buffer.from(waiting.slice(1)), marks)
      if (meant) {
        // Some senders write `\X0D\X0A\` for a line end: one mark closes the first and opens the second.
        mode = waiting[1] === HEX_MARK && encoding.trim().toUpperCase() === 'BASE64' ? 'shared' : 'data'
        waiting = []
        data(meant)
        return true
      }
      waiting.push(byte)
      giveUp()
      return true
    }
    if (stops[byte] === 1 || waiting.length > ESCAPE_MOST) {
      giveUp()
      return false
    }
    waiting.push(byte)
    return true
  }

  /** Right after a hexadecimal escape: another one without an opening mark of its own, or plain data. */
  const shared = (byte: number, marks: Separators): boolean => {
    if (byte === marks.escape && waiting.length === 3) {
      data(unescaped(Buffer.from(waiting), marks)!)
      waiting = []
      mode = 'data'
      return true
    }
    const fits = waiting.length === 0 ? byte === HEX_MARK : waiting.length < 3 && isHex(byte)
    if (!fits) {
      giveUp()
      return false
    }
    waiting.push(byte)
    return true
  }

  /** After line ends within data: `ABC|` begins the next segment, anything else goes on with the data. */
  const afterBreak = (byte: number, marks: Separators): boolean => {
    const seen = waiting.length - breaks
    if (seen === 0 && (byte === CR || byte === LF) && breaks < BREAKS_MOST) {
      breaks = waiting.push(byte)
    } else if (seen < 3 && isNameByte(byte, seen)) {
      waiting.push(byte)
    } else if (seen === 3 && byte === marks.field) {
      const bytes = [...waiting, byte]
      waiting = []
      close()
      bytes.forEach(text)
    } else {
      giveUp()
      return false
    }
    return true
  }

  /** Takes what it can of `bytes` from `at` on; returns where it stopped. */
  const step = (bytes: Buffer, at: number, marks: Separators): number => {
    const byte = bytes[at]!
    if (mode === 'escape') return escape(byte, marks) ? at + 1 : at
    if (mode === 'shared') return shared(byte, marks) ? at + 1 : at
    if (mode === 'break') return afterBreak(byte, marks) ? at + 1 : at
    let to = at
    while (to < bytes.length && stops[bytes[to]!] === 0) to++
    if (to > at) {
      data(bytes.subarray(at, to))
      return to
    }
    if (byte === marks.escape) {
      mode = 'escape'
      waiting.push(byte)
    } else if (byte === CR || byte === LF) {
      mode = 'break'
      breaks = waiting.push(byte)
    } else {
      close()
      text(byte)
    }
    return at + 1
  }

  const drain = (): readonly Cut[] => {
    const done = cuts
    cuts = []
    return done
  }

  return {
    push: (bytes) => {
      for (let at = 0; at < bytes.length;) {
        if (tooLarge) break
        if (mode === 'text' || !separators) text(bytes[at++]!)
        else at = step(bytes, at, separators)
      }
      return drain()
    },
    end: () => {
      const endsInBreak = mode === 'break' && waiting.length === breaks
      const left = waiting
      if (endsInBreak) waiting = []
      else giveUp()
      close()
      if (endsInBreak) left.forEach(text)
      return drain()
    },
    skeleton: () => kept.subarray(0, size),
    get tooLarge() { return tooLarge },
  }
}

const isHex = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
const isNameByte = (byte: number, place: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (place > 0 && byte >= 0x30 && byte <= 0x39)
