// What a page asks by itself keeps nobody signed in: over a real ledger with a real session.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { BY_ITSELF_HEADER, isByItself } from '../../src/dashboard/live/by-itself.ts'
import { sha256 } from '../../src/dashboard/sign-in/cookies.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aStaff } from '../support/sign-in.ts'

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place?.close())

const IDLE = 600
const at = (secs: number): string => new Date(place.clock.at.getTime() + secs * 1000).toISOString()

test('a session that only its page uses ends at its time', async () => {
  const jane = await aStaff(place, { userName: 'jane', roles: ['viewer'] })
  await place.ledger.startSession({ staffId: jane.id, tokenSha256: sha256('one'), formToken: 'form', until: at(36_000), how: 'password' }, at(0))
  const good = async (secs: number, byItself: boolean) => (await place.ledger.session(sha256('one'), at(secs), IDLE, byItself)) !== undefined
  for (const secs of [100, 300, 500, 599]) expect([secs, await good(secs, true)]).toEqual([secs, true])
  expect(await good(601, true)).toBe(false)
  expect(await good(599, false)).toBe(true)
  expect([await good(1_100, true), await good(1_200, true)]).toEqual([true, false])
})

test('the stream is always by itself, a page where it says so', () => {
  expect([isByItself({ path: '/live', headers: {} }), isByItself({ path: '/failed', headers: { [BY_ITSELF_HEADER]: '1' } }), isByItself({ path: '/failed', headers: {} })]).toEqual([true, true, false])
})
