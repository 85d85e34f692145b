// On the real ledger, with the worker's real rules: whatever order messages, answers of PKB and the doings of the print
// house come in, no letter reaches a patient both by the record and by post, and in the end each reaches him by one.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { TAKEN } from '../../src/decide/owed.ts'
import { afterExchange } from '../../src/deliver/outcomes.ts'
import { underWay } from '../../src/deliver/under-way.ts'
import type { Begun, DocumentLock, Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { PkbDestination } from '../../src/policy/schema.ts'
import { atPrint, batchOf, handles, type Batch, type Letter } from '../support/a-print-house.ts'
import { aContent, ADA, aReceipt } from '../support/documents.ts'
import { aLedger, thinking, work, type TestLedger } from '../support/ledger.ts'

type Channel = PkbDestination['registered_later'] | 'by HL7'
const under = (settings: Partial<PkbDestination>) => (policy: Policy): Policy => ({ ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, ...settings } } })

let places: Record<Channel, TestLedger>
let place: TestLedger
beforeAll(async () => {
  places = {
    'pulled-back': await aLedger(under({ registered_later: 'pulled-back' })), 'stays-by-post': await aLedger(under({ registered_later: 'stays-by-post' })),
    'by HL7': await aLedger(under({ registered_later: 'pulled-back', transport: 'hl7-soap' })),
  }
  place = places['pulled-back']
})
beforeEach(() => { place = places['pulled-back'] })
afterAll(async () => { for (const one of Object.values(places)) await one.close() })

let nth = 0
const fresh = () => `RIO-O${++nth}`
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const account = (registered: boolean) => { later(1); return place.ledger.savePerson(ADA.nhsNumber, { registered, deceased: false }, iso()) }
const states = async (id: string) => Object.fromEntries((await story(id)).deliveries.map(({ destination, state }) => [destination, state]))
const due = async (destination: string) => (await place.ledger.due(destination, iso(), 1000)).map(({ documentId }) => documentId)
let second = 0
/** A later message about it; by seconds, for what lies far ahead is not believed. */
const edit = (documentId: string, metadata: object = {}, content?: string) => {
  const said = { documentId, event: 'updated', uploadedAt: new Date(Date.parse('2026-11-21T00:00:00Z') + (second += 1) * 1000).toISOString(), ...metadata }
  return place.upload(said, content === undefined ? {} : { receipt: aReceipt(said, { contents: [aContent(content)] }) })
}
const OUT_OF_SCOPE = { team: 'CAMHS1' }
const ALREADY = { kind: 'refused', code: TAKEN } as const

describe('a letter in the outbox that is to go to PKB now', () => {
  const inOutbox = async () => {
    await account(true)
    const documentId = fresh()
    const { id } = await place.upload({ documentId, ...OUT_OF_SCOPE })
    await work(place, id, 'print')
    expect((await story(id)).state).toBe('printing')
    return { id, documentId }
  }

  test('is pulled back first, and is owed to PKB as soon as it is gone', async () => {
    const { id, documentId } = await inOutbox()
    await edit(documentId)
    expect([(await story(id)).route, await states(id)]).toEqual(['pkb', { print: 'recalling' }])
    expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'nothing' })
    await work(place, id, 'print')
    expect(await states(id)).toEqual({ print: 'recalled', pkb: 'owed' })
    expect(await due('pkb')).toContain(id)
    await work(place, id, 'pkb')
    expect([(await story(id)).state, await states(id)]).toEqual(['acknowledged', { print: 'recalled', pkb: 'acknowledged' }])
  })

  test('goes by post alone where the print house was first', async () => {
    const { id, documentId } = await inOutbox()
    await edit(documentId)
    await work(place, id, 'print', ALREADY)
    expect([(await story(id)).state, await states(id)]).toEqual(['printing', { print: 'printing' }])
    const deliveryId = (await story(id)).deliveries[0]!.id
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'remote-1', revision: 1 }, iso())
    await edit(documentId)
    expect([(await story(id)).state, await states(id)]).toEqual(['printed', { print: 'printed' }])
    await edit(documentId, {}, 'corrected')
    expect(await states(id)).toEqual({ print: 'printed', pkb: 'owed' })
  })

  test('goes to PKB after all where the print house sends it back', async () => {
    const { id, documentId } = await inOutbox()
    await edit(documentId)
    await work(place, id, 'print', ALREADY)
    const deliveryId = (await story(id)).deliveries[0]!.id
    await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'remote-1', revision: 1 }, iso())
    expect(await states(id)).toEqual({ print: 'closed', pkb: 'owed' })
  })

  test.each([['is for print again', { name: 'PSYR Report.pdf' }, 'owed'], ['may go nowhere without a person', { documentType: 'Something else' }, 'closed']] as const)('sent back when it %s and nothing was done about that yet, it stands nowhere, and goes to PKB where it is to', async (_, metadata, state) => {
    const { id, documentId } = await inOutbox()
    await edit(documentId)
    await work(place, id, 'print', ALREADY)
    const deliveryId = (await story(id)).deliveries[0]!.id
    await edit(documentId, metadata)
    for (let times = 0; times < 2; times += 1) await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'remote-1', revision: 1 }, iso())
    expect((await story(id)).deliveries.map((one) => [one.state, one.standing])).toEqual([[state, 'nothing']])
    expect((await story(id)).events.filter(({ kind }) => kind === 'print-rejected')).toHaveLength(1)
    await edit(documentId)
    await work(place, id, 'pkb')
    expect([(await story(id)).state, (await states(id))['pkb']]).toEqual(['acknowledged', 'acknowledged'])
  })

  test('was printed while it was being pulled back: that counts', async () => {
    const { id, documentId } = await inOutbox()
    await edit(documentId)
    const lock = (await place.ledger.lock(id, 'print'))!
    const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
    const deliveryId = (await story(id)).deliveries[0]!.id
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'remote-1', revision: 1 }, iso())
    await lock.finish(finishOf(begun, ALREADY))
    await lock.release()
    expect([(await story(id)).state, await states(id)]).toEqual(['printed', { print: 'printed' }])
  })

  test('was sent back while it was being pulled back: nothing lies there, and it goes to PKB, whatever the pulling back says', async () => {
    for (const answer of [ALREADY, { kind: 'accepted', code: 'GONE' }, { kind: 'unsure', code: 'EIO' }] as const) {
      const { id, documentId } = await inOutbox()
      await edit(documentId)
      const lock = (await place.ledger.lock(id, 'print'))!
      const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
      const deliveryId = (await story(id)).deliveries[0]!.id
      await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'remote-1', revision: 1 }, iso())
      await lock.finish(finishOf(begun, answer))
      await lock.release()
      expect(await states(id)).toEqual({ print: 'closed', pkb: 'owed' })
      await work(place, id, 'pkb')
      expect((await story(id)).state).toBe('acknowledged')
    }
  })

  test('stays there while PKB is asked for an account that nobody knows of', async () => {
    const { id } = await (async () => { await account(false); const { id } = await place.upload({ documentId: fresh() }); await work(place, id, 'print'); return { id } })()
    later(30 * 3600)
    expect((await work(place, id, 'print'))?.thought.step).toEqual({ do: 'nothing' })
    expect(await states(id)).toEqual({ print: 'printing', pkb: 'owed' })
    expect((await work(place, id, 'pkb'))?.thought.step).toMatchObject({ do: 'ask-account' })
    await account(false)
    expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'nothing' })
    expect(await states(id)).toEqual({ print: 'printing', pkb: 'closed' })
    later(30 * 3600)
    await work(place, id, 'print')
    await account(true)
    await work(place, id, 'pkb')
    expect(await states(id)).toEqual({ print: 'recalling', pkb: 'closed' })
    await work(place, id, 'print')
    await work(place, id, 'pkb')
    expect(await states(id)).toEqual({ print: 'recalled', pkb: 'acknowledged' })
  })
})

describe('a letter in the outbox of somebody without an account, who has one now', () => {
  const unregistered = async () => {
    await account(false)
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await work(place, id, 'print')
    await account(true)
    return { id, documentId }
  }
  /** A worker looks at it, as after a new policy or a restart. */
  const again = async (id: string) => { await place.ledger.lookAgain(iso()); await work(place, id, 'print'); await work(place, id, 'pkb') }

  test('is pulled back, where the channel says so', async () => {
    const { id } = await unregistered()
    await again(id)
    await work(place, id, 'print')
    await work(place, id, 'pkb')
    expect([(await story(id)).state, await states(id)]).toEqual(['acknowledged', { print: 'recalled', pkb: 'acknowledged' }])
  })
  test('stays with the post, where the channel says that, and nothing asks PKB about it again', async () => {
    place = places['stays-by-post']
    const { id } = await unregistered()
    for (let times = 0; times < 3; times += 1) {
      await again(id)
      expect([(await story(id)).route, await states(id)]).toEqual(['pkb', { print: 'printing' }])
      later(30 * 3600)
    }
    const [delivery] = (await story(id)).deliveries
    await place.ledger.acknowledgePrint({ deliveryId: delivery!.id, accepted: true, batch: 'remote-1', revision: 1 }, iso())
    await again(id)
    expect([(await story(id)).state, await states(id)]).toEqual(['printed', { print: 'printed' }])
  })
  test('goes to the record where RiO says something new of it before it was printed, whatever the channel says', async () => {
    place = places['stays-by-post']
    const { id, documentId } = await unregistered()
    await edit(documentId, {}, 'corrected')
    await work(place, id, 'print')
    await work(place, id, 'pkb')
    expect(await states(id)).toEqual({ print: 'recalled', pkb: 'acknowledged' })
  })
  test('stays with the post once it was printed, whatever the channel says', async () => {
    const { id } = await unregistered()
    const [delivery] = (await story(id)).deliveries
    await place.ledger.acknowledgePrint({ deliveryId: delivery!.id, accepted: true, batch: 'remote-1', revision: 1 }, iso())
    await again(id)
    expect(await states(id)).toEqual({ print: 'printed' })
  })
})

test('a copy at PKB that must go is gone before the letter is posted', async () => {
  await account(true)
  const documentId = fresh()
  const { id } = await place.upload({ documentId })
  await work(place, id, 'pkb')
  await edit(documentId, { name: 'PSYR Report.pdf' })
  expect(await states(id)).toEqual({ pkb: 'recalling' })
  await work(place, id, 'pkb')
  expect(await states(id)).toEqual({ pkb: 'recalled', print: 'owed' })
})

test('a letter is posted where PKB had not taken it when it ceased to be for PKB', async () => {
  await account(true)
  const documentId = fresh()
  const { id } = await place.upload({ documentId })
  const lock = (await place.ledger.lock(id, 'pkb'))!
  const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
  await edit(documentId, OUT_OF_SCOPE)
  expect(await states(id)).toEqual({ pkb: 'sending' })
  await lock.finish(finishOf(begun, { kind: 'unavailable', code: '503' }))
  await lock.release()
  expect(await states(id)).toEqual({ pkb: 'closed', print: 'owed' })
})

test('sent by HL7 without an answer, and then there is no account: it is taken back, for it may stand, and goes by post when it is gone', async () => {
  place = places['by HL7']
  await account(true)
  const { id } = await place.upload({ documentId: fresh() })
  await work(place, id, 'pkb', { kind: 'unsure', code: 'TIMEOUT' })
  await account(false)
  later(1)
  await work(place, id, 'pkb', { code: 'AA' })
  expect(await states(id)).toEqual({ pkb: 'recalling' })
  later(10)
  expect((await work(place, id, 'print'))?.thought.step).toEqual({ do: 'nothing' })
  later(120)
  expect((await work(place, id, 'pkb', { code: 'AA' }))?.thought.step).toMatchObject({ action: 'recall' })
  expect(await states(id)).toEqual({ pkb: 'recalled', print: 'owed' })
  await work(place, id, 'print')
  expect((await story(id)).state).toBe('printing')
})

// ---------------------------------------------------------------- any order

type End = { readonly kind: 'accepted' | 'unavailable' | 'unsure' | 'refused'; readonly code: string }

const finishOf = ({ work: seen, thought, attemptId, at }: Begun, end: End, found?: { readonly revision: number; readonly sha256?: string } | null, remoteId = 'remote-1', taken?: string) => {
  const { step } = thought
  if (step.do !== 'exchange') throw new Error(`nothing was begun: ${step.do}`)
  const before = seen.deliveries.find(({ id }) => id === step.deliveryId)!
  const outcome = { ...end, detail: '', remoteId, ...(taken ? { sha256: taken } : {}), ...(step.action === 'recall' ? { confirmed: true as const } : {}) }
  const { delivery } = afterExchange({
    delivery: before, action: step.action, revision: step.revision, startedAt: at, timeoutSecs: 60, underWay: underWay(before, place.policy), ...(step.sha256 ? { sha256: step.sha256 } : {}), outcome,
    wanted: step.action === 'recall' ? 'absent' : 'present', ...(found === undefined ? {} : { found: found ? { found: true, remoteId, ...found, outcome } : { found: false, outcome } }),
  }, { first_secs: 30, ceiling_secs: 600, jitter: 0 }, 0.5, place.clock.at)
  return { attemptId: attemptId!, deliveryId: step.deliveryId, at: iso(), outcome: end.kind, code: end.code, detail: '', tookMs: 1, delivery }
}

/** What really is at PKB and at the print house, whatever the ledger believes. */
type World = { record?: Letter; batches: Batch[]; registered: boolean; readonly harm: string[] }
type Action = (run: { readonly id: string; readonly documentId: string; readonly world: World; readonly hands: Map<string, { readonly lock: DocumentLock; readonly begun: Begun }> }) => Promise<unknown>

const begin = (destination: string): Action => async ({ id, hands, world }) => {
  if (hands.has(destination)) return
  const lock = (await place.ledger.lock(id, destination))!
  const begun = await lock.begin(thinking(place.policy, place.clock.at), iso())
  if (begun?.attemptId !== undefined) hands.set(destination, { lock, begun })
  else await lock.release()
  if (begun?.thought.step.do === 'ask-account') await account(world.registered)
}

/** The exchange itself happens when it ends; `unsure` either did or did not. */
const end = (destination: string, how: 'well' | 'unavailable' | 'lost' | 'cut'): Action => async ({ hands, world }) => {
  const hand = hands.get(destination)
  if (!hand || hand.begun.thought.step.do !== 'exchange') return
  hands.delete(destination)
  const { action, revision, sha256 = '' } = hand.begun.thought.step
  const done = how === 'well' || how === 'cut'
  const answered: End & { readonly batch?: string; readonly taken?: string } = done ? (destination === 'pkb' ? atPkb : atPost)(world, action, { revision, sha256 }) : { kind: 'accepted', code: '201' }
  const found = action !== 'look' || how !== 'well' ? undefined : ((destination === 'pkb' ? world.record : world.batches.at(-1)) ?? null)
  const ended: End = answered.kind === 'refused' ? answered : how === 'well' ? { kind: 'accepted', code: '201' } : { kind: how === 'unavailable' || action === 'look' ? 'unavailable' : 'unsure', code: '5' }
  await hand.lock.finish(finishOf(hand.begun, ended, found, destination === 'pkb' ? 'remote-1' : action === 'look' && found ? batchOf(found) : answered.batch, answered.taken))
  await hand.lock.release()
}

const ACCEPTED = { kind: 'accepted', code: '201' } as const
const atPkb = (world: World, action: string, copy: Letter): End => {
  if (action === 'recall') delete world.record
  if (action !== 'create' && action !== 'update') return ACCEPTED
  if (!world.record && (world.batches.some(({ place: at }) => at === 'outbox') || world.batches.at(-1)?.sha256 === copy.sha256)) world.harm.push(`to PKB beside ${JSON.stringify(world.batches)}`)
  world.record = copy
  return ACCEPTED
}

const atPost = (world: World, action: string, copy: Letter): ReturnType<typeof atPrint> => {
  // Of earlier content, which stays there because nothing new may go there, it keeps the letter from nobody; nor where a correction went by post after it.
  const { record } = world
  if ((action === 'create' || action === 'update') && record?.sha256 === copy.sha256 && !world.batches.some(({ sha256, revision }) => sha256 !== copy.sha256 && revision > record.revision)) world.harm.push('posted beside a copy at PKB')
  return atPrint(world, action, copy)
}

const house = (from: Batch['place'], to: 'taken' | 'printed' | 'rejected'): Action => async ({ id, world }) => {
  const answer = handles(world, from, to)
  const delivery = (await story(id)).deliveries.find(({ destination }) => destination === 'print')
  if (answer && delivery) await place.ledger.acknowledgePrint({ deliveryId: delivery.id, ...answer }, iso())
}

const say = (metadata: object, content?: string): Action => ({ documentId }) => edit(documentId, metadata, content)

/** A worker until nothing is left to do. */
const works = (destination: string): Action => async (run) => {
  for (let turns = 0; turns < 2; turns += 1) {
    await begin(destination)(run)
    await end(destination, 'well')(run)
  }
}

const answers = (registered: boolean): Action => ({ world }) => {
  world.registered = registered
  return account(registered)
}
const nothing: Action = () => Promise.resolve()
const CHANGES: Readonly<Record<string, Action>> = {
  'for PKB': say({}), 'for print': say(OUT_OF_SCOPE), 'blocked from PKB': say({ name: 'PSYR Report.pdf' }), 'do not share': say({ documentType: 'MH DO NOT share with patient' }), 'observed': say({ team: 'ADULT2' }),
  'another file, for PKB': say({}, 'another'), 'another file, for print': say(OUT_OF_SCOPE, 'another'), 'the first file again': say({}, 'first'), 'the first file, for print': say(OUT_OF_SCOPE, 'first'),
  'registered': answers(true), 'unregistered': answers(false), 'a day passes': () => Promise.resolve(later(30 * 3600)), 'some minutes pass': () => Promise.resolve(later(700)),
  'held': ({ id }) => place.ledger.hold(id, 'clerk', 'look', iso()), 'lifted': ({ id }) => place.ledger.liftHold(id, 'clerk', 'seen', iso()), 'nothing': nothing,
}
const WORK: Readonly<Record<string, Action>> = {
  'PKB works': works('pkb'), 'print works': works('print'), 'PKB begins': begin('pkb'), 'PKB is away': end('pkb', 'unavailable'), 'PKB lost it': end('pkb', 'lost'), 'PKB has it unsaid': end('pkb', 'cut'),
  'print begins': begin('print'), 'print is away': end('print', 'unavailable'), 'print has it unsaid': end('print', 'cut'),
  'taken': house('outbox', 'taken'), 'printed': house('taken', 'printed'), 'sent back': house('taken', 'rejected'),
}
const weighed = (actions: Readonly<Record<string, Action>>, weight: Readonly<Record<string, number>>) =>
  fc.constantFrom(...Object.keys(actions).flatMap((name) => Array.from({ length: weight[name] ?? 1 }, () => name)))
const aRound = fc.tuple(weighed(CHANGES, { 'for PKB': 8, 'for print': 6, 'blocked from PKB': 3, 'registered': 3 }), fc.array(weighed(WORK, { 'PKB works': 8, 'print works': 8, 'taken': 2 }), { minLength: 1, maxLength: 4 }))

const ENDINGS = { 'to the record': ['registered', 'for PKB'], 'nobody knows of an account': ['unregistered', 'for PKB'], 'to print': ['registered', 'for print'], 'another file at last': ['registered', 'another file, for PKB'], 'the first file at last': ['registered', 'the first file, for print'] } as const
const RESTS: readonly string[] = ['acknowledged', 'printing', 'printed', 'recalled', 'closed']

/** Whatever is under way comes to its end, RiO says one last thing, everybody is there, and time passes. */
const comesToRest = async (run: Parameters<Action>[0], last: readonly string[]): Promise<void> => {
  for (const destination of ['pkb', 'print']) await end(destination, 'well')(run)
  for (const name of ['lifted', ...last]) await CHANGES[name]!(run)
  for (let turns = 0; turns < 12; turns += 1) {
    for (const name of ['some minutes pass', 'PKB works', 'print works']) await { ...CHANGES, ...WORK }[name]!(run)
    const { deliveries, document } = await story(run.id)
    if (turns > 1 && run.world.batches.some((batch) => batch.place === 'outbox' && batch.sha256 !== document.contents[0]!.ref.sha256)) run.world.harm.push('printed, though something else is in force')
    // A letter that the print house sent back waits for a person.
    for (const { id: deliveryId, lastCode } of deliveries.filter(({ state }) => state === 'failed')) if (lastCode === 'rejected') await place.ledger.retry(deliveryId, 'clerk', 'the paper was torn', iso())
    if (turns > 2 && deliveries.every(({ state }) => RESTS.includes(state))) return
    if (turns > 1) for (const name of ['taken', 'printed']) await WORK[name]!(run)
  }
}

/** Once nobody had it: the print house sent back what it had taken when another revision was owed to it already. */
const SENT_BACK_LATE: [Channel, (typeof ENDINGS)['to the record'], boolean, [string, string[]][]] = ['pulled-back', ENDINGS['to the record'], false, [
  ['blocked from PKB', ['PKB works']], ['registered', ['print works']], ['for PKB', ['taken', 'print works']], ['blocked from PKB', ['PKB works']], ['some minutes pass', ['sent back']],
]]

/** Once a correction that had been taken back lay in the outbox, and was printed: the record had what is in force. */
const TAKEN_BACK: [Channel, (typeof ENDINGS)['the first file at last'], boolean, [string, string[]][]] = ['pulled-back', ENDINGS['the first file at last'], true, [
  ['nothing', ['PKB works']], ['another file, for print', ['print works']], ['nothing', ['nothing']],
]]

/** Once it went both ways: new content was being handed to the print house while PKB, which had earlier content, was given it too. */
const CORRECTED: [Channel, (typeof ENDINGS)['to the record'], boolean, [string, string[]][]] = ['pulled-back', ENDINGS['to the record'], true, [
  ['nothing', ['PKB works']], ['for print', ['print begins']], ['for PKB', ['PKB works']], ['for PKB', ['PKB works']], ['for PKB', ['PKB works']],
]]

/** Once a correction was printed that RiO had taken back: there was no account any more, but the record had what is in force already. */
const OVER_BY_NOW: [Channel, (typeof ENDINGS)['nobody knows of an account'], boolean, [string, string[]][]] = ['pulled-back', ENDINGS['nobody knows of an account'], false, [
  ['for PKB', ['PKB works']], ['another file, for print', ['print works']], ['for PKB', ['PKB works']], ['for PKB', ['PKB works']],
]]

/** Once it went both ways: the print house sent back what it had while that was handed over once more, and PKB was given it before anybody knew how that ended. */
const SENT_BACK_MEANWHILE: [Channel, (typeof ENDINGS)['to the record'], boolean, [string, string[]][]] = ['pulled-back', ENDINGS['to the record'], false, [
  ['for print', ['print works', 'PKB works']], ['for print', ['taken', 'print begins']], ['for PKB', ['PKB works']], ['for PKB', ['PKB works']], ['for PKB', ['sent back', 'PKB works']],
]]

test('no letter goes to PKB beside the same letter in print, nor to print beside a copy at PKB, in whatever order things happen, and in the end the patient has it by one way', async () => {
  let [records, batches] = [0, 0]
  await fc.assert(fc.asyncProperty(fc.constantFrom<Channel>('pulled-back', 'stays-by-post', 'by HL7'), fc.constantFrom(...Object.values(ENDINGS)), fc.boolean(), fc.array(aRound, { minLength: 3, maxLength: 6 }), async (choice, last, inScope, rounds) => {
    place = places[choice]
    await account(true)
    const documentId = fresh()
    const first = { documentId, ...(inScope ? {} : OUT_OF_SCOPE) }
    const { id } = await place.upload(first, { receipt: aReceipt(first, { contents: [aContent('first')] }) })
    const run = { id, documentId, world: { batches: [], registered: true, harm: [] } as World, hands: new Map() }
    let [sent, posted] = [false, false]
    for (const name of rounds.flatMap(([change, then]) => [change, ...then])) {
      await { ...CHANGES, ...WORK }[name]!(run)
      sent ||= run.world.record !== undefined
      posted ||= run.world.batches.length > 0
    }
    await comesToRest(run, last)
    for (const { lock } of run.hands.values()) await lock.release()
    if (sent) records += 1
    if (posted) batches += 1
    expect(run.world.harm).toEqual([])
    const { state, document, deliveries } = await story(id)
    const { sha256 } = document.contents[0]!.ref
    expect([state, deliveries.map((one) => `${one.destination} ${one.state} ${one.standing} ${one.lastCode ?? ''}`).filter((text) => !RESTS.includes(text.split(' ')[1]!))]).toEqual([state, []])
    expect([run.world.record?.sha256, ...run.world.batches.map((batch) => batch.sha256)]).toContain(sha256)
  }), { numRuns: Number(process.env['ONE_WAY_RUNS'] ?? 200), examples: [SENT_BACK_LATE, CORRECTED, TAKEN_BACK, OVER_BY_NOW, SENT_BACK_MEANWHILE] })
  // It is about something.
  expect([records > 5, batches > 5]).toEqual([true, true])
}, 3_600_000)
