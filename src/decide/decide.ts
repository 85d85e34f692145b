// From facts to a decision: the first rule that matches, then `observe` where a directorate is not live, then the
// floor. It refuses to loosen: everything after the rule can only keep a document in, or send by post what a rule sent
// to the record and a deadline has passed for, or a person wants posted.
import type { Policy, Rule } from '../policy/policy.ts'
import type { Directorate } from '../policy/schema.ts'
import type { Decision, Facts, PostReason, Prior, RuleRoute, Span } from '../types.ts'
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
  const kept = postInstead(keepIn(ruled(policy.rules, facts), facts, context), facts, policy, context.prior.post)
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
    ...(route === 'pkb' ? ofTheRecord(facts, policy) : {}),
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

// ---------------------------------------------------------------- the record, else the post

/** Names and reasons where a deadline of the record has passed, or a person does not wait for one. */
export const POSTED: Record<PostReason, { readonly rule: string; readonly says: string }> = {
  'account-unknown': { rule: 'account-unknown-too-long', says: 'For too long PKB has not said whether the patient has an account' },
  'not-read': { rule: 'not-read-in-time', says: 'It is meant for the patient’s PKB record, and is not proven to have been read there in time' },
  person: { rule: 'posted-by-a-person', says: 'It is meant for the patient’s PKB record, and a person wants it posted instead' },
}

/** What was meant for the record goes by post where the floor allows that, else a person decides. */
const postInstead = (kept: Ruled, facts: Facts, policy: Policy, post: PostReason | undefined): Ruled => {
  if (post === undefined) return kept
  const { rule, says } = POSTED[post]
  // Whatever became of its copy there: that keeps the letter from the post no longer.
  if (kept.route === 'print' && post === 'not-read') return { ...kept, rule, because: `${says}, so it goes by post. Nothing new would go to the record: ${kept.because}` }
  if (kept.route !== 'pkb' || isPulledBack(facts, policy, post)) return kept
  // What is only observed is told as if it were live.
  const against = floorAgainst(facts, 'print').filter(({ id }) => id !== 'F5' || !observes(facts, 'print'))
  return against.length === 0
    ? { route: 'print', rule, because: `${says}, so it goes by post.`, conflict: kept.conflict }
    : { route: 'review', rule, because: `${says}, and it cannot go by post, so a person has to decide: ${against.map((line) => `${line.id}: ${line.says}`).join(' ')}`, conflict: kept.conflict }
}

/** Nobody knew of an account, now there is one, and the channel says that the record comes first. */
const isPulledBack = (facts: Facts, policy: Policy, post: PostReason): boolean =>
  post === 'account-unknown' && facts.account === 'registered' && policy.destinations.pkb?.registered_later === 'pulled-back'

const ofTheRecord = ({ kind }: Facts, { destinations: { pkb } }: Policy): Pick<Decision, 'printIfUnreadAfter' | 'staysByPost'> => {
  const spans: Readonly<Record<string, Span | undefined>> = pkb?.transport === 'hl7-soap' ? (pkb.print_if_unread_after ?? {}) : {}
  const span = Object.hasOwn(spans, kind) ? spans[kind] : undefined
  return {
    ...(span ? { printIfUnreadAfter: without(span, pkb?.extra_bank_holidays) } : {}),
    ...(pkb?.registered_later === 'stays-by-post' ? { staysByPost: true } : {}),
  }
}

/** The span as the policy counts it: without days on which nobody works. */
export const without = (span: Span, days: readonly string[] | undefined): Span => ('working_days' in span && days && days.length > 0 ? { ...span, not_on: days } : span)
