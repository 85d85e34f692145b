// `openletter check`: reads channels/ and mappings/, prints every problem with its place, proves the floor. Exit code 1 if there
// is anything to mend. It refuses to need a database or to change a file.
import { loadPolicy } from '../policy/load.ts'
import { printProblem } from '../policy/problem.ts'
import { londonDay } from '../decide/london.ts'
import { overdueInWords, reviewsOf } from '../policy/reviews.ts'
import { FACT_NAMES } from '../types.ts'
import { checkableBelow, folderArgument } from './environment.ts'

export const USAGE = 'Usage: npx openletter check [DIR]\nDIR holds channels/ and mappings/; without it CHANNELS_DIR and MAPPINGS_DIR are looked at.'

const count = (number: number, one: string): string => `${number.toLocaleString('en-GB')} ${number === 1 ? one : `${one}s`}`

export const check = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const { folder, wrong } = folderArgument(args)
  if (wrong !== undefined) { console.error(`${wrong}\n${USAGE}`); return 2 }
  const { policy, proof, proofMs, problems, files } = await loadPolicy(checkableBelow(folder, env))
  for (const problem of problems) console.log(printProblem(problem))
  if (proof) {
    const covered = `${count(proof.combinations, 'combination')} of ${FACT_NAMES.length} facts (${proof.walked.toLocaleString('en-GB')} walked, ${Math.max(1, Math.round(proofMs ?? 0))} ms)`
    console.log(proof.unproved ? 'floor not proved: the rules are too tangled' : proof.counterExamples.length === 0 ? `floor proved: no breach in ${covered}` : `floor not proved: ${count(proof.counterExamples.length, 'breach').replace('breachs', 'breaches')} in ${covered}`)
  }
  for (const review of policy ? reviewsOf(policy, londonDay(new Date())) : []) if (review.overdue) console.log(`warning: ${overdueInWords(review)}`)
  console.log(policy ? `${count(Object.keys(files).length, 'file')}, no problems; policy ${policy.hash.slice(0, 12)}` : `${count(problems.length, 'problem')} in ${count(Object.keys(files).length, 'file')}`)
  if (policy) console.log(`now run npx openletter test${folder === undefined ? '' : ` ${folder}`}: an engine asks for it too`)
  return policy ? 0 : 1
}
