// What a person has done to one document in trouble: sent by post instead of to the record, or decided again and tried
// again. It refuses the post where the floor does, and to have anything tried that nothing has changed about and that a
// destination refused.
import { want } from '../decide/owed.ts'
import { Failure } from '../errors.ts'
import { contentOf, nowOf, personOf, priorOf, replan, settle } from './decided.ts'
import type { Redecided } from './ledger.ts'
import { FAILED_SINCE, hasFailedSince, retry, type By } from './people.ts'
import { redecide } from './replay.ts'
import type { DeliveryRecord, DocumentRecord } from './rows.ts'
import type { PrintedInstead } from './run-words.ts'
import { audit, deliveriesOf, putDelivery, putDocument } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** Not there, and not there for good. */
const OPEN: readonly DeliveryRecord['state'][] = ['owed', 'sending', 'failed', 'blocked']

/** The delivery to the record that is in trouble, if there is one. */
const toTheRecord = (space: Workspace, record: DocumentRecord): DeliveryRecord | undefined =>
  deliveriesOf(space, record.id).find(({ destination, identifier, state }) => destination === 'pkb' && identifier === record.identifier && OPEN.includes(state))

export const printInstead = (space: Workspace, documentId: string, { actor, reason, at, run }: By): PrintedInstead => {
  const record = space.documents.get(documentId)
  if (!record?.inForce) return { kind: 'missing' }
  const delivery = toTheRecord(space, record)
  if (record.inForce.decision.route !== 'pkb' || !delivery) return { kind: 'not-meant' }
  const marked: DocumentRecord = { ...record, post: 'person', postSha256: contentOf(record.inForce), version: record.version + 1 }
  const planned = space.parts.plan(record.inForce.receipt, personOf(space, record.nhsNumber, at), priorOf(space, marked))
  if (!planned) return { kind: 'unreadable' }
  // Another process has put another policy in force: by this one nothing may be decided any more.
  if (space.policyInForce !== undefined && planned.decision.policy !== space.policyInForce) throw new Failure('POLICY_NOT_IN_FORCE', 'Nothing was sent by post.')
  if (planned.decision.route !== 'print' || planned.decision.leftToTeam) return { kind: 'kept', because: planned.decision.leftToTeam ? 'The team posts its letters itself.' : planned.decision.because }
  // A deadline of the record counts no more.
  const { readBy: _readBy, ...rest } = delivery
  putDelivery(space, rest, at)
  audit(space, { at, documentId, kind: 'posted-instead', actor }, { delivery: delivery.id, because: 'person', revision: record.revision, reason, run })
  replan(space, putDocument(space, marked), at)
  return { kind: 'done' }
}

/** Of what is still wanted and has not arrived. */
const inTrouble = (space: Workspace, record: DocumentRecord): readonly DeliveryRecord[] => {
  const all = deliveriesOf(space, record.id)
  return all.filter((delivery) => (delivery.state === 'failed' || delivery.state === 'blocked') && want(record.inForce!, nowOf(record), delivery, all) !== 'leave')
}

export const decideAgain = (space: Workspace, documentId: string, by: By & { readonly policy: string }): Redecided & { readonly tried: boolean } => {
  const before = space.documents.get(documentId)
  if (!before?.inForce) return { kind: 'missing', tried: false }
  const troubled = inTrouble(space, before)
  if (troubled.some((delivery) => hasFailedSince(delivery, by.lookedAt))) throw new Failure('RETRY_NOT_POSSIBLE', FAILED_SINCE)
  const decided = redecide(space, documentId, by)
  if (decided.kind === 'missing' || decided.kind === 'unreadable') return { ...decided, tried: false }
  const { actor, reason, at, run } = by
  if (decided.kind === 'unchanged') return { ...decided, tried: troubled.filter(({ id }) => retry(space, id, { actor, reason, at, ...(run ? { run } : {}) }) === true).length > 0 }
  // A new decision: what the old one left in trouble is worked out anew, and the second key judges it as ever.
  settle(space, space.documents.get(documentId)!, true, at)
  const again = troubled.filter(({ id, destination }) => {
    const now = deliveriesOf(space, documentId).find((delivery) => delivery.id === id)
    if (now?.state !== 'owed' && now?.state !== 'recalling') return false
    audit(space, { at, documentId, kind: 'retried', actor }, { delivery: id, destination, reason, run })
    return true
  })
  return { ...decided, tried: again.length > 0 }
}
