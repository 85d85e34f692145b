// Cutting the data out of a JSON body while it streams, however it is sliced, spaced or escaped.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { cutOut } from '../../src/sandbox/cut-out.ts'
import type { Spool } from '../../src/sandbox/spool.ts'
import { openTemporarySpool } from '../../src/sandbox/spool.ts'
import { sha1, sha256 } from '../support/sandbox.ts'
import { sliced } from '../support/slices.ts'

let spool: Spool
beforeAll(async () => { spool = await openTemporarySpool() })
afterAll(() => spool.close())

const read = async (json: string, lengths: readonly number[] = [65_536]) => {
  let marks = 0
  return cutOut(sliced(Buffer.from(json), lengths), spool, () => `mark-${marks++}`)
}
const bytesOf = async (extents: readonly { at: number; length: number }[]) => {
  const chunks: Buffer[] = []
  for await (const chunk of spool.read(extents)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('any bytes in any slices come out as they went in, and the rest of the text stays', async () => {
  await fc.assert(fc.asyncProperty(
    fc.uint8Array({ maxLength: 400 }), fc.string({ unit: 'grapheme' }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), fc.boolean(),
    async (bytes, title, lengths, pretty) => {
      const data = Buffer.from(bytes).toString('base64')
      const resource = { a: ['data', { data: title.length }], data: { title, x: '\\"data":' }, content: [{ attachment: { title, data } }], after: title }
      const { text, cuts } = await read(JSON.stringify(resource, null, pretty ? 2 : 0), lengths)
      expect(JSON.parse(text)).toEqual({ ...resource, content: [{ attachment: { title, data: 'mark-0' } }] })
      expect(cuts).toHaveLength(1)
      expect(cuts[0]).toMatchObject({ broken: false, size: bytes.length, sha256: sha256(Buffer.from(bytes)), sha1: sha1(Buffer.from(bytes)) })
      expect(await bytesOf(cuts[0]?.extents ?? [])).toEqual(Buffer.from(bytes))
    },
  ), { numRuns: 300 })
})

test.each([
  ['escaped slashes and plus', String.raw`{"data":"\/\/8\u002b"}`, Buffer.from('//8+', 'base64')],
  ['line ends inside', String.raw`{"data" : "SGVs\r\nbG8="}`, Buffer.from('Hello')],
  ['nothing', '{"data":""}', Buffer.alloc(0)],
  ['a backslash at the end of the string before it', String.raw`{"title":"C:\\","data":"SGVsbG8="}`, Buffer.from('Hello')],
])('base64 with %s is read, in one slice and byte by byte', async (_, json, expected) => {
  for (const lengths of [[1], [1000]]) {
    const { cuts } = await read(json, lengths)
    expect(cuts[0]).toMatchObject({ broken: false, sha256: sha256(expected) })
  }
})

test.each(['A', 'AA', 'AAA', 'AA=', 'A===', 'AA==AAAA', 'AAA=A', '=AAA', 'AA=A', 'AA_-', 'é', String.raw`AA\x`])('%s is not base64', async (data) => {
  for (const lengths of [[1], [3], [1000]]) expect((await read(`{"data":"${data}"}`, lengths)).cuts[0]?.broken).toBe(true)
})

test('a body whose text is large is read to its end and not kept', async () => {
  const { text, tooLarge } = await read(JSON.stringify({ title: 'x'.repeat(3_000_000) }))
  expect([text, tooLarge]).toEqual(['', true])
})
