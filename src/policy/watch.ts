// Watches channels/ and mappings/ and says when something in them has changed and everything has been quiet since. It
// refuses to read a file: whoever is told reads all of them anew.
import { join, relative, sep } from 'node:path'
import { watch } from 'chokidar'

export type WatchParts = {
  readonly folders: readonly string[]
  /** Told once after each run of changes, and once at the beginning: something may have changed before the watching began. */
  readonly onChange: () => void
  /** The watching itself fails: the code of the error. */
  readonly onError: (code: string) => void
  /** How long nothing may have changed. */
  readonly quietMs?: number
  readonly everyMs?: number
}

/** A checkout writes many files, an editor writes one in two steps: nothing is read in between. */
const QUIET_MS = 1000
const EVERY_MS = 250

/**
 * By looking at sizes, times and inodes rather than by notices of the operating system: those do not come through the
 * bind mounts of every container nor from file servers, and two dozen files cost nothing to look at.
 */
export const watchPolicy = ({ folders, onChange, onError, quietMs = QUIET_MS, everyMs = EVERY_MS }: WatchParts): { close(): Promise<void> } => {
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const quiet = (): void => {
    clearTimeout(timer)
    if (!closed) timer = setTimeout(onChange, quietMs)
  }
  const watcher = watch([...folders], {
    backend: 'polling', pollingInterval: everyMs, pollingBinaryInterval: everyMs, ignoreInitial: true, depth: 0,
    ignored: (path) => folders.some((folder) => isHidden(folder, path)),
  })
  watcher.on('ready', quiet).on('all', quiet).on('error', (error) => onError((error as NodeJS.ErrnoException).code ?? 'unknown'))
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

/** What editors and checkouts write beside the files. A folder itself may well be hidden, or lie in one that is. */
const isHidden = (folder: string, path: string): boolean => {
  const below = relative(join(folder), path)
  return below !== '' && !below.startsWith('..') && below.split(sep)[0]!.startsWith('.')
}
