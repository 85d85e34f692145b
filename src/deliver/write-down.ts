// How the end of an exchange gets into the ledger, also where the connection to PostgreSQL broke meanwhile: what a destination
// said must not be lost with it, or a letter that PKB has is sent to it once more. It refuses to keep it for longer than
// nobody takes the attempt for abandoned, and to let a late end change what another worker has begun since.
import { setTimeout as delay } from 'node:timers/promises'
import { asFailure } from '../errors.ts'
import type { DocumentLock, Finish, Ledger } from '../ledger/ledger.ts'

export type WriteDownParts = {
  readonly documentId: string
  readonly destination: string
  readonly lock: DocumentLock
  readonly ledger: Pick<Ledger, 'lock'>
  /** Nobody waits for the ledger any more. */
  readonly closing?: AbortSignal
}

/** A start of PostgreSQL takes seconds. */
const [KEPT_MS, EVERY_MS] = [45_000, 500]

/** `more`: something is due at once. `lost`: so is the lock that it was begun under. */
export const writeDown = async (finish: Finish, waitsMs: number, parts: WriteDownParts): Promise<{ readonly more: boolean; readonly lost: boolean }> => {
  try {
    return { more: await parts.lock.finish(finish, waitsMs), lost: false }
  } catch (error) {
    if (asFailure(error).code !== 'DATABASE_UNREACHABLE') throw error
    const until = performance.now() + KEPT_MS
    while (performance.now() < until && !parts.closing?.aborted) {
      await delay(EVERY_MS)
      const more = await finishAnew(finish, parts).catch(() => undefined)
      if (more !== undefined) return { more, lost: true }
    }
    throw error
  }
}

/** Under a lock of its own. The ledger takes an end for that of its attempt alone where the attempt is not the latest any more. */
const finishAnew = async (finish: Finish, { documentId, destination, ledger }: WriteDownParts): Promise<boolean | undefined> => {
  const lock = await ledger.lock(documentId, destination)
  return lock?.finish(finish).finally(() => lock.release())
}
