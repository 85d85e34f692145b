// The stop switch on the real ledger with the worker's real rules: what it holds, and that nothing begins past it.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Ledger, Stop } from '../../src/ledger/ledger.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, thinking, work, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger
beforeEach(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
})
afterEach(() => place.close())

const ALL = { scope: 'all', value: '' } as const
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const pull = (stop: Stop = ALL) => place.ledger.pullStop(stop, 'duty manager', 'the wrong template went out', iso())
const started = async (): Promise<readonly string[]> => (await place.pool.query<{ id: string }>("select id from attempts where action in ('create', 'update') order by id")).rows.map(({ id }) => id)
const due = async () => (await place.ledger.due('pkb', iso(), 1000)).map(({ documentId }) => documentId)
const log = async () => (await place.pool.query<{ kind: string; actor: string; detail: string }>("select kind, actor, detail from events where kind like 'stop%' order by seq")).rows

/** As the worker does it: what has to wait is put off. */
const turn = async (id: string, destination: string): Promise<void> => {
  const lock = (await place.ledger.lock(id, destination))!
  const begun = await lock.begin(thinking(place.policy, place.clock.at), iso())
  const step = begun?.thought.step
  if (step?.do === 'nothing' && step.putOff) await lock.putOff(step.putOff.deliveryId, step.putOff.until)
  await lock.release()
}

describe('a stop', () => {
  test('says who pulled it, when and why, in every process and after a restart', async () => {
    const stop = await pull({ scope: 'service', value: ' ADULT1 ' })
    expect(stop).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/u), scope: 'service', value: 'ADULT1', actor: 'duty manager', reason: 'the wrong template went out', at: iso() })
    const another = await place.another()
    expect(await another.ledger.stops()).toEqual([stop])
    await another.close()
  })

  test('is pulled once, however its name is written, and a different one beside it', async () => {
    await pull({ scope: 'code', value: 'CLIN' })
    expect(await pull({ scope: 'code', value: ' clin ' })).toBeUndefined()
    expect(await pull({ scope: 'service', value: 'CLIN' })).toMatchObject({ scope: 'service' })
    const twice = await Promise.all([pull(), pull(), pull()])
    expect(twice.filter((one) => one !== undefined)).toHaveLength(1)
    expect(await place.ledger.stops()).toHaveLength(3)
  })

  test('that names nothing is refused', async () => {
    await expect(pull({ scope: 'service', value: '  ' })).rejects.toMatchObject({ code: 'QUERY_INVALID' })
    expect(await place.ledger.stops()).toEqual([])
  })

  test('stands in the chained log with its lifting', async () => {
    const stop = (await pull())!
    later(60)
    const lifted = await place.ledger.liftStop(stop.id, 'head of records', 'the template was mended', iso())
    expect(lifted).toEqual({ ...stop, lifted: { at: iso(), actor: 'head of records', reason: 'the template was mended' } })
    expect(await log()).toEqual([
      { kind: 'stop', actor: 'duty manager', detail: JSON.stringify({ stop: stop.id, ...ALL, reason: 'the wrong template went out' }) },
      { kind: 'stop-lifted', actor: 'head of records', detail: JSON.stringify({ stop: stop.id, ...ALL, reason: 'the template was mended' }) },
    ])
    expect(await place.ledger.verifyChain()).toBeUndefined()
    expect([await place.ledger.stops(), await place.ledger.stops({ lifted: true })]).toEqual([[], [lifted]])
  })

  test('is lifted once, and can be pulled again after that', async () => {
    const stop = (await pull())!
    const lift = (id: string) => place.ledger.liftStop(id, 'head of records', 'over', iso())
    expect((await Promise.all([lift(stop.id), lift(stop.id)])).filter((one) => one !== undefined)).toHaveLength(1)
    for (const id of [stop.id, 'nonsense', '00000000-0000-4000-8000-000000000000']) expect(await lift(id)).toBeUndefined()
    expect(await pull()).toMatchObject(ALL)
    expect((await log()).map(({ kind }) => kind)).toEqual(['stop', 'stop-lifted', 'stop'])
  })
})

describe('while a stop is in force', () => {
  test('letters to PKB and to print wait, and recalls go', async () => {
    const sent = await place.upload({ documentId: 'S-1' })
    await work(place, sent.id, 'pkb')
    const [waits, prints] = [await place.upload({ documentId: 'S-2' }), await place.upload({ documentId: 'S-3', team: 'CAMHS1' })]
    await pull()
    for (const [id, destination] of [[waits.id, 'pkb'], [prints.id, 'print']] as const) expect((await work(place, id, destination))?.thought.step).toMatchObject({ do: 'nothing', putOff: {} })
    expect(await place.ledger.waiting()).toEqual(expect.arrayContaining([{ team: 'ADULT1', code: 'CLIN', deliveries: 1 }, { team: 'CAMHS1', code: 'CLIN', deliveries: 1 }]))
    await place.ledger.hold(sent.id, 'duty manager', 'sent in error', iso())
    await work(place, sent.id, 'pkb')
    expect((await place.ledger.story(sent.id))?.state).toBe('recalled')
  })

  test('only what it names waits', async () => {
    await pull({ scope: 'code', value: 'appt' })
    const [clinic, appointment] = [await place.upload({ documentId: 'S-4' }), await place.upload({ documentId: 'S-5', name: 'APPT Appointment.pdf' })]
    await work(place, clinic.id, 'pkb')
    await work(place, appointment.id, 'pkb')
    expect([(await place.ledger.story(clinic.id))?.state, (await place.ledger.story(appointment.id))?.state]).toEqual(['acknowledged', 'waiting'])
  })

  test('and when it is lifted, what it held is due at once, and what waits for another reason is not', async () => {
    const [held, tried] = [await place.upload({ documentId: 'S-6' }), await place.upload({ documentId: 'S-7' })]
    await work(place, tried.id, 'pkb', { kind: 'unavailable', code: '503' })
    const stop = (await pull())!
    await turn(held.id, 'pkb')
    later(1)
    expect(await due()).toEqual([])
    const told: string[] = []
    place.ledger.onOwed((owed) => told.push(...owed.map(({ documentId, dueAt }) => `${documentId} ${dueAt}`)))
    await place.ledger.liftStop(stop.id, 'head of records', 'over', iso())
    expect([await due(), told]).toEqual([[held.id], [`${held.id} ${iso()}`]])
    await work(place, held.id, 'pkb')
    expect((await place.ledger.story(held.id))?.state).toBe('acknowledged')
  })

  test('a lifted stop on one service makes nothing of another due', async () => {
    const [mine, other] = [await place.upload({ documentId: 'S-8' }), await place.upload({ documentId: 'S-9', team: 'CAMHS1' })]
    const [all, service] = [(await pull())!, (await pull({ scope: 'service', value: 'adult1' }))!]
    await turn(mine.id, 'pkb')
    await turn(other.id, 'print')
    later(1)
    await place.ledger.liftStop(service.id, 'head of records', 'over', iso())
    expect([await due(), await place.ledger.due('print', iso(), 10)]).toEqual([[mine.id], []])
    expect(await place.ledger.stops()).toEqual([all])
  })
})

describe('nothing begins after a stop was pulled', () => {
  const begin = async (ledger: Ledger, id: string) => {
    const lock = (await ledger.lock(id, 'pkb'))!
    try { return await lock.begin(thinking(place.policy, place.clock.at), iso()) } finally { await lock.release() }
  }

  test('not even what had looked before it and had not begun yet: the stop waits for that', async () => {
    const other = await place.another()
    const [first, second] = [await place.upload({ documentId: 'N-1' }), await place.upload({ documentId: 'N-2' })]
    // A hand on the delivery keeps a worker that has seen no stop from writing down that it begins.
    const hand = await place.pool.connect()
    await hand.query('begin')
    await hand.query('select 1 from deliveries where document_id = $1 for update', [first.id])
    const begun = begin(place.ledger, first.id)
    await until('the worker waits', async () => (await place.pool.query("select 1 from pg_locks where not granted and locktype in ('transactionid', 'tuple')")).rows.length > 0)
    let resolved = false
    const pulling = async (): Promise<void> => { await other.ledger.pullStop(ALL, 'duty manager', 'the wrong template went out', iso()); resolved = true }
    const pulled = pulling()
    await until('the stop is in force', async () => (await place.ledger.stops()).length === 1)
    // Who looks from now on sees it, in either process.
    expect((await begin(other.ledger, second.id))?.thought.step).toMatchObject({ do: 'nothing' })
    await delay(50)
    expect([resolved, (await started()).length]).toEqual([false, 0])
    await hand.query('rollback')
    hand.release()
    expect((await begun)?.thought.step).toMatchObject({ do: 'exchange' })
    await pulled
    expect(await started()).toHaveLength(1)
    await other.close()
  })

  test('with two workers that go on all the time, whenever it is pulled', async () => {
    const other = await place.another()
    let rounds = 0
    for (const wait of [0, 3, 10, 20, 40]) {
      const ids = await Promise.all(Array.from({ length: 60 }, async (_, n) => (await place.upload({ documentId: `R-${wait}-${n}` })).id))
      const worker = async (ledger: Ledger, mine: readonly string[]): Promise<void> => { for (const id of mine) await begin(ledger, id) }
      const half = (odd: number) => ids.filter((_, n) => n % 2 === odd)
      const workers = Promise.all([worker(place.ledger, half(0)), worker(other.ledger, half(1))])
      await delay(wait)
      const stop = (await pull())!
      const atOnce = await started()
      await workers
      expect(await started()).toEqual(atOnce)
      if (atOnce.length > 0 && atOnce.length % 60 !== 0) rounds += 1
      await place.ledger.liftStop(stop.id, 'duty manager', 'over', iso())
      await place.pool.query('truncate attempts')
    }
    // Some were caught in the middle of it.
    expect(rounds).toBeGreaterThan(0)
    await other.close()
  })

  test('and a backup that reads every table meanwhile holds it up for nothing', async () => {
    const backup = await place.pool.connect()
    await backup.query('begin isolation level repeatable read, read only')
    await backup.query('select (select count(*) from stops), (select count(*) from documents)')
    expect(await pull()).toMatchObject(ALL)
    await backup.query('rollback')
    backup.release()
  })
})
