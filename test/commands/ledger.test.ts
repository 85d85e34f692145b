// A command on the ledger: beside an engine that runs, and where none does. The server of an engine stays the engine's.
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { withLedger } from '../../src/commands/ledger.ts'
import { connect } from '../../src/ledger/database.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { anEngineHome, type EngineHome } from '../support/child-engine.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, work } from '../support/ledger.ts'

describe('with a database of its own', () => {
  let database: TestDatabase
  beforeEach(async () => { database = await freshDatabase() })
  afterEach(() => database.drop())
  const tables = async (): Promise<readonly unknown[]> => {
    const pool = connect(database.url, { max: 1 })
    try {
      return (await pool.query("select tablename from pg_tables where schemaname = 'public'")).rows
    } finally {
      await pool.end()
    }
  }

  test('there is nothing to look at before an engine was there, and nothing is made', async () => {
    await expect(withLedger({ DATABASE_URL: database.url }, (ledger) => ledger.counts())).rejects.toMatchObject({ code: 'LEDGER_MISSING' })
    expect(await tables()).toEqual([])
  })
  test('an older database is not brought up behind the back of an engine that may run on it', async () => {
    const folder = makeFolder()
    await writeFile(join(folder.path, '0001-ledger.sql'), await readFile(new URL('../../src/ledger/migrations/0001-ledger.sql', import.meta.url)))
    const pool = connect(database.url, { max: 1 })
    await migrate(pool, { folder: folder.path })
    await expect(withLedger({ DATABASE_URL: database.url }, (ledger) => ledger.counts())).rejects.toMatchObject({ code: 'DATABASE_OLDER', detail: expect.stringContaining('0001-ledger.sql') })
    expect((await pool.query('select version from migrations')).rows).toEqual([{ version: 1 }])
    await pool.end()
    folder.remove()
  })
})

test('what an engine has under way is left alone', async () => {
  const place = await aLedger()
  await place.ledger.savePerson('9990000018', { registered: true, deceased: false }, place.clock.at.toISOString())
  const { id } = await place.upload({ documentId: 'L-1' })
  await work(place, id, 'pkb')
  // As after a worker that was killed: the attempt is open, and nobody holds its lock.
  await place.pool.query("update attempts set outcome = 'started'")
  await place.pool.query("update deliveries set due_at = '2099-01-01'")
  const due = async () => (await place.pool.query('select due_at from deliveries')).rows
  const before = await due()
  expect(await withLedger({ DATABASE_URL: place.url }, async (ledger) => (await ledger.known(id))?.sourceId)).toBe('L-1')
  expect(await due()).toEqual(before)
  await place.close()
})

test('without a database of its own and without an engine ever, it is told where it looked', async () => {
  const folder = makeFolder()
  await mkdir(join(folder.path, 'postgres'))
  await expect(withLedger({ DATA_DIR: folder.path }, (ledger) => ledger.counts())).rejects.toMatchObject({ code: 'LEDGER_MISSING', detail: expect.stringContaining(join(folder.path, 'postgres')) })
  expect(existsSync(join(folder.path, 'postgres', 'cluster'))).toBe(false)
  folder.remove()
})

describe('with the embedded PostgreSQL', () => {
  let home: EngineHome
  // Made once, for that takes the longest: each test leaves it without an engine, and with one document more.
  beforeAll(async () => {
    home = anEngineHome()
    await (await home.start()).kill('SIGTERM')
  })
  afterAll(() => home.remove())
  const lock = () => readFileSync(join(home.dataDir, 'postgres', 'engine.pid'), 'utf8')
  const count = async (): Promise<number> => withLedger({ DATA_DIR: home.dataDir }, async (ledger) => (await ledger.list({ limit: 10 })).documents.length)

  test('beside an engine that runs its server is used, and goes on running', async () => {
    const engine = await home.start()
    await engine.upload({ documentId: 'E-1' })
    const before = [home.postmaster(), lock()]
    expect(await count()).toBe(1)
    expect([home.postmaster(), lock()]).toEqual(before)
    expect((await engine.upload({ documentId: 'E-2' })).status).toBe(201)
    expect(await count()).toBe(2)
    await engine.kill('SIGTERM')
  })

  test('where no engine runs a server is started, and stopped by whoever leaves last', async () => {
    expect(home.postmaster()).toBeUndefined()
    expect(await count()).toBe(2)
    expect(home.processes()).toEqual([])

    const [stays, arrived] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let second: Promise<number> | undefined
    await withLedger({ DATA_DIR: home.dataDir }, async () => {
      second = withLedger({ DATA_DIR: home.dataDir }, async (ledger) => {
        arrived.resolve()
        await stays.promise
        return (await ledger.list({ limit: 10 })).documents.length
      })
      await arrived.promise
    })
    stays.resolve()
    expect(await second).toBe(2)
    expect(home.processes()).toEqual([])
  })

  test('an engine that starts meanwhile is not refused, and keeps the server', async () => {
    const engine = await withLedger({ DATA_DIR: home.dataDir }, () => home.start())
    const postmaster = home.postmaster()
    expect(postmaster).toBeDefined()
    expect((await engine.upload({ documentId: 'E-3' })).status).toBe(201)
    expect(await count()).toBe(3)
    expect(home.postmaster()).toBe(postmaster)
    await engine.kill('SIGTERM')
    expect(home.processes()).toEqual([])
  })

  test('a signal ends the work, and closes what was opened for it', async () => {
    const ends = withLedger({ DATA_DIR: home.dataDir }, async (ledger) => {
      await ledger.ping()
      process.emit('SIGINT')
      return new Promise<never>(() => undefined)
    })
    await expect(ends).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(home.processes()).toEqual([])
  })
})
