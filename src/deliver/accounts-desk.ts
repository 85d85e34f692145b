// The desk at which accounts are asked for: what comes while one question runs goes into the next, so that PKB hears one
// question about thousands and not thousands. It also finds by itself who has to be asked about. It refuses to have two
// questions under way, over all processes, and to ask in a loop about somebody of whom PKB will not say anything.
import { setTimeout as delay } from 'node:timers/promises'
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { RetrySettings } from '../policy/schema.ts'
import type { Outcome } from '../types.ts'
import { backoffSecs } from './backoff.ts'
import type { Accounts } from './destination.ts'
import type { Gate } from './gate.ts'

export type AccountsDesk = {
  /** Something waits for word on this person. */
  want(nhsNumber: string): void
  close(): Promise<void>
}

export type AccountsDeskParts = {
  readonly accounts: Accounts
  /** For questions alone: documents go to another address. */
  readonly gate: Gate
  readonly retry: RetrySettings
  readonly ledger: Pick<Ledger, 'slot' | 'accountsWanted' | 'savePeople' | 'accountRefused'>
  readonly policy: () => Policy
  readonly say: Say
  readonly now: () => Date
  /** From 0 to 1. */
  readonly random: () => number
  readonly refreshEveryMs?: number
}

const SLOT = 'pkb-accounts'
/** PKB takes no more in one question. */
const MOST = 5_000
const GATHER_MS = 20
const REFRESH_MS = 5_000
/** A ledger with much to look through is asked less often: of its time it is to take a small share. */
const REFRESH_SHARE = 20
const [SHORTEST_POLL_MS, LONGEST_POLL_MS] = [20, 100]

const sleep = (ms: number, signal: AbortSignal): Promise<unknown> => delay(Math.max(ms, 1), undefined, { signal }).catch(() => undefined)

export const openAccountsDesk = (parts: AccountsDeskParts): AccountsDesk => {
  const { accounts, gate, retry, ledger, policy, say, now, random, refreshEveryMs = REFRESH_MS } = parts
  const wanted = new Set<string>()
  const closing = new AbortController()
  let bell = Promise.withResolvers<void>()
  let refresh = { from: 0, next: 0 }
  let tries = 0

  const refreshIn = (ms: number): void => { refresh = { from: now().getTime(), next: now().getTime() + ms } }
  /** Also after a clock was put back: the time that it was given says nothing then. */
  const refreshes = (): boolean => now().getTime() >= refresh.next || now().getTime() < refresh.from

  /** Until somebody rings, and a little longer: others ring at the same moment. */
  const idle = async (ms: number): Promise<void> => {
    const over = new AbortController()
    await Promise.race([bell.promise.then(() => sleep(GATHER_MS, closing.signal)), sleep(ms, AbortSignal.any([closing.signal, over.signal]))])
    over.abort()
  }

  /** Who is to be asked about now: those who were named and are still wanted, and whoever else the ledger knows of. */
  const people = async (): Promise<readonly string[]> => {
    const channel = policy().destinations.pkb
    if (!channel) {
      wanted.clear()
      refreshIn(refreshEveryMs)
      return []
    }
    const askedBefore = new Date(now().getTime() - channel.account_fresh_hours * 3_600_000).toISOString()
    const named = [...wanted].slice(0, MOST)
    const still = named.length > 0 ? await ledger.accountsWanted(askedBefore, MOST, { among: named }) : []
    // The others were answered meanwhile, or wait out the pause after a refusal.
    for (const nhsNumber of named) if (!still.includes(nhsNumber)) wanted.delete(nhsNumber)
    if (!refreshes() || still.length >= MOST) return still
    const began = performance.now()
    const others = await ledger.accountsWanted(askedBefore, MOST, { printing: channel.registered_later === 'pulled-back' })
    // Those who do not fit are looked for again right after.
    const isAll = others.length < MOST
    refreshIn(isAll ? Math.max(refreshEveryMs, (performance.now() - began) * REFRESH_SHARE) : 0)
    return [...new Set([...still, ...others])].slice(0, MOST)
  }

  /** How long to leave it be afterwards. */
  const ask = async (nhsNumbers: readonly string[]): Promise<number> => {
    // An answer is as old as its question.
    const asOf = now().toISOString()
    const answer = await accounts.status(nhsNumbers, closing.signal)
    if (closing.signal.aborted) return 0
    if (!answer.answered) return failed(answer.outcome, nhsNumbers.length)
    tries = 0
    gate.hear({ kind: 'accepted', code: '200', detail: '' })
    await ledger.savePeople(answer.people, asOf)
    for (const { nhsNumber, code } of answer.silent) await ledger.accountRefused(nhsNumber, code, asOf)
    for (const { nhsNumber } of [...answer.people, ...answer.silent]) wanted.delete(nhsNumber)
    const registered = answer.people.filter((one) => one.registered).length
    const counts = { registered, unregistered: answer.people.length - registered, unknown: answer.silent.length }
    for (const [account, count] of Object.entries(counts)) if (count > 0) say('account_checked', { account, outcome: 'accepted', count })
    return 0
  }
  const failed = (outcome: Outcome, count: number): number => {
    tries += 1
    gate.hear(outcome)
    say('account_checked', { account: 'unknown', outcome: outcome.kind, count })
    refreshIn(0)
    return Math.max(backoffSecs(tries, retry, random()), outcome.retryAfterSecs ?? 0) * 1000
  }

  /** One question, if there is anything to ask: milliseconds until the next look, undefined if somebody may ring first. */
  const round = async (): Promise<number | undefined> => {
    const shut = gate.shutUntil()
    if (shut !== undefined) return Date.parse(shut) - now().getTime()
    if (wanted.size === 0 && !refreshes()) return undefined
    const slot = await ledger.slot(SLOT, 1, false)
    if (!slot) return SHORTEST_POLL_MS + random() * (LONGEST_POLL_MS - SHORTEST_POLL_MS)
    try {
      const asked = await people()
      if (asked.length === 0) return undefined
      await sleep(gate.waitMs(), closing.signal)
      return closing.signal.aborted ? 0 : await ask(asked)
    } finally {
      await slot.release()
    }
  }

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      bell = Promise.withResolvers()
      let ms: number | undefined = refreshEveryMs
      try {
        ms = await round()
      } catch (error) {
        const { code, detail } = asFailure(error)
        if (!closing.signal.aborted) say('part_failed', { part: 'accounts', code, detail })
      }
      if (ms !== undefined) await sleep(ms, closing.signal)
      else if (wanted.size === 0) await idle(refresh.next - now().getTime())
    }
  }
  const running = run()

  return {
    want: (nhsNumber) => {
      wanted.add(nhsNumber)
      bell.resolve()
    },
    close: async () => {
      closing.abort()
      await running
    },
  }
}
