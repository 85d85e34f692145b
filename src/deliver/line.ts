// The work on one document at one destination: think, do the one step, write down how it ended, and think again
// until nothing is due. Once a destination has taken what was sent, the next letter's turn has come, while that is still
// being written down. It refuses to act without the document's lock, and to do anything that the ledger does not know
// of first.
import { setTimeout as delay } from 'node:timers/promises'
import { asFailure } from '../errors.ts'
import { want, type Want } from '../decide/owed.ts'
import type { Begun, DocumentLock, Finish, Ledger, Thought, Work } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { RetrySettings } from '../policy/schema.ts'
import type { Delivery } from '../types.ts'
import { later } from './backoff.ts'
import type { AccountsDesk } from './accounts-desk.ts'
import type { Destination } from './destination.ts'
import { exchange, type Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import { nowOf, think, type PlanAgain } from './next.ts'
import { afterExchange, type Ended } from './outcomes.ts'
import { takeTurn, type Pace, type Turn } from './turn.ts'
import { underWay } from './under-way.ts'
import type { Wake } from './wake.ts'
import { writeDown } from './write-down.ts'

export type Line = {
  readonly destination: Destination
  readonly gate: Gate
  readonly retry: RetrySettings
  readonly timeoutSecs: number
  /** Exchanges at the same moment and in a minute, over all processes; one at a time and no ceiling where nothing is said. */
  readonly atOnce?: number
  readonly perMinute?: number
  /** Where accounts are asked for; only for the record. */
  readonly desk?: Pick<AccountsDesk, 'want'>
  readonly ledger: Pick<Ledger, 'lock' | 'savePerson' | 'slot'>
  readonly wake: Pick<Wake, 'wake'>
  readonly policy: () => Policy
  readonly planAgain: PlanAgain
  readonly say: Say
  /** Hears which policy the ledger says is in force. */
  readonly sayPolicy: (hash: string) => void
  readonly now: () => Date
  /** From 0 to 1. */
  readonly random: () => number
  /** Aborted when the engine cannot wait any longer. */
  readonly stopping: AbortSignal
  /** Aborted before that: nobody waits for a turn any more. */
  readonly closing?: AbortSignal
}

/** A chain longer than this is a fault of ours: the rest is left to the next wake-up. */
const MOST_STEPS = 12
/** Somebody else has the document, most often to write down how their exchange ended: these pauses are longer than that takes. */
const ALMOST_DONE_MS = [10, 20, 40, 80]
/** Else what changed in their last moment is looked at after this. */
const AFTER_THEM_SECS = 1
/** The desk is told again of whoever still waits. */
const ASKED_AGAIN_SECS = 30
/** So long the end of an exchange waits to be written down together with the beginning of the next. */
const COMPANY_MS = 10

/** `urgent`: woken for a recall, which goes ahead of everything. `onOver`: the next turn may begin, though this one is not written down yet. */
export const workOn = async (documentId: string, line: Line, urgent = false, onOver?: () => void): Promise<void> => {
  const again = (dueAt: string, first = urgent) => line.wake.wake([{ documentId, destination: line.destination.name, dueAt, ...(first ? { urgent: true } : {}) }])
  const shut = line.gate.shutUntil()
  if (shut !== undefined) return again(shut)
  const taken = await takeTurn({ ...paceOf(line), documentId }, urgent)
  if ('again' in taken) return again(taken.again)
  const { turn } = taken
  let lock: DocumentLock | undefined
  try {
    // Before anything is written down: what is started is sent at once.
    if (!(await turn.moment())) return await again(line.now().toISOString())
    lock = await lockSoon(documentId, turn, line)
    if (!lock) return await again(later(line.now(), AFTER_THEM_SECS))
    // Given back before the next one asks for it.
    const over = onOver && ((): void => { void turn.release().catch(() => undefined); onOver() })
    const dueAt = await underLock(lock, turn, line, over)
    // What changed during an exchange is acted on right after it, ahead of all that waits: whoever hears of it finds the document free.
    if (dueAt === 'at once') {
      await lock.release()
      await again(line.now().toISOString(), true)
    } else if (dueAt !== undefined) await again(dueAt)
  } finally {
    // Both are of one connection: where that broke, they are free already.
    const free = async (one: { release(): Promise<void> } | undefined): Promise<void> => one?.release().catch((error: unknown) =>
      line.say('part_failed', { part: 'lock', code: asFailure(error).code, detail: 'A lock could not be released.' }))
    await Promise.all([free(lock), free(turn)])
  }
}

/** What is woken by the end of an exchange comes while the lock of that exchange is still held. */
const lockSoon = async (documentId: string, { slot }: Turn, line: Line): Promise<DocumentLock | undefined> => {
  for (const ms of ALMOST_DONE_MS) {
    const lock = await line.ledger.lock(documentId, line.destination.name, slot)
    if (lock) return lock
    await delay(ms)
  }
  return line.ledger.lock(documentId, line.destination.name, slot)
}

/** Step by step until nothing is due, or the turn is over; when to come again, where something is due and cannot be done now. */
const underLock = async (lock: DocumentLock, turn: Turn, line: Line, over: (() => void) | undefined): Promise<string | 'at once' | undefined> => {
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    const now = line.now()
    let under: Policy | undefined
    let early: string | undefined
    const begun = await lock.begin((work) => {
      const thought = think(work, (under = line.policy()), line.planAgain, now)
      early = turn.early(thought.step)
      if (early !== undefined) return { ...thought, step: { do: 'nothing', unjudged: true } }
      if (thought.step.do === 'exchange') turn.begins()
      return thought
    }, now.toISOString())
    if (begun && early !== undefined) return early
    await turn.settled()
    // Where another policy came meanwhile, that one is asked too.
    if (!begun) return undefined
    const then = await take(begun, lock, line, over)
    const isAskedAll = under === line.policy()
    if (then === 'over' || (then === 'ended' && !isAskedAll)) return 'at once'
    if (then === 'ended' || (then === 'stop' && isAskedAll)) return undefined
    const until = line.gate.shutUntil()
    if (until !== undefined) return until
    if (!(await turn.moment())) return line.now().toISOString()
  }
  return later(line.now(), AFTER_THEM_SECS)
}

const paceOf = ({ destination, atOnce = 1, perMinute, gate, ledger, now, random, closing }: Line): Pace =>
  ({ destination: destination.name, atOnce, gate, ledger, now, random, ...(perMinute === undefined ? {} : { perMinute }), ...(closing ? { closing } : {}) })

/** `over`: this turn is, and there is more to do in another; `ended`: and there is not. */
type Then = 'go-on' | 'stop' | 'over' | 'ended'

const take = async (begun: Begun, lock: DocumentLock, line: Line, over: (() => void) | undefined): Promise<Then> => {
  const { work, thought } = begun
  const { step } = thought
  switch (step.do) {
    case 'nothing':
      if (step.putOff) await lock.putOff(step.putOff.deliveryId, step.putOff.until)
      return 'stop'
    case 'block':
      line.say('delivery_blocked', { document: work.documentId, delivery: step.deliveryId, destination: line.destination.name, code: step.code, detail: step.detail })
      return 'stop'
    case 'ask-account':
      return askAccount(work, step.nhsNumber, lock, line)
    case 'exchange':
      return makeExchange(begun, step, lock, line, over)
  }
}

// ---------------------------------------------------------------- the account

/** The desk asks for many at once, and its answer makes what waits here due; put off only in case that is lost. */
const askAccount = async (work: Work, nhsNumber: string, lock: DocumentLock, line: Line): Promise<Then> => {
  const waiting = work.deliveries.find(({ identifier }) => identifier === work.identifier)
  if (waiting) await lock.putOff(waiting.id, later(line.now(), ASKED_AGAIN_SECS))
  line.desk?.want(nhsNumber)
  return 'stop'
}

// ---------------------------------------------------------------- the exchange

const makeExchange = async (begun: Begun, step: Exchange, lock: DocumentLock, line: Line, over: (() => void) | undefined): Promise<Then> => {
  const { work, thought, attemptId, at } = begun
  const delivery = work.deliveries.find(({ id }) => id === step.deliveryId)
  if (!delivery || attemptId === undefined) throw new TypeError('an exchange without a delivery or an attempt')
  const about = { document: work.documentId, delivery: delivery.id, destination: line.destination.name, action: step.action, revision: step.revision }

  line.say('attempt_started', about)
  const startedAt = line.now()
  const { outcome, found } = await exchange(line.destination, work, thought.plan, delivery, step, attemptId, untilGivenUp(at, startedAt, line))
  const now = line.now()
  const tookMs = Math.max(now.getTime() - startedAt.getTime(), 0)

  const ended: Ended = {
    delivery, action: step.action, revision: step.revision, startedAt: startedAt.toISOString(), timeoutSecs: line.timeoutSecs, outcome, wanted: wanted(work, thought, delivery), underWay: underWay(delivery, line.policy()),
    ...(step.sha256 === undefined ? {} : { sha256: step.sha256 }), ...(step.via ? { via: step.via } : {}), ...(found ? { found } : {}),
  }
  const after = afterExchange(ended, line.retry, line.random(), now)
  const finish: Finish = {
    attemptId, deliveryId: delivery.id, at: now.toISOString(), outcome: outcome.kind, code: outcome.code, detail: outcome.detail, tookMs, delivery: after.delivery,
    ...(outcome.trace ? { trace: outcome.trace } : {}),
  }
  line.gate.hear(outcome)
  // The answer is the end of an exchange. What it says of the destination has been heard, and of what it says of the
  // document nobody else may act before it is written down: the document's lock is held until then.
  const isOver = over !== undefined && outcome.kind === 'accepted' && step.action !== 'look'
  if (isOver) over()
  const { more, lost } = await writeDown(finish, isOver ? COMPANY_MS : 0, { documentId: work.documentId, destination: line.destination.name, lock, ledger: line.ledger, ...(line.closing ? { closing: line.closing } : {}) })
  line.say('attempt_ended', { ...about, outcome: outcome.kind, code: outcome.code, ms: tookMs })
  if (after.delivery.state === 'failed') line.say('delivery_failed', { document: work.documentId, delivery: delivery.id, destination: line.destination.name, code: outcome.code })
  if (isOver) return more ? 'over' : 'ended'
  const isUnregistered = outcome.kind === 'unregistered' && delivery.nhsNumber !== undefined
  if (isUnregistered) await noAccount(delivery.nhsNumber, work, line)
  if (lost) return more || isUnregistered ? 'over' : 'ended'
  return more || isUnregistered ? 'go-on' : 'stop'
}

/**
 * The time-out of an exchange, counted from `at`, the beginning that stands in the ledger: another worker that takes over waits
 * from that moment, and must not meet this one. A machine that stood still for all of it sends nothing.
 */
const untilGivenUp = (at: string, startedAt: Date, line: Line): AbortSignal => {
  const leftMs = line.timeoutSecs * 1000 - Math.max(startedAt.getTime() - Date.parse(at), 0)
  return leftMs <= 0 ? AbortSignal.abort() : AbortSignal.any([AbortSignal.timeout(Math.ceil(leftMs)), line.stopping])
}

/** The destination knows better than the last answer about the account. */
const noAccount = (nhsNumber: string, work: Work, line: Line): Promise<void> =>
  line.ledger.savePerson(nhsNumber, { registered: false, deceased: work.person.deceased, ...(work.person.birthDate ? { birthDate: work.person.birthDate } : {}) }, line.now().toISOString())

const wanted = (work: Work, { plan }: Thought, delivery: Delivery): Want => (plan ? want(plan, nowOf(work, plan), delivery, [...work.deliveries, ...work.elsewhere]) : 'absent')
