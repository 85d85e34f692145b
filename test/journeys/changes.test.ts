// RiO changes its mind: what was delivered is taken back from the record it was sent to, and an older message arriving
// late brings nothing back.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anEngine, sha256, type DocumentAnswer, type TestEngine } from '../support/engine.ts'
import { mdm } from '../support/hl7-messages.ts'
import { aPdf } from '../support/pdf.ts'

const DO_NOT = 'MH DO NOT share with patient'
const ADA = '9990000018'
const HAL = '9990000085'
let engine: TestEngine
beforeAll(async () => { engine = await anEngine() })
afterAll(() => engine.stop())

const hashesIn = async (nhsNumber: string) => (await engine.record(nhsNumber)).map((entry) => entry.sha256)
const at = (hour: number) => `2026-11-20T${hour}:00:00Z`
const kinds = (story: DocumentAnswer) => story.events.map(({ kind }) => kind)

const delivered = async (documentId: string, letter: Buffer) => {
  await engine.upload({ documentId, uploadedAt: at(10) }, letter)
  await engine.state(documentId, 'acknowledged')
  expect(await hashesIn(ADA)).toContain(sha256(letter))
}

describe('a delivered letter is recalled', () => {
  test('when RiO says do-not-share by JSON, without the file', async () => {
    const letter = aPdf({ mark: 'flip' })
    await delivered('F-1', letter)
    const { status, body } = await engine.upload({ documentId: 'F-1', event: 'updated', documentType: DO_NOT, uploadedAt: at(11) }, null)
    expect([status, body.revision, body.decision.rule]).toEqual([201, 2, 'do-not-share'])
    const story = await engine.state('F-1', 'recalled')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
    expect(kinds(story)).toEqual(expect.arrayContaining(['received', 'decided', 'delivery-owed', 'recall-owed', 'attempt-ended']))
    expect(story.deliveries[0]!.attempts.map(({ action, outcome }) => [action, outcome])).toContainEqual(['recall', 'accepted'])

    const late = await engine.upload({ documentId: 'F-1', event: 'updated', uploadedAt: '2026-11-20T10:30:00Z', name: 'CLIN Late.pdf' }, letter)
    expect([late.status, late.body.decision.rule, late.body.state]).toEqual([201, 'do-not-share', 'recalled'])
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))

    await engine.upload({ documentId: 'F-1', event: 'updated', uploadedAt: at(12) }, null)
    await engine.state('F-1', 'acknowledged')
    expect((await hashesIn(ADA)).filter((hash) => hash === sha256(letter))).toHaveLength(1)
  })

  test('when RiO says do-not-share by HL7 T04', async () => {
    const letter = aPdf({ mark: 'T04' })
    const message = (fields: Record<string, string | undefined>) => engine.hl7(mdm({ 'TXA-12': 'F-2', 'OBX-5': `^AP^PDF^Base64^${letter.toString('base64')}`, ...fields }))
    expect((await message({ 'MSH-10': 'F2-1' })).code).toBe('AA')
    await engine.state('F-2', 'acknowledged')
    expect((await message({ 'MSH-10': 'F2-2', 'MSH-9': 'MDM^T04', 'EVN-1': 'T04', 'EVN-2': '20261120120000', 'TXA-2': `^${DO_NOT}` })).code).toBe('AA')
    await engine.state('F-2', 'recalled')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
  })

  test('when RiO cancels it', async () => {
    const letter = aPdf({ mark: 'cancel' })
    await delivered('F-3', letter)
    await engine.upload({ documentId: 'F-3', event: 'cancelled', uploadedAt: at(11) }, null)
    expect((await engine.state('F-3', 'recalled')).decision.rule).toBe('cancelled')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
    await engine.upload({ documentId: 'F-3', event: 'updated', uploadedAt: at(12) }, letter)
    expect((await engine.state('F-3', 'recalled')).decision.rule).toBe('cancelled')
  })

  test('when another document replaces it, even one that is not shared itself', async () => {
    const [first, second] = [aPdf({ mark: 'original' }), aPdf({ mark: 'replacement' })]
    await delivered('F-4', first)
    await engine.upload({ documentId: 'F-5', event: 'replaced', replaces: 'F-4', documentType: DO_NOT, uploadedAt: at(11) }, second)
    expect((await engine.state('F-4', 'recalled')).decision.rule).toBe('superseded')
    expect((await engine.state('F-5', 'withheld')).decision.rule).toBe('do-not-share')
    expect(await hashesIn(ADA)).not.toEqual(expect.arrayContaining([sha256(first)]))
    expect(await hashesIn(ADA)).not.toContain(sha256(second))
  })

  test('when it moves to another patient: from the first record, and the second waits for a person', async () => {
    const letter = aPdf({ mark: 'moved' })
    await delivered('F-6', letter)
    await engine.upload({ documentId: 'F-6', event: 'updated', uploadedAt: at(11), patient: { nhsNumber: HAL, clientId: 'C85', family: 'Template', given: 'Hal', birthDate: '1966-08-08' } }, letter)
    const story = await engine.state('F-6', 'review')
    expect(story.decision.rule).toBe('moved-to-another-patient')
    expect(kinds(story)).toContain('moved')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
    expect(await hashesIn(HAL)).toEqual([])
  })

  test('when its parent is recalled: an addendum goes with it', async () => {
    const [letter, addendum] = [aPdf({ mark: 'parent' }), aPdf({ mark: 'addendum' })]
    await delivered('F-7', letter)
    await engine.upload({ documentId: 'F-8', event: 'addendum', parent: 'F-7', uploadedAt: at(11) }, addendum)
    await engine.state('F-8', 'acknowledged')
    await engine.upload({ documentId: 'F-7', event: 'updated', documentType: DO_NOT, uploadedAt: at(12) }, null)
    await engine.state('F-7', 'recalled')
    expect((await engine.state('F-8', 'review')).decision.rule).toBe('parent-not-standing')
    const left = await hashesIn(ADA)
    expect([left.includes(sha256(letter)), left.includes(sha256(addendum))]).toEqual([false, false])
  })

  test('where PKB refuses to delete: by an entry without its text', async () => {
    const letter = aPdf({ mark: 'undeletable' })
    await delivered('F-9', letter)
    await engine.control({ deleteRefused: true })
    await engine.upload({ documentId: 'F-9', event: 'updated', documentType: DO_NOT, uploadedAt: at(11) }, null)
    await engine.state('F-9', 'recalled')
    await engine.control({ deleteRefused: false })
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
  })
})

describe('a letter in the print folder', () => {
  test('is pulled back while it lies there', async () => {
    const letter = aPdf({ mark: 'pulled back' })
    await engine.upload({ documentId: 'P-1', uploadedAt: at(10), team: 'CAMHS1' }, letter)
    await engine.state('P-1', 'printing')
    expect(engine.printed().map((batch) => batch.sourceHash)).toContain(sha256(letter))
    await engine.upload({ documentId: 'P-1', event: 'updated', documentType: DO_NOT, team: 'CAMHS1', uploadedAt: at(11) }, null)
    await engine.state('P-1', 'recalled')
    expect(engine.printed().map((batch) => batch.sourceHash)).not.toContain(sha256(letter))
  })
})

describe('messages that came before their document', () => {
  test('a cancel leaves a tombstone: the letter that comes later stays in', async () => {
    const letter = aPdf({ mark: 'tombstone' })
    expect((await engine.upload({ documentId: 'T-1', event: 'cancelled', uploadedAt: at(11) }, null)).status).toBe(201)
    await engine.upload({ documentId: 'T-1', uploadedAt: at(10) }, letter)
    expect((await engine.state('T-1', 'withheld')).decision.rule).toBe('cancelled')
    await engine.upload({ documentId: 'T-1', event: 'updated', uploadedAt: at(12) }, letter)
    expect((await engine.state('T-1', 'withheld')).decision.rule).toBe('cancelled')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
  })
  test('a replacement of a letter that was never seen keeps it in when it comes', async () => {
    const letter = aPdf({ mark: 'replaced before seen' })
    await engine.upload({ documentId: 'T-3', event: 'replaced', replaces: 'T-2', uploadedAt: at(11) }, aPdf({ mark: 'newer' }))
    await engine.state('T-3', 'acknowledged')
    await engine.upload({ documentId: 'T-2', uploadedAt: at(10) }, letter)
    expect((await engine.state('T-2', 'withheld')).decision.rule).toBe('superseded')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
  })
})

describe('repeats and new versions', () => {
  test('an exact repeat is acknowledged and changes nothing', async () => {
    const letter = aPdf({ mark: 'repeat' })
    const first = await engine.upload({ documentId: 'V-1', uploadedAt: at(10) }, letter)
    await engine.state('V-1', 'acknowledged')
    const again = await engine.upload({ documentId: 'V-1', uploadedAt: at(10) }, letter)
    expect([again.status, again.body.id, again.body.revision, again.body.state]).toEqual([200, first.body.id, 1, 'acknowledged'])
    expect((await hashesIn(ADA)).filter((hash) => hash === sha256(letter))).toHaveLength(1)
  })
  test('a new version replaces the old one in the record', async () => {
    const [old, corrected] = [aPdf({ mark: 'old' }), aPdf({ mark: 'corrected' })]
    await delivered('V-2', old)
    await engine.upload({ documentId: 'V-2', event: 'updated', uploadedAt: at(11) }, corrected)
    const story = await engine.state('V-2', 'acknowledged')
    expect(story.revision).toBe(2)
    const hashes = await hashesIn(ADA)
    expect([hashes.includes(sha256(old)), hashes.filter((hash) => hash === sha256(corrected)).length]).toEqual([false, 1])
  })
  test('a control id used again for other content of the same document is refused, and what stands is recalled', async () => {
    const letter = aPdf({ mark: 'reused' })
    const message = (file: Buffer) => engine.hl7(mdm({ 'TXA-12': 'V-3', 'MSH-10': 'REUSED', 'OBX-5': `^AP^PDF^Base64^${file.toString('base64')}` }))
    await message(letter)
    await engine.state('V-3', 'acknowledged')
    const answer = await message(aPdf({ mark: 'something else' }))
    expect(answer.code).toBe('AE')
    expect((await engine.state('V-3', 'recalled')).decision.rule).toBe('held')
    expect(await hashesIn(ADA)).not.toContain(sha256(letter))
  })
  test("a replacement of another patient's document is refused", async () => {
    const letter = aPdf({ mark: 'not mine' })
    await delivered('V-4', letter)
    const { status, body } = await engine.upload({ documentId: 'V-5', event: 'replaced', replaces: 'V-4', uploadedAt: at(11), patient: { nhsNumber: HAL, clientId: 'C85' } })
    expect([status, body.code]).toEqual([409, 'PARENT_OF_ANOTHER_PATIENT'])
    expect(await hashesIn(ADA)).toContain(sha256(letter))
    expect(await engine.bySourceId('V-5')).toBeUndefined()
  })
})
