// What one transaction works on: the rows that were read and locked, as they stand after each step, and what is to be
// written at its end. Steps run in memory, one after another, each seeing the ones before; it refuses to touch the
// database itself (`load.ts` reads, `flush.ts` writes) and documents that the transaction has not locked.
import { documentState, staysAtPkb } from '../decide/owed.ts'
import { reviewReason } from '../decide/review-reason.ts'
import type { AuditKind } from '../observe/events.ts'
import type { Delivery, Person, Plan, Prior, Receipt, Trace } from '../types.ts'
import type { Stop } from './ledger.ts'
import { deliveryRow, keyText, revisionRow } from './rows.ts'
import type { DeliveryRecord, DocumentRecord, Key, PersonRecord, Revision, Row } from './rows.ts'

/** What the ledger was opened with. `plan` is undefined where the policy in force cannot read the receipt. */
export type LedgerParts = {
  readonly plan: (receipt: Receipt, person: Person, prior: Prior) => Plan | undefined
  readonly newId: () => string
  /** An answer of PKB that is older counts as none. */
  readonly accountFreshHours: number
}

export type AttemptRecord = {
  readonly id: string
  readonly deliveryId: string
  readonly at: string
  readonly action: string
  readonly revision: number
  readonly version: number
  readonly outcome: string
  readonly code?: string
  readonly detail?: string
  readonly tookMs?: number
  readonly trace?: Trace
}

export type Release = { readonly documentId: string; readonly revision: number; readonly sha256: string; readonly actor: string; /** See `doors.ts`. */ readonly door: string; /** PKB had given another date of birth by then. */ readonly birthDateDiffers: boolean }
export type AuditEntry = { readonly at: string; readonly document_id?: string; readonly kind: AuditKind; readonly actor: string; readonly detail: string }
export type Owed = { readonly documentId: string; readonly destination: string; readonly dueAt: string; /** A recall: before everything else. */ readonly urgent?: true }

/** A document that an addendum names, which may not be locked. */
export type Parent = Pick<DocumentRecord, 'identifier' | 'nhsNumber'> & { readonly standing: boolean }
/** What is needed to say whether a document stands, beside its deliveries. */
export type Decided = Pick<DocumentRecord, 'identifier' | 'nhsNumber' | 'revision' | 'cancelled' | 'superseded' | 'held' | 'route'> & { readonly inForce?: Pick<Revision, 'facts' | 'decision'> }

export type Workspace = {
  readonly parts: LedgerParts
  readonly documents: Map<string, DocumentRecord>
  /** Ids by `keyText`. */
  readonly ids: Map<string, string>
  /** By document, oldest first. */
  readonly deliveries: Map<string, readonly DeliveryRecord[]>
  readonly attempts: Map<string, AttemptRecord>
  readonly releases: Release[]
  readonly people: Map<string, PersonRecord>
  /** Parents that are not in `documents`, by `keyText`. */
  readonly parents: Map<string, Parent>
  /** How each message that came before bears on its document, by `fingerprintText`. */
  readonly known: Map<string, Plan['bearing']>
  /** Documents that came under a control key. */
  readonly controlled: Map<string, readonly string[]>
  /** What the addenda of each document were last planned with, as `stoodText`. */
  readonly stood: Map<string, string>
  readonly stops: readonly Stop[]
  /** Channels that a person has halted. */
  readonly halted: readonly string[]
  /** Hash of the policy that was loaded last, by any process; read where plans are made. */
  readonly policyInForce?: string
  /** Advisory locks that are held at this moment, as `heldText`. */
  readonly held: ReadonlySet<string>
  /** Documents that this transaction made. */
  readonly made: ReadonlySet<string>
  readonly writes: Writes
}

export type Writes = {
  readonly documents: Set<string>
  readonly revisions: Map<string, Row>
  /** Of `revisions`, those that were not there before. */
  readonly newRevisions: Set<string>
  readonly receipts: Row[]
  readonly deliveries: Map<string, Row>
  readonly attempts: Map<string, AttemptRecord>
  readonly releases: Row[]
  readonly rejections: Row[]
  readonly policies: Row[]
  /** Members of retry runs that were tried, or need not be. */
  readonly runMarks: Row[]
  /** NHS numbers of whom PKB would not say anything and is asked once more, for a person wants it. */
  readonly askAgain: Set<string>
  readonly events: AuditEntry[]
  /** What listeners are told after the commit, by document and destination. */
  readonly owed: Map<string, Owed>
}

export const noWrites = (): Writes => ({
  documents: new Set(), revisions: new Map(), newRevisions: new Set(), receipts: [], deliveries: new Map(), attempts: new Map(), releases: [], rejections: [],
  policies: [], runMarks: [], askAgain: new Set(), events: [], owed: new Map(),
})

/** On its way to the patient, or there: a copy that is left at PKB, though nothing new is sent, is one that the patient has. */
export const isStanding = ({ identifier, revision, cancelled, superseded, held, route, inForce }: Decided, deliveries: readonly Delivery[]): boolean =>
  !cancelled && !superseded && !held && (route === 'pkb' || route === 'print' || (inForce !== undefined && staysAtPkb(inForce, { identifier, revision }, deliveries)))
export const stoodText = (parent: Decided, deliveries: readonly Delivery[]): string => `${isStanding(parent, deliveries)} ${parent.nhsNumber ?? ''}`

export const fingerprintText = (documentId: string, fingerprint: string): string => `${documentId} ${fingerprint}`
export const heldText = (pid: number, key: bigint): string => `${pid} ${key}`

// ---------------------------------------------------------------- documents

export const documentByKey = (space: Workspace, key: Key): DocumentRecord | undefined => space.documents.get(space.ids.get(keyText(key)) ?? '')

export const deliveriesOf = (space: Workspace, documentId: string): readonly DeliveryRecord[] => space.deliveries.get(documentId) ?? []

const withState = (space: Workspace, record: DocumentRecord): DocumentRecord =>
  record.inForce
    ? { ...record, state: documentState(record.inForce.decision, record.identifier, deliveriesOf(space, record.id)) }
    : record

/** Keeps a changed document. Its state always follows from its decision and its deliveries. */
export const putDocument = (space: Workspace, record: DocumentRecord): DocumentRecord => {
  const kept = withState(space, record)
  space.documents.set(kept.id, kept)
  space.writes.documents.add(kept.id)
  return kept
}

/** Keeps a changed or new revision in force, with what the document shows of it. */
export const putRevision = (space: Workspace, record: DocumentRecord, inForce: Revision): DocumentRecord => {
  const isNew = space.documents.get(record.id)?.revision !== record.revision
  const kept = putDocument(space, { ...record, inForce, route: inForce.decision.route, rule: inForce.decision.rule })
  const key = `${kept.id} ${kept.revision}`
  if (isNew) space.writes.newRevisions.add(key)
  space.writes.revisions.set(key, revisionRow(kept, inForce))
  return kept
}

/** Whether it waits for a person, and why: after whatever may have changed that. It waits since it began to, for one reason after another. */
export const keepWaiting = (space: Workspace, documentId: string, at: string): void => {
  const record = space.documents.get(documentId)
  if (!record?.inForce) return
  const { waitsFor, waitsSince, ...rest } = record
  const { facts, decision, tightened } = record.inForce
  const reason = reviewReason({ facts, decision, tightened, ...(record.heldFor ? { heldFor: record.heldFor } : {}), deliveries: deliveriesOf(space, documentId) })
  if (reason !== waitsFor) putDocument(space, reason === undefined ? rest : { ...rest, waitsFor: reason, waitsSince: waitsSince ?? at })
}

// ---------------------------------------------------------------- deliveries

/** Keeps a changed or new delivery, and the state of its document. */
export const putDelivery = (space: Workspace, record: DeliveryRecord, at: string): void => {
  const others = deliveriesOf(space, record.documentId)
  const there = others.some(({ id }) => id === record.id)
  space.deliveries.set(record.documentId, there ? others.map((other) => (other.id === record.id ? record : other)) : [...others, record])
  space.writes.deliveries.set(record.id, deliveryRow(record, at))
  const document = space.documents.get(record.documentId)
  if (document && withState(space, document).state !== document.state) putDocument(space, document)
  keepWaiting(space, record.documentId, at)
}

/** Has the listeners told after the commit, where something is due. */
export const tellOwed = (space: Workspace, { documentId, destination, dueAt, state }: DeliveryRecord): void => {
  if (dueAt === undefined) return
  const key = `${documentId} ${destination} ${state === 'recalling'}`
  const before = space.writes.owed.get(key)
  if (!before || dueAt < before.dueAt) space.writes.owed.set(key, { documentId, destination, dueAt, ...(state === 'recalling' ? { urgent: true } : {}) })
}

// ---------------------------------------------------------------- the log

type Detail = { readonly [key: string]: string | number | boolean | undefined }

/** `detail` holds ids, codes and numbers; never a name, NHS number or title. */
export const audit = (space: Workspace, entry: { readonly at: string; readonly documentId?: string; readonly kind: AuditKind; readonly actor: string }, detail: Detail = {}): void => {
  const { at, documentId, kind, actor } = entry
  space.writes.events.push({ at: new Date(at).toISOString(), ...(documentId ? { document_id: documentId } : {}), kind, actor, detail: JSON.stringify(detail) })
}
