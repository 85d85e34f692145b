// Whether each part of the engine can work, asked at the moment. It refuses details that could hold more than a name
// of ours.
import type { PartState } from '../dashboard/parts.ts'
import type { Wake } from '../deliver/wake.ts'
import type { Ledger } from '../ledger/ledger.ts'

export type ReadinessParts = {
  readonly ledger: Pick<Ledger, 'ping'>
  readonly wake: Pick<Wake, 'counts'>
  readonly parts: readonly string[]
  /** Feeds and destinations of the policy in force that do not run. */
  readonly down: () => readonly string[]
}

export const readiness = ({ ledger, wake, parts, down }: ReadinessParts) => async (): Promise<readonly PartState[]> => [
  await state('postgresql', () => ledger.ping()),
  await state('queue', () => wake.counts('pkb')),
  ...parts.map((part) => ({ part, ok: true })),
  ...down().map((part) => ({ part, ok: false, detail: 'It could not be started again. Send SIGHUP to try once more.' })),
]

const state = async (part: string, ask: () => Promise<unknown>): Promise<PartState> => {
  try {
    await ask()
    return { part, ok: true }
  } catch {
    return { part, ok: false, detail: 'It does not answer.' }
  }
}
