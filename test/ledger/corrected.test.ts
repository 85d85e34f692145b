// On the real ledger: a letter whose earlier copy stands at PKB is corrected, and the record cannot be had for the new
// content. The new content reaches the patient by post, and the earlier copy keeps it from nothing.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { aContent, ADA, aReceipt } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const HOUR = 3600
const byHl7 = (policy: Policy): Policy => ({ ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, transport: 'hl7-soap', print_if_unread_after: { clinical: { hours: 72 } } } } })

let place: TestLedger
beforeAll(async () => { place = await aLedger(byHl7) })
afterAll(() => place.close())

let nth = 0
const iso = (secs = 0): string => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const account = (registered: boolean) => { later(1); return place.ledger.savePerson(ADA.nhsNumber, { registered, deceased: false }, iso()) }
beforeEach(() => account(true))
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const states = async (id: string) => Object.fromEntries((await story(id)).deliveries.map(({ destination, state }) => [destination, state]))
const overdue = async (id: string, owedBefore?: string) => (await place.ledger.overdue(iso(), owedBefore, 1000)).find(({ documentId }) => documentId === id)
const sentLetter = async (): Promise<{ readonly id: string; readonly documentId: string }> => {
  const documentId = `RIO-K${++nth}`
  const { id } = await place.upload({ documentId })
  await work(place, id, 'pkb')
  return { id, documentId }
}
const corrected = (documentId: string, metadata: object = {}) => {
  const said = { documentId, event: 'updated', uploadedAt: new Date(Date.parse('2026-11-21T00:00:00Z') + (nth += 1) * 60_000).toISOString(), ...metadata }
  return place.upload(said, { receipt: aReceipt(said, { contents: [aContent(`corrected ${nth}`)] }) })
}
const renamed = (documentId: string) => {
  const said = { documentId, event: 'updated', name: 'CLIN Another name.pdf', uploadedAt: new Date(Date.parse('2026-11-21T00:00:00Z') + (nth += 1) * 60_000).toISOString() }
  return place.upload(said)
}

describe('a letter that is corrected after the account is gone', () => {
  test('goes by post, and the earlier copy is left where it is', async () => {
    const { id, documentId } = await sentLetter()
    await account(false)
    await corrected(documentId)
    expect([(await story(id)).rule, await states(id)]).toEqual(['unregistered', { pkb: 'acknowledged', print: 'owed' }])
    await work(place, id, 'print')
    expect([(await story(id)).state, await states(id)]).toEqual(['printing', { pkb: 'acknowledged', print: 'printing' }])
  })
  test('goes by post too where that is learnt after the correction', async () => {
    const { id, documentId } = await sentLetter()
    await corrected(documentId)
    await account(false)
    expect([(await story(id)).rule, await states(id)]).toEqual(['unregistered', { pkb: 'acknowledged', print: 'owed' }])
  })
  test('does not where only its name is another: the patient has it', async () => {
    const { id, documentId } = await sentLetter()
    await account(false)
    await renamed(documentId)
    expect([(await story(id)).route, await states(id)]).toEqual(['print', { pkb: 'acknowledged' }])
  })
  test('is not looked at again for the deadline of what was there before it', async () => {
    const { id, documentId } = await sentLetter()
    await account(false)
    await corrected(documentId)
    later(72 * HOUR)
    expect(await overdue(id)).toBeUndefined()
  })
  test('waits for the recall where the earlier copy has to go back first', async () => {
    const { id, documentId } = await sentLetter()
    await place.ledger.hold(id, 'clerk', 'look', iso())
    await corrected(documentId)
    await account(false)
    expect(await states(id)).toEqual({ pkb: 'recalling' })
  })
})

describe('a letter that is corrected while nobody knows of an account', () => {
  const waiting = async () => {
    const letter = await sentLetter()
    later(30 * HOUR)
    await corrected(letter.documentId)
    expect(await story(letter.id)).toMatchObject({ facts: { account: 'unknown' }, deliveries: [{ state: 'owed', standing: 'present', owedSince: iso() }] })
    return { ...letter, since: iso() }
  }
  const post = async (id: string, since: string): Promise<boolean | undefined> => {
    const late = (await overdue(id, since))!
    const lock = await place.ledger.lock(id, 'pkb')
    try { return await lock?.post(late, iso()) } finally { await lock?.release() }
  }
  test('goes by post when its time is up, once', async () => {
    const { id, since } = await waiting()
    later(10)
    expect(await overdue(id, new Date(Date.parse(since) - 1).toISOString())).toBeUndefined()
    expect(await overdue(id, since)).toMatchObject({ because: 'account-unknown' })
    expect([await post(id, since), await overdue(id, since)]).toEqual([true, undefined])
    await work(place, id, 'print')
    expect([(await story(id)).rule, await states(id)]).toEqual(['account-unknown-too-long', { pkb: 'acknowledged', print: 'printing' }])
  })
  test('goes to the record as soon as PKB answers', async () => {
    const { id, since } = await waiting()
    await account(true)
    expect(await overdue(id, since)).toBeUndefined()
    await work(place, id, 'pkb')
    expect(await states(id)).toEqual({ pkb: 'acknowledged' })
  })
  test('does not where only its name is another: the patient has it', async () => {
    const { id, documentId } = await sentLetter()
    later(30 * HOUR)
    await renamed(documentId)
    const since = iso()
    later(10)
    expect(await overdue(id, since)).toBeUndefined()
  })
})
