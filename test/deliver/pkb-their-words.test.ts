// What of PKB's own words is passed on: sentences of which each word is known, and never a name or a number.
import { describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { inTheirWords, theirWords } from '../../src/deliver/pkb/their-words.ts'

describe('PKB’s own words', () => {
  test.each([
    ['Parsing or validation error: SCH-1.1 (placer ID) must be provided. You provided []', 'Parsing or validation error: SCH-1.1 (placer ID) must be provided. You provided []'],
    ['Parsing or validation error: OBR[1].OBX[2]: No observation timestamp in OBX or OBR', 'Parsing or validation error: OBR[1].OBX[2]: No observation timestamp in OBX or OBR'],
    ['Parsing or validation error: OBX-5.5 is not valid Base64', 'Parsing or validation error: OBX-5.5 is not valid Base64'],
    ['No patient was found for the identifiers in PID', 'No patient was found for the identifiers in PID'],
    ['Unexpected error while processing: null', 'Unexpected error while processing: null'],
  ])('are read where nobody is named: %s', (text, said) => expect(theirWords(text)).toBe(said))

  test.each([
    ['Patient Ada Example 9990000018 is not known', 'Patient … is not known'],
    ['No patient was found with PID-9990000018 or (Ada)', 'No patient was found with … or (…)'],
    ['Unexpected error while processing: Long Field Example', 'Unexpected error while processing: …'],
    ['The document [CLIN Letter about an assault.pdf] is not valid', '… document [… an …] is not valid'],
    ['No patient was found for Missing Patient', 'No patient was found for …'],
    ['PID-1 PID-2 PID-3 PID-4 must be provided', 'PID-1 PID-2 PID-3 … must be provided'],
    ['it must be provided\u202e: ADA', 'it must be …'],
  ])('hide every other: %s', (text, said) => expect(theirWords(text)).toBe(said))

  test('are nothing where too little is left, and where there is no text', () => {
    for (const text of ['', 'null', 'Ada Example 9990000018', undefined, 7, { text: 'must be provided' }]) expect(inTheirWords(text)).toBe('')
    expect(inTheirWords('SCH-1.1 must be provided')).toBe(' In its words: “SCH-1.1 must be provided”')
  })

  test('hold no name and no number, whatever stands around them', () => {
    const around = fc.array(fc.constantFrom('must', 'be', 'provided', 'patient', 'No', 'PID-3', '(', '[]', ':', '.', '-', 'ID', '\t', ' '), { maxLength: 12 })
    const secret = fc.constantFrom('Ada', 'EXAMPLE', 'example', '9990000018', '999 000 0018', 'Zoë', '1970-01-01', 'E1 4AA')
    fc.assert(fc.property(around, secret, around, fc.constantFrom('', ' '), (before, hidden, after, gap) => {
      const said = inTheirWords(before.join(' ') + gap + hidden + gap + after.join(' '))
      expect(said).not.toMatch(/Ada|example|Zo|4AA|E1|\d{3}/iu)
    }))
  })
})
