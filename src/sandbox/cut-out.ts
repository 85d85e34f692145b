// Reads a JSON body as it streams in and cuts out every string under a key `data`: its base64 is decoded into the
// spool and a short mark stays in its place. So a 50 MB document costs some kilobytes. It refuses bodies whose
// remaining text is large, and reads them to their end all the same.
import { createHash } from 'node:crypto'
import { base64Decoder, type Decoder } from './base64.ts'
import type { Extent, Spool } from './spool.ts'

/** Bytes that were cut out, and what stands for them in the text. */
export type Cut = {
  readonly mark: string
  readonly extents: readonly Extent[]
  readonly size: number
  readonly sha256: string
  /** Base64, as FHIR R4 has it in `attachment.hash`. */
  readonly sha1: string
  /** The string was not base64; the rest describes what came before that. */
  readonly broken: boolean
}

export type CutBody = { readonly text: string; readonly cuts: readonly Cut[]; readonly tooLarge: boolean }

/** The largest body that is left once the data is out, and the largest data. */
export const TEXT_LIMIT = 2 * 1024 * 1024
export const DATA_LIMIT = 256 * 1024 * 1024
const FLUSH = 256 * 1024

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

export type Writing = { push(text: string): Promise<void>; end(): Promise<Cut> }

/** Text as it is, for what comes unencoded. */
export const asItIs = (): Decoder => ({ push: (text) => Buffer.from(text), end: () => true })

export const writeInto = (spool: Spool, mark: string, decoder: Decoder = base64Decoder()): Writing => {
  const sha256 = createHash('sha256')
  const sha1 = createHash('sha1')
  const extents: Extent[] = []
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let size = 0

  const flush = async (): Promise<void> => {
    if (waitingBytes === 0) return
    const chunk = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    extents.push(await spool.append(chunk))
  }

  return {
    push: async (text) => {
      const bytes = decoder.push(text)
      if (!bytes) return
      size += bytes.length
      if (size > DATA_LIMIT) return
      sha256.update(bytes)
      sha1.update(bytes)
      waiting.push(bytes)
      waitingBytes += bytes.length
      if (waitingBytes >= FLUSH) await flush()
    },
    end: async () => {
      await flush()
      return { mark, extents, size, sha256: sha256.digest('hex'), sha1: sha1.digest('base64'), broken: !decoder.end() }
    },
  }
}

/** Where the reading stands; bytes that are not data go to `text` as they are. */
export const cutOut = async (chunks: AsyncIterable<Buffer>, spool: Spool, newMark: () => string): Promise<CutBody> => {
  const text: Buffer[] = []
  const cuts: Cut[] = []
  let textBytes = 0
  let tooLarge = false
  let where: 'between' | 'string' | 'data' = 'between'
  /** The string read last, as far as it may be `data`; after a colon it is a key. */
  let last = ''
  let isKey = false
  let escaped = false
  let escape: string | undefined
  let writing: Writing | undefined

  const keep = (bytes: Buffer): void => {
    textBytes += bytes.length
    if (textBytes > TEXT_LIMIT) tooLarge = true
    else text.push(Buffer.from(bytes))
  }

  /** Takes data from `from` on; returns where it stopped. */
  const takeData = async (chunk: Buffer, from: number): Promise<number> => {
    let i = from
    while (i < chunk.length && where === 'data') {
      if (escape !== undefined) {
        escape += String.fromCharCode(chunk[i] ?? 0)
        i += 1
        if (escape.startsWith('u') && escape.length < 5) continue
        await writing?.push(unescaped(escape))
        escape = undefined
        continue
      }
      const quote = chunk.indexOf(QUOTE, i)
      const stop = quote < 0 ? chunk.length : quote
      const backslash = chunk.subarray(i, stop).indexOf(BACKSLASH)
      const until = backslash < 0 ? stop : i + backslash
      if (until > i) await writing?.push(chunk.toString('latin1', i, until))
      i = until
      if (backslash >= 0) {
        escape = ''
        i += 1
      } else if (quote >= 0) {
        const cut = await writing!.end()
        if (cut.size > DATA_LIMIT) tooLarge = true
        cuts.push(cut)
        writing = undefined
        where = 'between'
      }
    }
    return i
  }

  for await (const chunk of chunks) {
    let from = 0
    let i = 0
    while (i < chunk.length) {
      if (where === 'data') {
        i = await takeData(chunk, i)
        from = i
        if (i < chunk.length) i += 1 // the closing quote, which is kept as text
        continue
      }
      const byte = chunk[i] ?? 0
      i += 1
      if (where === 'string') {
        if (!escaped && byte === QUOTE) where = 'between'
        else if (last.length < 5) last += String.fromCharCode(byte)
        escaped = !escaped && byte === BACKSLASH
      } else if (byte === QUOTE && isKey && last === 'data') {
        const mark = newMark()
        keep(chunk.subarray(from, i))
        keep(Buffer.from(mark))
        writing = writeInto(spool, mark)
        where = 'data'
        isKey = false
        last = ''
      } else if (byte === QUOTE) {
        where = 'string'
        last = ''
        isKey = false
      } else if (byte === COLON) {
        isKey = true
      } else if (!isSpace(byte)) {
        isKey = false
        last = ''
      }
    }
    if (where !== 'data') keep(chunk.subarray(from))
  }
  return { text: tooLarge ? '' : Buffer.concat(text).toString('utf8'), cuts, tooLarge }
}

const unescaped = (escape: string): string => {
  try {
    return JSON.parse(`"\\${escape}"`) as string
  } catch {
    return '\u0000' // no escape of JSON: let the decoder call it broken
  }
}
