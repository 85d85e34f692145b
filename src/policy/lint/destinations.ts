// Destinations: one file each, and routes that lead to one. It refuses to say what a file of PKB's has to hold: that is
// for `pkb.ts`.
import type { Environment } from '../../settings.ts'
import { pkb } from './pkb.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'

export const destinations = (read: Read, env: Environment): readonly PolicyProblem[] => {
  const found = new Map<string, string>()
  const problems = [...read.channels].flatMap(([name, { yaml, value }]): readonly PolicyProblem[] => {
    if (value.kind !== 'destination') return []
    const wrong = wrongIn(yaml)
    const other = found.get(value.type)
    found.set(value.type, other ?? name)
    return [
      ...(other ? [wrong(['type'], `${other}.yaml is the destination ${value.type} already: keep one of them`)] : name === value.type ? [] : [wrong(['type'], `the destination ${value.type} stands in the file ${value.type}.yaml: rename the file`)]),
      ...(value.type === 'pkb' ? pkb(value, yaml, read, env) : []),
    ]
  })
  return [...problems, ...routes(read, found)]
}

/** A rule whose destination is not there would leave documents waiting for ever. */
const routes = ({ rules, channels, unusable }: Read, found: ReadonlyMap<string, string>): readonly PolicyProblem[] =>
  !rules || channels.size === 0 ? [] : (['pkb', 'print', 'withhold'] as const).flatMap((type) => {
    const at = rules.value.rules.findIndex(({ route }) => route === type)
    if (at < 0 || found.has(type) || unusable.has(`channels/${type}`)) return []
    return [wrongIn(rules.yaml)(['rules', at, 'route'], `this rule sends to ${type}, and there is no channel ${type}.yaml: write it, or send elsewhere`)]
  })
