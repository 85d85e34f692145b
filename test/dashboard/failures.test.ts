// The page of failed deliveries, one group, and both for programs, over a real ledger.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Outcome } from '../../src/types.ts'
import { CAUSES } from '../../src/decide/cause.ts'
import { AE_IN_WORDS, CAUSES_IN_WORDS } from '../../src/dashboard/failed/cause-words.ts'
import { inBrowser, startBrowser } from '../support/browser.ts'
import { formOf, formTokenIn, signedInAs, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const BOB = { ...ADA, nhsNumber: '9990000026', clientId: 'C2', family: 'Sample', given: 'Bob' }
const SECRETS = [ADA.nhsNumber, BOB.nhsNumber, ADA.family, ADA.birthDate, 'garden', 'High Street', '"C1"']

let place: TestLedger
let open: TestDashboard
const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const tried = async (documentId: string, outcome: Partial<Outcome>, metadata: object = {}) => {
  const { id } = await place.upload({ documentId, name: 'CLIN Letter about the garden.pdf', ...metadata })
  await work(place, id, 'pkb', outcome)
  return id
}
const refused = (answer: string) => ({ kind: 'refused', code: '422', detail: `HTTP 422: ${answer}`, trace: { correlation: '11111111-0000-4000-8000-000000000000', status: 422, answer } }) as const
const page = async (path: string, init?: RequestInit) => {
  const answer = await fetch(open.url + path, init)
  return { status: answer.status, html: await answer.text() }
}
type Groups = { readonly documents: number; readonly groups: readonly { readonly key: string; readonly cause: string; readonly signature: string }[] }
const groups = async () => (await (await open.api('/api/failures')).json()) as Groups
const keyOf = async (cause: string) => (await groups()).groups.find((group) => group.cause === cause)!.key
const ids: string[] = []

beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
  for (const { nhsNumber } of [ADA, BOB]) await place.ledger.savePerson(nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, iso())
  ids.push(await tried('RIO-1', refused('processing DocumentReference.type')))
  later(1)
  ids.push(await tried('RIO-2', refused('processing DocumentReference.type'), { patient: BOB }))
  later(3000)
  await tried('RIO-3', { kind: 'unavailable', code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', detail: 'The connection failed.' })
  later(1200)
}, 60_000)
afterAll(async () => {
  await open?.close()
  await place?.close()
})

describe('the page of failed deliveries', () => {
  test('shows the groups first, with their numbers, and leads to each', async () => {
    const { status, html } = await page('/failed')
    expect(status).toBe(200)
    for (const text of ['3 documents of 2 patients in trouble', '422 processing DocumentReference.type', '2 for a person', '0 this hour, 2 the hour before: falling', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', '1 tried again', '1 this hour, 0 the hour before: rising']) expect(html).toContain(text)
    expect(html).toContain(`href="/failed/${await keyOf('refused')}"`)
    expect(html.indexOf('By cause')).toBeLessThan(html.indexOf('Waiting for a person, newest first'))
    expect(html).not.toMatch(/undefined|\[object/u)
    for (const secret of SECRETS) expect(html).not.toContain(secret)
  })

  test('offers a retry to nobody who may not retry, and to all the way to what a new decision would change', async () => {
    const viewer = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, visitors: signedInAs('viewer') })
    const [{ html: all }, seen] = [await page('/failed'), await (await fetch(`${viewer.url}/failed`)).text()]
    await viewer.close()
    expect([all.match(/Why try again/gu)?.length, seen.match(/Why try again|\/retry"/gu)]).toEqual([2, null])
    for (const html of [all, seen]) for (const id of ids) expect(html).toContain(`href="/documents/${id}/difference"`)
  })

  test('puts a new decision before a retry of what was refused, and offers none of what was blocked', async () => {
    const buttons = ({ html }: { readonly html: string }) => [...html.matchAll(/(Plan (?:a|to) [a-z ]+)/gu)].map(([, text]) => text!.trim())
    expect(buttons(await page(`/failed/${await keyOf('refused')}`))).toEqual(['Plan to decide and try again', 'Plan a retry', 'Plan to print instead'])
    expect(buttons(await page(`/failed/${await keyOf('network-tls')}`))).toEqual(['Plan a retry', 'Plan to decide and try again', 'Plan to print instead'])
    await place.pool.query("update deliveries set state = 'blocked', last_code = 'SECOND_KEY', last_detail = 'F6: identity' where document_id = $1", [ids[1]])
    expect(buttons(await page(`/failed/${await keyOf('second-key')}`))).toEqual(['Plan to decide and try again', 'Plan to print instead'])
    await place.pool.query("update deliveries set state = 'failed', last_code = '422', last_detail = '' where document_id = $1", [ids[1]])
  })

  test('and one group tell what it means, what to do, and its documents with the way to their attempts', async () => {
    const { status, html } = await page(`/failed/${await keyOf('refused')}`)
    expect(status).toBe(200)
    for (const text of [CAUSES_IN_WORDS.refused.act, 'None: all of them wait for a person', `${place.policy.hash.slice(0, 12)} (2 documents)`, `href="/documents/${ids[0]}#deliveries"`, 'RIO-1', 'RIO-2']) expect(html).toContain(text)
    expect(html).not.toContain('RIO-3')
    expect(html).not.toMatch(/undefined|\[object/u)
    for (const secret of SECRETS) expect(html).not.toContain(secret)
    expect((await page(`/documents/${ids[0]}`)).html).toContain('id="deliveries"')
  })

  test('page through a group by its cursor', async () => {
    const key = await keyOf('refused')
    const first = await page(`/failed/${key}?limit=1`)
    const next = /href="(\/failed\/[^"]*cursor=[^"]*)"/u.exec(first.html)?.[1] ?? ''
    const second = await page(next.replaceAll('&amp;', '&'))
    expect([first.html.includes('RIO-2'), second.html.includes('RIO-1<'), second.html.includes('RIO-2')]).toEqual([false, false, true])
  })

  test('say so where a group is empty by now, or was never one', async () => {
    const { status, html } = await page('/failed/rate-limit-0000000000000000')
    expect([status, html.includes('Nothing is in this group')]).toEqual([404, true])
    for (const path of ['/failed/nobody', '/failed/9990000018']) expect((await page(path)).status).toBe(404)
    expect((await page(`/failed/${await keyOf('refused')}?limit=0`)).status).toBe(400)
  })

  test('take no retry of what was refused without a reason', async () => {
    const { html } = await page('/failed')
    expect(html).toContain('It was refused, so say what has changed.')
    const action = /action="(\/deliveries\/[^"]+)"/u.exec(html)?.[1] ?? ''
    const answer = await page(action, formOf({ formToken: formTokenIn(html), reason: ' ' }))
    expect([answer.status, answer.html.includes('say what has changed since')]).toEqual([400, true])
    expect((await groups()).documents).toBe(3)
  })
})

describe('the next try', () => {
  test('is not before the destination is asked again, whatever is due there', async () => {
    const key = await keyOf('network-tls')
    const states = (process: string, circuit: 'open' | 'closed', until?: string) => place.ledger.noteStates(process, [{ destination: 'pkb', circuit, since: iso(), ...(until === undefined ? {} : { until, code: '503' }) }], iso())
    const said = async () => {
      const { group, deliveries } = (await (await open.api(`/api/failures/${key}`)).json()) as { group: { nextAt: string }; deliveries: { dueAt: string }[] }
      return [group.nextAt, deliveries[0]!.dueAt]
    }
    const due = await said()
    expect(due.every((at) => at! <= iso())).toBe(true)
    expect((await page(`/failed/${key}`)).html).toMatch(/Next try<\/dt>\s*<dd[^>]*>\s*Now/u)
    const until = new Date(place.clock.at.getTime() + 90_000).toISOString()
    await states('one', 'open', until)
    expect(await said()).toEqual([until, until])
    expect((await page(`/failed/${key}`)).html).not.toMatch(/Next try<\/dt>\s*<dd[^>]*>\s*Now/u)
    expect((await groups()).groups.find((group) => group.key === key)).toMatchObject({ nextAt: until })
    expect((await groups()).groups.find(({ cause }) => cause === 'refused')).not.toHaveProperty('nextAt')
    // Another process goes on sending.
    await states('two', 'closed')
    expect(await said()).toEqual(due)
    for (const process of ['one', 'two']) await place.ledger.forgetStates(process)
  })
})

describe('as CSV', () => {
  const csv = async (path: string) => {
    const answer = await fetch(open.url + path)
    return { status: answer.status, type: answer.headers.get('content-type'), name: answer.headers.get('content-disposition'), text: await answer.text() }
  }

  test('the groups, as the page has them, without a patient', async () => {
    expect((await page('/failed')).html).toContain('href="/failed.csv"')
    const { type, name, text } = await csv('/failed.csv')
    expect([type, name]).toEqual([expect.stringContaining('text/csv'), 'attachment; filename="failed.csv"'])
    const [head, ...lines] = text.trimEnd().split('\r\n')
    expect(head).toMatch(/^"group","cause","signature","destination","documents","patients",/u)
    expect(lines).toEqual([expect.stringMatching(/^"refused-[0-9a-f]{16}","refused","422 processing DocumentReference\.type","pkb","2","2","0","2","0","0",/u), expect.stringContaining('"network-tls"')])
    expect(await (await open.api('/api/failures.csv')).text()).toBe(text)
    for (const secret of SECRETS) expect(text).not.toContain(secret)
  })

  test('every delivery of a group, oldest first, without a patient', async () => {
    const key = await keyOf('refused')
    expect((await page(`/failed/${key}?limit=1`)).html).toContain(`href="/failed/${key}/deliveries.csv"`)
    const { status, text } = await csv(`/failed/${key}/deliveries.csv`)
    expect([status, text.trimEnd().split('\r\n').slice(1)]).toEqual([200, [expect.stringMatching(/^"RIO-1",.*"failed","person","422",/u), expect.stringMatching(/^"RIO-2",/u)]])
    expect(await (await open.api(`/api/failures/${key}/deliveries.csv`)).text()).toBe(text)
    for (const secret of SECRETS) expect(text).not.toContain(secret)
  })

  test('not of a group that is empty by now, and not for a stranger', async () => {
    expect((await csv('/failed/rate-limit-0000000000000000/deliveries.csv')).status).toBe(404)
    expect((await csv('/failed/9990000018/deliveries.csv')).status).toBe(404)
    for (const path of ['/api/failures.csv', `/api/failures/${await keyOf('refused')}/deliveries.csv`]) expect((await page(path)).status).toBe(401)
  })
})

describe('letters that wait for word on an account', () => {
  test('are told as such, for nothing was sent', async () => {
    const silent = { ...ADA, nhsNumber: '9990000034', clientId: 'C9' }
    const { id } = await place.upload({ documentId: 'RIO-ACCOUNT', patient: silent })
    await place.ledger.accountRefused(silent.nhsNumber, '422', iso())
    const { html } = await page(`/failed/${await keyOf('pkb-down')}`)
    for (const text of ['422 Accounts', 'PKB was asked whether the patient has an account, and did not say. Nothing was sent.', '1 under an hour']) expect(html).toContain(text)
    await place.ledger.hold(id, 'test', 'over', iso())
  })
})

describe('the API', () => {
  test('tells the groups and one of them, without a patient', async () => {
    const all = await open.api('/api/failures')
    const text = await all.text()
    expect(JSON.parse(text)).toMatchObject({ at: iso(), documents: 3, patients: 2, all: true, groups: [{ cause: 'refused', person: 2, patients: 2 }, { cause: 'network-tls', again: 1 }] })
    const group = await (await open.api(`/api/failures/${await keyOf('refused')}?limit=1`)).text()
    expect(JSON.parse(group)).toMatchObject({ group: { documents: 2 }, deliveries: [{ state: 'failed', fate: 'person', document: { sourceId: 'RIO-1' } }], cursor: expect.any(String) })
    for (const secret of SECRETS) expect(text + group).not.toContain(secret)
  })

  test('refuses what it does not know, and needs its token', async () => {
    const key = await keyOf('refused')
    for (const query of ['limit=0', 'limit=201', 'cursor=abc', 'cursor=2026-11-23T10:00:00.000Z~1', 'state=failed']) expect([query, (await open.api(`/api/failures/${key}?${query}`)).status]).toEqual([query, 400])
    for (const path of ['/api/failures/rate-limit-0000000000000000', "/api/failures/refused-1'%20or%201=1"]) expect((await open.api(path)).status).toBe(404)
    expect([(await page('/api/failures')).status, (await page(`/api/failures/${key}`)).status]).toEqual([401, 401])
  })
})

describe('letters to which PKB answered AE', () => {
  test('are told what that is, and not that nothing answered', async () => {
    await tried('RIO-AE', { kind: 'unsure', code: 'AE', detail: 'PKB answers AE.', trace: { correlation: '11111111-0000-4000-8000-000000000001', answer: 'AE' } })
    const { html } = await page(`/failed/${await keyOf('pkb-down')}`)
    expect(html).toContain(AE_IN_WORDS.means)
    expect(html).toContain('Ask PKB Integrations what it holds against the message')
    expect(html).not.toContain('The engine looks before it sends again')
    // With the place in the message that it met the error at, it is no less an AE.
    await tried('RIO-AE-2', { kind: 'unsure', code: 'AE', detail: 'PKB answers AE OBX-5.5.', trace: { correlation: '11111111-0000-4000-8000-000000000002', answer: 'AE OBX-5.5' } })
    const placed = (await groups()).groups.find(({ signature }) => signature === 'AE OBX-5.5')!
    expect((await page(`/failed/${placed.key}`)).html).toContain(AE_IN_WORDS.means)
  })
})

test('each cause has words', () => expect(Object.keys(CAUSES_IN_WORDS).toSorted()).toEqual([...CAUSES].toSorted()))

inBrowser('in a browser, without JavaScript', () => {
  test.each([360, 768, 1440])('both pages fit a screen of %i pixels, and the keyboard leads from a group to the attempts', async (width) => {
    const browser = await startBrowser()
    const { context, outside } = await browser.window(width)
    try {
      const view = await context.newPage()
      const shots = process.env['SCREENSHOTS']
      const fits = async (name: string): Promise<void> => {
        if (shots) await view.screenshot({ path: `${shots}/${width}-${name}.png`, fullPage: true })
        expect([name, await view.locator('html').evaluate((html) => html.scrollWidth)]).toEqual([name, width])
      }
      await view.goto(`${open.url}/failed`)
      await fits('failed')
      await view.getByRole('link', { name: '422 processing DocumentReference.type' }).focus()
      await view.keyboard.press('Enter')
      await view.waitForURL(/\/failed\/refused-/u)
      await fits('group')
      await view.getByRole('link', { name: 'RIO-1' }).focus()
      await view.keyboard.press('Enter')
      await view.waitForURL(/\/documents\//u)
      expect(await view.getByText('Attempts, newest first').isVisible()).toBe(true)
      expect(outside).toEqual([])
    } finally {
      await context.close()
      await browser.close()
    }
  })
})
