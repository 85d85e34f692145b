// Whether people can let a document go by releasing it, how many of them that takes, and what would become of it: asked of
// the plan itself, made again with one or two more releases. Pure. It refuses to know by heart what a release lifts: what
// is offered is what the rules and the floor let out, and nothing else.
import type { Decision, FactName, Facts } from '../types.ts'
import { floorAgainst, type FloorLine } from './floor.ts'

export type Would = { readonly facts: Facts; readonly decision: Decision }
/** The plan, were so many people to have released it. */
export type PlanWith = (released: 0 | 1 | 2) => Would

export type Release =
  | {
      readonly can: true
      /** People who still have to release it. */
      readonly people: 1 | 2
      /** What would then become of it. */
      readonly becomes: Would
      /** What becomes of it after the next one. */
      readonly next: Would
    }
  | {
      readonly can: false
      /** What still holds it, were two people to release it; empty where the rules alone keep it. */
      readonly lines: readonly FloorLine[]
      /** Why it stays, by the rules. */
      readonly because: string
    }

/** To the record or to print, and the whole floor lets it. `left to the team` counts: its letter leaves the house too. */
const leaves = ({ facts, decision: { route } }: Would): boolean => (route === 'pkb' || route === 'print') && floorAgainst(facts, route).length === 0

/** `released`: by so many until now. */
export const releaseOf = (planWith: PlanWith, released: 0 | 1 | 2): Release => {
  const now = planWith(released)
  const [one, two] = [planWith(released === 0 ? 1 : 2), planWith(2)]
  // What goes anyway needs nobody; what a person holds is lifted first.
  if (now.decision.route === 'review' && released < 2) {
    if (leaves(one)) return { can: true, people: 1, becomes: one, next: one }
    if (released === 0 && leaves(two)) return { can: true, people: 2, becomes: two, next: one }
  }
  return { can: false, lines: holding(two.facts), because: two.decision.because }
}

/**
 * What a person has before him when he decides, in one line: where it would go and by which rule, how many people that
 * takes, and the facts that hold it. A form that was made for anything else is stale.
 */
export const offerOf = (now: Would, lines: readonly FloorLine[], release: Release): string => {
  const held = new Set(lines.flatMap(({ when }) => Object.keys(when) as FactName[]))
  const { route, rule } = release.can ? release.becomes.decision : now.decision
  return [route, rule, release.can ? release.people : 0, ...[...held].map((fact) => `${fact}:${now.facts[fact]}`)].join(' ')
}

/** Lines that keep it both from the record and from print, and those that keep it from either where one of each holds. */
export const holding = (facts: Facts): readonly FloorLine[] => {
  const [record, print] = [floorAgainst(facts, 'pkb'), floorAgainst(facts, 'print')]
  return record.length === 0 || print.length === 0 ? [] : [...new Set([...record, ...print])]
}

/** Who can lift a line: nobody here, one person or two. */
export const liftedBy = (line: FloorLine): 'nobody' | 'one' | 'two' =>
  line.when.release === undefined ? 'nobody' : line.when.release.includes('one') ? 'two' : 'one'
