// From facts to a decision: the first rule that matches, then `observe` where a directorate is not live, then the
// floor. It refuses to loosen: everything after the rule can only keep a document in.
import type { Policy, Rule } from '../policy/policy.ts'
import type { Directorate } from '../policy/schema.ts'
import type { Decision, Facts, Prior, RuleRoute } from '../types.ts'
import { floorAgainst } from './floor.ts'
import { labelsFor } from './labels.ts'
import { firstMatch } from './rules.ts'

type Ruled = { readonly route: RuleRoute; readonly rule: string; readonly because: string; readonly conflict: boolean }

const WAYS: Record<RuleRoute, string> = { pkb: 'to the patient’s PKB record', print: 'to print', withhold: 'to nobody', review: 'to a person for review' }

/** What a rule alone says; F14: where none matches, a person decides. */
export const ruled = (rules: readonly Rule[], facts: Facts): Ruled => {
  const rule = firstMatch(rules, facts)
  return rule
    ? { route: rule.route, rule: rule.name, because: rule.because, conflict: rule.conflict }
    : { route: 'review', rule: 'no-rule-matched', because: 'No rule of the policy fits this document, so a person has to decide.', conflict: false }
}

/** A directorate that is observing or not live sees what would happen, and nothing happens (F5). */
export const observes = (facts: Facts, route: RuleRoute): boolean =>
  (facts.directorate === 'observing' || facts.directorate === 'not-live') && route !== 'withhold'

export const decide = (facts: Facts, policy: Policy, context: { readonly prior: Prior; readonly moves: boolean; readonly addendum: boolean; readonly directorate?: Directorate }): Decision => {
  const kept = keepIn(ruled(policy.rules, facts), facts, context)
  const observed = observes(facts, kept.route)
  const route = observed ? 'observe' : kept.route
  const name = context.directorate?.name ?? 'The directorate'
  const stage = facts.directorate === 'observing' ? 'is observing' : 'is not live yet'
  return {
    route,
    rule: kept.rule,
    because: observed ? `${name} ${stage}, so nothing is sent. It would have gone ${WAYS[kept.route]}: ${kept.because}` : kept.because,
    conflict: kept.conflict,
    variance: facts.kind === 'appointment' && facts.instruction === 'withhold',
    ...(observed ? { wouldRoute: kept.route, wouldRule: kept.rule } : {}),
    leftToTeam: route === 'print' && context.directorate?.post === 'team',
    labels: labelsFor(route, facts),
    policy: policy.hash,
  }
}

const leaves = (route: RuleRoute): route is 'pkb' | 'print' => route === 'pkb' || route === 'print'

/** What is not a fact of the document alone, and the floor itself: belt and braces under proven rules. */
const keepIn = (decision: Ruled, facts: Facts, { prior, moves, addendum }: { readonly prior: Prior; readonly moves: boolean; readonly addendum: boolean }): Ruled => {
  if (!leaves(decision.route)) return decision
  if ((moves || prior.moved) && prior.released === 0)
    return { route: 'review', rule: 'moved-to-another-patient', because: 'RiO moved the document from one patient to another. A person has to look before it is shared.', conflict: true }
  if (addendum && !prior.parentStanding)
    return { route: 'review', rule: 'parent-not-standing', because: 'It adds to a document that the patient does not have.', conflict: false }
  const against = observes(facts, decision.route) ? [] : floorAgainst(facts, decision.route)
  if (against.length > 0)
    return { route: 'review', rule: 'floor', because: `The safety floor keeps it in: ${against.map((line) => `${line.id}: ${line.says}`).join(' ')}`, conflict: false }
  return decision
}
