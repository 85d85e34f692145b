// What is in trouble, on the real ledger with the worker's real rules: grouped by cause and signature, with how many
// documents and patients each group touches, and what happens to them.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { FailureGroup } from '../../src/ledger/ledger.ts'
import { NO_REASON } from '../../src/ledger/people.ts'
import type { Outcome } from '../../src/types.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeEach(async () => {
  place = await aLedger()
  for (const { nhsNumber } of [ADA, BOB]) await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false }, iso())
})
afterEach(() => place.close())

const BOB = { ...ADA, nhsNumber: '9990000026', clientId: 'C2', family: 'Sample', given: 'Bob' }
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const groups = async () => (await place.ledger.failures(iso())).groups
const only = async (): Promise<FailureGroup> => {
  const all = await groups()
  expect(all.map(({ cause, signature }) => [cause, signature])).toHaveLength(1)
  return all[0]!
}
const tried = async (documentId: string, outcome: Partial<Outcome>, metadata: object = {}) => {
  const { id } = await place.upload({ documentId, ...metadata })
  await work(place, id, 'pkb', outcome)
  return id
}
const REFUSED = { kind: 'refused', code: '422', trace: { correlation: 'c', status: 422, answer: 'processing DocumentReference.type' } } as const
const DOWN = { kind: 'unavailable', code: '503' } as const
const retry = async (id: string, reason: string) => place.ledger.retry((await place.ledger.story(id))!.deliveries[0]!.id, 'operator', reason, iso())

describe('a group', () => {
  test('holds what failed for the same reason, with documents and patients touched, and when', async () => {
    const at = iso()
    await tried('F-1', REFUSED)
    await tried('F-2', REFUSED)
    later(600)
    await tried('F-3', REFUSED, { patient: BOB })
    const group = await only()
    expect(group).toEqual({
      key: expect.stringMatching(/^refused-[0-9a-f]{16}$/u), destination: 'pkb', cause: 'refused', signature: '422 processing DocumentReference.type', documents: 3, patients: 2, unidentified: 0,
      person: 3, again: 0, behind: 0, ages: { hour: 3, fourHours: 0, day: 0, older: 0 }, oldestSince: at, firstSeen: at, lastSeen: iso(), thisHour: 3, hourBefore: 0, policies: [{ hash: place.policy.hash, documents: 3 }],
    })
    expect(await place.ledger.failures(iso())).toMatchObject({ documents: 3, patients: 2, all: true })
  })

  test('is another where the destination answers otherwise, and what waits for a person comes first', async () => {
    await tried('F-1', DOWN)
    await tried('F-2', DOWN)
    await tried('F-3', REFUSED)
    await tried('F-4', { ...REFUSED, trace: { ...REFUSED.trace, answer: 'invalid DocumentReference.content[0]' } })
    const all = await groups()
    expect(all.map(({ cause, signature, documents }) => [cause, signature, documents]).toSorted()).toEqual([['pkb-down', '503', 2], ['refused', '422 invalid DocumentReference.content', 1], ['refused', '422 processing DocumentReference.type', 1]])
    expect(all.map(({ person }) => person > 0)).toEqual([true, true, false])
    expect(new Set(all.map(({ key }) => key)).size).toBe(3)
  })

  test('of what is tried again says when, keeps its key, and is gone with the first success', async () => {
    const id = await tried('F-1', DOWN)
    const { key, nextAt, again, person } = await only()
    expect([again, person, nextAt]).toEqual([1, 0, (await place.ledger.story(id))!.deliveries[0]!.dueAt])
    later(600)
    await work(place, id, 'pkb', DOWN)
    expect(await only()).toMatchObject({ key, firstSeen: '2026-11-23T10:00:00.000Z', lastSeen: iso(), documents: 1 })
    later(1200)
    await work(place, id, 'pkb')
    expect([await groups(), await place.ledger.failuresIn(iso(), key, 10)]).toEqual([[], undefined])
    const other = await place.another()
    later(60)
    await tried('F-2', DOWN)
    expect((await other.ledger.failures(iso())).groups[0]?.key).toBe(key)
    await other.close()
  })

  test('says how many failed in this hour and in the one before', async () => {
    const first = await tried('F-1', DOWN)
    await tried('F-2', DOWN)
    later(3600)
    expect(await only()).toMatchObject({ thisHour: 0, hourBefore: 2 })
    await work(place, first, 'pkb', DOWN)
    expect(await only()).toMatchObject({ thisHour: 1, hourBefore: 2 })
    later(7200)
    expect(await only()).toMatchObject({ thisHour: 0, hourBefore: 0, documents: 2 })
  })

  test('says for how long its documents have been owed', async () => {
    const ages: unknown[] = []
    for (const hours of [21, 2, 1]) {
      await tried(`F-${hours}`, DOWN)
      later(hours * 3600)
      ages.push((await only()).ages)
    }
    await tried('F-0', DOWN)
    expect([...ages, (await only()).ages]).toEqual([
      { hour: 0, fourHours: 0, day: 1, older: 0 }, { hour: 0, fourHours: 1, day: 1, older: 0 }, { hour: 0, fourHours: 2, day: 0, older: 1 }, { hour: 1, fourHours: 2, day: 0, older: 1 },
    ])
  })

  test('counts a failure from before a success no more', async () => {
    const id = await tried('F-1', DOWN)
    later(600)
    await work(place, id, 'pkb')
    later(600)
    await place.upload({ documentId: 'F-1', event: 'updated', uploadedAt: '2026-11-21T11:00:00Z', name: 'CLIN Changed.pdf' })
    expect(await groups()).toEqual([])
    await work(place, id, 'pkb', DOWN)
    expect(await only()).toMatchObject({ firstSeen: iso(), lastSeen: iso() })
  })

  test('of credentials has what was refused and what has to wait behind it, and only what has waited', async () => {
    await tried('F-1', { kind: 'forbidden', code: 'TOKEN_401' })
    const { id } = await place.upload({ documentId: 'F-2', patient: BOB })
    later(59)
    expect(await only()).toMatchObject({ cause: 'credentials', documents: 1, behind: 0 })
    later(1)
    expect(await only()).toMatchObject({ cause: 'credentials', signature: 'TOKEN_401', documents: 2, patients: 2, again: 1, behind: 1 })
    // PKB answers again: what has not been tried is on its way.
    await tried('F-3', {})
    expect(await only()).toMatchObject({ documents: 1, behind: 0 })
    expect((await place.ledger.story(id))?.state).toBe('waiting')
  })

  test('waits behind its destination by entries of old too, which do not name it', async () => {
    await place.pool.query('alter table events disable trigger all')
    const forget = async () => expect((await place.pool.query("update events set detail = (detail::jsonb - 'destination')::text where kind = 'attempt-ended' and detail::json->>'destination' is not null")).rowCount).toBe(1)
    await tried('F-1', DOWN)
    await place.upload({ documentId: 'F-2', patient: BOB })
    later(120)
    const named = await groups()
    expect(named).toMatchObject([{ documents: 2, behind: 1 }])
    await forget()
    expect(await groups()).toEqual(named)
    // The newest counts, whichever of them names it.
    await tried('F-3', {})
    expect(await only()).toMatchObject({ documents: 1, behind: 0 })
    await forget()
    expect(await only()).toMatchObject({ documents: 1, behind: 0 })
    await tried('F-4', DOWN)
    expect(await only()).toMatchObject({ documents: 3, behind: 1 })
  })

  test('of a destination that is away has nothing that waits because a person stopped it', async () => {
    await tried('F-1', DOWN)
    await place.upload({ documentId: 'F-2', patient: BOB })
    later(120)
    expect(await only()).toMatchObject({ documents: 2, behind: 1 })
    const stop = (await place.ledger.pullStop({ scope: 'code', value: 'clin' }, 'duty manager', 'wrong template', iso()))!
    expect(await only()).toMatchObject({ documents: 1, behind: 0 })
    await place.ledger.liftStop(stop.id, 'duty manager', 'mended', iso())
    expect(await only()).toMatchObject({ documents: 2, behind: 1 })
  })

  test('of what waits behind another destination is another group', async () => {
    await tried('F-1', { kind: 'forbidden', code: '403' })
    await place.upload({ documentId: 'F-2', team: 'CAMHS1' })
    later(120)
    expect(await only()).toMatchObject({ destination: 'pkb', documents: 1 })
  })

  test('of the second key says which check refused', async () => {
    const { id } = await place.upload({ documentId: 'F-1' })
    const lock = (await place.ledger.lock(id, 'pkb'))!
    await lock.begin((work) => ({ step: { do: 'block', deliveryId: work.deliveries[0]!.id, code: 'SECOND_KEY', detail: 'F12: the account is not registered' } }), iso())
    await lock.release()
    expect(await only()).toMatchObject({ cause: 'second-key', signature: 'SECOND_KEY F12', person: 1, documents: 1, firstSeen: iso(), thisHour: 1 })
  })

  test('of people of whom PKB will not say anything holds what waits for that', async () => {
    const silent = { ...ADA, nhsNumber: '9990000034', clientId: 'C3' }
    await place.upload({ documentId: 'F-1', patient: silent })
    await place.ledger.accountRefused(silent.nhsNumber, 'NOT_IN_ANSWER', iso())
    expect(await only()).toMatchObject({ cause: 'pkb-down', signature: 'NOT_IN_ANSWER Accounts', again: 1, documents: 1 })
    await place.ledger.savePerson(silent.nhsNumber, { registered: true, deceased: false }, iso())
    expect(await groups()).toEqual([])
  })

  test('of such people says when PKB is asked again, and not when the letter is looked at', async () => {
    const silent = { ...ADA, nhsNumber: '9990000034', clientId: 'C3' }
    await place.upload({ documentId: 'F-1', patient: silent })
    for (let times = 0; times < 3; times += 1) await place.ledger.accountRefused(silent.nhsNumber, '422', iso())
    expect((await only()).nextAt).toBe(new Date(place.clock.at.getTime() + 20 * 60_000).toISOString())
  })

  test('holds what waits because nobody can be asked whether there is an account', async () => {
    const stranger = { ...ADA, nhsNumber: '9990000034', clientId: 'C3' }
    await place.upload({ documentId: 'F-1', patient: stranger })
    await place.upload({ documentId: 'F-2' })
    const accounts = async (circuit: 'open' | 'closed') => place.ledger.noteStates('one', [{ destination: 'pkb-accounts', circuit, since: iso(), ...(circuit === 'open' ? { until: iso(), code: '503' } : {}) }], iso())
    await accounts('open')
    expect(await groups()).toEqual([])
    later(60)
    await accounts('open')
    // Of the other one the account is known: it only has to wait for its turn.
    expect(await only()).toMatchObject({ destination: 'pkb', cause: 'pkb-down', signature: '503 Accounts', documents: 1, behind: 1 })
    expect((await place.ledger.failuresIn(iso(), (await only()).key, 10))?.rows.map(({ document: { sourceId }, fate }) => [sourceId, fate])).toEqual([['F-1', 'behind']])
    // An answer from too long ago is none.
    later(25 * 3600)
    await accounts('open')
    expect(await only()).toMatchObject({ documents: 2, behind: 2 })
    // A process that has said nothing for a minute is gone.
    later(61)
    expect(await groups()).toEqual([])
    await accounts('closed')
    expect(await groups()).toEqual([])
  })

  test('of documents of old takes the policy from their revision', async () => {
    await tried('F-1', REFUSED)
    await place.pool.query('update documents set policy = null')
    expect((await only()).policies).toEqual([{ hash: place.policy.hash, documents: 1 }])
    await tried('F-2', REFUSED)
    await place.pool.query("update documents set policy = 'another' where source_id = 'F-2'")
    expect((await only()).policies).toEqual([{ hash: place.policy.hash, documents: 1 }, { hash: 'another', documents: 1 }].toSorted((a, b) => a.hash.localeCompare(b.hash)))
  })

  test('of what the print house rejected, or a recall that PKB refuses, waits for a person', async () => {
    const { id } = await place.upload({ documentId: 'F-1', team: 'CAMHS1' })
    await work(place, id, 'print')
    await place.ledger.acknowledgePrint({ deliveryId: (await place.ledger.story(id))!.deliveries[0]!.id, accepted: false, reason: 'torn', batch: 'remote-1', revision: 1 }, iso())
    const recalled = await tried('F-2', {})
    await place.ledger.hold(recalled, 'duty manager', 'sent in error', iso())
    later(5)
    await work(place, recalled, 'pkb', { kind: 'refused', code: '409' })
    expect((await groups()).map(({ destination, cause, signature, person }) => [destination, cause, signature, person]).toSorted()).toEqual([['pkb', 'refused', '409', 1], ['print', 'refused', 'rejected', 1]])
  })
})

test('nothing is in trouble that arrived, waits for its turn, is withheld or was never to be sent', async () => {
  await tried('F-1', {})
  await place.upload({ documentId: 'F-2' })
  await place.upload({ documentId: 'F-3', documentType: 'MH DO NOT share with patient' })
  later(3600)
  expect(await place.ledger.failures(iso())).toEqual({ groups: [], documents: 0, patients: 0, all: true })
})

describe('the documents of a group', () => {
  test('come oldest first, page by page, each once, and say what happens to them', async () => {
    const ids: string[] = []
    for (const n of [1, 2, 3, 4, 5]) {
      ids.push(await tried(`F-${n}`, REFUSED))
      later(n % 2)
    }
    const { key } = await only()
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await place.ledger.failuresIn(iso(), key, 2, after)
      seen.push(...page!.rows.map(({ document }) => document.sourceId))
      expect(page!.group.documents).toBe(5)
      after = page!.cursor
    } while (after !== undefined)
    expect(seen.toSorted()).toEqual(['F-1', 'F-2', 'F-3', 'F-4', 'F-5'])
    expect([seen[0], seen.at(-1)]).toEqual(['F-1', expect.stringMatching(/F-[45]/u)])
    const [row] = (await place.ledger.failuresIn(iso(), key, 1))!.rows
    expect(row).toMatchObject({ state: 'failed', fate: 'person', tries: 1, lastCode: '422', policy: place.policy.hash, document: { id: ids[0], sourceId: 'F-1' } })
    expect(row).not.toHaveProperty('dueAt')
  })

  test('and the groups tell no patient', async () => {
    await tried('F-1', { ...REFUSED, detail: 'HTTP 422' })
    const all = await place.ledger.failures(iso())
    const text = JSON.stringify([all, await place.ledger.failuresIn(iso(), all.groups[0]!.key, 10)])
    for (const secret of [ADA.nhsNumber, ADA.family, ADA.birthDate, '"C1"']) expect(text).not.toContain(secret)
  })
})

describe('another try', () => {
  test('of what was refused needs a reason, and stays among the failures until it has succeeded', async () => {
    const id = await tried('F-1', REFUSED)
    await expect(retry(id, NO_REASON)).rejects.toMatchObject({ code: 'QUERY_INVALID' })
    expect((await place.ledger.story(id))?.state).toBe('failed')
    expect(await retry(id, 'the mapping was mended')).toBe(true)
    expect(await only()).toMatchObject({ cause: 'refused', person: 0, again: 1, nextAt: iso() })
    later(1)
    await work(place, id, 'pkb')
    expect(await groups()).toEqual([])
  })

  test('of what waits needs none', async () => {
    const id = await tried('F-1', DOWN)
    expect(await retry(id, NO_REASON)).toBe(true)
  })
})
