// The scanner that cuts one string out of streaming JSON, against JSON.parse as the judge.
import { describe, expect, test } from '@jest/globals'
import { array, assert, base64String, boolean, integer, jsonValue, property, string } from '../../support/fast-check.ts'
import { Failure } from '../../../src/errors.ts'
import { jsonScan } from '../../../src/intake/http/json-scan.ts'

const settings = { cut: ['content', 'data'], mark: 'metadata', keepBytes: 256 * 1024 } as const

/** Scans the text in pieces of the given sizes, over and over. */
const scanned = (text: string | Buffer, sizes: readonly number[] = [65_536], using: Parameters<typeof jsonScan>[0] = settings) => {
  const scan = jsonScan(using)
  const bytes = Buffer.from(text)
  const cut: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    cut.push(Buffer.from(scan.push(bytes.subarray(at, at + size))))
    at += size
  }
  const marked = scan.marked()
  return {
    cut: scan.wasCut() ? Buffer.concat(cut).toString('latin1') : undefined,
    kept: scan.kept().toString(),
    marked: marked && scan.kept().subarray(marked.from, marked.to).toString(),
  }
}
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof Failure) return error.code
    throw error
  }
  return 'taken'
}

describe('the string at content.data is cut out', () => {
  test('and the rest is kept as it came', () => {
    expect(scanned('{ "metadata": {"a": "b"},\n "content": {"contentType": "application/pdf", "data": "QUJD" } }')).toEqual({
      cut: 'QUJD',
      kept: '{ "metadata": {"a": "b"},\n "content": {"contentType": "application/pdf", "data": "" } }',
      marked: '{"a": "b"}',
    })
  })

  test('whatever stands first, however the keys are written, and with every escape undone', () => {
    expect(scanned('{"content":{"d\\u0061ta":"Q\\/\\nU\\u004aD+\\r\\t\\\\\\""},"metadata":{}}').cut).toBe('Q/\nUJD+\r\t\\"')
  })

  test('but not one that only looks like it', () => {
    const others = [
      '{"metadata":{"content":{"data":"QUJD"}}}',
      '{"content":[{"data":"QUJD"}]}',
      '{"x":{"data":"QUJD"}}',
      '{"metadata":{"name":"\\"content\\":{\\"data\\":\\"QUJD\\"}"}}',
      '{"content":{"inner":{"data":"QUJD"}}}',
      '{"content":"data"}',
      '{"content":{"data":null}}',
      '[{"content":{"data":"QUJD"}}]',
    ]
    for (const text of others) expect(scanned(text)).toMatchObject({ cut: undefined, kept: text })
  })

  test('whatever the values are and wherever the pieces break', () => {
    const text = string({ unit: 'binary' })
    // JSON has no -0: a number is compared as it stands after one trip through the text.
    const value = jsonValue({ maxDepth: 4 }).map((json): unknown => JSON.parse(JSON.stringify(json))).filter((json) => !JSON.stringify(json).includes('__proto__'))
    assert(
      property(value, text, base64String(), boolean(), array(integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), (other, name, data, first, sizes) => {
        const metadata = { name, other, content: { data: 'not this one' } }
        const content = { before: other, data, after: name }
        const whole = JSON.stringify(first ? { content, metadata } : { metadata, content }, undefined, first ? 2 : 0)
        const found = scanned(whole, sizes)
        expect(found.cut).toBe(data)
        expect(JSON.parse(found.kept)).toEqual({ metadata, content: { ...content, data: '' } })
        expect(JSON.parse(found.marked!)).toEqual(metadata)
      }),
    )
  })
})

describe('it refuses', () => {
  test.each([
    ['a key that stands twice', '{"content":{"data":"QUJD","data":"QUJD"}}'],
    ['a key that stands twice in two spellings', '{"metadata":{"documentType":"a","document\\u0054ype":"b"}}'],
    ['two metadata objects', '{"metadata":{},"metadata":{}}'],
    ['a line end in the data that is not an escape', '{"content":{"data":"QU\nJD"}}'],
    ['an escape that JSON does not have', '{"content":{"data":"QU\\x41"}}'],
    ['half a hex escape', '{"content":{"data":"QU\\u00zz"}}'],
    ['a nesting without end', '['.repeat(100)],
  ])('%s', (_what, text) => {
    expect(codeOf(() => scanned(text, [3]))).toBe('MESSAGE_UNREADABLE')
  })

  test('to keep more than it may', () => {
    const text = `{"metadata":{"name":"${'x'.repeat(300)}"}}`
    expect(codeOf(() => scanned(text, [64], { ...settings, keepBytes: 200 }))).toBe('TOO_LARGE')
    expect(codeOf(() => scanned(text, [64], { ...settings, keepBytes: text.length }))).toBe('taken')
  })
})
