// Days of a ledger's life: uploads, deliveries and failures at the moments that a test names.
import type { Outcome } from '../../src/types.ts'
import { ADA, aReceipt } from './documents.ts'
import { work, type TestLedger } from './ledger.ts'

let nth = 0

/** What became of it: the record, the post, nobody, a person, refused by PKB, not tried yet; and what came after that. */
export type Fate = 'shared' | 'posted' | 'withheld' | 'review' | 'failed' | 'waiting' | 'read' | 'printed' | 'taken-back'

const FIELDS = {
  shared: {}, failed: {}, waiting: {}, read: {}, 'taken-back': {}, posted: { team: 'CAMHS1' }, printed: { team: 'CAMHS1' }, withheld: { documentType: 'MH DO NOT share with patient' }, review: { documentType: undefined },
} as const satisfies Record<Fate, object>

export const live = async (place: TestLedger, at: string, fate: Fate, { deliveredAt = at, feed = 'rio-http' }: { readonly deliveredAt?: string; readonly feed?: string } = {}): Promise<string> => {
  place.clock.at = new Date(at)
  const documentId = `RIO-F${++nth}`
  const receivedAt = place.clock.at.toISOString()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, receivedAt)
  const { id } = await place.upload({}, { receipt: aReceipt({ documentId, uploadedAt: receivedAt, ...FIELDS[fate] }, { receivedAt, feed }) })
  place.clock.at = new Date(deliveredAt)
  if (fate === 'shared' || fate === 'read' || fate === 'taken-back') await work(place, id, 'pkb')
  if (fate === 'posted' || fate === 'printed') await work(place, id, 'print', { remoteId: `batch-${documentId}` })
  if (fate === 'failed') await work(place, id, 'pkb', REFUSED)
  const then = place.clock.at.toISOString()
  const [delivery] = (await place.ledger.story(id))!.deliveries
  if (fate === 'read') await place.ledger.saveReads([{ identifier: delivery!.identifier, at: then }], then)
  if (fate === 'printed') await place.ledger.acknowledgePrint({ deliveryId: delivery!.id, accepted: true, batch: `batch-${documentId}`, revision: 1 }, then)
  if (fate === 'taken-back') {
    await place.ledger.hold(id, 'duty', 'sent in error', then)
    await work(place, id, 'pkb')
  }
  return id
}

const REFUSED: Partial<Outcome> = { kind: 'refused', code: '422', detail: 'DocumentReference.type' }
