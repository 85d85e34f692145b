// Every address with every role, nobody and programs: who may is exactly who has the right that the address names. A new
// address stands in here by itself, so none can slip in without a right.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Address } from '../../src/dashboard/parts.ts'
import { RIGHTS_OF, ROLES, type Role } from '../../src/dashboard/rights.ts'
import { ALL, isForPrograms, OPTIONAL } from '../support/addresses.ts'
import { API_TOKEN, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { realVisitors, signedIn, type SignedIn } from '../support/sign-in.ts'

/** Without a sign-in: signing in itself, and what `localOrToken` opens on this machine. Nothing else may ever stand here without a thought. */
const OPEN = ['GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /sign-in', 'POST /sign-in', 'GET /sign-in/code', 'POST /sign-in/code', 'POST /sign-in/code/use', 'GET /sign-in/provider', 'GET /sign-in/provider/back', 'GET /sign-in/provider/sign-out',
  // What there is to ask, without anything of anybody: FHIR wants the one to be open, and the other is the same for our own addresses.
  'GET /fhir/metadata', 'GET /api/openapi.json']
/** Whoever is known, whatever the role. */
const SIGNED_IN = ['GET /account', 'POST /account/password', 'POST /account/sign-out-others', 'POST /sign-out', 'GET /api/account']

let place: TestLedger
let open: TestDashboard
const people = new Map<Role, SignedIn>()

beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ...OPTIONAL, ledger: place.ledger, policy: () => place.policy, visitors: realVisitors(place, API_TOKEN), now: () => place.clock.at })
  for (const role of ROLES) people.set(role, await signedIn(place, { role }))
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const nameOf = ({ method, path }: Pick<Address, 'method' | 'path'>): string => `${method.toUpperCase()} ${path}`
const pathOf = (path: string): string => path.replaceAll(/:(\w+)/gu, '00000000-0000-4000-8000-000000000000').replaceAll(/[{}*]/gu, '')

/** What came of it, as far as the guard decides: `in`, whatever came behind it. */
const ask = async ({ method, path }: Pick<Address, 'method' | 'path'>, headers: Record<string, string>): Promise<'in' | 'sign-in' | 'no-token' | 'no-right'> => {
  const given = method === 'post' ? { 'content-type': isForPrograms(path) ? 'application/json' : 'application/x-www-form-urlencoded' } : {}
  const stop = new AbortController()
  const answer = await fetch(open.url + pathOf(path), { method: method.toUpperCase(), redirect: 'manual', headers: { ...given, ...headers }, signal: stop.signal, ...(method === 'post' ? { body: isForPrograms(path) ? '{}' : 'a=b' } : {}) })
  const streams = answer.headers.get('content-type')?.includes('event-stream') ?? false
  const text = streams ? '' : await answer.text()
  stop.abort()
  if (answer.status === 303 && answer.headers.get('location')?.startsWith('/sign-in')) return 'sign-in'
  if (answer.status === 401) return 'no-token'
  return answer.status === 403 && text.includes('RIGHT_MISSING') ? 'no-right' : 'in'
}

const guarded = ALL.filter(({ right }) => right !== 'open')

describe('addresses', () => {
  test('that anybody may ask are these and no others', () => expect(ALL.filter(({ right }) => right === 'open').map(nameOf).filter((name) => !OPEN.includes(name))).toEqual([]))
  test('that take no right but a sign-in are these and no others', () => expect(ALL.filter(({ right }) => right === 'signed-in').map(nameOf).filter((name) => !SIGNED_IN.includes(name))).toEqual([]))
  test('that change something are not for whoever may only look', () => {
    const SEARCHES = /search|_search|\/compare|reconciliation|plan|explain/u
    const odd = ALL.filter(({ method, path, right }) => method === 'post' && right === 'see' && !SEARCHES.test(path)).map(nameOf)
    expect(odd).toEqual([])
  })
  test('of a page that takes a form look at whose form it is', () => {
    const posts = ALL.filter(({ method, path, right }) => method === 'post' && !isForPrograms(path) && right !== 'open')
    const without = posts.filter(({ handle }) => !handle.some(({ name }) => name === 'ownForms')).map(nameOf)
    expect([posts.length > 5, without]).toEqual([true, []])
  })
})

// A page's answer needs more parts than this test has: the guard stands before them, and its answer is all that counts.
describe.each(guarded.map((address) => [nameOf(address), address] as const))('%s', (_, address) => {
  test('lets in exactly who has the right', async () => {
    const { method, path, right } = address
    const stranger = isForPrograms(path) ? 'no-token' : 'sign-in'
    const found: Record<string, string> = { nobody: await ask(address, {}), 'a wrong token': await ask(address, { authorization: 'Bearer wrong' }), 'a wrong cookie': await ask(address, { cookie: `openletter=${'x'.repeat(43)}` }) }
    const wanted: Record<string, string> = { nobody: stranger, 'a wrong token': stranger, 'a wrong cookie': stranger }
    // The way out ends the session: for everybody else of this matrix it would be over.
    if (path !== '/sign-out') for (const role of ROLES) {
      found[role] = await ask(address, { ...people.get(role)!.headers, 'x-form-token': people.get(role)!.formToken })
      const may = right === 'signed-in' || (RIGHTS_OF[role] as readonly string[]).includes(right)
      wanted[role] = may ? 'in' : 'no-right'
      // The cookie alone changes nothing for programs.
      if (isForPrograms(path) && method === 'post') [found[`${role} by the cookie alone`], wanted[`${role} by the cookie alone`]] = [await ask(address, people.get(role)!.headers), 'no-token']
    }
    found['the API token'] = await ask(address, { authorization: `Bearer ${API_TOKEN}` })
    // Only people answer for a release, and for who may come in.
    wanted['the API token'] = right === 'release' || right === 'people' ? 'no-right' : 'in'
    expect(found).toEqual(wanted)
  })
})

describe('every answer', () => {
  test.each(ALL.filter(({ method, path }) => method === 'get' && !/events|stream|live/u.test(path)).map(({ path }) => path).concat(['/nowhere', '/api/nowhere', '/assets/nothing.css']))('has headers that keep others out: %s', async (path) => {
    for (const headers of [{}, people.get('admin')!.headers] as Record<string, string>[]) {
      const answer = await fetch(open.url + pathOf(path), { redirect: 'manual', headers })
      await answer.arrayBuffer()
      const csp = answer.headers.get('content-security-policy') ?? ''
      expect(csp).toContain("default-src 'none'")
      expect(csp).toContain("frame-ancestors 'none'")
      expect(csp).not.toMatch(/unsafe-(inline|eval)/u)
      // A one-time link is handed on to no other page, not even of ours.
      expect([answer.headers.get('x-content-type-options'), answer.headers.get('referrer-policy'), answer.headers.get('x-powered-by')]).toEqual(['nosniff', path === '/sign-in/code' ? 'no-referrer' : 'same-origin', null])
    }
  })
})
