// Every page that there is, with something on it, in a real browser and at three widths: it keeps nobody out, fits its
// window, has one heading, asks nobody else for anything. A new page joins by itself.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { BrowserContext } from 'playwright-core'
import { londonDay } from '../../src/decide/london.ts'
import { ALL, isForPrograms } from '../support/addresses.ts'
import { aBusyDay, type BusyDay } from '../support/busy-day.ts'
import { barriers, inBrowser, shoot, startBrowser, widthOf, type TestBrowser } from '../support/browser.ts'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { cookiesFor } from '../support/sign-in.ts'

const WIDTHS = [360, 768, 1440]
const today = (): string => londonDay(new Date())

/** What stands for the parameter of an address. A new one fails until it is here. */
const WITH: Readonly<Record<string, (day: BusyDay) => readonly string[]>> = {
  '/documents/:id': ({ documents }) => Object.values(documents),
  '/documents/:id/difference': ({ documents: { failed, waiting, blocked } }) => [failed, waiting, blocked],
  '/reviews/:id': ({ reviews, documents: { recalled, acknowledged } }) => [...reviews, recalled, acknowledged],
  '/runs/:id': ({ runs }) => runs,
  '/failed/:group': ({ groups }) => [...groups, 'none'],
  '/channels/:name': () => ['rio-mllp', 'rio-http', 'rio-folder', 'pkb', 'print'],
  '/people/:id': ({ people }) => people,
  '/policy/:hash': ({ policies }) => [...policies, '0'.repeat(64)],
}
/** What is asked beside, where a page takes it; the last of some is asked wrongly. */
const ASKED: Readonly<Record<string, () => readonly string[]>> = {
  '/documents': () => ['', '?state=failed', '?state=none'],
  '/reviews': () => ['', '?reason=external', '?reason=none'],
  '/today/behind': () => ['?destination=pkb&what=out', '?destination=pkb&what=waiting'],
  '/reconciliation/documents': () => [`?day=${today()}&feed=rio-http`],
  '/outcomes': () => ['', '?team=ADULT1', '?day=2020-01-01'],
  '/assurance': () => ['', '?directorate=newham', '?since=none'],
  '/audit': () => ['', '?kind=none'],
  '/channels': () => ['', '?message=channels-taken'],
  '/policy/:hash': () => ['', '?against=none'],
}
/** No page: a file, a picture, a stream, another machine. */
const NO_PAGE = /\.csv$|^\/documents\/:id\/(content|picture|pages\/:page)$|^\/sign-in\/provider|^\/live|^\/health|^\/metrics$/u
const PAGES = ALL.filter(({ method, path }) => method === 'get' && !isForPrograms(path) && !NO_PAGE.test(path)).map(({ path, right }) => [path, right] as const)

inBrowser('in a browser', () => {
  let engine: TestEngine
  let day: BusyDay
  let browser: TestBrowser
  let outside: string[]
  let [known, stranger]: BrowserContext[] = []
  beforeAll(async () => {
    engine = await anEngine()
    day = await aBusyDay(engine)
    browser = await startBrowser()
    const window = await browser.window(1440, { script: true })
    known = window.context
    outside = window.outside
    await known.addCookies(cookiesFor(day.cookie, engine.engine.url!))
    stranger = (await browser.window(1440, { script: true })).context
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await engine?.stop()
  })

  describe.each([...PAGES, ['/nowhere', 'see'] as const])('%s', (path, right) => {
    test('keeps nobody out, at any width', async () => {
      const filled = path.includes(':') ? (WITH[path]?.(day) ?? []).map((value) => path.replace(/:\w+/u, value)) : [path]
      expect(filled.length).toBeGreaterThan(0)
      const page = await (right === 'open' ? stranger! : known!).newPage()
      for (const [nth, address] of filled.flatMap((one) => (ASKED[path]?.() ?? ['']).map((query) => one + query)).entries()) {
        const answer = await page.goto(engine.engine.url! + address)
        expect([address, answer!.status() < 500, answer!.headers()['content-type']]).toEqual([address, true, 'text/html; charset=utf-8'])
        expect([address, await Promise.all((['main', 'banner', 'contentinfo'] as const).map((role) => page.getByRole(role).count()))]).toEqual([address, [1, 1, 1]])
        expect([address, await page.getByRole('heading', { level: 1 }).count()]).toEqual([address, 1])
        expect(await page.title()).toMatch(/^\S.* - Openletter$/u)
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 })
          await shoot(page, `${width}${address.replace(/[0-9a-f-]{36}/u, (id) => Object.entries(day.documents).find(([, one]) => one === id)?.[0] ?? id.slice(0, 4))}`)
          expect([address, width, await widthOf(page)]).toEqual([address, width, width])
          // What looks alike at the same address is looked at in full once, and narrow after that.
          if (nth === 0 || width === WIDTHS[0]) expect([address, width, await barriers(page)]).toEqual([address, width, []])
        }
      }
      await page.close()
      expect(outside).toEqual([])
    }, 180_000)
  })

  test('a narrow window without JavaScript still shows the way to each section', async () => {
    const { context } = await browser.window(360)
    await context.addCookies(cookiesFor(day.cookie, engine.engine.url!))
    const page = await context.newPage()
    await page.goto(engine.engine.url!)
    const links = page.getByRole('banner').getByRole('link')
    const shown = await links.evaluateAll((all) => all.filter((link) => link.checkVisibility() && link.getBoundingClientRect().right <= 360).map((link) => link.textContent.trim()))
    for (const section of ['Today', 'Documents', 'Failed', 'Review', 'Stop and recall', 'Assurance', 'Channels', 'Administration']) expect(shown).toContain(section)
    await context.close()
  })
})
