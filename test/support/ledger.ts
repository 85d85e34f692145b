// A real ledger on a new database of its own, with the example policy and a clock that a test moves.
//   const place = await aLedger()   in beforeAll;   await place.close()   in afterAll
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Look } from '../../src/deliver/destination.ts'
import { afterExchange } from '../../src/deliver/outcomes.ts'
import { think } from '../../src/deliver/next.ts'
import { underWay } from '../../src/deliver/under-way.ts'
import { connect } from '../../src/ledger/database.ts'
import type { Arrival, Begun, Finish, Ledger, Thought, Work } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { plan } from '../../src/plan.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Outcome } from '../../src/types.ts'
import { freshDatabase } from './database.ts'
import { anArrival, planBy } from './documents.ts'
import type { Metadata } from './documents.ts'
import { examplePolicy } from './policy.ts'

export type TestLedger = {
  readonly ledger: Ledger
  readonly pool: Pool
  readonly policy: Policy
  readonly url: string
  readonly clock: { at: Date }
  /** Another process's ledger on the same database. */
  another(): Promise<{ readonly ledger: Ledger; readonly pool: Pool; close(): Promise<void> }>
  /** An upload with these fields, accepted. */
  upload(metadata?: Metadata, overrides?: Partial<Arrival>): Promise<{ readonly id: string; readonly revision: number; readonly state: string; readonly route: string; readonly rule: string; readonly bearing: string; readonly kind: string }>
  close(): Promise<void>
}

const open = async (url: string, policy: Policy, clock: { at: Date }) => {
  const pool = connect(url, { max: 8 })
  const ledger = await openLedger({ pool, now: () => clock.at, newId: randomUUID, say: () => {}, accountFreshHours: 24, plan: (...from) => planBy(policy)(...from) })
  return { pool, ledger, close: async () => { await ledger.close(); await pool.end() } }
}

/** `bend` changes the example policy. */
export const aLedger = async (bend: (policy: Policy) => Policy = (policy) => policy): Promise<TestLedger> => {
  const [database, policy] = [await freshDatabase('migrated'), bend(await examplePolicy())]
  const clock = { at: new Date('2026-11-23T10:00:00.000Z') }
  const { pool, ledger, close } = await open(database.url, policy, clock)
  return {
    ledger, pool, policy, clock, url: database.url,
    another: () => open(database.url, policy, clock),
    upload: async (metadata = {}, overrides = {}) => {
      const accepted = await ledger.accept(anArrival(policy, metadata, overrides))
      if (accepted.kind === 'refused') throw new Error(`refused: ${accepted.code}`)
      const { id, revision, state, bearing, kind, decision: { route, rule } } = accepted
      return { id, revision, state, route, rule, bearing, kind }
    },
    close: async () => { await close(); await database.drop() },
  }
}

const RETRY = { first_secs: 30, ceiling_secs: 600, jitter: 0 }

/** What a worker thinks, with the real rules of `deliver/next.ts`. */
export const thinking = (policy: Policy, at: Date) => (work: Work): Thought =>
  think(work, policy, ({ receipt, person, prior }) => plan(receipt, policy, person, prior), at)

/** How an exchange that was begun ended, as the worker works it out; with a policy where it may say that PKB cannot be looked at. */
export const ending = ({ work, thought, attemptId, at: startedAt }: Begun, outcome: Partial<Outcome>, at: Date, policy?: Policy, found?: Look): Finish => {
  const { step } = thought
  if (step.do !== 'exchange' || attemptId === undefined) throw new Error(`nothing was begun: ${step.do}`)
  const before = work.deliveries.find(({ id }) => id === step.deliveryId)!
  const under = policy ? underWay(before, policy) : {}
  // Who can be looked at is seen to have it no more.
  const ended: Outcome = { kind: 'accepted', code: '201', detail: '', ...((outcome.kind ?? 'accepted') === 'accepted' ? { remoteId: 'remote-1' } : {}), ...(step.action === 'recall' && !under.blind ? { confirmed: true as const } : {}), ...outcome }
  const { delivery } = afterExchange({
    delivery: before, action: step.action, revision: step.revision, startedAt, timeoutSecs: 60,
    ...(step.sha256 ? { sha256: step.sha256 } : {}), ...(step.via ? { via: step.via } : {}), underWay: under, ...(found ? { found } : {}), outcome: ended, wanted: step.action === 'recall' ? 'absent' : 'present',
  }, RETRY, 0.5, at)
  return { attemptId, deliveryId: step.deliveryId, at: at.toISOString(), outcome: ended.kind, code: ended.code, detail: ended.detail, tookMs: 12, delivery, ...(ended.trace ? { trace: ended.trace } : {}) }
}

/** One whole turn of a worker: lock, begin, exchange, finish, release. Undefined if the document is locked or there is nothing. */
export const work = async ({ ledger, policy, clock }: Pick<TestLedger, 'ledger' | 'policy' | 'clock'>, documentId: string, destination: string, outcome: Partial<Outcome> = {}): Promise<Begun | undefined> => {
  const lock = await ledger.lock(documentId, destination)
  if (!lock) return undefined
  try {
    const begun = await lock.begin(thinking(policy, clock.at), clock.at.toISOString())
    if (begun?.attemptId !== undefined) await lock.finish(ending(begun, outcome, clock.at, policy))
    return begun
  } finally {
    await lock.release()
  }
}
