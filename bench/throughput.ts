// One case of the bench: prepared letters through one door, into a fresh engine or the bare limit, until the last one
// stands in a record. It refuses to count a run in which a letter arrived twice or not at all.
import { allArrived } from './arrivals.ts'
import { makeEngine } from './engine.ts'
import { startLimit } from './limit.ts'
import { sendAll } from './load.ts'
import { asControl } from './people.ts'
import { startRedis } from './redis.ts'
import { letters, readers, type Size } from './samples.ts'
import { startSandbox, type SandboxChild } from './sandbox.ts'
import type { Doors } from './sender.ts'
import { quantile } from './table.ts'
import type { Door } from './upload.ts'

export type Case = { readonly name: string; readonly door: Door; readonly size: Size; readonly connections: number; readonly count: number; readonly warmUp: number }
export type Queue = 'postgresql' | 'redis'

export type Measured = {
  readonly acknowledgedPerSec: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly endToEndPerSec: number
  readonly peakMb: number | undefined
}

const ARRIVE_MS = 180_000

const measure = async (one: Case, doors: Doors, sandbox: SandboxChild, peakMb: () => number | undefined): Promise<Measured> => {
  const { messages, sha256s } = letters('run', one.count, one.size, one.door)
  const { beganAt, acknowledgedPerSec, latenciesMs } = await sendAll(doors, messages, one.connections)
  const { at, copies } = await allArrived(sandbox, readers, sha256s, ARRIVE_MS)
  if (copies !== one.count + one.warmUp) throw new Error(`${copies} copies of ${one.count + one.warmUp} documents stand in the records.`)
  const last = Math.max(...sha256s.map((sha256) => at.get(sha256)!))
  return {
    acknowledgedPerSec, p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99),
    endToEndPerSec: one.count / ((last - beganAt) / 1000), peakMb: peakMb(),
  }
}

const warm = async (one: Case, doors: Doors, sandbox: SandboxChild): Promise<void> => {
  const { messages, sha256s } = letters('warm', one.warmUp, one.size, one.door)
  await sendAll(doors, messages, one.connections)
  await allArrived(sandbox, readers, sha256s, ARRIVE_MS)
}

/** With the DocumentReference of one of its documents, for the bare limit to post the same. */
export const measureEngine = async (one: Case, queue: Queue, settings: Readonly<Record<string, string>> = {}): Promise<Measured & { readonly resource: unknown }> => {
  const redis = queue === 'redis' ? await startRedis() : undefined
  const sandbox = await startSandbox()
  const engine = await makeEngine(sandbox.url, { ...settings, ...(redis ? { REDIS_URL: redis.url } : {}) })
  try {
    await sandbox.control(asControl(readers))
    await engine.start()
    await warm(one, engine.doors, sandbox)
    const measured = await measure(one, engine.doors, sandbox, engine.peakMemoryMb)
    const [row] = ((await engine.get('/api/documents?limit=1')) as { documents: readonly { id: string }[] }).documents
    return { ...measured, resource: await engine.get(`/api/documents/${row!.id}/resource`) }
  } finally {
    await engine.close()
    await sandbox.stop()
    await redis?.stop()
  }
}

export const measureLimit = async (one: Case, resource: unknown, atOnce: number): Promise<Measured> => {
  const sandbox = await startSandbox()
  const limit = await startLimit(sandbox.url, resource, atOnce)
  try {
    // Everything is posted to the one patient of the resource, who is known to the sandbox.
    await sandbox.control(asControl(readers))
    await warm(one, limit.doors, sandbox)
    return await measure(one, limit.doors, sandbox, () => undefined)
  } finally {
    await limit.stop()
    await sandbox.stop()
  }
}
