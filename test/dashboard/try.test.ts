// A message that is tried: what the page and the API say is what `explain` says, and nothing of it stays anywhere.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Tried } from '../../src/dashboard/channels/channel-parts.ts'
import { tried as triedShape } from '../../src/dashboard/channels/shapes-channels.ts'
import { reasonsFor } from '../../src/engine/explanation.ts'
import { readUploadFile } from '../../src/intake/read-file.ts'
import { measuredContent } from '../../src/ledger/content-measured.ts'
import { firstPrior } from '../../src/policy/test/run.ts'
import { aDesk, type TestDesk } from '../support/channels.ts'
import { formTokenIn, signedInAs, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'

let place: TestLedger
let desk: TestDesk
let open: TestDashboard
let analyst: TestDashboard
const NOW = new Date('2026-11-23T12:00:00.000Z')
beforeAll(async () => {
  place = await aLedger()
  desk = await aDesk({}, () => NOW)
  const parts = { ledger: place.ledger, policy: () => desk.inForce().policy, channels: desk.channels, tryIt: desk.tryIt }
  open = await startDashboard(parts)
  analyst = await startDashboard({ ...parts, visitors: signedInAs('analyst') })
})
afterAll(async () => {
  await open?.close()
  await analyst?.close()
  await place?.close()
})

const SAMPLE = '01-share-registered.hl7'
const text = (name: string): string => readFileSync(`samples/${name}`, 'utf8')
const tryIt = async (body: unknown): Promise<readonly [number, Tried & { readonly code?: string; readonly detail?: string }]> => {
  const answer = await open.api('/api/try', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return [answer.status, (await answer.json()) as Tried]
}
const rowsIn = async (): Promise<number> => {
  const { rows } = await place.pool.query<{ n: number }>("select (select count(*) from receipts) + (select count(*) from rejections) + (select count(*) from documents) + (select count(*) from people) + (select count(*) from events) as n")
  return Number(rows[0]!.n)
}
const page = async (fields: Record<string, string>, files: Record<string, { readonly name: string; readonly bytes: string | Buffer; readonly type?: string }> = {}) => {
  const form = new FormData()
  const formToken = formTokenIn(await (await fetch(`${analyst.url}/try`)).text())
  for (const [name, value] of Object.entries({ formToken, ...fields })) form.set(name, value)
  for (const [name, { name: file, bytes, type = '' }] of Object.entries(files)) form.set(name, new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], { type }), file)
  const answer = await fetch(`${analyst.url}/try`, { method: 'POST', body: form, redirect: 'manual' })
  return { status: answer.status, cache: answer.headers.get('cache-control'), html: await answer.text() }
}

describe('by the API', () => {
  test('every sample comes out as explain says', async () => {
    const { policy, files } = desk.inForce()
    const samples = await desk.tryIt.samples()
    expect(samples.length).toBeGreaterThan(40)
    for (const { name, type } of samples) {
      const feed = type === 'mllp' ? 'rio-mllp' : 'rio-http'
      const receipt = await readUploadFile(`samples/${name}`, { feed, settings: policy.feeds[feed]!, content: measuredContent(), now: () => NOW, newId: () => 'x' })
      const [status, told] = await tryIt({ feed, sample: name })
      expect([name, status]).toEqual([name, 200])
      expect(triedShape.safeParse(told).error).toBeUndefined()
      if (!('skeleton' in receipt)) { expect([name, told.refused?.code]).toEqual([name, receipt.code]); continue }
      const explained = reasonsFor({ receipt, policy, files, person: { account: 'unknown', deceased: false }, prior: firstPrior(receipt) })
      expect([name, told.reasons ?? told.refused]).toEqual([name, JSON.parse(JSON.stringify(explained.reasons ?? explained.refused))])
    }
  })

  test('what PKB would know of the person is believed', async () => {
    const route = async (person: object) => (await tryIt({ feed: 'rio-mllp', message: text(SAMPLE), person }))[1].reasons!.decision.route
    expect(await route({ account: 'registered' })).toBe('pkb')
    expect(await route({ account: 'unregistered' })).toBe('print')
    expect(await route({ account: 'registered', deceased: true })).toBe('withhold')
    expect(await route({ account: 'registered', birthDate: '1950-05-05' })).toBe('review')
  })

  test('metadata alone, with its document beside it, is an upload', async () => {
    const { metadata } = JSON.parse(text('01-share-registered.json')) as { metadata: object }
    const [, without] = await tryIt({ feed: 'rio-http', metadata })
    expect(without.reasons!.facts.find(({ fact }) => fact === 'content')?.value).toBe('missing')
    const [, told] = await tryIt({ feed: 'rio-http', metadata, document: { data: aPdf().toString('base64'), name: 'letter.pdf', contentType: 'application/pdf' } })
    expect(told.reasons).toMatchObject({ decision: { route: 'pkb' } })
    expect(told.reasons!.facts.find(({ fact }) => fact === 'content')?.value).toBe('readable')
  })

  test('a refusal is the one of the feed, with what to do', async () => {
    expect((await tryIt({ feed: 'rio-mllp', message: 'PID|1' }))[1].refused).toMatchObject({ code: 'MESSAGE_UNREADABLE', hint: expect.stringContaining('docs/feeds.md') })
    expect((await tryIt({ feed: 'rio-http', message: '{"metadata":' }))[1].refused?.code).toBe('MESSAGE_UNREADABLE')
    expect((await tryIt({ feed: 'rio-http', sample: '40-refused-no-document-id.json' }))[1].refused).toMatchObject({ code: 'DOCUMENT_ID_MISSING', at: expect.stringContaining('documentId') })
  })

  test.each([
    [{}], [{ feed: 'rio-mllp' }], [{ feed: 'nowhere', message: 'x' }], [{ feed: 'rio-mllp', message: 'x', sample: SAMPLE }], [{ feed: 'rio-mllp', sample: '../package.json' }], [{ feed: 'rio-mllp', sample: 'letter.pd' }],
    [{ feed: 'rio-mllp', message: 'x', person: { account: 'perhaps' } }], [{ feed: 'rio-mllp', message: 5 }], [{ feed: 'rio-mllp', message: 'x', send: true }],
  ])('a body that says %j is refused without repeating it', async (body) => {
    const [status, told] = await tryIt(body)
    expect([status, told.code]).toEqual([400, 'QUERY_INVALID'])
    expect(told.detail).not.toMatch(/perhaps|package/u)
  })

  test('a file of this machine is not read by naming it', async () => {
    const [, told] = await tryIt({ feed: 'rio-http', message: JSON.stringify({ metadata: (JSON.parse(text('01-share-registered.json')) as { metadata: object }).metadata, file: '../package.json' }) })
    expect(told.reasons!.facts.find(({ fact }) => fact === 'content')?.value).toBe('missing')
  })
})

describe('as its feed would read it', () => {
  const upload = text('01-share-registered.json')
  const { metadata } = JSON.parse(upload) as { metadata: { patient: { nhsNumber: string } } }
  const refusedOf = async (message: string): Promise<string | undefined> => (await tryIt({ feed: 'rio-http', message }))[1].refused?.code

  test('a key that stands twice is refused, alone and in a whole upload', async () => {
    const twice = JSON.stringify(metadata).replace('{', '{"documentType":"MH share with patient",')
    expect([await refusedOf(twice), await refusedOf(`{"metadata":${twice}}`)]).toEqual(['MESSAGE_UNREADABLE', 'MESSAGE_UNREADABLE'])
    const [, beside] = await tryIt({ feed: 'rio-http', message: twice, document: { data: aPdf().toString('base64'), name: 'letter.pdf' } })
    expect(beside.refused?.code).toBe('MESSAGE_UNREADABLE')
  })

  test.each([['alone', (deep: string) => `{"x":${deep}}`], ['in a whole upload', (deep: string) => `{"metadata":{"x":${deep}}}`], ['beside a file', (deep: string) => `{"metadata":{"x":${deep}},"file":"a.pdf"}`]])('what is nested without end is refused %s, and is nobody’s fault', async (_, around) => {
    expect(await refusedOf(around('['.repeat(200_000) + ']'.repeat(200_000)))).toMatch(/UNREADABLE/u)
  })

  test('metadata that is too large is refused', async () => {
    expect(await refusedOf(JSON.stringify({ ...metadata, more: 'x'.repeat(600_000) }))).toBeDefined()
  })

  test.each([['rio-mllp'], ['rio-http'], ['rio-folder']])('bytes that are no message at all are refused by %s', async (feed) => {
    const { status, html } = await page({ feed }, { file: { name: 'm.bin', bytes: Buffer.from(Array.from({ length: 5_000 }, (_, n) => (n * 7919) % 256)) } })
    expect([status, html.includes(`The feed ${feed} would refuse it`)]).toEqual([200, true])
  })

  test('a document that has no place in the message is not left out without a word', async () => {
    const message = text('41-refused-no-patient.hl7')
    expect((await tryIt({ feed: 'rio-mllp', message, document: { data: aPdf().toString('base64') } }))[1]).toMatchObject({ code: 'QUERY_INVALID', detail: expect.stringContaining('{file}') })
    const { status, html } = await page({ feed: 'rio-mllp', message }, { document: { name: 'letter.pdf', bytes: aPdf() } })
    expect([status, html.includes('The message has no {file}')]).toEqual([400, true])
  })

  test('what the ledger knows of the patient is not told', async () => {
    const { nhsNumber } = metadata.patient
    const before = (await tryIt({ feed: 'rio-http', message: upload }))[1].reasons
    await place.ledger.savePerson(nhsNumber, { registered: true, deceased: true, birthDate: '1950-05-05' }, NOW.toISOString())
    await place.upload({})
    expect((await tryIt({ feed: 'rio-http', message: upload }))[1].reasons).toEqual(before)
    expect(JSON.stringify(before)).not.toContain('1950-05-05')
  })

  test('a document that is not to be shared is withheld, and would be sent to nobody', async () => {
    const { html } = await page({ which: 'sample', sample: '03-do-not-share.hl7' })
    expect(html).toContain('By the feed rio-mllp: Withhold')
    expect((await tryIt({ feed: 'rio-mllp', sample: '03-do-not-share.hl7', person: { account: 'registered' } }))[1].reasons).toMatchObject({ decision: { route: 'withhold' }, owed: [] })
  })
})

describe('on the page', () => {
  test('a newcomer presses one button and sees why, step by step', async () => {
    const { status, cache, html } = await page({ which: 'sample', sample: SAMPLE })
    expect([status, cache]).toEqual([200, 'no-store'])
    for (const shown of ['By the feed rio-mllp: PKB', 'What the message says', 'TXA-16', 'Why', 'to-pkb', 'rules were not tried', 'DocumentReference', 'What nobody read', 'Example']) expect(html).toContain(shown)
    // Its text is there to be changed, and the feed is chosen.
    expect(html).toMatch(/<textarea[^>]*>\s*MSH\|/u)
    expect(html).toMatch(/<option value="rio-mllp" selected>/u)
  })

  test('a message as a file, with a document, is read as its feed reads it', async () => {
    const { html } = await page({ feed: 'rio-http' }, { file: { name: 'm.json', bytes: JSON.stringify((JSON.parse(text('01-share-registered.json')) as { metadata: object }).metadata) }, document: { name: 'letter.pdf', bytes: aPdf(), type: 'application/pdf' } })
    expect(html).toContain('By the feed rio-http: PKB')
    expect((await page({ feed: 'rio-mllp' }, { file: { name: 'm.hl7', bytes: text(SAMPLE) } })).html).toContain('By the feed rio-mllp: PKB')
  })

  test('what would be refused says where and what to do', async () => {
    const { html } = await page({ feed: 'rio-mllp', message: text('41-refused-no-patient.hl7') })
    for (const shown of ['would refuse it', 'PATIENT_MISSING', 'Send a PID segment']) expect(html).toContain(shown)
  })

  test('what is pasted is shown as text and never as a page', async () => {
    const { html } = await page({ feed: 'rio-http', message: JSON.stringify({ documentId: '<script>alert(1)</script>', event: 'created', patient: { family: '<b>Bold</b>' } }) })
    expect(html).not.toMatch(/<script>alert|<b>Bold/u)
    expect(html).toContain('&lt;b&gt;Bold')
  })

  test.each([
    [{ feed: '', message: 'x' }, 'Choose the feed'], [{ feed: 'rio-mllp', message: '' }, 'Paste a message'], [{ which: 'sample', sample: '' }, 'Choose a sample'],
    [{ feed: 'rio-mllp', message: 'MSH', birthDate: 'yesterday' }, 'Write the date of birth'], [{ feed: 'rio-mllp', message: 'MSH', account: 'x' }, 'Choose what PKB would say'],
  ])('%j is not tried', async (fields, says) => {
    const { status, html } = await page(fields)
    expect([status, html.includes(says)]).toEqual([400, true])
  })

  test('a form from elsewhere is refused, and so is one that is too large', async () => {
    const form = new FormData()
    form.set('which', 'sample')
    expect((await fetch(`${analyst.url}/try`, { method: 'POST', body: form })).status).toBe(403)
    expect((await page({ feed: 'rio-mllp', message: 'x'.repeat(2 * 1024 * 1024 + 1) })).status).toBe(400)
  })
})

test('nothing of it reaches the ledger, the log or the metrics', async () => {
  const secret = 'Zwickenpflug'
  const [rows, lines] = [await rowsIn(), [...open.lines, ...analyst.lines].length]
  const metrics = await (await fetch(`${analyst.url}/metrics`)).text()
  const message = text(SAMPLE).replaceAll('Example', secret)
  expect((await page({ feed: 'rio-mllp', message })).html).toContain(secret)
  expect((await page({ feed: 'rio-mllp', message: `PID|1||${secret}` })).html).toContain('would refuse it')
  expect(JSON.stringify(await tryIt({ feed: 'rio-mllp', message }))).toContain(secret)
  expect(await rowsIn()).toBe(rows)
  expect([...open.lines, ...analyst.lines].slice(lines).join('\n')).not.toContain(secret)
  expect([...open.lines, ...analyst.lines]).toHaveLength(lines)
  const receipts = (all: string): readonly string[] => all.split('\n').filter((line) => /^openletter_(receipts|rejections|unread|decisions)/u.test(line))
  expect(receipts(await (await fetch(`${analyst.url}/metrics`)).text())).toEqual(receipts(metrics))
})

test('what cannot even be read as a request is told without repeating it, and is not logged', async () => {
  const secret = 'Zwickenpflug'
  const lines = [...open.lines, ...analyst.lines].length
  const send = async (body: string | Buffer, type: string, to = `${open.url}/api/try`): Promise<string> => {
    const answer = await open.api(to.slice(open.url.length), { method: 'POST', headers: { 'content-type': type }, body: typeof body === 'string' ? body : new Uint8Array(body) })
    expect([type, answer.status]).toEqual([type, expect.any(Number)])
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    return answer.text()
  }
  const told = [
    await send(`{"feed":"rio-mllp","message":"${secret}`, 'application/json'), await send(`${secret}`, 'application/json'), await send(`{"feed":"rio-mllp","message":"x","${secret}":1}`, 'application/json'),
    await send(`{"feed":"${secret}","message":"x"}`, 'application/json'), await send(`{"feed":"rio-mllp","sample":"${secret}"}`, 'application/json'), await send(secret, 'text/plain'), await send(secret, 'application/json; charset=nonsense'),
    await send(JSON.stringify({ feed: 'rio-mllp', message: secret.repeat(5_000_000) }), 'application/json'),
  ]
  expect(told.filter((one) => one.includes(secret))).toEqual([])
  for (const [body, type] of [[secret, 'multipart/form-data'], [secret, 'multipart/form-data; boundary=x'], [`--x\r\n${secret}`, 'multipart/form-data; boundary=x'], [secret, 'text/plain'], [`message=${secret}`, 'application/x-www-form-urlencoded']] as const) {
    const answer = await fetch(`${analyst.url}/try`, { method: 'POST', headers: { 'content-type': type }, body })
    expect([answer.status >= 400 && answer.status < 500, (await answer.text()).includes(secret)]).toEqual([true, false])
  }
  const large = await page({ feed: 'rio-mllp' }, { file: { name: `${secret}.hl7`, bytes: Buffer.alloc(60_000_000, secret) } })
  expect([large.status, large.html.includes(secret), large.html.includes('larger than 25 MB')]).toEqual([400, false, true])
  expect([...open.lines, ...analyst.lines].slice(lines)).toEqual([])
}, 60_000)

test('only whoever may change channels tries messages', async () => {
  const reviewer = await startDashboard({ ledger: place.ledger, tryIt: desk.tryIt, visitors: signedInAs('reviewer') })
  expect((await fetch(`${reviewer.url}/try`)).status).toBe(403)
  await reviewer.close()
})
