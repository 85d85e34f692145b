import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DocumentLock, Story, Work } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import type { Outcome, Transport } from '../../src/types.ts'
import { aContent, ADA, aReceipt, BEN, planBy } from '../support/documents.ts'
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
    await lock.finish(ending({ work, thought, attemptId: attemptId!, at: iso() }, { remoteId: 'R1' }, place.clock.at))
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

  test('is told that somebody has to be asked about, and the answer that there is no account turns the record into the post', async () => {
    const { id } = await place.upload({ documentId: fresh(), patient: BEN })
    expect((await work(place, id, 'pkb'))?.thought.step).toEqual({ do: 'ask-account', nhsNumber: BEN.nhsNumber })
    const told: string[] = []
    place.ledger.onOwed((owed) => { told.push(...owed.map(({ documentId, destination }) => `${documentId} ${destination}`)) })
    await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false }, iso())
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
      // What had no answer may still come.
      if (kind === 'unsure') {
        expect((await story(id)).state).toBe('recalling')
        place.clock.at = new Date(iso(place.policy.destinations.pkb!.settle_secs))
        await work(place, id, 'pkb')
      }
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

describe('what is remembered of a copy at PKB', () => {
  /** Under a channel that sends by HL7; `secs` moves the clock first. */
  const by = async (transport: Transport, id: string, outcome: Partial<Outcome> = {}, secs = 1) => {
    const policy = { ...place.policy, destinations: { ...place.policy.destinations, pkb: { ...place.policy.destinations.pkb!, transport } } }
    place.clock.at = new Date(place.clock.at.getTime() + secs * 1000)
    return work({ ...place, policy }, id, 'pkb', outcome)
  }
  const HL7 = 'hl7-soap'
  const withhold = (documentId: string) => place.upload({ documentId, uploadedAt: `2026-11-20T12:00:${String(++nth % 60).padStart(2, '0')}Z`, documentType: 'MH DO NOT share with patient' })

  test('by which transport, when it was sent and when that was acknowledged; with the trace of the attempt', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    const trace = { correlation: '11111111-0000-4000-8000-000000000000', requestSha256: 'a'.repeat(64), requestBytes: 1234, status: 200, answer: 'AA' }
    await by(HL7, id, { code: 'AA', trace })
    expect(await delivery(id)).toMatchObject({ standing: 'present', via: [HL7], sentAt: iso(), acknowledgedAt: iso(), attempts: [{ outcome: 'accepted', trace }] })
    expect((await story(id)).events.at(-1)).toMatchObject({ kind: 'attempt-ended', detail: { correlation: trace.correlation } })
  })

  test('both transports while nobody knows, and one as soon as it is known', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await by('fhir', id)
    const sentAt = iso()
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    await by(HL7, id, { kind: 'unavailable', code: '503' })
    expect(await delivery(id)).toMatchObject({ standing: 'present', standingRevision: 1, via: ['fhir'], acknowledgedAt: sentAt })
    await by(HL7, id, { kind: 'unsure', code: 'TIMEOUT' }, 120)
    expect(await delivery(id)).toMatchObject({ standing: 'unsure', standingRevision: 2, via: ['fhir', HL7], sentAt: iso(), acknowledgedAt: sentAt })
    await by(HL7, id, { code: 'AA' }, 3600)
    expect(await delivery(id)).toMatchObject({ standing: 'present', standingRevision: 2, via: [HL7], acknowledgedAt: iso() })
  })

  test('what was read is read for as long as the content is the same', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await by(HL7, id)
    const readAt = iso(5)
    await place.pool.query('update deliveries set read_at = $2 where document_id = $1', [id, readAt])
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z' })
    await by(HL7, id)
    expect(await delivery(id)).toMatchObject({ standingRevision: 2, readAt })
    const receipt = aReceipt({ documentId, uploadedAt: '2026-11-20T12:30:00Z' }, { contents: [aContent('another letter')] })
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:30:00Z' }, { receipt })
    await by(HL7, id)
    expect(await delivery(id)).toMatchObject({ standingRevision: 3, acknowledgedAt: iso() })
    expect(await delivery(id)).not.toHaveProperty('readAt')
  })

  test('taken back, and nobody saw it: that is said until it is sent again', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await by(HL7, id)
    await withhold(documentId)
    await by(HL7, id, { code: 'AA' })
    const after = await delivery(id)
    expect(after).toMatchObject({ state: 'recalled', standing: 'recalled', unconfirmed: true })
    expect(after).not.toHaveProperty('via')
    expect(after).not.toHaveProperty('recallUnsureAt')
    await place.upload({ documentId, uploadedAt: '2026-11-20T13:00:00Z' })
    await by(HL7, id)
    expect(await delivery(id)).toMatchObject({ standing: 'present', via: [HL7] })
    expect(await delivery(id)).not.toHaveProperty('unconfirmed')
  })

  test('a worker that dies with a recall on its way: what is sent after it waits until that has come or is lost', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await by(HL7, id)
    await withhold(documentId)
    const dying = await place.another()
    const lock = (await dying.ledger.lock(id, 'pkb'))!
    place.clock.at = new Date(place.clock.at.getTime() + 1000)
    const begun = await begin(lock)
    expect(begun?.thought.step).toMatchObject({ action: 'recall' })
    await dying.close()
    await until('the lock is free', async () => { const free = await place.ledger.lock(id, 'pkb'); await free?.release(); return free })
    const settles = iso(place.policy.destinations.pkb!.settle_secs)
    expect(await delivery(id)).toMatchObject({ standing: 'unsure', recallUnsureAt: iso() })
    await place.upload({ documentId, uploadedAt: '2026-11-20T13:00:00Z' })
    expect((await by(HL7, id, {}, 0))?.thought.step).toMatchObject({ do: 'nothing', putOff: { until: settles } })
    expect((await by(HL7, id, {}, 119))?.thought.step).toMatchObject({ do: 'nothing' })
    expect((await by(HL7, id, {}, 1))?.thought.step).toMatchObject({ action: 'update' })
    expect(await delivery(id)).toMatchObject({ standing: 'present' })
    expect(await delivery(id)).not.toHaveProperty('recallUnsureAt')
  })

  test('a person asks for another try of what PKB wanted a person to see: it waits until the first has settled', async () => {
    const { id } = await place.upload({ documentId: fresh() })
    await by(HL7, id, { kind: 'unsure', code: 'AE', person: true })
    const { id: deliveryId } = await delivery(id)
    expect(await story(id)).toMatchObject({ state: 'failed', deliveries: [{ state: 'failed', standing: 'unsure', via: [HL7] }] })
    expect((await by(HL7, id, {}, 500))?.thought.step).toEqual({ do: 'nothing' })
    place.clock.at = new Date(place.clock.at.getTime() - 490_000)
    expect(await place.ledger.retry(deliveryId, 'clerk', 'PKB was asked', iso())).toBe(true)
    expect((await by(HL7, id, {}, 0))?.thought.step).toMatchObject({ do: 'nothing', putOff: expect.anything() })
    expect((await by(HL7, id, { code: 'AA' }, 120))?.thought.step).toMatchObject({ action: 'update', revision: 1 })
    expect((await story(id)).state).toBe('acknowledged')
  })

  test('sent by FHIR without an answer, and not seen: it is sent on condition, and its recall is done only when the first has settled', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await by('fhir', id, { kind: 'unsure', code: 'ECONNRESET' })
    const settles = iso(place.policy.destinations.pkb!.settle_secs)
    const sendUnsureAt = iso()
    expect(await delivery(id)).toMatchObject({ standing: 'unsure', sendUnsureAt })
    place.clock.at = new Date(iso(40))
    const lock = (await place.ledger.lock(id, 'pkb'))!
    const looking = (await begin(lock))!
    expect(looking.thought.step).toMatchObject({ action: 'look' })
    const answered = { kind: 'accepted', code: '200', detail: '' } as const
    await lock.finish(ending(looking, answered, place.clock.at, place.policy, { found: false, outcome: answered }))
    await lock.release()
    expect(await delivery(id)).toMatchObject({ state: 'owed', standing: 'unsure', sendUnsureAt })
    expect((await by('fhir', id))?.thought.step).toMatchObject({ action: 'create' })
    expect(await delivery(id)).toMatchObject({ state: 'acknowledged', standing: 'present', sendUnsureAt })
    await withhold(documentId)
    // A message that comes while it is taken back moves nothing.
    const recalling = (await place.ledger.lock(id, 'pkb'))!
    const begun = (await begin(recalling))!
    expect(begun.thought.step).toMatchObject({ action: 'recall' })
    await withhold(documentId)
    await recalling.finish(ending(begun, { code: '204' }, place.clock.at, place.policy))
    await recalling.release()
    expect(await story(id)).toMatchObject({ state: 'recalling', deliveries: [{ standing: 'unsure', dueAt: settles }] })
    place.clock.at = new Date(settles)
    expect((await by('fhir', id, { code: 'GONE' }, 0))?.thought.step).toMatchObject({ action: 'recall' })
    expect(await delivery(id)).toMatchObject({ state: 'recalled', standing: 'recalled' })
    expect(await delivery(id)).not.toHaveProperty('sendUnsureAt')
  })

  test('what may be left there and is not known rests: it is woken for no more', async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await by(HL7, id, { kind: 'unsure', code: 'TIMEOUT' })
    await place.upload({ documentId, uploadedAt: '2026-11-20T12:00:00Z', patient: { ...ADA, deceased: true } })
    expect((await by(HL7, id))?.thought.step).toMatchObject({ do: 'nothing', rests: expect.any(String) })
    expect(await delivery(id)).toMatchObject({ standing: 'unsure', via: [HL7] })
    expect((await delivery(id)).dueAt).toBeUndefined()
    expect(await due('pkb', iso(1e6))).not.toContain(id)
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

describe('a clock that was six hours ahead and was put back', () => {
  test('keeps nothing waiting for its times: neither what is to be tried again nor what has to settle first', async () => {
    const [{ id }, { id: going }, { id: soon }] = [await place.upload({ documentId: fresh() }), await place.upload({ documentId: fresh() }), await place.upload({ documentId: fresh() })]
    const ahead = (secs = 0): string => iso(6 * 3_600 + secs)
    await place.pool.query(`update deliveries set due_at = $2, state = 'sending', standing = 'unsure', send_unsure_at = $3 where document_id = $1`, [id, ahead(120), ahead()])
    await place.pool.query(`update deliveries set due_at = $2, state = 'recalling', standing = 'unsure', send_unsure_at = $4, recall_unsure_at = $3 where document_id = $1`, [going, ahead(30), ahead(), iso(-50)])
    await place.pool.query('update deliveries set due_at = $2 where document_id = $1', [soon, iso(3_600)])
    await place.ledger.wakeFarAhead('print', iso(), iso(3_660))
    expect(await due()).not.toContain(id)
    await place.ledger.wakeFarAhead('pkb', iso(), iso(3_660))
    expect(await delivery(id)).toMatchObject({ dueAt: iso(), sendUnsureAt: iso() })
    expect(await delivery(going)).toMatchObject({ dueAt: iso(), sendUnsureAt: iso(-50), recallUnsureAt: iso() })
    expect(await delivery(soon)).toMatchObject({ dueAt: iso(3_600) })
    expect((await delivery(soon)).sendUnsureAt).toBeUndefined()
    expect(await due()).toEqual(expect.arrayContaining([id, going]))
  })

  test('costs no look at what waits for its own time: the index leads to the few', async () => {
    const client = await place.pool.connect()
    await client.query('begin; set local enable_seqscan to off')
    const { rows } = await client.query(`explain select id from deliveries where destination = 'pkb' and (state <> 'recalling') = any(array[true, false]) and due_at > now() + interval '1 hour'`) as unknown as { rows: readonly Record<string, unknown>[] }
    await client.query('rollback')
    client.release()
    expect(rows.map((row) => String(row['QUERY PLAN'])).join('\n')).toMatch(/deliveries_due[\s\S]*Cond: [^\n]*due_at/u)
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
      expect(await other.ledger.due('pkb', now, 1)).toEqual([{ documentId: first.id, dueAt: now, urgent: true }])
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
