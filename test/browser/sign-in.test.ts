// From the first code to a colleague who signs in, in a real Chromium without JavaScript; each page on the way is looked
// at by axe, and fits a narrow window. SCREENSHOTS names a folder for pictures of them.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { keptCode, linkOf, newCode } from '../../src/dashboard/sign-in/codes.ts'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { API_TOKEN, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { PASSWORD, realVisitors, signedIn } from '../support/sign-in.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const shots = process.env['SCREENSHOTS']

inBrowser('signing in, in a browser', () => {
  let browser: TestBrowser
  let place: TestLedger
  let open: TestDashboard
  let auditor: Page
  beforeAll(async () => {
    place = await aLedger()
    open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, visitors: realVisitors(place, API_TOKEN), now: () => place.clock.at })
    browser = await startBrowser()
    auditor = await (await browser.window(1440, { script: true })).context.newPage()
    await auditor.goto(`${open.url}/sign-in`)
    if (shots) mkdirSync(shots, { recursive: true })
  })
  afterAll(async () => {
    await browser?.close()
    await open?.close()
    await place?.close()
  })

  const looked = async (page: Page, name: string): Promise<void> => {
    for (const width of [320, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      if (shots) await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true })
      expect([name, width, await page.evaluate('document.documentElement.scrollWidth') as number <= width]).toEqual([name, width, true])
    }
    // Axe needs timers, which a window without scripts does not have: it looks at the same page in another.
    await auditor.setContent(await page.content())
    const { violations } = (await auditor.evaluate(`(() => { ${axe}; return axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }) })()`)) as { readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] }
    expect([name, violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)]).toEqual([name, []])
  }

  test('the first account is made, a colleague is invited, chooses a password, changes it, and is disabled', async () => {
    const { context, outside } = await browser.window()
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    const code = newCode()
    await place.ledger.firstCode(keptCode(code, 1, place.clock.at), place.clock.at.toISOString())

    await page.goto(`${open.url}/stops`)
    await looked(page, 'sign-in-nobody-yet')
    await page.getByRole('button', { name: 'Make the first account' }).click()
    await page.getByLabel('One-time code').fill('wrong')
    await page.getByRole('button', { name: 'Continue' }).click()
    await looked(page, 'code-wrong')
    await page.goto(linkOf(open.url, code))
    await looked(page, 'code-link')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Your name').fill('Ada Example')
    await page.getByLabel('User name').fill('Ada')
    await page.getByLabel('New password').fill('password1234')
    await page.getByLabel('The same again').fill('password1234')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await looked(page, 'first-account-wrong')
    expect(await page.getByLabel('User name').inputValue()).toBe('Ada')
    await page.getByLabel('New password').fill(PASSWORD)
    await page.getByLabel('The same again').fill(PASSWORD)
    await page.getByRole('button', { name: 'Make the account' }).click()

    await page.getByRole('link', { name: 'Administration' }).click()
    await page.goto(`${open.url}/people`)
    await page.getByLabel('Name', { exact: true }).fill('Jane Example')
    await page.getByLabel('User name').fill('jane')
    await page.getByRole('button', { name: 'Invite' }).click()
    await looked(page, 'people-wrong')
    await page.getByLabel('Reviewer').check()
    await page.getByLabel('Why?').fill('joins the records team')
    await page.getByRole('button', { name: 'Invite' }).click()
    await looked(page, 'invited')
    const invitation = /[2-9A-Z]{4}(-[2-9A-Z]{4}){5}/u.exec(await page.content())![0]
    await page.goto(`${open.url}/people`)
    await page.locator('summary', { hasText: 'What each role may' }).click()
    await looked(page, 'people')
    await page.getByRole('link', { name: 'jane' }).click()
    await looked(page, 'person')

    const { context: hers } = await browser.window()
    const other = await hers.newPage()
    other.setDefaultTimeout(15_000)
    await other.goto(`${open.url}/sign-in`)
    await looked(other, 'sign-in')
    await other.getByRole('link', { name: 'I have a one-time code' }).click()
    await looked(other, 'code')
    await other.getByLabel('One-time code').fill(invitation.toLowerCase())
    await other.getByRole('button', { name: 'Continue' }).click()
    await looked(other, 'invited-password')
    await other.getByLabel('New password').fill(PASSWORD)
    await other.getByLabel('The same again').fill(PASSWORD)
    await other.getByRole('button', { name: 'Save and sign in' }).click()
    await other.getByRole('link', { name: 'Jane Example' }).click()
    await looked(other, 'account')
    await other.getByLabel('Present password').fill(PASSWORD)
    await other.getByLabel('New password').fill('quartz lantern mosaic')
    await other.getByLabel('The same again').fill('quartz lantern mosaic')
    await other.getByRole('button', { name: 'Change the password' }).click()
    await looked(other, 'password-changed')
    await other.goto(`${open.url}/stops`)
    await other.getByLabel('User name').fill('jane')
    await other.getByLabel('Password').fill('quartz lantern mosaic')
    await other.getByRole('button', { name: 'Sign in' }).click()
    expect(new URL(other.url()).pathname).toBe('/stops')

    await page.locator('#reason-disable').fill('left the trust')
    await page.getByRole('button', { name: 'Disable' }).click()
    await looked(page, 'person-disabled')
    await other.goto(`${open.url}/documents`)
    expect(new URL(other.url()).pathname).toBe('/sign-in')
    await other.getByLabel('User name').fill('jane')
    await other.getByLabel('Password').fill('quartz lantern mosaic')
    await other.getByRole('button', { name: 'Sign in' }).click()
    await looked(other, 'sign-in-refused')
    await page.goto(`${open.url}/documents`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    expect(page.url()).toBe(`${open.url}/sign-in?message=signed-out`)
    await page.goto(`${open.url}/documents`)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    expect(outside).toEqual([])
    await context.close()
    await hers.close()
  }, 120_000)

  test('what was typed before the session ended is there to be copied, and its page after signing in', async () => {
    const jane = await signedIn(place, { role: 'operator' })
    const { context } = await browser.window()
    await context.addCookies(jane.cookies(open.url))
    const page = await context.newPage()
    await page.goto(`${open.url}/stops`)
    const typed = 'PKB rang: ward letters show the <wrong> clinic'
    await page.getByLabel('All deliveries to patients').check()
    const why = page.getByRole('region', { name: 'Stop deliveries' }).getByLabel('Why?')
    await why.focus()
    await page.keyboard.type(typed)
    await place.ledger.endSessions({ staffId: jane.staff.id, except: jane.staff.id }, 'test', place.clock.at.toISOString())
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Nothing was done: you were signed out' }).waitFor()
    expect([await page.getByText(typed, { exact: true }).isVisible(), page.url().includes('PKB'), await place.ledger.stops()]).toEqual([true, false, []])
    await looked(page, 'signed-out')

    const opened = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Sign in (opens in a new tab)' }).focus()
    await page.keyboard.press('Enter')
    const other = await opened
    await other.getByLabel('User name').fill(jane.staff.userName)
    await other.getByLabel('Password').fill(PASSWORD)
    await other.keyboard.press('Enter')
    await other.waitForURL(`${open.url}/stops`)
    expect(await page.getByText(typed, { exact: true }).isVisible()).toBe(true)
    // Of the session before: refused, and given back as well.
    await page.getByRole('link', { name: 'back to where you were' }).click()
    await page.getByLabel('All deliveries to patients').check()
    await other.getByRole('button', { name: 'Sign out' }).click()
    const again = await signedIn(place, { staff: jane.staff })
    await context.addCookies(again.cookies(open.url))
    await why.fill(typed)
    await why.press('Enter')
    await page.getByText('FORM_NOT_OURS').waitFor()
    expect(await page.getByText(typed, { exact: true }).isVisible()).toBe(true)
    await looked(page, 'form-of-before')
    await context.close()
  }, 60_000)
})
