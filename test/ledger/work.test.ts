import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DocumentLock, Story, Work } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { ADA, BEN, planBy } from '../support/documents.ts'
import { aLedger, ending, thinking, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
})
afterAll(() => place.close())

let nth = 0
const fresh = () => `RIO-W${++nth}`
const iso = (secs = 0) => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const delivery = async (id: string, at = 0) => (await story(id)).deliveries[at]!
const begin = (lock: DocumentLock) => lock.begin(thinking(place.policy, place.clock.at), iso())
const due = async (destination = 'pkb', until = iso()) => (await place.ledger.due(destination, until, 1000)).map(({ documentId }) => documentId)

/** Cuts the connection on which the ledger holds its locks, as a restarting server does. */
const cutLocks = (at: TestLedger) =>
  at.pool.query(`select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)

describe('a lock', () => {
  test('is one worker’s: not another task’s of this process, nor another process’s', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const other = await place.another()
    const lock = await place.ledger.lock(id, 'pkb')
    expect(lock).toBeDefined()
    expect(await place.ledger.lock(id, 'pkb')).toBeUndefined()
    expect(await other.ledger.lock(id, 'pkb')).toBeUndefined()
    const elsewhere = await other.ledger.lock(id, 'print')
    expect(elsewhere).toBeDefined()
    await elsewhere!.release()
    await lock!.release()
    await lock!.release()
    const next = await other.ledger.lock(id, 'pkb')
    expect(next).toBeDefined()
    expect(await place.ledger.lock(id, 'pkb')).toBeUndefined()
    await other.close()
    // Whoever goes gives back what he held.
    const again = await until('the lock is free', () => place.ledger.lock(id, 'pkb'))
    await again.release()
  })

  test('whose connection is lost lets nothing go on, and others take it', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const begun = (await begin(lock))!
    await cutLocks(place)
    await expect(lock.finish(ending(begun, {}, place.clock.at))).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    await expect(begin(lock)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    const next = await until('a lock on a new connection', () => place.ledger.lock(id, 'pkb').catch(() => undefined))
    // What was started is unsure: the next worker looks before it sends.
    const again = (await begin(next))!
    expect(again.work.deliveries).toMatchObject([{ standing: 'unsure', standingRevision: 1 }])
    expect(again.thought.step).toMatchObject({ do: 'exchange', action: 'look' })
    // The first worker's end comes too late.
    await expect(lock.finish(ending(begun, {}, place.clock.at))).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    await lock.release()
    expect(await place.ledger.lock(id, 'pkb')).toBeUndefined()
    await next.release()
  })
})

describe('a worker that begins', () => {
  test('is told everything, and the attempt is written down before it goes on', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const { work, thought, attemptId } = (await begin(lock))!
    expect(work).toMatchObject({
      documentId: id, source: 'rio', revision: 1, nhsNumber: ADA.nhsNumber, person: { account: 'registered' }, stops: [],
      prior: { released: 0, held: false, current: { receiptId: work.receipt.id, feed: 'rio-http' } },
      deliveries: [{ state: 'owed', standing: 'nothing' }],
    })
    expect(thought.step).toMatchObject({ do: 'exchange', action: 'create', revision: 1 })
    expect(await story(id)).toMatchObject({
      state: 'sent',
      deliveries: [{ state: 'sending', standing: 'unsure', standingRevision: 1, standingSha256: work.receipt.contents[0]!.sha256, dueAt: iso(60), attempts: [{ id: attemptId, outcome: 'started', action: 'create' }] }],
    })
    await lock.finish(ending((await Promise.resolve({ work, thought, attemptId: attemptId! })), { remoteId: 'R1' }, place.clock.at))
    await lock.release()
    expect(await story(id)).toMatchObject({ state: 'acknowledged', deliveries: [{ state: 'acknowledged', standing: 'present', standingRevision: 1, remoteId: 'R1', lastOutcome: 'accepted', tries: 0, attempts: [{ outcome: 'accepted', code: '201', tookMs: 12 }] }] })
    expect((await delivery(id)).dueAt).toBeUndefined()
    expect((await story(id)).events.map(({ kind }) => kind).slice(-2)).toEqual(['attempt-started', 'attempt-ended'])
  })

  test('on a document that is not there is told so', async () => {
    const lock = (await place.ledger.lock('00000000-0000-4000-8000-000000000009', 'pkb'))!
    expect(await begin(lock)).toBeUndefined()
    await lock.release()
  })

  test('and throws leaves everything as it was', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const before = await story(id)
    const lock = (await place.ledger.lock(id, 'pkb'))!
    await expect(lock.begin(() => { throw new Error('no thought') }, iso())).rejects.toMatchObject({ code: 'INTERNAL' })
    await lock.release()
    expect(await story(id)).toEqual(before)
  })

  test('plans again by what is known now: an account that is gone turns the record into the post', async () => {
    const { id } = await place.upload({ documentId: fresh(), patient: BEN })
    expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'ask-account', nhsNumber: BEN.nhsNumber })
    await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false }, iso())
    const told: string[] = []
    place.ledger.onOwed((owed) => { told.push(...owed.map(({ documentId, destination }) => `${documentId} ${destination}`)) })
    await work(place, id, 'pkb')
    const { route, state, deliveries, events } = await story(id)
    expect({ route, state }).toEqual({ route: 'print', state: 'waiting' })
    expect(deliveries.map(({ destination, state }) => [destination, state]).sort()).toEqual([['pkb', 'closed'], ['print', 'owed']])
    expect(told).toContain(`${id} print`)
    expect(events.filter(({ kind }) => kind === 'decided')).toHaveLength(2)
    expect(await due('print')).toContain(id)
    await work(place, id, 'print')
    expect((await story(id)).state).toBe('printing')
  })

  test('and is refused by the second key leaves it blocked', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const { id: deliveryId } = await delivery(id)
    await lock.begin(() => ({ step: { do: 'block', deliveryId, code: 'SECOND_KEY', detail: 'F1' } }), iso())
    await lock.release()
    expect(await story(id)).toMatchObject({ state: 'blocked', deliveries: [{ state: 'blocked', lastCode: 'SECOND_KEY', lastDetail: 'F1' }] })
    expect(await due()).not.toContain(id)
    expect(await place.ledger.retry(deliveryId, 'clerk', 'please', iso())).toBe(false)
    expect((await place.ledger.troubled(1000)).find((one) => one.id === deliveryId)).toMatchObject({ document: { id, state: 'blocked' } })
  })

  test('and finds nothing to do is not woken for it again', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    await work(place, id, 'pkb')
    await place.pool.query('update deliveries set due_at = $2 where document_id = $1', [id, iso(-1)])
    expect(await due()).toContain(id)
    expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'nothing' })
    expect(await due()).not.toContain(id)
  })

  test('is told of the stops that hold', async () => {
    await place.pool.query(`insert into stops (id, scope, value, actor, reason, at, lifted_at) values
      (gen_random_uuid(), 'all', '', 'duty', 'drill', now(), null), (gen_random_uuid(), 'code', 'CLIN', 'duty', 'over', now(), now())`)
    const { id } = await place.upload({ documentId: fresh() })
    const begun = await work(place, id, 'pkb')
    await place.pool.query('delete from stops')
    expect(begun?.work.stops).toEqual([{ scope: 'all', value: '' }])
    expect(begun?.thought.step).toMatchObject({ do: 'nothing', putOff: expect.anything() })
  })
})

describe('an exchange that ends', () => {
  test('unavailable is tried again at its time', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    await work(place, id, 'pkb', { kind: 'unavailable', code: '503' })
    const { dueAt, ...rest } = await delivery(id)
    expect(rest).toMatchObject({ state: 'owed', standing: 'nothing', tries: 1, lastOutcome: 'unavailable', lastCode: '503' })
    expect(dueAt! > iso()).toBe(true)
    expect(await due()).not.toContain(id)
    expect(await due('pkb', iso(3600))).toContain(id)
  })

  test('refused waits for a person, and a person may ask for another try', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    await work(place, id, 'pkb', { kind: 'refused', code: '422' })
    const { id: deliveryId } = await delivery(id)
    expect((await story(id)).state).toBe('failed')
    expect(await place.ledger.retry(deliveryId, 'clerk', 'mended', iso())).toBe(true)
    expect(await delivery(id)).toMatchObject({ state: 'owed', tries: 0, dueAt: iso() })
    expect((await story(id)).events.at(-1)).toMatchObject({ kind: 'retried', actor: 'clerk', detail: { reason: 'mended' } })
    expect(await place.ledger.retry('00000000-0000-4000-8000-000000000009', 'clerk', '', iso())).toBeUndefined()
    expect(await place.ledger.retry('no-uuid', 'clerk', '', iso())).toBeUndefined()
    await work(place, id, 'pkb')
    expect(await place.ledger.retry(deliveryId, 'clerk', 'again', iso())).toBe(false)
  })

  for (const [kind, name] of [['accepted', 'well'], ['refused', 'badly'], ['unavailable', 'without having come about'], ['unsure', 'without an answer']] as const) {
    test(`${name}, while the document was withheld: what may stand goes back at once`, async () => {
      const documentId = fresh()
      const { id } = await place.upload({ documentId })
      const lock = (await place.ledger.lock(id, 'pkb'))!
      const begun = (await begin(lock))!
      await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z', documentType: 'MH DO NOT share with patient' })
      expect(await story(id)).toMatchObject({ state: 'recalling' })
      await lock.finish(ending(begun, { kind }, place.clock.at))
      await lock.release()
      const after = await delivery(id)
      if (kind === 'accepted' || kind === 'unsure') expect(after).toMatchObject({ state: 'recalling', dueAt: iso() })
      else expect(after).toMatchObject({ state: 'closed', standing: 'nothing' })
      expect((await work(place, id, 'pkb'))?.thought.step).toMatchObject(after.state === 'recalling' ? { do: 'exchange', action: 'recall' } : { do: 'nothing' })
      expect((await story(id)).state).toBe(after.state === 'recalling' ? 'recalled' : 'withheld')
    })
  }

  test('refused, while a new revision came: that one is tried at once', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const begun = (await begin(lock))!
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    await lock.finish(ending(begun, { kind: 'refused', code: '422' }, place.clock.at))
    await lock.release()
    expect(await delivery(id)).toMatchObject({ state: 'owed', dueAt: iso(), lastOutcome: 'refused' })
    expect((await work(place, id, 'pkb'))?.thought.step).toMatchObject({ action: 'create', revision: 2 })
  })

  test('twice is written down once', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const begun = (await begin(lock))!
    await lock.finish(ending(begun, {}, place.clock.at))
    const before = await story(id)
    await lock.finish(ending(begun, { kind: 'refused' }, place.clock.at))
    await lock.release()
    expect(await story(id)).toEqual(before)
  })
})

describe('an exchange whose worker never came back', () => {
  test('is on the sweeper’s list when its time is up, and at once when a ledger is opened', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    await begin(lock)
    const parts = { pool: place.pool, now: () => place.clock.at, newId: crypto.randomUUID.bind(crypto), say: () => {}, accountFreshHours: 24, plan: planBy(place.policy) }
    // Its worker lives: opening another ledger leaves it alone.
    await (await openLedger(parts)).close()
    expect(await due()).not.toContain(id)
    expect(await due('pkb', iso(60))).toContain(id)
    await lock.release()
    await (await openLedger(parts)).close()
    expect(await due()).toContain(id)
    const seen: Work[] = []
    const next = (await place.ledger.lock(id, 'pkb'))!
    await next.begin((work) => { seen.push(work); return thinking(place.policy, place.clock.at)(work) }, iso())
    await next.release()
    expect(seen[0]!.deliveries).toMatchObject([{ state: 'sending', standing: 'unsure', dueAt: iso() }])
  })
})

describe('what is due', () => {
  test('is told recalls first, then the longest due', async () => {
    const other = await aLedger()
    try {
      await other.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, other.clock.at.toISOString())
      const first = await other.upload({ documentId: 'A' })
      await work(other, first.id, 'pkb')
      other.clock.at = new Date(other.clock.at.getTime() + 1000)
      const second = await other.upload({ documentId: 'B' })
      other.clock.at = new Date(other.clock.at.getTime() + 1000)
      const third = await other.upload({ documentId: 'C' })
      await other.ledger.hold(first.id, 'clerk', 'wrong', other.clock.at.toISOString())
      const now = other.clock.at.toISOString()
      expect((await other.ledger.due('pkb', now, 10)).map(({ documentId }) => documentId)).toEqual([first.id, second.id, third.id])
      expect(await other.ledger.due('pkb', now, 1)).toEqual([{ documentId: first.id, dueAt: now }])
      expect((await other.ledger.counts()).oldestOwedSecs).toBe(1)
    } finally {
      await other.close()
    }
  })

  test('has waited since it is owed, however often it was tried and is to be tried again later', async () => {
    const other = await aLedger()
    try {
      await other.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, other.clock.at.toISOString())
      const { id } = await other.upload({ documentId: 'A' })
      for (const kind of ['unavailable', 'unsure', 'unavailable'] as const) {
        other.clock.at = new Date(other.clock.at.getTime() + 600_000)
        await work(other, id, 'pkb', { kind, code: '503' })
      }
      expect((await other.ledger.counts()).oldestOwedSecs).toBe(1800)
    } finally {
      await other.close()
    }
  })

  test('can be put off, unless something changed since', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const { id: deliveryId } = await delivery(id)
    await lock.begin(() => ({ step: { do: 'nothing', putOff: { deliveryId, until: iso(30) } } }), iso())
    await lock.putOff(deliveryId, iso(30))
    expect(await delivery(id)).toMatchObject({ state: 'owed', dueAt: iso(30), tries: 0 })
    await lock.begin(() => ({ step: { do: 'nothing' } }), iso())
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    await lock.putOff(deliveryId, iso(90))
    expect(await delivery(id)).toMatchObject({ dueAt: iso() })
    await lock.release()
  })
})
