// Writes down what this process knows of the destinations it sends to, so that every process can tell: at each change
// within a second, and every half minute that it is still alive. It refuses to slow a delivery: it looks on from outside,
// and what it cannot write is written the next time.
import type { KnownCircuit } from '../deliver/worker.ts'
import { asFailure } from '../errors.ts'
import type { DestinationState } from '../ledger/flow-words.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'

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
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let closed = false
  let silent = false

  const look = async (): Promise<void> => {
    const at = now()
    const states = Object.entries(circuits()).map(([destination, circuit]): DestinationState => {
      const seen = seenOf(destination, circuit)
      const before = noted?.find((one) => one.destination === destination)
      return before && isSame(before, seen) ? before : { ...seen, since: at.toISOString() }
    })
    const same = noted?.length === states.length && states.every((state) => noted?.includes(state))
    if (same && at.getTime() - notedAt < ALIVE_MS) return
    try {
      await ledger.noteStates(process, states, at.toISOString())
      ;[noted, notedAt, silent] = [states, at.getTime(), false]
    } catch (error) {
      const { code, detail } = asFailure(error)
      // What lasts is said once.
      if (!closed && !silent) say('part_failed', { part: 'destination-states', code, detail })
      silent = true
    }
  }
  const turn = async (): Promise<void> => {
    looking = look()
    await looking
    if (!closed) timer = setTimeout(() => void turn(), everyMs)
  }
  void turn()

  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      await looking
      await ledger.forgetStates(process).catch(() => undefined)
    },
  }
}
