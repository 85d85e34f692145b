// Signing in at an identity provider: a real one, a real ledger, and a browser that goes from the one to the other.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { openProvider, type Provider } from '../../src/dashboard/sign-in/provider.ts'
import { BACK, signInWays } from '../../src/dashboard/sign-in/provider-settings.ts'
import { readRoleMap, rolesOfClaims } from '../../src/dashboard/sign-in/role-map.ts'
import { seal, unseal, WAY_SECS } from '../../src/dashboard/sign-in/sealed.ts'
import { Failure } from '../../src/errors.ts'
import { API_TOKEN, formOf, formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aWalker, CLIENT, startProvider, type Person, type TestProvider } from '../support/identity-provider.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aStaff, realVisitors } from '../support/sign-in.ts'

const ENV = { SIGN_IN: 'both', OIDC_ISSUER: 'https://login.example', OIDC_CLIENT_ID: CLIENT.id, OIDC_CLIENT_SECRET: CLIENT.secret, OIDC_REDIRECT_URL: `https://letters.example${BACK}`, OIDC_ROLES: 'ol-reviewers=reviewer, ol-ops=operator, ol-admins=admin', OIDC_NAME: 'the trust' }

let place: TestLedger
let open: TestDashboard
let there: TestProvider
let provider: Provider
const late: Provider = { get settings() { return provider.settings }, begin: () => provider.begin(), end: (...asked) => provider.end(...asked), signOutUrl: (to) => provider.signOutUrl(to) }
const settingsFor = (issuer: string, more: object = {}) => signInWays({ ...ENV, OIDC_ISSUER: issuer, OIDC_REDIRECT_URL: open.url + BACK, ...more }).provider!

beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, visitors: realVisitors(place, API_TOKEN), provider: late })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
beforeEach(async () => {
  there = await startProvider({ redirectUrl: open.url + BACK, backTo: `${open.url}/sign-in` })
  provider = openProvider(settingsFor(there.issuer), () => place.clock.at)
})
afterEach(() => there.close())

let nth = 0
const somebody = (roles: unknown = ['ol-reviewers'], claims: object = {}): Person => {
  const n = ++nth
  return { sub: `subject-${n}`, claims: { name: `Jo Example ${n}`, preferred_username: `jo${n}`, email: `jo${n}@example.org`, roles, ...claims } }
}
const goIn = (walker = aWalker(), to = '') => walker.open(`${open.url}/sign-in/provider${to}`)
const staffOf = async ({ sub }: Person) => (await place.ledger.staff()).find(({ origin }) => origin.kind === 'oidc' && origin.subject === sub)
const events = async (kind: 'signed-in' | 'sign-in-refused' | 'staff-changed') => (await place.ledger.trail({ kinds: [{ kind }], limit: 3 })).entries
const isSignedIn = async (walker: ReturnType<typeof aWalker>) => (await walker.open(`${open.url}/account`)).url === `${open.url}/account`

describe('somebody with a role', () => {
  test('comes in, to where he wanted to go, by code with PKCE, state and nonce', async () => {
    there.person = somebody()
    const walker = aWalker()
    const out = await walker.open(`${open.url}/sign-in/provider?to=/stops`, { stopAt: there.issuer })
    const asked = new URL(out.url).searchParams
    expect(Object.fromEntries(asked)).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', scope: 'openid profile', redirect_uri: open.url + BACK, client_id: CLIENT.id })
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)).toMatch(/^[\w-]{40,}$/u)
    const seen = await walker.open(out.url)
    expect([seen.status, seen.url]).toEqual([200, `${open.url}/stops`])
    expect(seen.html).toContain(String(there.person.claims['name']))
    expect(await staffOf(there.person)).toMatchObject({ roles: ['reviewer'], userName: there.person.claims['preferred_username'], origin: { kind: 'oidc', issuer: there.issuer } })
    expect((await events('signed-in'))[0]).toMatchObject({ actor: expect.stringContaining(String(there.person.claims['preferred_username'])), detail: { how: 'oidc' } })
  })

  test('has what his roles give, and not more', async () => {
    there.person = somebody(['ol-ops', 'something else'])
    const walker = aWalker()
    await goIn(walker)
    expect((await walker.open(`${open.url}/failed`)).status).toBe(200)
    expect((await walker.open(`${open.url}/people`)).status).toBe(403)
  })

  test('whose provider says the roles in the ID token comes in as well, and so does who has them further down', async () => {
    for (const [inIdToken, claims, claim] of [[true, { roles: ['ol-admins'] }, 'roles'], [false, { roles: undefined, realm_access: { roles: ['ol-admins'] } }, 'realm_access.roles']] as const) {
      const other = await startProvider({ redirectUrl: open.url + BACK, backTo: `${open.url}/sign-in`, inIdToken })
      provider = openProvider(settingsFor(other.issuer, { OIDC_ROLES_CLAIM: claim }), () => place.clock.at)
      other.person = somebody([], claims)
      await goIn()
      expect((await staffOf(other.person))?.roles).toEqual(['admin'])
      expect(other.asked.includes('GET /me')).toBe(!inIdToken)
      await other.close()
    }
  })

  test('is the same person under another name and email, and never somebody else by the same', async () => {
    there.person = somebody()
    await goIn()
    const first = (await staffOf(there.person))!
    const renamed = { sub: there.person.sub, claims: { ...there.person.claims, name: 'Jo Newname', preferred_username: 'other-name', email: 'other@example.org' } }
    there.person = renamed
    await goIn()
    expect(await staffOf(renamed)).toMatchObject({ id: first.id, userName: first.userName, name: 'Jo Newname' })
    const { rows } = await place.pool.query<{ actor: string; what: string }>(`select actor, detail::json->>'what' as what from events where kind = 'staff-changed' and detail::json->>'staff' = $1 order by seq`, [first.id])
    expect(rows).toEqual([{ actor: 'identity provider', what: 'provided' }, { actor: 'identity provider', what: 'name' }])
    const impostor = { sub: `${renamed.sub}-x`, claims: { ...renamed.claims, preferred_username: first.userName } }
    there.person = impostor
    await goIn()
    const other = (await staffOf(impostor))!
    expect([other.id === first.id, other.userName]).toEqual([false, expect.stringMatching(/^oidc-[0-9a-f]{10}$/u)])
  })

  test('whose user name a local account has is another person', async () => {
    const local = await aStaff(place, { userName: 'ann-local', roles: ['admin'] })
    there.person = somebody(['ol-ops'], { preferred_username: 'ann-local' })
    await goIn()
    expect((await staffOf(there.person))?.id).not.toBe(local.id)
    expect((await place.ledger.staffNamed('ann-local'))?.origin).toEqual({ kind: 'local' })
  })
})

describe('roles come from the claims at each sign-in', () => {
  test('one that was taken away there is gone at the next sign-in, and all open sessions with it', async () => {
    there.person = somebody(['ol-reviewers', 'ol-ops'])
    const [home, ward] = [aWalker(), aWalker()]
    await goIn(home)
    await goIn(ward)
    expect([await isSignedIn(home), await isSignedIn(ward)]).toEqual([true, true])
    there.person = { ...there.person, claims: { ...there.person.claims, roles: ['ol-ops'] } }
    await goIn(ward)
    expect((await staffOf(there.person))?.roles).toEqual(['operator'])
    expect([await isSignedIn(home), await isSignedIn(ward)]).toEqual([false, true])
    expect((await events('staff-changed'))[0]).toMatchObject({ actor: 'identity provider', detail: { before: ['operator', 'reviewer'], roles: ['operator'] } })
  })

  test('who has none any more does not come in, and is out everywhere', async () => {
    there.person = somebody(['ol-ops'])
    const home = aWalker()
    await goIn(home)
    there.person = { ...there.person, claims: { ...there.person.claims, roles: [] } }
    const seen = await goIn()
    expect([seen.status, seen.html.includes('it gives you no role in Openletter')]).toEqual([403, true])
    expect(await isSignedIn(home)).toBe(false)
  })

  test.each([[[]], [null], ['OL-REVIEWERS'], [['reviewer']], [{ 0: 'ol-reviewers' }]])('who never had one is told so, and no account is made: %j', async (roles) => {
    there.person = somebody(roles)
    const walker = aWalker()
    const seen = await goIn(walker)
    expect([seen.status, seen.html.includes('You are signed in with the trust, and it gives you no role in Openletter.')]).toEqual([403, true])
    expect(await staffOf(there.person)).toBeUndefined()
    expect(await isSignedIn(walker)).toBe(false)
    expect((await events('sign-in-refused'))[0]).toMatchObject({ detail: { why: 'no-role' } })
  })

  test('who is disabled here does not come in, whatever the provider says', async () => {
    there.person = somebody(['ol-ops'])
    await goIn()
    await place.ledger.disableStaff((await staffOf(there.person))!.id, { actor: 'test', reason: 'left', at: place.clock.at.toISOString() })
    const seen = await goIn()
    expect([seen.status, seen.html.includes('Your account in Openletter is disabled.')]).toEqual([403, true])
  })
})

describe('what comes back and does not hold lets nobody in', () => {
  const REFUSED = 'Signing in with the trust did not work.'
  /** As far as the address that leads back. */
  const nearlyIn = async (walker = aWalker()) => {
    there.person = somebody()
    const out = await walker.open(`${open.url}/sign-in/provider`, { stopAt: open.url + BACK })
    return { walker, back: new URL(out.url) }
  }
  const comesBack = async (walker: ReturnType<typeof aWalker>, back: URL) => {
    const seen = await walker.open(back.href)
    expect([seen.status, seen.html.includes(REFUSED), await isSignedIn(walker)]).toEqual([400, true, false])
  }

  test('as it should be it does: the others can fail', async () => {
    const { walker, back } = await nearlyIn()
    await walker.open(back.href)
    expect(await isSignedIn(walker)).toBe(true)
  })
  test('another state', async () => {
    const { walker, back } = await nearlyIn()
    back.searchParams.set('state', 'x'.repeat(43))
    await comesBack(walker, back)
  })
  test('no state', async () => {
    const { walker, back } = await nearlyIn()
    back.searchParams.delete('state')
    await comesBack(walker, back)
  })
  test('a code that was made for somebody else’s browser', async () => {
    const [{ back }, { walker }] = [await nearlyIn(), await nearlyIn()]
    await comesBack(walker, back)
    await comesBack(aWalker(), back)
  })
  test('another nonce', async () => {
    there.nonce = 'not-the-one-that-was-asked-for'
    const { walker, back } = await nearlyIn()
    await comesBack(walker, back)
  })
  test('a code for the second time, even with the cookie of the first', async () => {
    const { walker, back } = await nearlyIn()
    const again = aWalker(new Map(walker.cookies))
    await walker.open(back.href)
    expect(await isSignedIn(walker)).toBe(true)
    await comesBack(again, back)
    expect([...walker.cookies.keys()].filter((name) => name.endsWith('openletter-way'))).toEqual([])
  })
  test('a code that nobody gave out, and none at all', async () => {
    const { walker, back } = await nearlyIn()
    back.searchParams.set('code', 'made-up')
    await comesBack(walker, back)
    await comesBack(aWalker(), new URL(open.url + BACK))
  })
  test('another issuer', async () => {
    const { walker, back } = await nearlyIn()
    back.searchParams.set('iss', 'https://elsewhere.example')
    await comesBack(walker, back)
  })
  test('the way back after a quarter of an hour', async () => {
    const { walker, back } = await nearlyIn()
    const before = place.clock.at
    place.clock.at = new Date(before.getTime() + (WAY_SECS + 1) * 1000)
    await comesBack(walker, back)
    place.clock.at = before
  })
  test('and an address of elsewhere is not led to', async () => {
    there.person = somebody()
    for (const to of ['https://elsewhere.example', '//elsewhere.example', '/\\elsewhere.example', '/api/documents']) {
      const seen = await goIn(aWalker(), `?to=${encodeURIComponent(to)}`)
      expect(new URL(seen.url).origin).toBe(open.url)
      expect(new URL(seen.url).pathname).not.toMatch(/^\/api/u)
    }
  })
  test('whoever goes back without signing in is told that, and no more', async () => {
    there.person = undefined
    const seen = await goIn()
    expect([seen.status, seen.html.includes('You did not sign in with the trust.'), seen.html.includes('access_denied')]).toEqual([400, true, false])
  })
})

describe('a provider that is away', () => {
  const later = () => { place.clock.at = new Date(place.clock.at.getTime() + 10_000) }
  const AWAY = 'You cannot sign in with the trust at the moment: it does not answer.'

  test('is told on the page, where the local form stays; it is asked again later, and then people come in', async () => {
    there.away = true
    there.person = somebody()
    const seen = await goIn(aWalker(), '?to=/stops')
    expect([seen.status, seen.html.includes(AWAY), seen.html.includes('name="password"'), seen.html.includes('value="/stops"')]).toEqual([503, true, true, true])
    expect(open.lines.some((line) => line.includes('provider_away') || line.includes('the identity provider does not answer'))).toBe(true)
    there.away = false
    later()
    expect((await goIn()).url).toBe(`${open.url}/`)
  })
  test('is not asked again by each who tries', async () => {
    there.away = true
    for (let n = 0; n < 5; n += 1) await goIn()
    expect(there.asked.length).toBe(1)
  })
  test('between the way out and the way back lets nobody in', async () => {
    there.person = somebody()
    const walker = aWalker()
    const out = await walker.open(`${open.url}/sign-in/provider`, { stopAt: open.url + BACK })
    there.away = true
    const seen = await walker.open(out.url)
    expect([seen.status, seen.html.includes(AWAY), await isSignedIn(walker)]).toEqual([503, true, false])
  })
  test('that says it is another issuer is not believed', async () => {
    provider = openProvider({ ...settingsFor(there.issuer), issuer: new URL(there.issuer.replace('127.0.0.1', 'localhost')) }, () => place.clock.at)
    there.person = somebody()
    expect((await goIn()).status).toBe(503)
  })
})

describe('signing out', () => {
  const signOut = async (walker: ReturnType<typeof aWalker>) => {
    const formToken = formTokenIn((await walker.open(`${open.url}/stops`)).html)
    return walker.open(`${open.url}/sign-out`, { init: formOf({ formToken }) })
  }

  test('ends the session here, and offers to sign out there as well, by the provider’s own page', async () => {
    there.person = somebody()
    const walker = aWalker()
    await goIn(walker)
    const seen = await signOut(walker)
    expect(await isSignedIn(walker)).toBe(false)
    expect(seen.html).toContain('href="/sign-in/provider/sign-out"')
    const out = await walker.open(`${open.url}/sign-in/provider/sign-out`, { stopAt: there.issuer })
    expect([new URL(out.url).pathname, Object.fromEntries(new URL(out.url).searchParams)]).toEqual(['/session/end', { client_id: CLIENT.id, post_logout_redirect_uri: `${open.url}/sign-in` }])
    const asks = await walker.open(out.url)
    expect([asks.status, asks.html.includes('Do you want to sign-out')]).toEqual([200, true])
  })
})

describe('the settings', () => {
  test('in full are read', () => {
    expect(signInWays(ENV)).toMatchObject({ password: true, provider: { clientId: CLIENT.id, claim: 'roles', scopes: 'openid profile' } })
    expect(signInWays({ ...ENV, SIGN_IN: 'oidc' }).password).toBe(false)
    expect(signInWays({})).toEqual({ password: true })
    expect(signInWays({ ...ENV, OIDC_REDIRECT_URL: '', CONSOLE_URL: 'https://letters.example/' }).provider?.redirectUrl.href).toBe(`https://letters.example${BACK}`)
  })
  test.each([
    [{ SIGN_IN: 'saml' }, 'SIGN_IN'], [{ OIDC_ISSUER: '' }, 'OIDC_ISSUER'], [{ OIDC_CLIENT_SECRET: '' }, 'OIDC_CLIENT_SECRET'], [{ OIDC_ROLES: '' }, 'OIDC_ROLES'], [{ OIDC_ROLES: 'ops=boss' }, 'OIDC_ROLES'],
    [{ OIDC_ISSUER: 'http://login.example' }, 'https://'], [{ OIDC_REDIRECT_URL: 'https://letters.example/elsewhere' }, 'OIDC_REDIRECT_URL'], [{ OIDC_REDIRECT_URL: '' }, 'OIDC_REDIRECT_URL'],
  ])('that cannot be used are refused: %j', (change, says) => {
    const read = () => signInWays({ ...ENV, ...change })
    expect(read).toThrow(Failure)
    expect(read).toThrow(says)
  })
  test('a role map gives what it says, and nothing to any other word', () => {
    const map = readRoleMap('CN=Openletter Ops,OU=x=operator'.replace(',', ' ') + ', a=admin, b=admin')
    expect(map).toEqual([['CN=Openletter Ops OU=x', 'operator'], ['a', 'admin'], ['b', 'admin']])
    expect(rolesOfClaims({ groups: ['b', 'c'] }, 'groups', map as [])).toEqual(['admin'])
    for (const claims of [{}, { groups: 'A' }, { groups: null }, { groups: { a: true } }, { roles: ['a'] }, { groups: [['a']] }]) expect(rolesOfClaims(claims, 'groups', map as [])).toEqual([])
  })
  test('with the provider alone nobody signs in by a password, nor sets one', async () => {
    const only = await startDashboard({ ledger: place.ledger, visitors: realVisitors(place, API_TOKEN), provider: late, signIn: { behindProxy: false, idleSecs: 60, mostSecs: 60, passwords: false } })
    try {
      const page = await (await fetch(`${only.url}/sign-in`)).text()
      expect([page.includes('Sign in with the trust'), page.includes('name="password"'), page.includes('/sign-in/code')]).toEqual([true, false, false])
      for (const path of ['/sign-in', '/sign-in/code', '/sign-in/code/use']) expect((await fetch(only.url + path, formOf({ userName: 'ann-local', password: 'x' }))).status).toBe(404)
    } finally {
      await only.close()
    }
  })
})

describe('what a browser carries on its way', () => {
  const way = { state: 's', nonce: 'n', verifier: 'v', to: '/' }
  const at = new Date('2026-11-23T10:00:00Z')
  test('is read again by whoever has the secret, and by nobody else, nor changed, nor late', () => {
    const sealed = seal(way, 'secret', at)
    expect(unseal(sealed, 'secret', at)).toEqual(way)
    expect(sealed).not.toContain(Buffer.from('verifier').toString('base64url').slice(0, 8))
    expect(unseal(sealed, 'another', at)).toBeUndefined()
    expect(unseal(sealed, 'secret', new Date(at.getTime() + WAY_SECS * 1000))).toBeUndefined()
    const bytes = Buffer.from(sealed, 'base64url')
    for (let n = 0; n < bytes.length; n += 1) {
      const changed = Buffer.from(bytes)
      changed[n]! ^= 1
      expect(unseal(changed.toString('base64url'), 'secret', at)).toBeUndefined()
    }
    for (const text of ['', 'x', 'x'.repeat(100)]) expect(unseal(text, 'secret', at)).toBeUndefined()
  })
})
