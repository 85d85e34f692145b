import { describe, expect, test } from '@jest/globals'
import { controlKey, fingerprint } from '../../src/intake/fingerprint.ts'
import type { ContentRef, Receipt } from '../../src/types.ts'
import { aMdm, type MdmOptions } from '../support/mdm.ts'

const ref = (overrides: Partial<ContentRef> = {}): ContentRef => ({ sha256: 'a'.repeat(64), sha1: '', size: 1, head: '', tail: '', encrypt: false, ...overrides })
const receipt = (options: MdmOptions = {}, overrides: Partial<Receipt> = {}): Receipt => ({
  id: 'r-1', feed: 'rio-mllp', format: 'hl7-mdm', receivedAt: '2026-11-20T11:02:11Z', skeleton: aMdm(options), contents: [ref()], ...overrides,
})

describe('a message is known again', () => {
  test('when only its time, its receipt and its feed differ', () => {
    expect(fingerprint(receipt({ time: '20261121000000' }, { id: 'r-2', feed: 'other', receivedAt: '2026-11-21T00:00:00Z' }))).toBe(fingerprint(receipt()))
  })
  test.each([
    ['the picklist', receipt({ picklist: 'MH DO NOT share with patient' })],
    ['the control id', receipt({ controlId: 'MSG0002' })],
    ['the content', receipt({}, { contents: [ref({ sha256: 'b'.repeat(64) })] })],
    ['a second file', receipt({}, { contents: [ref(), ref()] })],
    ['a broken file', receipt({}, { contents: [ref({ broken: 'x' })] })],
    ['the file name', receipt({}, { fileName: 'HMHR report.pdf' })],
    ['the format', receipt({}, { format: 'upload' })],
  ])('not when %s differs', (_what, other) => expect(fingerprint(other)).not.toBe(fingerprint(receipt())))
  test('the time of an upload is part of it', () => {
    const upload = (skeleton: string): string => fingerprint(receipt({}, { format: 'upload', skeleton }))
    expect(upload('{"uploadedAt":"2026-11-20"}')).not.toBe(upload('{"uploadedAt":"2026-11-21"}'))
  })
})

describe('a control id', () => {
  test('is one with its application and facility', () => expect(controlKey(aMdm({ controlId: 'C-7' }))).toBe('RIO|RWK|C-7'))
  test('is kept by its hash where no index could hold it', () => {
    expect(controlKey(aMdm({ controlId: 'C'.repeat(3000) }))).toMatch(/^[0-9a-f]{64}$/u)
    expect(controlKey(aMdm({ controlId: 'C'.repeat(3000) }))).not.toBe(controlKey(aMdm({ controlId: 'C'.repeat(3001) })))
  })
  test('is not made up', () => {
    expect(controlKey(aMdm({ controlId: ' ' }))).toBeUndefined()
    expect(controlKey('{"documentId":"x"}')).toBeUndefined()
    expect(controlKey('')).toBeUndefined()
  })
})
