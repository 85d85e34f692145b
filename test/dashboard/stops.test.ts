// Stops, recalls and holds on the pages and in the API, over a real ledger with the worker's real rules.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Failure } from '../../src/errors.ts'
import { formOf, formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { aTellingLedger } from '../support/story.ts'

let place: TestLedger
let open: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
beforeEach(async () => { for (const { id } of await place.ledger.stops()) await place.ledger.liftStop(id, 'test', 'over', iso()) })

let nth = 0
const fresh = () => `RIO-D${++nth}`
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const page = async (path: string, init?: RequestInit) => {
  const answer = await fetch(open.url + path, init)
  return { status: answer.status, location: answer.headers.get('location'), html: await answer.text() }
}
const post = (body: unknown): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const api = async (path: string, init?: RequestInit) => {
  const answer = await open.api(path, init)
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const
}
const token = async () => formTokenIn((await page('/stops')).html)
const BY = { reason: 'The template shows the wrong clinic.' }
const ALERT = 'class="ol-alerts"'

describe('a stop', () => {
  test('pulled on the page stands on every page with who and why, and in the story of what it holds', async () => {
    const letter = await place.upload({ documentId: fresh() })
    expect((await page('/documents')).html).not.toContain(ALERT)
    const pulled = await page('/stops', formOf({ formToken: await token(), scope: 'service', value: 'adult1', ...BY }))
    expect([pulled.status, pulled.location]).toEqual([303, '/stops?message=stopped'])
    for (const path of ['/documents', '/search', '/policy', '/recalls', '/failed', '/nowhere', `/documents/${letter.id}`]) {
      const { html } = await page(path)
      expect([path, html.includes('Stopped: deliveries of the service adult1, by a-admin (pages) on 23 Nov 2026')]).toEqual([path, true])
    }
    const { html } = await page('/stops')
    for (const text of ['Deliveries of the service adult1', 'a-admin (pages)', BY.reason, '1 delivery waits by it']) expect(html).toContain(text)
    expect(html).not.toContain('may hold nothing')
    expect((await page(`/documents/${letter.id}`)).html).toContain('It waits: a-admin (pages) stopped deliveries of the service adult1')
    expect((await api(`/api/documents/${letter.id}`))[1]['stops']).toMatchObject([{ scope: 'service', value: 'adult1', actor: 'a-admin (pages)' }])
  })

  test('does not stand in the story of what it does not hold', async () => {
    const letter = await place.upload({ documentId: fresh() })
    await place.ledger.pullStop({ scope: 'code', value: 'APPT' }, 'duty', 'a drill', iso())
    expect((await page(`/documents/${letter.id}`)).html).not.toContain('It waits:')
  })

  test('is lifted on the page, and stands below with who lifted it', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso()))!
    const lifted = await page(`/stops/${stop.id}/lift`, formOf({ formToken: await token(), reason: 'the drill is over' }))
    expect([lifted.status, lifted.location]).toEqual([303, '/stops?message=stop-lifted'])
    const { html } = await page('/stops?message=stop-lifted')
    for (const text of ['No stop is in force.', 'a-admin (pages)', 'the drill is over', 'goes out at the usual pace']) expect(html).toContain(text)
    expect(html).not.toContain(ALERT)
  })

  test.each([
    [{ scope: 'all', value: '', reason: '' }, ['Say why']],
    [{ scope: '', value: '', ...BY }, ['Say what to stop']],
    [{ scope: 'code', value: ' ', ...BY }, ['Say which code']],
    [{ scope: 'all', value: 'ADULT1', ...BY }, ['Leave it out to stop all deliveries']],
    [{ scope: 'all', value: '', reason: 'wrong for 999 000 0018' }, ['Do not name the patient']],
    [{ scope: 'service', value: '999 000 0018', ...BY }, ['Do not name the patient']],
  ])('that is not said in full is not pulled: %j', async (fields, says) => {
    const { status, html } = await page('/stops', formOf({ formToken: await token(), ...fields }))
    expect(status).toBe(400)
    for (const text of says) expect(html).toContain(text)
    expect(await place.ledger.stops()).toEqual([])
  })

  test('is not lifted without a reason', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso()))!
    const { status, html } = await page(`/stops/${stop.id}/lift`, formOf({ formToken: await token(), reason: '' }))
    expect([status, html.includes(`href="#reason-${stop.id}"`), html.includes('Say why')]).toEqual([400, true, true])
    expect(await place.ledger.stops()).toHaveLength(1)
  })

  test('that is not in force has no form to fill in again', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso()))!
    await place.ledger.liftStop(stop.id, 'duty', 'over', iso())
    for (const [id, status] of [[stop.id, 409], ['nonsense', 404]] as const) expect([id, (await page(`/stops/${id}/lift`, formOf({ formToken: await token(), reason: '' }))).status]).toEqual([id, status])
  })

  test('is neither pulled nor lifted by a form from elsewhere', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'duty', 'a drill', iso()))!
    for (const path of ['/stops', `/stops/${stop.id}/lift`]) expect((await page(path, formOf({ scope: 'all', ...BY }))).status).toBe(403)
    expect(await place.ledger.stops()).toEqual([stop])
  })

  test('is pulled and lifted by programs, that may say for whom', async () => {
    const [status, stop] = await api('/api/stops', post({ scope: 'code', value: 'clin', ...BY, by: 'Duty manager' }))
    expect([status, stop]).toMatchObject([201, { scope: 'code', value: 'clin', actor: 'Duty manager, by a-program (api)', reason: BY.reason, at: iso() }])
    expect(stop).not.toHaveProperty('warning')
    expect((await api('/api/stops'))[1]).toMatchObject({ stops: [{ id: stop['id'], deliveries: expect.any(Number) }] })
    expect(await api('/api/stops', post({ scope: 'code', value: 'CLIN', reason: 'once more' }))).toMatchObject([409, { code: 'ALREADY_DONE' }])
    expect(await api(`/api/stops/${stop['id'] as string}/lift`, post({ reason: 'it is over' }))).toMatchObject([200, { lifted: { actor: 'a-program (api)', reason: 'it is over' } }])
    expect(await api(`/api/stops/${stop['id'] as string}/lift`, post({ reason: 'it is over' }))).toMatchObject([409, { code: 'ALREADY_DONE' }])
    expect(await api('/api/stops/00000000-0000-4000-8000-000000000000/lift', post({ reason: 'it is over' }))).toMatchObject([404, { code: 'NOT_FOUND' }])
  })

  test('that names what the policy does not know is pulled with a warning', async () => {
    const [status, stop] = await api('/api/stops', post({ scope: 'directorate', value: 'Newhamm', reason: 'a slip' }))
    expect([status, stop['warning']]).toEqual([201, expect.stringContaining('Known are: newham, luton-beds')])
    expect((await page('/stops')).html).toContain('The policy knows no directorate Newhamm')
  })

  test.each([[{}], [{ scope: 'all' }], [{ scope: 'everything', reason: 'xxx' }], [{ scope: 'code', value: 5, reason: 'xxx' }], [{ scope: 'all', reason: 'xxx', now: true }], [{ scope: 'all', reason: 'a\nb' }], [{ scope: 'all', reason: 'xxx', by: '' }]])(
    'in a body that says %j is refused', async (body) => {
      expect(await api('/api/stops', post(body))).toMatchObject([400, { code: 'QUERY_INVALID' }])
      expect(await place.ledger.stops()).toEqual([])
    },
  )

  test('is counted in the metrics', async () => {
    await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso())
    expect((await page('/metrics')).html).toContain('openletter_stops_active 1')
  })
})

describe('taking a letter back', () => {
  const sent = async () => {
    const documentId = fresh()
    const { id } = await place.upload({ documentId })
    await work(place, id, 'pkb')
    return { id, documentId }
  }

  test('is a button on its page, and the page says what becomes of it', async () => {
    const { id, documentId } = await sent()
    const before = await page(`/documents/${id}`)
    expect(before.html).toContain('Take back from the patient')
    const held = await page(`/documents/${id}/hold`, formOf({ formToken: formTokenIn(before.html), reason: 'it names another patient' }))
    expect([held.status, held.location]).toEqual([303, `/documents/${id}?message=held`])
    const after = await page(`/documents/${id}?message=held`)
    for (const text of ['Recalling', 'it names another patient', 'a-admin (pages)', 'Lift the hold']) expect(after.html).toContain(text)
    expect((await page('/recalls')).html).toContain(documentId)
    expect((await api('/api/recalls'))[1]).toMatchObject({ kind: 'open', recalls: [{ sourceId: documentId, state: 'recalling', rule: 'held' }] })

    // A minute is usual; after it every page tells.
    expect((await page('/documents')).html).not.toContain(ALERT)
    later(120)
    expect((await page('/documents')).html).toContain('A recall is not done. The letter was to be taken back 2 minutes ago.')
    const metrics = (await page('/metrics')).html
    for (const line of ['openletter_recalls_open 1', 'openletter_recall_oldest_seconds 120']) expect(metrics).toContain(line)

    await work(place, id, 'pkb')
    expect((await page('/documents')).html).not.toContain(ALERT)
    expect((await page('/recalls')).html).toContain('Every recall is done.')
    const lifted = await page(`/documents/${id}/lift-hold`, formOf({ formToken: formTokenIn(before.html), revision: '1', reason: 'it was right' }))
    expect(lifted.location).toBe(`/documents/${id}?message=hold-lifted`)
    expect((await place.ledger.story(id))?.route).toBe('pkb')
  })

  test('needs a reason, and does nothing without', async () => {
    const { id } = await sent()
    const { status, html } = await page(`/documents/${id}/hold`, formOf({ formToken: await token(), reason: '' }))
    expect([status, html.includes('href="#reason"')]).toEqual([400, true])
    expect((await page(`/documents/${id}/hold`, formOf(BY))).status).toBe(403)
    expect((await place.ledger.story(id))?.state).toBe('acknowledged')
  })

  test('is lifted of what was read, and of nothing that has come since', async () => {
    const { id, documentId } = await sent()
    await place.ledger.hold(id, 'tom', 'to be asked', iso())
    const html = (await page(`/documents/${id}`)).html
    const revision = /name="revision" value="(\d+)"/u.exec(html)?.[1] ?? ''
    await place.upload({ documentId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' })
    const lift = (of: string) => page(`/documents/${id}/lift-hold`, formOf({ formToken: formTokenIn(html), revision: of, reason: 'it was right' }))
    const late = await lift(revision)
    expect([revision, late.status, late.html.includes('The document has changed since you looked at it'), (await place.ledger.story(id))?.facts.hold]).toEqual(['1', 409, true, 'held'])
    expect([(await lift('2')).status, (await place.ledger.story(id))?.facts.hold]).toEqual([303, 'none'])
  })

  test('is done by programs once, and lifted once', async () => {
    const { id } = await sent()
    expect(await api(`/api/documents/${id}/hold`, post({}))).toMatchObject([400, { code: 'QUERY_INVALID' }])
    expect(await api(`/api/documents/${id}/hold`, post({ reason: 'sent in error' }))).toEqual([202, { id }])
    expect(await api(`/api/documents/${id}/hold`, post({ reason: 'sent in error' }))).toMatchObject([409, { code: 'ALREADY_DONE' }])
    expect((await place.ledger.story(id))?.events.at(-1)?.kind).toBe('recall-owed')
    expect(await api(`/api/documents/${id}/lift-hold`, post({ reason: 'it was right' }))).toEqual([202, { id }])
    expect(await api(`/api/documents/${id}/lift-hold`, post({ reason: 'it was right' }))).toMatchObject([409, { code: 'ALREADY_DONE' }])
    expect((await api('/api/documents/00000000-0000-4000-8000-000000000000/hold', post({ reason: 'sent in error' })))[0]).toBe(404)
  })

  test('too late is told with when it could be seen, and names no patient', async () => {
    const { id, documentId } = await sent()
    later(600)
    await place.ledger.saveReads([{ identifier: (await place.ledger.story(id))!.deliveries[0]!.identifier, at: iso() }], iso())
    await place.ledger.hold(id, 'duty', 'sent in error', iso())
    await work(place, id, 'pkb')
    const { html } = await page('/recalls')
    expect(html).toContain('The patient had read it before it was taken back')
    expect(html).toContain(documentId)
    expect(html).toMatch(/Read on 23 Nov 2026/u)
    const [, answer] = await api('/api/recalls?kind=late')
    expect(answer['recalls']).toMatchObject([{ sourceId: documentId, readAt: expect.any(String), visibleFrom: expect.any(String), visibleUntil: expect.any(String) }])
    for (const secret of [ADA.nhsNumber, ADA.family, ADA.given]) expect([html.includes(secret), JSON.stringify(answer).includes(secret)]).toEqual([false, false])
    for (const path of ['/api/recalls?kind=old', '/api/recalls?limit=3', '/api/recalls?kind=late&kind=open']) expect((await api(path))[0]).toBe(400)
  })
})

test('where the ledger does not answer, the page says that nobody knows what is stopped', async () => {
  const away = () => Promise.reject(new Failure('DATABASE_UNREACHABLE', 'Port 5432.'))
  const other = await startDashboard({ ledger: { ...aTellingLedger([]), stops: away, recallCounts: away } })
  expect(await (await fetch(other.url)).text()).toContain('it is not known whether deliveries are stopped')
  expect(await (await fetch(`${other.url}/metrics`)).text()).toContain('openletter_stops_active Nan')
  await other.close()
})
