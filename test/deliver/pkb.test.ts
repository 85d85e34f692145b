// The record at PKB beyond the contract: credentials, bad days, and what may be said of them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Dispatcher } from 'undici'
import type { Accounts, Destination, Shipment } from '../../src/deliver/destination.ts'
import { openAccounts } from '../../src/deliver/pkb/accounts.ts'
import { broken, issuesOf } from '../../src/deliver/pkb/answer.ts'
import { tellBegun } from '../../src/deliver/pkb/begun.ts'
import { bodyOf } from '../../src/deliver/pkb/body.ts'
import { elideLongStrings } from '../../src/deliver/pkb/elide.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { Failure } from '../../src/errors.ts'
import { stableIdentifier } from '../../src/fhir/identify.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Outcome } from '../../src/types.ts'
import { makeFolder } from '../support/folder.ts'
import { aPdf } from '../support/pdf.ts'
import { aServer, closedPort, pkbSettings } from '../support/pkb.ts'
import { aClient, aSandbox, sha256, type SandboxClient } from '../support/sandbox.ts'
import { aPlannedResource, aShipment, recallOf } from '../support/shipment.ts'

const now = (): Date => new Date()
const patience = (ms = 5000): AbortSignal => AbortSignal.timeout(ms)
const folder = makeFolder()
let content: ContentStore
beforeAll(async () => { content = await openContent(join(folder.path, 'content')) })
afterAll(() => folder.remove())

const bundle = (resources: readonly object[]): string => JSON.stringify({ resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource })) })

describe('against the sandbox', () => {
  let sandbox: Awaited<ReturnType<typeof aSandbox>>
  let client: SandboxClient
  let pkb: Destination
  let accounts: Accounts & { close(): Promise<void> }
  let letters = 0
  let letter: Shipment

  beforeAll(async () => {
    sandbox = await aSandbox()
    client = await aClient(sandbox.url)
    pkb = openPkb(pkbSettings(sandbox.url), { content, now })
    accounts = openAccounts(pkbSettings(sandbox.url), { now })
  })
  beforeEach(async () => { letter = await aShipment(content, { n: ++letters }) })
  afterEach(async () => { await client.control({ faults: [], deleteRefused: false, tokens: { expiresInSecs: 600 } }) })
  afterAll(async () => {
    await pkb.close()
    await accounts.close()
    await sandbox.close()
  })

  const record = async (nhsNumber = '9990000018') => (await client.record(nhsNumber)).documents
  const copies = async (): Promise<number> => (await record()).filter(({ sha256 }) => sha256 === letter.content.sha256).length
  const requests = async (): Promise<Record<string, number>> => ((await client.ask('/control')).body as { requests: { byPath: Record<string, number> } }).requests.byPath

  test('it arrives with the privacy label of mental health', async () => {
    await pkb.create(letter, patience())
    expect((await record()).find(({ sha256 }) => sha256 === letter.content.sha256)).toMatchObject({ privacyLabel: 'MENTAL_HEALTH', title: 'Clinic letter', size: letter.content.size })
  })

  test('a token that was revoked is replaced once', async () => {
    await pkb.look(recallOf(letter), patience())
    await client.control({ tokens: { revoke: true } })
    client = await aClient(sandbox.url)
    const before = await requests()
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'accepted', code: '201' })
    expect((await requests())['POST /oauth/token']! - before['POST /oauth/token']!).toBe(1)
    expect(await copies()).toBe(1)
  })

  test('one token serves many exchanges', async () => {
    await pkb.look(recallOf(letter), patience())
    const before = await requests()
    await Promise.all(Array.from({ length: 8 }, () => pkb.look(recallOf(letter), patience())))
    expect((await requests())['POST /oauth/token']).toBe(before['POST /oauth/token'])
  })

  test('many that need a token at once fetch one', async () => {
    await client.control({ tokens: { revoke: true } })
    client = await aClient(sandbox.url)
    const before = await requests()
    await Promise.all(Array.from({ length: 4 }, () => pkb.look(recallOf(letter), patience())))
    expect((await requests())['POST /oauth/token']! - before['POST /oauth/token']!).toBe(1)
  })

  test('503 with Retry-After: unavailable, and when to come back', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', retryAfter: 17 }] })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'unavailable', code: '503', retryAfterSecs: 17 })
    expect(await copies()).toBe(0)
  })

  test.each([[422, 'refused'], [413, 'refused'], [500, 'unsure'], [412, 'unsure'], [429, 'unavailable'], [403, 'forbidden']] as const)('%i: %s', async (status, kind) => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', status }] })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind, code: String(status) })
  })

  test('401 with a fresh token too: forbidden', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', status: 401, times: 2 }] })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'forbidden', code: '401' })
  })

  test('stored and then cut off: unsure; the look finds it, and creating again leaves one copy', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', cut: 'after-store' }] })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'unsure' })
    expect(await pkb.look(recallOf(letter), patience())).toMatchObject({ found: true, revision: 1 })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'accepted', code: '200' })
    expect(await copies()).toBe(1)
  })

  test('cut off before it was stored: unsure; the look finds nothing', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', cut: 'before-store' }] })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'unsure' })
    expect(await pkb.look(recallOf(letter), patience())).toMatchObject({ found: false, outcome: { kind: 'accepted' } })
  })

  test('no answer in time: unsure', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', delayMs: 2000 }] })
    expect(await pkb.create(letter, patience(100))).toMatchObject({ kind: 'unsure', code: 'TIMEOUT' })
  })

  test('a token endpoint that is down or refuses us says so, and nothing of a document was sent', async () => {
    const settings = pkbSettings(sandbox.url)
    const wrong = openPkb({ ...settings, fhir: { ...settings.fhir, client_secret: 'wrong' } }, { content, now })
    expect(await wrong.create(letter, patience())).toMatchObject({ kind: 'forbidden', code: 'TOKEN_401' })
    await wrong.close()
    await client.control({ faults: [{ path: '/oauth/token', cut: 'before-store', times: 0 }] })
    const fresh = openPkb(settings, { content, now })
    expect(await fresh.create(letter, patience())).toMatchObject({ kind: 'unavailable', code: expect.stringMatching(/^TOKEN_/u) })
    await fresh.close()
    expect(await copies()).toBe(0)
  })

  test('the wrong organisation: forbidden', async () => {
    const settings = pkbSettings(sandbox.url)
    const wrong = openPkb({ ...settings, fhir: { ...settings.fhir, organisation: '00000000-0000-4000-8000-000000000002' } }, { content, now })
    expect(await wrong.create(letter, patience())).toMatchObject({ kind: 'forbidden', code: '403' })
    await wrong.close()
  })

  test('nobody listens there: unavailable', async () => {
    const away = openPkb(pkbSettings(`http://127.0.0.1:${await closedPort()}`), { content, now })
    expect(await away.create(letter, patience())).toMatchObject({ kind: 'unavailable', code: 'TOKEN_ECONNREFUSED' })
    await away.close()
  })

  test('PKB goes away after the token was given: unavailable, for nothing got there', async () => {
    const settings = pkbSettings(sandbox.url)
    const away = openPkb({ ...settings, fhir: { ...settings.fhir, base_url: `http://127.0.0.1:${await closedPort()}/fhir` } }, { content, now })
    expect(await away.create(letter, patience())).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' })
    await away.close()
  })

  test('a stored file that was altered is not sent to its end', async () => {
    const altered: ContentStore = { ...content, read: async () => Readable.from((async function* () { yield Buffer.alloc(100, 65); throw new Failure('CONTENT_MISSING', 'The hash does not fit.') })()) }
    const destination = openPkb(pkbSettings(sandbox.url), { content: altered, now })
    expect(await destination.create(letter, patience())).toMatchObject({ kind: 'refused', code: 'CONTENT_MISSING' })
    await destination.close()
    expect(await copies()).toBe(0)
  })

  test('a recall from a wrong address is not believed: 404 there is no proof', async () => {
    await pkb.create(letter, patience())
    const settings = pkbSettings(sandbox.url)
    const wrong = openPkb({ ...settings, fhir: { ...settings.fhir, base_url: `${sandbox.url}/elsewhere` } }, { content, now })
    expect(await wrong.recall({ ...recallOf(letter), remoteId: 'abc' }, patience())).toMatchObject({ kind: 'forbidden', code: '404' })
    await wrong.close()
    expect(await copies()).toBe(1)
  })

  test('where PKB does not delete, the copy is emptied and marked in error', async () => {
    const { remoteId } = await pkb.create(letter, patience())
    await client.control({ deleteRefused: true })
    expect(await pkb.recall({ ...recallOf(letter), ...(remoteId ? { remoteId } : {}) }, patience())).toMatchObject({ kind: 'accepted' })
    expect(await copies()).toBe(0)
    const left = (await client.fhir(`/DocumentReference/${remoteId}`)).body
    expect(left).toMatchObject({ status: 'entered-in-error', content: [{ attachment: { contentType: 'application/pdf' } }] })
    expect(JSON.stringify(left)).not.toMatch(/Clinic letter|"data"|"hash"|description/u)
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'accepted', code: 'GONE' })
    expect(await pkb.create({ ...letter, revision: 1 }, patience())).toMatchObject({ kind: 'accepted', remoteId })
    expect(await copies()).toBe(1)
  })

  test('a recall is confirmed by looking again', async () => {
    await pkb.create(letter, patience())
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'accepted', code: '204', confirmed: true })
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'accepted', code: 'GONE', confirmed: true })
  })

  test('a recall that was done and cannot be looked at afterwards is not sure', async () => {
    await pkb.create(letter, patience())
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'GET', delayMs: 1 }, { path: '/fhir/DocumentReference', method: 'GET', status: 503 }] })
    const outcome = await pkb.recall(recallOf(letter), patience())
    expect(outcome).toMatchObject({ kind: 'unsure', code: '503' })
    expect(outcome.confirmed).toBeUndefined()
    expect(await copies()).toBe(0)
  })

  test('what was sent can be found again: the correlation id, and hash and size as they went over the wire', async () => {
    const { trace } = await pkb.create(letter, patience())
    const sent = bodyOf(letter.resource, letter.content.size)
    const chunks: Buffer[] = []
    for await (const chunk of sent.stream(await content.read(letter.content.sha256))) chunks.push(chunk)
    expect(trace).toEqual({ correlation: letter.attemptId, requestSha256: sha256(Buffer.concat(chunks)), requestBytes: sent.bytes, status: 201 })
    const away = openPkb(pkbSettings(`http://127.0.0.1:${await closedPort()}`), { content, now })
    expect((await away.create(letter, patience())).trace).toEqual({ correlation: letter.attemptId })
    await away.close()
  })

  test('a recall takes back every copy, should there be two', async () => {
    await pkb.create(letter, patience())
    const twice = { ...letter.resource, content: [{ attachment: { ...letter.resource.content[0]!.attachment, data: aPdf({ mark: `letter ${letters}` }).toString('base64') } }] }
    await client.create(twice)
    expect(await copies()).toBe(2)
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'accepted' })
    expect(await copies()).toBe(0)
  })

  test('a recall takes back a copy that PKB itself calls superseded', async () => {
    const { remoteId } = await pkb.create(letter, patience())
    const data = aPdf({ mark: `letter ${letters}` }).toString('base64')
    const content = [{ attachment: { ...letter.resource.content[0]!.attachment, data } }]
    await client.fhir(`/DocumentReference/${remoteId}`, { method: 'PUT', body: JSON.stringify({ ...letter.resource, id: remoteId, status: 'superseded', content }), headers: { 'content-type': 'application/fhir+json' } })
    expect((await client.fhir(`/DocumentReference/${remoteId}`)).body).toMatchObject({ status: 'superseded' })
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'accepted', code: '204' })
    expect((await client.fhir(`/DocumentReference/${remoteId}`)).status).toBe(410)
  })

  test('an update of what somebody deleted there makes it anew, on condition that there is none', async () => {
    const { remoteId } = await pkb.create(letter, patience())
    await client.fhir(`/DocumentReference/${remoteId}`, { method: 'DELETE' })
    const outcome = await pkb.update({ ...letter, ...(remoteId ? { remoteId } : {}) }, patience())
    expect(outcome).toMatchObject({ kind: 'accepted', code: '201' })
    expect(outcome.remoteId).not.toBe(remoteId)
    expect(await copies()).toBe(1)
  })

  test('accounts: registered, not registered, deceased, unknown', async () => {
    expect(await accounts.status(['9990000018'], patience())).toEqual({ answered: true, silent: [], people: [{ nhsNumber: '9990000018', registered: true, deceased: false, birthDate: '1970-01-01' }] })
    expect(await accounts.status(['9990000026'], patience())).toMatchObject({ answered: true, people: [{ registered: false }] })
    expect(await accounts.status(['9990000050'], patience())).toMatchObject({ answered: true, people: [{ registered: true, deceased: true }] })
    expect(await accounts.status(['9990000034'], patience())).toEqual({ answered: true, silent: [], people: [{ nhsNumber: '9990000034', registered: false, deceased: false }] })
    await client.control({ faults: [{ path: '/facade/fhir', status: 503 }] })
    expect(await accounts.status(['9990000018'], patience())).toMatchObject({ answered: false, outcome: { kind: 'unavailable' } })
  })

  test('a large letter passes in a stream', async () => {
    const large = await aShipment(content, { n: ++letters, pdf: aPdf({ bytes: 20_000_000, mark: 'large' }) })
    expect(await pkb.create(large, patience(20_000))).toMatchObject({ kind: 'accepted' })
    expect((await record()).find(({ sha256 }) => sha256 === large.content.sha256)).toMatchObject({ size: 20_000_000 })
  })
})

describe('against servers that are not what they should be', () => {
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => { for (const close of closers.splice(0)) await close() })

  const facing = async (answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<{ pkb: Destination; url: string }> => {
    const server = await aServer(answer)
    const pkb = openPkb(pkbSettings(server.url), { content, now })
    closers.push(async () => {
      await pkb.close()
      await server.close()
    })
    return { pkb, url: server.url }
  }

  test('a login page with status 200 is not PKB', async () => {
    const { pkb } = await facing((_req, res) => { res.setHeader('content-type', 'text/html').end('<html>Sign in</html>') })
    const letter = await aShipment(content)
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'unsure', code: 'NOT_FHIR' })
    expect(await pkb.look(recallOf(letter), patience())).toMatchObject({ found: false, outcome: { kind: 'forbidden', code: 'NOT_FHIR' } })
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'forbidden' })
  })

  test('a redirect is not followed', async () => {
    let elsewhere = 0
    const { pkb } = await facing((req, res) => {
      if (req.url?.startsWith('/elsewhere')) elsewhere += 1
      res.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(await pkb.create(await aShipment(content), patience())).toMatchObject({ kind: 'forbidden', code: '307' })
    expect(elsewhere).toBe(0)
  })

  test('a server that ignores the search and answers with other documents has said nothing of ours', async () => {
    const asked: string[] = []
    const { pkb } = await facing((req, res) => {
      asked.push(`${req.method} ${req.url}`)
      if (req.method === 'DELETE') return void res.writeHead(204).end()
      return void res.setHeader('content-type', 'application/fhir+json').end(bundle([{ ...aPlannedResource({ sha1: 'x', size: 1 }), id: 'other', identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:uuid:another' }] }]))
    })
    const recall = recallOf(await aShipment(content))
    const ignored = { kind: 'refused', code: 'SEARCH_IGNORED' }
    expect(await pkb.look(recall, patience())).toMatchObject({ found: false, outcome: ignored })
    expect(await pkb.recall(recall, patience())).toMatchObject(ignored)
    const outcome = await pkb.recall({ ...recall, remoteId: 'r1' }, patience())
    expect(outcome.kind).toBe('accepted')
    expect(outcome.confirmed).toBeUndefined()
    expect(asked.filter((one) => one.startsWith('DELETE'))).toEqual(['DELETE /fhir/DocumentReference/r1'])
  })

  test('a recall that a server says is done, and of which the copy can still be found, is not sure', async () => {
    const letter = await aShipment(content)
    const { pkb } = await facing((req, res) => {
      if (req.method === 'DELETE') return void res.writeHead(204).end()
      return void res.setHeader('content-type', 'application/fhir+json').end(bundle([{ ...letter.resource, id: 'r1' }]))
    })
    expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'unsure', code: 'STILL_THERE' })
  })

  test('a server that cannot search is believed, and not called confirmed', async () => {
    const { pkb } = await facing((req, res) => { res.writeHead(req.method === 'DELETE' ? 204 : 405).end() })
    const outcome = await pkb.recall({ ...recallOf(await aShipment(content)), remoteId: 'r1' }, patience())
    expect(outcome).toMatchObject({ kind: 'accepted', code: '204' })
    expect(outcome.confirmed).toBeUndefined()
  })

  test('an answer that brings 40 MB back is read without holding it', async () => {
    const letter = await aShipment(content)
    const { pkb } = await facing((_req, res) => {
      const [before, after] = bundle([{ ...letter.resource, id: 'r1', content: [{ attachment: { data: '#' } }] }]).split('#') as [string, string]
      res.setHeader('content-type', 'application/fhir+json').write(before)
      const block = 'A'.repeat(1_000_000)
      for (let i = 0; i < 40; i += 1) res.write(block)
      res.end(after)
    })
    expect(await pkb.look(recallOf(letter), patience())).toMatchObject({ found: true, remoteId: 'r1', revision: 1 })
  })

  test('an answer that is large in other ways is cut', async () => {
    const { pkb } = await facing((_req, res) => { res.setHeader('content-type', 'application/fhir+json').end(`{"resourceType":"Bundle","entry":[${'{},'.repeat(600_000)}{}]}`) })
    expect(await pkb.look(recallOf(await aShipment(content)), patience())).toMatchObject({ found: false, outcome: { kind: 'unavailable', code: 'ANSWER_TOO_LARGE' } })
  })

  test('what a server says of the patient goes no further', async () => {
    const { pkb } = await facing((_req, res) => {
      res.writeHead(422, { 'content-type': 'application/fhir+json' }).end(JSON.stringify({
        resourceType: 'OperationOutcome',
        issue: [
          { severity: 'error', code: 'processing', expression: ['DocumentReference.subject'], diagnostics: 'Patient Ada Example 9990000018 is not known', details: { text: 'Ada Example' } },
          { severity: 'error', code: 'Ada Example', expression: ["Patient.where(name='Ada Example')"] },
          { severity: 'error', code: 'value', expression: ['DocumentReference.a9990000018'] },
        ],
      }))
    })
    const { trace, ...outcome } = await pkb.create(await aShipment(content), patience())
    expect(outcome).toEqual({ kind: 'refused', code: '422', detail: 'HTTP 422: processing DocumentReference.subject, value. In its words: “Patient … is not known”' })
    expect(trace).toMatchObject({ status: 422, answer: 'processing DocumentReference.subject, value' })
  })

  test('a replacement names the version that was seen, so that it undoes nothing newer; a server that tells none is not asked', async () => {
    const letter = await aShipment(content)
    const { system, value } = stableIdentifier(letter.identifier)
    for (const [meta, ifMatch, status, outcome] of [
      [{ meta: { versionId: '7' } }, 'W/"7"', 200, { kind: 'accepted', remoteId: 'r1' }], [{ meta: { versionId: '7' } }, 'W/"7"', 412, { kind: 'unsure', code: '412' }],
      [{ meta: { versionId: '7"\r\nx: y' } }, undefined, 200, { kind: 'accepted' }], [{}, undefined, 200, { kind: 'accepted' }],
    ] as const) {
      const asked: (string | undefined)[] = []
      const { pkb } = await facing((req, res) => {
        if (req.method === 'GET') return void res.setHeader('content-type', 'application/fhir+json').end(bundle([{ resourceType: 'DocumentReference', id: 'r1', status: 'current', identifier: [{ system, value }], ...meta }]))
        asked.push(req.headers['if-match'])
        return void req.resume().on('end', () => res.writeHead(status).end())
      })
      expect(await pkb.update({ ...letter, remoteId: 'r1' }, patience())).toMatchObject(outcome)
      expect(asked).toEqual([ifMatch])
    }
  })

  test('nothing of the patient is in an address or a header', async () => {
    const seen: string[] = []
    const { pkb } = await facing((req, res) => {
      seen.push(`${req.method} ${req.url} ${JSON.stringify(req.headers)}`)
      if (req.method === 'GET') return void res.setHeader('content-type', 'application/fhir+json').end(bundle([]))
      return void req.on('end', () => res.writeHead(201, { location: 'http://pkb.example/fhir/DocumentReference/r1/_history/1' }).end())
    })
    const letter = await aShipment(content)
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'accepted', remoteId: 'r1' })
    await pkb.look(recallOf(letter), patience())
    await pkb.recall({ ...recallOf(letter), remoteId: 'r1' }, patience())
    expect(seen).toHaveLength(5)
    expect(seen.join('\n')).not.toMatch(/9990000018|Ada|Clinic/u)
    expect(seen[0]).toContain('"if-none-exist":"identifier=urn:ietf:rfc:3986|urn:uuid:')
    expect(seen[0]).toContain('"x-org-public-id":')
    expect(seen[0]).toContain(`"x-request-id":"${letter.attemptId}"`)
  })
})

describe('the parts', () => {
  test('a body is the resource with the data in place, and as long as it says', async () => {
    for (const bytes of [0, 1, 2, 3, 4, 100, 65_537]) {
      const data = Buffer.alloc(bytes, 7)
      const resource = { ...aPlannedResource({ sha1: 'abc', size: bytes }), content: [{ format: { code: 'x' }, attachment: { contentType: 'application/pdf', title: 'A "quoted" title' } }] }
      const body = bodyOf(resource, bytes)
      const chunks: Buffer[] = []
      const pieces = async function* (): AsyncGenerator<Buffer> { for (let from = 0; from < bytes; from += 1000) yield data.subarray(from, from + 1000) }
      for await (const chunk of body.stream(pieces())) chunks.push(chunk)
      const text = Buffer.concat(chunks)
      expect(text.length).toBe(body.bytes)
      expect(JSON.parse(text.toString())).toEqual({ ...resource, content: [{ format: { code: 'x' }, attachment: { contentType: 'application/pdf', title: 'A "quoted" title', data: data.toString('base64') } }] })
    }
  })

  test('long strings are cut to something that is still JSON, wherever the chunks end', () => {
    const value = { a: 'x'.repeat(5000), b: `${'é'.repeat(300)}`, c: '\\"'.repeat(500), d: '\u0001'.repeat(200), e: 'short', f: ['y'.repeat(5000), 1, true, null] }
    const json = Buffer.from(JSON.stringify(value))
    for (const size of [1, 2, 3, 7, 64, 100_000]) {
      const elide = elideLongStrings(100)
      const out: Uint8Array[] = []
      for (let from = 0; from < json.length; from += size) out.push(elide(json.subarray(from, from + size)))
      const parsed = JSON.parse(Buffer.concat(out).toString()) as typeof value
      expect(parsed.e).toBe('short')
      expect(parsed.f.slice(1)).toEqual([1, true, null])
      expect(value.a.startsWith(parsed.a)).toBe(true)
      expect(value.b.startsWith(parsed.b)).toBe(true)
      expect(value.c.startsWith(parsed.c)).toBe(true)
      // Base64 has no escapes; a string of nothing but escapes is left to the limit of the whole.
      expect([parsed.a, parsed.b, String(parsed.f[0])].map((text) => Buffer.byteLength(text)).every((bytes) => bytes <= 104)).toBe(true)
    }
  })

  test.each(['EHOSTUNREACH', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'])('%s after the request had begun is told from one before', (code) => {
    const ends: Outcome[] = []
    const breaks = (begins: boolean) => tellBegun((_options, handler) => {
      if (begins) handler.onRequestStart?.({} as Dispatcher.DispatchController, undefined)
      handler.onResponseError?.({} as Dispatcher.DispatchController, Object.assign(new Error('it broke'), { code }))
      return true
    })
    const told: Dispatcher.DispatchHandler = { onResponseError: (_controller, cause) => { ends.push(broken(new TypeError('fetch failed', { cause }), { action: 'create', target: 'endpoint' }, new AbortController().signal)) } }
    for (const begins of [false, true]) breaks(begins)({ path: '/', method: 'POST' }, told)
    expect(ends).toMatchObject([{ kind: 'unavailable', code }, { kind: 'unsure', code }])
  })

  test('issues are codes and element names, or nothing', () => {
    expect(issuesOf({ issue: [{ code: 'value', expression: ['DocumentReference.content[0].attachment.hash'] }] })).toBe('value DocumentReference.content[0].attachment.hash')
    for (const body of [undefined, 'text', {}, { issue: 'x' }, { issue: [null, 1, 'x'] }]) expect(issuesOf(body)).toBe('')
  })
})
