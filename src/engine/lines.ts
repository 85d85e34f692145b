// The lines to the destinations that run: for each its worker, and with it what it alone needs. A destination whose
// settings change is closed before the new policy is in force and opened after: nothing is sent by one policy's rules
// with another's settings. What is owed meanwhile waits in the ledger.
import { isDeepStrictEqual } from 'node:util'
import { openDeadlines } from '../deliver/deadlines.ts'
import { openAccounts } from '../deliver/pkb/accounts.ts'
import { openPkb } from '../deliver/pkb/pkb.ts'
import { openReadReceipts } from '../deliver/pkb/read-receipts.ts'
import { watchAcknowledgements } from '../deliver/print/acknowledgements.ts'
import { printDestination } from '../deliver/print/destination.ts'
import { openReads, type Reads } from '../deliver/reads.ts'
import type { Wake } from '../deliver/wake.ts'
import { openWorker, type DeliveryWorker } from '../deliver/worker.ts'
import { asFailure } from '../errors.ts'
import type { ChannelReport } from '../ledger/channel-words.ts'
import type { ContentStore } from '../ledger/content.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { PkbDestination, PrintDestination } from '../policy/schema.ts'
import type { Change } from './change.ts'
import { openThings } from './open-things.ts'

export type LinesParts = { readonly ledger: Ledger; readonly wake: Wake; readonly policy: () => Policy; readonly content: ContentStore; readonly say: Say; readonly now: () => Date }

type Settings = PkbDestination | PrintDestination
type Running = { readonly settings: Settings; circuits(): ReturnType<DeliveryWorker['circuits']>; close(): Promise<void> }

export type Lines = {
  /** Destinations of the policy in force that no line goes to. */
  down(): readonly string[]
  /** Each destination of the policy in force, as it is here. */
  reports(): readonly ChannelReport[]
  /** By the name of the destination, `pkb-accounts`, or `pkb-reads` where that is not answered. */
  circuits(): ReturnType<DeliveryWorker['circuits']>
  change(policy: Policy): Promise<Change & { ok: true }>
  close(): Promise<void>
}

export const openLines = (parts: LinesParts): Lines => {
  let running: readonly Running[] = []
  /** Why each has none. */
  let down: ReadonlyMap<string, string> = new Map()

  const open = async (all: readonly Settings[]): Promise<void> => {
    down = new Map()
    for (const settings of all) {
      try {
        running = [...running, { settings, ...(await openLine(settings, parts)) }]
      } catch (error) {
        const { code, detail } = asFailure(error)
        parts.say('part_failed', { part: `worker-${settings.type}`, code, detail })
        down = new Map([...down, [settings.type, detail]])
      }
    }
  }

  return {
    down: () => [...down.keys()],
    reports: () => [...running.map(({ settings: { type } }): ChannelReport => ({ channel: type, is: 'running' })), ...[...down].map(([channel, why]): ChannelReport => ({ channel, is: 'down', why }))],
    circuits: () => Object.assign({}, ...running.map((one) => one.circuits())) as ReturnType<DeliveryWorker['circuits']>,
    change: async ({ destinations: { pkb, print } }) => {
      const wanted = [pkb, print].filter((one) => one !== undefined)
      const goes = running.filter(({ settings }) => !wanted.some((one) => sameLine(one, settings)))
      const comes = wanted.filter((one) => !running.some(({ settings }) => sameLine(one, settings)))
      running = running.filter((one) => !goes.includes(one))
      await Promise.all(goes.map((one) => one.close()))
      return { ok: true, commit: () => open(comes), undo: () => open(goes.map(({ settings }) => settings)) }
    },
    close: async () => { await Promise.all(running.map((one) => one.close())) },
  }
}

/** The hours for which an account counts as known are the ledger's affair, and read anew there. */
const line = (settings: Settings) => {
  const { approved_by: _by, approved_on: _on, alert_if_waiting: _waiting, ...rest } = settings
  return rest.type === 'pkb' ? { ...rest, account_fresh_hours: 0 } : rest
}
const sameLine = (one: Settings, other: Settings): boolean => isDeepStrictEqual(line(one), line(other))

const openLine = async (settings: Settings, { ledger, wake, policy, content, say, now }: LinesParts): Promise<Omit<Running, 'settings'>> => {
  const open = openThings()
  let worker: DeliveryWorker | undefined
  let reads: Reads | undefined
  try {
    const accounts = settings.type === 'pkb' ? openAccounts(settings, { now }) : undefined
    if (accounts) open.add(() => accounts.close())
    const destination = settings.type === 'pkb' ? openPkb(settings, { content, now }) : printDestination({ settings, content, now })
    open.add(() => destination.close())
    const opened = await openWorker({ ledger, wake, destinations: [{ destination, settings }], ...(accounts ? { accounts } : {}), policy, say, now, random: Math.random })
    worker = opened
    open.add(() => opened.close())
    if (settings.type === 'pkb') {
      const receipts = openReadReceipts(settings, { now })
      open.add(() => receipts.close())
      const loops = [(reads = openReads({ ledger, receipts, settings, say, now })), openDeadlines({ ledger, receipts, settings, say, now })]
      for (const loop of loops) open.add(() => loop.close())
    }
    if (settings.type === 'print') {
      const acknowledgements = watchAcknowledgements({ settings, say, acknowledge: ledger.acknowledgePrint, now })
      open.add(() => acknowledgements.close())
    }
  } catch (error) {
    await open.closeAll().catch(() => undefined)
    throw error
  }
  return { circuits: () => ({ ...worker?.circuits(), ...reads?.circuits() }), close: open.closeAll }
}
