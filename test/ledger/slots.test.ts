// Slots on a real PostgreSQL: how many exchanges may run at once, and how soon, over all processes.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Slot } from '../../src/ledger/ledger.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger
let other: Awaited<ReturnType<TestLedger['another']>>
beforeAll(async () => {
  place = await aLedger()
  other = await place.another()
})
afterAll(async () => {
  await other.close()
  await place.close()
})

const held: Slot[] = []
const kept = (slot: Slot | undefined): Slot | undefined => {
  if (slot) held.push(slot)
  return slot
}
afterEach(async () => { await Promise.all(held.splice(0).map((slot) => slot.release())) })
const cutLocks = async () => {
  const { rowCount } = await place.pool.query("select pg_terminate_backend(pid) from (select distinct pid from pg_locks where locktype = 'advisory' and objsubid = 1 and database = (select oid from pg_database where datname = current_database())) l")
  return rowCount
}

describe('a slot', () => {
  test('is one for all processes, and free again once it is given back', async () => {
    const slot = kept(await place.ledger.slot('pkb', 1))
    expect(slot).toBeDefined()
    expect(await other.ledger.slot('pkb', 1)).toBeUndefined()
    expect(await place.ledger.slot('pkb', 1)).toBeUndefined()
    expect(kept(await other.ledger.slot('print', 1))).toBeDefined()
    await slot!.release()
    expect(kept(await other.ledger.slot('pkb', 1))).toBeDefined()
  })

  test('is never given twice, however many ask at the same moment', async () => {
    const asked = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? place : other).ledger.slot('pkb', 3)))
    expect(asked.filter((slot) => kept(slot) !== undefined)).toHaveLength(3)
  })

  test('is free when its process has died, and what was held on its connection is not believed any more', async () => {
    const { id } = await place.upload({ documentId: 'RIO-slot' })
    const lost = (await other.ledger.slot('pkb', 1))!
    expect(await cutLocks()).toBeGreaterThan(0)
    const next = await until('the slot is free', async () => kept(await place.ledger.slot('pkb', 1).catch(() => undefined)))
    expect(await other.ledger.lock(id, 'pkb', lost)).toBeUndefined()
    const lock = await place.ledger.lock(id, 'pkb', next)
    expect(lock).toBeDefined()
    await lock!.release()
    await lost.release()
  })

  test('takes along the document that it is wanted for, and gives that back with itself unless it was asked for', async () => {
    const { id } = await place.upload({ documentId: 'RIO-along' })
    const unused = (await place.ledger.slot('pkb', 1, true, id))!
    expect(await other.ledger.lock(id, 'pkb')).toBeUndefined()
    await unused.release()
    const elsewhere = (await other.ledger.lock(id, 'pkb'))!
    const without = kept(await place.ledger.slot('pkb', 1, true, id))!
    expect(await place.ledger.lock(id, 'pkb', without)).toBeUndefined()
    await elsewhere.release()
    await without.release()

    const slot = (await place.ledger.slot('pkb', 1, true, id))!
    const lock = (await place.ledger.lock(id, 'pkb', slot))!
    expect(await place.ledger.lock(id, 'pkb')).toBeUndefined()
    await slot.release()
    expect(await other.ledger.lock(id, 'pkb')).toBeUndefined()
    await lock.release()
    const free = (await other.ledger.lock(id, 'pkb'))!
    await free.release()
  })

  test('may be had again at once by who gives it back, without waiting for that', async () => {
    const slot = (await place.ledger.slot('handed over', 1))!
    void slot.release()
    const next = kept(await place.ledger.slot('handed over', 1))
    expect(next).toBeDefined()
    expect(await other.ledger.slot('handed over', 1)).toBeUndefined()
  })

  test('says when the next exchange may begin, to whoever has it next; and that is not taken back by a clock that is behind', async () => {
    const [sooner, later] = ['2026-11-23T10:00:05.000Z', '2026-11-23T10:00:10.000Z']
    const slot = (await place.ledger.slot('paced', 1))!
    expect(slot.notBefore).toBeUndefined()
    await slot.used(later)
    await slot.used(sooner)
    await slot.release()
    expect(kept(await other.ledger.slot('paced', 1))!.notBefore).toBe(later)
    expect(kept(await other.ledger.slot('paced', 2))!.notBefore).toBeUndefined()
  })
  test('forgets what a clock said that was far ahead', async () => {
    const slot = (await place.ledger.slot('wrong clock', 1))!
    await slot.used('2027-11-23T10:00:00.000Z')
    await slot.used('2026-11-23T10:00:05.000Z')
    await slot.release()
    expect(kept(await place.ledger.slot('wrong clock', 1))!.notBefore).toBe('2026-11-23T10:00:05.000Z')
  })
})
