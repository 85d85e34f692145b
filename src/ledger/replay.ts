// Decides documents that are in the ledger once more, under any policy. To look: page by page, each page as it stood
// at one moment, without locking, making or writing anything. For good: one document, under the policy in force. Both
// take PKB's last word on an account as fresh, so that an answer gone stale is no difference between two policies.
import { isDeepStrictEqual } from 'node:util'
import type { Pool, PoolClient } from 'pg'
import { stands, want } from '../decide/owed.ts'
import { Failure } from '../errors.ts'
import type { Planned } from '../plan.ts'
import type { Decision, Delivery, Plan } from '../types.ts'
import { inTransaction } from './database.ts'
import { nowOf, personOf, priorOf, replan } from './decided.ts'
import type { DocumentRow, Ledger, Redecided, ReplayAsked, Replayed, ReplayPage, ReplayPlan } from './ledger.ts'
import { look } from './load.ts'
import { isUuid } from './queries.ts'
import { instant, present } from './rows.ts'
import type { DocumentRecord, Row } from './rows.ts'
import { audit, deliveriesOf, documentByKey, putRevision } from './workspace.ts'
import type { LedgerParts, Workspace } from './workspace.ts'

/** However old. The second key asks PKB again before anything is sent. */
const LAST_WORD_HOURS = Number.POSITIVE_INFINITY

// ---------------------------------------------------------------- which documents

const condition = (asked: ReplayAsked, value: (given: unknown) => string): string => [
  'd.revision > 0',
  ...(asked.since === undefined ? [] : [`d.received_at >= ${value(asked.since)}::timestamptz`]),
  `d.received_at < ${value(asked.until)}::timestamptz`,
  ...(asked.directorate === undefined ? [] : [`d.directorate = ${value(asked.directorate)}`]),
  ...(asked.rule === undefined ? [] : [`d.rule = ${value(asked.rule)}`]),
  ...(asked.only === undefined ? [] : [`(d.id = any(${value(asked.only.filter(isUuid))}::uuid[]) or d.source_id = any(${value(asked.only)}::text[]))`]),
].join(' and ')

const collecting = (): { readonly values: unknown[]; readonly value: (given: unknown) => string } => {
  const values: unknown[] = []
  return { values, value: (given) => `$${values.push(given)}` }
}

export const replayCount = async (pool: Pool, asked: ReplayAsked): Promise<number> => {
  const { values, value } = collecting()
  const { rows: [row] } = await pool.query<{ count: number }>(`select count(*)::int as count from documents d where ${condition(asked, value)}`, values)
  return row?.count ?? 0
}

// ---------------------------------------------------------------- a page, to look

// A page is small and every look-up has an index, however the tables have grown.
const OPENING = 'begin isolation level repeatable read, read only; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off'

/** Whether an addendum's parent stands depends on what becomes of the parent, and so on upwards. */
const FAMILY = `
  with recursive family (id, source, parent_source_id, addendum) as (
    select id, source, parent_source_id, addendum from documents where id = any($1::uuid[])
    union
    select p.id, p.source, p.parent_source_id, p.addendum from family f join documents p on p.source_id = f.parent_source_id and p.source = f.source where f.addendum
  ) select id from family`

/** Oldest first. `after` is the cursor of the page before. */
export const replayPage = (pool: Pool, asked: ReplayAsked, plan: ReplayPlan, limit: number, after?: string): Promise<ReplayPage> =>
  inTransaction(pool, async (client) => {
    const ids = await idsOf(client, asked, limit + 1, after)
    const wanted = ids.slice(0, limit)
    const family = await client.query<Row>({ name: 'ledger-family', text: FAMILY, values: [wanted.map(({ id }) => id)] })
    const space = await look(client, family.rows.map((row) => row['id'] as string), { plan: () => undefined, newId: () => '', accountFreshHours: LAST_WORD_HOURS })
    const last = wanted.at(-1)
    return { documents: decideAgain(space, wanted.map(({ id }) => id), plan, asked.until), ...(ids.length > limit && last ? { cursor: `${last.receivedAt}~${last.id}` } : {}) }
  }, OPENING)

const idsOf = async (client: PoolClient, asked: ReplayAsked, limit: number, after: string | undefined): Promise<readonly { readonly id: string; readonly receivedAt: string }[]> => {
  const { values, value } = collecting()
  const [at, id] = after?.split('~') ?? []
  const where = `${condition(asked, value)}${after === undefined ? '' : ` and (d.received_at, d.id) > (${value(at)}::timestamptz, ${value(id)}::uuid)`}`
  const { rows } = await client.query<Row>(`select d.id, d.received_at from documents d where ${where} order by d.received_at, d.id limit ${value(limit)}`, values)
  return rows.map((row) => ({ id: row['id'] as string, receivedAt: instant(row['received_at'])! }))
}

const decideAgain = (space: Workspace, ids: readonly string[], plan: ReplayPlan, at: string): readonly Replayed[] => {
  const recorded = ids.flatMap((id) => space.documents.get(id) ?? [])
  // Before anything is decided again: as it is recorded beside each of them.
  const made = new Map(recorded.map((record) => [record.id, { person: personOf(space, record.nhsNumber, at), prior: priorOf(space, record) }]))
  const planned = new Map<string, Planned | undefined>()
  for (const { id } of recorded) planOne(space, id, plan, at, planned)
  return recorded.flatMap((record): Replayed[] => {
    const [inForce, now] = [record.inForce, planned.get(record.id)]
    if (!inForce || !now) return []
    return [{
      row: rowOf(record, inForce.decision.because), recorded: inForce.decision, planned: now,
      recalls: now.ok ? recallsOf(space, record, now.plan) : [], made: { receipt: inForce.receipt, ...made.get(record.id)! },
    }]
  })
}

const rowOf = ({ id, source, sourceId, feed, revision, receivedAt, state, route, rule, code, team, directorate }: DocumentRecord, because: string): DocumentRow =>
  present<DocumentRow>({ id, source, sourceId, feed, revision, receivedAt, state, route, rule, because, code, team, directorate })

/** The parent first: an addendum is judged by where its parent would be. Documents that name each other end where they began. */
const planOne = (space: Workspace, id: string, plan: ReplayPlan, at: string, planned: Map<string, Planned | undefined>): void => {
  const record = space.documents.get(id)
  if (!record?.inForce || planned.has(id)) return
  planned.set(id, undefined)
  const parent = record.addendum && record.parentSourceId !== undefined ? documentByKey(space, { source: record.source, sourceId: record.parentSourceId }) : undefined
  if (parent) planOne(space, parent.id, plan, at, planned)
  const now = plan(record.inForce.receipt, personOf(space, record.nhsNumber, at), priorOf(space, record))
  planned.set(id, now)
  if (now.ok) space.documents.set(id, { ...record, route: now.plan.decision.route, inForce: { ...record.inForce, facts: now.plan.facts, decision: now.plan.decision } })
}

/** Where a copy stands that this plan would take back, and the decision in the ledger does not. */
const recallsOf = (space: Workspace, record: DocumentRecord, plan: Plan): readonly string[] => deliveriesOf(space, record.id)
  .filter((delivery) => stands(delivery) && delivery.state !== 'printed' && delivery.state !== 'recalling')
  .filter((delivery) => isAbsent(space, record, plan, delivery) && !isAbsent(space, record, record.inForce!, delivery))
  .map(({ destination }) => destination)

const isAbsent = (space: Workspace, record: DocumentRecord, plan: Pick<Plan, 'facts' | 'decision'>, delivery: Delivery): boolean =>
  want(plan, nowOf(record), delivery, deliveriesOf(space, record.id)) === 'absent'

// ---------------------------------------------------------------- for good

/** Where a decision sends a document, as far as anybody outside could tell. */
export const sameWay = (a: Decision, b: Decision): boolean => a.route === b.route && a.leftToTeam === b.leftToTeam && a.wouldRoute === b.wouldRoute

/**
 * Plans the receipt in force again, and lets everything follow as it always does. Where PKB's last word keeps the
 * document on its way, that is believed; where it would go another way, an answer gone stale is asked for anew first.
 */
export const redecide = (space: Workspace, documentId: string, { actor, reason, policy, at }: Parameters<Ledger['redecide']>[1]): Redecided => {
  const record = space.documents.get(documentId)
  if (!record?.inForce) return { kind: 'missing' }
  const { facts, decision } = record.inForce
  const plan = (by: Workspace): Plan | undefined => by.parts.plan(record.inForce!.receipt, personOf(by, record.nhsNumber, at), priorOf(by, record))
  const lasting: Workspace = { ...space, parts: { ...space.parts, accountFreshHours: LAST_WORD_HOURS } satisfies LedgerParts }
  const first = plan(lasting)
  const by = first && sameWay(first.decision, decision) ? lasting : space
  const planned = by === lasting ? first : first && plan(space)
  if (!planned) return { kind: 'unreadable' }
  if (planned.decision.policy !== policy) throw new Failure('POLICY_NOT_IN_FORCE', 'The ledger was opened with another policy.')
  if (isDeepStrictEqual(planned.facts, facts) && isDeepStrictEqual(planned.decision, decision)) {
    // Another version of this program may make the same decision into another resource, and that is what would be sent.
    putRevision(space, record, { ...record.inForce, resource: planned.resource })
    return { kind: 'unchanged' }
  }
  const changed = !sameWay(planned.decision, decision)
  audit(space, { at, documentId, kind: 'redecided', actor }, { from: decision.route, to: planned.decision.route, fromRule: decision.rule, rule: planned.decision.rule, reason, policy })
  replan(by, record, at)
  return { kind: changed ? 'moved' : 'same-way', from: decision, to: planned.decision }
}
