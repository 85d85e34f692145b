// MDM messages as senders really write them, through the real feed: each is either read right, to the last byte of its
// file, or refused or kept in with a reason that says why. The messages are in test/fixtures/mdm/.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { plan } from '../../../src/plan.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { firstPrior } from '../../../src/policy/test/run.ts'
import { UNKNOWN_PERSON, type Plan } from '../../../src/types.ts'
import { mllpStand, removeMllpStore, verdictOf, wireTo, type MllpStand } from '../../support/mllp-feed.ts'
import { examplePolicy } from '../../support/policy.ts'

const folder = new URL('../../fixtures/mdm/', import.meta.url)
/** Of the one PDF that every message carries which carries a PDF. */
const THE_PDF = createHash('sha256').update(Buffer.from(/\^AP\^PDF\^Base64\^([^|]+)/u.exec(readFileSync(new URL('ed-ap-pdf.hl7', folder), 'latin1'))![1]!, 'base64')).digest('hex')

let policy: Policy
let stand: MllpStand
beforeAll(async () => { policy = await examplePolicy() })
beforeEach(async () => { stand = await mllpStand() })
afterEach(async () => { await stand.close() })
afterAll(removeMllpStore)

const tested = new Set<string>()
const send = async (name: string): Promise<string> => {
  tested.add(`${name}.hl7`)
  const wire = await wireTo(stand.port)
  await wire.message(readFileSync(new URL(`${name}.hl7`, folder)))
  const answer = await wire.answer()
  wire.socket.destroy()
  return answer
}
const read = async (name: string): Promise<Plan> => {
  expect(verdictOf(await send(name))).toMatch(/^AA F\d+$/u)
  const [receipt] = stand.taken
  const planned = plan(receipt!, policy, UNKNOWN_PERSON, firstPrior(receipt!))
  if (!planned.ok) throw new Error(`${planned.refusal.code} ${planned.refusal.at}`)
  return planned.plan
}

describe('read right, file and all', () => {
  test.each([
    ['ed-ap-pdf'], ['ed-application-pdf'], ['ed-source-as-hd'], ['ed-mime-type'], ['ed-hex'], ['event-without-structure'], ['event-as-structure'], ['evn-missing'],
    ['base64-with-br'], ['base64-with-hex-escapes'], ['base64-with-one-hex-escape'], ['base64-with-shared-escapes'], ['base64-with-line-breaks'], ['base64-with-lf-in-lf-segments'],
    ['segments-end-in-lf'], ['segments-end-in-crlf'], ['segments-end-in-lfcr'], ['event-in-lower-case'], ['birth-date-with-hyphens'],
    ['evn-disagrees', ['EVN-1 (differs from MSH-9.2)']],
    ['address-with-lf', []],
  ])('%s', async (name, unread: readonly string[] = []) => {
    const { document, decision } = await read(name)
    expect(document.contents.map(({ ref, declaredType }) => [ref.sha256, declaredType])).toEqual([[THE_PDF, 'application/pdf']])
    expect([decision.route, decision.rule]).toEqual(['pkb', 'to-pkb'])
    expect(document.unread).toEqual(unread)
  })

  test.each([
    ['names-iso-8859-1', 'Müller', 'Zoë', 'Dr Åse Ørsted', 'CLIN Café group'],
    ['names-windows-1252', 'O’Brien', 'Zoë', 'Dr Dora Example', 'CLIN Café group – invitation'],
    ['names-without-charset', 'Müller', 'Zoë', 'Dr Dora Example', 'CLIN Café group – invitation'],
    ['names-utf-8', 'Müller', 'Zoë', 'Dr Dora Example', 'CLIN Café group – invitation'],
    ['names-utf-8-called-iso-8859-1', 'Müller', 'Zoë', 'Dr Dora Example', 'CLIN Café group – invitation'],
    ['names-utf-8-with-bom', 'Müller', 'Zoë', 'Dr Dora Example', 'CLIN Clinic letter'],
  ])('%s', async (name, family, given, author, title) => {
    const { document, decision } = await read(name)
    expect(document.patient.birthDate).toBe('1970-01-01')
    expect([document.patient.family, document.patient.given, document.author, document.title]).toEqual([family, given, author, title])
    expect(decision.route).toBe('pkb')
  })
})

describe('taken, and kept in for a reason', () => {
  test.each<[name: string, rule: string, facts: Partial<Plan['facts']>, unread: readonly string[]]>([
    ['completion-missing', 'lifecycle-unknown', { lifecycle: 'unknown', content: 'readable' }, []],
    ['completion-unknown', 'lifecycle-unknown', { lifecycle: 'unknown', content: 'readable' }, []],
    ['acknowledgement-by-msh-16-only', 'unrecognised-instruction', { instruction: 'unrecognised', lifecycle: 'unknown', content: 'readable' }, []],
    ['picklist-text-and-code-disagree', 'unrecognised-instruction', { instruction: 'unrecognised', signals: 'restrictive' }, []],
    ['do-not-share-at-another-place', 'unrecognised-instruction', { instruction: 'unrecognised' }, ['NTE-1', 'NTE-3']],
    ['file-with-text-beside', 'restrictive-signal', { signals: 'restrictive', content: 'readable' }, ['OBX-5 (not a file)']],
    ['file-with-pointer-beside', 'restrictive-signal', { signals: 'restrictive', content: 'readable' }, ['OBX[2]-5 (not a file)']],
    ['address-with-cr', 'restrictive-signal', { signals: 'restrictive' }, ['a line that is no segment']],
    ['second-patient-in-lower-case', 'restrictive-signal', { signals: 'restrictive' }, ['a line that is no segment']],
    ['evn-cancels', 'restrictive-signal', { signals: 'restrictive' }, ['EVN-1 (differs from MSH-9.2)']],
    ['availability-twice', 'lifecycle-unknown', { lifecycle: 'unknown' }, []],
    ['completion-twice', 'lifecycle-unknown', { lifecycle: 'unknown' }, []],
    ['do-not-share-in-other-dress', 'unrecognised-instruction', { instruction: 'unrecognised' }, ['NTE-1', 'NTE-3']],
    ['file-cut-short', 'content-not-readable', { content: 'unsupported' }, []],
    ['team-missing', 'service-unknown', { service: 'unknown', directorate: 'unknown' }, []],
    ['file-docx', 'content-not-readable', { content: 'other-format' }, []],
    ['file-rtf', 'content-not-readable', { content: 'other-format' }, []],
    ['file-tiff', 'content-not-readable', { content: 'other-format' }, []],
    ['file-jpeg', 'content-not-readable', { content: 'other-format' }, []],
    ['file-docx-called-pdf', 'content-not-readable', { content: 'mislabelled' }, []],
    ['file-two', 'content-not-readable', { content: 'unsupported' }, ['OBX[2]-5 (a further file: which one is the letter is for a person to say)']],
    ['file-as-pointer', 'content-not-readable', { content: 'missing' }, ['OBX-5 (not a file)']],
    ['file-as-text', 'content-not-readable', { content: 'missing' }, ['OBX-5 (not a file)', 'OBX-5[2] (not a file)']],
    ['ed-empty', 'content-not-readable', { content: 'missing' }, ['OBX-5 (not a file)']],
    ['ed-no-encoding', 'content-not-readable', { content: 'unsupported' }, ['OBX-5 (OBX-5.4 does not say how the file is encoded)']],
    ['ed-not-base64', 'content-not-readable', { content: 'unsupported' }, ['OBX-5 (a character that is not base64 at character 9 of the base64 text)']],
    ['ed-data-uri', 'content-not-readable', { content: 'unsupported' }, ['OBX-5 (a character that is not base64 at character 5 of the base64 text)']],
  ])('%s', async (name, rule, facts, unread) => {
    const { document, facts: found, decision } = await read(name)
    expect([decision.route, decision.rule]).toEqual(['review', rule])
    expect(found).toMatchObject(facts)
    expect(document.unread).toEqual(unread)
  })
})

describe('refused, with the place and the reason', () => {
  test.each([
    ['another-message-type', 'AR', 'HL7_TYPE_UNSUPPORTED', 'MSH-9.1 is not MDM.'],
    ['event-missing', 'AR', 'EVENT_UNKNOWN', 'MSH-9.2 is not T01 to T11.'],
    ['names-not-what-msh-18-says', 'AE', 'HL7_CHARSET', 'The message is not valid UTF-8, which MSH-18 says it is.'],
    ['names-utf-16', 'AE', 'HL7_CHARSET', 'The message is in UTF-16 or UTF-32, which MLLP cannot carry.'],
  ])('%s', async (name, verdict, code, detail) => {
    const answer = await send(name)
    expect(answer).toContain(`MSA|${verdict}|`)
    expect(answer).toContain(detail)
    expect(stand.rejected.map((kept) => [kept.code, kept.detail])).toEqual([[code, detail]])
    expect(stand.taken).toEqual([])
  })
  test('txa-missing', async () => {
    await send('txa-missing')
    expect(plan(stand.taken[0]!, policy, UNKNOWN_PERSON, firstPrior(stand.taken[0]!))).toMatchObject({ ok: false, refusal: { code: 'DOCUMENT_ID_MISSING', at: 'TXA-12.1' } })
  })
})

describe('refused by the mapping, with the place and the reason', () => {
  test.each([
    ['segments-indented', 'DOCUMENT_ID_MISSING', 'TXA-12.1', /^The place of the document id has no value\. 5 lines are no segments: a segment begins its line/u],
  ])('%s', async (name, code, at, detail) => {
    await send(name)
    const [receipt] = stand.taken
    expect(plan(receipt!, policy, UNKNOWN_PERSON, firstPrior(receipt!))).toMatchObject({ ok: false, refusal: { code, at, detail: expect.stringMatching(detail) } })
  })
})

// Last in the file: it looks at what the others did.
test('every message in the folder is looked at', () => expect([...tested].sort()).toEqual(readdirSync(folder).filter((name) => name.endsWith('.hl7')).sort()))
