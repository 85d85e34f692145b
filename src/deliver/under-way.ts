// What of ours may still be under way at a destination, and until when. A request whose end nobody knows may take effect
// late: a letter may come to stand after it was looked for, and a recall may take away what was sent after it. Pure. It
// refuses to call anything settled before its time.
import type { Policy } from '../policy/policy.ts'
import type { Delivery } from '../types.ts'
import { later } from './backoff.ts'

/** Where no channel says how long: as long as one can say. */
const LONGEST_SECS = 3_600

/**
 * On this machine nothing takes longer: a worker that is cut off from the ledger gives a letter for the print house up by then.
 * Less than the minute after which a recall that is not done is an alert.
 */
export const LOCAL_TIMEOUT_SECS = 45

const settled = (startedAt: string, { destinations: { pkb } }: Policy): string => later(new Date(startedAt), pkb?.settle_secs ?? LONGEST_SECS)

/** Whether all that stands or may stand of it can be seen there. */
export const canLook = ({ destination, via }: Pick<Delivery, 'destination' | 'via'>, { destinations: { pkb } }: Policy): boolean =>
  destination !== 'pkb' || !(via ?? [pkb?.transport ?? 'hl7-soap']).includes('hl7-soap')

/** Until when the latest create or update of unknown end may come to stand; undefined where the end of each is known. */
const sentUntil = ({ destination, sendUnsureAt }: Delivery, policy: Policy): string | undefined => {
  if (sendUnsureAt === undefined) return undefined
  return destination === 'print' ? later(new Date(sendUnsureAt), LOCAL_TIMEOUT_SECS) : settled(sendUnsureAt, policy)
}

/** Until when a recall may take away what is sent now; undefined where the end of each is known. */
const recalledUntil = ({ recallUnsureAt }: Delivery, policy: Policy): string | undefined => (recallUnsureAt === undefined ? undefined : settled(recallUnsureAt, policy))

/** What was to come by the other transport has to come before it is looked for: afterwards nobody would know of it. */
const isOfOther = ({ destination, via = [] }: Delivery, { destinations: { pkb } }: Policy): boolean =>
  destination === 'pkb' && via.some((transport) => transport !== pkb?.transport)

/** Before then nothing new is sent, nor looked for; undefined where nothing is waited for. By FHIR a create on condition may meet an earlier one. */
export const sendsFrom = (delivery: Delivery, policy: Policy): string | undefined => {
  const waits = !canLook(delivery, policy) || isOfOther(delivery, policy) || (delivery.destination === 'print' && isUnseen(delivery))
  return [waits ? sentUntil(delivery, policy) : undefined, recalledUntil(delivery, policy)].filter((at) => at !== undefined).toSorted().at(-1)
}

/** A look saw nothing, before what was sent had settled. */
export const isUnseen = ({ standing, standingRevision, sendUnsureAt }: Delivery): boolean => standing === 'unsure' && standingRevision === undefined && sendUnsureAt !== undefined

/** What is to be known of a delivery when an exchange about it ends. */
export type UnderWay = {
  /** Until then something may come to stand that was sent before: whoever sees nothing has proved nothing. */
  readonly until?: string
  /** Nobody can see what stands. */
  readonly blind?: true
}

export const underWay = (delivery: Delivery, policy: Policy): UnderWay => {
  const until = sentUntil(delivery, policy)
  return { ...(until === undefined ? {} : { until }), ...(canLook(delivery, policy) ? {} : { blind: true as const }) }
}
