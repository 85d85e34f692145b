// How many exchanges with a destination may run at the same moment, over all processes: an advisory lock for each. And
// how fast: each of them has a row that says when the next exchange may begin in it. The document that it is wanted for
// is taken with it, in the same statement. It refuses to hand out what a dead process held, or to believe in a slot whose
// connection is gone.
import type { Pool } from 'pg'
import type { Slot } from './ledger.ts'
import { lockKey } from './locks.ts'
import type { Locks, Taken } from './locks.ts'
import { instant } from './rows.ts'
import type { Row } from './rows.ts'

/** No document has an id like this. */
const slotKey = (destination: string, slot: number): bigint => lockKey(`slot ${slot}`, destination)

/** What stands behind a slot: for `lock`, which takes a document only on the same connection. */
const takenBy = new WeakMap<Slot, Taken>()
export const isHeldWith = (slot: Slot, { pid }: Taken): boolean => {
  const taken = takenBy.get(slot)
  return taken !== undefined && !taken.isLost() && taken.pid === pid
}

/** Documents that were taken with a slot, until somebody asks for them. */
const along = new WeakMap<Slot, Taken>()
export const takenWith = (slot: Slot | undefined, documentId: string, destination: string): Taken | undefined => {
  const taken = slot && along.get(slot)
  if (!taken || taken.key !== lockKey(documentId, destination)) return undefined
  along.delete(slot)
  return taken
}

// A later time is not taken back by a clock that is a little behind; but one that a clock said which was wrong is.
const USED = `
  insert into pace (destination, slot, next_at) values ($1, $2, $3)
  on conflict (destination, slot) do update set next_at = case
    when pace.next_at > excluded.next_at + interval '1 minute' then excluded.next_at else greatest(pace.next_at, excluded.next_at) end`

/** `paced`: whether there is a rate to keep, so that it has to be asked when the next exchange may begin. */
export const slot = async (pool: Pool, locks: Locks, destination: string, atOnce: number, paced = true, documentId?: string): Promise<Slot | undefined> => {
  const keys = Array.from({ length: atOnce }, (_, n) => slotKey(destination, n))
  const chosen = await locks.takeOneOf(keys, documentId === undefined ? undefined : lockKey(documentId, destination))
  if (!chosen) return undefined
  const { taken } = chosen
  const n = keys.indexOf(taken.key)
  try {
    const { rows: [row] } = paced ? await pool.query<Row>({ name: 'ledger-pace', text: 'select next_at from pace where destination = $1 and slot = $2', values: [destination, n] }) : { rows: [] }
    const one: Slot = {
      ...(row ? { notBefore: instant(row['next_at'])! } : {}),
      used: async (notBefore) => { await pool.query({ name: 'ledger-paced', text: USED, values: [destination, n, notBefore] }) },
      release: async () => { await Promise.all([along.get(one)?.release(), taken.release()]) },
    }
    takenBy.set(one, taken)
    if (chosen.along) along.set(one, chosen.along)
    return one
  } catch (error) {
    await Promise.all([chosen.along?.release(), taken.release()])
    throw error
  }
}
