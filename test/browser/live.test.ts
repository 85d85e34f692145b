// Pages that keep themselves up to date, in a real Chromium: numbers change by themselves, and nothing that somebody is
// in the middle of is lost. Without JavaScript the page is the same.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { live } from '../support/flow.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

const NOW = '2026-11-23T12:20:00.000Z'
const LIVE = { lookMs: 30, atMostEveryMs: 50, heartbeatMs: 500, mostVisitors: 50 }

inBrowser('pages that keep themselves up to date', () => {
  let place: TestLedger
  let open: TestDashboard
  let browser: TestBrowser
  beforeAll(async () => {
    place = await aLedger()
    for (const fate of ['shared', 'posted', 'withheld', 'review', 'failed'] as const) await live(place, '2026-11-23T09:30:00Z', fate)
    open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => new Date(NOW), live: LIVE })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await open?.close()
    await place?.close()
  })
  beforeEach(async () => { for (const { id } of await place.ledger.stops()) await place.ledger.liftStop(id, 'test', 'over', NOW) })

  const see = async (path: string): Promise<Page> => {
    const { context } = await browser.window(1440, { script: true })
    const page = await context.newPage()
    const wrong: string[] = []
    page.on('console', (message) => { if (message.type() === 'error') wrong.push(message.text()) })
    page.on('pageerror', (error) => wrong.push(error.message))
    await page.goto(open.url + path)
    await page.locator('.ol-live').waitFor()
    expect(wrong).toEqual([])
    return page
  }
  const cameIn = async (page: Page): Promise<number> => Number(await page.locator('a[href="/reconciliation/documents?day=2026-11-23&feed=rio-http&column=received"]').first().textContent())

  test('a number changes by itself; focus, an open table and the place on the page stay', async () => {
    const page = await see('/')
    const before = await cameIn(page)
    await page.locator('#days-numbers summary').click()
    await page.locator('#days-numbers summary').focus()
    const link = page.locator('a[href="/failed"]').last()
    await page.evaluate(() => { window.scrollTo(0, 400) })
    const top = await page.evaluate(() => window.scrollY)
    await live(place, '2026-11-23T12:10:00Z', 'shared')
    await until('the new number', async () => (await cameIn(page)) === before + 1, 20_000)
    expect(await page.locator('.ol-live__time').textContent()).toMatch(/^Updated \d\d:\d\d:\d\d$/u)
    expect(await page.evaluate(() => [document.activeElement?.closest('details')?.id, document.querySelector<HTMLDetailsElement>('#days-numbers')?.open])).toEqual(['days-numbers', true])
    expect(await page.evaluate(() => window.scrollY)).toBe(top)
    expect(await link.count()).toBe(1)
    await page.context().close()
  }, 60_000)

  test('what matters is announced once, politely; numbers are not read out', async () => {
    const page = await see('/')
    const status = page.locator('.ol-live [role=status]')
    const before = await cameIn(page)
    await live(place, '2026-11-23T12:11:00Z', 'shared')
    await until('the new number', async () => (await cameIn(page)) === before + 1, 20_000)
    expect(await status.textContent()).toBe('')
    await live(place, '2026-11-23T12:12:00Z', 'failed')
    await until('the announcement', async () => /2 deliveries failed or blocked/u.test((await status.textContent()) ?? ''), 20_000)
    expect(await page.locator('.ol-live__time').getAttribute('aria-live')).toBeNull()
    await page.context().close()
  }, 60_000)

  test('what is new on a busy day is announced once, and then not again for a while; numbers that grow go on', async () => {
    const page = await see('/')
    const status = page.locator('.ol-live [role=status]')
    const needs = page.locator('.ol-needs__item', { hasText: 'for a person to decide' })
    await live(place, '2026-11-23T12:12:30Z', 'review')
    await until('the announcement', async () => /documents wait for a person/u.test((await status.textContent()) ?? ''), 20_000)
    const [said, shown] = [await status.textContent(), await needs.textContent()]
    // Only what is new is said.
    expect(said).not.toContain('failed or blocked')
    await live(place, '2026-11-23T12:12:40Z', 'review')
    await until('the next number', async () => (await needs.textContent()) !== shown, 20_000)
    expect(await status.textContent()).toBe(said)
    await page.context().close()
  }, 60_000)

  test('text that is selected stays so, and the page goes on after that', async () => {
    const page = await see('/')
    const before = await cameIn(page)
    await page.evaluate(() => {
      const range = document.createRange()
      range.selectNodeContents(document.querySelector('#in')!.closest('section')!)
      document.getSelection()!.addRange(range)
    })
    const marked = () => page.evaluate(() => String(document.getSelection()))
    const text = await marked()
    await live(place, '2026-11-23T12:12:50Z', 'shared')
    await until('the page to wait', async () => (await page.locator('.ol-live__time').textContent()) === 'Not updated while text is selected', 20_000)
    expect([await marked(), await cameIn(page)]).toEqual([text, before])
    await page.evaluate(() => document.getSelection()!.removeAllRanges())
    await until('the new number', async () => (await cameIn(page)) === before + 1, 20_000)
    await page.context().close()
  }, 60_000)

  test('a link that somebody is on and that goes is not taken from under them, and they hear so once', async () => {
    const page = await see('/')
    const { id } = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'wrong clinic', NOW))!
    const link = page.locator('.ol-needs a[href="/stops"]')
    await link.waitFor({ timeout: 20_000 })
    await link.focus()
    await place.ledger.liftStop(id, 'duty', 'over', NOW)
    await until('the page to wait', async () => ((await page.locator('.ol-live [role=status]').textContent()) ?? '').startsWith('Not updated'), 20_000)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('/stops')
    await page.locator('.ol-live button').focus()
    await live(place, '2026-11-23T12:12:55Z', 'shared')
    await until('the link to go', async () => (await link.count()) === 0, 20_000)
    await page.context().close()
  }, 60_000)

  test('what somebody types is kept, with the place in it, while the page around it changes', async () => {
    const page = await see('/failed')
    const field = page.locator('form input[name="reason"]').first()
    await field.fill('The template was mended')
    await field.press('Home')
    const action = await page.locator('form:has(input[name="reason"])').first().getAttribute('action')
    await live(place, '2026-11-23T12:13:00Z', 'failed')
    await until('the page to hear of it', async () => ((await page.locator('.ol-live__time').textContent()) ?? '').startsWith('Updated'), 20_000)
    const now = await page.evaluate(() => {
      const at = document.activeElement as HTMLInputElement
      return [at.name, at.value, at.selectionStart, at.closest('form')?.getAttribute('action')]
    })
    expect(now).toEqual(['reason', 'The template was mended', 0, action])
    // What it was about is gone: the page waits rather than make it about something else.
    const deliveryId = /deliveries\/([^/]+)/u.exec(action!)![1]!
    await place.ledger.retry(deliveryId, 'another', 'mended', NOW)
    await until('the page to wait', async () => ((await page.locator('.ol-live__time').textContent()) ?? '').startsWith('Not updated: what you are working on has changed'), 20_000)
    expect(await field.inputValue()).toBe('The template was mended')
    await page.context().close()
  }, 60_000)

  test('it can be paused and goes on, by keyboard', async () => {
    const page = await see('/')
    const button = page.locator('.ol-live button')
    await button.focus()
    await page.keyboard.press('Enter')
    expect(await button.textContent()).toBe('Go on updating')
    const before = await cameIn(page)
    await live(place, '2026-11-23T12:14:00Z', 'withheld')
    await page.waitForTimeout(800)
    expect([await cameIn(page), await page.locator('.ol-live__time').textContent()]).toEqual([before, 'Updates are paused'])
    await page.keyboard.press('Enter')
    await until('the new number', async () => (await cameIn(page)) === before + 1, 20_000)
    await page.context().close()
  }, 60_000)

  test('a stop appears on a page that is open', async () => {
    const page = await see('/')
    expect(await page.locator('.ol-alerts').count()).toBe(0)
    await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'wrong clinic', NOW)
    await page.locator('.ol-alerts', { hasText: 'wrong clinic' }).waitFor({ timeout: 20_000 })
    await page.context().close()
  }, 60_000)

  test('without JavaScript the page says the same', async () => {
    const { context } = await browser.window()
    const plain = await context.newPage()
    await plain.goto(open.url)
    const page = await see('/')
    const main = async (of: Page) => ((await of.locator('main').textContent()) ?? '').replaceAll(/\s+/gu, ' ')
    expect(await main(plain)).toBe(await main(page))
    expect([await plain.locator('.ol-live').count(), await page.locator('.ol-live').count()]).toEqual([0, 1])
    await context.close()
    await page.context().close()
  }, 60_000)

  test.each([360, 768, 1440])('nothing is wider than a screen of %d px', async (width) => {
    const { context, outside } = await browser.window(width, { script: true })
    const page = await context.newPage()
    await page.goto(open.url)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    expect(await page.locator('svg.ol-chart:visible').count()).toBe(4)
    if (process.env['SCREENSHOTS']) await page.screenshot({ path: `${process.env['SCREENSHOTS']}/today-${width}.png`, fullPage: true })
    expect(outside).toEqual([])
    await context.close()
  })
})
