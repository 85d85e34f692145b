// What is wrong only when the files are seen together, each subject in a file of its own. It refuses nothing itself: it
// lists, and whoever loads a policy with a problem does not get one.
import type { Environment } from '../../settings.ts'
import { approvals } from './approvals.ts'
import { destinations } from './destinations.ts'
import { feeds } from './feeds.ts'
import { mappingPlaces } from './mapping-places.ts'
import { listening, watching } from './places.ts'
import { instruction } from './share-texts.ts'
import { final, rules } from './sharing.ts'
import { tables } from './tables.ts'
import type { PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'

/** `today` is the day in London. `kept`: was in force once, so it need not fit the addresses and settings of today. */
export const lint = (read: Read, env: Environment, today: string, kept = false): readonly PolicyProblem[] => [
  ...feeds(read),
  ...(kept ? [] : [...listening(read, env), ...watching(read, env), ...destinations(read, env)]),
  ...rules(read),
  ...instruction(read),
  ...final(read),
  ...mappingPlaces(read),
  ...tables(read),
  ...approvals(read, today),
]
