// Keeps each file once, under its own SHA-256, as `<dir>/ab/abcdef…`. It refuses to show a file before all of it is
// on the disk, to change one that is there, and to hand out bytes whose hash does not fit.
import { createHash, randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline, Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { Failure } from '../errors.ts'
import type { ContentRef } from '../types.ts'
import type { ContentStore, ContentWriter } from './content.ts'

/** Written and hashed a block at a time; a file that fits in one costs a single write. */
const BLOCK = 65_536
const EDGE = 1_024
const ENCRYPT = Buffer.from('/Encrypt')
const DAY_MS = 86_400_000
const NAME = /^[0-9a-f]{64}$/
const SHARDS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/** One character a byte. PostgreSQL keeps no NUL in text or JSON: its picture stands in. */
const shown = (bytes: Buffer): string => bytes.toString('latin1').replaceAll('\0', '\u2400')

/** What facts and FHIR need to know of the bytes, worked out as they pass. */
export const makeReader = () => {
  const [sha256, sha1] = [createHash('sha256'), createHash('sha1')]
  let [head, tail, encrypt] = [Buffer.alloc(0), Buffer.alloc(0), false]
  return {
    read(block: Buffer) {
      sha256.update(block)
      sha1.update(block)
      if (head.length < EDGE) head = Buffer.concat([head, block.subarray(0, EDGE - head.length)])
      const border = ENCRYPT.length - 1
      encrypt ||= block.includes(ENCRYPT) || Buffer.concat([tail.subarray(-border), block.subarray(0, border)]).includes(ENCRYPT)
      tail = Buffer.concat([tail, block.subarray(-EDGE)]).subarray(-EDGE)
    },
    result: () => ({ sha256: sha256.digest('hex'), sha1: sha1.digest('base64'), head: shown(head), tail: shown(tail), encrypt }),
  }
}

const syncDirectory = async (path: string) => {
  // Windows cannot: there the file system's own journal keeps names.
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}

const stored = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('STORE_UNAVAILABLE', `The content store could not write (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, { cause: error })
  }
}

type Paths = { readonly of: (sha256: string) => string; readonly shardOf: (sha256: string) => string; readonly writing: string }

/** A file under a temporary name, opened when the first block has to go out. */
const makeDraft = (paths: Paths) => {
  const path = join(paths.writing, randomBytes(16).toString('hex'))
  let handle: FileHandle | undefined
  const close = async () => {
    const open = handle
    handle = undefined
    await open?.close()
  }
  return {
    async write(block: Buffer) {
      handle ??= await open(path, 'wx', 0o600)
      for (let at = 0; at < block.length;) at += (await handle.write(block, at)).bytesWritten
    },
    /** Durable under its name when resolved. */
    async settle(sha256: string) {
      await handle?.datasync()
      await close()
      await rename(path, paths.of(sha256))
      await syncDirectory(paths.shardOf(sha256))
    },
    async remove() {
      await close().catch(() => {})
      await rm(path, { force: true })
    },
  }
}

const sizeOf = (path: string) => stat(path).then(({ size }) => size, () => undefined)

const makeWriter = (paths: Paths, limitBytes: number): ContentWriter => {
  const reader = makeReader()
  const draft = makeDraft(paths)
  let waiting: Buffer[] = []
  let [waitingBytes, taken, size, isOut] = [0, 0, 0, false]
  let busy: Promise<void> = Promise.resolve()
  let end: Promise<unknown> | undefined

  const gather = () => {
    const block = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting, waitingBytes)
    waiting = []
    waitingBytes = 0
    reader.read(block)
    return block
  }
  /** After the first failure nothing more is written, and nothing is left. */
  const send = (block: Buffer) => {
    isOut = true
    busy = busy.then(() => draft.write(block)).catch(async (error: unknown) => {
      await draft.remove().catch(() => {})
      throw error
    })
    busy.catch(() => {})
    return stored(busy)
  }
  const finish = async (): Promise<ContentRef> => {
    const last = waitingBytes > 0 || !isOut ? gather() : undefined
    const { sha256, ...rest } = reader.result()
    const ref = { sha256, ...rest, size }
    if (size > limitBytes) {
      await busy.catch(() => {})
      await draft.remove()
      return { ...ref, tooLarge: true }
    }
    try {
      await busy
      if ((await sizeOf(paths.of(sha256))) === size) {
        // It is there already, whole, but whoever put it there may not have made its name durable yet.
        if (isOut) await draft.remove()
        await syncDirectory(paths.shardOf(sha256))
        return ref
      }
      if (last) await draft.write(last)
      await draft.settle(sha256)
      return ref
    } catch (error) {
      await draft.remove().catch(() => {})
      throw error
    }
  }

  return {
    write(chunk) {
      if (end) throw new Error('this file was kept or dropped already')
      size += chunk.length
      const part = chunk.subarray(0, Math.max(0, limitBytes - taken))
      if (part.length === 0) return undefined
      taken += part.length
      waiting.push(part)
      waitingBytes += part.length
      return waitingBytes >= BLOCK ? send(gather()) : undefined
    },
    keep: () => (end ??= stored(finish())) as Promise<ContentRef>,
    async drop() {
      if (end) {
        await end.catch(() => {})
        return
      }
      waiting = []
      end = busy.catch(() => {}).then(() => draft.remove())
      await end
    },
  }
}

/** Holds the last piece back until the hash is known to fit, so that no reader ever gets the whole of a wrong file. */
const makeCheck = (wanted: string) => {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      if (held) this.push(held)
      held = chunk
      done()
    },
    flush(done) {
      if (hash.digest('hex') === wanted) done(null, held)
      else done(new Failure('CONTENT_MISSING', `The stored file ${wanted} is damaged: its bytes have another hash.`))
    },
  })
}

const readFrom = async (paths: Paths, sha256: string): Promise<Readable> => {
  if (!NAME.test(sha256)) throw new Failure('CONTENT_MISSING', 'What was asked for is not a SHA-256.')
  const file = await open(paths.of(sha256), 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('CONTENT_MISSING', `The stored file ${sha256} cannot be opened (${cause.code}).`, { cause })
  })
  const check = makeCheck(sha256)
  pipeline(file.createReadStream({ highWaterMark: BLOCK }), check, () => {})
  return check
}

/** What a killed process was writing. A younger file may be another process's, at work on it. */
const clear = async (folder: string, now: Date) => {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const touched = await stat(path).then(({ mtimeMs }) => mtimeMs, () => undefined)
    if (touched !== undefined && now.getTime() - touched > DAY_MS) await rm(path, { force: true })
  }
}

/** Any number of processes may share one directory. */
export const openContent = async (dir: string, { now = () => new Date() }: { readonly now?: () => Date } = {}): Promise<ContentStore> => {
  const paths: Paths = { of: (sha256) => join(dir, sha256.slice(0, 2), sha256), shardOf: (sha256) => join(dir, sha256.slice(0, 2)), writing: join(dir, 'writing') }
  await stored((async () => {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const there = new Set(await readdir(dir))
    const wanted = ['writing', ...SHARDS].filter((name) => !there.has(name))
    for (const name of wanted) await mkdir(join(dir, name), { recursive: true, mode: 0o700 })
    if (wanted.length > 0) {
      await syncDirectory(dir)
      await syncDirectory(join(dir, '..'))
    }
    await clear(paths.writing, now())
  })())
  return {
    writer: (limitBytes) => makeWriter(paths, limitBytes),
    read: (sha256) => readFrom(paths, sha256),
    has: async (sha256) => NAME.test(sha256) && (await sizeOf(paths.of(sha256))) !== undefined,
  }
}
