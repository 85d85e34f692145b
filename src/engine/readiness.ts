// Whether each part of the engine can work, asked at the moment. It refuses details that could hold more than a name
// of ours.
import type { PartState } from '../dashboard/parts.ts'
import type { Wake } from '../deliver/wake.ts'
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'

export type ReadinessParts = {
  readonly ledger: Pick<Ledger, 'ping'>
  readonly wake: Pick<Wake, 'counts'>
  readonly parts: readonly string[]
  /** Feeds and destinations of the policy in force that do not run. */
  readonly down: () => readonly string[]
}

/** Whoever asks from outside soon takes no answer for a dead process. */
const WITHIN_MS = 5_000

export const readiness = ({ ledger, wake, parts, down }: ReadinessParts, withinMs = WITHIN_MS) => async (): Promise<readonly PartState[]> => [
  ...(await Promise.all([state('postgresql', () => ledger.ping(), withinMs), state('queue', () => wake.counts('pkb'), withinMs)])),
  ...parts.map((part) => ({ part, ok: true })),
  ...down().map((part) => ({ part, ok: false, detail: 'It could not be started again. Send SIGHUP to try once more.' })),
]

const state = async (part: string, ask: () => Promise<unknown>, withinMs: number): Promise<PartState> => {
  let impatient: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => { impatient = setTimeout(() => reject(new Error('no answer in time')), withinMs) })
  try {
    await Promise.race([ask(), tooLong])
    return { part, ok: true }
  } catch (error) {
    return { part, ok: false, detail: asFailure(error).code === 'STORE_UNAVAILABLE' ? 'It answers and takes no writes.' : 'It does not answer.' }
  } finally {
    clearTimeout(impatient)
  }
}
