import { describe, expect, test } from '@jest/globals'
import * as fc from '../../support/fast-check.ts'
import { framed, frameReader, type FrameEvent } from '../../../src/intake/mllp/frame.ts'

type Got = { readonly text: string; readonly broken?: string } | { readonly outside: string }

/** What a stream of chunks holds: whole frames, and what stands between them. */
const read = (chunks: readonly Buffer[]): readonly Got[] => {
  const reader = frameReader()
  const got: Got[] = []
  let outside = ''
  let body: Buffer[] = []
  const see = (event: FrameEvent): void => {
    if (event.kind === 'outside') outside += event.bytes.toString('latin1').replaceAll(/[\r\n]/gu, '')
    else if (event.kind === 'start') {
      if (outside !== '') got.push({ outside })
      outside = ''
      body = []
    } else if (event.kind === 'body') body.push(event.bytes)
    else got.push({ text: Buffer.concat(body).toString('latin1'), ...(event.broken === undefined ? {} : { broken: event.broken }) })
  }
  for (const chunk of chunks) for (const event of reader.push(chunk)) see(event)
  for (const event of reader.end()) see(event)
  if (outside !== '') got.push({ outside })
  return got
}
const one = (text: string): readonly Got[] => read([Buffer.from(text, 'latin1')])

const time = (bytes: number): number => {
  const reader = frameReader()
  const chunk = Buffer.alloc(1024, 'A')
  const from = performance.now()
  for (const event of reader.push(Buffer.from('\x0b'))) expect(event.kind).toBe('start')
  for (let sent = 0; sent < bytes; sent += chunk.length) for (const event of reader.push(chunk)) if (event.kind !== 'body') throw new Error(event.kind)
  return performance.now() - from
}

describe('MLLP frames', () => {
  test('several in one chunk come out one by one, line ends between them ignored', () => {
    expect(one('\x0bMSH|a\x1c\r\x0bMSH|b\x1c\r\r\n\x0bMSH|c\x1c\r')).toEqual([{ text: 'MSH|a' }, { text: 'MSH|b' }, { text: 'MSH|c' }])
  })
  test('an end of block without its carriage return does not end the message', () => {
    expect(one('\x0bMSH|a\x1cOBX|b\x1c\r')).toEqual([{ text: 'MSH|a\x1cOBX|b', broken: '0x1C stands within the frame without 0x0D after it' }])
  })
  test('a frame that begins within another ends that one, and is itself whole', () => {
    expect(one('\x0bMSH|a\x0bMSH|b\x1c\r')).toEqual([{ text: 'MSH|a', broken: 'another frame begins before its end' }, { text: 'MSH|b' }])
    expect(one('\x0bMSH|a\x1c\x0bMSH|b\x1c\r')).toEqual([{ text: 'MSH|a', broken: 'another frame begins before its end' }, { text: 'MSH|b' }])
  })
  test('a vertical tab in a text is text', () => expect(one('\x0bMSH|a\x0bMS b\x0b\x1c\r')).toEqual([{ text: 'MSH|a\x0bMS b\x0b' }]))
  test('what stands outside is told apart, and costs nothing that follows', () => {
    expect(one('GET / HTTP/1.1\r\n\r\n\x0bMSH|a\x1c\rrest')).toEqual([{ outside: 'GET / HTTP/1.1' }, { text: 'MSH|a' }, { outside: 'rest' }])
  })
  test('a stream that ends in the middle leaves a broken frame', () => {
    const broken = 'the connection ended before the frame did'
    expect(one('\x0bMSH|a')).toEqual([{ text: 'MSH|a', broken }])
    expect(one('\x0bMSH|a\x1c')).toEqual([{ text: 'MSH|a\x1c', broken }])
  })

  test('give the same messages however the stream is cut up', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 30 }).map((text) => framed(Buffer.from(`MSH|${text}`, 'latin1'))),
      fc.constantFrom('\x0b', '\x1c', '\r', '\n', '\x0bMSH', '\x0bMS', '\x1c\r', 'x', '\x1c\x0b', '\x0bMSH|half').map((text) => Buffer.from(text, 'latin1')),
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (pieces, sizes) => {
      const stream = Buffer.concat(pieces)
      const chunks: Buffer[] = []
      for (let from = 0, turn = 0; from < stream.length; turn++) {
        const size = sizes[turn % sizes.length]!
        chunks.push(stream.subarray(from, from + size))
        from += size
      }
      expect(read(chunks)).toEqual(read([stream]))
    }), { numRuns: 2000 })
  })

  test('looks at each byte once: eight times the bytes take about eight times as long', () => {
    time(1_000_000)
    const [small, large] = [time(4_000_000), time(32_000_000)]
    // Quadratic would be sixty-four times; a busy machine may double a figure.
    expect(large).toBeLessThan(Math.max(small, 2) * 32)
  })
})
