// What is wrong only when the files are seen together, each subject in a file of its own. It refuses nothing itself: it
// lists, and whoever loads a policy with a problem does not get one.
import type { Environment } from '../../settings.ts'
import { destinations } from './destinations.ts'
import { feeds } from './feeds.ts'
import { listening, watching } from './places.ts'
import { final, instruction, rules } from './sharing.ts'
import { tables } from './tables.ts'
import type { PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'

export const lint = (read: Read, env: Environment): readonly PolicyProblem[] => [
  ...feeds(read),
  ...listening(read, env),
  ...watching(read, env),
  ...destinations(read, env),
  ...rules(read),
  ...instruction(read),
  ...final(read),
  ...tables(read),
]
