// What the print house answers about a letter: that it was printed, or that it is sent back. It refuses to take an answer
// about an earlier letter for one about what lies there now, and to say that nothing stands while a letter that was handed
// over after it may.
import { settle } from './decided.ts'
import type { Ledger } from './ledger.ts'
import { findDelivery } from './people.ts'
import type { DeliveryRecord } from './rows.ts'
import { audit, putDelivery } from './workspace.ts'
import type { Workspace } from './workspace.ts'

type Answer = Parameters<Ledger['acknowledgePrint']>[0]

export const acknowledgePrint = (space: Workspace, answer: Answer, at: string): void => {
  const { deliveryId, accepted, batch } = answer
  const [record, delivery] = findDelivery(space, deliveryId) ?? []
  if (!record || !delivery) return
  // The same answer read twice is written down once.
  if (accepted ? delivery.state === 'printed' : isSentBack(delivery, batch)) return
  audit(space, { at, documentId: record.id, kind: accepted ? 'print-acknowledged' : 'print-rejected', actor: delivery.destination }, { delivery: deliveryId, batch })
  const answered = answeredBy(delivery, answer)
  if (!answered) return
  putDelivery(space, answered, at)
  // What was left there only because the print house had it already may be owed elsewhere now, and what waited for it may go.
  settle(space, space.documents.get(record.id)!, false, at)
}

/** Undefined where the answer changes nothing. */
const answeredBy = (delivery: DeliveryRecord, { accepted, reason, batch, revision }: Answer): DeliveryRecord | undefined => {
  const about = aboutWhat(delivery, batch, revision)
  // Another revision is to take its place: that is still owed, and of what was sent back nothing stands there any more.
  const isReplaced = delivery.state === 'owed' || delivery.state === 'blocked'
  if (about === 'another' || (accepted && isReplaced)) return undefined
  // As long as nobody knows how the handing over ended, what it was to put there may stand.
  if (about === 'the one before') return accepted ? { ...delivery, state: 'printed' } : { ...delivery, ...rejected(reason) }
  const { dueAt, ...settled } = settledBy(delivery, batch)
  if (accepted) return { ...settled, state: 'printed' }
  const { standingRevision: _revision, standingSha256: _sha256, ...rest } = settled
  return { ...rest, ...rejected(reason), standing: 'nothing', state: isReplaced ? delivery.state : 'failed', ...(isReplaced && dueAt !== undefined ? { dueAt } : {}) }
}

/** `the one before`: the print house has it, and another is being handed over that may come to count as the same. An answer about a letter that was taken back meanwhile is about another. */
const aboutWhat = ({ standing, standingRevision, remoteId }: DeliveryRecord, batch: string, revision: number): 'this' | 'the one before' | 'another' => {
  if (standing === 'unsure') return revision === standingRevision ? 'this' : remoteId === batch ? 'the one before' : 'another'
  return standing === 'present' && (remoteId === undefined ? revision === standingRevision : remoteId === batch) ? 'this' : 'another'
}

/** What the print house answers about, it has: what is under way is settled, be that a handing over whose worker is gone or a recall. */
const settledBy = (before: DeliveryRecord, batch: string): DeliveryRecord => {
  const { attemptId, sendUnsureAt: _sendUnsureAt, ...delivery } = before
  return { ...delivery, ...(delivery.standing === 'unsure' || attemptId === undefined ? {} : { attemptId }), open: false, standing: 'present', remoteId: batch }
}

const REJECTED = 'rejected'

const rejected = (reason: string | undefined) => ({ lastOutcome: 'refused', lastCode: REJECTED, lastDetail: reason ?? 'The print house gave no reason.' } as const)

/** Whether this batch is what the print house has sent back, and nothing was heard of since. */
export const isSentBack = ({ destination, lastCode, remoteId }: DeliveryRecord, batch: string | undefined): boolean =>
  destination === 'print' && lastCode === REJECTED && batch !== undefined && remoteId === batch

/** An exchange that ended with what the print house has sent back meanwhile: nothing stands. Unless more is to be done, a person decides whether it is tried again. */
export const sentBack = ({ lastDetail }: DeliveryRecord, { standingRevision: _revision, standingSha256: _sha256, ...ended }: DeliveryRecord): DeliveryRecord =>
  ({ ...ended, ...rejected(lastDetail), standing: 'nothing', state: ended.dueAt === undefined ? 'failed' : ended.state })

/** That one letter was sent back says nothing of the one that is handed over now. */
export const unsaid = (delivery: DeliveryRecord): DeliveryRecord => {
  const { lastOutcome: _outcome, lastCode, lastDetail: _detail, ...rest } = delivery
  return delivery.destination === 'print' && lastCode === REJECTED ? rest : delivery
}
