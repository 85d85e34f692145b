// Cutting the content out of a SOAP request while it streams, however it is sliced and wherever its words lead astray;
// and the XML and the time stamps around it.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { cutOutOfSoap } from '../../src/sandbox/cut-soap.ts'
import { timeOf } from '../../src/sandbox/hl7.ts'
import type { Spool } from '../../src/sandbox/spool.ts'
import { openTemporarySpool } from '../../src/sandbox/spool.ts'
import { escaped, parseXml } from '../../src/sandbox/xml.ts'
import { aT02, inEnvelope, sha256 } from '../support/sandbox.ts'
import { sliced } from '../support/slices.ts'

let spool: Spool
beforeAll(async () => { spool = await openTemporarySpool() })
afterAll(() => spool.close())

const read = async (text: string, lengths: readonly number[] = [65_536]) => {
  let marks = 0
  return cutOutOfSoap(sliced(Buffer.from(text), lengths), spool, () => `mark-${marks++}`)
}
const bytesOf = async (extents: readonly { at: number; length: number }[]) => {
  const chunks: Buffer[] = []
  for await (const chunk of spool.read(extents)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A title that could be taken for something else, without a delimiter of HL7. */
const aTitle = fc.array(fc.constantFrom('OBX', 'Base64', '[', ']', ';', '<', '>', '&', 'é', '😀', ' ', 'x', 'TEXT', 'PDF'), { maxLength: 8 }).map((parts) => parts.join(''))

test('any bytes in any slices come out as they went in, and the rest of the text stays, in CDATA and escaped', async () => {
  await fc.assert(fc.asyncProperty(
    fc.uint8Array({ minLength: 1, maxLength: 400 }), aTitle, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), fc.boolean(), fc.constantFrom('\r', '\n', '\r\n'),
    async (bytes, title, lengths, inCdata, lineEnd) => {
      const hl7 = (content: string) => aT02({ title, content }).replaceAll('\r', lineEnd)
      const around = (content: string) => (inCdata ? inEnvelope(hl7(content)) : inEnvelope('@').replace('<![CDATA[@]]>', () => escaped(hl7(content)).replaceAll('\n', '&#10;')))
      const { text, cuts } = await read(around(Buffer.from(bytes).toString('base64')), lengths)
      expect(text).toBe(around('mark-0'))
      expect(cuts).toMatchObject([{ broken: false, size: bytes.length, sha256: sha256(Buffer.from(bytes)) }])
      expect(await bytesOf(cuts[0]?.extents ?? [])).toEqual(Buffer.from(bytes))
    },
  ), { numRuns: 300 })
})

test('content that is not base64, and base64 that is not content, stay in the text', async () => {
  for (const hl7 of [aT02({ format: 'TEXT^HTML^A', content: 'SGVsbG8=' }), '\rNTE|1|ED|^x||^TEXT^PDF^Base64^SGVsbG8=', '\rZOBX|1|ED|^x||^TEXT^PDF^Base64^SGVsbG8=', '\rOBX|1|ED|^x|^^^^Base64^SGVsbG8=']) {
    const { text, cuts } = await read(inEnvelope(hl7), [3])
    expect([text, cuts]).toEqual([inEnvelope(hl7), []])
  }
})

test('each of several contents is cut out by itself; one that breaks off is broken', async () => {
  const obx = (content: string) => `\rOBX|1|ED|^x||^TEXT^PDF^Base64^${content}`
  const { text, cuts } = await read(inEnvelope(`${obx('SGVsbG8=')}|||${obx('QQ==')}`), [1])
  expect([text, cuts.map(({ size, broken }) => [size, broken])]).toEqual([inEnvelope(`${obx('mark-0')}|||${obx('mark-1')}`), [[5, false], [1, false]]])
  expect((await read(obx('SGVsbG8'))).cuts).toMatchObject([{ broken: true }])
})

test('a body whose text is large is read to its end and not kept', async () => {
  expect(await read(inEnvelope('x'.repeat(3_000_000)))).toMatchObject({ text: '', tooLarge: true })
})

test('any text survives XML, in CR and LF too', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
    expect(parseXml(`<?xml version="1.0"?><!-- a --><p:a xmlns:p="urn:p" c="d" e='"'>${escaped(text)}<b/></p:a>`)).toEqual({ namespace: 'urn:p', name: 'a', text, children: [{ namespace: '', name: 'b', text: '', children: [] }] })
  }))
})

test.each(['', 'x', '<a>', '<a></b>', '<a/><b/>', '<a/>x', '<p:a/>', '<a>&nbsp;</a>', '<a>&amp</a>', '<a>&</a>', '<!DOCTYPE a><a/>', '<a b=c/>', '<a><![CDATA[x</a>'])('%j is not well formed', (xml) => {
  expect(parseXml(xml)).toBeUndefined()
})

test.each([
  ['2026', '2026-01-01T00:00:00.000Z'], ['202607', '2026-06-30T23:00:00.000Z'], ['20261123', '2026-11-23T00:00:00.000Z'], ['2026112309', '2026-11-23T09:00:00.000Z'], ['202611230915', '2026-11-23T09:15:00.000Z'],
  ['20261123091530', '2026-11-23T09:15:30.000Z'], ['20261123091530.250', '2026-11-23T09:15:30.250Z'], ['20260701120000+0100', '2026-07-01T11:00:00.000Z'], ['20260701120000-0130', '2026-07-01T13:30:00.000Z'],
  ['', undefined], ['20261', undefined], ['2016020311121', undefined], ['20261301', undefined], ['20260230', undefined], ['2026112324', undefined], ['today', undefined],
])('the time stamp %j is %s', (text, expected) => {
  expect(timeOf(text)?.toISOString()).toBe(expected)
})
