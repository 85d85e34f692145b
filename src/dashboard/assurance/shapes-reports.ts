// The shapes of what the API says in numbers: failures by cause, recalls, observing, assurance, reconciliation, the policy.
// As in `shapes.ts` objects are strict. They refuse patient data by having no place for it.
import { z } from 'zod'
import { SORTS, THRESHOLDS } from '../../ledger/assurance-report.ts'
import { COLUMNS } from '../../ledger/reconciliation.ts'
import { FACTS, OUTCOMES } from '../../types.ts'
import { aCause, aCount, aCursor, aDay, aDeliveryState, aHash, anId, anInstant, aRate, aRuleRoute, delivery, documentRow } from '../shapes.ts'

// ---------------------------------------------------------------- failures

const byPolicy = z.strictObject({ hash: z.string(), documents: aCount })

const failureGroup = z.strictObject({
  key: z.string().meta({ description: 'The same for the same destination, cause and signature, always.' }), destination: z.string(), cause: aCause, signature: z.string(), documents: aCount, patients: aCount,
  unidentified: aCount, person: aCount, again: aCount, behind: aCount, ages: z.strictObject({ hour: aCount, fourHours: aCount, day: aCount, older: aCount }).meta({ description: 'Documents by for how long they have been owed: under an hour, under four, under a day, longer.' }), oldestSince: anInstant, firstSeen: anInstant, lastSeen: anInstant, thisHour: aCount, hourBefore: aCount,
  policies: z.array(byPolicy), nextAt: anInstant.optional(),
}).meta({ id: 'FailureGroup', description: 'Deliveries to one destination that are in trouble for the same reason.' })

export const failures = z.strictObject({ at: anInstant, groups: z.array(failureGroup), documents: aCount, patients: aCount, all: z.boolean().meta({ description: 'False: there are more, and the numbers are the least.' }) }).meta({ id: 'Failures' })

const failureRow = z.strictObject({
  id: anId, state: aDeliveryState, fate: z.enum(['person', 'again', 'behind']), since: anInstant, firstSeen: anInstant, lastSeen: anInstant, policy: z.string(), tries: aCount, dueAt: anInstant.optional(),
  lastCode: z.string().optional(), lastDetail: z.string().optional(), document: documentRow,
}).meta({ id: 'FailureRow' })

export const failuresOfGroup = z.strictObject({ group: failureGroup, deliveries: z.array(failureRow), cursor: aCursor.optional() }).meta({ id: 'FailuresOfGroup' })

export const failed = z.strictObject({ deliveries: z.array(delivery.extend({ document: documentRow }).meta({ id: 'FailedDelivery' })) }).meta({ id: 'Failed' })

export const recalls = z.strictObject({
  kind: z.enum(['open', 'late', 'unconfirmed']),
  recalls: z.array(z.strictObject({
    documentId: anId, sourceId: z.string(), rule: z.string(), deliveryId: anId, destination: z.string(), state: aDeliveryState, since: anInstant, unconfirmed: z.boolean(), readAt: anInstant.optional(),
    printed: z.boolean(), visibleFrom: anInstant.optional(), visibleUntil: anInstant.optional(), tries: aCount, lastOutcome: z.enum(OUTCOMES).optional(), lastCode: z.string().optional(),
  }).meta({ id: 'Recall' })),
}).meta({ id: 'Recalls' })

// ---------------------------------------------------------------- observing and assurance

const TALLY = { documents: aCount, pkb: aCount, print: aCount, leftToTeam: aCount, withheld: aCount, review: aCount, conflicts: aCount, variances: aCount, shareRate: aRate.optional() }
const stage = z.enum(FACTS.directorate)

const signOff = z.strictObject({
  directorate: z.string(), name: z.string(), status: z.enum(['live', 'observing', 'not-live']), signedOffBy: z.string().optional(), signedOffOn: aDay.optional(), goLive: aDay.optional(),
  reviewBy: aDay.optional(), overdue: z.boolean(), dueSoon: z.boolean(),
}).meta({ id: 'SignOff' })

const tally = z.strictObject(TALLY).meta({ id: 'ObservedTally' })

export const observing = z.strictObject({
  policy: aHash, since: anInstant, until: anInstant, directorate: z.string().optional(), by: z.enum(['day', 'month']), all: tally,
  directorates: z.array(tally.extend({ directorate: z.string(), stage })), periods: z.array(tally.extend({ period: z.string() })),
  rules: z.array(z.strictObject({ rule: z.string(), route: aRuleRoute, documents: aCount })), codes: z.array(tally.extend({ code: z.string().optional() })), unplaced: aCount, reviews: z.array(signOff),
}).meta({ id: 'Observing', description: 'What would have become of documents that are only observed.' })

const assured = z.strictObject({
  documents: aCount, shared: aCount, withheld: aCount, byInstruction: aCount, review: aCount, conflicts: aCount, variances: aCount, takenBack: aCount, shareRate: aRate, withholdRate: aRate,
  flags: z.array(z.enum(['over-withholding', 'leaks'])),
}).meta({ id: 'AssuranceTally' })
const named = { directorate: z.string().optional() }

export const assurance = z.strictObject({
  since: anInstant, until: anInstant, directorate: z.string().optional(), sort: z.enum(SORTS), policy: aHash, thresholds: z.strictObject(Object.fromEntries(Object.keys(THRESHOLDS).map((name) => [name, z.number()]))),
  all: assured.optional(), directorates: z.array(assured.extend(named)), teams: z.array(assured.extend({ ...named, team: z.string().optional() })),
  codes: z.array(assured.extend({ code: z.string().optional() })), months: z.array(assured.extend({ month: z.string() })),
}).meta({ id: 'Assurance' })

// ---------------------------------------------------------------- reconciliation

const columns = Object.fromEntries(COLUMNS.map((name) => [name, aCount]))

export const reconciliation = z.strictObject({
  since: anInstant, until: anInstant, holds: z.boolean().meta({ description: 'Each document is accounted for.' }),
  days: z.array(z.strictObject({ day: aDay, feed: z.string(), received: aCount, ...columns, refused: aCount, different: aCount }).meta({ id: 'ReconciledDay' })),
  differences: z.array(z.strictObject({ documentId: anId, day: aDay, feed: z.string(), kind: z.enum(['receipt-only', 'document-only', 'no-column']) })),
}).meta({ id: 'Reconciliation' })

export const refusedOfDay = z.strictObject({ day: aDay, feed: z.string(), all: z.boolean(), refused: z.array(z.strictObject({ at: anInstant, feed: z.string(), code: z.string() })) }).meta({ id: 'RefusedOfDay' })
export const reconciled = z.strictObject({ day: aDay, feed: z.string(), column: z.enum(['received', ...COLUMNS]), all: z.boolean(), documents: z.array(documentRow) }).meta({ id: 'Reconciled' })

const ids = z.array(z.string())
export const extractAsked = z.strictObject({ ids: ids.min(1).max(100_000) }).meta({ id: 'Extract' })
export const extractCompared = z.strictObject({
  source: z.string(), since: anInstant, until: anInstant, named: aCount, distinct: aCount, missing: ids, unnamed: ids, matched: aCount, otherTimes: aCount, zerosLost: aCount, duplicates: z.array(z.strictObject({ id: z.string(), times: z.int().min(2) })),
}).meta({ id: 'ExtractCompared' })

// ---------------------------------------------------------------- the policy

const placed = z.strictObject({ file: z.string(), line: aCount, col: aCount, path: z.string(), message: z.string() }).meta({ id: 'PlacedProblem' })

const approvals = z.array(z.strictObject({ file: z.string(), by: z.string(), on: aDay, rows: aCount.optional() }))
const unsaid = z.array(z.string()).meta({ description: 'What bears on letters in a way that only messages can show: it may let out more.' })

export const policyStatus = z.strictObject({
  hash: aHash, since: anInstant, rules: aCount, combinations: aCount, reviews: z.array(signOff), keptIn: z.array(placed), refused: z.strictObject({ at: anInstant, problems: z.array(placed) }).optional(),
  changed: z.strictObject({ against: aHash, loosens: z.boolean(), unsaid }).optional().meta({ description: 'Against the policy before it; absent for the first of all, and where one of the two cannot be read.' }),
  approvals, history: z.array(z.strictObject({ hash: aHash, since: anInstant })),
}).meta({ id: 'Policy' })

const read = { hash: aHash, readable: z.boolean(), problems: z.array(placed) }
const lines = z.array(z.strictObject({ text: z.string(), depth: aCount }))

export const policyAgainst = z.strictObject({ against: z.string().optional().meta({ description: 'The hash of a policy that was in force, or its first 8 or more characters; the one before it if it is not given.' }) })
export const onePolicy = z.strictObject({
  ...read, approvals, times: z.array(z.strictObject({ from: anInstant, until: anInstant.optional(), after: aHash.optional() })),
  against: z.strictObject({
    ...read, changes: z.strictObject({ differs: z.boolean(), loosens: lines, unsaid, tests: z.array(z.string()), sections: z.array(z.strictObject({ title: z.string(), lines })) }).optional(),
  }).optional(),
}).meta({ id: 'KeptPolicy' })
