// Chromium for browser tests: found by CHROMIUM_PATH or on the PATH, without a word to the network of its own.
// Where it is missing the tests are skipped by name; with CI=true they fail instead.
import { describe } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

const path = process.env['CHROMIUM_PATH'] ??
  (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file))

/** Like `describe`, where there is a Chromium. */
export const inBrowser: typeof describe | typeof describe.skip = path !== undefined || process.env['CI'] === 'true' ? describe : describe.skip

export type TestBrowser = {
  /** A window without JavaScript unless `script` says otherwise, as wide as asked. `outside`: each address that a page asked for on another machine. */
  window(widthPx?: number, asked?: { readonly script: boolean }): Promise<{ readonly context: BrowserContext; readonly outside: string[] }>
  close(): Promise<void>
}

export const startBrowser = async (): Promise<TestBrowser> => {
  if (path === undefined) throw new Error('There is no Chromium: set CHROMIUM_PATH, or install the package chromium.')
  const browser: Browser = await chromium.launch({ executablePath: path, args: FLAGS })
  return {
    window: async (widthPx = 1440, { script } = { script: false }) => {
      const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width: widthPx, height: 900 } })
      const outside: string[] = []
      context.on('request', (request) => { if (!new URL(request.url()).host.startsWith('127.0.0.1')) outside.push(request.url()) })
      return { context, outside }
    },
    close: () => browser.close(),
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** What of WCAG 2.2 AA the page breaks: the rule, and each element that does. axe is a script, so the window needs JavaScript. */
export const barriers = async (page: Page, rules: readonly string[] = WCAG): Promise<readonly (readonly [rule: string, elements: readonly string[]])[]> => {
  const found = (await page.evaluate(`(() => { if (!window.axe) { ${AXE} } return axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'], selectors: false }) })()`)) as { readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] }
  return found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])
}

/** How wide the page is: wider than its window, it has to be scrolled sideways. */
export const widthOf = (page: Page): Promise<number> => page.locator('html').evaluate((html) => html.scrollWidth)

/** A picture for people to look at, where SCREENSHOTS names a folder. */
export const shoot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env['SCREENSHOTS']
  if (folder) await page.screenshot({ path: join(folder, `${name.replaceAll(/[^\w-]+/gu, '-')}.png`), fullPage: true })
}
