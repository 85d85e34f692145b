import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import { makeFolder } from '../support/folder.ts'

const folder = makeFolder()
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
let [dir, nth] = ['', 0]
let store: ContentStore

beforeEach(async () => {
  dir = join(folder.path, String(nth++))
  store = await openContent(dir)
})
afterAll(() => folder.remove())

/** NUL shows as its picture: PostgreSQL keeps none in text. */
const shown = (bytes: Buffer) => bytes.toString('latin1').replaceAll('\0', '\u2400')

const put = async (bytes: Buffer, { piece = bytes.length || 1, limit = 100_000_000 } = {}) => {
  const writer = store.writer(limit)
  for (let at = 0; at < bytes.length; at += piece) await writer.write(bytes.subarray(at, at + piece))
  return writer.keep()
}
const writing = () => readdirSync(join(dir, 'writing'))
const files = () => readdirSync(dir).filter((name) => name !== 'writing').flatMap((name) => readdirSync(join(dir, name)))

describe('a file that is kept', () => {
  test.each([0, 1, 1_023, 1_024, 1_500, 65_535, 65_536, 65_537, 300_000])('of %d bytes stands under its SHA-256 and comes back as it was', async (size) => {
    const bytes = randomBytes(size)
    const ref = await put(bytes, { piece: 1_000 })
    expect(ref).toEqual({
      sha256: sha256(bytes), sha1: createHash('sha1').update(bytes).digest('base64'), size,
      head: shown(bytes.subarray(0, 1_024)), tail: shown(bytes.subarray(-1_024)), encrypt: false,
    })
    expect(readFileSync(join(dir, ref.sha256.slice(0, 2), ref.sha256)).equals(bytes)).toBe(true)
    expect((await buffer(await store.read(ref.sha256))).equals(bytes)).toBe(true)
    expect(await store.has(ref.sha256)).toBe(true)
    expect(writing()).toEqual([])
  })

  test('says the same however it was cut into pieces', async () => {
    const bytes = randomBytes(150_000)
    const refs = await Promise.all([1_500, 65_536, 70_001, 150_000].map((piece) => put(bytes, { piece })))
    for (const ref of refs) expect(ref).toEqual(refs[0])
    expect(files()).toHaveLength(1)
  })

  test('is nobody else\'s to read', async () => {
    const { sha256 } = await put(Buffer.from('a letter'))
    expect(statSync(join(dir, sha256.slice(0, 2), sha256)).mode & 0o077).toBe(0)
    expect(statSync(dir).mode & 0o077).toBe(0)
  })

  test('stands once, even if many keep it at the same time', async () => {
    for (const size of [2_000, 200_000]) {
      const bytes = randomBytes(size)
      const before = files().length
      const refs = await Promise.all(Array.from({ length: 20 }, () => put(bytes)))
      expect(new Set(refs.map((ref) => ref.sha256)).size).toBe(1)
      expect(files()).toHaveLength(before + 1)
      expect((await buffer(await store.read(refs[0]!.sha256))).equals(bytes)).toBe(true)
    }
    expect(writing()).toEqual([])
  })

  test('is left alone when it comes again', async () => {
    const bytes = randomBytes(100_000)
    const { sha256 } = await put(bytes)
    const before = statSync(join(dir, sha256.slice(0, 2), sha256))
    await put(bytes, { piece: 5_000 })
    const after = statSync(join(dir, sha256.slice(0, 2), sha256))
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
  })

  test('replaces a torn one of the same name', async () => {
    const bytes = randomBytes(5_000)
    const { sha256 } = await put(bytes)
    truncateSync(join(dir, sha256.slice(0, 2), sha256), 100)
    await put(bytes)
    expect((await buffer(await store.read(sha256))).equals(bytes)).toBe(true)
  })
})

describe('the word /Encrypt', () => {
  test.each([0, 65_529, 65_530, 65_532, 65_536, 131_065, 131_071])('is found at byte %d, also across the border of two blocks', async (at) => {
    const bytes = Buffer.alloc(140_000, 0x20)
    bytes.write('/Encrypt', at)
    for (const piece of [1, 7, 65_536, 140_000]) expect((await put(bytes, { piece })).encrypt).toBe(true)
  })

  test('is not found where it is not', async () => {
    expect((await put(Buffer.from(' /Encryp /encrypt Encrypt '.repeat(6_000)))).encrypt).toBe(false)
  })
})

describe('a file past the limit', () => {
  test.each([1_001, 200_000])('of %d bytes is not stored, and the reference says so', async (size) => {
    const bytes = randomBytes(size)
    const limit = Math.min(1_000, size)
    const ref = await put(bytes, { limit, piece: 700 })
    expect(ref).toMatchObject({ tooLarge: true, size, sha256: sha256(bytes.subarray(0, limit)) })
    expect(files()).toEqual([])
    expect(writing()).toEqual([])
  })

  test('is given up in the middle, when some of it was written', async () => {
    expect(await put(randomBytes(400_000), { limit: 300_000, piece: 50_000 })).toMatchObject({ tooLarge: true })
    expect([...files(), ...writing()]).toEqual([])
  })

  test('is only past it with one byte more', async () => {
    expect(await put(randomBytes(1_000), { limit: 1_000 })).not.toHaveProperty('tooLarge')
  })
})

describe('what is left behind', () => {
  test('nothing, when a file is dropped', async () => {
    const writer = store.writer(1_000_000)
    await writer.write(randomBytes(100_000))
    expect(writing()).toHaveLength(1)
    await writer.drop()
    await writer.drop()
    expect([...files(), ...writing()]).toEqual([])
  })

  test('nothing but the file, when it is dropped after it was kept', async () => {
    const writer = store.writer(1_000)
    void writer.write(Buffer.from('a letter'))
    await writer.keep()
    await writer.drop()
    expect(files()).toHaveLength(1)
  })

  test('by a killed process is removed after a day, not before', async () => {
    for (const name of ['old', 'young']) writeFileSync(join(dir, 'writing', name), 'half a letter')
    const long = new Date(Date.now() - 25 * 3_600_000)
    utimesSync(join(dir, 'writing', 'old'), long, long)
    await openContent(dir)
    expect(writing()).toEqual(['young'])
  })
})

describe('a disk that fails', () => {
  test.each([10, 200_000])('is STORE_UNAVAILABLE for %d bytes, and the file is not there', async (size) => {
    rmSync(join(dir, 'writing'), { recursive: true })
    const bytes = randomBytes(size)
    await expect(put(bytes, { piece: 65_536 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', detail: expect.stringContaining('ENOENT') })
    expect(await store.has(sha256(bytes))).toBe(false)
  })

  test('in the last step leaves no draft', async () => {
    const bytes = randomBytes(100_000)
    const shard = join(dir, sha256(bytes).slice(0, 2))
    rmSync(shard, { recursive: true })
    writeFileSync(shard, 'not a directory')
    await expect(put(bytes)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(writing()).toEqual([])
  })
})

describe('reading', () => {
  test('what was never kept is CONTENT_MISSING', async () => {
    await expect(store.read('0'.repeat(64))).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    expect(await store.has('0'.repeat(64))).toBe(false)
  })

  test('takes no path for a name', async () => {
    mkdirSync(join(folder.path, 'other'), { recursive: true })
    writeFileSync(join(folder.path, 'other', 'secret'), 'x')
    await expect(store.read('../other/secret')).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    expect(await store.has('../other/secret')).toBe(false)
  })

  test.each([100, 200_000])('a damaged file of %d bytes fails before its end', async (size) => {
    const bytes = randomBytes(size)
    const { sha256 } = await put(bytes)
    const path = join(dir, sha256.slice(0, 2), sha256)
    bytes[Math.floor(size / 2)]! ^= 1
    writeFileSync(path, bytes)
    let got = 0
    const read = async () => { for await (const piece of await store.read(sha256)) got += (piece as Buffer).length }
    await expect(read()).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    expect(got).toBeLessThan(size)
  })

  test('can be given up', async () => {
    const { sha256 } = await put(randomBytes(300_000))
    const stream = await store.read(sha256)
    stream.destroy()
    await new Promise((resolve) => { stream.on('close', resolve) })
    expect(stream.destroyed).toBe(true)
  })
})

test('50 MB go through in little memory', async () => {
  const writer = store.writer(100_000_000)
  // One and the same piece, so that what grows is what the store holds back.
  const piece = randomBytes(65_536)
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  for (let n = 0; n < 800; n++) {
    await writer.write(piece)
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  const ref = await writer.keep()
  expect(ref.size).toBe(52_428_800)
  expect(peak).toBeLessThan(16_000_000)
})
