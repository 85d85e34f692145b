// One plan taken apart for people and scripts: what the message says and where, each fact and why, each rule, what the
// floor forbids, what comes of it. `explain --json` prints it as it is: docs/feeds.md lists the keys. It refuses to
// decide anything: `plan` does.
import { dirname } from 'node:path'
import { FLOOR, holds, type Forbidden } from '../decide/floor.ts'
import { codings } from '../decide/labels.ts'
import { owed as owedFor, type DeliveryChange } from '../decide/owed.ts'
import { whyFacts, type Known as KnownFacts } from '../decide/why.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import type { AuditEvent, KnownThen } from '../ledger/ledger.ts'
import { fieldsOf, type Field } from '../parse/fields.ts'
import { plan } from '../plan.ts'
import type { KeptFiles } from '../policy/files.ts'
import type { Policy } from '../policy/policy.ts'
import { readCsv } from '../policy/read/csv.ts'
import { directorateRow, documentCodeRow, serviceRow } from '../policy/schema.ts'
import { FACT_NAMES, type Decision, type Delivery, type FactName, type Person, type Plan, type Prior, type Receipt, type Refusal } from '../types.ts'

export type Reasons = {
  readonly fields: readonly Field[]
  readonly facts: readonly { readonly fact: FactName; readonly value: string; readonly why: string }[]
  /** The lines of the safety floor that hold, and what each forbids. */
  readonly floor: readonly { readonly line: string; readonly says: string; readonly forbids: readonly Forbidden[] }[]
  readonly rules: readonly { readonly rule: string; readonly file: string; readonly line: number; readonly outcome: 'matched' | 'not-matched' | 'not-tried'; readonly why?: string }[]
  readonly decision: Decision
  readonly labels: readonly { readonly code: string; readonly display: string; readonly system: string }[]
  /** What would be done at once at each destination. */
  readonly owed: readonly { readonly destination: string; readonly what: 'send' | 'take-back' | 'leave' | 'close' }[]
  readonly resource: Plan['resource']
  /** Places that carry a value and that nothing read. */
  readonly unread: readonly string[]
}

export type Explanation = {
  readonly about:
    | { readonly file: string; readonly feed: string }
    | { readonly document: string; readonly source: string; readonly sourceId: string; readonly revision: number; readonly feed: string; readonly receipt: string }
  /** Which policy this is explained under. */
  readonly policy: {
    readonly hash: string
    readonly from: 'disk' | 'ledger'
    readonly since?: string
    /** The one in force, where the files on disk are another one: not loaded yet, or refused. Only of a document. */
    readonly inForce?: string
  }
  readonly refused?: Refusal & { readonly hint: string }
  /** A policy that this version of the program cannot load any more. */
  readonly unloadable?: readonly string[]
  readonly reasons?: Reasons
  /** Only of a document: what is recorded, and where that differs from the reasons above. */
  readonly recorded?: { readonly decision: Decision; readonly differences: readonly string[] }
  readonly receipts?: readonly { readonly id: string; readonly receivedAt: string; readonly feed: string; readonly revision?: number; readonly bearing: string; readonly inForce: boolean }[]
  readonly deliveries?: readonly Pick<Delivery, 'id' | 'destination' | 'state' | 'standing' | 'standingRevision'>[]
  readonly past?: {
    readonly at: string
    readonly rebuilt: readonly string[]
    readonly unknown: readonly string[]
    readonly decided?: NonNullable<KnownThen['decided']>
    /** Whether the log's decision is the one that is explained here; where not, what could be found out. */
    readonly agrees?: boolean
    readonly notes: readonly string[]
    readonly events: readonly Pick<AuditEvent, 'seq' | 'at' | 'kind' | 'actor'>[]
  }
}

export type Given = {
  readonly receipt: Receipt
  readonly policy: Policy
  /** The policy's files, for the lines of its tables. */
  readonly files: KeptFiles
  readonly person: Person
  readonly prior: Prior
  /** Only of a document: what is owed to whom now. */
  readonly standing?: { readonly identifier: string; readonly revision: number; readonly deliveries: readonly Delivery[]; readonly recorded: Decision }
}

export const refusedWith = (refusal: Refusal): NonNullable<Explanation['refused']> => ({
  ...refusal, hint: Object.hasOwn(ERRORS, refusal.code) ? ERRORS[refusal.code as ErrorCode].hint : 'See docs/errors.md.',
})

export const reasonsFor = (given: Given): Pick<Explanation, 'reasons' | 'refused'> => {
  const { receipt, policy, person, prior } = given
  const planned = plan(receipt, policy, person, prior)
  if (!planned.ok) return { refused: refusedWith(planned.refusal) }
  const { document, facts, tightened, decision, resource } = planned.plan
  const why = whyFacts({ document, facts, tightened, policy, person, prior, feed: receipt.feed, row: rowIn(given) })
  return {
    reasons: {
      fields: fieldsOf(document, receipt, policy.mappings[policy.feeds[receipt.feed]!.mapping]!),
      facts: FACT_NAMES.map((fact) => ({ fact, value: facts[fact], why: why[fact] })),
      floor: FLOOR.filter(({ when }) => holds(when, facts)).map(({ id, says, forbids }) => ({ line: id, says, forbids })),
      rules: rulesOf(planned.plan, policy),
      decision,
      labels: codings(decision.labels).map(({ code, display, system }) => ({ code: code!, display: display!, system: system! })),
      owed: owedOf(planned.plan, given),
      resource,
      unread: document.unread,
    },
  }
}

const rulesOf = ({ trace }: Plan, { rules }: Policy): Reasons['rules'] => rules.map(({ name, file, line }, n) => {
  const tried = trace[n]
  return { rule: name, file, line, outcome: tried ? (tried.matched ? 'matched' : 'not-matched') : 'not-tried', ...(tried ? { why: tried.why } : {}) }
})

// ---------------------------------------------------------------- what would be owed

const WHAT: Readonly<Partial<Record<Delivery['state'], Reasons['owed'][number]['what']>>> = { owed: 'send', sending: 'send', recalling: 'take-back', acknowledged: 'leave', printing: 'leave', printed: 'leave' }

const owedOf = (planned: Plan, { standing }: Given): Reasons['owed'] => {
  const { identifier = 'new', revision = 1, deliveries = [], recorded } = standing ?? {}
  const fresh = !recorded || recorded.route !== planned.decision.route || recorded.rule !== planned.decision.rule
  const sha256 = planned.document.contents[0]?.ref.sha256
  const changes = owedFor(planned, { identifier, revision, ...(sha256 ? { sha256 } : {}), ...(planned.nhsNumber ? { nhsNumber: planned.nhsNumber } : {}) }, deliveries, fresh)
  const at = (change: DeliveryChange): string => (change.kind === 'open' ? change.destination : deliveries.find(({ id }) => id === change.deliveryId)!.destination)
  return changes.map((change) => ({ destination: at(change), what: WHAT[change.state] ?? 'close' }))
}

// ---------------------------------------------------------------- rows of tables

const TABLES = { 'document-codes.csv': [documentCodeRow, 'code'], 'services.csv': [serviceRow, 'team'], 'directorates.csv': [directorateRow, 'directorate'] } as const

/** `mappings/services.csv:2`: beside the rules, which say where the mappings are. */
const rowIn = ({ policy, files }: Given): KnownFacts['row'] => (table, key) => {
  const [schema, column] = TABLES[table]
  const { rows } = readCsv(table, new TextEncoder().encode(files[`mappings/${table}`] ?? ''), schema, column as never)
  const line = rows.find(({ row }) => (row as Readonly<Record<string, unknown>>)[column] === key)?.line
  const folder = dirname(policy.rules[0]?.file ?? 'mappings/')
  return `${folder}/${table}${line === undefined ? '' : `:${line}`}`
}

// ---------------------------------------------------------------- beside what is recorded

const short = (hash: string): string => hash.slice(0, 12)
const way = ({ route, rule, wouldRoute, wouldRule }: Pick<Decision, 'route' | 'rule'> & { readonly wouldRoute?: string; readonly wouldRule?: string }): string =>
  `${route} by ${rule}${wouldRoute === undefined ? '' : ` (would be ${wouldRoute} by ${wouldRule})`}`

/** Where the recorded decision and the one explained here are not the same, and why. `isInForce`: whether it is decided like that now. */
export const differences = (recorded: { readonly facts: Plan['facts']; readonly decision: Decision }, { facts, decision }: Reasons, isInForce: boolean): readonly string[] => {
  const now = isInForce ? 'now' : 'under the files on disk'
  const moved = facts.filter(({ fact, value }) => recorded.facts[fact] !== value).map(({ fact, value, why }) => `the fact ${fact} was ${recorded.facts[fact]} and is ${value} ${now}: ${why}`)
  const same = way(recorded.decision) === way(decision)
  return [
    ...(same ? [] : [`it is recorded as ${way(recorded.decision)}, and would be ${way(decision)} ${isInForce ? 'now' : `${now}, which are not in force`}`]),
    ...(recorded.decision.policy === decision.policy ? [] : [`it was decided under policy ${short(recorded.decision.policy)}, and this is policy ${short(decision.policy)}`]),
    ...moved,
    ...(same || recorded.decision.policy !== decision.policy || moved.length > 0 ? [] : ['policy and facts are the same: something beside the document changed, such as the document that it adds to']),
  ]
}

/** Whether the log's decision is the one that is explained here. */
export const agreement = (decided: NonNullable<KnownThen['decided']>, reasons: Reasons | undefined): boolean => reasons !== undefined && way(decided) === way(reasons.decision)

export { short, way }
