// From a decision and what stands at the destinations to what is owed to each of them. It refuses to act: it only
// says what should be, so a repeated, lost or reordered wake-up does no harm.
import type { Decision, Delivery, DocumentState, Facts, Plan } from '../types.ts'
import type { AuditKind } from '../observe/events.ts'
import { POSTED } from './decide.ts'
import { floorAgainst } from './floor.ts'

/** The document as it is now: which patient's identifier, which revision, which content. */
export type Now = { readonly identifier: string; readonly revision: number; readonly sha256?: string; readonly nhsNumber?: string }

/** `leave`: nothing new is sent, and what stands stays. */
export type Want = 'present' | 'absent' | 'leave'

export type DeliveryChange =
  | { readonly kind: 'open'; readonly destination: string; readonly identifier: string; readonly nhsNumber?: string; readonly state: 'owed'; readonly audit: AuditKind }
  | { readonly kind: 'set'; readonly deliveryId: string; readonly state: Delivery['state']; /** Due at once, or nothing owed. */ readonly due: boolean; readonly audit?: AuditKind }

/** Whether facts that came to hold after sending take a standing copy back, or leave it where it is. */
export const standingAfter = (facts: Facts): 'recall' | 'leave' =>
  floorAgainst(facts, 'send').some((line) => line.standing === 'recall') ? 'recall' : 'leave'

/** What the print house answers to a recall that comes too late: the letter goes by post. */
export const TAKEN = 'ALREADY_TAKEN'
/** The same where it had taken an earlier letter of the document only, and the one that was to go is gone. */
export const TAKEN_BEFORE = 'EARLIER_ONE_TAKEN'

/** What should stand of one delivery. `deliveries`: of the whole document, for no letter goes both ways. */
export const want = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, delivery: Delivery, deliveries: readonly Delivery[]): Want => {
  const { facts, decision } = plan
  if (delivery.identifier !== now.identifier) return 'absent'
  if (decision.route === delivery.destination && !decision.leftToTeam) {
    if ((delivery.destination === 'pkb' && stands(delivery) && !isEarlier(delivery, now)) || !goesOtherwise(plan, now, delivery.destination, deliveries)) return 'present'
    if (delivery.destination !== 'print' || !stands(delivery) || isTaken(delivery)) return 'leave'
    // The record has what is in force, so a correction that was taken back must not be printed; one that is in force again keeps its address right.
    return delivery.standingSha256 === now.sha256 ? 'present' : 'absent'
  }
  if (delivery.destination === 'print' && delivery.state !== 'printed') {
    // A letter that lies in the outbox can still be pulled back, so whatever forbids print pulls it back, be it a rule alone.
    if (decision.leftToTeam || (decision.route !== 'print' && decision.route !== 'pkb') || floorAgainst(facts, 'print').length > 0) return 'absent'
    if (decision.route === 'pkb') return isTaken(delivery) || stays(plan, now, delivery) || waitsForAccount(plan, now, delivery) ? 'leave' : 'absent'
  }
  if (isBlind(delivery) && decision.route === 'print' && !decision.leftToTeam && decision.rule !== POSTED['not-read'].rule) return 'absent'
  // Instead of the record, not as well: what may be there goes back first, and until it has nothing is posted.
  if (delivery.destination === 'pkb' && stands(delivery) && decision.route === 'print' && !decision.leftToTeam && decision.rule === POSTED.person.rule) return 'absent'
  if (decision.rule === 'parent-not-standing' || decision.rule === 'moved-to-another-patient') return 'absent'
  return standingAfter(facts) === 'recall' ? 'absent' : 'leave'
}

/** Something of it is there, or may be. */
export const stands = ({ standing }: Pick<Delivery, 'standing'>): boolean => standing === 'present' || standing === 'unsure'

/** It may stand there, and nobody can look: before the letter goes by post instead, it is taken back. */
const isBlind = ({ destination, standing, via }: Delivery): boolean => destination === 'pkb' && standing === 'unsure' && via?.includes('hl7-soap') === true

/** The print house has it, and nothing can stop it any more. */
const isTaken = ({ destination, state, standing, lastCode }: Delivery): boolean =>
  destination === 'print' && (state === 'printed' || ((lastCode === TAKEN || lastCode === TAKEN_BEFORE) && standing === 'present'))

const isPosted = (delivery: Delivery, now: Now): boolean => isTaken(delivery) && stands(delivery) && delivery.standingSha256 === now.sha256

/** The channel leaves with the post what it has of this very revision, whatever is learnt of the account. */
const stays = ({ decision }: Pick<Plan, 'decision'>, now: Now, delivery: Delivery): boolean =>
  decision.route === 'pkb' && decision.staysByPost === true && delivery.destination === 'print' && stands(delivery) && delivery.standingRevision === now.revision

/** PKB is asked before the letter is pulled back: without an account it stays where it is. */
const waitsForAccount = ({ facts }: Pick<Plan, 'facts'>, now: Now, delivery: Delivery): boolean => facts.account === 'unknown' && upToDate(delivery, now)

/**
 * Whether the patient has it by the other way, or may still get it by that way. Of a letter in the outbox nothing goes
 * to PKB before it is pulled back, of one that was printed nothing until its content changes.
 */
const goesOtherwise = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, destination: string, deliveries: readonly Delivery[]): boolean =>
  deliveries.some((other) => {
    if (other.destination === destination || !stands(other)) return false
    // Before anything else happens, what the patient of before has, or may still get, goes back.
    if (other.identifier !== now.identifier) return !isTaken(other)
    if (other.destination !== 'print') return holdsPost(plan, now, other, deliveries)
    return isTaken(other) ? isPosted(other, now) && !isFollowed(other, now, deliveries) : stays(plan, now, other) || !waitsForAccount(plan, now, other)
  })

/**
 * While a copy stands at PKB nothing is posted, unless the patient has not read it there in time: then it goes both ways.
 * One of earlier content is not the letter: the post does not wait for PKB to give that out, but where a person wants it
 * posted instead. Nor does one hold it that stays there although a correction went by post after it.
 */
const holdsPost = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, copy: Delivery, deliveries: readonly Delivery[]): boolean => {
  const { rule } = plan.decision
  if (rule === POSTED['not-read'].rule || (isEarlier(copy, now) && rule !== POSTED.person.rule)) return false
  return !(isOvertaken(copy, now, deliveries) && want(plan, now, copy, deliveries) === 'leave')
}

/** It stands, and is known to be of other content: whoever has it does not have the letter as it is now. */
const isEarlier = ({ standing, standingSha256 }: Delivery, { sha256 }: Now): boolean =>
  standing === 'present' && standingSha256 !== undefined && sha256 !== undefined && standingSha256 !== sha256

/** Other content went by post after it: the last that the patient hears is not what is in force, be that what stands there once more. */
const isOvertaken = ({ standing, standingRevision = 0 }: Delivery, now: Now, deliveries: readonly Delivery[]): boolean =>
  standing === 'present' && deliveries.some((other) =>
    isTaken(other) && other.identifier === now.identifier && stands(other) && (other.standingRevision ?? 0) > standingRevision &&
    other.standingSha256 !== undefined && now.sha256 !== undefined && other.standingSha256 !== now.sha256)

/** The record was given other content after it: that is put right there, though the patient has what is in force on paper. */
const isFollowed = ({ standingRevision = 0 }: Delivery, now: Now, deliveries: readonly Delivery[]): boolean =>
  deliveries.some((other) => other.destination === 'pkb' && other.identifier === now.identifier && isEarlier(other, now) && (other.standingRevision ?? 0) > standingRevision)

/** Whether a copy of it stays with the patient at PKB, although nothing new of it is sent. */
export const staysAtPkb = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, deliveries: readonly Delivery[]): boolean =>
  deliveries.some((delivery) => delivery.destination === 'pkb' && stands(delivery) && want(plan, now, delivery, deliveries) !== 'absent')

/**
 * A letter that was printed is the same letter for as long as its content is the same; one that lies in the outbox may
 * carry an address that is no longer right.
 */
export const upToDate = (delivery: Delivery, now: Now): boolean =>
  delivery.standing === 'present' &&
  (delivery.destination === 'print' && delivery.state === 'printed' ? delivery.standingSha256 === now.sha256 : delivery.standingRevision === now.revision)

/** The state of a delivery whose copy stands and of which nothing is owed. */
export const rests = ({ destination, state }: Pick<Delivery, 'destination' | 'state'>): Delivery['state'] => {
  if (destination !== 'print') return 'acknowledged'
  return state === 'printed' ? 'printed' : 'printing'
}

/**
 * What has to change after a new plan. `fresh`: the revision or the decision is new, so a delivery that failed or
 * was blocked gets another chance; a mere re-plan of the same leaves it to a person.
 */
export const owed = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, deliveries: readonly Delivery[], fresh: boolean): readonly DeliveryChange[] => {
  const changes = deliveries.flatMap((delivery): DeliveryChange[] => {
    const wanted = want(plan, now, delivery, deliveries)
    if (wanted === 'present') {
      if (upToDate(delivery, now)) {
        return delivery.state === rests(delivery) ? [] : [{ kind: 'set', deliveryId: delivery.id, state: rests(delivery), due: false }]
      }
      if ((delivery.state === 'failed' || delivery.state === 'blocked') && !fresh) return []
      if (delivery.state === 'sending') return fresh ? [{ kind: 'set', deliveryId: delivery.id, state: 'sending', due: true }] : []
      return delivery.state === 'owed' && !fresh ? [] : [{ kind: 'set', deliveryId: delivery.id, state: 'owed', due: true, audit: 'delivery-owed' }]
    }
    if (!stands(delivery)) {
      const state = delivery.standing === 'recalled' ? 'recalled' : 'closed'
      return delivery.state === state ? [] : [{ kind: 'set', deliveryId: delivery.id, state, due: false }]
    }
    if (wanted === 'absent' && delivery.state !== 'printed') {
      if (delivery.state === 'recalling' || ((delivery.state === 'failed' || delivery.state === 'blocked') && !fresh)) return []
      return [{ kind: 'set', deliveryId: delivery.id, state: 'recalling', due: true, audit: 'recall-owed' }]
    }
    if (delivery.standing === 'unsure' && !isTaken(delivery)) return fresh ? [{ kind: 'set', deliveryId: delivery.id, state: 'sending', due: true }] : []
    // A recall that is no longer wanted, or that came too late for a letter that may go by post as well.
    const isOver = delivery.state === 'recalling' || delivery.state === 'owed' || (delivery.state === 'failed' && isTaken(delivery))
    return fresh || isOver ? [{ kind: 'set', deliveryId: delivery.id, state: rests(delivery), due: false, audit: 'left-standing' }] : []
  })
  const opened = opens(plan, now, deliveries)
  return opened ? [...changes, opened] : changes
}

const opens = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, deliveries: readonly Delivery[]): DeliveryChange | undefined => {
  const { route, leftToTeam } = plan.decision
  if ((route !== 'pkb' && route !== 'print') || leftToTeam) return undefined
  if (deliveries.some((delivery) => delivery.identifier === now.identifier && delivery.destination === route)) return undefined
  if (goesOtherwise(plan, now, route, deliveries)) return undefined
  return { kind: 'open', destination: route, identifier: now.identifier, ...(now.nhsNumber ? { nhsNumber: now.nhsNumber } : {}), state: 'owed', audit: 'delivery-owed' }
}

/** The one state that people see, from the decision and its deliveries. */
export const documentState = (decision: Decision, identifier: string, deliveries: readonly Delivery[]): DocumentState => {
  const has = (state: Delivery['state']) => deliveries.some((delivery) => delivery.state === state)
  if (has('recalling')) return 'recalling'
  if (has('blocked')) return 'blocked'
  if (has('failed')) return 'failed'
  if (decision.route === 'observe') return 'observed'
  if (decision.route === 'review') return 'review'
  if (decision.route === 'withhold') return has('recalled') ? 'recalled' : 'withheld'
  if (decision.leftToTeam) return 'left-to-team'
  const mine = deliveries.filter((delivery) => delivery.identifier === identifier)
  const meant = mine.find((delivery) => delivery.destination === decision.route)
  // It may have reached the patient by the other way.
  const delivery = meant && meant.state !== 'closed' && meant.state !== 'recalled' ? meant : (mine.find(({ standing }) => standing === 'present') ?? meant)
  if (!delivery) return 'waiting'
  return STATE_OF[delivery.state](delivery)
}

const STATE_OF = {
  owed: () => 'waiting',
  sending: (delivery) => (delivery.destination === 'print' ? 'waiting' : 'sent'),
  acknowledged: (delivery) => (delivery.readAt === undefined ? 'acknowledged' : 'read'),
  printing: () => 'printing',
  printed: () => 'printed',
  recalling: () => 'recalling',
  recalled: () => 'recalled',
  blocked: () => 'blocked',
  failed: () => 'failed',
  closed: () => 'waiting',
} as const satisfies Record<Delivery['state'], (delivery: Delivery) => DocumentState>
