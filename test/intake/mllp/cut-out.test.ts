import { describe, expect, test } from '@jest/globals'
import * as fc from '../../support/fast-check.ts'
import { cutOut } from '../../../src/intake/mllp/cut-out.ts'

type File = { readonly encoding: string; readonly data: string }

const cut = (message: string | readonly Buffer[], limit = 1024 * 1024): { readonly skeleton: string; readonly files: readonly File[]; readonly tooLarge: boolean } => {
  const cutter = cutOut(limit)
  const files: { encoding: string; data: string }[] = []
  const chunks = typeof message === 'string' ? [Buffer.from(message, 'latin1')] : message
  for (const cuts of [...chunks.map((chunk) => [...cutter.push(chunk)]), [...cutter.end()]]) {
    for (const one of cuts) {
      if (one.kind === 'open') files.push({ encoding: one.encoding, data: '' })
      if (one.kind === 'data') files.at(-1)!.data += one.bytes.toString('latin1')
    }
  }
  return { skeleton: cutter.skeleton().toString('latin1'), files, tooLarge: cutter.tooLarge }
}
const MSH = 'MSH|^~\\&|RIO|RWK\r'

describe('files are cut out of a message', () => {
  test('the data of an ED goes, its place stays', () => {
    expect(cut(`${MSH}OBX|1|ED|CLIN||RIO^AP^PDF^Base64^SGVsbG8=||||||F\rNTE|1\r`)).toEqual({
      skeleton: `${MSH}OBX|1|ED|CLIN||RIO^AP^PDF^Base64^{content:0}||||||F\rNTE|1\r`, files: [{ encoding: 'Base64', data: 'SGVsbG8=' }], tooLarge: false,
    })
  })
  test('several, in one field by repetition or in several segments, are numbered', () => {
    const { skeleton, files } = cut(`${MSH}OBX|1|ED|||^AP^PDF^base64^QQ==~^AP^PDF^A^text|\rOBX|2|ED|||^^^HEX^41\r`)
    expect(skeleton).toBe(`${MSH}OBX|1|ED|||^AP^PDF^base64^{content:0}~^AP^PDF^A^{content:1}|\rOBX|2|ED|||^^^HEX^{content:2}\r`)
    expect(files).toEqual([{ encoding: 'base64', data: 'QQ==' }, { encoding: 'A', data: 'text' }, { encoding: 'HEX', data: '41' }])
  })
  test.each([
    ['text values', 'OBX|1|TX|||^AP^PDF^Base64^QQ==|'],
    ['references', 'OBX|1|RP|||^AP^PDF^Base64^QQ==|'],
    ['an ED without data', 'OBX|1|ED|||^AP^PDF^Base64^|'],
    ['an ED without its fifth component', 'OBX|1|ED|||^AP^PDF|'],
    ['another field of an ED', 'OBX|1|ED|||x|^^^Base64^QQ==|'],
    ['another segment', 'ZBX|1|ED|||^AP^PDF^Base64^QQ==|'],
  ])('%s stay where they are', (_what, segment) => {
    expect(cut(`${MSH}${segment}\r`)).toMatchObject({ skeleton: `${MSH}${segment}\r`, files: [] })
  })
  test('what follows the data in its field stays', () => {
    expect(cut(`${MSH}OBX|1|ED|||^^^Base64^QQ==^more|x\r`).skeleton).toBe(`${MSH}OBX|1|ED|||^^^Base64^{content:0}^more|x\r`)
  })

  test.each(['\r', '\n', '\r\n'])('line ends %j within the data belong to it, and the next segment ends it', (end) => {
    const message = `${MSH}OBX|1|ED|||^^^Base64^${end}SGVs${end}AB1${end}bG8=${end}TXA|1${end}`
    expect(cut(message)).toMatchObject({ skeleton: `${MSH}OBX|1|ED|||^^^Base64^{content:0}${end}TXA|1${end}`, files: [{ data: `${end}SGVs${end}AB1${end}bG8=` }] })
  })
  test('the last line end of the message is not data', () => {
    expect(cut(`${MSH}OBX|1|ED|||^^^Base64^QQ==\r`)).toMatchObject({ skeleton: `${MSH}OBX|1|ED|||^^^Base64^{content:0}\r`, files: [{ data: 'QQ==' }] })
    expect(cut(`${MSH}OBX|1|ED|||^^^Base64^QQ==\rAB`)).toMatchObject({ files: [{ data: 'QQ==\rAB' }] })
  })
  test('escaped line ends and separators mean what they stand for', () => {
    expect(cut(`${MSH}OBX|1|ED|||^^^A^one\\.br\\two\\X0D0A\\\\F\\\\S\\\\T\\\\R\\\\E\\&\r`).files).toEqual([{ encoding: 'A', data: 'one\rtwo\r\n|^&~\\&' }])
    expect(cut(`${MSH}OBX|1|ED|||^^^A^\\H\\bold\\N\\ and \\open|\r`).files).toEqual([{ encoding: 'A', data: '\\H\\bold\\N\\ and \\open' }])
  })
  test('two hexadecimal escapes that share a mark are two, where the data is base64', () => {
    expect(cut(`${MSH}OBX|1|ED|||^^^Base64^QUFB\\X0D\\X0A\\QkJC\\X0D\\X0AB\\.br\\|\r`).files).toEqual([{ encoding: 'Base64', data: 'QUFB\r\nQkJC\rX0AB\r' }])
    expect(cut(`${MSH}OBX|1|ED|||^^^A^\\X0D\\X41\\T\\|\r`).files).toEqual([{ encoding: 'A', data: '\rX41&' }])
  })
  test('separators are those that the message states', () => {
    expect(cut('MSH#*!?%#RIO\rOBX#1#ED###***Base64*QQ==?X0D?#x|y\r')).toMatchObject({ skeleton: 'MSH#*!?%#RIO\rOBX#1#ED###***Base64*{content:0}#x|y\r', files: [{ data: 'QQ==\r' }] })
  })
  test('a byte order mark and blank lines before the header are dropped', () => {
    expect(cut(`\xef\xbb\xbf\r\n${MSH}`).skeleton).toBe(MSH)
  })
  test('what is no message passes through, up to the limit', () => {
    expect(cut('hello OBX|1|ED|||^^^Base64^QQ==')).toMatchObject({ skeleton: 'hello OBX|1|ED|||^^^Base64^QQ==', files: [], tooLarge: false })
    expect(cut('x'.repeat(101), 100)).toMatchObject({ skeleton: 'x'.repeat(100), tooLarge: true })
    expect(cut(`${MSH}NTE|${'x'.repeat(100)}`, 100).tooLarge).toBe(true)
    expect(cut(`${MSH}OBX|1|ED|||^^^Base64^${'x'.repeat(200)}`, 100).tooLarge).toBe(false)
  })

  test('gives the same however the message is cut up', () => {
    const bit = fc.constantFrom('QQ', '==', '\r', '\n', '\\', '\\.br\\', '\\X0D0A\\', '|', '^', '~', '&', 'OBX|2|ED|||^^^Base64^', '\rOBX|1|ED|||^AP^PDF^A^', 'TXA|', 'TX', 'A', '1')
    fc.assert(fc.property(fc.array(bit, { maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }), (bits, sizes) => {
      const message = Buffer.from(`${MSH}OBX|1|ED|||^AP^PDF^Base64^${bits.join('')}`, 'latin1')
      const chunks: Buffer[] = []
      for (let from = 0, turn = 0; from < message.length; turn++) {
        const size = sizes[turn % sizes.length]!
        chunks.push(message.subarray(from, from + size))
        from += size
      }
      expect(cut(chunks)).toEqual(cut([message]))
    }), { numRuns: 2000 })
  })
})
