// The groups of what is in trouble, and the deliveries of one, as CSV for a spreadsheet. It refuses whatever identifies a
// patient: of patients there is only how many, and no column could hold one.
import { csvOf } from '../../csv.ts'
import type { FailureGroup, FailureRow } from '../../ledger/ledger.ts'

const perPolicy = ({ policies }: FailureGroup): string => policies.map(({ hash, documents }) => `${hash.slice(0, 12)} (${documents})`).join(', ')

export const groupsCsv = (groups: readonly FailureGroup[]): string => csvOf<FailureGroup>({
  group: ({ key }) => key,
  cause: ({ cause }) => cause,
  signature: ({ signature }) => signature,
  destination: ({ destination }) => destination,
  documents: ({ documents }) => String(documents),
  patients: ({ patients }) => String(patients),
  without_nhs_number: ({ unidentified }) => String(unidentified),
  for_a_person: ({ person }) => String(person),
  tried_again: ({ again }) => String(again),
  not_tried_yet: ({ behind }) => String(behind),
  oldest_since: ({ oldestSince }) => oldestSince,
  first_seen: ({ firstSeen }) => firstSeen,
  last_seen: ({ lastSeen }) => lastSeen,
  failed_this_hour: ({ thisHour }) => String(thisHour),
  failed_the_hour_before: ({ hourBefore }) => String(hourBefore),
  next_try: ({ nextAt }) => nextAt ?? '',
  policies: perPolicy,
}, groups)

export const groupCsv = ({ destination, cause, signature }: FailureGroup, rows: readonly FailureRow[]): string => csvOf<FailureRow>({
  document: ({ document }) => document.sourceId,
  document_id: ({ document }) => document.id,
  delivery_id: ({ deliveryId }) => deliveryId,
  destination: () => destination,
  code: ({ document }) => document.code ?? 'none',
  team: ({ document }) => document.team ?? 'none',
  cause: () => cause,
  signature: () => signature,
  state: ({ state }) => state,
  fate: ({ fate }) => fate,
  answer: ({ lastCode }) => lastCode ?? '',
  owed_since: ({ since }) => since,
  first_seen: ({ firstSeen }) => firstSeen,
  last_seen: ({ lastSeen }) => lastSeen,
  tries: ({ tries }) => String(tries),
  next_try: ({ fate, dueAt }) => (fate === 'person' ? '' : (dueAt ?? '')),
  policy: ({ policy }) => policy,
}, rows)
