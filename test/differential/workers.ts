// The workers of one history: the real line of deliver/, on a clock and behind a gate of this history's own, by turns in
// one process and in the other. One exchange may meet a fault, have something told meanwhile, or be its worker's last.
// It refuses to release what a dead worker held in any other way than its connection does.
import type { Destination } from '../../src/deliver/destination.ts'
import { openGate } from '../../src/deliver/gate.ts'
import { workOn, type Line } from '../../src/deliver/line.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import type { DocumentLock, Slot } from '../../src/ledger/ledger.ts'
import type { Engine } from './engine.ts'
import type { Action, Told } from './history.ts'
import type { Channel } from './wire.ts'
import { openTurns } from '../support/open-turns.ts'

export type Work = Extract<Action, { do: 'work' }>

export type Workers = {
  /** Takes the document and goes on until nothing is due, or until it dies. */
  work(documentId: string, befalls?: Partial<Work>): Promise<void>
  close(): void
}

export type WorkersParts = {
  readonly engine: Engine
  readonly channel: Channel
  /** Milliseconds. */
  readonly now: () => number
  readonly tell: (told: Told) => Promise<void>
  /** A recall of this document is done. */
  readonly recalled: (documentId: string) => Promise<void>
}

const RETRY = { first_secs: 10, ceiling_secs: 120, jitter: 0 }
const UNSAID = { kind: 'unsure', code: 'DIED', detail: '' } as const
/** The pace is that of all documents together, and here each has a time of its own. */
const slot = async (): Promise<Slot> => ({ used: async () => undefined, release: async () => undefined })
/** Thrown where a worker dies. */
class Died extends Error {}

type Around = <T>(identifier: string, really: () => Promise<T>, instead: T) => Promise<T>

const destinationWithin = (pkb: Destination, around: Around): Destination => ({
  ...pkb,
  create: (shipment, signal) => around(shipment.identifier, () => pkb.create(shipment, signal), UNSAID),
  update: (shipment, signal) => around(shipment.identifier, () => pkb.update(shipment, signal), UNSAID),
  recall: (recall, signal) => around(recall.identifier, () => pkb.recall(recall, signal), UNSAID),
  look: (recall, signal) => around(recall.identifier, () => pkb.look(recall, signal), { found: false, outcome: UNSAID }),
})

export const openWorkers = ({ engine, channel, now, tell, recalled }: WorkersParts): Workers => {
  let turns = 0
  const clock = (): Date => new Date(now())
  const circuit = openGate({ name: 'pkb', rules: { opens_after: 5, probe_secs: 60, at_once: 1 }, say: () => undefined, now: clock, onAdmits: () => undefined })
  // Its clock stands still while somebody waits.
  const gate = { ...circuit, waitMs: () => 0 }

  const work = async (documentId: string, befalls: Partial<Work> = {}): Promise<void> => {
    const dying = befalls.process ? await engine.another() : undefined
    let ended: Promise<void> | undefined
    const endsWithIt = async (): Promise<void> => { await (ended ??= dying?.close()) }
    const ledger = dying?.ledger ?? engine.ledgers[turns++ % 2]!
    let abort = new AbortController()
    const timeout = (): void => {
      abort.abort()
      abort = new AbortController()
    }
    let [first, dead] = [true, false]
    const around: Around = async (identifier, really, instead) => {
      const { fault, request = 0, meanwhile, when, dies } = first ? befalls : {}
      first = false
      channel.expect(identifier, fault && { fault, at: request, now: now(), timeout })
      if (meanwhile && when === 'before') await tell(meanwhile)
      dead = dies !== undefined
      const answer = dies === 'before' ? instead : await really()
      if (meanwhile && when === 'after') await tell(meanwhile)
      return answer
    }
    const lock = async (document: string, at: string): Promise<DocumentLock | undefined> => {
      const taken = await ledger.lock(document, at)
      return taken && {
        ...taken,
        finish: async (end) => {
          if (dead) throw new Died()
          const more = await taken.finish(end)
          if (end.delivery.state === 'recalled') await recalled(documentId)
          return more
        },
        // With its process goes the connection that holds the lock, and nothing else is said.
        release: () => (dying ? endsWithIt() : taken.release()),
      }
    }
    const { wake, take } = openTurns(now)
    const line: Line = {
      destination: destinationWithin(engine.pkb, around), gate, retry: RETRY, timeoutSecs: 60, ledger: { ...ledger, lock, slot }, wake: { wake },
      policy: () => engine.policy, planAgain, say: () => undefined, sayPolicy: () => undefined, now: clock, random: () => 0.5,
      get stopping() { return abort.signal },
    }
    try {
      await take(() => workOn(documentId, line, false, () => undefined))
    } catch (error) {
      if (!(error instanceof Died)) throw error
    } finally {
      await endsWithIt()
    }
  }
  return { work, close: circuit.close }
}
