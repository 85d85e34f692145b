// Reads an upload that came as multipart/form-data: a part `metadata` (JSON) and, if the file is not left out, a part
// `file`, in either order. Other text parts are ignored. It refuses what would lose a file silently: a second one, one
// under another name, one without a file name, and a part whose headers cannot be read.
import busboy from 'busboy'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ContentStore } from '../../ledger/content.ts'
import { Failure } from '../../errors.ts'
import type { ContentRef } from '../../types.ts'
import { METADATA_BYTES, metadataText, plainText } from './body.ts'
import type { BodyReader } from './body.ts'
import { incomingFile } from './file.ts'
import type { IncomingFile } from './file.ts'

const PARTS = 20

const unreadable = (detail: string, cause?: unknown): Failure => new Failure('MESSAGE_UNREADABLE', detail, { cause })

/** How many parts the sender began: busboy drops one with headers that it cannot read without a word. */
const delimiterCount = (boundary: string): { push(chunk: Buffer): void; count(): number } => {
  const delimiter = Buffer.from(`\r\n--${boundary}\r\n`, 'latin1')
  let count = 0
  // As if a line had ended before the first byte, where the first delimiter may stand.
  let tail: Buffer = Buffer.from('\r\n')
  return {
    push: (chunk) => {
      const bytes = Buffer.concat([tail, chunk])
      let from = 0
      for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, from)) {
        count++
        // The line end behind one delimiter may be the one before the next.
        from = at + delimiter.length - 2
      }
      tail = bytes.subarray(Math.max(from, bytes.length - delimiter.length + 1))
    },
    count: () => count,
  }
}

const boundaryOf = (contentType: string): string => {
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/iu.exec(contentType)
  const boundary = found?.[1] ?? found?.[2]
  if (boundary === undefined) throw unreadable('The Content-Type names no boundary.')
  return boundary
}

const collect = async (stream: Readable): Promise<Buffer> => {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > METADATA_BYTES) throw new Failure('TOO_LARGE', `The metadata is larger than ${METADATA_BYTES} bytes.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces, size)
}

/**
 * Busboy takes a part for text unless it has a file name, and decodes text as UTF-8 without complaint; a character
 * that stands for "could not be decoded" shows that it was not.
 */
const textBytes = (value: unknown, truncated: boolean): Buffer => {
  if (truncated) throw new Failure('TOO_LARGE', `The metadata is larger than ${METADATA_BYTES} bytes.`)
  if (typeof value !== 'string' || value.includes('\uFFFD')) throw new Failure('METADATA_UNREADABLE', 'It is not UTF-8.')
  return Buffer.from(value)
}

export const multipartReader = (headers: IncomingHttpHeaders, content: ContentStore, limitBytes: number): BodyReader => {
  const delimiters = delimiterCount(boundaryOf(headers['content-type'] ?? ''))
  let metadata: Buffer | undefined
  let file: IncomingFile | undefined
  let named: { fileName?: string; declaredType?: string } = {}
  let parts = 0
  let fileSize = 0

  let parser: busboy.Busboy
  try {
    parser = busboy({ headers, defParamCharset: 'utf8', limits: { fieldNameSize: 100, fieldSize: METADATA_BYTES + 1, parts: PARTS } })
  } catch (error) {
    throw unreadable('The Content-Type names no boundary.', error)
  }
  // The first thing to go wrong, wherever: whoever waits for the parser hears of it.
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  const fail = (error: unknown): void => broken.reject(error)
  const work: Promise<void>[] = []
  const doing = (part: Promise<void>): void => {
    part.catch(fail)
    work.push(part)
  }

  const metadataPart = (bytes: Buffer): void => {
    if (metadata !== undefined) throw unreadable('There are two parts named metadata.')
    metadata = bytes
  }
  const filePart = async (stream: Readable, info: busboy.FileInfo): Promise<void> => {
    if (file) throw unreadable('There are two parts named file.')
    const incoming = incomingFile(content, limitBytes)
    file = incoming
    named = {
      ...(info.filename ? { fileName: plainText(info.filename, 'the file name') } : {}),
      // text/plain is also what busboy says of a part without a type.
      ...(info.mimeType === 'text/plain' ? {} : { declaredType: plainText(info.mimeType, 'the type of the file') }),
    }
    for await (const piece of stream as AsyncIterable<Buffer>) {
      fileSize += piece.length
      await incoming.write(piece)
    }
  }

  parser.on('file', (name: string | undefined, stream: Readable, info) => {
    parts++
    if (name === 'metadata') doing(collect(stream).then(metadataPart))
    else if (name === 'file') doing(filePart(stream, info))
    else {
      stream.on('error', () => undefined)
      fail(unreadable('A file came in a part that is not named file.'))
    }
  })
  parser.on('field', (name: string | undefined, value, info) => {
    parts++
    try {
      if (name === 'metadata') metadataPart(textBytes(value, info.valueTruncated))
      else if (name === 'file') fail(unreadable('The part named file has no file name, so its bytes would be taken for text.'))
    } catch (error) {
      fail(error)
    }
  })
  parser.on('partsLimit', () => fail(unreadable(`There are ${PARTS} parts or more.`)))
  parser.on('error', (error) => fail(unreadable('The multipart body is broken or ends too early.', error)))

  return {
    write: async (chunk) => {
      delimiters.push(chunk)
      const taken = new Promise<void>((resolve) => parser.write(chunk, () => resolve()))
      await Promise.race([taken, broken.promise])
    },
    end: async () => {
      const closed = new Promise<void>((resolve) => parser.once('close', () => resolve()))
      parser.end()
      await Promise.race([closed, broken.promise])
      await Promise.race([Promise.all(work), broken.promise])
      if (parts !== delimiters.count()) throw unreadable('The headers of a part cannot be read.')
      if (metadata === undefined) throw new Failure('METADATA_MISSING', 'There is no part named metadata.')
      const text = metadataText(metadata)
      const contents: ContentRef[] = []
      // A form whose file was not chosen sends an empty part without a name: that is a file left out.
      if (file && (fileSize > 0 || named.fileName)) contents.push(await file.keep())
      else await file?.drop()
      return { metadata: text, contents, ...(contents.length > 0 ? named : {}) }
    },
    drop: async () => {
      parser.destroy()
      await Promise.allSettled(work)
      await file?.drop()
    },
    skeleton: () => metadata?.toString('utf8') ?? '',
  }
}
