// Whatever order messages, workers and people come in, over two processes: what the ledger keeps adds up.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { array, assert, asyncProperty, boolean, constant, constantFrom, integer, oneof, option, record, tuple } from '../support/fast-check.ts'
import { documentState } from '../../src/decide/owed.ts'
import type { Accepted, Ledger, Story } from '../../src/ledger/ledger.ts'
import { OUTCOMES } from '../../src/types.ts'
import { ADA, anArrival, BEN } from '../support/documents.ts'
import type { Metadata } from '../support/documents.ts'
import { aLedger, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'

let place: TestLedger
let other: Awaited<ReturnType<TestLedger['another']>>
beforeAll(async () => {
  place = await aLedger()
  other = await place.another()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
})
afterAll(async () => {
  await other.close()
  await place.close()
})

const NAMES = ['A', 'B', 'C', 'D', 'E']
const aName = constantFrom(...NAMES)
const aMessage = record({
  documentId: aName,
  event: constantFrom('created', 'updated', 'updated', 'replaced', 'addendum', 'cancelled'),
  other: aName,
  uploadedAt: integer({ min: 10, max: 59 }).map((minute) => `2026-11-20T11:${minute}:00Z`),
  documentType: constantFrom('MH share with patient', 'MH share with patient', 'MH DO NOT share with patient'),
  patient: constantFrom(ADA, ADA, ADA, BEN),
  control: option(integer({ min: 0, max: 200 }), { nil: undefined }),
})
const aDeed = oneof(
  { weight: 6, arbitrary: aMessage.map((message) => ({ do: 'upload' as const, message })) },
  { weight: 4, arbitrary: record({ do: constant('work' as const), name: aName, destination: constantFrom('pkb', 'print'), kind: constantFrom('accepted' as const, ...OUTCOMES) }) },
  { weight: 1, arbitrary: record({ do: constantFrom('hold' as const, 'lift' as const, 'release' as const), name: aName }) },
)
const aRun = array(tuple(aDeed, boolean()), { minLength: 60, maxLength: 120 })

const metadataOf = ({ other, control: _control, ...message }: { other: string; control?: number | undefined; event: string; documentId: string }, prefix: string): Metadata => ({
  ...message, documentId: prefix + message.documentId,
  ...(message.event === 'replaced' ? { replaces: prefix + other } : message.event === 'addendum' ? { parent: prefix + other } : {}),
})

const idOf = async (sourceId: string): Promise<string | undefined> => (await place.ledger.list({ limit: 1, sourceId })).documents[0]?.id

const WAVE = 16
let runs = 0
test('revisions are dense, deliveries are one of a kind, states follow, and the chain holds', async () => {
  await assert(asyncProperty(aRun, async (deeds) => {
    const prefix = `R${runs++}-`
    const accepted: Accepted[] = []
    const one = async ([deed, here]: (typeof deeds)[number]): Promise<void> => {
      const ledger: Ledger = here ? place.ledger : other.ledger
      if (deed.do === 'upload') {
        const { control } = deed.message
        const arrival = anArrival(place.policy, metadataOf(deed.message, prefix), control === undefined ? {} : { controlKey: `${prefix}${control}` })
        accepted.push(await ledger.accept(arrival))
        return
      }
      const id = await idOf(prefix + deed.name)
      if (!id) return
      const now = place.clock.at.toISOString()
      if (deed.do === 'work') await work({ ledger, policy: place.policy, clock: place.clock }, id, deed.destination, { kind: deed.kind })
      else if (deed.do === 'hold') await ledger.hold(id, 'duty', 'drill', now)
      else if (deed.do === 'lift') await ledger.liftHold(id, 'duty', 'drill', now)
      else await ledger.release(id, 'duty', 'records', 'drill', now)
    }
    // Wave by wave, so that there is something to work on, and much at once in each.
    for (let n = 0; n < deeds.length; n += WAVE) await Promise.all(deeds.slice(n, n + WAVE).map(one))
    const stories: Story[] = []
    for (const name of NAMES) {
      const id = await idOf(prefix + name)
      if (id) stories.push((await place.ledger.story(id))!)
    }
    for (const story of stories) await check(story)
    const stored = accepted.filter(({ kind }) => kind === 'stored')
    expect(stories.flatMap(({ receipts }) => receipts)).toHaveLength(stored.length)
    const replaced = new Set(stored.flatMap((one) => (one.kind === 'stored' ? one.id : [])))
    expect([...replaced].sort()).toEqual(stories.map(({ id }) => id).sort())
    expect(await place.ledger.verifyChain()).toBeUndefined()
  }), { numRuns: 12 })
}, 120_000)

const check = async (story: Story): Promise<void> => {
  const { rows } = await place.pool.query('select revision from revisions where document_id = $1 order by revision', [story.id])
  expect(rows.map(({ revision }) => revision)).toEqual(Array.from({ length: story.revision }, (_, n) => n + 1))
  expect(story.receipts.flatMap(({ revision }) => revision ?? []).sort((a, b) => a - b)).toEqual(rows.map(({ revision }) => revision))
  const { rows: [document] } = await place.pool.query('select * from documents where id = $1', [story.id])
  const keys = story.deliveries.map(({ destination, identifier }) => `${destination} ${identifier}`)
  expect(new Set(keys).size).toBe(keys.length)
  expect(story.state).toBe(documentState(story.decision, document.identifier, story.deliveries))
  expect([document.route, document.rule]).toEqual([story.decision.route, story.decision.rule])
  // What must not be with the patient is on its way back, is gone, or waits for somebody with the reason.
  if (document.cancelled || document.superseded || document.held) {
    expect(story.decision.route).toBe('withhold')
    for (const { standing, state, dueAt } of story.deliveries) {
      if (standing !== 'present' && standing !== 'unsure') continue
      expect(['recalling', 'failed', 'blocked', 'printed']).toContain(state)
      if (state === 'recalling') expect(dueAt).toBeDefined()
    }
  }
  for (const { attempts, state } of story.deliveries) {
    expect(attempts.filter(({ outcome }) => outcome === 'started')).toEqual([])
    if (state === 'owed') expect(story.deliveries.some(({ dueAt }) => dueAt !== undefined)).toBe(true)
  }
  const sent = story.deliveries.flatMap(({ attempts }) => attempts.map(({ id }) => id))
  expect(story.events.filter(({ kind }) => kind === 'attempt-started').map(({ detail }) => detail['attempt']).sort()).toEqual(sent.sort())
  expect(story.events.filter(({ kind }) => kind === 'attempt-ended')).toHaveLength(sent.length)
}

test('many distinct uploads over two processes are each kept once', async () => {
  const all = await Promise.all(Array.from({ length: 300 }, (_, n) => (n % 2 ? place.ledger : other.ledger).accept(anArrival(place.policy, { documentId: `M-${n % 150}`, name: `CLIN ${n % 150}.pdf` }))))
  expect(all.filter(({ kind }) => kind === 'stored')).toHaveLength(150)
  expect(all.filter(({ kind }) => kind === 'repeat')).toHaveLength(150)
  const { rows } = await place.pool.query(`select count(*)::int as n, count(distinct source_id)::int as names from documents where source_id like 'M-%'`)
  expect(rows).toEqual([{ n: 150, names: 150 }])
})

test('and nobody ever waited for somebody who waited for him', async () => {
  await place.pool.query('select pg_stat_force_next_flush()')
  const { rows } = await place.pool.query('select deadlocks::int from pg_stat_database where datname = current_database()')
  expect(rows).toEqual([{ deadlocks: 0 }])
})
