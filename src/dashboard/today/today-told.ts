// What the addresses of the first page say of themselves. Objects are strict, so that a member that nobody declared is found.
import { z } from 'zod'
import { HALTS } from '../../ledger/channel-words.ts'
import { CIRCUITS, FLOW_WHATS } from '../../ledger/flow-words.ts'
import { COLUMNS } from '../../ledger/reconciliation.ts'
import { aCount, aDay, anInstant, documentRow } from '../shapes.ts'
import type { Told } from '../told.ts'

const columns = Object.fromEntries(COLUMNS.map((column) => [column, aCount]))
const perDestination = z.record(z.string(), aCount)
const usual = { usualIn: z.number().optional(), usualOut: z.number().optional() }

const halted = z.enum(HALTS).optional().meta({ description: 'By a person, who starts it again.' })

const circuit = z.strictObject({ destination: z.string(), circuit: z.enum(CIRCUITS), until: anInstant.optional(), code: z.string().optional(), since: anInstant, processes: z.int().min(1), of: z.int().min(1) }).meta({ id: 'Circuit', description: 'Whether a destination is tried, as the process sees it that is worst off.' })

const WHATS = ['stops', 'halted', 'recalls', 'alerts', 'no-worker', 'failed', 'reviews'] as const

const today = z.strictObject({
  at: anInstant, day: aDay, since: anInstant, until: anInstant,
  needs: z.array(z.strictObject({ what: z.enum(WHATS), count: aCount, late: aCount.optional(), since: anInstant.optional() })).meta({ description: 'What needs a person now, the most urgent first.' }),
  feeds: z.array(z.strictObject({ feed: z.string(), came: aCount, refused: aCount, stands: z.strictObject(columns), halted })),
  destinations: z.array(z.strictObject({
    destination: z.string(), today: z.strictObject(Object.fromEntries(FLOW_WHATS.filter((what) => what !== 'in').map((what) => [what, aCount]))),
    waiting: aCount, waitingSince: anInstant.optional(), trouble: aCount, troubleSince: anInstant.optional(), perMinute: z.number().min(0),
    drainMinutes: aCount.optional().meta({ description: 'At the rate of the last ten minutes; absent where nobody knows.' }), circuit: circuit.optional(), halted,
  })),
  circuits: z.array(circuit), review: z.strictObject({ count: aCount, since: anInstant.optional() }),
  hours: z.array(z.strictObject({ label: z.string(), since: anInstant, in: aCount, out: aCount, ...usual })), like: aCount,
  soFar: z.strictObject({ hours: aCount, in: aCount, out: aCount, ...usual }),
  days: z.array(z.strictObject({ day: aDay, ...columns })),
  ages: z.array(z.strictObject({ from: aCount, to: aCount.optional(), count: aCount, byDestination: perDestination })),
}).meta({ id: 'Today' })

export const todayTold: Told = { says: 'What needs a person, and how things flow today.', answer: today, errors: ['QUERY_INVALID'] }

export const behindTold: Told = {
  says: 'The documents behind a number of today, up to 200.', errors: ['QUERY_INVALID'],
  query: z.object({ destination: z.string(), what: z.enum([...FLOW_WHATS.filter((what) => what !== 'in'), 'waiting']) }),
  answer: z.strictObject({ documents: z.array(z.strictObject({ ...documentRow.shape, at: anInstant })) }),
}

export const refusedTold: Told = {
  says: 'The messages that were refused today, newest first, up to 200.', errors: ['QUERY_INVALID'],
  answer: z.strictObject({ refused: z.array(z.strictObject({ at: anInstant, feed: z.string(), code: z.string() })) }),
}
