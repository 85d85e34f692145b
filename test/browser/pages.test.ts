import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import type { RecallRow } from '../../src/ledger/ledger.ts'
import { aFailedDelivery, anAttempt, aStory, aTellingLedger, uuid } from '../support/story.ts'

const stories = [
  aStory(),
  aStory({ deliveries: [] }, { id: uuid(2), sourceId: 'RIO-1000124', state: 'withheld', route: 'withhold', rule: 'do-not-share', because: 'It was uploaded as "MH DO NOT share with patient".' }),
  aStory(
    { deliveries: [{ ...aFailedDelivery({ id: uuid(103), documentId: uuid(3) }), attempts: [anAttempt({ outcome: 'refused', code: '422', detail: 'DocumentReference.type', trace: { correlation: uuid(301), requestSha256: 'ab'.repeat(32), requestBytes: 4_000_000, status: 422 } })] }] },
    { id: uuid(3), sourceId: 'RIO-1000125', state: 'failed' },
  ),
]

const stop = { id: uuid(501), scope: 'service', value: 'ADULT1-with-a-long-name-of-its-own', actor: 'a-admin (pages)', reason: 'The template shows the wrong clinic.', at: '2026-11-23T11:00:00.000Z' } as const
const aRecall = (n: number, overrides: Partial<RecallRow> = {}): RecallRow => ({
  documentId: uuid(n), sourceId: `RIO-100012${n}`, rule: 'do-not-share', deliveryId: uuid(100 + n), destination: 'pkb', state: 'recalling', since: '2026-11-23T11:30:00.000Z', unconfirmed: false, printed: false,
  visibleFrom: '2026-11-23T09:00:01.042Z', tries: 3, lastOutcome: 'unavailable', lastCode: '503', ...overrides,
})
const RECALLS = {
  open: [aRecall(1), aRecall(3, { destination: 'print', state: 'failed', lastOutcome: 'refused', lastCode: 'ALREADY_TAKEN', tries: 1 })],
  late: [aRecall(2, { state: 'recalled', readAt: '2026-11-23T10:00:00.000Z', visibleUntil: '2026-11-23T11:31:00.000Z' }), aRecall(3, { destination: 'print', state: 'printed', printed: true })],
  unconfirmed: [aRecall(1, { state: 'recalled', unconfirmed: true, visibleUntil: '2026-11-23T11:31:00.000Z' })],
}
const pulled: unknown[] = []
const lifted = { ...stop, id: uuid(502), scope: 'all', value: '', lifted: { at: '2026-11-22T12:00:00.000Z', actor: 'a-admin (pages)', reason: 'The drill is over.' } } as const
const ledger = {
  ...aTellingLedger(stories),
  stops: (asked?: { readonly lifted: boolean }) => Promise.resolve(asked?.lifted ? [stop, lifted] : [stop]),
  waiting: () => Promise.resolve([{ team: stop.value, code: 'CLIN', deliveries: 1234 }]),
  recalls: (kind: keyof typeof RECALLS) => Promise.resolve(RECALLS[kind]),
  recallCounts: () => Promise.resolve({ open: 2, openSince: '2026-11-23T11:30:00.000Z' }),
  pullStop: (...asked: readonly unknown[]) => { pulled.push(asked); return Promise.resolve(stop) },
}

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
    await page.goto(`${pages.url}/documents`)
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

    await page.getByRole('link', { name: 'Failed', exact: true }).click()
    await page.getByLabel('Why try again?').fill('the mapping was mended')
    await page.getByRole('button', { name: 'Retry' }).click()
    expect(await page.getByText('The delivery is tried again now.').isVisible()).toBe(true)
    expect(ledger.retried).toEqual([{ deliveryId: uuid(103), actor: 'a-admin (pages)', reason: 'the mapping was mended' }])
    expect(pages.woken).toEqual([[uuid(3), 'pkb']])
    expect(outside).toEqual([])
    await context.close()
  })

  test('a person stops the letters of one code, and is told what is missing first', async () => {
    const { context } = await browser.window()
    const page = await context.newPage()
    await page.goto(pages.url)
    await page.getByRole('link', { name: 'Stop and recall' }).click()
    const form = page.getByRole('region', { name: 'Stop deliveries' })
    await form.getByLabel('Those of a document code').check()
    await form.getByLabel('Which?').fill('CLIN')
    await form.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('link', { name: /^Say why/u }).click()
    expect([await form.getByLabel('Which?').inputValue(), pulled]).toEqual(['CLIN', []])
    await form.getByLabel('Why?').fill('The template shows the wrong clinic.')
    await form.getByRole('button', { name: 'Stop' }).click()
    expect(await page.getByText('No delivery to a patient begins any more that this stop holds.').isVisible()).toBe(true)
    expect(pulled).toEqual([[{ scope: 'code', value: 'CLIN' }, 'a-admin (pages)', 'The template shows the wrong clinic.', '2026-11-23T12:00:00.000Z']])
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
    for (const path of ['/documents', '/search', '/failed', '/recalls', '/stops', '/policy', `/documents/${uuid(3)}`, '/nowhere']) {
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
    await page.goto(`${pages.url}/documents`)
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
