// On the real ledger, with the worker's real rules: whatever order messages, PKB, its clock and ours, the print house and
// people take, a letter that is proven read is not posted for its deadline, one that is not is posted once per content,
// or a person has it. What was found to break that stands below as an example.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import type { Want } from '../../src/decide/owed.ts'
import { beganBy } from '../../src/decide/working-days.ts'
import { afterExchange } from '../../src/deliver/outcomes.ts'
import { underWay } from '../../src/deliver/under-way.ts'
import type { Begun, DocumentLock, Overdue, Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { PkbDestination } from '../../src/policy/schema.ts'
import { atPrint, batchOf, handles, type Batch as Lying, type Letter } from '../support/a-print-house.ts'
import { aContent, ADA, aReceipt } from '../support/documents.ts'
import { aLedger, thinking, type TestLedger } from '../support/ledger.ts'
import { nhsNumbers } from '../support/nhs-numbers.ts'

type Channel = PkbDestination['registered_later']
const PRINT_AFTER = { hours: 48 } as const
const under = (registered_later: Channel) => (policy: Policy): Policy => ({
  ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb!, transport: 'hl7-soap', print_after: PRINT_AFTER, print_if_unread_after: { clinical: { hours: 72 } }, registered_later } },
})

let places: Record<Channel, TestLedger>
let place: TestLedger
beforeAll(async () => { places = { 'pulled-back': await aLedger(under('pulled-back')), 'stays-by-post': await aLedger(under('stays-by-post')) } })
afterAll(async () => { for (const one of Object.values(places)) await one.close() })

const HOUR = 3600
const RUNS = Number(process.env['UNREAD_RUNS'] ?? 50)
const iso = () => place.clock.at.toISOString()

// ---------------------------------------------------------------- the world

type Batch = Lying<Letter & { readonly postcode?: string }>
type Said = { documentType: string; name: string; team: string; address: object | undefined; restricted: boolean; content: string }
const SAID: Said = { documentType: 'MH share with patient', name: 'CLIN Clinic letter.pdf', team: 'ADULT1', address: ADA.address, restricted: false, content: 'first' }

/** What really is at PKB and at the print house and what RiO and people really said, whatever the ledger believes. */
type World = {
  readonly said: Said
  messages: number
  tightened: boolean
  held: boolean
  released: boolean
  stopId?: string
  registered: boolean
  away: boolean
  record?: Letter
  /** On its way to PKB though nobody waits for it any more. */
  late?: Letter & { readonly at: number }
  /** What PKB would say was read, in its own time. */
  receipt?: { readonly sha256: string; readonly at: number }
  /** The engine was told of a reading of this. */
  told?: string
  /** What the patient really read there. */
  readonly wasRead: Set<string>
  sentToPkb: Set<string>
  takenBack: boolean
  batches: Batch[]
  /** Ours is ahead of the true time by so much. */
  skewMs: number
  jumped: boolean
  readonly harm: string[]
}
type Run = { readonly id: string; readonly documentId: string; readonly nhsNumber: string; readonly world: World; readonly hands: Map<string, { readonly lock: DocumentLock; readonly begun: Begun }> }
type Action = (run: Run) => Promise<unknown>

const story = async ({ id }: Run): Promise<Story> => (await place.ledger.story(id))!
const pkbOf = async (run: Run) => (await story(run)).deliveries.find(({ destination }) => destination === 'pkb')
const shaOf = (content: string): string => aContent(content).sha256
const trueTime = (world: World): number => place.clock.at.getTime() - world.skewMs

const passes = (secs: number): Action => ({ world }) => {
  place.clock.at = new Date(place.clock.at.getTime() + secs * 1000)
  if (world.late && world.late.at <= trueTime(world)) arrives(world, world.late)
  return Promise.resolve()
}
/** Never further from the true time than that. */
const jumps = (hours: number): Action => ({ world }) => {
  if (world.skewMs * hours > 0) return Promise.resolve()
  place.clock.at = new Date(place.clock.at.getTime() + hours * HOUR * 1000)
  world.skewMs += hours * HOUR * 1000
  world.jumped = true
  return Promise.resolve()
}

// ---------------------------------------------------------------- RiO and people

const upload = async ({ documentId, nhsNumber, world }: Pick<Run, 'documentId' | 'nhsNumber' | 'world'>, event = 'updated', from = '2026-11-21T00:00:00Z', overrides: Partial<Said> = {}) => {
  const { documentType, name, team, address, restricted, content } = { ...world.said, ...overrides }
  const metadata = { documentId, event, documentType, name, team, uploadedAt: new Date(Date.parse(from) + (world.messages += 1) * 1000).toISOString(), patient: { ...ADA, nhsNumber, clientId: nhsNumber, address, restricted } }
  return place.upload(metadata, { receipt: aReceipt(metadata, { contents: [aContent(content)] }) })
}
const say = (changed: Partial<Said>): Action => (run) => {
  // What comes back after other content begins anew.
  if (changed.content !== undefined && changed.content !== run.world.said.content) delete run.world.told
  Object.assign(run.world.said, changed)
  Object.assign(run.world, { tightened: false, released: false })
  return upload(run)
}
/** Older than what is known, and stricter. */
const tightens: Action = (run) => {
  Object.assign(run.world, { tightened: true, released: false })
  return upload(run, 'updated', '2026-11-20T12:00:00Z', { documentType: 'MH DO NOT share with patient' })
}
const holds = (held: boolean): Action => ({ id, world }) => {
  world.held = held
  return held ? place.ledger.hold(id, 'clerk', 'look', iso()) : place.ledger.liftHold(id, 'clerk', 'seen', iso())
}
const releases: Action = ({ id, world }) => {
  world.released = true
  return place.ledger.release(id, 'anna', 'consultant', 'it is right', iso())
}
const stops: Action = async ({ world }) => {
  const pulled = await place.ledger.pullStop({ scope: 'all', value: '' }, 'clerk', 'look', iso())
  if (pulled) world.stopId = pulled.id
}
const lifts: Action = async ({ world }) => {
  if (world.stopId !== undefined) await place.ledger.liftStop(world.stopId, 'clerk', 'seen', iso())
  delete world.stopId
}
const account = async ({ nhsNumber, world }: Run): Promise<void> => {
  await passes(1)({ world } as Run)
  await place.ledger.savePerson(nhsNumber, { registered: world.registered, deceased: false }, iso())
}
const answers = (registered: boolean): Action => (run) => { run.world.registered = registered; return account(run) }

const mayLeave = ({ said, tightened, held, released, stopId }: World): boolean =>
  said.documentType === SAID.documentType && !tightened && !held && stopId === undefined && (!said.name.startsWith('ZZZZ') || released)
const mayBePrinted = (world: World): boolean => mayLeave(world) && world.said.address !== undefined && (!world.said.restricted || world.released)
const mayBeShown = (world: World): boolean => mayLeave(world) && world.said.team === SAID.team && !world.said.name.startsWith('PSYR')

// ---------------------------------------------------------------- exchanges

type End = { readonly kind: 'accepted' | 'unavailable' | 'unsure' | 'refused'; readonly code: string; readonly person?: true; readonly batch?: string; readonly taken?: string }
const ACCEPTED = { kind: 'accepted', code: '201' } as const

const begin = (destination: string): Action => async (run) => {
  const { id, hands, world } = run
  if (hands.has(destination)) return
  const lock = await place.ledger.lock(id, destination)
  const begun = await lock!.begin(thinking(place.policy, place.clock.at), iso())
  if (begun?.attemptId !== undefined) hands.set(destination, { lock: lock!, begun })
  else await lock!.release()
  if (begun?.thought.step.do === 'ask-account' && !world.away) await account(run)
  if (begun?.thought.step.do !== 'exchange') return
  const { action, sha256 = '' } = begun.thought.step
  const sends = action === 'create' || action === 'update'
  if (destination === 'pkb' && action === 'recall') world.takenBack = true
  if (destination === 'pkb' && sends) world.sentToPkb.add(sha256)
  if (sends && !(destination === 'pkb' ? mayBeShown : mayBePrinted)(world)) world.harm.push(`${destination} is given what it must not have`)
  if (destination === 'print' && sends && postcodeOf(begun) !== (world.said.address as typeof ADA.address).postcode) world.harm.push('to an address of before')
}
const postcodeOf = ({ thought }: Begun): string | undefined => thought.plan?.document.patient.address?.postcode

/** The exchange itself happens when it ends; `lost` and `late` come to no end that anybody hears of. */
type How = 'well' | 'away' | 'lost' | 'unsaid' | 'late' | 'refused' | 'AE'
const ENDS: Readonly<Record<Exclude<How, 'well'>, End>> = {
  away: { kind: 'unavailable', code: '503' }, lost: { kind: 'unsure', code: 'TIMEOUT' }, unsaid: { kind: 'unsure', code: 'TIMEOUT' }, late: { kind: 'unsure', code: 'TIMEOUT' },
  refused: { kind: 'refused', code: 'AR' }, AE: { kind: 'unsure', code: 'AE', person: true },
}
const end = (destination: string, how: How): Action => async ({ hands, world }) => {
  const hand = hands.get(destination)
  if (!hand || hand.begun.thought.step.do !== 'exchange') return
  hands.delete(destination)
  const answered = happens(world, destination, hand.begun, how)
  const { action } = hand.begun.thought.step
  const ended = how === 'well' ? answered : action === 'look' ? ENDS.away : ENDS[how]
  const found = action !== 'look' || how !== 'well' ? undefined : (world.batches.at(-1) ?? null)
  await hand.lock.finish(finishOf(hand.begun, ended, found))
  await hand.lock.release()
}
const happens = (world: World, destination: string, { thought }: Begun, how: How): End => {
  if (thought.step.do !== 'exchange' || how === 'away' || how === 'lost' || how === 'refused') return ACCEPTED
  const { action, revision, sha256 = '' } = thought.step
  const copy = { revision, sha256 }
  if (destination === 'print') return atPrint(world, action, { ...copy, ...(postcodeOf({ thought } as Begun) === undefined ? {} : { postcode: postcodeOf({ thought } as Begun)! }) })
  if (how === 'late' && action !== 'recall') world.late = { ...copy, at: trueTime(world) + 60_000 }
  else if (action === 'recall') { delete world.record; delete world.receipt }
  else if (action !== 'look') arrives(world, copy)
  return ACCEPTED
}
/** PKB may forget with a replacement that the letter of before was read, or may not. */
const arrives = (world: World, { revision, sha256 }: Letter): void => {
  if (world.receipt && world.receipt.sha256 !== sha256 && revision % 2 === 0) delete world.receipt
  world.record = { revision, sha256 }
  delete world.late
}
const finishOf = ({ work: seen, thought, attemptId, at }: Begun, { batch, taken, ...ended }: End, found?: Letter | null) => {
  const { step } = thought
  if (step.do !== 'exchange') throw new Error(`nothing was begun: ${step.do}`)
  const before = seen.deliveries.find(({ id }) => id === step.deliveryId)!
  const remoteId = batch ?? (found ? batchOf(found) : before.remoteId)
  const outcome = { ...ended, detail: '', ...(remoteId === undefined ? {} : { remoteId }), ...(taken ? { sha256: taken } : {}) }
  const wanted: Want = step.action === 'recall' ? 'absent' : 'present'
  const { delivery } = afterExchange({
    delivery: before, action: step.action, revision: step.revision, startedAt: at, timeoutSecs: 60, underWay: underWay(before, place.policy), ...(step.sha256 ? { sha256: step.sha256 } : {}), ...(step.via ? { via: step.via } : {}), outcome, wanted,
    ...(found === undefined ? {} : { found: found ? { found: true, remoteId: remoteId!, revision: found.revision, sha256: found.sha256, outcome } : { found: false, outcome } }),
  }, { first_secs: 30, ceiling_secs: 600, jitter: 0 }, 0.5, place.clock.at)
  return { attemptId: attemptId!, deliveryId: step.deliveryId, at: iso(), outcome: ended.kind, code: ended.code, detail: '', tookMs: 1, delivery }
}
/** A worker until nothing is left to do. */
const works = (destination: string): Action => async (run) => {
  for (let turns = 0; turns < 2; turns += 1) {
    await begin(destination)(run)
    await end(destination, 'well')(run)
  }
}
const house = (from: Batch['place'], to: 'taken' | 'printed' | 'rejected'): Action => async (run) => {
  const answer = handles(run.world, from, to)
  const delivery = (await story(run)).deliveries.find(({ destination }) => destination === 'print')
  if (answer && delivery) await place.ledger.acknowledgePrint({ deliveryId: delivery.id, ...answer }, iso())
}

/** Everything that was under way is dropped, done or not, and another process starts. */
const restarts = (done: boolean): Action => async ({ hands, world }) => {
  for (const [destination, { lock, begun }] of hands) {
    happens(world, destination, begun, done ? 'well' : 'lost')
    await lock.release()
  }
  hands.clear()
  await (await place.another()).close()
}

// ---------------------------------------------------------------- what was read, and what was not in time

const reads: Action = ({ world }) => {
  if (world.record) {
    world.receipt = { sha256: world.record.sha256, at: trueTime(world) }
    world.wasRead.add(world.record.sha256)
  }
  return Promise.resolve()
}
const tells: Action = async (run) => {
  const { world } = run
  const identifier = (await pkbOf(run))?.identifier
  if (!world.receipt || identifier === undefined) return
  await place.ledger.saveReads([{ identifier, at: new Date(world.receipt.at).toISOString() }], iso())
  if (world.receipt.sha256 === shaOf(world.said.content)) world.told = world.receipt.sha256
  const { readAt, standingSha256 } = (await pkbOf(run))!
  // A moment of PKB's clock says nothing certain to whose own clock was wrong, where other content went there too.
  if (readAt !== undefined && !world.wasRead.has(standingSha256!) && (!world.jumped || isProven(world, standingSha256!))) world.harm.push('called read, and was not')
}
/** Nothing else ever went there under its number, nor was it taken back: whatever the clocks say, it is this that was read. */
const isProven = ({ sentToPkb, takenBack }: World, sha256: string): boolean => !takenBack && sentToPkb.size === 1 && sentToPkb.has(sha256)

const polls: Action = async (run) => {
  if ((await place.ledger.unread('hl7-soap', 100_000)).some(({ documentId }) => documentId === run.id)) await tells(run)
}
const overdueNow = async ({ id }: Run): Promise<readonly Overdue[]> =>
  (await place.ledger.overdue(iso(), beganBy(iso(), PRINT_AFTER), 100_000)).filter(({ documentId }) => documentId === id)

const deadline = (asked: boolean): Action => async (run) => {
  const { id, world } = run
  const letters = await overdueNow(run)
  if (asked && letters.some(({ because, via }) => because === 'not-read' && via.includes('hl7-soap'))) await tells(run)
  for (const letter of letters) {
    const lock = await place.ledger.lock(id, 'pkb')
    if (!lock) return
    const posted = await lock.post(letter, iso())
    await lock.release()
    const sha256 = shaOf(world.said.content)
    if (posted && letter.because === 'not-read' && world.told === sha256 && isProven(world, sha256)) world.harm.push('posted though it was read')
  }
  if ((await overdueNow(run)).length > 0) world.harm.push('its time is up, and nothing comes of that')
}

// ---------------------------------------------------------------- any order

const nothing: Action = () => Promise.resolve()
const MOVED = { lines: ['2 Low Road', 'London'], postcode: 'E1 5BB' }
const CHANGES: Readonly<Record<string, Action>> = {
  'as it was': say({ ...SAID }), 'another title': say({ name: 'CLIN Another name.pdf' }), 'moved house': say({ address: MOVED }), 'no address': say({ address: undefined }), 'address not to be used': say({ restricted: true }),
  'another file': say({ content: 'another' }), 'the first file': say({ content: 'first' }), 'do not share': say({ documentType: 'MH DO NOT share with patient' }), 'share': say({ documentType: SAID.documentType }),
  'late do not share': tightens, 'blocked from PKB': say({ name: 'PSYR Report.pdf' }), 'out of scope': say({ team: 'CAMHS1' }), 'unlisted': say({ name: 'ZZZZ Report.pdf' }), 'released': releases,
  'registered': answers(true), 'unregistered': answers(false), 'held': holds(true), 'lifted': holds(false), 'stop': stops, 'no stop': lifts,
  'some minutes pass': passes(700), 'a day passes': passes(30 * HOUR), 'its time is up': passes(73 * HOUR), 'the clock jumps ahead': jumps(100), 'the clock is put back': jumps(-100),
  'restart': restarts(false), 'restart in the midst': restarts(true), 'looked at again': () => place.ledger.lookAgain(iso()), 'nothing': nothing,
}
const WORK: Readonly<Record<string, Action>> = {
  'PKB works': works('pkb'), 'print works': works('print'), 'PKB begins': begin('pkb'), 'PKB is away': end('pkb', 'away'), 'PKB lost it': end('pkb', 'lost'), 'PKB has it unsaid': end('pkb', 'unsaid'), 'PKB stores it late': end('pkb', 'late'),
  'PKB refuses': end('pkb', 'refused'), 'PKB asks for a person': end('pkb', 'AE'), 'print begins': begin('print'), 'print is away': end('print', 'away'), 'print has it unsaid': end('print', 'unsaid'),
  'taken': house('outbox', 'taken'), 'printed': house('taken', 'printed'), 'sent back': house('taken', 'rejected'),
  'read': reads, 'PKB tells': polls, 'deadline': deadline(true), 'deadline in silence': deadline(false),
}
const ACTIONS = { ...CHANGES, ...WORK }
const weighed = (actions: Readonly<Record<string, Action>>, weight: Readonly<Record<string, number>>) =>
  fc.constantFrom(...Object.keys(actions).flatMap((name) => Array.from({ length: weight[name] ?? 1 }, () => name)))
const aRound = fc.tuple(weighed(CHANGES, { 'as it was': 5, 'another file': 3, 'its time is up': 5, 'registered': 3 }), fc.array(weighed(WORK, { 'PKB works': 8, 'print works': 6, 'deadline': 4, 'read': 2, 'PKB tells': 2, 'PKB begins': 2 }), { minLength: 1, maxLength: 4 }))

// ---------------------------------------------------------------- in the end

/** The last words, and whether PKB is there to hear them. */
type Ending = { readonly last: readonly string[]; readonly away?: true; readonly where: 'patient' | 'printed' | 'person' | 'nobody' }
const ENDINGS = {
  'to the record': { last: ['registered', 'as it was'], where: 'patient' }, 'another file': { last: ['registered', 'as it was', 'another file'], where: 'patient' }, 'no account': { last: ['unregistered', 'as it was'], where: 'patient' },
  'out of scope': { last: ['registered', 'as it was', 'out of scope'], where: 'patient' }, 'blocked from PKB': { last: ['registered', 'as it was', 'blocked from PKB'], where: 'printed' },
  'without an address': { last: ['registered', 'as it was', 'no address'], where: 'person' }, 'not to be shared': { last: ['as it was', 'do not share'], where: 'nobody' },
  'PKB is away': { last: ['as it was'], away: true, where: 'patient' }, 'PKB is away, no account': { last: ['unregistered', 'as it was'], away: true, where: 'patient' }, 'PKB is away, another file': { last: ['as it was', 'another file'], away: true, where: 'patient' },
  'PKB is away, out of scope': { last: ['as it was', 'out of scope'], away: true, where: 'patient' }, 'PKB is away, blocked from it': { last: ['as it was', 'blocked from PKB'], away: true, where: 'patient' },
} as const satisfies Record<string, Ending>

const comesToRest = async (run: Run, { last, away }: Ending): Promise<void> => {
  for (const destination of ['pkb', 'print']) await end(destination, away && destination === 'pkb' ? 'away' : 'well')(run)
  await jumps(-run.world.skewMs / HOUR / 1000)(run)
  for (const name of ['lifted', 'no stop', ...last]) await ACTIONS[name]!(run)
  run.world.away = away === true
  const turn = away ? ['a day passes', 'PKB begins', 'PKB is away', 'deadline in silence', 'print works', 'taken', 'printed'] : ['some minutes pass', 'PKB works', 'PKB tells', 'print works', 'a day passes', 'PKB works', 'deadline', 'print works', 'taken', 'printed']
  for (let turns = 0; turns < 8; turns += 1) {
    for (const name of turn) await ACTIONS[name]!(run)
    // A letter that the print house sent back waits for a person.
    for (const { id, lastCode, state } of (await story(run)).deliveries) if (state === 'failed' && lastCode === 'rejected') await place.ledger.retry(id, 'clerk', 'the paper was torn', iso())
  }
}

/** Where the letter is now; undefined: nowhere that it should be. */
const found = async (run: Run, where: Ending['where']): Promise<boolean> => {
  const { world } = run
  const { route, deliveries } = await story(run)
  const sha256 = shaOf(world.said.content)
  const printed = world.batches.some((batch) => batch.sha256 === sha256 && batch.place !== 'outbox')
  const read = deliveries.some(({ destination, readAt, standing, standingSha256 }) => destination === 'pkb' && readAt !== undefined && (standing === 'present' || standing === 'unsure') && standingSha256 === sha256)
  switch (where) {
    case 'patient': return printed || read
    case 'printed': return printed
    case 'person': return printed || read || route === 'review'
    case 'nobody': return world.record === undefined && world.batches.every(({ place: at }) => at !== 'outbox')
  }
}

type Example = [Channel, keyof typeof ENDINGS, [string, string[]][]]
const EXAMPLES: Example[] = [
  // Once it waited for PKB to come back, for its copy there had to be taken back first.
  ['pulled-back', 'PKB is away, blocked from it', [['as it was', ['PKB works']]]],
  // Once a reading was forgotten where other content, never sent, had been in force in between.
  ['pulled-back', 'another file', [['another file', ['PKB works']], ['registered', ['read']], ['its time is up', ['PKB works']]]],
  // Once it was posted and pulled back for a correction, and its time was not set again when that was taken back.
  ['pulled-back', 'PKB is away, another file', [['another file', ['PKB works']], ['out of scope', ['PKB works']], ['the clock jumps ahead', ['deadline', 'print begins']], ['as it was', ['PKB works']]]],
  // Once a letter that a person had released never got a time, though it was of a listed kind later.
  ['pulled-back', 'to the record', [['unlisted', ['PKB works']], ['released', ['PKB works']]]],
  // Once the copy that was left at PKB lost its time while a correction was to go by post.
  ['pulled-back', 'PKB is away, out of scope', [['as it was', ['PKB works']], ['unregistered', ['PKB works']], ['another file', ['PKB works']], ['as it was', ['PKB works']]]],
  // Once what a machine that had stood still for days sent when it went on came after its recall.
  ['pulled-back', 'not to be shared', [['as it was', ['PKB begins', 'PKB tells']], ['its time is up', ['PKB stores it late']], ['out of scope', ['PKB works']], ['registered', ['PKB works']], ['looked at again', ['PKB works']]]],
  // Once a reading in the very instant in which PKB took other content counted as one of that.
  ['pulled-back', 'to the record', [['as it was', ['PKB works']], ['some minutes pass', ['read']], ['another file', ['PKB works', 'PKB tells']]]],
  // Once a correction that was not to be there waited for PKB to come back and give the letter of before out.
  ['pulled-back', 'PKB is away, blocked from it', [['another file', ['PKB works']], ['its time is up', ['deadline in silence']], ['as it was', ['PKB lost it']], ['another file', ['print works']]]],
]

test('what is proven read is not posted for its deadline, what is not is posted once, in whatever order things happen', async () => {
  const numbers = nhsNumbers(20_000, 300_000)
  let nth = 0
  let [posted, proven] = [0, 0]
  await fc.assert(fc.asyncProperty(fc.constantFrom<Channel>('pulled-back', 'stays-by-post'), fc.constantFrom(...(Object.keys(ENDINGS) as (keyof typeof ENDINGS)[])), fc.array(aRound, { minLength: 3, maxLength: 7 }), async (choice, ending, rounds) => {
    place = places[choice]
    place.clock.at = new Date('2026-11-23T10:00:00.000Z')
    const world: World = { said: { ...SAID }, messages: 0, away: false, tightened: false, held: false, released: false, registered: true, sentToPkb: new Set(), takenBack: false, wasRead: new Set(), batches: [], skewMs: 0, jumped: false, harm: [] }
    const [documentId, nhsNumber] = [`RIO-N${++nth}`, numbers[nth]!]
    await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false }, iso())
    const { id } = await upload({ documentId, nhsNumber, world }, 'created', '2026-11-20T11:00:00Z')
    const run: Run = { id, documentId, nhsNumber, world, hands: new Map() }
    try {
      for (const name of rounds.flatMap(([change, then]) => [change, ...then])) await ACTIONS[name]!(run)
      await comesToRest(run, ENDINGS[ending])
    } finally {
      for (const { lock } of run.hands.values()) await lock.release()
      await lifts(run)
    }
    const { route, rule, state, deliveries, events } = await story(run)
    if (events.some(({ kind, detail }) => kind === 'posted-instead' && detail['because'] === 'not-read')) posted += 1
    if (state === 'read') proven += 1
    const gone = world.batches.map(({ sha256 }) => sha256)
    const told = [route, rule, ...deliveries.map((one) => `${one.destination} ${one.state} ${one.standing} ${one.lastCode ?? ''} by ${one.readBy ?? '-'} read ${one.readAt ?? '-'}`)].join(', ')
    expect({ told, harm: world.harm, posted: gone.length, found: await found(run, ENDINGS[ending].where), overdue: (await overdueNow(run)).length })
      .toEqual({ told, harm: [], posted: new Set(gone).size, found: true, overdue: 0 })
  }), { numRuns: RUNS, examples: EXAMPLES })
  // It is about something.
  expect([posted > RUNS / 20, proven > 0]).toEqual([true, true])
}, 3_600_000)
