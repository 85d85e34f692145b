// Chromium for browser tests: found by CHROMIUM_PATH or on the PATH, without a word to the network of its own.
// Where it is missing the tests are skipped by name; with CI=true they fail instead.
import { describe } from '@jest/globals'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

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
