// What waits for a person, on a real ledger: each reason comes of a real upload, and the queue is read by reason, place and age.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ReviewReason } from '../../src/decide/review-reason.ts'
import { ADA, aContent, aReceipt, BEN, theMetadata, type Metadata } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { uploadReceipt } from '../support/receipts.ts'
import { randomUUID } from 'node:crypto'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, iso())
  await place.ledger.savePerson(BEN.nhsNumber, { registered: true, deceased: false, birthDate: '1999-09-09' }, iso())
})
afterAll(() => place?.close())

let nth = 0
const fresh = () => `RIO-R${++nth}`
const iso = () => place.clock.at.toISOString()
const reasonOf = async (id: string) => (await place.ledger.review(id))?.reason
const uploaded = async (metadata: Metadata) => (await place.upload({ documentId: fresh(), ...metadata })).id
const UNREGISTERED = { ...ADA, nhsNumber: '9990000034', clientId: 'C3' }

describe('an upload waits', () => {
  test.each<[ReviewReason, string, Metadata]>([
    ['instruction', 'without a document type', { documentType: undefined }],
    ['instruction', 'with one that is neither', { documentType: 'Share it' }],
    ['lifecycle', 'without a stage', { status: undefined }],
    ['conflict', 'with a sign against sharing', { confidentiality: 'V' }],
    ['external', 'of another organisation', { author: { name: 'Dr Else', organisation: 'XYZ' } }],
    ['external', 'of a code for letters from outside', { name: 'EXTL Report.pdf' }],
    ['producer', 'of nobody knows whom', { author: { name: 'Dr Example' } }],
    ['code', 'with a code that is not listed', { name: 'NEWX Letter.pdf' }],
    ['code', 'without a code', { name: 'A letter.pdf' }],
    ['identity', 'without an NHS number', { patient: { ...ADA, nhsNumber: undefined } }],
    ['identity', 'with one that is not traced', { patient: { ...ADA, nhsNumberStatus: '02' } }],
    ['birth-date', 'with another date of birth than PKB has', { patient: BEN }],
    ['place', 'of a team that nobody knows', { team: 'NOWHERE' }],
    ['address', 'to a place of custody', { patient: { ...ADA, address: { lines: ['Wing B'], postcode: 'N7 0TT' } } }],
    ['parent', 'as an addendum to what is not there', { event: 'addendum', parent: 'RIO-NOT-THERE' }],
  ])('for %s: %s', async (reason, _, metadata) => {
    expect(await reasonOf(await uploaded(metadata))).toBe(reason)
  })

  test('for content: a file that is no PDF', async () => {
    const metadata = { documentId: fresh() }
    const { id } = await place.upload(metadata, { receipt: aReceipt(metadata, { contents: [{ ...aContent(), head: '{\\rtf1', tail: '}' }], declaredType: 'application/rtf' }) })
    expect(await reasonOf(id)).toBe('content')
  })

  test('for address: there is no account and no address', async () => {
    await place.ledger.savePerson(UNREGISTERED.nhsNumber, { registered: false, deceased: false }, iso())
    expect(await reasonOf(await uploaded({ patient: { ...UNREGISTERED, address: undefined } }))).toBe('address')
  })

  test('for moved: it is another patient’s now', async () => {
    const documentId = fresh()
    await place.upload({ documentId })
    const { id } = await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', patient: UNREGISTERED })
    expect(await reasonOf(id)).toBe('moved')
  })

  test('for late-message: an older message was stricter', async () => {
    const documentId = fresh()
    await place.upload({ documentId })
    const { id } = await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T10:59:00Z', documentType: 'Perhaps' })
    expect(await reasonOf(id)).toBe('late-message')
  })

  test('for control-id: until a person lifts the hold, or holds it too', async () => {
    for (const act of ['hold', 'liftHold'] as const) {
      const documentId = fresh()
      const { id } = await place.upload({ documentId }, { controlKey: `A|B|${documentId}` })
      await place.ledger.accept({ ...(await arrivalOf({ documentId, name: 'CLIN Another.pdf' })), controlKey: `A|B|${documentId}` })
      expect(await reasonOf(id)).toBe('control-id')
      await place.ledger[act](id, 'jane', 'compared with RiO', iso())
      expect(await place.ledger.review(id)).toEqual({ releases: [] })
      expect((await place.ledger.story(id))?.route).toBe(act === 'hold' ? 'withhold' : 'pkb')
    }
  })

  test('for second-key, until there is a new decision', async () => {
    const id = await uploaded({})
    await place.pool.query(`update deliveries set state = 'owed' where document_id = $1`, [id])
    const lock = (await place.ledger.lock(id, 'pkb'))!
    await lock.begin(({ deliveries }) => ({ step: { do: 'block', deliveryId: deliveries[0]!.id, code: 'SECOND_KEY', detail: 'The file is not there.' } }) as never, iso())
    await lock.release()
    expect(await reasonOf(id)).toBe('second-key')
    await place.ledger.hold(id, 'jane', 'it must not go', iso())
    expect(await reasonOf(id)).toBeUndefined()
  })

  test('for unsure: PKB answered AE', async () => {
    const id = await uploaded({})
    await work(place, id, 'pkb', { kind: 'unsure', code: 'AE', person: true })
    expect((await place.ledger.story(id))?.state).toBe('failed')
    expect(await reasonOf(id)).toBe('unsure')
  })

  test.each<[string, Metadata]>([
    ['may go', {}], ['is withheld', { documentType: 'MH DO NOT share with patient' }], ['is blocked', { name: 'HMHR Report.pdf' }],
    ['is a draft', { status: 'draft' }], ['is only observed', { team: 'ADULT2', name: 'A letter.pdf' }],
  ])('for nobody when it %s', async (_, metadata) => {
    expect(await reasonOf(await uploaded(metadata))).toBeUndefined()
  })
})

test('the reasons that a migration gives to what is there already are those of the core', async () => {
  const all = 'select id, waits_for, held_for from documents order by id'
  const before = (await place.pool.query(all)).rows
  expect(new Set(before.map((row: { waits_for: string | null }) => row.waits_for)).size).toBeGreaterThan(14)
  await place.pool.query('update documents set waits_for = null, waits_since = null, held_for = null')
  const updates = readFileSync(new URL('../../src/ledger/migrations/0010-reviews.sql', import.meta.url), 'utf8')
  await place.pool.query(updates.slice(updates.indexOf('update documents')))
  expect((await place.pool.query(all)).rows).toEqual(before)
})

describe('the queue', () => {
  test('is oldest first, by reason, with how many are late and since when the oldest waits', async () => {
    const other = await aLedger()
    const at = (hours: number) => { other.clock.at = new Date(Date.parse('2026-11-16T10:00:00Z') + hours * 3_600_000) }
    const send = async (documentId: string, metadata: Metadata) => (await other.upload({ documentId, ...metadata })).id
    at(0)
    const first = await send('Q-1', { name: 'NEWX One.pdf' })
    at(24)
    const second = await send('Q-2', { documentType: undefined, team: 'CAMHS1' })
    at(96)
    const third = await send('Q-3', { name: 'A letter.pdf' })
    const now = other.clock.at.toISOString()
    const page = await other.ledger.reviews({ limit: 2 }, now, {})
    expect(page.groups).toEqual([
      { reason: 'instruction', documents: 1, late: 0, oldestSince: '2026-11-17T10:00:00.000Z' },
      { reason: 'code', documents: 2, late: 1, oldestSince: '2026-11-16T10:00:00.000Z' },
    ])
    expect(page.rows.map(({ id, reason, late }) => [id, reason, late])).toEqual([[first, 'code', true], [second, 'instruction', false]])
    const ids = async (asked: Partial<Parameters<typeof other.ledger.reviews>[0]>) => (await other.ledger.reviews({ limit: 9, ...asked }, now, {})).rows.map(({ id }) => id)
    expect(await ids({ cursor: page.cursor! })).toEqual([third])
    expect(await ids({ reason: 'code' })).toEqual([first, third])
    expect(await ids({ late: true })).toEqual([first])
    const shorter = { instruction: { owner: 'Duty analyst', within: '3 working hours' }, code: { owner: 'Duty analyst', within: '4 working days' } }
    const otherwise = await other.ledger.reviews({ limit: 9, late: true }, now, shorter)
    expect([otherwise.groups.map(({ reason, late }) => [reason, late]), otherwise.rows.map(({ id, late }) => [id, late])]).toEqual([[['instruction', 1], ['code', 0]], [[second, true]]])
    expect(await ids({ directorate: 'children' })).toEqual([second])
    expect(await ids({ team: 'camhs1' })).toEqual([second])
    expect((await other.ledger.reviews({ limit: 9, team: 'camhs1' }, now, {})).groups.map(({ reason }) => reason)).toEqual(['instruction'])
    await expect(other.ledger.reviews({ limit: 9, cursor: 'x' }, now, {})).rejects.toMatchObject({ code: 'QUERY_INVALID' })

    // Another reason is no new beginning; to be decided is.
    await other.upload({ documentId: 'Q-1', event: 'updated', name: 'CLIN One.pdf', documentType: undefined, uploadedAt: '2026-11-21T11:00:00Z' })
    expect(await other.ledger.review(first)).toMatchObject({ reason: 'instruction', since: '2026-11-16T10:00:00.000Z' })
    await other.upload({ documentId: 'Q-1', event: 'updated', name: 'CLIN One.pdf', uploadedAt: '2026-11-21T12:00:00Z' })
    expect(await ids({})).toEqual([second, third])
    await other.close()
  })

  test('is read by its index', async () => {
    const client = await place.pool.connect()
    await client.query('set enable_seqscan = off')
    const { rows } = await client.query('explain select id from documents where waits_for is not null order by waits_since, id limit 50')
    expect(JSON.stringify(rows)).toContain('documents_waits')
    client.release(true)
  })
})

describe('a release', () => {
  const seenOf = async (id: string) => { const story = (await place.ledger.story(id))!; return { revision: story.revision, sha256: story.document.contents[0]!.ref.sha256, released: 0 as 0 | 1 | 2, birthDateDiffers: false } }

  test('keeps who, as what, why and whose consent, and the same person counts once', async () => {
    const id = await uploaded({ author: { name: 'Dr Else', organisation: 'XYZ' } })
    const seen = await seenOf(id)
    const give = (actor: string, released: 0 | 1 | 2 = 0) => place.ledger.release(id, actor, 'Consultant', 'it is his report', iso(), { consent: 'Dr Else by letter', seen: { ...seen, released } })
    expect([await give('jane'), await give('jane')]).toEqual(['released', 'already'])
    // The second sees who was first: one who has not is asked to look again.
    expect(await give('tom')).toBe('changed')
    expect((await place.ledger.story(id))?.route).toBe('review')
    expect(await place.ledger.review(id)).toMatchObject({ reason: 'external', releases: [{ actor: 'jane', role: 'Consultant', reason: 'it is his report', consent: 'Dr Else by letter' }] })
    expect((await place.ledger.reviews({ limit: 99, reason: 'external' }, iso(), {})).rows.find((row) => row.id === id)?.released).toBe(1)
    expect(await give('tom', 1)).toBe('released')
    expect((await place.ledger.story(id))?.route).toBe('pkb')
    expect((await place.ledger.story(id))?.events.filter(({ kind }) => kind === 'released').map(({ actor, detail }) => [actor, detail['consent']])).toEqual([['jane', 'Dr Else by letter'], ['tom', 'Dr Else by letter']])
    expect(await reasonOf(id)).toBeUndefined()
  })

  test('of what somebody holds meanwhile is none, and the hold lifted it still waits', async () => {
    const id = await uploaded({ name: 'NEWX Letter.pdf' })
    const seen = await seenOf(id)
    await Promise.all([place.ledger.hold(id, 'tom', 'not yet', iso()), place.ledger.release(id, 'jane', 'Consultant', 'read it', iso(), { seen }).then((given) => expect(given).toBe('changed'))])
    await place.ledger.liftHold(id, 'tom', 'now', iso())
    expect([await reasonOf(id), (await place.ledger.review(id))?.releases]).toEqual(['code', []])
  })

  test('outlives it when the document is decided again, and not when it goes to another patient', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, name: 'NEWX Letter.pdf' })
    await place.ledger.release(id, 'jane', 'Consultant', 'read it', iso(), { seen: await seenOf(id) })
    await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, iso())
    const by = { actor: 'tom', reason: 'to be sure', policy: place.policy.hash, at: iso() }
    await place.ledger.redecide(id, by)
    await place.ledger.decideAgain(id, by)
    expect([(await place.ledger.story(id))?.route, (await place.ledger.known(id))?.prior.released]).toEqual(['pkb', 1])
    await place.upload({ documentId, name: 'NEWX Letter.pdf', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', patient: { ...UNREGISTERED, nhsNumber: '9990000050', clientId: 'C5' } })
    expect([(await place.ledger.story(id))?.route, (await place.ledger.known(id))?.prior.released]).toEqual(['review', 0])
  })

  test('by two at once counts one of them where one is enough', async () => {
    const id = await uploaded({ name: 'NEWX Letter.pdf' })
    const seen = await seenOf(id)
    const given = await Promise.all(['jane', 'tom'].map((actor) => place.ledger.release(id, actor, 'Consultant', 'read it', iso(), { seen })))
    expect([given.toSorted(), (await place.ledger.review(id))?.releases.length]).toEqual([['changed', 'released'], 1])
  })

  test('does not cover that PKB has since given another date of birth: it comes back, and goes to nobody’s address', async () => {
    const patient = { ...ADA, nhsNumber: '9990000042', clientId: 'C4' }
    const answer = (birthDate: string) => place.ledger.savePerson(patient.nhsNumber, { registered: true, deceased: false, birthDate }, iso())
    const release = (id: string, actor: string, birthDateDiffers: boolean) => seenOf(id).then((seen) => place.ledger.release(id, actor, 'Consultant', 'read it', iso(), { seen: { ...seen, birthDateDiffers } }))
    const id = await uploaded({ name: 'NEWX Letter.pdf', patient })
    await release(id, 'jane', false)
    expect((await place.ledger.story(id))?.route).toBe('pkb')
    const before = iso()
    place.clock.at = new Date(place.clock.at.getTime() + 60_000)
    await answer('1999-09-09')
    expect((await place.ledger.story(id))?.route).toBe('review')
    expect(await place.ledger.review(id)).toMatchObject({ reason: 'code', releases: [{ actor: 'jane', counts: false }] })
    expect((await place.ledger.reviews({ limit: 99, reason: 'code' }, iso(), {})).rows.find((row) => row.id === id)?.released).toBe(0)
    const [then, now] = [await place.ledger.knownAt(id, before, 24), await place.ledger.knownAt(id, iso(), 24)]
    expect([then?.prior.released, now?.prior.released]).toEqual([1, 0])
    // Who has not seen it yet releases nothing; the same person may, once she has.
    expect(await release(id, 'jane', false)).toBe('changed')
    expect(await release(id, 'jane', true)).toBe('released')
    expect((await place.ledger.story(id))?.route).toBe('print')
    expect((await place.ledger.review(id))?.releases.map(({ counts }) => counts)).toEqual([false, true])
    await answer(ADA.birthDate)
    expect((await place.ledger.known(id))?.prior.released).toBe(1)
  })

  test('of what has changed meanwhile is none', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, name: 'NEWX Letter.pdf' })
    const seen = await seenOf(id)
    await place.upload({ documentId, event: 'updated', name: 'NEWX Letter two.pdf', uploadedAt: '2026-11-20T12:00:00Z' })
    expect(await place.ledger.release(id, 'jane', 'Consultant', 'read it', iso(), { seen })).toBe('changed')
    expect(await place.ledger.release(id, 'jane', 'Consultant', 'read it', iso(), { seen: { ...(await seenOf(id)), sha256: 'f'.repeat(64) } })).toBe('changed')
    expect(await place.ledger.review(id)).toMatchObject({ reason: 'code', releases: [] })
    expect(await place.ledger.release(randomUUID(), 'jane', 'Consultant', 'read it', iso(), { seen })).toBe('missing')
  })
})

const arrivalOf = async (metadata: Metadata) => {
  const { anArrival } = await import('../support/documents.ts')
  return anArrival(place.policy, metadata, { receipt: uploadReceipt(theMetadata(metadata), { id: randomUUID(), contents: [aContent('another')], declaredType: 'application/pdf' }) })
}

describe('codes that are not listed', () => {
  test('are counted by team and month with examples, and nothing else of a name is told', async () => {
    const other = await aLedger()
    const send = (documentId: string, metadata: Metadata) => other.upload({ documentId, ...metadata })
    await send('C-1', { name: 'NEWX One.pdf' })
    const newest = await send('C-2', { name: 'NEWX Two.pdf', documentType: 'MH DO NOT share with patient' }, )
    await send('C-3', { name: 'NEWX Three.pdf', team: 'Ward of Ada Example' })
    await send('C-4', { name: 'Ada Example letter.pdf' })
    // Four letters that are the patient's own name are no code.
    const named = await send('C-6', { name: 'John letter.pdf', patient: { ...ADA, given: 'Mary-John' } })
    expect((await other.ledger.story(named.id))).not.toHaveProperty('code')
    await send('C-5', {})
    const { codes, services } = other.policy
    const seen = await other.ledger.codesSeen({ since: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z', listed: Object.keys(codes), teams: Object.keys(services) })
    expect(seen.map(({ code, team, month, documents, share }) => [code, team, month, documents, share])).toEqual([
      ['NEWX', 'ADULT1', '2026-11', 2, 1], ['NEWX', 'not listed', '2026-11', 1, 1], [undefined, 'ADULT1', '2026-11', 2, 2],
    ])
    expect(seen[0]!.examples.map(({ id }) => id)).toContain(newest.id)
    expect(JSON.stringify(seen)).not.toContain('Ada')
    await other.close()
  })
})
