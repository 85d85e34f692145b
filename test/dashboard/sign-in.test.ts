// Signing in over real HTTP with a real ledger: who comes in, who does not, and what strangers can learn or do.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { formOf, formTokenIn, startDashboard, API_TOKEN, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aStaff, cookieOf, firstAccount, PASSWORD, realVisitors, signedIn } from '../support/sign-in.ts'
import { keptCode, linkOf, newCode } from '../../src/dashboard/sign-in/codes.ts'
import { SIGN_IN, type DashboardParts } from '../../src/dashboard/parts.ts'
import { visitorsBy, bySession, byToken } from '../../src/dashboard/sign-in/visitors.ts'

let place: TestLedger
let open: TestDashboard
const start = (more: Partial<DashboardParts> = {}) => startDashboard({ ledger: place.ledger, policy: () => place.policy, visitors: realVisitors(place, API_TOKEN), now: () => place.clock.at, ...more })
beforeAll(async () => {
  place = await aLedger()
  open = await start()
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
beforeEach(() => place.pool.query('truncate staff, sessions, browsers, sign_in_codes, sign_in_tries'))

const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const get = async (path: string, cookie = '', headers: Record<string, string> = {}) => {
  const answer = await fetch(open.url + path, { redirect: 'manual', headers: { ...(cookie === '' ? {} : { cookie }), ...headers } })
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text(), headers: answer.headers }
}
const send = async (path: string, fields: Record<string, string>, headers: Record<string, string> = {}, url = open.url) => {
  const answer = await fetch(url + path, { ...formOf(fields), headers })
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text(), cookie: cookieOf(answer), set: answer.headers.getSetCookie() }
}
const signIn = (userName: string, password = PASSWORD, more: Record<string, string> = {}, headers: Record<string, string> = {}) => send('/sign-in', { userName, password, ...more }, headers)
const events = async (...kinds: ('signed-in' | 'sign-in-refused' | 'signed-out' | 'staff-changed')[]) =>
  (await place.ledger.trail({ limit: 50, kinds: kinds.map((kind) => ({ kind })) })).entries

describe('signing in', () => {
  test('sets a cookie that scripts and other sites do not get, and opens the pages', async () => {
    const jane = await aStaff(place, { userName: 'jane', roles: ['operator'] })
    const { status, location, set, cookie } = await signIn(' Jane ')
    expect([status, location]).toEqual([303, '/'])
    expect(set[0]).toMatch(/^openletter=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/u)
    expect((await get('/stops', cookie)).html).toContain('Jane Example')
    expect((await events('signed-in'))[0]).toMatchObject({ actor: 'jane (pages)', detail: { staff: jane.id, how: 'password' } })
    expect(open.lines.join()).toContain('"event":"signed_in"')
  })

  test('leads where the visitor wanted to go, and nowhere else', async () => {
    await aStaff(place, { userName: 'jane' })
    expect((await get('/stops')).location).toBe('/sign-in?to=%2Fstops')
    expect((await get('/sign-in?to=%2Fstops')).html).toContain('name="to" value="/stops"')
    const ends: unknown[] = []
    for (const to of ['/stops', '/documents/9?x=1', '//evil.example', '/\\evil.example', 'https://evil.example/', '/%09/evil.example', '/..//evil.example', 'javascript:alert(1)', '/api/documents', '/sign-in', '/sign-out', '/a\r\nb']) ends.push((await signIn('jane', PASSWORD, { to })).location)
    expect(ends).toEqual(['/stops', '/documents/9?x=1', '/', '/', '/', '/%09/evil.example', '/', '/', '/', '/', '/', '/'])
  })

  test('leads back to the page of a form that came too late, and says that nothing was done', async () => {
    const late = async (path: string) => (await fetch(open.url + path, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ kind: 'retry' }) })).headers.get('location')
    expect(await Promise.all(['/reviews/7/release?reason=code', '/alerts/7/take', '/stops', '/runs/plan', '/channels/pkb/pause'].map(late))).toEqual(
      ['/reviews/7', '/alerts', '/stops', '/runs', '/channels/pkb'].map((to) => `/sign-in?to=${encodeURIComponent(to)}&lost=form`))
    expect((await get('/sign-in?to=%2Freviews%2F7&lost=form')).html).toContain('Nothing was done.')
    expect((await get('/sign-in')).html).not.toContain('Nothing was done')
    // A part of a list is a page of its own.
    expect((await get('/reviews?reason=code&late=yes')).location).toBe(`/sign-in?to=${encodeURIComponent('/reviews?reason=code&late=yes')}`)
    // Who wanted to sign out is signed out.
    expect(await late('/sign-out')).toBe('/sign-in?message=signed-out')
  })

  test('gives back what was typed into a form that came too late, and keeps none of it', async () => {
    const late = await send('/reviews/7/release', { formToken: 'old', role: 'Consultant', reason: 'Read it & <b>agreed</b>', consent: 'By letter of 12 May', password: PASSWORD, current: 'another secret', code: 'ABCD-EFGH', nhsNumber: '9990000018', title: 'Letter of Ada', sha256: 'f'.repeat(64) })
    expect([late.status, late.location, late.set]).toEqual([403, null, []])
    for (const text of ['Nothing was done: you were signed out', 'Consultant', 'Read it &amp; &lt;b&gt;agreed&lt;/b&gt;', 'By letter of 12 May', 'href="/sign-in?to=%2Freviews%2F7"', 'href="/reviews/7"']) expect([text, late.html.includes(text)]).toEqual([text, true])
    for (const secret of [PASSWORD, 'another secret', 'ABCD-EFGH', '9990000018', 'Letter of Ada', 'ffff']) expect([secret, late.html.includes(secret)]).toEqual([secret, false])
    expect(open.lines.join()).not.toMatch(/Consultant|agreed|12 May/u)
    expect((await place.pool.query("select 1 from events where detail::text ~ 'agreed|12 May'")).rows).toEqual([])
  })

  test('gives back no number that could be a patient\u2019s, and nothing that another site sent', async () => {
    const numbered = await send('/reviews/7/release', { reason: 'for 999 000 0018', role: 'Consultant' })
    expect([numbered.html.includes('999 000 0018'), numbered.html.includes('It holds ten digits in a row')]).toEqual([false, true])
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }] as Record<string, string>[]) {
      const planted = await send('/reviews/7/release', { reason: 'Ring this number' }, headers)
      expect([planted.status, planted.location, planted.html.includes('Ring this')]).toEqual([303, '/sign-in?to=%2Freviews%2F7&lost=form', false])
    }
  })

  test('gives back what was typed into a form of a session before, or without the right, and only then', async () => {
    const jane = await signedIn(place, { role: 'viewer' })
    const before = await send('/stops', { formToken: 'of the session before', reason: 'PKB asks us to', value: 'ADULT1' }, jane.headers)
    const without = await send('/stops', { formToken: jane.formToken, reason: 'PKB asks us to', password: PASSWORD }, jane.headers)
    expect([before.status, without.status]).toEqual([403, 403])
    for (const { html } of [before, without]) expect([html.includes('PKB asks us to'), html.includes(PASSWORD)]).toEqual([true, false])
    const planted = await send('/stops', { formToken: jane.formToken, reason: 'Ring this number' }, { ...jane.headers, 'sec-fetch-site': 'cross-site' })
    expect([planted.status, planted.html.includes('Ring this')]).toEqual([403, false])
  })

  test('gives a session of its own each time, and ends the one that the browser came with', async () => {
    await aStaff(place, { userName: 'jane' })
    const planted = await signedIn(place)
    const first = await signIn('jane')
    const second = await signIn('jane', PASSWORD, {}, { cookie: first.cookie })
    const third = await signIn('jane', PASSWORD, {}, { cookie: planted.headers.cookie })
    expect(new Set([first, second, third].map(({ cookie }) => cookie)).size).toBe(3)
    expect(await Promise.all([first.cookie, planted.headers.cookie, second.cookie, third.cookie].map(async (cookie) => (await get('/account', cookie)).status))).toEqual([303, 303, 200, 200])
    // A value that somebody chose is no session.
    const chosen = `openletter=${'a'.repeat(43)}`
    const fourth = await signIn('jane', PASSWORD, {}, { cookie: chosen })
    expect([fourth.cookie.includes('aaaa'), (await get('/account', chosen)).status]).toEqual([false, 303])
  })

  test('is refused alike whether the name or the password is wrong, or the account is disabled or has no password', async () => {
    await aStaff(place, { userName: 'ada' })
    const jane = await aStaff(place, { userName: 'jane' })
    const gone = await aStaff(place, { userName: 'gone' })
    await place.ledger.disableStaff(gone.id, { actor: 'ada', reason: 'left', at: iso() })
    await place.ledger.inviteStaff({ userName: 'invited', name: 'I', roles: ['viewer'] }, keptCode(newCode(), 1, place.clock.at), { actor: 'ada', reason: 'new', at: iso() })
    const answers = await Promise.all([['jane', 'wrong password 1'], ['nobody', PASSWORD], ['gone', PASSWORD], ['invited', PASSWORD]].map(([name, password]) => signIn(name!, password)))
    const told = answers.map(({ status, html, set }) => [status, html.replaceAll(/value="[a-z]+"/gu, ''), set.length])
    expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(told[0]).toEqual([400, expect.stringContaining('The user name or the password is not right.'), 0])
    const refused = await events('sign-in-refused')
    expect(refused.slice(0, 4).map(({ actor, detail }) => `${actor}: ${detail['why'] as string}`).sort()).toEqual(['gone (pages): disabled', 'invited (pages): no-password', 'jane (pages): password', 'unknown: unknown'])
    expect(JSON.stringify(refused) + open.lines.join()).not.toContain('nobody')
    expect(jane.id).not.toBe('')
  })

  test('takes as long for a name that nobody has', async () => {
    await aStaff(place, { userName: 'jane' })
    const fastest = async (name: string) => {
      const took: number[] = []
      for (let n = 0; n < 4; n += 1) { const from = performance.now(); await signIn(name, 'a wrong password'); took.push(performance.now() - from) }
      return Math.min(...took)
    }
    const [known, unknown] = [await fastest('jane'), await fastest('nobody')]
    // The hash is most of it: without one an answer takes a tenth.
    expect(unknown).toBeGreaterThan(known * 0.6)
  })

  test('by a form from another site is refused', async () => {
    await aStaff(place, { userName: 'jane' })
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }, { origin: 'null' }] as Record<string, string>[]) {
      const { status, set } = await signIn('jane', PASSWORD, {}, headers)
      expect([headers, status, set]).toEqual([headers, 403, []])
    }
  })

  test('is asked for again when the session was not used for half an hour, or after twelve hours', async () => {
    const jane = await signedIn(place)
    later(29 * 60)
    expect((await get('/account', jane.headers.cookie)).status).toBe(200)
    later(31 * 60)
    expect((await get('/account', jane.headers.cookie)).status).toBe(303)
    const john = await signedIn(place)
    for (let n = 0; n < 24; n += 1) { expect([n, (await get('/account', john.headers.cookie)).status]).toEqual([n, 200]); later(30 * 60 - 1) }
    later(60)
    expect((await get('/account', john.headers.cookie)).status).toBe(303)
  })

  test('is over when the person signs out, here and in the ledger', async () => {
    const jane = await signedIn(place)
    const answer = await send('/sign-out', { formToken: jane.formToken }, jane.headers)
    expect([answer.status, answer.location]).toEqual([303, '/sign-in?message=signed-out'])
    expect(answer.set[0]).toMatch(/^openletter=; Path=\/; Expires=Thu, 01 Jan 1970/u)
    expect((await get('/account', jane.headers.cookie)).status).toBe(303)
    expect((await events('signed-out'))[0]).toMatchObject({ actor: `${jane.staff.userName} (pages)` })
  })
})

describe('guessing', () => {
  test('at a name ends after ten tries, wherever they come from, and goes on one at a time', async () => {
    await aStaff(place, { userName: 'jane' })
    const behind = await start({ signIn: { ...SIGN_IN, behindProxy: true } })
    const guess = (n: number, name = 'jane') => send('/sign-in', { userName: name, password: 'wrong' }, { 'x-forwarded-for': `198.51.100.${n}` }, behind.url).then(({ status }) => status)
    expect(await Promise.all(Array.from({ length: 14 }, (_, n) => guess(n)))).toEqual(expect.arrayContaining([400, 429]))
    expect(await guess(50)).toBe(429)
    // The same for a name that nobody has.
    expect((await Promise.all(Array.from({ length: 14 }, (_, n) => guess(n + 100, 'nobody')))).filter((status) => status === 429)).toHaveLength(4)
    later(91)
    expect([await guess(60), await guess(61)]).toEqual([400, 429])
    await behind.close()
  })

  test('does not keep the owner out who has signed in with this browser before', async () => {
    await aStaff(place, { userName: 'jane' })
    const { cookie } = await signIn('jane')
    const browser = cookie.split('; ').find((pair) => pair.startsWith('openletter-browser='))!
    for (let n = 0; n < 12; n += 1) await signIn('jane', 'a guess')
    expect((await signIn('jane')).status).toBe(429)
    expect((await signIn('jane', PASSWORD, {}, { cookie: browser })).status).toBe(303)
  })

  test('from one address ends after thirty tries at any names', async () => {
    const ends = await Promise.all(Array.from({ length: 34 }, (_, n) => signIn(`name${n}`, 'a guess').then(({ status }) => status)))
    expect(ends.filter((status) => status === 429)).toHaveLength(4)
  })

  test('where a proxy stands in front is counted by what that proxy says, and by nothing that a stranger says', async () => {
    const behind = await start({ signIn: { ...SIGN_IN, behindProxy: true } })
    const guess = (n: number) => send('/sign-in', { userName: `n${n}`, password: 'wrong' }, { 'x-forwarded-for': `203.0.113.${n}, 198.51.100.7` }, behind.url).then(({ status }) => status)
    const ends = await Promise.all(Array.from({ length: 34 }, (_, n) => guess(n)))
    expect(ends.filter((status) => status === 429)).toHaveLength(4)
    await behind.close()
  })

  test('does not wear out who signs in well', async () => {
    await aStaff(place, { userName: 'jane' })
    for (let n = 0; n < 14; n += 1) expect([n, (await signIn('jane')).status]).toEqual([n, 303])
  })
})

describe('behind a proxy with https', () => {
  test('the cookie goes by https only, and under a name that no other host can set', async () => {
    const visitors = visitorsBy(bySession({ ledger: place.ledger, now: () => place.clock.at, signIn: { ...SIGN_IN, behindProxy: true } }), byToken(API_TOKEN))
    const behind = await start({ signIn: { ...SIGN_IN, behindProxy: true }, visitors })
    await aStaff(place, { userName: 'jane' })
    const https = { 'x-forwarded-proto': 'https' }
    const { set, cookie } = await send('/sign-in', { userName: 'jane', password: PASSWORD }, https, behind.url)
    expect(set[0]).toMatch(/^__Host-openletter=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/u)
    const account = async (headers: Record<string, string>) => (await fetch(`${behind.url}/account`, { redirect: 'manual', headers })).status
    expect([await account({ cookie, ...https }), await account({ cookie }), await account({ cookie: cookie.replaceAll('__Host-', ''), ...https })]).toEqual([200, 303, 303])
    await behind.close()
  })

  test('nobody’s word counts for https where no proxy stands in front', async () => {
    await aStaff(place, { userName: 'jane' })
    expect((await signIn('jane', PASSWORD, {}, { 'x-forwarded-proto': 'https' })).set[0]).toMatch(/^openletter=/u)
  })
})

describe('a session', () => {
  test('reads the API and FHIR, and changes nothing there', async () => {
    const jane = await signedIn(place)
    expect([(await get('/api/documents', jane.headers.cookie)).status, (await get('/fhir/metadata', jane.headers.cookie)).status]).toEqual([200, 200])
    for (const path of ['/api/stops', '/API/stops', '/api/documents/search', '/fhir/DocumentReference/_search']) {
      const answer = await fetch(open.url + path, { method: 'POST', headers: { ...jane.headers, 'content-type': 'application/json' }, body: JSON.stringify({ scope: 'all', reason: 'by a session' }) })
      expect([path, answer.status]).toEqual([path, 401])
    }
    expect(await place.ledger.stops()).toEqual([])
  })

  test('changes something by the API where it shows its own form’s token in a header, and not by another’s, nor from another site', async () => {
    const [jane, john, vic] = [await signedIn(place, { role: 'reviewer' }), await signedIn(place), await signedIn(place, { role: 'viewer' })]
    const pull = async (who: { readonly headers: { readonly cookie: string } }, headers: Record<string, string>) =>
      (await fetch(`${open.url}/api/stops`, { method: 'POST', headers: { ...who.headers, 'content-type': 'application/json', ...headers }, body: JSON.stringify({ scope: 'all', reason: 'a drill' }) })).status
    const own = { 'x-form-token': jane.formToken }
    expect([await pull(jane, { 'x-form-token': john.formToken }), await pull(jane, { 'x-form-token': '' }), await pull(jane, { ...own, 'sec-fetch-site': 'cross-site' }), await pull(jane, { ...own, origin: 'https://evil.example' })]).toEqual([401, 401, 401, 401])
    expect([await pull(vic, { 'x-form-token': vic.formToken }), await place.ledger.stops()]).toEqual([403, []])
    expect(await pull(jane, own)).toBe(201)
    const [stop] = await place.ledger.stops()
    expect(stop?.actor).toBe(`${jane.staff.userName} (pages)`)
    // Whoever may not lift is offered no form that would be refused.
    expect([(await get('/stops', vic.headers.cookie)).html, (await get('/stops', jane.headers.cookie)).html].map((html) => [html.includes('/lift"'), html.includes('action="/stops"'), html.includes('action="/sign-out"')])).toEqual([[false, false, true], [true, true, true]])
    await place.ledger.liftStop(stop!.id, 'test', 'over', iso())
  })

  test('takes its own forms alone: not those of another session, nor of another site', async () => {
    const [jane, john] = [await signedIn(place), await signedIn(place)]
    const pull = (formToken: string, headers: Record<string, string> = {}) => send('/stops', { formToken, scope: 'all', reason: 'a drill' }, { ...jane.headers, ...headers }).then(({ status }) => status)
    expect([await pull(john.formToken), await pull(''), await pull(jane.formToken, { 'sec-fetch-site': 'cross-site' }), await pull(jane.formToken, { origin: 'https://evil.example' })]).toEqual([403, 403, 403, 403])
    expect(await place.ledger.stops()).toEqual([])
    expect(await pull(jane.formToken)).toBe(303)
    expect((await place.ledger.stops())[0]?.actor).toBe(`${jane.staff.userName} (pages)`)
    for (const { id } of await place.ledger.stops()) await place.ledger.liftStop(id, 'test', 'over', iso())
  })

  test('is not asked for where a request brings a token that nobody knows', async () => {
    const jane = await signedIn(place)
    expect((await get('/api/documents', jane.headers.cookie, { authorization: 'Bearer wrong' })).status).toBe(401)
  })

  test('of somebody whose word for a role is no role may nothing', async () => {
    const jane = await signedIn(place)
    await place.pool.query("update staff set roles = '{root}'")
    expect((await get('/documents', jane.headers.cookie)).status).toBe(403)
  })
})

describe('a one-time code', () => {
  test('makes the first account, of an administrator who is signed in at once', async () => {
    const code = newCode()
    await place.ledger.firstCode(keptCode(code, 1, place.clock.at), iso())
    expect((await get('/sign-in')).html).toContain('Nobody has an account yet')
    const page = await send('/sign-in/code', { code: code.toLowerCase().replaceAll('-', ' ') })
    expect([page.status, page.html.includes('Make the first account')]).toEqual([200, true])
    const { cookie } = await firstAccount({ url: open.url, firstCode: code })
    expect((await get('/people', cookie)).html).toContain('Administrator')
    expect((await send('/sign-in/code', { code })).html).toContain('This code opens nothing')
    await expect(firstAccount({ url: open.url, firstCode: code }, { userName: 'eve' })).rejects.toThrow('400')
    expect((await place.ledger.staff()).map(({ userName }) => userName)).toEqual(['ada'])
  })

  test('that is an hour old opens nothing', async () => {
    const code = newCode()
    await place.ledger.firstCode(keptCode(code, 1, place.clock.at), iso())
    later(3600)
    expect((await send('/sign-in/code', { code })).status).toBe(400)
  })

  test.each([
    [{ password: 'short' }, 'at least 12'], [{ password: 'Password12345!', again: 'Password12345!' }, 'tried first'], [{ password: 'my name is janedoe', again: 'my name is janedoe' }, 'user name'],
    [{ again: 'another one entirely' }, 'differ'], [{ userName: 'Jané' }, 'without accents'], [{ userName: 'engine' }, 'no person'], [{ name: '' }, 'Give the name'], [{ name: 'Jane 999 000 0018' }, 'Do not name the patient'],
  ])('with %j is told what is wrong, and stays good', async (fields, says) => {
    const code = newCode()
    await place.ledger.firstCode(keptCode(code, 1, place.clock.at), iso())
    const { status, html } = await send('/sign-in/code/use', { code, userName: 'janedoe', name: 'Jane', password: PASSWORD, again: PASSWORD, ...fields } as Record<string, string>)
    expect([status, html.includes(says)]).toEqual([400, true])
    expect(html).not.toContain(PASSWORD)
    expect((await place.ledger.codeUse(keptCode(code, 1, place.clock.at).sha256, iso()))?.kind).toBe('first')
  })

  test('comes in a link, which fills it in, uses up nothing however often it is opened, and is handed on to nobody', async () => {
    const code = newCode()
    await place.ledger.firstCode(keptCode(code, 1, place.clock.at), iso())
    const path = linkOf('', code)
    expect(linkOf('https://letters.example/', code)).toBe(`https://letters.example${path}`)
    for (let n = 0; n < 40; n += 1) {
      const page = await get(path)
      expect([page.status, page.html.includes(`value="${code}"`), page.headers.get('referrer-policy'), page.headers.get('cache-control'), page.headers.getSetCookie()]).toEqual([200, true, 'no-referrer', 'no-store', []])
    }
    expect((await place.pool.query('select from sign_in_tries')).rows).toEqual([])
    const { cookie } = await firstAccount({ url: open.url, firstCode: code })
    expect(cookie).toContain('openletter=')
    // Opened again it looks the same, and what it fills in opens nothing.
    expect((await get(path)).html).toContain('Enter your one-time code')
    expect((await send('/sign-in/code', { code })).html).toContain('This code opens nothing')
    expect((await place.ledger.trail({ limit: 100 })).entries.filter((one) => JSON.stringify(one).includes(code.slice(0, 9)))).toEqual([])
    expect(open.lines.join()).not.toContain(code.slice(0, 9))
  })

  test.each(['9990000018', 'Ada%20Example', '%22%3E%3Cscript%3E', `${'A'.repeat(23)}`, ''])('in a link that is no code is not repeated: %j', async (text) => {
    const { status, html } = await get(`/sign-in/code?code=${text}`)
    expect([status, /id="code"[^>]*value="[^"]+"/u.test(html), text !== '' && html.includes(decodeURIComponent(text))]).toEqual([200, false, false])
    expect((await get(`/sign-in/code?code=${newCode()}&code=${newCode()}`)).status).toBe(200)
  })

  test('stands in no log and no header, and in no address but its own link', async () => {
    const code = newCode()
    await place.ledger.firstCode(keptCode(code, 1, place.clock.at), iso())
    const page = await get('/sign-in/code')
    expect(page.html).toContain('action="/sign-in/code" method="post"')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    await send('/sign-in/code', { code })
    await firstAccount({ url: open.url, firstCode: code })
    const { entries } = await place.ledger.trail({ limit: 100 })
    expect(open.lines.join() + JSON.stringify(entries)).not.toContain(code.slice(0, 9))
  })

  test('that is guessed is counted, and written down without what was typed', async () => {
    const ends = await Promise.all(Array.from({ length: 33 }, () => send('/sign-in/code', { code: newCode() }).then(({ status }) => status)))
    expect(ends.filter((status) => status === 429)).toHaveLength(3)
    expect((await events('sign-in-refused'))[0]).toMatchObject({ actor: 'unknown', detail: { why: 'code' } })
  })
})

describe('an account', () => {
  test('shows its owner roles, rights and sessions, to programs too', async () => {
    const jane = await signedIn(place, { role: 'operator' })
    await signedIn(place, { staff: jane.staff })
    const { html } = await get('/account', jane.headers.cookie)
    for (const text of ['Operator', 'Try failed deliveries again', 'This browser', 'Sign out every other browser']) expect(html).toContain(text)
    expect(html).not.toContain('Release documents')
    const told = JSON.parse((await get('/api/account', jane.headers.cookie)).html) as { readonly sessions: readonly unknown[] }
    expect(told).toMatchObject({ kind: 'person', id: jane.staff.userName, roles: ['operator'], rights: ['see', 'retry', 'stop'], sessions: [expect.anything(), expect.anything()] })
    expect(await (await open.api('/api/account')).json()).toMatchObject({ kind: 'program', id: 'api-token', sessions: [] })
  })

  test('signs out every other browser', async () => {
    const here = await signedIn(place)
    const there = await signedIn(place, { staff: here.staff })
    expect((await send('/account/sign-out-others', { formToken: here.formToken }, here.headers)).location).toBe('/account?message=others-signed-out')
    expect([(await get('/account', here.headers.cookie)).status, (await get('/account', there.headers.cookie)).status]).toEqual([200, 303])
  })

  test('gets another password from who knows the present one, and every session ends', async () => {
    const here = await signedIn(place, { userName: 'jane' })
    const there = await signedIn(place, { staff: here.staff })
    const NEW = 'quartz lantern mosaic 12'
    const change = (current: string, password = NEW, again = password) => send('/account/password', { formToken: here.formToken, current, password, again }, here.headers)
    expect((await change('not the present one')).html).toContain('This is not your password.')
    expect((await change(PASSWORD, 'qwertyuiop123')).html).toContain('tried first')
    expect((await change(PASSWORD)).location).toBe('/sign-in?message=password-changed')
    expect([(await get('/account', here.headers.cookie)).status, (await get('/account', there.headers.cookie)).status]).toEqual([303, 303])
    expect([(await signIn('jane')).status, (await signIn('jane', NEW)).status]).toEqual([400, 303])
  })

  test('is not guessed at from a session that was left open', async () => {
    const here = await signedIn(place)
    const guess = () => send('/account/password', { formToken: here.formToken, current: 'a guess', password: 'quartz lantern mosaic', again: 'quartz lantern mosaic' }, here.headers).then(({ status }) => status)
    expect(await Promise.all(Array.from({ length: 7 }, guess))).toEqual(expect.arrayContaining([429, 429]))
  })
})

test('a page carries the token of its own session’s forms', async () => {
  const jane = await signedIn(place)
  expect(formTokenIn((await get('/stops', jane.headers.cookie)).html)).toBe(jane.formToken)
})
