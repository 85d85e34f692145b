// What was read at PKB, and what had to be and was not. It refuses to count a reading of anything but the content that
// is owed and that stands there or may, and to decide: whose time is up is told here, and looked at again under the lock.
import type { Pool } from 'pg'
import { stands } from '../decide/owed.ts'
import type { Transport } from '../types.ts'
import type { Commit } from './committer.ts'
import { replan } from './decided.ts'
import type { Ledger, Overdue } from './ledger.ts'
import { isUuid } from './queries.ts'
import { instant } from './rows.ts'
import type { DeliveryRecord, Row } from './rows.ts'
import { audit, deliveriesOf, putDelivery, putDocument } from './workspace.ts'
import type { Workspace } from './workspace.ts'

type Reads = Parameters<Ledger['saveReads']>[0]

// ---------------------------------------------------------------- what may have been read

// Asked and written down in one: whoever asks next gets others, whatever PKB answers. First of all what is being taken back
// and may still stand: once it is gone PKB says nothing of it any more.
const UNREAD = `
  with unread as (
    select * from (
      (select y.id, y.document_id, y.identifier, y.acknowledged_at, q.at, false as stands from deliveries y left join read_questions q on q.delivery_id = y.id
       where y.destination = 'pkb' and y.state = 'recalling' and y.standing = 'unsure' and y.read_at is null and y.acknowledged_at is not null and y.via @> array[$1::text]
       order by q.at nulls first, y.id limit $2)
      union all
      (select y.id, y.document_id, y.identifier, y.acknowledged_at, q.at, true as stands from deliveries y left join read_questions q on q.delivery_id = y.id
       where y.destination = 'pkb' and y.standing = 'present' and y.read_at is null and y.acknowledged_at is not null and y.via @> array[$1::text]
       order by q.at nulls first, y.id limit $2)) y
    order by y.stands, y.at nulls first, y.id limit $2),
  asked as (
    insert into read_questions (delivery_id, at) select id, clock_timestamp() from unread order by id
    on conflict (delivery_id) do update set at = excluded.at)
  select * from unread`

export const unread = async (pool: Pool, via: Transport, limit: number): ReturnType<Ledger['unread']> =>
  (await pool.query<Row>({ name: 'ledger-unread', text: UNREAD, values: [via, limit] })).rows.map((row) => ({
    deliveryId: row['id'] as string, documentId: row['document_id'] as string, identifier: row['identifier'] as string, acknowledgedAt: instant(row['acknowledged_at'])!,
  }))

// ---------------------------------------------------------------- what was read

/** Documents in one transaction. */
const AT_ONCE = 100

/**
 * `alone`: the last attempt of a delivery of which PKB was never sent anything but the content that is owed now; `kept`:
 * nor was that ever to be taken back.
 */
const READ = `
  select y.document_id, y.attempt_id, not exists (
    select from attempts a join revisions v on v.document_id = y.document_id and v.revision = a.revision
    where a.delivery_id = y.id and a.action in ('create', 'update') and coalesce(v.document->'contents'->0->'ref'->>'sha256', '') is distinct from y.owed_sha256) as alone,
    not exists (select from attempts a where a.delivery_id = y.id and a.action = 'recall') as kept
  from deliveries y where y.destination = 'pkb' and y.identifier = any($1::uuid[]) and y.read_at is null`

export const saveReads = async (pool: Pool, commit: Commit, reads: Reads, at: string): Promise<void> => {
  const byIdentifier = new Map(reads.filter(({ identifier, at: then }) => isUuid(identifier) && !Number.isNaN(Date.parse(then))).map((read) => [read.identifier.toLowerCase(), new Date(read.at).toISOString()]))
  if (byIdentifier.size === 0) return
  const { rows } = await pool.query<Row>(READ, [[...byIdentifier.keys()]])
  const alone = new Map(rows.filter((row) => row['alone'] === true && row['attempt_id'] !== null).map((row) => [row['attempt_id'] as string, row['kept'] === true ? 'kept' : 'alone'] as const))
  const all = [...new Set(rows.map((row) => row['document_id'] as string))]
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const documents = all.slice(from, from + AT_ONCE)
    await commit({ needs: { documents, plans: true }, run: (space) => documents.forEach((documentId) => saveOfDocument(space, documentId, byIdentifier, alone, at)) })
  }
}

const saveOfDocument = (space: Workspace, documentId: string, byIdentifier: ReadonlyMap<string, string>, alone: ReadonlyMap<string, Alone>, at: string): void => {
  for (const delivery of deliveriesOf(space, documentId)) {
    const readAt = byIdentifier.get(delivery.identifier)
    // What was sent since then may have been something else.
    if (readAt === undefined || !counts(delivery, readAt, alone.get(delivery.attemptId ?? ''))) continue
    putDelivery(space, { ...delivery, readAt }, at)
    audit(space, { at, documentId, kind: 'read', actor: 'pkb' }, { delivery: delivery.id, destination: delivery.destination, readAt })
    notPosted(space, documentId, at)
  }
}

/** It was to go by post, for it had not been read in time, and nothing of that has begun: now it need not. */
const notPosted = (space: Workspace, documentId: string, at: string): void => {
  const record = space.documents.get(documentId)!
  if (record.post !== 'not-read' || deliveriesOf(space, documentId).some((delivery) => delivery.destination === 'print' && delivery.identifier === record.identifier && stands(delivery))) return
  const { post: _post, postSha256: _sha256, ...rest } = record
  replan(space, putDocument(space, { ...rest, version: record.version + 1 }), at)
}

/** Only one content was ever sent under a number; and that was never to be taken back. */
type Alone = 'alone' | 'kept'

/** So much our clock may have been ahead of PKB's. What is said to be older is no time of a reading. */
const CLOCK_AHEAD_MS = 31 * 24 * 3_600_000

/**
 * A reading is one of what is owed. After PKB has acknowledged that, it can be of nothing else (in the same instant it may
 * be of what stood before); nor before, though nobody heard PKB say that it has it, where nothing else was ever sent. Where that was never taken back either, the number alone
 * says it, though by our clock it was not there yet.
 */
const counts = ({ destination, standing, standingSha256, owedSha256, owedSince, acknowledgedAt, readAt }: DeliveryRecord, at: string, alone: Alone | undefined): boolean => {
  if (destination !== 'pkb' || readAt !== undefined || (owedSha256 !== undefined && owedSha256 !== standingSha256)) return false
  if (standing === 'present' && acknowledgedAt !== undefined && acknowledgedAt < at) return true
  if (alone === undefined || !stands({ standing }) || owedSince === undefined) return false
  return owedSince <= at || (alone === 'kept' && Date.parse(owedSince) - Date.parse(at) <= CLOCK_AHEAD_MS)
}

// ---------------------------------------------------------------- whose time is up

// $1 now; $2 owed by then, and without a word on the account since; $3 what is older than this is no word at all. A time for
// reading counts while the content that it was set for is in force. The third is a letter that was corrected: what stands is of
// earlier content. Apart from the second, for the sake of its index.
const OVERDUE = `
  select y.id, y.document_id, y.identifier, y.via, y.owed_since, y.because from (
    (select y.*, 'not-read' as because, y.read_by as since from deliveries y join documents d on d.id = y.document_id
       join revisions v on v.document_id = d.id and v.revision = d.revision and coalesce(v.document->'contents'->0->'ref'->>'sha256', '') = y.owed_sha256
     where y.destination = 'pkb' and y.read_by <= $1 and y.read_at is null and y.owed_since is not null and y.state in ('owed', 'sending', 'acknowledged', 'failed', 'recalling')
       and d.identifier = y.identifier and (d.route = 'pkb' or (d.route = 'print' and y.standing in ('present', 'unsure')))
     order by y.read_by limit $4)
    union all
    (select y.*, 'account-unknown' as because, y.owed_since as since from deliveries y join documents d on d.id = y.document_id
     where y.destination = 'pkb' and y.state = 'owed' and y.standing in ('nothing', 'recalled') and y.owed_since <= $2 and (y.read_by is null or y.read_by > $1)
       and d.identifier = y.identifier and d.route = 'pkb'
       and not exists (select from people p where p.nhs_number = d.nhs_number and p.as_of > least($2::timestamptz, $3::timestamptz))
     order by y.owed_since limit $4)
    union all
    (select y.*, 'account-unknown' as because, y.owed_since as since from deliveries y join documents d on d.id = y.document_id
     where y.destination = 'pkb' and y.state = 'owed' and y.standing = 'present' and y.standing_sha256 <> y.owed_sha256 and y.owed_since <= $2 and (y.read_by is null or y.read_by > $1)
       and d.identifier = y.identifier and d.route = 'pkb'
       and not exists (select from people p where p.nhs_number = d.nhs_number and p.as_of > least($2::timestamptz, $3::timestamptz))
     order by y.owed_since limit $4)) y
  order by y.since, y.id limit $4`

export const overdue = async (pool: Pool, freshHours: number, at: string, owedBefore: string | undefined, limit: number): Promise<readonly Overdue[]> => {
  const fresh = new Date(Date.parse(at) - Math.min(freshHours, 1e6) * 3_600_000).toISOString()
  const { rows } = await pool.query<Row>({ name: 'ledger-overdue', text: OVERDUE, values: [at, owedBefore ?? null, fresh, limit] })
  return rows.map((row) => ({
    documentId: row['document_id'] as string, deliveryId: row['id'] as string, identifier: row['identifier'] as string, because: row['because'] as Overdue['because'],
    owedSince: instant(row['owed_since'])!, via: (row['via'] as readonly Transport[] | null) ?? [],
  }))
}
