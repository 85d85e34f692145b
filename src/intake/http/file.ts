// The file of an upload on its way to the content store, with the feed's limit. It refuses to hold it: every piece
// goes on to disk before the next is asked for.
import { Failure } from '../../errors.ts'
import type { ContentStore, ContentWriter } from '../../ledger/content.ts'
import type { ContentRef } from '../../types.ts'

export type IncomingFile = {
  write(bytes: Buffer): Promise<void>
  keep(): Promise<ContentRef>
  drop(): Promise<void>
}

/** What the disk did, as a failure that the sender can act on: try again later. */
const storing = async <T>(work: () => Promise<T> | T): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Failure) throw error
    const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown'
    throw new Failure('STORE_UNAVAILABLE', `The content store answered ${code}.`, { cause: error })
  }
}

export const incomingFile = (content: ContentStore, limitBytes: number): IncomingFile => {
  let writer: ContentWriter | undefined = content.writer(limitBytes)
  let size = 0
  return {
    write: async (bytes) => {
      size += bytes.length
      if (size > limitBytes) throw new Failure('TOO_LARGE', `The file is larger than ${limitBytes} bytes.`)
      if (bytes.length > 0) await storing(() => writer!.write(bytes))
    },
    keep: async () => {
      const ref = await storing(() => writer!.keep())
      writer = undefined
      return ref
    },
    drop: async () => {
      const open = writer
      writer = undefined
      await open?.drop()
    },
  }
}
