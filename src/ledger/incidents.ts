// What is wrong and whom that was told: each process says what it finds wrong with itself, one at a time judges, and what
// has to be told is written down in the same transaction, so that a restart loses none of it. It refuses to judge by itself:
// `decide/incident-changes.ts` does.
import { randomUUID } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { COMES_BACK_MS, type Change } from '../decide/incident-changes.ts'
import { isIncidentKind, KINDS, kindOf, unanswered, type Incident, type IncidentKind, type Saying, type Way, type Wrong } from '../decide/incidents.ts'
import type { AuditKind } from '../observe/events.ts'
import { inTransaction } from './database.ts'
import { instant, present, toJson } from './rows.ts'
import type { Row } from './rows.ts'
import { isUuid } from './search.ts'

/** What `/alerts` shows beside an incident of its notifications. */
export type Told = { readonly way: Way; readonly says: Saying; readonly at: string; readonly sentAt?: string; readonly tries: number; readonly lastCode?: string }
export type Notification = { readonly id: string; readonly way: Way; readonly says: Saying; readonly tries: number; readonly incident: Incident }

export type Alerting = {
  /** This process finds this wrong with itself, and can tell by these ways; said again and again for as long as it is so. */
  report(wrong: readonly Pick<Wrong, 'kind' | 'thing'>[], now: string, ways?: readonly Way[]): Promise<void>
  /** The ways by which some process can tell people at the moment. */
  tellingWays(now: string): Promise<readonly Way[]>
  /** What processes have said since then. */
  reported(since: string): Promise<readonly { readonly kind: IncidentKind; readonly thing: string; readonly since: string }[]>
  /** When each of these feeds brought something last, or was started again by a person after that. */
  lastArrivals(feeds: readonly string[]): Promise<readonly { readonly feed: string; readonly at: string }[]>
  /** Since when the oldest delivery to each destination has been owed that no stop holds, and how many are. */
  oldestOwed(): Promise<readonly { readonly destination: string; readonly since: string; readonly deliveries: number }[]>
  /** Takes what `judge` says of the known incidents and of what nobody has answered for; undefined if another process is at it. Told by these ways, and by those that other processes have. */
  judgeIncidents(wrong: readonly Wrong[], judge: (known: readonly Incident[], wrong: readonly Wrong[]) => readonly Change[], ways: readonly Way[], now: string): Promise<readonly Change[] | undefined>
  /** Open ones, the oldest first; and of those that were resolved the latest. */
  incidents(resolved: number): Promise<{ readonly open: readonly (Incident & { readonly told: readonly Told[] })[]; readonly resolved: readonly Incident[] }>
  /** A person has it in hand; undefined if there is none, false if somebody had it already or it is resolved. */
  takeIncident(id: string, actor: string, reason: string, now: string): Promise<boolean | undefined>
  /** What is to be told now by these ways, nobody else's for as long as `until`. */
  notificationsDue(ways: readonly Way[], now: string, until: string, limit: number): Promise<readonly Notification[]>
  notified(ids: readonly string[], now: string): Promise<void>
  notNotified(ids: readonly string[], code: string, dueAt: string): Promise<void>
}

const incidentOf = (row: Row): Incident => present<Incident>({
  id: row['id'] as string, kind: row['kind'] as IncidentKind, thing: row['thing'] as string, about: row['about'] as string, count: row['count'] as number | null,
  since: instant(row['since'])!, openedAt: instant(row['opened_at'])!, seenAt: instant(row['seen_at'])!, calmSince: instant(row['calm_since']), resolvedAt: instant(row['resolved_at']),
  times: row['times'] as number, reminders: row['reminders'] as number, toldCount: row['told_count'] as number | null,
  taken: row['taken_by'] === null ? undefined : { by: row['taken_by'] as string, at: instant(row['taken_at'])!, reason: row['taken_reason'] as string },
})

/** A kind that this version does not know is left alone. */
const known = (rows: readonly Row[]): readonly Row[] => rows.filter(({ kind }) => isIncidentKind(kind as string))

// ---------------------------------------------------------------- what is wrong

/** Said less recently than this, it was over in between. */
const GAP_MS = 120_000

const REPORT = `
  insert into reports (kind, thing, since, at) select kind, thing, $3, $3 from unnest($1::text[], $2::text[]) as r(kind, thing) order by kind, thing
  on conflict (kind, thing) do update set since = case when reports.at < $4 then excluded.since else reports.since end, at = greatest(reports.at, excluded.at)`

/** In the place of a kind: this process tells by this way. Who watches may have none itself. */
const TELLS = 'tells'

const gapBefore = (now: string): string => new Date(Date.parse(now) - GAP_MS).toISOString()

export const report = async (pool: Pool, wrong: readonly Pick<Wrong, 'kind' | 'thing'>[], now: string, ways: readonly Way[] = []): Promise<void> => {
  const said: readonly { readonly kind: string; readonly thing: string }[] = [...wrong, ...ways.map((way) => ({ kind: TELLS, thing: way }))]
  if (said.length > 0) await pool.query(REPORT, [said.map(({ kind }) => kind), said.map(({ thing }) => thing), now, gapBefore(now)])
}

export const tellingWays = async (db: Pick<Pool, 'query'>, now: string): ReturnType<Alerting['tellingWays']> =>
  (await db.query<{ thing: Way }>('select thing from reports where kind = $1 and at >= $2 order by thing', [TELLS, gapBefore(now)])).rows.map(({ thing }) => thing)

export const reported = async (pool: Pool, since: string): ReturnType<Alerting['reported']> =>
  known((await pool.query<Row>('select kind, thing, since from reports where at >= $1 order by kind, thing', [since])).rows)
    .map((row) => ({ kind: row['kind'] as IncidentKind, thing: row['thing'] as string, since: instant(row['since'])! }))

// What was refused shows that somebody sends, too. What a person had paused was not silent before it was started again.
const ARRIVALS = `
  select f.feed, greatest(
    (select r.received_at from receipts r where r.feed = f.feed order by r.received_at desc limit 1),
    (select max(r.at) from rejections r where r.feed = f.feed),
    (select max(e.at) from events e where e.kind = 'channel-started' and e.detail::json->>'channel' = f.feed)) as at
  from unnest($1::text[]) as f(feed)`

export const lastArrivals = async (pool: Pool, feeds: readonly string[]): ReturnType<Alerting['lastArrivals']> =>
  (await pool.query<Row>(ARRIVALS, [feeds])).rows.flatMap((row) => (row['at'] === null ? [] : [{ feed: row['feed'] as string, at: instant(row['at'])! }]))

// A recall that waits is told as a recall.
const OWED = `
  select y.destination, min(coalesce(y.owed_since, y.opened_at)) as since, count(*)::int as deliveries from deliveries y join documents d on d.id = y.document_id
  where y.due_at is not null and y.state in ('owed', 'sending') and not exists (
    select from stops s where s.lifted_at is null
      and (s.scope = 'all' or coalesce(upper(btrim(case s.scope when 'code' then d.code when 'service' then d.team else d.directorate end)), upper(btrim(s.value))) = upper(btrim(s.value))))
  group by y.destination order by y.destination`

export const oldestOwed = async (pool: Pool): ReturnType<Alerting['oldestOwed']> =>
  (await pool.query<Row>(OWED)).rows.map((row) => ({ destination: row['destination'] as string, since: instant(row['since'])!, deliveries: row['deliveries'] as number }))

// ---------------------------------------------------------------- judged

/** Any number, but always the same: one process at a time judges. */
const LOCK = 7_316_538_012

const ONCE = KINDS.filter((kind) => kindOf(kind).once)
const KNOWN = 'select * from incidents where resolved_at is null or resolved_at > $1'
/** A person took the incident that they belong to, which closed it. */
const ANSWERED = 'select m.member from incident_members m join incidents i on i.id = m.incident_id where i.resolved_at is not null and m.member = any($1::uuid[])'

export const judgeIncidents = (pool: Pool, ...[wrong, judge, ways, now]: Parameters<Alerting['judgeIncidents']>): ReturnType<Alerting['judgeIncidents']> =>
  inTransaction(pool, async (client) => {
    const { rows: [lock] } = await client.query<Row>('select pg_try_advisory_xact_lock($1) as mine', [LOCK])
    if (lock?.['mine'] !== true) return undefined
    const { rows } = await client.query<Row>(KNOWN, [new Date(Date.parse(now) - COMES_BACK_MS).toISOString()])
    // In this order: what is closed in between is not opened again.
    const members = wrong.flatMap((one) => one.members ?? []).map(({ id }) => id)
    const answered = new Set(members.length === 0 ? [] : (await client.query<{ member: string }>(ANSWERED, [members])).rows.map(({ member }) => member))
    const changes = judge(known(rows).map(incidentOf), wrong.flatMap((one) => unanswered(one, answered) ?? []))
    const all = [...new Set([...ways, ...(await tellingWays(client, now))])]
    for (const change of changes) await apply(client, change, all, now)
    return changes
  })

const apply = async (client: PoolClient, change: Change, ways: readonly Way[], now: string): Promise<void> => {
  switch (change.do) {
    case 'open': {
      const { kind, thing, about, since, count } = change.wrong
      const id = randomUUID()
      await client.query('insert into incidents (id, kind, thing, about, count, told_count, since, opened_at, seen_at) values ($1, $2, $3, $4, $5, $5, $6, $7, $7)', [id, kind, thing, about, count ?? null, since, now])
      await join(client, id, change.wrong)
      return tell(client, id, 'opened', ways, now)
    }
    case 'again': {
      const { about, since, count } = change.wrong
      await client.query(
        `update incidents set about = $2, count = $3, told_count = $3, since = $4, opened_at = $5, seen_at = $5, calm_since = null, resolved_at = null, times = times + 1, reminders = 0,
          taken_by = null, taken_at = null, taken_reason = null where id = $1`, [change.id, about, count ?? null, since, now])
      return tell(client, change.id, 'again', ways, now)
    }
    case 'still': {
      const { about, count } = change.wrong
      // Back from a moment of calm: that counts as one more time, and makes the calm that is needed longer.
      await client.query(
        `update incidents set about = $2, count = $3, seen_at = $4, times = times + (calm_since is not null)::int, calm_since = null, reminders = reminders + $5,
          told_count = case when $6 then greatest(told_count, $3) else told_count end where id = $1`, [change.id, about, count ?? null, now, change.remind ? 1 : 0, change.remind || change.grown])
      await join(client, change.id, change.wrong)
      return change.grown || change.remind ? tell(client, change.id, change.grown ? 'grown' : 'reminder', ways, now) : undefined
    }
    case 'calm':
      await client.query('update incidents set calm_since = $2 where id = $1', [change.id, now])
      return
    case 'resolve':
      await client.query('update incidents set resolved_at = $2 where id = $1', [change.id, now])
      return tell(client, change.id, 'resolved', ways, now)
  }
}

/** To one that a person has closed at this moment nothing is added: it is another. */
const join = async (client: PoolClient, id: string, { members }: Wrong): Promise<void> => {
  if (!members) return
  await client.query('insert into incident_members (incident_id, member) select i.id, m from incidents i, unnest($2::uuid[]) as m where i.id = $1 and i.resolved_at is null on conflict do nothing', [id, members.map((member) => member.id)])
}

/** What nobody was told yet is overtaken: the newest says how things stand. */
const tell = async (client: PoolClient, id: string, says: Saying, ways: readonly Way[], now: string): Promise<void> => {
  await client.query('update notifications set withdrawn_at = $2 where incident_id = $1 and sent_at is null and withdrawn_at is null', [id, now])
  await client.query('insert into notifications (id, incident_id, way, says, at, due_at) select gen_random_uuid(), $1, way, $2, $3, $3 from unnest($4::text[]) as way', [id, says, now, ways])
}

// ---------------------------------------------------------------- looked at, and taken

const TOLD = `select incident_id, way, says, at, sent_at, tries, last_code from notifications where incident_id = any($1::uuid[]) and withdrawn_at is null order by at, way`
const toldOf = (row: Row): Told => present<Told>({
  way: row['way'] as Way, says: row['says'] as Saying, at: instant(row['at'])!, sentAt: instant(row['sent_at']), tries: row['tries'] as number, lastCode: row['last_code'] as string | null,
})

export const incidents = async (pool: Pool, resolved: number): ReturnType<Alerting['incidents']> => {
  const [open, over] = await Promise.all([
    pool.query<Row>('select * from incidents where resolved_at is null order by opened_at, id limit 1000'),
    pool.query<Row>('select * from incidents where resolved_at is not null order by resolved_at desc, id limit $1', [resolved]),
  ])
  const found = known(open.rows).map(incidentOf)
  const told = found.length === 0 ? [] : (await pool.query<Row>(TOLD, [found.map(({ id }) => id)])).rows
  return { open: found.map((one) => ({ ...one, told: told.filter((row) => row['incident_id'] === one.id).map(toldOf) })), resolved: known(over.rows).map(incidentOf) }
}

const TAKEN = 'alert-taken' satisfies AuditKind

export const takeIncident = async (pool: Pool, id: string, actor: string, reason: string, now: string): Promise<boolean | undefined> => {
  if (!isUuid(id)) return undefined
  return inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>('select * from incidents where id = $1 for update', [id])
    if (!row) return undefined
    const { kind, thing, taken, resolvedAt } = incidentOf(row)
    if (taken || resolvedAt !== undefined) return false
    await client.query('update incidents set taken_by = $2, taken_at = $3, taken_reason = $4, resolved_at = case when $5 then $3::timestamptz end where id = $1', [id, actor, now, reason, ONCE.includes(kind)])
    await client.query('select append_events($1)', [toJson([{ at: new Date(now).toISOString(), kind: TAKEN, actor, detail: JSON.stringify({ alert: id, of: kind, thing, reason }) }])])
    return true
  })
}

// ---------------------------------------------------------------- told

// Whoever has one keeps it until then: another process takes it only when the first is gone. Nobody keeps one, or puts it off, for
// longer than an hour: a later time was said by a clock that was wrong.
const DUE = `
  with mine as (
    select id from notifications where sent_at is null and withdrawn_at is null and (due_at <= $2 or due_at > $2::timestamptz + interval '2 hours') and way = any($1::text[]) order by due_at, at, id limit $4 for update skip locked)
  update notifications n set due_at = $3 from mine, incidents i where n.id = mine.id and i.id = n.incident_id
  returning n.id as notification_id, n.way, n.says, n.tries as notification_tries, n.at as noted_at, i.*`

export const notificationsDue = async (pool: Pool, ...[ways, now, until, limit]: Parameters<Alerting['notificationsDue']>): ReturnType<Alerting['notificationsDue']> =>
  known((await pool.query<Row>(DUE, [ways, now, until, limit])).rows)
    .toSorted((a, b) => instant(a['noted_at'])!.localeCompare(instant(b['noted_at'])!))
    .map((row) => ({ id: row['notification_id'] as string, way: row['way'] as Way, says: row['says'] as Saying, tries: row['notification_tries'] as number, incident: incidentOf(row) }))

export const notified = async (pool: Pool, ids: readonly string[], now: string): Promise<void> => {
  await pool.query('update notifications set sent_at = $2, last_code = null where id = any($1::uuid[])', [ids, now])
}

export const notNotified = async (pool: Pool, ids: readonly string[], code: string, dueAt: string): Promise<void> => {
  await pool.query('update notifications set tries = tries + 1, last_code = $2, due_at = $3 where id = any($1::uuid[])', [ids, code, dueAt])
}
