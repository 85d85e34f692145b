// The stop switch. A stop is in force from the moment at which it is committed, and pulling it resolves only when
// nothing can begin any more that has not seen it. It refuses to pull the same stop twice, and one that names nothing.
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { Failure } from '../errors.ts'
import type { AuditKind } from '../observe/events.ts'
import type { Commit } from './committer.ts'
import { inTransaction } from './database.ts'
import type { Ledger, PulledStop, Stop } from './ledger.ts'
import { isUuid } from './queries.ts'
import { instant, toJson } from './rows.ts'
import type { Row } from './rows.ts'

const stopOf = (row: Row): PulledStop => {
  const liftedAt = instant(row['lifted_at'])
  return {
    id: row['id'] as string, scope: row['scope'] as Stop['scope'], value: row['value'] as string, actor: row['actor'] as string, reason: row['reason'] as string, at: instant(row['at'])!,
    ...(liftedAt === undefined ? {} : { lifted: { at: liftedAt, actor: (row['lifted_by'] ?? '') as string, reason: (row['lifted_reason'] ?? '') as string } }),
  }
}

/** The last statement of its transaction: see `append_events`. */
const append = (client: PoolClient, kind: AuditKind, at: string, actor: string, { id, scope, value }: PulledStop, reason: string): Promise<unknown> =>
  client.query('select append_events($1)', [toJson([{ at: new Date(at).toISOString(), kind, actor, detail: JSON.stringify({ stop: id, scope, value, reason }) }])])

// ---------------------------------------------------------------- pull

const PULL = `
  insert into stops (id, scope, value, actor, reason, at) values (gen_random_uuid(), $1, $2, $3, $4, $5)
  on conflict (scope, upper(btrim(value))) where lifted_at is null do nothing returning *`

export const pullStop = async (pool: Pool, { scope, value }: Stop, actor: string, reason: string, at: string): Promise<PulledStop | undefined> => {
  const named = scope === 'all' ? '' : value.trim()
  if (scope !== 'all' && named === '') throw new Failure('QUERY_INVALID', `value: Say which ${scope}.`)
  const pulled = await inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>(PULL, [scope, named, actor, reason, at])
    if (!row) return undefined
    await append(client, 'stop', at, actor, stopOf(row), reason)
    return stopOf(row)
  })
  // Also where it was in force before: whoever asks may rely on it from now on.
  await allHaveSeenIt(pool, 'stops')
  return pulled
}

// A transaction that reads the stops keeps its lock on their table until its end, and took it before it looked. Only
// one that holds documents as well can begin an exchange: a backup, which reads every table for hours, cannot. $1: the table that was changed.
const UNAWARE = `
  select distinct s.virtualtransaction as id from pg_locks s join pg_locks d using (virtualtransaction)
  where s.relation = $1::regclass and d.relation = 'documents'::regclass and s.granted and d.granted and d.mode <> 'AccessShareLock'
    and s.database = (select oid from pg_database where datname = current_database()) and d.database = s.database`

const AGAIN_MS = 5

/** Those that began without it are waited for: the server ends one that hangs. */
export const allHaveSeenIt = async (pool: Pool, table: 'stops' | 'channel_halts'): Promise<void> => {
  const unaware = async (): Promise<readonly string[]> => (await pool.query<{ id: string }>(UNAWARE, [table])).rows.map(({ id }) => id)
  let waiting = await unaware()
  while (waiting.length > 0) {
    await delay(AGAIN_MS)
    const still = new Set(await unaware())
    waiting = waiting.filter((id) => still.has(id))
  }
}

// ---------------------------------------------------------------- lift

const LIFT = 'update stops set lifted_at = $2, lifted_by = $3, lifted_reason = $4 where id = $1 and lifted_at is null returning *'

export const liftStop = async (pool: Pool, commit: Commit, stopId: string, actor: string, reason: string, at: string): Promise<PulledStop | undefined> => {
  if (!isUuid(stopId)) return undefined
  const lifted = await inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>(LIFT, [stopId, at, actor, reason])
    if (!row) return undefined
    await append(client, 'stop-lifted', at, actor, stopOf(row), reason)
    return stopOf(row)
  })
  if (lifted) await dueAgain(pool, commit, lifted, at)
  return lifted
}

const AT_ONCE = 1_000

// What was held was put off without a try. Documents first and in order, as every other change takes them.
const DUE_AGAIN = `
  with held as (
    select distinct y.document_id from deliveries y join documents d on d.id = y.document_id
    where y.state = 'owed' and y.tries = 0 and y.due_at > $1 and y.document_id > $2
      and case $3 when 'all' then true
        when 'destination' then y.destination = $4
        when 'service' then d.team is null or upper(btrim(d.team)) = upper(btrim($4))
        when 'directorate' then d.directorate is null or upper(btrim(d.directorate)) = upper(btrim($4))
        else upper(d.code) = upper(btrim($4)) end
    order by y.document_id limit ${AT_ONCE}),
  locked as (select id from documents where id in (select document_id from held) order by id for update),
  due as (
    update deliveries set due_at = $1 where document_id in (select id from locked) and state = 'owed' and tries = 0 and due_at > $1
    returning document_id, destination)
  select (select max(document_id::text) from held) as last, coalesce(json_agg(due), '[]') as due from due`

export const dueAgain = async (pool: Pool, commit: Commit, { scope, value }: Stop | { readonly scope: 'destination'; readonly value: string }, at: string): Promise<void> => {
  let after: string | null = '00000000-0000-0000-0000-000000000000'
  while (after !== null) {
    const { rows: [row] }: { rows: Row[] } = await pool.query<Row>(DUE_AGAIN, [at, after, scope, value])
    after = row!['last'] as string | null
    const due = (row!['due'] as readonly Row[]).map((one) => ({ documentId: one['document_id'] as string, destination: one['destination'] as string, dueAt: at }))
    if (due.length > 0) await commit({ needs: {}, run: (space) => { for (const one of due) space.writes.owed.set(`${one.documentId} ${one.destination}`, one) } })
  }
}

// ---------------------------------------------------------------- look

export const stops = async (pool: Pool, asked?: { readonly lifted: boolean }): Promise<readonly PulledStop[]> =>
  (await pool.query<Row>('select * from stops where lifted_at is null or $1 order by at desc, id', [asked?.lifted ?? false])).rows.map(stopOf)

const WAITING = `
  select d.team, d.code, count(*)::int as deliveries from deliveries y join documents d on d.id = y.document_id
  where y.due_at is not null and y.state = 'owed' group by d.team, d.code`

/** What is owed to patients and not on its way, by what a stop looks at. */
export const waiting = async (pool: Pool): ReturnType<Ledger['waiting']> =>
  (await pool.query<Row>(WAITING)).rows.map((row) => ({
    deliveries: row['deliveries'] as number, ...(row['team'] === null ? {} : { team: row['team'] as string }), ...(row['code'] === null ? {} : { code: row['code'] as string }),
  }))
