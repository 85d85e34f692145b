// Tokens of programs: made on the page or by the API, shown once, good for what they say until their day, and revoked at
// once. Over a real ledger, with the engine's own way of knowing who asks.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { RIGHTS, RIGHTS_FOR_PROGRAMS } from '../../src/dashboard/rights.ts'
import { sha256 } from '../../src/dashboard/sign-in/cookies.ts'
import { byMadeToken } from '../../src/dashboard/sign-in/tokens.ts'
import { bySession, byToken, visitorsBy } from '../../src/dashboard/sign-in/visitors.ts'
import { asTold } from '../support/contract.ts'
import { API_TOKEN, formOf, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { signedIn, type SignedIn } from '../support/sign-in.ts'

let place: TestLedger
let open: TestDashboard
let jane: SignedIn
beforeAll(async () => {
  place = await aLedger()
  const known = { ledger: place.ledger, now: () => place.clock.at }
  open = await startDashboard({ ...known, policy: () => place.policy, visitors: visitorsBy(bySession(known), byToken(API_TOKEN), byMadeToken(known)) })
  jane = await signedIn(place, { role: 'admin', userName: 'jane' })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

let nth = 0
const aName = () => `program-${++nth}`
const later = (minutes: number): void => { place.clock.at = new Date(place.clock.at.getTime() + minutes * 60_000) }
const page = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(open.url + path, { redirect: 'manual', ...init, headers: { ...jane.headers, ...init.headers } })
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() }
}
const form = (fields: Record<string, string>) => formOf({ formToken: jane.formToken, ...fields })
const asked = (more: object = {}) => ({ name: aName(), rights: ['see'], expires: '2027-03-31', reason: 'for the night report', ...more })
const json = (body: unknown) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
/** By the API, as an administrator who has signed in. */
const byJane = async (path: string, init: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {}) =>
  asTold(path, init, await fetch(open.url + path, { ...init, headers: { ...jane.headers, 'x-form-token': jane.formToken, ...init.headers } }))
type Made = { readonly id: string; readonly name: string; readonly token: string; readonly rights: readonly string[] }
const made = async (more: object = {}): Promise<Made> => {
  const answer = await byJane('/api/tokens', json(asked(more)))
  expect(answer.status).toBe(201)
  return (await answer.json()) as Made
}
const ask = (token: string, path = '/api/documents', init: RequestInit = {}) => fetch(open.url + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })

describe('a token', () => {
  test('made on the page is shown once, and opens what its rights say', async () => {
    const name = aName()
    const { status, html } = await page('/tokens', form({ name, rights: 'see', expires: '2027-03-31', reason: 'for the night report' }))
    expect(status).toBe(200)
    const [, token = ''] = /<code class="ol-token">([^<]+)<\/code>/u.exec(html) ?? []
    expect(token).toMatch(/^ol_[\w-]{43}$/u)
    expect((await ask(token)).status).toBe(200)
    expect((await ask(token, '/fhir/AuditEvent')).status).toBe(403)
    const again = await page('/tokens')
    for (const text of [name, 'Good until', 'the end of 31 Mar 2027', 'jane (pages)']) expect(again.html).toContain(text)
    expect(again.html).not.toContain(token)
    expect(await (await byJane('/api/tokens')).text()).not.toContain(token)
    const { rows } = await place.pool.query('select t::text as row from tokens t')
    expect(rows.some(({ row }: { row: string }) => row.includes(sha256(token)))).toBe(true)
    expect(rows.some(({ row }: { row: string }) => row.includes(token))).toBe(false)
  })

  test('is in the log with who made it, why, and what for; what its program does is by its name', async () => {
    const { name, token, id } = await made({ rights: ['see', 'stop'] })
    expect((await ask(token, '/api/stops', json({ scope: 'code', value: 'APPT', reason: 'a drill of the program' }))).status).toBe(201)
    const { entries } = await place.ledger.trail({ kinds: [{ kind: 'token-made' }, { kind: 'stop' }], limit: 2 })
    expect(entries.map(({ kind, actor }) => [kind, actor])).toEqual([['stop', `${name} (api)`], ['token-made', 'jane (pages)']])
    expect(entries[1]!.detail).toMatchObject({ token: id, name, rights: ['see', 'stop'], reason: 'for the night report' })
    expect(JSON.stringify(entries)).not.toContain(token)
  })

  test('that is revoked opens nothing from that moment on, and cannot be revoked again', async () => {
    const { id, token, name } = await made()
    expect((await ask(token)).status).toBe(200)
    const { status, location } = await page(`/tokens/${id}/revoke`, form({ reason: 'the program is gone' }))
    expect([status, location]).toEqual([303, '/tokens?message=token-revoked'])
    expect((await ask(token)).status).toBe(401)
    expect((await page(`/tokens/${id}/revoke`, form({ reason: 'once more' }))).status).toBe(409)
    expect((await page('/tokens')).html).toMatch(new RegExp(`${name}[\\s\\S]*Revoked`, 'u'))
    expect((await place.ledger.trail({ kinds: [{ kind: 'token-revoked' }], limit: 1 })).entries[0]).toMatchObject({ actor: 'jane (pages)', detail: { token: id, reason: 'the program is gone' } })
  })

  test('says when it was last used, to the minute', async () => {
    const { id, token } = await made()
    const used = async () => (await place.ledger.tokens()).find((one) => one.id === id)?.lastUsedAt
    expect(await used()).toBeUndefined()
    await ask(token)
    const first = await used()
    expect(first).toBe(place.clock.at.toISOString())
    later(0.5)
    await ask(token)
    expect(await used()).toBe(first)
    later(1)
    await ask(token)
    expect(await used()).toBe(place.clock.at.toISOString())
  })

  test('is good to the end of its day in London, and not after', async () => {
    const before = place.clock.at
    const { token } = await made({ expires: '2026-11-23' })
    place.clock.at = new Date('2026-11-23T23:59:59.000Z')
    expect((await ask(token)).status).toBe(200)
    place.clock.at = new Date('2026-11-24T00:00:00.000Z')
    expect((await ask(token)).status).toBe(401)
    place.clock.at = before
  })

  test('never releases, and never says who may come in: not asked for, nor written into the database', async () => {
    expect(RIGHTS_FOR_PROGRAMS.toSorted()).toEqual(Object.keys(RIGHTS).filter((right) => right !== 'release' && right !== 'people').toSorted())
    for (const rights of [['release'], ['people'], ['see', 'release'], ['everything'], [], 'release', [['see']], [null], undefined]) {
      expect([rights, (await byJane('/api/tokens', json(asked({ rights })))).status]).toEqual([rights, 400])
    }
    const { id, token } = await made()
    for (const right of ['release', 'people']) await expect(place.pool.query('update tokens set rights = $2 where id = $1', [id, ['see', right]])).rejects.toThrow('tokens_rights_check')
    expect((await ask(token, '/api/tokens')).status).toBe(403)
  })

  test('of the settings may lift, and neither release nor say who may come in, nor make another', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'code', value: 'CPLN' }, 'duty', 'a drill', place.clock.at.toISOString()))!
    expect((await open.api(`/api/stops/${stop.id}/lift`, json({ reason: 'over again' }))).status).toBe(200)
    const before = (await place.ledger.tokens()).length
    for (const [path, body] of [['/api/tokens', asked()], ['/api/people', { userName: 'eve', name: 'Eve', roles: ['admin'], reason: 'by a program' }], [`/api/documents/${stop.id}/release`, {}]] as const)
      expect([path, (await open.api(path, json(body))).status]).toEqual([path, 403])
    // Nor by the forms of the pages, whatever it writes into them.
    for (const path of ['/tokens', '/people', '/stops']) for (const formToken of ['', 'undefined']) {
      const answer = await fetch(open.url + path, { ...formOf({ formToken, name: 'eve', userName: 'eve', roles: 'admin', rights: 'see', scope: 'all', expires: '2027-03-31', reason: 'by a program' }), headers: { authorization: `Bearer ${API_TOKEN}` } })
      expect([path, formToken, answer.status]).toEqual([path, formToken, 403])
    }
    expect([(await place.ledger.tokens()).length, (await place.ledger.staff()).length, (await place.ledger.stops()).filter(({ scope }) => scope === 'all').length]).toEqual([before, 1, 0])
  })

  test('with the right to lift does, and without it does not', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'duty', 'a drill', place.clock.at.toISOString()))!
    const lift = async (rights: readonly string[]) => (await ask((await made({ rights })).token, `/api/stops/${stop.id}/lift`, json({ reason: 'over again' }))).status
    expect([await lift(['see', 'stop']), await lift(['see', 'lift'])]).toEqual([403, 200])
  })
})

describe('what is not said in full makes no token', () => {
  const count = async () => (await place.ledger.tokens()).length

  test.each([
    [{ name: 'A b' }, 'small letters'], [{ name: 'ab' }, 'small letters'], [{ name: 'api-token' }, 'small letters'], [{ name: 'p9990000018' }, 'Do not name the patient'], [{ expires: '2026-11-22' }, 'Use a day from today'],
    [{ expires: '2027-12-24' }, 'at most a year'], [{ expires: 'soon' }, 'Use a day'], [{ rights: '' }, 'Choose what the program may do'], [{ reason: '' }, 'Say why'],
  ])('%j', async (change, says) => {
    const before = await count()
    const { status, html } = await page('/tokens', form({ ...asked({ rights: 'see' }), ...change } as unknown as Record<string, string>))
    expect([status, html.includes(says), html.includes('There is a problem'), await count()]).toEqual([400, true, true, before])
  })

  test('a name that was given before, even of a token that was revoked', async () => {
    const { id, name } = await made()
    await page(`/tokens/${id}/revoke`, form({ reason: 'the program is gone' }))
    expect((await byJane('/api/tokens', json(asked({ name })))).status).toBe(409)
  })

  test('a form that is not of the visitor, and a visitor who is no administrator', async () => {
    const before = await count()
    expect((await page('/tokens', formOf({ ...asked({ rights: 'see' }), formToken: 'other' } as unknown as Record<string, string>))).status).toBe(403)
    const rob = await signedIn(place, { role: 'reviewer' })
    for (const path of ['/tokens', '/api/tokens']) expect((await fetch(open.url + path, { headers: rob.headers })).status).toBe(403)
    expect(await count()).toBe(before)
  })
})

test.each(['', 'ol_', `ol_${'A'.repeat(43)}`, 'x y', "' or true"])('a token that nobody made opens nothing: %j', async (token) => {
  expect((await ask(token)).status).toBe(401)
})
