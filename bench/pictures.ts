// Makes the pictures of the README: three weeks of made-up letters in a real ledger, two pages in a real Chromium.
//   CHROMIUM_PATH=… node bench/pictures.ts
// It refuses to show anybody who lives: the patients are those of the samples.
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { rightsOf } from '../src/dashboard/rights.ts'
import { startDashboard } from '../test/support/dashboard.ts'
import { ADA, aReceipt, BEN } from '../test/support/documents.ts'
import { live, type Fate } from '../test/support/flow.ts'
import { aLedger, work, type TestLedger } from '../test/support/ledger.ts'
import setup from '../test/support/start-postgres.ts'

const FOLDER = fileURLToPath(new URL('../docs/images', import.meta.url))
const NOW = new Date('2026-11-23T14:20:00.000Z')
/** How many come in an hour of a working day, from eight in the morning. */
const HOURS = [1, 4, 6, 5, 3, 2, 5, 6, 3, 1]
/** One after the other, over and over. */
const FATES: readonly Fate[] = ['shared', 'shared', 'posted', 'shared', 'withheld', 'shared', 'shared', 'printed', 'shared', 'shared', 'withheld', 'shared', 'posted', 'shared']
const REFUSED = { kind: 'refused', code: '422', detail: 'processing DocumentReference.type', trace: { correlation: 'x', status: 422, answer: 'processing DocumentReference.type' } } as const
const PATIENTS = [ADA, { ...BEN, nhsNumber: '9990000042', given: 'Dev', family: 'Specimen', birthDate: '1961-02-03' }, { ...BEN, nhsNumber: '9990000077', given: 'Gus', family: 'Dummy', birthDate: '1978-07-07' }]

const isoOf = (day: number, hour: number, minute: number): string => new Date(Date.UTC(2026, 10, day, hour, minute)).toISOString()

const weeks = async (place: TestLedger): Promise<void> => {
  let nth = 0
  for (const day of [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23]) for (const [index, usual] of HOURS.entries()) {
    const count = usual + ((day * 7 + index * 3) % 3)
    for (let n = 0; n < count; n += 1) {
      const at = isoOf(day, 8 + index, Math.floor((n * 60) / count))
      if (at < NOW.toISOString()) await live(place, at, FATES[nth++ % FATES.length]!, { feed: nth % 5 === 0 ? 'rio-http' : 'rio-mllp' })
    }
  }
  for (const [hour, minute] of [[9, 5], [11, 40], [13, 30]] as const) await live(place, isoOf(23, hour, minute), 'review', { feed: 'rio-mllp' })
  for (const minute of [12, 16]) await live(place, isoOf(23, 14, minute), 'waiting', { feed: 'rio-mllp' })
}

/** A type of letter that PKB does not take. */
const refusals = async (place: TestLedger): Promise<void> => {
  for (let n = 0; n < 7; n += 1) {
    place.clock.at = new Date(Date.UTC(2026, 10, 23, 10, 5 + n * 27))
    const at = place.clock.at.toISOString()
    for (const { nhsNumber } of PATIENTS) await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false }, at)
    const receipt = aReceipt({ documentId: `RIO-10024${n}`, name: 'DISC Discharge letter.pdf', patient: PATIENTS[n % PATIENTS.length], uploadedAt: at }, { receivedAt: at, feed: 'rio-mllp' })
    const { id } = await place.upload({}, { receipt })
    await work(place, id, 'pkb', REFUSED)
  }
}

const shoot = async (page: Page, name: string, height: number): Promise<void> => {
  await page.setViewportSize({ width: 1440, height })
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
}

await setup()
// What comes by either feed is written as one would have it.
const place = await aLedger((policy) => ({ ...policy, feeds: { ...policy.feeds, 'rio-mllp': policy.feeds['rio-http']! } }))
try {
  await weeks(place)
  await refusals(place)
  place.clock.at = NOW
  await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, NOW.toISOString())
  await place.ledger.noteStates('a', ['pkb', 'print', 'pkb-accounts'].map((destination) => ({ destination, circuit: 'closed' as const, since: isoOf(23, 6, 0) })), NOW.toISOString())
  const visitors = { of: () => Promise.resolve({ kind: 'person' as const, id: 'jane', name: 'Jane Example', rights: rightsOf(['admin']), formToken: 'a-form' }) }
  const pages = await startDashboard({ ledger: place.ledger, policy: () => place.policy, visitors, now: () => NOW })
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] })
  const page = await browser.newPage({ javaScriptEnabled: false, locale: 'en-GB' })
  await page.goto(pages.url)
  await shoot(page, 'today', 1640)
  await page.goto(`${pages.url}/failed`)
  await page.getByRole('link', { name: /^Refused/u }).click()
  await page.getByRole('button', { name: 'Plan a retry' }).click()
  await page.getByLabel('What has changed since they were refused?').fill('PKB now takes discharge letters')
  await page.getByRole('button', { name: 'Plan again' }).click()
  await page.getByRole('region', { name: 'Start it' }).waitFor()
  await shoot(page, 'retry-plan', 1320)
  await browser.close()
  await pages.close()
} finally {
  await place.close()
  await globalThis.stopTestPostgres?.()
}
