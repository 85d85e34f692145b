// Alerts and daily outcomes in a browser: narrow and wide, and without a violation that axe finds.
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Incident } from '../../src/decide/incidents.ts'
import type { OutcomeLine } from '../../src/ledger/ledger.ts'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aStory, aTellingLedger, uuid } from '../support/story.ts'

const AT = '2026-11-23T09:00:00.000Z'
const anIncident = (n: number, overrides: Partial<Incident> = {}): Incident => ({ id: uuid(n), kind: 'feed-down', thing: 'rio-mllp', about: 'rio-mllp', since: AT, openedAt: AT, seenAt: AT, times: 1, reminders: 0, ...overrides })
const aLine = (n: number, overrides: Partial<OutcomeLine> = {}): OutcomeLine => ({ documentId: uuid(n), team: 'ADULT1', outcome: 'sent', because: 'It was uploaded as "MH share with patient" and goes to the patient’s PKB record.', code: 'CLIN', uploadedBy: 'admin42', sourceId: `RIO-100012${n}`, firstReceivedAt: AT, ...overrides })
const lines = [aLine(1), aLine(2, { outcome: 'withheld', because: 'It was uploaded as "MH DO NOT share with patient".' }), aLine(3, { outcome: 'posted', before: 'sent' }), aLine(4, { team: 'CAMHS1', outcome: 'conflict' })]
const ledger = {
  ...aTellingLedger([aStory()]),
  incidents: () => Promise.resolve({
    open: [
      { ...anIncident(1), told: [{ way: 'email' as const, says: 'opened' as const, at: AT, tries: 3, lastCode: 'ECONNREFUSED' }, { way: 'webhook' as const, says: 'opened' as const, at: AT, sentAt: AT, tries: 0 }] },
      { ...anIncident(2, { kind: 'failures', thing: 'abc', about: 'pkb, 422 processing DocumentReference.type', count: 1204, times: 3, taken: { by: 'jane (pages)', at: AT, reason: 'PKB is mending it' } }), told: [] },
      { ...anIncident(3, { kind: 'feed-silent', thing: 'rio-http', about: 'rio-http', calmSince: AT }), told: [] },
    ],
    resolved: [anIncident(4, { kind: 'queue-age', about: 'pkb', resolvedAt: '2026-11-23T11:00:00.000Z' })],
  }),
  outcomeDays: () => Promise.resolve([{ day: '2026-11-22', madeAt: '2026-11-23T05:00:00.000Z' }]),
  outcomeLines: (_day: string, team?: string) => Promise.resolve(lines.filter((line) => team === undefined || line.team === team)),
}
const PAGES = ['/alerts', '/outcomes', '/outcomes?team=ADULT1']

inBrowser('alerts and daily outcomes', () => {
  let browser: TestBrowser
  let pages: TestDashboard
  beforeAll(async () => {
    browser = await startBrowser()
    pages = await startDashboard({ ledger, alerting: { ways: ['email', 'webhook'], test: () => Promise.resolve([]) } })
  })
  afterAll(async () => {
    await browser?.close()
    await pages?.close()
  })

  test.each([320, 360, 768, 1440])('fit a screen of %i pixels, sideways', async (width) => {
    const { context, outside } = await browser.window(width)
    const page = await context.newPage()
    for (const path of PAGES) {
      await page.goto(pages.url + path)
      expect([path, await page.locator('html').evaluate((html) => html.scrollWidth)]).toEqual([path, width])
      const shots = process.env['SCREENSHOTS']
      if (shots) await page.screenshot({ path: `${shots}/${width}${path.replaceAll(/\W/gu, '-')}.png`, fullPage: true })
    }
    expect(outside).toEqual([])
    await context.close()
  })

  test('have no violation that axe finds', async () => {
    // The pages run no script; axe is one, and needs a window that does.
    const context = await (await browser.window()).context.browser()!.newContext()
    const page = await context.newPage()
    for (const path of PAGES) {
      await page.goto(pages.url + path)
      const axe = createRequire(import.meta.url)('axe-core') as { readonly source: string }
      const violations = await page.evaluate(`${axe.source}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`)
      expect([path, violations]).toEqual([path, []])
    }
    await context.close()
  })
})
