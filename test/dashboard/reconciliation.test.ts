// The pages and the API that account for what came in, over a real ledger.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, aReceipt } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  const uploads = [
    ['2026-11-20T10:00', {}, 'rio-http'], ['2026-11-20T10:00', { documentType: 'MH DO NOT share with patient' }, 'rio-http'], ['2026-11-20T23:59', { name: 'No code.pdf' }, 'rio-folder'],
    ['2026-11-21T00:00', { team: 'ADULT2' }, 'rio-http'], ['2026-10-01T10:00', {}, 'rio-http'],
  ] as const
  for (const [n, [at, metadata, feed]] of uploads.entries()) await place.upload({}, { receipt: aReceipt({ documentId: `K-${n}`, ...metadata }, { receivedAt: `${at}:00.000Z`, feed }) })
  await place.ledger.reject({ feed: 'rio-mllp', at: '2026-11-21T10:00:00.000Z', code: 'MESSAGE_UNREADABLE', detail: '', skeleton: 'x' })
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const page = async (path: string, init?: RequestInit) => {
  const answer = await fetch(open.url + path, init)
  return { status: answer.status, html: await answer.text() }
}
const rows = (html: string, caption: string): readonly (readonly string[])[] => {
  const table = html.split('<table').find((part) => part.includes(`>${caption}</caption>`)) ?? ''
  return [...table.slice(table.indexOf('<tbody')).matchAll(/<tr[\s\S]*?<\/tr>/gu)].map(([row]) =>
    [...row.matchAll(/<span class="ol-cell">([\s\S]*?)<\/span><\/td>/gu)].map(([, cell = '']) => cell.replaceAll(/<[^>]+>/gu, ' ').replaceAll(/\s+/gu, ' ').trim()))
}
const compareForm = (formToken: string, fields: Record<string, string>, file?: string | Buffer): RequestInit => {
  const body = new FormData()
  for (const [name, text] of Object.entries({ formToken, ...fields })) body.set(name, text)
  body.set('file', new Blob([typeof file === 'object' ? Uint8Array.from(file) : (file ?? '')]), file === undefined ? '' : 'extract.csv')
  return { method: 'POST', body }
}

describe('the page', () => {
  test('shows each day and feed, and that everything is accounted for', async () => {
    const { status, html } = await page('/reconciliation?since=2026-11-17')
    expect(status).toBe(200)
    expect(rows(html, 'By day and feed')).toEqual([
      ['21 November 2026', 'rio-http', '1', '0', '0', '0', '0', '0', '0', '0', '1', '0', '0'],
      ['21 November 2026', 'rio-mllp', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '1'],
      ['20 November 2026', 'rio-folder', '1', '0', '0', '0', '0', '0', '1', '0', '0', '0', '0'],
      ['20 November 2026', 'rio-http', '2', '0', '0', '0', '1', '1', '0', '0', '0', '0', '0'],
      ['All', 'All', '4', '0', '0', '0', '1', '1', '1', '0', '1', '0', '1'],
    ])
    expect(html).toContain('Everything is accounted for')
    expect(html).not.toMatch(/<script|\son[a-z]+=|style=/iu)
    for (const secret of [ADA.nhsNumber, ADA.family, 'K-0']) expect(html).not.toContain(secret)
  })

  test.each([
    ['since=2026-11-20T09:00:00Z', ['2026-11-21']], ['since=2026-11-21T01:00:00%2B02:00', ['2026-11-21']], ['since=2026-11-20T02:00:00%2B02:00', ['2026-11-20', '2026-11-21']],
    ['since=2026-11-17&until=2026-11-21T10:00:00Z', ['2026-11-20']], ['since=2026-11-17&until=2026-11-21T00:00:00Z', ['2026-11-20']],
  ])('of a day that %s asks for in part no list is offered, for it would show more', async (query, linked) => {
    const { html } = await page(`/reconciliation?${query}`)
    expect([...new Set([...html.matchAll(/documents\?day=([\d-]+)/gu)].map(([, day]) => day))].toSorted()).toEqual(linked)
  })

  test('the number of refused messages leads to when and why, for that day and feed alone', async () => {
    const { html } = await page('/reconciliation?since=2026-09-30')
    expect(html).toContain('<a href="/reconciliation/refused?day=2026-11-21&amp;feed=rio-mllp">1</a>')
    const list = await page('/reconciliation/refused?day=2026-11-21&feed=rio-mllp')
    expect([list.status, list.html.split('<code>MESSAGE_UNREADABLE</code>').length - 1]).toEqual([200, 1])
    for (const other of ['day=2026-11-21&feed=rio-http', 'day=2026-11-20&feed=rio-mllp']) expect([other, (await page(`/reconciliation/refused?${other}`)).html.includes('None was refused.')]).toEqual([other, true])
    for (const wrong of ['', '?day=yesterday&feed=rio-mllp', '?day=2026-11-21']) expect((await page(`/reconciliation/refused${wrong}`)).status).toBe(400)
    const told = await open.api('/api/reconciliation/refused?day=2026-11-21&feed=rio-mllp')
    expect(await told.json()).toEqual({ day: '2026-11-21', feed: 'rio-mllp', all: true, refused: [{ at: '2026-11-21T10:00:00.000Z', feed: 'rio-mllp', code: 'MESSAGE_UNREADABLE' }] })
  })

  test('every number leads to just so many documents', async () => {
    const { html } = await page('/reconciliation?since=2026-09-30')
    const links = [...html.matchAll(/<a href="(\/reconciliation\/documents\?[^"]+)">(\d+)<\/a>/gu)].map(([, href = '', count]) => [href.replaceAll('&amp;', '&'), Number(count)] as const)
    expect(links.length).toBe(9)
    for (const [href, count] of links) {
      const list = await page(href)
      expect([href, list.status, list.html.split('class="ol-cell"><a href="/documents/').length - 1]).toEqual([href, 200, count])
    }
    for (const wrong of ['?day=2026-11-20&feed=rio-http&column=lost', '?day=yesterday&feed=rio-http&column=waiting', '?column=waiting']) expect((await page(`/reconciliation/documents${wrong}`)).status).toBe(400)
  })

  test('says what is wrong with a question', async () => {
    for (const query of ['since=yesterday', 'state=failed', 'directorate=newham', 'since=2020-01-01', 'since=2026-11-20&until=2026-11-01']) {
      const refused = await page(`/reconciliation?${query}`)
      expect([query, refused.status, refused.html.includes('There is a problem')]).toEqual([query, 400, true])
      expect((await open.api(`/api/reconciliation?${query}`)).status).toBe(400)
    }
  })

  test('names the document of a difference', async () => {
    const { rows: [row] } = await place.pool.query<{ id: string }>(`select id from documents where source_id = 'K-4'`)
    await place.pool.query(`update documents set state = 'lost' where id = $1`, [row!.id])
    const { html } = await page('/reconciliation?since=2026-09-30&until=2026-10-02')
    await place.pool.query(`update documents set state = 'waiting' where id = $1`, [row!.id])
    for (const text of ['1 document makes a difference', `<a href="/documents/${row!.id}">`, 'in a state that belongs to no column']) expect(html).toContain(text)
    expect(html).not.toContain('Everything is accounted for')
  })
})

describe('an extract of RiO', () => {
  const days = { since: '2026-11-20', until: '2026-11-21' }
  test.each([
    ['pasted', { ids: 'K-0\nK-1\r\n\nK-4\nK-1\nK-9\n' }, undefined], ['a file', {}, '\uFEFFclient;Document ID;team\nx;K-0;a\nx;K-1;a\nx;K-4;a\nx;K-1;a\nx;"K-9";a\n'],
  ])('%s, is compared on the page', async (_how, fields, file) => {
    const token = formTokenIn((await page('/reconciliation')).html)
    const { status, html } = await page('/reconciliation/extract', compareForm(token, { ...days, ...fields }, file))
    expect(status).toBe(200)
    for (const text of ['5 ids in the extract, 4 of them different', 'Sent by RiO, never received: 1', 'K-9', 'Received, not named by RiO: 2', 'sourceId=K-2', 'sourceId=K-3', 'Named more than once: 1', 'K-1, 2 times']) expect(html).toContain(text)
  })

  const UTF16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le')
  test.each([
    ['as CSV', 'Document ID,Team\r\nK-0,a\r\nK-1,\r\n,\r\n,\r\n'], ['as CSV of another country', '\uFEFFDocument ID;Team\r\n"K-0";"a"\r\nK-1;\r\n;\r\n'], ['with its separator said', 'sep=;\r\nDocument ID;Team\r\nK-0;a\r\nK-1;b\r\n'],
    ['as Unicode text', UTF16('Team\tDocument ID\r\na\tK-0\r\nb\tK-1\r\n')], ['as Unicode text of another machine', UTF16('Document ID\r\nK-0\r\nK-1\r\n').swap16()],
    ['with its texts as formulas', 'Document ID,Team\r\n="K-0",a\r\n="K-1",="b"\r\n'], ['in one column', 'Document ID\r\nK-0\r\nK-1\r\n\r\n'],
  ])('that a spreadsheet wrote %s is read', async (_how, file) => {
    const token = formTokenIn((await page('/reconciliation')).html)
    const { status, html } = await page('/reconciliation/extract', compareForm(token, days, file))
    expect([status, /\d ids in the extract.*? at other times/u.exec(html)?.[0]]).toEqual([200, '2 ids in the extract, 2 of them different. 2 first came in from 20 November 2026 to 21 November 2026, 0 at other times'])
  })

  test('that a spreadsheet has spoiled is not taken for what RiO sent', async () => {
    const token = formTokenIn((await page('/reconciliation')).html)
    for (const [file, says] of [['documentId\nK-0\n1.23457E+11\n', 'Line 3 has a number that a spreadsheet has shortened'], ['documentId\n4E+12\n', 'Line 2 has a number'], ['PK\u0003\u0004\u0014\0\u0006\0', 'It is a spreadsheet, and no text']] as const) {
      const { status, html } = await page('/reconciliation/extract', compareForm(token, days, file))
      expect([says, status, html.includes(says)]).toEqual([says, 400, true])
    }
    for (const [n, documentId] of ['000123', '0', '00456'].entries()) await place.upload({}, { receipt: aReceipt({ documentId }, { receivedAt: `2026-09-01T10:0${n}:00.000Z` }) })
    const zeros = await page('/reconciliation/extract', compareForm(token, { since: '2026-09-01', until: '2026-09-01', ids: '123\n456\n7\n00\n' }))
    expect(zeros.html).toContain('2 of the ids that never came differ from one that came by zeros at the beginning alone')
    const right = await page('/reconciliation/extract', compareForm(token, { since: '2026-09-01', until: '2026-09-01', ids: '000123\n00456\n0' }))
    expect([right.html.includes('The extract and the documents agree'), right.html.includes('zeros at the beginning')]).toEqual([true, false])
  })

  test('that cannot be read whole is refused, and so is a form of somebody else', async () => {
    const token = formTokenIn((await page('/reconciliation')).html)
    for (const [fields, file, says] of [
      [{ ids: '' }, undefined, 'It has no id.'], [{ ids: 'a,b\nc,d' }, undefined, 'It has several columns'], [{ ids: 'K-0' }, 'K-1', 'not both'],
      [{}, 'documentId,team\nK-0,a\n,b\n', 'Line 3 has no id'], [{ ids: `x\n${'y'.repeat(201)}` }, undefined, 'Line 2 has no id'], [{}, 'a"b\nc', undefined],
    ] as const) {
      const { status, html } = await page('/reconciliation/extract', compareForm(token, { ...days, ...fields }, file))
      expect([fields, status]).toEqual([fields, 400])
      if (says !== undefined) expect(html).toContain(says)
    }
    expect((await page('/reconciliation/extract', compareForm('guessed', { ...days, ids: 'K-0' }))).status).toBe(403)
    expect((await page('/reconciliation/extract', { method: 'POST', body: 'x' })).status).toBe(400)
    expect((await page('/reconciliation/extract', compareForm(token, days, 'K-1\n'.repeat(2_100_000)))).status).toBe(400)
  })

  test('the API takes a list, a CSV or lines', async () => {
    const ask = async (body: string, type: string) => (await open.api('/api/reconciliation/extract?since=2026-11-20&until=2026-11-21', { method: 'POST', body, headers: { 'content-type': type } }))
    for (const [body, type] of [[JSON.stringify({ ids: ['K-0', 'K-1', 'K-1', 'K-4', 'K-9'] }), 'application/json'], ['id\nK-0\nK-1\nK-1\nK-4\nK-9', 'text/csv'], ['K-0\nK-1\nK-1\nK-4\nK-9', 'text/plain']] as const)
      expect(await (await ask(body, type)).json()).toEqual({ source: 'rio', since: '2026-11-20T00:00:00.000Z', until: '2026-11-22T00:00:00.000Z', named: 5, distinct: 4, missing: ['K-9'], unnamed: ['K-2', 'K-3'], matched: 2, otherTimes: 1, zerosLost: 0, duplicates: [{ id: 'K-1', times: 2 }] })
    for (const [body, type, status] of [['{"ids":[1]}', 'application/json', 400], ['{"ids":["a"],"more":1}', 'application/json', 400], ['{', 'application/json', 400], ['<a/>', 'text/xml', 415], ['', 'text/plain', 400], ['x\n'.repeat(100_001), 'text/plain', 400]] as const)
      expect([body.slice(0, 20), type, (await ask(body, type)).status]).toEqual([body.slice(0, 20), type, status])
    expect((await ask('x\n'.repeat(100_000), 'text/plain')).status).toBe(200)
  })
})

test('the API tells the same as the page, with the token only', async () => {
  expect((await fetch(`${open.url}/api/reconciliation`)).status).toBe(401)
  const told = await (await open.api('/api/reconciliation?since=2026-11-20&until=2026-11-20')).json()
  expect(told).toEqual({
    since: '2026-11-20T00:00:00.000Z', until: '2026-11-21T00:00:00.000Z', holds: true, differences: [],
    days: [
      { day: '2026-11-20', feed: 'rio-folder', received: 1, delivered: 0, printed: 0, leftToTeam: 0, withheld: 0, waiting: 0, review: 1, failed: 0, observed: 0, refused: 0, different: 0 },
      { day: '2026-11-20', feed: 'rio-http', received: 2, delivered: 0, printed: 0, leftToTeam: 0, withheld: 1, waiting: 1, review: 0, failed: 0, observed: 0, refused: 0, different: 0 },
    ],
  })
})
