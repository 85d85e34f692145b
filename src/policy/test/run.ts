// Runs the tests that channel files carry: an upload goes through the same plan as in production, and the outcome is
// compared. It refuses to send, and needs neither database nor destination.
import { plan, type Planned } from '../../plan.ts'
import { FACTS, UNKNOWN_PERSON, type Person, type Plan, type Prior, type Receipt, type Refusal } from '../../types.ts'
import { notShownToStayIn, unreached, type Unreached } from './coverage.ts'
import { mismatches, refusedInstead, type Mismatch } from './expectation.ts'
import type { Loaded } from '../load.ts'
import type { Policy } from '../policy.ts'
import { inOrder, type PolicyProblem } from '../problem.ts'
import type { ChannelTest } from '../schema.ts'

/** How the input of a test becomes a receipt: given by the command, for reading messages is intake's work. Rejects if a file of it cannot be read. */
export type ReadInput = (feed: string, test: ChannelTest) => Promise<Receipt | Refusal>

export type TestResult = {
  readonly feed: string
  readonly name: string
  /** Where the test begins. */
  readonly file: string
  readonly line: number
  readonly col: number
  /** Each expectation that was not met, at its own place. */
  readonly problems: readonly PolicyProblem[]
  /** Missing where the message was refused, or could not be read. */
  readonly plan?: Plan
}

export type ChannelTests = {
  readonly results: readonly TestResult[]
  /** Everything that is wrong. */
  readonly problems: readonly PolicyProblem[]
  /**
   * What a policy may not be taken into force for. A test whose document stays in, whatever was expected, is told and
   * does not stand in the way: whoever sets a directorate to observing or blocks a code must be able to do so at once.
   */
  readonly blocking: readonly PolicyProblem[]
  readonly unreached: Unreached
  readonly unreachedBy: { readonly [feed: string]: Unreached }
}

const NOTHING: Unreached = { rules: [], codes: [], services: [], directorates: [] }

/** Every test of every feed. A policy that was not loaded whole has its own problems, and is not tested. */
export const runChannelTests = async (loaded: Loaded, readInput: ReadInput): Promise<ChannelTests> => {
  const { policy } = loaded
  if (!policy) return { results: [], problems: loaded.problems, blocking: loaded.problems, unreached: NOTHING, unreachedBy: {} }
  const results: TestResult[] = []
  for (const [feed, { tests }] of Object.entries(policy.feeds)) for (const [at, test] of tests.entries()) results.push(await runOne(loaded, policy, feed, at, test, readInput))
  const plansOf = (name?: string): readonly Plan[] => results.flatMap(({ feed, plan: one }) => (one && (name === undefined || feed === name) ? [one] : []))
  const unsafe = Object.entries(policy.feeds).flatMap(([name, feed]) =>
    notShownToStayIn(policy, feed, plansOf(name)).map((message): PolicyProblem => ({ ...loaded.placeIn(name, ['tests']), path: `${name} › tests`, message })))
  return {
    results,
    problems: inOrder([...results.flatMap(({ problems }) => problems), ...unsafe]),
    blocking: inOrder([...results.filter((result) => !staysIn(result)).flatMap(({ problems }) => problems), ...unsafe]),
    unreached: unreached(policy, plansOf()),
    unreachedBy: Object.fromEntries(Object.keys(policy.feeds).map((name) => [name, unreached(policy, plansOf(name))])),
  }
}

/** Refused messages are lost to the patient, and are no way of staying in. */
const staysIn = ({ plan: one }: TestResult): boolean => one !== undefined && one.decision.route !== 'pkb' && one.decision.route !== 'print'

const runOne = async (loaded: Loaded, policy: Policy, feed: string, at: number, test: ChannelTest, readInput: ReadInput): Promise<TestResult> => {
  const place = (path: readonly PropertyKey[]) => loaded.placeIn(feed, ['tests', at, ...path])
  const result = { feed, name: test.name, ...place([]) }
  const problem = (path: readonly PropertyKey[], what: string, message: string): PolicyProblem => ({ ...place(path), path: `${feed} › ${test.name}: ${what}`, message })
  const told = (all: readonly Mismatch[]) => all.map(({ path, what, message }) => problem(['expect', ...path], what, message))
  let receipt: Receipt | Refusal
  try {
    receipt = await readInput(feed, test)
  } catch (error) {
    const key = test.sample === undefined ? 'file' : 'sample'
    return { ...result, problems: [problem([key], key, `${test[key] ?? 'the input'} cannot be read (${reasonOf(error)}): write the path of a file from the root of the project, for example samples/letter.pdf`)] }
  }
  if (!('skeleton' in receipt)) return { ...result, problems: told(refusedInstead(test.expect, receipt)) }
  const [planned, ...others] = planAll(receipt, policy, test)
  if (!planned.ok) return { ...result, problems: told(refusedInstead(test.expect, planned.refusal)) }
  return { ...result, plan: planned.plan, problems: told(mismatches(test.expect, planned.plan, others.flatMap((one) => (one.ok ? [one.plan] : [])))) }
}

const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file', EISDIR: 'this is a folder', NOT_PLAIN: 'this is a pipe, a socket or a device', EFBIG: 'it is too large for a test', EACCES: 'the user who runs this may not read it',
}
const reasonOf = (error: unknown): string => { const { code = 'unknown' } = error as NodeJS.ErrnoException; return REASONS[code] ?? code }

/** As the test says; then, while it leaves the account open, whatever PKB may come to say of it. */
const planAll = (receipt: Receipt, policy: Policy, test: ChannelTest): readonly [Planned, ...Planned[]] => {
  const person = personOf(test)
  const planFor = (one: Person): Planned => plan(receipt, policy, one, priorOf(receipt, test))
  const open = person.account === 'unknown' && test.expect.not_to !== undefined
  return [planFor(person), ...(open ? FACTS.account.filter((account) => account !== 'unknown').map((account) => planFor({ ...person, account })) : [])]
}

const personOf = ({ person }: ChannelTest): Person =>
  person ? { account: person.account, deceased: person.deceased ?? false, ...(person.birth_date ? { birthDate: person.birth_date } : {}) } : UNKNOWN_PERSON

/** What is known of a document that has just come in for the first time. */
export const firstPrior = (receipt: Receipt): Prior => ({ firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false })

const priorOf = (receipt: Receipt, { prior = {} }: ChannelTest): Prior => ({
  firstReceivedAt: prior.first_received_on ? `${prior.first_received_on}T12:00:00.000Z` : receipt.receivedAt,
  cancelled: prior.cancelled ?? false,
  superseded: prior.superseded ?? false,
  moved: prior.moved ?? false,
  held: prior.held ?? false,
  released: prior.released_by ?? 0,
  parentStanding: prior.parent_standing ?? false,
})
