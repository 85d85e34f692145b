// On the real ledger, with the worker's real rules: whatever order messages, answers of PKB and the doings of the print
// house come in, no letter reaches a patient both by the record and by post.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { TAKEN } from '../../src/decide/owed.ts'
import { afterExchange } from '../../src/deliver/outcomes.ts'
import type { Begun, DocumentLock, Story } from '../../src/ledger/ledger.ts'
import { aContent, ADA, aReceipt } from '../support/documents.ts'
import { aLedger, thinking, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

let nth = 0
const fresh = () => `RIO-O${++nth}`
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const account = (registered: boolean) => { later(1); return place.ledger.savePerson(ADA.nhsNumber, { registered, deceased: false }, iso()) }
const states = async (id: string) => Object.fromEntries((await story(id)).deliveries.map(({ destination, state }) => [destination, state]))
const due = async (destination: string) => (await place.ledger.due(destination, iso(), 1000)).map(({ documentId }) => documentId)
let minute = 0
/** A later message about it. */
const edit = (documentId: string, metadata: object = {}, content?: string) => {
  const said = { documentId, event: 'updated', uploadedAt: new Date(Date.parse('2026-11-21T00:00:00Z') + (minute += 1) * 60_000).toISOString(), ...metadata }
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
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'remote-1' }, iso())
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
    await place.ledger.acknowledgePrint({ deliveryId, accepted: false, batch: 'remote-1' }, iso())
    expect(await states(id)).toEqual({ print: 'closed', pkb: 'owed' })
  })

  test('was printed while it was being pulled back: that counts', async () => {
    const { id, documentId } = await inOutbox()
    await edit(documentId)
    const lock = (await place.ledger.lock(id, 'print'))!
    const begun = (await lock.begin(thinking(place.policy, place.clock.at), iso()))!
    const deliveryId = (await story(id)).deliveries[0]!.id
    await place.ledger.acknowledgePrint({ deliveryId, accepted: true, batch: 'remote-1' }, iso())
    await lock.finish(finishOf(begun, ALREADY))
    await lock.release()
    expect([(await story(id)).state, await states(id)]).toEqual(['printed', { print: 'printed' }])
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

// ---------------------------------------------------------------- any order

type End = { readonly kind: 'accepted' | 'unavailable' | 'unsure' | 'refused'; readonly code: string }

const finishOf = ({ work: seen, thought, attemptId }: Begun, end: End, found?: { readonly revision: number; readonly sha256?: string } | null) => {
  const { step } = thought
  if (step.do !== 'exchange') throw new Error(`nothing was begun: ${step.do}`)
  const outcome = { ...end, detail: '', remoteId: 'remote-1' }
  const { delivery } = afterExchange({
    delivery: seen.deliveries.find(({ id }) => id === step.deliveryId)!, action: step.action, revision: step.revision, ...(step.sha256 ? { sha256: step.sha256 } : {}), outcome,
    wanted: step.action === 'recall' ? 'absent' : 'present', ...(found === undefined ? {} : { found: found ? { found: true, remoteId: 'remote-1', ...found, outcome } : { found: false, outcome } }),
  }, { first_secs: 30, ceiling_secs: 600, jitter: 0 }, 0.5, place.clock.at)
  return { attemptId: attemptId!, deliveryId: step.deliveryId, at: iso(), outcome: end.kind, code: end.code, detail: '', tookMs: 1, delivery }
}

type Copy = { readonly revision: number; readonly sha256: string }
type Batch = Copy & { place: 'outbox' | 'taken' | 'printed' }
/** What really is at PKB and at the print house, whatever the ledger believes. */
type World = { record?: Copy; batches: Batch[]; registered: boolean; readonly harm: string[] }
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
  const answered = done ? (destination === 'pkb' ? atPkb(world, action, { revision, sha256 }) : atPrint(world, action, { revision, sha256 })) : 'accepted'
  const found = action !== 'look' || how !== 'well' ? undefined : ((destination === 'pkb' ? world.record : world.batches.at(-1)) ?? null)
  const ended: End = answered === 'taken' ? ALREADY : how === 'well' ? { kind: 'accepted', code: '201' } : { kind: how === 'unavailable' || action === 'look' ? 'unavailable' : 'unsure', code: '5' }
  await hand.lock.finish(finishOf(hand.begun, ended, found))
  await hand.lock.release()
}

const atPkb = (world: World, action: string, copy: Copy): 'accepted' => {
  if (action === 'recall') delete world.record
  if (action !== 'create' && action !== 'update') return 'accepted'
  if (action === 'create' && !world.record && world.batches.some(({ place: at, sha256 }) => at === 'outbox' || sha256 === copy.sha256)) world.harm.push(`to PKB beside ${JSON.stringify(world.batches)}`)
  world.record = copy
  return 'accepted'
}

const atPrint = (world: World, action: string, copy: Copy): 'accepted' | 'taken' => {
  if (action === 'look') return 'accepted'
  const gone = world.batches.filter(({ place: at }) => at !== 'outbox')
  if (action === 'recall') {
    world.batches = gone
    return gone.length > 0 ? 'taken' : 'accepted'
  }
  if (world.record) world.harm.push('posted beside a copy at PKB')
  world.batches = gone.some(({ sha256 }) => sha256 === copy.sha256) ? gone : [...gone, { ...copy, place: 'outbox' }]
  return 'accepted'
}

const house = (from: Batch['place'], to: 'taken' | 'printed' | 'rejected'): Action => async ({ id, world }) => {
  const batch = world.batches.find((one) => one.place === from)
  if (!batch) return
  if (to === 'rejected') world.batches = world.batches.filter((one) => one !== batch)
  else batch.place = to
  const delivery = (await story(id)).deliveries.find(({ destination }) => destination === 'print')
  if (to !== 'taken' && delivery) await place.ledger.acknowledgePrint({ deliveryId: delivery.id, accepted: to === 'printed', batch: 'remote-1' }, iso())
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
  'another file, for PKB': say({}, 'another'), 'another file, for print': say(OUT_OF_SCOPE, 'another'), 'the first file again': say({}, 'first'),
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

test('no letter goes to PKB beside the same letter in print, nor to print beside a copy at PKB, in whatever order things happen', async () => {
  let [records, batches] = [0, 0]
  await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(aRound, { minLength: 3, maxLength: 6 }), async (inScope, rounds) => {
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
    for (const { lock } of run.hands.values()) await lock.release()
    if (sent) records += 1
    if (posted) batches += 1
    expect(run.world.harm).toEqual([])
  }), { numRuns: 200 })
  // It is about something.
  expect([records > 5, batches > 5]).toEqual([true, true])
}, 120_000)
