// What became of each delivery of a run, as CSV for a spreadsheet. It refuses whatever identifies a patient: there is no
// column that could hold it, and nothing from outside is ever run as a formula.
import type { RunRow } from '../../ledger/ledger.ts'
import { csvOf } from '../../csv.ts'

export const runCsv = (rows: readonly RunRow[]): string => csvOf<RunRow>({
  document: ({ sourceId }) => sourceId,
  document_id: ({ documentId }) => documentId,
  delivery_id: ({ deliveryId }) => deliveryId,
  destination: ({ destination }) => destination,
  revision: ({ revision }) => String(revision),
  code: ({ code }) => code ?? 'none',
  team: ({ team }) => team ?? 'none',
  cause: ({ cause }) => cause ?? 'none',
  signature: ({ signature }) => signature ?? 'none',
  planned_as: (row) => row.class,
  outcome: ({ state }) => state,
  answer: ({ lastCode }) => lastCode ?? '',
  tried_at: ({ triedAt }) => triedAt ?? '',
  ended_at: ({ endedAt }) => endedAt ?? '',
}, rows)
