// When each document came to stand in the sandbox, by the sandbox's own clock, which is this machine's.
import { setTimeout as delay } from 'node:timers/promises'
import type { Patient } from './people.ts'
import type { SandboxChild } from './sandbox.ts'

export type Arrivals = {
  /** Wall clock, milliseconds, by SHA-256: the first copy counts. */
  readonly at: ReadonlyMap<string, number>
  readonly copies: number
}

const EVERY_MS = 100

export const arrivals = async (sandbox: SandboxChild, patients: readonly Patient[]): Promise<Arrivals> => {
  const at = new Map<string, number>()
  let copies = 0
  for (const { nhsNumber } of patients)
    for (const { sha256, receivedAt } of await sandbox.record(nhsNumber)) {
      copies += 1
      at.set(sha256, Math.min(at.get(sha256) ?? Number.POSITIVE_INFINITY, Date.parse(receivedAt)))
    }
  return { at, copies }
}

/** Waits until all of these files stand in a record. The counter is asked first: records are long. */
export const allArrived = async (sandbox: SandboxChild, patients: readonly Patient[], wanted: readonly string[], withinMs: number): Promise<Arrivals> => {
  const end = Date.now() + withinMs
  for (let counted = -1; ;) {
    const { byPath } = await sandbox.requests()
    const now = Object.values(byPath).reduce((sum, count) => sum + count, 0)
    // Nothing happened since the last look: look whether that is because all of it is there.
    if (now === counted || Date.now() > end) {
      const found = await arrivals(sandbox, patients)
      const missing = wanted.filter((sha256) => !found.at.has(sha256)).length
      if (missing === 0) return found
      if (Date.now() > end) throw new Error(`${missing} of ${wanted.length} documents had not arrived after ${withinMs / 1000} s.`)
    }
    counted = now
    await delay(EVERY_MS)
  }
}
