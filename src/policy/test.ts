// Runs the tests that channel files carry: a sample goes through the same plan as in production, and the outcome is
// compared. It refuses to send, and needs neither database nor destination.
import type { FactName, Plan, Prior, Receipt, Refusal } from '../types.ts'
import { UNKNOWN_PERSON } from '../types.ts'
import { plan } from '../plan.ts'
import type { Policy } from './policy.ts'
import type { ChannelTest } from './schema.ts'

export type TestResult = { readonly feed: string; readonly name: string; readonly failures: readonly string[]; readonly rule?: string; readonly code?: string }

/** How a sample becomes a receipt: given by the command, for reading messages is intake's work. */
export type ReadSample = (file: string, feed: string) => Promise<Receipt | Refusal>

export const firstPrior = (receipt: Receipt): Prior => ({ firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false })

export const runChannelTests = async (policy: Policy, readSample: ReadSample): Promise<readonly TestResult[]> => {
  const results: TestResult[] = []
  for (const [feed, channel] of Object.entries(policy.feeds)) for (const test of channel.tests) results.push(await runOne(policy, feed, test, readSample))
  return results
}

const runOne = async (policy: Policy, feed: string, test: ChannelTest, readSample: ReadSample): Promise<TestResult> => {
  let receipt: Receipt | Refusal
  try {
    receipt = await readSample(test.sample ?? '', feed)
  } catch (error) {
    return { feed, name: test.name, failures: [`the sample ${test.sample} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`] }
  }
  if (!('skeleton' in receipt)) return { feed, name: test.name, failures: compareRefusal(test, receipt) }
  const person = test.person
    ? { account: test.person.account, deceased: test.person.deceased ?? false, ...(test.person.birth_date ? { birthDate: test.person.birth_date } : {}) }
    : UNKNOWN_PERSON
  const planned = plan(receipt, policy, person, firstPrior(receipt))
  if (!planned.ok) return { feed, name: test.name, failures: compareRefusal(test, planned.refusal) }
  return { feed, name: test.name, failures: compare(test, planned.plan), rule: planned.plan.decision.rule }
}

const compareRefusal = (test: ChannelTest, refusal: Refusal): readonly string[] =>
  test.expect.refused === refusal.code ? [] : [`expected ${test.expect.refused ? `refused ${test.expect.refused}` : 'a decision'}, and it was refused: ${refusal.code} at ${refusal.at}`]

const compare = ({ expect }: ChannelTest, { decision, facts }: Plan): readonly string[] => {
  const failures: string[] = []
  const same = (what: string, expected: string | undefined, actual: string | undefined) => {
    if (expected !== undefined && expected !== actual) failures.push(`${what}: expected ${expected}, actual ${actual ?? 'none'}`)
  }
  if (expect.refused) failures.push(`expected refused ${expect.refused}, and it was decided: ${decision.route} by ${decision.rule}`)
  same('route', expect.route, decision.route)
  same('would_route', expect.would_route, decision.wouldRoute)
  same('rule', expect.rule, decision.rule)
  for (const [fact, value] of Object.entries(expect.facts ?? {})) same(`facts.${fact}`, value, facts[fact as FactName])
  for (const label of expect.labels ?? []) if (!decision.labels.includes(label)) failures.push(`labels: expected ${label}, actual ${decision.labels.join(', ')}`)
  for (const way of expect.not_to ?? []) if (decision.route === way) failures.push(`not_to: it would go to ${way} by ${decision.rule}`)
  return failures
}
