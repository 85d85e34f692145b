// A million documents of nobody, written by PostgreSQL itself: states, routes, rules, codes, teams and words come as often as
// they may in a trust, and the rows are as wide as those of a real letter. It refuses to be random: the same number
// gives the same documents. NHS numbers are of the range that nobody has.
import type { Pool, PoolClient } from 'pg'
import { AS_LONG_AS_IT_TAKES } from '../src/ledger/database.ts'
import { revisionRow, type DocumentRecord } from '../src/ledger/rows.ts'
import { aDocument, aPlan, aReceipt } from '../test/support/documents.ts'
import { examplePolicy } from '../test/support/policy.ts'

const AT_ONCE = 50_000
const PEOPLE = 40_000
const TEAMS = 60
const DIRECTORATES = 6
const WORDS = 5_000

/** What the SQL below calls them. */
export const NAMES = {
  patient: (nth: number): string => `999${String(nth % PEOPLE).padStart(7, '0')}`,
  team: (nth: number): string => `TEAM${nth}`,
  directorate: (nth: number): string => `directorate-${nth}`,
  /** A low number is of a common word. */
  word: (nth: number): string => `${CONSONANTS[nth % 16]}${VOWELS[(nth >> 4) % 4]}${CONSONANTS[(nth >> 6) % 16]}${VOWELS[(nth >> 10) % 4]}${CONSONANTS[(nth >> 12) % 16]}`,
} as const
const CONSONANTS = 'bcdfghklmnprstvw'
const VOWELS = 'aeio'

// Of a thousand documents; what never comes together in a trust does not here.
const WAYS = `(values (0, 'acknowledged', 'pkb', 'to-pkb'), (420, 'read', 'pkb', 'to-pkb'), (470, 'printed', 'print', 'unregistered'), (660, 'withheld', 'withhold', 'do-not-share'),
  (790, 'withheld', 'withhold', 'blocked-code'), (796, 'review', 'review', 'code-unlisted'), (806, 'review', 'review', 'identity-not-verified'), (812, 'recalled', 'withhold', 'do-not-share'),
  (814, 'observed', 'observe', 'to-pkb')) as w(at, state, route, rule)`
const CODES = `(values (0, 'CLIN', 'Clinic letter'), (450, 'APPT', 'Appointment letter'), (750, 'DISC', 'Discharge summary'), (830, 'CPLN', 'Care plan'), (910, 'ASMT', 'Assessment outcome'),
  (970, 'EXTL', 'Letter from elsewhere'), (992, 'HMHR', 'Hearing report'), (998, null, 'Scan')) as c(at, code, kind)`

// 1.03 rows a minute or so over three years, newest last; a hash stands in for chance.
const DRAWN = `
  select n, md5(n::text)::uuid as id, '2023-11-23T00:00:00Z'::timestamptz + n * (interval '3 years' / $3::bigint) as received_at,
    abs(hashint8(n) % 1000) as way, abs(hashint8(n + 10000000) % 1000) as kind, abs(hashint8(n + 20000000)) % ${PEOPLE} as person,
    floor(power(abs(hashint8(n + 30000000) % 100000) / 100000.0, 2) * ${TEAMS})::int as team,
    floor(power(abs(hashint8(n + 40000000) % 1000003) / 1000003.0, 3) * ${WORDS})::int as one, floor(power(abs(hashint8(n + 50000000) % 1000003) / 1000003.0, 3) * ${WORDS})::int as other
  from generate_series($1::bigint, $2::bigint) n`

const word = (n: string): string => `(substr('${CONSONANTS}', ${n} % 16 + 1, 1) || substr('${VOWELS}', (${n} >> 4) % 4 + 1, 1) || substr('${CONSONANTS}', (${n} >> 6) % 16 + 1, 1) || substr('${VOWELS}', (${n} >> 10) % 4 + 1, 1) || substr('${CONSONANTS}', (${n} >> 12) % 16 + 1, 1))`

const FILL = `
  with drawn as materialized (${DRAWN}),
  coded as materialized (select drawn.*, c.code, c.kind as calls from drawn join lateral (select * from ${CODES} where c.at <= drawn.kind order by c.at desc limit 1) c on true),
  documents_made as (
    insert into documents (id, source, source_id, identifier, revision, version, feed, first_received_at, received_at, nhs_number, state, route, rule, code, team, directorate, stage, instruction, would_route, conflict, reference_date, reference_status, reference_type)
    select id, 'rio', 'RIO-' || n, id, 1, 1, case when n % 1000 = 0 and n < $3::bigint / 10 then 'rio-folder' when n % 10 = 0 then 'rio-http' else 'rio-mllp' end, received_at, received_at,
      '999' || lpad(person::text, 7, '0'), case when n between $3::bigint * 2 / 3 and $3::bigint * 2 / 3 + 400 then 'failed' else w.state end, w.route, w.rule, code, 'TEAM' || team, 'directorate-' || team % ${DIRECTORATES}, case when w.state = 'observed' then 'observing' else 'live' end, $5::text::json->>'instruction', case when w.state = 'observed' then 'pkb' end, n % 500 = 0 and w.state <> 'observed',
      received_at - interval '20 minutes', case n % 1000 when 1 then 'entered-in-error' when 2 then 'superseded' when 3 then 'superseded' else 'current' end, $7::text::json#>>'{type,coding,0,code}'
    from coded join lateral (select * from ${WAYS} where w.at <= way order by w.at desc limit 1) w on true
    returning id, state, route, code),
  receipts_made as (
    insert into receipts (id, document_id, feed, format, received_at, skeleton, contents, fingerprint, bearing, revision)
    select id, id, case when n % 10 = 0 then 'rio-http' else 'rio-mllp' end, 'upload', received_at, $8, '[]', id::text, 'in-order', 1 from coded)
  insert into revisions (document_id, revision, receipt_id, received_at, document, tightened, facts, decision, resource, title)
  select coded.id, 1, coded.id, received_at, $4::json, '{}', case when state = 'observed' then replace($5, '"directorate":"live"', '"directorate":"observing"') else $5 end::json,
    case when state = 'observed' then replace($6, '"route":"pkb"', '"route":"observe","wouldRoute":"pkb"') when n % 500 = 0 then replace($6, '"conflict":false', '"conflict":true') else $6 end::json,
    replace(replace(replace($7, '2026-11-20T11:00:00.000Z', to_char((received_at - interval '20 minutes') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), '"code":"CLIN"', '"code":"' || coalesce(made.code, 'XXXX') || '"'),
      '"status":"current"', case n % 1000 when 1 then '"status":"entered-in-error"' when 2 then '"status":"superseded"' when 3 then '"status":"superseded"' else '"status":"current"' end)::json,
    concat_ws(' ', coded.code, calls, ${word('one')}, ${word('other')}) || case when n % 3 = 0 then '.pdf' else '' end from coded join documents_made made on made.id = coded.id`

/** What the engine writes with each document: of so many rows it is done faster at the end. */
const SEARCHABLE_ALL = `insert into searchable select d.id, d.received_at, words_of(v.title), traits_of(d) from documents d join revisions v on v.document_id = d.id and v.revision = d.revision order by d.received_at`
const WORDS_OF_ALL = `insert into title_words select word from ts_stat('select words from searchable') order by word`

/** What the engine would write of a real letter. */
const template = async (): Promise<readonly string[]> => {
  const policy = await examplePolicy()
  const receipt = aReceipt()
  const { facts, decision, resource } = aPlan(policy, { receipt })
  const row = revisionRow({ id: receipt.id, revision: 1 } as DocumentRecord, { receipt, carries: false, receivedAt: receipt.receivedAt, document: aDocument(receipt, policy), tightened: {}, facts, decision, resource })
  return [...['document', 'facts', 'decision', 'resource'].map((name) => JSON.stringify(row[name])), receipt.skeleton]
}

const fill = async (client: PoolClient, documents: number): Promise<void> => {
  const parts = await template()
  await client.query('set statement_timeout = 0; set session_replication_role = replica; set synchronous_commit = off')
  for (let from = 1; from <= documents; from += AT_ONCE) {
    const to = Math.min(from + AT_ONCE - 1, documents)
    await client.query({ text: FILL, values: [from, to, documents, ...parts], ...AS_LONG_AS_IT_TAKES })
    console.error(`${to} of ${documents} documents`)
  }
  for (const text of [SEARCHABLE_ALL, WORDS_OF_ALL]) await client.query({ text, ...AS_LONG_AS_IT_TAKES })
  for (const table of ['documents', 'receipts', 'revisions', 'searchable']) await client.query({ text: `vacuum analyze ${table}`, ...AS_LONG_AS_IT_TAKES })
}

export const fillDocuments = async (pool: Pool, documents: number): Promise<void> => {
  const client = await pool.connect()
  try {
    await fill(client, documents)
  } finally {
    client.release(true)
  }
}
