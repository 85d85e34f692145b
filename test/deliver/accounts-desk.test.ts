// The desk on a real ledger: one question about many, one at a time, over all processes, and never in a loop.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import { openAccountsDesk, type AccountsDesk } from '../../src/deliver/accounts-desk.ts'
import type { Accounts } from '../../src/deliver/destination.ts'
import { openGate } from '../../src/deliver/gate.ts'
import { openAccounts } from '../../src/deliver/pkb/accounts.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { nhsNumbers } from '../support/nhs-numbers.ts'
import { pkbSettings } from '../support/pkb.ts'
import { until } from '../support/until.ts'

const now = (): Date => new Date()
let place: TestLedger
let desks: AccountsDesk[]
let said: { event: string; fields: Readonly<Record<string, unknown>> }[]
/** What PKB was asked, and how many questions were under way at most. */
let pkb: { questions: (readonly string[])[]; underWay: number; most: number; away: boolean; silent: readonly string[] }

beforeEach(async () => {
  place = await aLedger()
  Object.defineProperty(place.clock, 'at', { get: now })
  desks = []
  said = []
  pkb = { questions: [], underWay: 0, most: 0, away: false, silent: [] }
})
afterEach(async () => {
  for (const desk of desks) await desk.close()
  await place.close()
})

const accounts: Accounts = {
  status: async (nhsNumbers) => {
    pkb.questions.push(nhsNumbers)
    pkb.most = Math.max(pkb.most, ++pkb.underWay)
    await delay(30)
    pkb.underWay -= 1
    if (pkb.away) return { answered: false, outcome: { kind: 'unavailable', code: '503', detail: '' } }
    const people = nhsNumbers.filter((one) => !pkb.silent.includes(one)).map((nhsNumber) => ({ nhsNumber, registered: true, deceased: false }))
    return { answered: true, people, silent: nhsNumbers.filter((one) => pkb.silent.includes(one)).map((nhsNumber) => ({ nhsNumber, code: '400' })) }
  },
  close: async () => undefined,
}
const aDesk = (ledger: Ledger = place.ledger, of: Accounts = accounts, refreshEveryMs = 60_000, clock = now): AccountsDesk => {
  const say = (event: string, fields: object): void => { said.push({ event, fields: fields as Record<string, unknown> }) }
  const gate = openGate({ name: 'pkb-accounts', rules: { opens_after: 3, probe_secs: 0.1, at_once: 1 }, say, now: clock, onAdmits: () => undefined })
  const desk = openAccountsDesk({ accounts: of, gate, retry: { first_secs: 0.05, ceiling_secs: 0.2, jitter: 0.3 }, ledger, policy: () => place.policy, say, now: clock, random: Math.random, refreshEveryMs })
  desks.push({ want: desk.want, close: async () => { await desk.close(); gate.close() } })
  return desk
}
const known = async (): Promise<number> => (await place.pool.query<{ n: number }>('select count(*)::int as n from people')).rows[0]!.n
const asked = (): readonly string[] => pkb.questions.flat()
let nth = 0
const letterFor = (nhsNumber: string) => place.upload({ documentId: `RIO-D${++nth}`, patient: { ...ADA, nhsNumber, clientId: `C-${nhsNumber}` } })

describe('the desk', () => {
  test('asks about all who are named at one moment in one question, and about nobody twice', async () => {
    const people = nhsNumbers(300)
    const desk = aDesk()
    for (const one of [...people, ...people]) desk.want(one)
    await until('all are known', async () => (await known()) === 300)
    for (const one of people) desk.want(one)
    await delay(150)
    expect(asked().toSorted()).toEqual([...people].toSorted())
    expect(pkb.questions.length).toBeLessThanOrEqual(2)
    expect(said.filter(({ event }) => event === 'account_checked').reduce((sum, { fields }) => sum + Number(fields['count']), 0)).toBe(300)
    expect(JSON.stringify(said)).not.toMatch(/999\d{7}/u)
  })

  test('gathers what comes while a question runs into the next', async () => {
    const people = nhsNumbers(100)
    const desk = aDesk()
    for (const one of people) {
      desk.want(one)
      await delay(1)
    }
    await until('all are known', async () => (await known()) === 100)
    expect(pkb.questions.length).toBeLessThan(12)
    expect(pkb.most).toBe(1)
  })

  test('finds those who wait by itself: after a start, and those whose answer has grown old', async () => {
    const people = nhsNumbers(3)
    for (const one of people) await letterFor(one)
    await place.ledger.savePerson(people[0]!, { registered: true, deceased: false }, now().toISOString())
    await place.pool.query(`update people set as_of = as_of - interval '25 hours'`)
    aDesk()
    await until('all are known', async () => (await known()) === 3)
    expect(pkb.questions.map((question) => question.toSorted())).toEqual([[...people].toSorted()])
  })

  test('goes on finding them after its clock was put back', async () => {
    let aheadMs = 6 * 3_600_000
    const [one, two] = nhsNumbers(2) as [string, string]
    await letterFor(one)
    aDesk(place.ledger, accounts, 100, () => new Date(Date.now() + aheadMs))
    await until('the first is known', async () => (await known()) === 1)
    aheadMs = 0
    await letterFor(two)
    await until('the second is known', async () => (await known()) === 2)
  })

  test('never has two questions under way, over two processes, and asks about nobody in both', async () => {
    const other = await place.another()
    const both = [aDesk(), aDesk(other.ledger)]
    const people = nhsNumbers(200)
    for (const one of people) {
      for (const desk of both) desk.want(one)
      if (Number(one) % 3 === 0) await delay(2)
    }
    await until('all are known', async () => (await known()) === 200)
    await delay(200)
    expect(pkb.most).toBe(1)
    expect(asked().toSorted()).toEqual([...people].toSorted())
    for (const desk of desks.splice(0)) await desk.close()
    await other.close()
  })

  test('asks on when PKB is back, and not in a burst while it is away', async () => {
    pkb.away = true
    const desk = aDesk()
    for (const one of nhsNumbers(10)) desk.want(one)
    await until('the gate is shut', () => said.some(({ event }) => event === 'circuit_opened'))
    const before = pkb.questions.length
    await delay(400)
    expect(pkb.questions.length - before).toBeLessThan(6)
    pkb.away = false
    await until('all are known', async () => (await known()) === 10)
    expect(said).toContainEqual({ event: 'account_checked', fields: { account: 'unknown', outcome: 'unavailable', count: 10 } })
  })

  test('does not ask again about somebody of whom PKB says nothing, however often they are named', async () => {
    const people = nhsNumbers(5)
    pkb.silent = [people[2]!]
    const desk = aDesk()
    for (let turn = 0; turn < 5; turn += 1) {
      for (const one of people) desk.want(one)
      await delay(100)
    }
    expect(asked().toSorted()).toEqual([...people].toSorted())
    expect(await known()).toBe(4)
    expect((await place.pool.query('select nhs_number, code, times from account_refusals')).rows).toEqual([{ nhs_number: people[2], code: '400', times: 1 }])
    expect(said.filter(({ fields }) => fields['account'] === 'unknown').map(({ fields }) => fields['count'])).toEqual([1])
  })

  test('has 12,000 people answered by the sandbox in three questions', async () => {
    const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now, newId: () => 'none' })
    const real = openAccounts(pkbSettings(sandbox.url, { timeout_secs: 30 }), { now })
    const counted: number[] = []
    const desk = aDesk(place.ledger, { ...real, status: (some, signal) => { counted.push(some.length); return real.status(some, signal) } })
    for (const one of nhsNumbers(12_000)) desk.want(one)
    await until('all are known', async () => (await known()) === 12_000, 30_000)
    expect(counted).toEqual([5_000, 5_000, 2_000])
    await desks.pop()!.close()
    await real.close()
    await sandbox.close()
  })
})
