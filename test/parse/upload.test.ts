import { describe, expect, test } from '@jest/globals'
import { parse } from '../../src/parse/parse.ts'
import type { Receipt, RioDocument } from '../../src/types.ts'
import { uploadMapping } from '../support/mappings.ts'
import { contentRef, uploadReceipt } from '../support/receipts.ts'

const patient = {
  nhsNumber: '9990000018', nhsNumberStatus: '01', clientId: 'C101', family: 'Example', given: 'Ada', birthDate: '1970-01-01', deceased: false, restricted: false,
  address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' },
}
const usual = {
  documentId: 'RIO-1', event: 'created', documentType: 'MH share with patient', name: 'CLIN Clinic letter.pdf', status: 'final', documentDate: '2026-11-20T10:30:00Z', uploadedAt: '2026-11-20T11:02:10Z',
  team: 'ADULT1', author: { name: 'Dr Example', organisation: 'RWK' }, uploadedBy: 'admin42', patient,
}
const parsed = (metadata: unknown, overrides: Partial<Receipt> = {}) => parse(uploadReceipt(metadata, overrides), uploadMapping)
const document = (changes: object = {}, overrides: Partial<Receipt> = {}): RioDocument => {
  const result = parsed({ ...usual, ...changes }, overrides)
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
  return result.document
}
const refusal = (metadata: unknown): { code: string; at: string } | undefined => {
  const result = parsed(metadata)
  return result.ok ? undefined : { code: result.refusal.code, at: result.refusal.at }
}

test('usual metadata are read whole, each value with its place', () => {
  const file = contentRef(Buffer.from('%PDF-1.7\n'))
  expect(document({}, { contents: [file], declaredType: 'application/pdf', fileName: 'clin.pdf' })).toEqual({
    source: 'rio', documentId: 'RIO-1', event: 'created', sourceTime: '2026-11-20T11:02:10.000Z', documentDate: '2026-11-20T10:30:00.000Z',
    picklist: [{ text: 'MH share with patient', at: 'metadata.documentType' }],
    names: [{ text: 'CLIN Clinic letter.pdf', at: 'metadata.name' }, { text: 'clin.pdf', at: 'file name' }],
    title: 'CLIN Clinic letter.pdf', fileName: 'clin.pdf', signals: [], team: { text: 'ADULT1', at: 'metadata.team' }, author: 'Dr Example',
    organisations: [{ text: 'RWK', at: 'metadata.author.organisation' }], uploadedBy: 'admin42', completion: { text: 'final', at: 'metadata.status' },
    patient: {
      nhsNumbers: [{ text: '9990000018', at: 'metadata.patient.nhsNumber' }], traceStatuses: [{ text: '01', at: 'metadata.patient.nhsNumberStatus' }],
      clientId: 'C101', family: 'Example', given: 'Ada', birthDate: '1970-01-01', deceased: false, restricted: false, address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' }, formatNeeds: [],
    },
    contents: [{ ref: file, declaredType: 'application/pdf', at: 'file' }],
    unread: [],
  })
})

describe('events', () => {
  test.each([['created'], ['updated'], ['cancelled'], [' Created ']])('%j', (event) => expect(document({ event }).event).toBe(event.trim().toLowerCase()))
  test('replaced names what it replaces, addendum its parent', () => {
    expect(document({ event: 'replaced', replaces: 'RIO-0' })).toMatchObject({ event: 'replaced', parentId: 'RIO-0', unread: [] })
    expect(document({ event: 'addendum', parent: 'RIO-0' })).toMatchObject({ event: 'addendum', parentId: 'RIO-0', unread: [] })
    expect(refusal({ ...usual, event: 'replaced', parent: 'RIO-0' })).toEqual({ code: 'PARENT_MISSING', at: 'metadata.replaces' })
    expect(refusal({ ...usual, event: 'addendum' })).toEqual({ code: 'PARENT_MISSING', at: 'metadata.parent' })
  })
  test('an id that no index could hold is none, and not for the sender to try again', () => {
    expect(parsed(JSON.stringify({ documentId: 'R'.repeat(501), event: 'created', patient: {} }))).toMatchObject({ ok: false, refusal: { code: 'DOCUMENT_ID_MISSING' } })
    expect(parsed(JSON.stringify({ documentId: 'R', event: 'addendum', parent: 'R'.repeat(501), patient: {} }))).toMatchObject({ ok: false, refusal: { code: 'PARENT_MISSING' } })
  })
  test('a name that the event does not use is reported', () => expect(document({ replaces: 'RIO-0' })).toMatchObject({ event: 'created', unread: ['metadata.replaces'] }))
  test.each([[undefined], [''], ['deleted'], [7]])('%j is no event, and none is guessed', (event) => expect(refusal({ ...usual, event })).toEqual({ code: 'EVENT_UNKNOWN', at: 'metadata.event' }))
})

test.each([
  ['not JSON', '{', 'METADATA_UNREADABLE'], ['nothing', '', 'METADATA_UNREADABLE'], ['a list', [usual], 'METADATA_UNREADABLE'], ['null', 'null', 'METADATA_UNREADABLE'], ['text', '"x"', 'METADATA_UNREADABLE'],
  ['no document id', { ...usual, documentId: ' ' }, 'DOCUMENT_ID_MISSING'], ['a document id that is a number', { ...usual, documentId: 5 }, 'DOCUMENT_ID_MISSING'],
  ['no patient', { ...usual, patient: undefined }, 'PATIENT_MISSING'], ['a patient that is text', { ...usual, patient: 'Ada' }, 'PATIENT_MISSING'], ['a list of patients', { ...usual, patient: [patient] }, 'PATIENT_MISSING'],
  ['an escaped NUL', { ...usual, name: 'CLIN \0' }, 'NUL_IN_MESSAGE'],
])('refused: %s', (_, metadata, code) => expect(refusal(metadata)?.code).toBe(code))

test('an empty patient object is accepted: what is missing is a fact', () => expect(document({ patient: {} }).patient).toEqual({ nhsNumbers: [], traceStatuses: [], deceased: false, restricted: false, formatNeeds: [] }))

describe('a name that stands twice', () => {
  const twice = JSON.stringify(usual).replace('{', '{"documentType":"MH DO NOT share with patient",')
  test('is refused, for nobody could say which value is meant', () => expect(refusal(twice)).toEqual({ code: 'METADATA_UNREADABLE', at: 'metadata' }))
  test('is found below, and behind an escape', () => {
    expect(refusal(JSON.stringify(usual).replace('"nhsNumber":', '"nhs\\u004Eumber":"9990000026","nhsNumber":'))).toEqual({ code: 'METADATA_UNREADABLE', at: 'metadata.patient' })
  })
  test('in two objects of a list, or as a value, is fine', () => {
    expect(document({ notes: [{ a: 'a', b: ['a', 'a'] }, { a: 'b' }, '{"a":1,"a":2}'] }).documentId).toBe('RIO-1')
  })
})

describe('wrong types never crash, and are no value', () => {
  test.each([[5], [true], [{ text: 'CLIN' }], [null], [[]], [{}]])('a name that is %j', (name) => {
    const one = document({ name })
    expect(one.names).toEqual([])
    expect(one.title).toBeUndefined()
  })
  test('they are reported by place', () => expect(document({ name: 5, team: true, documentType: { text: 'x' }, uploadedAt: 1_763_636_530 }).unread).toEqual([
    'metadata.documentType.text', 'metadata.name (not text)', 'metadata.uploadedAt (not text)', 'metadata.team (not text)',
  ]))
  test('a number is never read as the NHS number', () => expect(document({ patient: { ...patient, nhsNumber: 9_990_000_018 } })).toMatchObject({ patient: { nhsNumbers: [] }, unread: ['metadata.patient.nhsNumber (not text)'] }))
  test('a list of texts is all of them', () => expect(document({ documentType: ['MH share with patient', 'MH DO NOT share with patient'] }).picklist.map(({ at }) => at)).toEqual(['metadata.documentType[0]', 'metadata.documentType[1]']))
  test('of two teams that differ nobody knows whose it is, and of two stages the unfinished one counts', () => {
    expect(document({ team: ['ADULT1', 'ADULT1 '] }).team?.text).toBe('ADULT1')
    const two = document({ team: ['ADULT1', 'ADULT2'], status: ['final', 'draft'] })
    expect([two.team, two.completion?.text, two.unread]).toEqual([undefined, 'draft', ['metadata.team[1] (differs from another value there)']])
  })
  test('two events that differ are none', () => expect(refusal({ ...usual, event: ['created', 'cancelled'] })).toEqual({ code: 'EVENT_UNKNOWN', at: 'metadata.event' }))
  test('half a character is replaced, so that it can be stored', () => expect(document({ name: 'CLIN \uD800' }).title).toBe('CLIN \uFFFD'))
  test('nesting without end is not walked to its end', () => expect(parsed(`{"documentId":"RIO-1","event":"created","patient":{},"deep":${'['.repeat(5000)}${']'.repeat(5000)}}`)).toMatchObject({ ok: true }))
  test('a name that may be text about a patient is not shown', () => expect(document({ 'for Ada Example': { x9990000018: 'x' }, notes: { '9990000018': 'x' } }).unread).toEqual(['metadata.….…', 'metadata.notes.…']))
  test('names from the prototype are names', () => expect(parsed('{"documentId":"RIO-1","event":"created","patient":{},"__proto__":{"team":"ADULT1"},"constructor":"x"}')).toMatchObject({ ok: true, document: { unread: ['metadata.__proto__.team', 'metadata.constructor'] } }))
})

describe('flags', () => {
  const patientWith = (changes: object) => document({ patient: { ...patient, ...changes } })
  test.each([[true, true], [false, false], [null, false], ['', false], ['N', false], ['false', false], ['Y', true], ['unsure', true], [1, true], [0, false], [{ on: '2026-11-01' }, true]])('deceased: %j is %s', (deceased, is) =>
    expect(patientWith({ deceased }).patient.deceased).toBe(is))
  test('a date of death is one', () => expect(patientWith({ deceasedDate: '2026-11-01' })).toMatchObject({ patient: { deceased: true }, unread: [] }))
  test.each([[true, true], [false, false], ['yes', true]])('restricted: %j is %s', (restricted, is) => expect(patientWith({ restricted }).patient.restricted).toBe(is))
  test('what is no flag is reported', () => expect(patientWith({ deceased: { on: '2026-11-01' } }).unread).toEqual(['metadata.patient.deceased.on (not true or false)']))
})

describe('signals', () => {
  test.each([[{ confidentiality: 'v' }, 'metadata.confidentiality'], [{ patientRelease: 'SWTH' }, 'metadata.patientRelease'], [{ nonDisclosureReason: 'anything' }, 'metadata.nonDisclosureReason'], [{ nonDisclosureReason: { code: 'E' } }, 'metadata.nonDisclosureReason']])('%j', (changes, at) =>
    expect(document(changes).signals.map((found) => found.at)).toEqual([at]))
  test.each([[{ confidentiality: 'U' }], [{ patientRelease: 'SIMM' }], [{ nonDisclosureReason: '' }]])('%j says nothing against sharing', (changes) => expect(document(changes).signals).toEqual([]))
})

describe('times', () => {
  test('a time without an offset is one of the mapping\'s zone', () => expect(document({ uploadedAt: '2026-07-20T11:02:10' }).sourceTime).toBe('2026-07-20T10:02:10.000Z'))
  test('one that cannot be is unknown, and reported', () => expect(document({ uploadedAt: '2026-02-30T11:02:10Z', patient: { ...patient, birthDate: '01/01/1970' } })).toMatchObject({ unread: ['metadata.patient.birthDate (not a date)', 'metadata.uploadedAt (not a time)'] }))
  test('a document date stays a date', () => expect(document({ documentDate: '2026-11-20' }).documentDate).toBe('2026-11-20'))
})

test('what nobody read is reported by place and never by value', () =>
  expect(document({ mood: 'secret', nothing: null, empty: '', list: [{ a: 1 }, { b: false }], author: { name: 'Dr Example', organisation: 'RWK', room: '5' } }).unread).toEqual([
    'metadata.author.room', 'metadata.mood', 'metadata.list[0].a', 'metadata.list[1].b',
  ]))
