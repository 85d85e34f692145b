// Two lists of rules as one diagram: from its root, one fact after the other, to what each list makes of the facts.
// Facts that leave both lists with the same rules meet in one node, so a small change of the rules gives a small
// diagram, and to count it is to count every combination. It refuses to grow without end.
import type { Rule } from '../policy/policy.ts'
import type { FactName, RuleRoute } from '../types.ts'
import { FACT_NAMES, FACTS } from '../types.ts'

/** What becomes of a document, before `observe` takes the place of the route where a directorate is not live. */
export type Outcome = { readonly route: RuleRoute; readonly rule: string; readonly conflict: boolean }
/** A rule as far as it decides. */
export type Line = { readonly when: Rule['when']; readonly outcome: Outcome }

/** A fact, with those of its values that no line tells apart put together. */
export type Axis = { readonly fact: FactName; readonly classes: readonly (readonly string[])[] }
export type Edge = { readonly values: readonly string[]; readonly to: Node }
/** A node asks for the fact of the axis at its depth; an end asks for none and stands after the last axis. */
export type Node = {
  readonly id: number
  readonly depth: number
  readonly edges: readonly Edge[]
  /** Only at an end; without it both lists make the same of the facts. */
  readonly end?: { readonly before: Outcome; readonly after: Outcome }
}
/** `nodes` in an order in which each stands before those that its edges lead to; the first is the root. */
export type Diagram = { readonly axes: readonly Axis[]; readonly nodes: readonly Node[] }

const MOST_NODES = 40_000
/** Each line is a character in the keys of nodes. */
const MOST_LINES = 0xff_ff

/** What both lists make of facts that there cannot be. */
const NEVER: Outcome = { route: 'withhold', rule: '(never)', conflict: false }

/** Both lists must end with a line that has no conditions. `never`: of these facts nothing is told. Undefined: they have too little in common. */
export const pairDiagram = (before: readonly Line[], after: readonly Line[], never: readonly Rule['when'][] = []): Diagram | undefined => {
  const first = never.map((when): Line => ({ when, outcome: NEVER }))
  const lines = [...first, ...before, ...after]
  if (lines.length >= MOST_LINES) return undefined
  const axes = axesOf(before, after, first)
  const { outcomes, outcomeOf, left, asks } = compile(lines, axes)
  const made = new Map<string, Node>()
  const seen = new Map<string, Node>()
  const make = (key: string, node: Omit<Node, 'id'>): Node => {
    const one = made.get(key) ?? { ...node, id: made.size }
    made.set(key, one)
    return one
  }
  const same = (): Node => make('same', { depth: axes.length, edges: [] })
  const end = (a: number, b: number): Node =>
    a === b ? same() : make(`${a}/${b}`, { depth: axes.length, edges: [], end: { before: outcomes[a]!, after: outcomes[b]! } })

  /** `a`, `b`: the lines that can still come true, in order, up to the first that is certain to. */
  const visit = (depth: number, a: readonly number[], b: readonly number[]): Node | undefined => {
    if (a.length === b.length && a.every((line, at) => line === b[at])) return same()
    if (a.length === 1 && b.length === 1) return end(outcomeOf(a[0]!), outcomeOf(b[0]!))
    if (!asks(a, depth) && !asks(b, depth)) return visit(depth + 1, left(a, depth + 1), left(b, depth + 1))
    const key = String.fromCharCode(depth, ...a, MOST_LINES, ...b)
    const known = seen.get(key)
    if (known) return known
    if (seen.size >= MOST_NODES) return undefined
    const edges: { values: readonly string[]; readonly to: Node }[] = []
    for (const [at, values] of axes[depth]!.classes.entries()) {
      const to = visit(depth + 1, left(a, depth + 1, { depth, at }), left(b, depth + 1, { depth, at }))
      if (!to) return undefined
      const beside = edges.find((edge) => edge.to === to)
      if (beside) beside.values = [...beside.values, ...values]
      else edges.push({ values, to })
    }
    const node = edges.length === 1 ? edges[0]!.to : make(`${depth}:${edges.map(({ values, to }) => `${values.join()}>${to.id}`).join(' ')}`, { depth, edges })
    seen.set(key, node)
    return node
  }

  const listed = (list: readonly Line[], from: number): readonly number[] => [...first.keys(), ...list.map((_, at) => from + at)]
  const root = visit(0, left(listed(before, first.length), 0), left(listed(after, first.length + before.length), 0))
  return root && { axes, nodes: [root, ...[...made.values()].filter((node) => node !== root).sort((one, other) => one.depth - other.depth)] }
}

/** What the lines that differ look at comes first, then what most lines look at; the release, which lifts the others, comes last. */
const axesOf = (before: readonly Line[], after: readonly Line[], never: readonly Line[]): readonly Axis[] => {
  const [inBefore, inAfter] = [before, after].map((lines) => new Set(lines.map((line) => JSON.stringify(line)))) as [Set<string>, Set<string>]
  const lines = [...before, ...after]
  const changed = [...before.filter((line) => !inAfter.has(JSON.stringify(line))), ...after.filter((line) => !inBefore.has(JSON.stringify(line)))]
  const rank = (fact: FactName): number => {
    if (fact === 'release') return Infinity
    const first = lines.findIndex(({ when }) => when[fact] !== undefined)
    return first < 0 ? lines.length : changed.some(({ when }) => when[fact] !== undefined) ? first - lines.length : first
  }
  return FACT_NAMES.map((fact) => ({ fact, classes: classesOf(fact, [...never, ...lines]) })).sort((one, other) => rank(one.fact) - rank(other.fact) || 0)
}

const classesOf = (fact: FactName, lines: readonly Line[]): Axis['classes'] =>
  [...Map.groupBy<string, string>(FACTS[fact], (value) => lines.map(({ when }) => (when[fact]?.includes(value) ?? true ? 1 : 0)).join('')).values()]

/** Lines by number. Lines that say the same of the facts from some depth on are one from there on, whichever list they are from. */
const compile = (lines: readonly Line[], axes: readonly Axis[]) => {
  const outcomeKeys = lines.map(({ outcome }) => JSON.stringify([outcome.route, outcome.rule, outcome.conflict]))
  const outcomeNumbers = lines.map((_, at) => outcomeKeys.indexOf(outcomeKeys[at]!))
  const fitting = axes.map(({ fact, classes }) => classes.map(([value]) => lines.map(({ when }) => when[fact]?.includes(value!) ?? true)))
  // A line that names every value of a fact asks for nothing.
  const asking = fitting.map((classes) => lines.map((_, line) => classes.some((fits) => !fits[line])))
  const depths = [...axes.keys(), axes.length]
  const certain = depths.map((depth) => lines.map((_, line) => !asking.slice(depth).some((asks) => asks[line])))
  const first = depths.map((depth) => {
    const known = new Map<string, number>()
    return lines.map((_, line) => {
      const key = `${fitting.slice(depth).map((classes) => classes.map((fits) => Number(fits[line])).join('')).join()} ${outcomeNumbers[line]}`
      if (!known.has(key)) known.set(key, line)
      return known.get(key)!
    })
  })
  const lastSeen = new Int32Array(lines.length)
  let turn = 0
  return {
    outcomes: lines.map(({ outcome }) => outcome),
    outcomeOf: (line: number): number => outcomeNumbers[line]!,
    asks: (list: readonly number[], depth: number): boolean => list.some((line) => asking[depth]![line]),
    /** What is left of a list for a class of values (`undefined`: for all): no line twice, none after the first that is certain, none before it that comes to the same. */
    left: (list: readonly number[], depth: number, of?: { readonly depth: number; readonly at: number }): readonly number[] => {
      const fits = of && fitting[of.depth]![of.at]!
      const kept: number[] = []
      turn += 1
      for (const line of list) {
        if (fits && !fits[line]) continue
        const one = first[depth]![line]!
        if (lastSeen[one] !== turn) kept.push(one)
        lastSeen[one] = turn
        if (certain[depth]![line]) break
      }
      const last = outcomeNumbers[kept.at(-1)!]
      while (kept.length > 1 && outcomeNumbers[kept.at(-2)!] === last) kept.splice(-2, 1)
      return kept
    },
  }
}
