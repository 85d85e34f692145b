// Proves, before any document is decided, that the loaded rules never let out what the floor keeps in: for every
// combination of facts, not for samples. Values of a fact that no rule and no floor line tells apart are one class
// and are walked once. It refuses to be switched off.
import type { Rule } from '../policy/policy.ts'
import type { FactName, Facts } from '../types.ts'
import { FACT_NAMES, FACTS } from '../types.ts'
import { observes } from './decide.ts'
import { FLOOR, type FloorLine } from './floor.ts'

export type CounterExample = { readonly facts: Facts; readonly rule: Rule; readonly line: FloorLine }
export type Proof = {
  /** Combinations of facts that the proof covers. */
  readonly combinations: number
  /** Combinations of classes that were walked. */
  readonly walked: number
  /** One for each pair of rule and floor line; empty: proved. */
  readonly counterExamples: readonly CounterExample[]
  /** Rules that can never fire: earlier ones take all their cases. */
  readonly unreachable: readonly { readonly rule: Rule; readonly takenBy: readonly string[] }[]
}

// One bit for each rule or floor line, in words of 32 that are kept apart: `low` and `high` hold 64, and a policy with
// more is refused. Plain numbers, because millions of combinations pass.
export const MOST = 64
/** After so many counter-examples the walk ends: the policy is refused, and nobody reads more of them. */
const ENOUGH = 50
type Bits = { readonly low: number; readonly high: number }
const bitsOf = <T>(items: readonly T[], holds: (item: T) => boolean): Bits => {
  const word = (from: number) => items.slice(from, from + 32).reduce((bits, item, at) => (holds(item) ? bits | (1 << at) : bits), 0)
  return { low: word(0), high: word(32) }
}
const lowest = (low: number, high: number): number => (low !== 0 ? 31 - Math.clz32(low & -low) : high !== 0 ? 63 - Math.clz32(high & -high) : MOST)

/** A class: values of one fact that nothing tells apart, with the rules and floor lines that they allow. */
type Class = { readonly value: string; readonly rules: Bits; readonly floor: Bits }
type Axis = { readonly fact: FactName; readonly classes: readonly Class[] }

const classesOf = (fact: FactName, rules: readonly Rule[], floor: readonly FloorLine[]): readonly Class[] => {
  const allows = (when: Rule['when'], value: string) => when[fact] === undefined || when[fact].includes(value)
  const classes = new Map<string, Class>()
  for (const value of FACTS[fact]) {
    const one = { value, rules: bitsOf(rules, (rule) => allows(rule.when, value)), floor: bitsOf(floor, (line) => allows(line.when, value)) }
    // `observes` looks at the directorate too, so its values stay apart by what it makes of them.
    const watched = fact === 'directorate' ? observes({ directorate: value } as Facts, 'pkb') : false
    const key = JSON.stringify([one.rules, one.floor, watched])
    if (!classes.has(key)) classes.set(key, one)
  }
  return [...classes.values()]
}

/** The facts that most rules look at come first, so that a rule is certain to match early and the walk ends there. */
const axesOf = (rules: readonly Rule[], floor: readonly FloorLine[]): readonly Axis[] => {
  const first = (fact: FactName) => rules.findIndex((rule) => rule.when[fact] !== undefined)
  return FACT_NAMES.map((fact) => ({ fact, classes: classesOf(fact, rules, floor) }))
    .sort((a, b) => (first(a.fact) < 0 ? rules.length : first(a.fact)) - (first(b.fact) < 0 ? rules.length : first(b.fact)))
}

export const prove = (rules: readonly Rule[], floor: readonly FloorLine[] = FLOOR): Proof => {
  if (rules.length > MOST || floor.length > MOST) throw new RangeError(`At most ${MOST} rules can be proved.`)
  const axes = axesOf(rules, floor)
  const decidedAt = decidedFrom(rules, axes)
  const sends = bitsOf(rules, ({ route }) => route === 'pkb' || route === 'print')
  const forbids = { pkb: bitsOf(floor, (line) => line.forbids.includes('pkb')), print: bitsOf(floor, (line) => line.forbids.includes('print')) }
  const counterExamples = new Map<string, CounterExample>()
  const fired = { low: 0, high: 0 }
  const chosen: Record<string, string> = {}
  let walked = 0

  /** Below a place where the same rules and lines are left as at another of this depth, nothing new can be learnt. */
  const seen = axes.map(() => new Set<string>())
  const directorateAt = axes.findIndex(({ fact }) => fact === 'directorate')

  /** `low`, `high`: rules that still fit; `lines…`: floor lines that still hold. */
  const visit = (depth: number, low: number, high: number, linesLow: number, linesHigh: number): void => {
    const [canLow, canHigh] = upToCertain(low, high, decidedAt[depth]!)
    // Where each rule that can fire has fired before and none of them sends anything, nothing new can be learnt either.
    if (((canLow & sends.low) | (canHigh & sends.high) | (canLow & ~fired.low) | (canHigh & ~fired.high)) === 0 || counterExamples.size >= ENOUGH) return
    if (depth < axes.length) {
      const state = `${canLow},${canHigh},${linesLow},${linesHigh},${depth > directorateAt && observes(chosen as Facts, 'pkb')}`
      if (seen[depth]!.has(state)) return
      seen[depth]!.add(state)
      const { fact, classes } = axes[depth]!
      for (const one of classes) {
        chosen[fact] = one.value
        visit(depth + 1, canLow & one.rules.low, canHigh & one.rules.high, linesLow & one.floor.low, linesHigh & one.floor.high)
      }
      return
    }
    walked += 1
    const first = lowest(canLow, canHigh)
    if (first < 32) fired.low |= 1 << first
    else fired.high |= 1 << (first - 32)
    const rule = rules[first]!
    if (rule.route !== 'pkb' && rule.route !== 'print') return
    if (observes(chosen as Facts, rule.route)) return
    const broken = lowest(linesLow & forbids[rule.route].low, linesHigh & forbids[rule.route].high)
    if (broken === MOST) return
    const key = `${first}/${broken}`
    if (!counterExamples.has(key)) counterExamples.set(key, { facts: Object.fromEntries(FACT_NAMES.map((fact) => [fact, chosen[fact]])) as Facts, rule, line: floor[broken]! })
  }
  visit(0, -1, -1, -1, -1)

  const hasFired = (at: number) => ((at < 32 ? fired.low >>> at : fired.high >>> (at - 32)) & 1) === 1
  return {
    combinations: FACT_NAMES.reduce((product, fact) => product * FACTS[fact].length, 1),
    walked,
    counterExamples: [...counterExamples.values()],
    // Where the walk was broken off, nobody knows which rules would have fired.
    unreachable: counterExamples.size >= ENOUGH ? [] : rules.flatMap((rule, at) => (hasFired(at) ? [] : [{ rule, takenBy: takersOf(rules, at, axes) }])),
  }
}

/** The earlier rules that fire in the cases of one that never does. */
const takersOf = (rules: readonly Rule[], at: number, axes: readonly Axis[]): readonly string[] => {
  const mine = axes.map(({ fact, classes }) => classes.filter(({ value }) => rules[at]!.when[fact]?.includes(value) ?? true))
  const decidedAt = decidedFrom(rules, axes)
  const seen = axes.map(() => new Set<string>())
  const takers = new Set<number>()
  const visit = (depth: number, low: number, high: number): void => {
    const [canLow, canHigh] = upToCertain(low, high, decidedAt[depth]!)
    if (depth === axes.length) { takers.add(lowest(canLow, canHigh)); return }
    const state = `${canLow},${canHigh}`
    if (seen[depth]!.has(state)) return
    seen[depth]!.add(state)
    for (const { rules: fits } of mine[depth]!) visit(depth + 1, canLow & fits.low, canHigh & fits.high)
  }
  visit(0, -1, -1)
  return [...takers].sort((a, b) => a - b).map((taker) => rules[taker]!.name)
}

/** At each depth, the rules whose conditions are all known there: one that still fits is certain to match. */
const decidedFrom = (rules: readonly Rule[], axes: readonly Axis[]): readonly Bits[] =>
  Array.from({ length: axes.length + 1 }, (_, depth) => {
    const known = new Set(axes.slice(0, depth).map(({ fact }) => fact))
    return bitsOf(rules, (rule) => Object.keys(rule.when).every((fact) => known.has(fact as FactName)))
  })

/** Of the rules that still fit, those up to the first that is certain to match: no other can fire. */
const upToCertain = (low: number, high: number, decided: Bits): readonly [low: number, high: number] => {
  const certain = lowest(low & decided.low, high & decided.high)
  return [low & (certain >= 31 ? -1 : (2 << certain) - 1), high & (certain >= 63 ? -1 : certain < 32 ? 0 : (2 << (certain - 32)) - 1)]
}
