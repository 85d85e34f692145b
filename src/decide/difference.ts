// What a change of the rules changes: every combination of facts that two lists of rules decide differently, counted
// and put together in boxes. It covers all combinations and refuses samples; where two lists have too little in
// common for that, it says which combinations it covers. Of combinations that cannot occur it tells nothing.
import type { Rule } from '../policy/policy.ts'
import type { FactName, Facts } from '../types.ts'
import { FACT_NAMES, FACTS } from '../types.ts'
import { observes, ruled } from './decide.ts'
import { FLOOR, floorAgainst } from './floor.ts'
import { IMPOSSIBLE, occurs } from './possible.ts'
import { pairDiagram, type Axis, type Diagram, type Line, type Node, type Outcome } from './pair-diagram.ts'

export type { Outcome } from './pair-diagram.ts'

/** A letter that goes to the patient's record, with nothing unusual about it. */
export const USUAL: Facts = {
  instruction: 'share', signals: 'none', code: 'listed', kind: 'clinical', producer: 'trust', service: 'in-scope', directorate: 'live', identity: 'verified',
  lifecycle: 'final', content: 'readable', person: 'alive', post: 'usable', account: 'registered', hold: 'none', release: 'none',
}

/** All combinations of these values. */
export type Box = { readonly [F in FactName]: readonly string[] }

export type Change = {
  /** The route; or not the route, but whether it is listed as a conflict; or the rule alone. */
  readonly of: 'route' | 'conflict' | 'rule'
  readonly before: Outcome
  readonly after: Outcome
  /** Those that can occur. */
  readonly combinations: number
  /** All of them are of directorates that are observing or not live: nothing is sent, before or after. */
  readonly observed: boolean
  /** The combination with the least that is unusual. */
  readonly example: Facts
  /** Every combination in just one box; empty for a change of the rule alone, and where there are too many. */
  readonly boxes: readonly Box[]
}

export type Difference = {
  /** Combinations that were compared, those that cannot occur among them: all there are, or those with at most `MOST_UNUSUAL` unusual facts. */
  readonly compared: number
  readonly all: number
  /** One for each pair of outcomes, those with most combinations first. */
  readonly changes: readonly Change[]
  /** There are too many boxes to list. */
  readonly boxesLeftOut: boolean
}

const MOST_BOXES = 20_000
export const MOST_UNUSUAL = 3

export const difference = (before: readonly Rule[], after: readonly Rule[]): Difference => {
  const diagram = pairDiagram(linesOf(before), linesOf(after), IMPOSSIBLE)
  const { changes, ...rest } = diagram ? everywhere(diagram) : nearUsual(before, after)
  return { ...rest, all: sizeOf(FACT_NAMES), changes: changes.toSorted((one, other) => other.combinations - one.combinations) }
}

const kindOf = (before: Outcome, after: Outcome): Change['of'] => (before.route !== after.route ? 'route' : before.conflict !== after.conflict ? 'conflict' : 'rule')
const sizeOf = (facts: readonly FactName[]): number => facts.reduce((product, fact) => product * FACTS[fact].length, 1)

// ---------------------------------------------------------------- what a list of rules does, floor included

const NO_RULE: Outcome = { route: 'review', rule: 'no-rule-matched', conflict: false }
const BY_FLOOR: Outcome = { route: 'review', rule: 'floor', conflict: false }

/** As `decide` goes, before `observe` takes the place of the route. */
export const outcomeOf = (rules: readonly Rule[], facts: Facts): Outcome => {
  const { route, rule, conflict } = ruled(rules, facts)
  const sends = route === 'pkb' || route === 'print'
  return sends && !observes(facts, route) && floorAgainst(facts, route).length > 0 ? BY_FLOOR : { route, rule, conflict }
}

/** Where nothing is sent anyhow, the floor is not asked. */
const ASKED = FACTS.directorate.filter((directorate) => !observes({ ...USUAL, directorate }, 'pkb'))

/** The same as lines: the floor before each rule that sends; a person where no rule matches. */
const linesOf = (rules: readonly Rule[]): readonly Line[] => [
  ...rules.flatMap((rule): readonly Line[] => [
    ...FLOOR.filter(({ forbids }) => forbids.some((way) => way === rule.route)).flatMap((line) => both(rule.when, both(line.when, { directorate: ASKED })) ?? []).map((when) => ({ when, outcome: BY_FLOOR })),
    { when: rule.when, outcome: { route: rule.route, rule: rule.name, conflict: rule.conflict } },
  ]),
  { when: {}, outcome: NO_RULE },
]

/** Where both hold; undefined where they never do. */
const both = (one: Rule['when'], other: Rule['when'] | undefined): Rule['when'] | undefined => {
  if (!other) return undefined
  const when = Object.fromEntries(FACT_NAMES.flatMap((fact) => {
    const [a, b] = [one[fact], other[fact]]
    return a || b ? [[fact, a && b ? a.filter((value) => b.includes(value)) : (a ?? b)!]] : []
  }))
  return Object.values(when).some((values) => values.length === 0) ? undefined : when
}

// ---------------------------------------------------------------- every combination

type Found = Omit<Difference, 'all'>

const everywhere = (diagram: Diagram): Found => {
  const { counts, paths, examples, sends } = walkDown(diagram)
  const ends = diagram.nodes.flatMap((node) => (node.end ? [{ node, ...node.end, of: kindOf(node.end.before, node.end.after) }] : []))
  const told = new Set(ends.filter(({ of }) => of !== 'rule').map(({ node }) => node))
  const boxesLeftOut = [...told].reduce((sum, node) => sum + paths.get(node)!, 0) > MOST_BOXES
  const boxes = boxesLeftOut ? new Map<Node, readonly Box[]>() : boxesOf(diagram, told)
  const changes = ends.map(({ node, ...end }): Change => ({ ...end, combinations: counts.get(node)!, observed: !sends.has(node), example: examples.get(node)!, boxes: merge(boxes.get(node) ?? []) }))
  return { compared: sizeOf(FACT_NAMES), changes, boxesLeftOut }
}

const between = (axes: readonly Axis[], from: number, to: number): number => sizeOf(axes.slice(from, to).map(({ fact }) => fact))

/** From the root to the ends: combinations and ways that lead to each node, whether one is of a directorate that is not only observed, and the way with the least that is unusual. */
const walkDown = ({ axes, nodes }: Diagram) => {
  const root = nodes[0]!
  const counts = new Map<Node, number>([[root, between(axes, 0, root.depth)]])
  const paths = new Map<Node, number>([[root, 1]])
  const sends = new Set<Node>([root])
  const best = new Map<Node, { readonly unusual: number; readonly facts: Facts }>([[root, { unusual: 0, facts: USUAL }]])
  for (const node of nodes) for (const { values, to } of node.edges) {
    const { fact } = axes[node.depth]!
    counts.set(to, (counts.get(to) ?? 0) + counts.get(node)! * values.length * between(axes, node.depth + 1, to.depth))
    paths.set(to, (paths.get(to) ?? 0) + paths.get(node)!)
    if (sends.has(node) && (fact !== 'directorate' || values.some((value) => (ASKED as readonly string[]).includes(value)))) sends.add(to)
    const here = best.get(node)!
    const unusual = here.unusual + (values.includes(USUAL[fact]) ? 0 : 1)
    if (unusual < (best.get(to)?.unusual ?? Infinity)) best.set(to, { unusual, facts: unusual === here.unusual ? here.facts : { ...here.facts, [fact]: values[0] } })
  }
  return { counts, paths, sends, examples: new Map([...best].map(([node, { facts }]): [Node, Facts] => [node, facts])) }
}

/** Every way from the root to the ends that are told. */
const boxesOf = ({ axes, nodes }: Diagram, told: ReadonlySet<Node>): ReadonlyMap<Node, readonly Box[]> => {
  const leads = new Set<Node>(told)
  for (const node of nodes.toReversed()) if (node.edges.some(({ to }) => leads.has(to))) leads.add(node)
  const boxes = new Map<Node, Box[]>()
  const visit = (node: Node, chosen: Partial<Box>): void => {
    if (!leads.has(node)) return
    if (node.end) boxes.set(node, [...(boxes.get(node) ?? []), { ...FACTS, ...chosen }])
    for (const { values, to } of node.edges) visit(to, { ...chosen, [axes[node.depth]!.fact]: values })
  }
  visit(nodes[0]!, {})
  return boxes
}

/** Boxes that differ in one fact only become one, until there are none such. */
const merge = (boxes: readonly Box[]): readonly Box[] => {
  let [now, before] = [boxes, boxes.length + 1]
  while (now.length < before) {
    before = now.length
    for (const fact of FACT_NAMES) {
      const alike = Map.groupBy(now, (box) => JSON.stringify(FACT_NAMES.map((name) => (name === fact ? '' : inOrder(name, box[name])))))
      now = [...alike.values()].map((some) => ({ ...some[0]!, [fact]: inOrder(fact, some.flatMap((box) => box[fact])) }))
    }
  }
  return now
}

const inOrder = (fact: FactName, values: readonly string[]): readonly string[] => FACTS[fact].filter((value) => values.includes(value))

// ---------------------------------------------------------------- what is left when that is too much

/** Every combination with few unusual facts, one by one. */
const nearUsual = (before: readonly Rule[], after: readonly Rule[]): Found => {
  const changes = new Map<string, Change>()
  let compared = 0
  const visit = (at: number, facts: Facts, unusual: number): void => {
    const fact = FACT_NAMES[at]
    if (fact !== undefined) {
      for (const value of FACTS[fact]) if (value === USUAL[fact] || unusual < MOST_UNUSUAL) visit(at + 1, { ...facts, [fact]: value }, unusual + (value === USUAL[fact] ? 0 : 1))
      return
    }
    compared += 1
    if (!occurs(facts)) return
    const [a, b] = [outcomeOf(before, facts), outcomeOf(after, facts)]
    const key = JSON.stringify([a, b])
    const change = changes.get(key) ?? { of: kindOf(a, b), before: a, after: b, combinations: 0, observed: true, example: facts, boxes: [] }
    const example = unusualIn(facts) < unusualIn(change.example) ? facts : change.example
    if (a.route !== b.route || a.rule !== b.rule || a.conflict !== b.conflict) changes.set(key, { ...change, combinations: change.combinations + 1, observed: change.observed && !ASKED.includes(facts.directorate), example })
  }
  visit(0, USUAL, 0)
  return { compared, changes: [...changes.values()], boxesLeftOut: true }
}

const unusualIn = (facts: Facts): number => FACT_NAMES.filter((fact) => facts[fact] !== USUAL[fact]).length
