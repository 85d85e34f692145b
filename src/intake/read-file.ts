// Reads one upload from a file (`.hl7`, or `.json` as the HTTP feed takes it) into the receipt that the feed would
// have made of it: for `explain` and for the tests in channel files. It refuses to decide anything.
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { ContentStore, ContentWriter } from '../ledger/content.ts'
import type { Feed } from '../policy/schema.ts'
import type { ContentRef, Receipt, Refusal } from '../types.ts'
import { base64Decoder } from './base64.ts'
import { metadataText } from './http/body.ts'
import { incomingMessage } from './mllp/message.ts'

const MB = 1024 * 1024
export type FileParts = { readonly feed: string; readonly settings: Feed; readonly content: ContentStore; readonly now: () => Date; readonly newId: () => string }

/** Rejects if the file cannot be read from the disk; a message that cannot be read is a Refusal. */
export const readUploadFile = async (file: string, parts: FileParts): Promise<Receipt | Refusal> => {
  const bytes = await readFile(file)
  return extname(file) === '.json' ? readJson(file, bytes, parts) : readHl7(bytes, parts)
}

const readHl7 = async (bytes: Buffer, { feed, settings, content, now, newId }: FileParts): Promise<Receipt | Refusal> => {
  const limits = settings.type === 'mllp' ? { messageBytes: settings.max_message_mb * MB, testSystem: settings.test_system } : { messageBytes: bytes.length + 1, testSystem: false }
  const message = incomingMessage(content, limits)
  await message.push(bytes)
  const heard = await message.end()
  if (!heard.ok) return { code: heard.code, at: 'message', detail: heard.detail }
  return { id: newId(), feed, format: 'hl7-mdm', receivedAt: now().toISOString(), skeleton: heard.skeleton, contents: heard.contents }
}

type JsonUpload = { readonly metadata?: unknown; readonly file?: unknown; readonly content?: { readonly contentType?: unknown; readonly data?: unknown } }

const readJson = async (file: string, bytes: Buffer, { feed, settings, content, now, newId }: FileParts): Promise<Receipt | Refusal> => {
  let upload: JsonUpload
  try {
    upload = JSON.parse(bytes.toString('utf8')) as JsonUpload
  } catch {
    return { code: 'MESSAGE_UNREADABLE', at: basename(file), detail: 'The file is not JSON.' }
  }
  const limit = (settings.type === 'http' ? settings.max_document_mb : 100) * MB
  const receipt = { id: newId(), feed, format: 'upload' as const, receivedAt: now().toISOString(), skeleton: metadataText(Buffer.from(JSON.stringify(upload.metadata ?? null))) }
  if (typeof upload.file === 'string') {
    const ref = await store(content.writer(limit), [await readFile(join(dirname(file), upload.file))])
    return { ...receipt, contents: [ref], fileName: basename(upload.file) }
  }
  if (typeof upload.content?.data !== 'string') return { ...receipt, contents: [] }
  const decoder = base64Decoder()
  const ref = await store(content.writer(limit), [decoder.push(Buffer.from(upload.content.data)), decoder.end()])
  if (decoder.broken !== undefined) return { code: 'CONTENT_UNREADABLE', at: 'content.data', detail: decoder.broken }
  return { ...receipt, contents: [ref], ...(typeof upload.content.contentType === 'string' ? { declaredType: upload.content.contentType } : {}) }
}

const store = async (writer: ContentWriter, pieces: readonly Buffer[]): Promise<ContentRef> => {
  for (const piece of pieces) await writer.write(piece)
  return writer.keep()
}
