// Retry runs on the pages and in the API, over a real ledger with the worker's real rules: planned, started, paused, told.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { rightsOf, type Role } from '../../src/dashboard/rights.ts'
import { runDifferenceShape } from '../../src/dashboard/failed/run-difference.ts'
import { differenceShape, reportShape, runNowShape, runsShape } from '../../src/dashboard/failed/shapes-runs.ts'
import type { Visitors } from '../../src/dashboard/visitor.ts'
import { formOf, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const BUSY = { kind: 'unavailable', code: '503', detail: 'asked to wait' } as const
const REFUSED = { kind: 'refused', code: '422', detail: 'processing DocumentReference.type', trace: { correlation: 'x', status: 422, answer: 'processing DocumentReference.type' } } as const

let place: TestLedger
let open: TestDashboard
let who: { readonly id: string; readonly role: Role } = { id: 'jane', role: 'operator' }
const visitors: Visitors = { of: ({ headers: { authorization } }) => Promise.resolve({ kind: authorization ? 'program' : 'person', id: authorization ? 'a-program' : who.id, name: who.id, rights: rightsOf([authorization ? 'admin' : who.role]), formToken: 'own' }) }
beforeAll(async () => {
  place = await aLedger()
  for (const { nhsNumber } of [ADA, BEN]) await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false }, iso())
  await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, iso())
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, visitors })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})
beforeEach(async () => {
  who = { id: 'jane', role: 'operator' }
  const { rows } = await place.pool.query<{ document_id: string }>("select distinct document_id from deliveries where state in ('owed', 'failed', 'blocked', 'sending')")
  for (const { document_id: id } of rows) await place.ledger.hold(id, 'test', 'over', iso())
})

let nth = 0
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const inTrouble = async (outcome: object, patient: object = ADA) => {
  const documentId = `RIO-P${++nth}`
  const { id } = await place.upload({ documentId, patient, uploadedAt: new Date(Date.UTC(2026, 10, 20, 11) + nth * 1000).toISOString() })
  await work(place, id, 'pkb', outcome)
  later(1)
  return { id, documentId, delivery: (await place.ledger.story(id))!.deliveries[0]!.id }
}
const page = async (path: string, fields?: Record<string, string>) => {
  const answer = await fetch(open.url + path, fields ? formOf({ formToken: 'own', ...fields }) : {})
  return { status: answer.status, location: answer.headers.get('location') ?? '', html: await answer.text() }
}
const api = async (path: string, body?: unknown) => {
  const answer = await open.api(path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return [answer.status, (await answer.json()) as Record<string, unknown>] as const
}
const groupOf = async (cause: string) => (await place.ledger.failures(iso())).groups.find((group) => group.cause === cause)!.key
const drive = async (id: string) => { later(1); await place.ledger.driveRun(id, iso()) }
const noPatient = (text: string) => { for (const secret of [ADA.nhsNumber, ADA.family, BEN.nhsNumber, BEN.family]) expect([secret, text.includes(secret)]).toEqual([secret, false]) }

describe('a retry of a group', () => {
  test('is planned on its page, says what would happen, and is started with a reason', async () => {
    const letters = [await inTrouble(BUSY), await inTrouble(BUSY, BEN), await inTrouble({ kind: 'unsure', code: '503', detail: '' })]
    const group = await groupOf('pkb-down')
    expect((await page(`/failed/${group}`)).html).toContain('Plan a retry')
    const planned = await page('/runs/plan', { group, kind: 'retry' })
    expect([planned.status, planned.location]).toEqual([303, expect.stringMatching(/^\/runs\/[0-9a-f-]{36}$/u)])
    const plan = await page(planned.location)
    for (const text of ['Try again: Destination down, 503', 'Planned', '3 documents of 2 patients', 'Asked about first', 'At most 60 a minute: about 1 minute', 'the last exchange with the destination failed', 'Start with one', letters[1]!.documentId])
      expect([text, plan.html.toLowerCase().includes(text.toLowerCase())]).toEqual([text, true])
    noPatient(plan.html)
    expect((await page(`${planned.location}/start`, { reason: '' })).html).toContain('Say why')
    const started = await page(`${planned.location}/start`, { reason: 'PKB is back' })
    expect([started.status, started.location]).toEqual([303, `${planned.location}?message=run-started`])

    const id = planned.location.slice('/runs/'.length)
    await drive(id)
    const running = await page(planned.location)
    for (const text of ['Running', '0 of 3 ended, step: one', 'Pause', 'jane (pages)', 'PKB is back']) expect([text, running.html.includes(text)]).toEqual([text, true])
    await work(place, letters[0]!.id, 'pkb', BUSY)
    await drive(id)
    const stopped = await page(planned.location)
    for (const text of ['Stopped by itself', 'failed for the same cause as before', 'Go on', 'Cancel the rest']) expect([text, stopped.html.includes(text)]).toEqual([text, true])
    expect((await page('/runs')).html).toContain('Stopped by itself')
    expect((await page(`${planned.location}/cancel`, { reason: 'PKB is away still' })).location).toContain('run-cancelled')
    const csv = await page(`${planned.location}/report.csv`)
    expect(csv.html.split('\r\n').map((line) => line.split(',')[10])).toEqual(['"outcome"', '"failed"', '"not-done"', '"not-done"', undefined])
    noPatient(csv.html)
    expect(open.lines.join('')).not.toContain(ADA.nhsNumber)
  })

  test('takes in what was refused only when a person says what has changed', async () => {
    await inTrouble(REFUSED)
    const { location } = await page('/runs/plan', { group: await groupOf('refused'), kind: 'retry' })
    const { html } = await page(location)
    for (const text of ['1 refused by the destination', 'There is nothing to start.', 'What has changed since they were refused?']) expect([text, html.includes(text)]).toEqual([text, true])
    const wrong = await page('/runs/plan', { run: location.slice(6), kind: 'retry', changed: 'x', perMinute: '0' })
    expect([wrong.status, wrong.html.includes('href="#changed"'), wrong.html.includes('href="#perMinute"')]).toEqual([400, true, true])
    const again = await page('/runs/plan', { run: location.slice(6), kind: 'retry', changed: 'the type was mended', perMinute: '5' })
    const replanned = (await page(again.location)).html
    for (const text of ['1 document of 1 patient', 'At most 5 a minute', 'the type was mended']) expect([text, replanned.includes(text)]).toEqual([text, true])
    expect((await page(location)).html).toContain('Cancelled')
  })

  test('is not offered to, nor taken from, who may not retry', async () => {
    await inTrouble(BUSY)
    const group = await groupOf('pkb-down')
    const { location } = await page('/runs/plan', { group })
    who = { id: 'vera', role: 'viewer' }
    expect((await page(`/failed/${group}`)).html).not.toContain('Plan a retry')
    expect((await page(location)).html).not.toContain('Start with one')
    for (const path of ['/runs/plan', `${location}/start`, `${location}/cancel`]) expect([path, (await page(path, { group, reason: 'please' })).status]).toEqual([path, 403])
  })
})

describe('a plan to decide again, or to print instead', () => {
  test('says over all of its documents what would be different', async () => {
    const [changed, same, homeless] = [await inTrouble(REFUSED), await inTrouble(REFUSED), await inTrouble(REFUSED, { ...ADA, address: undefined })]
    await place.pool.query("update revisions set resource = (resource::jsonb || '{\"docStatus\": \"preliminary\", \"description\": \"CLIN Letter of Ada Example\"}')::json where document_id = $1", [changed.id])
    const deliveries = [changed, same, homeless].map(({ delivery }) => delivery)
    const [, again] = await api('/api/runs/plan', { deliveries, kind: 'decide-again', changed: 'the mapping was mended' })
    const told = await api(`/api/runs/${String(again['id'])}/difference`)
    expect(told).toEqual([200, { id: again['id'], compared: 3, of: 3, notPart: 0, asBefore: 2, unreadable: 0, takesBack: 0, keptIn: 0, goes: [], elements: [{ path: 'description', documents: 1 }, { path: 'docStatus', documents: 1 }] }])
    expect(runDifferenceShape.safeParse(told[1]).error).toBeUndefined()
    const { html } = await page(`/runs/${String(again['id'])}`)
    for (const text of ['What would be different', '2 documents: decided and sent as before', 'description (1), docStatus (1)']) expect([text, html.includes(text)]).toEqual([text, true])
    noPatient(html)

    const [, print] = await api('/api/runs/plan', { deliveries, kind: 'print' })
    expect(await api(`/api/runs/${String(print['id'])}/difference`)).toMatchObject([200, { compared: 3, asBefore: 0, keptIn: 1, goes: [{ from: 'pkb', to: 'print', documents: 2 }] }])
    expect((await page(`/runs/${String(print['id'])}`)).html).toContain('1 document: not allowed by post')
    const [, retry] = await api('/api/runs/plan', { deliveries, changed: 'the mapping was mended' })
    expect(await api(`/api/runs/${String(retry['id'])}/difference`)).toMatchObject([400, { code: 'QUERY_INVALID' }])
    expect((await page(`/runs/${String(retry['id'])}`)).html).not.toContain('What would be different')
  })

  test('says what would be different of what was refused before anybody says what has changed, and takes none of it in', async () => {
    const [changed, busy] = [await inTrouble(REFUSED), await inTrouble(BUSY, BEN)]
    await place.pool.query("update revisions set resource = (resource::jsonb || '{\"docStatus\": \"preliminary\", \"description\": \"CLIN Letter of Ada Example\"}')::json where document_id = $1", [changed.id])
    who = { id: 'vera', role: 'operator' }
    const retry = (await page('/runs/plan', { group: await groupOf('refused') })).location
    expect((await page(retry)).html).toContain('A retry sends what was refused as it was.')
    const { location } = await page('/runs/plan', { run: retry.slice(6), kind: 'decide-again' })
    const { html } = await page(location)
    for (const text of ['There is nothing to start.', 'What would be different', '1 document of these: refused by the destination', 'description (1), docStatus (1)']) expect([text, html.includes(text)]).toEqual([text, true])
    for (const text of ['about 0 minutes', 'CLIN Letter of']) expect([text, html.includes(text)]).toEqual([text, false])
    noPatient(html)
    const [, both] = await api('/api/runs/plan', { deliveries: [changed.delivery, busy.delivery], kind: 'decide-again' })
    expect([both['part'], await api(`/api/runs/${String(both['id'])}/difference`)]).toMatchObject([1, [200, { compared: 2, of: 2, notPart: 1, asBefore: 1 }]])
    const [, print] = await api('/api/runs/plan', { deliveries: [changed.delivery], kind: 'print' })
    expect((await api(`/api/runs/${String(print['id'])}/difference`))[1]).toMatchObject({ of: 1, notPart: 0 })
  })

  test('has nothing to compare and no time to tell where it takes in nothing', async () => {
    const { delivery } = await inTrouble(BUSY)
    const [, planned] = await api('/api/runs/plan', { deliveries: [delivery], kind: 'decide-again' })
    await place.pool.query("update run_members set class = 'nothing', state = 'left-out' where run_id = $1", [planned['id']])
    const { html } = await page(`/runs/${String(planned['id'])}`)
    for (const text of ['What would be different', 'about 0 minutes']) expect([text, html.includes(text)]).toEqual([text, false])
    expect(html).toContain('There is nothing to start.')
  })

  test('to print says where the letters go, and of each that the floor keeps from the post, why nothing was tried', async () => {
    const letters = [await inTrouble(REFUSED, { ...ADA, address: undefined }), await inTrouble(REFUSED, BEN)]
    const [, print] = await api('/api/runs/plan', { deliveries: letters.map(({ delivery }) => delivery), kind: 'print' })
    const location = `/runs/${String(print['id'])}`
    const plan = (await page(location)).html
    expect(plan).toContain('2 documents of 2 patients, by post instead of to PKB record')
    expect(plan).toContain('Refused by the destination')
    expect(plan).not.toContain('it would be refused again unchanged')
    await page(`${location}/start`, { reason: 'PKB cannot take them' })
    await drive(String(print['id']))
    const { html } = await page(location)
    expect(html).toContain('Not allowed by post: left as it was')
    expect(html).not.toContain('kept-in')
  })
})

describe('a large run', () => {
  /** As many more as this one, in the tables only. */
  const multiply = async (id: string, most: number) => {
    await place.pool.query(`create table many as select n, gen_random_uuid() as doc, gen_random_uuid() as del, gen_random_uuid() as att from generate_series(1, ${most}) n`)
    for (const text of [
      "insert into documents select (json_populate_record(d, json_build_object('id', doc, 'source_id', 'RIO-M' || n, 'identifier', doc))).* from documents d, many where d.id = $1",
      "insert into revisions select (json_populate_record(v, json_build_object('document_id', doc))).* from revisions v, many where v.document_id = $1",
      "insert into deliveries select (json_populate_record(y, json_build_object('id', del, 'document_id', doc, 'identifier', doc, 'attempt_id', att))).* from deliveries y, many where y.document_id = $1",
      "insert into attempts select (json_populate_record(a, json_build_object('id', att, 'delivery_id', del))).* from attempts a join deliveries y on y.id = a.delivery_id, many where y.document_id = $1",
    ]) await place.pool.query(text, [id])
    await place.pool.query('drop table many')
  }
  const start = (path: string, reason: string) => page(`${path}/start`, { reason })
  const state = async (path: string) => (await place.ledger.run(path.slice('/runs/'.length)))!

  test('waits for a second person, and neither the first nor any program is one', async () => {
    const { id } = await inTrouble(BUSY)
    await multiply(id, 500)
    const group = await groupOf('pkb-down')
    const { location } = await page('/runs/plan', { group })
    expect((await page(location)).html).toContain('another person has to confirm it')
    expect((await start(location, 'PKB is back')).location).toBe(`${location}?message=run-unconfirmed`)
    expect((await page(location)).html).toContain('Waits for a second person')
    await drive(location.slice('/runs/'.length))
    const waiting = await state(location)
    expect(waiting).toMatchObject({ state: 'unconfirmed', byState: { waiting: waiting.part }, startedBy: 'jane (pages)' })
    expect(waiting.part).toBeGreaterThan(500)
    expect((await start(location, 'once more')).status).toBe(409)
    expect(await api(`/api${location}/start`, { reason: 'by a program', by: 'John' })).toMatchObject([409, { code: 'SECOND_PERSON_NEEDED' }])
    who = { id: 'vera', role: 'viewer' }
    expect((await start(location, 'as a viewer')).status).toBe(403)
    expect((await state(location)).state).toBe('unconfirmed')
    who = { id: 'john', role: 'operator' }
    expect((await start(location, 'I looked at it too')).location).toBe(`${location}?message=run-started`)
    expect(await state(location)).toMatchObject({ state: 'running', startedBy: 'jane (pages)', confirmedBy: 'john (pages)', reason: 'PKB is back' })
    const told = (await place.ledger.trail({ kinds: [{ kind: 'run' }], limit: 3 })).entries
    expect(told.map(({ actor, detail }) => [actor, detail['what'], detail['state'], detail['reason']])).toEqual([['john (pages)', 'start', 'running', 'I looked at it too'], ['jane (pages)', 'start', 'unconfirmed', 'PKB is back'], ['jane (pages)', 'plan', 'planned', undefined]])
    expect(await api(`/api${location}/cancel`, { reason: 'enough' })).toMatchObject([200, { state: 'cancelled' }])

    // A program may be the person who would confirm what it planned.
    const [, planned] = await api('/api/runs/plan', { group })
    const path = `/runs/${String(planned['id'])}`
    expect(await api(`/api${path}/start`, { reason: 'by a program' })).toMatchObject([200, { state: 'unconfirmed' }])
    expect((await start(path, 'looks right')).location).toContain('run-unconfirmed')
    expect((await start(path, 'looks right')).status).toBe(409)
    who = { id: 'jane', role: 'operator' }
    expect((await start(path, 'so it does')).location).toContain('run-started')
    expect(await state(path)).toMatchObject({ state: 'running', startedBy: 'john (pages)', confirmedBy: 'jane (pages)', plannedBy: 'a-program (api)' })
    await page(`${path}/cancel`, { reason: 'enough' })
  }, 60_000)
})

describe('by programs', () => {
  test('a run is planned, started, paused, told and cancelled', async () => {
    const one = await inTrouble(BUSY)
    const [status, run] = await api('/api/runs/plan', { deliveries: [one.delivery], perMinute: 10 })
    expect([status, run]).toMatchObject([201, { state: 'planned', part: 1, perMinute: 10, plannedBy: 'a-program (api)', byClass: { plain: 1 } }])
    expect(await api(`/api/runs/${String(run['id'])}`)).toMatchObject([200, { run: { id: run['id'] }, now: { joined: 0, overtaken: 0, second: false } }])
    expect(await api(`/api/runs/${String(run['id'])}/start`, {})).toMatchObject([400, { code: 'QUERY_INVALID' }])
    expect(await api(`/api/runs/${String(run['id'])}/start`, { reason: 'PKB is back', by: 'Duty' })).toMatchObject([200, { state: 'running', startedBy: 'Duty, by a-program (api)' }])
    expect(await api(`/api/runs/${String(run['id'])}/start`, { reason: 'once more' })).toMatchObject([409, { code: 'RUN_NOT_POSSIBLE' }])
    expect(await api(`/api/runs/${String(run['id'])}/pause`, { reason: 'wait' })).toMatchObject([200, { state: 'paused' }])
    expect(await api(`/api/runs/${String(run['id'])}/go-on`, { reason: 'it is back' })).toMatchObject([200, { state: 'running' }])
    await drive(String(run['id']))
    await work(place, one.id, 'pkb')
    await drive(String(run['id']))
    expect(await api(`/api/runs/${String(run['id'])}/report`)).toMatchObject([200, { run: { state: 'done' }, deliveries: [{ sourceId: one.documentId, state: 'arrived' }] }])
    expect(await api('/api/runs')).toMatchObject([200, { runs: expect.arrayContaining([expect.objectContaining({ id: run['id'], state: 'done' })]) }])
    // As they are described.
    for (const [path, shape] of [['/api/runs', runsShape], [`/api/runs/${String(run['id'])}`, runNowShape], [`/api/runs/${String(run['id'])}/report`, reportShape]] as const) expect([path, shape.safeParse((await api(path))[1]).error]).toEqual([path, undefined])
    expect((await api('/api/runs/00000000-0000-4000-8000-000000000000'))[0]).toBe(404)
  })

  test.each([[{}], [{ group: 'x', deliveries: ['y'] }], [{ group: 5 }], [{ group: 'refused-0000000000000000', kind: 'send' }], [{ group: 'refused-0000000000000000', perMinute: 0 }], [{ group: 'refused-0000000000000000', changed: '' , now: true }]])('a plan of %j is refused', async (body) => {
    expect(await api('/api/runs/plan', body)).toMatchObject([400, { code: 'QUERY_INVALID' }])
  })

  test('a group that is no more gives no plan, and the page says so', async () => {
    expect(await api('/api/runs/plan', { group: 'refused-0000000000000000' })).toMatchObject([404, { code: 'NOT_FOUND' }])
    const { status, html } = await page('/runs/plan', { group: 'refused-0000000000000000' })
    expect([status, html.includes('Nothing was done'), html.includes('Nothing is in trouble there any more')]).toEqual([404, true, true])
  })
})

describe('one document', () => {
  test('is shown as it would be decided now beside what was tried, and is decided again with a reason', async () => {
    const { id } = await inTrouble(REFUSED)
    const story = (await page(`/documents/${id}`)).html
    expect(story).toContain('Decide again, or print instead')
    // What the mapping, or the engine, made of it once.
    await place.pool.query("update revisions set resource = (resource::jsonb || '{\"docStatus\": \"preliminary\", \"description\": \"CLIN Letter of Ada Example\"}')::json where document_id = $1", [id])
    const masked = await page(`/documents/${id}/difference`)
    for (const text of ['docStatus', 'preliminary', 'final', 'description', 'Hidden', 'Decide again', 'Print instead']) expect([text, masked.html.includes(text)]).toEqual([text, true])
    noPatient(masked.html)
    who = { id: 'rita', role: 'reviewer' }
    expect((await page(`/documents/${id}/difference`)).html).toContain('CLIN Letter of Ada Example')
    expect((await place.ledger.story(id))!.events.filter(({ kind }) => kind === 'looked').map(({ actor }) => actor)).toContain('rita (pages)')
    expect(await api(`/api/documents/${id}/difference`)).toMatchObject([200, { id, inForce: place.policy.hash, sameFacts: true, changes: expect.arrayContaining([{ kind: 'changed', path: 'docStatus', before: 'preliminary', after: 'final' }]) }])
    expect(differenceShape.safeParse((await api(`/api/documents/${id}/difference`))[1]).error).toBeUndefined()
    expect((await page(`/documents/${id}/decide-again`, { reason: '' })).html).toContain('href="#reason-again"')
    expect((await page(`/documents/${id}/decide-again`, { reason: 'the mapping was mended' })).location).toBe(`/documents/${id}?message=decided-again#deliveries`)
    expect((await place.ledger.story(id))!.deliveries[0]!.state).toBe('owed')
  })

  test('is not tried again by a form that was sent twice, or from a page of before the last refusal', async () => {
    const { id, delivery } = await inTrouble(REFUSED)
    const lookedAt = (html: string): string => /name="lookedAt" value="([^"]+)"/u.exec(html)![1]!
    const forms = [
      [`/deliveries/${delivery}/retry`, lookedAt((await page(`/documents/${id}`)).html)], [`/deliveries/${delivery}/retry`, lookedAt((await page('/failed')).html)], [`/documents/${id}/decide-again`, lookedAt((await page(`/documents/${id}/difference`)).html)],
    ] as const
    expect(new Set(forms.map(([, attempt]) => attempt)).size).toBe(1)
    const send = ([path, attempt]: readonly [string, string]) => page(path, { reason: 'PKB has mended it', lookedAt: attempt })
    expect((await send(forms[0])).status).toBe(303)
    // The second click, before anything came of the first, changes nothing.
    expect((await send(forms[0])).status).toBe(303)
    await work(place, id, 'pkb', REFUSED)
    for (const form of forms) expect((await send(form)).status).toBe(409)
    expect((await send(forms[0])).html).toContain('It was tried since that page was made')
    expect((await place.ledger.story(id))!.deliveries[0]).toMatchObject({ state: 'failed', tries: 1 })
    expect((await send([forms[1][0], lookedAt((await page('/failed')).html)])).status).toBe(303)
    expect((await place.ledger.story(id))!.deliveries[0]).toMatchObject({ state: 'owed', tries: 0 })
  })

  test('goes by post instead, by page and by program, and not where the floor forbids it', async () => {
    const [one, two, homeless] = [await inTrouble(REFUSED), await inTrouble(REFUSED), await inTrouble(REFUSED, { ...ADA, address: undefined })]
    expect((await page(`/documents/${one.id}/print-instead`, { reason: 'PKB cannot take it' })).location).toContain('posted-instead')
    expect(await place.ledger.story(one.id)).toMatchObject({ route: 'print', rule: 'posted-by-a-person' })
    expect(await api(`/api/documents/${two.id}/print-instead`, { reason: 'PKB cannot take it' })).toEqual([202, { id: two.id }])
    expect(await api(`/api/documents/${two.id}/print-instead`, { reason: 'PKB cannot take it' })).toMatchObject([409, { code: 'PRINT_NOT_POSSIBLE' }])
    expect(await api(`/api/documents/${homeless.id}/print-instead`, { reason: 'PKB cannot take it' })).toMatchObject([409, { code: 'PRINT_NOT_POSSIBLE', detail: expect.stringContaining('F13') }])
  })
})
