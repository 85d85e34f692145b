// As one-way.test.ts, with all that people do meanwhile: releases, holds, stops, moves between patients, print instead,
// retries, parents, cancellations, late messages, another transport, workers that die. Whatever the order, nobody gets
// another's letter, nothing stays out that was forbidden, and each letter ends with its patient or with nobody.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import type { Story } from '../../src/ledger/ledger.ts'
import type { PkbDestination } from '../../src/policy/schema.ts'
import { ADA, aReceipt, BEN } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { openLetters, type At, type End, type Letters, type Truth } from '../support/letters.ts'
import { aPdf } from '../support/pdf.ts'
import { contentRef } from '../support/receipts.ts'

const FILES = { first: aPdf({ mark: 'first' }), another: aPdf({ mark: 'another' }) } as const
type File = keyof typeof FILES
const REF = { first: contentRef(FILES.first), another: contentRef(FILES.another) } as const
const STORED = new Map((['first', 'another'] as const).map((file) => [REF[file].sha256, FILES[file]]))

const folder = makeFolder()
let place: TestLedger
let other: Awaited<ReturnType<TestLedger['another']>>
beforeAll(async () => {
  place = await aLedger((policy) => ({ ...policy, destinations: { ...policy.destinations, pkb: { ...policy.destinations.pkb! } } }))
  other = await place.another()
})
afterAll(async () => {
  await other.close()
  await place.close()
  folder.remove()
})

// ---------------------------------------------------------------- what is said and done

const BEGIN = new Date('2026-11-23T10:00:00.000Z')
let nth = 0
let second = 0
const iso = () => place.clock.at.toISOString()
const passes = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }

/** What has been said of the document, as somebody would note it who knows the policy and not the engine. */
type Said = {
  patient: typeof ADA
  file: File
  notToShare: boolean
  lateNotToShare: boolean
  unlisted: boolean
  draft: boolean
  moved: boolean
  released: boolean
  held: boolean
  cancelled: boolean
  superseded: boolean
  parentHeld: boolean
}
type Run = { readonly id: string; readonly documentId: string; readonly letters: Letters; readonly said: Said; readonly truth: Truth; readonly registered: Map<string, boolean>; readonly parent?: string; stop?: string }
type Action = (run: Run) => unknown

/** What came before stays in the record: of a document that moved, what a person released for this patient. */
const DRAFT = 'it is a draft again'

const why = ({ notToShare, lateNotToShare, unlisted, draft, moved, released, held, cancelled, superseded, parentHeld, patient }: Said, isAddendum: boolean): string | undefined =>
  notToShare || lateNotToShare ? 'it is not to be shared' : held ? 'a person holds it' : cancelled ? 'it was cancelled' : superseded ? 'it was replaced'
    : moved && !released ? (draft ? DRAFT : 'it moved') : unlisted && !released ? 'its code is in no list' : isAddendum && (parentHeld || patient !== ADA) ? 'its parent does not stand' : draft ? DRAFT : undefined

const sent = (metadata: object, file: File | undefined) =>
  place.upload({ ...metadata }, { receipt: aReceipt({ ...metadata }, { contents: file ? [REF[file]] : [] }) })

const asSaid = ({ patient: { nhsNumber, given, family }, file }: Said) => ({ nhsNumber, name: `${given} ${family}`, sha256: REF[file].sha256 })

type Saying = { readonly file?: File; readonly moves?: true; readonly notToShare?: true; readonly unlisted?: true; readonly draft?: true; readonly event?: string; readonly [field: string]: unknown }
/** RiO says something newer than all before. */
const say = ({ file, moves, notToShare, unlisted, draft, ...more }: Saying): Action => async ({ documentId, said, truth }) => {
  const patient = moves ? (said.patient === ADA ? BEN : ADA) : said.patient
  const { revision } = await sent({
    documentId, event: 'updated', uploadedAt: new Date(Date.parse('2026-11-21T00:00:00Z') + (second += 1) * 1000).toISOString(), patient,
    documentType: notToShare ? 'MH DO NOT share with patient' : 'MH share with patient', ...(unlisted ? { name: 'QQQQ letter.pdf' } : {}), ...(draft ? { status: 'draft' } : {}), ...more,
  }, file)
  Object.assign(said, {
    patient, notToShare: notToShare === true, lateNotToShare: false, unlisted: unlisted === true, draft: draft === true, moved: said.moved || moves === true, released: false,
    cancelled: said.cancelled || more.event === 'cancelled', ...(file ? { file } : {}),
  } satisfies Partial<Said>)
  truth.revisions.set(revision, asSaid(said))
}
/** Something older than all that is known: it can only tighten. */
const sayLate = ({ notToShare, moves, ...more }: Saying): Action => async ({ documentId, said, truth }) => {
  const patient = moves ? (said.patient === ADA ? BEN : ADA) : said.patient
  const before = asSaid(said)
  const { revision, bearing } = await sent({
    documentId, event: 'updated', uploadedAt: new Date(Date.parse('2026-11-19T00:00:00Z') + (second += 1) * 1000).toISOString(), patient,
    documentType: notToShare ? 'MH DO NOT share with patient' : 'MH share with patient', ...more,
  }, 'another')
  Object.assign(said, { lateNotToShare: said.lateNotToShare || notToShare === true, cancelled: said.cancelled || more.event === 'cancelled', released: said.released && bearing !== 'tightens' } satisfies Partial<Said>)
  truth.revisions.set(revision, before)
}
const account = async ({ registered }: Run, nhsNumber: string, has: boolean): Promise<void> => {
  passes(1)
  registered.set(nhsNumber, has)
  await place.ledger.savePerson(nhsNumber, { registered: has, deceased: false }, iso())
}
const by = () => ({ actor: 'clerk', reason: 'asked for', at: iso() })
const held = (has: boolean): Action => async ({ id, said }) => {
  await (has ? place.ledger.hold(id, 'clerk', 'asked for', iso()) : place.ledger.liftHold(id, 'clerk', 'seen', iso()))
  said.held = has
}
const parent = (has: boolean): Action => async ({ parent: id, said }) => {
  if (id === undefined) return
  await (has ? place.ledger.hold(id, 'clerk', 'asked for', iso()) : place.ledger.liftHold(id, 'clerk', 'seen', iso()))
  said.parentHeld = has
}
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const retries: Action = async ({ id }) => {
  for (const { id: deliveryId, state } of (await story(id)).deliveries) if (state === 'failed' || state === 'owed') await place.ledger.retry(deliveryId, 'clerk', 'mended', iso())
}
const bent = (settings: Partial<PkbDestination>): void => { Object.assign(place.policy.destinations.pkb!, settings) }

const CHANGES: Readonly<Record<string, Action>> = {
  'for PKB': say({}), 'for print': say({ team: 'CAMHS1' }), 'blocked from PKB': say({ name: 'PSYR Report.pdf' }), 'do not share': say({ notToShare: true }), 'unlisted code': say({ unlisted: true }), 'a draft again': say({ draft: true }), 'a draft again, of another file': say({ draft: true, file: 'another' }),
  'another file, for PKB': say({ file: 'another' }), 'another file, for print': say({ file: 'another', team: 'CAMHS1' }), 'the first file, for PKB': say({ file: 'first' }), 'the first file, for print': say({ file: 'first', team: 'CAMHS1' }),
  'to the other patient': say({ moves: true }), 'to the other patient, for print': say({ moves: true, team: 'CAMHS1' }), 'to the other patient, with another file': say({ moves: true, file: 'another' }),
  'cancelled': say({ event: 'cancelled' }), 'late: do not share': sayLate({ notToShare: true }), 'late: share': sayLate({}), 'late: the other patient': sayLate({ moves: true }), 'late: the other patient, do not share': sayLate({ moves: true, notToShare: true }),
  'late: cancelled': sayLate({ event: 'cancelled' }),
  'replaced': async ({ documentId, said }) => {
    await sent({ documentId: `${documentId}-new-${(nth += 1)}`, event: 'replaced', replaces: documentId, patient: said.patient, documentType: 'MH DO NOT share with patient' }, 'another')
    said.superseded = true
  },
  'released': async ({ id, said }) => { if (['released', 'already'].includes(await place.ledger.release(id, 'records', 'Head of Records', 'asked for', iso()))) said.released = true },
  'print instead': ({ id }) => place.ledger.printInstead(id, by()),
  'held': held(true), 'lifted': held(false), 'its parent is held': parent(true), 'its parent is lifted': parent(false),
  'stopped': async (run) => {
    if (run.truth.stopped) return
    run.stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'clerk', 'asked for', iso()))!.id
    run.truth.stopped = true
  },
  'started': async (run) => {
    if (run.stop === undefined) return
    await place.ledger.liftStop(run.stop, 'clerk', 'seen', iso())
    run.truth.stopped = false
    delete run.stop
  },
  'by the other transport': () => bent({ transport: place.policy.destinations.pkb!.transport === 'fhir' ? 'hl7-soap' : 'fhir' }),
  'registered': (run) => account(run, run.said.patient.nhsNumber, true), 'unregistered': (run) => account(run, run.said.patient.nhsNumber, false),
  'a day passes': async ({ letters }) => { await letters.late(); passes(30 * 3600) }, 'some minutes pass': async ({ letters }) => { await letters.late(); passes(700) },
  'a deadline passes': async ({ id }) => {
    for (const letter of await place.ledger.overdue(iso(), iso(), 500)) {
      if (letter.documentId !== id) continue
      const lock = await place.ledger.lock(id, 'pkb')
      if (lock) await lock.post(letter, iso()).finally(() => lock.release())
    }
  },
  'tried again': retries, 'nothing': () => undefined,
}

const begins = (at: At): Action => ({ letters }) => letters.begin(at)
const ends = (at: At, end: End): Action => ({ letters }) => letters.end(at, end)
/** Until nothing is due. */
const works = (at: At): Action => async ({ letters }) => {
  await letters.begin(at)
  for (let steps = 0; steps < 8; steps += 1) await letters.end(at, { how: 'well' })
}
const WORK: Readonly<Record<string, Action>> = {
  'PKB works': works('pkb'), 'print works': works('print'), 'PKB begins': begins('pkb'), 'print begins': begins('print'),
  'PKB is away': ends('pkb', { how: 'unavailable' }), 'PKB refuses': ends('pkb', { how: 'refused' }), 'PKB lost it': ends('pkb', { how: 'lost' }), 'PKB has it unsaid': ends('pkb', { how: 'cut' }), 'PKB does it late': ends('pkb', { how: 'late' }), 'PKB does it': ends('pkb', { how: 'well' }),
  'its worker to PKB dies before': ends('pkb', { how: 'lost', dies: true }), 'its worker to PKB dies after': ends('pkb', { how: 'well', dies: true }), 'its worker to PKB is lost, and goes on': ends('pkb', { how: 'late', dies: true }),
  'print is away': ends('print', { how: 'unavailable' }), 'print has it unsaid': ends('print', { how: 'cut' }), 'print does it': ends('print', { how: 'well' }),
  'its worker to print dies before': ends('print', { how: 'lost', dies: true }), 'its worker to print dies after': ends('print', { how: 'well', dies: true }), 'its worker to print is lost, and goes on': ends('print', { how: 'late', dies: true }),
  'what was late comes': ({ letters }) => letters.late(),
  'taken': ({ letters }) => letters.house('outbox', 'taken'), 'printed': ({ letters }) => letters.house('taken', 'printed'), 'sent back': ({ letters }) => letters.house('taken', 'rejected'),
}
const ALL = { ...CHANGES, ...WORK }
const weighed = (actions: Readonly<Record<string, Action>>, weight: Readonly<Record<string, number>>) =>
  fc.constantFrom(...Object.keys(actions).flatMap((name) => Array.from({ length: weight[name] ?? 1 }, () => name)))
const aRound = fc.tuple(
  weighed(CHANGES, { 'for PKB': 4, 'for print': 4, 'blocked from PKB': 2, 'another file, for PKB': 2, 'another file, for print': 2, 'released': 3, 'to the other patient': 2, 'by the other transport': 2, 'lifted': 2, 'started': 2, 'some minutes pass': 2, 'nothing': 2 }),
  fc.array(weighed(WORK, { 'PKB works': 8, 'print works': 8, 'PKB begins': 3, 'print begins': 3, 'taken': 3 }), { minLength: 0, maxLength: 4 }),
)

// ---------------------------------------------------------------- how it ends

const ENDINGS = {
  'to the record': ['lifted', 'registered', 'for PKB', 'released'], 'nobody knows of an account': ['lifted', 'unregistered', 'for PKB', 'released'], 'to print': ['lifted', 'for print', 'released'],
  'another file at last': ['lifted', 'registered', 'another file, for PKB', 'released'], 'the first file at last': ['lifted', 'registered', 'the first file, for print', 'released'],
  'by post, a person says': ['lifted', 'registered', 'for PKB', 'released', 'print instead'], 'not to be shared': ['do not share'], 'not to be shared, as it turns out late': ['for PKB', 'late: do not share'],
  'a draft again': ['a draft again'], 'held': ['for PKB', 'released', 'held'], 'cancelled': ['cancelled'], 'replaced': ['replaced'], 'with the other patient, and nobody has looked': ['lifted', 'to the other patient'],
  'with the other patient': ['lifted', 'to the other patient', 'registered', 'released'], 'with the other patient, by post': ['lifted', 'to the other patient, for print', 'registered', 'released'],
  'without a parent': ['its parent is held'], 'as it is': [],
} as const
const RESTS: readonly string[] = ['acknowledged', 'printing', 'printed', 'recalled', 'closed']

/** Nobody is woken by anything else. */
const isDue = async (id: string, at: At): Promise<boolean> => (await place.ledger.due(at, iso(), 1000)).some(({ documentId }) => documentId === id)

/** Whatever is under way comes to its end, one last thing is said, everybody is there, and time passes. */
const comesToRest = async (run: Run, last: readonly string[]): Promise<void> => {
  for (const at of ['pkb', 'print'] as const) for (let steps = 0; steps < 8; steps += 1) await run.letters.end(at, { how: 'well' })
  for (const name of [...(last.length > 0 ? ['its parent is lifted'] : []), 'started', ...last]) await ALL[name]!(run)
  for (let turns = 0; turns < 14; turns += 1) {
    await ALL['some minutes pass']!(run)
    for (const at of ['pkb', 'print'] as const) if (await isDue(run.id, at)) await works(at)(run)
    const { deliveries } = await story(run.id)
    // What was refused or sent back waits for a person.
    for (const { id, state } of deliveries) if (state === 'failed') await place.ledger.retry(id, 'clerk', 'mended', iso())
    if (turns > 1 && deliveries.every(({ state }) => RESTS.includes(state))) return
    if (turns > 1) for (const name of ['taken', 'printed']) await ALL[name]!(run)
  }
}

/** What was sent by HL7 without an answer stays unsure where nothing is to go there any more and what stands may stay: nobody can look, and nobody is woken for it. */
const isAdrift = ({ destination, state, standing, via, dueAt }: Story['deliveries'][number]): boolean =>
  destination === 'pkb' && state === 'sending' && standing === 'unsure' && via?.includes('hl7-soap') === true && dueAt === undefined

const wrongOf = async ({ id, letters, said, parent: of }: Run): Promise<readonly string[]> => {
  const { state, route, rule, deliveries } = await story(id)
  const wrong = [...letters.harm]
  const forbidden = why(said, of !== undefined)
  for (const one of deliveries) if (!RESTS.includes(one.state) && !(forbidden === DRAFT && isAdrift(one))) wrong.push(`${one.destination} is left ${one.state}, ${one.standing}, ${one.lastCode ?? ''}`)
  const [copies, lying] = [letters.records(), letters.batches().filter((batch) => batch.place === 'outbox')]
  const [to, { sha256 }] = [said.patient.nhsNumber, REF[said.file]]
  for (const copy of [...copies, ...lying]) if (copy.nhsNumber !== to) wrong.push('somebody else’s is left')
  if (forbidden !== undefined) {
    if ((forbidden === DRAFT ? 0 : copies.length) + lying.length > 0) wrong.push(`it is out, though ${forbidden}`)
    if (route === 'pkb' || route === 'print') wrong.push(`it is to go by ${route} (${rule}), though ${forbidden}`)
    return wrong
  }
  if (route !== 'pkb' && route !== 'print') wrong.push(`it goes nowhere (${rule})`)
  for (const one of lying) if (one.sha256 !== sha256) wrong.push('an outdated one will be printed')
  // What the ledger calls printing lies there, or is with the print house.
  for (const one of deliveries) if (one.destination === 'print' && (one.state === 'printing' || one.state === 'printed') && !letters.batches().some((batch) => batch.deliveryId === one.id && batch.place !== 'rejected')) wrong.push(`print is ${one.state}, and nothing is there`)
  for (const one of letters.batches()) if (one.place === 'printed' && deliveries.some((delivery) => delivery.id === one.deliveryId && delivery.state === 'printing' && delivery.standingSha256 === one.sha256)) wrong.push('it was printed, and is still called printing')
  const mine = new Set(deliveries.filter((one) => one.nhsNumber === to).map((one) => one.id))
  const has = [...copies, ...letters.batches().filter((one) => mine.has(one.deliveryId) && one.place !== 'rejected')].some((one) => one.sha256 === sha256 && one.nhsNumber === to)
  if (!has) wrong.push(`nobody has it (${state})`)
  return wrong
}

type Start = { readonly registered_later: PkbDestination['registered_later']; readonly transport: PkbDestination['transport']; readonly addendum: boolean; readonly inScope: boolean }
const aStart: fc.Arbitrary<Start> = fc.record({
  registered_later: fc.constantFrom('pulled-back' as const, 'stays-by-post' as const), transport: fc.constantFrom('fhir' as const, 'hl7-soap' as const), addendum: fc.integer({ min: 0, max: 4 }).map((n) => n === 0), inScope: fc.boolean(),
})
type Rounds = readonly (readonly [string, readonly string[]])[]

const happens = async ({ addendum, inScope, ...settings }: Start, last: readonly string[], rounds: Rounds): Promise<{ readonly wrong: readonly string[]; readonly letters: Letters }> => {
  place.clock.at = new Date(Math.max(place.clock.at.getTime(), BEGIN.getTime()))
  bent(settings)
  const registered = new Map([[ADA.nhsNumber, true], [BEN.nhsNumber, true]])
  for (const nhsNumber of registered.keys()) await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false }, iso())
  const documentId = `RIO-P${(nth += 1)}`
  const upTo = addendum ? await sent({ documentId: `${documentId}-parent` }, 'first') : undefined
  const first = { documentId, ...(inScope ? {} : { team: 'CAMHS1' }), ...(addendum ? { event: 'addendum', parent: `${documentId}-parent` } : {}) }
  const { id } = await sent(first, 'first')
  const said: Said = { patient: ADA, file: 'first', notToShare: false, lateNotToShare: false, unlisted: false, draft: false, moved: false, released: false, held: false, cancelled: false, superseded: false, parentHeld: false }
  const truth: Truth = { revisions: new Map([[1, asSaid(said)]]), forbidden: () => why(said, addendum), registered: (nhsNumber) => registered.get(nhsNumber) === true, stopped: false }
  const at = join(folder.path, documentId)
  mkdirSync(at)
  const run: Run = { id, documentId, said, truth, registered, letters: openLetters({ place, ledgers: [place.ledger, other.ledger], documentId: id, folder: at, truth, files: STORED }), ...(upTo ? { parent: upTo.id } : {}) }
  try {
    for (const name of rounds.flatMap(([change, then]) => [change, ...then])) await ALL[name]!(run)
    await comesToRest(run, last)
    return { wrong: await wrongOf(run), letters: run.letters }
  } finally {
    for (const name of ['started', 'its parent is held']) await ALL[name]!(run)
  }
}

const FOR_PKB: Start = { registered_later: 'pulled-back', transport: 'fhir', addendum: false, inScope: true }
const FOR_PRINT: Start = { ...FOR_PKB, inScope: false }
const NAMED: readonly (readonly [what: string, start: Start, last: readonly string[], rounds: Rounds])[] = [
  ['printed while a newer revision of the same letter is owed', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['for print', ['printed']]]],
  ['moved, and by post with the second patient, while the first one still has it in the record', FOR_PKB, [], [['nothing', ['PKB works']], ['to the other patient, for print', []], ['released', ['print works', 'PKB works']]]],
  ['moved there and back, and to the record while it still lies in the outbox', FOR_PRINT, [], [['nothing', ['print works']], ['to the other patient', []], ['to the other patient', []], ['released', ['PKB works']]]],
  ['sent back before anybody knew that its worker had died', FOR_PRINT, [], [['nothing', ['print begins', 'its worker to print dies after', 'taken', 'sent back']]]],
  ['printed while the worker that handed its correction over died before it did', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['another file, for print', ['print begins', 'printed', 'its worker to print dies before']]]],
  ['printed while the worker that handed its correction over died after it did, and then not to be shared', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['another file, for print', ['print begins', 'printed', 'its worker to print dies after']], ['do not share', []]]],
  ['sent back after it could not be pulled back any more', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['do not share', ['print works', 'sent back']]]],
  ['printed, and its correction pulled back', FOR_PRINT, [], [['nothing', ['print works', 'taken', 'printed']], ['another file, for print', ['print works']], ['do not share', ['print works']]]],
  ['sent back while it is handed over once more with another address, and that counts as the same', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['for print', ['print begins', 'sent back', 'print does it']]]],
  ['sent back while it is handed over once more, and for the record meanwhile', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['for print', ['print begins']], ['for PKB', ['sent back', 'PKB works', 'print does it']]]],
  ['held while a worker that is cut off from the ledger hands it over', FOR_PRINT, [], [['nothing', ['print begins', 'its worker to print is lost, and goes on']], ['held', ['print works', 'what was late comes']]]],
  ['a draft again, when a person has released it for the patient that it was moved to', FOR_PKB, ['a draft again'], [['to the other patient', []], ['released', ['PKB works']]]],
  ['not to be shared, and stored late by a worker that stood still for a day', FOR_PKB, ['do not share'], [['nothing', ['PKB begins']], ['for PKB', []], ['a day passes', ['PKB does it late']], ['for PKB', []]]],
  ['a draft again, when nobody can say whether PKB has it by HL7 from a worker that died', { ...FOR_PKB, transport: 'hl7-soap' }, ['a draft again'], [['nothing', ['PKB begins', 'its worker to PKB dies before']]]],
  ['to the record, while the print house has the letter before and a worker that is cut off hands a correction over', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['another file, for print', ['print begins', 'its worker to print is lost, and goes on']], ['for PKB', ['print works', 'PKB works', 'what was late comes']]]],
  ['to the record, and sent back, while a worker that is cut off hands it over once more', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['for print', ['print begins', 'its worker to print is lost, and goes on']], ['for PKB', ['print works', 'sent back', 'PKB works', 'what was late comes']]]],
  ['as it was before, which the print house has, while a worker that is cut off hands a correction over', FOR_PRINT, [], [['nothing', ['print works', 'taken']], ['another file, for print', ['print begins', 'its worker to print is lost, and goes on']], ['the first file, for print', ['print works', 'what was late comes']]]],
  ['as it was before, which lies in the outbox, while a worker that is cut off hands a correction over', FOR_PRINT, [], [['nothing', ['print works']], ['another file, for print', ['print begins', 'its worker to print is lost, and goes on']], ['the first file, for print', ['print works', 'taken', 'what was late comes']]]],
  ['to the record, while a worker that is cut off from the ledger hands it over', FOR_PRINT, [], [['nothing', ['print begins', 'its worker to print is lost, and goes on']], ['for PKB', ['print works', 'PKB works', 'what was late comes']]]],
]

test.each(NAMED.map((one) => [...one] as const))('%s', async (_what, start, last, rounds) => {
  expect((await happens(start, last, rounds)).wrong).toEqual([])
}, 60_000)

test('whatever people do meanwhile, nobody gets another’s letter, nothing forbidden stays out, and each letter comes to rest with its patient or with nobody', async () => {
  let [records, batches] = [0, 0]
  await fc.assert(fc.asyncProperty(aStart, fc.constantFrom(...Object.values(ENDINGS)), fc.array(aRound, { minLength: 2, maxLength: 6 }), async (start, last, rounds) => {
    const { wrong, letters } = await happens(start, last, rounds)
    if (letters.records().length > 0) records += 1
    if (letters.batches().length > 0) batches += 1
    expect(wrong).toEqual([])
  }), { numRuns: Number(process.env['ONE_WAY_RUNS'] ?? 150), ...(process.env['ONE_WAY_SEED'] ? { seed: Number(process.env['ONE_WAY_SEED']) } : {}) })
  // It is about something.
  expect([records > 5, batches > 5]).toEqual([true, true])
}, 1_800_000)
