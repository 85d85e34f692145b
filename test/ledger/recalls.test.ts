// Recalls on the real ledger with the worker's real rules: which are not done, which came too late, and what is known of
// when the patient could see the letter.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { TAKEN } from '../../src/decide/owed.ts'
import { visibleOf, type Tried } from '../../src/ledger/visible.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, ending, thinking, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeEach(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
})
afterEach(() => place.close())

const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const kinds = ['open', 'late', 'unconfirmed'] as const
const listed = async (id: string) => Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, (await place.ledger.recalls(kind, 10)).filter((row) => row.documentId === id).length])))
const NONE = { open: 0, late: 0, unconfirmed: 0 }
const hold = (id: string) => place.ledger.hold(id, 'duty manager', 'sent in error', iso())
const state = async (id: string) => (await place.ledger.story(id))?.state
const OUT_OF_SCOPE = { team: 'CAMHS1' }

const sent = async (documentId: string) => {
  const { id } = await place.upload({ documentId })
  await work(place, id, 'pkb')
  return id
}

describe('a recall', () => {
  test('is open from the moment it is owed until it is done, and says since when the letter could be seen', async () => {
    const id = await sent('R-1')
    const sentAt = iso()
    expect(await listed(id)).toEqual(NONE)
    later(3600)
    const since = iso()
    await hold(id)
    later(90)
    await work(place, id, 'pkb', { kind: 'unavailable', code: '503' })
    const [open] = await place.ledger.recalls('open', 10)
    expect(open).toEqual({
      documentId: id, sourceId: 'R-1', rule: 'held', deliveryId: expect.anything(), destination: 'pkb', state: 'recalling', since, unconfirmed: false, printed: false,
      visibleFrom: sentAt, tries: 1, lastOutcome: 'unavailable', lastCode: '503',
    })
    expect(await place.ledger.recallCounts()).toEqual({ open: 1, openSince: since })
    later(600)
    await work(place, id, 'pkb')
    expect([await state(id), await listed(id), await place.ledger.recallCounts()]).toEqual(['recalled', NONE, { open: 0 }])
  })

  test('that PKB refuses is open still, for a person', async () => {
    const id = await sent('R-2')
    later(60)
    const since = iso()
    await hold(id)
    later(5)
    await work(place, id, 'pkb', { kind: 'refused', code: '409' })
    expect([await state(id), await place.ledger.recallCounts()]).toEqual(['failed', { open: 1, openSince: since }])
    expect(await place.ledger.recalls('open', 10)).toMatchObject([{ state: 'failed', since, lastCode: '409' }])
  })

  test('is none where a new letter was refused, whatever stands of the old one', async () => {
    const id = await sent('R-3')
    later(60)
    await place.upload({ documentId: 'R-3', event: 'updated', uploadedAt: '2026-11-21T11:00:00Z', name: 'CLIN Changed.pdf' })
    await work(place, id, 'pkb', { kind: 'refused', code: '422' })
    expect([await state(id), await listed(id), (await place.ledger.recallCounts()).open]).toEqual(['failed', NONE, 0])
  })

  test('of a letter that had been read is late, when it is owed and when it is done', async () => {
    const id = await sent('R-4')
    later(600)
    const readAt = iso()
    const [delivery] = (await place.ledger.story(id))!.deliveries
    await place.ledger.saveReads([{ identifier: delivery!.identifier, at: readAt }], iso())
    expect(await listed(id)).toEqual(NONE)
    later(600)
    await hold(id)
    expect(await listed(id)).toEqual({ open: 1, late: 1, unconfirmed: 0 })
    later(30)
    await work(place, id, 'pkb')
    const until = new Date(place.clock.at.getTime() + 12).toISOString()
    expect(await place.ledger.recalls('late', 10)).toMatchObject([{ documentId: id, state: 'recalled', readAt, printed: false, visibleUntil: until }])
    expect((await listed(id))['open']).toBe(0)
  })

  test('is not said to have ended before it did, where the exchange began long after it was written down', async () => {
    const id = await sent('R-7')
    later(60)
    await hold(id)
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
    later(5)
    const endedAt = iso()
    await lock.finish(ending(begun, {}, place.clock.at))
    await lock.release()
    await place.pool.query('update deliveries set unconfirmed = true where document_id = $1', [id])
    expect(await place.ledger.recalls('unconfirmed', 10)).toMatchObject([{ documentId: id, visibleUntil: endedAt }])
  })

  test('that nobody could see done is unconfirmed', async () => {
    const id = await sent('R-5')
    await hold(id)
    await work(place, id, 'pkb')
    // As a destination that cannot be looked at leaves it.
    await place.pool.query('update deliveries set unconfirmed = true where document_id = $1', [id])
    expect(await place.ledger.recalls('unconfirmed', 10)).toMatchObject([{ documentId: id, unconfirmed: true, state: 'recalled' }])
  })

  test('goes on where the hold was lifted meanwhile only as far as it has to', async () => {
    const id = await sent('R-6')
    await hold(id)
    later(5)
    await place.ledger.liftHold(id, 'duty manager', 'it was right after all', iso())
    expect([await listed(id), (await place.ledger.story(id))?.route]).toEqual([NONE, 'pkb'])
  })
})

describe('a letter that was printed', () => {
  const printed = async (documentId: string) => {
    const { id } = await place.upload({ documentId, ...OUT_OF_SCOPE })
    await work(place, id, 'print')
    const deliveryId = (await place.ledger.story(id))!.deliveries[0]!.id
    return { id, acknowledge: () => place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'remote-1', revision: 1 }, iso()) }
  }

  test('and must not have been is listed as late, since when it was to go', async () => {
    const { id, acknowledge } = await printed('P-1')
    await acknowledge()
    expect(await listed(id)).toEqual(NONE)
    later(60)
    const since = iso()
    await hold(id)
    expect(await place.ledger.recalls('late', 10)).toMatchObject([{ documentId: id, destination: 'print', state: 'printed', printed: true, since }])
    expect((await place.ledger.recalls('late', 10))[0]).not.toHaveProperty('visibleFrom')
  })

  test('is not where the patient died after it, for then it may stay', async () => {
    const { id, acknowledge } = await printed('P-2')
    await acknowledge()
    await place.upload({ documentId: 'P-2', event: 'updated', uploadedAt: '2026-11-21T11:00:00Z', ...OUT_OF_SCOPE, patient: { ...ADA, deceased: true } })
    expect([(await place.ledger.story(id))?.route, await listed(id)]).toEqual(['withhold', NONE])
  })

  test('before it could be pulled back is open until the print house says that it was printed, and late from then on', async () => {
    const { id, acknowledge } = await printed('P-3')
    await hold(id)
    await work(place, id, 'print', { kind: 'refused', code: TAKEN })
    expect(await listed(id)).toEqual({ open: 1, late: 0, unconfirmed: 0 })
    await acknowledge()
    expect(await listed(id)).toEqual({ open: 0, late: 1, unconfirmed: 0 })
  })

  test('and pulled back from the outbox in time is in no list', async () => {
    const { id } = await printed('P-4')
    await hold(id)
    await work(place, id, 'print')
    expect([await state(id), await listed(id)]).toEqual(['recalled', NONE])
  })
})

test('lists end at their limit, the newest first', async () => {
  const ids: string[] = []
  for (const n of [1, 2, 3]) {
    ids.push(await sent(`L-${n}`))
    later(10)
    await hold(ids.at(-1)!)
  }
  expect((await place.ledger.recalls('open', 2)).map(({ documentId }) => documentId)).toEqual([ids[2], ids[1]])
  expect((await place.ledger.recallCounts()).open).toBe(3)
})

describe('when the patient could see it', () => {
  const at = (minute: number): string => `2026-11-23T10:${String(minute).padStart(2, '0')}:00.000Z`
  const tried = (minute: number, action: Tried['action'], outcome: Tried['outcome'] = 'accepted'): Tried => ({ at: at(minute), action, outcome, tookMs: 500 })
  const end = (minute: number): string => at(minute).replace('00.000Z', '00.500Z')

  test.each<[string, readonly Tried[], object]>([
    ['never, where nothing was accepted', [tried(0, 'create', 'refused'), tried(1, 'create', 'unavailable'), tried(2, 'look')], {}],
    ['from when it was first sent, before PKB answered, whatever replaced it', [tried(0, 'create'), tried(1, 'update'), tried(2, 'update', 'unsure')], { from: at(0) }],
    ['from the beginning of an exchange whose end nobody knows', [tried(0, 'create', 'unsure'), tried(1, 'update')], { from: at(0) }],
    ['until the end of the last recall', [tried(0, 'create'), tried(1, 'recall', 'unavailable'), tried(2, 'recall'), tried(3, 'recall')], { from: at(0), until: end(3) }],
    ['until that end was written down, where it was sent long after it was begun', [tried(0, 'create'), { ...tried(1, 'recall'), endedAt: at(2) }], { from: at(0), until: at(2) }],
    ['anew, where it was sent again', [tried(0, 'create'), tried(1, 'recall'), tried(2, 'create')], { from: at(2) }],
    ['with nothing to take back a recall ends nothing', [tried(0, 'recall')], {}],
  ])('%s', (_name, attempts, expected) => expect(visibleOf(attempts)).toEqual(expected))
})
