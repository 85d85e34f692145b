// The work on one document at one destination: think, do the one step, write down how it ended, and think again
// until nothing is due. It refuses to act without the document's lock, and to do anything that the ledger does not
// know of first.
import { asFailure } from '../errors.ts'
import { want, type Want } from '../decide/owed.ts'
import type { Begun, DocumentLock, Finish, Ledger, Thought, Work } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { RetrySettings } from '../policy/schema.ts'
import type { Delivery, Outcome } from '../types.ts'
import { backoffSecs, later } from './backoff.ts'
import type { Accounts, Destination } from './destination.ts'
import { exchange, type Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import { nowOf, think, type PlanAgain } from './next.ts'
import { afterExchange } from './outcomes.ts'
import type { Wake } from './wake.ts'

export type Line = {
  readonly destination: Destination
  readonly gate: Gate
  readonly retry: RetrySettings
  readonly timeoutSecs: number
  /** Where accounts are asked for, and its own gate; only for the record. */
  readonly accounts?: { readonly accounts: Accounts; readonly gate: Gate }
  readonly ledger: Pick<Ledger, 'lock' | 'savePerson'>
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
}

/** A chain longer than this is a fault of ours: the rest is left to the next wake-up. */
const MOST_STEPS = 12
/** Somebody else has the document: what changed in their last moment is looked at after this. */
const AFTER_THEM_SECS = 1

export const workOn = async (documentId: string, line: Line): Promise<void> => {
  const again = (dueAt: string) => line.wake.wake([{ documentId, destination: line.destination.name, dueAt }])
  const shut = line.gate.shutUntil()
  if (shut !== undefined) return again(shut)
  const lock = await line.ledger.lock(documentId, line.destination.name)
  if (!lock) return again(later(line.now(), AFTER_THEM_SECS))
  try {
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const now = line.now()
      let under: Policy | undefined
      const begun = await lock.begin((work) => think(work, (under = line.policy()), line.planAgain, now), now.toISOString())
      // Where another policy came meanwhile, that one is asked too.
      if (!begun || ((await take(begun, lock, line)) === 'stop' && under === line.policy())) return
      const until = line.gate.shutUntil()
      if (until !== undefined) return await again(until)
    }
    await again(later(line.now(), AFTER_THEM_SECS))
  } finally {
    // The lock is of the connection: where that broke, it is free already.
    await lock.release().catch((error: unknown) => line.say('part_failed', { part: 'lock', code: asFailure(error).code, detail: 'A lock could not be released.' }))
  }
}

type Then = 'go-on' | 'stop'

const take = async (begun: Begun, lock: DocumentLock, line: Line): Promise<Then> => {
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
      return makeExchange(begun, step, lock, line)
  }
}

// ---------------------------------------------------------------- the account

const askAccount = async (work: Work, nhsNumber: string, lock: DocumentLock, line: Line): Promise<Then> => {
  const waiting = work.deliveries.find(({ identifier }) => identifier === work.identifier)
  const putOff = async (until: string): Promise<Then> => {
    if (waiting) await lock.putOff(waiting.id, until)
    return 'stop'
  }
  if (!line.accounts) return putOff(later(line.now(), line.retry.ceiling_secs))
  const { accounts, gate } = line.accounts
  const shut = gate.shutUntil()
  if (shut !== undefined) return putOff(shut)

  const answer = await accounts.status([nhsNumber], within(line))
  const [one] = answer.answered ? answer.people : []
  if (one) {
    const { registered, deceased, birthDate } = one
    gate.hear({ kind: 'accepted', code: '200', detail: '' })
    line.say('account_checked', { account: registered ? 'registered' : 'unregistered', outcome: 'accepted' })
    await line.ledger.savePerson(nhsNumber, { registered, deceased, ...(birthDate === undefined ? {} : { birthDate }) }, line.now().toISOString())
    return 'go-on'
  }
  const outcome: Outcome = answer.answered ? { kind: 'unavailable', code: 'ANSWER_UNREADABLE', detail: 'The answer does not say whether there is an account.' } : answer.outcome
  gate.hear(outcome)
  line.say('account_checked', { account: 'unknown', outcome: outcome.kind })
  return putOff(later(line.now(), Math.max(backoffSecs(1, line.retry, line.random()), outcome.retryAfterSecs ?? 0)))
}

const within = (line: Line): AbortSignal => AbortSignal.any([AbortSignal.timeout(line.timeoutSecs * 1000), line.stopping])

// ---------------------------------------------------------------- the exchange

const makeExchange = async (begun: Begun, step: Exchange, lock: DocumentLock, line: Line): Promise<Then> => {
  const { work, thought, attemptId } = begun
  const delivery = work.deliveries.find(({ id }) => id === step.deliveryId)
  if (!delivery || attemptId === undefined) throw new TypeError('an exchange without a delivery or an attempt')
  const about = { document: work.documentId, delivery: delivery.id, destination: line.destination.name, action: step.action, revision: step.revision }

  line.say('attempt_started', about)
  const startedAt = line.now().getTime()
  const { outcome, found } = await exchange(line.destination, work, thought.plan, delivery, step, attemptId, within(line))
  const now = line.now()
  const tookMs = Math.max(now.getTime() - startedAt, 0)

  const ended = {
    delivery, action: step.action, revision: step.revision, outcome, wanted: wanted(work, thought, delivery),
    ...(step.sha256 === undefined ? {} : { sha256: step.sha256 }), ...(found ? { found } : {}),
  }
  const after = afterExchange(ended, line.retry, line.random(), now)
  const finish: Finish = { attemptId, deliveryId: delivery.id, at: now.toISOString(), outcome: outcome.kind, code: outcome.code, detail: outcome.detail, tookMs, delivery: after.delivery }
  line.gate.hear(outcome)
  const more = await lock.finish(finish)
  line.say('attempt_ended', { ...about, outcome: outcome.kind, code: outcome.code, ms: tookMs })
  if (after.delivery.state === 'failed') line.say('delivery_failed', { document: work.documentId, delivery: delivery.id, destination: line.destination.name, code: outcome.code })
  if (outcome.kind !== 'unregistered' || delivery.nhsNumber === undefined) return more ? 'go-on' : 'stop'
  await noAccount(delivery.nhsNumber, work, line)
  return 'go-on'
}

/** The destination knows better than the last answer about the account. */
const noAccount = (nhsNumber: string, work: Work, line: Line): Promise<void> =>
  line.ledger.savePerson(nhsNumber, { registered: false, deceased: work.person.deceased, ...(work.person.birthDate ? { birthDate: work.person.birthDate } : {}) }, line.now().toISOString())

const wanted = (work: Work, { plan }: Thought, delivery: Delivery): Want => (plan ? want(plan, nowOf(work, plan), delivery, [...work.deliveries, ...work.elsewhere]) : 'absent')
