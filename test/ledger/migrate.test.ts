import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Pool } from 'pg'
import { connect } from '../../src/ledger/database.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { freshDatabase } from '../support/database.ts'
import type { TestDatabase } from '../support/database.ts'
import { makeFolder } from '../support/folder.ts'

const place = makeFolder()
let [folder, nth] = ['', 0]
let database: TestDatabase
let pool: Pool

const write = (files: Readonly<Record<string, string>>) => {
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql)
}

beforeEach(async () => {
  folder = join(place.path, String(nth++))
  mkdirSync(folder)
  write({ '0001-letters.sql': 'create table letters (id integer);\ninsert into letters values (1);', '0002-stamps.sql': 'alter table letters add stamp text;' })
  database = await freshDatabase()
  pool = connect(database.url, { max: 2 })
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})
afterAll(() => place.remove())

const applied = async () => (await pool.query<{ version: number; name: string; applied_at: Date }>('select * from migrations order by version')).rows

test('an empty database gets every file, in order, and remembers them', async () => {
  expect(await migrate(pool, { folder, now: () => new Date('2026-11-20T10:00:00Z') })).toEqual({ from: 0, to: 2 })
  expect((await pool.query('select * from letters')).rows).toEqual([{ id: 1, stamp: null }])
  expect(await applied()).toMatchObject([
    { version: 1, name: 'letters', applied_at: new Date('2026-11-20T10:00:00Z') },
    { version: 2, name: 'stamps' },
  ])
})

test('a second time does nothing, and a new file is added to what is there', async () => {
  await migrate(pool, { folder })
  expect(await migrate(pool, { folder })).toEqual({ from: 2, to: 2 })
  write({ '0003-more.sql': 'insert into letters values (2)' })
  expect(await migrate(pool, { folder })).toEqual({ from: 2, to: 3 })
  expect((await pool.query('select id from letters')).rowCount).toBe(2)
})

test('several processes may start at once: one works, all find it done', async () => {
  write({ '0003-slow.sql': 'select pg_sleep(0.2); insert into letters values (2)' })
  const pools = Array.from({ length: 5 }, () => connect(database.url, { max: 1 }))
  try {
    const done = await Promise.all(pools.map((pool) => migrate(pool, { folder })))
    expect(done.map(({ from }) => from).sort()).toEqual([0, 3, 3, 3, 3])
    expect((await pool.query('select id from letters')).rowCount).toBe(2)
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
})

test('a file that fails leaves nothing of itself, keeps those before it, and says where it stopped', async () => {
  write({ '0003-bad.sql': 'create table stays (id integer);\ninsert into letters\n  select no_such from letters;' })
  await expect(migrate(pool, { folder })).rejects.toMatchObject({ code: 'MIGRATION_INVALID', detail: '0003-bad.sql line 3: column "no_such" does not exist.' })
  expect((await applied()).map(({ version }) => version)).toEqual([1, 2])
  expect((await pool.query('select to_regclass(\'stays\') there')).rows).toEqual([{ there: null }])
  write({ '0003-bad.sql': 'create table stays (id integer)' })
  expect(await migrate(pool, { folder })).toEqual({ from: 2, to: 3 })
})

test('a stored value that stops a file is not repeated', async () => {
  write({ '0003-cast.sql': 'insert into letters values (3, \'Ada Example\'); select stamp::integer from letters' })
  const error = await migrate(pool, { folder }).catch((error: Error) => error) as Error
  expect(error).toMatchObject({ code: 'MIGRATION_INVALID', detail: expect.stringContaining('22P02') })
  expect(error.stack).not.toContain('Ada')
  expect(error).not.toHaveProperty('cause')
})

test('the lock is free again after a failure', async () => {
  write({ '0003-bad.sql': 'nonsense' })
  for (let n = 0; n < 3; n++) await expect(migrate(pool, { folder })).rejects.toMatchObject({ code: 'MIGRATION_INVALID' })
})

describe('refused is', () => {
  test('a database that a newer version has migrated', async () => {
    await migrate(pool, { folder })
    rmSync(join(folder, '0002-stamps.sql'))
    await expect(migrate(pool, { folder })).rejects.toMatchObject({ code: 'DATABASE_NEWER', detail: expect.stringContaining('0002-stamps.sql') })
  })

  test('a file that was changed after it was applied, before anything newer is', async () => {
    await migrate(pool, { folder })
    write({ '0001-letters.sql': 'create table letters (id bigint)', '0003-more.sql': 'create table more (id integer)' })
    await expect(migrate(pool, { folder })).rejects.toMatchObject({ code: 'MIGRATION_INVALID', detail: expect.stringContaining('0001-letters.sql') })
    expect((await applied())).toHaveLength(2)
  })

  test.each(['1-short.sql', '0003_underscore.sql', '0004-gap.sql', '0002-twice.sql'])('a folder with %s', async (name) => {
    write({ [name]: 'select 1' })
    await expect(migrate(pool, { folder })).rejects.toMatchObject({ code: 'MIGRATION_INVALID', detail: expect.stringMatching(/\.sql/) })
  })
})

test('other line ends do not make another file', async () => {
  await migrate(pool, { folder })
  write({ '0001-letters.sql': 'create table letters (id integer);\r\ninsert into letters values (1);' })
  expect(await migrate(pool, { folder })).toEqual({ from: 2, to: 2 })
})

test('the migrations of this version apply to an empty database', async () => {
  expect(existsSync(new URL('../../src/ledger/migrations/', import.meta.url))).toBe(true)
  const { from, to } = await migrate(pool)
  expect(from).toBe(0)
  expect(to).toBeGreaterThan(0)
  expect(await migrate(pool)).toEqual({ from: to, to })
})
