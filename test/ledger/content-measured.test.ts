// What is only measured is described as if it had been kept.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openContent } from '../../src/ledger/content-files.ts'
import { measuredContent } from '../../src/ledger/content-measured.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import { makeFolder } from '../support/folder.ts'
import { aPdf } from '../support/pdf.ts'

let folder: ReturnType<typeof makeFolder>
beforeEach(() => { folder = makeFolder() })
afterEach(() => folder.remove())

const refOf = async (content: ContentStore, bytes: Buffer, step: number, limit: number) => {
  const writer = content.writer(limit)
  for (let at = 0; at < bytes.length; at += step) await writer.write(bytes.subarray(at, at + step))
  return writer.keep()
}

const encrypted = Buffer.concat([aPdf({ bytes: 3000 }), Buffer.from('/Encrypt 5 0 R'), Buffer.alloc(3000, '\0')])

test.each([
  { what: 'nothing', bytes: Buffer.alloc(0), step: 10, limit: 100 },
  { what: 'a letter in one piece', bytes: aPdf(), step: 100_000, limit: 1_000_000 },
  { what: 'a letter in small pieces', bytes: aPdf({ bytes: 5000 }), step: 7, limit: 1_000_000 },
  { what: 'a letter of many blocks', bytes: aPdf({ bytes: 300_000 }), step: 50_000, limit: 1_000_000 },
  { what: 'a password far from both ends, across two pieces', bytes: encrypted, step: 1001, limit: 1_000_000 },
  { what: 'a letter over the limit', bytes: aPdf({ bytes: 5000 }), step: 900, limit: 2000 },
])('$what', async ({ bytes, step, limit }) => {
  const measured = await refOf(measuredContent(), bytes, step, limit)
  expect(measured).toEqual(await refOf(await openContent(folder.path), bytes, step, limit))
})

test('it has nothing to give back', async () => {
  const content = measuredContent()
  const { sha256 } = await refOf(content, aPdf(), 100, 10_000)
  expect(await content.has(sha256)).toBe(false)
  await expect(content.read(sha256)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
})
