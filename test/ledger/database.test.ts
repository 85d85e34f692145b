import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import type { Pool } from 'pg'
import { connect, endPool, inTransaction } from '../../src/ledger/database.ts'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'

let database: TestDatabase
let pool: Pool
const said: unknown[] = []

beforeAll(async () => {
  database = await freshDatabase()
  pool = connect(database.url, { max: 4, say: (...event) => { said.push(event) } })
  await pool.query('create table notes (text text primary key)')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const texts = async () => (await pool.query<{ text: string }>('select text from notes order by text')).rows.map(({ text }) => text)

/** Cuts connections of the pool the way a restarting server does. */
const cut = async (pids: readonly number[]) => {
  const other = new Client(database.url)
  await other.connect()
  await other.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [pids]).finally(() => other.end())
}
const pidOf = async (client: { query(text: string): Promise<{ rows: { pid: number }[] }> }) => (await client.query('select pg_backend_pid() pid')).rows[0]!.pid

test('the server sees who is connected', async () => {
  expect((await pool.query<{ name: string }>('select current_setting(\'application_name\') name')).rows[0]!.name).toBe('openletter')
})

describe('a transaction', () => {
  test('keeps all of what was done in it', async () => {
    const answer = await inTransaction(pool, async (client) => {
      await client.query('insert into notes values ($1), ($2)', ['a', 'b'])
      return 42
    })
    expect(answer).toBe(42)
    expect(await texts()).toEqual(['a', 'b'])
  })

  test('keeps nothing if its function throws, and throws the same', async () => {
    const mine = new Error('no')
    await expect(inTransaction(pool, async (client) => {
      await client.query('insert into notes values (\'c\')')
      throw mine
    })).rejects.toBe(mine)
    expect(await texts()).toEqual(['a', 'b'])
  })

  test('passes an error of the statement on as it is', async () => {
    await expect(inTransaction(pool, (client) => client.query('insert into notes values (\'a\')'))).rejects.toMatchObject({ code: '23505' })
    expect(await texts()).toEqual(['a', 'b'])
  })

  test('whose connection is cut is DATABASE_UNREACHABLE and keeps nothing', async () => {
    await expect(inTransaction(pool, async (client) => {
      await client.query('insert into notes values (\'d\')')
      await cut([await pidOf(client)])
      await client.query('select 1')
    })).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
    expect(await texts()).toEqual(['a', 'b'])
  })

  test('gives its connection back each time', async () => {
    for (let n = 0; n < 20; n++) await inTransaction(pool, () => Promise.reject(new Error('no'))).catch(() => {})
    expect(pool.totalCount - pool.idleCount).toBe(0)
    expect(await texts()).toEqual(['a', 'b'])
  })
})

describe('a connection that breaks', () => {
  test('while idle is said and replaced, and the process goes on', async () => {
    said.length = 0
    await cut([await pidOf(pool as never)])
    while (said.length === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
    expect(said[0]).toEqual(['database_lost', { code: '57P01' }])
    expect(await texts()).toEqual(['a', 'b'])
  })

  test('while held without a query does not end the process', async () => {
    const client = await pool.connect()
    const gone = new Promise((resolve) => { client.once('end', resolve) })
    await cut([await pidOf(client)])
    await gone
    client.release(true)
    expect(await texts()).toEqual(['a', 'b'])
  })

  test('during a query of the pool is DATABASE_UNREACHABLE', async () => {
    await expect(pool.query('select pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  })
})

describe('a server that cannot be reached', () => {
  const secret = 'not-for-the-log'
  const elsewhere = (change: (url: URL) => void) => {
    const url = new URL(database.url)
    url.password = secret
    change(url)
    return url.href
  }

  test.each([
    ['nobody listens', elsewhereLater((url) => { url.port = '1' }), 'ECONNREFUSED'],
    ['the password is wrong', elsewhereLater(() => {}), '28P01'],
    ['there is no such host', elsewhereLater((url) => { url.hostname = 'database.invalid' }), /ENOTFOUND|EAI_AGAIN/],
  ])('because %s is DATABASE_UNREACHABLE, without the password', async (_, address, reason) => {
    const other = connect(address(), { max: 1 })
    try {
      for (const attempt of [other.query('select 1'), other.connect(), inTransaction(other, async () => {})]) {
        const error = await (attempt as Promise<unknown>).catch((error: unknown) => error) as { code: string; detail: string; message: string; stack: string }
        expect(error.code).toBe('DATABASE_UNREACHABLE')
        expect(error.detail).toMatch(reason)
        expect(JSON.stringify(error) + error.message + error.stack).not.toContain(secret)
      }
    } finally {
      await other.end()
    }
  })

  test.each(['mysql://a:not-for-the-log@b/c', 'postgresql://a:not-for-the-log@b:port/c', 'not-for-the-log'])('an address that is none is SETTING_INVALID: %s', (address) => {
    const error = (() => { try { return connect(address, { max: 1 }) } catch (error) { return error as { code: string; stack: string; cause?: unknown } } })()
    expect(error).toMatchObject({ code: 'SETTING_INVALID' })
    expect((error as { stack: string }).stack).not.toContain(secret)
    expect(error).not.toHaveProperty('cause')
  })

  function elsewhereLater(change: (url: URL) => void) { return () => elsewhere(change) }
})

test('a connection that was never given back does not keep a pool from ending', async () => {
  const other = connect(database.url, { max: 2 })
  const kept = await other.connect()
  await endPool(other, 50)
  expect(other.ended).toBe(false)
  kept.release(true)
  const whole = connect(database.url, { max: 2 })
  await whole.query('select 1')
  await endPool(whole)
  expect(whole.ended).toBe(true)
})
