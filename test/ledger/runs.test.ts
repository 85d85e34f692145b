// Retry runs over a real ledger with the worker's real rules: what a plan holds, how a run goes, what stops it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Run, RunAsked } from '../../src/ledger/ledger.ts'
import { ADA, aReceipt } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const JANE = { actor: 'jane (pages)', id: 'jane', kind: 'person' } as const
const JOHN = { actor: 'john (pages)', id: 'john', kind: 'person' } as const
const BUSY = { kind: 'unavailable', code: '503', detail: 'asked to wait' } as const
const REFUSED = { kind: 'refused', code: '422', detail: 'processing DocumentReference.type', trace: { correlation: 'x', status: 422, answer: 'processing DocumentReference.type' } } as const

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place?.close())

let nth = 0
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const numbers = [ADA.nhsNumber, '9990000026', '9990000034', '9990000042', '9990000050', '9990000069', '9990000077', '9990000085', '9990000093', '9990000107', '9990000115', '9990000123', '9990000131', '9990000158', '9990000166']
const metadata = (patient: number, overrides: object = {}) => ({ documentId: `RIO-R${++nth}`, uploadedAt: new Date(Date.UTC(2026, 10, 20, 11) + nth * 1000).toISOString(), patient: { ...ADA, nhsNumber: numbers[patient]! }, ...overrides })

/** Letters of these patients, each tried once with this outcome. */
const inTrouble = async (outcome: object, patients: readonly number[], overrides: object = {}) => {
  const ids: string[] = []
  for (const patient of patients) {
    await place.ledger.savePerson(numbers[patient]!, { registered: true, deceased: false }, iso())
    const { id, route } = await place.upload(metadata(patient, overrides))
    expect(route).toBe('pkb')
    ids.push(id)
    await work(place, id, 'pkb', outcome)
    later(1)
  }
  return ids
}
const deliveryOf = async (documentId: string) => (await place.ledger.story(documentId))!.deliveries.find(({ destination }) => destination === 'pkb')!
const deliveries = (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await deliveryOf(id)).id))
const plan = async (ids: readonly string[], asked: Partial<RunAsked> = {}): Promise<Run> => (await place.ledger.planRun({ kind: 'retry', of: { deliveries: await deliveries(ids) }, perMinute: () => 600, ...asked }, { ...JANE, at: iso() }))!
const start = (run: Run, by: typeof JANE | typeof JOHN = JANE) => place.ledger.changeRun(run.id, 'start', { ...by, reason: 'PKB is back', at: iso() })
const turn = async (run: Run) => { later(1); return place.ledger.driveRun(run.id, iso()) }
const now = async (run: Run) => (await place.ledger.run(run.id))!
const statesOf = async (run: Run) => (await place.ledger.runReport(run.id, 1000)).map(({ state }) => state)
const retriedBy = async (documentId: string) => (await place.ledger.story(documentId))!.events.filter(({ kind }) => kind === 'retried')

// So that nothing of one test is in another's group.
beforeEach(async () => {
  for (const { id, state } of await place.ledger.runs(100)) if (!['done', 'cancelled'].includes(state)) await place.ledger.changeRun(id, 'cancel', { ...JANE, reason: 'over', at: iso() })
  const { rows } = await place.pool.query<{ document_id: string }>("select distinct document_id from deliveries where state in ('owed', 'failed', 'blocked', 'sending')")
  for (const { document_id: id } of rows) await place.ledger.hold(id, 'test', 'over', iso())
})

describe('a plan', () => {
  test('says how many documents and patients, and what is not part of it', async () => {
    const [refused] = await inTrouble(REFUSED, [0])
    const busy = await inTrouble(BUSY, [0, 1])
    const [unsure] = await inTrouble({ kind: 'unsure', code: 'TIMEOUT', detail: '' }, [2])
    const gone = await inTrouble(BUSY, [3])
    await place.ledger.hold(gone[0]!, 'duty', 'not for the patient', iso())
    const run = await plan([refused!, ...busy, unsure!, ...gone])
    expect(run).toMatchObject({ kind: 'retry', state: 'planned', plannedBy: 'jane (pages)', part: 3, documents: 3, patients: 3, byClass: { refused: 1, plain: 2, unsure: 1, nothing: 1 }, byState: { waiting: 3, 'left-out': 2 } })
    expect(run.cause).toBeUndefined()
  })

  test('of a group is frozen: what joins it later is counted and not in it', async () => {
    await inTrouble(BUSY, [0, 1])
    const group = (await place.ledger.failures(iso())).groups.find(({ cause }) => cause === 'pkb-down')!
    const run = await plan([], { of: { group: group.key } })
    expect(run).toMatchObject({ group: group.key, cause: 'pkb-down', signature: group.signature, documents: 2 })
    expect(await place.ledger.runNow(run.id, iso())).toMatchObject({ joined: 0, overtaken: 0, stopped: 0, second: false, away: { code: '503' } })
    await inTrouble(BUSY, [2])
    expect((await place.ledger.runNow(run.id, iso()))?.joined).toBe(1)
    expect((await now(run)).documents).toBe(2)
  })

  test('says what a stop holds, and what a newer revision has overtaken', async () => {
    const [first] = await inTrouble(BUSY, [0, 1])
    const run = await plan([first!])
    const stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso()))!
    expect((await place.ledger.runNow(run.id, iso()))?.stopped).toBe(1)
    await place.ledger.liftStop(stop.id, 'duty', 'over', iso())
    const { sourceId } = (await place.ledger.story(first!))!
    await place.upload({ ...metadata(0), documentId: sourceId, title: 'Another' })
    expect((await place.ledger.runNow(run.id, iso()))?.overtaken).toBe(1)
    await start(run)
    await turn(run)
    expect(await statesOf(run)).toEqual(['superseded'])
    expect(await retriedBy(first!)).toEqual([])
  })

  test('of nothing, of nobody\'s deliveries and of several destinations is none', async () => {
    expect(await place.ledger.planRun({ kind: 'retry', of: { group: 'refused-0000000000000000' }, perMinute: () => 60 }, { ...JANE, at: iso() })).toBeUndefined()
    expect(await place.ledger.planRun({ kind: 'retry', of: { deliveries: ['00000000-0000-4000-8000-000000000000'] }, perMinute: () => 60 }, { ...JANE, at: iso() })).toBeUndefined()
  })
})

describe('a run', () => {
  test('tries one, then ten, then the rest, each step when the one before has arrived, and tells each in the log', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    const run = await plan(ids)
    await start(run)
    const owed = async () => { const states = await Promise.all(ids.map(deliveryOf)); return states.map(({ tries }, n) => [ids[n]!, tries === 0] as const).filter(([, isDue]) => isDue).map(([id]) => id) }
    await turn(run)
    expect(await owed()).toEqual([ids[0]])
    for (let n = 0; n < 3; n += 1) await turn(run)
    expect(await owed()).toEqual([ids[0]])
    await work(place, ids[0]!, 'pkb')
    for (let n = 0; n < 5; n += 1) await turn(run)
    expect(await owed()).toEqual(ids.slice(0, 11))
    expect(await now(run)).toMatchObject({ step: 1, state: 'running', byState: { arrived: 1, 'under-way': 10, waiting: 3 } })
    for (const id of ids.slice(1, 11)) await work(place, id, 'pkb')
    for (let n = 0; n < 4; n += 1) await turn(run)
    expect(await owed()).toEqual(ids)
    for (const id of ids.slice(11)) await work(place, id, 'pkb')
    await turn(run)
    expect(await now(run)).toMatchObject({ state: 'done', step: 2, byState: { arrived: 14 }, endedAt: iso() })
    expect((await retriedBy(ids[5]!)).map(({ actor, detail }) => [actor, detail['run'], detail['reason']])).toEqual([['jane (pages)', run.id, 'PKB is back']])
    const told = (await place.ledger.trail({ kinds: [{ kind: 'run' }], limit: 50 })).entries.filter(({ detail }) => detail['run'] === run.id)
    expect(told.map(({ actor, detail }) => [actor, detail['what']])).toEqual([['engine', 'done'], ['jane (pages)', 'start'], ['jane (pages)', 'plan']])
  })

  test('has PKB asked once more about somebody of whom it would not say anything, and stops where it still does not', async () => {
    const silent = '9990000174'
    const { id } = await place.upload(metadata(0, { patient: { ...ADA, nhsNumber: silent } }))
    const { id: next } = await place.upload(metadata(0, { patient: { ...ADA, nhsNumber: silent } }))
    for (let times = 0; times < 9; times += 1) await place.ledger.accountRefused(silent, '422', iso())
    const wanted = async () => place.ledger.accountsWanted(new Date(place.clock.at.getTime() - 24 * 3_600_000).toISOString(), 10, {})
    later(60)
    expect(await wanted()).not.toContain(silent)
    const run = await plan([id, next])
    await start(run)
    await turn(run)
    expect(await wanted()).toContain(silent)
    expect(await statesOf(run)).toEqual(['under-way', 'waiting'])
    await place.ledger.accountRefused(silent, '422', iso())
    await turn(run)
    expect(await now(run)).toMatchObject({ state: 'stopped', why: 'same-failure', byState: { failed: 1, waiting: 1 } })
    expect((await place.ledger.runReport(run.id, 10))[0]).toMatchObject({ state: 'failed', lastCode: '422' })
  })

  test('says what is part of another run that has not ended, and tells first what failed', async () => {
    const ids = await inTrouble(BUSY, [0, 1])
    const [one, other] = [await plan(ids), await plan(ids)]
    expect((await place.ledger.runNow(other.id, iso()))?.shared).toBe(0)
    await start(one)
    expect((await place.ledger.runNow(other.id, iso()))?.shared).toBe(2)
    expect((await place.ledger.runNow(one.id, iso()))?.shared).toBe(0)
    await turn(one)
    await work(place, ids[0]!, 'pkb')
    expect((await place.ledger.runNow(other.id, iso()))?.shared).toBe(2)
    for (let n = 0; n < 3; n += 1) await turn(one)
    expect((await place.ledger.runNow(other.id, iso()))?.shared).toBe(1)
    await work(place, ids[1]!, 'pkb', BUSY)
    await turn(one)
    expect(await statesOf(one)).toEqual(['arrived', 'failed'])
    expect((await place.ledger.runReport(one.id, 10, { failedFirst: true })).map(({ state }) => state)).toEqual(['failed', 'arrived'])
    expect((await place.ledger.runNow(other.id, iso()))?.shared).toBe(0)
  })

  test('keeps a patient\'s letters in the order in which they were written', async () => {
    const [first] = await inTrouble(BUSY, [0])
    const second = await inTrouble(BUSY, [0])
    const run = await plan([second[0]!, first!])
    await start(run)
    expect((await place.ledger.runReport(run.id, 10)).map(({ documentId }) => documentId)).toEqual([first, second[0]])
    await turn(run)
    await work(place, first!, 'pkb')
    await turn(run); await turn(run)
    expect(await statesOf(run)).toEqual(['arrived', 'under-way'])
    await work(place, second[0]!, 'pkb')
    await turn(run)
    expect((await now(run)).state).toBe('done')
  })

  test('sends no second letter of a patient while the first is under way, in a later step either', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 1])
    const run = await plan(ids)
    await start(run)
    await turn(run)
    await work(place, ids[0]!, 'pkb')
    for (let n = 0; n < 4; n += 1) await turn(run)
    expect([(await now(run)).step, await statesOf(run)]).toEqual([1, ['arrived', 'under-way', 'waiting']])
  })

  test('begins with another one where the first had nothing to do any more', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 2])
    const run = await plan(ids)
    await start(run)
    await turn(run)
    await place.ledger.hold(ids[0]!, 'duty', 'not for the patient', iso())
    for (let n = 0; n < 4; n += 1) await turn(run)
    expect([(await now(run)).step, await statesOf(run)]).toEqual([0, ['superseded', 'under-way', 'waiting']])
  })

  test('keeps the order in which they came in where RiO gives them the same time', async () => {
    const ids: string[] = []
    for (let n = 0; n < 6; n += 1) {
      const { id } = await place.upload({}, { receipt: aReceipt(metadata(0, { uploadedAt: '2026-11-20T11:00:00Z' }), { receivedAt: iso() }) })
      await work(place, id, 'pkb', BUSY)
      ids.push(id)
      later(1)
    }
    const run = await plan(ids.toReversed())
    expect((await place.ledger.runReport(run.id, 10)).map(({ documentId }) => documentId)).toEqual(ids)
  })

  test('stops by itself where the first fails as before, and a person has it go on, with one again', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 2])
    const run = await plan(ids)
    await start(run)
    await turn(run)
    await work(place, ids[0]!, 'pkb', BUSY)
    expect(await turn(run)).toEqual({ tried: 0, became: 'stopped', why: 'same-failure' })
    for (let n = 0; n < 3; n += 1) await turn(run)
    expect(await now(run)).toMatchObject({ state: 'stopped', why: 'same-failure', byState: { failed: 1, waiting: 2 } })
    await place.ledger.changeRun(run.id, 'go-on', { ...JANE, reason: 'PKB says it is mended', at: iso() })
    await turn(run); await turn(run); await turn(run)
    expect(await now(run)).toMatchObject({ state: 'running', step: 0, byState: { failed: 1, 'under-way': 1, waiting: 1 } })
    await work(place, ids[1]!, 'pkb', { kind: 'refused', code: '400', detail: '' })
    expect(await turn(run)).toMatchObject({ became: 'stopped', why: 'failed-first' })
  })

  test('never retries what was refused unless a person says what has changed, not even where it was refused since the plan', async () => {
    const refused = await inTrouble(REFUSED, [0, 1])
    const run = await plan(refused)
    await expect(start(run)).rejects.toMatchObject({ code: 'RUN_NOT_POSSIBLE' })
    const [busy] = await inTrouble(BUSY, [2])
    const late = await plan([busy!])
    later(60)
    await work(place, busy!, 'pkb', REFUSED)
    expect((await deliveryOf(busy!)).state).toBe('failed')
    await start(late)
    await turn(late)
    expect([await statesOf(late), (await deliveryOf(busy!)).state, await retriedBy(busy!)]).toEqual([['not-done'], 'failed', []])

    const again = (await place.ledger.planRun({ kind: 'retry', of: { run: run.id }, changed: 'the type of letters was mended', perMinute: () => 600 }, { ...JANE, at: iso() }))!
    expect([again.part, (await now(run)).state]).toEqual([2, 'cancelled'])
    await start(again)
    await turn(again)
    expect((await deliveryOf(refused[0]!)).state).toBe('owed')
    expect((await retriedBy(refused[0]!))[0]?.detail['reason']).toContain('the type of letters was mended')
    expect((await deliveryOf(refused[1]!)).state).toBe('failed')
  })

  test('retries nothing that was refused since it was planned: by then what had changed did not help', async () => {
    const [refused, busy] = [...await inTrouble(REFUSED, [0]), ...await inTrouble(BUSY, [1])]
    const [first, second] = [await plan([refused!, busy!], { changed: 'the type of letters was mended' }), await plan([refused!, busy!], { changed: 'the type of letters was mended' })]
    later(60)
    await work(place, busy!, 'pkb', REFUSED)
    await start(first)
    await start(second)
    await turn(first)
    await work(place, refused!, 'pkb', REFUSED)
    for (let n = 0; n < 3; n += 1) { await turn(first); await turn(second) }
    expect([await now(first), await now(second)]).toMatchObject([{ state: 'stopped', byState: { failed: 1, waiting: 1 } }, { state: 'done', byState: { 'not-done': 2 } }])
    await place.ledger.changeRun(first.id, 'go-on', { ...JANE, reason: 'on', at: iso() })
    await turn(first); await turn(first)
    expect(await now(first)).toMatchObject({ state: 'done', byState: { failed: 1, 'not-done': 1 } })
    expect([await retriedBy(refused!), await retriedBy(busy!)].map((those) => those.length)).toEqual([1, 0])
  })

  test('says what a stop holds of what is under way, and waits for it', async () => {
    const ids = await inTrouble(BUSY, [0, 1])
    const run = await plan(ids)
    await start(run)
    await turn(run)
    const stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso()))!
    later(60)
    await work(place, ids[0]!, 'pkb')
    for (let n = 0; n < 5; n += 1) await turn(run)
    expect([(await now(run)).byState, (await place.ledger.runNow(run.id, iso()))?.stopped]).toEqual([{ 'under-way': 1, waiting: 1 }, 2])
    await place.ledger.liftStop(stop.id, 'duty', 'over', iso())
    await work(place, ids[0]!, 'pkb')
    await turn(run); await turn(run); await turn(run)
    expect((await now(run)).byState).toEqual({ arrived: 1, 'under-way': 1 })
  })

  test('pauses, goes on and is cancelled: what was not tried is not', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 2])
    const run = await plan(ids)
    await expect(place.ledger.changeRun(run.id, 'pause', { ...JANE, reason: 'wait', at: iso() })).rejects.toMatchObject({ code: 'RUN_NOT_POSSIBLE' })
    await start(run)
    await turn(run)
    await place.ledger.changeRun(run.id, 'pause', { ...JOHN, reason: 'wait', at: iso() })
    await work(place, ids[0]!, 'pkb')
    await turn(run); await turn(run)
    expect(await statesOf(run)).toEqual(['arrived', 'waiting', 'waiting'])
    await place.ledger.changeRun(run.id, 'go-on', { ...JOHN, reason: 'on', at: iso() })
    await turn(run); await turn(run)
    expect((await now(run)).byState['under-way']).toBeGreaterThan(0)
    await place.ledger.changeRun(run.id, 'cancel', { ...JOHN, reason: 'enough', at: iso() })
    for (const id of ids) await work(place, id, 'pkb')
    await turn(run)
    const after = await now(run)
    expect([after.state, after.byState['waiting'], after.byState['under-way']]).toEqual(['cancelled', undefined, undefined])
  })

  test('is driven by one process at a time, and goes on in another after the first is gone', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 2, 3])
    const run = await plan(ids)
    await start(run)
    const other = await place.another()
    try {
      later(1)
      const both = await Promise.all([place.ledger.driveRun(run.id, iso()), other.ledger.driveRun(run.id, iso()), place.ledger.driveRun(run.id, iso()), other.ledger.driveRun(run.id, iso())])
      expect(both.reduce((sum, { tried }) => sum + tried, 0)).toBe(1)
      await work(place, ids[0]!, 'pkb')
      expect(await other.ledger.runsUnderWay()).toContain(run.id)
      for (let n = 0; n < 3; n += 1) { later(1); await other.ledger.driveRun(run.id, iso()) }
      expect((await now(run)).byState).toEqual({ arrived: 1, 'under-way': 3 })
      for (const id of ids) expect(await retriedBy(id)).toHaveLength(1)
    } finally {
      await other.close()
    }
  })

  test('keeps to its rate', async () => {
    const ids = await inTrouble(BUSY, [0, 1, 2, 3])
    const run = await plan(ids, { perMinute: () => 6 })
    await start(run)
    await turn(run)
    await work(place, ids[0]!, 'pkb')
    for (let n = 0; n < 11; n += 1) await turn(run)
    expect((await now(run)).byState).toMatchObject({ arrived: 1, 'under-way': 1, waiting: 2 })
  })
})

describe('a letter that a person wants posted', () => {
  const post = (id: string) => place.ledger.printInstead(id, { ...JANE, reason: 'PKB cannot take it', at: iso() })

  test('goes by post instead, and PKB gets nothing', async () => {
    const [id] = await inTrouble(REFUSED, [0])
    expect(await post(id!)).toEqual({ kind: 'done' })
    expect(await place.ledger.story(id!)).toMatchObject({ route: 'print', rule: 'posted-by-a-person', deliveries: [{ destination: 'pkb', state: 'closed' }, { destination: 'print', state: 'owed' }] })
    expect((await place.ledger.story(id!))?.events.find(({ kind }) => kind === 'posted-instead')).toMatchObject({ actor: 'jane (pages)', detail: { because: 'person', reason: 'PKB cannot take it' } })
    await work(place, id!, 'pkb')
    await work(place, id!, 'print')
    expect((await place.ledger.story(id!))?.state).toBe('printing')
    expect(await post(id!)).toEqual({ kind: 'not-meant' })
  })

  test('is taken back first where a copy stands, or may stand', async () => {
    for (const stands of ['present', 'unsure'] as const) {
      const [id] = await inTrouble(stands === 'unsure' ? { kind: 'unsure', code: 'TIMEOUT', detail: '' } : {}, [0])
      if (stands === 'present') {
        const { sourceId } = (await place.ledger.story(id!))!
        await place.upload({ ...metadata(0), documentId: sourceId, title: 'Second version' })
        await work(place, id!, 'pkb', REFUSED)
      }
      expect((await deliveryOf(id!)).standing).toBe(stands)
      expect(await post(id!)).toEqual({ kind: 'done' })
      expect((await place.ledger.story(id!))?.deliveries.map(({ destination, state }) => [destination, state])).toEqual([['pkb', 'recalling']])
      later(60)
      expect((await work(place, id!, 'pkb'))?.thought.step).toMatchObject({ do: 'exchange', action: 'recall' })
      // What may still come to stand is taken back once more when it can come no more.
      if (stands === 'unsure') { later(7200); await work(place, id!, 'pkb') }
      expect((await place.ledger.story(id!))?.deliveries.map(({ destination, state }) => [destination, state])).toEqual([['pkb', 'recalled'], ['print', 'owed']])
    }
  })

  test('stays where the floor forbids print, and where it has arrived', async () => {
    const [homeless] = await inTrouble(REFUSED, [0], { patient: { ...ADA, address: undefined } })
    expect(await post(homeless!)).toMatchObject({ kind: 'kept', because: expect.stringContaining('F13') })
    expect(await place.ledger.story(homeless!)).toMatchObject({ route: 'pkb', state: 'failed' })
    const [there] = await inTrouble({}, [1])
    expect(await post(there!)).toEqual({ kind: 'not-meant' })
  })

  test('goes with others by a run', async () => {
    const ids = await inTrouble(REFUSED, [0, 1])
    const run = await plan(ids, { kind: 'print' })
    expect(run.part).toBe(2)
    await start(run)
    for (const id of ids) { await turn(run); await turn(run); await work(place, id, 'print') }
    await turn(run)
    expect(await now(run)).toMatchObject({ state: 'done', byState: { printed: 2 } })
  })
})

test('a document is decided again for good and tried again', async () => {
  const [id] = await inTrouble(REFUSED, [0])
  const again = await place.ledger.decideAgain(id!, { ...JANE, reason: 'the mapping was mended', at: iso(), policy: (await place.ledger.policyInForce())?.hash ?? '' }).catch((error: { code: string }) => error.code)
  expect(again).toBe('POLICY_NOT_IN_FORCE')
  await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, iso())
  expect(await place.ledger.decideAgain(id!, { ...JANE, reason: 'the mapping was mended', at: iso(), policy: place.policy.hash })).toMatchObject({ tried: true })
  expect((await deliveryOf(id!)).state).toBe('owed')
})

test('the resource that is shown is the one that is sent, also where the same decision makes another one by now', async () => {
  const [retried, decided] = await inTrouble(BUSY, [0, 1])
  const title = async (id: string) => (await place.ledger.story(id))!.resource.description
  const before = await title(retried!)
  await place.pool.query("update revisions set resource = (resource::jsonb || '{\"description\": \"made by an earlier version\"}')::json where document_id = any($1::uuid[])", [[retried, decided]])
  later(60)
  await work(place, retried!, 'pkb')
  await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, iso())
  expect(await place.ledger.decideAgain(decided!, { ...JANE, reason: 'the program was mended', at: iso(), policy: place.policy.hash })).toMatchObject({ kind: 'unchanged' })
  expect([await title(retried!), await title(decided!)]).toEqual([before, before])
})
