// The engine that histories happen to: the real ledger on PostgreSQL, the real lines of two workers, PKB's destination
// over one transport, and the sandbox behind a wire that can break. Every history has a clock and gates of its own,
// so that many can happen at the same time and each happens again in the same way.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import type { Destination } from '../../src/deliver/destination.ts'
import { makeTake, type Take } from '../../src/intake/take.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Transport } from '../../src/types.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger } from '../support/ledger.ts'
import { pkbSettings } from '../support/pkb.ts'
import { aClient } from '../support/sandbox.ts'
import { openWire, type Wire } from './wire.ts'

/** Milliseconds of the clock when a history begins. */
export const BEGIN = Date.parse('2026-11-23T10:00:00.000Z')
export const SETTLE_SECS = 60

export type Copy = { readonly title: string; readonly sha256: string }

export type Engine = {
  readonly pool: Pool
  readonly policy: Policy
  readonly content: ContentStore
  readonly wire: Wire
  readonly pkb: Destination
  readonly take: Take
  /** Of two processes on one database. */
  readonly ledgers: readonly [Ledger, Ledger]
  /** A process that is to die. */
  another(): Promise<{ readonly ledger: Ledger; close(): Promise<void> }>
  /** Two people whom nobody else's history is about, both with an account. */
  patients(): Promise<readonly [string, string]>
  record(nhsNumber: string): Promise<readonly Copy[]>
  close(): Promise<void>
}

const PATIENTS_AT_ONCE = 2_000

/** The n-th NHS number of the test range that passes modulus 11. */
const nhsNumbers = function* (): Generator<string> {
  for (let n = 100_000; n < 1_000_000; n += 1) {
    const nine = `999${n}`
    const check = (11 - ([...nine].reduce((sum, digit, at) => sum + Number(digit) * (10 - at), 0) % 11)) % 11
    if (check < 10) yield `${nine}${check}`
  }
}

export const openEngine = async (transport: Transport): Promise<Engine> => {
  const folder = makeFolder()
  const place = await aLedger()
  Object.assign(place.clock, { at: new Date(BEGIN) })
  const other = await place.another()
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now: () => new Date(), newId: randomUUID })
  const client = await aClient(sandbox.url)
  const wire = await openWire(sandbox.url)
  const content = await openContent(join(folder.path, 'content'))
  const settings = pkbSettings(wire.url, { transport, at_once: 64, timeout_secs: 60, settle_secs: SETTLE_SECS })
  const pkb = openPkb(settings, { content, now: () => new Date() })
  const policy: Policy = { ...place.policy, destinations: { ...place.policy.destinations, pkb: settings } }

  const numbers = nhsNumbers()
  let registered: string[] = []
  let registering: Promise<void> | undefined
  const register = async (): Promise<void> => {
    const more = Array.from({ length: PATIENTS_AT_ONCE }, () => numbers.next().value as string)
    await client.control({ patients: more.map((nhsNumber) => ({ nhsNumber, birthDate: '1970-01-01' })) })
    registered = [...registered, ...more]
    registering = undefined
  }

  return {
    pool: place.pool, policy, content, wire, pkb,
    take: makeTake({ ledger: place.ledger, policy: () => policy, say: () => undefined }),
    ledgers: [place.ledger, other.ledger],
    another: place.another,
    patients: async () => {
      while (registered.length < 2) await (registering ??= register())
      const two = registered.splice(0, 2) as [string, string]
      await Promise.all(two.map((nhsNumber) => place.ledger.savePerson(nhsNumber, { registered: true, deceased: false, birthDate: '1970-01-01' }, new Date(BEGIN).toISOString())))
      return two
    },
    record: async (nhsNumber) => (await client.record(nhsNumber)).documents.map(({ title, sha256 }) => ({ title, sha256 })),
    close: async () => {
      await pkb.close()
      await wire.close()
      await sandbox.close()
      await other.close()
      await place.close()
      folder.remove()
    },
  }
}
