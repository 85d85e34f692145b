// What a worker does next for one document at one destination: from what should stand there and what does stand
// there to the one step that closes the difference. Pure. It refuses to send while something else of the document
// has to be taken back first, while a copy may stand that nobody has looked for, or, where nobody can look, while
// what was sent or taken back before may still be under way.
import type { DocumentReference } from '@medplum/fhirtypes'
import { codesOf } from '../decide/code.ts'
import { stands, upToDate, want, type Now, type Want } from '../decide/owed.ts'
import { holds } from '../decide/stopped.ts'
import { identify } from '../fhir/identify.ts'
import type { Step, Stop, Thought, Work } from '../ledger/ledger.ts'
import type { Planned } from '../plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { Delivery, Plan, Transport } from '../types.ts'
import { later } from './backoff.ts'
import { recallKey, secondKey } from './second-key.ts'
import { canLook, isUnseen, sendsFrom } from './under-way.ts'

/** The plan of a piece of work under a policy: `plan` of plan.ts, with the work's own receipt, person and prior. */
export type PlanAgain = (work: Work, policy: Policy) => Planned

/** How long to leave a delivery that waits for a person or for another delivery. */
export const LEAVE_SECS = 30

const NOTHING = { do: 'nothing' } as const satisfies Step

export const nowOf = (work: Work, plan: Plan): Now => {
  const sha256 = plan.document.contents[0]?.ref.sha256
  return { identifier: work.identifier, revision: work.revision, ...(sha256 ? { sha256 } : {}), ...(work.nhsNumber ? { nhsNumber: work.nhsNumber } : {}) }
}

/** The resource as it leaves: planned, and named for this patient and revision. */
export const outgoing = (work: Work, plan: Plan): DocumentReference =>
  identify(plan.resource, {
    identifier: work.identifier, documentId: work.sourceId, source: work.source, revision: work.revision,
    ...(work.parentIdentifier ? { parentIdentifier: work.parentIdentifier } : {}),
  })

/** Waits for a person, unless one has asked for another try. */
const isStuck = (delivery: Delivery): boolean => (delivery.state === 'failed' || delivery.state === 'blocked') && delivery.dueAt === undefined

const isPutOff = (delivery: Delivery, now: Date): boolean => delivery.dueAt !== undefined && Date.parse(delivery.dueAt) > now.getTime()

/** How long a worker waits that has not taken the policy in force yet, or refused it. */
export const BEHIND_SECS = 2

/** Another process has put another policy in force: by this one nothing may be decided any more. */
export const isBehind = (work: Work, policy: Policy): boolean => work.policyInForce !== undefined && work.policyInForce !== policy.hash

/** Plans the work again under the policy in force, and says the next step. */
export const think = (work: Work, policy: Policy, planAgain: PlanAgain, now: Date): Thought => {
  if (isBehind(work, policy)) return { step: behind(work, now) }
  const planned = planAgain(work, policy)
  if (!planned.ok) return { step: withoutPlan(work, planned.refusal.code, now) }
  return { plan: planned.plan, step: step(work, planned.plan, policy, now) }
}

/** What the ledger has decided to take back goes back: a recall needs no plan. Everything else waits. */
const behind = (work: Work, now: Date): Step => {
  const going = work.deliveries.find((delivery) => delivery.state === 'recalling' && stands(delivery) && !isStuck(delivery) && !isPutOff(delivery, now))
  if (going) return recall(work, going, now)
  const waiting = work.deliveries.find((delivery) => delivery.dueAt !== undefined && !isPutOff(delivery, now))
  return waiting ? { do: 'nothing', unjudged: true, putOff: { deliveryId: waiting.id, until: later(now, BEHIND_SECS) } } : { do: 'nothing', unjudged: true }
}

/** The policy in force cannot read the receipt: what belongs to another patient or is being recalled still goes back, nothing else happens. */
const withoutPlan = (work: Work, code: string, now: Date): Step => {
  const foreign = work.deliveries.find((delivery) => delivery.identifier !== work.identifier && stands(delivery) && delivery.state !== 'printed')
  if (foreign) return recall(work, foreign, now)
  const current = work.deliveries.find((delivery) => delivery.identifier === work.identifier)
  // What the ledger has decided to take back goes back: a recall needs no plan.
  if (current?.state === 'recalling' && stands(current)) return recall(work, current, now)
  if (!current || current.dueAt === undefined || isPutOff(current, now)) return NOTHING
  return { do: 'block', deliveryId: current.id, code: 'SECOND_KEY', detail: `The policy in force cannot read the receipt (${code}).` }
}

const step = (work: Work, plan: Plan, policy: Policy, now: Date): Step => {
  const at = nowOf(work, plan)
  const all = [...work.deliveries, ...work.elsewhere]
  const wanted = work.deliveries.map((delivery): readonly [Delivery, Want] => [delivery, want(plan, at, delivery, all)])
  const toRecall = wanted.filter(([delivery, wants]) => wants === 'absent' && stands(delivery) && delivery.state !== 'printed').map(([delivery]) => delivery)
  const current = wanted.find(([delivery, wants]) => wants === 'present' && delivery.identifier === work.identifier)?.[0]

  const first = toRecall.find((delivery) => !isStuck(delivery) && !isPutOff(delivery, now)) ?? toRecall[0]
  if (first) {
    const next = recall(work, first, now)
    return next.do === 'nothing' && current ? leave(current, now, first.dueAt) : next
  }
  const adrift = wanted.find(([delivery, wants]) => wants === 'leave' && delivery.standing === 'unsure')?.[0]
  if (adrift) return findOut(adrift, policy, at, now)
  return current ? closeDifference(work, plan, policy, current, at, now) : NOTHING
}

/** Nothing of it is wanted or unwanted there, but nobody knows whether it stands: it is looked for, or left where nobody can look. */
const findOut = (delivery: Delivery, policy: Policy, at: Now, now: Date): Step => {
  if (isStuck(delivery) || isPutOff(delivery, now)) return NOTHING
  if (!canLook(delivery, policy)) return { do: 'nothing', rests: delivery.id }
  return waits(delivery, policy, now) ?? exchange(delivery, 'look', at)
}

const recall = (work: Work, delivery: Delivery, now: Date): Step => {
  if (isStuck(delivery) || isPutOff(delivery, now)) return NOTHING
  const key = recallKey(work, delivery)
  if (!key.ok) return { do: 'block', deliveryId: delivery.id, code: key.code, detail: key.detail }
  return {
    do: 'exchange', deliveryId: delivery.id, action: 'recall', revision: delivery.standingRevision ?? work.revision,
    ...(delivery.standingSha256 ? { sha256: delivery.standingSha256 } : {}), ...(delivery.nhsNumber ? { nhsNumber: delivery.nhsNumber } : {}),
  }
}

/** A look asks about whom it was sent to; what is sent now is for the patient of the document as it is now. */
const exchange = (delivery: Delivery, action: 'create' | 'update' | 'look', at: Now, via?: Transport): Step => {
  const nhsNumber = action === 'look' ? delivery.nhsNumber : at.nhsNumber
  return { do: 'exchange', deliveryId: delivery.id, action, revision: at.revision, ...(at.sha256 ? { sha256: at.sha256 } : {}), ...(nhsNumber ? { nhsNumber } : {}), ...(via ? { via } : {}) }
}

const closeDifference = (work: Work, plan: Plan, policy: Policy, delivery: Delivery, at: Now, now: Date): Step => {
  if (isStuck(delivery) || isPutOff(delivery, now)) return NOTHING
  if (upToDate(delivery, at)) return NOTHING
  const waiting = waits(delivery, policy, now)
  if (waiting) return waiting
  if (delivery.standing === 'unsure' && !isUnseen(delivery) && canLook(delivery, policy)) return exchange(delivery, 'look', at)
  if (work.paused || work.stops.some((stop) => stopped(stop, plan, policy))) return leave(delivery, now)
  // The record, else the post: while the account is unknown the document waits for PKB's answer.
  if (delivery.destination === 'pkb' && plan.facts.account === 'unknown' && plan.nhsNumber !== undefined) return { do: 'ask-account', nhsNumber: plan.nhsNumber }
  // What may stand where nobody can look is sent once more under the same identifier: that replaces it, or makes it.
  const action = stands(delivery) && !isUnseen(delivery) ? 'update' : 'create'
  const key = secondKey({ work, plan, resource: outgoing(work, plan), delivery, action })
  if (!key.ok) return { do: 'block', deliveryId: delivery.id, code: key.code, detail: key.detail }
  const via = delivery.destination === 'pkb' ? policy.destinations.pkb?.transport : undefined
  return exchange(delivery, action, at, via)
}

/** What was sent or taken back before may still be under way. */
const waits = (delivery: Delivery, policy: Policy, now: Date): Step | undefined => {
  const from = sendsFrom(delivery, policy)
  return from !== undefined && Date.parse(from) > now.getTime() ? { do: 'nothing', putOff: { deliveryId: delivery.id, until: from } } : undefined
}

/** Not now: it stays owed, and is looked at again. */
const leave = (delivery: Delivery, now: Date, until?: string): Step =>
  ({ do: 'nothing', putOff: { deliveryId: delivery.id, until: until !== undefined && Date.parse(until) > now.getTime() ? until : later(now, LEAVE_SECS) } })

/** Whether a stop holds this document, as the pages say it. */
export const stopped = (stop: Stop, { document: { team, names } }: Plan, { services }: Policy): boolean =>
  holds(stop, { codes: codesOf(names), ...(team ? { team: team.text } : {}) }, services)
