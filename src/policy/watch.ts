// Watches channels/ and mappings/ and says when something in them has changed and everything has been quiet since. It
// refuses to read a file: whoever is told reads all of them anew.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { rounds } from '../observe/rounds.ts'

export type WatchParts = {
  readonly folders: readonly string[]
  /** Told once after each run of changes, and once at the beginning: something may have changed before the watching began. */
  readonly onChange: () => void
  /** How long nothing may have changed. */
  readonly quietMs?: number
  readonly everyMs?: number
}

/** A checkout writes many files, an editor writes one in two steps: nothing is read in between. */
const QUIET_MS = 1000
const EVERY_MS = 250

/**
 * By looking at sizes, times and inodes rather than by notices of the operating system: those do not come through the
 * bind mounts of every container nor from file servers, and two dozen files cost nothing to look at. What cannot be looked at
 * is a change like any other, and so is its end: who reads the files says what is wrong with them.
 */
export const watchPolicy = ({ folders, onChange, quietMs = QUIET_MS, everyMs = EVERY_MS }: WatchParts): { close(): Promise<void> } => {
  let timer: NodeJS.Timeout | undefined
  let last: string | undefined
  const look = async (): Promise<void> => {
    const now = (await Promise.all(folders.map(seenIn))).join('\n')
    if (now === last || round.isClosed()) return
    last = now
    clearTimeout(timer)
    timer = setTimeout(onChange, quietMs)
  }
  const round = rounds(look, everyMs)
  round.begin()
  return {
    close: () => {
      clearTimeout(timer)
      return round.close(CLOSE_WITHIN_MS)
    },
  }
}

/** A file server that does not answer must not keep an engine from stopping. */
const CLOSE_WITHIN_MS = 1000

const seenIn = async (folder: string): Promise<string> => {
  try {
    // What editors and checkouts write beside the files. A folder itself may well be hidden, or lie in one that is.
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted()
    return (await Promise.all(names.map(async (name) => `${name} ${await seenOf(join(folder, name))}`))).join('\n')
  } catch (error) {
    return codeOf(error)
  }
}

/** Links are followed. Rights count too: a file that nobody may read any more has changed. */
const seenOf = async (path: string): Promise<string> => {
  try {
    const found = await stat(path, { bigint: true })
    return found.isDirectory() ? 'folder' : [found.size, found.mtimeNs, found.ctimeNs, found.ino].join(' ')
  } catch (error) {
    return codeOf(error)
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown'
