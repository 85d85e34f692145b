// The channels and the page that tries messages in a browser: narrow and wide, by keyboard alone, and without what keeps
// somebody out.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { aDesk } from '../support/channels.ts'
import { NOON, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'
import { aStory, aTellingLedger, uuid } from '../support/story.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const heard = { process: uuid(1), at: NOON }
const ledger = {
  ...aTellingLedger([aStory()]),
  haltedChannels: () => Promise.resolve([
    { channel: 'rio-folder', state: 'stopped' as const, actor: 'j.smith (pages)', reason: 'The share is being moved to another server.', at: '2026-11-23T09:12:00.000Z' },
    { channel: 'print', state: 'paused' as const, actor: 'Duty manager, by api-token (api)', reason: 'The print house asked for an hour.', at: '2026-11-23T11:30:00.000Z' },
  ]),
  channelReports: () => Promise.resolve([
    { ...heard, channel: 'rio-mllp', is: 'down' as const, why: 'Feed rio-mllp cannot listen on 127.0.0.1:2575: something else does.' }, { ...heard, channel: 'rio-http', is: 'running' as const }, { ...heard, channel: 'rio-folder', is: 'stopped' as const },
    { ...heard, channel: 'pkb', is: 'running' as const, circuit: 'open' as const, until: '2026-11-23T12:01:00.000Z' }, { ...heard, channel: 'print', is: 'running' as const, circuit: 'closed' as const },
  ]),
  channelActivity: (feeds: readonly string[], destinations: readonly string[]) => Promise.resolve([
    ...feeds.map((channel, n) => ({ channel, last: '2026-11-23T11:58:30.000Z', since: 1234 * n })), ...destinations.map((channel) => ({ channel, last: '2026-11-23T11:40:00.000Z', since: 812, waiting: 96 })),
  ]),
}

inBrowser('the channels', () => {
  let browser: TestBrowser
  let files: PolicyFolder
  let pages: TestDashboard
  beforeAll(async () => {
    browser = await startBrowser()
    files = aPolicyFolder()
    const desk = await aDesk(files.settings, () => new Date(NOON))
    files.change('mappings/document-codes.csv', 'Discharge letter,clinical', 'Letter at discharge,other')
    pages = await startDashboard({ ledger, policy: () => desk.inForce().policy, channels: desk.channels, tryIt: desk.tryIt })
  })
  afterAll(async () => {
    await browser?.close()
    await pages?.close()
    files?.remove()
  })

  const PATHS = ['/channels', '/channels/rio-mllp', '/channels/print', '/try']
  const shot = process.env['SCREENSHOTS']

  test.each([[320, false], [360, false], [768, false], [1440, true]])('fit a screen of %i pixels, sideways, and keep nobody out', async (width, script) => {
    const { context, outside } = await browser.window(width, { script })
    const page = await context.newPage()
    const looked = async (name: string): Promise<void> => {
      expect([name, await page.locator('html').evaluate((html) => html.scrollWidth)]).toEqual([name, width])
      if (shot) await page.screenshot({ path: `${shot}/${width}${name.replaceAll(/\W/gu, '-')}.png`, fullPage: true })
      // Axe is a script.
      if (!script) return
      const found = await page.evaluate(`(() => { ${axe}; return axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }) })()`) as { readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] }
      expect([name, found.violations.map(({ id, nodes }) => [id, nodes[0]!.html])]).toEqual([name, []])
    }
    for (const path of PATHS) {
      await page.goto(pages.url + path)
      await looked(path)
    }
    await page.getByLabel('Sample message').selectOption('05-external-marked-share.hl7')
    await page.getByRole('button', { name: 'Try the sample' }).click()
    expect(await page.getByRole('heading', { level: 2 }).first().textContent()).toBe('By the feed rio-mllp: Review')
    await looked('/try-result')
    expect(outside).toEqual([])
    await context.close()
  }, 60_000)

  test('a message is tried by keyboard alone', async () => {
    const { context } = await browser.window()
    const page = await context.newPage()
    await page.goto(`${pages.url}/try?feed=rio-mllp`)
    const to = async (name: string): Promise<void> => {
      for (let n = 0; n < 60; n += 1) {
        await page.keyboard.press('Tab')
        if ((await page.locator(':focus').getAttribute('id').catch(() => null)) === name) return
      }
      throw new Error(`${name} is not reached`)
    }
    await to('message')
    await page.keyboard.insertText('MSH|^~\\&|RIO|RWK|||20261120||MDM^T02|T1|P|2.4')
    await to('account')
    await page.keyboard.press('Tab')
    await to('deceased')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The feed rio-mllp would refuse it' }).waitFor()
    await context.close()
  })
})
