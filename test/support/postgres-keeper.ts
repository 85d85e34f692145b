// A process that keeps one embedded PostgreSQL for a test run: it prints the address, and when its standard input
// ends, because the run is over or was killed, it stops the server and removes every trace.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/ledger/embedded.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// Who started this may be gone before it is told the address.
process.stdout.on('error', () => {})
const directory = mkdtempSync(join(tmpdir(), 'openletter-test-'))
// Run as root, the server belongs to another user, who must get this far.
chmodSync(directory, 0o711)
const ended = new Promise<void>((resolve) => { process.stdin.on('end', resolve).on('error', () => resolve()).resume() })
try {
  const embedded = await startEmbedded({ dataDir: directory, say: () => {} })
  process.stdout.write(`${embedded.url}\n`)
  await ended
  await embedded.stop()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
