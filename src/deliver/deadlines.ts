// Sees to it that a letter whose time at PKB is up goes by post: not proven read in time, or waiting too long because
// nobody knows of an account. It stands beside the queue and the circuit, for PKB being away is one of the causes. It
// refuses to post what PKB, asked once more, says was read, and to decide without the document's lock.
import { without } from '../decide/decide.ts'
import { beganBy } from '../decide/working-days.ts'
import { asFailure } from '../errors.ts'
import type { Ledger, Overdue } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rarely } from '../observe/rarely.ts'
import { rounds } from '../observe/rounds.ts'
import type { PkbDestination } from '../policy/schema.ts'
import type { ReadReceipts } from './destination.ts'
import { QUESTIONS } from './reads.ts'

export type DeadlinesParts = {
  readonly ledger: Pick<Ledger, 'overdue' | 'saveReads' | 'slot' | 'lock'>
  readonly receipts: ReadReceipts
  readonly settings: Pick<PkbDestination, 'print_after' | 'extra_bank_holidays' | 'timeout_secs'>
  readonly say: Say
  readonly now: () => Date
  readonly everyMs?: number
}

export type Deadlines = { close(): Promise<void> }

const EVERY_MS = 1000
const AT_ONCE = 500
/** So often somebody else may be asking PKB something before it is posted without a last question. */
const PATIENCE = 600
/** So often in a row PKB may leave the last question unanswered before it is posted all the same. */
const UNANSWERED = 3

export const openDeadlines = ({ ledger, receipts, settings, say, now, everyMs = EVERY_MS }: DeadlinesParts): Deadlines => {
  const stopping = new AbortController()
  const isNews = rarely(now)
  let waited = 0
  let unanswered = 0

  /** Whether it may be acted on: PKB has answered, or cannot be asked. */
  const askOnceMore = async (letters: readonly Overdue[]): Promise<boolean> => {
    const readable = letters.filter(({ because, via }) => because === 'not-read' && via.includes('hl7-soap'))
    if (readable.length === 0) return true
    const slot = await ledger.slot(QUESTIONS, 1)
    if (!slot) return (waited += 1) > PATIENCE
    waited = 0
    try {
      const answer = await receipts.ask(readable.map(({ identifier }) => identifier), AbortSignal.any([AbortSignal.timeout(settings.timeout_secs * 1000), stopping.signal]))
      say('reads_checked', { asked: readable.length, read: answer.answered ? answer.reads.length : 0, outcome: answer.answered ? 'accepted' : answer.outcome.kind })
      // It was not PKB that broke this off.
      if (stopping.signal.aborted) return false
      unanswered = answer.answered ? 0 : unanswered + 1
      if (answer.answered) await ledger.saveReads(answer.reads, now().toISOString())
      return answer.answered || unanswered >= UNANSWERED
    } finally {
      await slot.release()
    }
  }

  const post = async (letter: Overdue): Promise<void> => {
    const lock = await ledger.lock(letter.documentId, 'pkb')
    // Somebody is at it: the next turn sees what came of that.
    if (!lock) return
    try {
      const { documentId: document, deliveryId: delivery, because } = letter
      if (await lock.post(letter, now().toISOString())) say('posted_instead', { document, delivery, because })
    } finally {
      await lock.release()
    }
  }

  const look = async (): Promise<void> => {
    const at = now().toISOString()
    const letters = await ledger.overdue(at, beganBy(at, without(settings.print_after, settings.extra_bank_holidays)), AT_ONCE)
    const asked = await askOnceMore(letters)
    for (const letter of letters) {
      if (stopping.signal.aborted) return
      // One that cannot be posted now keeps no other from the post.
      if (asked || letter.because !== 'not-read') await post(letter).catch(failed)
    }
  }
  const failed = (error: unknown): void => {
    const { code, detail } = asFailure(error)
    if (!stopping.signal.aborted && isNews(code)) say('part_failed', { part: 'deadlines', code, detail })
  }

  const round = rounds(() => look().catch(failed), everyMs)
  round.begin()

  return {
    close: () => {
      stopping.abort()
      return round.close()
    },
  }
}
