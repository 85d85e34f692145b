// What people decide about a document: holds, releases and another try. Each is written down with who and why, and what
// follows from it follows in the same transaction. It refuses another try for what the second key blocked, and one
// without a reason for what a destination refused.
import { stands, want } from '../decide/owed.ts'
import { Failure } from '../errors.ts'
import { contentOf, isBornOtherwise, mark, nowOf, releasersOf, replan } from './decided.ts'
import { countOf } from './doors.ts'
import type { Released, ReleaseMore } from './review-words.ts'
import type { DeliveryRecord, DocumentRecord } from './rows.ts'
import { audit, deliveriesOf, putDelivery, putDocument, tellOwed } from './workspace.ts'
import type { Workspace } from './workspace.ts'

export type By = {
  readonly actor: string
  readonly reason: string
  readonly at: string
  /** The retry run that it is part of. */
  readonly run?: string
  /** The last attempt of each delivery that was looked at: of what has failed once more since nothing is tried. */
  readonly lookedAt?: readonly string[]
}

// ---------------------------------------------------------------- holds and releases

export const hold = (space: Workspace, documentId: string, held: boolean, { actor, reason, at }: By): void => {
  const found = space.documents.get(documentId)
  // What the engine holds a person may hold as well: from then on it waits for nobody.
  if (!found || (found.held === held && !(held && found.heldFor))) return
  const { heldFor: _heldFor, ...record } = found
  audit(space, { at, documentId, kind: held ? 'held' : 'hold-lifted', actor }, { reason })
  replan(space, mark(space, record, { held }), at)
}

/**
 * Bound to the revision and content in force; the same person's second counts once. Who says what he has seen releases
 * nothing else: `changed` where another revision or content has come, another person has released or holds it, or PKB
 * has given another date of birth.
 */
export const release = (space: Workspace, documentId: string, { actor, door, logged = actor, role, reason, at, consent, seen }: By & { readonly role: string; readonly door: string } & ReleaseMore): Released => {
  const record = space.documents.get(documentId)
  if (!record?.inForce) return 'missing'
  const released = releasersOf(space, record)
  const given = { documentId, revision: record.revision, sha256: contentOf(record.inForce), actor, door, birthDateDiffers: isBornOtherwise(space, record) }
  if (seen && (seen.revision !== given.revision || seen.sha256 !== given.sha256)) return 'changed'
  if (released.has(actor)) return 'already'
  if (seen && (record.held || seen.released !== countOf(released) || seen.birthDateDiffers !== given.birthDateDiffers)) return 'changed'
  space.releases.push(given)
  space.writes.releases.push({ document_id: documentId, revision: given.revision, sha256: given.sha256, actor, role, reason, at, consent, birth_date_differs: given.birthDateDiffers })
  audit(space, { at, documentId, kind: 'released', actor: logged }, { revision: given.revision, role, reason, consent })
  replan(space, putDocument(space, { ...record, version: record.version + 1 }), at)
  return 'released'
}

// ---------------------------------------------------------------- deliveries

export const findDelivery = (space: Workspace, deliveryId: string): readonly [DocumentRecord, DeliveryRecord] | undefined => {
  for (const record of space.documents.values()) {
    const delivery = deliveriesOf(space, record.id).find(({ id }) => id === deliveryId)
    if (delivery) return [record, delivery]
  }
  return undefined
}

/** Those that failed, and those that wait for their time; what was sent with an end that nobody knows waits to be looked for. */
const RETRIED: readonly DeliveryRecord['state'][] = ['failed', 'owed', 'sending', 'recalling']

/** What stands in the log where nobody gave one. */
export const NO_REASON = 'not given'

/** What another try would be for; undefined where there is nothing to do any more. */
export const triedFor = (space: Workspace, record: DocumentRecord, delivery: DeliveryRecord): 'present' | 'absent' | undefined => {
  const wanted = record.inForce ? want(record.inForce, nowOf(record), delivery, deliveriesOf(space, record.id)) : 'leave'
  return wanted === 'leave' || (wanted === 'absent' && !stands(delivery)) ? undefined : wanted
}

/** A form that was sent twice, or from a page of before: what was said to have changed has been tried already, and did not help. */
export const hasFailedSince = ({ state, attemptId }: DeliveryRecord, lookedAt: By['lookedAt']): boolean => lookedAt !== undefined && state === 'failed' && attemptId !== undefined && !lookedAt.includes(attemptId)
export const FAILED_SINCE = 'It was tried since that page was made, and failed again. Look at that first.'

export const retry = (space: Workspace, deliveryId: string, { actor, reason, at, run, lookedAt }: By): boolean | undefined => {
  const [record, delivery] = findDelivery(space, deliveryId) ?? []
  if (!record?.inForce || !delivery) return undefined
  const wanted = triedFor(space, record, delivery)
  if (!RETRIED.includes(delivery.state) || delivery.open || wanted === undefined) return false
  if (hasFailedSince(delivery, lookedAt)) throw new Failure('RETRY_NOT_POSSIBLE', FAILED_SINCE)
  // It would be refused again unchanged: whoever asks says what has changed.
  if (delivery.state === 'failed' && delivery.lastOutcome === 'refused' && reason === NO_REASON) throw new Failure('QUERY_INVALID', 'reason: The destination refused it, so say what has changed since.')
  const again: DeliveryRecord = { ...delivery, state: wanted === 'absent' ? 'recalling' : delivery.state === 'sending' ? 'sending' : 'owed', tries: 0, dueAt: at }
  putDelivery(space, again, at)
  tellOwed(space, again)
  // Of whom PKB would not say anything it is asked less and less often: not where a person wants to know now.
  if (again.destination === 'pkb' && again.state === 'owed' && again.nhsNumber !== undefined) space.writes.askAgain.add(again.nhsNumber)
  audit(space, { at, documentId: record.id, kind: 'retried', actor }, { delivery: deliveryId, destination: delivery.destination, reason, run })
  return true
}
