// On the real ledger, with the worker's real rules: PKB cannot be looked at, what was sent to it without an answer may
// take effect late, workers die, channels change, people ask for another try. Nothing is sent while something of ours is
// under way, what is told as taken back is gone, and in the end the record is as the last message wants it.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import type { Begun, DocumentLock, Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Outcome, Transport } from '../../src/types.ts'
import { aContent, ADA, aReceipt } from '../support/documents.ts'
import { aLedger, ending, thinking, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

let nth = 0
const iso = () => place.clock.at.toISOString()
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const settleSecs = () => place.policy.destinations.pkb!.settle_secs

type Effect = { readonly by: Transport; /** Absent: it is taken away. */ readonly revision?: number; readonly atMs: number }
/** What really is at PKB, by transport, and what will still take effect there. */
type World = { readonly stands: Map<Transport, number>; late: Effect[]; readonly harm: string[]; channel: Transport; says: number; sent: number; lateOnes: number }
type Run = { readonly id: string; readonly documentId: string; readonly world: World }

const apply = (world: World, { by, revision }: Effect): void => { if (revision === undefined) world.stands.delete(by); else world.stands.set(by, revision) }

const passes = (world: World, secs: number): void => {
  place.clock.at = new Date(place.clock.at.getTime() + secs * 1000)
  const now = place.clock.at.getTime()
  for (const effect of world.late.filter(({ atMs }) => atMs <= now).toSorted((a, b) => a.atMs - b.atMs)) apply(world, effect)
  world.late = world.late.filter(({ atMs }) => atMs > now)
}

const underChannel = (channel: Transport): Policy => ({ ...place.policy, destinations: { ...place.policy.destinations, pkb: { ...place.policy.destinations.pkb!, transport: channel } } })

/** How an exchange goes: whether PKB does it at once, late or never, and what the worker hears of it; `dies`: nobody writes down anything. */
const GOES = {
  'well': { does: 'now', hears: { kind: 'accepted', code: 'AA' } },
  'late': { does: 'late', hears: { kind: 'unsure', code: 'TIMEOUT' } },
  'lost': { does: 'never', hears: { kind: 'unsure', code: 'ECONNRESET' } },
  'unsaid': { does: 'now', hears: { kind: 'unsure', code: 'ECONNRESET' } },
  'AE, done': { does: 'now', hears: { kind: 'unsure', code: 'AE', person: true } },
  'AE, not done': { does: 'never', hears: { kind: 'unsure', code: 'AE', person: true } },
  'away': { does: 'never', hears: { kind: 'unavailable', code: '503' } },
  'refused': { does: 'never', hears: { kind: 'refused', code: 'AR' } },
  'dies, late': { does: 'late' },
  'dies before': { does: 'never' },
} as const satisfies Record<string, { readonly does: 'now' | 'late' | 'never'; readonly hears?: Partial<Outcome> }>
type Goes = keyof typeof GOES

const exchanged = ({ world }: Run, begun: Begun, goes: Goes, share: number): void => {
  const { step } = begun.thought
  if (step.do !== 'exchange' || step.action === 'look') return
  const { via = [world.channel] } = begun.work.deliveries[0]!
  const { does } = GOES[goes]
  if (step.action === 'recall') return take(world, via, does, share)
  // What is under way from before would meet it.
  if (world.late.length > 0) world.harm.push(`sent while ${world.late.length} were under way`)
  if (step.revision < world.says) world.harm.push('an older revision was sent')
  world.sent += 1
  // The destination takes the copy of the other transport back first.
  take(world, via.filter((one) => one !== world.channel), does === 'late' ? 'now' : does, share)
  effect(world, { by: world.channel, revision: step.revision }, does, share)
}
const take = (world: World, from: readonly Transport[], does: 'now' | 'late' | 'never', share: number): void => {
  for (const by of from) effect(world, { by }, does, share)
}
/** By FHIR what takes effect at all does so before the connection breaks. */
const effect = (world: World, change: Omit<Effect, 'atMs'>, does: 'now' | 'late' | 'never', share: number): void => {
  if (does === 'never') return
  const late = does === 'late' && change.by === 'hl7-soap'
  if (late) world.lateOnes += 1
  // Before it has settled, as the channel promises.
  const whole = { ...change, atMs: place.clock.at.getTime() + (late ? Math.floor(share * settleSecs() * 999) : 0) }
  if (late) world.late = [...world.late, whole]
  else apply(world, whole)
}

const heard = ({ world }: Run, begun: Begun, goes: Goes) => {
  const { step } = begun.thought
  const policy = underChannel(world.channel)
  const { hears } = { hears: undefined, ...GOES[goes] }
  if (step.do !== 'exchange' || !hears) return undefined
  if (step.action !== 'look') return ending(begun, { ...hears, remoteId: 'remote-1' }, place.clock.at, policy)
  const revision = world.stands.get('fhir')
  const outcome: Outcome = { kind: 'accepted', code: '200', detail: '' }
  return ending(begun, outcome, place.clock.at, policy, revision === undefined ? { found: false, outcome } : { found: true, remoteId: 'remote-1', revision, outcome })
}

const works = (goes: Goes, share = 0.5) => async (run: Run): Promise<void> => {
  const lock: DocumentLock = (await place.ledger.lock(run.id, 'pkb'))!
  const begun = await lock.begin(thinking(underChannel(run.world.channel), place.clock.at), iso())
  if (begun?.attemptId !== undefined) {
    exchanged(run, begun, goes, share)
    const end = heard(run, begun, goes)
    if (end) await lock.finish(end)
  } else if (begun?.thought.step.do === 'nothing' && begun.thought.step.putOff) await lock.putOff(begun.thought.step.putOff.deliveryId, begun.thought.step.putOff.until)
  await lock.release()
  await holds(run)
}

/** What the ledger says of the record is so, whenever it says anything. */
const holds = async ({ id, world }: Run): Promise<void> => {
  const [delivery] = (await story(id)).deliveries
  const comes = world.late.filter(({ revision }) => revision !== undefined).length
  if ((delivery?.standing === 'recalled' || delivery?.standing === 'nothing') && (world.stands.size > 0 || comes > 0)) world.harm.push(`${delivery.standing}, and ${world.stands.size} stand and ${comes} are to come`)
  if (delivery?.standing === 'present' && (world.stands.size !== 1 || world.late.length > 0 || world.stands.get(delivery.via![0]!) !== delivery.standingRevision)) world.harm.push('present, and something else stands')
}

let minute = 0
const says = (documentType: string) => async (run: Run): Promise<void> => {
  minute += 1
  const stated = { documentId: run.documentId, event: 'updated', documentType, uploadedAt: new Date(Date.parse('2026-11-20T12:00:00Z') + minute * 1000).toISOString() }
  const { revision } = await place.upload(stated, { receipt: aReceipt(stated, { contents: [aContent(`letter ${minute}`)] }) })
  run.world.says = revision
}
const asks = async ({ id }: Run): Promise<void> => {
  const failed = (await story(id)).deliveries.find(({ state }) => state === 'failed')
  if (failed) await place.ledger.retry(failed.id, 'clerk', 'PKB was asked', iso())
}
const SHARE = says('MH share with patient')
const WITHHOLD = says('MH DO NOT share with patient')

type Doing = (run: Run) => Promise<unknown>
const nothing: Doing = () => Promise.resolve()
const by = (channel: Transport): Doing => (run) => { run.world.channel = channel; return nothing(run) }
const aChange: fc.Arbitrary<readonly [string, Doing]> = fc.constantFrom(
  ['share', SHARE], ['share', SHARE], ['do not share', WITHHOLD], ['do not share', WITHHOLD], ['-', nothing], ['a person asks', asks], ['channel fhir', by('fhir')], ['channel hl7-soap', by('hl7-soap')],
)
const aTurn: fc.Arbitrary<readonly [string, Doing]> = fc.tuple(fc.constantFrom(...(Object.keys(GOES) as Goes[]), 'well' as const, 'late' as const, 'dies, late' as const), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([goes, share]) => [`${goes} ${share.toFixed(2)}`, works(goes, share)])
const aWhile: fc.Arbitrary<readonly [string, Doing]> = fc.constantFrom(0, 1, 20, 61, 119, 120).map((secs) => [`${secs} s`, (run: Run) => { passes(run.world, secs); return nothing(run) }])
const aRound = fc.tuple(aChange, aTurn, aWhile, aTurn)

test('whatever comes late: nothing is sent into what is under way, what is taken back is gone, and in the end the record is right', async () => {
  let [sent, lateOnes] = [0, 0]
  await fc.assert(fc.asyncProperty(fc.constantFrom('hl7-soap', 'hl7-soap', 'fhir'), fc.boolean(), fc.array(aRound, { minLength: 2, maxLength: 7 }), async (channel, shared, rounds) => {
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
    const documentId = `RIO-L${++nth}`
    const { id } = await place.upload({ documentId })
    const world: World = { stands: new Map(), late: [], harm: [], channel, says: 1, sent: 0, lateOnes: 0 }
    const run = { id, documentId, world }
    for (const [, doing] of rounds.flat()) await doing(run)
    await (shared ? SHARE : WITHHOLD)(run)
    for (let turns = 0; turns < 12; turns += 1) {
      await works('well')(run)
      passes(world, 61)
    }
    sent += world.sent
    lateOnes += world.lateOnes
    expect(world.harm).toEqual([])
    expect([...world.stands.values()]).toEqual(shared ? [world.says] : [])
    const { state } = await story(id)
    expect(shared ? ['acknowledged'] : ['recalled', 'withheld']).toContain(state)
  }), { numRuns: 60 })
  // It is about something.
  expect({ sent, lateOnes, enough: sent > 60 && lateOnes > 15 }).toMatchObject({ enough: true })
}, 300_000)
