import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aFailedDelivery, anAttempt, aStory, aTellingLedger, uuid } from '../support/story.ts'

const stories = [
  aStory(),
  aStory({ deliveries: [] }, { id: uuid(2), sourceId: 'RIO-1000124', state: 'withheld', route: 'withhold', rule: 'do-not-share', because: 'It was uploaded as "MH DO NOT share with patient".' }),
  aStory(
    { deliveries: [{ ...aFailedDelivery({ id: uuid(103), documentId: uuid(3) }), attempts: [anAttempt({ outcome: 'refused', code: '422', detail: 'DocumentReference.type' })] }] },
    { id: uuid(3), sourceId: 'RIO-1000125', state: 'failed' },
  ),
]

const ledger = aTellingLedger(stories)

inBrowser('with JavaScript off, in a browser', () => {
  let browser: TestBrowser
  let pages: TestDashboard
  beforeAll(async () => {
    browser = await startBrowser()
    pages = await startDashboard({ ledger, banners: () => ['Sandbox: no document reaches PKB', 'Test patients are accepted'] })
  })
  afterAll(async () => {
    await browser?.close()
    await pages?.close()
  })

  test('a person opens the list, filters it, reads a story, and retries what failed', async () => {
    const { context, outside } = await browser.window()
    const page = await context.newPage()
    await page.goto(pages.url)
    expect(await page.getByRole('row').count()).toBe(4)

    await page.getByLabel('State').selectOption('Failed')
    await page.getByRole('button', { name: 'Filter' }).click()
    expect(new URL(page.url()).searchParams.get('state')).toBe('failed')
    expect(await page.getByRole('row').count()).toBe(2)
    expect(await page.getByLabel('State').inputValue()).toBe('failed')

    await page.getByRole('link', { name: 'RIO-1000125' }).click()
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain('Document RIO-1000125')
    expect(await page.getByText('422: DocumentReference.type').count()).toBeGreaterThan(0)
    await page.getByText('DocumentReference (FHIR R4)').click()
    expect(await page.getByText('"resourceType": "DocumentReference"').isVisible()).toBe(true)

    await page.getByRole('link', { name: 'Failed deliveries' }).click()
    await page.getByLabel('Why try again?').fill('the mapping was mended')
    await page.getByRole('button', { name: 'Retry' }).click()
    expect(await page.getByText('The delivery is tried again now.').isVisible()).toBe(true)
    expect(ledger.retried).toEqual([{ deliveryId: uuid(103), actor: 'pages', reason: 'the mapping was mended' }])
    expect(pages.woken).toEqual([[uuid(3), 'pkb']])
    expect(outside).toEqual([])
    await context.close()
  })

  test('a person searches by NHS number, and it stands in no address', async () => {
    const { context } = await browser.window()
    const page = await context.newPage()
    const addresses: string[] = []
    page.on('request', (request) => addresses.push(request.url()))
    await page.goto(`${pages.url}/search`)
    await page.getByLabel('NHS number').fill('999 000 0018')
    await page.getByRole('button', { name: 'Search' }).click()
    expect(await page.getByRole('row').count()).toBe(4)
    expect(ledger.asked.at(-1)).toMatchObject({ nhsNumber: '9990000018' })
    expect(addresses.join(' ')).not.toContain('999')
    await context.close()
  })

  test.each([320, 360, 768, 1440])('every page fits a screen of %i pixels, sideways', async (width) => {
    ledger.retried.splice(0)
    const { context } = await browser.window(width)
    const page = await context.newPage()
    for (const path of ['/', '/search', '/failed', '/policy', `/documents/${uuid(3)}`, '/nowhere']) {
      await page.goto(pages.url + path)
      const widest = await page.locator('html').evaluate((html) => html.scrollWidth)
      expect([path, widest]).toEqual([path, width])
      const shots = process.env['SCREENSHOTS']
      if (shots) await page.screenshot({ path: `${shots}/${width}${path.replaceAll('/', '-')}.png`, fullPage: true })
    }
    await context.close()
  })

  test('the keyboard reaches the content first, and each control shows that it has focus', async () => {
    const { context } = await browser.window()
    const page = await context.newPage()
    await page.goto(pages.url)
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('Skip to main content')
    for (const label of ['State', 'Since', 'RiO document id']) {
      await page.getByLabel(label).focus()
      const outline = await page.getByLabel(label).evaluate((control) => getComputedStyle(control).outlineStyle + getComputedStyle(control).boxShadow)
      expect(outline).not.toBe('nonenone')
    }
    await context.close()
  })
})
