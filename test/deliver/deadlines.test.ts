// The loop that posts what was not read in time, on a real ledger: what PKB's silence delays, and what it does not.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { openDeadlines } from '../../src/deliver/deadlines.ts'
import type { ReadReceipts } from '../../src/deliver/destination.ts'
import type { PkbDestination } from '../../src/policy/schema.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { pkbSettings } from '../support/pkb.ts'
import { until } from '../support/until.ts'

const settings: PkbDestination = pkbSettings('http://127.0.0.1:1', { transport: 'hl7-soap', print_after: { hours: 24 }, print_if_unread_after: { clinical: { hours: 72 } } })
let place: TestLedger
beforeAll(async () => { place = await aLedger((policy) => ({ ...policy, destinations: { ...policy.destinations, pkb: settings } })) })
afterAll(() => place.close())

const SILENCE = { answered: false, outcome: { kind: 'unavailable', code: '503', detail: '' } } as const
const HOUR_MS = 3_600_000
let nth = 0
const letter = async (sent: boolean): Promise<string> => {
  if (sent) await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
  const { id } = await place.upload({ documentId: `RIO-D${++nth}` })
  if (sent) await work(place, id, 'pkb')
  return id
}
const ruleOf = async (id: string): Promise<string> => (await place.ledger.story(id))!.rule
/** With the loop running, until `done`; how often PKB was asked. */
const looking = async (answer: (questions: number) => ReturnType<ReadReceipts['ask']>, done: () => Promise<boolean>, ledger: Partial<TestLedger['ledger']> = {}): Promise<number> => {
  let questions = 0
  const receipts: ReadReceipts = { ask: () => answer((questions += 1)), close: () => Promise.resolve() }
  const deadlines = openDeadlines({ ledger: { ...place.ledger, ...ledger }, receipts, settings, say: () => undefined, now: () => place.clock.at, everyMs: 10 })
  try {
    await until('it is done', done)
  } finally {
    await deadlines.close()
  }
  return questions
}

test('where PKB does not say what was read it is asked three times, and the letter is posted; one that waits for an account is posted meanwhile', async () => {
  const sent = await letter(true)
  place.clock.at = new Date(place.clock.at.getTime() + 48 * HOUR_MS)
  const waits = await letter(false)
  place.clock.at = new Date(place.clock.at.getTime() + 25 * HOUR_MS)
  let before: string | undefined
  const questions = await looking(async (asked) => {
    if (asked === 3) before = await ruleOf(waits)
    return SILENCE
  }, async () => (await ruleOf(sent)) === 'not-read-in-time')
  expect([questions, await ruleOf(waits)]).toEqual([3, 'account-unknown-too-long'])
  expect(before).toBe('account-unknown-too-long')
})

test('what was read is not posted, though PKB says so only at the last question; and one that cannot be posted keeps no other from the post', async () => {
  const [read, other] = [await letter(true), await letter(true)]
  const broken = await letter(true)
  place.clock.at = new Date(place.clock.at.getTime() + 73 * HOUR_MS)
  const { identifier } = (await place.ledger.story(read))!.deliveries[0]!
  const at = new Date(place.clock.at.getTime() - HOUR_MS).toISOString()
  const lock: TestLedger['ledger']['lock'] = async (documentId, ...more) => {
    if (documentId === broken) throw new Error('it cannot be locked')
    return place.ledger.lock(documentId, ...more)
  }
  await looking((asked) => Promise.resolve(asked < 2 ? SILENCE : { answered: true, reads: [{ identifier, at }] }), async () => (await ruleOf(other)) === 'not-read-in-time', { lock })
  expect([(await place.ledger.story(read))!.state, await ruleOf(read), await ruleOf(broken)]).toEqual(['read', 'to-pkb', 'to-pkb'])
})
