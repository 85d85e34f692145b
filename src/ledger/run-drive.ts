// One turn of a retry run: what has ended is written down, and what is next is made due by the ledger's own way, so that
// the second key judges each of them. One process at a time drives a run, and only while the server says that it holds
// the run's lock. It refuses to send anything, and to retry what was refused unless a person said what has changed.
import type { Pool } from 'pg'
import { failingOf, type Cause } from '../decide/cause.ts'
import { isPart, stopsFor, turnOf, type Ended, type MemberState, type RunState } from '../decide/retry-run.ts'
import { Failure } from '../errors.ts'
import type { DeliveryState, OutcomeKind } from '../types.ts'
import type { Commit } from './committer.ts'
import { inTransaction } from './database.ts'
import { ENGINE } from './decided.ts'
import type { Locks, Taken } from './locks.ts'
import { retry, triedFor } from './people.ts'
import { instant, toJson } from './rows.ts'
import type { Row } from './rows.ts'
import { classOf } from './run-plan.ts'
import { appendRun, run as runById } from './runs.ts'
import type { Retrying, Run } from './run-words.ts'
import { decideAgain, printInstead } from './try-again.ts'
import { deliveriesOf, heldText } from './workspace.ts'
import type { Workspace } from './workspace.ts'

type Parts = { readonly pool: Pool; readonly locks: Locks; readonly commit: Commit }

const UNDER_WAY = `select id from runs r where state = 'running' or (state <> 'planned' and exists (select from run_members m where m.run_id = r.id and m.state = 'under-way')) order by planned_at, id`

export const runsUnderWay = async (pool: Pool): Promise<readonly string[]> => (await pool.query<Row>(UNDER_WAY)).rows.map((row) => row['id'] as string)

export const driveRun = async (parts: Parts, id: string, at: string): ReturnType<Retrying['driveRun']> => {
  const taken = await parts.locks.take('retry-run', id)
  if (!taken) return { tried: 0 }
  try {
    const run = await runById(parts.pool, id)
    const ended = run ? await endSome(parts.pool, run, at) : []
    if (run?.state !== 'running') return { tried: 0 }
    return await goOn(parts, taken, run, ended, at)
  } finally {
    await taken.release()
  }
}

const PROGRESS = `
  select count(*) filter (where state = 'waiting')::int as waiting, count(*) filter (where state = 'under-way')::int as under_way, count(*) filter (where tried_at is not null and state <> 'superseded')::int as tried, max(tried_at) as last
  from run_members where run_id = $1`

const goOn = async (parts: Parts, taken: Taken, run: Run, ended: readonly Ended[], at: string): ReturnType<Retrying['driveRun']> => {
  const { rows: [row] } = await parts.pool.query<Row>(PROGRESS, [run.id])
  const [waiting, underWay, tried, lastTriedAt] = [row!['waiting'] as number, row!['under_way'] as number, row!['tried'] as number, instant(row!['last'])]
  const why = waiting > 0 ? stopsFor(ended) : undefined
  if (why) return { tried: 0, ...(await become(parts.pool, run, 'stopped', at, why)) }
  const turn = turnOf({ step: run.step, waiting, underWay, tried: tried - run.base, ...(lastTriedAt ? { lastTriedAt } : {}) }, run.perMinute, new Date(at))
  switch (turn.do) {
    case 'wait': return { tried: 0 }
    case 'end': return { tried: 0, ...(await become(parts.pool, run, 'done', at)) }
    case 'next-step':
      await parts.pool.query("update runs set step = step + 1 where id = $1 and state = 'running'", [run.id])
      return { tried: 0 }
    case 'try': return { tried: await trySome(parts, taken, run, turn.most, at) }
  }
}

const become = async (pool: Pool, run: Run, state: 'stopped' | 'done', at: string, why?: NonNullable<Run['why']>): Promise<{ readonly became?: RunState; readonly why?: NonNullable<Run['why']> }> =>
  inTransaction(pool, async (client) => {
    const { rowCount } = await client.query("update runs set state = $2, why = $3, ended_at = case when $2 = 'done' then $4::timestamptz end where id = $1 and state = 'running'", [run.id, state, why ?? null, at])
    if (rowCount === 0) return {}
    await appendRun(client, at, ENGINE, { run: run.id, what: state, state, kind: run.kind, deliveries: run.part, why })
    return { became: state, ...(why ? { why } : {}) }
  })

// ---------------------------------------------------------------- what is next

/** A patient's next only after what came before it has ended. */
const NEXT = `
  select m.delivery_id, m.document_id, m.revision, m.attempt_before from run_members m where m.run_id = $1 and m.state = 'waiting' and not exists (
    select from run_members o where o.run_id = m.run_id and o.patient = m.patient and (o.state = 'under-way' or (o.state = 'waiting' and o.place < m.place)))
  order by m.place limit $2`

const trySome = async ({ pool, commit }: Parts, taken: Taken, run: Run, most: number, at: string): Promise<number> => {
  const { rows } = await pool.query<Row>(NEXT, [run.id, most])
  await Promise.all(rows.map((row) => {
    const [deliveryId, documentId] = [row['delivery_id'] as string, row['document_id'] as string]
    const member: Member = { deliveryId, documentId, revision: row['revision'] as number, ...(row['attempt_before'] === null ? {} : { attemptId: row['attempt_before'] as string }) }
    return commit({ needs: { documents: [documentId], plans: true, holder: taken.pid }, run: (space) => {
      if (!space.held.has(heldText(taken.pid, taken.key))) throw new Failure('DATABASE_UNREACHABLE', 'The connection that held the lock of this run was lost; another process may have it.')
      const tried = tryOne(space, run, member, at)
      const delivery = deliveriesOf(space, documentId).find(({ id }) => id === deliveryId)
      space.writes.runMarks.push({
        run_id: run.id, delivery_id: deliveryId, state: tried.state, code: tried.code,
        // What there was nothing to try about shows nothing, so it is no step's.
        ...(tried.state === 'under-way' ? { step: run.step, tried_at: at, attempt_before: delivery?.attemptId, recall: tried.recall } : { ended_at: at }),
      })
    } })
  }))
  return rows.length
}

/** `attemptId`: its last one when the plan was made. */
type Member = { readonly deliveryId: string; readonly documentId: string; readonly revision: number; readonly attemptId?: string }
type Tried = { readonly state: MemberState; readonly code?: string; readonly recall?: boolean }
const THERE: ReadonlySet<DeliveryState> = new Set(['acknowledged', 'printing', 'printed'])
/** It is at it by itself. */
const AT_IT: ReadonlySet<DeliveryState> = new Set(['owed', 'sending', 'recalling'])

const tryOne = (space: Workspace, run: Run, { deliveryId, documentId, revision, attemptId }: Member, at: string): Tried => {
  const record = space.documents.get(documentId)
  const delivery = deliveriesOf(space, documentId).find(({ id }) => id === deliveryId)
  // A newer revision goes its own way.
  if (!record?.inForce || !delivery || record.revision !== revision) return { state: 'superseded' }
  if (THERE.has(delivery.state)) return { state: 'arrived' }
  const which = classOf(space, record, delivery, run.kind)
  if (which === 'nothing') return { state: 'superseded' }
  // It may have been refused, or blocked, since it was planned: then what was said to have changed has not helped.
  const isRefusedSince = which === 'refused' && run.kind !== 'print' && delivery.attemptId !== attemptId
  if (isRefusedSince || !isPart(run.kind, which, run.changed)) return which === 'blocked' ? { state: 'blocked' } : { state: 'not-done', code: delivery.lastCode ?? 'refused' }
  const by = { actor: run.startedBy ?? ENGINE, reason: [run.reason, run.changed && `Changed since: ${run.changed}`].filter(Boolean).join(' '), at, run: run.id }
  return KINDS[run.kind](space, documentId, deliveryId, { ...by, recall: triedFor(space, record, delivery) === 'absent', isAtIt: AT_IT.has(delivery.state) })
}

type TryBy = { readonly actor: string; readonly reason: string; readonly at: string; readonly run: string; readonly recall: boolean; readonly isAtIt: boolean }

const KINDS = {
  retry: (space, _documentId, deliveryId, { recall, isAtIt, ...by }) => (retry(space, deliveryId, by) === true || isAtIt ? { state: 'under-way', recall } : { state: 'superseded' }),
  'decide-again': (space, documentId, deliveryId, { recall, isAtIt, ...by }) => {
    const decided = decideAgain(space, documentId, { ...by, policy: space.policyInForce ?? '' })
    if (decided.kind === 'unreadable' || decided.kind === 'missing') return { state: 'failed', code: decided.kind }
    const now = deliveriesOf(space, documentId).find(({ id }) => id === deliveryId)
    // What only waited for its time does not wait any longer.
    if (!decided.tried && now && AT_IT.has(now.state)) retry(space, deliveryId, by)
    return now?.state === 'blocked' ? { state: 'blocked' } : { state: 'under-way', recall: recall && isAtIt }
  },
  print: (space, documentId, _deliveryId, { recall: _recall, isAtIt: _isAtIt, ...by }) => {
    const printed = printInstead(space, documentId, by)
    return printed.kind === 'done' ? { state: 'under-way' } : printed.kind === 'kept' ? { state: 'not-done', code: 'kept-in' } : { state: 'superseded' }
  },
} as const satisfies Record<Run['kind'], (space: Workspace, documentId: string, deliveryId: string, by: TryBy) => Tried>

// ---------------------------------------------------------------- what has ended

const MEMBERS = `
  select m.delivery_id, m.cause, m.step, m.recall, d.revision <> m.revision as is_newer, d.route, y.state, y.last_outcome, y.last_code, y.last_detail,
    y.attempt_id is distinct from m.attempt_before as is_new, a.outcome as attempt_outcome, a.code as attempt_code, a.trace->>'answer' as answer, r.code as account_code,
    p.state as print_state, p.last_outcome as print_outcome, p.last_code as print_code
  from run_members m join documents d on d.id = m.document_id join deliveries y on y.id = m.delivery_id left join attempts a on a.id = y.attempt_id
  left join account_refusals r on r.nhs_number = y.nhs_number and r.at >= m.tried_at and y.destination = 'pkb' and y.state = 'owed'
  left join deliveries p on p.document_id = m.document_id and p.destination = 'print' and p.identifier = d.identifier and y.destination <> 'print'
  where m.run_id = $1 and m.state = 'under-way'`

const END = `
  update run_members m set state = n.state, code = n.code, ended_at = n.ended_at
  from json_populate_recordset(null::run_members, $2) n where m.run_id = $1 and m.delivery_id = n.delivery_id and m.state = 'under-way'`

const endSome = async (pool: Pool, run: Run, at: string): Promise<readonly Ended[]> => {
  const { rows } = await pool.query<Row>(MEMBERS, [run.id])
  const ended = rows.flatMap((row) => {
    const end = endOf(row, run.kind === 'print')
    return end ? [{ row, end }] : []
  })
  if (ended.length > 0) await pool.query(END, [run.id, toJson(ended.map(({ row, end }) => ({ delivery_id: row['delivery_id'], state: end.state, code: end.code, ended_at: at })))])
  return ended.map(({ row, end }): Ended => ({ state: end.state, before: row['cause'] as Cause, step: (row['step'] as number | null) ?? 0, ...(end.cause ? { cause: end.cause } : {}) }))
}

type End = { readonly state: MemberState; readonly cause?: Cause; readonly code?: string }
const BAD: ReadonlySet<unknown> = new Set<OutcomeKind>(['unavailable', 'unsure', 'refused', 'unregistered', 'forbidden'])

const causeIn = (state: DeliveryState, outcome: unknown, code: unknown, answer: unknown): Cause =>
  failingOf({ state, outcome: (outcome ?? 'refused') as OutcomeKind, code: String(code ?? 'unknown'), ...(typeof answer === 'string' ? { answer } : {}) }).cause

const atPrint = (row: Row): End | undefined => {
  const state = row['print_state'] as DeliveryState | null
  if (state === 'printing' || state === 'printed') return { state: 'printed' }
  if (state === 'failed' || state === 'blocked') return { state, cause: causeIn(state, row['print_outcome'], row['print_code'], undefined), code: String(row['print_code'] ?? state) }
  return state === null && (row['state'] === 'closed' || row['state'] === 'recalled') ? { state: 'superseded' } : undefined
}

/** Undefined while it is under way. */
const endOf = (row: Row, toPrint: boolean): End | undefined => {
  const state = row['state'] as DeliveryState
  if (state === 'failed' || state === 'blocked') return { state, cause: causeIn(state, row['last_outcome'], row['last_code'], row['answer']), code: String(row['last_code'] ?? state) }
  if (row['is_newer'] === true && !toPrint) return { state: 'superseded' }
  if (THERE.has(state)) return { state: toPrint ? 'superseded' : 'arrived' }
  if (state === 'closed' || state === 'recalled') {
    if (row['recall'] === true) return { state: 'arrived' }
    return row['route'] === 'print' ? atPrint(row) : { state: 'superseded' }
  }
  if (state === 'recalling' && row['recall'] !== true && !toPrint) return { state: 'superseded' }
  return triedAndFailed(row)
}

/** It is tried again by itself, and what it was to be cured of came back. */
const triedAndFailed = (row: Row): End | undefined => {
  // PKB was asked about the account once more, and would not say again.
  if (typeof row['account_code'] === 'string') return sameAgain(row, 'unavailable', row['account_code'], undefined)
  if (row['is_new'] !== true || !BAD.has(row['attempt_outcome'])) return undefined
  return sameAgain(row, row['attempt_outcome'], row['attempt_code'], row['answer'])
}

const sameAgain = (row: Row, outcome: unknown, code: unknown, answer: unknown): End | undefined => {
  const cause = causeIn(row['state'] as DeliveryState, outcome, code, answer)
  return cause === row['cause'] ? { state: 'failed', cause, code: String(code ?? 'unknown') } : undefined
}
