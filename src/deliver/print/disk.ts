// Files that are either whole or not there, and durable when a promise resolves. It refuses to leave anything open
// to other users of the machine: folders 0700, files 0600.
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export const PRIVATE_FOLDER = 0o700
export const PRIVATE_FILE = 0o600

export const errnoOf = (error: unknown): string | undefined => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

export const ensureFolder = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
}

/** Makes the names in a folder durable; some systems cannot and need not. */
export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'EISDIR' || errnoOf(error) === 'EPERM') return undefined
    throw error
  })
  try {
    await folder?.sync()
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'EPERM') throw error
  } finally {
    await folder?.close()
  }
}

/** A new file with this text, synced; there must not be one of that name. */
export const writeNew = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx', PRIVATE_FILE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Replaces the file in one step. */
export const writeWhole = async (path: string, text: string): Promise<void> => {
  const partial = `${path}.partial`
  const file = await open(partial, 'w', PRIVATE_FILE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(partial, path)
  await syncFolder(dirname(path))
}

export const isThere = async (path: string): Promise<boolean> => {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** What `work` makes, or undefined where the file or folder is not there. */
export const ifThere = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
