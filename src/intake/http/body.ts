// What a body of an upload is read into, whichever of the two forms it has, and what its metadata must be.
// It refuses to look at what the metadata says: that is parsing's.
import { Failure } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import type { ContentRef } from '../../types.ts'
import { whereBroken } from '../../parse/json-fault.ts'
import { jsonScan } from './json-scan.ts'

/** A whole upload, its file durable in the content store. */
export type Upload = {
  /** The text of the metadata object, character for character as it came. */
  readonly metadata: string
  readonly contents: readonly ContentRef[]
  readonly fileName?: string
  readonly declaredType?: string
}

/** Reads one body. Each method may reject with a Failure; after that, only `drop` and `skeleton` are called. */
export type BodyReader = {
  /** Resolves when more can be taken. */
  write(chunk: Buffer): Promise<void>
  /** The body is whole: checks it and makes the file durable. */
  end(): Promise<Upload>
  /** Forgets the file. */
  drop(): Promise<void>
  /** The message as far as it was read, less the file; for the record of what was refused. */
  skeleton(): string
}

/** Bytes of metadata, and of whatever else of a message is not the file. */
export const METADATA_BYTES = 256 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Every string and key in a parsed JSON value. */
const strings = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...strings(inner)])
}

/** With which code a text that cannot be used is refused: that of the metadata alone, or of the whole body. */
type Unreadable = Extract<ErrorCode, 'METADATA_UNREADABLE' | 'MESSAGE_UNREADABLE'>

/** UTF-8 without mistakes, as text. */
export const decodeText = (bytes: Buffer, code: Unreadable): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Failure(code, 'It is not UTF-8.')
  }
}

/** Parses strictly; PostgreSQL takes neither NUL nor half a character, so a message with one is refused here. `counted`: how the column is, where not as it came. */
export const parseJson = (text: string, code: Unreadable, counted = ''): unknown => {
  if (text.includes('\0')) throw new Failure('NUL_IN_MESSAGE', 'A NUL stands in the JSON.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Failure(code, `It is not JSON${whereBroken(text)}${counted}.`)
  }
  for (const string of strings(value)) {
    if (string.includes('\0')) throw new Failure('NUL_IN_MESSAGE', 'A NUL stands in the JSON, written as an escape.')
    if (!string.isWellFormed()) throw new Failure(code, 'An escape in it stands for half a character.')
  }
  return value
}

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** The text of a metadata object that stands by itself; Failure if it is anything else. */
export const metadataText = (bytes: Buffer): string => {
  const text = decodeText(bytes, 'METADATA_UNREADABLE')
  // The scan finds keys that stand twice, and bounds the nesting for what walks the value afterwards.
  jsonScan({ keepBytes: METADATA_BYTES }).push(bytes)
  if (!isObject(parseJson(text, 'METADATA_UNREADABLE'))) throw new Failure('METADATA_UNREADABLE', 'It is JSON, but not an object.')
  return text
}

/** A value from outside the metadata that goes on the receipt. */
export const plainText = (text: string, what: string): string => {
  if (text.includes('\0')) throw new Failure('NUL_IN_MESSAGE', `A NUL stands in ${what}.`)
  return text
}
