// What people do in the console, from the first sign-in to the audit: a whole engine behind it, a real browser in front,
// JavaScript off. Each person has a window of his own.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { tellTeams } from '../support/busy-day.ts'
import { anEngine, sha256, type TestEngine } from '../support/engine.ts'
import { aPdf } from '../support/pdf.ts'
import { codeIn, PASSWORD } from '../support/sign-in.ts'
import { until } from '../support/until.ts'
import type { UploadOverrides } from '../support/upload.ts'

const ADA = '9990000018'
const CREATE = { path: '/fhir/DocumentReference', method: 'POST' }
const PEOPLE = { jane: 'Reviewer', olu: 'Reviewer', otto: 'Operator', anna: 'Analyst', vera: 'Viewer' } as const
type Name = keyof typeof PEOPLE | 'ada'

inBrowser('in the console', () => {
  let engine: TestEngine
  let browser: TestBrowser
  const outside: string[][] = []
  const windows = new Map<Name, { readonly context: BrowserContext; readonly page: Page }>()
  const by = (name: Name): Page => windows.get(name)!.page
  const open = async (name: Name): Promise<Page> => {
    const { context, outside: asked } = await browser.window()
    outside.push(asked)
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    windows.set(name, { context, page })
    return page
  }
  const go = (page: Page, path: string) => page.goto(engine.engine.url! + path)
  /** Every button leads to a page. */
  const press = (page: Page, name: string) => Promise.all([page.waitForEvent('load'), page.getByRole('button', { name, exact: true }).first().click()])
  const says = async (page: Page, text: string | RegExp): Promise<void> => { await page.getByRole('main').getByText(text).first().waitFor() }
  /** Looks again until the page says so, as a person without JavaScript does. */
  const comesToSay = (page: Page, text: string) => until(`the page says ${text}`, async () => { await page.reload(); return (await page.getByRole('main').getByText(text).count()) > 0 }, 60_000)
  const uploaded = async (documentId: string, state: string, overrides: UploadOverrides = {}): Promise<string> => {
    const file = aPdf({ mark: documentId })
    await engine.upload({ documentId, uploadedAt: new Date().toISOString(), ...overrides }, file)
    await engine.state(documentId, state)
    return sha256(file)
  }
  const inRecord = async (hash: string): Promise<boolean> => (await engine.record(ADA)).some((one) => one.sha256 === hash)

  /** With a one-time code, as anybody comes in for the first time. */
  const comeIn = async (page: Page, code: string, first?: { readonly name: string; readonly userName: string }): Promise<void> => {
    await go(page, '/sign-in/code')
    await page.getByLabel('One-time code').fill(code)
    await press(page, 'Continue')
    if (first) {
      await page.getByLabel('Your name').fill(first.name)
      await page.getByLabel('User name').fill(first.userName)
    }
    await page.getByLabel('New password').fill(PASSWORD)
    await page.getByLabel('The same again').fill(PASSWORD)
    await press(page, first ? 'Make the account' : 'Save and sign in')
  }
  const invite = async (userName: string, role: string): Promise<string> => {
    const page = by('ada')
    await go(page, '/people')
    await page.getByLabel('Name', { exact: true }).fill(`${userName} Example`)
    await page.getByLabel('User name').fill(userName)
    await page.getByLabel(role, { exact: true }).check()
    await page.getByLabel('Why?').fill('joins the records team')
    await press(page, 'Invite')
    return codeIn(await page.content())
  }

  beforeAll(async () => {
    engine = await anEngine()
    browser = await startBrowser()
    await comeIn(await open('ada'), engine.engine.firstCode!, { name: 'Ada Example', userName: 'ada' })
    for (const [name, role] of Object.entries(PEOPLE)) await comeIn(await open(name as Name), await invite(name, role))
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await engine?.stop()
  })

  test('whoever has come in with a code signs out, and in again with the password', async () => {
    const page = by('jane')
    await page.getByRole('banner').getByRole('link', { name: 'jane Example' }).click()
    await says(page, 'Reviewer')
    await press(page, 'Sign out')
    await go(page, '/reviews')
    await page.getByLabel('User name').fill('jane')
    await page.getByLabel('Password').fill(PASSWORD)
    await press(page, 'Sign in')
    await page.getByRole('heading', { level: 1, name: 'Waiting for a person' }).waitFor()
  }, 60_000)

  test('a reviewer finds a document and reads its story', async () => {
    await uploaded('FIND-1', 'acknowledged')
    const page = by('jane')
    await page.getByRole('link', { name: 'Documents', exact: true }).first().click()
    await page.getByRole('link', { name: 'Search', exact: true }).click()
    await page.getByLabel('NHS number').fill('999 000 0018')
    await page.getByLabel('RiO document id').fill('FIND-1')
    await press(page, 'Search')
    await page.getByRole('link', { name: 'FIND-1' }).click()
    await page.getByRole('heading', { level: 1, name: 'Document FIND-1 Acknowledged' }).waitFor()
    for (const text of ['999 000 0018', 'Ada Example', 'It was uploaded as "MH share with patient"', 'Decided']) await says(page, text)
    expect(page.url()).not.toContain(ADA)
  }, 60_000)

  test('two reviewers release a letter from elsewhere: the second sees the first, and only then it arrives', async () => {
    const hash = await uploaded('EXT-1', 'review', { name: 'EXTL Letter.pdf', author: { name: 'Dr Else', organisation: 'RAL' } })
    const release = async (name: Name, role: string, button: string): Promise<Page> => {
      const page = by(name)
      await page.getByRole('banner').getByRole('link', { name: 'Review', exact: true }).click()
      await page.getByRole('link', { name: 'EXT-1' }).click()
      const picture = page.getByRole('main').getByRole('img')
      await until('the letter is to be seen', async () => (await picture.evaluate((img) => (img as HTMLImageElement).naturalWidth)) > 100)
      if (name === 'olu') await says(page, 'jane was the first. One more person has to release it.')
      await page.getByLabel('In which role do you decide?').fill(role)
      await page.getByLabel('Who gave consent, and how?').fill('Dr Else, by telephone')
      await page.getByRole('region', { name: 'Release' }).getByLabel('Why?').fill('the author agrees')
      await press(page, button)
      return page
    }
    const first = await release('jane', 'Consultant psychiatrist', 'Release as the first of two')
    await says(first, 'You have released it. Another person has to be the second.')
    expect(await first.getByRole('button', { name: /^Release/u }).count()).toBe(0)
    expect([(await engine.bySourceId('EXT-1'))!.state, await inRecord(hash)]).toEqual(['review', false])
    await release('olu', 'Head of clinical records', 'Release')
    await engine.state('EXT-1', 'acknowledged')
    expect(await inRecord(hash)).toBe(true)
  }, 90_000)

  test('one reviewer releases a letter whose code is not listed', async () => {
    const hash = await uploaded('CODE-1', 'review', { name: 'ZZZZ Letter.pdf' })
    const page = by('jane')
    await go(page, '/reviews?reason=code')
    await page.getByRole('link', { name: 'CODE-1' }).click()
    await says(page, 'One person may release it.')
    await page.getByLabel('In which role do you decide?').fill('Head of clinical records')
    await page.getByRole('region', { name: 'Release' }).getByLabel('Why?').fill('an ordinary clinic letter')
    await press(page, 'Release')
    await engine.state('CODE-1', 'acknowledged')
    expect(await inRecord(hash)).toBe(true)
  }, 60_000)

  test('an operator retries what PKB refused: one stops the run, the cause is mended, the rest arrives, and the report adds up', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 0, status: 422 }] })
    const hashes = await Promise.all(['BULK-1', 'BULK-2', 'BULK-3'].map((id) => uploaded(id, 'failed')))
    const page = by('otto')
    const planned = async (why: string): Promise<void> => {
      await page.getByRole('banner').getByRole('link', { name: 'Failed', exact: true }).click()
      await page.getByRole('link', { name: /^Refused/u }).click()
      await press(page, 'Plan a retry')
      await page.getByLabel('What has changed since they were refused?').fill('the mapping was mended')
      await page.getByLabel('At most how many a minute?').fill('600')
      await press(page, 'Plan again')
      await page.getByRole('region', { name: 'Start it' }).getByLabel('Why?').fill(why)
    }
    await planned('PKB says that it takes them now')
    await says(page, '3 documents of 1 patient')
    await press(page, 'Start with one')
    await comesToSay(page, 'Stopped by itself')
    await says(page, 'A delivery failed for the same cause as before')
    expect((await Promise.all(hashes.map(inRecord))).filter(Boolean)).toEqual([])

    await engine.control({ faults: [] })
    await page.getByRole('region', { name: 'Go on' }).getByLabel('Why?').fill('now it is mended')
    await press(page, 'Go on')
    await comesToSay(page, 'Nothing of it is left to try.')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'The report as CSV' }).click()])
    const report = readFileSync(await download.path(), 'utf8').trim().split('\r\n')
    expect(report.slice(1).map((line) => /"(arrived|failed)"/u.exec(line)?.[1]).sort()).toEqual(['arrived', 'arrived', 'failed'])

    await planned('the one that was tried first')
    await says(page, '1 document of 1 patient')
    await press(page, 'Start with one')
    await comesToSay(page, 'Nothing of it is left to try.')
    for (const id of ['BULK-1', 'BULK-2', 'BULK-3']) await engine.state(id, 'acknowledged')
    expect(await Promise.all(hashes.map(inRecord))).toEqual([true, true, true])
  }, 180_000)

  test('an operator takes a letter back on its own page, and the patient has it no more', async () => {
    const hash = await uploaded('BACK-1', 'acknowledged')
    expect(await inRecord(hash)).toBe(true)
    const page = by('otto')
    await go(page, '/documents?sourceId=BACK-1')
    await page.getByRole('link', { name: 'BACK-1' }).click()
    await page.getByRole('region', { name: 'Take back from the patient' }).getByLabel('Why?').fill('the wrong letter was attached')
    await press(page, 'Take back from the patient')
    await comesToSay(page, 'Recalled')
    expect([(await engine.bySourceId('BACK-1'))!.state, await inRecord(hash)]).toEqual(['recalled', false])
  }, 60_000)

  test('an operator stops the letters of a code; what comes waits, and goes when a reviewer lifts the stop', async () => {
    const page = by('otto')
    await page.getByRole('link', { name: 'Stop and recall' }).click()
    const form = page.getByRole('region', { name: 'Stop deliveries' })
    await form.getByLabel('Those of a document code').check()
    await form.getByLabel('Which?').fill('ASMT')
    await form.getByLabel('Why?').fill('The template shows the wrong clinic.')
    await form.getByRole('button', { name: 'Stop' }).click()
    await says(page, 'No delivery to a patient begins any more that this stop holds.')
    const hash = await uploaded('STOP-1', 'waiting', { name: 'ASMT Outcome.pdf' })
    await comesToSay(page, '1 delivery waits by it')
    expect([(await engine.bySourceId('STOP-1'))!.deliveries.flatMap(({ attempts }) => attempts), await inRecord(hash)]).toEqual([[], false])
    const other = by('jane')
    await go(other, '/stops')
    const stop = other.getByRole('listitem').filter({ hasText: 'Deliveries of the code ASMT' })
    await stop.getByLabel('Why?').fill('The template was put right.')
    await stop.getByRole('button', { name: /^Lift/u }).click()
    await engine.state('STOP-1', 'acknowledged')
    expect(await inRecord(hash)).toBe(true)
  }, 60_000)

  test('a directorate’s report has its numbers, the documents behind them, and a file without patients', async () => {
    await uploaded('OVER-1', 'withheld', { documentType: 'MH DO NOT share with patient' })
    const { documents } = (await (await engine.api('/api/documents?limit=100')).json()) as { readonly documents: readonly object[] }
    const page = by('vera')
    await page.getByRole('link', { name: 'Assurance', exact: true }).first().click()
    await page.getByLabel('Directorate').selectOption({ label: 'Newham' })
    await press(page, 'Show')
    const row = page.getByRole('table', { name: /directorate/iu }).getByRole('row', { name: /Newham/u })
    expect(await row.getByRole('link').first().textContent()).toBe(String(documents.length))
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download as CSV' }).click()])
    const csv = readFileSync(await download.path(), 'utf8')
    expect(csv).toContain('newham')
    for (const secret of [ADA, 'Ada', 'Example', 'OVER-1', 'letter.pdf']) expect(csv).not.toContain(secret)
    await row.getByRole('link').nth(2).click()
    await page.getByRole('link', { name: 'OVER-1' }).waitFor()
  }, 60_000)

  test('an analyst tries a sample and a message of his own, and nothing of it is kept', async () => {
    const kept = async (): Promise<unknown> => [(await engine.list('?limit=100')).length, await engine.requests(), (await engine.record('9990000018')).length]
    const before = await kept()
    const page = by('anna')
    await page.getByRole('link', { name: 'Channels', exact: true }).first().click()
    await page.getByRole('link', { name: 'Try it' }).click()
    await page.getByLabel('Sample message').selectOption('01-share-registered.hl7')
    await press(page, 'Try the sample')
    await page.getByRole('heading', { level: 2, name: /^By the feed rio-mllp:/u }).waitFor()
    await says(page, 'Rules, in the order in which they were tried')
    expect(await kept()).toEqual(before)
  }, 60_000)

  test('a team reads what became of its letters', async () => {
    await tellTeams(engine)
    const page = by('vera')
    await go(page, '/outcomes')
    await page.getByRole('link', { name: /^Newham adult/u }).click()
    const row = page.getByRole('row', { name: /BACK-1/u })
    expect(await row.textContent()).toContain('Taken back')
    expect(await page.getByRole('row', { name: /BULK-1/u }).textContent()).toContain('Sent')
    expect(await page.content()).not.toContain(ADA)
  }, 60_000)

  test('a viewer sees a story without its patient, and cannot open the letter', async () => {
    const page = by('vera')
    await go(page, '/documents?sourceId=FIND-1')
    await page.getByRole('link', { name: 'FIND-1' }).click()
    await says(page, 'Hidden: your roles do not show who the patient is.')
    for (const secret of [ADA, '999 000 0018', 'Clinic letter', '1 High Street', 'C123']) expect(await page.content()).not.toContain(secret)
    const answer = await page.goto(`${page.url()}/content`)
    expect(answer!.status()).toBe(403)
  }, 60_000)

  test('the audit says who did what, and who saw whom', async () => {
    const page = by('ada')
    const rows = async (who: string): Promise<string> => {
      await go(page, `/audit?who=${encodeURIComponent(who)}`)
      return (await page.getByRole('table').first().textContent()) ?? ''
    }
    const [jane, olu, otto, vera] = [await rows('jane'), await rows('olu'), await rows('otto'), await rows('vera')]
    for (const text of ['EXT-1', 'CODE-1', 'the author agrees', 'The template was put right.', 'FIND-1', 'Somebody saw whose it is']) expect(jane).toContain(text)
    for (const text of ['EXT-1', 'Released by a person', 'Dr Else, by telephone']) expect(olu).toContain(text)
    for (const text of ['BACK-1', 'the wrong letter was attached', 'now it is mended', 'The template shows the wrong clinic.']) expect(otto).toContain(text)
    expect(vera).not.toContain('Somebody saw whose it is')
    expect(outside.flat()).toEqual([])
  }, 60_000)
})
