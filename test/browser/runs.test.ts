// Retry runs in a real Chromium, without JavaScript: a plan, a start, a canary that stops; the difference of one document.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const BUSY = { kind: 'unavailable', code: '503', detail: 'asked to wait' } as const
const REFUSED = { kind: 'refused', code: '422', detail: 'processing DocumentReference.type', trace: { correlation: 'x', status: 422, answer: 'processing DocumentReference.type' } } as const
const SHOTS = process.env['SCREENSHOTS']

inBrowser('retry runs in a browser', () => {
  let place: TestLedger
  let pages: TestDashboard
  let browser: TestBrowser
  const iso = () => place.clock.at.toISOString()
  const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
  let nth = 0
  const inTrouble = async (outcome: object, patient = ADA) => {
    const { id } = await place.upload({ documentId: `RIO-B${++nth}`, patient, uploadedAt: new Date(Date.UTC(2026, 10, 20, 11) + nth * 1000).toISOString() })
    await work(place, id, 'pkb', outcome)
    later(1)
    return id
  }
  beforeAll(async () => {
    place = await aLedger()
    for (const { nhsNumber } of [ADA, BEN]) await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false }, iso())
    await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, iso())
    pages = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
    browser = await startBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await pages?.close()
    await place?.close()
  })

  /** No rule of WCAG broken, and nothing wider than the window, at any width. */
  const looksRight = async (page: Page, name: string) => {
    for (const width of [320, 360, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      expect([name, width, await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')]).toEqual([name, width, true])
      if (SHOTS && (width === 360 || width === 1440)) await page.screenshot({ path: `${SHOTS}/${name}-${width}.png`, fullPage: true })
    }
    // The pages need no JavaScript; what looks at them does.
    const looking = await page.context().browser()!.newContext()
    const other = await looking.newPage()
    await other.goto(page.url())
    await other.evaluate(AXE)
    const { violations } = await other.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })")
    await looking.close()
    expect([name, violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])]).toEqual([name, []])
  }

  test('an operator plans a retry, starts it, and it stops by itself', async () => {
    const ids = [await inTrouble(BUSY), await inTrouble(BUSY, BEN), await inTrouble({ kind: 'unsure', code: '503', detail: '' }), await inTrouble(REFUSED)]
    const { context } = await browser.window()
    const page = await context.newPage()
    await page.goto(`${pages.url}/failed`)
    await page.getByRole('link', { name: /^Destination down/u }).click()
    await looksRight(page, 'group')
    await page.getByRole('button', { name: 'Plan a retry' }).click()
    expect(await page.getByText('3 documents of 2 patients').isVisible()).toBe(true)
    await looksRight(page, 'plan')
    await page.getByRole('button', { name: 'Start with one' }).click()
    await page.getByRole('link', { name: /^Say why/u }).click()
    await page.getByRole('region', { name: 'Start it' }).getByLabel('Why?').fill('PKB says it is back')
    await page.getByRole('button', { name: 'Start with one' }).click()
    const id = new URL(page.url()).pathname.slice('/runs/'.length)
    later(1)
    await place.ledger.driveRun(id, iso())
    await page.getByRole('link', { name: 'Look again' }).click()
    await looksRight(page, 'running')
    await work(place, ids[0]!, 'pkb', BUSY)
    later(1)
    await place.ledger.driveRun(id, iso())
    await page.reload()
    expect(await page.getByText('A delivery failed for the same cause as before').isVisible()).toBe(true)
    await looksRight(page, 'stopped')
    await page.getByRole('link', { name: 'Retry runs' }).click()
    await looksRight(page, 'runs')
    await context.close()
  }, 60_000)

  test('an analyst chooses one that was refused, sees what would be different, and has it posted', async () => {
    const id = await inTrouble(REFUSED, BEN)
    await place.pool.query("update revisions set resource = (resource::jsonb || '{\"docStatus\": \"preliminary\", \"description\": \"Another title\"}')::json where document_id = $1", [id])
    const { context } = await browser.window()
    const page = await context.newPage()
    await page.goto(`${pages.url}/failed`)
    await page.getByRole('link', { name: /^Refused/u }).click()
    await page.getByLabel(`Choose RIO-B${nth}`).check()
    await page.getByLabel('With those that you choose below').selectOption({ label: 'Decide and try again' })
    await page.getByRole('button', { name: 'Plan for those chosen' }).click()
    expect(await page.getByText('1 refused by the destination').isVisible()).toBe(true)
    await page.getByLabel('What has changed since they were refused?').fill('The type of letters was mended')
    await page.getByRole('button', { name: 'Plan again' }).click()
    expect(await page.getByRole('region', { name: 'What would be different' }).getByText('description (1), docStatus (1)').isVisible()).toBe(true)
    await looksRight(page, 'plan-refused')
    await page.goto(`${pages.url}/documents/${id}`)
    await page.getByRole('link', { name: /^Decide again, or print instead/u }).click()
    await looksRight(page, 'difference')
    const print = page.getByRole('region', { name: 'Print instead' })
    await print.getByLabel('Why?').fill('PKB cannot take it before the clinic')
    await print.getByRole('button', { name: 'Print instead' }).click()
    expect(await page.getByText('The letter goes by post instead.').isVisible()).toBe(true)
    await context.close()
  }, 60_000)
})
