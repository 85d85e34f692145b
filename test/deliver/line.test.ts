// One turn of a worker on a real ledger: on a machine that stands still at the worst moment, beside a second process, and
// where the ledger asks twice what is to be done.
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Destination } from '../../src/deliver/destination.ts'
import { openGate } from '../../src/deliver/gate.ts'
import { workOn, type Line } from '../../src/deliver/line.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { Outcome } from '../../src/types.ts'
import { ADA } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, thinking, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { aServer, hl7Settings, pkbSettings } from '../support/pkb.ts'
import { keep } from '../support/shipment.ts'

test('a machine that stood still between the writing down and the sending sends nothing when it goes on: a stop or a recall may have come meanwhile', async () => {
  const folder = makeFolder()
  let asked = 0
  const server = await aServer((_req, res) => { asked += 1; res.end() })
  const settings = hl7Settings(server.url)
  const place = await aLedger((policy) => ({ ...policy, destinations: { ...policy.destinations, pkb: settings } }))
  const now = (): Date => place.clock.at
  const content = await openContent(join(folder.path, 'content'))
  await keep(content, aPdf({ mark: 'Clinic letter' }))
  const destination = openPkb(settings, { content, now })
  const gate = openGate({ name: 'pkb', rules: { ...settings.circuit, at_once: 1 }, say: () => undefined, now, onAdmits: () => undefined })
  try {
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, now().toISOString())
    const { id } = await place.upload({ documentId: 'RIO-L1' })
    await workOn(id, {
      destination, gate, retry: settings.retry, timeoutSecs: settings.timeout_secs, ledger: place.ledger, wake: { wake: async () => undefined }, policy: () => place.policy, planAgain,
      say: (event) => { if (event === 'attempt_started') place.clock.at = new Date(now().getTime() + settings.timeout_secs * 1000) },
      sayPolicy: () => undefined, now, random: () => 0, stopping: new AbortController().signal,
    })
    const [delivery] = (await place.ledger.story(id))!.deliveries
    expect([asked, delivery!.state, delivery!.standing]).toEqual([0, 'owed', 'nothing'])
    expect(delivery!.attempts).toMatchObject([{ outcome: 'unavailable', code: 'TIMEOUT' }])
  } finally {
    gate.close()
    await destination.close()
    await server.close()
    await place.close()
    folder.remove()
  }
})

describe('a turn at a destination that takes everything', () => {
  let place: TestLedger
  let asked: string[]
  const gate = openGate({ name: 'pkb', rules: { ...pkbSettings('http://127.0.0.1:1').circuit, at_once: 1 }, say: () => undefined, now: () => place.clock.at, onAdmits: () => undefined })
  const take = (action: string, meanwhile?: () => Promise<unknown>) => async ({ documentId }: { documentId: string }): Promise<Outcome> => {
    asked.push(action)
    await meanwhile?.()
    return { kind: 'accepted', code: '201', detail: '', remoteId: documentId, confirmed: true }
  }
  const taking = (meanwhile?: () => Promise<unknown>): Destination =>
    ({ name: 'pkb', create: take('create', meanwhile), update: take('update'), recall: take('recall'), look: async (one) => ({ found: false, outcome: await take('look')(one) }), close: async () => undefined })
  const aLine = (overrides: Partial<Line> = {}): Line => ({
    destination: taking(), gate, retry: pkbSettings('').retry, timeoutSecs: 60, ledger: place.ledger, wake: { wake: async () => undefined }, policy: () => place.policy, planAgain, say: () => undefined,
    sayPolicy: () => undefined, now: () => place.clock.at, random: () => 0, stopping: new AbortController().signal, ...overrides,
  })
  beforeEach(async () => {
    asked = []
    place = await aLedger()
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
  })
  afterEach(async () => { await place.close() })
  afterAll(() => gate.close())

  test('leaves a document free before it tells of what changed meanwhile: whoever hears of a recall, in whatever process, can act on it', async () => {
    const { id } = await place.upload({ documentId: 'RIO-L2' })
    const other = await place.another()
    const found: unknown[] = []
    const wake: Line['wake']['wake'] = async (woken) => {
      const lock = await other.ledger.lock(id, 'pkb')
      found.push(...woken.map(({ urgent }) => ({ urgent, free: lock !== undefined })))
      await lock?.release()
    }
    try {
      await workOn(id, aLine({ destination: taking(() => place.ledger.hold(id, 'clerk', 'look', place.clock.at.toISOString())), wake: { wake } }), false, () => undefined)
      expect(found).toEqual([{ urgent: true, free: true }])
    } finally {
      await other.close()
    }
  })

  const breakConnections = () => place.pool.query(`select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`)

  test('writes down what the destination said though the connection to PostgreSQL broke meanwhile, and sends nothing twice', async () => {
    const { id } = await place.upload({ documentId: 'RIO-L7' })
    const woken: unknown[] = []
    await workOn(id, aLine({ destination: taking(breakConnections), wake: { wake: async (all) => { woken.push(...all) } } }))
    const [delivery] = (await place.ledger.story(id))!.deliveries
    expect([asked, woken, delivery!.state, delivery!.attempts]).toMatchObject([['create'], [], 'acknowledged', [{ action: 'create', outcome: 'accepted' }]])
  })

  test('changes nothing by what it writes down late, where another worker has begun since', async () => {
    const { id } = await place.upload({ documentId: 'RIO-L8' })
    const other = await place.another()
    const overtake = async (): Promise<void> => {
      await breakConnections()
      const theirs = (await other.ledger.lock(id, 'pkb'))!
      await theirs.begin((work) => thinking(place.policy, place.clock.at)(work), place.clock.at.toISOString())
      await theirs.release()
    }
    try {
      await workOn(id, aLine({ destination: taking(overtake) }))
      const [delivery] = (await place.ledger.story(id))!.deliveries
      expect([delivery!.state, delivery!.standing]).toEqual(['sending', 'unsure'])
      expect(delivery!.attempts.map(({ action, outcome }) => `${action} ${outcome}`).toSorted()).toEqual(['create accepted', 'look started'])
    } finally {
      await other.close()
    }
  })

  test('has a document whose last exchange is only being written down yet: nobody waits a second for that', async () => {
    const { id } = await place.upload({ documentId: 'RIO-L5' })
    const other = await place.another()
    const held = (await other.ledger.lock(id, 'pkb'))!
    const woken: unknown[] = []
    let asks = 0
    const lock: Line['ledger']['lock'] = async (...of) => {
      asks += 1
      if (asks === 2) await held.release()
      return place.ledger.lock(...of)
    }
    try {
      await workOn(id, aLine({ ledger: { ...place.ledger, lock }, wake: { wake: async (all) => { woken.push(...all) } } }))
      expect([asked, woken, asks]).toEqual([['create'], [], 2])
    } finally {
      await other.close()
    }
  })

  test('leaves a document that somebody else has to them, and comes again', async () => {
    const { id } = await place.upload({ documentId: 'RIO-L6' })
    const other = await place.another()
    const held = (await other.ledger.lock(id, 'pkb'))!
    const woken: string[] = []
    try {
      await workOn(id, aLine({ wake: { wake: async (all) => { woken.push(...all.map(({ dueAt }) => dueAt)) } } }))
      expect([asked, woken]).toEqual([[], [new Date(place.clock.at.getTime() + 1_000).toISOString()]])
    } finally {
      await held.release()
      await other.close()
    }
  })

  test('begins though its beginning was not written down at the first go, and keeps the rate afterwards', async () => {
    const { id } = await place.upload({ documentId: 'RIO-L3' })
    const next = await place.upload({ documentId: 'RIO-L4' })
    const lock: Line['ledger']['lock'] = async (...of) => {
      const real = await place.ledger.lock(...of)
      return real && { ...real, begin: (think, at) => real.begin((work) => { think(work); return think(work) }, at) }
    }
    const woken: string[] = []
    const line = aLine({ ledger: { ...place.ledger, lock }, atOnce: 1, perMinute: 1, wake: { wake: async (all) => { woken.push(...all.map(({ dueAt }) => dueAt)) } } })
    await workOn(id, line)
    expect([asked, woken]).toEqual([['create'], []])
    await workOn(next.id, line)
    expect([asked, woken]).toEqual([['create'], [new Date(place.clock.at.getTime() + 60_000).toISOString()]])
  })
})
