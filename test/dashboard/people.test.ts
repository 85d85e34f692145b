// Who may come in, by the page of administrators and by the API, over a real ledger.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { asTold } from '../support/contract.ts'
import { API_TOKEN, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aStaff, codeIn, PASSWORD, realVisitors, signedIn, type SignedIn } from '../support/sign-in.ts'

let place: TestLedger
let open: TestDashboard
let ada: SignedIn
beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, visitors: realVisitors(place, API_TOKEN), now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
beforeEach(async () => {
  await place.pool.query('truncate staff, sessions, browsers, sign_in_codes, sign_in_tries')
  ada = await signedIn(place, { role: 'admin', userName: 'ada', name: 'Ada Example' })
})

const get = async (path: string, who = ada) => {
  const answer = await fetch(open.url + path, { redirect: 'manual', headers: who.headers })
  return { status: answer.status, html: await answer.text() }
}
const send = async (path: string, fields: Record<string, string | readonly string[]>, who = ada) => {
  const body = new URLSearchParams(Object.entries({ formToken: who.formToken, ...fields }).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one as string])))
  const answer = await fetch(open.url + path, { method: 'POST', redirect: 'manual', headers: who.headers, body })
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() }
}
const api = async (path: string, body?: unknown) => {
  const init: RequestInit = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await asTold(path, init, await fetch(open.url + path, { ...init, headers: { ...ada.headers, 'x-form-token': ada.formToken, 'content-type': 'application/json' } }))
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const
}
const REASON = { reason: 'joins the records team' }
const changes = async () => (await place.ledger.trail({ limit: 10, kinds: [{ kind: 'staff-changed' }] })).entries

describe('an administrator', () => {
  test('invites somebody, who chooses a password with the code and has the roles', async () => {
    const { status, html } = await send('/people', { userName: 'Jane.Doe', name: 'Jane Doe', roles: ['reviewer', 'analyst'], ...REASON })
    expect([status, html.includes('jane.doe'), html.includes('It is shown only now.')]).toEqual([200, true, true])
    const answer = await fetch(`${open.url}/sign-in/code/use`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ code: codeIn(html), password: PASSWORD, again: PASSWORD, userName: 'somebody.else' }) })
    expect(answer.status).toBe(303)
    expect(await place.ledger.staffNamed('jane.doe')).toMatchObject({ name: 'Jane Doe', roles: ['reviewer', 'analyst'], hasPassword: true })
    expect((await changes())[1]).toMatchObject({ actor: 'ada (pages)', detail: { what: 'invited', userName: 'jane.doe', reason: REASON.reason } })
    expect((await get('/people')).html).not.toContain(codeIn(html))
  })

  test.each([
    [{ userName: '' }, 'Use 2 to 40 letters'], [{ name: '' }, 'Give the name'], [{ roles: [] as readonly string[] }, 'Choose at least one role'], [{ roles: 'root' }, 'There is no such role'],
    [{ reason: '' }, 'Say why'], [{ userName: 'ADA' }, 'somebody’s already'], [{ reason: 'for 999 000 0018' }, 'Do not name the patient'],
  ])('who says %j invites nobody', async (fields, says) => {
    const { status, html } = await send('/people', { userName: 'jane', name: 'Jane', roles: 'viewer', ...REASON, ...fields })
    expect([status, html.includes(says)]).toEqual([400, true])
    expect(await place.ledger.staff()).toHaveLength(1)
  })

  test('changes roles, and whoever is signed in with the old ones is out at once', async () => {
    const jane = await signedIn(place, { role: 'reviewer', userName: 'jane' })
    expect((await get('/documents', jane)).status).toBe(200)
    const { location } = await send(`/people/${jane.staff.id}/roles`, { roles: 'viewer', ...REASON })
    expect(location).toBe(`/people/${jane.staff.id}?message=roles-changed`)
    expect((await get('/documents', jane)).status).toBe(303)
    expect((await get(`/people/${jane.staff.id}?message=roles-changed`)).html).toContain('Every session of this person has ended')
  })

  test('disables somebody, who is out at once, and stays out until enabled', async () => {
    const jane = await signedIn(place, { role: 'reviewer', userName: 'jane' })
    expect((await send(`/people/${jane.staff.id}/disable`, REASON)).status).toBe(303)
    expect((await get('/documents', jane)).status).toBe(303)
    const tries = async () => (await fetch(`${open.url}/sign-in`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ userName: 'jane', password: PASSWORD }) })).status
    expect(await tries()).toBe(400)
    expect((await send(`/people/${jane.staff.id}/disable`, REASON)).status).toBe(409)
    expect((await send(`/people/${jane.staff.id}/enable`, REASON)).status).toBe(303)
    expect(await tries()).toBe(303)
  })

  test('resets a password, but not his own', async () => {
    const jane = await signedIn(place, { role: 'reviewer', userName: 'jane' })
    const { html } = await send(`/people/${jane.staff.id}/reset`, REASON)
    expect([codeIn(html).length, (await get('/documents', jane)).status, (await place.ledger.staffNamed('jane'))?.hasPassword]).toEqual([29, 303, false])
    expect((await send(`/people/${ada.staff.id}/reset`, REASON)).status).toBe(400)
    expect((await get('/account')).status).toBe(200)
  })

  test('who is the last stays one', async () => {
    for (const [path, fields] of [['roles', { roles: 'viewer' }], ['disable', {}]] as const) {
      const { status, html } = await send(`/people/${ada.staff.id}/${path}`, { ...fields, ...REASON })
      expect([status, html.includes('LAST_ADMIN')]).toEqual([409, true])
    }
    expect((await get('/people')).status).toBe(200)
  })

  test('needs a reason, which is asked for beside the form that lacks it', async () => {
    const jane = await aStaff(place, { userName: 'jane', roles: ['viewer'] })
    const { status, html } = await send(`/people/${jane.id}/disable`, { reason: '' })
    expect([status, html.includes('href="#reason-disable"'), html.includes('href="#reason-reset"')]).toEqual([400, true, false])
  })

  test('sees no roles to change of somebody whose roles come from the identity provider', async () => {
    const jane = await place.ledger.provideStaff({ issuer: 'https://idp.example', subject: '1', userName: 'jane', name: 'Jane', roles: ['viewer'], at: place.clock.at.toISOString() })
    const id = typeof jane === 'string' ? '' : jane.id
    expect((await get(`/people/${id}`)).html).toContain('come from the identity provider')
    expect((await send(`/people/${id}/roles`, { roles: 'admin', ...REASON })).status).toBe(400)
    expect((await send(`/people/${id}/reset`, REASON)).status).toBe(400)
  })
})

describe('by the API', () => {
  test('people are listed, invited, changed, disabled, enabled and reset', async () => {
    const [status, invited] = await api('/api/people', { userName: 'jane', name: 'Jane', roles: ['operator'], ...REASON, by: 'Head of Records' })
    expect([status, invited]).toMatchObject([201, { person: { userName: 'jane', roles: ['operator'], hasPassword: false, origin: 'local' }, code: expect.stringMatching(/^[2-9A-Z]{4}(-[2-9A-Z]{4}){5}$/u) }])
    const { id } = invited['person'] as { readonly id: string }
    expect((await api('/api/people'))[1]).toMatchObject({ people: [{ userName: 'ada' }, { userName: 'jane' }] })
    expect(await api(`/api/people/${id}/roles`, { roles: ['reviewer'], ...REASON })).toMatchObject([200, { roles: ['reviewer'] }])
    expect(await api(`/api/people/${id}/disable`, REASON)).toMatchObject([200, { disabledAt: expect.any(String) }])
    expect((await api(`/api/people/${id}/enable`, REASON))[1]).not.toHaveProperty('disabledAt')
    expect(await api(`/api/people/${id}/reset`, REASON)).toMatchObject([200, { person: { id }, code: expect.any(String) }])
    expect((await changes()).map(({ actor, detail }) => [actor, detail['what']])).toContainEqual(['Head of Records, by ada (pages)', 'invited'])
  })

  test.each([
    ['/api/people', { userName: 'ada', name: 'Ada', roles: ['viewer'], ...REASON }, 409, 'USER_NAME_TAKEN'], ['/api/people', { userName: 'jane', name: 'Jane', roles: [], ...REASON }, 400, 'QUERY_INVALID'],
    ['/api/people', { userName: 'jane', name: 'Jane', roles: ['viewer'] }, 400, 'QUERY_INVALID'], ['/api/people', { userName: 'jane', name: 'Jane', roles: ['viewer'], password: 'x', ...REASON }, 400, 'QUERY_INVALID'],
    ['/api/people/nonsense/disable', REASON, 404, 'NOT_FOUND'], ['/api/people/nonsense/reset', REASON, 404, 'NOT_FOUND'],
  ])('%s with %j is refused', async (path, body, status, code) => {
    expect(await api(path, body)).toMatchObject([status, { code }])
    expect(await place.ledger.staff()).toHaveLength(1)
  })

  test('the last administrator stays one, and keeps his password', async () => {
    expect(await api(`/api/people/${ada.staff.id}/reset`, REASON)).toMatchObject([400, { code: 'QUERY_INVALID' }])
    expect(await api(`/api/people/${ada.staff.id}/disable`, REASON)).toMatchObject([409, { code: 'LAST_ADMIN' }])
    expect(await api(`/api/people/${ada.staff.id}/roles`, { roles: ['viewer'], ...REASON })).toMatchObject([409, { code: 'LAST_ADMIN' }])
  })
})
