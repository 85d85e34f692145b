// A worker that has not taken the policy in force decides nothing meanwhile: what lasts is told, when it has lasted, when
// yet another policy came into force, and once a minute. It refuses to tell of the moment that every change takes.
import type { Say } from '../observe/events.ts'
import { rarely } from '../observe/rarely.ts'
import type { Policy } from '../policy/policy.ts'
import { BEHIND_SECS } from './next.ts'

type Parts = { readonly policy: () => Pick<Policy, 'hash'>; readonly say: Say; readonly now: () => Date }

/** Told at each step which policy the ledger says is in force. */
export const sayWhenBehind = ({ policy, say, now }: Parts): ((inForce: string) => void) => {
  const isNews = rarely(now)
  let since: number | undefined
  return (inForce) => {
    const at = now().getTime()
    since = policy().hash === inForce ? undefined : (since ?? at)
    if (since !== undefined && at - since >= BEHIND_SECS * 1000 && isNews(inForce)) say('policy_behind', { policy: policy().hash, inForce })
  }
}
