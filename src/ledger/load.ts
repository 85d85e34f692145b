// Reads and locks everything that the steps of one transaction need, in three set-based statements: documents that are
// not there are made, all are locked, and what hangs on them is read. Documents are made in the order of their names
// and locked in the order of their ids, by everybody, so that two processes never wait for each other. The statements
// share a round trip: it is read by the ids that are to be locked, and again where others turn out to be. It refuses to
// read what hangs on a document before the document is locked.
import type { PoolClient } from 'pg'
import type { Decision, Facts, Plan, Trace } from '../types.ts'
import { DOOR } from './doors.ts'
import type { Stop } from './ledger.ts'
import { deliveryOf, documentOf, instant, keyText, present, REVISION_COLUMNS, revisionOf } from './rows.ts'
import type { DeliveryRecord, DocumentRecord, Key, PersonRecord, Row } from './rows.ts'
import { fingerprintText, heldText, isStanding, noWrites, stoodText } from './workspace.ts'
import type { AttemptRecord, LedgerParts, Parent, Release, Workspace } from './workspace.ts'

/** What one step needs to be there when it runs. */
export type Needs = {
  /** Documents by name: where there is none, one that is known by name only is made. */
  readonly keys?: readonly Key[]
  readonly documents?: readonly string[]
  /** It may change a decision: what plans are made from is read too, and the addenda that would follow. */
  readonly plans?: boolean
  readonly nhsNumbers?: readonly string[]
  readonly message?: { readonly fingerprint: string; readonly controlKey?: string }
  readonly attempts?: readonly string[]
  /** The server process that is to hold an advisory lock. */
  readonly holder?: number
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)]

/** Addenda came while their parents were waited for. To lock them now would be out of order: begin anew, with these. */
export class MoreToLock extends Error {
  readonly documents: readonly string[]
  constructor(documents: readonly string[]) {
    super('more documents have to be locked')
    this.documents = documents
  }
}

export const load = async (client: PoolClient, needs: readonly Needs[], parts: LedgerParts): Promise<Workspace> => {
  const keys = [...new Map(needs.flatMap((need) => need.keys ?? []).map((key) => [keyText(key), key])).values()]
  const documents = unique(needs.flatMap((need) => need.documents ?? []))
  const plans = needs.some((need) => need.plans)
  const { made, locked, read } = await (keys.length === 0 ? those(client, documents, plans, needs) : named(client, keys, documents, plans, needs, parts.newId))
  // Whoever adds an addendum holds its parent meanwhile, so once none is new none can be missing.
  if (read.addenda.length > 0) throw new MoreToLock(read.addenda.map((row) => row['id'] as string))
  return workspaceOf(parts, made, locked, read)
}

type Loaded = { readonly made: readonly DocumentRecord[]; readonly locked: readonly DocumentRecord[]; readonly read: Read }

/** Known by their ids: unless an addendum of theirs has to be locked too, all is there in one round trip. */
const those = async (client: PoolClient, ids: readonly string[], plans: boolean, needs: readonly Needs[]): Promise<Loaded> => {
  const [locked, early] = await Promise.all([lockDocuments(client, [], ids, plans), readAll(client, ids, plans, needs)])
  return { made: [], locked, read: locked.every(({ id }) => ids.includes(id)) ? early : await readAll(client, locked.map(({ id }) => id), plans, needs) }
}

/** Known by name, and mostly new: then they have the ids that they are made with, and nothing else has to be locked. */
const named = async (client: PoolClient, keys: readonly Key[], ids: readonly string[], plans: boolean, needs: readonly Needs[], newId: () => string): Promise<Loaded> => {
  const asNew = keys.map((key) => ({ key, id: newId() }))
  const [made, early] = await Promise.all([makeMissing(client, asNew, newId), readAll(client, asNew.map(({ id }) => id), plans, needs)])
  if (made.length === keys.length && ids.length === 0) return { made, locked: [], read: early }
  const names = new Set(made.map(keyText))
  const locked = await lockDocuments(client, keys.filter((key) => !names.has(keyText(key))), ids, plans)
  return { made, locked, read: await readAll(client, [...made, ...locked].map(({ id }) => id), plans, needs) }
}

/** The same for questions: makes and locks nothing, so nothing that is changed in it may be written. */
export const look = async (client: PoolClient, ids: readonly string[], parts: LedgerParts): Promise<Workspace> => {
  const { rows } = await client.query<Row>({ name: 'ledger-look', text: 'select * from documents where id = any($1::uuid[])', values: [ids] })
  return workspaceOf(parts, [], rows.map(documentOf), await readAll(client, ids, true, []))
}

/** What of a document says whether a delivery of it is still meant: no message and no file, so nothing can be planned from it. Ten thousand of them are read in a second. */
export const glance = async (client: PoolClient, ids: readonly string[], parts: LedgerParts): Promise<Workspace> => {
  const { rows: [row] } = await client.query<Pick<Read, 'revisions' | 'deliveries'> & { readonly documents: readonly Row[] }>({ name: 'ledger-glance', text: GLANCE, values: [ids] })
  const { documents, ...read } = row!
  const nothing = Object.fromEntries(Object.keys(PARTS).map((part) => [part, []])) as unknown as Read
  return workspaceOf(parts, [], documents.map(documentOf), { ...nothing, ...read })
}

// ---------------------------------------------------------------- documents

const MAKE = `
  insert into documents (id, source, source_id, identifier)
  select id, source, source_id, identifier from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as new (id, source, source_id, identifier)
  order by source_id collate "C", source collate "C"
  on conflict (source_id, source) do nothing
  returning *`

const makeMissing = async (client: PoolClient, asNew: readonly { readonly key: Key; readonly id: string }[], newId: () => string): Promise<readonly DocumentRecord[]> => {
  const values = [asNew.map(({ id }) => id), asNew.map(({ key }) => key.source), asNew.map(({ key }) => key.sourceId), asNew.map(newId)]
  return (await client.query<Row>({ name: 'ledger-make', text: MAKE, values })).rows.map(documentOf)
}

const LOCK = `
  with recursive family (id, source, source_id) as (
    (select id, source, source_id from documents where id = any($1::uuid[])
     union
     select d.id, d.source, d.source_id from unnest($2::text[], $3::text[]) as k (source, source_id) join documents d using (source_id, source))
    union
    select child.id, child.source, child.source_id from family join documents child
      on child.addendum and child.parent_source_id = family.source_id and child.source = family.source and $4
  )
  select * from documents where id in (select id from family) order by id for update`

const lockDocuments = async (client: PoolClient, keys: readonly Key[], ids: readonly string[], family: boolean): Promise<readonly DocumentRecord[]> => {
  if (keys.length === 0 && ids.length === 0) return []
  const values = [ids, keys.map(({ source }) => source), keys.map(({ sourceId }) => sourceId), family]
  return (await client.query<Row>({ name: 'ledger-lock', text: LOCK, values })).rows.map(documentOf)
}

// ---------------------------------------------------------------- what hangs on them

/** $1 the locked documents, $2 whether plans are made; the rest by name below. */
const PARTS = {
  addenda: `
    select child.id from documents parent join documents child
      on child.addendum and child.parent_source_id = parent.source_id and child.source = parent.source
    where $2::bool and parent.id = any($1::uuid[]) and child.id <> all($1::uuid[])`,
  revisions: `
    select ${REVISION_COLUMNS} from documents d
    join revisions v on v.document_id = d.id and v.revision = d.revision join receipts r on r.id = v.receipt_id
    where d.id = any($1::uuid[])`,
  parents: `
    select p.source, p.source_id, p.identifier, p.nhs_number, p.revision, p.cancelled, p.superseded, p.held, p.route, v.facts, v.decision,
      (select coalesce(json_agg(y), '[]') from deliveries y where y.document_id = p.id and y.standing in ('present', 'unsure')) as deliveries
    from documents d join documents p on p.source_id = d.parent_source_id and p.source = d.source
    left join revisions v on v.document_id = p.id and v.revision = p.revision
    where $2::bool and d.id = any($1::uuid[]) and p.id <> all($1::uuid[])`,
  deliveries: `
    select y.*, coalesce(a.outcome = 'started', false) as open from deliveries y left join attempts a on a.id = y.attempt_id
    where y.document_id = any($1::uuid[]) order by y.opened_at, y.id`,
  releases: `
    select r.document_id, r.revision, r.sha256, r.actor, r.birth_date_differs, ${DOOR} as door from releases r left join staff s on s.user_name = r.actor
    where $2::bool and r.document_id = any($1::uuid[])`,
  people: `
    select * from people where nhs_number in (
      select unnest($3::text[]) union select d.nhs_number from documents d where $2::bool and d.id = any($1::uuid[]))`,
  messages: `
    select document_id, fingerprint, control_key, bearing from receipts where document_id = any($1::uuid[]) and fingerprint = any($4::text[])
    union
    select document_id, fingerprint, control_key, bearing from receipts where control_key = any($5::text[])`,
  attempts: 'select * from attempts where id = any($6::uuid[])',
  stops: 'select scope, value from stops where lifted_at is null and $2::bool',
  halted: 'select channel from channel_halts where $2::bool',
  policy: "select detail::json->>'policy' as hash from events where $2::bool and kind = 'policy-loaded' order by seq desc limit 1",
  // A lock on one bigint is shown as its two halves, with objsubid 1.
  held: `
    select pid, (classid::bigint << 32 | objid::bigint)::text as key from pg_locks
    where cardinality($7::int[]) > 0 and locktype = 'advisory' and objsubid = 1 and granted and pid = any($7::int[])
      and database = (select oid from pg_database where datname = current_database())`,
} as const

const GLANCE = `
  select (select coalesce(json_agg(x), '[]') from (
      select id, source, source_id, identifier, revision, version, first_received_at, received_at, last_source_time, nhs_number, cancelled, superseded, moved, held, parent_source_id, addendum, state, route, post, post_sha256
      from documents where id = any($1::uuid[])) x) as documents,
    (select coalesce(json_agg(x), '[]') from (${PARTS.deliveries}) x) as deliveries,
    (select coalesce(json_agg(x), '[]') from (
      select v.document_id, v.receipt_id, v.received_at, json_build_object('contents', v.document->'contents') as document, v.tightened, v.facts, v.decision, false as carries,
        d.feed as receipt_feed, 'upload' as format, v.received_at as receipt_received_at, '' as skeleton, '[]'::json as contents
      from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.id = any($1::uuid[])) x) as revisions`

type Read = { readonly [part in keyof typeof PARTS]: readonly Row[] }

const READ = `select ${Object.entries(PARTS).map(([part, text]) => `(select coalesce(json_agg(x), '[]') from (${text}) x) as ${part}`).join(', ')}`

const readAll = async (client: PoolClient, documents: readonly string[], plans: boolean, needs: readonly Needs[]): Promise<Read> => {
  const messages = needs.flatMap(({ message }) => message ?? [])
  const values = [
    documents, plans, unique(needs.flatMap((need) => need.nhsNumbers ?? [])), unique(messages.map(({ fingerprint }) => fingerprint)),
    unique(messages.flatMap(({ controlKey }) => controlKey ?? [])), needs.flatMap((need) => need.attempts ?? []), unique(needs.flatMap(({ holder }) => holder ?? [])),
  ]
  return (await client.query<Read>({ name: 'ledger-read', text: READ, values })).rows[0]!
}

// ---------------------------------------------------------------- as the steps see them

const workspaceOf = (parts: LedgerParts, made: readonly DocumentRecord[], locked: readonly DocumentRecord[], read: Read): Workspace => {
  const inForce = new Map(read.revisions.map((row) => [row['document_id'] as string, revisionOf(row)]))
  const documents = [...made, ...locked].map((record): DocumentRecord => {
    const revision = inForce.get(record.id)
    return revision ? { ...record, inForce: revision } : record
  })
  const deliveries = Map.groupBy(read.deliveries.map(deliveryRecord), ({ documentId }) => documentId)
  return {
    parts,
    documents: new Map(documents.map((record) => [record.id, record])),
    ids: new Map(documents.map((record) => [keyText(record), record.id])),
    deliveries,
    attempts: new Map(read.attempts.map((row) => [row['id'] as string, attemptRecord(row)])),
    releases: read.releases.map((row): Release => ({ documentId: row['document_id'] as string, revision: row['revision'] as number, sha256: row['sha256'] as string, actor: row['actor'] as string, door: row['door'] as string, birthDateDiffers: row['birth_date_differs'] as boolean })),
    people: new Map(read.people.map((row) => [row['nhs_number'] as string, personRecord(row)])),
    parents: new Map(read.parents.map(parentRecord)),
    known: new Map(read.messages.map((row) => [fingerprintText(row['document_id'] as string, row['fingerprint'] as string), row['bearing'] as Plan['bearing']])),
    controlled: controlled(read.messages),
    stood: new Map(documents.map((record) => [record.id, stoodText(record, deliveries.get(record.id) ?? [])])),
    ...(read.policy[0] ? { policyInForce: read.policy[0]['hash'] as string } : {}),
    stops: read.stops.map((row) => ({ scope: row['scope'] as Stop['scope'], value: row['value'] as string })),
    halted: read.halted.map((row) => row['channel'] as string),
    held: new Set(read.held.map((row) => heldText(row['pid'] as number, BigInt(row['key'] as string)))),
    made: new Set(made.map(({ id }) => id)),
    writes: noWrites(),
  }
}

const deliveryRecord = (row: Row): DeliveryRecord =>
  ({
  ...deliveryOf(row), open: row['open'] as boolean,
  ...(row['attempt_id'] === null ? {} : { attemptId: row['attempt_id'] as string }),
  ...(row['owed_sha256'] === null ? {} : { owedSha256: row['owed_sha256'] as string }),
})

const parentRecord = (row: Row): [string, Parent] => {
  const record = documentOf(row)
  const inForce = row['facts'] === null ? {} : { inForce: { facts: row['facts'] as Facts, decision: row['decision'] as Decision } }
  return [keyText(record), { ...record, standing: isStanding({ ...record, ...inForce }, (row['deliveries'] as readonly Row[]).map(deliveryOf)) }]
}

const attemptRecord = (row: Row): AttemptRecord => present<AttemptRecord>({
  id: row['id'] as string, deliveryId: row['delivery_id'] as string, at: instant(row['at'])!, action: row['action'] as string,
  revision: row['revision'] as number, version: row['version'] as number, outcome: row['outcome'] as string,
  code: row['code'] as string | null, detail: row['detail'] as string | null, tookMs: row['took_ms'] as number | null, trace: row['trace'] as Trace | null,
})

const personRecord = (row: Row): PersonRecord => present<PersonRecord>({
  registered: row['registered'] as boolean, deceased: row['deceased'] as boolean, birthDate: row['birth_date'] as string | null, asOf: instant(row['as_of'])!,
})

const controlled = (messages: readonly Row[]): Map<string, readonly string[]> => {
  const byKey = Map.groupBy(messages.filter((row) => row['control_key'] !== null), (row) => row['control_key'] as string)
  return new Map([...byKey].map(([key, those]) => [key, unique(those.map((row) => row['document_id'] as string))]))
}
