// What the proof found, in words: which rule lets out what the floor keeps in, with the facts that matter first, and
// which rule can never fire. It refuses to weigh: each of them is a problem.
import type { CounterExample, Proof } from '../decide/proof.ts'
import type { FactName } from '../types.ts'
import type { Rule } from './policy.ts'
import type { PolicyProblem } from './problem.ts'

export const proofProblems = (proof: Proof, rules: readonly Rule[]): readonly PolicyProblem[] => [
  ...proof.counterExamples.map((example) => about(example.rule, breach(example))),
  ...proof.unreachable.map(({ rule, takenBy }) => about(rule, `this rule can never fire: ${takenBy.length > 0 ? `${takenBy.map((name) => withLine(name, rules)).join(', ')} ${takenBy.length === 1 ? 'takes' : 'take'} all its cases` : 'no facts fit it'}; take it out or move it up`)),
  ...(proof.unproved ? [about(proof.unproved, TANGLED)] : []),
]

const TANGLED = 'these rules are too tangled to be proved: the work went past its bound at this one, so nothing is known of the safety floor; use fewer facts in one rule, or put the rules that keep documents in first'

const about = (rule: Rule, message: string): PolicyProblem => ({ file: rule.file, line: rule.line, col: 1, path: `rules.${rule.name}`, message })
const withLine = (name: string, rules: readonly Rule[]): string => { const line = rules.find((rule) => rule.name === name)?.line; return line === undefined ? name : `${name} (line ${line})` }

const breach = ({ facts, rule, line }: CounterExample): string => {
  const floorFacts = Object.keys(line.when) as FactName[]
  const named = [...new Set([...floorFacts, ...(Object.keys(rule.when) as FactName[])])]
  const say = (names: readonly FactName[]): string => names.map((fact) => `${fact} ${facts[fact]}`).join(', ')
  const rest = (Object.keys(facts) as FactName[]).filter((fact) => !named.includes(fact))
  const conditions = floorFacts.map((fact) => { const values = line.when[fact]!; return `${fact}: ${values.length === 1 ? values[0] : `[${values.join(', ')}]`}` }).join(', ')
  return `this rule breaks ${line.id} of the safety floor ("${line.says}"): it sends to ${rule.route} with ${say(named)} (and for example ${say(rest)}). ` +
    `Put a rule before it with when: { ${conditions} } and route: withhold or review, or narrow its own conditions`
}
