// One file for the bytes of all documents, so that large ones never sit in memory: a temporary one, or one that is
// kept. The temporary one is removed from its folder as soon as it is open: whatever ends this process, nothing
// stays behind. It refuses to change bytes it holds.
import type { FileHandle } from 'node:fs/promises'
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
  /** Once `first` is done it gives the space back, unless something was written meanwhile or is being written. */
  clear(first: Promise<void>): Promise<void>
  /** What was appended so far is on the disk when this resolves. */
  sync(): Promise<void>
  close(): Promise<void>
}

export const openTemporarySpool = async (): Promise<Spool> => {
  const folder = await mkdtemp(join(tmpdir(), 'openletter-sandbox-'))
  const file = await open(join(folder, 'documents'), 'wx+', 0o600)
  const remove = (): Promise<boolean> => rm(folder, { recursive: true, force: true }).then(() => true, () => false)
  // Windows keeps an open file where it is; there it goes at close.
  const removed = await remove()
  return spoolOn(file, 0, async () => { if (!removed) await remove() })
}

/** Goes on at the end of the file, which is made if it is not there. */
export const openKeptSpool = async (path: string): Promise<Spool> => {
  await (await open(path, 'a', 0o600)).close()
  const file = await open(path, 'r+')
  return spoolOn(file, (await file.stat()).size)
}

const spoolOn = (file: FileHandle, start: number, afterClose = async (): Promise<void> => undefined): Spool => {
  let end = start
  let holders = 0
  let unsynced = false
  let clearing: Promise<void> = Promise.resolve()

  return {
    append: async (chunk) => {
      const at = end
      end += chunk.length
      await clearing
      let written = 0
      while (written < chunk.length) written += (await file.write(chunk, written, chunk.length - written, at + written)).bytesWritten
      unsynced = true
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
    clear: async (first) => {
      const before = end
      if (holders > 0) return
      await first
      // `end` goes on: a place is never used twice, so a late reader finds nothing rather than another document.
      if (holders === 0 && end === before) clearing = file.truncate(0)
      await clearing
    },
    sync: async () => {
      if (!unsynced) return
      unsynced = false
      await file.datasync()
    },
    close: async () => {
      await file.close()
      await afterClose()
    },
  }
}
