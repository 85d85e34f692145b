// `openletter test`: runs the tests in the channel files on the policy as it stands, and says what they do not reach.
// Sends nothing, needs no database.
import { loadPolicy } from '../policy/load.ts'
import { printProblem } from '../policy/problem.ts'
import type { ChannelTests } from '../policy/test/run.ts'
import { channelTests } from '../engine/channel-tests.ts'
import { checkableBelow, folderArgument } from './environment.ts'

export const USAGE = 'Usage: npx openletter test [DIR] [--json]\nDIR holds channels/ and mappings/; without it CHANNELS_DIR and MAPPINGS_DIR are looked at.'

export const test = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const { folder, wrong } = folderArgument(args.filter((arg) => arg !== '--json'))
  if (wrong !== undefined) { console.error(`${wrong}\n${USAGE}`); return 2 }
  const settings = checkableBelow(folder, env)
  const loaded = await loadPolicy(settings)
  const tested = await channelTests(loaded, settings)
  console.log(args.includes('--json') ? JSON.stringify(asData(tested), undefined, 2) : inWords(tested, loaded.policy !== undefined).join('\n'))
  return tested.problems.length > 0 ? 1 : 0
}

const countsOf = ({ results }: ChannelTests): { readonly passed: number; readonly failed: number } => {
  const failed = results.filter(({ problems }) => problems.length > 0).length
  return { passed: results.length - failed, failed }
}

const inWords = (tested: ChannelTests, isLoaded: boolean): readonly string[] => {
  const { passed, failed } = countsOf(tested)
  const missing = Object.entries(tested.unreached).flatMap(([what, names]) => (names.length > 0 ? [`${what} that no test reaches: ${names.join(', ')}`] : []))
  return [...tested.problems.map(printProblem), ...missing, isLoaded ? `channel tests: ${passed} passed, ${failed} failed` : 'no channel test was run: mend what is above first']
}

const asData = (tested: ChannelTests) => ({
  ...countsOf(tested),
  problems: tested.problems,
  unreached: tested.unreached,
  unreachedBy: tested.unreachedBy,
  tests: tested.results.map(({ plan, problems, ...about }) => ({
    ...about, passed: problems.length === 0, problems,
    ...(plan ? { route: plan.decision.route, rule: plan.decision.rule, ...(plan.decision.wouldRoute ? { wouldRoute: plan.decision.wouldRoute } : {}) } : {}),
  })),
})
