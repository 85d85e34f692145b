// The messages to PKB, letter by letter, and what no name or title can do to them.
import { describe, expect, test } from '@jest/globals'
import { DOMParser } from '@xmldom/xmldom'
import * as fc from '../support/fast-check.ts'
import type { Shipment } from '../../src/deliver/destination.ts'
import { t02, t11 } from '../../src/deliver/pkb/hl7-message.ts'
import { daysSince, dayOrTime, londonTime } from '../../src/deliver/pkb/hl7-time.ts'
import { enveloped, envelopeOf } from '../../src/deliver/pkb/soap.ts'
import { stableIdentifier } from '../../src/fhir/identify.ts'
import type { Hl7Soap } from '../../src/policy/schema.ts'
import type { Patient, RioDocument } from '../../src/types.ts'
import { parseHl7, timeOf } from '../../src/sandbox/hl7.ts'
import { hl7Settings } from '../support/pkb.ts'
import { aPlannedResource } from '../support/shipment.ts'
import { aStory, uuid } from '../support/story.ts'

const NOW = new Date('2026-07-20T10:15:30.400Z')
const ATTEMPT = '11111111-2222-4333-8444-555555555555'
const IDENTIFIER = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
const settings = (overrides: Partial<Hl7Soap> = {}): Hl7Soap => hl7Settings('http://sandbox', { hl7_soap: overrides }).hl7_soap

const CLINIC_LETTER = { code: 'CLIN', display: 'Clinic letter' }
const shipment = ({ code = CLINIC_LETTER, title = 'Clinic letter', patient, document, ...overrides }: {
  code?: { code: string; display: string } | null; title?: string; patient?: Partial<Patient>; document?: Partial<RioDocument>
} & Partial<Omit<Shipment, 'document'>> = {}): Shipment => {
  const told = aStory().document
  const planned = aPlannedResource({ sha1: 'x', size: 10, title, ...(code ? { code } : {}) })
  return {
    attemptId: ATTEMPT, deliveryId: uuid(1), documentId: uuid(2), identifier: IDENTIFIER, revision: 1, nhsNumber: '9990000018',
    resource: { ...planned, identifier: [stableIdentifier(IDENTIFIER)] },
    document: { ...told, ...document, patient: { ...told.patient, ...patient } },
    content: { sha256: 'a'.repeat(64), size: 10, contentType: 'application/pdf' }, rule: 'to-pkb', policy: 'ab12', ...overrides,
  }
}
const whole = (sent: Shipment, using = settings(), now = NOW, base64 = 'JVBERi0x'): string => {
  const message = t02(sent, using, now)
  if ('code' in message) throw new Error(message.code)
  return message.head + base64 + message.tail
}
const fieldOf = (text: string, segment: string, field: number, component = 1): string => parseHl7(text)!.segment(segment).get(field, component)

describe('MDM^T02', () => {
  test('is this, to the letter', () => {
    expect(whole(shipment()).split('\r')).toEqual([
      `MSH|^~\\&|OPENLETTER||HL7API|PKB|20260720111530||MDM^T02|43338444555555555555|P|2.4||||||UNICODE UTF-8`,
      'PID|||9990000018^^^NHS^NH{status:01}||Example^Ada||19700101',
      'PV1||||||||||MHADULT',
      `TXA||CL||20261120||20261120||20261120||||${IDENTIFIER}||||Clinic letter.pdf|AU`,
      'OBX|1|ED|^Clinic letter||^TEXT^PDF^Base64^JVBERi0x',
      '',
    ])
  })

  test('names the facility, and puts the title where PKB reads it, as the channel says', () => {
    const text = whole(shipment(), settings({ sending_facility: 'MHTEAM', title_at: 'OBX-3.5', content_type: 'APPLICATION', content_subtype: 'pdf' }))
    expect(fieldOf(text, 'MSH', 4)).toBe('MHTEAM')
    expect(text).toContain('\rOBX|1|ED|^^^^Clinic letter||^APPLICATION^pdf^Base64^')
  })

  test.each([
    ['a code of the list', 'DISC', 'DL'], ['a code that the channel does not list', 'ZZZZ', 'CL'], ['constructor', 'constructor', 'CL'],
  ])('takes the document type of %s', (_name, code, type) => {
    expect(fieldOf(whole(shipment({ code: { code, display: 'Letter' } })), 'TXA', 2)).toBe(type)
  })

  test('a document without a code that the trust lists goes as the other type, with a file name that says nothing', () => {
    const text = whole(shipment({ code: null, title: 'Letter to Ada Example' }))
    expect([fieldOf(text, 'TXA', 2), fieldOf(text, 'TXA', 16), fieldOf(text, 'OBX', 3, 2)]).toEqual(['CL', 'Document.pdf', 'Letter to Ada Example'])
  })

  test('the file name is made of the kind of document and never of its title', () => {
    expect(fieldOf(whole(shipment({ code: { code: 'CLIN', display: '../Clinic: letter/"1"\u0000' }, title: 'Ada Example' })), 'TXA', 16)).toBe('Clinic letter 1.pdf')
  })

  test.each([
    ['the team has no service code: PKB would call it General Health', shipment({ document: { team: { text: 'ADULT9', at: 'PV1-3' } } }), settings(), 'NO_SERVICE_CODE'],
    ['no team is named', shipment({ document: { team: { text: ' ', at: 'PV1-3' } } }), settings(), 'NO_SERVICE_CODE'],
    ['a team that every object has', shipment({ document: { team: { text: 'constructor', at: 'PV1-3' } } }), settings(), 'NO_SERVICE_CODE'],
    ['it would be a care plan, which nobody can take back', shipment(), settings({ document_types: { CLIN: 'cp ' } }), 'NO_DOCUMENT_TYPE'],
    ['there is no NHS number', shipment({ nhsNumber: '' }), settings(), 'NO_NHS_NUMBER'],
    ['name and date of birth are somebody else’s', shipment({ nhsNumber: '9990000026' }), settings(), 'ANOTHER_PATIENT'],
    ['it is no PDF', shipment({ content: { sha256: 'a', size: 1, contentType: 'text/html' } }), settings(), 'NOT_A_PDF'],
  ])('is not made where %s', (_why, sent, using, code) => {
    expect(t02(sent, using, NOW)).toMatchObject({ code })
  })

  test('the team is found with spaces around it, as everywhere else', () => {
    expect(fieldOf(whole(shipment({ document: { team: { text: ' ADULT1 ', at: 'PV1-3' } } })), 'PV1', 10)).toBe('MHADULT')
  })

  test('an instant keeps its offset by the clock of London, and only whole values are sent', () => {
    expect(fieldOf(whole(shipment({ document: { documentDate: '2026-07-19T23:30:00.000Z' } })), 'TXA', 8)).toBe('20260720003000+0100')
    expect(fieldOf(whole(shipment({ document: { documentDate: '2026-01-05T10:30:00.000Z' } })), 'TXA', 8)).toBe('20260105103000+0000')
    const { documentDate: _, ...undated } = aStory().document
    expect(fieldOf(whole({ ...shipment(), document: undated }), 'TXA', 8)).toBe('')
  })
})

describe('a display delay', () => {
  const delayed = (counts_from: 'document-date' | 'sending'): Hl7Soap => settings({ display_delay: { counts_from, days: { CLIN: 3 } } })
  const obx13 = (text: string): string => fieldOf(text, 'OBX', 13)

  test('is that of the code, in OBX-13, and of no other', () => {
    const text = whole(shipment(), delayed('document-date'))
    expect(text.endsWith('^TEXT^PDF^Base64^JVBERi0x||||||||3\r')).toBe(true)
    expect(obx13(whole(shipment({ code: { code: 'DISC', display: 'Discharge letter' } }), delayed('document-date')))).toBe('')
  })

  test.each([
    ['2026-07-20', '4'], ['2026-07-17', '7'], ['2026-07-20T10:00:00.000Z', '4'], ['2026-07-19T10:15:30.400Z', '4'], ['2026-07-19T10:15:00.000Z', '5'], ['2026-07-25', '3'],
  ])('counted from sending, of a document of %s: %s days', (documentDate, days) => {
    expect(obx13(whole(shipment({ document: { documentDate } }), delayed('sending')))).toBe(days)
  })

  test('counted from sending never ends before its days are over, whatever the date of the document', () => {
    fc.assert(fc.property(fc.date({ min: new Date('2016-01-01'), max: new Date('2027-01-01'), noInvalidDate: true }), fc.boolean(), (at, dateOnly) => {
      const documentDate = dateOnly ? at.toISOString().slice(0, 10) : at.toISOString()
      const text = whole(shipment({ document: { documentDate } }), delayed('sending'))
      const opens = timeOf(fieldOf(text, 'TXA', 8))!.getTime() + Number(obx13(text)) * 86_400_000
      // Half a second is lost where times are told in whole seconds.
      expect(opens).toBeGreaterThanOrEqual(NOW.getTime() + 3 * 86_400_000 - 1000)
    }))
  })

  test('of a document without a date is counted from now, and PKB is told so', () => {
    const { documentDate: _, ...undated } = aStory().document
    const text = whole({ ...shipment(), document: undated }, delayed('sending'))
    expect([obx13(text), fieldOf(text, 'TXA', 8)]).toEqual(['3', '20260720111530+0100'])
  })
})

describe('MDM^T11', () => {
  test('says who the patient was said to be when it was sent, for PKB may compare that', () => {
    const recall = { attemptId: ATTEMPT, deliveryId: uuid(1), documentId: uuid(2), identifier: IDENTIFIER, revision: 3, nhsNumber: '9990000026', sentAs: { family: 'Sample', given: 'Ben', birthDate: '1985-05-05' } }
    expect(t11(recall, settings(), NOW).split('\r')[1]).toBe('PID|||9990000026^^^NHS^NH{status:01}||Sample^Ben||19850505')
  })

  test('is this, to the letter, where nothing else is known: the number of the patient it was sent to and nothing of anybody else', () => {
    expect(t11({ attemptId: ATTEMPT, deliveryId: uuid(1), documentId: uuid(2), identifier: IDENTIFIER, revision: 3, nhsNumber: '9990000026' }, settings(), NOW).split('\r')).toEqual([
      `MSH|^~\\&|OPENLETTER||HL7API|PKB|20260720111530||MDM^T11|43338444555555555555|P|2.4||||||UNICODE UTF-8`,
      'PID|||9990000026^^^NHS^NH{status:01}',
      `TXA||||||||||||${IDENTIFIER}|`,
      '',
    ])
  })

  test('of a shipment says nothing of the patient it is for now', () => {
    expect(t11(shipment(), settings(), NOW)).not.toMatch(/Ada|Example|1970|Clinic/u)
  })
})

describe('no text ends what it stands in', () => {
  const nasty = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('|', '^', '~', '&', '\\', '\r', '\n', '\u2028', ']]>', ']]', '>', '<', '\u0000', '\u000b', '\u001c', '\ud800', '\uffff', '\\F\\', '{content:0}', 'OBX|2|ED|', 'é', '日本', '😀')), { maxLength: 12 }).map((parts) => parts.join(''))
  /** What may be lost: what no line and no XML can hold becomes a space. */
  const plain = (text: string): string => text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\uFFFE\uFFFF]+/gu, ' ').trim()
  const textIn = (xml: string): string => new DOMParser({ onError: (level, message) => { if (level !== 'warning') throw new Error(message) } }).parseFromString(xml, 'text/xml').getElementsByTagName('arg0')[0]!.textContent!

  test('every name, title and setting comes out of envelope and message as it went in', () => {
    fc.assert(fc.property(nasty, nasty, nasty, nasty, (title, family, given, facility) => {
      const using = settings({ sending_facility: facility, hospital_services: { ADULT1: `MH${facility}` } })
      const message = textIn(enveloped(whole(shipment({ title, patient: { family, given } }), using)))
      const parsed = parseHl7(message)!
      expect(['MSH', 'PID', 'PV1', 'TXA', 'OBX'].map((name) => parsed.segments(name).length)).toEqual([1, 1, 1, 1, 1])
      expect(message.trim().split('\n')).toHaveLength(5)
      expect([
        fieldOf(message, 'OBX', 3, 2), fieldOf(message, 'PID', 5, 1), fieldOf(message, 'PID', 5, 2), fieldOf(message, 'MSH', 4), fieldOf(message, 'PV1', 10),
        fieldOf(message, 'OBX', 5, 5), fieldOf(message, 'TXA', 12), fieldOf(message, 'PID', 3), fieldOf(message, 'TXA', 17),
      ]).toEqual([plain(title) || 'Clinic letter', plain(family), plain(given), plain(facility), plain(`MH${facility}`), 'JVBERi0x', IDENTIFIER, '9990000018', 'AU'])
    }), { numRuns: 300 })
  })

  test('an envelope is as long as it says, wherever the chunks of the file end', async () => {
    await fc.assert(fc.asyncProperty(nasty, fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), async (title, bytes, size) => {
      const file = Buffer.from(bytes)
      const message = t02(shipment({ title }), settings(), NOW)
      if ('code' in message) throw new Error(message.code)
      const envelope = envelopeOf(message, file.length)
      const chunks: Buffer[] = []
      const pieces = async function* (): AsyncGenerator<Buffer> { for (let from = 0; from < file.length; from += size) yield file.subarray(from, from + size) }
      for await (const chunk of envelope.stream(pieces())) chunks.push(chunk)
      const sent = Buffer.concat(chunks)
      expect(sent.length).toBe(envelope.bytes)
      expect(Buffer.from(fieldOf(textIn(sent.toString()), 'OBX', 5, 5), 'base64').equals(file)).toBe(true)
    }))
  })
})

test('times are told by the clock of London, through both changes of it', () => {
  expect(['2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((at) => londonTime(new Date(at)))).toEqual(['20260329005959', '20260329020000', '20261025013000', '20261025013000'])
  expect(['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-02-30', 'soon', undefined].map(dayOrTime)).toEqual(['20261025013000+0100', '20261025013000+0000', '20260230', undefined, undefined])
  expect(daysSince('2026-07-21', NOW)).toBe(0)
})
