// The pages of policies in a real browser without JavaScript: one that loosens rules, codes and a mapping at once keeps
// nobody out and fits its window, and the way from the policy in force to what it changed is a link.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { barriers, inBrowser, shoot, startBrowser, widthOf, type TestBrowser } from '../support/browser.ts'
import { aPolicyStatus, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedgerOfPolicies, type KeptPolicies } from '../support/kept-policies.ts'

inBrowser('in a browser without JavaScript', () => {
  let browser: TestBrowser
  let kept: KeptPolicies
  let pages: TestDashboard
  let [strict, loose] = ['', '']
  beforeAll(async () => {
    kept = await aLedgerOfPolicies()
    const { folder } = kept
    folder.change('mappings/document-codes.csv', /^CLIN,(.*),listed/mu, 'CLIN,$1,blocked')
    folder.change('mappings/sharing-rules.yaml', /(name: out-of-scope\n.*\n {4}route:) print/u, '$1 withhold')
    strict = await kept.inForce('2026-11-02T08:00:00.000Z')
    folder.restore()
    folder.change('mappings/rio-hl7-mdm.yaml', 'CON-22', 'CON-23')
    folder.change('channels/rio-mllp.yaml', 'expect: { route: print', 'expect: { route: pkb')
    loose = await kept.inForce('2026-11-03T08:00:00.000Z')
    pages = await startDashboard({ ledger: kept.place.ledger, policies: kept.policies, policyStatus: () => aPolicyStatus({ hash: loose }) })
    browser = await startBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await pages?.close()
    await kept?.close()
  })

  test('from the policy in force to all that it changed, and to another comparison', async () => {
    const { context } = await browser.window()
    const page = await context.newPage()
    await page.goto(`${pages.url}/policy`)
    expect(await page.getByText('Loosens', { exact: true }).isVisible()).toBe(true)
    await page.getByRole('link', { name: 'All that this policy changed' }).click()
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(`Policy ${loose.slice(0, 12)}`)
    await page.getByLabel('Compare with another policy').fill(loose.slice(0, 8))
    await page.getByRole('button', { name: 'Compare' }).click()
    expect(await page.getByText('Nothing changed.').isVisible()).toBe(true)
    await context.close()
  })

  test.each([320, 360, 768, 1440])('each fits a screen of %i pixels, and keeps nobody out', async (width) => {
    const { context } = await browser.window(width, { script: true })
    const page = await context.newPage()
    for (const [name, address] of [['policies', '/policy'], ['loose', `/policy/${loose}`], ['strict', `/policy/${strict}?against=${loose}`], ['unknown', `/policy/${'0'.repeat(64)}`]] as const) {
      await page.goto(pages.url + address)
      await shoot(page, `${width}-${name}`)
      expect([name, await widthOf(page), await barriers(page)]).toEqual([name, width, []])
    }
    await context.close()
  })
})
