// What a person sees in a browser, and what a program gets from the same address.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { aClient, aDocumentReference, aPdf, aSandbox } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const page = async (path: string) => String((await client.ask(path, { headers: BROWSER })).body)
const text = (html: string) => html.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')

test('a browser gets the record as a page, under a banner, with links that open each document', async () => {
  const { body } = await client.create(aDocumentReference())
  const html = await page('/records/9990000018')
  expect(text(html)).toContain('Sandbox: not PKB')
  expect(text(html)).toContain('Ada Example')
  expect(text(html)).toMatch(/999 000 0018 , born 1 Jan 1970 Registered/)
  expect(text(html)).toContain('Mental health')
  const link = `/records/9990000018/documents/${(body as { id: string }).id}`
  expect(html).toContain(`<a href="${link}">Clinic letter</a>`)
  const opened = await fetch(sandbox.url + link)
  expect(opened.headers.get('content-type')).toBe('application/pdf')
  expect(opened.headers.get('content-disposition')).toBe("inline; filename*=UTF-8''Clinic%20letter")
  expect(Buffer.from(await opened.arrayBuffer())).toEqual(aPdf())
})

test('whoever does not ask for a page first gets JSON', async () => {
  const type = async (headers: Record<string, string>, path = '/records/9990000018') => (await client.ask(path, { headers })).headers.get('content-type')
  expect(await type({})).toMatch(/json/)
  expect(await type({ accept: '*/*' })).toMatch(/json/)
  expect(await type({ accept: 'text/html;q=0.5, application/json' })).toMatch(/json/)
  expect(await type(BROWSER, '/records/9990000018?format=json')).toMatch(/json/)
  expect(await type(BROWSER)).toMatch(/html/)
})

test('a record of nobody known is empty and not registered', async () => {
  expect(await client.record('9990000034')).toEqual({ nhsNumber: '9990000034', registered: false, quarantined: 0, documents: [] })
  expect(text(await page('/records/9990000034'))).toMatch(/Not known here.*There is no account.*There are no documents/)
  expect((await client.ask('/records/someone')).status).toBe(404)
})

test('a document is opened under its own patient only', async () => {
  const { body } = await client.create(aDocumentReference())
  expect((await client.ask(`/records/9990000085/documents/${(body as { id: string }).id}`)).status).toBe(404)
})

test('a document that carries NOPAT is marked on the page', async () => {
  await client.create(aDocumentReference({ securityLabel: [{ coding: [{ system: 'http://hl7.org/fhir/v3/ActCode', code: 'NOPAT' }] }] }))
  expect(text(await page('/records/9990000018'))).toContain('NOPAT: should not be here')
})

test('what a document says of itself is text, never markup, and HTML is never shown as a page', async () => {
  const html = Buffer.from('<script>alert(1)</script>')
  const { body } = await client.create(aDocumentReference({ content: [{ attachment: { contentType: 'text/html', title: '<b onclick=x>"\'\r\n', data: html.toString('base64') } }] }))
  expect(await page('/records/9990000018')).not.toContain('<b onclick')
  const opened = await client.ask(`/records/9990000018/documents/${(body as { id: string }).id}`)
  expect(opened.headers.get('content-disposition')).toMatch(/^attachment;/)
  expect(opened.headers.get('x-content-type-options')).toBe('nosniff')
})

test('the first page lists the seeded people, and strangers once they have a document', async () => {
  const before = text(await page('/'))
  for (const name of ['Ada Example', 'Ben Sample', 'Dev Specimen', 'Eli Pattern', 'Fay Muster', 'Gus Dummy', 'Hal Template', 'Ivy Model']) expect(before).toContain(name)
  expect(before).not.toContain('999 000 0034')
  await client.create(aDocumentReference({ nhsNumber: '9990000034' }))
  expect(await page('/')).toContain('<a href="/records/9990000034">')
})

test('pages and styles ask nothing of another host', async () => {
  const reply = await client.ask('/records/9990000018', { headers: BROWSER })
  expect(reply.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
  const css = String((await client.ask('/assets/nhsuk.css')).body)
  expect(css.length).toBeGreaterThan(10_000)
  for (const source of [String(reply.body), await page('/'), css]) expect(source).not.toMatch(/(src|href)="https?:|url\(["']?https?:/)
})
