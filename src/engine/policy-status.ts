// What pages, API and metrics tell of the policy in force, and of one that was refused.
import type { PolicyStatus } from '../dashboard/parts.ts'
import { approvalsOf } from '../policy/approvals.ts'
import type { PolicyHolder } from './in-force.ts'
import type { Reviews } from './reviews.ts'

export const policyStatus = (holder: PolicyHolder, reviews: Reviews) => (): PolicyStatus => {
  const { policy, proof, files, since, keptIn } = holder.now()
  const refused = holder.refused()
  return {
    hash: policy.hash, since, rules: policy.rules.length, combinations: proof.combinations, reviews: reviews.list(), approvals: () => approvalsOf(policy, files), keptIn,
    ...(refused ? { refused } : {}),
  }
}
