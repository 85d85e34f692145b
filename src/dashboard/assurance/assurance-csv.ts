// The numbers of each month, directorate, team and code as CSV for a spreadsheet. It refuses identifiers: there is no
// column that could hold one, and a name from the policy is never run as a formula.
import { csvOf } from '../../csv.ts'
import type { AssuranceReport } from '../../ledger/assurance-report.ts'

type RowOf = AssuranceReport['rows'][number]

const COLUMNS = {
  month: ({ month }) => month,
  directorate: ({ directorate }) => directorate ?? 'none',
  team: ({ team }) => team ?? 'none',
  code: ({ code }) => code ?? 'none',
  documents: ({ documents }) => String(documents),
  shared: ({ shared }) => String(shared),
  withheld: ({ withheld }) => String(withheld),
  withheld_by_instruction: ({ byInstruction }) => String(byInstruction),
  review: ({ review }) => String(review),
  conflicts: ({ conflicts }) => String(conflicts),
  variances: ({ variances }) => String(variances),
  taken_back: ({ takenBack }) => String(takenBack),
  share_rate: ({ shareRate }) => String(shareRate),
  withhold_rate: ({ withholdRate }) => String(withholdRate),
} as const satisfies Record<string, (row: RowOf) => string>

export const assuranceCsv = (rows: readonly RowOf[]): string => csvOf(COLUMNS, rows)
