// The pages of assurance and reconciliation in a browser: narrow and wide, on paper, and by keyboard alone.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { AssuranceCount } from '../../src/ledger/assurance.ts'
import type { ReconciledDay } from '../../src/ledger/reconciliation.ts'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aStory, aTellingLedger, uuid } from '../support/story.ts'

const aCount = (overrides: Partial<AssuranceCount>): AssuranceCount => ({ month: '2026-11', directorate: 'newham', team: 'ADULT1', code: 'CLIN', route: 'pkb', conflict: false, variance: false, byInstruction: false, takenBack: false, documents: 1204, ...overrides })
const aDay = (day: string, overrides: Partial<ReconciledDay> = {}): ReconciledDay => ({ day, feed: 'rio-http', received: 1234, delivered: 1000, printed: 100, leftToTeam: 0, withheld: 120, waiting: 8, review: 4, failed: 2, observed: 0, refused: 1, different: 0, ...overrides })
const ledger = {
  ...aTellingLedger([aStory()]),
  assurance: () => Promise.resolve([
    aCount({}), aCount({ route: 'withhold', documents: 130 }), aCount({ route: 'review', documents: 7 }), aCount({ month: '2026-10', documents: 998 }), aCount({ route: 'withhold', takenBack: true, documents: 2 }),
    aCount({ directorate: 'children', team: 'CAMHS1', documents: 60 }), aCount({ directorate: 'children', team: 'CAMHS1', code: 'APPT', route: 'withhold', variance: true, byInstruction: true, documents: 40 }),
    aCount({ directorate: 'learning-disability', team: 'LD1', documents: 90 }), aCount({ directorate: 'learning-disability', team: 'LD1', code: 'HMHR', route: 'withhold', conflict: true, documents: 9 }),
  ]),
  reconciliation: () => Promise.resolve({
    days: [aDay('2026-11-23', { received: 1233, different: 1 }), aDay('2026-11-23', { feed: 'rio-mllp' }), aDay('2026-11-22')],
    differences: [{ documentId: uuid(7), day: '2026-11-23', feed: 'rio-http', kind: 'document-only' as const }],
  }),
  compareExtract: () => Promise.resolve({ missing: ['RIO-9', 'RIO-99'], unnamed: ['RIO-1'], matched: 3, otherTimes: 1 }),
}

inBrowser('assurance and reconciliation', () => {
  let browser: TestBrowser
  let pages: TestDashboard
  beforeAll(async () => {
    browser = await startBrowser()
    pages = await startDashboard({ ledger, banners: () => ['Test patients are accepted'] })
  })
  afterAll(async () => {
    await browser?.close()
    await pages?.close()
  })

  test.each([320, 360, 768, 1440])('fit a screen of %i pixels, sideways', async (width) => {
    const { context, outside } = await browser.window(width)
    const page = await context.newPage()
    for (const path of ['/assurance', '/reconciliation', '/reconciliation/documents?day=2026-11-23&feed=rio-http&column=waiting', '/assurance?sort=worst']) {
      await page.goto(pages.url + path)
      expect([path, await page.locator('html').evaluate((html) => html.scrollWidth)]).toEqual([path, width])
      const shots = process.env['SCREENSHOTS']
      if (shots) await page.screenshot({ path: `${shots}/${width}${path.replaceAll(/\W/gu, '-')}.png`, fullPage: true })
    }
    expect(outside).toEqual([])
    await context.close()
  })

  test('on paper there is nothing to press, and tables stay tables on a narrow sheet', async () => {
    const { context } = await browser.window(700)
    const page = await context.newPage()
    await page.emulateMedia({ media: 'print' })
    for (const path of ['/assurance', '/reconciliation']) {
      await page.goto(pages.url + path)
      for (const gone of ['.nhsuk-header', '.nhsuk-footer', '.ol-filter', '.ol-pages']) expect([path, gone, await page.locator(gone).isVisible()]).toEqual([path, gone, false])
      for (const button of await page.getByRole('button').all()) expect(await button.isVisible()).toBe(false)
      // What is true of the engine is true of its paper: of when it is, and that it is for tests.
      expect(await page.getByText(/^Printed from Openletter by A admin on 23 Nov 2026, 12:00:00, with policy [0-9a-f]{12} in force\.$/u).isVisible()).toBe(true)
      expect(await page.getByText('Test patients are accepted').isVisible()).toBe(true)
      const broken = await page.locator('.ol-tally .ol-number .ol-cell').evaluateAll((cells) => cells.filter((cell) => cell.getClientRects().length > 1).length)
      expect([path, broken]).toEqual([path, 0])
      expect((await page.getByRole('columnheader').first().boundingBox())?.height).toBeGreaterThan(10)
      expect(await page.getByRole('cell').first().evaluate((cell) => getComputedStyle(cell).display)).toBe('table-cell')
      const shots = process.env['SCREENSHOTS']
      if (shots) await page.screenshot({ path: `${shots}/print${path.replaceAll(/\W/gu, '-')}.png`, fullPage: true })
      expect([path, await page.locator('html').evaluate((html) => html.scrollWidth)]).toEqual([path, 700])
    }
    await context.close()
  })

  test('a person pastes an extract and compares it with the keyboard alone, and no id stands in an address', async () => {
    const { context } = await browser.window()
    const page = await context.newPage()
    const addresses: string[] = []
    page.on('request', (request) => addresses.push(request.url()))
    await page.goto(`${pages.url}/reconciliation`)
    await page.getByLabel('Or paste the ids').focus()
    await page.keyboard.type('RIO-9\nRIO-99\nRIO-9')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The extract beside what came in' }).waitFor()
    expect(await page.getByText('3 ids in the extract, 2 of them different.').isVisible()).toBe(true)
    expect(await page.getByRole('heading', { name: 'Sent by RiO, never received: 2' }).isVisible()).toBe(true)
    expect(addresses.join(' ')).not.toContain('RIO-9')
    const shots = process.env['SCREENSHOTS']
    if (shots) await page.screenshot({ path: `${shots}/extract.png`, fullPage: true })
    await context.close()
  })

  test('a person chooses a file instead', async () => {
    const { context } = await browser.window(360)
    const page = await context.newPage()
    await page.goto(`${pages.url}/reconciliation`)
    await page.getByLabel('File').setInputFiles({ name: 'extract.csv', mimeType: 'text/csv', buffer: Buffer.from('documentId\nRIO-9\n') })
    await page.getByRole('button', { name: 'Compare' }).click()
    expect(await page.getByText('1 ids in the extract').isVisible()).toBe(true)
    await context.close()
  })
})
