// What a password must be, and that looking at one costs the same whether there is one or not.
import { expect, test } from '@jest/globals'
import type { Argon2Parameters } from 'node:crypto'
import { addressOf } from '../../src/dashboard/sign-in/cookies.ts'
import { hashPassword, isPassword, wrongPassword } from '../../src/dashboard/sign-in/passwords.ts'
import { codeIn } from '../support/sign-in.ts'
import { openSignIn } from '../../src/engine/sign-in.ts'
import { aLedger } from '../support/ledger.ts'

test('a hash is computed, of the same cost, also where nothing is stored', async () => {
  const asked: Argon2Parameters[] = []
  const compute = (parameters: Argon2Parameters) => { asked.push(parameters); return Promise.resolve(Buffer.alloc(Number(parameters.tagLength))) }
  const stored = await hashPassword('violet harbour teaspoon', compute)
  expect(await isPassword(stored, 'violet harbour teaspoon', compute)).toBe(true)
  expect(await isPassword(undefined, 'violet harbour teaspoon', compute)).toBe(false)
  expect(asked.map(({ memory, passes, parallelism, tagLength }) => [memory, passes, parallelism, tagLength])).toEqual(Array.from({ length: 3 }, () => [19_456, 2, 1, 32]))
})

test('a stored password is a PHC string of argon2id with a salt of its own, and only the same password fits it', async () => {
  const [one, other] = [await hashPassword('violet harbour teaspoon'), await hashPassword('violet harbour teaspoon')]
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/u)
  expect(one).not.toBe(other)
  expect([await isPassword(one, 'violet harbour teaspoon'), await isPassword(one, 'violet harbour teaspoo'), await isPassword(one, 'Violet harbour teaspoon')]).toEqual([true, false, false])
  // The same letters, typed as others that look alike.
  expect(await isPassword(await hashPassword('café table lantern'), 'cafe\u0301 table lantern')).toBe(true)
})

test('a flood is turned away before it piles up', async () => {
  const ends = await Promise.allSettled(Array.from({ length: 60 }, () => isPassword(undefined, 'a guess')))
  const refused = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as { code?: string }).code] : []))
  expect([refused.length, new Set(refused)]).toEqual([18, new Set(['SIGN_IN_BUSY'])])
  expect(await isPassword(undefined, 'a guess')).toBe(false)
})

test.each(['short', 'Password1234', 'P@ssw0rd2026!', 'qwertyuiop12', 'letmein12345', 'welcome2026!!', 'aaaaaaaaaaaaaa', '123456789012', 'abcdefghijkl', 'Summer2026Summer', 'openletter2026', 'nhsnhsnhsnhs', 'adminadmin123', 'my name is janedoe ok', 'x'.repeat(201)])('%s is refused', (password) => {
  expect(wrongPassword(password, 'janedoe')).toEqual(expect.any(String))
})

test.each(['violet harbour teaspoon', 'correct horse battery staple', 'Tr0ub4dor&3-xkcd', 'kx9#vQm2!pLz7', 'drei blaue Fahrräder', 'зелёный трамвай'])('%s is taken', (password) => {
  expect(wrongPassword(password, 'janedoe')).toBeUndefined()
})

test('tries are counted by the last address that the proxy adds, and of IPv6 by the network', () => {
  const of = (forwarded: string | undefined, remoteAddress: string, behindProxy: boolean) =>
    addressOf({ headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress } } as never, { behindProxy })
  expect([of('203.0.113.9, 198.51.100.7', '10.0.0.1', true), of('203.0.113.9', '10.0.0.1', false), of(undefined, '::ffff:10.0.0.1', true)]).toEqual(['198.51.100.7', '10.0.0.1', '10.0.0.1'])
  // Some proxies add the port: another with each connection, and no other address.
  expect(['198.51.100.7:40001', '[2001:db8:1:2::9]:40001', '[2001:db8:1:2::9]', '[::ffff:198.51.100.7]:1'].map((one) => of(one, '10.0.0.1', true))).toEqual(['198.51.100.7', '2001:db8:1:2::/64', '2001:db8:1:2::/64', '198.51.100.7'])
  expect([of(undefined, '2001:db8:1:2:3:4:5:6', false), of(undefined, '2001:DB8:1:2::9', false), of(undefined, '::1', false)]).toEqual(['2001:db8:1:2::/64', '2001:db8:1:2::/64', '0:0:0:0::/64'])
})

test('an engine has a code while nobody has an account, another at each start, and none afterwards', async () => {
  const place = await aLedger()
  const start = () => openSignIn({ ledger: place.ledger, env: { API_TOKEN: 'x'.repeat(32) }, now: () => place.clock.at })
  const [one, other] = [await start().firstCode(), await start().firstCode()]
  expect([codeIn(one!), one === other]).toEqual([one, false])
  expect(start().settings).toMatchObject({ behindProxy: false, idleSecs: 1800, mostSecs: 43_200 })
  await place.ledger.inviteStaff({ userName: 'ada', name: 'Ada', roles: ['admin'] }, { sha256: 'a'.repeat(64), until: place.clock.at.toISOString() }, { actor: 'command', reason: 'first', at: place.clock.at.toISOString() })
  expect(await start().firstCode()).toBeUndefined()
  await place.close()
})
