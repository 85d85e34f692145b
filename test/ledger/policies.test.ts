// The ledger keeps every policy that was ever in force, and knows which was when.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

const minute = (n: number): string => new Date(Date.parse('2026-11-23T10:00:00.000Z') + n * 60_000).toISOString()
const due = async (): Promise<readonly string[]> => (await place.ledger.due('pkb', place.clock.at.toISOString(), 10_000)).map(({ documentId }) => documentId)

test('a fresh ledger knows none', async () => {
  expect([await place.ledger.policyInForce(), await place.ledger.policyHistory(10)]).toEqual([undefined, []])
})

test('a policy that comes back is in force again, with the files that it had', async () => {
  const { ledger } = place
  const [a, b] = [{ hash: 'a', files: { 'mappings/x.yaml': 'of a' } }, { hash: 'b', files: { 'mappings/x.yaml': 'of b' } }]
  await ledger.savePolicy(a, minute(0))
  await ledger.savePolicy(b, minute(1))
  expect(await ledger.policyInForce()).toEqual({ hash: 'b', since: minute(1), files: b.files })
  await ledger.savePolicy({ ...a, files: { 'mappings/x.yaml': 'something else' } }, minute(2))
  expect(await ledger.policyInForce()).toEqual({ hash: 'a', since: minute(2), files: a.files })
  await ledger.savePolicy(a, minute(3))
  const history = [{ hash: 'a', since: minute(2) }, { hash: 'b', since: minute(1) }, { hash: 'a', since: minute(0) }]
  expect(await ledger.policyHistory(10)).toEqual(history)
  expect(await ledger.policyHistory(2)).toEqual(history.slice(0, 2))
  expect(await ledger.verifyChain()).toBeUndefined()
})

test('two processes that put the same policy in force at the same moment put it in force once', async () => {
  const other = await place.another()
  const before = await place.ledger.policyHistory(10)
  await Promise.all([place.ledger, other.ledger, place.ledger].map((ledger) => ledger.savePolicy({ hash: 'c', files: {} }, minute(4))))
  await other.close()
  expect((await place.ledger.policyHistory(10)).map(({ hash }) => hash)).toEqual(['c', ...before.map(({ hash }) => hash)])
})

test('each change of the policy has every copy that stands looked at, and no change has none', async () => {
  const { ledger, clock } = place
  await ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, clock.at.toISOString())
  const ids: string[] = []
  for (let n = 0; n < 3; n += 1) {
    const { id } = await place.upload({ documentId: `L-${n}` })
    await work({ ...place, policy: { ...place.policy, hash: (await ledger.policyInForce())!.hash } }, id, 'pkb')
    ids.push(id)
  }
  expect(await due()).toEqual([])
  for (const hash of ['d', 'c']) {
    await ledger.savePolicy({ hash, files: {} }, clock.at.toISOString())
    expect((await due()).toSorted()).toEqual(ids.toSorted())
    for (const id of ids) await work({ ...place, policy: { ...place.policy, hash } }, id, 'pkb')
    expect(await due()).toEqual([])
  }
  await ledger.savePolicy({ hash: 'c', files: {} }, clock.at.toISOString())
  expect(await due()).toEqual([])
  await ledger.lookAgain(clock.at.toISOString())
  expect((await due()).toSorted()).toEqual(ids.toSorted())
})

test('of more copies than one statement takes, none is forgotten', async () => {
  const { pool, ledger, clock } = place
  await pool.query(`
    insert into documents (id, source, source_id, identifier) select gen_random_uuid(), 'rio', 'many-' || n, gen_random_uuid() from generate_series(1, 2500) n`)
  await pool.query(`
    insert into deliveries (id, document_id, destination, identifier, opened_at, changed_at, state, standing)
    select gen_random_uuid(), id, 'pkb', identifier, now(), now(), 'acknowledged', 'present' from documents where source_id like 'many-%'`)
  await ledger.lookAgain(clock.at.toISOString())
  expect((await pool.query("select count(*)::int as n from deliveries where standing = 'present' and due_at is null")).rows).toEqual([{ n: 0 }])
})

test('a policy is found by how its hash begins, and of many as many as show that there is more than one', async () => {
  for (const hash of ['abcd1', 'abcd2', 'abcd3', 'a%cd4']) await place.ledger.savePolicy({ hash, files: {} }, '2026-11-25T08:00:00.000Z')
  expect(await Promise.all(['abcd2', 'abcd', 'a%', 'nothing'].map((start) => place.ledger.policiesCalled(start)))).toEqual([['abcd2'], ['abcd1', 'abcd2'], ['a%cd4'], []])
})
