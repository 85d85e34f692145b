// What has changed in the files, bears on letters, and shows only where messages are read: what the picklist's texts
// mean, whose organisation it is, where a field stands. It refuses to guess at any of it.
import type { FileChange } from './diff.ts'
import type { ValueChange } from './values.ts'

const IN_RULES = /^(?:test_patients|custodial_postcodes|instruction(?:\..*)?|trust|trust\.organisations)$/u
const NOT_READING = /^approved_(?:by|on)$/u

/** Keys, or whole files, in the order of the report. */
export const unsaid = (files: readonly FileChange[]): readonly string[] => files.flatMap((change): readonly string[] => {
  const { file } = change
  if (change.kind === 'unreadable') return [file]
  const values = change.kind === 'changed' ? change.values : []
  if (/\/sharing-rules\.ya?ml$/u.test(file)) return keys(values).filter((path) => IN_RULES.test(path))
  if (file.startsWith('channels/')) return keys(values).includes('mapping') ? [`the mapping of ${file}`] : []
  return change.kind === 'removed' || (change.kind === 'changed' && keys(values).every((path) => NOT_READING.test(path))) ? [] : [file]
})

const keys = (values: readonly ValueChange[]): readonly string[] => [...new Set(values.map(({ path }) => path))]
