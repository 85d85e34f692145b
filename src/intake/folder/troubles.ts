// What goes wrong with the folder, its files and the store, said once for as long as it lasts. It refuses to name a
// file: senders put patients' names into names.
import type { Say } from '../../observe/events.ts'

export type Troubles = {
  ofFile(path: string, code: string): void
  /** This file gives no trouble any more. */
  mended(path: string): void
  /** Forgets files that are there no more. */
  prune(isThere: (path: string) => boolean): void
  ofStore(code: string, why: string): void
  ofFolder(code: string): void
  /** A whole look went well. */
  none(): void
}

export const troubles = (feed: string, say: Say): Troubles => {
  const files = new Map<string, string>()
  let folder = ''
  let store = ''
  const back = (): void => {
    if (folder !== '') say('folder_back', { feed })
    folder = ''
  }
  return {
    ofFile: (path, code) => {
      if (files.get(path) !== code) say('file_unreadable', { feed, code })
      files.set(path, code)
    },
    mended: (path) => { files.delete(path) },
    prune: (isThere) => { for (const path of files.keys()) if (!isThere(path)) files.delete(path) },
    ofStore: (code, why) => {
      back()
      if (store !== code) say('part_failed', { part: feed, code, detail: `uploads wait in the folder: ${why}` })
      store = code
    },
    ofFolder: (code) => {
      if (folder !== code) say('folder_away', { feed, code })
      folder = code
    },
    none: () => {
      back()
      store = ''
    },
  }
}
