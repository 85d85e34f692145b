// Combinations of facts that no document can have, because one row of a table, or its absence, gives two facts at once.
// It refuses what only seems so: a late message can make the code of a document stricter and leaves its kind, so a code
// that is unlisted or missing may go with any kind, and a blocked one with an unknown kind.
import type { Rule } from '../policy/policy.ts'
import { FACTS, type Facts } from '../types.ts'
import { holds } from './floor.ts'

export const IMPOSSIBLE: readonly Rule['when'][] = [
  // A kind that is external makes the producer external, whatever the message says.
  { kind: ['external'], producer: FACTS.producer.filter((producer) => producer !== 'external') },
  // The row that lists a code names its kind.
  { code: ['listed'], kind: ['unknown'] },
  // The row of a team names its directorate, and there is no other way to one.
  { service: ['unknown'], directorate: FACTS.directorate.filter((directorate) => directorate !== 'unknown') },
  { service: FACTS.service.filter((service) => service !== 'unknown'), directorate: ['unknown'] },
]

export const occurs = (facts: Facts): boolean => !IMPOSSIBLE.some((when) => holds(when, facts))
