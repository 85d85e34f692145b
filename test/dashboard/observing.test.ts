// The page and the API that tell what would have become of observed documents, over a real ledger.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ADA, aReceipt } from '../support/documents.ts'
import { aPolicyStatus, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
beforeAll(async () => {
  place = await aLedger()
  const uploads = [
    ['2026-11-02', { team: 'ADULT2' }], ['2026-11-03', { team: 'ADULT2', documentType: 'MH DO NOT share with patient' }], ['2026-11-03', { team: 'ADULT2', name: 'HMHR Report.pdf' }],
    ['2026-11-03', { team: 'ADULT3' }], ['2026-09-20', { team: 'ADULT2', name: 'Jane Smith letter.pdf' }], ['2026-11-03', { team: 'ADULT1' }], ['2026-11-03', { team: 'NOBODYS' }], ['2026-10-01', { team: 'ADULT2' }],
  ] as const
  for (const [n, [day, metadata]] of uploads.entries()) await place.upload({}, { receipt: aReceipt({ documentId: `V-${n}`, ...metadata }, { receivedAt: `${day}T10:00:00.000Z` }) })
  const reviews = [{ ...aPolicyStatus().reviews[0]!, overdue: true }, { directorate: 'luton-beds', name: 'Luton and Bedfordshire', status: 'observing' as const, overdue: false, dueSoon: false }]
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, policyStatus: () => aPolicyStatus({ reviews }), now: () => place.clock.at })
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const page = async (path: string) => {
  const answer = await fetch(open.url + path)
  return { status: answer.status, html: await answer.text() }
}
const answer = async (query = '') => (await open.api(`/api/observing${query}`)).json() as Promise<{ all: { documents: number }; directorates: { directorate: string; documents: number }[]; unplaced: number; since: string; reviews: { name: string; overdue: boolean }[] }>
/** Rows of the table with this caption: the text of each cell. */
const rows = (html: string, caption: string): readonly (readonly string[])[] => {
  const table = html.split('<table').find((part) => part.includes(`>${caption}</caption>`)) ?? ''
  return [...table.slice(table.indexOf('<tbody')).matchAll(/<tr[\s\S]*?<\/tr>/gu)].map(([row]) =>
    [...row.matchAll(/<span class="ol-cell">([\s\S]*?)<\/span><\/td>/gu)].map(([, cell = '']) => cell.replaceAll(/<[^>]+>/gu, ' ').replaceAll(/\s+/gu, ' ').trim()))
}

describe('the page', () => {
  test('shows the last 30 days by directorate, rule, code and day, and who signed off', async () => {
    const { status, html } = await page('/observing')
    expect(status).toBe(200)
    expect(rows(html, 'By directorate')).toEqual([
      ['City and Hackney Not live yet', '1', '1', '0', '0', '0', '0', '100%', '0', '0'],
      ['Luton and Bedfordshire Observing', '3', '1', '0', '0', '2', '0', '33.3%', '1', '0'],
      ['All', '4', '2', '0', '0', '2', '0', '50%', '1', '0'],
    ])
    expect(rows(html, 'By rule')).toEqual([['to-pkb', 'PKB record', '2'], ['blocked-code-marked-share', 'Withhold', '1'], ['do-not-share', 'Withhold', '1']])
    expect(rows(html, 'By code').map(([code, count]) => [code, count])).toEqual([['CLIN', '3'], ['HMHR', '1']])
    expect(rows(html, 'By day').map(([day, count]) => [day, count])).toEqual([['2 November 2026', '1'], ['3 November 2026', '3']])
    expect(rows(html, 'Who signed off sharing for each directorate, and when that is to be reviewed').map(([name, , by, , , review]) => [name, by, review])).toEqual([
      ['Newham', 'Directorate Management Team', '16 December 2027 Overdue'], ['Luton and Bedfordshire', 'Nobody', 'None'],
    ])
  })

  test('every number leads to a list of just so many documents', async () => {
    for (const query of ['', '?by=month&since=2026-09-01', '?directorate=luton-beds&since=2026-11-03&until=2026-11-03']) {
      const { html } = await page(`/observing${query}`)
      const links = [...html.matchAll(/<a href="(\/documents\?[^"]+)">(\d+)(?: more)?<\/a>/gu)].map(([, href = '', count]) => [href.replaceAll('&amp;', '&'), Number(count)] as const)
      expect(links.length).toBeGreaterThan(10)
      for (const [href, count] of links) {
        const list = await page(href)
        expect([href, list.status, list.html.split('class="ol-cell"><a href="/documents/').length - 1]).toEqual([href, 200, count])
        expect(list.html).toContain('Only those with')
      }
    }
  })

  test('is without script and patient, and says what is wrong with a question', async () => {
    const { html } = await page('/observing')
    expect(html).not.toMatch(/<script|\son[a-z]+=|style=/iu)
    const { html: since } = await page('/observing?since=2026-09-01&until=2026-09-30')
    expect(rows(since, 'By code').map(([code, count]) => [code, count])).toEqual([['not listed', '1']])
    expect(since).not.toMatch(/jane|code=/iu)
    expect(JSON.stringify(await answer('?since=2026-09-01'))).not.toMatch(/jane/iu)
    for (const secret of [ADA.nhsNumber, ADA.family, 'Clinic letter', 'V-0']) expect(html).not.toContain(secret)
    for (const query of ['since=yesterday', 'by=year', 'state=failed', 'nhsNumber=9990000018']) {
      const refused = await page(`/observing?${query}`)
      expect([query, refused.status, refused.html.includes('There is a problem'), refused.html.includes('9990000018')]).toEqual([query, 400, true, false])
      expect((await open.api(`/api/observing?${query}`)).status).toBe(400)
    }
    expect((await page('/observing?since=2026-11-20')).html).toContain('No document was observed in this time.')
  })
})

test('a list that was narrowed by a link says so, and stays so when it is filtered on', async () => {
  const { html } = await page('/documents?stage=observing,not-live&wouldRoute=pkb&directorate=luton-beds&until=2026-11-30')
  for (const text of ['Directorate: Luton and Bedfordshire', 'Stage: Observing, Not live yet', 'Would go: PKB record', 'Until: 30 November 2026', '<input type="hidden" name="wouldRoute" value="pkb">']) expect(html).toContain(text)
})

test('the API tells the same, with the token only', async () => {
  expect((await fetch(`${open.url}/api/observing`)).status).toBe(401)
  const told = await answer()
  expect(told).toMatchObject({ policy: place.policy.hash, by: 'day', unplaced: 1, all: { documents: 4, pkb: 2, withheld: 2, shareRate: 0.5 } })
  expect(told.since).toBe('2026-10-23T23:00:00.000Z')
  expect(told.reviews.map(({ name, overdue }) => [name, overdue])).toEqual([['Newham', true], ['Luton and Bedfordshire', false]])
  expect((await answer('?since=2026-09-01&directorate=luton-beds')).directorates).toMatchObject([{ directorate: 'luton-beds', documents: 5 }])
  expect(JSON.stringify(told)).not.toMatch(/V-0|9990000018/u)
})
