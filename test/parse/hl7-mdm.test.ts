import { describe, expect, test } from '@jest/globals'
import { parse } from '../../src/parse/parse.ts'
import type { Receipt, RioDocument } from '../../src/types.ts'
import { mdm } from '../support/hl7-messages.ts'
import { hl7Mapping } from '../support/mappings.ts'
import { contentRef, hl7Receipt } from '../support/receipts.ts'

const parsed = (message: string, overrides: Partial<Receipt> = {}) => parse(hl7Receipt(message, overrides), hl7Mapping)
const document = (message: string, overrides: Partial<Receipt> = {}): RioDocument => {
  const result = parsed(message, overrides)
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
  return result.document
}
const refusal = (message: string): { code: string; at: string } | undefined => {
  const result = parsed(message)
  return result.ok ? undefined : { code: result.refusal.code, at: result.refusal.at }
}
const texts = (found: readonly { readonly text: string }[]): string[] => found.map(({ text }) => text)

test('a usual message is read whole, each value with its place', () => {
  const { contents, ...said } = document(mdm())
  expect(said).toEqual({
    source: 'rio', documentId: 'RIO-1', event: 'created', sourceTime: '2026-11-20T11:02:10.000Z', documentDate: '2026-11-20T10:30:00.000Z',
    picklist: [{ text: 'MH share with patient', at: 'TXA-2.2' }],
    names: [{ text: 'CLIN Clinic letter.pdf', at: 'TXA-16' }, { text: 'CLIN Clinic letter', at: 'TXA-25' }, { text: 'Document', at: 'OBX-3.2' }],
    title: 'CLIN Clinic letter', fileName: 'CLIN Clinic letter.pdf', signals: [], team: { text: 'ADULT1', at: 'PV1-3.1' }, author: 'Dr Dora Example',
    organisations: [{ text: 'RWK', at: 'TXA-9.14.1' }], completion: { text: 'AU', at: 'TXA-17' },
    patient: {
      nhsNumbers: [{ text: '9990000018', at: 'PID-3.1' }], traceStatuses: [{ text: '01', at: 'PID-32' }], clientId: 'C101', family: 'Example', given: 'Ada', birthDate: '1970-01-01',
      deceased: false, restricted: false, address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' }, formatNeeds: [],
    },
    unread: [],
  })
  expect(contents).toEqual([{ ref: contentRef(Buffer.from('%PDF-1.7\n')), declaredType: 'application/pdf', at: 'OBX-5' }])
})

test.each([['\n'], ['\r\n'], ['\r']])('segments that end in %j are read', (ends) =>
  expect(document(mdm({}, [], ends))).toEqual(document(mdm())))

test('other delimiters are taken from MSH-1 and MSH-2', () => {
  const other = mdm({ 'MSH-2': '^~\\&' }).replaceAll('|', '!').replaceAll('^', '*').replaceAll('~', '%').replaceAll('\\', '?').replaceAll('&', '@')
  const { contents, ...said } = document(other.replace('*Base64*JVBERi0xLjcK', '*Base64*{content:0}'), { contents: [contentRef(Buffer.from('%PDF-1.7\n'))] })
  const { contents: usual, ...usually } = document(mdm())
  expect(said).toEqual(usually)
  expect(contents).toHaveLength(usual.length)
})

describe('events', () => {
  test.each([
    ['T01', 'created'], ['T02', 'created'], ['T03', 'updated'], ['T04', 'updated'], ['T07', 'updated'], ['T08', 'updated'], ['T11', 'cancelled'],
  ])('%s is %s', (trigger, event) => expect(document(mdm({ 'MSH-9': `MDM^${trigger}`, 'EVN-1': trigger }))).toMatchObject({ event }))

  test.each([['T05', 'addendum'], ['T06', 'addendum'], ['T09', 'replaced'], ['T10', 'replaced']])('%s is %s and names its parent', (trigger, event) => {
    expect(document(mdm({ 'MSH-9': `MDM^${trigger}`, 'TXA-13': 'RIO-0^RIO' }))).toMatchObject({ event, parentId: 'RIO-0' })
    expect(refusal(mdm({ 'MSH-9': `MDM^${trigger}` }))).toEqual({ code: 'PARENT_MISSING', at: 'TXA-13.1' })
  })

  test('the trigger is read from MSH-9.2, whatever structure stands in MSH-9.3, and an EVN-1 that differs is reported', () => {
    const one = document(mdm({ 'MSH-9': 'MDM^T02^MDM_T10', 'EVN-1': 'T10' }))
    expect(one.event).toBe('created')
    expect(one.unread).toEqual(['EVN-1 (differs from MSH-9.2)'])
  })
  test('a parent that the event does not use is reported', () => expect(document(mdm({ 'TXA-13': 'RIO-0' })).unread).toEqual(['TXA-13']))
})

test.each<[string, Parameters<typeof mdm>[0], string, string]>([
  ['no document id', { 'TXA-12': '' }, 'DOCUMENT_ID_MISSING', 'TXA-12.1'],
  ['a document id that is deleted', { 'TXA-12': '""' }, 'DOCUMENT_ID_MISSING', 'TXA-12.1'],
  ['no PID', { PID: undefined }, 'PATIENT_MISSING', 'PID'],
  ['an unknown event', { 'MSH-9': 'MDM^T12' }, 'EVENT_UNKNOWN', 'MSH-9.2'],
  ['an event from the prototype', { 'MSH-9': 'MDM^constructor' }, 'EVENT_UNKNOWN', 'MSH-9.2'],
  ['another kind of message', { 'MSH-9': 'ORU^R01' }, 'HL7_TYPE_UNSUPPORTED', 'MSH-9.1'],
  ['delimiters that are not told apart', { 'MSH-2': '^^\\&' }, 'MESSAGE_UNREADABLE', 'MSH'],
])('refused: %s', (_, fields, code, at) => expect(refusal(mdm(fields))).toEqual({ code, at }))

test.each([[''], ['hello'], ['MSH'], ['MSH|'], ['PID|1'], ['MSH|^~\\'], ['\u000B\u001C']])('refused and not crashed on: %j', (text) =>
  expect(refusal(text)?.code).toBe('MESSAGE_UNREADABLE'))

test.each([['PID|1||9990000026^^^NHS^NH'], ['TXA|1|^MH share with patient|||||||||||RIO-2'], ['MSH|^~\\&|RIO|RWK'], ['PV1|1|O|LD1']])('refused: a second %s, for nobody could say which is meant', (segment) =>
  expect(refusal(mdm({}, [segment]))).toEqual({ code: 'MESSAGE_UNREADABLE', at: segment.slice(0, 3) }))

test('a NUL is refused, also one that came in an escape', () => {
  expect(refusal(mdm({ 'TXA-25': 'CLIN \0letter' }))?.code).toBe('NUL_IN_MESSAGE')
  expect(refusal(mdm({ 'TXA-25': 'CLIN \\X00\\letter' }))?.code).toBe('NUL_IN_MESSAGE')
})

describe('escapes', () => {
  test.each([
    ['CLIN A \\T\\ B', 'CLIN A & B'], ['CLIN A\\S\\B', 'CLIN A^B'], ['CLIN A\\F\\B', 'CLIN A|B'], ['CLIN A\\R\\B', 'CLIN A~B'], ['CLIN A\\E\\B', 'CLIN A\\B'], ['CLIN A\\E\\T\\E\\', 'CLIN A\\T\\'],
    ['CLIN\\X20\\letter', 'CLIN letter'], ['CLIN caf\\XC3A9\\', 'CLIN café'], ['CLIN caf\\XE9\\', 'CLIN café'], ['CLIN \\H\\bold\\N\\', 'CLIN bold'], ['CLIN one\\.br\\two', 'CLIN one\ntwo'],
    ['CLIN \\Zx\\ kept', 'CLIN \\Zx\\ kept'], ['CLIN open \\ end', 'CLIN open \\ end'], ['CLIN a\\b\\T\\', 'CLIN a\\b&'],
  ])('%s is read as %s', (written, text) => expect(document(mdm({ 'TXA-25': written })).title).toBe(text))
  test('an unescaped ampersand stays part of a text', () => expect(document(mdm({ 'TXA-25': 'CLIN R&D letter' })).title).toBe('CLIN R&D letter'))
  test('an instruction is not cut off at an ampersand', () => expect(texts(document(mdm({ 'TXA-2': '^MH share with patient&NOT' })).picklist)).toEqual(['MH share with patient&NOT']))
})

describe('picklist', () => {
  test('the text goes before the code', () => expect(texts(document(mdm({ 'TXA-2': 'MHS^MH share with patient' })).picklist)).toEqual(['MH share with patient']))
  test('where there is no text, the code is read', () => expect(texts(document(mdm({ 'TXA-2': 'MH share with patient' })).picklist)).toEqual(['MH share with patient']))
  test('all repetitions count', () => expect(document(mdm({ 'TXA-2': '^MH share with patient~^MH DO NOT share with patient' })).picklist).toEqual([
    { text: 'MH share with patient', at: 'TXA-2.2' }, { text: 'MH DO NOT share with patient', at: 'TXA-2[2].2' },
  ]))
  test('none is none', () => expect(document(mdm({ 'TXA-2': '' })).picklist).toEqual([]))
})

test('every field that may carry the code is read: all repetitions, all OBX, and the file name', () => {
  const one = document(mdm({ 'TXA-25': 'CLIN one~HMHR two', 'OBX-3': 'X^ASMT three' }, ['OBX|2|TX|Y^DISC four||words']), { fileName: 'CPLN five.pdf' })
  expect(one.names).toEqual([
    { text: 'CLIN Clinic letter.pdf', at: 'TXA-16' }, { text: 'CLIN one', at: 'TXA-25' }, { text: 'HMHR two', at: 'TXA-25[2]' },
    { text: 'ASMT three', at: 'OBX-3.2' }, { text: 'DISC four', at: 'OBX[2]-3.2' }, { text: 'CPLN five.pdf', at: 'file name' },
  ])
})

describe('organisations', () => {
  const of = (fields: Parameters<typeof mdm>[0]) => texts(document(mdm(fields)).organisations)
  test('each author counts', () => expect(of({ 'TXA-9': 'C1^A^^^^^^^GMC^^^^^RWK~C2^B^^^^^^^GMC^^^^^ZZ999' })).toEqual(['RWK', 'ZZ999']))
  test('without one, the sending facility is taken', () => expect(of({ 'TXA-9': 'C1^A^^^^^^^GMC', 'MSH-4': 'ZZ111^x' })).toEqual(['ZZ111']))
  test('the register is never taken for an organisation', () => expect(of({ 'TXA-9': 'C1^A^^^^^^^GMC', 'MSH-4': '' })).toEqual([]))
})

test('of two teams that differ nobody knows whose document it is', () => {
  expect(document(mdm({ 'PV1-3': 'ADULT1~ADULT1' })).team?.text).toBe('ADULT1')
  const { team, unread } = document(mdm({ 'PV1-3': 'ADULT1~ADULT2' }))
  expect([team, unread]).toEqual([undefined, ['PV1-3[2].1 (differs from another value there)']])
})

test('of several completions or availabilities the one that lets nothing out counts', () => {
  expect(document(mdm({ 'TXA-17': 'AU~DI' })).completion?.text).toBe('DI')
  expect(document(mdm({ 'TXA-19': 'AV~CA' })).availability?.text).toBe('CA')
})

describe('the patient', () => {
  const patient = (fields: Parameters<typeof mdm>[0], more: readonly string[] = []) => document(mdm(fields, more)).patient
  test('every NHS number in PID-2 and PID-3 is found, by authority or by type', () => expect(texts(patient({ 'PID-2': '9990000026^^^NHS', 'PID-3': '9990000018^^^X^NH~C1^^^RWK^PI' }).nhsNumbers)).toEqual(['9990000026', '9990000018']))
  test('PKB\'s {status:..} is a trace status, and no part of the number', () => {
    const one = patient({ 'PID-3': '999 000 0018^^^NHS^NH{status:02}', 'PID-32': '01' })
    expect(texts(one.nhsNumbers)).toEqual(['999 000 0018'])
    expect(one.traceStatuses).toEqual([{ text: '02', at: 'PID-3.5' }, { text: '01', at: 'PID-32' }])
    expect(texts(patient({ 'PID-3': '9990000018{status:01}^^^NHS^NH', 'PID-32': '' }).traceStatuses)).toEqual(['01'])
  })
  test('a client id is one of a configured type, the preferred one first', () => {
    expect(patient({ 'PID-3': 'M1^^^RWK^MR~X1^^^RWK^XX~P1^^^RWK^PI' }).clientId).toBe('P1')
    expect(patient({ 'PID-3': 'X1^^^RWK^XX' }).clientId).toBeUndefined()
  })
  test.each([[{ 'PID-30': 'Y' }, true], [{ 'PID-29': '20261101' }, true], [{ 'PID-30': 'N' }, false], [{ 'PID-30': '' }, false], [{ 'PID-30': '?' }, true], [{ 'PID-30': 'N^No' }, false], [{ 'PID-30': 'N', 'PID-29': '20261101' }, true]])('%j: deceased is %s', (fields, deceased) =>
    expect(patient(fields).deceased).toBe(deceased))
  test('the protection indicator restricts the address', () => {
    expect(patient({}, ['PD1||||||||||||Y']).restricted).toBe(true)
    expect(patient({}, ['PD1||||||||||||N']).restricted).toBe(false)
  })
  test('a recorded need is read from the field that the mapping names', () => expect(texts(patient({}, ['ZPN|large print~braille']).formatNeeds)).toEqual(['large print', 'braille']))
  test('two addresses are never mixed', () => expect(patient({ 'PID-11': '1 High Street^^London~2 Broad Street^^London^^E2 8AA' }).address).toEqual({ lines: ['1 High Street', 'London'] }))
  test('subcomponents of name and street are not printed', () => expect(patient({ 'PID-5': 'van Example&van&Example^Ada', 'PID-11': '1 High Street&High Street&1^^London^^E1 4AA' })).toMatchObject({ family: 'van Example', address: { lines: ['1 High Street', 'London'] } }))
  test('an impossible date of birth is no date, and reported', () => {
    expect(patient({ 'PID-7': '19600230' }).birthDate).toBeUndefined()
    expect(document(mdm({ 'PID-7': '19600230' })).unread).toEqual(['PID-7.1 (not a date)'])
  })
})

describe('times', () => {
  test('the event time goes before the message time', () => {
    expect(document(mdm({ 'EVN-2': '' })).sourceTime).toBe('2026-11-20T11:03:00.000Z')
    expect(document(mdm({ 'EVN-2': '', 'MSH-7': '' })).sourceTime).toBeUndefined()
  })
  test('an event time that cannot be used does not make the message look newer', () => {
    const one = document(mdm({ 'EVN-2': '2026112011' }))
    expect(one.sourceTime).toBeUndefined()
    expect(one.unread).toEqual(['EVN-2.1 (not a time)'])
  })
})

describe('signals', () => {
  test.each<[string, Parameters<typeof mdm>[0], readonly string[], string]>([
    ['very restricted', { 'TXA-18': 'V' }, [], 'TXA-18'],
    ['very restricted, in lower case', { 'TXA-18': ' v ' }, [], 'TXA-18'],
    ['withhold', { 'OBX-26': 'SWTH' }, [], 'OBX-26'],
    ['withhold, at the second OBX', {}, [`OBX|2|ED|X||${'|'.repeat(21)}STBD`], 'OBX[2]-26'],
    ['wrong patient', { 'OBX-11': 'W' }, [], 'OBX-11'],
    ['non-disclosure', {}, [`CON|1${'|'.repeat(21)}E^Emergency`], 'CON-22'],
    ['disclosure in part', {}, [`CON|1${'|'.repeat(20)}P`], 'CON-21'],
    ['a code that says otherwise than its text', { 'TXA-2': 'MH DO NOT share with patient^MH share with patient' }, [], 'TXA-2.1'],
  ])('%s', (_, fields, more, at) => expect(document(mdm(fields, more)).signals.map((found) => found.at)).toEqual([at]))
  test.each([[{ 'TXA-18': 'U' }], [{ 'TXA-18': 'R' }], [{ 'OBX-26': 'SIMM' }], [{ 'TXA-18': '""' }]])('%j says nothing against sharing', (fields) => expect(document(mdm(fields)).signals).toEqual([]))
  test.each<[string, Parameters<typeof mdm>[0], readonly string[], string]>([
    ['text beside the file', {}, ['OBX|2|TX|note||Must not be given to him'], 'OBX[2]-5'],
    ['a pointer beside the file', {}, ['OBX|2|RP|more||2.pdf'], 'OBX[2]-5'],
    ['a subcomponent', { 'TXA-18': 'V&x' }, [], 'TXA-18.1.1'],
    ['a cancel that stands in EVN alone', { 'EVN-1': 'T11' }, [], 'EVN-1'],
    ['what stands behind a line break', { 'PID-11': '1 High Street\rFlat 2^^London^^E1 4AA' }, [], 'a line that is no segment'],
    ['a segment in lower case', {}, ['pid|1||9990000026^^^NHS^NH'], 'a line that is no segment'],
  ])('%s', (_, fields, more, at) => expect(document(mdm(fields, more)).signals.map((found) => found.at)).toEqual([at]))
  test('a line break of the other kind hides nothing: what stands behind it is read', () => {
    expect(document(mdm({ 'PID-11': '1 High Street\nFlat 2^^London^^E1 4AA', 'PID-30': 'Y' })).patient).toMatchObject({ deceased: true, address: { lines: ['1 High Street Flat 2', 'London'] } })
  })
  test('text beside the file says nothing where the mapping knows it not to matter; a pointer still does', () => {
    const mapping = { ...hl7Mapping, ignore: [...hl7Mapping.ignore, 'OBX-5'] }
    const signals = (segment: string) => { const result = parse(hl7Receipt(mdm({}, [segment])), mapping); return result.ok && result.document.signals }
    expect(signals('OBX|2|TX|note||Typed in the clinic')).toEqual([])
    expect(signals('OBX|2|RP|more||2.pdf')).toHaveLength(1)
  })
  test('at a place without a component, each component counts', () => {
    const mapping = { ...hl7Mapping, signals: [{ at: 'TXA-18', values: ['V'] }] }
    const result = parse(hl7Receipt(mdm({ 'TXA-18': 'X^V' })), mapping)
    expect(result.ok && result.document.signals).toEqual([{ text: 'V', at: 'TXA-18.2' }])
  })
})

describe('files', () => {
  test.each([
    ['^AP^PDF^Base64', 'application/pdf'], ['^application^pdf^Base64', 'application/pdf'], ['RIO^IM^pdf^Base64', 'application/pdf'], ['^^application/pdf^Base64', 'application/pdf'], ['^AP^DOCX^Base64', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['^IM^TIFF^Base64', 'image/tiff'], ['^AP^^Base64', undefined], ['^AP^Octet-stream^Base64', 'application/octet-stream'], ['^image^webp^Base64', 'image/webp'], ['^AP^constructor^Base64', 'application/constructor'],
  ])('%s declares %s', (before, type) => expect(document(mdm({ 'OBX-5': `${before}^JVBERi0xLjcK` })).contents[0]?.declaredType).toBe(type))

  test('two files are two, in their order, by OBX or by repetition', () => {
    const one = document(mdm({ 'OBX-5': '^AP^PDF^Base64^JVBERi0xLjcK~^AP^PDF^Base64^JVBERi0xLjQK' }, ['OBX|2|ED|X||^AP^PDF^Base64^JVBERi0xLjUK']))
    expect(one.contents.map(({ at, ref }) => [at, ref.head])).toEqual([['OBX-5', '%PDF-1.7\n'], ['OBX-5[2]', '%PDF-1.4\n'], ['OBX[2]-5', '%PDF-1.5\n']])
  })
  test('text in an OBX is no file, and reported', () => {
    const one = document(mdm({}, ['OBX|2|TX|note||Please ring first']))
    expect(one.contents).toHaveLength(1)
    expect(one.unread).toEqual(['OBX[2]-5 (not a file)'])
  })
  test('a reference to a file that intake did not keep is none', () => expect(document(mdm({ 'OBX-5': '^AP^PDF^Base64^{content:7}' })).contents).toEqual([]))
  test('a file that an earlier message left standing is read with its declared type', () => {
    const kept = contentRef(Buffer.from('%PDF-1.7\n'))
    const message = mdm({ OBX: undefined, 'MSH-9': 'MDM^T03' })
    expect(document(message, { contents: [kept], declaredType: 'application/msword' }).contents).toEqual([{ ref: kept, declaredType: 'application/msword', at: 'earlier message' }])
  })
})

describe('what nobody read', () => {
  test('is reported by place and never by value', () => {
    const one = document(mdm({ 'PID-16': 'M', 'TXA-21': 'wrong~again' }, ['ZRI|1||Secret words', 'OBX|2|ED|X||^AP^PDF^Base64^JVBERi0xLjcK|||||||||Dr Who', 'NTE|1||note']))
    expect(one.unread).toEqual(['PID-16', 'TXA-21', 'TXA-21[2]', 'ZRI-1', 'ZRI-3', 'OBX[2]-14', 'NTE-1', 'NTE-3', 'OBX[2]-5 (a further file: which one is the letter is for a person to say)'])
  })
  test('a line break inside a field makes no segment name of its text', () => {
    expect(document(mdm({}, ['NTE|1||Spoke to her mother', 'Ada Example of 1 High Street|x', '9990000018|y'])).unread).toEqual(['NTE-1', 'NTE-3', 'a line that is no segment'])
  })
  test('stays short', () => {
    const one = document(mdm({}, Array.from({ length: 500 }, () => 'NTE||x')))
    expect(one.unread).toHaveLength(101)
    expect(one.unread.at(-1)).toBe('and 400 more')
  })
})

test('a mapping for uploads does not read HL7', () => {
  const result = parse({ ...hl7Receipt(mdm()), format: 'upload' }, hl7Mapping)
  expect(result).toMatchObject({ ok: false, refusal: { code: 'MESSAGE_UNREADABLE' } })
})
