// The content store: files named after their SHA-256, under DATA_DIR/content. It refuses to change a file that is
// there, and to show one before it is whole and synced.
import type { Readable } from 'node:stream'
import type { ContentRef } from '../types.ts'

/** A file being written: push bytes, then `keep` it (durable when resolved) or `drop` it. */
export type ContentWriter = {
  /** Resolves when more can be written; honours back-pressure. */
  write(chunk: Buffer): Promise<void> | void
  keep(): Promise<ContentRef>
  drop(): Promise<void>
}

export type ContentStore = {
  /** `limitBytes`: past it nothing more is stored and the reference says `tooLarge`. */
  writer(limitBytes: number): ContentWriter
  /** A stream of the bytes, verified against the hash as they pass; Failure CONTENT_MISSING if the file is not there. */
  read(sha256: string): Promise<Readable>
  has(sha256: string): Promise<boolean>
}
