// Brings a database to the version that this Openletter needs, file by file from `migrations/`, each in a
// transaction of its own. It refuses a database that a newer Openletter has migrated, and a file that was changed
// after it was applied: the tables would no longer be what the files say.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Pool, PoolClient } from 'pg'
import { Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'
import { AS_LONG_AS_IT_TAKES } from './database.ts'

const FOLDER = fileURLToPath(new URL('migrations/', import.meta.url))
const FILE = /^(\d{4})-([a-z0-9-]+)\.sql$/
/** Any number, but always the same: who else uses it waits for us. */
const LOCK = 7_316_538_002

type Migration = { readonly version: number; readonly name: string; readonly sql: string; readonly sha256: string }
type Applied = { readonly version: number; readonly name: string; readonly sha256: string }

export type Migrated = {
  /** Version before and after; 0 is an empty database. */
  readonly from: number
  readonly to: number
}

const label = ({ version, name }: { version: number; name: string }) => `${String(version).padStart(4, '0')}-${name}.sql`

const readMigrations = async (folder: string): Promise<readonly Migration[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const migrations = await Promise.all(names.map(async (file) => {
    const [, version = '', name = ''] = FILE.exec(file) ?? []
    if (!version) throw new Failure('MIGRATION_INVALID', `${file} is not named like 0001-name.sql.`)
    // A checkout may have changed the line ends: that does not make it another migration.
    const sql = (await readFile(`${folder}/${file}`, 'utf8')).replaceAll('\r\n', '\n')
    return { version: Number(version), name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
  }))
  const gap = migrations.find(({ version }, n) => version !== n + 1)
  if (gap) throw new Failure('MIGRATION_INVALID', `${label(gap)} is out of line: versions count up from 0001 without a gap.`)
  return migrations
}

const compare = (files: readonly Migration[], applied: readonly Applied[]) => {
  for (const row of applied) {
    const file = files[row.version - 1]
    if (!file) throw new Failure('DATABASE_NEWER', `It has ${label(row)}; this version ends at ${files.length}.`)
    if (file.sha256 !== row.sha256) throw new Failure('MIGRATION_INVALID', `${label(file)} was changed after it was applied as ${label(row)}.`)
  }
}

/** Where in a file the server stopped. Its words are told only of errors in the statement: others may repeat a stored value. */
const trouble = (migration: Migration, error: unknown) => {
  const { code = 'unknown', position, message } = error as { code?: string; position?: string; message?: string }
  const line = position ? ` line ${migration.sql.slice(0, Number(position)).split('\n').length}` : ''
  return new Failure('MIGRATION_INVALID', `${label(migration)}${line}: ${code.startsWith('42') ? message : `SQLSTATE ${code}`}.`)
}

const apply = async (client: PoolClient, migration: Migration, now: Date) => {
  await client.query('begin')
  try {
    await client.query({ text: migration.sql, ...AS_LONG_AS_IT_TAKES })
    await client.query('insert into migrations (version, name, sha256, applied_at) values ($1, $2, $3, $4)', [migration.version, migration.name, migration.sha256, now])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw trouble(migration, error)
  }
}

const bringUp = async (client: PoolClient, files: readonly Migration[], now: () => Date): Promise<Migrated> => {
  await client.query('create table if not exists migrations (version integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null)')
  const { rows } = await client.query<Applied>('select version, name, sha256 from migrations order by version')
  compare(files, rows)
  const from = rows.at(-1)?.version ?? 0
  for (const migration of files.slice(from)) await apply(client, migration, now())
  return { from, to: files.length }
}

/** Any number of processes may call it at once: one works, the others wait and find it done. */
export const migrate = async (pool: Pool, { folder = FOLDER, now = () => new Date(), say }: { readonly folder?: string; readonly now?: () => Date; readonly say?: Say } = {}): Promise<Migrated> => {
  const files = await readMigrations(folder)
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    await client.query({ text: 'select pg_advisory_lock($1)', values: [LOCK], ...AS_LONG_AS_IT_TAKES })
    const done = await bringUp(client, files, now)
    if (done.from !== done.to) say?.('migrated', done)
    return done
  } finally {
    // Closing the connection gives the lock back and forgets the setting, whatever happened.
    client.release(true)
  }
}

/** For whoever only looks: throws unless the tables are those of this version, and changes nothing. */
export const expectMigrated = async (pool: Pool, folder = FOLDER): Promise<void> => {
  const files = await readMigrations(folder)
  const { rows: [table] } = await pool.query<{ there: boolean }>("select to_regclass('migrations') is not null as there")
  const { rows } = table?.there ? await pool.query<Applied>('select version, name, sha256 from migrations order by version') : { rows: [] }
  if (rows.length === 0) throw new Failure('LEDGER_MISSING', 'The database is there, and no engine has made its tables yet.')
  compare(files, rows)
  const missing = files[rows.length]
  if (missing) throw new Failure('DATABASE_OLDER', `It ends at ${label(rows.at(-1)!)}; this version needs ${label(files.at(-1)!)}.`)
}
