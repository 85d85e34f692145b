import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '../../src/ledger/database.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { anArrival, planBy } from '../support/documents.ts'
import { aLedger } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

/** Cuts every connection of the ledger's pool, whatever it is doing. */
const cut = async () => {
  const other = connect(place.url, { max: 1 })
  await other.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
  await other.end()
}

test('an upload is acknowledged if and only if it is kept, however often the connection breaks', async () => {
  const acknowledged: string[] = []
  let refused = 0
  const untilKept = async (documentId: string): Promise<void> => {
    const arrival = anArrival(place.policy, { documentId })
    while (!acknowledged.includes(documentId)) {
      try {
        expect(['stored', 'repeat']).toContain((await place.ledger.accept(arrival)).kind)
        acknowledged.push(documentId)
      } catch (error) {
        refused += 1
        expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
      }
    }
  }
  for (let round = 0; round < 20; round++) {
    // In the middle of a group, again and again; and then never again in this round, so that it ends.
    const all = Promise.all(Array.from({ length: 10 }, (_, n) => untilKept(`O-${round}-${n}`)))
    await delay(round)
    await cut()
    await all
  }
  expect(refused).toBeGreaterThan(0)
  expect(acknowledged).toHaveLength(200)
  const { rows } = await until('the database answers', () => place.pool.query(`select count(*)::int as n from receipts`).catch(() => undefined))
  expect(rows).toEqual([{ n: 200 }])
  expect(await place.ledger.verifyChain()).toBeUndefined()
})

test('without a database an upload is refused soon, and everybody else’s with it', async () => {
  const pool = connect(place.url, { max: 4 })
  const ledger = await openLedger({ pool, now: () => place.clock.at, newId: randomUUID, say: () => {}, accountFreshHours: 24, plan: planBy(place.policy) })
  await ledger.ping()
  await pool.end()
  const began = performance.now()
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => ledger.accept(anArrival(place.policy, { documentId: `N-${n}` }))))
  expect(new Set(results.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'kept')))).toEqual(new Set(['STORE_UNAVAILABLE']))
  expect(performance.now() - began).toBeLessThan(5_000)
  await ledger.close()
  await expect(ledger.accept(anArrival(place.policy, { documentId: 'N-1' }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('a database that answers and takes no writes is no ledger, and says so in words', async () => {
  const name = new URL(place.url).pathname.slice(1)
  await place.pool.query(`alter database "${name}" set default_transaction_read_only = on`)
  const pool = connect(place.url, { max: 4 })
  const ledger = await openLedger({ pool, now: () => place.clock.at, newId: randomUUID, say: () => {}, accountFreshHours: 24, plan: planBy(place.policy) })
  try {
    await expect(ledger.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(ledger.accept(anArrival(place.policy, { documentId: 'RO-1' }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', detail: expect.stringContaining('25006: it takes no writes') })
  } finally {
    await ledger.close()
    await pool.end()
    await place.pool.query(`alter database "${name}" reset default_transaction_read_only`)
  }
  await place.ledger.ping()
})

test('a ledger that is closed has committed all that it was handed', async () => {
  const other = await place.another()
  const all = Array.from({ length: 30 }, (_, n) => other.ledger.accept(anArrival(place.policy, { documentId: `L-${n}` })))
  await other.close()
  expect((await Promise.all(all)).every(({ kind }) => kind === 'stored')).toBe(true)
})
