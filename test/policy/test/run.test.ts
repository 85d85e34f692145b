// What a test in a channel file is given: the message, what PKB says of the patient, what was known of the document.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { channelTests } from '../../../src/engine/channel-tests.ts'
import { loadPolicy } from '../../../src/policy/load.ts'
import { printProblem } from '../../../src/policy/problem.ts'
import { tryTests, type Tried } from '../../support/channel-tests.ts'
import { testEnvironment } from '../../support/policy.ts'

const asTest = (body: string): string => `  - name: the trial\n${body.replace(/^/gmu, '    ')}\n`

const message = (lines: readonly string[]): string => `message: |\n${lines.map((line) => `  ${line}`).join('\n')}\n`
const MDM = [
  'MSH|^~\\&|RIO|RWK|OPENLETTER|RWK|20261120090000||MDM^T02^MDM_T02|TRIAL|P|2.4',
  'PID|1||9990000018^^^NHS^NH||Example^Ada||19700101|F|||1 High Street^^London^^E1 4AA|||||||||||||||||||||01',
  'PV1|1|O|ADULT1',
  'TXA|1|^MH share with patient|AP|20261120090000|||||^Example^Dora^^^Dr^^^^^^^^RWK|||RIO-TRIAL||||CLIN Clinic letter.pdf|AU||AV',
  'OBX|1|ED|PDF^Document^L||^AP^PDF^Base64^{file}||||||F',
]

const UPLOAD = `upload:
  metadata:
    documentId: RIO-TRIAL
    event: created
    documentType: MH share with patient
    name: CLIN Clinic letter.pdf
    status: final
    team: ADULT1
    author: { organisation: RWK }
    patient: { nhsNumber: "9990000018", nhsNumberStatus: "01", birthDate: "1970-01-01" }
`

describe('a message may be written out', () => {
  test('its lines are segments, and the file is put in its place', async () => {
    const { lines } = await tryTests({ tests: asTest(`${message(MDM)}file: samples/letter.pdf\nexpect: { route: pkb, facts: { content: readable }, resource: { content.attachment.size: 835, content.attachment.contentType: application/pdf } }`) })
    expect(lines).toEqual([])
  })
  test('without a file there is none', async () => {
    const { lines } = await tryTests({ tests: asTest(`${message(MDM.slice(0, -1))}expect: { route: review, facts: { content: missing } }`) })
    expect(lines).toEqual([])
  })
  test('one that the feed would refuse is refused', async () => {
    const { lines } = await tryTests({ tests: asTest(`${message(['MSH|^~\\&|RIO|RWK|OPENLETTER|RWK|20261120090000||MDM^T02^MDM_T02|TRIAL|T|2.4', ...MDM.slice(1)])}file: samples/letter.pdf\nexpect: { refused: HL7_PROCESSING_ID }`) })
    expect(lines).toEqual([])
  })
})

describe('an upload may be written out', () => {
  test('with its file', async () => {
    const { lines } = await tryTests({ feed: 'rio-http', tests: asTest(`${UPLOAD}file: samples/letter.pdf\nexpect: { route: pkb, facts: { content: readable } }`) })
    expect(lines).toEqual([])
  })
  test('with what the sender calls and declares the file', async () => {
    const { lines } = await tryTests({ feed: 'rio-http', tests: asTest(`${UPLOAD}  file_name: TRIB report.pdf\n  declared_type: image/png\nfile: samples/letter.pdf\nexpect: { facts: { code: blocked, content: mislabelled } }`) })
    expect(lines).toEqual([])
  })
  test('with a file that is larger than the feed takes', async () => {
    const change = (file: string, text: string) => (file === 'channels/rio-http.yaml' ? text.replace('max_document_mb: 100', 'max_document_mb: 0.0001') : text)
    const { lines } = await tryTests({ feed: 'rio-http', change, tests: asTest(`${UPLOAD}file: samples/letter.pdf\nexpect: { refused: TOO_LARGE }`) })
    expect(lines.filter((line) => line.includes('the trial'))).toEqual([])
    expect(lines.some((line) => line.includes('TOO_LARGE'))).toBe(true)
  })
})

describe('what is not to be had is told at its place', () => {
  const rows: readonly (readonly [what: string, feed: 'rio-mllp' | 'rio-http', tests: string, message: string])[] = [
    ['a sample', 'rio-mllp', asTest('▸sample: samples/99-not-there.hl7\nexpect: { route: pkb }'), 'sample: samples/99-not-there.hl7 cannot be read (there is no such file): write the path of a file from the root of the project'],
    ['the file of an upload', 'rio-http', asTest(`${UPLOAD}▸file: samples/not-there.pdf\nexpect: { route: pkb }`), 'file: samples/not-there.pdf cannot be read (there is no such file): write the path'],
    ['a file that is a folder', 'rio-http', asTest(`${UPLOAD}▸file: samples\nexpect: { route: pkb }`), 'file: samples cannot be read (this is a folder): write the path'],
    ['a device that never ends', 'rio-http', asTest(`${UPLOAD}▸file: /dev/zero\nexpect: { route: pkb }`), 'file: /dev/zero cannot be read (this is a pipe, a socket or a device): write the path'],
  ]
  test.each(rows)('%s', async (_what, feed, tests, text) => {
    const { lines, marks } = await tryTests({ feed, tests })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`${marks[0]} ${feed} › the trial: ${text}`)
  })
  test('a pipe that nobody writes into, as a sample and as the file beside one, and a file without end: no engine waits for them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'openletter-samples-'))
    try {
      for (const name of ['pipe.hl7', 'pipe.pdf']) execFileSync('mkfifo', [join(folder, name)])
      writeFileSync(join(folder, 'beside.json'), JSON.stringify({ metadata: {}, file: 'pipe.pdf' }))
      writeFileSync(join(folder, 'huge.hl7'), '')
      truncateSync(join(folder, 'huge.hl7'), 200 * 1024 * 1024)
      const said = async (feed: 'rio-mllp' | 'rio-http', name: string): Promise<string> => (await tryTests({ feed, tests: asTest(`sample: ${join(folder, name)}\nexpect: { route: withhold }`) })).lines.filter((line) => line.includes('the trial')).join('\n')
      for (const [feed, name, why] of [['rio-mllp', 'pipe.hl7', 'this is a pipe, a socket or a device'], ['rio-http', 'beside.json', 'this is a pipe, a socket or a device'], ['rio-mllp', 'huge.hl7', 'it is too large for a test']] as const)
        expect([name, await said(feed, name)]).toEqual([name, expect.stringContaining(`${join(folder, name)} cannot be read (${why}): write the path`)])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a test that could not mean anything is not loaded', () => {
  const rows: readonly (readonly [what: string, feed: 'rio-mllp' | 'rio-http', tests: string, message: string])[] = [
    ['nothing to test', 'rio-mllp', '  - ▸name: the trial\n    expect: { route: pkb }\n', 'tests.0: there is nothing to test: write sample: '],
    ['two inputs', 'rio-mllp', asTest(`sample: samples/01-share-registered.hl7\n▸${message(MDM)}file: samples/letter.pdf\nexpect: { route: pkb }`), 'tests.0.message: a test is about one upload, and sample is here already'],
    ['an upload where messages come in', 'rio-mllp', asTest(`▸${UPLOAD}expect: { route: pkb }`), 'tests.0.upload: a feed of type mllp takes no upload: write sample: '],
    ['a sample of the other kind', 'rio-http', asTest('▸sample: samples/01-share-registered.hl7\nexpect: { route: pkb }'), 'tests.0.sample: a feed of type http takes .json files'],
    ['a file beside a sample', 'rio-mllp', asTest('sample: samples/01-share-registered.hl7\n▸file: samples/letter.pdf\nexpect: { route: pkb }'), 'tests.0.file: a sample has its file in it'],
    ['a place without a file', 'rio-mllp', asTest(`▸${message(MDM)}expect: { route: pkb }`), 'tests.0.message: {file} stands for a file, and none is named: add file: samples/letter.pdf'],
    ['a file without a place', 'rio-mllp', asTest(`${message(MDM.slice(0, -1))}▸file: samples/letter.pdf\nexpect: { route: pkb }`), 'tests.0.file: the message has no place for the file: write {file}'],
    ['the name of no file', 'rio-http', asTest(`▸${UPLOAD}  file_name: HMHR.pdf\nexpect: { route: pkb }`), 'tests.0.upload: it says what the file is called or declared as, and there is none'],
    ['a number where text was meant', 'rio-http', asTest(`${UPLOAD.replace('nhsNumberStatus: "01"', '▸nhsNumberStatus: 01')}expect: { route: pkb }`), 'tests.0.upload.metadata.patient.nhsNumberStatus: a number may lose its zeros: put it in quotes'],
    ['nothing expected', 'rio-mllp', asTest('sample: samples/01-share-registered.hl7\n▸expect: { facts: {} }'), 'tests.0.expect: nothing is expected, so the test could not fail'],
    ['a refusal and a decision', 'rio-mllp', asTest('sample: samples/01-share-registered.hl7\nexpect: { route: pkb, ▸refused: PATIENT_MISSING }'), 'tests.0.expect.refused: a message that is refused is not decided'],
    ['an expectation that there is not', 'rio-mllp', asTest('sample: samples/01-share-registered.hl7\nexpect: { ▸rout: pkb }'), 'tests.0.expect.rout: there is no such key here'],
    ['a day that there is not', 'rio-mllp', asTest('sample: samples/01-share-registered.hl7\nprior: { ▸first_received_on: "2026-13-01" }\nexpect: { route: pkb }'), 'tests.0.prior.first_received_on: '],
  ]
  test.each(rows)('%s', async (_what, feed, tests, text) => {
    const { lines, marks, tested } = await tryTests({ feed, tests })
    expect(tested.results).toEqual([])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`${marks[0]} ${text}`)
  })
})

describe('what was known before is believed', () => {
  const rows: readonly (readonly [what: string, tests: string])[] = [
    ['a hold', 'prior: { held: true }\nexpect: { route: withhold, rule: held, facts: { hold: held } }'],
    ['one release', 'prior: { released_by: 1 }\nexpect: { facts: { release: one }, labels: [released] }'],
    ['two releases', 'prior: { released_by: 2 }\nexpect: { facts: { release: two } }'],
    ['a cancel that came first', 'prior: { cancelled: true }\nexpect: { route: withhold, rule: cancelled }'],
    ['a replacement that came first', 'prior: { superseded: true }\nexpect: { route: withhold, rule: superseded }'],
    ['a move', 'prior: { moved: true }\nexpect: { route: review, rule: moved-to-another-patient }'],
    ['a move that a person has released', 'prior: { moved: true, released_by: 1 }\nexpect: { route: pkb }'],
    ['a day before the directorate went live', 'prior: { first_received_on: "2025-01-05" }\nexpect: { route: observe, facts: { directorate: not-live } }'],
    ['the day on which the directorate went live', 'prior: { first_received_on: "2025-01-06" }\nexpect: { route: pkb, facts: { directorate: live } }'],
    ['a death at PKB', 'person: { account: registered, deceased: true }\nexpect: { route: withhold, rule: deceased }'],
    ['another date of birth at PKB', 'person: { account: registered, birth_date: "1971-01-01" }\nexpect: { facts: { identity: mismatch } }'],
    ['no account', 'person: { account: unregistered }\nexpect: { route: print }'],
  ]
  let tried: Tried
  beforeAll(async () => { tried = await tryTests({ tests: rows.map(([what, body]) => asTest(`sample: samples/01-share-registered.hl7\n${body}`).replace('the trial', `"${what}"`)).join('') }) })
  test.each(rows)('%s', (what) => {
    expect(tried.tested.results.find(({ name }) => name === what)).toMatchObject({ problems: [] })
  })
  test('the parent of an addendum', async () => {
    const addendum = (body: string): string => asTest(`sample: samples/25-addendum-2-addendum.hl7\n${body}`)
    expect((await tryTests({ tests: addendum('prior: { parent_standing: true }\nexpect: { route: pkb }') })).lines).toEqual([])
    expect((await tryTests({ tests: addendum('expect: { route: review, rule: parent-not-standing }') })).lines).toEqual([])
  })
})

test('the example channels pass, every feed of them', async () => {
  const loaded = await loadPolicy(testEnvironment)
  const { problems, results, unreachedBy } = await channelTests(loaded, testEnvironment)
  expect(problems.map(printProblem)).toEqual([])
  expect([...new Set(results.map(({ feed }) => feed))].sort()).toEqual(Object.keys(loaded.policy!.feeds).sort())
  expect(Object.keys(unreachedBy).sort()).toEqual(Object.keys(loaded.policy!.feeds).sort())
})
