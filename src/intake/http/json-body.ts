// Reads an upload that came as JSON, `{ "metadata": {…}, "content": { "contentType", "data", "fileName" } }`: the
// base64 at content.data is cut out and decoded on its way to disk, the rest is kept and parsed strictly. It refuses
// keys beside these: a file under a misspelt one would be lost without a word.
import { Failure } from '../../errors.ts'
import type { ContentStore } from '../../ledger/content.ts'
import { base64Decoder } from '../base64.ts'
import { METADATA_BYTES, decodeText, isObject, parseJson, plainText } from './body.ts'
import type { BodyReader, Upload } from './body.ts'
import { incomingFile } from './file.ts'
import type { IncomingFile } from './file.ts'
import { jsonScan } from './json-scan.ts'

type Named = { readonly fileName?: string; readonly declaredType?: string }

const only = (value: { readonly [key: string]: unknown }, keys: readonly string[], what: string): void => {
  if (Object.keys(value).some((key) => !keys.includes(key))) throw new Failure('MESSAGE_UNREADABLE', `${what} takes ${keys.join(', ')} and no other key.`)
}

const optionalText = (value: unknown, what: string): string | undefined => {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new Failure('MESSAGE_UNREADABLE', `${what} is not text.`)
  return plainText(value, what)
}

/** What stands beside the data; undefined where the file was left out. */
const namedOf = (content: unknown, hasData: boolean): Named | undefined => {
  if (content === undefined || content === null) return undefined
  if (!isObject(content)) throw new Failure('MESSAGE_UNREADABLE', 'content is not an object.')
  only(content, ['contentType', 'data', 'fileName'], 'content')
  if (!hasData) throw new Failure('CONTENT_UNREADABLE', 'content.data is missing or not text.')
  const fileName = optionalText(content['fileName'], 'content.fileName')
  const declaredType = optionalText(content['contentType'], 'content.contentType')
  return { ...(fileName ? { fileName } : {}), ...(declaredType ? { declaredType } : {}) }
}

export const jsonReader = (content: ContentStore, limitBytes: number): BodyReader => {
  const scan = jsonScan({ cut: ['content', 'data'], mark: 'metadata', keepBytes: METADATA_BYTES })
  const decoder = base64Decoder()
  let file: IncomingFile | undefined
  let held: Buffer = Buffer.alloc(0)

  /** In whole groups of four, which the decoder takes at once. */
  const whole = (cut: Buffer): Buffer => {
    const bytes = held.length > 0 ? Buffer.concat([held, cut]) : cut
    const until = bytes.length - (bytes.length % 4)
    held = Buffer.from(bytes.subarray(until))
    return bytes.subarray(0, until)
  }
  const write = async (bytes: Buffer): Promise<void> => {
    if (decoder.broken !== undefined) throw new Failure('CONTENT_UNREADABLE', `content.data: ${decoder.broken}.`)
    file ??= incomingFile(content, limitBytes)
    await file.write(bytes)
  }

  return {
    write: async (chunk) => {
      const cut = scan.push(chunk)
      if (scan.wasCut()) await write(decoder.push(whole(cut)))
    },
    end: async (): Promise<Upload> => {
      const kept = scan.kept()
      const value = parseJson(decodeText(kept, 'MESSAGE_UNREADABLE'), 'MESSAGE_UNREADABLE', scan.wasCut() ? ', the file in content.data left out' : '')
      if (!isObject(value)) throw new Failure('MESSAGE_UNREADABLE', 'The body is JSON, but not an object.')
      only(value, ['metadata', 'content'], 'The body')
      if (value['metadata'] === undefined) throw new Failure('METADATA_MISSING', 'There is no metadata in the body.')
      const at = scan.marked()
      if (!at) throw new Failure('METADATA_UNREADABLE', 'It is JSON, but not an object.')
      const named = namedOf(value['content'], scan.wasCut())
      if (scan.wasCut()) await write(Buffer.concat([decoder.push(held), decoder.end()]))
      const contents = named && file ? [await file.keep()] : []
      return { metadata: decodeText(kept.subarray(at.from, at.to), 'METADATA_UNREADABLE'), contents, ...named }
    },
    drop: async () => {
      await file?.drop()
    },
    skeleton: () => scan.kept().toString('utf8'),
  }
}
