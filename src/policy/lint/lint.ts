// What is wrong only when the files are seen together, each subject in a file of its own. It refuses nothing itself: it
// lists, and whoever loads a policy with a problem does not get one.
import type { Environment } from '../../settings.ts'
import { approvals, approvers } from './approvals.ts'
import { destinations } from './destinations.ts'
import { feeds } from './feeds.ts'
import { mappingPlaces, neverIgnored } from './mapping-places.ts'
import { listening, watching } from './places.ts'
import { counterparts, instruction } from './share-texts.ts'
import { final, rules } from './sharing.ts'
import { tables } from './tables.ts'
import type { PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'

/** `today` is the day in London. */
export const lint = (read: Read, env: Environment, today: string): readonly PolicyProblem[] => [
  ...feeds(read),
  ...listening(read, env),
  ...watching(read, env),
  ...destinations(read, env),
  ...counterparts(read),
  ...neverIgnored(read),
  ...approvers(read),
  ...rules(read),
  ...instruction(read),
  ...final(read),
  ...mappingPlaces(read),
  ...tables(read),
  ...approvals(read, today),
]
