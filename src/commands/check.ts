// `openletter check`: reads channels/ and mappings/, prints every problem with its place, proves the floor. Needs no
// database. Exit code 1 if there is anything to mend.
import { loadPolicy } from '../policy/load.ts'
import { printProblem } from '../policy/problem.ts'
import { FACT_NAMES } from '../types.ts'
import { checkable } from './environment.ts'

export const check = async (_args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const started = performance.now()
  const { policy, proof, problems, files } = await loadPolicy(checkable(env))
  for (const problem of problems) console.log(printProblem(problem))
  const ms = Math.round(performance.now() - started)
  if (proof && proof.counterExamples.length === 0)
    console.log(`floor proved: no breach in ${proof.combinations.toLocaleString('en-GB')} combinations of ${FACT_NAMES.length} facts (${proof.walked.toLocaleString('en-GB')} walked, ${ms} ms)`)
  if (policy) console.log(`${Object.keys(files).length} files, no problems; policy ${policy.hash.slice(0, 12)}`)
  else console.log(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${Object.keys(files).length} files`)
  return policy ? 0 : 1
}
