// One exchange of one document with one destination, as the ledger sees it: what the worker is told, what it decided,
// the attempt written down before anything is sent, and how it ended. It refuses both ends to a worker whose lock is
// gone, and the result of an attempt that is no longer the latest.
import { owed, stands } from '../decide/owed.ts'
import { Failure } from '../errors.ts'
import type { PostReason, SentAs } from '../types.ts'
import { contentOf, ENGINE, follow, nowOf, parentOf, personOf, priorOf, replan, settle } from './decided.ts'
import type { Begun, Finish, Overdue, Step, Thought, Work } from './ledger.ts'
import type { Needs } from './load.ts'
import type { Taken } from './locks.ts'
import { isSentBack, sentBack, unsaid } from './print-answers.ts'
import type { DeliveryRecord, DocumentRecord } from './rows.ts'
import { audit, deliveriesOf, heldText, putDelivery, putDocument, putRevision, tellOwed } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** A worker's hold on one document at one destination. */
export type Worked = { readonly documentId: string; readonly destination: string; readonly taken: Taken }

/** When to look at an attempt whose worker never came back. */
const ABANDONED_SECS = 60
const DETAIL_CHARACTERS = 1_000

const later = (at: string, secs: number): string => new Date(Date.parse(at) + secs * 1000).toISOString()

const checkHeld = (space: Workspace, { pid, key }: Taken): void => {
  if (!space.held.has(heldText(pid, key))) throw new Failure('DATABASE_UNREACHABLE', 'The connection that held the lock of this document was lost; another worker may have it.')
}

const toPlain = ({ attemptId: _attempt, open: _open, owedSha256: _owed, ...delivery }: DeliveryRecord) => delivery

// ---------------------------------------------------------------- begin

export const beginNeeds = ({ documentId, taken }: Worked): Needs => ({ documents: [documentId], plans: true, holder: taken.pid })

export const begin = (space: Workspace, worked: Worked, think: (work: Work) => Thought, at: string): Begun | undefined => {
  checkHeld(space, worked.taken)
  const record = space.documents.get(worked.documentId)
  if (!record?.inForce) return undefined
  const work = workOf(space, record, worked.destination, at)
  const thought = think(work)
  const planned = thought.plan ? follow(space, record, thought.plan, at) : record
  keepResource(space, planned, thought)
  const attemptId = take(space, planned, thought.step, at)
  rest(space, planned, worked.destination, thought.step, at)
  return { work, thought, at, ...(attemptId ? { attemptId } : {}) }
}

/** Tried before, perhaps by a version of this program that made the same decision into another resource: what is shown is what is sent. */
const keepResource = (space: Workspace, record: DocumentRecord, { plan, step }: Thought): void => {
  if (step.do !== 'exchange' || step.action === 'look' || step.action === 'recall' || !plan?.resource || deliveryIn(space, record, step.deliveryId).attemptId === undefined) return
  putRevision(space, record, { ...record.inForce!, resource: plan.resource })
}

const workOf = (space: Workspace, record: DocumentRecord, destination: string, at: string): Work => {
  const inForce = record.inForce!
  const parent = record.parentSourceId === undefined ? undefined : parentOf(space, { source: record.source, sourceId: record.parentSourceId })
  return {
    documentId: record.id, source: record.source, sourceId: record.sourceId, revision: record.revision, identifier: record.identifier,
    receipt: inForce.receipt, prior: priorOf(space, record), person: personOf(space, record.nhsNumber, at), decision: inForce.decision,
    deliveries: deliveriesOf(space, record.id).filter((delivery) => delivery.destination === destination).map((delivery) => asSeen(delivery, at)),
    elsewhere: deliveriesOf(space, record.id).filter((delivery) => delivery.destination !== destination).map(toPlain),
    stops: space.stops,
    ...(space.halted.includes(destination) ? { paused: true as const } : {}),
    ...(space.policyInForce ? { policyInForce: space.policyInForce } : {}),
    ...(record.nhsNumber ? { nhsNumber: record.nhsNumber } : {}),
    ...(parent ? { parentIdentifier: parent.identifier } : {}),
  }
}

/** Whoever started an open attempt is gone, for the lock is ours: it is to be looked at now. */
const asSeen = (delivery: DeliveryRecord, at: string): Work['deliveries'][number] =>
  delivery.open && delivery.dueAt !== undefined ? { ...toPlain(delivery), dueAt: at < delivery.dueAt ? at : delivery.dueAt } : toPlain(delivery)

const take = (space: Workspace, record: DocumentRecord, step: Step, at: string): string | undefined => {
  if (step.do === 'block') return block(space, record, step, at)
  if (step.do !== 'exchange') return undefined
  const delivery = deliveryIn(space, record, step.deliveryId)
  const id = space.parts.newId()
  space.writes.attempts.set(id, { id, deliveryId: delivery.id, at, action: step.action, revision: step.revision, version: space.documents.get(record.id)!.version, outcome: 'started' })
  const started = { ...delivery, attemptId: id, open: true, dueAt: later(at, ABANDONED_SECS) } as const
  putDelivery(space, step.action === 'look' ? { ...started, state: 'sending' }
    : step.action === 'recall' ? recalling(started, at)
      : sending(started, step, sentAs(record), at), at)
  audit(space, { at, documentId: record.id, kind: 'attempt-started', actor: ENGINE }, { attempt: id, delivery: delivery.id, destination: delivery.destination, action: step.action, revision: step.revision })
  return id
}

/** What stood may be gone before anybody hears of it, and nobody may ever hear of it. */
const recalling = (delivery: DeliveryRecord, at: string): DeliveryRecord =>
  ({ ...delivery, state: 'recalling', standing: 'unsure', ...(delivery.destination === 'pkb' ? { recallUnsureAt: at } : {}) })

/** A recall says again what was said then, whoever the document belongs to by that time. */
const sentAs = ({ inForce }: DocumentRecord): SentAs => {
  const { family, given, birthDate } = inForce!.document.patient
  return { ...(family ? { family } : {}), ...(given ? { given } : {}), ...(birthDate ? { birthDate } : {}) }
}

/**
 * From here on this revision may stand there, for this patient, by this transport beside those by which it did. What was read or
 * acknowledged is no more known to be what stands.
 */
const sending = (before: DeliveryRecord, { revision, sha256, nhsNumber, via }: Extract<Step, { do: 'exchange' }>, as: SentAs, at: string): DeliveryRecord => {
  const { standingSha256, remoteId, readAt, acknowledgedAt, unconfirmed: _unconfirmed, via: stoodVia = [], ...delivery } = unsaid(before)
  const stood = stands(before)
  return {
    ...delivery, state: 'sending', standing: 'unsure', standingRevision: revision, sentAt: at,
    sendUnsureAt: at, ...(before.destination === 'pkb' ? { sentAs: as } : {}), ...(sha256 ? { standingSha256: sha256 } : {}), ...(nhsNumber ? { nhsNumber } : {}),
    ...(via ? { via: [...new Set([...(stood ? stoodVia : []), via])] } : {}),
    // A batch at the print house is one letter.
    ...(remoteId !== undefined && (before.destination !== 'print' || standingSha256 === sha256) ? { remoteId } : {}),
    ...(stood && acknowledgedAt ? { acknowledgedAt } : {}),
    ...(stood && readAt && standingSha256 === sha256 ? { readAt } : {}),
  }
}

const deliveryIn = (space: Workspace, record: DocumentRecord, deliveryId: string): DeliveryRecord => {
  const delivery = deliveriesOf(space, record.id).find(({ id }) => id === deliveryId)
  if (!delivery) throw new Failure('INTERNAL', 'The step names a delivery that the document does not have.')
  return delivery
}

const block = (space: Workspace, record: DocumentRecord, { deliveryId, code, detail }: Extract<Step, { do: 'block' }>, at: string): undefined => {
  const { dueAt: _, ...delivery } = deliveryIn(space, record, deliveryId)
  putDelivery(space, { ...delivery, state: 'blocked', lastCode: code, lastDetail: detail.slice(0, DETAIL_CHARACTERS) }, at)
  audit(space, { at, documentId: record.id, kind: 'blocked', actor: ENGINE }, { delivery: deliveryId, destination: delivery.destination, code })
}

const SETTLED: readonly DeliveryRecord['state'][] = ['acknowledged', 'printing', 'printed', 'recalled', 'closed', 'blocked', 'failed']

/** A delivery that was woken and needs nothing is not woken again. */
const rest = (space: Workspace, record: DocumentRecord, destination: string, step: Step, at: string): void => {
  if (step.do !== 'nothing' || step.unjudged) return
  const { rests } = step
  for (const { dueAt, ...delivery } of deliveriesOf(space, record.id)) {
    if (delivery.destination === destination && dueAt !== undefined && dueAt <= at && (delivery.id === rests || SETTLED.includes(delivery.state))) putDelivery(space, delivery, at)
  }
}

// ---------------------------------------------------------------- put off

export const putOffNeeds = ({ documentId, taken }: Worked): Needs => ({ documents: [documentId], holder: taken.pid })

/** `version`: of the document when the worker looked. A change since then is acted on first. */
export const putOff = (space: Workspace, worked: Worked, deliveryId: string, dueAt: string, version: number | undefined, at: string): void => {
  checkHeld(space, worked.taken)
  const record = space.documents.get(worked.documentId)
  if (!record || record.version !== version) return
  const delivery = deliveryIn(space, record, deliveryId)
  if (delivery.dueAt === undefined) return
  const put = { ...delivery, dueAt }
  putDelivery(space, put, at)
  tellOwed(space, put)
}

// ---------------------------------------------------------------- its time is up

export const postNeeds = ({ documentId, taken }: Worked): Needs => ({ documents: [documentId], plans: true, holder: taken.pid })

/** From now on this content goes by post, where the floor allows. Looked at again under the lock: it may have been read, sent or decided anew. */
export const post = (space: Workspace, worked: Worked, { deliveryId, because, owedSince }: Pick<Overdue, 'deliveryId' | 'because' | 'owedSince'>, at: string): boolean => {
  checkHeld(space, worked.taken)
  const record = space.documents.get(worked.documentId)
  const delivery = deliveriesOf(space, worked.documentId).find(({ id }) => id === deliveryId)
  if (!record?.inForce || !delivery || !isOverdue(space, record, delivery, because, owedSince, at)) return false
  const marked: DocumentRecord = { ...record, post: because, postSha256: contentOf(record.inForce), version: record.version + 1 }
  const planned = space.parts.plan(record.inForce.receipt, personOf(space, record.nhsNumber, at), priorOf(space, marked))
  // Another process has put another policy in force: by this one nothing may be decided any more.
  if (planned && space.policyInForce !== undefined && planned.decision.policy !== space.policyInForce) return false
  // Its deadline is used up; that for reading is not where it waited for an account, and may go to the record after all.
  const { readBy: _readBy, ...rest } = delivery
  if (because === 'not-read') putDelivery(space, rest, at)
  audit(space, { at, documentId: record.id, kind: 'posted-instead', actor: ENGINE }, { delivery: deliveryId, because, revision: record.revision })
  replan(space, putDocument(space, marked), at)
  return true
}

/** What a person has to look at stays with that person: a delivery that the second key refused. */
const isOverdue = (space: Workspace, record: DocumentRecord, delivery: DeliveryRecord, because: PostReason, owedSince: string, at: string): boolean => {
  const { inForce, identifier, nhsNumber } = record
  const { route } = inForce!.decision
  // A copy that is left there, though nothing new would go there, may still be the only one that the patient has; one that is to go first may have to wait for PKB.
  const isMeant = route === 'pkb' || (route === 'print' && because === 'not-read' && stands(delivery))
  if (delivery.destination !== 'pkb' || delivery.identifier !== identifier || !isMeant || delivery.state === 'blocked') return false
  if (delivery.owedSha256 !== contentOf(inForce!) || delivery.owedSince !== owedSince) return false
  if (because === 'not-read') return delivery.readAt === undefined && delivery.readBy !== undefined && delivery.readBy <= at
  const isEarlier = delivery.standing === 'present' && delivery.standingSha256 !== undefined && delivery.standingSha256 !== delivery.owedSha256
  return delivery.state === 'owed' && (isEarlier || delivery.standing === 'nothing' || delivery.standing === 'recalled') && personOf(space, nhsNumber, at).account === 'unknown'
}

// ---------------------------------------------------------------- finish

/** Where no copy came to stand at PKB, addenda may have to follow. */
export const finishNeeds = ({ documentId, destination, taken }: Worked, { attemptId, delivery }: Finish): Needs =>
  ({ documents: [documentId], attempts: [attemptId], plans: destination === 'pkb' && delivery.standing !== 'present', holder: taken.pid })

/** Whether something of this document at this destination is due at once. */
export const finish = (space: Workspace, worked: Worked, end: Finish): boolean => {
  write(space, worked, end)
  return deliveriesOf(space, worked.documentId).some(({ destination, dueAt }) => destination === worked.destination && dueAt !== undefined && dueAt <= end.at)
}

const write = (space: Workspace, worked: Worked, end: Finish): void => {
  checkHeld(space, worked.taken)
  const record = space.documents.get(worked.documentId)
  const attempt = space.attempts.get(end.attemptId)
  if (!record || !attempt || attempt.deliveryId !== end.deliveryId) throw new Failure('INTERNAL', 'There is no such attempt of this delivery.')
  // The same end said twice is said once.
  if (attempt.outcome !== 'started') return
  const detail = end.detail.slice(0, DETAIL_CHARACTERS)
  space.writes.attempts.set(attempt.id, { ...attempt, outcome: end.outcome, code: end.code, detail, tookMs: Math.round(end.tookMs), ...(end.trace ? { trace: end.trace } : {}) })
  const delivery = deliveryIn(space, record, end.deliveryId)
  const ended = delivery.attemptId === attempt.id ? endedAs(delivery, attempt.action, end, detail) : undefined
  audit(space, { at: end.at, documentId: record.id, kind: 'attempt-ended', actor: ENGINE }, {
    attempt: attempt.id, delivery: end.deliveryId, destination: delivery.destination, action: attempt.action, revision: attempt.revision, outcome: end.outcome, code: end.code, state: ended?.state, correlation: end.trace?.correlation,
  })
  if (!ended) return
  putDelivery(space, ended, end.at)
  if (record.version !== attempt.version) catchUp(space, record, ended, end.at)
  else tellOwed(space, ended)
  // What waited for this end, such as PKB for a letter to be pulled back, is owed from now on.
  settle(space, space.documents.get(record.id)!, false, end.at)
}

const endedAs = (before: DeliveryRecord, action: string, { at, delivery, outcome, code }: Finish, detail: string): DeliveryRecord => {
  const { standingRevision: _revision, standingSha256: _sha256, remoteId: _remoteId, dueAt: _dueAt, via: begunVia, unconfirmed: _unconfirmed, sendUnsureAt: _sendUnsureAt, recallUnsureAt: _recallUnsureAt, ...rest } = before
  const { via: endedVia, ...ended } = delivery
  // Where nothing stands, it stands by nothing.
  const via = stands(delivery) ? (endedVia ?? begunVia) : undefined
  // The print house may have answered before the handing over was written down: about this batch, not about the one before.
  const isPrinted = before.state === 'printed' && (delivery.state === 'printing' || delivery.state === 'failed') && before.remoteId === delivery.remoteId
  const state = isPrinted ? 'printed' : delivery.state
  const after: DeliveryRecord = {
    ...rest, ...ended, ...(via ? { via } : {}), ...(isAcknowledged(before, action, delivery, outcome) ? { acknowledgedAt: at } : {}),
    state, open: false, lastOutcome: outcome, lastCode: code, lastDetail: detail,
  }
  return delivery.standing === 'present' && isSentBack(before, delivery.remoteId) ? sentBack(before, after) : after
}

/** PKB said that it has what was sent, or was seen to have it. */
const isAcknowledged = (before: DeliveryRecord, action: string, { standing }: Finish['delivery'], outcome: Finish['outcome']): boolean => {
  if (before.destination !== 'pkb' || standing !== 'present' || outcome !== 'accepted' || action === 'recall') return false
  return action !== 'look' || before.acknowledgedAt === undefined || (before.sentAt !== undefined && before.acknowledgedAt < before.sentAt)
}

/** Something changed during the exchange: however it ended, what is wanted now is worked out anew and done at once. What is wanted as before keeps its time: a recall may have to wait for what it is to take back. */
const catchUp = (space: Workspace, record: DocumentRecord, delivery: DeliveryRecord, at: string): void => {
  const change = owed(record.inForce!, nowOf(record), deliveriesOf(space, record.id), true).find((one) => one.kind === 'set' && one.deliveryId === delivery.id)
  const { dueAt, ...rest } = delivery
  const due = change?.kind !== 'set' ? dueAt : change.due ? at : undefined
  const caught: DeliveryRecord = { ...rest, state: change?.state ?? delivery.state, ...(due === undefined ? {} : { dueAt: due }) }
  putDelivery(space, caught, at)
  tellOwed(space, caught)
  if (change?.audit) audit(space, { at, documentId: record.id, kind: change.audit, actor: ENGINE }, { delivery: delivery.id, destination: delivery.destination, revision: record.revision })
}
