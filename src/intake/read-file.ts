// Reads one upload from a file (`.hl7`, or `.json` as the HTTP feed takes it), or from what a test says in its place,
// into the receipt that the feed would have made of it: for `explain` and for the tests in channel files. It refuses
// to decide anything.
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { Failure } from '../errors.ts'
import type { ContentStore } from '../ledger/content.ts'
import type { Feed } from '../policy/schema.ts'
import type { Receipt, Refusal } from '../types.ts'
import { metadataText, plainText, type Upload } from './http/body.ts'
import { incomingFile } from './http/file.ts'
import { jsonReader } from './http/json-body.ts'
import { incomingMessage } from './mllp/message.ts'

const MB = 1024 * 1024
const UNLIMITED_MB = 1024
export type FileParts = {
  readonly feed: string
  readonly settings: Feed
  readonly content: ContentStore
  readonly now: () => Date
  readonly newId: () => string
  /** How a file is read; left out, whatever it is: a pipe that a person names on the command line is read to its end. */
  readonly read?: (path: string) => Promise<Buffer>
}

/** Rejects if the file cannot be read from the disk; a message that cannot be read is a Refusal. */
export const readUploadFile = async (file: string, parts: FileParts): Promise<Receipt | Refusal> => {
  const bytes = await (parts.read ?? readFile)(file)
  return extname(file).toLowerCase() === '.json' ? readJson(file, bytes, parts) : readMessageBytes(bytes, parts)
}

/** An HL7 message as it stands in a test: a line is a segment, and `place` stands where the file's base64 belongs. */
export const readMessage = (text: string, attached: { readonly place: string; readonly bytes: Buffer } | undefined, parts: FileParts): Promise<Receipt | Refusal> => {
  const lines = text.split(/\r\n|\r|\n/u).filter((line) => line.trim() !== '')
  const message = attached ? lines.map((line) => line.replaceAll(attached.place, () => attached.bytes.toString('base64'))) : lines
  return readMessageBytes(Buffer.from(message.map((line) => `${line}\r`).join('')), parts)
}

export type Said = { readonly metadata: unknown; readonly fileName?: string; readonly declaredType?: string }

/** An upload whose metadata is at hand as data, and its file, if it has one, as bytes. */
export const readUpload = ({ metadata, fileName, declaredType }: Said, bytes: Buffer | undefined, parts: FileParts): Promise<Receipt | Refusal> =>
  uploaded(parts, async () => {
    const text = metadataText(Buffer.from(JSON.stringify(metadata ?? null)))
    const named = { ...(fileName ? { fileName: plainText(fileName, 'the file name') } : {}), ...(declaredType ? { declaredType: plainText(declaredType, 'the declared type') } : {}) }
    if (!bytes) return { metadata: text, contents: [], ...named }
    const file = incomingFile(parts.content, limitOf(parts.settings))
    try {
      await file.write(bytes)
      return { metadata: text, contents: [await file.keep()], ...named }
    } finally {
      await file.drop()
    }
  })

/** An HL7 message byte for byte. */
export const readMessageBytes = async (bytes: Buffer, { feed, settings, content, now, newId }: FileParts): Promise<Receipt | Refusal> => {
  const limits = settings.type === 'mllp' ? { messageBytes: settings.max_message_mb * MB, testSystem: settings.test_system } : { messageBytes: bytes.length + 1, testSystem: false }
  const message = incomingMessage(content, limits)
  await message.push(bytes)
  const heard = await message.end()
  if (!heard.ok) return { code: heard.code, at: 'message', detail: heard.detail }
  return { id: newId(), feed, format: 'hl7-mdm', receivedAt: now().toISOString(), skeleton: heard.skeleton, contents: heard.contents }
}

/** As the HTTP feed reads a body; or with the file beside it, under the name `file`. */
const readJson = async (path: string, bytes: Buffer, parts: FileParts): Promise<Receipt | Refusal> => {
  const beside = fileBeside(bytes)
  if (beside) return readUpload({ metadata: beside.metadata, fileName: basename(beside.file) }, await (parts.read ?? readFile)(join(dirname(path), beside.file)), parts)
  return readUploadBytes(bytes, parts)
}

/** An upload as the HTTP feed takes it as JSON. */
export const readUploadBytes = (bytes: Buffer, parts: FileParts): Promise<Receipt | Refusal> =>
  uploaded(parts, async () => {
    const reader = jsonReader(parts.content, limitOf(parts.settings))
    try {
      await reader.write(bytes)
      return await reader.end()
    } finally {
      await reader.drop()
    }
  })

const fileBeside = (bytes: Buffer): { readonly metadata: unknown; readonly file: string } | undefined => {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as { readonly metadata?: unknown; readonly file?: unknown } | null
    return typeof value?.file === 'string' ? { metadata: value.metadata, file: value.file } : undefined
  } catch {
    return undefined
  }
}

const limitOf = (settings: Feed): number => ('max_document_mb' in settings ? settings.max_document_mb : UNLIMITED_MB) * MB

/** What the feed would answer as a problem is a refusal here; what the disk does is not. */
const uploaded = async ({ feed, now, newId }: FileParts, read: () => Promise<Upload>): Promise<Receipt | Refusal> => {
  try {
    const { metadata, ...rest } = await read()
    return { id: newId(), feed, format: 'upload', receivedAt: now().toISOString(), skeleton: metadata, ...rest }
  } catch (error) {
    if (!(error instanceof Failure) || error.class !== 'sender') throw error
    return { code: error.code, at: 'upload', detail: error.detail }
  }
}
