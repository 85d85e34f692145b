// Who approved each file of a policy: a role and a date from the head of a YAML file, or from the rows of a table. It
// reads only files of a policy that was loaded without a problem, and refuses to judge an approval.
import { parse } from 'yaml'
import type { KeptFiles } from './files.ts'
import type { Policy } from './policy.ts'

export type Approval = {
  /** `mappings/services.csv`. */
  readonly file: string
  readonly by: string
  /** YYYY-MM-DD; of a table's rows, the latest. */
  readonly on: string
  /** Of a table: how many rows this role approved. */
  readonly rows?: number
}

/** File by file; a table has one for each role that approved rows of it. */
export const approvalsOf = (policy: Policy, files: KeptFiles): readonly Approval[] =>
  Object.keys(files).sort().flatMap((file) => (file.endsWith('.csv') ? ofRows(file, rowsOf(policy, file)) : ofHead(file, files[file]!)))

type Approved = { readonly approved_by: string; readonly approved_on: string }

const ofHead = (file: string, text: string): readonly Approval[] => {
  const { approved_by, approved_on } = parse(text) as Approved
  return [{ file, by: approved_by, on: approved_on }]
}

const rowsOf = ({ codes, services, directorates, reviewLimits }: Policy, file: string): readonly Approved[] =>
  Object.values<Approved | readonly string[]>(({ 'mappings/document-codes.csv': codes, 'mappings/services.csv': services, 'mappings/directorates.csv': directorates, 'mappings/review-limits.csv': reviewLimits } as const)[file] ?? {})
    .filter((row) => 'approved_by' in row)

const ofRows = (file: string, rows: readonly Approved[]): readonly Approval[] =>
  [...Map.groupBy(rows, ({ approved_by }) => approved_by)].map(([by, its]) => ({ file, by, on: its.map(({ approved_on }) => approved_on).sort().at(-1)!, rows: its.length }))
