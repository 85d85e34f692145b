// The daily outcome of each team as a page, as JSON and as CSV, over a real ledger.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { endOfLondonDay, startOfLondonDay } from '../../src/decide/london.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, aReceipt } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
const iso = () => place.clock.at.toISOString()
const make = (day: string) => place.ledger.makeOutcomes({ day, begins: startOfLondonDay(day)!, ends: endOfLondonDay(day)!, teams: Object.keys(place.policy.services), codes: Object.keys(place.policy.codes), mailTo: [] }, iso())
const upload = (documentId: string, metadata: object = {}) => place.upload({ documentId, ...metadata }, { receipt: aReceipt({ documentId, ...metadata }, { receivedAt: iso() }) })
beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
})
afterAll(async () => { await open.close(); await place.close() })
const page = async (path: string) => { const answer = await fetch(open.url + path); return { status: answer.status, html: await answer.text(), type: answer.headers.get('content-type') } }

test('before the first morning the page and the API say that there is nothing yet', async () => {
  expect((await page('/outcomes')).html).toContain('This day has not been worked out.')
  expect(await (await open.api('/api/outcomes')).json()).toEqual({ days: [], documents: [] })
})

test('a day has its numbers by team, and a team its documents, without anything of the patient', async () => {
  await make('2026-11-22')
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
  const { id } = await upload('T-1')
  await work(place, id, 'pkb')
  await upload('T-2', { documentType: 'MH DO NOT share with patient' })
  await upload('T-3', { team: 'CAMHS1' })
  await upload('T-4', { team: 'A team of its own' })
  place.clock.at = new Date('2026-11-24T06:00:00.000Z')
  expect(await make('2026-11-23')).toMatchObject({ documents: 4, teams: 3 })
  expect(await make('2026-11-23')).toBeUndefined()

  const all = (await page('/outcomes')).html
  for (const text of ['23 November 2026', 'Newham adult community mental health (ADULT1)', 'Without a team that the policy knows', '4 documents', 'href="/outcomes?day=2026-11-23&amp;team=CAMHS1"']) expect(all).toContain(text)
  const team = (await page('/outcomes?day=2026-11-23&team=ADULT1')).html
  for (const text of ['T-1', 'T-2', 'admin42', 'It is in the patient’s PKB record.', 'Withheld', `href="/documents/${id}"`]) expect(team).toContain(text)
  expect(team).not.toContain('T-3')
  expect((await page('/outcomes?team=none')).html).toContain('T-4')
  // Each number leads to just its documents.
  expect(all).toContain('<a href="/outcomes?day=2026-11-23&amp;team=ADULT1&amp;outcome=withheld#documents">1</a>')
  const withheld = (await page('/outcomes?day=2026-11-23&team=ADULT1&outcome=withheld')).html
  expect([withheld.includes('T-2'), withheld.includes('T-1'), withheld.includes('Only: Withheld.')]).toEqual([true, false, true])
  expect(await (await open.api('/api/outcomes?day=2026-11-23&team=ADULT1&outcome=sent')).json()).toMatchObject({ counts: { sent: 1, withheld: 1 }, documents: [{ sourceId: 'T-1' }] })
  expect((await (await fetch(`${open.url}/outcomes.csv?day=2026-11-23&team=ADULT1&outcome=sent`)).text()).match(/T-\d/gu)).toEqual(['T-1'])
  for (const secret of [ADA.nhsNumber, ADA.family, 'Clinic letter.pdf']) expect([all.includes(secret), team.includes(secret)]).toEqual([false, false])

  const answer = await (await open.api('/api/outcomes?day=2026-11-23&team=ADULT1')).json() as Record<string, unknown>
  expect(answer).toMatchObject({ day: '2026-11-23', madeAt: iso(), days: ['2026-11-23', '2026-11-22'], counts: { sent: 1, withheld: 1, changed: 0 }, documents: [{ sourceId: 'T-1', outcome: 'sent', uploadedBy: 'admin42' }, { sourceId: 'T-2' }] })
})

test('the CSV is the file that the team gets', async () => {
  for (const get of [(path: string) => fetch(open.url + path), (path: string) => open.api(`/api${path}`)]) {
    const answer = await get('/outcomes.csv?day=2026-11-23&team=ADULT1')
    expect([answer.headers.get('content-type'), answer.headers.get('content-disposition')]).toEqual([expect.stringContaining('text/csv'), 'attachment; filename="outcomes-2026-11-23-ADULT1.csv"'])
    expect((await answer.text()).split('\r\n')[0]).toBe('"document_id","code","uploaded_by","first_received","outcome","changed_from","says","as_of"')
  }
})

test('a document that comes after its day was told is the next day’s, and what is asked wrongly is refused', async () => {
  await upload('T-5', { documentType: 'MH DO NOT share with patient' })
  expect((await page('/outcomes?day=2026-11-24')).html).toContain('This day has not been worked out.')
  for (const path of ['/outcomes?day=yesterday', '/outcomes?team=NOBODY', '/outcomes?dya=2026-11-23', '/outcomes?outcome=lost']) {
    expect([path, (await page(path)).status]).toEqual([path, 400])
  }
  expect((await open.api('/api/outcomes?day=2026-02-31')).status).toBe(400)
})
