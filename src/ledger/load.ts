// Reads and locks everything that the steps of one transaction need, in a handful of set-based statements. Documents
// are made in the order of their names and locked in the order of their ids, by everybody, so that two processes never
// wait for each other. It refuses to read what hangs on a document before the document is locked.
import type { PoolClient } from 'pg'
import type { Plan } from '../types.ts'
import type { Stop } from './ledger.ts'
import { deliveryOf, documentOf, instant, keyText, present, revisionOf } from './rows.ts'
import type { DeliveryRecord, DocumentRecord, Key, PersonRecord, Row } from './rows.ts'
import { fingerprintText, heldText, noWrites, stoodText } from './workspace.ts'
import type { AttemptRecord, LedgerParts, Parent, Release, Workspace } from './workspace.ts'

/** What one step needs to be there when it runs. */
export type Needs = {
  /** Documents by name: where there is none, one that is known by name only is made. */
  readonly keys?: readonly Key[]
  readonly documents?: readonly string[]
  /** The addenda of these documents too: whoever may change a decision needs them. */
  readonly family?: boolean
  readonly nhsNumbers?: readonly string[]
  readonly message?: { readonly fingerprint: string; readonly controlKey?: string }
  readonly attempts?: readonly string[]
  readonly stops?: boolean
  /** The server process that is to hold an advisory lock. */
  readonly holder?: number
}

const rowsOf = async (client: PoolClient, name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]> =>
  (await client.query<Row>({ name, text, values: [...values] })).rows

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)]

export const load = async (client: PoolClient, needs: readonly Needs[], parts: LedgerParts): Promise<Workspace> => {
  const keys = uniqueKeys(needs.flatMap((need) => need.keys ?? []))
  const made = await makeMissing(client, keys, parts.newId)
  const known = keys.filter((key) => !made.some((record) => keyText(record) === keyText(key)))
  const locked = await lockDocuments(client, known, unique(needs.flatMap((need) => need.documents ?? [])), needs.some((need) => need.family))
  const documents = await withRevisions(client, [...made, ...locked])
  const there = documents.map(({ id }) => id)
  const old = documents.filter(({ revision }) => revision > 0).map(({ id }) => id)
  const messages = needs.flatMap(({ message }) => message ?? [])
  return {
    parts,
    documents: new Map(documents.map((record) => [record.id, record])),
    ids: new Map(documents.map((record) => [keyText(record), record.id])),
    deliveries: old.length > 0 ? await readDeliveries(client, old) : new Map(),
    attempts: await readAttempts(client, needs.flatMap((need) => need.attempts ?? [])),
    releases: old.length > 0 ? await readReleases(client, old) : [],
    people: await readPeople(client, unique([...needs.flatMap((need) => need.nhsNumbers ?? []), ...documents.flatMap(({ nhsNumber }) => nhsNumber ?? [])])),
    parents: await readParents(client, documents),
    ...(await readMessages(client, there, messages)),
    stood: new Map(documents.map((record) => [record.id, stoodText(record)])),
    stops: needs.some((need) => need.stops) ? await readStops(client) : [],
    held: await readHeld(client, unique(needs.flatMap(({ holder }) => holder ?? []))),
    made: new Set(made.map(({ id }) => id)),
    writes: noWrites(),
  }
}

const uniqueKeys = (keys: readonly Key[]): readonly Key[] => [...new Map(keys.map((key) => [keyText(key), key])).values()]

// ---------------------------------------------------------------- documents

const MAKE = `
  insert into documents (id, source, source_id, identifier)
  select id, source, source_id, identifier from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as new (id, source, source_id, identifier)
  order by source_id collate "C", source collate "C"
  on conflict (source_id, source) do nothing
  returning *`

const makeMissing = async (client: PoolClient, keys: readonly Key[], newId: () => string): Promise<readonly DocumentRecord[]> => {
  if (keys.length === 0) return []
  const column = <T>(of: (key: Key) => T) => keys.map(of)
  const rows = await rowsOf(client, 'ledger-make', MAKE, [column(newId), column(({ source }) => source), column(({ sourceId }) => sourceId), column(newId)])
  return rows.map(documentOf)
}

// `family` is read before the rows are waited for, so what was added meanwhile is asked for once more.
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
  let locked = await rowsOf(client, 'ledger-lock', LOCK, values)
  let more = family
  while (more) {
    const found = await rowsOf(client, 'ledger-addenda', ADDENDA, [locked.map((row) => row['id'])])
    more = found.length > 0
    if (more) locked = await rowsOf(client, 'ledger-lock', LOCK, [[...locked, ...found].map((row) => row['id']), [], [], true])
  }
  return locked.map(documentOf)
}

const ADDENDA = `
  select child.id from documents parent join documents child
    on child.addendum and child.parent_source_id = parent.source_id and child.source = parent.source
  where parent.id = any($1::uuid[]) and child.id <> all($1::uuid[])`

const REVISIONS = `
  select v.document_id, v.receipt_id, v.received_at, v.contents, v.file_name, v.declared_type, v.document, v.tightened, v.facts, v.decision,
    r.feed as receipt_feed, r.format, r.received_at as receipt_received_at, r.skeleton
  from unnest($1::uuid[], $2::int[]) as d (id, revision)
  join revisions v on v.document_id = d.id and v.revision = d.revision
  join receipts r on r.id = v.receipt_id`

const withRevisions = async (client: PoolClient, records: readonly DocumentRecord[]): Promise<readonly DocumentRecord[]> => {
  const old = records.filter(({ revision }) => revision > 0)
  if (old.length === 0) return records
  const rows = await rowsOf(client, 'ledger-revisions', REVISIONS, [old.map(({ id }) => id), old.map(({ revision }) => revision)])
  const inForce = new Map(rows.map((row) => [row['document_id'] as string, revisionOf(row)]))
  return records.map((record) => {
    const revision = inForce.get(record.id)
    return revision ? { ...record, inForce: revision } : record
  })
}

const PARENTS = `
  select d.source, d.source_id, d.identifier, d.nhs_number, d.cancelled, d.superseded, d.held, d.route
  from unnest($1::text[], $2::text[]) as k (source, source_id) join documents d using (source_id, source)`

/** The parents of those that are addenda or replacements, where they are not among the documents themselves. */
const readParents = async (client: PoolClient, documents: readonly DocumentRecord[]): Promise<Map<string, Parent>> => {
  const there = new Set(documents.map(keyText))
  const named = documents.flatMap(({ source, parentSourceId }) => (parentSourceId === undefined ? [] : [{ source, sourceId: parentSourceId }]))
  const keys = uniqueKeys(named).filter((key) => !there.has(keyText(key)))
  if (keys.length === 0) return new Map()
  const rows = await rowsOf(client, 'ledger-parents', PARENTS, [keys.map(({ source }) => source), keys.map(({ sourceId }) => sourceId)])
  return new Map(rows.map((row) => [keyText(documentOf(row)), documentOf(row)]))
}

// ---------------------------------------------------------------- what hangs on them

const DELIVERIES = `
  select y.*, coalesce(a.outcome = 'started', false) as open from deliveries y left join attempts a on a.id = y.attempt_id
  where y.document_id = any($1::uuid[]) order by y.opened_at, y.id`

const readDeliveries = async (client: PoolClient, documents: readonly string[]): Promise<Map<string, readonly DeliveryRecord[]>> => {
  const rows = await rowsOf(client, 'ledger-deliveries', DELIVERIES, [documents])
  const records = rows.map((row): DeliveryRecord => ({
    ...deliveryOf(row), open: row['open'] as boolean, ...(row['attempt_id'] === null ? {} : { attemptId: row['attempt_id'] as string }),
  }))
  return Map.groupBy(records, ({ documentId }) => documentId)
}

const readAttempts = async (client: PoolClient, ids: readonly string[]): Promise<Map<string, AttemptRecord>> => {
  if (ids.length === 0) return new Map()
  const rows = await rowsOf(client, 'ledger-attempts', 'select * from attempts where id = any($1::uuid[])', [ids])
  return new Map(rows.map((row) => [row['id'] as string, present<AttemptRecord>({
    id: row['id'] as string, deliveryId: row['delivery_id'] as string, at: instant(row['at'])!, action: row['action'] as string,
    revision: row['revision'] as number, version: row['version'] as number, outcome: row['outcome'] as string,
    code: row['code'] as string | null, detail: row['detail'] as string | null, tookMs: row['took_ms'] as number | null,
  })]))
}

const readReleases = async (client: PoolClient, documents: readonly string[]): Promise<Release[]> => {
  const rows = await rowsOf(client, 'ledger-releases', 'select document_id, revision, sha256, actor from releases where document_id = any($1::uuid[])', [documents])
  return rows.map((row) => ({ documentId: row['document_id'] as string, revision: row['revision'] as number, sha256: row['sha256'] as string, actor: row['actor'] as string }))
}

const readPeople = async (client: PoolClient, nhsNumbers: readonly string[]): Promise<Map<string, PersonRecord>> => {
  if (nhsNumbers.length === 0) return new Map()
  const rows = await rowsOf(client, 'ledger-people', 'select * from people where nhs_number = any($1::text[])', [nhsNumbers])
  return new Map(rows.map((row) => [row['nhs_number'] as string, present<PersonRecord>({
    registered: row['registered'] as boolean, deceased: row['deceased'] as boolean, birthDate: row['birth_date'] as string | null, asOf: instant(row['as_of'])!,
  })]))
}

// ---------------------------------------------------------------- messages, stops, locks

const MESSAGES = `
  select document_id, fingerprint, control_key, bearing from receipts where document_id = any($1::uuid[]) and fingerprint = any($2::text[])
  union
  select document_id, fingerprint, control_key, bearing from receipts where control_key = any($3::text[])`

const readMessages = async (client: PoolClient, documents: readonly string[], messages: readonly NonNullable<Needs['message']>[]): Promise<Pick<Workspace, 'known' | 'controlled'>> => {
  if (messages.length === 0) return { known: new Map(), controlled: new Map() }
  const controlKeys = unique(messages.flatMap(({ controlKey }) => controlKey ?? []))
  const rows = await rowsOf(client, 'ledger-messages', MESSAGES, [documents, unique(messages.map(({ fingerprint }) => fingerprint)), controlKeys])
  const known = new Map(rows.map((row) => [fingerprintText(row['document_id'] as string, row['fingerprint'] as string), row['bearing'] as Plan['bearing']]))
  const controlled = Map.groupBy(rows.filter((row) => row['control_key'] !== null), (row) => row['control_key'] as string)
  return { known, controlled: new Map([...controlled].map(([key, those]) => [key, unique(those.map((row) => row['document_id'] as string))])) }
}

const readStops = async (client: PoolClient): Promise<readonly Stop[]> =>
  (await rowsOf(client, 'ledger-stops', 'select scope, value from stops where lifted_at is null', [])).map((row) => ({ scope: row['scope'] as Stop['scope'], value: row['value'] as string }))

// A lock on one bigint is shown as its two halves, with objsubid 1.
const HELD = `
  select pid, (classid::bigint << 32 | objid::bigint)::text as key from pg_locks
  where locktype = 'advisory' and objsubid = 1 and granted and pid = any($1::int[])
    and database = (select oid from pg_database where datname = current_database())`

const readHeld = async (client: PoolClient, holders: readonly number[]): Promise<ReadonlySet<string>> => {
  if (holders.length === 0) return new Set()
  const rows = await rowsOf(client, 'ledger-held', HELD, [holders])
  return new Set(rows.map((row) => heldText(row['pid'] as number, BigInt(row['key'] as string))))
}
