// What a change of the rules changes, against what `decide` itself makes of each combination of facts.
import { beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import { decide } from '../../src/decide/decide.ts'
import { difference, outcomeOf, USUAL, type Box, type Change } from '../../src/decide/difference.ts'
import { occurs } from '../../src/decide/possible.ts'
import type { Policy, Rule } from '../../src/policy/policy.ts'
import { FACT_NAMES, FACTS, RULE_ROUTES, type FactName, type Facts } from '../../src/types.ts'
import { examplePolicy, someFacts } from '../support/policy.ts'

const ALL = 272_160_000
const ruleOf = (name: string, when: Rule['when'], route: Rule['route'], conflict = false): Rule => ({ name, file: 'rules.yaml', line: 1, when, route, because: 'Because.', conflict })

let policy: Policy
beforeAll(async () => { policy = await examplePolicy() })

/** What `decide` makes of facts, with all that a change can be about. */
const decided = (rules: readonly Rule[], facts: Facts) => {
  const prior = { firstReceivedAt: '2026-11-23T10:00:00Z', held: false, released: 0, cancelled: false, superseded: false, moved: false, parentStanding: false } as const
  const { route, wouldRoute, conflict, rule } = decide(facts, { ...policy, rules }, { prior, moves: false, addendum: false })
  return { way: `${route} ${wouldRoute ?? ''}`, conflict, rule }
}

const sizeOf = (box: Box): number => FACT_NAMES.reduce((product, fact) => product * box[fact].length, 1)
const isIn = (box: Box, facts: Facts): boolean => FACT_NAMES.every((fact) => box[fact].includes(facts[fact]))
const told = (changes: readonly Change[]) => changes.map(({ of, before, after, combinations }) => `${of}: ${before.route} (${before.rule}) → ${after.route} (${after.rule}), ${combinations}`)
/** The facts that a box narrows down. */
const narrowed = (box: Box) => Object.fromEntries(FACT_NAMES.filter((fact) => box[fact].length < FACTS[fact].length).map((fact) => [fact, box[fact]]))

// ---------------------------------------------------------------- any rules at all

// Facts that the floor, `observes` and the usual letter tell apart; the others stay as with a usual letter.
const SOME = ['instruction', 'code', 'directorate', 'post', 'release'] as const satisfies readonly FactName[]
const someCombinations: readonly Facts[] = SOME.reduce<readonly Facts[]>((all, fact) => all.flatMap((facts) => FACTS[fact].map((value) => ({ ...facts, [fact]: value }))), [someFacts()])

const conditions = fc.dictionary(fc.constantFrom(...SOME), fc.infiniteStream(fc.boolean()), { maxKeys: 3 }).map((chosen): Rule['when'] =>
  Object.fromEntries(Object.entries(chosen).flatMap(([fact, stream]) => {
    const values = FACTS[fact as FactName].filter(() => stream.next().value)
    return values.length > 0 ? [[fact, values]] : []
  })))
const someRules = fc.array(fc.tuple(conditions, fc.constantFrom(...RULE_ROUTES), fc.boolean()), { maxLength: 7 }).map((rules) => rules.map(([when, route, conflict], at) => ruleOf(`rule-${at}`, when, route, conflict)))
/** A second list that is unlike the first, or the first with a few rules taken away, added, swapped. */
const twoLists = fc.oneof(
  fc.tuple(someRules, someRules),
  fc.tuple(someRules, someRules, fc.nat(7), fc.nat(3)).map(([before, others, at, gone]): [Rule[], Rule[]] => [before, before.toSpliced(at, gone, ...others.slice(0, 2).map((rule) => ({ ...rule, name: `new-${rule.name}` })))]),
)
const anyFacts = fc.record(Object.fromEntries(FACT_NAMES.map((fact) => [fact, fc.constantFrom(...FACTS[fact])]))) as fc.Arbitrary<Facts>

describe('for any two lists of rules', () => {
  test('facts that can occur are in just one box if they are decided otherwise; all others are in none', () => {
    fc.assert(fc.property(twoLists, fc.array(anyFacts, { minLength: 20, maxLength: 20 }), ([before, after], others) => {
      const { changes } = difference(before, after)
      for (const facts of [...someCombinations.filter((_, at) => at % 7 === 0), ...others]) {
        const [was, is] = [decided(before, facts), decided(after, facts)]
        const isOnlyObserved = ['observing', 'not-live'].includes(facts.directorate)
        const homes = changes.filter(({ boxes }) => boxes.some((box) => isIn(box, facts)))
        const of = !occurs(facts) ? [] : was.way !== is.way ? ['route'] : was.conflict !== is.conflict ? ['conflict'] : []
        expect([JSON.stringify(facts), homes.map((change) => change.of)]).toEqual([JSON.stringify(facts), of])
        for (const { before: { rule }, after: { rule: now }, observed } of homes) expect([rule, now, observed && !isOnlyObserved]).toEqual([was.rule, is.rule, false])
      }
    }), { numRuns: 60 })
  })

  test('counts are what counting one by one gives', () => {
    fc.assert(fc.property(twoLists, ([before, after]) => {
      const { changes, compared } = difference(before, after)
      expect(compared).toBe(ALL)
      for (const change of changes) {
        const { before: { route: was }, after: { route: now }, boxes, combinations } = change
        if (change.of !== 'rule') expect(boxes.reduce((sum, box) => sum + sizeOf(box), 0)).toBe(combinations)
        if (change.of !== 'rule') expect(change.observed).toBe(boxes.every(({ directorate }) => !directorate.some((one) => one === 'live' || one === 'unknown')))
        // The box cut down to letters that are usual in all but some facts, and those letters themselves.
        const within = boxes.filter((box) => FACT_NAMES.every((fact) => (SOME as readonly string[]).includes(fact) || box[fact].includes(USUAL[fact])))
        const cut = within.reduce((sum, box) => sum + SOME.reduce((product, fact) => product * box[fact].length, 1), 0)
        const counted = someCombinations.filter(occurs).filter((facts) => {
          const [a, b] = [outcomeOf(before, facts), outcomeOf(after, facts)]
          return a.route === was && b.route === now && a.rule === change.before.rule && b.rule === change.after.rule && a.conflict === change.before.conflict && b.conflict === change.after.conflict
        }).length
        if (change.of !== 'rule') expect(cut).toBe(counted)
      }
      const example = changes[0]
      if (example) expect([outcomeOf(before, example.example), outcomeOf(after, example.example), occurs(example.example)]).toEqual([example.before, example.after, true])
    }), { numRuns: 60 })
  })
})

// ---------------------------------------------------------------- the example rules

describe('the example rules', () => {
  const changed = (name: string, change: Partial<Rule>) => policy.rules.map((rule) => (rule.name === name ? { ...rule, ...change } : rule))

  test('do not differ from themselves, wherever they stand in their file', () =>
    expect(difference(policy.rules, policy.rules.map((rule) => ({ ...rule, file: 'elsewhere.yaml', line: rule.line + 40, because: 'Said otherwise.' })))).toEqual({ compared: ALL, all: ALL, changes: [], boxesLeftOut: false }))

  test('with external letters withheld instead of reviewed: as the rule before it about signals leaves them, and as tables give facts together', () => {
    const { changes } = difference(policy.rules, changed('external', { route: 'withhold' }))
    expect(told(changes)).toEqual(['route: review (external) → withhold (external), 253575'])
    const rest = { instruction: ['share'], producer: ['external'], lifecycle: ['final'], person: ['alive'], hold: ['none'] }
    const signals = [{ signals: ['none'], release: ['one', 'none'] }, { signals: ['restrictive'], release: ['one'] }]
    const codes = [{ code: ['listed'], kind: ['appointment', 'clinical', 'other', 'legal', 'external'] }, { code: ['missing', 'unlisted', 'blocked-pkb'] }]
    const teams = [{ service: ['in-scope', 'out-of-scope'], directorate: ['live', 'observing', 'not-live'] }, { service: ['unknown'], directorate: ['unknown'] }]
    const all = signals.flatMap((signal) => codes.flatMap((code) => teams.map((team) => ({ ...rest, ...signal, ...code, ...team }))))
    expect(changes[0]!.boxes.map(narrowed)).toEqual(expect.arrayContaining(all))
    expect(changes[0]!.boxes).toHaveLength(all.length)
    expect(changes[0]!.example).toEqual({ ...USUAL, producer: 'external' })
  })

  test('without the rule about custody the floor keeps such letters in, but for directorates where nothing is sent anyhow', () => {
    const { changes } = difference(policy.rules, policy.rules.filter(({ name }) => name !== 'custodial'))
    expect(told(changes)).toContain('rule: review (custodial) → review (floor), 4854')
    for (const { of, boxes } of changes) if (of === 'route') for (const { directorate } of boxes) expect(['live', 'unknown'].filter((one) => directorate.includes(one))).toEqual([])
  })

  test('a rule that moves to where it makes no difference makes none', () => {
    const at = policy.rules.findIndex(({ name }) => name === 'superseded')
    expect(difference(policy.rules, [policy.rules[at]!, ...policy.rules.toSpliced(at, 1)]).changes).toEqual([])
  })

  test('a conflict that is no longer listed is told, and so is a rule that is only called otherwise', () => {
    expect(told(difference(policy.rules, changed('blocked-code-marked-share', { conflict: false })).changes)).toEqual(['conflict: withhold (blocked-code-marked-share) → withhold (blocked-code-marked-share), 4233600'])
    expect(told(difference(policy.rules, changed('held', { name: 'on-hold' })).changes)).toEqual(['rule: withhold (held) → withhold (on-hold), 24210900'])
  })

  test('every rule but the last turned round is compared over every combination, quickly', () => {
    const started = performance.now()
    const { compared, changes } = difference(policy.rules, policy.rules.toReversed())
    expect(compared).toBe(ALL)
    expect(changes.length).toBeGreaterThan(50)
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

// ---------------------------------------------------------------- rules that nobody would write

/** The same rules at each run. */
const uglyRules = (seed: number, count: number): readonly Rule[] => {
  let state = seed
  const random = (): number => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return state / 2_147_483_648 }
  return Array.from({ length: count }, (_, at) => {
    const facts = [0, 1, 2].map(() => FACT_NAMES[Math.floor(random() * FACT_NAMES.length)]!)
    const when = Object.fromEntries(facts.map((fact) => [fact, FACTS[fact].filter((_value, n) => n === FACTS[fact].length - 1 || random() < 0.3)]))
    return ruleOf(`rule-${at}`, when, RULE_ROUTES[Math.floor(random() * 4)]!)
  })
}

test('two lists of 64 rules with nothing in common come to an end, and say what was compared', () => {
  const started = performance.now()
  const [before, after] = [uglyRules(3, 64), uglyRules(4, 64)]
  const { compared, changes, boxesLeftOut } = difference(before, after)
  expect(performance.now() - started).toBeLessThan(20_000)
  expect({ fewer: compared < ALL, boxesLeftOut }).toEqual({ fewer: true, boxesLeftOut: true })
  // None, one, two or three unusual facts, counted another way.
  const unusual = FACT_NAMES.map((fact) => FACTS[fact].length - 1)
  const ways = unusual.reduce<readonly number[]>((sums, n) => sums.map((sum, k) => sum + (k > 0 ? sums[k - 1]! * n : 0)), [1, 0, 0, 0])
  expect(compared).toBe(ways.reduce((sum, n) => sum + n, 0))
  for (const { example, before: was, after: is } of changes) expect([outcomeOf(before, example), outcomeOf(after, example), occurs(example)]).toEqual([was, is, true])
})
