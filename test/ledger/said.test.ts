// What the ledger says of decisions: once for each, after it is durable, whoever made it and why.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Pool } from 'pg'
import { connect } from '../../src/ledger/database.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { makeSay } from '../../src/observe/say.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { anArrival, planBy } from '../support/documents.ts'
import { examplePolicy } from '../support/policy.ts'

const at = '2026-11-23T10:00:00.000Z'
const lines: string[] = []
const { say, metrics } = makeSay({ level: 'debug', write: (line) => lines.push(line) })
let database: TestDatabase
let pool: Pool
let policy: Policy
let ledger: Ledger

beforeAll(async () => {
  database = await freshDatabase('migrated')
  policy = await examplePolicy()
  pool = connect(database.url, { max: 8 })
  ledger = await openLedger({ pool, now: () => new Date(at), newId: randomUUID, say, accountFreshHours: 24, plan: (...from) => planBy(policy)(...from) })
})
afterAll(async () => {
  await ledger.close()
  await pool.end()
  await database.drop()
})

const decisions = (): readonly unknown[] => lines.map((line) => JSON.parse(line) as { event: string }).filter(({ event }) => event === 'decided')

test('a decision is said and counted by route and rule, a repeat is none, and what a person has decided again is another', async () => {
  const arrival = anArrival(policy)
  const accepted = await ledger.accept(arrival)
  if (accepted.kind === 'refused') throw new Error(accepted.code)
  expect(decisions()).toMatchObject([{ document: accepted.id, revision: 1, route: 'pkb', rule: 'to-pkb', policy: policy.hash }])
  await ledger.accept({ ...arrival, receipt: { ...arrival.receipt, id: randomUUID() } })
  expect(decisions()).toHaveLength(1)
  await ledger.hold(accepted.id, 'operator', 'sent by mistake', at)
  expect(decisions()).toMatchObject([{ rule: 'to-pkb' }, { document: accepted.id, route: 'withhold', rule: 'held' }])
  const counted = await metrics.metrics()
  expect(counted).toContain('openletter_decisions_total{route="pkb",rule="to-pkb"} 1')
  expect(counted).toContain('openletter_decisions_total{route="withhold",rule="held"} 1')
})
