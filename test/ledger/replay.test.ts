// The documents in a real ledger decided once more under another policy: to look, and for good.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ReplayAsked, ReplayPlan, Replayed } from '../../src/ledger/ledger.ts'
import { connect } from '../../src/ledger/database.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { ADA, aReceipt, BEN, planBy } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeEach(async () => {
  place = await aLedger()
  await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, place.clock.at.toISOString())
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false, birthDate: BEN.birthDate }, place.clock.at.toISOString())
})
afterEach(() => place.close())

const by = (policy: Policy): ReplayPlan => (receipt, person, prior) => plan(receipt, policy, person, prior)
const blocking = (code: string): Policy => ({ ...place.policy, hash: 'stricter', codes: { ...place.policy.codes, [code]: { ...place.policy.codes[code]!, sharing: 'blocked' } } })
const everything: ReplayAsked = { until: '2100-01-01T00:00:00.000Z' }
const replayed = async (policy: Policy, asked = everything, limit = 100): Promise<readonly Replayed[]> => {
  const all: Replayed[] = []
  let cursor: string | undefined
  do {
    const page = await place.ledger.replayPage(asked, by(policy), limit, cursor)
    expect(page.documents.length).toBeLessThanOrEqual(limit)
    all.push(...page.documents)
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}
const way = ({ row, recorded, planned }: Replayed) => [row.sourceId, recorded.route, planned.ok ? planned.plan.decision.route : planned.refusal.code]
const table = async () => JSON.stringify(await Promise.all(['documents', 'revisions', 'deliveries', 'events', 'people', 'receipts'].map(async (name) => (await place.pool.query(`select * from ${name} order by 1, 2`)).rows as unknown)))

describe('a look', () => {
  test('at the same policy finds no difference, however old what PKB said is', async () => {
    for (const [n, patient] of [ADA, BEN, ADA].entries()) await place.upload({ documentId: `S-${n}`, patient })
    await work(place, (await place.upload({ documentId: 'S-9' })).id, 'pkb')
    place.clock.at = new Date(place.clock.at.getTime() + 400 * 86_400_000)
    const all = await replayed(place.policy)
    expect(all.map(way).sort()).toEqual([['S-0', 'pkb', 'pkb'], ['S-1', 'print', 'print'], ['S-2', 'pkb', 'pkb'], ['S-9', 'pkb', 'pkb']])
    for (const { recorded, planned } of all) expect(planned.ok && planned.plan.decision).toEqual(recorded)
    expect(all.flatMap(({ recalls }) => recalls)).toEqual([])
  })

  test('at another policy says where each would go, and which copies would be taken back; and changes nothing', async () => {
    const sent = await place.upload({ documentId: 'D-1' })
    await work(place, sent.id, 'pkb')
    await place.upload({ documentId: 'D-2' })
    await place.upload({ documentId: 'D-3', name: 'APPT Appointment.pdf' })
    await place.upload({ documentId: 'D-4', patient: BEN })
    const before = await table()
    const all = await replayed(blocking('CLIN'))
    expect(all.map(way).sort()).toEqual([['D-1', 'pkb', 'withhold'], ['D-2', 'pkb', 'withhold'], ['D-3', 'pkb', 'pkb'], ['D-4', 'print', 'withhold']])
    expect(all.filter(({ recalls }) => recalls.length > 0).map(({ row, recalls }) => [row.sourceId, recalls])).toEqual([['D-1', ['pkb']]])
    expect(await table()).toBe(before)
  })

  test('comes oldest first, each document once whatever the page, and only those that are asked for', async () => {
    for (let n = 0; n < 11; n += 1)
      await place.upload({}, { receipt: aReceipt({ documentId: `P-${n}`, ...(n % 2 ? { documentType: 'MH DO NOT share with patient' } : {}), ...(n > 8 ? { team: 'ADULT2' } : {}) }, { receivedAt: `2026-11-2${Math.floor(n / 4)}T09:00:00.000Z` }) })
    const all = await replayed(place.policy)
    expect((await replayed(place.policy, everything, 3)).map(({ row }) => row.id)).toEqual(all.map(({ row }) => row.id))
    expect(all.map(({ row }) => row.receivedAt)).toEqual(all.map(({ row }) => row.receivedAt).toSorted())
    const asked = async (some: Partial<ReplayAsked>) => {
      const one = { ...everything, ...some }
      const ids = (await replayed(place.policy, one)).map(({ row }) => row.sourceId).sort()
      expect(await place.ledger.replayCount(one)).toBe(ids.length)
      return ids
    }
    expect(await asked({})).toHaveLength(11)
    expect(await asked({ since: '2026-11-21T09:00:00.000Z', until: '2026-11-22T09:00:00.000Z' })).toEqual(['P-4', 'P-5', 'P-6', 'P-7'])
    expect(await asked({ directorate: 'luton-beds' })).toEqual(['P-10', 'P-9'])
    expect(await asked({ rule: 'do-not-share', until: '2026-11-21T00:00:00.000Z' })).toEqual(['P-1', 'P-3'])
    expect(await asked({ only: ['P-3', all.at(-1)!.row.id, 'nobody'] })).toEqual([all.at(-1)!.row.sourceId, 'P-3'].sort())
  })

  test('judges an addendum by where its parent would be', async () => {
    await place.upload({ documentId: 'A-1' })
    await place.upload({ documentId: 'A-2', event: 'addendum', parent: 'A-1', name: 'DISC More.pdf' })
    await place.upload({ documentId: 'A-3', event: 'addendum', parent: 'A-2', name: 'DISC Still more.pdf' })
    expect((await replayed(place.policy)).map(way).sort()).toEqual([['A-1', 'pkb', 'pkb'], ['A-2', 'pkb', 'pkb'], ['A-3', 'pkb', 'pkb']])
    expect((await replayed(blocking('CLIN'), { ...everything, only: ['A-3'] })).map(way)).toEqual([['A-3', 'pkb', 'review']])
    expect((await replayed(blocking('CLIN'))).map(way).sort()).toEqual([['A-1', 'pkb', 'withhold'], ['A-2', 'pkb', 'review'], ['A-3', 'pkb', 'review']])
  })

  test('names those that the other policy cannot read', async () => {
    await place.upload({ documentId: 'U-1' })
    const { 'rio-http': _gone, ...feeds } = place.policy.feeds
    expect((await replayed({ ...place.policy, feeds })).map(way)).toEqual([['U-1', 'pkb', 'POLICY_INVALID']])
  })

  test('waits for nobody who is changing a document', async () => {
    const { id } = await place.upload({ documentId: 'L-1' })
    const other = await place.pool.connect()
    try {
      await other.query('begin')
      await other.query('select * from documents where id = $1 for update', [id])
      expect((await replayed(place.policy)).map(way)).toEqual([['L-1', 'pkb', 'pkb']])
    } finally {
      await other.query('rollback')
      other.release()
    }
  })
})

describe('for good', () => {
  const another = async (policy: Policy, accountFreshHours = 24) => {
    const pool = connect(place.url, { max: 8 })
    const ledger = await openLedger({ pool, now: () => place.clock.at, newId: () => crypto.randomUUID(), say: () => {}, accountFreshHours, plan: (...from) => planBy(policy)(...from) })
    return { ledger, close: async () => { await ledger.close(); await pool.end() } }
  }
  const person = (policy: Policy) => ({ actor: 'analyst', reason: 'the code list was corrected', policy: policy.hash, at: place.clock.at.toISOString() })

  test('what would go elsewhere goes there by the normal path, is written down with who and why, and is done once', async () => {
    const { id } = await place.upload({ documentId: 'G-1', name: 'NEWX New letter.pdf' })
    expect((await place.ledger.story(id))?.rule).toBe('code-unlisted')
    const looser: Policy = { ...place.policy, hash: 'looser', codes: { ...place.policy.codes, NEWX: { ...place.policy.codes['CLIN']!, code: 'NEWX' } } }
    const { ledger, close } = await another(looser)
    try {
      await expect(ledger.redecide(id, person(looser))).rejects.toMatchObject({ code: 'POLICY_NOT_IN_FORCE' })
      await ledger.savePolicy({ hash: 'looser', files: {} }, place.clock.at.toISOString())
      expect(await ledger.redecide(id, person(looser))).toMatchObject({ kind: 'moved', from: { route: 'review' }, to: { route: 'pkb' } })
      expect((await ledger.due('pkb', place.clock.at.toISOString(), 10)).map(({ documentId }) => documentId)).toEqual([id])
      const story = (await ledger.story(id))!
      expect(story).toMatchObject({ state: 'waiting', route: 'pkb' })
      expect(story.events.find(({ kind }) => kind === 'redecided')).toMatchObject({ actor: 'analyst', detail: { from: 'review', to: 'pkb', reason: 'the code list was corrected', policy: 'looser' } })

      const before = await table()
      expect(await ledger.redecide(id, person(looser))).toEqual({ kind: 'unchanged' })
      expect(await table()).toBe(before)
      await work({ ...place, ledger, policy: looser }, id, 'pkb')
      expect((await ledger.story(id))?.state).toBe('acknowledged')
      expect(await ledger.verifyChain()).toBeUndefined()
    } finally { await close() }
  })

  test('what stands and may no longer is owed a recall', async () => {
    const { id } = await place.upload({ documentId: 'G-2' })
    await work(place, id, 'pkb')
    const stricter = blocking('CLIN')
    const { ledger, close } = await another(stricter)
    try {
      await ledger.savePolicy({ hash: stricter.hash, files: {} }, place.clock.at.toISOString())
      expect(await ledger.redecide(id, person(stricter))).toMatchObject({ kind: 'moved', to: { route: 'withhold' } })
      expect((await ledger.story(id))?.state).toBe('recalling')
      await work({ ...place, ledger, policy: stricter }, id, 'pkb')
      expect((await ledger.story(id))?.state).toBe('recalled')
    } finally { await close() }
  })

  test('a release stays bound to its revision, and a hold and a cancel stay', async () => {
    const released = await place.upload({ documentId: 'G-3', name: 'NEWX Letter.pdf' })
    await place.ledger.release(released.id, 'Dr One', 'consultant', 'read it', place.clock.at.toISOString())
    expect((await place.ledger.story(released.id))?.route).toBe('pkb')
    await place.upload({ documentId: 'G-3', event: 'updated', name: 'NEWX Letter.pdf', uploadedAt: '2026-11-20T12:00:00Z' })
    const held = await place.upload({ documentId: 'G-4' })
    await place.ledger.hold(held.id, 'Dr One', 'asked to wait', place.clock.at.toISOString())
    const cancelled = await place.upload({ documentId: 'G-5' })
    await place.upload({ documentId: 'G-5', event: 'cancelled', uploadedAt: '2026-11-20T12:00:00Z' })
    for (const { id } of [released, held, cancelled]) expect(await place.ledger.redecide(id, person(place.policy))).toEqual({ kind: 'unchanged' })
    expect(await Promise.all([released, held, cancelled].map(async ({ id }) => (await place.ledger.story(id))?.rule))).toEqual(['code-unlisted', 'held', 'cancelled'])
  })

  test('a letter that was printed is not sent to PKB as well because PKB was long not asked', async () => {
    const { id } = await place.upload({ documentId: 'G-6', patient: BEN })
    expect((await place.ledger.story(id))?.route).toBe('print')
    place.clock.at = new Date(place.clock.at.getTime() + 30 * 86_400_000)
    expect(await place.ledger.redecide(id, person(place.policy))).toEqual({ kind: 'unchanged' })
  })

  test('what would now go to the patient is not decided by an answer of PKB that has gone stale', async () => {
    const { id } = await place.upload({ documentId: 'G-7', patient: BEN, name: 'NEWX Letter.pdf' })
    place.clock.at = new Date(place.clock.at.getTime() + 30 * 86_400_000)
    const looser: Policy = { ...place.policy, hash: 'looser', codes: { ...place.policy.codes, NEWX: { ...place.policy.codes['CLIN']!, code: 'NEWX' } } }
    const { ledger, close } = await another(looser)
    try {
      await ledger.savePolicy({ hash: 'looser', files: {} }, place.clock.at.toISOString())
      expect(await ledger.redecide(id, person(looser))).toMatchObject({ kind: 'moved', to: { route: 'pkb' } })
      expect((await work({ ...place, ledger, policy: looser }, id, 'pkb'))?.thought.step).toEqual({ do: 'ask-account', nhsNumber: BEN.nhsNumber })
      expect(await ledger.redecide(id, person(looser))).toEqual({ kind: 'unchanged' })
    } finally { await close() }
  })

  test('a receipt that cannot be read stays as it was decided, and nobody is nobody', async () => {
    const { id } = await place.upload({ documentId: 'G-8' })
    const { 'rio-http': _gone, ...feeds } = place.policy.feeds
    const { ledger, close } = await another({ ...place.policy, feeds })
    try {
      const before = await table()
      expect(await ledger.redecide(id, person(place.policy))).toEqual({ kind: 'unreadable' })
      for (const nobody of ['nobody', '00000000-0000-4000-8000-000000000000']) expect(await ledger.redecide(nobody, person(place.policy))).toEqual({ kind: 'missing' })
      expect(await table()).toBe(before)
    } finally { await close() }
  })
})
