// Two policies, and everything in which they differ: rules over every combination of facts, tables cell by cell, all
// else key by key. It refuses to judge which of them is right, and to look at documents: that is what replay does.
import { difference, type Difference } from '../../decide/difference.ts'
import type { KeptFiles } from '../files.ts'
import type { Policy, Rule } from '../policy.ts'
import { feedEffects } from './feeds.ts'
import { limitChanges } from './limits.ts'
import { effects, tableChanges, type Effect, type RowChange } from './tables.ts'
import { isMap, rawMap, valueChanges, type ValueChange } from './values.ts'
import { unsaid } from './unsaid.ts'

/** A policy with the files that it was made from. */
export type Compared = { readonly policy: Policy; readonly files: KeptFiles }

export type RuleEdit = { readonly rule: string } & (
  | { readonly kind: 'added' | 'removed' | 'moved' }
  | { readonly kind: 'changed'; readonly values: readonly ValueChange[] }
)
export type FileChange = { readonly file: string } & (
  /** `says`: what kind of file it is. */
  | { readonly kind: 'added' | 'removed'; readonly says: string }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'changed'; readonly values: readonly ValueChange[]; readonly tests?: TestCounts }
)
export type TestCounts = { readonly before: number; readonly after: number; readonly added: number; readonly removed: number; readonly changed: number }

export type PolicyDiff = {
  readonly before: string
  readonly after: string
  readonly edits: readonly RuleEdit[]
  readonly rules: Difference
  readonly rows: readonly RowChange[]
  readonly effects: readonly Effect[]
  readonly files: readonly FileChange[]
  /** Of the files, what bears on letters in a way that only messages can show. */
  readonly unsaid: readonly string[]
}

export const comparePolicies = (before: Compared, after: Compared): PolicyDiff => {
  const files = fileChanges(before.files, after.files)
  return {
    before: before.policy.hash,
    after: after.policy.hash,
    edits: ruleEdits(before.policy.rules, after.policy.rules),
    rules: difference(before.policy.rules, after.policy.rules),
    rows: [...tableChanges(before.policy, after.policy), ...limitChanges(before.policy, after.policy)],
    effects: [...effects(before.policy, after.policy), ...feedEffects(before.policy, after.policy)],
    files,
    unsaid: unsaid(files),
  }
}

export const differs = ({ edits, rules, rows, files }: PolicyDiff): boolean => edits.length + rules.changes.length + rows.length + files.length > 0

// ---------------------------------------------------------------- rules, as they are written

const ruleEdits = (before: readonly Rule[], after: readonly Rule[]): readonly RuleEdit[] => {
  const [were, are] = [byName(before), byName(after)]
  const stayed = inSameOrder(before.map(({ name }) => name).filter((name) => are.has(name)), after.map(({ name }) => name).filter((name) => were.has(name)))
  return [
    ...before.filter(({ name }) => !are.has(name)).map(({ name }): RuleEdit => ({ rule: name, kind: 'removed' })),
    ...after.flatMap((rule): readonly RuleEdit[] => {
      const was = were.get(rule.name)
      if (!was) return [{ rule: rule.name, kind: 'added' }]
      const values = valueChanges(asWritten(was), asWritten(rule))
      return [...(values.length > 0 ? [{ rule: rule.name, kind: 'changed', values } as const] : []), ...(stayed.has(rule.name) ? [] : [{ rule: rule.name, kind: 'moved' } as const])]
    }),
  ]
}

const byName = (rules: readonly Rule[]): ReadonlyMap<string, Rule> => new Map(rules.map((rule) => [rule.name, rule]))
const asWritten = ({ when, route, because, conflict }: Rule) => ({ when, route, because, conflict })

/** The most names that stand in the same order in both. */
const inSameOrder = (before: readonly string[], after: readonly string[]): ReadonlySet<string> => {
  // best[i][j]: the longest for before from i on and after from j on.
  const best: (readonly string[])[][] = Array.from({ length: before.length + 1 }, () => Array.from({ length: after.length + 1 }, () => []))
  for (let i = before.length - 1; i >= 0; i -= 1) for (let j = after.length - 1; j >= 0; j -= 1) {
    const [down, right] = [best[i + 1]![j]!, best[i]![j + 1]!]
    best[i]![j] = before[i] === after[j] ? [before[i]!, ...best[i + 1]![j + 1]!] : down.length >= right.length ? down : right
  }
  return new Set(best[0]![0])
}

// ---------------------------------------------------------------- every other file

const fileChanges = (before: KeptFiles, after: KeptFiles): readonly FileChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((file) => !file.endsWith('.csv')).sort().flatMap((file): readonly FileChange[] => {
    const [was, is] = [before[file], after[file]]
    if (was === is) return []
    if (was === undefined || is === undefined) return [{ file, kind: was === undefined ? 'added' : 'removed', says: kindOf(rawMap((is ?? was)!)) }]
    const [wasMap, nowMap] = [rawMap(was), rawMap(is)]
    if (!wasMap || !nowMap) return [{ file, kind: 'unreadable' }]
    const values = valueChanges(withoutLists(wasMap, file), withoutLists(nowMap, file))
    const tests = testCounts(wasMap['tests'], nowMap['tests'])
    return values.length > 0 || tests ? [{ file, kind: 'changed', values, ...(tests ? { tests } : {}) }] : []
  })

const kindOf = (map: { readonly [key: string]: unknown } | undefined): string =>
  ['kind', 'type', 'status'].flatMap((key) => { const value = map?.[key]; return typeof value === 'string' ? [`${key} ${value}`] : [] }).join(', ')

/** Rules are told by what they do, tests are only counted. */
const withoutLists = (map: { readonly [key: string]: unknown }, file: string) =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !(file.startsWith('channels/') ? key === 'tests' : /\/sharing-rules\.ya?ml$/u.test(file) && key === 'rules')))

const testsByName = (tests: unknown): ReadonlyMap<string, string> =>
  new Map((Array.isArray(tests) ? (tests as readonly unknown[]) : []).map((test, at) => [isMap(test) && typeof test['name'] === 'string' ? test['name'] : `#${at}`, JSON.stringify(test)]))

const testCounts = (before: unknown, after: unknown): TestCounts | undefined => {
  const [were, are] = [testsByName(before), testsByName(after)]
  const added = [...are.keys()].filter((name) => !were.has(name)).length
  const removed = [...were.keys()].filter((name) => !are.has(name)).length
  const changed = [...are].filter(([name, test]) => were.has(name) && were.get(name) !== test).length
  return added + removed + changed > 0 ? { before: were.size, after: are.size, added, removed, changed } : undefined
}
