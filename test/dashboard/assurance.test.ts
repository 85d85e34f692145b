// The page, the API and the CSV for a directorate's management team, over a real ledger.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { assuranceCsv } from '../../src/dashboard/assurance/assurance-csv.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, aReceipt } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const WITHHELD = { documentType: 'MH DO NOT share with patient' }
let place: TestLedger
let open: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  const uploads = [
    ['2026-10-10', {}], ['2026-11-02', WITHHELD], ['2026-11-02', { name: 'APPT Appointment.pdf', ...WITHHELD }], ['2026-11-03', { name: 'HMHR Report.pdf' }], ['2026-11-03', { name: 'Jane Smith letter.pdf' }], ['2026-11-03', { name: '2026 results.pdf', team: 'CAMHS1' }],
    ['2026-11-03', { team: 'CAMHS1' }], ['2026-11-03', { team: 'ADULT2' }], ['2026-01-03', {}], ...Array.from({ length: 20 }, () => ['2026-11-04', { team: 'LD1', ...WITHHELD }] as const),
  ] as const
  for (const [n, [day, metadata]] of uploads.entries()) {
    const { id } = await place.upload({}, { receipt: aReceipt({ documentId: `A-${n}`, ...metadata }, { receivedAt: `${day}T10:00:00.000Z` }) })
    if (n > 0) continue
    await work(place, id, 'pkb')
    await place.ledger.hold(id, 'somebody', 'a reason', place.clock.at.toISOString())
  }
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const page = async (path: string) => {
  const answer = await fetch(open.url + path)
  return { status: answer.status, html: await answer.text(), headers: answer.headers }
}
const rows = (html: string, caption: string): readonly (readonly string[])[] => {
  const table = html.split('<table').find((part) => part.includes(`>${caption}</caption>`)) ?? ''
  return [...table.slice(table.indexOf('<tbody')).matchAll(/<tr[\s\S]*?<\/tr>/gu)].map(([row]) =>
    [...row.matchAll(/<span class="ol-cell">([\s\S]*?)<\/span><\/td>/gu)].map(([, cell = '']) => cell.replaceAll(/<[^>]+>/gu, ' ').replaceAll(/\s+/gu, ' ').trim()))
}
const linked = (html: string, caption: string): number => html.split('<table').find((part) => part.includes(`>${caption}</caption>`))!.split('<a href="/documents?').length - 1
const section = (html: string, id: string): string => html.split('<section').find((part) => part.includes(`aria-labelledby="${id}"`))?.split('</section>')[0] ?? ''

describe('the page', () => {
  test('shows live directorates by directorate, team, code and month, those that withhold most first', async () => {
    const { status, html } = await page('/assurance')
    expect(status).toBe(200)
    expect(rows(html, 'By directorate')).toEqual([
      ['Learning disability services Over-withholding', '20', '0', '20', '20', '0', '0', '0', '0', '0%', '100%'],
      ['Newham Leaks', '5', '0', '4', '2', '1', '1', '1', '1', '0%', '80%'],
      ["Children&#39;s services", '2', '1', '0', '0', '1', '0', '0', '0', '50%', '0%'],
      ['All', '27', '1', '24', '22', '2', '1', '1', '1', '3.7%', '88.9%'],
    ])
    expect(rows(html, 'By month').map(([month, count]) => [month, count])).toEqual([['October 2026 Leaks', '1'], ['November 2026 Over-withholding', '26']])
    expect(rows(html, 'By code').map(([code, count]) => [code, count])).toEqual(expect.arrayContaining([['not listed', '1'], ['No code', '1']]))
    expect(html).toMatch(/<a href="\/codes\?since=[^"]+">not listed<\/a>/u)
    expect(rows((await page('/assurance?sort=leaks')).html, 'By directorate')[0]?.[0]).toBe('Newham Leaks')
    expect(rows((await page('/assurance?sort=name')).html, 'By directorate')[0]?.[0]).toContain('Children')
  })

  test('what withholds too much stands beside what leaks, with the thresholds', async () => {
    const { html } = await page('/assurance')
    expect(section(html, 'over-withholding')).toContain('Learning disability services</strong>: withheld by instruction 20 of 20; variances 0')
    expect(section(html, 'leaks')).toContain('Newham</strong>: taken back 1; conflicts 1 of 5')
    expect(html).toContain('more than 20% of a group are withheld by instruction')
    expect((await page('/assurance?directorate=children')).html).toContain('No group is over a threshold.')
    expect((await page('/assurance?since=2026-11-20')).html).toContain('No document of a live directorate came in then.')
  })

  test('every number leads to a list of just so many documents', async () => {
    for (const query of ['', '?directorate=newham&since=2026-11-01', '?since=2026-11-03&until=2026-11-30']) {
      const { html } = await page(`/assurance${query}`)
      const links = [...html.matchAll(/<a href="(\/documents\?[^"]+)">(\d+)<\/a>/gu)].map(([, href = '', count]) => [href.replaceAll('&amp;', '&'), Number(count)] as const)
      expect(links.length).toBeGreaterThan(10)
      expect(links.some(([href]) => href.includes('team='))).toBe(true)
      if (query === '') expect(links.some(([href]) => href.includes('code=-'))).toBe(true)
      // Rates apart, and a team or code that is in no list, no number stands alone.
      expect(rows(html, 'By directorate').flat().filter((cell) => /^[1-9]\d*$/u.test(cell)).length).toBe(linked(html, 'By directorate'))
      for (const [href, count] of links) {
        const list = await page(href)
        expect([href, list.status, list.html.split('class="ol-cell"><a href="/documents/').length - 1]).toEqual([href, 200, count])
      }
    }
  })

  test('is without script and patient, and says what is wrong with a question', async () => {
    const { html } = await page('/assurance')
    expect(html).not.toMatch(/<script|\son[a-z]+=|style=|jane/iu)
    for (const secret of [ADA.nhsNumber, ADA.family, 'Clinic letter.pdf', 'A-0']) expect(html).not.toContain(secret)
    for (const query of ['since=yesterday', 'sort=worst', 'state=failed', 'nhsNumber=9990000018', 'since=2026-11-20&until=2026-11-01']) {
      const refused = await page(`/assurance?${query}`)
      expect([query, refused.status, refused.html.includes('There is a problem'), refused.html.includes('9990000018')]).toEqual([query, 400, true, false])
      for (const path of ['/api/assurance', '/api/assurance.csv']) expect((await open.api(`${path}?${query}`)).status).toBe(400)
    }
  })
})

test('the API tells the same, with the token only', async () => {
  for (const path of ['/api/assurance', '/api/assurance.csv']) expect((await fetch(open.url + path)).status).toBe(401)
  const text = await (await open.api('/api/assurance')).text()
  expect(JSON.parse(text)).toMatchObject({ sort: 'withheld', policy: place.policy.hash, thresholds: { documents: 20, byInstruction: 0.2 }, all: { documents: 27, withheld: 24, takenBack: 1 }, directorates: [{ directorate: 'learning-disability', flags: ['over-withholding'] }, { directorate: 'newham', flags: ['leaks'] }, { directorate: 'children' }] })
  expect(text).not.toMatch(/A-0|9990000018|jane/iu)
})

describe('the CSV', () => {
  test('has the numbers and no identifier, from the page and from the API', async () => {
    const { html } = await page('/assurance?directorate=newham')
    const href = /href="(\/assurance\.csv[^"]*)"/u.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const { html: text, headers } = await page(href)
    expect(headers.get('content-type')).toContain('text/csv')
    expect(headers.get('content-disposition')).toBe('attachment; filename="assurance.csv"')
    expect(text).toBe(await (await open.api(`/api${href}`)).text())
    expect(text.split('\r\n').slice(0, 3)).toEqual([
      '"month","directorate","team","code","documents","shared","withheld","withheld_by_instruction","review","conflicts","variances","taken_back","share_rate","withhold_rate"',
      '"2026-10","newham","ADULT1","CLIN","1","0","1","0","0","0","0","1","0","1"', '"2026-11","newham","ADULT1","APPT","1","0","1","1","0","0","1","0","0","1"',
    ])
    expect(text).not.toMatch(/A-\d|9990000018|jane|C1|[0-9a-f]{8}-/iu)
  })

  test('is never run as a formula by a spreadsheet', () => {
    const row = { month: '2026-11', directorate: '=1+1', team: ' @x', code: '"q', documents: 1, shared: 1, withheld: 0, byInstruction: 0, review: 0, conflicts: 0, variances: 0, takenBack: 0, shareRate: 1, withholdRate: 0, flags: [] }
    expect(assuranceCsv([row])).toContain(`"2026-11","'=1+1","' @x","""q"`)
  })
})
