// One exchange with a destination for one step: what is handed to it, and how it ended. It refuses to let anything
// that a destination throws get past: a bug there is an unsure outcome, never a lost one.
import { contentType } from '../decide/content.ts'
import { asFailure } from '../errors.ts'
import type { Step, Work } from '../ledger/ledger.ts'
import type { Delivery, Outcome, Plan } from '../types.ts'
import type { Destination, Look, Recall, Shipment } from './destination.ts'
import { outgoing } from './next.ts'

export type Exchange = Extract<Step, { do: 'exchange' }>
export type Exchanged = { readonly outcome: Outcome; readonly found?: Look }

const recallFor = (work: Work, delivery: Delivery, step: Exchange, attemptId: string): Recall => ({
  attemptId, deliveryId: delivery.id, documentId: work.documentId, identifier: delivery.identifier, revision: step.revision, nhsNumber: delivery.nhsNumber ?? '',
  ...(delivery.remoteId === undefined ? {} : { remoteId: delivery.remoteId }), ...(delivery.via ? { via: delivery.via } : {}), ...(delivery.sentAs ? { sentAs: delivery.sentAs } : {}),
})

/** Undefined where there is no file: the second key has not let that come so far. */
const shipmentFor = (work: Work, plan: Plan, delivery: Delivery, step: Exchange, attemptId: string): Shipment | undefined => {
  const content = plan.document.contents[0]
  if (!content) return undefined
  return {
    ...recallFor(work, delivery, step, attemptId),
    nhsNumber: work.nhsNumber ?? '',
    resource: outgoing(work, plan),
    document: plan.document,
    content: { sha256: content.ref.sha256, size: content.ref.size, contentType: contentType(content) },
    rule: plan.decision.rule,
    policy: plan.decision.policy,
  }
}

export const exchange = async (destination: Destination, work: Work, plan: Plan | undefined, delivery: Delivery, step: Exchange, attemptId: string, signal: AbortSignal): Promise<Exchanged> => {
  try {
    if (step.action === 'recall') return { outcome: await destination.recall(recallFor(work, delivery, step, attemptId), signal) }
    if (step.action === 'look') {
      const found = await destination.look(recallFor(work, delivery, step, attemptId), signal)
      return { outcome: found.outcome, found }
    }
    const shipment = plan && shipmentFor(work, plan, delivery, step, attemptId)
    if (!shipment) return { outcome: { kind: 'refused', code: 'NO_CONTENT', detail: 'There is no file to send.' } }
    return { outcome: await destination[step.action](shipment, signal) }
  } catch (error) {
    const failure = asFailure(error)
    return { outcome: { kind: step.action === 'look' ? 'unavailable' : 'unsure', code: failure.code, detail: failure.detail } }
  }
}
