// What becomes of addenda when the directorate of a document that they add to stops sending: as long as the patient
// keeps the document, they stay; where it goes back, they go with it.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { connect } from '../../src/ledger/database.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { ADA, planBy } from '../support/documents.ts'
import { aLedger, ending, thinking, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let observing: Policy
/** The same ledger, as a process has it that has taken the policy under which the directorate only observes. */
let ledger: Ledger
let close: () => Promise<void>
beforeEach(async () => {
  place = await aLedger()
  observing = { ...place.policy, hash: 'observing', directorates: { ...place.policy.directorates, newham: { ...place.policy.directorates['newham']!, status: 'observing' } } }
  const pool = connect(place.url, { max: 8 })
  ledger = await openLedger({ pool, now: () => place.clock.at, newId: randomUUID, say: () => {}, accountFreshHours: 24, plan: (...from) => planBy(observing)(...from) })
  close = async () => { await ledger.close(); await pool.end(); await place.close() }
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
})
afterEach(() => close())

const iso = () => place.clock.at.toISOString()
const looks = (id: string) => work({ ...place, ledger, policy: observing }, id, 'pkb')
const story = async (id: string) => (await ledger.story(id))!
const standing = async (id: string) => { const { route, rule, deliveries } = await story(id); return [route, rule, deliveries[0]?.standing, deliveries[0]?.state] }
const STAYS = ['observe', 'to-pkb', 'present', 'acknowledged']

const aFamily = async () => {
  const parent = (await place.upload({ documentId: 'A-1' })).id
  const child = (await place.upload({ documentId: 'A-2', event: 'addendum', parent: 'A-1' })).id
  const grandchild = (await place.upload({ documentId: 'A-3', event: 'addendum', parent: 'A-2' })).id
  for (const id of [parent, child, grandchild]) await work(place, id, 'pkb')
  return [parent, child, grandchild] as const
}

test.each([['the document first', [0, 1, 2]], ['its addenda first', [2, 1, 0]]] as const)('addenda of a copy that is left at PKB stay too, looked at with %s', async (_, order) => {
  const family = await aFamily()
  await ledger.savePolicy({ hash: 'observing', files: {} }, iso())
  for (const n of order) await looks(family[n])
  for (const id of family) expect(await standing(id)).toEqual(STAYS)
  expect((await ledger.due('pkb', iso(), 10))).toEqual([])
})

test('an addendum of such a copy that is planned by itself is judged so too, now and in the past', async () => {
  const [parent, child] = await aFamily()
  await looks(parent)
  // An edit of the addendum does not touch the document that it adds to.
  place.clock.at = new Date(place.clock.at.getTime() + 1000)
  await place.upload({ documentId: 'A-2', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'ADULT2' })
  expect(await standing(child)).toEqual(STAYS)
  const then = iso()
  place.clock.at = new Date(place.clock.at.getTime() + 1000)
  expect((await ledger.knownAt(child, then, 24))?.prior.parentStanding).toBe(true)
  await ledger.hold(parent, 'clerk', 'wrong letter', iso())
  expect(await standing(child)).toEqual(['observe', 'parent-not-standing', 'present', 'recalling'])
  expect((await ledger.knownAt(child, iso(), 24))?.prior.parentStanding).toBe(false)
  expect((await ledger.known(child))?.prior.parentStanding).toBe(false)
})

test.each([
  ['cancelled', { event: 'cancelled' }], ['not to be shared', { documentType: 'MH DO NOT share with patient' }], ['external', { author: { name: 'Dr Else', organisation: 'XYZ' } }],
] as const)('they go with a document that is %s, observed or not', async (_, change) => {
  const [parent, child, grandchild] = await aFamily()
  for (const id of [parent, child, grandchild]) await looks(id)
  await place.upload({ documentId: 'A-1', uploadedAt: '2026-11-20T12:00:00Z', team: 'ADULT2', ...change })
  for (const id of [parent, child, grandchild]) expect((await story(id)).state).toBe('recalling')
})

test('they go with a document that is replaced', async () => {
  const [parent, child] = await aFamily()
  await looks(parent)
  await place.upload({ documentId: 'A-9', event: 'replaced', replaces: 'A-1', team: 'ADULT2' })
  for (const id of [parent, child]) expect((await story(id)).state).toBe('recalling')
})

test('they follow when a copy that may have stood turns out never to have come', async () => {
  const parent = (await place.upload({ documentId: 'B-1' })).id
  const child = (await place.upload({ documentId: 'B-2', event: 'addendum', parent: 'B-1' })).id
  await work(place, child, 'pkb')
  const lock = (await place.ledger.lock(parent, 'pkb'))!
  const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
  await place.upload({ documentId: 'B-1', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', team: 'ADULT2' })
  expect(await standing(child)).toEqual(['pkb', 'to-pkb', 'present', 'acknowledged'])
  await lock.finish(ending(begun, { kind: 'refused', code: '422' }, place.clock.at))
  await lock.release()
  expect(await standing(child)).toEqual(['review', 'parent-not-standing', 'present', 'recalling'])
})

test('a message that comes late and makes it an addendum is over where a newer one has made it a replacement; of unknown time it is not', async () => {
  await place.upload({ documentId: 'C-1' })
  for (const [documentId, late] of [['C-2', { uploadedAt: '2026-11-20T11:00:00Z' }], ['C-3', { uploadedAt: undefined }]] as const) {
    await place.upload({ documentId, event: 'replaced', replaces: 'C-1', uploadedAt: '2026-11-20T12:00:00Z' })
    await place.upload({ documentId, event: 'addendum', parent: 'C-1', ...late })
    expect(await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T13:00:00Z' })).toMatchObject(documentId === 'C-2' ? { rule: 'to-pkb' } : { rule: 'parent-not-standing' })
  }
})

test('a replay under such a policy takes nothing back', async () => {
  await aFamily()
  const { documents } = await place.ledger.replayPage({ until: '2100-01-01T00:00:00.000Z' }, (receipt, person, prior) => plan(receipt, observing, person, prior), 10)
  expect(documents.map(({ planned, recalls }) => [planned.ok && planned.plan.decision.rule, planned.ok && planned.plan.decision.route, recalls])).toEqual(Array.from({ length: 3 }, () => ['to-pkb', 'observe', []]))
  const blocked: Policy = { ...observing, codes: { ...observing.codes, CLIN: { ...observing.codes['CLIN']!, sharing: 'blocked' } } }
  const again = await place.ledger.replayPage({ until: '2100-01-01T00:00:00.000Z' }, (receipt, person, prior) => plan(receipt, blocked, person, prior), 10)
  expect(again.documents.map(({ recalls }) => recalls)).toEqual([['pkb'], ['pkb'], ['pkb']])
})
