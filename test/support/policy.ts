// The example policy of this repository, loaded once for tests, and the means to bend it.
import { loadPolicy } from '../../src/policy/load.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { printProblem } from '../../src/policy/problem.ts'
import { sandboxSettings } from '../../src/settings.ts'
import type { Facts } from '../../src/types.ts'

export const testEnvironment = { RIO_HTTP_TOKEN: 'feed-token-for-tests', API_TOKEN: 'api-token-for-tests', ...sandboxSettings('http://127.0.0.1:3001') }

export const examplePolicy = async (): Promise<Policy> => {
  const { policy, problems } = await loadPolicy(testEnvironment)
  if (!policy) throw new Error(`The example policy has problems:\n${problems.map(printProblem).join('\n')}`)
  return policy
}

/** Facts of a document that goes to the record; override what the test is about. */
export const someFacts = (overrides: Partial<Facts> = {}): Facts => ({
  instruction: 'share', signals: 'none', code: 'listed', kind: 'clinical', producer: 'trust', service: 'in-scope', directorate: 'live',
  identity: 'verified', lifecycle: 'final', content: 'readable', person: 'alive', post: 'usable', account: 'registered', hold: 'none', release: 'none',
  ...overrides,
})
