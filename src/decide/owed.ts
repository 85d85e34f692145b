// From a decision and what stands at the destinations to what is owed to each of them. It refuses to act: it only
// says what should be, so a repeated, lost or reordered wake-up does no harm.
import type { Decision, Delivery, DocumentState, Facts, Plan } from '../types.ts'
import type { AuditKind } from '../observe/events.ts'
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

/** What should stand of one delivery. */
export const want = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, delivery: Delivery): Want => {
  if (delivery.identifier !== now.identifier) return 'absent'
  if (plan.decision.route === delivery.destination && !plan.decision.leftToTeam) return 'present'
  // A letter that lies in the outbox can still be pulled back, so whatever forbids print pulls it back.
  if (delivery.destination === 'print' && floorAgainst(plan.facts, 'print').length > 0) return 'absent'
  if (plan.decision.rule === 'parent-not-standing' || plan.decision.rule === 'moved-to-another-patient') return 'absent'
  return standingAfter(plan.facts) === 'recall' ? 'absent' : 'leave'
}

const stands = (delivery: Delivery): boolean => delivery.standing === 'present' || delivery.standing === 'unsure'

/**
 * A letter that was printed is the same letter for as long as its content is the same; one that lies in the outbox may
 * carry an address that is no longer right.
 */
export const upToDate = (delivery: Delivery, now: Now): boolean =>
  delivery.standing === 'present' &&
  (delivery.destination === 'print' && delivery.state === 'printed' ? delivery.standingSha256 === now.sha256 : delivery.standingRevision === now.revision)

/**
 * What has to change after a new plan. `fresh`: the revision or the decision is new, so a delivery that failed or
 * was blocked gets another chance; a mere re-plan of the same leaves it to a person.
 */
export const owed = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, deliveries: readonly Delivery[], fresh: boolean): readonly DeliveryChange[] => {
  const changes = deliveries.flatMap((delivery): DeliveryChange[] => {
    const wanted = want(plan, now, delivery)
    if (wanted === 'present') {
      if (upToDate(delivery, now)) {
        const state = delivery.destination === 'print' ? (delivery.state === 'printed' ? 'printed' : 'printing') : 'acknowledged'
        return delivery.state === state ? [] : [{ kind: 'set', deliveryId: delivery.id, state, due: false }]
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
    if (delivery.standing === 'unsure') return fresh ? [{ kind: 'set', deliveryId: delivery.id, state: 'sending', due: true }] : []
    return fresh ? [{ kind: 'set', deliveryId: delivery.id, state: delivery.destination === 'print' ? delivery.state : 'acknowledged', due: false, audit: 'left-standing' }] : []
  })
  const opened = opens(plan, now, deliveries)
  return opened ? [...changes, opened] : changes
}

/** A copy that was left standing at PKB is not also posted. */
const opens = (plan: Pick<Plan, 'facts' | 'decision'>, now: Now, deliveries: readonly Delivery[]): DeliveryChange | undefined => {
  const { route, leftToTeam } = plan.decision
  if ((route !== 'pkb' && route !== 'print') || leftToTeam) return undefined
  const mine = deliveries.filter((delivery) => delivery.identifier === now.identifier)
  if (mine.some((delivery) => delivery.destination === route)) return undefined
  if (route === 'print' && mine.some((delivery) => delivery.destination === 'pkb' && stands(delivery) && want(plan, now, delivery) === 'leave')) return undefined
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
  const delivery =
    deliveries.find((d) => d.destination === decision.route && d.identifier === identifier) ??
    deliveries.find((d) => d.identifier === identifier && d.standing === 'present')
  if (!delivery) return 'waiting'
  return STATE_OF[delivery.state](delivery)
}

const STATE_OF = {
  owed: () => 'waiting',
  sending: (delivery) => (delivery.destination === 'print' ? 'waiting' : 'sent'),
  acknowledged: () => 'acknowledged',
  printing: () => 'printing',
  printed: () => 'printed',
  recalling: () => 'recalling',
  recalled: () => 'recalled',
  blocked: () => 'blocked',
  failed: () => 'failed',
  closed: () => 'waiting',
} as const satisfies Record<Delivery['state'], (delivery: Delivery) => DocumentState>
