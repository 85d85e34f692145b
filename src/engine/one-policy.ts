// One policy in all processes: when another one took a policy, this one reads its own files. It refuses to take anything
// but that policy, for only it was asked for: where the files here say otherwise, this process stays as it is and sends nothing.
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rounds } from '../observe/rounds.ts'
import type { PolicyHolder } from './in-force.ts'

export type OnePolicyParts = {
  readonly ledger: Pick<Ledger, 'policyHistory'>
  readonly holder: Pick<PolicyHolder, 'now' | 'reload'>
  readonly say: Say
  readonly everyMs?: number
}

const EVERY_MS = 1_000

export const followPolicy = ({ ledger, holder, say, everyMs = EVERY_MS }: OnePolicyParts): { close(): Promise<void> } => {
  let isAway = false
  /** Another one's, and read for: what did not come of it then comes by a signal or a saved file. */
  let readFor = ''

  const look = async (): Promise<void> => {
    const [last] = await ledger.policyHistory(1)
    const one = last && last.hash !== holder.now().policy.hash ? `${last.hash} ${last.since}` : ''
    if (last && one !== '' && one !== readFor) await holder.reload(last.hash)
    readFor = one
  }
  const watching = rounds(async () => {
    try {
      await look()
      isAway = false
    } catch (error) {
      const { code } = asFailure(error)
      if (!isAway) say('part_failed', { part: 'policy', code, detail: 'It is not known whether another process took a policy: what was last in force here stays.' })
      isAway = true
    }
  }, everyMs)
  watching.begin()
  return { close: () => watching.close() }
}
