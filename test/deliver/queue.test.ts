// The queue's contract, on PostgreSQL and on Redis, and what only one of them can meet: being away.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { Pool, type PoolClient } from 'pg'
import { openSweeper } from '../../src/deliver/sweeper.ts'
import { openWake } from '../../src/deliver/wake.ts'
import { queueContract } from '../contracts/queue.ts'
import { freshDatabase } from '../support/database.ts'
import { runsRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const now = (): Date => new Date()

describe('the queue on PostgreSQL', () => {
  queueContract(async () => {
    const database = await freshDatabase()
    const pool = new Pool({ connectionString: database.url, max: 20 })
    pool.on('error', () => undefined)
    const wake = await openWake({ pool, say: () => undefined, now })
    return {
      wake,
      payloads: async (destination) => (await pool.query<{ data: unknown }>('select data from bullmq.job where queue = $1', [`deliver-${destination}`])).rows.map(({ data }) => data),
      wipe: async () => { await pool.query('truncate bullmq.job, bullmq.dedup, bullmq.dedup_next cascade') },
      close: async () => {
        await wake.close()
        await pool.end()
        await database.drop()
      },
    }
  })

  test('it leaves the pool open, and lets none of its connections back, which find the ledger\'s tables first and wait for no disk', async () => {
    const database = await freshDatabase()
    const pool = new Pool({ connectionString: database.url, max: 1 })
    const wake = await openWake({ pool, say: () => undefined, now })
    let its: PoolClient | undefined
    pool.on('acquire', (client) => { its = client })
    await wake.wake([{ documentId: 'd', destination: 'pkb', dueAt: now().toISOString() }])
    const settings = "select name, setting from pg_settings where name in ('search_path', 'synchronous_commit') order by name"
    expect((await its!.query(settings)).rows).toEqual([{ name: 'search_path', setting: 'public, bullmq' }, { name: 'synchronous_commit', setting: 'off' }])
    await wake.close()
    expect((await pool.query(settings)).rows).toEqual([{ name: 'search_path', setting: '"$user", public' }, { name: 'synchronous_commit', setting: 'on' }])
    await pool.end()
    await database.drop()
  })

  test('it goes on when its connection was lost', async () => {
    const database = await freshDatabase()
    const pool = new Pool({ connectionString: database.url, max: 20 })
    pool.on('error', () => undefined)
    pool.on('connect', (client) => { client.on('error', () => undefined) })
    const wake = await openWake({ pool, say: () => undefined, now })
    const wakeOne = (documentId: string): Promise<void> => wake.wake([{ documentId, destination: 'pkb', dueAt: now().toISOString() }])
    await wakeOne('first')
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
    // The first to notice may fail: the sweeper would come by.
    await until('another is waiting', async () => { await wakeOne('second'); return (await wake.counts('pkb').catch(() => undefined))?.waiting === 2 })
    await wake.close()
    await pool.end()
    await database.drop()
  })
})

const onRedis = runsRedis ? describe : describe.skip
onRedis('the queue on Redis (needs redis-server)', () => {
  queueContract(async () => {
    const redis = await startRedis()
    const client = new Redis(redis.url)
    const wake = await openWake({ redisUrl: redis.url, say: () => undefined, now })
    return {
      wake,
      payloads: async (destination) => {
        const keys = (await client.keys(`bull:deliver-${destination}:*`)).filter((key) => /:\d+$/u.test(key))
        return Promise.all(keys.map(async (key) => JSON.parse((await client.hget(key, 'data')) ?? 'null') as unknown))
      },
      wipe: async () => { await client.flushall() },
      close: async () => {
        await wake.close()
        client.disconnect()
        await redis.close()
      },
    }
  })

  describe('when Redis is away', () => {
    let redis: TestRedis
    beforeAll(async () => { redis = await startRedis() })
    afterAll(async () => { await redis.close() })

    test('the engine starts all the same, intake is not held up, and workers find it when it is back', async () => {
      await redis.stop()
      const said: string[] = []
      const wake = await openWake({ redisUrl: redis.url, say: (event, fields) => { said.push(`${event} ${String((fields as { code?: string }).code ?? '')}`.trim()) }, now })
      const worked: string[] = []
      const station = await wake.work('pkb', 2, async (document) => { worked.push(document) })
      const before = Date.now()
      await wake.wake([{ documentId: 'lost', destination: 'pkb', dueAt: now().toISOString() }])
      expect(Date.now() - before).toBeLessThan(1000)
      await redis.start()
      await until('Redis is back', () => said.includes('queue_ready'))
      await until('the work', async () => {
        await wake.wake([{ documentId: 'found', destination: 'pkb', dueAt: now().toISOString() }])
        return worked.length > 0
      })
      expect(new Set(worked)).toEqual(new Set(['found']))
      expect(said.filter((event) => event === 'part_failed REDIS_UNREACHABLE')).toHaveLength(1)
      await station.close()
      await wake.close()
    })
  })

  describe('when Redis answers and takes nothing', () => {
    let redis: TestRedis
    let client: Redis
    beforeAll(async () => { redis = await startRedis(); client = new Redis(redis.url) })
    afterAll(async () => { client.disconnect(); await redis.close() })

    test.each([
      ['its memory is full', 'OOM', () => client.config('SET', 'maxmemory', '1mb'), () => client.config('SET', 'maxmemory', '0')],
      ['it has become a replica', 'READONLY', () => client.replicaof('127.0.0.1', 1), () => client.replicaof('NO', 'ONE')],
      ['it misses its replicas', 'NOREPLICAS', () => client.config('SET', 'min-replicas-to-write', '1'), () => client.config('SET', 'min-replicas-to-write', '0')],
    ])('%s: that is said once and in words, nobody is said to have been woken, and it goes on by itself', async (_what, word, fall, mend) => {
      const said: string[] = []
      const wake = await openWake({ redisUrl: redis.url, say: (event, fields) => { said.push([event, ...Object.values(fields)].join(' ')) }, now })
      // Long due: a queue that has work in store is given time.
      const dueAt = new Date(0).toISOString()
      let owed = [{ documentId: 'd', dueAt }]
      const sweeper = openSweeper({ wake, destinations: ['pkb'], isPaused: () => false, due: async () => owed, say: (event) => { said.push(event) }, now, everyMs: 20, graceMs: 0 })
      await until('woken while it is well', () => said.includes('swept'))
      owed = [{ documentId: word, dueAt }]
      await fall()
      said.length = 0
      await until('stuck', () => wake.stuckSince() !== undefined)
      for (let n = 0; n < 3; n += 1) await sweeper.sweep()
      expect(said).toEqual([expect.stringMatching(new RegExp(`^part_failed queue REDIS_UNREACHABLE .*${word}, it `, 'u'))])
      await expect(wake.counts('pkb')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      await mend()
      await until('woken', () => said.includes('swept'))
      expect(wake.stuckSince()).toBeUndefined()
      expect(await wake.counts('pkb')).toMatchObject({ waiting: 2 })
      await sweeper.close()
      await wake.close()
      await client.flushall()
    })
  })

  test('what is owed while Redis is away is not said to have been woken, and is woken as soon as it is back', async () => {
    const redis = await startRedis()
    const said: string[] = []
    const wake = await openWake({ redisUrl: redis.url, say: (event) => { said.push(event) }, now })
    const dueAt = now().toISOString()
    await redis.stop()
    await until('it is known to be away', () => wake.stuckSince() !== undefined)
    const sweeper = openSweeper({ wake, destinations: ['pkb'], isPaused: () => false, due: async () => [{ documentId: 'd', dueAt }], say: (event) => { said.push(event) }, now, everyMs: 20, graceMs: 0 })
    for (let n = 0; n < 3; n += 1) await sweeper.sweep()
    expect(said).not.toContain('swept')
    await redis.start()
    await until('woken', () => said.includes('swept'))
    expect(await wake.counts('pkb')).toMatchObject({ waiting: 1 })
    await sweeper.close()
    await wake.close()
    await redis.close()
  })

  test('a password that Redis does not know stops the start: waiting would not mend it', async () => {
    const redis = await startRedis()
    const client = new Redis(redis.url)
    await client.config('SET', 'requirepass', 'right')
    client.disconnect()
    await expect(openWake({ redisUrl: redis.url, say: () => undefined, now })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' })
    await redis.close()
  })

  test('an address that is none is said at once', async () => {
    await expect(openWake({ redisUrl: 'somewhere', say: () => undefined, now })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' })
  })
})
