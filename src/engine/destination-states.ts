// Writes down what this process knows of the destinations it sends to, so that every process can tell: at each change
// within a second, and every half minute that it is still alive. It refuses to slow a delivery: it looks on from outside,
// and what it cannot write is written the next time.
import type { KnownCircuit } from '../deliver/worker.ts'
import { asFailure } from '../errors.ts'
import type { DestinationState } from '../ledger/flow-words.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rounds } from '../observe/rounds.ts'

export type DestinationStatesParts = {
  readonly ledger: Pick<Ledger, 'noteStates' | 'forgetStates'>
  readonly circuits: () => Readonly<Record<string, KnownCircuit>>
  /** Names this process, and no other. */
  readonly process: string
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
}

const EVERY_MS = 1_000
const ALIVE_MS = 30_000

type Seen = Omit<DestinationState, 'since'>

const seenOf = (destination: string, circuit: KnownCircuit): Seen => {
  const why = circuit.code === undefined ? {} : { code: circuit.code }
  if (circuit.is === 'open') return { destination, circuit: 'open', until: circuit.until, ...why }
  if (circuit.is === 'half-open') return { destination, circuit: 'half-open', ...why }
  return circuit.gapMs > 0 ? { destination, circuit: 'slow', ...why } : { destination, circuit: 'closed' }
}

const isSame = (one: Seen, other: Seen): boolean => one.circuit === other.circuit && one.until === other.until && one.code === other.code

export const openDestinationStates = ({ ledger, circuits, process, say, now, everyMs = EVERY_MS }: DestinationStatesParts): { close(): Promise<void> } => {
  let noted: readonly DestinationState[] | undefined
  let notedAt = Number.NEGATIVE_INFINITY
  let silent = false

  const watching = rounds(async () => {
    const at = now()
    const states = Object.entries(circuits()).map(([destination, circuit]): DestinationState => {
      const seen = seenOf(destination, circuit)
      const before = noted?.find((one) => one.destination === destination)
      return before && isSame(before, seen) ? before : { ...seen, since: at.toISOString() }
    })
    const same = noted?.length === states.length && states.every((state) => noted?.includes(state))
    // Nor after a clock was put back.
    if (same && Math.abs(at.getTime() - notedAt) < ALIVE_MS) return
    try {
      await ledger.noteStates(process, states, at.toISOString())
      ;[noted, notedAt, silent] = [states, at.getTime(), false]
    } catch (error) {
      const { code, detail } = asFailure(error)
      // What lasts is said once.
      if (!watching.isClosed() && !silent) say('part_failed', { part: 'destination-states', code, detail })
      silent = true
    }
  }, everyMs)
  watching.begin()

  return {
    close: async () => {
      await watching.close()
      await ledger.forgetStates(process).catch(() => undefined)
    },
  }
}
