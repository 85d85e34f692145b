// The command for who may sign in, on a ledger on which an engine may or may not run.
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { staff } from '../../src/commands/staff.ts'
import { hashOfCode } from '../../src/dashboard/sign-in/codes.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aStaff, codeIn, signedIn } from '../support/sign-in.ts'
import { sha256 } from '../../src/dashboard/sign-in/cookies.ts'

let place: TestLedger
let [printed, wrong]: [string[], string[]] = [[], []]
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())
beforeEach(async () => {
  await place.pool.query('truncate staff, sessions, browsers, sign_in_codes')
  // The command goes by the real clock.
  place.clock.at = new Date()
  ;[printed, wrong] = [[], []]
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { printed.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { wrong.push(String(text)) })
})
afterEach(() => { jest.restoreAllMocks() })

const run = (...args: readonly string[]) => staff(args, { DATABASE_URL: place.url }, { actor: () => 'anna' })
const lastChange = async () => (await place.ledger.trail({ limit: 1, kinds: [{ kind: 'staff-changed' }] })).entries[0]

test('somebody is invited, and the code that is printed once gives the account its password', async () => {
  expect(await run('invite', 'Jane', '--name', 'Jane Example', '--role', 'reviewer', '--role', 'analyst', '--reason', 'joins the team')).toBe(0)
  expect(await lastChange()).toMatchObject({ actor: 'anna (command)', detail: { what: 'invited', userName: 'jane', reason: 'joins the team' } })
  const code = hashOfCode(codeIn(printed[0]!))!
  expect(await place.ledger.codeUse(code, new Date().toISOString())).toMatchObject({ kind: 'password', staff: { userName: 'jane', roles: ['reviewer', 'analyst'] } })
  await expect(run('invite', 'jane', '--name', 'Another', '--role', 'viewer', '--reason', 'joins too')).rejects.toMatchObject({ code: 'USER_NAME_TAKEN' })
})

test('the last administrator who has locked himself out gets in again, whoever was signed in as him does not', async () => {
  const ada = await aStaff(place, { userName: 'ada', roles: ['admin'] })
  const { headers } = await signedIn(place, { staff: ada })
  expect(await run('reset', 'ada', '--reason', 'forgot it')).toBe(0)
  expect(await place.ledger.session(sha256(headers.cookie.split('=')[1]!), new Date().toISOString(), 600)).toBeUndefined()
  expect(await place.ledger.usePasswordCode(hashOfCode(codeIn(printed[0]!))!, 'phc', new Date().toISOString())).toMatchObject({ userName: 'ada', roles: ['admin'] })
})

test('a reset lets in again who was disabled, and gives the roles that it names', async () => {
  await aStaff(place, { userName: 'ada', roles: ['admin'] })
  const jane = await aStaff(place, { userName: 'jane', roles: ['viewer'] })
  await place.ledger.disableStaff(jane.id, { actor: 'ada', reason: 'left', at: new Date().toISOString() })
  expect(await run('reset', 'jane', '--role', 'admin', '--reason', 'is back')).toBe(0)
  expect(await place.ledger.staffNamed('jane')).toMatchObject({ roles: ['admin'], hasPassword: false })
  expect(await place.ledger.staffNamed('jane')).not.toHaveProperty('disabledAt')
  await expect(run('reset', 'nobody', '--reason', 'who is it')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('the list says who may sign in, without what opens a door', async () => {
  expect(await run('list')).toBe(0)
  await aStaff(place, { userName: 'ada', roles: ['admin'] })
  expect(await run('list')).toBe(0)
  expect(await run('list', '--json')).toBe(0)
  expect(printed.slice(0, 2)).toEqual(['Nobody has an account yet.', 'ada  Jane Example  admin  (local, may sign in)'])
  expect(JSON.parse(printed[2]!)).toMatchObject({ people: [{ userName: 'ada', roles: ['admin'], origin: 'local' }] })
  expect(printed[2]).not.toContain('argon2')
})

test.each([
  [[]], [['make']], [['invite']], [['invite', 'jane', '--role', 'viewer', '--reason', 'no name']], [['invite', 'jane', '--name', 'Jane', '--reason', 'no role']], [['invite', 'jane', '--name', 'Jane', '--role', 'root', '--reason', 'no such role']],
  [['invite', 'Jané', '--name', 'Jane', '--role', 'viewer', '--reason', 'an accent']], [['invite', 'jane', '--name', 'Jane', '--role', 'viewer']], [['reset', 'jane']], [['reset', 'jane', '--name', 'Jane', '--reason', 'a name']], [['list', 'jane']],
])('%j is answered with how to call it, and invites nobody', async (args) => {
  expect(await run(...args)).toBe(2)
  expect(wrong[0]).toContain('Usage: npx openletter staff')
  expect(await place.ledger.staff()).toEqual([])
})
