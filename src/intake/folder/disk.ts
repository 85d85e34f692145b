// How the folder feed touches the disk: plain files only, whole or not there, and never over a file that is there.
// It refuses to follow a link, to open what is not a plain file, and to make the watched folder where it is away.
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../errors.ts'

export const PRIVATE_FOLDER = 0o700
const PRIVATE_FILE = 0o600

export const errnoOf = (error: unknown): string | undefined => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return !(error instanceof Failure) && typeof code === 'string' ? code : undefined
}

/** What `work` makes, or undefined where the file or folder is not there. */
export const ifThere = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

/** What changes when a file does, and when that was on the file system's own clock. */
export type Seen = { readonly size: number; readonly mtimeMs: number; readonly ctimeMs: number; readonly ino: bigint }

const seenOf = (stats: { readonly size: bigint; readonly mtimeNs: bigint; readonly ctimeMs: bigint; readonly ino: bigint }): Seen =>
  ({ size: Number(stats.size), mtimeMs: Number(stats.mtimeNs) / 1e6, ctimeMs: Number(stats.ctimeMs), ino: stats.ino })

export const same = (one: Seen | undefined, other: Seen | undefined): boolean =>
  one !== undefined && other !== undefined && one.size === other.size && one.mtimeMs === other.mtimeMs && one.ino === other.ino

/** A plain file as it is now; undefined where there is none of that name, or it is something else. */
export const look = async (path: string): Promise<Seen | undefined> => {
  const stats = await ifThere(lstat(path, { bigint: true }))
  return stats?.isFile() ? seenOf(stats) : undefined
}

/** There is something of that name, and it is no plain file. */
export const isOther = async (path: string): Promise<boolean> => {
  const stats = await ifThere(lstat(path))
  return stats !== undefined && !stats.isFile()
}

/** It was written to, replaced or taken away while it was read. */
export class Changed extends Error {}

/** Hands an open plain file to `work`; rejects with Changed if it was not the same before and after. */
export const reading = async <T>(path: string, work: (file: FileHandle, seen: Seen) => Promise<T>): Promise<T> => {
  // A pipe must not keep the feed waiting for a writer.
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const before = await file.stat({ bigint: true })
    if (!before.isFile()) throw new Changed()
    const made = await work(file, seenOf(before))
    const after = seenOf(await file.stat({ bigint: true }))
    if (!same(seenOf(before), after) || !same(after, await look(path))) throw new Changed()
    return made
  } finally {
    await file.close()
  }
}

/** A small file, whole. One byte past the limit is read, so that whoever asked can tell. */
export const readSmall = (path: string, mostBytes: number): Promise<Buffer> =>
  reading(path, async (file, { size }) => {
    const bytes = Buffer.alloc(Math.min(size, mostBytes + 1))
    let at = 0
    for (let got = -1; got !== 0 && at < bytes.length; at += got) got = (await file.read(bytes, at, bytes.length - at, at)).bytesRead
    return bytes.subarray(0, at)
  })

/** A folder in one that is there; rejects where that is away. */
export const ensureFolder = async (path: string): Promise<void> => {
  await mkdir(path, { mode: PRIVATE_FOLDER }).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error
  })
}

/** Durable, and there only when whole. */
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
}

const reserve = async (path: string): Promise<boolean> => {
  try {
    await (await open(path, 'wx', PRIVATE_FILE)).close()
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

/** `name`: under which name at the n-th try. */
export type Moving = { readonly from: string; readonly name: (n: number) => string }

/**
 * Moves files into a folder, in this order, under names that are free there, all with the same number. Each name is
 * taken by an empty file first, so that two engines never overwrite each other's; a link would not work on every share.
 */
export const moveAll = async (files: readonly Moving[], folder: string): Promise<void> => {
  for (let n = 1; ; n++) {
    const taken: string[] = []
    for (const { name } of files) {
      const target = join(folder, name(n))
      if (!(await reserve(target))) break
      taken.push(target)
    }
    if (taken.length < files.length) {
      for (const target of taken) await rm(target, { force: true })
      continue
    }
    for (const [at, { from }] of files.entries()) {
      await rename(from, taken[at]!).catch(async (error: unknown) => {
        // Whoever took it has it; the empty files must not stay.
        for (const target of taken.slice(at)) await rm(target, { force: true })
        throw error
      })
    }
    return
  }
}

export const folders = async (path: string): Promise<readonly string[]> =>
  ((await ifThere(readdir(path, { withFileTypes: true }))) ?? []).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name)

export const filesIn = async (path: string): Promise<readonly string[]> =>
  ((await ifThere(readdir(path, { withFileTypes: true }))) ?? []).filter((entry) => !entry.isDirectory()).map((entry) => entry.name)
