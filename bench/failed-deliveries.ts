// What a bad night leaves behind, written by PostgreSQL itself beside the documents of `search-documents.ts`: a delivery with its
// attempts for everything that ever left, one group of failures as large as a retry run may be, a quarter as many for seven other
// reasons, letters in review, and a log of it all. It refuses to be random: the same numbers give the same night.
import type { Pool, PoolClient } from 'pg'
import { AS_LONG_AS_IT_TAKES } from '../src/ledger/database.ts'

/** How the others fail, from which share of them on. The first row is of the large group. */
const TROUBLES = `(values
  (-1.0, 'failed', 'refused', '422', 'processing DocumentReference.type', null, 2),
  (0.0, 'failed', 'refused', '400', 'invalid DocumentReference.content', null, 1), (0.3, 'failed', 'unsure', 'AE', 'AE 207 TXA-12', null, 1), (0.5, 'owed', 'unavailable', '503', '503', null, 6),
  (0.7, 'owed', 'unavailable', 'ECONNREFUSED', null, null, 4), (0.8, 'blocked', 'refused', 'SECOND_KEY', null, 'F6: The NHS number is not verified.', 0), (0.9, 'failed', 'refused', 'NO_CONTENT', null, null, 1),
  (0.95, 'owed', 'unavailable', '429', '429', null, 3)) as t(at, state, outcome, code, answer, detail, tries)`

/** Anywhere among all that was meant for the record: $1 of the large group, $2 of the others. Owed since some moment of the last three days. */
const CHOOSE = `
  create temporary table failing on commit preserve rows as
  select d.id, d.nhs_number, t.*, now() - interval '1 hour' - abs(hashint8(d.nth + 70000000)) % 259000 * interval '1 second' as since from (
    select *, case when nth <= $1 then -1 else (nth - $1 - 1) / $2::float8 end as place from (
      select id, nhs_number, row_number() over (order by md5('failing' || id)) as nth from documents where route = 'pkb' and state in ('acknowledged', 'read', 'failed')) a
    where nth <= $1::bigint + $2::bigint) d
  join lateral (select * from ${TROUBLES} where t.at <= d.place order by t.at desc limit 1) t on true`

/** What the engine keeps with each document, and search-documents leaves out: by which policy, and why it waits for whom. */
const MARK = [
  `update documents d set policy = case when abs(hashtext(id::text)) % 5 = 0 then repeat('a', 64) else $1 end,
    waits_for = case when state = 'review' then case rule when 'code-unlisted' then 'code' else 'identity' end end, waits_since = case when state = 'review' then received_at end,
    state = case when state = 'failed' then 'acknowledged' else state end`,
  `update documents d set state = case f.state when 'owed' then 'waiting' else f.state end, version = 2, waits_for = case when f.state = 'blocked' then 'second-key' when f.outcome = 'unsure' then 'unsure' end,
    waits_since = case when f.state = 'blocked' or f.outcome = 'unsure' then f.since end from failing f where f.id = d.id and $1::text <> ''`,
  'update searchable s set traits = traits_of(d) from documents d where d.id = s.document_id and s.traits is distinct from traits_of(d) and $1::text <> $$$$',
  "insert into people select distinct nhs_number, true, false, '1970-01-01', now() from documents where nhs_number is not null and $1::text <> ''",
] as const

const DELIVERED = `
  insert into deliveries (id, document_id, destination, identifier, opened_at, changed_at, nhs_number, state, standing, standing_revision, standing_sha256, remote_id, via, acknowledged_at, read_at, last_outcome, last_code, attempt_id, owed_since)
  select md5('delivery ' || id)::uuid, id, case state when 'printed' then 'print' else 'pkb' end, identifier, received_at, received_at + interval '1 minute', nhs_number,
    case state when 'read' then 'acknowledged' else state end, case state when 'recalled' then 'recalled' else 'present' end, 1, $1, md5(id::text), case state when 'printed' then null else '{fhir}'::text[] end, received_at + interval '1 minute',
    case state when 'read' then received_at + interval '1 day' end, 'accepted', '201', md5('attempt 1 ' || id)::uuid, received_at
  from documents where state in ('acknowledged', 'read', 'printed', 'recalled')`

const FAILED = `
  insert into deliveries (id, document_id, destination, identifier, opened_at, changed_at, nhs_number, state, standing, standing_revision, standing_sha256, send_unsure_at, via, tries, due_at, last_outcome, last_code, last_detail, attempt_id, owed_since)
  select md5('delivery ' || id)::uuid, id, 'pkb', id, since, greatest(since, now() - interval '2 days'), nhs_number, state, case outcome when 'unsure' then 'unsure' else 'nothing' end, case outcome when 'unsure' then 1 end, case outcome when 'unsure' then $1 end,
    case outcome when 'unsure' then since end, case outcome when 'unsure' then '{hl7-soap}'::text[] end, tries, case state when 'owed' then now() + interval '5 minutes' end, outcome, code, detail, case when tries > 0 then md5('attempt ' || tries || ' ' || id)::uuid end, since
  from failing`

const ATTEMPTED = `
  insert into attempts (id, delivery_id, at, action, revision, version, outcome, code, took_ms, trace)
  select attempt_id, id, changed_at, 'create', 1, 1, last_outcome, last_code, 80, json_build_object('correlation', id, 'status', 201) from deliveries where last_outcome = 'accepted' and $1::text <> ''
  union all
  select md5('attempt ' || n || ' ' || f.id)::uuid, md5('delivery ' || f.id)::uuid, since + (now() - since) * n / (tries + 1), 'create', 1, 2, outcome, code, 80, json_build_object('correlation', f.id, 'answer', answer)
  from failing f, generate_series(1, tries) n`

const ISO = (at: string): string => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The log, in its chain: what came in and how each exchange ended, so many at a time by when that was. */
const LOG = `
  select append_events(json_agg(e order by e.at)) from (
    select * from (
      select ${ISO('received_at')} as at, id::text as document_id, 'received' as kind, feed as actor, json_build_object('receipt', id, 'feed', feed, 'event', 'created', 'revision', 1)::text as detail, row_number() over (order by received_at, id) as nth from documents
      union all
      select ${ISO('a.at')}, y.document_id::text, 'attempt-ended', 'engine', json_build_object('attempt', a.id, 'delivery', y.id, 'destination', y.destination, 'action', 'create', 'revision', 1, 'outcome', a.outcome, 'code', a.code, 'state', y.state)::text,
        (select count(*) from documents) + row_number() over (order by a.at, a.id) from attempts a join deliveries y on y.id = a.delivery_id) all_of_them
    where nth > $1::bigint and nth <= $2::bigint) e`
const LOGGED_AT_ONCE = 50_000

const fill = async (client: PoolClient, large: number, others: number): Promise<void> => {
  const ask = (text: string, values: readonly unknown[] = []) => client.query({ text, values: [...values], ...AS_LONG_AS_IT_TAKES })
  await client.query('set statement_timeout = 0; set session_replication_role = replica; set synchronous_commit = off')
  const { rows: [of] } = await ask("select decision->>'policy' as policy, document->'contents'->0->'ref'->>'sha256' as sha256 from revisions limit 1")
  const { policy, sha256 } = of as { readonly policy: string; readonly sha256: string }
  await ask(CHOOSE.replaceAll('$1', String(large)).replaceAll('$2', String(others)))
  for (const text of MARK) await ask(text, [policy])
  for (const text of [DELIVERED, FAILED, ATTEMPTED]) await ask(text, [sha256])
  const { rows: [entries] } = await ask('select (select count(*) from documents) + (select count(*) from attempts) as n')
  for (let from = 0; from < Number((entries as { readonly n: string }).n); from += LOGGED_AT_ONCE) await ask(LOG, [from, from + LOGGED_AT_ONCE])
  await ask('drop table failing')
  for (const table of ['documents', 'searchable', 'deliveries', 'attempts', 'events', 'people', 'flow']) await ask(`vacuum analyze ${table}`)
}

/** So many in one group, and a quarter as many in seven others. */
export const fillFailures = async (pool: Pool, large: number): Promise<void> => {
  const client = await pool.connect()
  try {
    await fill(client, large, Math.floor(large / 4))
  } finally {
    client.release(true)
  }
}
