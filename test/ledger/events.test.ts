import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aLedger, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'
import { ADA } from '../support/documents.ts'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
})
afterAll(() => place.close())

/** As somebody would who has the database and switches the trigger off. */
const tamper = async (statement: string, undo: string) => {
  await place.pool.query(`alter table events disable trigger all; ${statement}; alter table events enable trigger all`)
  const broken = await place.ledger.verifyChain()
  await place.pool.query(`alter table events disable trigger all; ${undo}; alter table events enable trigger all`)
  expect(await place.ledger.verifyChain()).toBeUndefined()
  return broken
}

test('the log cannot be changed', async () => {
  await place.upload({ documentId: 'E1' })
  for (const statement of [`update events set actor = 'x'`, 'delete from events', 'truncate events', 'delete from head', 'truncate head'])
    await expect(place.pool.query(statement)).rejects.toMatchObject({ code: '23001' })
})

test('whoever changes, removes or adds an entry all the same breaks the chain there', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, n) => place.upload({ documentId: `E2-${n}` })))
  expect(await place.ledger.verifyChain()).toBeUndefined()
  for (const [column, value] of [['detail', `'{}'`], ['actor', `'somebody else'`], ['kind', `'late'`], ['at', `at + interval '1 ms'`], ['document_id', 'gen_random_uuid()']] as const) {
    await place.pool.query(`create table kept as select * from events where seq = 7`)
    expect(await tamper(`update events set ${column} = ${value} where seq = 7`, `update events set ${column} = (select ${column} from kept) where seq = 7`)).toEqual({ seq: 7 })
    await place.pool.query('drop table kept')
  }
  await place.pool.query(`create table kept as select * from events where seq = 9`)
  expect(await tamper('delete from events where seq = 9', 'insert into events select * from kept')).toEqual({ seq: 9 })
  await place.pool.query('drop table kept')
  const { rows: [{ seq }] } = await place.pool.query('select seq::int from head')
  await place.pool.query(`create table kept as select * from events where seq = ${seq}`)
  expect(await tamper(`delete from events where seq = ${seq}`, 'insert into events select * from kept')).toEqual({ seq })
  await place.pool.query('drop table kept')
  expect(await tamper(`insert into events select ${seq} + 1, at, document_id, kind, actor, detail, hash from events where seq = 3`, `delete from events where seq > ${seq}`)).toEqual({ seq: seq + 1 })
})

test('many processes that append at once never fork it', async () => {
  const others = await Promise.all([1, 2, 3].map(() => place.another()))
  const pools = [place, ...others].map(({ pool }) => pool)
  const entry = (n: number) => ({ at: place.clock.at.toISOString(), kind: 'late', actor: 'line\nend', detail: JSON.stringify({ n }) })
  const { rows: [before] } = await place.pool.query('select seq::int from head')
  await Promise.all(pools.flatMap((pool, p) => [1, 2, 3, 4].map(async () => {
    for (let n = 0; n < 50; n++) await pool.query('select append_events($1)', [JSON.stringify([entry(n), entry(p)])])
  })))
  const { rows: [after] } = await place.pool.query('select seq::int from head')
  expect(after.seq - before.seq).toBe(4 * 4 * 50 * 2)
  expect(await place.ledger.verifyChain()).toBeUndefined()
  for (const { close } of others) await close()
})

test('neither name, NHS number nor title stands in it', async () => {
  const metadata = { documentId: 'E3', name: 'CLIN Unmistakable.pdf', patient: { ...ADA, family: 'Unmistakable' } }
  const { id } = await place.upload(metadata)
  await work(place, id, 'pkb')
  await place.upload({ ...metadata, event: 'cancelled', uploadedAt: '2026-11-20T12:00:00Z' })
  await work(place, id, 'pkb')
  const { rows } = await place.pool.query(`select count(*)::int as n, string_agg(actor || detail, ' ') as said from events`)
  expect(rows[0].n).toBeGreaterThan(10)
  expect(rows[0].said).not.toMatch(/Unmistakable|Ada|999\d{7}|E3/u)
})
