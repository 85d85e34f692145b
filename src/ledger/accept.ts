// Takes a parsed receipt in: keeps it, plans it with what the ledger knows, and lets everything that it bears on
// follow in the same transaction. It refuses to change anything for a message that came before, for one that names
// another patient's document as the one to be replaced, and for a control id that was used for the same document.
import { nhsNumberOf } from '../decide/identity.ts'
import { isAddendum } from '../plan.ts'
import type { Plan, Prior, Receipt, RioDocument } from '../types.ts'
import { auditDecided, ENGINE, knownOf, mark, parentStands, personOf, replan, settle, shown } from './decided.ts'
import type { Accepted, Arrival } from './ledger.ts'
import type { Needs } from './load.ts'
import { refuseMessage } from './rejections.ts'
import { pack } from './rows.ts'
import type { DocumentRecord, Key, Revision, Row } from './rows.ts'
import { audit, documentByKey, fingerprintText, putDocument, putRevision } from './workspace.ts'
import type { Workspace } from './workspace.ts'

const keyOf = ({ source, documentId }: RioDocument): Key => ({ source, sourceId: documentId })

/** The document that this one names as replaced or added to; never itself. */
const parentKey = ({ source, event, parentId, documentId }: RioDocument): Key | undefined =>
  parentId !== undefined && parentId !== documentId && (event === 'replaced' || event === 'addendum') ? { source, sourceId: parentId } : undefined

export const arrivalNeeds = ({ document, fingerprint, controlKey, nhsNumber }: Arrival): Needs => {
  const parent = parentKey(document)
  return {
    keys: [keyOf(document), ...(parent ? [parent] : [])],
    plans: true,
    ...(nhsNumber ? { nhsNumbers: [nhsNumber] } : {}),
    message: { fingerprint, ...(controlKey ? { controlKey } : {}) },
  }
}

export const accept = (space: Workspace, arrival: Arrival, at: string): Accepted => {
  const { document, fingerprint, controlKey } = arrival
  const record = documentByKey(space, keyOf(document))!
  const before = space.known.get(fingerprintText(record.id, fingerprint))
  if (before && stopsAgain(space, arrival, record, at)) return answer(space.documents.get(record.id)!, { kind: 'stored', bearing: 'tightens', controlIdShared: false })
  if (before) return answer(record, { kind: 'repeat', bearing: before, controlIdShared: false })
  const controlled = controlKey === undefined ? [] : (space.controlled.get(controlKey) ?? [])
  if (controlled.includes(record.id)) return controlIdReused(space, arrival, record, at)
  const parent = parentKey(document)
  const replaced = parent && document.event === 'replaced' ? documentByKey(space, parent) : undefined
  if (replaced && ofAnotherPatient(replaced, arrival)) {
    return refused(space, arrival, at, 'PARENT_OF_ANOTHER_PATIENT', 'The document to be replaced is kept under another NHS number. Nothing was changed.')
  }
  const bearing = takeIn(space, arrival, record, at)
  if (replaced) supersede(space, replaced, record.id, at)
  keepControlKey(space, arrival, record.id)
  if (controlled.length > 0) audit(space, { at, documentId: record.id, kind: 'control-id-shared', actor: arrival.receipt.feed }, { receipt: arrival.receipt.id })
  return answer(space.documents.get(record.id)!, { kind: 'stored', bearing, controlIdShared: controlled.length > 0 })
}

const answer = ({ id, revision, state, inForce }: DocumentRecord, more: Pick<Extract<Accepted, { kind: 'stored' | 'repeat' }>, 'kind' | 'bearing' | 'controlIdShared'>): Accepted =>
  ({ id, revision, state: state!, decision: inForce!.decision, ...more })

// ---------------------------------------------------------------- what is refused

const refused = (space: Workspace, { receipt, fingerprint }: Arrival, at: string, code: Extract<Accepted, { kind: 'refused' }>['code'], detail: string): Accepted => {
  refuseMessage(space, { feed: receipt.feed, at, code, detail, skeleton: receipt.skeleton }, fingerprint)
  return { kind: 'refused', code, detail }
}

/** Nobody can say which of the two messages is meant: what stands goes back until a person has looked. */
const controlIdReused = (space: Workspace, arrival: Arrival, record: DocumentRecord, at: string): Accepted => {
  // Sent again and again, it is written down once.
  if (!record.held) {
    audit(space, { at, documentId: record.id, kind: 'control-id-reused', actor: arrival.receipt.feed }, { feed: arrival.receipt.feed })
    audit(space, { at, documentId: record.id, kind: 'held', actor: ENGINE }, { reason: 'control-id-reused' })
    replan(space, mark(space, record, { held: true, heldFor: 'control-id-reused' }), at)
  }
  return refused(space, arrival, at, 'CONTROL_ID_REUSED', 'The control id came before with other content of the same document. What stands of it is held.')
}

const ofAnotherPatient = ({ inForce }: DocumentRecord, { nhsNumber }: Arrival): boolean => {
  const before = inForce && nhsNumberOf(inForce.document.patient)
  return before !== undefined && nhsNumber !== undefined && before !== nhsNumber
}

// ---------------------------------------------------------------- what is kept

const takeIn = (space: Workspace, arrival: Arrival, record: DocumentRecord, at: string): Plan['bearing'] => {
  const { document } = arrival
  const receipt = withContent(arrival.receipt, record.inForce)
  const plan = planned(space, arrival, receipt, record, at)
  const lastSourceTime = latest(record.lastSourceTime, document.sourceTime)
  const known = { ...record, firstReceivedAt: record.firstReceivedAt ?? receipt.receivedAt, ...(lastSourceTime === undefined ? {} : { lastSourceTime }) }
  const kept = plan.bearing === 'in-order' ? inOrder(space, known, plan, receipt, arrival.receipt, at)
    : plan.bearing === 'tightens' ? tightens(space, known, plan, arrival, at)
      : late(space, known, arrival, at)
  keepReceipt(space, arrival, kept, plan.bearing)
  // That it adds to another document counts however late it is said, unless the one in force, which is newer, has ended that.
  const isEnded = document.sourceTime !== undefined && kept.inForce?.document.event === 'replaced'
  if (document.event === 'addendum' && plan.bearing !== 'in-order' && !kept.addendum && !isEnded && document.parentId !== undefined) {
    replan(space, putDocument(space, { ...kept, addendum: true, parentSourceId: document.parentId, version: kept.version + 1 }), at)
  }
  // A cancel counts however late it comes, and even where its facts said nothing new.
  if (document.event === 'cancelled' && !kept.cancelled) replan(space, mark(space, kept, { cancelled: true }), at)
  return plan.bearing
}

/** Only the file may be left out of a message, to keep the one that is there. */
const withContent = (receipt: Receipt, inForce: Revision | undefined): Receipt => {
  if (receipt.contents.length > 0 || !inForce || inForce.receipt.contents.length === 0) return receipt
  const { contents, fileName, declaredType } = inForce.receipt
  return { ...receipt, contents, ...(fileName ? { fileName } : {}), ...(declaredType ? { declaredType } : {}) }
}

/** No release covers what has just come. A message that comes late is judged by the patient of the document in force. */
const planned = (space: Workspace, { document, nhsNumber, plan }: Arrival, receipt: Receipt, record: DocumentRecord, at: string): Plan => {
  const prior = (parentStanding: boolean): Prior => ({ ...knownOf(space, record), firstReceivedAt: record.firstReceivedAt ?? receipt.receivedAt, released: 0, parentStanding })
  const parentId = isAddendum(document, record) ? (document.parentId ?? record.parentSourceId) : undefined
  const first = plan(personOf(space, nhsNumber, at), prior(parentStands(space, keyOf(document), parentId, nhsNumber)), receipt)
  if (first.bearing !== 'tightens') return first
  return plan(personOf(space, record.nhsNumber, at), prior(parentStands(space, record, record.addendum ? record.parentSourceId : undefined, record.nhsNumber)), receipt)
}

/** Later than any time that a message could say. */
const END_OF_TIME = '9999-12-31T23:59:59.999Z'

/**
 * Share, stop, share, stop: where a sender says neither times nor control ids, its second stop has the very words of
 * the first. It is believed like a late one: where it is stricter, and in nothing else.
 */
const stopsAgain = (space: Workspace, arrival: Arrival, record: DocumentRecord, at: string): boolean => {
  if (arrival.controlKey !== undefined || record.lastSourceTime !== undefined || record.inForce?.receipt.skeleton === arrival.receipt.skeleton) return false
  const plan = planned(space, arrival, withContent(arrival.receipt, record.inForce), { ...record, lastSourceTime: END_OF_TIME }, at)
  if (plan.bearing === 'tightens') tightens(space, record, plan, arrival, at)
  return plan.bearing === 'tightens'
}

const latest = (a: string | undefined, b: string | undefined): string | undefined => (a === undefined || (b !== undefined && b > a) ? b : a)

const inOrder = (space: Workspace, record: DocumentRecord, plan: Plan, receipt: Receipt, arrived: Receipt, at: string): DocumentRecord => {
  const { document } = plan
  const carries = receipt.contents !== arrived.contents
  const revision = record.revision + 1
  const named = shown(forget(plan.moves ? unposted(record) : record), plan)
  auditReceived(space, record, receipt, document.event, { revision, bearing: plan.bearing }, at)
  if (plan.moves) audit(space, { at, documentId: record.id, kind: 'moved', actor: ENGINE }, { revision })
  const kept = putRevision(space, {
    ...named,
    revision, version: record.version + 1, feed: receipt.feed, receivedAt: receipt.receivedAt,
    identifier: plan.moves ? space.parts.newId() : record.identifier,
    ...(plan.nhsNumber ? { nhsNumber: plan.nhsNumber } : {}),
    ...(document.patient.clientId ? { clientId: document.patient.clientId } : {}),
    ...parentNamed(document, record),
    ...(document.team ? { team: document.team.text.trim() } : {}),
    addendum: isAddendum(document, record),
    cancelled: record.cancelled || document.event === 'cancelled',
    moved: record.moved || plan.moves,
  }, {
    receipt, carries, receivedAt: receipt.receivedAt, document, tightened: plan.tightened, facts: plan.facts, decision: plan.decision, resource: plan.resource,
  })
  auditDecided(space, kept, at)
  return settle(space, kept, true, at)
}

/** An addendum stays one of its parent, for later messages about it are plain edits: otherwise an edit would let it out without its parent. */
const parentNamed = (document: RioDocument, record: DocumentRecord): { readonly parentSourceId?: string } => {
  const parentSourceId = document.parentId ?? (isAddendum(document, record) ? record.parentSourceId : undefined)
  return parentSourceId === undefined ? {} : { parentSourceId }
}

/** Each message states the document in full: what it leaves out is not kept. */
const forget = ({ nhsNumber: _nhsNumber, clientId: _clientId, parentSourceId: _parent, team: _team, ...rest }: DocumentRecord): DocumentRecord => rest
/** A deadline that the patient before let pass is not the next one's. */
const unposted = ({ post: _post, postSha256: _sha256, ...rest }: DocumentRecord): DocumentRecord => rest

/** The document in force stays, with the stricter facts, as a revision of its own: releases of the one before are void. */
const tightens = (space: Workspace, record: DocumentRecord, plan: Plan, { receipt, document }: Arrival, at: string): DocumentRecord => {
  const revision = record.revision + 1
  auditReceived(space, record, receipt, document.event, { revision, bearing: plan.bearing }, at)
  const kept = putRevision(space, {
    ...shown(record, plan), revision, version: record.version + 1, receivedAt: receipt.receivedAt, cancelled: record.cancelled || document.event === 'cancelled',
  }, {
    ...record.inForce!, receivedAt: receipt.receivedAt, tightened: plan.tightened, facts: plan.facts, decision: plan.decision, resource: plan.resource,
  })
  auditDecided(space, kept, at)
  return settle(space, kept, true, at)
}

const late = (space: Workspace, record: DocumentRecord, { receipt, document }: Arrival, at: string): DocumentRecord => {
  audit(space, { at, documentId: record.id, kind: 'late', actor: receipt.feed }, { receipt: receipt.id, feed: receipt.feed, event: document.event })
  return putDocument(space, record)
}

const auditReceived = (space: Workspace, record: DocumentRecord, receipt: Receipt, event: string, more: { readonly revision: number; readonly bearing: string }, at: string): void => {
  audit(space, { at, documentId: record.id, kind: 'received', actor: receipt.feed }, { receipt: receipt.id, feed: receipt.feed, event, ...more })
  if (event === 'cancelled' && record.revision === 0) audit(space, { at, documentId: record.id, kind: 'tombstone', actor: ENGINE }, { because: 'cancelled' })
}

const keepReceipt = (space: Workspace, { receipt, fingerprint, controlKey }: Arrival, { id, revision }: DocumentRecord, bearing: Plan['bearing']): void => {
  space.known.set(fingerprintText(id, fingerprint), bearing)
  space.writes.receipts.push({
    id: receipt.id, document_id: id, feed: receipt.feed, format: receipt.format, received_at: receipt.receivedAt, skeleton: receipt.skeleton,
    contents: pack(receipt.contents), file_name: receipt.fileName, declared_type: receipt.declaredType, fingerprint, control_key: controlKey,
    bearing, revision: bearing === 'late' ? undefined : revision,
  } satisfies Row)
}

const keepControlKey = (space: Workspace, { controlKey }: Arrival, documentId: string): void => {
  if (controlKey !== undefined) space.controlled.set(controlKey, [...(space.controlled.get(controlKey) ?? []), documentId])
}

/** What stands of the document that was replaced goes back at once, whatever becomes of its replacement. */
const supersede = (space: Workspace, { id }: DocumentRecord, by: string, at: string): void => {
  const record = space.documents.get(id)!
  if (record.superseded) return
  audit(space, { at, documentId: id, kind: 'superseded', actor: ENGINE }, { by })
  const marked = mark(space, record, { superseded: true })
  if (marked.inForce) replan(space, marked, at)
  else audit(space, { at, documentId: id, kind: 'tombstone', actor: ENGINE }, { because: 'superseded' })
}
