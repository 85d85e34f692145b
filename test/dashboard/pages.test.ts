import { afterEach, describe, expect, test } from '@jest/globals'
import { AUDIT_KINDS } from '../../src/observe/events.ts'
import { DOCUMENT_STATES, FACT_NAMES, FACTS, RULE_ROUTES, type FactName } from '../../src/types.ts'
import { SCRIPT_PATH } from '../../src/dashboard/assets.ts'
import { factInWords, FACTS_IN_WORDS } from '../../src/dashboard/words.ts'
import { formOf, formTokenIn, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { examplePolicy, someFacts } from '../support/policy.ts'
import { aFailedDelivery, anAttempt, aStory, aTellingLedger, uuid } from '../support/story.ts'

let open: TestDashboard | undefined
const start = async (...stories: Parameters<typeof aTellingLedger>) => {
  const ledger = aTellingLedger(...stories)
  open = await startDashboard({ ledger, banners: () => ['Sandbox: no document reaches PKB', 'Test patients are accepted'], sandboxUrl: 'http://127.0.0.1:3001' })
  const page = async (path: string, init?: RequestInit) => {
    const answer = await fetch(open?.url + path, init)
    return { status: answer.status, headers: answer.headers, html: await answer.text() }
  }
  return { ledger, page, ...open }
}
afterEach(async () => { await open?.close(); open = undefined })

const failed = () => aStory({ deliveries: [{ ...aFailedDelivery(), attempts: [anAttempt({ outcome: 'refused', code: '422', detail: 'DocumentReference.type' })] }] }, { state: 'failed' })

describe('every page', () => {
  test('shows the banners, has no script but the one that keeps it up to date, asks nothing of other machines, and is not kept', async () => {
    const { page } = await start([failed()])
    for (const path of ['/documents', '/search', '/failed', `/documents/${uuid(1)}`]) {
      const { status, html, headers } = await page(path)
      expect([path, status]).toEqual([path, 200])
      expect(html).toContain('Sandbox: no document reaches PKB')
      expect(html).toContain('Test patients are accepted')
      // By its hash, from here, and nothing inline.
      expect(html.match(/<script[^]*?<\/script>/giu) ?? []).toEqual(path === '/failed' ? [`<script src="${SCRIPT_PATH}" defer></script>`] : [])
      expect(html.replace(/<script[^]*?<\/script>/giu, '')).not.toMatch(/<script|\son[a-z]+=|style=|javascript:/iu)
      expect(html.match(/(?:src|href|action)="(?:https?:)?\/\/[^"]*"/gu) ?? []).toEqual(['href="http://127.0.0.1:3001"'])
      expect(headers.get('cache-control')).toBe('no-store')
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy.match(/(?:script|connect)-src[^;]*/gu)?.toSorted()).toEqual(["connect-src 'self'", "script-src 'self'"])
      expect(policy).not.toMatch(/unsafe|https?:/u)
      expect(headers.get('x-powered-by')).toBeNull()
    }
  })

  test('of an address that is nothing is a 404 page', async () => {
    const { page } = await start([])
    for (const path of ['/nowhere', `/documents/${uuid(9)}`, '/documents/nobody', '/assets/nothing.css']) {
      const { status, html } = await page(path)
      expect([status, html.includes('Page not found')]).toEqual([404, true])
    }
  })

  test('of an error is without internals', async () => {
    open = await startDashboard({ ledger: { ...aTellingLedger([]), list: () => Promise.reject(new TypeError('secret of Ada Example')) } })
    const answer = await fetch(`${open.url}/documents`)
    const html = await answer.text()
    expect(answer.status).toBe(500)
    expect(html).toContain('Something went wrong in the engine')
    expect(html).not.toMatch(/secret|TypeError|at .*\.ts/u)
  })

  test('takes its style sheet from here, for good, without fonts from elsewhere', async () => {
    const { page } = await start([])
    const { html } = await page('/documents')
    const path = /rel="stylesheet" href="([^"]+)"/u.exec(html)?.[1] ?? ''
    const sheet = await page(path)
    expect([sheet.status, sheet.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    expect(sheet.html).not.toMatch(/https?:\/\/assets|@font-face|@import/u)
    for (const [, image] of sheet.html.matchAll(/url\((\/assets[^)]+)\)/gu)) expect((await page(image ?? '')).status).toBe(200)
  })
})

describe('the list', () => {
  test('shows route, state, reason, age, code, team and RiO id', async () => {
    const { page } = await start([aStory({}, { because: 'Because <of> & "that"' })])
    const { html } = await page('/documents')
    for (const text of ['RIO-1000123', 'Acknowledged', 'PKB record', 'Because &lt;of&gt; &amp; &quot;that&quot;', '3 hours', 'CLIN', 'ADULT1', `/documents/${uuid(1)}`]) expect(html).toContain(text)
  })

  test('holds no patient', async () => {
    const { page } = await start([aStory()])
    expect((await page('/documents')).html).not.toMatch(/9990000018|Ada|garden/u)
  })

  test('filters by the address and keeps the choice in the form and in the link to the next page', async () => {
    const { page, ledger } = await start([failed()], { cursor: 'abc' })
    const { html } = await page('/documents?state=failed&route=&rule=to-pkb&code=CLIN&since=2026-11-20&sourceId=RIO-1')
    expect(ledger.asked).toEqual([{ state: ['failed'], rule: 'to-pkb', code: 'CLIN', since: '2026-11-20T00:00:00.000Z', sourceId: 'RIO-1', limit: 50 }])
    expect(html).toMatch(/<option value="failed" selected>/u)
    expect(html).toContain('href="/documents?state=failed&amp;rule=to-pkb&amp;code=CLIN&amp;since=2026-11-20&amp;sourceId=RIO-1&amp;cursor=abc"')
  })

  test('says what is wrong with a filter, and shows no documents as if it were right', async () => {
    const { page, ledger } = await start([aStory()])
    const { status, html } = await page('/documents?since=yesterday')
    expect([status, ledger.asked.length]).toEqual([400, 0])
    expect(html).toContain('There is a problem')
    expect(html).toMatch(/href="#since">\s*Since: Use an instant/u)
    expect(html).toContain('id="since-error"')
    expect(html).not.toContain('RIO-1000123')
  })
})

describe('the search', () => {
  test('takes an NHS number in a form and answers on the same address', async () => {
    const { page, ledger } = await start([aStory()])
    const formToken = formTokenIn((await page('/search')).html)
    const { status, html } = await page('/search', formOf({ formToken, nhsNumber: '999 000 0018', title: '' }))
    expect(status).toBe(200)
    expect(html).toContain('RIO-1000123')
    expect(ledger.asked).toEqual([{ nhsNumber: '9990000018', limit: 50 }])
    expect(html).not.toMatch(/(?:href|action)="[^"]*999 ?000/u)
  })

  test.each([{ nhsNumber: '', title: '' }, { nhsNumber: '12345', title: '' }])('of %j says what is missing', async (fields) => {
    const { page, ledger } = await start([aStory()])
    const formToken = formTokenIn((await page('/search')).html)
    const { status, html } = await page('/search', formOf({ formToken, ...fields }))
    expect([status, ledger.asked.length, html.includes('There is a problem')]).toEqual([400, 0, true])
  })

  test('pages by a form, never by an address', async () => {
    const { page } = await start([aStory()], { cursor: 'abc' })
    const formToken = formTokenIn((await page('/search')).html)
    const { html } = await page('/search', formOf({ formToken, nhsNumber: '', title: 'garden' }))
    expect(html).toContain('<input type="hidden" name="cursor" value="abc">')
    expect(html).not.toMatch(/href="[^"]*garden/u)
  })
})

describe('a document’s story', () => {
  test('tells facts, rule, labels, attempts newest first, events, receipts and the DocumentReference', async () => {
    const { page } = await start([aStory()])
    const { html } = await page(`/documents/${uuid(1)}`)
    for (const text of [
      'to-pkb', 'Share with the patient', 'instruction: share', 'MENTAL_HEALTH', 'mental health information sensitivity', 'asked to wait', 'An upload came in', 'In order',
      '&quot;resourceType&quot;: &quot;DocumentReference&quot;', '999 000 0018', 'Ada Example', '1 January 1970', 'metadata.mood', 'CLIN Clinic letter about the garden',
    ]) expect(html).toContain(text)
    expect(html.indexOf('created')).toBeLessThan(html.indexOf('asked to wait'))
    expect(/<title>(.*)<\/title>/u.exec(html)?.[1]).toBe('Document RIO-1000123 - Openletter')
  })

  test('says how the rules were tried when the policy in force is the one that decided', async () => {
    const { page } = await start([aStory()])
    expect((await page(`/documents/${uuid(1)}`)).html).not.toContain('How the rules were tried')
    await open?.close()
    const { hash } = await examplePolicy()
    const story = aStory({ facts: someFacts({ instruction: 'withhold' }) })
    const again = await start([{ ...story, decision: { ...story.decision, policy: hash } }])
    const { html } = await again.page(`/documents/${uuid(1)}`)
    expect(html).toContain('How the rules were tried')
    expect(html).toMatch(/<strong>do-not-share<\/strong> matches: instruction is withhold/u)
  })

  test('does not show a restricted address', async () => {
    const story = aStory()
    const { page } = await start([{ ...story, document: { ...story.document, patient: { ...story.document.patient, restricted: true } } }])
    const { html } = await page(`/documents/${uuid(1)}`)
    expect(html).not.toContain('High Street')
    expect(html).toContain('Restricted: not shown')
  })

  test('escapes what came from outside', async () => {
    const story = aStory()
    const { page } = await start([{ ...story, document: { ...story.document, title: '<img src=x onerror=alert(1)>' }, events: [{ seq: 1, at: story.receivedAt, kind: 'received', actor: '<b>', detail: { '<i>': { a: '</pre>' } } }] }])
    const { html } = await page(`/documents/${uuid(1)}`)
    expect(html).not.toMatch(/<img|<b>|<i>|\{"a":"<\/pre>/u)
  })

  test.each(DOCUMENT_STATES)('has words for a document that is %s', async (state) => {
    const { page } = await start([aStory({}, { state })])
    expect((await page(`/documents/${uuid(1)}`)).status).toBe(200)
  })

  test('has words for every fact, route and event', async () => {
    for (const fact of FACT_NAMES) {
      expect(Object.keys(FACTS_IN_WORDS[fact].values).toSorted()).toEqual([...FACTS[fact as FactName]].toSorted())
      for (const value of FACTS[fact]) expect(factInWords(fact, value).text).not.toBe(value)
    }
    const stories = [...RULE_ROUTES, 'observe' as const].map((route, n) => aStory({}, { id: uuid(n), route }))
    const events = AUDIT_KINDS.map((kind, seq) => ({ seq, at: '2026-11-23T09:00:00.000Z', kind, actor: 'engine', detail: {} }))
    const { page } = await start([...stories, aStory({ events }, { id: uuid(50) })])
    expect((await page('/documents')).html).not.toContain('undefined')
    expect((await page(`/documents/${uuid(50)}`)).html).not.toContain('undefined')
  })
})

describe('failed deliveries', () => {
  test('come with their reason, and a Retry that works', async () => {
    const { page, ledger, woken } = await start([failed()])
    const { html } = await page('/failed')
    expect(html).toContain('422: DocumentReference.type')
    const answer = await page(`/deliveries/${uuid(101)}/retry`, formOf({ formToken: formTokenIn(html), reason: 'the mapping was mended' }))
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/failed?message=retried'])
    expect(ledger.retried).toEqual([{ deliveryId: uuid(101), actor: 'a-admin (pages)', reason: 'the mapping was mended' }])
    expect(woken).toEqual([[uuid(1), 'pkb']])
    const after = await page('/failed?message=retried')
    expect(after.html).toContain('The delivery is tried again now.')
    expect(after.html).toContain('No delivery waits for a person.')
  })

  test('retried from a story go back to the story', async () => {
    const { page } = await start([failed()])
    const { html } = await page(`/documents/${uuid(1)}`)
    const fields = { formToken: formTokenIn(html), document: uuid(1), reason: '' }
    expect((await page(`/deliveries/${uuid(101)}/retry`, formOf(fields))).headers.get('location')).toBe(`/documents/${uuid(1)}?message=retried`)
  })

  test('never send the browser elsewhere', async () => {
    const { page } = await start([failed()])
    const formToken = formTokenIn((await page('/failed')).html)
    const answer = await page(`/deliveries/${uuid(101)}/retry`, formOf({ formToken, document: '//evil.example' }))
    expect(answer.headers.get('location')).toBe('/failed?message=retried')
  })

  test('that the second key blocked have no Retry', async () => {
    const { page } = await start([aStory({ deliveries: [{ ...aFailedDelivery({ state: 'blocked', lastCode: 'SECOND_KEY' }), attempts: [] }] })])
    const { html } = await page('/failed')
    expect(html).toContain('only a new decision clears it')
    expect(html).not.toContain('/retry"')
  })

  const foreign: readonly [string, Record<string, string>, Record<string, string>][] = [
    ['without the token', {}, { formToken: '' }],
    ['with another token', {}, { formToken: 'x'.repeat(43) }],
    ['from another site, says the browser', { 'sec-fetch-site': 'cross-site' }, {}],
    ['from the same site but another port', { 'sec-fetch-site': 'same-site' }, {}],
    ['from another origin', { origin: 'http://evil.example' }, {}],
    ['from nowhere', { origin: 'null' }, {}],
  ]
  test.each(foreign)('are not retried by a form %s', async (_name, headers, fields) => {
    const { page, ledger } = await start([failed()])
    const formToken = formTokenIn((await page('/failed')).html)
    const form = formOf({ formToken, ...fields })
    const { status, html } = await page(`/deliveries/${uuid(101)}/retry`, { ...form, headers })
    expect([status, html.includes('The form did not come from these pages'), ledger.retried.length]).toEqual([403, true, 0])
  })

  test('are retried by a form from our own origin', async () => {
    const { page, url } = await start([failed()])
    const formToken = formTokenIn((await page('/failed')).html)
    expect((await page(`/deliveries/${uuid(101)}/retry`, { ...formOf({ formToken }), headers: { origin: url, 'sec-fetch-site': 'same-origin' } })).status).toBe(303)
  })

  test('are not retried by a body that is no form', async () => {
    const { page } = await start([failed()])
    expect((await page(`/deliveries/${uuid(101)}/retry`, { method: 'POST' })).status).toBe(403)
  })
})
