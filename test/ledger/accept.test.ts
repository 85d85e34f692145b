import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Story } from '../../src/ledger/ledger.ts'
import { ADA, anArrival, aReceipt, BEN, aContent } from '../support/documents.ts'
import { aPdf } from '../support/pdf.ts'
import { contentRef } from '../support/receipts.ts'
import { aLedger, thinking, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  // Registered: so that shared letters go to the record.
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
})
afterAll(() => place.close())

let nth = 0
const fresh = () => `RIO-A${++nth}`
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const kinds = ({ events }: Story) => events.map(({ kind }) => kind)
const sent = async (id: string) => {
  await work(place, id, 'pkb')
  return story(id)
}

describe('a first upload', () => {
  test('is stored, decided, and owed to where it goes', async () => {
    const documentId = fresh()
    const receipt = aReceipt({ documentId })
    const { id, ...accepted } = await place.upload({}, { receipt })
    expect(accepted).toEqual({ kind: 'stored', revision: 1, state: 'waiting', bearing: 'in-order', route: 'pkb', rule: 'to-pkb' })
    const { deliveries, facts, code, team, directorate, events } = await story(id)
    expect({ code, team, directorate }).toEqual({ code: 'CLIN', team: 'ADULT1', directorate: 'newham' })
    expect(facts).toMatchObject({ instruction: 'share', account: 'registered' })
    expect(deliveries).toMatchObject([{ destination: 'pkb', state: 'owed', standing: 'nothing', nhsNumber: ADA.nhsNumber, dueAt: place.clock.at.toISOString() }])
    expect(events.map(({ kind, actor }) => [kind, actor])).toEqual([['received', 'rio-http'], ['decided', 'engine'], ['delivery-owed', 'engine']])
    expect(await place.ledger.receipt(receipt.id)).toEqual(receipt)
  })

  test('that is not to be shared is owed to nobody', async () => {
    const accepted = await place.upload({ documentId: fresh(), documentType: 'MH DO NOT share with patient' })
    expect(accepted).toMatchObject({ route: 'withhold', state: 'withheld' })
    expect((await story(accepted.id)).deliveries).toEqual([])
  })

  test('of a patient of whom PKB has not been asked lately waits for the answer', async () => {
    const { id } = await place.upload({ documentId: fresh(), patient: { ...BEN } })
    expect(await story(id)).toMatchObject({ facts: { account: 'unknown' }, route: 'pkb', state: 'waiting' })
  })

  test('tells the listeners after the commit what is owed', async () => {
    const told: string[] = []
    place.ledger.onOwed((owed) => { told.push(...owed.map(({ documentId, destination, dueAt }) => `${documentId} ${destination} ${dueAt}`)) })
    const { id } = await place.upload({ documentId: fresh() })
    expect(told).toContain(`${id} pkb ${place.clock.at.toISOString()}`)
  })

  test('keeps a file whose beginning holds any bytes', async () => {
    const content = contentRef(Buffer.concat([aPdf({ mark: 'bytes' }).subarray(0, 20), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), aPdf({ mark: 'bytes' })]))
    const { id } = await place.upload({}, { receipt: aReceipt({ documentId: fresh() }, { contents: [content] }) })
    expect((await story(id)).document.contents[0]!.ref).toEqual(content)
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const begun = await lock.begin(() => ({ step: { do: 'nothing' } }), place.clock.at.toISOString())
    await lock.release()
    expect(begun!.work.receipt.contents).toEqual([content])
    expect(begun!.work.prior.current!.document.contents[0]!.ref).toEqual(content)
  })

  test('keeps text that is half a character', async () => {
    const { id } = await place.upload({ documentId: fresh(), name: 'CLIN \ud83d letter \\ud83d.pdf' })
    expect((await story(id)).document.title).toBe('CLIN \ufffd letter \\ud83d.pdf')
  })
})

describe('the same message again', () => {
  test('changes nothing and is answered with what there is', async () => {
    const metadata = { documentId: fresh() }
    const first = await place.upload(metadata)
    const before = await story(first.id)
    expect(await place.upload(metadata)).toEqual({ ...first, kind: 'repeat' })
    expect(await story(first.id)).toEqual(before)
  })

  test('that stops sharing once more is believed, where nobody says times', async () => {
    const documentId = fresh()
    const [stop, share] = [{ documentId, event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: undefined }, { documentId, event: 'updated', uploadedAt: undefined }]
    await place.upload(stop)
    expect(await place.upload(share)).toMatchObject({ route: 'pkb', revision: 2 })
    expect(await place.upload(stop)).toMatchObject({ kind: 'stored', bearing: 'tightens', rule: 'do-not-share', revision: 3 })
    expect(await place.upload(stop)).toMatchObject({ kind: 'repeat', rule: 'do-not-share', revision: 3 })
    expect(await place.upload(share)).toMatchObject({ kind: 'repeat', rule: 'do-not-share' })
  })

  test('in one group is stored once', async () => {
    const metadata = { documentId: fresh() }
    const all = await Promise.all(Array.from({ length: 8 }, () => place.upload(metadata)))
    expect(all.map(({ kind }) => kind).sort()).toEqual([...Array.from({ length: 7 }, () => 'repeat'), 'stored'])
    expect((await story(all[0]!.id)).receipts).toHaveLength(1)
  })
})

describe('a later message', () => {
  test('about the same document is its next revision', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    const second = await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', documentType: 'MH DO NOT share with patient' })
    expect(second).toMatchObject({ id, revision: 2, route: 'withhold', state: 'withheld', bearing: 'in-order' })
    expect((await story(id)).deliveries).toMatchObject([{ state: 'closed' }])
  })

  test('keeps the file that is there, where it has none', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await place.upload({}, { receipt: aReceipt({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' }, { contents: [] }) })
    const { document, facts, revision } = await story(id)
    expect({ revision, content: facts.content, sha256: document.contents[0]?.ref.sha256 }).toEqual({ revision: 2, content: 'readable', sha256: aContent().sha256 })
    // And again, from the revision that has it only by keeping.
    await place.upload({}, { receipt: aReceipt({ documentId, event: 'updated', uploadedAt: '2026-11-20T13:00:00Z' }, { contents: [] }) })
    expect((await story(id)).facts.content).toBe('readable')
  })

  test('several of one document in one group each see the one before', async () => {
    const documentId = fresh()
    const all = await Promise.all([1, 2, 3, 4, 5].map((hour) => place.upload({ documentId, uploadedAt: `2026-11-20T1${hour}:00:00Z` })))
    expect(all.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5])
    const { deliveries } = await story(all[0]!.id)
    expect(deliveries).toHaveLength(1)
  })

  test('takes back what stands when it is no longer to be shared', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    expect(await sent(id)).toMatchObject({ state: 'acknowledged', deliveries: [{ standing: 'present', standingRevision: 1 }] })
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z', documentType: 'MH DO NOT share with patient' })
    const { state, deliveries, events } = await story(id)
    expect(state).toBe('recalling')
    expect(deliveries).toMatchObject([{ state: 'recalling', standing: 'present', dueAt: place.clock.at.toISOString() }])
    expect(events.at(-1)).toMatchObject({ kind: 'recall-owed' })
    await work(place, id, 'pkb')
    expect(await story(id)).toMatchObject({ state: 'recalled', deliveries: [{ state: 'recalled', standing: 'recalled' }] })
  })
})

describe('a late message', () => {
  test('that is stricter makes a revision of the document in force, and its receipt stays', async () => {
    const documentId = fresh()
    const receipt = aReceipt({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    const { id } = await place.upload({}, { receipt })
    const late = await place.upload({ documentId, uploadedAt: '2026-11-20T10:00:00Z', documentType: 'MH DO NOT share with patient', name: 'CLIN Older name.pdf' })
    expect(late).toMatchObject({ bearing: 'tightens', revision: 2, route: 'withhold' })
    const { document, receipts } = await story(id)
    expect(document.title).toBe('CLIN Clinic letter.pdf')
    expect(receipts.map(({ revision, bearing }) => [revision, bearing])).toEqual(expect.arrayContaining([[1, 'in-order'], [2, 'tightens']]))
    const { rows } = await place.pool.query('select receipt_id from revisions where document_id = $1 and revision = 2', [id])
    expect(rows).toEqual([{ receipt_id: receipt.id }])
  })

  test('that is looser is recorded and changes nothing', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z', documentType: 'MH DO NOT share with patient' })
    const before = await story(id)
    expect(await place.upload({ documentId, uploadedAt: '2026-11-20T10:00:00Z' })).toMatchObject({ bearing: 'late', revision: 1, route: 'withhold' })
    const after = await story(id)
    expect(after).toEqual({ ...before, receipts: expect.anything(), events: expect.anything() })
    expect(kinds(after)).toEqual([...kinds(before), 'late'])
  })

  test('of another patient is not judged by that patient’s account', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    await place.upload({ documentId, uploadedAt: '2026-11-20T10:00:00Z', patient: BEN, documentType: 'MH DO NOT share with patient' })
    expect(await story(id)).toMatchObject({ revision: 2, facts: { account: 'registered', instruction: 'withhold' } })
  })
})

describe('a document that moves to another patient', () => {
  test('goes back from the first under its old identifier and starts afresh in review', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    const { deliveries: [before] } = await sent(id)
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z', patient: BEN })
    const after = await story(id)
    expect(after).toMatchObject({ route: 'review', rule: 'moved-to-another-patient', state: 'recalling' })
    expect(after.deliveries).toMatchObject([{ id: before!.id, identifier: before!.identifier, state: 'recalling', nhsNumber: ADA.nhsNumber }])
    expect(kinds(after)).toContain('moved')
    const { rows } = await place.pool.query('select identifier from documents where id = $1', [id])
    expect(rows[0].identifier).not.toBe(before!.identifier)
    await work(place, id, 'pkb')
    expect((await story(id)).state).toBe('review')
    // Released by a person, it goes to the other patient under the new identifier.
    await place.ledger.savePerson(BEN.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
    await place.ledger.release(id, 'clerk', 'records', 'checked with the ward', place.clock.at.toISOString())
    const released = await story(id)
    expect(released.deliveries).toHaveLength(2)
    expect(released.deliveries.find(({ state }) => state === 'owed')).toMatchObject({ nhsNumber: BEN.nhsNumber, identifier: rows[0].identifier })
  })
})

describe('a document that moves by way of nobody', () => {
  // The number alone tells the patients apart.
  test('goes back from the first patient, even before the recall was made', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, patient: { ...ADA, clientId: undefined } })
    await sent(id)
    expect(await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', patient: { ...ADA, clientId: undefined, nhsNumber: undefined } })).toMatchObject({ state: 'recalling' })
    expect(await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T13:00:00Z', patient: { ...BEN, clientId: undefined } })).toMatchObject({ rule: 'moved-to-another-patient', state: 'recalling' })
    expect((await sent(id)).deliveries).toMatchObject([{ nhsNumber: ADA.nhsNumber, standing: 'recalled' }])
  })
})

describe('a cancel', () => {
  test('takes back what stands, for good', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await sent(id)
    expect(await place.upload({ documentId, event: 'cancelled', uploadedAt: '2026-11-20T12:00:00Z' })).toMatchObject({ rule: 'cancelled', state: 'recalling' })
    expect(await place.upload({ documentId, uploadedAt: '2026-11-20T13:00:00Z' })).toMatchObject({ rule: 'cancelled', state: 'recalling' })
  })

  test('of a document not yet seen leaves a tombstone', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, event: 'cancelled', uploadedAt: '2026-11-20T12:00:00Z' })
    expect(kinds(await story(id))).toContain('tombstone')
    expect(await place.upload({ documentId, uploadedAt: '2026-11-20T11:00:00Z' })).toMatchObject({ id, route: 'withhold' })
    expect(await place.upload({ documentId, uploadedAt: '2026-11-20T14:00:00Z' })).toMatchObject({ id, route: 'withhold', rule: 'cancelled' })
  })

  test('that comes late counts', async () => {
    const documentId = fresh()
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    expect(await place.upload({ documentId, event: 'cancelled', uploadedAt: '2026-11-20T10:00:00Z' })).toMatchObject({ bearing: 'tightens', rule: 'cancelled' })
  })
})

describe('a replacement', () => {
  test('takes its parent back at once, even if it is not shared itself', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    const parent = await place.upload({ documentId: parentId })
    await sent(parent.id)
    const child = await place.upload({ documentId, event: 'replaced', replaces: parentId, documentType: 'MH DO NOT share with patient' })
    expect(child.route).toBe('withhold')
    expect(await story(parent.id)).toMatchObject({ state: 'recalling', rule: 'superseded', facts: { lifecycle: 'superseded' } })
    expect(kinds(await story(parent.id))).toContain('superseded')
    // The parent stays superseded whatever is said of it later.
    expect(await place.upload({ documentId: parentId, uploadedAt: '2026-11-21T12:00:00Z' })).toMatchObject({ rule: 'superseded' })
  })

  test('of a document not yet seen leaves a tombstone that no list shows', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    await place.upload({ documentId, event: 'replaced', replaces: parentId })
    expect((await place.ledger.list({ limit: 10, sourceId: parentId })).documents).toEqual([])
    expect(await place.upload({ documentId: parentId, uploadedAt: '2026-11-20T10:00:00Z' })).toMatchObject({ revision: 1, rule: 'superseded' })
  })

  test('of another patient’s document is refused and kept', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    const parent = await place.upload({ documentId: parentId })
    const before = await story(parent.id)
    const arrival = anArrival(place.policy, { documentId, event: 'replaced', replaces: parentId, patient: BEN })
    expect(await place.ledger.accept(arrival)).toMatchObject({ kind: 'refused', code: 'PARENT_OF_ANOTHER_PATIENT' })
    expect(await place.ledger.accept(arrival)).toMatchObject({ kind: 'refused' })
    expect(await story(parent.id)).toEqual(before)
    expect((await place.pool.query('select 1 from documents where source_id = $1', [documentId])).rows).toEqual([])
    const kept = (await place.ledger.rejections(100)).filter(({ skeleton }) => skeleton === arrival.receipt.skeleton)
    expect(kept).toMatchObject([{ code: 'PARENT_OF_ANOTHER_PATIENT', feed: 'rio-http' }])
  })

  test('of each other, or of itself, comes to an end', async () => {
    const [a, b] = [fresh(), fresh()]
    await place.upload({ documentId: a })
    await place.upload({ documentId: b, event: 'replaced', replaces: a })
    expect(await place.upload({ documentId: a, event: 'replaced', replaces: b, uploadedAt: '2026-11-20T12:00:00Z' })).toMatchObject({ rule: 'superseded' })
    expect(await place.upload({ documentId: fresh(), event: 'replaced', replaces: `RIO-A${nth}` })).toMatchObject({ route: 'pkb' })
  })
})

const addendum = (documentId: string, parent: string) => ({ documentId, event: 'addendum', parent, uploadedAt: '2026-11-20T11:30:00Z' })

describe('an addendum', () => {
  test('goes with a parent that stands, and is taken along when that is taken back', async () => {
    const [parentId, documentId, third] = [fresh(), fresh(), fresh()]
    const parent = await place.upload({ documentId: parentId })
    const child = await place.upload(addendum(documentId, parentId))
    const grandchild = await place.upload(addendum(third, documentId))
    expect([child.route, grandchild.route]).toEqual(['pkb', 'pkb'])
    await sent(child.id)
    await place.upload({ documentId: parentId, uploadedAt: '2026-11-20T12:00:00Z', documentType: 'MH DO NOT share with patient' })
    expect(await story(child.id)).toMatchObject({ rule: 'parent-not-standing', state: 'recalling' })
    expect(await story(grandchild.id)).toMatchObject({ rule: 'parent-not-standing', state: 'review' })
    expect((await story(parent.id)).route).toBe('withhold')
  })

  test('that comes before its parent waits in review, and follows it', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    const child = await place.upload(addendum(documentId, parentId))
    expect(child).toMatchObject({ route: 'review', rule: 'parent-not-standing' })
    await place.upload({ documentId: parentId })
    expect(await story(child.id)).toMatchObject({ route: 'pkb', state: 'waiting' })
  })

  test('stays one when it is edited: it does not come back without its parent', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    await sent((await place.upload({ documentId: parentId })).id)
    const { id } = await place.upload({ documentId, event: 'addendum', parent: parentId })
    await sent(id)
    await place.upload({ documentId: parentId, event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' })
    await sent(id)
    expect(await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T13:00:00Z' })).toMatchObject({ route: 'review', rule: 'parent-not-standing' })
    expect((await place.ledger.story(id))!.deliveries).toMatchObject([{ standing: 'recalled' }])
    await place.upload({ documentId: parentId, event: 'updated', uploadedAt: '2026-11-20T14:00:00Z' })
    expect(await story(id)).toMatchObject({ route: 'pkb', state: 'waiting' })
  })

  test('is one even where an edit of it came first', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    await place.upload({ documentId: parentId, documentType: 'MH DO NOT share with patient' })
    const { id } = await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' })
    await sent(id)
    expect(await place.upload({ documentId, event: 'addendum', parent: parentId, uploadedAt: '2026-11-20T11:30:00Z' })).toMatchObject({ bearing: 'late', route: 'review', state: 'recalling' })
  })

  test('of another patient’s document, or of itself, waits in review', async () => {
    const [parentId, self] = [fresh(), fresh()]
    await place.upload({ documentId: parentId })
    expect(await place.upload({ ...addendum(fresh(), parentId), patient: BEN })).toMatchObject({ rule: 'parent-not-standing' })
    expect(await place.upload(addendum(self, self))).toMatchObject({ rule: 'parent-not-standing' })
  })

  test('follows when a person holds its parent', async () => {
    const [parentId, documentId] = [fresh(), fresh()]
    const parent = await place.upload({ documentId: parentId })
    const child = await place.upload(addendum(documentId, parentId))
    await place.ledger.hold(parent.id, 'clerk', 'wrong letter', place.clock.at.toISOString())
    expect(await story(child.id)).toMatchObject({ rule: 'parent-not-standing' })
    await place.ledger.liftHold(parent.id, 'clerk', 'it was right', place.clock.at.toISOString())
    expect(await story(child.id)).toMatchObject({ route: 'pkb' })
  })
})

describe('a control id that came before', () => {
  test('with another document is taken, and said', async () => {
    const controlKey = `key-${fresh()}`
    await place.ledger.accept(anArrival(place.policy, { documentId: fresh() }, { controlKey }))
    const second = await place.ledger.accept(anArrival(place.policy, { documentId: fresh() }, { controlKey }))
    expect(second).toMatchObject({ kind: 'stored', controlIdShared: true })
    expect(kinds(await story((second as { id: string }).id))).toContain('control-id-shared')
  })

  test('with other content of the same document is refused, and what stands goes back', async () => {
    const [documentId, controlKey] = [fresh(), `key-${fresh()}`]
    const { id } = await place.upload({ documentId }, { controlKey })
    await sent(id)
    const other = anArrival(place.policy, { documentId, uploadedAt: '2026-11-20T12:00:00Z', name: 'CLIN Other letter.pdf' }, { controlKey })
    expect(await place.ledger.accept(other)).toMatchObject({ kind: 'refused', code: 'CONTROL_ID_REUSED' })
    expect(await story(id)).toMatchObject({ revision: 1, rule: 'held', state: 'recalling', facts: { hold: 'held' } })
    const events = kinds(await story(id))
    expect(events).toContain('control-id-reused')
    // The sender tries again and again: nothing grows.
    expect(await place.ledger.accept(other)).toMatchObject({ kind: 'refused' })
    expect(kinds(await story(id))).toEqual(events)
    expect((await place.ledger.rejections(100)).filter(({ skeleton }) => skeleton === other.receipt.skeleton)).toHaveLength(1)
  })

  test('in one group is seen too', async () => {
    const [documentId, controlKey] = [fresh(), `key-${fresh()}`]
    const both = await Promise.all([11, 12].map((hour) => place.ledger.accept(anArrival(place.policy, { documentId, uploadedAt: `2026-11-20T${hour}:00:00Z` }, { controlKey }))))
    expect(both.map(({ kind }) => kind)).toEqual(['stored', 'refused'])
  })
})

describe('a group', () => {
  test('loses only the member that cannot be planned', async () => {
    const broken = anArrival(place.policy, { documentId: fresh() }, { plan: () => { throw new Error('no plan') } })
    const results = await Promise.allSettled([place.upload({ documentId: fresh() }), place.ledger.accept(broken), place.upload({ documentId: fresh() })])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'INTERNAL' })
  })

  test('loses only the member that PostgreSQL refuses', async () => {
    const broken = anArrival(place.policy, { documentId: fresh() }, { fingerprint: 'nul \0 nul' })
    const results = await Promise.allSettled([place.upload({ documentId: fresh() }), place.ledger.accept(broken), place.upload({ documentId: fresh() })])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

test('what a document was sent under is planned again by a worker as the ledger planned it', async () => {
  const { id } = await place.upload({ documentId: fresh() })
  const lock = (await place.ledger.lock(id, 'pkb'))!
  const before = await story(id)
  const begun = await lock.begin(thinking(place.policy, place.clock.at), place.clock.at.toISOString())
  await lock.release()
  expect(begun?.thought.plan?.decision).toEqual(before.decision)
  expect(kinds(await story(id))).toEqual([...kinds(before), 'attempt-started'])
})

test('a file is the same when its document is planned again, whatever bytes it begins with', async () => {
  const metadata = { documentId: fresh(), name: 'CLIN Scan.tif' }
  const { id } = await place.upload(metadata, { receipt: aReceipt(metadata, { declaredType: 'image/tiff', contents: [contentRef(Buffer.from('II*\0\b\0'))] }) })
  expect((await story(id)).facts.content).toBe('other-format')
  await place.ledger.hold(id, 'duty', 'look', place.clock.at.toISOString())
  expect((await story(id)).facts).toMatchObject({ hold: 'held', content: 'other-format' })
})
