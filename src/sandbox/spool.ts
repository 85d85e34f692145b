// One temporary file for the bytes of all documents, so that large ones never sit in memory. It is removed from its
// folder as soon as it is open: whatever ends this process, nothing stays behind. It refuses to change bytes it holds.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Extent = { readonly at: number; readonly length: number }

export type Spool = {
  /** The chunk belongs to the spool until the promise resolves. */
  append(chunk: Buffer): Promise<Extent>
  read(extents: readonly Extent[]): AsyncGenerator<Buffer>
  /** While held, `clear` keeps the bytes; call the result to let go. */
  hold(): () => void
  /** Gives the space back, unless something is being written just now. */
  clear(): Promise<void>
  close(): Promise<void>
}

export const openSpool = async (): Promise<Spool> => {
  const folder = await mkdtemp(join(tmpdir(), 'openletter-sandbox-'))
  const file = await open(join(folder, 'documents'), 'wx+', 0o600)
  const remove = (): Promise<boolean> => rm(folder, { recursive: true, force: true }).then(() => true, () => false)
  // Windows keeps an open file where it is; there it goes at close.
  const removed = await remove()
  let end = 0
  let holders = 0

  return {
    append: async (chunk) => {
      const at = end
      end += chunk.length
      let written = 0
      while (written < chunk.length) written += (await file.write(chunk, written, chunk.length - written, at + written)).bytesWritten
      return { at, length: chunk.length }
    },
    read: async function* (extents) {
      for (const { at, length } of extents) {
        const chunk = Buffer.allocUnsafeSlow(length)
        const { bytesRead } = await file.read(chunk, 0, length, at)
        if (bytesRead !== length) throw new Error('the document was taken away by a reset')
        yield chunk
      }
    },
    hold: () => {
      holders += 1
      return () => { holders -= 1 }
    },
    clear: async () => {
      // `end` goes on: a place is never used twice, so a late reader finds nothing rather than another document.
      if (holders === 0) await file.truncate(0)
    },
    close: async () => {
      await file.close()
      if (!removed) await remove()
    },
  }
}
