// Compares what a test expects with what the plan says, and names the very expectation that is not met. What it shows
// of a resource is what the test asked for, out of the test's own message; it refuses to show anything else of it.
import { evalFhirPath, initFhirPathParserBuilder, Tokenizer, type Atom } from '@medplum/core'
import type { Decision, FactName, Plan, Refusal, RuleRoute } from '../../types.ts'
import type { Expectation } from '../schema.ts'
import { elementAdvice } from './elements.ts'

/** `path` from `expect` on; `what` is how the expectation is called to people. */
export type Mismatch = { readonly path: readonly PropertyKey[]; readonly what: string; readonly message: string }

/** `others`: the plans for what else PKB may say of the account, where the test leaves that open. */
export const mismatches = (expect: Expectation, plan: Plan, others: readonly Plan[] = []): readonly Mismatch[] => {
  const { decision } = plan
  if (expect.refused) return [{ path: ['refused'], what: 'refused', message: `expected ${expect.refused}, actual ${decision.route} (by ${by(decision)})` }]
  return [
    ...same('route', expect.route, decision.route, by(decision)),
    ...same('rule', expect.rule, decision.rule, decision.because),
    ...same('would_route', expect.would_route, decision.wouldRoute, by(decision)),
    ...same('would_rule', expect.would_rule, decision.wouldRule, decision.because),
    ...same('conflict', expect.conflict, decision.conflict, by(decision)),
    ...same('variance', expect.variance, decision.variance, by(decision)),
    ...same('left_to_team', expect.left_to_team, decision.leftToTeam, by(decision)),
    ...Object.entries(expect.facts ?? {}).flatMap(([fact, value]) => same(`facts.${fact}`, value, plan.facts[fact as FactName])),
    ...labels(expect, decision),
    ...notTo(expect, [plan, ...others]),
    ...Object.entries(expect.resource ?? {}).flatMap(([expression, value]) => resource(expression, value, plan)),
  ]
}

/** A refusal, where a decision or another refusal was expected. */
export const refusedInstead = (expect: Expectation, { code, at, detail }: Refusal): readonly Mismatch[] => {
  if (expect.refused === code) return []
  const path = expect.refused ? ['refused'] : []
  return [{ path, what: path[0] ?? 'expect', message: `expected ${expect.refused ?? 'a decision'}, actual ${code} (refused at ${at}: ${detail})` }]
}

const by = ({ rule, because }: Decision): string => `${rule}: ${because}`

const same = (what: string, expected: string | boolean | undefined, actual: string | boolean | undefined, why?: string): readonly Mismatch[] =>
  expected === undefined || expected === actual ? [] : [{ path: what.split('.'), what, message: `expected ${expected}, actual ${actual ?? 'none'}${why ? ` (${what === 'rule' ? why : `by ${why}`})` : ''}` }]

const labels = (expect: Expectation, { labels: actual }: Decision): readonly Mismatch[] => {
  const shown = actual.join(', ')
  return [
    ...(expect.labels ?? []).flatMap((label, at) => (actual.includes(label) ? [] : [{ path: ['labels', at], what: 'labels', message: `expected ${label}, actual ${shown}` }])),
    ...(expect.not_labels ?? []).flatMap((label, at) => (actual.includes(label) ? [{ path: ['not_labels', at], what: 'not_labels', message: `expected no ${label}, actual ${shown}` }] : [])),
  ]
}

const notTo = (expect: Expectation, plans: readonly Plan[]): readonly Mismatch[] =>
  (expect.not_to ?? []).flatMap((way: RuleRoute, at) => {
    const goes = plans.find(({ decision }) => decision.route === way)
    if (!goes) return []
    const when = goes === plans[0] ? '' : ` once the account is ${goes.facts.account}`
    return [{ path: ['not_to', at], what: 'not_to', message: `expected that it cannot go to ${way}, actual ${way}${when} (by ${by(goes.decision)})` }]
  })

// ---------------------------------------------------------------- the resource

type Value = NonNullable<Expectation['resource']>[string]

/** One value, or all of them in order; null and an empty list: nothing is there. */
const resource = (expression: string, expected: Value, { resource: actual }: Plan): readonly Mismatch[] => {
  const mismatch = (message: string): readonly Mismatch[] => [{ path: ['resource', expression], what: `resource ${expression}`, message }]
  const wanted = Array.isArray(expected) ? expected : expected === null ? [] : [expected]
  try {
    const written = fhirPath(expression)
    const atom = whole(written)
    const pattern = PATTERN.exec(written)?.[1]
    if (pattern) return mismatch(`${pattern}() is not taken here, because a pattern can take for ever: write the value itself, or use startsWith(), endsWith() or contains()`)
    const found: readonly unknown[] = evalFhirPath(written, actual)
    const advice = elementAdvice(atom)
    if (advice) return mismatch(advice)
    return wanted.length === found.length && wanted.every((value, at) => value === found[at]) ? [] : mismatch(`expected ${shown(wanted)}, actual ${shown(found)}`)
  } catch (error) {
    return mismatch(`this cannot be evaluated as FHIRPath, nor as a path with dots: ${error instanceof Error ? error.message : 'unknown'}`)
  }
}

/** An engine that reads a changed policy would stand still. */
const PATTERN = /\b(matches|matchesFull|replaceMatches)\s*\(/u

/** `content.0.attachment.title` as FHIRPath writes it: `content[0].attachment.title`. Texts and decimals stay as they are. */
const fhirPath = (expression: string): string =>
  expression.replace(/'(?:[^'\\]|\\.)*'|`[^`]*`|(?<![\w.])\d+\.\d+|\.(\d+)(?!\w)/gu, (found: string, index?: string) => (index === undefined ? found : `[${index}]`))

const OPERATORS = ['!=', '!~', '<=', '>=', '{}', '->']
const grammar = initFhirPathParserBuilder()

/** `evalFhirPath` takes what it understands and drops the rest; a rest is a mistake. */
const whole = (expression: string): Atom => {
  const parser = grammar.construct(new Tokenizer(expression, ['true', 'false'], OPERATORS).tokenize())
  const atom = parser.consumeAndParse()
  if (parser.hasMore()) throw new Error(`nothing is expected before "${parser.peek()?.value}"`)
  return atom
}

const LONGEST = 200
const shown = (values: readonly unknown[]): string => {
  if (values.length === 0) return 'nothing'
  const text = JSON.stringify(values.length === 1 ? values[0] : values)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
