import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Story } from '../../src/ledger/ledger.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
})
afterAll(() => place.close())

let nth = 0
const fresh = () => `RIO-P${++nth}`
const iso = (secs = 0) => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const GUS = { ...ADA, nhsNumber: '9990000077', clientId: 'C7', birthDate: '1978-07-07' }
const FAY = { ...ADA, nhsNumber: '9990000069', clientId: 'C6', birthDate: '2010-06-06' }

describe('a hold', () => {
  test('takes back what stands, and lifted lets it go again', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    await work(place, id, 'pkb')
    await place.ledger.hold(id, 'duty', 'wrong letter', iso())
    expect(await story(id)).toMatchObject({ rule: 'held', state: 'recalling' })
    await work(place, id, 'pkb')
    expect((await story(id)).state).toBe('recalled')
    await place.ledger.liftHold(id, 'duty', 'it was right', iso())
    expect(await story(id)).toMatchObject({ route: 'pkb', state: 'waiting' })
    await work(place, id, 'pkb')
    const { state, events } = await story(id)
    expect(state).toBe('acknowledged')
    expect(events.filter(({ actor }) => actor === 'duty').map(({ kind, detail }) => [kind, detail['reason']])).toEqual([['held', 'wrong letter'], ['hold-lifted', 'it was right']])
  })

  test('twice is one, and on nothing is nothing', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    await place.ledger.hold(id, 'duty', 'a', iso())
    const before = await story(id)
    await place.ledger.hold(id, 'duty', 'a', iso())
    expect(await story(id)).toEqual(before)
    await place.ledger.hold('no-uuid', 'duty', 'a', iso())
    await place.ledger.hold('00000000-0000-4000-8000-000000000009', 'duty', 'a', iso())
  })
})

describe('a release', () => {
  const external = { author: { name: 'Dr Elsewhere', organisation: 'X99' } }

  test('of an external document needs two people, and a new revision voids both', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId, ...external })
    expect(await story(id)).toMatchObject({ route: 'review', facts: { release: 'none' } })
    await place.ledger.release(id, 'one', 'records', 'asked', iso())
    await place.ledger.release(id, 'one', 'records', 'asked again', iso())
    expect(await story(id)).toMatchObject({ route: 'review', facts: { release: 'one' } })
    await place.ledger.release(id, 'two', 'consultant', 'agreed', iso())
    expect(await story(id)).toMatchObject({ route: 'pkb', facts: { release: 'two' }, state: 'waiting' })
    await place.upload({ documentId, ...external, uploadedAt: '2026-11-20T12:00:00Z' })
    expect(await story(id)).toMatchObject({ revision: 2, route: 'review', facts: { release: 'none' } })
    // Nor does it come back when the document is planned again.
    await place.ledger.hold(id, 'duty', 'drill', iso())
    await place.ledger.liftHold(id, 'duty', 'drill', iso())
    expect(await story(id)).toMatchObject({ route: 'review', facts: { release: 'none' } })
    expect((await story(id)).events.filter(({ kind }) => kind === 'released').map(({ actor }) => actor)).toEqual(['one', 'two'])
  })
})

describe('word on an account', () => {
  test('makes what waits for it due, and nothing else', async () => {
    const { id } = await place.upload({ documentId: fresh(), patient: BEN })
    await work(place, id, 'pkb', {})
    await place.pool.query('update deliveries set due_at = $2 where document_id = $1', [id, iso(600)])
    const other = await place.upload({ documentId: fresh(), patient: GUS })
    await place.pool.query('update deliveries set due_at = $2 where document_id = $1', [other.id, iso(600)])
    await place.ledger.savePerson(BEN.nhsNumber, { registered: true, deceased: false }, iso())
    const { deliveries, events } = await story(id)
    expect(deliveries).toMatchObject([{ state: 'owed', dueAt: iso() }])
    expect(events.at(-1)).toMatchObject({ kind: 'account-checked', detail: { account: 'registered', deceased: false } })
    expect((await story(other.id)).deliveries).toMatchObject([{ dueAt: iso(600) }])
  })

  test('grows old, but a death stays believed', async () => {
    await place.ledger.savePerson(GUS.nhsNumber, { registered: true, deceased: true }, iso(-25 * 3600))
    expect(await story((await place.upload({ documentId: fresh(), patient: GUS })).id)).toMatchObject({ facts: { account: 'unknown', person: 'deceased' }, rule: 'deceased' })
  })

  test('that is older does not take the place of a newer', async () => {
    await place.ledger.savePerson(FAY.nhsNumber, { registered: true, deceased: false, birthDate: '2010-06-06' }, iso())
    await place.ledger.savePerson(FAY.nhsNumber, { registered: false, deceased: false }, iso(-60))
    expect(await story((await place.upload({ documentId: fresh(), patient: FAY })).id)).toMatchObject({ facts: { account: 'registered' } })
  })

  test('with another date of birth is a mismatch', async () => {
    const patient = { ...ADA, nhsNumber: '9990000042', clientId: 'C4' }
    await place.ledger.savePerson(patient.nhsNumber, { registered: true, deceased: false, birthDate: '1961-02-03' }, iso())
    expect((await place.upload({ documentId: fresh(), patient })).route).toBe('review')
  })
})

test('a policy is kept once, and its loading is written down when it changes', async () => {
  const loaded = async () => Number((await place.pool.query(`select count(*) as n from events where kind = 'policy-loaded'`)).rows[0].n)
  await place.ledger.savePolicy({ hash: 'a', files: { 'x.yaml': 'x' } }, iso(1))
  await place.ledger.savePolicy({ hash: 'a', files: { 'x.yaml': 'x' } }, iso(2))
  expect(await loaded()).toBe(1)
  await place.ledger.savePolicy({ hash: 'b', files: {} }, iso(3))
  await place.ledger.savePolicy({ hash: 'a', files: { 'x.yaml': 'x' } }, iso(4))
  expect(await loaded()).toBe(3)
})
