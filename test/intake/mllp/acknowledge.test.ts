import { describe, expect, test } from '@jest/globals'
import { Hl7Message } from '@medplum/core'
import { acknowledgement, codeOf, type Verdict } from '../../../src/intake/mllp/acknowledge.ts'
import { readHeader, unacceptable } from '../../../src/intake/mllp/header.ts'
import { aMdm, type MdmOptions } from '../../support/mdm.ts'

const header = (options: MdmOptions = {}) => readHeader(Buffer.from(aMdm(options), 'latin1'))!
const TAKEN: Verdict = { kind: 'taken' }
const REFUSED: Verdict = { kind: 'refused', code: 'DOCUMENT_ID_MISSING', detail: 'TXA-12.1 is empty.' }
const fresh = { at: new Date('2026-11-20T11:02:11.123Z'), id: '01234567-89ab-4def-8123-456789abcdef' }
const said = (options: MdmOptions, verdict: Verdict): string => acknowledgement(header(options), verdict, fresh)!.toString('latin1')

describe('which code is answered', () => {
  test.each([
    ['original mode', '', '', 'AA', 'AE'],
    ['MSH-15 always', 'AL', '', 'CA', 'CE'],
    ['MSH-15 never', 'NE', 'AL', undefined, undefined],
    ['MSH-15 errors only', 'ER', '', undefined, 'CE'],
    ['MSH-15 success only', 'SU', 'NE', 'CA', undefined],
    ['both: the commit acknowledgement only', 'AL', 'AL', 'CA', 'CE'],
    ['only MSH-16: as in original mode', '', 'AL', 'AA', 'AE'],
    ['only MSH-16, never', '', 'NE', undefined, undefined],
    ['only MSH-16, errors only', '', 'ER', undefined, 'AE'],
    ['only MSH-16, success only', '', 'SU', 'AA', undefined],
    ['a condition that is none: always', 'XX', '', 'CA', 'CE'],
  ])('%s', (_mode, accept, application, taken, refused) => {
    expect(codeOf(header({ accept, application }), TAKEN)).toBe(taken)
    expect(codeOf(header({ accept, application }), REFUSED)).toBe(refused)
  })
  test.each([
    ['HL7_TYPE_UNSUPPORTED', 'AR', 'CR'], ['EVENT_UNKNOWN', 'AR', 'CR'], ['HL7_VERSION_UNSUPPORTED', 'AR', 'CR'], ['HL7_PROCESSING_ID', 'AR', 'CR'],
    ['STORE_UNAVAILABLE', 'AR', 'CE'], ['INTERNAL', 'AR', 'CE'], ['FRAME_TOO_LARGE', 'AR', 'CE'],
    ['HL7_CHARSET', 'AE', 'CE'], ['NUL_IN_MESSAGE', 'AE', 'CE'], ['PATIENT_MISSING', 'AE', 'CE'], ['CONTROL_ID_REUSED', 'AE', 'CE'], ['PARENT_OF_ANOTHER_PATIENT', 'AE', 'CE'],
  ] as const)('%s is %s, and %s in enhanced mode', (code, original, enhanced) => {
    const verdict: Verdict = { kind: 'refused', code, detail: '' }
    expect(codeOf(header(), verdict)).toBe(original)
    expect(codeOf(header({ accept: 'AL' }), verdict)).toBe(enhanced)
  })
})

describe('an answer', () => {
  test('goes back to the sender, in the terms of its message', () => {
    expect(said({ event: 'T04', controlId: 'C-7', charset: '8859/1', version: '2.4' }, TAKEN)).toBe(
      'MSH|^~\\&|OPENLETTER|RWK|RIO|RWK|20261120110211.123+0000||ACK^T04^ACK|0123456789ab4def8123|P|2.4||||||8859/1\rMSA|AA|C-7\r',
    )
  })
  test('says what was wrong, where, and what to do', () => {
    const answer = Hl7Message.parse(said({}, REFUSED))
    const err = answer.getSegment('ERR')!
    expect(answer.getSegment('MSA')!.getField(3)!.toString()).toBe('The document has no id')
    expect([2, 3, 4, 5, 7, 8].map((field) => err.getField(field)!.toString())).toEqual([
      'TXA^1^12^1^1', '101^Required field missing^HL70357', 'E', 'DOCUMENT_ID_MISSING^The document has no id^L', 'TXA-12.1 is empty.', 'Send the RiO document id (TXA-12.1, or documentId).',
    ])
  })
  test('taken with a warning is taken, and warns', () => {
    const answer = Hl7Message.parse(said({}, { kind: 'taken', warning: 'MSH-10 came before.' }))
    expect(answer.getSegment('MSA')!.getField(1)!.toString()).toBe('AA')
    expect(answer.getSegment('MSA')!.getField(3)!.toString()).toBe('MSH-10 came before.')
    expect(answer.getSegment('ERR')!.getField(4)!.toString()).toBe('W')
  })
  test('uses the separators of the message, and escapes them in its own words', () => {
    const strange = readHeader(Buffer.from('MSH#.!?&#R?S?IO#RWK#X#Y###MDM.T02#9#P#2.5\r'))!
    const text = acknowledgement(strange, REFUSED, fresh)!.toString('latin1')
    expect(text).toContain('MSH#.!?&#X#Y#R?S?IO#RWK#')
    expect(text).toContain('#TXA-12?S?1 is empty?S?#')
  })
  test('to something without a header is an answer all the same', () => {
    const text = acknowledgement(undefined, { kind: 'refused', code: 'MESSAGE_UNREADABLE', detail: 'No MSH.' }, fresh)!.toString('latin1')
    expect(text).toMatch(/^MSH\|\^~\\&\|OPENLETTER\|{4}20261120110211\.123\+0000\|\|ACK\|0123456789ab4def8123\|P\|2\.5\rMSA\|AR\|\|The message cannot be read\rERR\|/u)
  })
  test('does not claim a character set that it could not read', () => {
    expect(said({ charset: 'UNICODE UTF-16' }, { kind: 'refused', code: 'HL7_CHARSET', detail: '' })).not.toContain('UTF-16')
  })
})

describe('what a header may say', () => {
  test.each([
    [{ type: 'ADT', event: 'A01' }, 'HL7_TYPE_UNSUPPORTED'], [{ event: 'T12' }, 'EVENT_UNKNOWN'], [{ event: '' }, 'EVENT_UNKNOWN'], [{ version: '3.0' }, 'HL7_VERSION_UNSUPPORTED'],
    [{ processingId: 'T' }, 'HL7_PROCESSING_ID'], [{ processingId: '' }, 'HL7_PROCESSING_ID'],
  ] as const)('%j is %s', (options, code) => expect(unacceptable(header(options), false)?.code).toBe(code))
  test.each([{}, { event: 'T11' }, { event: 'T08' }, { version: '' }, { version: '2.3.1' }, { version: '2.5^GBR' }, { processingId: 'P^T' }])('%j is taken', (options) => {
    expect(unacceptable(header(options), false)).toBeUndefined()
  })
  test('a test system takes what is not production', () => expect(unacceptable(header({ processingId: 'T' }), true)).toBeUndefined())
  test('""is a value that was deleted', () => expect(header({ accept: '""' }).acceptCondition).toBe(''))
  test.each(['', 'FHS|^~\\&|', 'MSH', 'MSH|^~|RIO', 'MSH|^^\\&|RIO', 'MSHA^~\\&ARIO', 'PID|1'])('%j is no header', (text) => expect(readHeader(Buffer.from(text))).toBeUndefined())
})
