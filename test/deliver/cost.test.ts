// What one letter costs from its acceptance to its delivery, in statements and in waits for PostgreSQL, so that neither
// creeps up unseen. A real ledger, queue and worker; PKB takes everything at once. Bounds, not times: the cheapest of
// several letters counts, since what else goes on beside it only adds to it.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Pool, PoolClient } from 'pg'
import type { Destination } from '../../src/deliver/destination.ts'
import { openEndings } from '../../src/deliver/endings.ts'
import { openWake } from '../../src/deliver/wake.ts'
import { openWorker } from '../../src/deliver/worker.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Outcome } from '../../src/types.ts'
import { ADA, aContent, anArrival, aReceipt } from '../support/documents.ts'
import { aLedger, ending, thinking, type TestLedger } from '../support/ledger.ts'
import { pkbSettings } from '../support/pkb.ts'
import { until } from '../support/until.ts'

const now = (): Date => new Date()
let place: TestLedger
let process_: { ledger: Ledger; pool: Pool }
let closes: (() => Promise<void>)[]

beforeEach(async () => {
  place = await aLedger()
  Object.defineProperty(place.clock, 'at', { get: now })
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, now().toISOString())
  const opened = await place.another()
  process_ = opened
  closes = [opened.close]
})
afterEach(async () => {
  for (const close of closes.toReversed()) await close()
  await place.close()
})

/** Every statement that a pool's connections are asked from now on, the ledger's and the queue's; a wait for the ledger begins where a connection had nothing to answer. */
const counting = (pool: Pool) => {
  const [seen, count] = [new WeakSet<PoolClient>(), { clients: [] as PoolClient[], statements: [] as string[], queue: 0, waits: 0, underWay: 0 }]
  pool.on('acquire', (client) => {
    if (seen.has(client)) return
    seen.add(client)
    count.clients.push(client)
    type Loose = (...args: unknown[]) => Promise<unknown>
    const query = client.query.bind(client) as unknown as Loose
    let here = 0
    const counted: Loose = (...args) => {
      const [asked] = args as [string | { name?: string; text: string }]
      const name = typeof asked === 'string' ? asked : (asked.name ?? asked.text)
      // BullMQ explains its statements in a comment before them, and has a connection of its own.
      if (name.startsWith('queue-') || name.startsWith('--')) count.queue += 1
      else {
        count.statements.push(name)
        if (here === 0) count.waits += 1
      }
      here += 1
      count.underWay += 1
      const answered = (): void => { here -= 1; count.underWay -= 1 }
      const last = args.at(-1)
      if (typeof last === 'function') return query(...args.slice(0, -1), (...answer: unknown[]) => { answered(); (last as Loose)(...answer) })
      return query(...args).finally(answered)
    }
    ;(client as unknown as { query: Loose }).query = counted
  })
  return count
}

const taking = (): Destination => {
  const take = async ({ documentId }: { documentId: string }): Promise<Outcome> => ({ kind: 'accepted', code: '201', detail: '', remoteId: documentId, confirmed: true })
  return { name: 'pkb', create: take, update: take, recall: take, close: async () => undefined, look: async (recall) => ({ found: false, outcome: await take(recall) }) }
}

let nth = 0
const arrival = () => {
  const documentId = `RIO-cost-${++nth}`
  return anArrival(place.policy, { documentId }, { receipt: aReceipt({ documentId }, { id: randomUUID(), contents: [aContent(`letter ${nth}`)] }) })
}

describe('one letter', () => {
  test('costs no more statements, and no more waits for PostgreSQL, than it did', async () => {
    const { ledger, pool } = process_
    const wake = await openWake({ pool, say: () => undefined, now })
    ledger.onOwed((owed) => { void wake.wake(owed) })
    const count = counting(pool)
    const worker = await openWorker({ ledger, wake, policy: () => place.policy, now, random: Math.random, sweepEveryMs: 600_000, destinations: [{ destination: taking(), settings: pkbSettings('http://127.0.0.1:1') }], say: () => undefined })
    closes.push(wake.close, worker.close)
    const costs: { statements: readonly string[]; queue: number; waits: number }[] = []
    const isOver = async (id: string): Promise<boolean> => {
      const { rows: [row] } = await place.pool.query<{ state: string; jobs: string }>('select state, (select count(*) from bullmq.job) as jobs from documents where id = $1', [id])
      return row!.state === 'acknowledged' && row!.jobs === '0' && count.underWay === 0
    }
    for (let letters = 0; letters < 8; letters += 1) {
      const [from, queue, waits] = [count.statements.length, count.queue, count.waits]
      const accepted = await ledger.accept(arrival())
      await until('it was delivered', () => isOver((accepted as { id: string }).id))
      costs.push({ statements: count.statements.slice(from), queue: count.queue - queue, waits: count.waits - waits })
    }
    // Taken in, begun and ended, each in a commit of its own; a turn taken and given back, and the document's lock.
    const least = costs.toSorted((a, b) => a.statements.length - b.statements.length)[0]!.statements
    expect(least.filter((one) => one === 'commit')).toHaveLength(3)
    expect(least.filter((one) => one === 'ledger-read')).toHaveLength(3)
    expect(least.length).toBeLessThanOrEqual(21)
    // Two for each of the three, one for turn and lock together, and one for each as it is given back.
    expect(Math.min(...costs.map((cost) => cost.waits))).toBeLessThanOrEqual(9)
    expect(Math.min(...costs.map((cost) => cost.queue))).toBeLessThanOrEqual(9)
    // To plan what is read costs five times what it costs to read it.
    for (const client of count.clients) {
      const { rows } = await client.query<{ name: string }>("select name from pg_prepared_statements where name ~ '^ledger-(make|lock|read|write|write-events)$' and custom_plans > 0")
      expect(rows).toEqual([])
    }
  })

  test('is written down as ended in one commit with the beginning of the next, and alone where none comes', async () => {
    const { ledger, pool } = process_
    const ids = [] as string[]
    for (let letters = 0; letters < 2; letters += 1) ids.push(((await ledger.accept(arrival())) as { id: string }).id)
    const [one, other] = [(await ledger.lock(ids[0]!, 'pkb'))!, (await ledger.lock(ids[1]!, 'pkb'))!]
    const begun = (await one.begin(thinking(place.policy, now()), now().toISOString()))!
    const count = counting(pool)
    const ends = one.finish(ending(begun, {}, now(), place.policy), 600_000)
    const next = (await other.begin(thinking(place.policy, now()), now().toISOString()))!
    expect(await ends).toBe(false)
    expect(count.statements.filter((text) => text === 'commit')).toHaveLength(1)
    await other.finish(ending(next, {}, now(), place.policy), 1)
    await Promise.all([one.release(), other.release()])
    const { rows } = await place.pool.query('select state from documents where id = any($1::uuid[])', [ids])
    expect(rows).toEqual([{ state: 'acknowledged' }, { state: 'acknowledged' }])
  })

  test('is written down before the ledger closes, though it still waits for another', async () => {
    const { ledger } = process_
    const { id } = (await ledger.accept(arrival())) as { id: string }
    const lock = (await ledger.lock(id, 'pkb'))!
    const begun = (await lock.begin(thinking(place.policy, now()), now().toISOString()))!
    const ends = lock.finish(ending(begun, {}, now(), place.policy), 600_000)
    await ledger.close()
    expect(await ends).toBe(false)
    expect((await place.ledger.story(id))!.state).toBe('acknowledged')
  })
})

describe('a turn that is over', () => {
  test('lets the next one begin, but none about the same document before its end is written down', async () => {
    const said: unknown[] = []
    const endings = openEndings((error) => { said.push(error) })
    const order: string[] = []
    const written = Promise.withResolvers<void>()
    await endings.turn('A', async (over) => {
      over()
      await written.promise
      order.push('A is written down')
    })
    const again = endings.turn('A', async () => { order.push('A again') })
    await endings.turn('B', async () => { order.push('B') })
    expect(order).toEqual(['B'])
    written.resolve()
    await again
    expect(order).toEqual(['B', 'A is written down', 'A again'])
    expect(said).toEqual([])
  })

  test('tells what goes wrong afterwards, and is waited for at the end', async () => {
    const said: unknown[] = []
    const endings = openEndings((error) => { said.push(error) })
    const written = Promise.withResolvers<void>()
    await endings.turn('A', async (over) => {
      over()
      await written.promise
    })
    const all = endings.all()
    written.reject(new Error('the ledger is away'))
    await all
    expect(said).toEqual([new Error('the ledger is away')])
    await expect(endings.turn('A', () => Promise.reject(new Error('before it was over')))).rejects.toThrow('before it was over')
  })
})
