// Proves, before any document is decided, that the loaded rules never let out what the floor keeps in: for every
// combination of facts, not for samples. It looks for a combination that would break the floor among all that a rule
// takes, a whole group of them at a time. It refuses to be switched off, and to go on without end.
import type { Rule } from '../policy/policy.ts'
import type { FactName, Facts } from '../types.ts'
import { FACT_NAMES, FACTS } from '../types.ts'
import { observes } from './decide.ts'
import { FLOOR, type FloorLine } from './floor.ts'

export type CounterExample = { readonly facts: Facts; readonly rule: Rule; readonly line: FloorLine }
export type Proof = {
  /** Combinations of facts that the proof covers. */
  readonly combinations: number
  /** Groups of combinations that were walked. */
  readonly walked: number
  /** One for each pair of rule and floor line; empty: proved. */
  readonly counterExamples: readonly CounterExample[]
  /** Rules that can never fire: earlier ones take all their cases. */
  readonly unreachable: readonly { readonly rule: Rule; readonly takenBy: readonly string[] }[]
  /** The rule at which the work went past its bound: nothing is proved. */
  readonly unproved?: Rule
}

/** A list that is longer is refused before the proof. */
export const MOST = 64
/** After so many counter-examples the walk ends: the policy is refused, and nobody reads more of them. */
const ENOUGH = 50
/** In groups held against a rule: about a second. The most tangled lists that were tried need a tenth of it. */
const MOST_WORK = 10_000_000

/** A group of combinations: of each fact in FACT_NAMES, the values that it may have, a bit for each. */
type Group = readonly number[]
type When = { readonly [F in FactName]?: readonly string[] }
/** What may still be done, counted down, and what was done. */
type Work = { left: number; walked: number }

const groupOf = (when: When): Group =>
  FACT_NAMES.map((fact) => (FACTS[fact] as readonly string[]).reduce((bits, value, at) => (when[fact]?.includes(value) ?? true ? bits | (1 << at) : bits), 0))
const both = (a: Group, b: Group): Group => a.map((values, at) => values & b[at]!)
const isEmpty = (group: Group): boolean => group.includes(0)
const narrowed = (group: Group, fact: number, values: number): Group => group.with(fact, values)
const firstOf = (group: Group): Facts =>
  Object.fromEntries(FACT_NAMES.map((fact, at) => [fact, FACTS[fact][31 - Math.clz32(group[at]! & -group[at]!)]])) as Facts

export const prove = (rules: readonly Rule[], floor: readonly FloorLine[] = FLOOR, mostWork = MOST_WORK): Proof => {
  if (rules.length > MOST) throw new RangeError(`At most ${MOST} rules can be proved.`)
  const work: Work = { left: mostWork, walked: 0 }
  const groups = rules.map(({ when }) => groupOf(when))
  const counterExamples: CounterExample[] = []
  const unreachable: Proof['unreachable'][number][] = []
  let unproved: Rule | undefined
  for (const [at, rule] of rules.entries()) {
    const earlier = groups.slice(0, at)
    const reached = outside(groups[at]!, earlier, work) !== undefined
    if (reached) counterExamples.push(...breaches(rule, groups[at]!, earlier, floor, work))
    const takenBy = reached ? [] : takersOf(groups, at, work).map((taker) => rules[taker]!.name)
    if (!reached && work.left >= 0) unreachable.push({ rule, takenBy })
    if (work.left < 0) unproved = rule
    if (unproved || counterExamples.length >= ENOUGH) break
  }
  return {
    combinations: FACT_NAMES.reduce((product, fact) => product * FACTS[fact].length, 1),
    walked: work.walked, counterExamples: counterExamples.slice(0, ENOUGH), unreachable, ...(unproved ? { unproved } : {}),
  }
}

/** For each floor line that this rule breaks, a combination of facts for which no line before it is broken. */
const breaches = (rule: Rule, group: Group, earlier: readonly Group[], floor: readonly FloorLine[], work: Work): readonly CounterExample[] => {
  const { route } = rule
  if (route !== 'pkb' && route !== 'print') return []
  // What is only observed never leaves.
  const sent = both(group, groupOf({ directorate: FACTS.directorate.filter((directorate) => !observes({ directorate } as Facts, route)) }))
  const forbidding = floor.filter(({ forbids }) => forbids.includes(route)).map((line) => ({ line, group: groupOf(line.when) }))
  return forbidding.flatMap(({ line, group: broken }, at) => {
    const found = outside(both(sent, broken), [...earlier, ...forbidding.slice(0, at).map((one) => one.group)], work)
    return found ? [{ facts: firstOf(found), rule, line }] : []
  })
}

/** The earlier rules that fire in the cases of one that never does. */
const takersOf = (groups: readonly Group[], at: number, work: Work): readonly number[] =>
  groups.slice(0, at).flatMap((group, taker) => (outside(both(group, groups[at]!), groups.slice(0, taker), work) ? [taker] : []))

/**
 * A group within `within` that none of `others` has anything in; undefined: together they take all of it, or the work is spent.
 * What lies outside the one that is hardest to escape differs from it in its first fact, or else in its second, and so on.
 */
const outside = (within: Group, others: readonly Group[], work: Work): Group | undefined => {
  work.walked += 1
  work.left -= others.length + 1
  if (work.left < 0 || isEmpty(within)) return undefined
  const touching: Group[] = []
  let [hardest, fewest]: [Group | undefined, number] = [undefined, Infinity]
  for (const other of others) {
    const ways = waysOut(within, other)
    if (ways === 0) return undefined
    if (ways === DISJOINT) continue
    touching.push(other)
    if (ways < fewest) [hardest, fewest] = [other, ways]
  }
  if (!hardest) return within
  let alike = within
  for (const [fact, values] of hardest.entries()) {
    const differing = alike[fact]! & ~values
    if (differing === 0) continue
    const found = outside(narrowed(alike, fact, differing), touching, work)
    if (found) return found
    alike = narrowed(alike, fact, alike[fact]! & values)
  }
  return undefined
}

const DISJOINT = -1
/** In how many facts a combination of the one can differ from all of the other; 0: it has all of it. */
const waysOut = (from: Group, other: Group): number => {
  let ways = 0
  for (let fact = 0; fact < from.length; fact += 1) {
    const mine = from[fact]!
    const its = other[fact]!
    if ((mine & its) === 0) return DISJOINT
    if ((mine & ~its) !== 0) ways += 1
  }
  return ways
}
