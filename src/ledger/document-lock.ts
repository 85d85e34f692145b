// A document at a destination, locked, with what may be done under the lock. It refuses to begin under a slot whose connection
// is gone.
import { failed } from './asking.ts'
import type { Committer } from './committer.ts'
import type { DocumentLock, Slot } from './ledger.ts'
import type { Locks } from './locks.ts'
import { isHeldWith, takenWith } from './slots.ts'
import { begin, beginNeeds, finish, finishNeeds, post, postNeeds, putOff, putOffNeeds } from './work.ts'
import type { Worked } from './work.ts'

export const lockDocument = async (
  { locks, deliver, at }: { readonly locks: Locks; readonly deliver: Committer; readonly at: () => string }, documentId: string, destination: string, held?: Slot,
): Promise<DocumentLock | undefined> => {
  const taken = takenWith(held, documentId, destination) ?? await locks.take(documentId, destination)
  if (!taken) return undefined
  // From here on both are of one session, and whoever asks whether the one is held asks for both.
  if (held && !isHeldWith(held, taken)) {
    await taken.release()
    return undefined
  }
  const worked: Worked = { documentId, destination, taken }
  let seen: number | undefined
  return {
    begin: (think, now) => deliver.commit({ needs: beginNeeds(worked), run: (space) => {
      const begun = begin(space, worked, think, now)
      seen = space.documents.get(documentId)?.version
      return begun
    } }).catch(failed),
    finish: (end, waitsMs) => deliver.commit({ needs: finishNeeds(worked, end), run: (space) => finish(space, worked, end) }, waitsMs).catch(failed),
    putOff: (deliveryId, dueAt) => deliver.commit({ needs: putOffNeeds(worked), run: (space) => putOff(space, worked, deliveryId, dueAt, seen, at()) }).catch(failed),
    post: (overdue, now) => deliver.commit({ needs: postNeeds(worked), run: (space) => post(space, worked, overdue, now) }).catch(failed),
    release: () => taken.release(),
  }
}
