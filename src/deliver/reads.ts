// Asks PKB every few minutes what was read of the copies that stand there: those asked longest ago first, one question at
// a time over all processes. It refuses to conclude anything from silence, and to ask while PKB is away.
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { PkbDestination } from '../policy/schema.ts'
import type { ReadReceipts } from './destination.ts'
import { openGate } from './gate.ts'
import type { KnownCircuit } from './worker.ts'

export type ReadsParts = {
  readonly ledger: Pick<Ledger, 'unread' | 'saveReads' | 'slot'>
  readonly receipts: ReadReceipts
  readonly settings: Pick<PkbDestination, 'circuit' | 'timeout_secs' | 'read_poll_secs'>
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
}

export type Reads = {
  /** Where PKB does not say what was read: letters that were read go by post then, and somebody has to know. Empty while all is well. */
  circuits(): Readonly<Record<string, KnownCircuit>>
  close(): Promise<void>
}

const NAME = 'pkb-reads'

/** The questions about accounts and about what was read go to the same place, which wants one at a time. */
export const QUESTIONS = 'pkb-accounts'

const DEFAULT_POLL_SECS = 300
/** So that an answer in which all of them were read stays far below what is read of an answer. */
const BATCH = 2_000
/** Somebody else is asking PKB something. */
const BUSY_MS = 500

/** Only where a copy came by HL7 does PKB know it by a number that can be asked for. */
export const openReads = ({ ledger, receipts, settings, say, now, everyMs = (settings.read_poll_secs ?? DEFAULT_POLL_SECS) * 1000 }: ReadsParts): Reads => {
  const stopping = new AbortController()
  const gate = openGate({ name: NAME, rules: { ...settings.circuit, at_once: 1 }, say, now, onAdmits: () => undefined })
  let timer: NodeJS.Timeout | undefined
  let asking: Promise<void> | undefined

  const ask = async (): Promise<'done' | 'busy'> => {
    if (gate.shutUntil() !== undefined) return 'done'
    const slot = await ledger.slot(QUESTIONS, 1)
    if (!slot) return 'busy'
    try {
      if (slot.notBefore !== undefined && Date.parse(slot.notBefore) > now().getTime()) return 'busy'
      const copies = await ledger.unread('hl7-soap', BATCH)
      if (copies.length === 0) return 'done'
      const answer = await receipts.ask(copies.map(({ identifier }) => identifier), AbortSignal.any([AbortSignal.timeout(settings.timeout_secs * 1000), stopping.signal]))
      gate.hear(answer.answered ? { kind: 'accepted', code: '200', detail: '' } : answer.outcome)
      say('reads_checked', { asked: copies.length, read: answer.answered ? answer.reads.length : 0, outcome: answer.answered ? 'accepted' : answer.outcome.kind })
      if (answer.answered) await ledger.saveReads(answer.reads, now().toISOString())
      return 'done'
    } finally {
      await slot.release()
    }
  }

  const turn = async (): Promise<void> => {
    const how = await ask().catch((error: unknown): 'done' => {
      const { code, detail } = asFailure(error)
      if (!stopping.signal.aborted) say('part_failed', { part: 'reads', code, detail })
      return 'done'
    })
    if (!stopping.signal.aborted) timer = setTimeout(next, how === 'busy' ? Math.min(BUSY_MS, everyMs) : everyMs)
  }
  const next = (): void => { asking = turn() }
  next()

  return {
    circuits: () => (gate.circuit().is === 'closed' ? {} : { [NAME]: { ...gate.circuit(), ...(gate.why() === undefined ? {} : { code: gate.why()! }) } }),
    close: async () => {
      stopping.abort()
      clearTimeout(timer)
      await asking
      gate.close()
    },
  }
}
