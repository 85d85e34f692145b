// The delivery worker of one process: a line for each destination, each behind its gate, fed by the queue and swept
// for what the queue has lost. It refuses to start for a destination that no channel describes.
import { asFailure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { plan } from '../plan.ts'
import type { Policy } from '../policy/policy.ts'
import type { CircuitSettings, RetrySettings } from '../policy/schema.ts'
import { openAccountsDesk, type AccountsDesk } from './accounts-desk.ts'
import { later, longestSecs } from './backoff.ts'
import { sayWhenBehind } from './behind.ts'
import type { Circuit } from './circuit.ts'
import type { Accounts, Destination } from './destination.ts'
import { openEndings, type Endings } from './endings.ts'
import { openGate, type Gate } from './gate.ts'
import { workOn, type Line } from './line.ts'
import type { PlanAgain } from './next.ts'
import { openSweeper, type Sweeper } from './sweeper.ts'
import { LOCAL_TIMEOUT_SECS } from './under-way.ts'
import type { Station, Wake } from './wake.ts'

/** What a channel file says of any destination; `timeout_secs` and `per_minute` only where there is a network. */
export type DestinationSettings = { readonly at_once: number; readonly per_minute?: number | undefined; readonly retry: RetrySettings; readonly circuit: CircuitSettings; readonly timeout_secs?: number }

export type WorkerParts = {
  readonly ledger: Pick<Ledger, 'lock' | 'savePerson' | 'due' | 'wakeFarAhead' | 'slot' | 'accountsWanted' | 'savePeople' | 'accountRefused'>
  readonly wake: Wake
  readonly destinations: readonly { readonly destination: Destination; readonly settings: DestinationSettings }[]
  /** PKB's account question; needed with the destination `pkb`. */
  readonly accounts?: Accounts
  /** The policy in force, read anew for every step. */
  readonly policy: () => Policy
  readonly say: Say
  readonly now: () => Date
  /** From 0 to 1. */
  readonly random: () => number
  readonly sweepEveryMs?: number
  readonly recallProbeSecs?: number
  /** How often the desk looks for people to ask about. */
  readonly refreshEveryMs?: number
}

/** With the answer or error that opened it last. */
export type KnownCircuit = Circuit & { readonly code?: string }

export type DeliveryWorker = {
  /** The circuit of each destination, and of where accounts are asked for. */
  circuits(): Readonly<Record<string, KnownCircuit>>
  /** Lets exchanges that are under way come to their end, up to a limit; opens no new ones. */
  close(): Promise<void>
}

/** Longer than this no exchange holds up the end: it is then unsure, and looked at after the next start. */
const PATIENCE_MS = 10_000

export const planAgain: PlanAgain = (work, policy) => plan(work.receipt, policy, work.person, work.prior)

type Running = { readonly name: string; readonly gate: Gate; readonly station: Station; readonly endings: Endings }

export const openWorker = async (parts: WorkerParts): Promise<DeliveryWorker> => {
  const { ledger, wake, policy, say, now, random } = parts
  const [closing, stopping] = [new AbortController(), new AbortController()]
  const gates: Gate[] = []
  const desks: AccountsDesk[] = []

  const start = async ({ destination, settings }: WorkerParts['destinations'][number]): Promise<Running> => {
    const { name } = destination
    const rules = { ...settings.circuit, at_once: settings.at_once }
    let station: Station | undefined
    const gate = openGate({ name, rules, say, now, onAdmits: (atOnce) => station?.admit(atOnce), ...(parts.recallProbeSecs === undefined ? {} : { recallProbeSecs: parts.recallProbeSecs }) })
    gates.push(gate)
    const line: Line = {
      destination, gate, retry: settings.retry, timeoutSecs: settings.timeout_secs ?? LOCAL_TIMEOUT_SECS,
      ledger, wake, policy, planAgain, say, sayPolicy: sayWhenBehind(parts), now, random, stopping: stopping.signal, closing: closing.signal, atOnce: settings.at_once,
      ...(settings.per_minute === undefined ? {} : { perMinute: settings.per_minute }),
      ...(name === 'pkb' && parts.accounts ? { desk: deskFor(name, settings, parts.accounts) } : {}),
    }
    const endings = openEndings((error) => {
      const { code, detail } = asFailure(error)
      say('part_failed', { part: `worker-${name}`, code, detail })
    })
    station = await wake.work(name, settings.at_once, (documentId, urgent) => endings.turn(documentId, (over) => workOn(documentId, line, urgent, over)))
    return { name, gate, station, endings }
  }
  /** Accounts have another address, and their own gate: either may be away alone. */
  const deskFor = (name: string, settings: DestinationSettings, accounts: Accounts): AccountsDesk => {
    const gate = openGate({ name: `${name}-accounts`, rules: { ...settings.circuit, at_once: 1 }, say, now, onAdmits: () => undefined })
    gates.push(gate)
    const desk = openAccountsDesk({ accounts, gate, retry: settings.retry, ledger, policy, say, now, random, ...(parts.refreshEveryMs === undefined ? {} : { refreshEveryMs: parts.refreshEveryMs }) })
    desks.push(desk)
    return desk
  }

  const running: Running[] = []
  for (const destination of parts.destinations) running.push(await start(destination))
  const gateOf = (name: string): Gate | undefined => running.find((one) => one.name === name)?.gate
  const isPaused = (name: string): boolean => running.some((one) => one.name === name && one.gate.shutUntil() !== undefined)
  const wakeFarAhead = async (name: string, at: Date): Promise<void> => {
    const settings = parts.destinations.find(({ destination }) => destination.name === name)?.settings
    if (settings) await ledger.wakeFarAhead(name, at.toISOString(), later(at, longestSecs(settings.retry)))
  }
  const sweeper: Sweeper = openSweeper({
    due: ledger.due, wakeFarAhead, wake, destinations: running.map(({ name }) => name), isPaused, mayProbe: (name) => gateOf(name)?.mayProbe() ?? false, probe: (name) => gateOf(name)?.probe(), say, now, ...(parts.sweepEveryMs ? { everyMs: parts.sweepEveryMs } : {}),
  })

  return {
    circuits: () => Object.fromEntries(gates.map((gate): readonly [string, KnownCircuit] => [gate.name, { ...gate.circuit(), ...(gate.why() === undefined ? {} : { code: gate.why()! }) }])),
    close: async () => {
      closing.abort()
      const impatient = setTimeout(() => stopping.abort(), PATIENCE_MS)
      await Promise.all([sweeper.close(), ...desks.map((desk) => desk.close()), ...running.map(({ station, endings }) => station.close().then(endings.all))])
      clearTimeout(impatient)
      for (const gate of gates) gate.close()
    },
  }
}
