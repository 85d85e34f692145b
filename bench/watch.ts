// Looks into the records again and again while everything is on fire: a copy that stands there for a moment only is
// still one that the patient saw. It refuses to judge what may be right: a recall takes its time.
import { setTimeout as delay } from 'node:timers/promises'
import type { Patient } from './people.ts'
import type { SandboxChild } from './sandbox.ts'

export type Seen = {
  /** Files that stood twice in one record at the same time. */
  readonly doubled: Set<string>
  /** Files that were seen in any record at any time. */
  readonly ever: Set<string>
}

const EVERY_MS = 150

export const watchRecords = (sandbox: SandboxChild, patients: readonly Patient[]): Seen & { stop(): Promise<void> } => {
  const doubled = new Set<string>()
  const ever = new Set<string>()
  const stop = new AbortController()
  const run = async (): Promise<void> => {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      const { nhsNumber } = patients[turn % patients.length]!
      const here = new Set<string>()
      for (const { sha256 } of await sandbox.record(nhsNumber)) {
        if (here.has(sha256)) doubled.add(sha256)
        here.add(sha256)
        ever.add(sha256)
      }
      await delay(EVERY_MS)
    }
  }
  const running = run()
  // Told when it is waited for.
  running.catch(() => undefined)
  return {
    doubled,
    ever,
    stop: async () => {
      stop.abort()
      await running
    },
  }
}
