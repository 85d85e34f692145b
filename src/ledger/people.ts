// What people decide about a document: holds, releases, another try, and the print house's answers. Each is written
// down with who and why, and what follows from it follows in the same transaction. It refuses another try for what the
// second key blocked, and one without a reason for what a destination refused.
import { want } from '../decide/owed.ts'
import { Failure } from '../errors.ts'
import { contentOf, mark, nowOf, replan, settle } from './decided.ts'
import type { Ledger } from './ledger.ts'
import type { DeliveryRecord, DocumentRecord } from './rows.ts'
import { audit, deliveriesOf, putDelivery, putDocument, tellOwed } from './workspace.ts'
import type { Workspace } from './workspace.ts'

export type By = { readonly actor: string; readonly reason: string; readonly at: string }

// ---------------------------------------------------------------- holds and releases

export const hold = (space: Workspace, documentId: string, held: boolean, { actor, reason, at }: By): void => {
  const record = space.documents.get(documentId)
  if (!record || record.held === held) return
  audit(space, { at, documentId, kind: held ? 'held' : 'hold-lifted', actor }, { reason })
  replan(space, mark(space, record, { held }), at)
}

/** Bound to the revision and content in force; the same person's second counts once. */
export const release = (space: Workspace, documentId: string, { actor, role, reason, at }: By & { readonly role: string }): void => {
  const record = space.documents.get(documentId)
  if (!record?.inForce) return
  const given = { documentId, revision: record.revision, sha256: contentOf(record.inForce), actor }
  if (space.releases.some((one) => one.documentId === documentId && one.revision === given.revision && one.sha256 === given.sha256 && one.actor === actor)) return
  space.releases.push(given)
  space.writes.releases.push({ document_id: documentId, revision: given.revision, sha256: given.sha256, actor, role, reason, at })
  audit(space, { at, documentId, kind: 'released', actor }, { revision: given.revision, role, reason })
  replan(space, putDocument(space, { ...record, version: record.version + 1 }), at)
}

// ---------------------------------------------------------------- deliveries

const findDelivery = (space: Workspace, deliveryId: string): readonly [DocumentRecord, DeliveryRecord] | undefined => {
  for (const record of space.documents.values()) {
    const delivery = deliveriesOf(space, record.id).find(({ id }) => id === deliveryId)
    if (delivery) return [record, delivery]
  }
  return undefined
}

/** Those that failed, and those that wait for their time. */
const RETRIED: readonly DeliveryRecord['state'][] = ['failed', 'owed', 'recalling']

/** What stands in the log where nobody gave one. */
export const NO_REASON = 'not given'

export const retry = (space: Workspace, deliveryId: string, { actor, reason, at }: By): boolean | undefined => {
  const [record, delivery] = findDelivery(space, deliveryId) ?? []
  if (!record?.inForce || !delivery) return undefined
  const wanted = want(record.inForce, nowOf(record), delivery, deliveriesOf(space, record.id))
  const nothingToDo = wanted === 'leave' || (wanted === 'absent' && delivery.standing !== 'present' && delivery.standing !== 'unsure')
  if (!RETRIED.includes(delivery.state) || delivery.open || nothingToDo) return false
  // It would be refused again unchanged: whoever asks says what has changed.
  if (delivery.state === 'failed' && delivery.lastOutcome === 'refused' && reason === NO_REASON) throw new Failure('QUERY_INVALID', 'reason: The destination refused it, so say what has changed since.')
  const again: DeliveryRecord = { ...delivery, state: wanted === 'present' ? 'owed' : 'recalling', tries: 0, dueAt: at }
  putDelivery(space, again, at)
  tellOwed(space, again)
  audit(space, { at, documentId: record.id, kind: 'retried', actor }, { delivery: deliveryId, destination: delivery.destination, reason })
  return true
}

/** An answer about a letter that was taken back meanwhile is written down, and changes nothing. */
const AT_THE_PRINT_HOUSE: readonly DeliveryRecord['state'][] = ['sending', 'printing', 'printed', 'failed', 'recalling']

export const acknowledgePrint = (space: Workspace, { deliveryId, accepted, reason, batch }: Parameters<Ledger['acknowledgePrint']>[0], at: string): void => {
  const [record, delivery] = findDelivery(space, deliveryId) ?? []
  if (!record || !delivery) return
  // The same answer read twice is written down once.
  if (accepted ? delivery.state === 'printed' : delivery.state === 'failed' && delivery.lastCode === REJECTED) return
  audit(space, { at, documentId: record.id, kind: accepted ? 'print-acknowledged' : 'print-rejected', actor: delivery.destination }, { delivery: deliveryId, batch })
  // Nor is one about an earlier batch one about the letter that lies there now, which could still be taken back.
  const isEarlier = delivery.state !== 'sending' && delivery.remoteId !== undefined && delivery.remoteId !== batch
  if (!AT_THE_PRINT_HOUSE.includes(delivery.state) || isEarlier) return
  const { dueAt: _, ...rest } = delivery
  putDelivery(space, accepted ? { ...rest, state: 'printed', remoteId: batch } : rejected(rest, reason), at)
  // Meant for the record, or for nobody, and left with the print house because that had it already: now it has not.
  if (!accepted && (record.inForce?.decision.route === 'pkb' || delivery.state === 'recalling')) settle(space, space.documents.get(record.id)!, false, at)
}

const REJECTED = 'rejected'

/** What the print house sends back does not stand there: another try hands it over again. How a recall of it ends tells nothing any more. */
const rejected = ({ standingRevision: _revision, standingSha256: _sha256, attemptId, ...delivery }: DeliveryRecord, reason: string | undefined): DeliveryRecord =>
  ({ ...delivery, ...(delivery.state === 'recalling' ? { open: false } : attemptId === undefined ? {} : { attemptId }), state: 'failed', standing: 'nothing', lastOutcome: 'refused', lastCode: REJECTED, lastDetail: reason ?? 'The print house gave no reason.' })
