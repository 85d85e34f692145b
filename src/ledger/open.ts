// Opens the ledger on a migrated PostgreSQL: every change goes through a committer, every question straight to the
// pool. It refuses to close the pool, which is its caller's, and to let PostgreSQL's own words out, which may repeat a
// stored value.
import type { Pool } from 'pg'
import { asFailure, Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'
import { wakeAbandoned } from './abandoned.ts'
import { accept, arrivalNeeds } from './accept.ts'
import { accountRefused, accountsWanted, savePeople } from './accounts.ts'
import { assurance } from './assurance.ts'
import { channelling } from './channels.ts'
import { known, knownAt, policyAt, policyOf } from './as-of.ts'
import { codesSeen } from './codes-seen.ts'
import { doorNamed } from './doors.ts'
import { openCommitter } from './committer.ts'
import type { Committer, Step } from './committer.ts'
import { verifyChain, walkChain } from './events.ts'
import { failures, failuresIn } from './failures.ts'
import { behindFlow, changesSince, flow, forgetStates, noteStates, refusals } from './flow.ts'
import type { DocumentLock, Ledger, Sessions, Slot, Staffing } from './ledger.ts'
import type { Alerting } from './incidents.ts'
import { makeOutcomes, outcomeDay, outcomeDays, outcomeLines, outcomeMailed, outcomeMailsDue, outcomeMailsRefused, outcomesUnwritten, outcomesWritten } from './team-outcomes.ts'
import type { TellingTeams } from './team-outcomes.ts'
import { incidents, judgeIncidents, lastArrivals, notificationsDue, notified, notNotified, oldestOwed, report, reported, takeIncident, tellingWays } from './incidents.ts'
import { openLocks } from './locks.ts'
import type { Locks } from './locks.ts'
import { looked } from './looks.ts'
import { acknowledgePrint, hold, release, retry } from './people.ts'
import { observed } from './observed.ts'
import { lookAgain, policyHistory, policyInForce, savePolicy } from './policies.ts'
import { counts, documentOfDelivery, placeOfDelivery, due, receipt, rejections, story, troubled } from './queries.ts'
import { overdue, saveReads, unread } from './reads.ts'
import { recallCounts, recalls } from './recalls.ts'
import { compareExtract, reconciled, reconciliation } from './reconciliation.ts'
import { references, revisions } from './references.ts'
import { lastRole, review, reviews } from './reviews.ts'
import { refuseMessage } from './rejections.ts'
import { redecide, replayCount, replayPage } from './replay.ts'
import { driveRun, runsUnderWay } from './run-drive.ts'
import { planRun } from './run-plan.ts'
import { changeRun, run, runNow, resourcesOf, runReport, runs } from './runs.ts'
import { estimate, isUuid, list } from './search.ts'
import { isHeldWith, slot, takenWith } from './slots.ts'
import { countTry, endSessions, knownBrowser, session, sessionsOf, signInRefused, startSession, uncountTry } from './sessions.ts'
import { changePassword, changeRoles, codeUse, disableStaff, enableStaff, firstCode, inviteStaff, provideStaff, resetStaff, staff, staffNamed, useFirstCode, usePasswordCode } from './staff.ts'
import { liftStop, pullStop, stops, waiting } from './stops.ts'
import { makeToken, revokeToken, tokenBy, tokens } from './tokens.ts'
import { trail } from './trail.ts'
import { decideAgain, printInstead } from './try-again.ts'
import { begin, beginNeeds, finish, finishNeeds, post, postNeeds, putOff, putOffNeeds } from './work.ts'
import type { Worked } from './work.ts'
import type { LedgerParts, Owed } from './workspace.ts'

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
  const open = () => openCommitter({ pool, parts, tell, ...(groupMost === undefined ? {} : { most: groupMost }) })
  // Apart, so that a flood of uploads does not keep deliveries waiting.
  const [intake, deliver] = [open(), open()]
  const locks = openLocks(pool, say)
  const at = (): string => now().toISOString()
  const commit = <T>(step: Step<T>): Promise<T> => deliver.commit(step).catch(failed)
  if (!options.visits) await wakeAbandoned(pool, at()).catch(failed)

  return {
    accept: (arrival) => intake.commit({ needs: arrivalNeeds(arrival), run: (space) => accept(space, arrival, at()) }).catch(notStored),
    reject: (rejected) => intake.commit({ needs: {}, run: (space) => refuseMessage(space, rejected) }).catch(notStored),
    onOwed: (listener) => { listeners.push(listener) },
    lock: (documentId, destination, held) => take({ locks, deliver, at }, documentId, destination, held).catch(failed),
    due: (destination, until, limit) => due(pool, destination, until, limit).catch(failed),
    slot: (...asked) => slot(pool, locks, ...asked).catch(failed),
    ...decisions(pool, commit),
    ...people(pool),
    ...channelling(pool, commit, failed),
    savePeople: (people, asOf) => savePeople(pool, commit, people, asOf).catch(failed),
    accountRefused: (nhsNumber, code, then) => accountRefused(pool, nhsNumber, code, then).catch(failed),
    accountsWanted: (...asked) => accountsWanted(pool, at(), ...asked).catch(failed),
    unread: (via, limit) => unread(pool, via, limit).catch(failed),
    saveReads: (reads, then) => saveReads(pool, commit, reads, then).catch(failed),
    overdue: (then, owedBefore, limit) => overdue(pool, parts.accountFreshHours, then, owedBefore, limit).catch(failed),
    pullStop: (stop, actor, reason, then) => pullStop(pool, stop, actor, reason, then).catch(failed),
    liftStop: (stopId, actor, reason, then) => liftStop(pool, commit, stopId, actor, reason, then).catch(failed),
    stops: (asked) => stops(pool, asked).catch(failed),
    waiting: () => waiting(pool).catch(failed),
    recalls: (kind, limit) => recalls(pool, parts, kind, limit).catch(failed),
    recallCounts: () => recallCounts(pool, parts).catch(failed),
    list: (filter) => list(pool, filter).catch(failed),
    estimate: (filter) => estimate(pool, filter).catch(failed),
    story: (documentId) => story(pool, documentId).catch(failed),
    known: (documentId) => known(pool, documentId, parts, at()).catch(failed),
    knownAt: (documentId, then, hours) => knownAt(pool, documentId, then, hours).catch(failed),
    policyAt: (then) => policyAt(pool, then).catch(failed),
    policyOf: (hash) => policyOf(pool, hash).catch(failed),
    troubled: (limit) => troubled(pool, limit).catch(failed),
    planRun: (...asked) => planRun(pool, parts, ...asked).catch(failed),
    runs: (limit) => runs(pool, limit).catch(failed),
    run: (id) => run(pool, id).catch(failed),
    runNow: (...asked) => runNow(pool, parts.accountFreshHours, ...asked).catch(failed),
    runReport: (...asked) => runReport(pool, ...asked).catch(failed),
    resourcesOf: (ids) => resourcesOf(pool, ids).catch(failed),
    changeRun: (...asked) => changeRun(pool, ...asked).catch(failed),
    runsUnderWay: () => runsUnderWay(pool).catch(failed),
    driveRun: (id, then) => driveRun({ pool, locks, commit }, id, then).catch(failed),
    deliveryOf: (deliveryId) => placeOfDelivery(pool, deliveryId).catch(failed),
    failures: (then) => failures(pool, parts.accountFreshHours, then).catch(failed),
    failuresIn: (...asked) => failuresIn(pool, parts.accountFreshHours, ...asked).catch(failed),
    counts: () => counts(pool, at()).catch(failed),
    receipt: (receiptId) => receipt(pool, receiptId).catch(failed),
    rejections: (limit) => rejections(pool, limit).catch(failed),
    verifyChain: () => verifyChain(pool).catch(failed),
    walkChain: (noted) => walkChain(pool, noted).catch(failed),
    trail: (filter) => trail(pool, filter).catch(failed),
    makeToken: (...asked) => makeToken(pool, ...asked).catch(failed),
    revokeToken: (...asked) => revokeToken(pool, ...asked).catch(failed),
    tokenBy: (...asked) => tokenBy(pool, ...asked).catch(failed),
    tokens: () => tokens(pool).catch(failed),
    looked: (...asked) => looked(pool, ...asked).catch(failed),
    references: (filter) => references(pool, filter).catch(failed),
    revisions: (documentId) => revisions(pool, documentId).catch(failed),
    replayPage: (...asked) => replayPage(pool, ...asked).catch(failed),
    replayCount: (asked) => replayCount(pool, asked).catch(failed),
    observed: (asked) => observed(pool, asked).catch(failed),
    reconciliation: (...asked) => reconciliation(pool, ...asked).catch(failed),
    reconciled: (...asked) => reconciled(pool, ...asked).catch(failed),
    compareExtract: (asked) => compareExtract(pool, asked).catch(failed),
    assurance: (asked) => assurance(pool, asked).catch(failed),
    reviews: (...asked) => reviews(pool, ...asked).catch(failed),
    review: (documentId) => review(pool, documentId).catch(failed),
    lastRole: (actor) => lastRole(pool, actor).catch(failed),
    codesSeen: (asked) => codesSeen(pool, asked).catch(failed),
    ...alerting(pool),
    ...tellingTeams(pool),
    flow: (asked) => flow(pool, asked).catch(failed),
    behindFlow: (...asked) => behindFlow(pool, ...asked).catch(failed),
    refusals: (...asked) => refusals(pool, ...asked).catch(failed),
    noteStates: (...noted) => noteStates(pool, ...noted).catch(failed),
    forgetStates: (process) => forgetStates(pool, process).catch(failed),
    changesSince: (seq) => changesSince(pool, seq).catch(failed),
    policyInForce: () => policyInForce(pool).catch(failed),
    policyHistory: (limit) => policyHistory(pool, limit).catch(failed),
    lookAgain: (at) => lookAgain(pool, at).catch(failed),
    ping: async () => { await pool.query('select 1').catch(failed) },
    close: async () => {
      await Promise.all([intake.close(), deliver.close()])
      await locks.close()
    },
  }
}

const tellingTeams = (pool: Pool): TellingTeams => ({
  makeOutcomes: (...asked) => makeOutcomes(pool, ...asked).catch(failed),
  outcomeDay: (day) => outcomeDay(pool, day).catch(failed),
  outcomeDays: (limit) => outcomeDays(pool, limit).catch(failed),
  outcomeLines: (...asked) => outcomeLines(pool, ...asked).catch(failed),
  outcomesUnwritten: () => outcomesUnwritten(pool).catch(failed),
  outcomesWritten: (...asked) => outcomesWritten(pool, ...asked).catch(failed),
  outcomeMailsRefused: () => outcomeMailsRefused(pool).catch(failed),
  outcomeMailsDue: (...asked) => outcomeMailsDue(pool, ...asked).catch(failed),
  outcomeMailed: (...asked) => outcomeMailed(pool, ...asked).catch(failed),
})

/** What is wrong, and whom that is told. */
const alerting = (pool: Pool): Alerting => ({
  report: (...told) => report(pool, ...told).catch(failed),
  reported: (since) => reported(pool, since).catch(failed),
  tellingWays: (now) => tellingWays(pool, now).catch(failed),
  lastArrivals: (feeds) => lastArrivals(pool, feeds).catch(failed),
  oldestOwed: () => oldestOwed(pool).catch(failed),
  judgeIncidents: (...asked) => judgeIncidents(pool, ...asked).catch(failed),
  incidents: (resolved) => incidents(pool, resolved).catch(failed),
  takeIncident: (...asked) => takeIncident(pool, ...asked).catch(failed),
  notificationsDue: (...asked) => notificationsDue(pool, ...asked).catch(failed),
  notified: (...asked) => notified(pool, ...asked).catch(failed),
  notNotified: (...asked) => notNotified(pool, ...asked).catch(failed),
})

export type Commit = <T>(step: Step<T>) => Promise<T>

/** What people and PKB say about documents. */
const decisions = (pool: Pool, commit: Commit): Pick<Ledger, 'savePerson' | 'retry' | 'printInstead' | 'decideAgain' | 'acknowledgePrint' | 'hold' | 'liftHold' | 'release' | 'redecide' | 'savePolicy'> => {
  const onDocument = async (documentId: string, run: Step<void>['run']): Promise<void> => {
    if (isUuid(documentId)) await commit({ needs: { documents: [documentId], plans: true }, run })
  }
  return {
    hold: (id, actor, reason, at) => onDocument(id, (space) => hold(space, id, true, { actor, reason, at })),
    liftHold: (id, actor, reason, at) => onDocument(id, (space) => hold(space, id, false, { actor, reason, at })),
    release: async (id, actor, role, reason, at, more = {}) => {
      const door = await doorNamed(pool, actor).catch(failed)
      return isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => release(space, id, { actor, door, role, reason, at, ...more }) }) : 'missing'
    },
    redecide: async (id, by) => {
      if ((await policyInForce(pool).catch(failed))?.hash !== by.policy) throw new Failure('POLICY_NOT_IN_FORCE', 'Nothing was decided again.')
      return isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => redecide(space, id, by) }) : { kind: 'missing' }
    },
    retry: async (deliveryId, actor, reason, at, lookedAt) => {
      const documentId = await documentOfDelivery(pool, deliveryId).catch(failed)
      return documentId === undefined ? undefined : commit({ needs: { documents: [documentId] }, run: (space) => retry(space, deliveryId, { actor, reason, at, ...(lookedAt ? { lookedAt } : {}) }) })
    },
    printInstead: async (id, by) => (isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => printInstead(space, id, by) }) : { kind: 'missing' }),
    decideAgain: async (id, by) => {
      if ((await policyInForce(pool).catch(failed))?.hash !== by.policy) throw new Failure('POLICY_NOT_IN_FORCE', 'Nothing was decided again.')
      return isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => decideAgain(space, id, by) }) : { kind: 'missing', tried: false }
    },
    acknowledgePrint: async (item, at) => {
      const documentId = await documentOfDelivery(pool, item.deliveryId).catch(failed)
      if (documentId !== undefined) await commit({ needs: { documents: [documentId] }, run: (space) => acknowledgePrint(space, item, at) })
    },
    savePerson: (nhsNumber, person, asOf) => savePeople(pool, commit, [{ nhsNumber, ...person }], asOf).catch(failed),
    savePolicy: async (policy, at) => {
      if ((await policyInForce(pool).catch(failed))?.hash === policy.hash) return
      // First, so that a policy is never written down without it.
      await lookAgain(pool, at).catch(failed)
      await commit({ needs: {}, run: (space) => savePolicy(space, policy, at) })
    },
  }
}

/** Who may come in, and who is there. */
const people = (pool: Pool): Staffing & Sessions => ({
  staff: () => staff(pool).catch(failed),
  staffNamed: (userName) => staffNamed(pool, userName).catch(failed),
  inviteStaff: (...asked) => inviteStaff(pool, ...asked).catch(failed),
  resetStaff: (...asked) => resetStaff(pool, ...asked).catch(failed),
  changeRoles: (...asked) => changeRoles(pool, ...asked).catch(failed),
  disableStaff: (...asked) => disableStaff(pool, ...asked).catch(failed),
  enableStaff: (...asked) => enableStaff(pool, ...asked).catch(failed),
  changePassword: (...asked) => changePassword(pool, ...asked).catch(failed),
  provideStaff: (given) => provideStaff(pool, given).catch(failed),
  firstCode: (...asked) => firstCode(pool, ...asked).catch(failed),
  codeUse: (...asked) => codeUse(pool, ...asked).catch(failed),
  useFirstCode: (...asked) => useFirstCode(pool, ...asked).catch(failed),
  usePasswordCode: (...asked) => usePasswordCode(pool, ...asked).catch(failed),
  startSession: (...asked) => startSession(pool, ...asked).catch(failed),
  session: (...asked) => session(pool, ...asked).catch(failed),
  sessionsOf: (...asked) => sessionsOf(pool, ...asked).catch(failed),
  endSessions: (...asked) => endSessions(pool, ...asked).catch(failed),
  knownBrowser: (...asked) => knownBrowser(pool, ...asked).catch(failed),
  countTry: (...asked) => countTry(pool, ...asked).catch(failed),
  uncountTry: (...asked) => uncountTry(pool, ...asked).catch(failed),
  signInRefused: (...asked) => signInRefused(pool, ...asked).catch(failed),
})

/** A lock on a document at a destination, with what may be done under it. */
const take = async (
  { locks, deliver, at }: { readonly locks: Locks; readonly deliver: Committer; readonly at: () => string }, documentId: string, destination: string, held?: Slot,
): Promise<DocumentLock | undefined> => {
  const taken = takenWith(held, documentId, destination) ?? await locks.take(documentId, destination)
  if (!taken) return undefined
  // From here on both are of one session, and whoever asks whether the one is held asks for both.
  if (held && !isHeldWith(held, taken)) {
    await taken.release()
    return undefined
  }
  const worked: Worked = { documentId, destination, taken }
  let seen: number | undefined
  return {
    begin: (think, now) => deliver.commit({ needs: beginNeeds(worked), run: (space) => {
      const begun = begin(space, worked, think, now)
      seen = space.documents.get(documentId)?.version
      return begun
    } }).catch(failed),
    finish: (end, waitsMs) => deliver.commit({ needs: finishNeeds(worked, end), run: (space) => finish(space, worked, end) }, waitsMs).catch(failed),
    putOff: (deliveryId, dueAt) => deliver.commit({ needs: putOffNeeds(worked), run: (space) => putOff(space, worked, deliveryId, dueAt, seen, at()) }).catch(failed),
    post: (overdue, now) => deliver.commit({ needs: postNeeds(worked), run: (space) => post(space, worked, overdue, now) }).catch(failed),
    release: () => taken.release(),
  }
}

// ---------------------------------------------------------------- what goes wrong

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

const sqlState = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown }
  return !(error instanceof Failure) && typeof code === 'string' && /^[0-9A-Z]{5}$/u.test(code) ? code : undefined
}

const failed = (error: unknown): never => {
  const state = sqlState(error)
  throw state ? new Failure('INTERNAL', `PostgreSQL refused a statement (SQLSTATE ${state}).`, { cause: error }) : asFailure(error)
}

/** To a sender all trouble with the database is one: nothing was taken. */
const notStored = (error: unknown): never => {
  const state = sqlState(error)
  if (state) throw new Failure('STORE_UNAVAILABLE', `PostgreSQL refused a statement (SQLSTATE ${state}).`, { cause: error })
  if (error instanceof Failure && error.code === 'DATABASE_UNREACHABLE') throw new Failure('STORE_UNAVAILABLE', error.detail, { cause: error })
  throw asFailure(error)
}
