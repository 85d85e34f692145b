// Of what differs between two policies, what was loosened: more reaches a patient than before. It says so in the words of
// the report, and names apart what only messages can show; it refuses to take that for nothing.
import { directorateFact } from '../../decide/facts.ts'
import type { Policy } from '../policy.ts'
import type { PolicyDiff } from './diff.ts'
import { changeInWords, effectInWords, goesOut, rowInWords, testsInWords, type Places } from './report.ts'
import { own, type RowChange } from './tables.ts'

export type Loosening = {
  /** Proved from the files: rules, codes, teams and feeds. */
  readonly lines: readonly string[]
  /** May have been loosened, and no comparison of files can tell: a mapping, the texts of the picklist. */
  readonly unsaid: readonly string[]
  /** Tests of channels that changed in the same step: what goes against the old ones may pass the new ones. */
  readonly tests: readonly string[]
}

export const RELEASED = 'Once a person has released them, these go out, and did not before:'

export const loosening = (before: Policy, after: Policy, diff: PolicyDiff): Loosening => {
  const places: Places = { before: before.rules, after: after.rules }
  const effects = (when: 'at-once' | 'released') => diff.effects.filter(({ loosens }) => loosens === when).map(effectInWords)
  const released = effects('released')
  return {
    lines: [
      ...diff.rules.changes.filter((change) => change.of === 'route' && goesOut(change)).flatMap((change) => changeInWords(change, places)),
      ...effects('at-once'),
      ...diff.rows.filter((row) => isLiveEarlier(before, after, row)).flatMap(rowInWords),
      ...(released.length > 0 ? [RELEASED, ...released.map((line) => `  ${line}`)] : []),
    ],
    unsaid: diff.unsaid,
    tests: diff.files.flatMap((change) => (change.kind === 'changed' && change.tests ? [`${change.file}: ${testsInWords(change.tests)}`] : [])),
  }
}

/** It is live before and after, and letters that came on its new first day were never sent before. */
const isLiveEarlier = (before: Policy, after: Policy, { table, key }: RowChange): boolean => {
  const [was, is] = [own(before.directorates, key), own(after.directorates, key)]
  if (table !== 'directorates' || !was || !is || is.go_live === '') return false
  const first = `${is.go_live}T12:00:00Z`
  return directorateFact(is, first) === 'live' && directorateFact(was, first) !== 'live' && was.status === 'live'
}
