import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { codeFact, codeOf, codesIn } from '../../src/decide/code.ts'
import { content, kindOf } from '../../src/decide/content.ts'
import { identity, passesModulus11 } from '../../src/decide/identity.ts'
import { foldPicklist, heeding, instruction } from '../../src/decide/picklist.ts'
import type { DocumentCode } from '../../src/policy/schema.ts'
import { UNKNOWN_PERSON, type Content, type ContentRef, type Found, type Patient } from '../../src/types.ts'

const found = (...texts: string[]): Found[] => texts.map((text, at) => ({ text, at: `F-${at + 1}` }))
const picklist = { share: ['mh share with patient'], withhold: ['mh do not share with patient'] }

describe('instruction', () => {
  test.each([
    [['MH share with patient'], 'share'],
    [['  mh  SHARE with\u00A0patient '], 'share'],
    [['ＭＨ share with patient'], 'share'],
    [['MH DO NOT share with patient'], 'withhold'],
    [['MH share with patient please'], 'unrecognised'],
    [['share with patient'], 'unrecognised'],
    [['MH DO NOT share with patient', 'MH share with patient'], 'unrecognised'],
    [['MH share with patient', 'Correspondence'], 'unrecognised'],
    [['MH share with patient', 'mh share with patient'], 'share'],
    [['', '   '], 'missing'],
    [[], 'missing'],
  ])('%j is %s', (texts, fact) => expect(instruction(found(...texts), picklist)).toBe(fact))
})

describe('do-not-share at another place than the picklist', () => {
  const share = found('MH share with patient')
  const overlooked = (text: string, withhold: string) => heeding(share, ['RIO', text, 'N'], [foldPicklist(withhold)]).length > share.length
  test.each([
    ['MH DO NOT share with patient', 'MH DO NOT share with patient', true], ['mh_do_not_share', 'MH-DO-NOT-share', true], ['MH DO N\u034FOT\uFE0F share', 'MH DO NOT share', true], ['Type: "MH do not share."', 'MH-DO-NOT-share', true],
    ['N', 'N', false], ['Nothing to share', 'MH DO NOT share', false], ['She asked why it said MH DO NOT share', 'MH DO NOT share', false],
  ])('%j is heeded where %j means it: %s', (text, withhold, is) => expect(overlooked(text, withhold)).toBe(is))
})

describe('the code that opens a name', () => {
  test.each([
    ['HMHR report.pdf', 'HMHR'], ['hmhr-report', 'HMHR'], ['HMHR_report', 'HMHR'], ['HMHR.pdf', 'HMHR'], ['HMHR', 'HMHR'], ['\uFEFF  HMHR x', 'HMHR'],
    ['ＨＭＨＲ report', 'HMHR'], ['HM\u200BHR report', 'HMHR'], ['C:\\Letters\\HMHR report.pdf', 'HMHR'], ['/rio/out/CLIN letter.pdf', 'CLIN'],
    ['CLIN Letter 12/11/2026.pdf', 'CLIN'], ['/rio/2026/11/CLIN Letter 12/11/2026', 'CLIN'], ['/rio/2026/CLIN/letter.pdf', undefined],
    ['HMHRX report', undefined], ['xHMHR', undefined], ['A HMHR report', undefined], ['HMH report', undefined], ['HMHR1', undefined], ['HMHRé', undefined], ['', undefined],
  ])('%j has %s', (name, code) => expect(codeOf(name)).toBe(code))

  const row = (code: string, sharing: DocumentCode['sharing']): DocumentCode => ({ code, name: code, kind: 'clinical', sharing, snomed: '', snomed_display: '', approved_by: 'Role', approved_on: '2026-01-01' })
  const codes = { CLIN: row('CLIN', 'listed'), DISC: row('DISC', 'listed'), HMHR: row('HMHR', 'blocked'), PSYR: row('PSYR', 'blocked-pkb') }
  test.each([
    [['CLIN letter'], 'listed'], [['CLIN letter', 'clin.pdf'], 'listed'], [['CLIN letter', 'letter.pdf'], 'listed'], [['CLIN letter', 'scan.pdf'], 'unlisted'],
    [['CLIN letter', 'HMHR.pdf'], 'blocked'], [['CLIN letter', 'DISC.pdf'], 'unlisted'], [['PSYR report'], 'blocked-pkb'], [['CLIN report', 'PSYR.pdf'], 'blocked'],
    [['PSYR report', 'HMHR.pdf'], 'blocked'], [['ZZZZ letter'], 'unlisted'], [['letter'], 'missing'], [['toString'], 'missing'], [[], 'missing'],
  ])('names %j are %s', (names, fact) => expect(codeFact(found(...names), codes).fact).toBe(fact))

  test.each(['HM\u034FHR', 'HMH\uFE0FR', '\u2066HMHR\u2069', '\u3164HMHR', 'H\u180EMHR', '\u{E0041}HMHR'])('%j has the code that the eye sees', (name) => expect(codeOf(`${name} report`)).toBe('HMHR'))
  test.each([
    ['\u041dMHR report', 'blocked'], ['нмнr report', 'blocked'], ['ΗΜΗR report', 'blocked'], ['HMHR\u0301 report', 'blocked'], ['"HMHR report.pdf"', 'blocked'], ['“HMHR” report', 'blocked'], ['(HMHR) report', 'blocked'], ['_HMHR report', 'blocked'],
    ['"PSYR report"', 'blocked-pkb'], ['\u0421LIN letter', 'missing'], ['"CLIN letter"', 'missing'], ['1 HMHR report', 'missing'], ['\u0416MHR report', 'missing'], ['"HMHRX report"', 'missing'],
    ['ᎻᎷᎻᎡ report', 'blocked'], ['ꓧꓟꓧꓣ report', 'blocked'], ['ʜᴍʜʀ report', 'blocked'], ['һмһr report', 'blocked'], ['PՏYR report', 'blocked-pkb'],
    ['HMHR report 12/11/2026', 'blocked'], ['HMHR papers and/or a letter', 'blocked'], ['НMHR papers and/or a letter', 'blocked'], ['HMHR/CLIN letter', 'blocked'], ['CLIN/HMHR report.pdf', 'blocked'], ['DISC and/or CLIN letter', 'missing'],
  ])('what only looks like a blocked code blocks, and nothing else is taken for what it looks like: %j is %s', (name, fact) => expect(codeFact(found(name), codes).fact).toBe(fact))
  test('a text that is looked at closely has the codes that it has at a glance', () => {
    const pieces = fc.constantFrom('HMHR', 'hmhr', 'CLIN', 'PSYR', ' ', '/', '\\', '.', '-', '_', '"', '(', '[', ']', '7', 'x', '~', '1/2')
    // A space of another kind at the end says nothing, and has the text looked at closely.
    fc.assert(fc.property(fc.array(pieces, { maxLength: 6 }).map((all) => all.join('')), (text) => expect([text, codesIn(text, codes)]).toEqual([text, codesIn(`${text}\u00A0`, codes)])), { numRuns: 2000 })
  })
  test('beside a listed code too', () => expect(codeFact(found('CLIN letter', '\u041dMHR report'), codes)).toMatchObject({ fact: 'blocked', code: 'HMHR' }))
})

describe('identity', () => {
  const patient = (overrides: Partial<Patient> = {}): Patient => ({ nhsNumbers: found('9990000018'), traceStatuses: found('01'), deceased: false, restricted: false, formatNeeds: [], birthDate: '1970-01-01', ...overrides })
  const of = (overrides: Partial<Patient>, birthDate?: string, testPatients = true) =>
    identity(patient(overrides), birthDate ? { ...UNKNOWN_PERSON, birthDate } : UNKNOWN_PERSON, testPatients)

  test('a traced number is verified, with spaces or hyphens in it or not', () => {
    expect(of({})).toBe('verified')
    expect(of({ nhsNumbers: found('999 000 0018') })).toBe('verified')
    expect(of({ nhsNumbers: found('999-000-0018', '9990000018') })).toBe('verified')
  })
  test.each([['02'], ['03'], ['']])('trace status %j is unverified', (status) => expect(of({ traceStatuses: found(status) })).toBe('unverified'))
  test('no trace status is unverified', () => expect(of({ traceStatuses: [] })).toBe('unverified'))
  test('two statuses or numbers that disagree are unverified', () => {
    expect(of({ traceStatuses: found('01', '02') })).toBe('unverified')
    expect(of({ nhsNumbers: found('9990000018', '9990000026') })).toBe('unverified')
  })
  test.each([['0000000000'], ['9999999999'], ['9990000019'], ['999000001'], ['99900000188'], ['ABCDEFGHIJ']])('%s is invalid', (number) =>
    expect(of({ nhsNumbers: found(number) })).toBe('invalid'))
  test('a test number is invalid where test patients are not taken', () => expect(of({}, undefined, false)).toBe('invalid'))
  test('no number is missing', () => { expect(of({ nhsNumbers: [] })).toBe('missing'); expect(of({ nhsNumbers: found('  ') })).toBe('missing') })
  test("a date of birth that differs from PKB's is a mismatch", () => { expect(of({}, '1970-01-02')).toBe('mismatch'); expect(of({}, '1970-01-01')).toBe('verified') })
  test('modulus 11 agrees with published numbers', () => {
    for (const good of ['9000000009', '9449305552', '9737383230', '5760678914', '9434765919']) expect(passesModulus11(good)).toBe(true)
    for (const bad of ['4857773456', '9876544321']) expect(passesModulus11(bad)).toBe(false)
  })
})

describe('content', () => {
  const ref = (head: string, overrides: Partial<ContentRef> = {}): ContentRef => ({ sha256: 'a'.repeat(64), sha1: '', size: Math.max(1, head.length), head, tail: head, encrypt: false, ...overrides })
  const file = (head: string, declaredType?: string, overrides: Partial<ContentRef> = {}): Content => ({ ref: ref(head, overrides), at: 'OBX-5', ...(declaredType ? { declaredType } : {}) })
  const PDF = '%PDF-1.7\n%%EOF\n'
  test.each([
    ['a PDF', [file(PDF, 'application/pdf')], 'readable'],
    ['a PDF of undeclared type', [file(PDF)], 'readable'],
    ['a PDF declared as bytes', [file(PDF, 'application/octet-stream')], 'readable'],
    ['a PDF that was cut short', [file('%PDF-1.7\n', 'application/pdf')], 'unsupported'],
    ['a PDF followed by nothing but NULs', [file(PDF, undefined, { tail: '\u2400'.repeat(1024) })], 'unsupported'],
    ['a PDF declared as Word', [file(PDF, 'application/msword')], 'mislabelled'],
    ['Word declared as PDF', [file('PK\u0003\u0004', 'application/pdf')], 'mislabelled'],
    ['a PDF with a password', [file(PDF, 'application/pdf', { encrypt: true })], 'encrypted'],
    ['docx', [file('PK\u0003\u0004', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document')], 'other-format'],
    ['rtf', [file('{\\rtf1', 'application/rtf')], 'other-format'],
    ['tiff', [file('II*\u2400')], 'other-format'],
    ['jpeg', [file('\u00FF\u00D8\u00FF\u00E0')], 'other-format'],
    ['bytes that nobody knows', [file('\u2400\u0001\u0002')], 'unsupported'],
    ['broken base64', [file(PDF, undefined, { broken: 'character 17' })], 'unsupported'],
    ['a file over the limit', [file(PDF, undefined, { tooLarge: true })], 'too-large'],
    ['two files', [file(PDF), file(PDF)], 'unsupported'],
    ['an empty file', [file('', undefined, { size: 0 })], 'missing'],
    ['no file', [], 'missing'],
  ] as const)('%s is %s', (_name, contents, fact) => expect(content(contents)).toBe(fact))
  test('a script that calls itself a PDF further down is no PDF', () => expect(kindOf('MZ\u0090%PDF-1.7')).not.toBe('pdf'))
})
