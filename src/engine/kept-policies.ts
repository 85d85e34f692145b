// The policies that the ledger keeps, read as they were, and what each changed against another. A policy of a hash never
// changes, so what two of them differ in is found once. It refuses to compare one that it cannot read whole.
import type { PolicyChanges, PolicyDesk, PolicyRead, PolicyTold } from '../dashboard/channels/policy-parts.ts'
import { Failure } from '../errors.ts'
import type { KeptPolicy, Ledger } from '../ledger/ledger.ts'
import { approvalsOf } from '../policy/approvals.ts'
import { comparePolicies, differs } from '../policy/diff/diff.ts'
import { loosening } from '../policy/diff/loosening.ts'
import { inWords } from '../policy/diff/report.ts'
import { linesOf, sectionsOf } from '../policy/diff/sections.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles, type Loaded } from '../policy/load.ts'
import type { Environment } from '../settings.ts'
import { short } from './explanation.ts'

/** A hash, or how one begins. */
export const isHashStart = (name: string): boolean => /^[0-9a-f]{8,64}$/iu.test(name)

export const keptCalled = async (ledger: Pick<Ledger, 'policiesCalled' | 'policyOf'>, name: string): Promise<KeptPolicy> => {
  const found = isHashStart(name) ? await ledger.policiesCalled(name.toLowerCase()) : []
  if (found.length > 1) throw new Failure('POLICY_NOT_FOUND', `The hashes of several policies begin with ${name}: give more of it.`)
  const kept = found[0] === undefined ? undefined : await ledger.policyOf(found[0])
  if (!kept) throw new Failure('POLICY_NOT_FOUND', isHashStart(name) ? `No policy whose hash begins with ${name.slice(0, 12)} was ever in force in this ledger.` : 'A policy is called by its hash, or by the first 8 or more characters of it.')
  return kept
}

/** All that were ever in force: a trust changes its policy some times a week. */
const MOST_TIMES = 10_000
/** Pairs that are remembered. */
const MOST_PAIRS = 20

export type KeptPoliciesParts = { readonly ledger: Pick<Ledger, 'policiesCalled' | 'policyOf' | 'policyHistory'>; readonly env: () => Environment }

export const keptPolicies = ({ ledger, env }: KeptPoliciesParts): PolicyDesk => {
  const pairs = new Map<string, PolicyTold['against'] & object>()
  const read = new Map<string, PolicyRead & Pick<PolicyTold, 'approvals'>>()
  const load = ({ hash, files }: KeptPolicy): Loaded => loadFiles(fromKept(files, `policy ${short(hash)}:`), env())

  const remember = <T>(these: Map<string, T>, key: string, value: T): T => {
    if (these.size >= MOST_PAIRS) these.delete(these.keys().next().value!)
    these.set(key, value)
    return value
  }

  const compared = async (hash: string, loaded: () => Loaded, other: string): Promise<PolicyTold['against'] & object> => {
    const [key, before] = [`${hash} ${other}`, await ledger.policyOf(other)]
    return pairs.get(key) ?? remember(pairs, key, against(other, before && load(before), loaded()))
  }

  return {
    tell: async (name, asked) => {
      const kept = await keptCalled(ledger, name)
      const times = timesOf(await ledger.policyHistory(MOST_TIMES), kept.hash)
      const other = asked === undefined ? times[0]?.after : (await keptCalled(ledger, asked)).hash
      let once: Loaded | undefined
      const loaded = (): Loaded => (once ??= load(kept))
      const itself = read.get(kept.hash) ?? remember(read, kept.hash, readOf(kept, loaded()))
      return { ...itself, times, ...(other === undefined ? {} : { against: await compared(kept.hash, loaded, other) }) }
    },
  }
}

const readOf = ({ hash }: KeptPolicy, { policy, problems, files }: Loaded): PolicyRead & Pick<PolicyTold, 'approvals'> =>
  ({ hash, readable: policy !== undefined, problems, approvals: policy ? approvalsOf(policy, files) : [] })

const timesOf = (history: readonly { readonly hash: string; readonly since: string }[], hash: string): PolicyTold['times'] =>
  history.flatMap((one, n) => {
    const [next, before] = [history[n - 1], history[n + 1]]
    return one.hash === hash ? [{ from: one.since, ...(next ? { until: next.since } : {}), ...(before ? { after: before.hash } : {}) }] : []
  })

/** Half of a policy would look as if something were gone or new. `before`: undefined where the ledger only knows that there was one. */
const against = (hash: string, before: Loaded | undefined, after: Loaded): PolicyTold['against'] & object => ({
  hash, readable: before?.policy !== undefined, problems: before?.problems ?? [],
  ...(before?.policy && after.policy ? { changes: changesOf({ policy: before.policy, files: before.files }, { policy: after.policy, files: after.files }) } : {}),
})

type Compared = Parameters<typeof comparePolicies>[0]

const changesOf = (before: Compared, after: Compared): PolicyChanges => {
  const diff = comparePolicies(before, after)
  const { lines, unsaid, tests } = loosening(before.policy, after.policy, diff)
  const report = inWords(diff, { before: before.policy.rules, after: after.policy.rules })
  return { differs: differs(diff), loosens: linesOf(lines), unsaid, tests, sections: sectionsOf(report) }
}
