// What becomes of a document when it was planned: the decision is kept, what is owed to each destination is worked
// out, and its addenda follow where it came to stand or ceased to. Every step that plans goes through here. It
// refuses to loosen anything for a document whose receipt the policy in force cannot read.
import { isDeepStrictEqual } from 'node:util'
import { codesOf } from '../decide/code.ts'
import { POSTED } from '../decide/decide.ts'
import { tighten } from '../decide/facts.ts'
import { floorAgainst } from '../decide/floor.ts'
import { birthDateDiffers } from '../decide/identity.ts'
import { labelsFor } from '../decide/labels.ts'
import { owed, stands } from '../decide/owed.ts'
import type { DeliveryChange, Now } from '../decide/owed.ts'
import { deadline } from '../decide/working-days.ts'
import type { Decision, Facts, Person, Plan, Prior } from '../types.ts'
import { UNKNOWN_PERSON } from '../types.ts'
import { countOf, type Releasers } from './doors.ts'
import { keyText } from './rows.ts'
import type { DeliveryRecord, DocumentRecord, Key, PersonRecord, Revision } from './rows.ts'
import { audit, deliveriesOf, documentByKey, isStanding, keepWaiting, putDelivery, putDocument, putRevision, stoodText, tellOwed } from './workspace.ts'
import type { Parent, Workspace } from './workspace.ts'

/** Who writes in the log what nobody asked for. */
export const ENGINE = 'engine'

// ---------------------------------------------------------------- what a plan is made from

/** What is known of a person's account at this moment. */
export const personOf = (space: Workspace, nhsNumber: string | undefined, at: string): Person => {
  const known = nhsNumber === undefined ? undefined : space.people.get(nhsNumber)
  return known ? personFrom(known, at, space.parts.accountFreshHours) : UNKNOWN_PERSON
}

/** What PKB's last answer is worth at this moment. */
export const personFrom = (known: PersonRecord, at: string, freshHours: number): Person => {
  const fresh = Date.parse(at) - Date.parse(known.asOf) <= freshHours * 3_600_000
  return {
    account: fresh ? (known.registered ? 'registered' : 'unregistered') : 'unknown',
    deceased: known.deceased,
    ...(known.birthDate ? { birthDate: known.birthDate } : {}),
    asOf: known.asOf,
  }
}

/** The content that a release is bound to; none is a content too. */
export const contentOf = (revision: Revision): string => revision.document.contents[0]?.ref.sha256 ?? ''

/** Who has released what is in force, each with his door. That PKB has another date of birth is news: a release of before it does not cover it. */
export const releasersOf = (space: Workspace, record: DocumentRecord): Releasers => {
  const { inForce } = record
  if (!inForce) return new Map()
  const differs = isBornOtherwise(space, record)
  return new Map(space.releases
    .filter((release) => release.documentId === record.id && release.revision === record.revision && release.sha256 === contentOf(inForce) && (release.birthDateDiffers || !differs))
    .map(({ actor, door }) => [actor, door]))
}

export const isBornOtherwise = (space: Workspace, { nhsNumber, inForce }: DocumentRecord): boolean =>
  inForce !== undefined && birthDateDiffers(inForce.document.patient, nhsNumber === undefined ? undefined : space.people.get(nhsNumber))

/** The parent that an addendum or a replacement names, as far as it is known. */
export const parentOf = (space: Workspace, key: Key): Parent | undefined => {
  const record = documentByKey(space, key)
  return record ? { ...record, standing: isStanding(record, deliveriesOf(space, record.id)) } : space.parents.get(keyText(key))
}

/** Whether a parent stands with this very patient. A document is no parent of itself. */
export const parentStands = (space: Workspace, child: Key, parentId: string | undefined, nhsNumber: string | undefined): boolean => {
  if (parentId === undefined || parentId === child.sourceId) return false
  const parent = parentOf(space, { source: child.source, sourceId: parentId })
  if (!parent?.standing) return false
  return nhsNumber === undefined || parent.nhsNumber === undefined || parent.nhsNumber === nhsNumber
}

/** What is known of a document when its receipt in force is planned again. */
export const priorOf = (space: Workspace, record: DocumentRecord): Prior => ({
  ...knownOf(space, record),
  released: countOf(releasersOf(space, record)),
  parentStanding: parentStands(space, record, record.addendum ? record.parentSourceId : undefined, record.nhsNumber),
})

/** The part of it that does not depend on other documents and on people. */
export const knownOf = (space: Workspace, record: DocumentRecord): Omit<Prior, 'released' | 'parentStanding'> => {
  const { inForce, cancelled, superseded, moved, held, addendum } = record
  const addressedTo = deliveriesOf(space, record.id).findLast(({ identifier, nhsNumber }) => identifier === record.identifier && nhsNumber !== undefined)?.nhsNumber
  return {
    firstReceivedAt: record.firstReceivedAt ?? '',
    ...(record.lastSourceTime === undefined ? {} : { lastSourceTime: record.lastSourceTime }),
    ...(inForce ? { current: { receiptId: inForce.receipt.id, feed: inForce.receipt.feed, document: inForce.document, tightened: inForce.tightened } } : {}),
    cancelled, superseded, moved, held, addendum,
    ...(addressedTo === undefined ? {} : { addressedTo }),
    ...(record.post && isMarked(record) ? { post: record.post } : {}),
  }
}

/** A deadline passed for exactly the content that is in force. */
const isMarked = ({ postSha256, inForce }: DocumentRecord): boolean => inForce !== undefined && postSha256 === contentOf(inForce)

// ---------------------------------------------------------------- plan again

/** Plans the receipt in force once more, because something beside it changed, and lets everything follow. */
export const replan = (space: Workspace, record: DocumentRecord, at: string): DocumentRecord => {
  const { inForce } = record
  if (!inForce) return record
  const planned = space.parts.plan(inForce.receipt, personOf(space, record.nhsNumber, at), priorOf(space, record))
  return follow(space, record, planned ?? keptIn(space, record, inForce), at)
}

/** A receipt that the policy in force cannot read keeps its facts, and only what speaks against it is added. */
const keptIn = (space: Workspace, record: DocumentRecord, inForce: Revision): Pick<Plan, 'facts' | 'decision'> => {
  const { cancelled, superseded, held } = record
  const facts = tighten(inForce.facts, { ...(cancelled ? { lifecycle: 'cancelled' } : superseded ? { lifecycle: 'superseded' } : {}), ...(held ? { hold: 'held' } : {}) })
  const { route } = inForce.decision
  if (route !== 'pkb' && route !== 'print') return { facts, decision: inForce.decision }
  const against = floorAgainst(facts, route)
  if (against.length > 0) return { facts, decision: forReview(inForce.decision, facts, 'floor', `The safety floor keeps it in: ${against.map((line) => `${line.id}: ${line.says}`).join(' ')}`) }
  const { parentStanding, post } = priorOf(space, record)
  if (record.addendum && !parentStanding) return { facts, decision: forReview(inForce.decision, facts, 'parent-not-standing', 'It adds to a document that the patient does not have.') }
  if (route === 'pkb' && post) return { facts, decision: forReview(inForce.decision, facts, POSTED[post].rule, `${POSTED[post].says}, and the policy in force cannot read the receipt, so a person has to decide.`) }
  return { facts, decision: inForce.decision }
}

const forReview = ({ conflict, variance, policy }: Decision, facts: Facts, rule: string, because: string): Decision =>
  ({ route: 'review', rule, because, conflict, variance, leftToTeam: false, labels: labelsFor('review', facts), policy })

/**
 * Keeps a plan of the receipt in force that was made again, if it differs. A changed route or rule is fresh: what
 * failed or was blocked gets another chance.
 */
export const follow = (space: Workspace, record: DocumentRecord, plan: Pick<Plan, 'facts' | 'decision'> & Partial<Plan>, at: string): DocumentRecord => {
  const { inForce } = record
  if (!inForce) return record
  const { facts, decision } = inForce
  if (isDeepStrictEqual(facts, plan.facts) && isDeepStrictEqual(decision, plan.decision)) return settle(space, record, false, at)
  const fresh = decision.route !== plan.decision.route || decision.rule !== plan.decision.rule
  const kept = putRevision(
    space,
    { ...shown(record, plan), version: record.version + 1 },
    { ...inForce, facts: plan.facts, decision: plan.decision, ...(plan.resource ? { resource: plan.resource } : {}) },
  )
  if (fresh || decision.policy !== plan.decision.policy) auditDecided(space, kept, at)
  return settle(space, kept, fresh, at)
}

/** The document with what lists show of it and only a plan knows. */
export const shown = (record: DocumentRecord, plan: Partial<Plan>): DocumentRecord => {
  if (!plan.document) return record
  const { code: _code, directorate: _directorate, ...rest } = record
  const code = plan.code ?? codesOf(plan.document.names)[0]
  return { ...rest, ...(code && !isOwnName(code, plan) ? { code } : {}), ...(plan.directorate ? { directorate: plan.directorate } : {}) }
}

/** `JOHN letter.pdf`: four letters in no list that are the patient's own name are no code, and lists and addresses show codes to everybody. */
const isOwnName = (code: string, { facts, document }: Partial<Plan>): boolean =>
  facts?.code === 'unlisted' && [document?.patient.given, document?.patient.family].some((name) => (name ?? '').normalize('NFKC').toUpperCase().split(/[^\p{L}]+/u).includes(code))

export const auditDecided = (space: Workspace, { id, revision, inForce }: DocumentRecord, at: string): void => {
  const { route, rule, policy, wouldRoute, wouldRule } = inForce!.decision
  audit(space, { at, documentId: id, kind: 'decided', actor: ENGINE }, { revision, route, rule, wouldRoute, wouldRule, policy })
}

// ---------------------------------------------------------------- what follows

/** Works out what is owed now, and lets the addenda follow where the document came to stand or ceased to. */
export const settle = (space: Workspace, settled: DocumentRecord, fresh: boolean, at: string): DocumentRecord => {
  const { inForce } = settled
  if (!inForce) return settled
  const record = unmarked(space, settled)
  for (const change of owed(inForce, nowOf(record), deliveriesOf(space, record.id), fresh)) applyChange(space, record, change, at)
  countTime(space, record, at)
  keepWaiting(space, record.id, at)
  const stood = stoodText(record, deliveriesOf(space, record.id))
  if (space.stood.get(record.id) !== stood) {
    space.stood.set(record.id, stood)
    addendaFollow(space, record, at)
  }
  return space.documents.get(record.id)!
}

export const nowOf = (record: DocumentRecord): Now => {
  const sha256 = record.inForce?.document.contents[0]?.ref.sha256
  return { identifier: record.identifier, revision: record.revision, ...(sha256 ? { sha256 } : {}), ...(record.nhsNumber ? { nhsNumber: record.nhsNumber } : {}) }
}

/**
 * What a deadline did counts for its content alone: should that come back one day, it starts afresh. But for as long as a copy
 * that nobody read in time stands at PKB its time stays used up.
 */
const unmarked = (space: Workspace, record: DocumentRecord): DocumentRecord => {
  if (record.postSha256 === undefined || isMarked(record)) return record
  if (record.post === 'not-read' && deliveriesOf(space, record.id).some((delivery) => delivery.destination === 'pkb' && stands(delivery) && delivery.standingSha256 === record.postSha256)) return record
  const { post: _post, postSha256: _sha256, ...rest } = record
  return putDocument(space, rest)
}

/**
 * Since when content has been owed to the record, and until when it has to be read: set once, when it becomes owed and the
 * policy says so, and moved by nothing but other content, or by its having been taken back or out of the way meanwhile.
 */
const countTime = (space: Workspace, record: DocumentRecord, at: string): void => {
  const { route, printIfUnreadAfter } = record.inForce!.decision
  const content = contentOf(record.inForce!)
  for (const delivery of deliveriesOf(space, record.id)) {
    const { owedSince, owedSha256, readBy: _readBy, readAt, ...rest } = delivery
    if (delivery.destination !== 'pkb') continue
    if (delivery.state === 'closed' || delivery.state === 'recalled') {
      if (owedSince !== undefined) putDelivery(space, { ...rest, ...(readAt === undefined ? {} : { readAt }) }, at)
      continue
    }
    const isOwed = route === 'pkb' && delivery.identifier === record.identifier && (delivery.state === 'owed' || delivery.state === 'sending')
    if (owedSince !== undefined && owedSha256 === content) {
      // It is due once more, and is of a kind now for which the policy sets a time.
      if (isOwed && delivery.readBy === undefined && readAt === undefined && printIfUnreadAfter) putDelivery(space, { ...delivery, readBy: deadline(at, printIfUnreadAfter) }, at)
      continue
    }
    const isThere = stands(delivery) && delivery.standingSha256 === content
    if (!isOwed) {
      // What was to take its place is in force no more, and nothing new goes there: then the time of that is its own.
      if (owedSince !== undefined && isThere) putDelivery(space, { ...delivery, owedSha256: content }, at)
      continue
    }
    putDelivery(space, { ...rest, ...(isThere && readAt !== undefined ? { readAt } : {}), owedSince: at, owedSha256: content, ...(printIfUnreadAfter ? { readBy: deadline(at, printIfUnreadAfter) } : {}) }, at)
  }
}

/** An addendum of an addendum follows by the same way; each stops where nothing changes any more. */
const addendaFollow = (space: Workspace, parent: DocumentRecord, at: string): void => {
  const addenda = [...space.documents.values()].filter((child) =>
    child.addendum && child.source === parent.source && child.parentSourceId === parent.sourceId && child.id !== parent.id && child.inForce)
  for (const { id } of addenda) replan(space, space.documents.get(id)!, at)
}

const applyChange = (space: Workspace, record: DocumentRecord, change: DeliveryChange, at: string): void => {
  const delivery = change.kind === 'open' ? opened(space, record, change, at) : changed(space, record, change, at)
  if (!delivery) return
  putDelivery(space, delivery, at)
  tellOwed(space, delivery)
  if (change.audit) audit(space, { at, documentId: record.id, kind: change.audit, actor: ENGINE }, { delivery: delivery.id, destination: delivery.destination, revision: record.revision })
}

const opened = (space: Workspace, record: DocumentRecord, change: Extract<DeliveryChange, { kind: 'open' }>, at: string): DeliveryRecord => ({
  id: space.parts.newId(), documentId: record.id, destination: change.destination, identifier: change.identifier,
  ...(change.nhsNumber ? { nhsNumber: change.nhsNumber } : {}), state: change.state, standing: 'nothing', tries: 0, dueAt: at, open: false,
})

const changed = (space: Workspace, record: DocumentRecord, change: Extract<DeliveryChange, { kind: 'set' }>, at: string): DeliveryRecord | undefined => {
  const before = deliveriesOf(space, record.id).find(({ id }) => id === change.deliveryId)
  if (!before) return undefined
  const { dueAt: _, ...rest } = before
  // What is owed anew does not wait for the back-off of what was owed before.
  return { ...rest, state: change.state, ...(change.due ? { dueAt: at, tries: 0 } : {}) }
}

/** A mark that a person or another message puts on a document; what follows is for `replan`. */
export const mark = (space: Workspace, record: DocumentRecord, marks: Partial<Pick<DocumentRecord, 'cancelled' | 'superseded' | 'held' | 'heldFor'>>): DocumentRecord =>
  putDocument(space, { ...record, ...marks, version: record.version + 1 })
