// What became of each team's documents, day by day: worked out once for each day in London, and from then on the same for
// everybody. It refuses what identifies a patient: there is RiO's id of the document, its listed code, who uploaded it.
import type { Pool } from 'pg'
import { MAY_CONFLICT, OUTCOME_OF, type TeamOutcome } from '../decide/team-outcome.ts'
import type { NotedEntry } from './audit-words.ts'
import { inTransaction } from './database.ts'
import { instant, present } from './rows.ts'
import type { Row } from './rows.ts'

export type OutcomeLine = {
  readonly documentId: string
  /** Empty: none, or one that the policy did not know. */
  readonly team: string
  readonly outcome: TeamOutcome
  readonly because: string
  /** What the team was told before. */
  readonly before?: TeamOutcome
  readonly code?: string
  readonly uploadedBy?: string
  readonly sourceId: string
  readonly firstReceivedAt: string
}
export type OutcomeDay = { readonly day: string; readonly madeAt: string; readonly writtenAt?: string }
export type OutcomesAsked = {
  /** A day in London, and the instant at which it is over. */
  readonly day: string
  readonly begins: string
  readonly ends: string
  readonly teams: readonly string[]
  readonly codes: readonly string[]
  /** Teams that are sent theirs. */
  readonly mailTo: readonly string[]
}

export type TellingTeams = {
  /** As it stands now, once for each day; undefined if that was done before. `under-way`: another process is making one, and no later one is to be made before it. */
  makeOutcomes(asked: OutcomesAsked, now: string): Promise<{ readonly documents: number; readonly teams: number; /** The last entry of the log, so that it is known outside as well. */ readonly noted: NotedEntry } | 'under-way' | undefined>
  /** Days that were made, the latest first. */
  outcomeDays(limit: number): Promise<readonly OutcomeDay[]>
  outcomeDay(day: string): Promise<OutcomeDay | undefined>
  /** Those of a day, by team and in order of arrival. */
  outcomeLines(day: string, team?: string): Promise<readonly OutcomeLine[]>
  outcomesUnwritten(): Promise<readonly string[]>
  outcomesWritten(day: string, now: string): Promise<void>
  /** What is to be mailed now, nobody else's for as long as `until`. */
  outcomeMailsDue(now: string, until: string): Promise<readonly { readonly day: string; readonly team: string; readonly tries: number }[]>
  /** Teams whose mail was refused again and again. */
  outcomeMailsRefused(): Promise<readonly string[]>
  outcomeMailed(mail: { readonly day: string; readonly team: string }, end: { readonly at: string } | { readonly code: string; readonly dueAt: string }): Promise<void>
}

const LOCK = 7_316_538_013

const SEED = `
  insert into outcomes_told (document_id, version, state, outcome, team)
  select d.id, d.version, d.state, $2::json->>d.state, case when btrim(d.team) = any($3::text[]) then btrim(d.team) else '' end
  from documents d where d.revision > 0 and d.first_received_at < $1`

// Only what changed since it was last looked at is read in full. A team that a document has come to was told nothing before.
const CHANGED = `
  with looked as (
    select d.id, d.version, d.state, d.source_id, d.first_received_at, case when btrim(d.team) = any($4::text[]) then btrim(d.team) else '' end as team,
      case when upper(d.code) = any($5::text[]) then upper(d.code) end as code, t.outcome as before, t.team as team_before, v.decision->>'because' as because,
      case when d.state = any($6::text[]) and (v.decision->>'conflict')::boolean then 'conflict' else $3::json->>d.state end as outcome, btrim(v.document->>'uploadedBy') as uploaded_by
    from documents d left join outcomes_told t on t.document_id = d.id join revisions v on v.document_id = d.id and v.revision = d.revision
    where d.revision > 0 and d.first_received_at < $2 and (t.document_id is null or t.version <> d.version or t.state <> d.state)),
  told as (
    insert into outcomes_told (document_id, version, state, outcome, team) select id, version, state, outcome, team from looked
    on conflict (document_id) do update set version = excluded.version, state = excluded.state, outcome = excluded.outcome, team = excluded.team),
  lines as (
    insert into outcome_lines (day, document_id, team, outcome, because, before, code, uploaded_by, source_id, first_received_at)
    select $1, id, team, outcome, coalesce(because, ''), case when team_before = team then before end, code, case when uploaded_by ~ $7 and uploaded_by !~ $8 then uploaded_by end, source_id, first_received_at
    from looked where before is distinct from outcome or team_before is distinct from team
    returning team)
  select count(*)::int as documents, count(distinct team)::int as teams, array_agg(distinct team) as names from lines`

/** What looks like somebody's user id, and not like an NHS number. */
const [USER_ID, TEN_DIGITS] = ['^[[:alnum:]][[:alnum:] ._@\\\\/-]{0,63}$', '([0-9][^0-9[:alpha:]]*){10}']

export const makeOutcomes = (pool: Pool, { day, begins, ends, teams, codes, mailTo }: OutcomesAsked, now: string): ReturnType<TellingTeams['makeOutcomes']> =>
  inTransaction(pool, async (client) => {
    const { rows: [lock] } = await client.query<Row>('select pg_try_advisory_xact_lock($1) as mine, exists (select from outcome_days) as begun', [LOCK])
    if (lock?.['mine'] !== true) return 'under-way'
    const { rows: [made] } = await client.query<Row>('insert into outcome_days (day, made_at) values ($1, $2) on conflict do nothing returning day', [day, now])
    if (!made) return undefined
    const outcomes = JSON.stringify(OUTCOME_OF)
    // What was there before the first day of all is nobody's news.
    if (lock['begun'] !== true) await client.query(SEED, [begins, outcomes, teams])
    const { rows: [lines] } = await client.query<Row>(CHANGED, [day, ends, outcomes, teams, codes, MAY_CONFLICT, USER_ID, TEN_DIGITS])
    const named = (lines!['names'] ?? []) as readonly string[]
    await client.query('insert into outcome_mails (day, team, due_at) select $1, team, $2 from unnest($3::text[]) as team', [day, now, mailTo.filter((team) => named.includes(team))])
    const { rows: [head] } = await client.query<Row>('select seq, hash from head')
    return { documents: lines!['documents'] as number, teams: lines!['teams'] as number, noted: { seq: Number(head!['seq']), hash: head!['hash'] as string } }
  })

const dayOf = (row: Row): OutcomeDay => present<OutcomeDay>({ day: row['day'] as string, madeAt: instant(row['made_at'])!, writtenAt: instant(row['written_at']) })

export const outcomeDays = async (pool: Pool, limit: number): Promise<readonly OutcomeDay[]> =>
  (await pool.query<Row>('select * from outcome_days order by day desc limit $1', [limit])).rows.map(dayOf)

export const outcomeDay = async (pool: Pool, day: string): Promise<OutcomeDay | undefined> =>
  (await pool.query<Row>('select * from outcome_days where day = $1', [day])).rows.map(dayOf)[0]

export const outcomeLines = async (pool: Pool, day: string, team?: string): Promise<readonly OutcomeLine[]> =>
  (await pool.query<Row>('select * from outcome_lines where day = $1 and ($2::text is null or team = $2) order by team, first_received_at, source_id, document_id', [day, team ?? null])).rows.map((row) => present<OutcomeLine>({
    documentId: row['document_id'] as string, team: row['team'] as string, outcome: row['outcome'] as TeamOutcome, because: row['because'] as string, before: row['before'] as TeamOutcome | null,
    code: row['code'] as string | null, uploadedBy: row['uploaded_by'] as string | null, sourceId: row['source_id'] as string, firstReceivedAt: instant(row['first_received_at'])!,
  }))

export const outcomesUnwritten = async (pool: Pool): Promise<readonly string[]> =>
  (await pool.query<{ day: string }>('select day from outcome_days where written_at is null order by day')).rows.map(({ day }) => day)

export const outcomesWritten = async (pool: Pool, day: string, now: string): Promise<void> => {
  await pool.query('update outcome_days set written_at = $2 where day = $1 and written_at is null', [day, now])
}

/** From the fourth on a person is told; after a week of tries, one each hour, nobody takes it. */
const [REFUSED, GIVEN_UP] = [4, 170]
// Few: whoever has them is done with them before they are another's. One is put off for an hour at most: a later time was said by a clock that was wrong.
const DUE = `
  with mine as (select day, team from outcome_mails where sent_at is null and (due_at <= $1 or due_at > $1::timestamptz + interval '2 hours') and tries < ${GIVEN_UP} order by due_at, day, team limit 10 for update skip locked)
  update outcome_mails m set due_at = $2 from mine where m.day = mine.day and m.team = mine.team returning m.day, m.team, m.tries`

export const outcomeMailsDue = async (pool: Pool, now: string, until: string): ReturnType<TellingTeams['outcomeMailsDue']> =>
  (await pool.query<{ day: string; team: string; tries: number }>(DUE, [now, until])).rows

export const outcomeMailsRefused = async (pool: Pool): Promise<readonly string[]> =>
  (await pool.query<{ team: string }>(`select distinct team from outcome_mails where sent_at is null and tries >= ${REFUSED} and tries < ${GIVEN_UP} order by team`)).rows.map(({ team }) => team)

export const outcomeMailed = async (pool: Pool, ...[{ day, team }, end]: Parameters<TellingTeams['outcomeMailed']>): Promise<void> => {
  if ('at' in end) await pool.query('update outcome_mails set sent_at = $3, last_code = null where day = $1 and team = $2', [day, team, end.at])
  else await pool.query('update outcome_mails set tries = tries + 1, last_code = $3, due_at = $4 where day = $1 and team = $2', [day, team, end.code, end.dueAt])
}
