// Sessions and counted tries, on the real ledger: all processes see the same, and nothing that opens a door is kept.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Staff } from '../../src/ledger/ledger.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aStaff, signedIn } from '../support/sign-in.ts'
import { sha256 } from '../../src/dashboard/sign-in/cookies.ts'

let place: TestLedger
let ledger: TestLedger['ledger']
let jane: Staff
beforeAll(async () => {
  place = await aLedger()
  ledger = place.ledger
})
afterAll(() => place?.close())
beforeEach(async () => {
  await place.pool.query('truncate staff, sessions, browsers, sign_in_codes, sign_in_tries')
  jane = await aStaff(place, { userName: 'jane', roles: ['viewer'] })
})

const at = (secs = 0): string => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const IDLE = 600
const start = (token: string, more: object = {}) => ledger.startSession({ staffId: jane.id, tokenSha256: sha256(token), formToken: `form-${token}`, until: at(3600), how: 'password', ...more }, at())
const isGood = async (token: string, secs = 1) => (await ledger.session(sha256(token), at(secs), IDLE)) !== undefined

describe('a session', () => {
  test('is found by the hash of its token, with its form’s token and whose it is', async () => {
    await start('one')
    expect(await ledger.session(sha256('one'), at(1), IDLE)).toMatchObject({ formToken: 'form-one', how: 'password', staff: { userName: 'jane', roles: ['viewer'] } })
    expect([await isGood('two'), await ledger.session('one', at(1), IDLE)]).toEqual([false, undefined])
  })

  test('ends when it was not used for so long, and each use puts that off', async () => {
    await start('one')
    expect(await isGood('one', IDLE - 1)).toBe(true)
    expect(await isGood('one', IDLE + 500)).toBe(true)
    expect(await isGood('one', 2 * IDLE + 501)).toBe(false)
  })

  test('ends at its end, however often it is used', async () => {
    await start('one')
    for (let secs = 0; secs < 3600; secs += 300) expect([secs, await isGood('one', secs)]).toEqual([secs, true])
    expect(await isGood('one', 3600)).toBe(false)
  })

  test('takes the place of the one that the browser came with', async () => {
    await start('one')
    await start('two', { insteadOf: sha256('one') })
    expect([await isGood('one'), await isGood('two')]).toEqual([false, true])
  })

  test('is none for somebody who is disabled, nor by a password that was changed meanwhile', async () => {
    expect(await start('one', { passwordHash: 'an older one' })).toBeUndefined()
    await aStaff(place, { roles: ['admin'] })
    await ledger.disableStaff(jane.id, { actor: 'ada', reason: 'left', at: at() })
    expect(await start('two')).toBeUndefined()
  })

  test('ends by itself, or with all others of the same person, and that is written down', async () => {
    for (const token of ['one', 'two', 'three']) await start(token)
    const other = await signedIn(place)
    const sessions = await ledger.sessionsOf(jane.id, at(1), IDLE)
    const one = (await ledger.session(sha256('one'), at(1), IDLE))!
    expect(sessions).toHaveLength(3)
    expect(await ledger.endSessions({ staffId: other.staff.id, sessionId: one.id }, 'eve', at(1))).toBe(0)
    expect(await ledger.endSessions({ staffId: jane.id, except: one.id }, 'jane (pages)', at(1))).toBe(2)
    expect(await Promise.all(['one', 'two', 'three'].map((token) => isGood(token)))).toEqual([true, false, false])
    expect(await ledger.endSessions({ staffId: jane.id, sessionId: one.id }, 'jane (pages)', at(2))).toBe(1)
    expect(await ledger.endSessions({ staffId: jane.id, sessionId: one.id }, 'jane (pages)', at(3))).toBe(0)
    const { entries } = await ledger.trail({ limit: 20, kinds: [{ kind: 'signed-in' }, { kind: 'signed-out' }] })
    expect(entries.map(({ kind, actor }) => [kind, actor]).slice(0, 3)).toEqual([['signed-out', 'jane (pages)'], ['signed-out', 'jane (pages)'], ['signed-in', `${other.staff.userName} (pages)`]])
  })

  test('leaves nothing in the database that opens a door', async () => {
    await start('one', { browser: { sha256: sha256('browser'), until: at(9999) } })
    const { rows } = await place.pool.query("select (select json_agg(s)::text from sessions s) || (select json_agg(b)::text from browsers b) || (select string_agg(detail, '') from events) as all")
    expect(rows[0].all).toContain(sha256('one'))
    expect(rows[0].all).not.toMatch(/"one"|"browser"/u)
  })

  test('starts beside changes of accounts without either waiting for ever', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => aStaff(place, { roles: ['viewer'] })))
    const work = Array.from({ length: 24 }, (_, n) => n % 3 === 0 ? ledger.changeRoles(others[n % 4]!.id, ['operator'], { actor: 'ada', reason: 'moves', at: at() }) : start(`many-${n}`, { staffId: others[n % 4]!.id, insteadOf: sha256(`many-${n - 1}`) }))
    await expect(Promise.all(work)).resolves.toHaveLength(24)
  })
})

describe('tries', () => {
  const tries = [{ key: 'a', burst: 3, everySecs: 60 }]

  test('are as many at once as allowed, then one after each pause', async () => {
    expect(await Promise.all(Array.from({ length: 8 }, () => ledger.countTry(tries, at())))).toEqual(expect.arrayContaining([true, true, true, false]))
    expect(await ledger.countTry(tries, at(59))).toBe(false)
    expect([await ledger.countTry(tries, at(60)), await ledger.countTry(tries, at(61)), await ledger.countTry(tries, at(120))]).toEqual([true, false, true])
  })

  test('are counted by all processes together', async () => {
    const other = await place.another()
    const ends = await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? ledger : other.ledger).countTry(tries, at())))
    await other.close()
    expect(ends.filter(Boolean)).toHaveLength(3)
  })

  test('that were refused put nothing off: whoever keeps trying locks nobody out for ever', async () => {
    for (let n = 0; n < 200; n += 1) await ledger.countTry(tries, at())
    expect(await ledger.countTry(tries, at(60))).toBe(true)
  })

  test('count in all of the keys or in none', async () => {
    for (let n = 0; n < 3; n += 1) await ledger.countTry(tries, at())
    const both = [...tries, { key: 'b', burst: 1, everySecs: 60 }]
    expect(await ledger.countTry(both, at())).toBe(false)
    expect(await ledger.countTry([both[1]!], at())).toBe(true)
  })

  test('that were good do not count', async () => {
    for (let n = 0; n < 20; n += 1) {
      expect(await ledger.countTry(tries, at())).toBe(true)
      await ledger.uncountTry(tries, at())
    }
  })

  test('know a browser by its owner alone, for as long as it is kept', async () => {
    await start('one', { browser: { sha256: sha256('browser'), until: at(100) } })
    const known = (userName: string, secs: number) => ledger.knownBrowser(sha256('browser'), userName, at(secs))
    expect([await known('jane', 99), await known('john', 1), await known('jane', 100)]).toEqual([true, false, false])
  })
})
