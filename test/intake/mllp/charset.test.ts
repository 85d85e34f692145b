import { describe, expect, test } from '@jest/globals'
import { decode, isWide, legible } from '../../../src/intake/mllp/charset.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

describe('the characters of a message', () => {
  test.each([
    ['', Buffer.from('Zoë'), 'Zoë'],
    ['', latin1('Zo\xeb \x80'), 'Zoë €'],
    ['ASCII', latin1('plain'), 'plain'],
    ['UNICODE UTF-8', Buffer.from('Zoë 漢'), 'Zoë 漢'],
    ['utf-8', Buffer.from('Zoë'), 'Zoë'],
    ['8859/1', latin1('Zo\xeb \x93x\x94'), 'Zoë “x”'],
    ...['8859/1', 'WINDOWS-1252', '8859/15'].map((stated) => [stated, Buffer.from('Zoë Müller’s letter'), 'Zoë Müller’s letter'] as const),
    ['8859/15', latin1('\xa4'), '€'],
    ['WINDOWS-1252', latin1('\x80'), '€'],
    ['CP1252', latin1('\x85'), '…'],
    ...['ISO 8859/1', 'ISO-8859-1', 'iso8859/1', 'Latin-1', 'WIN-1252'].map((name) => [name, latin1('Zo\xeb \x92'), 'Zoë ’'] as const),
    ...['ISO 8859/15', 'ISO_8859-15', 'latin9'].map((name) => [name, latin1('Zo\xeb \xa4'), 'Zoë €'] as const),
  ])('under MSH-18 %j', (charset, bytes, text) => expect(decode(bytes, charset)).toEqual({ ok: true, text }))

  test.each([
    ['UNICODE UTF-8', latin1('Zo\xeb')], ['8859/1', latin1('\x81')], ['', latin1('\x8d')], ['UNICODE UTF-16', latin1('x')], ['UTF-32', latin1('x')], ['KLINGON', latin1('x')], ['constructor', latin1('x')],
  ])('under %j that cannot be read are refused, not replaced', (charset, bytes) => expect(decode(bytes, charset).ok).toBe(false))

  test.each([Buffer.from('MSH|', 'utf16le'), Buffer.from('\ufeffMSH|', 'utf16le'), Buffer.from('MSH|', 'utf16le').swap16()])('wide ones are known as such', (bytes) => {
    expect(isWide(bytes)).toBe(true)
    expect(isWide(Buffer.from('MSH|'))).toBe(false)
  })

  test('a refused message is legible whatever it was', () => {
    expect(legible(Buffer.from('aë\0b'), 100)).toBe('aë␀b')
    expect(legible(Buffer.from('aëë'), 4)).toBe('aë')
    expect(legible(latin1('Zo\xeb!'), 100)).toBe('Zoë!')
    expect(legible(Buffer.alloc(0), 100)).toBe('')
  })
})
