// What the ledger knew of a document at an earlier moment, and what it says that it no longer knows.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { KnownThen } from '../../src/ledger/ledger.ts'
import { ADA, aContent, aReceipt, BEN } from '../support/documents.ts'
import { aLedger, thinking, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

/** A minute later; the moment before it. */
const later = (minutes = 1): string => {
  const before = place.clock.at.toISOString()
  place.clock.at = new Date(place.clock.at.getTime() + minutes * 60_000)
  return before
}
const then = async (id: string, at: string): Promise<KnownThen> => (await place.ledger.knownAt(id, at, 24))!

describe('policies', () => {
  test('the one in force is the last that was loaded by then, also where an earlier one came back', async () => {
    const before = later()
    for (const hash of ['a', 'b', 'a']) { await place.ledger.savePolicy({ hash, files: { 'channels/x.yaml': hash } }, place.clock.at.toISOString()); later() }
    const [first, second, third] = [1, 2, 3].map((minutes) => new Date(Date.parse(before) + minutes * 60_000).toISOString())
    expect(await place.ledger.policyAt(before)).toBeUndefined()
    expect(await place.ledger.policyAt(first!)).toEqual({ hash: 'a', since: first, files: { 'channels/x.yaml': 'a' } })
    expect(await place.ledger.policyAt(second!)).toEqual({ hash: 'b', since: second, files: { 'channels/x.yaml': 'b' } })
    expect(await place.ledger.policyAt(third!)).toEqual({ hash: 'a', since: third, files: { 'channels/x.yaml': 'a' } })
    expect(await place.ledger.policyOf('b')).toMatchObject({ hash: 'b' })
    expect(await place.ledger.policyOf('c')).toBeUndefined()
  })
})

describe('a document now', () => {
  test('is known as a worker knows it', async () => {
    const { id } = await place.upload({ documentId: 'N-1' })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const begun = (await lock.begin((seen) => ({ ...thinking(place.policy, place.clock.at)(seen), step: { do: 'nothing' } }), place.clock.at.toISOString()))!
    await lock.release()
    const { receipt, person, prior, decision, deliveries, identifier } = begun.work
    expect(await place.ledger.known(id)).toMatchObject({ source: 'rio', sourceId: 'N-1', identifier, revision: 1, receipt, person, prior, decision, deliveries: deliveries.map(({ id: delivery }) => ({ id: delivery })) })
  })
  test('is not known under an id that nobody gave', async () => {
    expect(await place.ledger.known('00000000-0000-4000-8000-000000000000')).toBeUndefined()
    expect(await place.ledger.known('RIO-1')).toBeUndefined()
  })
})

describe('a document then', () => {
  test('had not come before it came', async () => {
    const { id } = await place.upload({ documentId: 'T-0' })
    expect(await place.ledger.knownAt(id, new Date(place.clock.at.getTime() - 1).toISOString(), 24)).toBeUndefined()
    expect(await then(id, place.clock.at.toISOString())).toMatchObject({ revision: 1 })
  })

  test('was shared before it was not, by the receipts and the log of each time', async () => {
    const share = aReceipt({ documentId: 'T-1' })
    const { id } = await place.upload({ documentId: 'T-1' }, { receipt: share })
    const shared = later()
    const stop = { documentId: 'T-1', event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' }
    await place.upload(stop)
    const withheld = later()
    expect(await then(id, shared)).toMatchObject({ revision: 1, receipt: { id: share.id }, decided: { revision: 1, route: 'pkb', rule: 'to-pkb', policy: place.policy.hash }, prior: { current: { receiptId: share.id } } })
    expect(await then(id, withheld)).toMatchObject({ revision: 2, decided: { revision: 2, route: 'withhold', rule: 'do-not-share' } })
    expect((await then(id, withheld)).receipt.id).not.toBe(share.id)
  })

  test('kept the file of an earlier message where a later one left it out', async () => {
    const { id } = await place.upload({ documentId: 'T-2' })
    later()
    await place.upload({ documentId: 'T-2', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', title: 'x' }, { receipt: aReceipt({ documentId: 'T-2', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' }, { contents: [] }) })
    expect((await then(id, later())).receipt.contents.map(({ sha256 }) => sha256)).toEqual([aContent().sha256])
  })

  test('was held, released, cancelled, moved and replaced from the moment on at which it was', async () => {
    const { id } = await place.upload({ documentId: 'T-3', author: { name: 'Dr Else', organisation: 'XYZ' } })
    const at = () => place.clock.at.toISOString()
    const came = later()
    await place.ledger.hold(id, 'anna', 'asked to wait', at())
    const held = later()
    await place.ledger.liftHold(id, 'anna', 'clear now', at())
    const lifted = later()
    await place.ledger.release(id, 'anna', 'consultant', 'seen', at())
    const once = later()
    await place.ledger.release(id, 'ben', 'administrator', 'seen', at())
    const twice = later()
    await place.upload({ documentId: 'T-4', event: 'replaced', replaces: 'T-3', uploadedAt: '2026-11-20T12:00:00Z' })
    const replaced = later()
    await place.upload({ documentId: 'T-3', event: 'updated', patient: BEN, uploadedAt: '2026-11-20T13:00:00Z' })
    const moved = later()
    await place.upload({ documentId: 'T-3', event: 'cancelled', patient: BEN, uploadedAt: '2026-11-20T14:00:00Z' })
    const nothing = { held: false, released: 0, superseded: false, moved: false, cancelled: false }
    expect((await then(id, came)).prior).toMatchObject(nothing)
    expect((await then(id, held)).prior).toMatchObject({ ...nothing, held: true })
    expect((await then(id, lifted)).prior).toMatchObject(nothing)
    expect((await then(id, once)).prior).toMatchObject({ ...nothing, released: 1 })
    expect((await then(id, twice)).prior).toMatchObject({ ...nothing, released: 2 })
    expect((await then(id, replaced)).prior).toMatchObject({ ...nothing, released: 2, superseded: true })
    // A release is of one revision.
    expect((await then(id, moved)).prior).toMatchObject({ ...nothing, superseded: true, moved: true })
    expect((await then(id, later())).prior).toMatchObject({ ...nothing, superseded: true, moved: true, cancelled: true })
  })

  test('had been made stricter by a message that came late, once that had come', async () => {
    const { id } = await place.upload({ documentId: 'T-5' })
    const before = later()
    await place.upload({ documentId: 'T-5', event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T09:00:00Z' })
    const after = later()
    expect((await then(id, before)).prior.current?.tightened).toEqual({})
    expect((await then(id, after)).prior.current?.tightened).toMatchObject({ instruction: 'withhold' })
  })

  test('of an addendum, its parent stood until it was cancelled', async () => {
    await place.upload({ documentId: 'T-6' })
    later()
    const { id } = await place.upload({ documentId: 'T-7', event: 'addendum', parent: 'T-6' })
    const stood = later()
    await place.upload({ documentId: 'T-6', event: 'cancelled', uploadedAt: '2026-11-20T15:00:00Z' })
    const fell = later()
    expect((await then(id, stood)).prior).toMatchObject({ addendum: true, parentStanding: true })
    expect(await then(id, fell)).toMatchObject({ prior: { addendum: true, parentStanding: false }, decided: { rule: 'parent-not-standing' } })
  })

  test('had been given to the post by a deadline, until other content came', async () => {
    const at = () => place.clock.at.toISOString()
    const posted: string[] = []
    await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, at())
    for (const documentId of ['T-8', 'T-9']) posted.push((await place.upload({ documentId })).id)
    const waited = later(60)
    for (const id of posted) {
      const lock = (await place.ledger.lock(id, 'pkb'))!
      expect(await lock.post((await place.ledger.overdue(at(), at(), 100)).find(({ documentId }) => documentId === id)!, at())).toBe(true)
      await lock.release()
    }
    const [id] = posted as [string]
    const marked = later()
    await place.upload({ documentId: 'T-8', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', name: 'CLIN Another name.pdf' })
    const renamed = later()
    const other = { documentId: 'T-8', event: 'updated', uploadedAt: '2026-11-20T13:00:00Z' }
    await place.upload(other, { receipt: aReceipt(other, { contents: [aContent('corrected')] }) })
    const corrected = later()
    const back = { documentId: 'T-8', event: 'updated', uploadedAt: '2026-11-20T14:00:00Z' }
    await place.upload(back, { receipt: aReceipt(back, { id: '0192f0c1-0000-4000-8000-000000000008' }) })
    const posts: unknown[] = []
    for (const moment of [waited, marked, renamed, corrected, later()]) posts.push((await then(id, moment)).prior.post)
    expect(posts).toEqual([undefined, 'account-unknown', 'account-unknown', undefined, undefined])
  })

  test('is now what it is now, whatever became of it', async () => {
    later()
    const at = place.clock.at.toISOString()
    const { documents } = await place.ledger.list({ limit: 100 })
    expect(documents.length).toBeGreaterThan(6)
    for (const { id } of documents) {
      const known = (await place.ledger.known(id))!
      const past = await then(id, at)
      // What only matters to a message that is yet to come.
      const { lastSourceTime: _time, addressedTo: _number, ...prior } = known.prior
      expect(past).toMatchObject({ receipt: known.receipt, revision: known.revision, person: known.person, prior: { ...prior, addendum: prior.addendum ?? false } })
      expect(past.decided).toMatchObject({ route: known.decision.route, rule: known.decision.rule, policy: known.decision.policy })
    }
  })
})

describe('what PKB had said', () => {
  const patient = { ...ADA, nhsNumber: '9990000034', clientId: 'C9' }
  test('is its last answer until then; of an earlier one the log tells all but the date of birth', async () => {
    const { id } = await place.upload({ documentId: 'A-1', patient })
    const before = later()
    const say = (birthDate: string, registered: boolean) => place.ledger.savePerson(patient.nhsNumber, { registered, deceased: false, birthDate }, place.clock.at.toISOString())
    await say('1970-01-01', false)
    await work(place, id, 'pkb')
    const first = later()
    expect(await then(id, first)).toMatchObject({ person: { account: 'unregistered', birthDate: '1970-01-01' }, unknown: [] })
    await say('1970-01-01', true)
    const second = later()
    expect(await then(id, second)).toMatchObject({ person: { account: 'registered', birthDate: '1970-01-01' } })
    const { person, unknown } = await then(id, first)
    expect(person).toEqual({ account: 'unregistered', deceased: false, asOf: first })
    expect(unknown).toEqual([expect.stringContaining("PKB's date of birth then")])
    expect(await then(id, before)).toMatchObject({ person: { account: 'unknown', deceased: false }, unknown: [expect.stringContaining('counts as not asked')] })
  })
  test('is worth nothing if it was stale when the document was decided', async () => {
    const other = { ...ADA, nhsNumber: '9990000042', clientId: 'C10' }
    await place.ledger.savePerson(other.nhsNumber, { registered: false, deceased: false }, place.clock.at.toISOString())
    later(25 * 60)
    const { id } = await place.upload({ documentId: 'A-2', patient: other })
    expect(await then(id, place.clock.at.toISOString())).toMatchObject({ person: { account: 'unknown' }, decided: { route: 'pkb' } })
    expect(await place.ledger.knownAt(id, place.clock.at.toISOString(), 48)).toMatchObject({ person: { account: 'unregistered' } })
  })
})

test('looking changes nothing', async () => {
  const count = async () => (await place.pool.query('select (select count(*) from events) as events, (select sum(version) from documents) as versions, (select hash from head) as hash')).rows[0]
  const before = await count()
  for (const { id } of (await place.ledger.list({ limit: 100 })).documents) await then(id, place.clock.at.toISOString())
  expect(await count()).toEqual(before)
})
