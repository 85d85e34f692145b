// A process that keeps one embedded PostgreSQL for a test run, with a migrated database to copy: it prints the address, and
// when its standard input ends, because the run is over or was killed, it stops the server and removes every trace.
// No test pulls the plug of this server, so it does not wait for the disk; those that do start one of their own.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { postgresBackend } from '../../src/deliver/queue-postgres.ts'
import { connect } from '../../src/ledger/database.ts'
import { startEmbedded } from '../../src/ledger/embedded/embedded.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { KEEP } from './as-new.ts'
import { MIGRATED, SPARE } from './migrated.ts'

/** The database that `freshDatabase` copies, and settings for a server whose data nobody will miss. */
const prepare = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of ['alter system set fsync = off', 'alter system set full_page_writes = off', 'select pg_reload_conf()', `create database ${MIGRATED}`, `create table ${SPARE} (name text)`]) await client.query(statement)
  await client.end()
  const address = new URL(url)
  address.pathname = `/${MIGRATED}`
  const pool = connect(address.href, { max: 1 })
  await migrate(pool)
  await (await postgresBackend(pool)).close()
  await pool.query(KEEP)
  await pool.end()
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// Who started this may be gone before it is told the address.
process.stdout.on('error', () => {})
const directory = mkdtempSync(join(tmpdir(), 'openletter-test-'))
// Run as root, the server belongs to another user, who must get this far.
chmodSync(directory, 0o711)
const ended = new Promise<void>((resolve) => { process.stdin.on('end', resolve).on('error', () => resolve()).resume() })
try {
  const embedded = await startEmbedded({ dataDir: directory, say: () => {} })
  await prepare(embedded.url)
  process.stdout.write(`${embedded.url}\n`)
  await ended
  await embedded.stop()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
