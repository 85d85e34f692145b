// The page of alerts and its API, over a real ledger: what is wrong, who has it in hand, and whether anybody could be told.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { judge } from '../../src/decide/incident-changes.ts'
import type { Wrong } from '../../src/decide/incidents.ts'
import { formOf, formTokenIn, signedInAs, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
let tests = 0
const alerting = { ways: ['email', 'webhook'] as const, test: async () => { tests += 1; return [{ way: 'email', ok: true }, { way: 'webhook', ok: false, code: '401' }] as const } }
beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, alerting })
})
afterAll(async () => { await open.close(); await place.close() })
beforeEach(async () => { await place.pool.query('truncate incidents cascade'); tests = 0 })

const iso = () => place.clock.at.toISOString()
const later = (minutes: number): void => { place.clock.at = new Date(place.clock.at.getTime() + minutes * 60_000) }
const DOWN: Wrong = { kind: 'feed-down', thing: 'rio-mllp', about: 'rio-mllp', since: '2026-11-23T09:30:00.000Z' }
const SILENT: Wrong = { kind: 'feed-silent', thing: 'rio-http', about: 'rio-http', since: '2026-11-23T09:30:00.000Z' }
const see = (...wrong: Wrong[]) => place.ledger.judgeIncidents(wrong, (known) => judge(wrong, known, iso()), ['email'], iso())
const page = async (path: string, init?: RequestInit, url = open.url) => {
  const answer = await fetch(url + path, { redirect: 'manual', ...init })
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() }
}
const token = async () => formTokenIn((await page('/alerts')).html)
const api = async (path: string, body?: object) => {
  const answer = await open.api(path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return [answer.status, await answer.json() as Record<string, never>] as const
}
const first = async () => (await place.ledger.incidents(10)).open[0]!

test('a calm day says so', async () => {
  const { html } = await page('/alerts')
  expect(html).toContain('Nothing is wrong that somebody has to be told of.')
  expect(html).toContain('Alerts go out by email and webhook')
  expect(await api('/api/alerts')).toEqual([200, { ways: ['email', 'webhook'], open: [], resolved: [] }])
})

test('open ones say since when, what to do and whose they are, severe ones first; the severe ones are on every page', async () => {
  await see(SILENT, DOWN)
  const { html } = await page('/alerts')
  for (const text of ['Nothing comes in: rio-http', 'A feed is down: rio-mllp', 'Since', '30 minutes', 'RiO integration team', 'Severe', 'Serious', 'href="/channels"']) expect(html).toContain(text)
  expect(html.lastIndexOf('A feed is down: rio-mllp')).toBeLessThan(html.lastIndexOf('Nothing comes in: rio-http'))
  const banner = /class="ol-alerts"[\s\S]*?<\/section>/u.exec((await page('/stops')).html)?.[0] ?? ''
  expect([banner.includes('A feed is down: rio-mllp, for 30 minutes.'), banner.includes('rio-http')]).toEqual([true, false])
  const [, answer] = await api('/api/alerts')
  expect(answer).toMatchObject({ open: [{ kind: expect.stringMatching(/feed-/u) }, { told: [{ way: 'email', says: 'opened', tries: 0 }] }] })
})

test('what could not be told stands there', async () => {
  await see(DOWN)
  const due = await place.ledger.notificationsDue(['email'], iso(), iso(), 10)
  await place.ledger.notNotified(due.map(({ id }) => id), 'ECONNREFUSED', iso())
  expect((await page('/alerts')).html).toContain('not sent since')
  expect((await page('/alerts')).html).toContain('tried once (ECONNREFUSED)')
})

describe('taking one in hand', () => {
  test('is a form with a reason, is written down, and takes it off the other pages', async () => {
    await see(DOWN)
    const { id } = await first()
    expect((await page(`/alerts/${id}/take`, formOf({ formToken: await token(), reason: '' }))).html).toContain(`href="#reason-${id}"`)
    expect((await page(`/alerts/${id}/take`, formOf({ formToken: 'another', reason: 'the cable' }))).status).toBe(403)
    expect(await page(`/alerts/${id}/take`, formOf({ formToken: await token(), reason: 'the cable' }))).toMatchObject({ status: 303, location: '/alerts?message=alert-taken' })
    const { html } = await page('/alerts?message=alert-taken')
    for (const text of ['In hand', 'a-admin (pages), since', 'the cable', 'Nobody is reminded of it any more.']) expect(html).toContain(text)
    expect([html.includes('/take'), (await page('/stops')).html.includes('A feed is down')]).toEqual([false, false])
    expect((await place.ledger.trail({ limit: 1 })).entries).toMatchObject([{ kind: 'alert-taken', actor: 'a-admin (pages)', detail: { alert: id, reason: 'the cable' } }])
  })
  test('is done by programs, once', async () => {
    await see(DOWN)
    const { id } = await first()
    expect(await api(`/api/alerts/${id}/take`, {})).toMatchObject([400, { code: 'QUERY_INVALID' }])
    expect(await api(`/api/alerts/${id}/take`, { reason: 'on it', by: 'Duty manager' })).toEqual([200, { id }])
    expect(await api(`/api/alerts/${id}/take`, { reason: 'on it' })).toMatchObject([409, { code: 'ALREADY_DONE' }])
    expect(await api('/api/alerts/00000000-0000-4000-8000-000000000000/take', { reason: 'on it' })).toMatchObject([404, { code: 'NOT_FOUND' }])
    expect(await api('/api/alerts/nonsense/take', { reason: 'on it' })).toMatchObject([404, { code: 'NOT_FOUND' }])
  })
})

test('resolved ones stand below, with how long they were open', async () => {
  await see(DOWN)
  later(30)
  await see()
  later(11)
  await see()
  const { html } = await page('/alerts')
  expect(html).toContain('Resolved, the latest first')
  expect(html).toContain('41 minutes')
  expect((await api('/api/alerts'))[1]).toMatchObject({ open: [], resolved: [{ kind: 'feed-down', openedAt: expect.any(String), resolvedAt: iso() }] })
})

test('a test says what happened, by each way', async () => {
  const { html, status } = await page('/alerts/test', formOf({ formToken: await token() }))
  expect([status, html.includes('Email: It was sent.'), html.includes('Webhook: It was not taken'), html.includes('401'), tests]).toEqual([200, true, true, true, 1])
  expect(await api('/api/alerts/test', {})).toEqual([200, { tested: [{ way: 'email', ok: true }, { way: 'webhook', ok: false, code: '401' }] }])
})

test('a viewer sees them, and can neither take one nor send a test; without a way set the page says that nobody is told', async () => {
  await see(DOWN)
  const other = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, visitors: signedInAs('viewer') })
  try {
    const { html } = await page('/alerts', {}, other.url)
    expect([html.includes('A feed is down'), html.includes('action="/alerts'), html.includes('Nobody is told')]).toEqual([true, false, true])
    const { id } = await first()
    for (const path of [`/alerts/${id}/take`, '/alerts/test']) expect((await page(path, formOf({ formToken: 'form-of-viewer', reason: 'on it' }), other.url)).status).toBe(403)
  } finally {
    await other.close()
  }
})

test('who is told by an engine that shows no pages stands there too, for as long as it runs', async () => {
  const { url, close, ...silent } = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
  try {
    expect((await page('/alerts', {}, url)).html).toContain('Nobody is told')
    await place.ledger.report([], iso(), ['webhook'])
    const { html } = await page('/alerts', {}, url)
    expect([html.includes('Alerts go out by webhook:'), html.includes('Send a test')]).toEqual([true, false])
    expect(await (await silent.api('/api/alerts')).json()).toMatchObject({ ways: ['webhook'] })
    later(3)
    expect((await page('/alerts', {}, url)).html).toContain('Nobody is told')
  } finally {
    await close()
  }
})
