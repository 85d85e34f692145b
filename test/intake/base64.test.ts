import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { base64Decoder } from '../../src/intake/base64.ts'

const decode = (pieces: readonly (string | Buffer)[]): { readonly bytes: Buffer; readonly broken: string | undefined } => {
  const decoder = base64Decoder()
  const out = pieces.map((piece) => decoder.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece))
  out.push(decoder.end())
  return { bytes: Buffer.concat(out), broken: decoder.broken }
}

describe('base64 as it streams in', () => {
  test('gives the same bytes however it is cut up, wrapped and padded', () => {
    fc.assert(fc.property(
      fc.uint8Array({ maxLength: 400 }), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), fc.constantFrom('', '\n', '\r\n', ' \t'), fc.boolean(),
      (bytes, sizes, wrap, padded) => {
        const text = Buffer.from(bytes).toString('base64').replace(/=+$/, (padding) => (padded ? padding : '')).replaceAll(/.{20}/g, (line) => line + wrap)
        const pieces: string[] = []
        for (let from = 0, turn = 0; from < text.length; turn++) {
          const size = sizes[turn % sizes.length]!
          pieces.push(text.slice(from, from + size))
          from += size
        }
        const { bytes: decoded, broken } = decode(pieces)
        expect(broken).toBeUndefined()
        expect(decoded.equals(Buffer.from(bytes))).toBe(true)
      },
    ))
  })

  test.each([
    ['JVBERi0x*S40', 'a character that is not base64 at character 9'],
    ['JVBE_i0x', 'a character that is not base64 at character 5'],
    ['JVBE-i0xJVBE', 'a character that is not base64 at character 5'],
    ['JVBE\0i0x', 'a character that is not base64 at character 5'],
    ['QQ==QUJD', 'more after the padding at character 5'],
    ['QQ===', 'padding out of place'],
    ['=QUJD', 'padding out of place'],
    ['QUJD=', 'padding out of place'],
    ['QUJDQ', 'the base64 text stops within a byte'],
  ])('%j is broken', (text, why) => {
    expect(decode([text]).broken).toContain(why)
    expect(decode([...text]).broken).toContain(why)
  })

  test('says the place of a fault over pieces, and hands out nothing after it', () => {
    const decoder = base64Decoder()
    expect(decoder.push(Buffer.from('QUJD')).toString()).toBe('ABC')
    expect(decoder.push(Buffer.from('QU!D'))).toHaveLength(0)
    expect(decoder.push(Buffer.from('QUJD'))).toHaveLength(0)
    expect(decoder.end()).toHaveLength(0)
    expect(decoder.broken).toBe('a character that is not base64 at character 7 of the base64 text')
  })

  test('nothing at all is an empty file, not a broken one', () => {
    expect(decode([])).toEqual({ bytes: Buffer.alloc(0), broken: undefined })
    expect(decode(['\r\n']).broken).toBeUndefined()
  })
})
