// The ledger's rows as the stages know them, and how each goes into and comes out of PostgreSQL. Rows travel in sets,
// as JSON of records. It refuses half a UTF-16 pair, which PostgreSQL would not store: it becomes U+FFFD.
import type { ContentRef, Decision, Delivery, DocumentState, Facts, Plan, PostReason, Receipt, RioDocument, Route, SentAs, Transport } from '../types.ts'
import type { HeldFor, ReviewReason } from '../decide/review-reason.ts'
import type { DocumentRow } from './ledger.ts'

/** What a document's source calls it. */
export type Key = { readonly source: string; readonly sourceId: string }
/** One text for a key: neither part can hold a line end, which parsing trims or PostgreSQL compares like any other. */
export const keyText = ({ source, sourceId }: Key): string => `${source}\n${sourceId}`

/** The revision in force of a document, with what is needed to plan it again. */
export type Revision = {
  /** The receipt in force, with the content that stands. */
  readonly receipt: Receipt
  /** That content came with an earlier receipt. */
  readonly carries: boolean
  readonly receivedAt: string
  readonly document: RioDocument
  readonly tightened: Partial<Facts>
  readonly facts: Facts
  readonly decision: Decision
  /** Absent when read: it is only ever written. */
  readonly resource?: Plan['resource']
}

/** A document as its row says, with its revision in force; without one it is known by name only. */
export type DocumentRecord = Key & {
  readonly id: string
  readonly identifier: string
  readonly revision: number
  readonly version: number
  readonly feed?: string
  readonly firstReceivedAt?: string
  readonly receivedAt?: string
  readonly lastSourceTime?: string
  readonly nhsNumber?: string
  readonly clientId?: string
  readonly cancelled: boolean
  readonly superseded: boolean
  readonly moved: boolean
  readonly held: boolean
  readonly parentSourceId?: string
  readonly addendum: boolean
  readonly state?: DocumentState
  readonly route?: Route
  readonly rule?: string
  readonly code?: string
  readonly team?: string
  readonly directorate?: string
  /** A deadline passed for this content: it goes by post. */
  readonly post?: PostReason
  readonly postSha256?: string
  /** The engine put the hold on, and no person has confirmed it. */
  readonly heldFor?: HeldFor
  /** Why it waits for a person, and since when without a break. */
  readonly waitsFor?: ReviewReason
  readonly waitsSince?: string
  readonly inForce?: Revision
}

/** A delivery, with the attempt that is under way or was the last. */
export type DeliveryRecord = Delivery & {
  readonly attemptId?: string
  /** An attempt was started and its end is not known. */
  readonly open: boolean
  /** The content that `owedSince` and `readBy` are about. */
  readonly owedSha256?: string
}

export type PersonRecord = { readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string; readonly asOf: string }

export type Row = { readonly [column: string]: unknown }

/** The object without what is null or undefined: PostgreSQL's null is our absence. */
export const present = <T extends object>(record: { readonly [K in keyof T]: T[K] | null | undefined }): T =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined)) as T

/** A time, as the driver reads it or as it stands in JSON. */
export const instant = (value: unknown): string | undefined =>
  value instanceof Date ? value.toISOString() : typeof value === 'string' ? new Date(value).toISOString() : undefined

/** JSON that PostgreSQL takes. JSON.stringify escapes a surrogate only where its other half is missing. */
export const toJson = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.includes('\\ud') ? text.replaceAll(/(\\\\)|\\ud[0-9a-f]{3}/gu, (whole, backslash) => (backslash ? whole : '\\ufffd')) : text
}

// ---------------------------------------------------------------- out

export const receiptOf = (row: Row): Receipt => present<Receipt>({
  id: row['receipt_id'] as string,
  feed: row['receipt_feed'] as string,
  format: row['format'] as Receipt['format'],
  receivedAt: instant(row['receipt_received_at'])!,
  skeleton: row['skeleton'] as string,
  contents: unpack(row['contents'] as readonly ContentRef[]),
  fileName: row['file_name'] as string | null,
  declaredType: row['declared_type'] as string | null,
})

// Head and tail of a file are any bytes, and PostgreSQL takes no NUL, not even escaped.
const recode = (text: string, from: BufferEncoding, to: BufferEncoding): string => Buffer.from(text, from).toString(to)
export const pack = (contents: readonly ContentRef[]): readonly ContentRef[] =>
  contents.map((ref) => ({ ...ref, head: recode(ref.head, 'latin1', 'base64'), tail: recode(ref.tail, 'latin1', 'base64') }))
const unpack = (contents: readonly ContentRef[]): readonly ContentRef[] =>
  contents.map((ref) => ({ ...ref, head: shown(recode(ref.head, 'base64', 'latin1')), tail: shown(recode(ref.tail, 'base64', 'latin1')) }))
// Intake shows NUL as U+2400, of which latin1 keeps the NUL.
const shown = (bytes: string): string => bytes.replaceAll('\0', '\u2400')

/** Columns of a revision `v` and its receipt `r`, for `revisionOf` and `receiptOf`. */
export const REVISION_COLUMNS = `
  v.document_id, v.receipt_id, v.received_at, v.document, v.tightened, v.facts, v.decision, v.contents is not null as carries,
  r.feed as receipt_feed, r.format, r.received_at as receipt_received_at, r.skeleton, coalesce(v.contents, r.contents) as contents,
  case when v.contents is null then r.file_name else v.file_name end as file_name,
  case when v.contents is null then r.declared_type else v.declared_type end as declared_type`

export const revisionOf = (row: Row): Revision => {
  const receipt = receiptOf(row)
  return {
    receipt,
    carries: row['carries'] as boolean,
    receivedAt: instant(row['received_at'])!,
    document: whole(row['document'] as RioDocument, receipt.contents),
    tightened: row['tightened'] as Partial<Facts>,
    facts: row['facts'] as Facts,
    decision: row['decision'] as Decision,
  }
}

/** A document's files are those of its receipt: they are described once. */
const slim = (document: RioDocument): RioDocument =>
  ({ ...document, contents: document.contents.map((content) => ({ ...content, ref: { sha256: content.ref.sha256 } as ContentRef })) })
const whole = (document: RioDocument, contents: readonly ContentRef[]): RioDocument =>
  ({ ...document, contents: document.contents.map((content) => ({ ...content, ref: contents.find(({ sha256 }) => sha256 === content.ref.sha256) ?? content.ref })) })

export const documentOf = (row: Row): DocumentRecord => present<DocumentRecord>({
  id: row['id'] as string,
  source: row['source'] as string,
  sourceId: row['source_id'] as string,
  identifier: row['identifier'] as string,
  revision: row['revision'] as number,
  version: row['version'] as number,
  feed: row['feed'] as string | null,
  firstReceivedAt: instant(row['first_received_at']),
  receivedAt: instant(row['received_at']),
  lastSourceTime: row['last_source_time'] as string | null,
  nhsNumber: row['nhs_number'] as string | null,
  clientId: row['client_id'] as string | null,
  cancelled: row['cancelled'] as boolean,
  superseded: row['superseded'] as boolean,
  moved: row['moved'] as boolean,
  held: row['held'] as boolean,
  parentSourceId: row['parent_source_id'] as string | null,
  addendum: row['addendum'] as boolean,
  state: row['state'] as DocumentState | null,
  route: row['route'] as Route | null,
  rule: row['rule'] as string | null,
  code: row['code'] as string | null,
  team: row['team'] as string | null,
  directorate: row['directorate'] as string | null,
  post: row['post'] as PostReason | null,
  postSha256: row['post_sha256'] as string | null,
  heldFor: row['held_for'] as HeldFor | null,
  waitsFor: row['waits_for'] as ReviewReason | null,
  waitsSince: instant(row['waits_since']),
  inForce: undefined,
})

export const deliveryOf = (row: Row): Delivery => present<Delivery>({
  id: row['id'] as string,
  documentId: row['document_id'] as string,
  destination: row['destination'] as string,
  identifier: row['identifier'] as string,
  nhsNumber: row['nhs_number'] as string | null,
  state: row['state'] as Delivery['state'],
  standing: row['standing'] as Delivery['standing'],
  standingRevision: row['standing_revision'] as number | null,
  standingSha256: row['standing_sha256'] as string | null,
  remoteId: row['remote_id'] as string | null,
  via: row['via'] as readonly Transport[] | null,
  sentAs: row['sent_as'] as SentAs | null,
  sentAt: instant(row['sent_at']),
  sendUnsureAt: instant(row['send_unsure_at']),
  recallUnsureAt: instant(row['recall_unsure_at']),
  acknowledgedAt: instant(row['acknowledged_at']),
  readAt: instant(row['read_at']),
  readBy: instant(row['read_by']),
  owedSince: instant(row['owed_since']),
  unconfirmed: row['unconfirmed'] === true ? true : undefined,
  tries: row['tries'] as number,
  dueAt: instant(row['due_at']),
  lastOutcome: row['last_outcome'] as Delivery['lastOutcome'] | null,
  lastCode: row['last_code'] as string | null,
  lastDetail: row['last_detail'] as string | null,
})

/** What a list shows of a document: a row of `documents` with `because` beside it. */
export const listRowOf = (row: Row): DocumentRow => {
  const { id, source, sourceId, feed, revision, receivedAt, state, route, rule, code, team, directorate } = documentOf(row)
  return present<DocumentRow>({
    id, source, sourceId, feed, revision, receivedAt, state, route, rule, because: row['because'] as string, code, team, directorate,
  })
}

// ---------------------------------------------------------------- in

export const documentRow = (record: DocumentRecord): Row => ({
  id: record.id, identifier: record.identifier, revision: record.revision, version: record.version, feed: record.feed,
  first_received_at: record.firstReceivedAt, received_at: record.receivedAt, last_source_time: record.lastSourceTime,
  nhs_number: record.nhsNumber, client_id: record.clientId, cancelled: record.cancelled, superseded: record.superseded,
  moved: record.moved, held: record.held, parent_source_id: record.parentSourceId, addendum: record.addendum,
  state: record.state, route: record.route, rule: record.rule, code: record.code, team: record.team, directorate: record.directorate,
  post: record.post, post_sha256: record.postSha256, held_for: record.heldFor, waits_for: record.waitsFor, waits_since: record.waitsSince,
  // What lists are narrowed by and counts are made of: it is kept beside the revision that says it.
  stage: record.inForce?.facts.directorate, instruction: record.inForce?.facts.instruction, would_route: record.inForce?.decision.wouldRoute, conflict: record.inForce?.decision.conflict ?? false, variance: record.inForce?.decision.variance ?? false, policy: record.inForce?.decision.policy,
  // What FHIR asks of the resource, where that is written too; else what is there stays.
  reference_date: record.inForce?.resource?.date, reference_status: record.inForce?.resource?.status, reference_type: record.inForce?.resource?.type?.coding?.[0]?.code,
})

export const revisionRow = ({ id, revision }: DocumentRecord, inForce: Revision): Row => ({
  document_id: id, revision, receipt_id: inForce.receipt.id, received_at: inForce.receivedAt, document: slim(inForce.document),
  tightened: inForce.tightened, facts: inForce.facts, decision: inForce.decision, resource: inForce.resource, title: inForce.document.title,
  ...(inForce.carries ? { contents: pack(inForce.receipt.contents), file_name: inForce.receipt.fileName, declared_type: inForce.receipt.declaredType } : {}),
})

export const deliveryRow = (record: DeliveryRecord, at: string): Row => ({
  id: record.id, document_id: record.documentId, destination: record.destination, identifier: record.identifier, opened_at: at, changed_at: at,
  nhs_number: record.nhsNumber, state: record.state, standing: record.standing, standing_revision: record.standingRevision,
  standing_sha256: record.standingSha256, remote_id: record.remoteId, tries: record.tries, due_at: record.dueAt,
  last_outcome: record.lastOutcome, last_code: record.lastCode, last_detail: record.lastDetail, attempt_id: record.attemptId,
  via: record.via, sent_as: record.sentAs, sent_at: record.sentAt, send_unsure_at: record.sendUnsureAt, recall_unsure_at: record.recallUnsureAt, acknowledged_at: record.acknowledgedAt, read_at: record.readAt, read_by: record.readBy,
  owed_since: record.owedSince, owed_sha256: record.owedSha256, unconfirmed: record.unconfirmed,
})
