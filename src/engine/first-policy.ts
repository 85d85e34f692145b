// The policy that an engine starts with: read, accepted with its proof, tested unless it was in force before, and written
// down. It refuses one with problems, each with its place.
import { Failure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Loaded } from '../policy/load.ts'
import { inOrder, printProblem, type PolicyProblem } from '../policy/problem.ts'
import type { Environment } from '../settings.ts'
import { tested } from './channel-tests.ts'
import type { InForce } from './in-force.ts'

/** The policy has problems: each with its place. */
export class PolicyRefused extends Failure {
  readonly problems: readonly PolicyProblem[]
  constructor(problems: readonly PolicyProblem[], breaksFloor: boolean) {
    super(breaksFloor ? 'FLOOR_BROKEN' : 'POLICY_INVALID', `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:\n${inOrder(problems).map(printProblem).join('\n')}`)
    this.problems = problems
  }
}

export type Acceptable = Loaded & Required<Pick<Loaded, 'policy' | 'proof'>>

export const acceptable = (loaded: Loaded): Acceptable => {
  const { policy, proof, problems } = loaded
  if (!policy || !proof) throw new PolicyRefused(problems, (proof?.counterExamples.length ?? 0) > 0)
  return { ...loaded, policy, proof }
}

/** The policy that was last in force needs no tests: a restart at night must not depend on samples. */
export const putInForce = async (loaded: Acceptable, env: Environment, ledger: Pick<Ledger, 'policyInForce' | 'savePolicy'>, say: Say, now: () => Date): Promise<InForce> => {
  const { policy, proof, files } = loaded
  const last = await ledger.policyInForce()
  const { blocking, keptIn } = last?.hash === policy.hash ? { blocking: [], keptIn: [] } : await tested(loaded, env)
  if (blocking.length > 0) throw new PolicyRefused(blocking, false)
  const at = now().toISOString()
  await ledger.savePolicy({ hash: policy.hash, files }, at)
  say('policy_loaded', { policy: policy.hash, combinations: proof.combinations, classes: proof.walked })
  if (keptIn.length > 0) say('policy_keeps_in', { policy: policy.hash, tests: keptIn.length })
  return { policy, proof, files, keptIn, since: last?.hash === policy.hash ? last.since : at }
}
