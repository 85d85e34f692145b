// The log as governance reads it: who did and saw what, by who, kind, document and day, and whether its chain holds.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { signedInAs, startDashboard, formOf, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
let letter: { readonly id: string }
const iso = () => place.clock.at.toISOString()
const FORM = { formToken: 'form-of-governance' }

beforeAll(async () => {
  place = await aLedger()
  const { ledger } = place
  await ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
  letter = await place.upload({ documentId: 'RIO-A1' })
  await work(place, letter.id, 'pkb')
  await place.upload({ documentId: 'RIO-A2' })
  await ledger.hold(letter.id, 'olu (pages)', 'the wrong letter', iso())
  await ledger.looked([{ id: letter.id }], { actor: 'olu (pages)', what: 'content' }, iso())
  place.clock.at = new Date('2026-11-24T10:00:00.000Z')
  await ledger.pullStop({ scope: 'code', value: 'APPT' }, '50%_off (command)', 'a drill', iso())
  for (let n = 0; n < 4; n += 1) await ledger.looked([{ id: letter.id }], { actor: `reporting-${n} (api)`, what: 'resource' }, iso())
  open = await startDashboard({ ledger, policy: () => place.policy, now: () => place.clock.at, visitors: signedInAs('governance') })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const page = async (path: string, init?: RequestInit) => {
  const answer = await fetch(open.url + path, { redirect: 'manual', ...init })
  return { status: answer.status, html: await answer.text() }
}
type Entry = { readonly seq: number; readonly kind: string; readonly actor: string; readonly sourceId?: string }
const api = async (query = '') => (await (await open.api(`/api/audit${query}`)).json()) as { entries: readonly Entry[]; cursor?: string; chain?: { holds: boolean } }
const rows = async (query = '') => (await api(query)).entries.map(({ kind, actor }) => `${kind} ${actor}`)

describe('the page', () => {
  test('tells who did and saw what, newest first, with the document behind it, and nobody’s name', async () => {
    const { html } = await page('/audit')
    for (const text of ['olu (pages)', 'Put on hold', 'the wrong letter', 'Somebody saw whose it is', `href="/documents/${letter.id}"`, 'RIO-A1', 'reporting-3 (api)']) expect(html).toContain(text)
    expect(html.indexOf('reporting-3')).toBeLessThan(html.indexOf('the wrong letter'))
    for (const secret of [ADA.nhsNumber, 'Ada Example', ADA.birthDate]) expect([secret, html.includes(secret)]).toEqual([secret, false])
    expect(html).not.toMatch(/<td[^>]*>[^<]*(<[^>]+>)*An upload came in/u)
  })

  test('of a filter that cannot be used says so, and keeps what was given', async () => {
    const { status, html } = await page('/audit?who=999%20000%200018')
    expect([status, html.includes('Do not name the patient')]).toEqual([400, true])
    expect((await page('/audit?kind=nothing')).status).toBe(400)
    expect((await page('/audit?mood=good')).status).toBe(400)
  })

  test('is for those with the right alone', async () => {
    for (const role of ['viewer', 'operator', 'reviewer', 'analyst'] as const) {
      const other = await startDashboard({ ledger: place.ledger, visitors: signedInAs(role) })
      expect((await fetch(`${other.url}/audit`)).status).toBe(403)
      await other.close()
    }
  })
})

describe('the log is asked', () => {
  test('for what people and programs did, unless it is asked for more', async () => {
    const people = await rows()
    expect(people).toHaveLength(7)
    expect(people.every((row) => row.endsWith(')'))).toBe(true)
    expect(await rows('?kind=all&limit=200')).toEqual(expect.arrayContaining(['received rio-http', 'decided engine', ...people]))
    expect(await rows('?kind=received')).toEqual(['received rio-http', 'received rio-http'])
  })
  test('by who, in any case and by a part, whatever signs it has', async () => {
    expect(await rows('?who=OLU')).toEqual(['looked olu (pages)', 'held olu (pages)'])
    expect(await rows('?who=reporting')).toHaveLength(4)
    expect(await rows('?who=%25_')).toEqual(['stop 50%_off (command)'])
    expect(await rows('?who=_')).toEqual(['stop 50%_off (command)'])
    expect(await rows('?who=nobody')).toEqual([])
  })
  test('by kind, by document and by day, one or all of them', async () => {
    expect(await rows('?kind=held,stop')).toEqual(['stop 50%_off (command)', 'held olu (pages)'])
    for (const document of [letter.id, 'RIO-A1']) expect(await rows(`?document=${document}&who=olu`)).toHaveLength(2)
    expect(await rows('?document=RIO-NONE')).toEqual([])
    expect(await rows('?until=2026-11-23')).toEqual(['looked olu (pages)', 'held olu (pages)'])
    expect(await rows('?since=2026-11-24&kind=looked')).toHaveLength(4)
  })
  test('page by page, without a gap and without repeating', async () => {
    const all = (await api()).entries.map(({ seq }) => seq)
    let cursor: string | undefined
    const seen: number[] = []
    do {
      const answer: Awaited<ReturnType<typeof api>> = await api(`?limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      seen.push(...answer.entries.map(({ seq }) => seq))
      cursor = answer.cursor
    } while (cursor !== undefined)
    expect(seen).toEqual(all)
  })
})

describe('the chain', () => {
  test('is checked on the page, which then says what was found, and gives a line to keep', async () => {
    expect((await page('/audit')).html).toContain('Not checked since this engine was started.')
    expect((await page('/audit/verify', formOf(FORM))).status).toBe(303)
    const { html } = await page('/audit')
    for (const text of ['Holds', 'fits the one before it', 'openletter audit verify --noted']) expect(html).toContain(text)
    expect(html).toMatch(/<code class="ol-token">\d+:[0-9a-f]{64}<\/code>/u)
    expect((await api()).chain?.holds).toBe(true)
    const { entries, hash } = await place.ledger.walkChain()
    expect(await (await open.api('/api/audit/verify', { method: 'POST' })).json()).toMatchObject({ holds: true, entries, hash })
  })
  test('that was broken is told with its first broken entry', async () => {
    await place.pool.query('alter table events disable trigger events_append_only')
    await place.pool.query(`update events set actor = 'nobody (pages)' where seq = (select min(seq) from events where kind = 'held')`)
    await page('/audit/verify', formOf(FORM))
    const { html } = await page('/audit')
    expect(html).toMatch(/Broken at entry \d+/u)
    expect(await (await open.api('/api/audit/verify', { method: 'POST' })).json()).toMatchObject({ holds: false, broken: { why: 'changed' } })
  })
})
