// Where each kind of upload ends, from the door to the record, the print folder, or nobody; by both doors.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anEngine, sha256, type TestEngine } from '../support/engine.ts'
import { mdm } from '../support/hl7-messages.ts'
import { aPdf } from '../support/pdf.ts'

const DO_NOT = 'MH DO NOT share with patient'
let engine: TestEngine
beforeAll(async () => { engine = await anEngine() })
afterAll(() => engine.stop())

const hashesIn = async (nhsNumber: string) => (await engine.record(nhsNumber)).map((entry) => entry.sha256)
const printedHashes = () => engine.printed().map((batch) => batch.sourceHash)

describe('a letter marked share', () => {
  test('for a registered patient stands in the record, unaltered, under the mental-health label', async () => {
    const letter = aPdf({ mark: 'registered' })
    const { status, body } = await engine.upload({ documentId: 'R-1' }, letter)
    expect([status, body.revision, body.decision.route, body.decision.rule]).toEqual([201, 1, 'pkb', 'to-pkb'])
    expect(body.decision.labels).toEqual(['R', 'MH', 'MENTAL_HEALTH', 'share'])
    await engine.state('R-1', 'acknowledged')
    expect((await engine.record('9990000018')).filter((entry) => entry.sha256 === sha256(letter))).toMatchObject([{ title: 'letter.pdf', size: letter.length, privacyLabel: 'MENTAL_HEALTH' }])
    expect(printedHashes()).not.toContain(sha256(letter))
  })
  test('by HL7 arrives the same way', async () => {
    const letter = aPdf({ mark: 'hl7' })
    expect((await engine.hl7(mdm({ 'TXA-12': 'R-2', 'MSH-10': 'C-R2', 'OBX-5': `^AP^PDF^Base64^${letter.toString('base64')}` }))).code).toBe('AA')
    await engine.state('R-2', 'acknowledged')
    expect(await hashesIn('9990000018')).toContain(sha256(letter))
  })
  test('without a PKB account lies in the print folder, and is printed when the print house says so', async () => {
    const letter = aPdf({ mark: 'unregistered' })
    await engine.upload({ documentId: 'R-3', patient: { nhsNumber: '9990000026', clientId: 'C26', birthDate: '1985-05-05' } }, letter)
    const story = await engine.state('R-3', 'printing')
    expect([story.decision.route, story.decision.rule, story.facts['account']]).toEqual(['print', 'unregistered', 'unregistered'])
    expect(printedHashes().filter((hash) => hash === sha256(letter))).toHaveLength(1)
    expect(await hashesIn('9990000026')).toEqual([])
  })
  test('for somebody whom PKB does not know is posted as well', async () => {
    const letter = aPdf({ mark: 'unknown' })
    await engine.upload({ documentId: 'R-4', patient: { nhsNumber: '9990000034', clientId: 'C34' } }, letter)
    await engine.state('R-4', 'printing')
    expect(printedHashes()).toContain(sha256(letter))
  })
  test.each([['CAMHS1', '9990000069'], ['LD1', '9990000077']])('from %s is posted, and never stands in the record', async (team, nhsNumber) => {
    const letter = aPdf({ mark: team })
    await engine.upload({ documentId: `R-${team}`, team, patient: { nhsNumber, clientId: team, birthDate: undefined } }, letter)
    const story = await engine.state(`R-${team}`, 'printing')
    expect(story.decision.rule).toBe('out-of-scope')
    expect(printedHashes()).toContain(sha256(letter))
    expect(await hashesIn(nhsNumber)).toEqual([])
  })
  test('for a patient who died according to PKB goes nowhere', async () => {
    const letter = aPdf({ mark: 'deceased' })
    await engine.upload({ documentId: 'R-5', patient: { nhsNumber: '9990000050', clientId: 'C50', birthDate: '1940-04-04' } }, letter)
    expect((await engine.state('R-5', 'withheld')).decision.rule).toBe('deceased')
    expect([await hashesIn('9990000050'), printedHashes().includes(sha256(letter))]).toEqual([[], false])
  })
  test("whose date of birth differs from PKB's waits for a person", async () => {
    await engine.upload({ documentId: 'R-6', patient: { nhsNumber: '9990000042', clientId: 'C42', birthDate: '1960-02-03' } })
    expect((await engine.state('R-6', 'review')).facts['identity']).toBe('mismatch')
    expect(await hashesIn('9990000042')).toEqual([])
  })
})

describe('what is not for the patient', () => {
  const rows = [
    ['do-not-share', { documentType: DO_NOT }, 'withheld', 'do-not-share'],
    ['a hospital managers hearing report', { name: 'HMHR Report.pdf' }, 'withheld', 'blocked-code-marked-share'],
    ['a letter not produced at the trust, by its kind', { name: 'EXTL Letter.pdf' }, 'review', 'external'],
    ['a letter not produced at the trust, by its organisation', { author: { name: 'Dr Other', organisation: 'R0A' } }, 'review', 'external'],
    ['an unknown picklist text', { documentType: 'Correspondence' }, 'review', 'unrecognised-instruction'],
    ['no NHS number', { patient: { nhsNumber: undefined } }, 'review', 'identity-not-verified'],
    ['a draft', { status: 'draft' }, 'withheld', 'draft'],
    ['an observing directorate', { team: 'ADULT2' }, 'observed', 'to-pkb'],
    ['a directorate that is not live', { team: 'ADULT3' }, 'observed', 'to-pkb'],
    ['an unlisted code', { name: 'ZZZZ Letter.pdf' }, 'review', 'code-unlisted'],
  ] as const

  test.each(rows)('%s by HTTP: in neither place, and the story says why', async (what, overrides, state, rule) => {
    const letter = aPdf({ mark: what })
    const id = `W-${rows.findIndex(([name]) => name === what)}`
    const { status } = await engine.upload({ documentId: id, ...overrides }, letter)
    expect(status).toBe(201)
    const story = await engine.state(id, state)
    expect([story.decision.rule, story.decision.labels.includes('NOPAT'), story.deliveries]).toEqual([rule, true, []])
    expect(story.decision.because.length).toBeGreaterThan(20)
    expect(await hashesIn('9990000018')).not.toContain(sha256(letter))
    expect(printedHashes()).not.toContain(sha256(letter))
  })

  test.each([['do-not-share', `^${DO_NOT}`, 'do-not-share'], ['an unknown picklist text', '^Letters', 'unrecognised-instruction']] as const)('%s by HL7: in neither place', async (what, picklist, rule) => {
    const letter = aPdf({ mark: `hl7 ${what}` })
    const answer = await engine.hl7(mdm({ 'TXA-12': `H-${rule}`, 'MSH-10': `C-${rule}`, 'TXA-2': picklist, 'OBX-5': `^AP^PDF^Base64^${letter.toString('base64')}` }))
    expect(answer.code).toBe('AA')
    expect((await engine.state(`H-${rule}`, 'withheld', 'review')).decision.rule).toBe(rule)
    expect(await hashesIn('9990000018')).not.toContain(sha256(letter))
  })

  test('PKB is told nothing of them: it was never asked to store one', async () => {
    const { byPath } = await engine.requests()
    expect(byPath['POST /fhir/DocumentReference']).toBe(2)
  })
})
