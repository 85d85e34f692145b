// What of ours may still be under way at a destination that cannot be looked at, and until when. PKB takes HL7 and tells
// nobody what it holds: what was sent without an answer may come to stand late, and a recall may come late as well.
// Pure. It refuses to call anything settled before its time.
import type { Policy } from '../policy/policy.ts'
import type { Delivery } from '../types.ts'
import { later } from './backoff.ts'

/** Where no channel says how long: as long as one can say. */
const LONGEST_SECS = 3_600

const settled = (startedAt: string, { destinations: { pkb } }: Policy): string => later(new Date(startedAt), pkb?.hl7_soap.settle_secs ?? LONGEST_SECS)

/** Whether all that stands or may stand of it can be seen there. */
export const canLook = ({ destination, via }: Delivery, { destinations: { pkb } }: Policy): boolean =>
  destination !== 'pkb' || !(via ?? [pkb?.transport ?? 'hl7-soap']).includes('hl7-soap')

/** Until when the latest create or update may come to stand; undefined where its end is known. */
const sentUntil = ({ standing, sentAt, acknowledgedAt }: Delivery, policy: Policy): string | undefined =>
  standing === 'unsure' && sentAt !== undefined && !(acknowledgedAt !== undefined && acknowledgedAt > sentAt) ? settled(sentAt, policy) : undefined

/** Until when a recall may take away what is sent now; undefined where the end of each is known. */
const recalledUntil = ({ recallUnsureAt }: Delivery, policy: Policy): string | undefined => (recallUnsureAt === undefined ? undefined : settled(recallUnsureAt, policy))

/** What was to come by the other transport has to come before it is looked for: afterwards nobody would know of it. */
const isOfOther = ({ destination, via = [] }: Delivery, { destinations: { pkb } }: Policy): boolean =>
  destination === 'pkb' && via.some((transport) => transport !== pkb?.transport)

/** Before then nothing new is sent; undefined where nothing is waited for. */
export const sendsFrom = (delivery: Delivery, policy: Policy): string | undefined => {
  const waits = !canLook(delivery, policy) || isOfOther(delivery, policy)
  return [waits ? sentUntil(delivery, policy) : undefined, recalledUntil(delivery, policy)].filter((at) => at !== undefined).toSorted().at(-1)
}

/** Where no look tells that a recall was the last word: `until` when it may come before what it is to take back. */
export type Unseen = { readonly until?: string }

export const unseenOf = (delivery: Delivery, policy: Policy): Unseen | undefined => {
  const until = sentUntil(delivery, policy)
  // Where a known copy was being replaced, a late replacement brings back what was seen to be gone.
  const comesBack = delivery.destination === 'pkb' && delivery.remoteId !== undefined && until !== undefined
  if (canLook(delivery, policy) && !comesBack) return undefined
  return until === undefined ? {} : { until }
}
