// First match wins. Rules are data from `mappings/sharing-rules.yaml`; this file only tries them in order and says
// why each did or did not match. It refuses to decide when none matches.
import type { Rule } from '../policy/policy.ts'
import type { FactName, Facts, RuleTrace } from '../types.ts'
import { holds } from './floor.ts'

export const firstMatch = (rules: readonly Rule[], facts: Facts): Rule | undefined => rules.find((rule) => holds(rule.when, facts))

/** Each rule up to the one that matched, with the facts that made the difference. */
export const tryRules = (rules: readonly Rule[], facts: Facts): readonly RuleTrace[] => {
  const trace: RuleTrace[] = []
  for (const rule of rules) {
    const conditions = Object.entries(rule.when) as [FactName, readonly string[]][]
    const against = conditions.filter(([fact, values]) => !values.includes(facts[fact]))
    const matched = against.length === 0
    const why = (matched ? conditions : against)
      .map(([fact, values]) => (matched ? `${fact} is ${facts[fact]}` : `${fact} is ${facts[fact]}, not ${values.join(' or ')}`))
      .join('; ')
    trace.push({ rule: rule.name, line: rule.line, matched, why: why === '' ? 'it has no conditions' : why })
    if (matched) break
  }
  return trace
}
