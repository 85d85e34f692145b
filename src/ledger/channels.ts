// Channels that people pause, stop and start. A pause of a destination is seen by whoever begins an exchange, in the same
// transaction, as a stop is; a feed is told by each process that runs it. It refuses to know which channels there are: a
// policy says that, and may say it otherwise tomorrow.
import type { Pool, PoolClient } from 'pg'
import type { AuditKind } from '../observe/events.ts'
import type { ChannelActivity, ChannelReport, Halt, HaltedChannel, HeardReport } from './channel-words.ts'
import type { Commit } from './committer.ts'
import { inTransaction } from './database.ts'
import { instant, present, toJson, type Row } from './rows.ts'
import { allHaveSeenIt, dueAgain } from './stops.ts'

const haltOf = (row: Row): HaltedChannel =>
  ({ channel: row['channel'] as string, state: row['state'] as Halt, actor: row['actor'] as string, reason: row['reason'] as string, at: instant(row['at'])! })

/** The last statement of its transaction: see `append_events`. */
const append = (client: PoolClient, kind: AuditKind, at: string, actor: string, detail: { readonly [key: string]: string }): Promise<unknown> =>
  client.query('select append_events($1)', [toJson([{ at: new Date(at).toISOString(), kind, actor, detail: JSON.stringify(detail) }])])

const HALT = `
  insert into channel_halts as h (channel, state, actor, reason, at) values ($1, $2, $3, $4, $5)
  on conflict (channel) do update set state = excluded.state, actor = excluded.actor, reason = excluded.reason, at = excluded.at where h.state <> excluded.state
  returning *`

export const haltChannel = async (pool: Pool, channel: string, state: Halt, actor: string, reason: string, at: string): Promise<HaltedChannel | undefined> => {
  const halted = await inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>(HALT, [channel, state, actor, reason, at])
    if (!row) return undefined
    await append(client, state === 'paused' ? 'channel-paused' : 'channel-stopped', at, actor, { channel, reason })
    return haltOf(row)
  })
  // Also where it was so before: whoever asks may rely on it from now on.
  await allHaveSeenIt(pool, 'channel_halts')
  return halted
}

export const startChannel = async (pool: Pool, commit: Commit, channel: string, actor: string, reason: string, at: string): Promise<HaltedChannel | undefined> => {
  const started = await inTransaction(pool, async (client) => {
    const { rows: [row] } = await client.query<Row>('delete from channel_halts where channel = $1 returning *', [channel])
    if (!row) return undefined
    await append(client, 'channel-started', at, actor, { channel, reason })
    return haltOf(row)
  })
  if (started) await dueAgain(pool, commit, { scope: 'destination', value: channel }, at)
  return started
}

// ---------------------------------------------------------------- what processes say

const REPORT = `
  with gone as (delete from channel_reports where (process = $1 and channel <> all($2::text[])) or at < $3::timestamptz - interval '1 hour')
  insert into channel_reports (process, channel, at, report) select $1, channel, $3, report from unnest($2::text[], $4::json[]) as new (channel, report)
  on conflict (process, channel) do update set at = excluded.at, report = excluded.report`

export const reportChannels = async (pool: Pool, process: string, reports: readonly ChannelReport[], at: string): Promise<void> => {
  await pool.query(REPORT, [process, reports.map(({ channel }) => channel), at, reports.map((report) => JSON.stringify(report))])
}

// Circuits are kept once, by `noteStates`: the same process says both.
const HEARD = `
  select r.process, r.at, r.report, s.circuit, s.until
  from channel_reports r left join destination_states s on s.process = r.process::text and s.destination = r.channel
  where r.at >= $1 order by r.channel, r.process`

export const channelReports = async (pool: Pool, since: string): Promise<readonly HeardReport[]> =>
  (await pool.query<Row>(HEARD, [since])).rows.map((row) => present<HeardReport>({
    ...(row['report'] as ChannelReport), process: row['process'] as string, at: instant(row['at'])!, circuit: row['circuit'] as HeardReport['circuit'] | null, until: instant(row['until']),
  }))

// ---------------------------------------------------------------- what went through them

const BY_FEED = `
  select name as channel, null::int as waiting, (select max(received_at) from receipts where feed = name) as last,
    (select count(*)::int from receipts where feed = name and received_at >= $2) as since from unnest($1::text[]) as name`
// What waits and what was handed over are counted as the first page counts them: two pages never give two numbers.
const BY_DESTINATION = `
  select name as channel, (select count(*)::int from deliveries where destination = name and state in ('owed', 'sending', 'recalling')) as waiting,
    (select max(sent_at) from deliveries where destination = name and standing = 'present') as last,
    (select coalesce(sum(count), 0)::int from flow where channel = name and what = 'out' and hour >= $2) as since from unnest($1::text[]) as name`

const activityOf = (row: Row): ChannelActivity => {
  const last = instant(row['last'])
  return { channel: row['channel'] as string, since: row['since'] as number, ...(last === undefined ? {} : { last }), ...(row['waiting'] === null ? {} : { waiting: row['waiting'] as number }) }
}

export const channelActivity = async (pool: Pool, feeds: readonly string[], destinations: readonly string[], since: string): Promise<readonly ChannelActivity[]> => {
  const [by, at] = await Promise.all([pool.query<Row>(BY_FEED, [feeds, since]), pool.query<Row>(BY_DESTINATION, [destinations, since])])
  return [...by.rows, ...at.rows].map(activityOf)
}

export const haltedChannels = async (pool: Pool): Promise<readonly HaltedChannel[]> => (await pool.query<Row>('select * from channel_halts order by at desc, channel')).rows.map(haltOf)

export const notePolicyAsked = (pool: Pool, policy: string, actor: string, reason: string, at: string): Promise<void> =>
  inTransaction(pool, async (client) => { await append(client, 'policy-asked', at, actor, { policy, reason }) })
