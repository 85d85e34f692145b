// Has retry runs go on, turn by turn: those that were under way when the engine stopped go on when it is back. It refuses
// to know how a run goes: the ledger takes each turn, one process at a time, and nothing is sent from here.
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { rarely } from '../observe/rarely.ts'
import { rounds } from '../observe/rounds.ts'

export type RetryRuns = {
  /** A turn of each now, without waiting for its time. */
  turn(): Promise<void>
  close(): Promise<void>
}

export type RetryRunsParts = { readonly ledger: Pick<Ledger, 'runsUnderWay' | 'driveRun'>; readonly say: Say; readonly now: () => Date; readonly everyMs?: number }

const EVERY_MS = 1_000

export const openRetryRuns = ({ ledger, say, now, everyMs = EVERY_MS }: RetryRunsParts): RetryRuns => {
  const isNews = rarely(now)
  const failed = (error: unknown): void => {
    const { code, detail } = asFailure(error)
    if (!driving.isClosed() && isNews(code)) say('part_failed', { part: 'retry-runs', code, detail })
  }
  /** One that cannot go on keeps no other from going on. */
  const drive = async (id: string): Promise<void> => {
    const { became, why } = await ledger.driveRun(id, now().toISOString())
    if (became) say('run_changed', { run: id, state: became, ...(why ? { why } : {}) })
  }
  const once = async (): Promise<void> => {
    for (const id of await ledger.runsUnderWay()) {
      if (driving.isClosed()) return
      await drive(id).catch(failed)
    }
  }
  const driving = rounds(() => once().catch(failed), everyMs)
  driving.begin()

  return { turn: driving.look, close: () => driving.close() }
}
