// How long each file has been as it is now: only what has been left alone for a while is read. It refuses to compare a
// file's times with a clock: senders set them, and copy them from other machines.
import { same, type Seen } from './disk.ts'

export type Watch = {
  /** For how many milliseconds it has been seen unchanged. */
  unchangedMs(path: string, seen: Seen): number
  /** The same file under another path, moved by us. */
  carry(from: string, to: string, seen: Seen | undefined): void
  /** Forgets what was not looked at since the last call. */
  prune(): void
}

export const makeWatch = (clock: () => number = () => performance.now()): Watch => {
  type Entry = { readonly seen: Seen; readonly since: number; looked: boolean }
  const entries = new Map<string, Entry>()
  return {
    unchangedMs: (path, seen) => {
      const known = entries.get(path)
      if (known !== undefined && same(known.seen, seen)) {
        known.looked = true
        return clock() - known.since
      }
      entries.set(path, { seen, since: clock(), looked: true })
      return 0
    },
    carry: (from, to, seen) => {
      const known = entries.get(from)
      entries.delete(from)
      if (known !== undefined && same(known.seen, seen)) entries.set(to, { ...known, looked: true })
    },
    prune: () => {
      for (const [path, entry] of entries) {
        if (!entry.looked) entries.delete(path)
        entry.looked = false
      }
    },
  }
}
