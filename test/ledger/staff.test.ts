// Who may sign in, what one-time codes open, and that somebody can always say who may come in; on the real ledger.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Staff, StaffBy } from '../../src/ledger/ledger.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let ledger: TestLedger['ledger']
beforeAll(async () => {
  place = await aLedger()
  ledger = place.ledger
})
afterAll(() => place?.close())
let before = 0
beforeEach(async () => {
  await place.pool.query('truncate staff, sessions, browsers, sign_in_codes, sign_in_tries')
  before = Number((await place.pool.query('select seq from head')).rows[0].seq)
})

const at = (secs = 0): string => new Date(place.clock.at.getTime() + secs * 1000).toISOString()
const by = (reason = 'a reason'): StaffBy => ({ actor: 'ada (pages)', reason, at: at() })
let nth = 0
const hash = (): string => String(++nth).padStart(64, '0')
const code = (secs = 3600) => ({ sha256: hash(), until: at(secs) })
const joined = async (userName: string, roles: readonly string[] = ['viewer']): Promise<Staff> => {
  const given = code()
  await ledger.inviteStaff({ userName, name: userName, roles }, given, by())
  return (await ledger.usePasswordCode(given.sha256, 'phc', at()))!
}
const inSession = async (staff: Pick<Staff, 'id'>) => {
  const tokenSha256 = hash()
  await ledger.startSession({ staffId: staff.id, tokenSha256, formToken: 'f', until: at(3600), how: 'password' }, at())
  return { isGood: async () => (await ledger.session(tokenSha256, at(1), 600)) !== undefined }
}
const logged = async () => (await ledger.trail({ limit: 50, kinds: [{ kind: 'staff-changed' }] })).entries.filter(({ seq }) => seq > before)

describe('the first account', () => {
  test('is an administrator’s, made by a code that works once', async () => {
    const given = code()
    expect(await ledger.firstCode(given, at())).toBe(true)
    expect(await ledger.codeUse(given.sha256, at(1))).toEqual({ kind: 'first' })
    const ada = await ledger.useFirstCode(given.sha256, { userName: 'ada', name: 'Ada', passwordHash: 'phc' }, at(1))
    expect(ada).toMatchObject({ userName: 'ada', roles: ['admin'], origin: { kind: 'local' }, hasPassword: true })
    expect(await ledger.codeUse(given.sha256, at(2))).toBeUndefined()
    expect(await ledger.useFirstCode(given.sha256, { userName: 'eve', name: 'Eve', passwordHash: 'phc' }, at(2))).toBeUndefined()
    expect((await ledger.staff()).map(({ userName }) => userName)).toEqual(['ada'])
  })

  test('has no code where there is an account, and a code that was made before opens nothing then', async () => {
    const [one, other] = [code(), code()]
    await ledger.firstCode(one, at())
    await ledger.firstCode(other, at())
    await ledger.useFirstCode(one.sha256, { userName: 'ada', name: 'Ada', passwordHash: 'phc' }, at(1))
    expect([await ledger.codeUse(other.sha256, at(2)), await ledger.firstCode(code(), at(2))]).toEqual([undefined, false])
  })

  test('can still be made after somebody without the role came from the identity provider, and not after an administrator did', async () => {
    const given = code()
    await ledger.firstCode(given, at())
    const provided = { issuer: 'https://idp.example', subject: '1', userName: 'vic', name: 'Vic', roles: ['viewer'], at: at() }
    await ledger.provideStaff(provided)
    expect([await ledger.codeUse(given.sha256, at(1)), await ledger.firstCode(code(), at(1))]).toEqual([{ kind: 'first' }, true])
    expect(await ledger.useFirstCode(given.sha256, { userName: 'vic', name: 'Vic', passwordHash: 'phc' }, at(1))).toBe('taken')
    await ledger.provideStaff({ ...provided, roles: ['admin'] })
    expect([await ledger.codeUse(given.sha256, at(2)), await ledger.firstCode(code(), at(2))]).toEqual([undefined, false])
  })

  test('is not made by a code that is too old', async () => {
    const given = code(3600)
    await ledger.firstCode(given, at())
    expect(await ledger.codeUse(given.sha256, at(3600))).toBeUndefined()
    expect(await ledger.useFirstCode(given.sha256, { userName: 'ada', name: 'Ada', passwordHash: 'phc' }, at(3600))).toBeUndefined()
  })

  test('is made once by two who are first at the same moment', async () => {
    const codes = [code(), code()]
    for (const one of codes) await ledger.firstCode(one, at())
    const made = await Promise.all(codes.map((one, n) => ledger.useFirstCode(one.sha256, { userName: `p${n}`, name: 'P', passwordHash: 'phc' }, at(1))))
    expect([made.filter(Boolean).length, (await ledger.staff()).length]).toEqual([1, 1])
  })
})

describe('an invitation', () => {
  test('is an account without a password, until its code is used', async () => {
    const given = code()
    const jane = await ledger.inviteStaff({ userName: 'jane', name: 'Jane', roles: ['operator'] }, given, by('joins the team'))
    expect(jane).toMatchObject({ userName: 'jane', hasPassword: false })
    expect(await ledger.staffNamed('jane')).not.toHaveProperty('passwordHash')
    expect(await ledger.usePasswordCode(given.sha256, 'phc', at(1))).toMatchObject({ hasPassword: true })
    expect(await ledger.usePasswordCode(given.sha256, 'another', at(2))).toBeUndefined()
    expect(await ledger.staffNamed('jane')).toMatchObject({ passwordHash: 'phc' })
    expect((await logged()).map(({ actor, detail }) => [actor, detail['what'], detail['userName'], detail['reason']])).toEqual([['jane (pages)', 'password', 'jane', ''], ['ada (pages)', 'invited', 'jane', 'joins the team']])
  })

  test('of a name that is somebody’s is refused, and leaves no code', async () => {
    await joined('jane')
    const given = code()
    expect(await ledger.inviteStaff({ userName: 'jane', name: 'Another', roles: ['admin'] }, given, by())).toBe('taken')
    expect(await ledger.codeUse(given.sha256, at())).toBeUndefined()
  })

  test('of somebody who was disabled since opens nothing', async () => {
    const given = code()
    const jane = (await ledger.inviteStaff({ userName: 'jane', name: 'Jane', roles: ['operator'] }, given, by())) as Staff
    await ledger.disableStaff(jane.id, by())
    expect([await ledger.codeUse(given.sha256, at()), await ledger.usePasswordCode(given.sha256, 'phc', at())]).toEqual([undefined, undefined])
  })
})

describe('a change of an account', () => {
  test.each<[string, (staff: Staff) => Promise<unknown>]>([
    ['roles', ({ id }) => ledger.changeRoles(id, ['operator'], by())],
    ['disabled', ({ id }) => ledger.disableStaff(id, by())],
    ['reset', ({ id }) => ledger.resetStaff(id, code(), by())],
    ['password', ({ id }) => ledger.changePassword(id, 'new', at())],
  ])('ends every session at once, and is written down: %s', async (what, change) => {
    const jane = await joined('jane')
    const sessions = [await inSession(jane), await inSession(jane)]
    const other = await inSession(await joined('john'))
    await change(jane)
    expect(await Promise.all([...sessions, other].map((one) => one.isGood()))).toEqual([false, false, true])
    expect((await logged())[0]).toMatchObject({ detail: { userName: 'jane', what } })
    expect(await ledger.verifyChain()).toBeUndefined()
  })

  test('that resets leaves no password, and voids the code that was given before', async () => {
    const jane = await joined('jane')
    const [first, second] = [code(), code()]
    await ledger.resetStaff(jane.id, first, by())
    await ledger.resetStaff(jane.id, second, by())
    expect(await ledger.staffNamed('jane')).not.toHaveProperty('passwordHash')
    expect([await ledger.codeUse(first.sha256, at()), (await ledger.codeUse(second.sha256, at()))?.kind]).toEqual([undefined, 'password'])
  })

  test('names the roles before and after, who did it and why', async () => {
    const jane = await joined('jane', ['viewer'])
    await ledger.changeRoles(jane.id, ['reviewer'], by('moves to records'))
    expect((await logged())[0]).toMatchObject({ actor: 'ada (pages)', detail: { staff: jane.id, before: ['viewer'], roles: ['reviewer'], reason: 'moves to records' } })
  })

  test('of nobody is none', async () => {
    for (const id of ['nonsense', '00000000-0000-4000-8000-000000000000'])
      expect([await ledger.changeRoles(id, ['admin'], by()), await ledger.disableStaff(id, by()), await ledger.enableStaff(id, by()), await ledger.resetStaff(id, code(), by())]).toEqual([undefined, undefined, undefined, undefined])
    expect(await logged()).toEqual([])
  })
})

describe('the last administrator', () => {
  test('keeps the role, and is not disabled', async () => {
    const ada = await joined('ada', ['admin'])
    expect([await ledger.changeRoles(ada.id, ['viewer'], by()), await ledger.disableStaff(ada.id, by())]).toEqual(['last-admin', 'last-admin'])
    expect(await ledger.staffNamed('ada')).toMatchObject({ roles: ['admin'] })
  })

  test.each([['was only invited', async () => { await ledger.inviteStaff({ userName: 'bea', name: 'Bea', roles: ['admin'] }, code(), by()) }], ['is disabled', async () => { await ledger.disableStaff((await joined('bea', ['admin'])).id, by()) }]])(
    'is the last also beside another who %s', async (_, make) => {
      const ada = await joined('ada', ['admin'])
      await make()
      expect(await ledger.disableStaff(ada.id, by())).toBe('last-admin')
    },
  )

  test('stays where two take each other’s role at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [ada, bea] = [await joined(`ada${round}`, ['admin']), await joined(`bea${round}`, ['admin'])]
      for (const { id, userName } of await ledger.staff()) if (!userName.endsWith(String(round))) await ledger.disableStaff(id, by())
      const other = await place.another()
      const ends = await Promise.all([ledger.changeRoles(ada.id, ['viewer'], by()), other.ledger.disableStaff(bea.id, by())])
      await other.close()
      expect(ends.filter((end) => end === 'last-admin')).toHaveLength(1)
    }
  })
})

describe('somebody from an identity provider', () => {
  const given = { issuer: 'https://idp.example', subject: 's-1', userName: 'jane', name: 'Jane', roles: ['viewer'] }

  test('has an account made at the first sign-in, and found again by issuer and subject', async () => {
    const jane = (await ledger.provideStaff({ ...given, at: at() })) as Staff
    expect(jane).toMatchObject({ userName: 'jane', origin: { kind: 'oidc', issuer: given.issuer, subject: 's-1' }, hasPassword: false })
    expect(await ledger.provideStaff({ ...given, userName: 'renamed', at: at() })).toMatchObject({ id: jane.id, userName: 'jane' })
    expect(await ledger.provideStaff({ ...given, issuer: 'https://another.example', at: at() })).toBe('taken')
  })

  test('is never taken for the local account of the same name', async () => {
    await joined('jane', ['admin'])
    expect(await ledger.provideStaff({ ...given, at: at() })).toBe('taken')
  })

  test('has the roles of the claims, and no session with others', async () => {
    const jane = (await ledger.provideStaff({ ...given, at: at() })) as Staff
    const session = await inSession(jane)
    await ledger.provideStaff({ ...given, at: at() })
    expect(await session.isGood()).toBe(true)
    expect(await ledger.provideStaff({ ...given, roles: ['reviewer'], at: at() })).toMatchObject({ roles: ['reviewer'] })
    expect(await session.isGood()).toBe(false)
  })

  test('stays out where the account is disabled, and has no password to reset', async () => {
    const jane = (await ledger.provideStaff({ ...given, at: at() })) as Staff
    expect(await ledger.resetStaff(jane.id, code(), by())).toBe('not-local')
    await ledger.disableStaff(jane.id, by())
    expect(await ledger.provideStaff({ ...given, at: at() })).toBe('disabled')
  })
})
