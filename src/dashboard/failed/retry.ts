// A person's wish for another try, from a page or the API: the ledger records it, then a worker is woken. It refuses
// what the ledger refuses: a delivery that the second key blocked waits for a new decision.
import { Failure } from '../../errors.ts'
import { NO_REASON } from '../../ledger/people.ts'
import { isUuid, type DashboardParts } from '../parts.ts'

const LONGEST_REASON = 500
/** So many of those that wait for a person an answer lists, the newest. */
export const TROUBLED = 200
/** A page has fewer, each with its form: all of them are in their groups. */
export const TROUBLED_ON_PAGE = 20

/** The reason as it is recorded; `not given` for none. */
export const reasonOf = (given: unknown): string => {
  if (given === undefined || given === null) return NO_REASON
  if (typeof given !== 'string' || given.length > LONGEST_REASON || given.includes('\0'))
    throw new Failure('QUERY_INVALID', `reason: Use up to ${LONGEST_REASON} characters of text.`)
  return given.trim() === '' ? NO_REASON : given.trim()
}

/** The last attempts that a form was made for; undefined where it does not say. */
export const lookedAtIn = (given: unknown): readonly string[] | undefined => (typeof given === 'string' ? given.split(' ').filter(isUuid) : undefined)

export const retryDelivery = async (
  { ledger, wake, say, now }: Pick<DashboardParts, 'ledger' | 'wake' | 'say' | 'now'>,
  { deliveryId, actor, reason, lookedAt }: { readonly deliveryId: unknown; readonly actor: string; readonly reason: string; readonly lookedAt?: readonly string[] },
): Promise<void> => {
  const nothing = new Failure('NOT_FOUND', 'There is no such delivery.')
  if (!isUuid(deliveryId)) throw nothing
  const delivery = await ledger.deliveryOf(deliveryId)
  const done = await ledger.retry(deliveryId, actor, reason, now().toISOString(), lookedAt)
  if (done === undefined || !delivery) throw nothing
  if (!done) throw new Failure('RETRY_NOT_POSSIBLE', 'The delivery is as it was.')
  say('delivery_retried', { delivery: deliveryId, actor, document: delivery.documentId })
  await wake(delivery.documentId, delivery.destination)
}
