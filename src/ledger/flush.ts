// Writes what the steps of one transaction changed, as sets of rows, and appends to the chain last: from there to the
// commit everybody else who appends waits. It refuses to write rows that did not change.
import type { PoolClient } from 'pg'
import type { Ahead } from './database.ts'
import { documentRow, toJson } from './rows.ts'
import type { Row } from './rows.ts'
import type { AttemptRecord, Workspace } from './workspace.ts'

/** What most transactions write, in one statement: $1 receipts, $2 new and $3 changed revisions, $4 documents, $5 deliveries, $6 attempts. */
const WRITE = `
  with written_receipts as (insert into receipts select * from json_populate_recordset(null::receipts, $1)),
  new_revisions as (insert into revisions select * from json_populate_recordset(null::revisions, $2) returning document_id, revision, title),
  titled as materialized (select document_id, revision, words_of(title) as words from new_revisions),
  -- In one order, because another process may be writing the same.
  new_words as (
    insert into title_words select distinct w.lexeme from titled, unnest(words) w where not exists (select from title_words k where k.word = w.lexeme) order by 1
    on conflict do nothing),
  changed_revisions as (
    update revisions v set facts = n.facts, decision = n.decision, resource = coalesce(n.resource, v.resource)
    from json_populate_recordset(null::revisions, $3) n where v.document_id = n.document_id and v.revision = n.revision),
  written_documents as (
    update documents d set
      identifier = n.identifier, revision = n.revision, version = n.version, feed = n.feed, first_received_at = n.first_received_at,
      received_at = n.received_at, last_source_time = n.last_source_time, nhs_number = n.nhs_number, client_id = n.client_id,
      cancelled = n.cancelled, superseded = n.superseded, moved = n.moved, held = n.held, parent_source_id = n.parent_source_id,
      addendum = n.addendum, state = n.state, route = n.route, rule = n.rule, code = n.code, team = n.team, directorate = n.directorate,
      post = n.post, post_sha256 = n.post_sha256, held_for = n.held_for, waits_for = n.waits_for, waits_since = n.waits_since,
      stage = n.stage, instruction = n.instruction, would_route = n.would_route, conflict = n.conflict, variance = n.variance, policy = n.policy,
      reference_date = coalesce(n.reference_date, d.reference_date), reference_status = coalesce(n.reference_status, d.reference_status), reference_type = coalesce(n.reference_type, d.reference_type)
    from json_populate_recordset(null::documents, $4) n where d.id = n.id returning d.id, d.revision, d.received_at, traits_of(d) as traits),
  -- Only where a search would find it by something else than before.
  written_searchable as (
    insert into searchable select d.id, d.received_at, case when t.document_id is null then coalesce(s.words, '') else t.words end, d.traits
    from written_documents d left join titled t on t.document_id = d.id and t.revision = d.revision left join searchable s on s.document_id = d.id
    where d.revision > 0 and (t.document_id is not null or (s.received_at, s.traits) is distinct from (d.received_at, d.traits))
    on conflict (document_id) do update set received_at = excluded.received_at, words = excluded.words, traits = excluded.traits),
  written_deliveries as (
    insert into deliveries select * from json_populate_recordset(null::deliveries, $5)
    on conflict (id) do update set
      -- Each attempt goes from owed to sending and back: it has been owed all the time.
    changed_at = case when deliveries.state = excluded.state or (deliveries.state in ('owed', 'sending') and excluded.state in ('owed', 'sending'))
      then deliveries.changed_at else excluded.changed_at end,
      nhs_number = excluded.nhs_number, state = excluded.state, standing = excluded.standing, standing_revision = excluded.standing_revision,
      standing_sha256 = excluded.standing_sha256, remote_id = excluded.remote_id, tries = excluded.tries, due_at = excluded.due_at,
      last_outcome = excluded.last_outcome, last_code = excluded.last_code, last_detail = excluded.last_detail, attempt_id = excluded.attempt_id,
      via = excluded.via, sent_as = excluded.sent_as, sent_at = excluded.sent_at, send_unsure_at = excluded.send_unsure_at, recall_unsure_at = excluded.recall_unsure_at, acknowledged_at = excluded.acknowledged_at, read_at = excluded.read_at, read_by = excluded.read_by,
      owed_since = excluded.owed_since, owed_sha256 = excluded.owed_sha256, unconfirmed = excluded.unconfirmed)
  insert into attempts select * from json_populate_recordset(null::attempts, $6)
  on conflict (id) do update set outcome = excluded.outcome, code = excluded.code, detail = excluded.detail, took_ms = excluded.took_ms, trace = excluded.trace`

const RELEASES = 'insert into releases select * from json_populate_recordset(null::releases, $1) on conflict do nothing'

const REJECTIONS = 'insert into rejections select * from json_populate_recordset(null::rejections, $1) on conflict (fingerprint) do nothing'

const POLICIES = 'insert into policies select * from json_populate_recordset(null::policies, $1) on conflict (hash) do nothing'

// Cancelled at the same moment, and tried all the same: that is what is told.
const RUN_MARKS = `
  update run_members m set state = n.state, step = n.step, tried_at = n.tried_at, attempt_before = n.attempt_before, ended_at = n.ended_at, recall = n.recall, code = n.code
  from json_populate_recordset(null::run_members, $1) n where m.run_id = n.run_id and m.delivery_id = n.delivery_id and m.state in ('waiting', 'not-done')`

// In one order, so that two of them never wait for each other.
const ASK_AGAIN = 'delete from account_refusals where nhs_number in (select nhs_number from account_refusals where nhs_number = any($1::text[]) order by nhs_number for update)'

const attemptRow = (record: AttemptRecord): Row => ({
  id: record.id, delivery_id: record.deliveryId, at: record.at, action: record.action, revision: record.revision, version: record.version,
  outcome: record.outcome, code: record.code, detail: record.detail, took_ms: record.tookMs, trace: record.trace,
})

/** Rows are sorted where more than one process may write them outside a document's lock. */
const sorted = (rows: readonly Row[], by: string): readonly Row[] => rows.toSorted((a, b) => (String(a[by]) < String(b[by]) ? -1 : 1))

/** All of it is sent with the commit, in one round trip. */
export const flush = (client: PoolClient, ahead: Ahead, space: Workspace): void => {
  const { writes } = space
  const write = (name: string, text: string, rows: readonly unknown[]): void => {
    if (rows.length > 0) ahead(client.query({ name: `ledger-write-${name}`, text, values: [toJson(rows)] }))
  }
  const revisions = [...writes.revisions]
  const sets = [
    writes.receipts,
    revisions.filter(([key]) => writes.newRevisions.has(key)).map(([, row]) => row),
    revisions.filter(([key]) => !writes.newRevisions.has(key)).map(([, row]) => row),
    [...writes.documents].map((id) => documentRow(space.documents.get(id)!)),
    [...writes.deliveries.values()],
    [...writes.attempts.values()].map(attemptRow),
  ]
  if (sets.some((rows) => rows.length > 0)) ahead(client.query({ name: 'ledger-write', text: WRITE, values: sets.map(toJson) }))
  write('releases', RELEASES, writes.releases)
  write('rejections', REJECTIONS, sorted(writes.rejections, 'fingerprint'))
  write('policies', POLICIES, writes.policies)
  write('run-marks', RUN_MARKS, writes.runMarks)
  if (writes.askAgain.size > 0) ahead(client.query({ name: 'ledger-write-ask-again', text: ASK_AGAIN, values: [[...writes.askAgain].toSorted()] }))
  const unused = [...space.made].filter((id) => !writes.documents.has(id) && !isAwaited(space, id))
  if (unused.length > 0) ahead(client.query('delete from documents where id = any($1::uuid[])', [unused]))
  write('events', 'select append_events($1)', writes.events)
}

/** Made because an addendum that was kept names it: the addendum waits for it. */
const isAwaited = (space: Workspace, id: string): boolean => {
  const parent = space.documents.get(id)
  return [...space.documents.values()].some(({ source, parentSourceId }) => source === parent?.source && parentSourceId === parent.sourceId)
}
