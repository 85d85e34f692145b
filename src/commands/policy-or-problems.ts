// The loaded policy for commands that need one: every problem printed, or the policy.
import { loadPolicy } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { printProblem } from '../policy/problem.ts'
import type { Environment } from '../settings.ts'

export const policyOrProblems = async (env: Environment): Promise<Policy | undefined> => {
  const { policy, problems } = await loadPolicy(env)
  for (const problem of problems) console.error(printProblem(problem))
  return policy
}
