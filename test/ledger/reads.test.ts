// On the real ledger: since when a letter is owed to the record and until when it has to be read, what counts as read,
// and the post, once, whatever the clock and other workers do.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Overdue, Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { PkbDestination } from '../../src/policy/schema.ts'
import { aContent, ADA, aReceipt, BEN } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const withPkb = (changed: Partial<PkbDestination>) => (policy: Policy): Policy => ({ ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, ...changed } } })
const HOUR = 3600

let place: TestLedger
beforeAll(async () => { place = await aLedger(withPkb({ transport: 'hl7-soap', print_if_unread_after: { clinical: { hours: 72 } } })) })
beforeEach(async () => { await account(true) })
afterAll(() => place.close())

let nth = 0
let minute = 0
const iso = (secs = 0) => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const account = (registered: boolean) => { later(1); return place.ledger.savePerson(ADA.nhsNumber, { registered, deceased: false }, iso()) }
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const pkb = async (id: string) => (await story(id)).deliveries.find(({ destination }) => destination === 'pkb')!
const states = async (id: string) => Object.fromEntries((await story(id)).deliveries.map(({ destination, state }) => [destination, state]))
const edit = (documentId: string, metadata: object = {}, content?: string) => {
  const said = { documentId, event: 'updated', uploadedAt: new Date(Date.parse('2026-11-21T00:00:00Z') + (minute += 1) * 60_000).toISOString(), ...metadata }
  return place.upload(said, content === undefined ? {} : { receipt: aReceipt(said, { contents: [aContent(content)] }) })
}
const letter = async (sent = true, metadata: object = {}) => {
  const documentId = `RIO-R${++nth}`
  const { id } = await place.upload({ documentId, ...metadata })
  if (sent) await work(place, id, 'pkb')
  return { id, documentId }
}
const read = async (id: string, secs = 0) => place.ledger.saveReads([{ identifier: (await pkb(id)).identifier, at: iso(secs) }], iso())
const overdue = async (id: string, owedBefore?: string): Promise<Overdue | undefined> => (await place.ledger.overdue(iso(), owedBefore, 1000)).find(({ documentId }) => documentId === id)
const post = async (of: Overdue, ledger = place.ledger): Promise<boolean | undefined> => {
  const lock = await ledger.lock(of.documentId, 'pkb')
  try { return await lock?.post(of, iso()) } finally { await lock?.release() }
}
const kinds = async (id: string) => (await story(id)).events.map(({ kind }) => kind)

describe('the time for reading', () => {
  test('begins when the letter becomes owed, and nothing that is tried or answered moves it', async () => {
    const { id, documentId } = await letter(false)
    const { owedSince, readBy } = await pkb(id)
    expect([owedSince, readBy]).toEqual([iso(), iso(72 * HOUR)])
    later(HOUR)
    await work(place, id, 'pkb', { kind: 'unavailable', code: '503' })
    later(HOUR)
    await work(place, id, 'pkb')
    await place.ledger.lookAgain(iso())
    await work(place, id, 'pkb')
    await edit(documentId, { name: 'CLIN Another name.pdf' })
    await work(place, id, 'pkb')
    expect(await pkb(id)).toMatchObject({ state: 'acknowledged', owedSince, readBy })
  })
  test('begins anew with another file, and where it had been taken back meanwhile', async () => {
    const { id, documentId } = await letter()
    later(HOUR)
    await read(id)
    await edit(documentId, {}, 'corrected')
    expect(await pkb(id)).toMatchObject({ owedSince: iso(), readBy: iso(72 * HOUR) })
    expect((await pkb(id)).readAt).toBeUndefined()
    await work(place, id, 'pkb')
    await place.ledger.hold(id, 'clerk', 'look', iso())
    await work(place, id, 'pkb')
    later(HOUR)
    await place.ledger.liftHold(id, 'clerk', 'seen', iso())
    expect(await pkb(id)).toMatchObject({ state: 'owed', owedSince: iso(), readBy: iso(72 * HOUR) })
  })
  test('is given to nobody for whom the policy sets none', async () => {
    const { id } = await letter(true, { name: 'CPLN Care plan.pdf' })
    const { kind } = (await story(id)).facts
    expect([kind === 'clinical', (await pkb(id)).readBy === undefined]).toEqual([kind === 'clinical', kind !== 'clinical'])
    const appointment = await letter(true, { name: 'APPT Appointment.pdf' })
    expect((await pkb(appointment.id)).readBy).toBeUndefined()
  })
  test('begins where a letter that was of no such kind is of one now, and not for what was there before the policy set one', async () => {
    const { id, documentId } = await letter(false, { name: 'ZZZZ Report.pdf' })
    await place.ledger.release(id, 'anna', 'consultant', 'it is right', iso())
    await work(place, id, 'pkb')
    expect([(await pkb(id)).state, (await pkb(id)).readBy]).toEqual(['acknowledged', undefined])
    later(HOUR)
    await place.ledger.lookAgain(iso())
    await work(place, id, 'pkb')
    expect((await pkb(id)).readBy).toBeUndefined()
    await edit(documentId, { name: 'CLIN Clinic letter.pdf' })
    const readBy = iso(72 * HOUR)
    later(HOUR)
    await work(place, id, 'pkb')
    expect(await pkb(id)).toMatchObject({ state: 'acknowledged', readBy })
  })
})

describe('a reading', () => {
  test('of the copy that stands makes the letter read, once, and keeps it from the post', async () => {
    const { id } = await letter()
    later(HOUR)
    await read(id)
    await read(id, 60)
    expect((await story(id)).state).toBe('read')
    expect((await kinds(id)).filter((kind) => kind === 'read')).toHaveLength(1)
    later(100 * HOUR)
    expect(await overdue(id)).toBeUndefined()
    expect(await place.ledger.unread('hl7-soap', 1000)).not.toContainEqual(expect.objectContaining({ documentId: id }))
  })
  test('from before the copy was acknowledged, of a copy with other content, or of one that is not there counts for nothing', async () => {
    const { id, documentId } = await letter()
    later(HOUR)
    await edit(documentId, {}, 'corrected')
    await read(id)
    expect((await pkb(id)).readAt).toBeUndefined()
    await work(place, id, 'pkb')
    await read(id, -60)
    expect((await story(id)).state).toBe('acknowledged')
    await place.ledger.hold(id, 'clerk', 'look', iso())
    await work(place, id, 'pkb')
    await place.ledger.liftHold(id, 'clerk', 'seen', iso())
    await work(place, id, 'pkb')
    await read(id, -60)
    expect((await story(id)).state).toBe('acknowledged')
    const unsent = await letter(false)
    await read(unsent.id)
    expect((await pkb(unsent.id)).readAt).toBeUndefined()
    await place.ledger.saveReads([{ identifier: '00000000-0000-4000-8000-00000000dead', at: iso() }, { identifier: 'no uuid', at: iso() }], iso())
  })
  test('from before PKB was heard to have it counts where nothing else was ever sent: it kept the letter, and its answer was lost', async () => {
    const { id } = await letter(false)
    await work(place, id, 'pkb', { kind: 'unsure', code: 'TIMEOUT' })
    const readAt = iso(60)
    later(HOUR)
    await work(place, id, 'pkb')
    expect((await pkb(id)).acknowledgedAt! > readAt).toBe(true)
    await place.ledger.saveReads([{ identifier: (await pkb(id)).identifier, at: readAt }], iso())
    expect(await story(id)).toMatchObject({ state: 'read', deliveries: [{ readAt }] })
  })
  test('counts though our clock was ahead when the letter went out, where nothing else was ever there; a time that is none does not', async () => {
    const { id } = await letter()
    later(-100 * HOUR)
    await place.ledger.saveReads([{ identifier: (await pkb(id)).identifier, at: '0001-01-01T00:00:00.000Z' }], iso())
    expect((await story(id)).state).toBe('acknowledged')
    await place.ledger.saveReads([{ identifier: (await pkb(id)).identifier, at: iso() }], iso())
    expect((await story(id)).state).toBe('read')
    later(100 * HOUR)
  })
  test('of a letter that PKB asks a person to look at keeps it from the post too', async () => {
    const { id } = await letter(false)
    await work(place, id, 'pkb', { kind: 'unsure', code: 'AE', person: true })
    later(73 * HOUR)
    const late = (await overdue(id))!
    await read(id, -HOUR)
    expect([await post(late), await overdue(id), (await story(id)).route]).toEqual([false, undefined, 'pkb'])
  })
  test('may be of the file that was there before, while nobody knows whether PKB has the new one', async () => {
    const { id, documentId } = await letter()
    later(HOUR)
    await edit(documentId, {}, 'corrected')
    await work(place, id, 'pkb', { kind: 'unsure', code: 'TIMEOUT' })
    later(HOUR)
    await read(id)
    expect((await pkb(id)).readAt).toBeUndefined()
    await work(place, id, 'pkb')
    await read(id, -60)
    expect((await pkb(id)).readAt).toBeUndefined()
    await read(id, 60)
    expect((await story(id)).state).toBe('read')
  })
  test('is asked for of those that were asked for longest ago', async () => {
    const first = await place.ledger.unread('hl7-soap', 1000)
    const { id } = await letter()
    expect((await place.ledger.unread('hl7-soap', 1)).map(({ documentId }) => documentId)).toEqual([id])
    expect((await place.ledger.unread('hl7-soap', first.length + 1)).at(-1)?.documentId).toBe(id)
    expect(await place.ledger.unread('fhir', 10)).toEqual([])
  })
})

describe('a letter that is being taken back', () => {
  test('is asked for for as long as it may still stand, before all others, and told as read before it was gone', async () => {
    const { id } = await letter()
    await letter()
    later(HOUR)
    await place.ledger.hold(id, 'clerk', 'look', iso())
    await work(place, id, 'pkb', { kind: 'unsure', code: 'TIMEOUT' })
    expect(await pkb(id)).toMatchObject({ state: 'recalling', standing: 'unsure' })
    for (let times = 0; times < 2; times += 1) expect((await place.ledger.unread('hl7-soap', 1)).map(({ documentId }) => documentId)).toEqual([id])
    await read(id)
    expect((await place.ledger.unread('hl7-soap', 1000)).map(({ documentId }) => documentId)).not.toContain(id)
    expect((await place.ledger.recalls('late', 1000)).map(({ documentId, readAt }) => [documentId, readAt])).toContainEqual([id, iso()])
  })
})

describe('a letter that is not read in time', () => {
  const unread = async () => {
    const { id, documentId } = await letter()
    expect(await overdue(id)).toBeUndefined()
    later(72 * HOUR)
    await account(true)
    return { id, documentId, late: (await overdue(id))! }
  }
  const printed = async () => {
    const { id, documentId, late } = await unread()
    await post(late)
    await work(place, id, 'print')
    const deliveryId = (await story(id)).deliveries.find(({ destination }) => destination === 'print')!.id
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'remote-1', revision: 1 }, iso())
    return { id, documentId }
  }

  test('goes by post as well, once, and the copy at PKB stays', async () => {
    const { id, late } = await unread()
    expect(late).toMatchObject({ because: 'not-read', via: ['hl7-soap'] })
    expect([await post(late), await post(late), await overdue(id)]).toEqual([true, false, undefined])
    expect(await story(id)).toMatchObject({ route: 'print', rule: 'not-read-in-time' })
    await work(place, id, 'print')
    expect(await states(id)).toEqual({ pkb: 'acknowledged', print: 'printing' })
    expect((await kinds(id)).filter((kind) => kind === 'posted-instead')).toHaveLength(1)
    await read(id)
    expect([(await story(id)).state, (await pkb(id)).readAt !== undefined]).toEqual(['printing', true])
    await place.ledger.lookAgain(iso())
    await work(place, id, 'print')
    await work(place, id, 'pkb')
    expect(await states(id)).toEqual({ pkb: 'acknowledged', print: 'printing' })
  })
  test('does so once though two workers see to it at the same moment, and though the clock goes back', async () => {
    const { id, late } = await unread()
    const other = await place.another()
    try {
      const done = await Promise.all([post(late), post(late, other.ledger), post(late), post(late, other.ledger)])
      expect(done.filter(Boolean)).toHaveLength(1)
    } finally {
      await other.close()
    }
    later(-100 * HOUR)
    await place.ledger.lookAgain(iso())
    await work(place, id, 'pkb')
    await work(place, id, 'print')
    expect([(await story(id)).route, await post(late), await overdue(id)]).toEqual(['print', false, undefined])
    later(100 * HOUR)
    expect((await story(id)).deliveries.filter(({ destination }) => destination === 'print')).toHaveLength(1)
  })
  test('stays where it was read at the last moment', async () => {
    const { id, late } = await unread()
    await read(id)
    expect([await post(late), (await story(id)).route]).toEqual([false, 'pkb'])
  })
  test('stays while the clock does not say that its time is up', async () => {
    const { id, late } = await unread()
    later(-HOUR)
    expect([await post(late), (await story(id)).route]).toEqual([false, 'pkb'])
    later(HOUR)
  })
  test('goes to a person where it has no address, and to the address that RiO gave last where it has', async () => {
    const gone = await letter(true, { patient: { ...ADA, address: undefined } })
    const moved = await letter()
    await edit(moved.documentId, { patient: { ...ADA, address: { lines: ['2 Low Road', 'London'], postcode: 'E1 5BB' } } })
    await work(place, moved.id, 'pkb')
    later(73 * HOUR)
    for (const { id } of [gone, moved]) await post((await overdue(id))!)
    expect(await story(gone.id)).toMatchObject({ route: 'review', rule: 'not-read-in-time', deliveries: [{ state: 'acknowledged' }] })
    expect(await story(moved.id)).toMatchObject({ route: 'print', document: { patient: { address: { postcode: 'E1 5BB' } } } })
  })
  test('starts afresh with another file, and the old one does not come back to the post', async () => {
    const { id, documentId } = await printed()
    await edit(documentId, {}, 'corrected')
    expect(await story(id)).toMatchObject({ route: 'pkb' })
    await work(place, id, 'pkb')
    expect(await pkb(id)).toMatchObject({ state: 'acknowledged', readBy: iso(72 * HOUR) })
    await edit(documentId)
    expect(await story(id)).toMatchObject({ route: 'pkb' })
  })
  test('and whose correction is taken back is what PKB has to have again, once it was posted, and nothing waits in vain for the time of the correction', async () => {
    const { id, documentId } = await printed()
    await edit(documentId, {}, 'corrected')
    await work(place, id, 'pkb')
    await edit(documentId, {}, 'Clinic letter')
    await work(place, id, 'pkb')
    const { document, deliveries } = await story(id)
    expect(deliveries.find(({ destination }) => destination === 'pkb')).toMatchObject({ state: 'acknowledged', standingSha256: document.contents[0]!.ref.sha256 })
    later(73 * HOUR)
    const again = await overdue(id)
    expect([again && (await post(again)), await overdue(id)]).toEqual([true, undefined])
    await account(true)
    for (const destination of ['pkb', 'print']) expect((await work(place, id, destination))?.thought.step).toEqual({ do: 'nothing' })
  })
  test('was not read by its patient: once it belongs to another, a person has released it and there is an account, it goes to that record', async () => {
    const { id, documentId, late } = await unread()
    await post(late)
    await work(place, id, 'print')
    await place.ledger.savePerson(BEN.nhsNumber, { registered: true, deceased: false }, iso())
    await edit(documentId, { patient: BEN })
    for (const destination of ['pkb', 'print']) await work(place, id, destination)
    await place.ledger.release(id, 'anna', 'consultant', 'it is his', iso())
    expect(await story(id)).toMatchObject({ route: 'pkb', rule: 'to-pkb' })
    expect((await place.ledger.knownAt(id, iso(), 24))!.prior.post).toBeUndefined()
  })
  test('goes by post though PKB never took it, or refused it', async () => {
    for (const how of [{ kind: 'unavailable', code: '503' }, { kind: 'refused', code: 'AR' }] as const) {
      const { id } = await letter(false)
      await work(place, id, 'pkb', how)
      later(73 * HOUR)
      expect(await post((await overdue(id))!)).toBe(true)
      await work(place, id, 'print')
      expect(await states(id)).toEqual({ pkb: 'closed', print: 'printing' })
      await account(true)
    }
  })
  test('goes by post though there is no account any more', async () => {
    const { id, late } = await unread()
    await account(false)
    expect([await post(late), await overdue(id)]).toEqual([true, undefined])
    await work(place, id, 'print')
    expect([(await story(id)).rule, await states(id)]).toEqual(['not-read-in-time', { pkb: 'acknowledged', print: 'printing' }])
    await account(true)
  })
  test('goes by post though it was known before its time was up that there is no account any more', async () => {
    const { id } = await letter()
    await account(false)
    await place.ledger.lookAgain(iso())
    await work(place, id, 'pkb')
    expect([(await story(id)).rule, await states(id)]).toEqual(['unregistered', { pkb: 'acknowledged' }])
    later(72 * HOUR)
    expect([await post((await overdue(id))!), await overdue(id)]).toEqual([true, undefined])
    await work(place, id, 'print')
    expect([(await story(id)).rule, await states(id)]).toEqual(['not-read-in-time', { pkb: 'acknowledged', print: 'printing' }])
    await account(true)
  })
  test('goes by post though it is being taken back from PKB, which is away: it may go nowhere but to the post by now', async () => {
    for (const metadata of [{ name: 'PSYR Report.pdf' }, { patient: { ...ADA, nhsNumberStatus: '02' } }]) {
      const { id, documentId } = await letter()
      await edit(documentId, metadata)
      if ('patient' in metadata) await place.ledger.release(id, 'anna', 'consultant', 'it is she', iso())
      await work(place, id, 'pkb', { kind: 'unavailable', code: '503' })
      expect([(await story(id)).route, await states(id)]).toEqual(['print', { pkb: 'recalling' }])
      later(72 * HOUR)
      expect([await post((await overdue(id))!), await overdue(id)]).toEqual([true, undefined])
      await work(place, id, 'print')
      expect(await states(id)).toEqual({ pkb: 'recalling', print: 'printing' })
      await work(place, id, 'pkb', { code: 'AA' })
      expect(await states(id)).toEqual({ pkb: 'recalled', print: 'printing' })
      await account(true)
    }
  })
  test('goes by post though nobody knows whether PKB has it, nor whether it was taken back from there', async () => {
    const { id } = await letter(false)
    await work(place, id, 'pkb', { kind: 'unsure', code: 'TIMEOUT' })
    await account(false)
    await work(place, id, 'pkb', { kind: 'unavailable', code: '503' })
    expect([(await story(id)).route, await states(id)]).toEqual(['print', { pkb: 'recalling' }])
    later(72 * HOUR)
    expect([await post((await overdue(id))!), await overdue(id)]).toEqual([true, undefined])
    await work(place, id, 'print')
    expect((await states(id))['print']).toBe('printing')
    await account(true)
  })
  test('and is read before anything was handed over is not posted: while a stop holds it, or for want of an address', async () => {
    const { id, late } = await unread()
    await post(late)
    expect(await states(id)).toEqual({ pkb: 'acknowledged', print: 'owed' })
    await read(id)
    expect([(await story(id)).state, await states(id)]).toEqual(['read', { pkb: 'acknowledged', print: 'closed' }])
    const gone = await letter(true, { patient: { ...ADA, address: undefined } })
    later(73 * HOUR)
    await post((await overdue(gone.id))!)
    expect((await story(gone.id)).route).toBe('review')
    await read(gone.id)
    await edit(gone.documentId)
    expect([(await story(gone.id)).route, (await states(gone.id))['print']]).toEqual(['pkb', undefined])
    await account(true)
  })
  test('goes by post though a correction of it went another way meanwhile and was taken back: its time runs on', async () => {
    const { id, documentId } = await letter()
    const { readBy } = await pkb(id)
    await account(false)
    await edit(documentId, {}, 'corrected')
    expect([await states(id), (await pkb(id)).readBy]).toEqual([{ pkb: 'acknowledged', print: 'owed' }, undefined])
    later(72 * HOUR)
    expect(await overdue(id)).toBeUndefined()
    await account(false)
    await edit(documentId, {}, 'Clinic letter')
    expect([(await story(id)).rule, await states(id), (await pkb(id)).readBy]).toEqual(['unregistered', { pkb: 'acknowledged', print: 'closed' }, readBy])
    expect([await post((await overdue(id))!), await overdue(id)]).toEqual([true, undefined])
    await edit(documentId, {}, 'corrected')
    await edit(documentId, {}, 'Clinic letter')
    await work(place, id, 'print')
    expect([(await story(id)).rule, await states(id)]).toEqual(['not-read-in-time', { pkb: 'acknowledged', print: 'printing' }])
    await account(true)
  })
  test('goes by post though what was to take its place at PKB was taken back, and nothing new goes there', async () => {
    const { id, documentId } = await letter()
    await edit(documentId, {}, 'corrected')
    await edit(documentId, { team: 'CAMHS1' }, 'Clinic letter')
    expect([(await story(id)).rule, await states(id)]).toEqual(['out-of-scope', { pkb: 'acknowledged' }])
    later(72 * HOUR)
    expect([await post((await overdue(id))!), (await story(id)).rule]).toEqual([true, 'not-read-in-time'])
    await account(true)
  })
  test('stays where it is withheld by now', async () => {
    const { id, late } = await unread()
    await place.ledger.hold(id, 'clerk', 'look', iso())
    expect([await post(late), await overdue(id), (await story(id)).route]).toEqual([false, undefined, 'withhold'])
  })
})

describe('a letter that waits because nobody knows of an account', () => {
  const waiting = async () => {
    later(30 * HOUR)
    const made = await letter(false)
    return { ...made, since: iso() }
  }
  test('goes by post when its time is up, and stays there when there turns out to be an account', async () => {
    const { id, since } = await waiting()
    later(10)
    expect(await overdue(id, new Date(Date.parse(since) - 1).toISOString())).toBeUndefined()
    const late = (await overdue(id, since))!
    expect([late.because, await post(late), await post(late)]).toEqual(['account-unknown', true, false])
    expect(await story(id)).toMatchObject({ route: 'print', rule: 'account-unknown-too-long' })
    await work(place, id, 'print')
    await account(true)
    await place.ledger.lookAgain(iso())
    await work(place, id, 'print')
    await work(place, id, 'pkb')
    expect([(await story(id)).route, await states(id)]).toEqual(['print', { pkb: 'closed', print: 'printing' }])
  })
  test('goes by post too where it had been taken back and is given out again', async () => {
    const { id } = await letter(true, { name: 'APPT Appointment.pdf' })
    await place.ledger.hold(id, 'clerk', 'look', iso())
    await work(place, id, 'pkb')
    later(30 * HOUR)
    await place.ledger.liftHold(id, 'clerk', 'seen', iso())
    expect(await story(id)).toMatchObject({ facts: { account: 'unknown' }, deliveries: [{ state: 'owed', standing: 'recalled' }] })
    const since = iso()
    later(10)
    expect([await post((await overdue(id, since))!), (await story(id)).rule]).toEqual([true, 'account-unknown-too-long'])
  })
  test('has a time for reading once it is pulled back for the record after all, also where an earlier copy stands there', async () => {
    const kept = place
    place = await aLedger(withPkb({ transport: 'hl7-soap', print_if_unread_after: { clinical: { hours: 72 } }, registered_later: 'pulled-back' }))
    try {
      await account(true)
      const { id, documentId } = await letter()
      later(30 * HOUR)
      await edit(documentId, {}, 'corrected')
      const since = iso()
      const { readBy } = await pkb(id)
      expect(await post((await overdue(id, since))!)).toBe(true)
      await work(place, id, 'print')
      await account(true)
      for (const destination of ['print', 'pkb']) await work(place, id, destination)
      expect([await states(id), (await pkb(id)).readBy]).toEqual([{ pkb: 'acknowledged', print: 'recalled' }, readBy])
      later(73 * HOUR)
      expect([await post((await overdue(id))!), (await story(id)).rule]).toEqual([true, 'not-read-in-time'])
    } finally {
      await place.close()
      place = kept
    }
  })
  test('is not that of somebody of whom PKB has spoken meanwhile', async () => {
    const { id, since } = await waiting()
    const late = (await overdue(id, since))!
    await account(true)
    expect([await overdue(id, since), await post(late), (await story(id)).route]).toEqual([undefined, false, 'pkb'])
  })
  test('waits anew from when PKB\'s last answer was given', async () => {
    await account(true)
    const answered = iso()
    const { id } = await letter(false)
    later(25 * HOUR)
    expect(await overdue(id, new Date(Date.parse(answered) - 1).toISOString())).toBeUndefined()
    expect(await overdue(id, iso(-HOUR))).toMatchObject({ because: 'account-unknown' })
  })
})

test('a new setting sets no deadline for what is there already', async () => {
  const before = await aLedger(withPkb({ transport: 'hl7-soap', print_if_unread_after: undefined }))
  const kept = place
  try {
    place = before
    await account(true)
    const { id } = await letter()
    const { owedSince } = await pkb(id)
    const changed = withPkb({ print_if_unread_after: { clinical: { hours: 1 } } })(before.policy)
    place = { ...before, policy: changed }
    await place.ledger.lookAgain(iso())
    await work(place, id, 'pkb')
    expect(await story(id)).toMatchObject({ decision: { printIfUnreadAfter: { hours: 1 } }, deliveries: [{ owedSince }] })
    expect((await pkb(id)).readBy).toBeUndefined()
    later(100 * HOUR)
    expect(await overdue(id)).toBeUndefined()
  } finally {
    place = kept
    await before.close()
  }
})
