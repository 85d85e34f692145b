// Opens the ledger on a migrated PostgreSQL: every change goes through a committer, every question straight to the
// pool. It refuses to close the pool, which is its caller's, and to let PostgreSQL's own words out, which may repeat a
// stored value.
import type { Pool } from 'pg'
import { asFailure } from '../errors.ts'
import type { Say } from '../observe/events.ts'
import { wakeAbandoned, wakeFarAhead } from './abandoned.ts'
import { accept, arrivalNeeds } from './accept.ts'
import { accountsWanted, savePeople } from './accounts.ts'
import { known } from './as-of.ts'
import { asking, failed, notStored, ping } from './asking.ts'
import { startChannel } from './channels.ts'
import { openCommitter } from './committer.ts'
import type { Commit } from './committer.ts'
import { decisions } from './decisions.ts'
import { lockDocument } from './document-lock.ts'
import { failures, failuresIn } from './failures.ts'
import type { Ledger } from './ledger.ts'
import { openLocks } from './locks.ts'
import { counts, placeOfDelivery } from './queries.ts'
import { QUESTIONS } from './questions.ts'
import { overdue, saveReads } from './reads.ts'
import { recallCounts, recalls } from './recalls.ts'
import { refuseMessage } from './rejections.ts'
import { driveRun } from './run-drive.ts'
import { planRun } from './run-plan.ts'
import { runNow } from './runs.ts'
import { slot } from './slots.ts'
import { liftStop } from './stops.ts'
import { watch } from './watch.ts'
import type { AuditEntry, LedgerParts, Owed } from './workspace.ts'

type Options = LedgerParts & {
  /** Keeps three connections busy, one each for intake, deliveries and locks, and what questions take. */
  readonly pool: Pool
  readonly now: () => Date
  readonly say: Say
  /** Steps in one transaction, at most. */
  readonly groupMost?: number
  /** Opened by a command that only looks, perhaps beside an engine: nothing is written unless it asks for that. */
  readonly visits?: boolean
}

/**
 * `plan` plans a document again under the policy in force, whenever something beside it changed: undefined where that
 * policy cannot read its receipt.
 */
export const openLedger = async (options: Options): Promise<Ledger> => {
  const { pool, now, say, newId, groupMost } = options
  const listeners: ((owed: readonly Owed[]) => void)[] = []
  const tell = (owed: readonly Owed[]): void => {
    for (const listener of listeners) guard(say, () => listener(owed))
  }
  // The hours belong to the policy in force: read anew each time.
  const parts: LedgerParts = { newId, get accountFreshHours() { return options.accountFreshHours }, plan: (...from) => guard(say, () => options.plan(...from)) }
  const open = () => openCommitter({ pool, parts, tell, tellDecided: sayDecided(say), ...(groupMost === undefined ? {} : { most: groupMost }) })
  // Apart, so that a flood of uploads does not keep deliveries waiting.
  const [intake, deliver] = [open(), open()]
  const locks = openLocks(pool, say)
  const at = (): string => now().toISOString()
  const commit: Commit = (step) => deliver.commit(step).catch(failed)
  if (!options.visits) await wakeAbandoned(pool, at()).catch(failed)

  return {
    accept: (arrival) => intake.commit({ needs: arrivalNeeds(arrival), run: (space) => accept(space, arrival, at()) }).catch(notStored),
    reject: (rejected) => intake.commit({ needs: {}, run: (space) => refuseMessage(space, rejected) }).catch(notStored),
    onOwed: (listener) => { listeners.push(listener) },
    lock: (documentId, destination, held) => lockDocument({ locks, deliver, at }, documentId, destination, held).catch(failed),
    slot: (...asked) => slot(pool, locks, ...asked).catch(failed),
    watch: (...asked) => watch(pool, ...asked).catch(failed),
    wakeFarAhead: (...asked) => wakeFarAhead(pool, ...asked).catch(failed),
    ...decisions(pool, commit),
    ...asking(pool, QUESTIONS),
    startChannel: (...asked) => startChannel(pool, commit, ...asked).catch(failed),
    savePeople: (people, asOf) => savePeople(pool, commit, people, asOf).catch(failed),
    accountsWanted: (...asked) => accountsWanted(pool, at(), ...asked).catch(failed),
    saveReads: (reads, then) => saveReads(pool, commit, reads, then).catch(failed),
    overdue: (then, owedBefore, limit) => overdue(pool, parts.accountFreshHours, then, owedBefore, limit).catch(failed),
    liftStop: (stopId, actor, reason, then) => liftStop(pool, commit, stopId, actor, reason, then).catch(failed),
    recalls: (kind, limit) => recalls(pool, parts, kind, limit).catch(failed),
    recallCounts: () => recallCounts(pool, parts).catch(failed),
    known: (documentId) => known(pool, documentId, parts, at()).catch(failed),
    planRun: (...asked) => planRun(pool, parts, ...asked).catch(failed),
    runNow: (...asked) => runNow(pool, parts.accountFreshHours, ...asked).catch(failed),
    driveRun: (id, then) => driveRun({ pool, locks, commit }, id, then).catch(failed),
    deliveryOf: (deliveryId) => placeOfDelivery(pool, deliveryId).catch(failed),
    failures: (then) => failures(pool, parts.accountFreshHours, then).catch(failed),
    failuresIn: (...asked) => failuresIn(pool, parts.accountFreshHours, ...asked).catch(failed),
    counts: () => counts(pool, at()).catch(failed),
    ping: () => ping(pool),
    close: async () => {
      await Promise.all([intake.close(), deliver.close()])
      await locks.close()
    },
  }
}

/** As the log of events has it, so that each decision is counted once, whoever made it and why. */
const sayDecided = (say: Say) => (entries: readonly AuditEntry[]): void => {
  for (const { document_id: document = '', detail } of entries) {
    const { revision, route, rule, policy } = JSON.parse(detail) as { revision: number; route: string; rule: string; policy: string }
    say('decided', { document, revision, route, rule, policy })
  }
}

/** What somebody else's code throws is told, and does no harm here. */
const guard = <T>(say: Say, work: () => T): T | undefined => {
  try {
    return work()
  } catch (error) {
    const { code, detail } = asFailure(error)
    say('part_failed', { part: 'ledger', code, detail })
    return undefined
  }
}
