// Retry runs as the ledger keeps them: a plan is frozen when it is made, and what runs is what was looked at. It refuses
// to take in what joins the group later, and to make anything due: `run-drive.ts` does that, one turn at a time.
import type { Pool, PoolClient } from 'pg'
import type { Cause } from '../decide/cause.ts'
import { SECOND_PERSON_ABOVE, wished, type Asker, type MemberClass, type RunWish, type Stopping } from '../decide/retry-run.ts'
import { Failure } from '../errors.ts'
import { inTransaction } from './database.ts'
import { doorsOf } from './doors.ts'
import { joinedSince } from './failures.ts'
import { policyInForce } from './policies.ts'
import { isUuid } from './queries.ts'
import { instant, present, toJson } from './rows.ts'
import type { Row } from './rows.ts'
import type { Retrying, Run, RunBy, RunNow, RunRow } from './run-words.ts'
import { destinationsAway, STOPPED } from './trouble.ts'
import type { Plan } from '../types.ts'

// ---------------------------------------------------------------- look

const RUNS = `
  select r.*, m.* from runs r cross join lateral (
    select count(*) filter (where state <> 'left-out')::int as part, count(distinct document_id) filter (where state <> 'left-out')::int as documents,
      count(distinct patient) filter (where state <> 'left-out' and patient > 0)::int as patients,
      (select json_object_agg(class, n) from (select class, count(*)::int as n from run_members where run_id = r.id group by class) c) as by_class,
      (select json_object_agg(state, n) from (select state, count(*)::int as n from run_members where run_id = r.id group by state) s) as by_state
    from run_members where run_id = r.id) m`

const runOf = (row: Row): Run => present<Run>({
  id: row['id'] as string, kind: row['kind'] as Run['kind'], group: row['group_key'] as string | null, destination: row['destination'] as string,
  cause: row['cause'] as Cause | null, signature: row['signature'] as string | null, state: row['state'] as Run['state'], why: row['why'] as Stopping | null,
  plannedBy: row['planned_by'] as string, plannedAt: instant(row['planned_at'])!, policy: row['policy'] as string | null, changed: row['changed'] as string | null,
  cut: row['cut'] as boolean, reason: row['reason'] as string | null, startedBy: row['started_by'] as string | null, startedAt: instant(row['started_at']),
  confirmedBy: row['confirmed_by'] as string | null, endedAt: instant(row['ended_at']), perMinute: row['per_minute'] as number, step: row['step'] as number, base: row['base'] as number,
  part: row['part'] as number, documents: row['documents'] as number, patients: row['patients'] as number,
  byClass: (row['by_class'] as Run['byClass'] | null) ?? {}, byState: (row['by_state'] as Run['byState'] | null) ?? {},
})

export const runs = async (pool: Pool, limit: number): Promise<readonly Run[]> => (await pool.query<Row>(`${RUNS} order by r.planned_at desc, r.id desc limit $1`, [limit])).rows.map(runOf)

export const run = async (from: Pool | PoolClient, id: string): Promise<Run | undefined> => {
  if (!isUuid(id)) return undefined
  const { rows: [row] } = await from.query<Row>(`${RUNS} where r.id = $1`, [id])
  return row && runOf(row)
}

const ABOUT = `
  select count(*) filter (where m.state = 'waiting' and (d.revision <> m.revision or o.state in ('acknowledged', 'printing', 'printed', 'recalled', 'closed')))::int as overtaken, count(*) filter (where ${STOPPED})::int as stopped,
    count(*) filter (where exists (select from run_members n join runs r on r.id = n.run_id where n.delivery_id = m.delivery_id and n.run_id <> m.run_id and n.state in ('waiting', 'under-way') and r.state in ('running', 'paused', 'stopped')))::int as shared
  from run_members m join deliveries o on o.id = m.delivery_id join documents d on d.id = m.document_id where m.run_id = $1 and m.state in ('waiting', 'under-way')`
const POLICIES = 'select policy as hash, count(distinct document_id)::int as documents from run_members where run_id = $1 group by policy order by documents desc, policy'

export const runNow = async (pool: Pool, freshHours: number, id: string, now: string): Promise<RunNow | undefined> => {
  const found = await run(pool, id)
  if (!found) return undefined
  const [joined, about, policies, away, inForce] = await Promise.all([
    found.group === undefined || found.cut ? 0 : joinedSince(pool, freshHours, now, found.group, id), pool.query<Row>(ABOUT, [id]),
    pool.query<{ hash: string; documents: number }>(POLICIES, [id]), destinationsAway(pool), policyInForce(pool),
  ])
  const code = away.get(found.destination)
  return {
    joined, shared: about.rows[0]!['shared'] as number, overtaken: about.rows[0]!['overtaken'] as number, stopped: about.rows[0]!['stopped'] as number, second: found.part > SECOND_PERSON_ABOVE, policies: policies.rows,
    ...(code === undefined ? {} : { away: { code } }), ...(inForce ? { policyInForce: inForce.hash } : {}),
  }
}

const REPORT = `
  select m.*, d.source_id, d.code as document_code, d.team, y.destination, coalesce(m.code, case when m.state = 'under-way' then y.last_code end) as last_code
  from run_members m join documents d on d.id = m.document_id join deliveries y on y.id = m.delivery_id
  where m.run_id = $1 order by $3 and m.state in ('failed', 'blocked') desc, m.place limit $2`

export const runReport = async (pool: Pool, id: string, limit: number, { failedFirst = false }: { readonly failedFirst?: boolean } = {}): Promise<readonly RunRow[]> =>
  isUuid(id) ? (await pool.query<Row>(REPORT, [id, limit, failedFirst])).rows.map(rowOf) : []

const rowOf = (row: Row): RunRow => present<RunRow>({
  deliveryId: row['delivery_id'] as string, documentId: row['document_id'] as string, sourceId: row['source_id'] as string, destination: row['destination'] as string, revision: row['revision'] as number,
  code: row['document_code'] as string | null, team: row['team'] as string | null, class: row['class'] as MemberClass, state: row['state'] as RunRow['state'],
  cause: row['cause'] as Cause | null, signature: row['signature'] as string | null, step: row['step'] as number | null, triedAt: instant(row['tried_at']), endedAt: instant(row['ended_at']), lastCode: row['last_code'] as string | null,
})

const RESOURCES = 'select d.id, v.resource from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.id = any($1::uuid[])'

export const resourcesOf = async (pool: Pool, ids: readonly string[]): ReturnType<Retrying['resourcesOf']> =>
  new Map((await pool.query<Row>(RESOURCES, [ids])).rows.map((row) => [row['id'] as string, row['resource'] as Plan['resource']]))

// ---------------------------------------------------------------- what a person does with it

/** The last statement of its transaction: see `append_events`. */
export const appendRun = (client: PoolClient, at: string, actor: string, detail: Row): Promise<unknown> =>
  client.query('select append_events($1)', [toJson([{ at: new Date(at).toISOString(), kind: 'run', actor, detail: toJson(detail) }])])

const ASKERS = 'select planned_by_id, started_by_id from runs where id = $1 for update'

/** As it is kept. A token may be called like a person. */
export const askerText = ({ kind, id }: Asker): string => `${kind}:${id}`
const askerOf = (text: string): Asker => ({ kind: text.startsWith('person:') ? 'person' : 'program', id: text.slice(text.indexOf(':') + 1) })

const withDoors = async (client: PoolClient, askers: readonly Asker[]): Promise<readonly Asker[]> => {
  const doors = await doorsOf(client, askers.map(({ id }) => id))
  return askers.map((asker, nth) => ({ ...asker, door: asker.kind === 'person' ? doors[nth]! : '' }))
}

const CHANGES = {
  start: `update runs set state = $2, reason = coalesce(reason, $3), started_by = case when $7 then coalesce(started_by, $4) else $4 end, started_by_id = case when $7 then coalesce(started_by_id, $5) else $5 end, started_at = case when $2 = 'running' then $6::timestamptz else started_at end,
    confirmed_by = case when $7 then $4 end where id = $1`,
  pause: 'update runs set state = $2 where id = $1',
  // After it stopped by itself it begins with one again.
  'go-on': `update runs set state = $2, why = null, step = case when state = 'stopped' then 0 else step end,
    base = case when state = 'stopped' then (select count(*) from run_members where run_id = $1 and tried_at is not null and state <> 'superseded') else base end where id = $1`,
  cancel: 'update runs set state = $2, ended_at = $3 where id = $1',
} as const satisfies Record<RunWish, string>

const SAYS = { state: 'The run is not in a state that allows it.', 'second-person': 'Another person than the one who planned it has to confirm it, who signs in the same way: with a password both, or both by the provider.', nothing: 'Nothing of it can be tried.' } as const

export const changeRun = (pool: Pool, id: string, wish: RunWish, { actor, id: who, kind, reason, at }: RunBy): Promise<Run | undefined> =>
  isUuid(id) ? inTransaction(pool, async (client) => {
    const { rows: [askers] } = await client.query<Row>(ASKERS, [id])
    const before = askers && (await run(client, id))
    if (!before) return undefined
    const [by, ...earlier] = await withDoors(client, [{ id: who, kind }, ...[askers['planned_by_id'], askers['started_by_id']].filter((one): one is string => typeof one === 'string').map(askerOf)])
    const done = wished(wish, { state: before.state, part: before.part, askers: earlier }, by!)
    if (!done.ok) throw new Failure(done.why === 'second-person' ? 'SECOND_PERSON_NEEDED' : 'RUN_NOT_POSSIBLE', SAYS[done.why])
    const values = wish === 'start' ? [id, done.state, reason, actor, askerText({ id: who, kind }), at, done.confirms === true] : wish === 'cancel' ? [id, done.state, at] : [id, done.state]
    await client.query(CHANGES[wish], values)
    if (wish === 'cancel') await client.query("update run_members set state = 'not-done', ended_at = $2 where run_id = $1 and state = 'waiting'", [id, at])
    const after = await run(client, id)
    await appendRun(client, at, actor, { run: id, what: wish, state: done.state, kind: before.kind, deliveries: before.part, reason })
    return after
  }) : Promise.resolve(undefined)
