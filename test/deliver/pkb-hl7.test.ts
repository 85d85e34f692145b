// The record at PKB by HL7 beyond the contracts: what arrives, servers that are not what they should be, and a trust
// that changes from one transport to the other.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Destination, Shipment } from '../../src/deliver/destination.ts'
import { controlId } from '../../src/deliver/pkb/hl7-message.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { Failure } from '../../src/errors.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import { aPdf } from '../support/pdf.ts'
import { aServer, closedPort, hl7Settings, pkbSettings, pkbStand, type PkbStand } from '../support/pkb.ts'
import { sha256 } from '../support/sandbox.ts'
import { aShipment, recallOf } from '../support/shipment.ts'
import { aStory } from '../support/story.ts'

const now = (): Date => new Date()
const patience = (ms = 5000): AbortSignal => AbortSignal.timeout(ms)
let stand: PkbStand
let letters = 0
let letter: Shipment
beforeAll(async () => { stand = await pkbStand('hl7-soap') })
beforeEach(async () => {
  await stand.client.control({ faults: [] })
  letter = await aShipment(stand.content, { n: ++letters })
})
afterAll(async () => { await stand.close() })

const entry = async (shipment = letter) => (await stand.client.record(shipment.nhsNumber)).documents.find(({ documentNumber }) => documentNumber === shipment.identifier)
const requests = async (path: string): Promise<number> => ((await stand.client.ask('/control')).body as { requests: { byPath: Record<string, number> } }).requests.byPath[path] ?? 0

describe('what arrives', () => {
  test('is the letter, labelled Mental Health, under our own identifier', async () => {
    expect(await stand.destination.create(letter, patience())).toMatchObject({ kind: 'accepted', code: 'AA', remoteId: letter.identifier })
    expect(await entry()).toMatchObject({ by: 'hl7', sha256: letter.content.sha256, size: letter.content.size, privacyLabel: 'MENTAL_HEALTH', title: 'Clinic letter', contentType: 'application/pdf', visibleFrom: null })
  })

  test('keeps every letter of its title', async () => {
    const title = 'A | B ^ C ~ D & E \\ F ]]> <b> "quoted" Zoë 日本 😀'
    const named = await aShipment(stand.content, { n: ++letters, title })
    expect(await stand.destination.create(named, patience())).toMatchObject({ kind: 'accepted' })
    expect(await entry(named)).toMatchObject({ title, sha256: named.content.sha256 })
  })

  test('waits for as long as the channel says', async () => {
    const delayed = stand.another(hl7Settings(stand.sandbox.url, { hl7_soap: { display_delay: { counts_from: 'document-date', days: { CLIN: 3 } } } }))
    expect(await delayed.create(letter, patience())).toMatchObject({ kind: 'accepted' })
    expect(await entry()).toMatchObject({ visibleFrom: '2026-11-23T00:00:00.000Z' })
  })

  test('without a service code for the team nothing is sent at all', async () => {
    const before = await requests('POST /services/hl7')
    const other = { ...letter, document: { ...aStory().document, team: { text: 'ADULT9', at: 'metadata.team' } } }
    expect(await stand.destination.create(other, patience())).toMatchObject({ kind: 'refused', code: 'NO_SERVICE_CODE', trace: { correlation: letter.attemptId } })
    expect(await requests('POST /services/hl7')).toBe(before)
  })

  test('a letter of 20 MB passes in a stream', async () => {
    const large = await aShipment(stand.content, { n: ++letters, pdf: aPdf({ bytes: 20_000_000, mark: 'large' }) })
    expect(await stand.destination.create(large, patience(20_000))).toMatchObject({ kind: 'accepted' })
    expect(await entry(large)).toMatchObject({ size: 20_000_000, sha256: large.content.sha256 })
  })

  test('a stored file that was altered is not sent to its end', async () => {
    const altered: ContentStore = { ...stand.content, read: async () => Readable.from((async function* () { yield Buffer.alloc(10, 65); throw new Failure('CONTENT_MISSING', 'The hash does not fit.') })()) }
    const destination = openPkb(hl7Settings(stand.sandbox.url), { content: altered, now })
    expect(await destination.create(letter, patience())).toMatchObject({ kind: 'refused', code: 'CONTENT_MISSING' })
    await destination.close()
    expect(await stand.standing(letter)).toEqual([])
  })
})

test.each([['fhir'], ['hl7-soap']] as const)('by %s, the file is closed again though nobody was reached', async (transport) => {
  const read: Readable[] = []
  const watched: ContentStore = { ...stand.content, read: async (hash) => { const file = await stand.content.read(hash); read.push(file); return file } }
  const url = `http://127.0.0.1:${await closedPort()}`
  const settings = pkbSettings(stand.sandbox.url, { transport })
  const away = openPkb({ ...settings, fhir: { ...settings.fhir, base_url: `${url}/fhir` }, hl7_soap: { ...settings.hl7_soap, url } }, { content: watched, now })
  expect(await away.create(letter, patience())).toMatchObject({ kind: 'unavailable', code: 'ECONNREFUSED' })
  expect(read.map(({ destroyed }) => destroyed)).toEqual([true])
  await away.close()
})

describe('against servers that are not what they should be', () => {
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => { for (const close of closers.splice(0)) await close() })
  const facing = async (answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<Destination> => {
    const server = await aServer(answer)
    const pkb = openPkb(hl7Settings(server.url), { content: stand.content, now })
    closers.push(async () => {
      await pkb.close()
      await server.close()
    })
    return pkb
  }
  const PACKED = gzipSync(Buffer.alloc(100_000_000, ' '))
  const answering = (status: number, body: string | Buffer, headers: Record<string, string> = { 'content-type': 'text/xml' }) => facing((req, res) => { req.on('end', () => res.writeHead(status, headers).end(body)) })
  const soap = (body: string): string => `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`
  const ack = (msa: string): string => soap(`<r><return>MSH|^~\\&amp;;|HL7API|PKB|||20261123100000+0000||ACK|1|P|2.4\n${msa}</return></r>`)

  test('a request is this: Basic, text/xml, an empty SOAPAction, the correlation id, its length; and nothing of the patient outside it', async () => {
    let seen: IncomingMessage | undefined
    const chunks: Buffer[] = []
    const pkb = await facing((req, res) => {
      seen = req
      req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => res.setHeader('content-type', 'text/xml').end(ack(`MSA|AA|${controlId(letter.attemptId)}`)))
    })
    const { trace } = await pkb.create(letter, patience())
    const body = Buffer.concat(chunks)
    expect([seen!.method, seen!.url]).toEqual(['POST', '/services/hl7'])
    expect(seen!.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('openletter:sandbox').toString('base64')}`, 'content-type': 'text/xml; charset=utf-8', soapaction: '""', 'x-request-id': letter.attemptId, 'content-length': String(body.length),
    })
    expect(seen!.headers['transfer-encoding']).toBeUndefined()
    expect(JSON.stringify(seen!.headers)).not.toMatch(/9990000018|Ada|Clinic/u)
    expect(body.toString()).toMatch(/^<soapenv:Envelope xmlns:soapenv="http:\/\/schemas\.xmlsoap\.org\/soap\/envelope\/" xmlns:wss="http:\/\/wsssl\.hl7api\.patientsknowbest\.com\/"><soapenv:Header\/><soapenv:Body><wss:acceptMessage><arg0><!\[CDATA\[MSH\|/u)
    expect(trace).toEqual({ correlation: letter.attemptId, requestSha256: sha256(body), requestBytes: body.length, status: 200, answer: 'AA' })
  })

  test.each([
    ['a login page', 200, '<html><body>Sign in', { 'content-type': 'text/html' }, { kind: 'unsure', code: 'NOT_AN_ACK' }],
    ['nothing', 202, '', {}, { kind: 'unsure', code: 'NOT_AN_ACK' }],
    ['a redirect', 307, '', { location: '/elsewhere' }, { kind: 'forbidden', code: '307' }],
    ['a fault of ours', 500, soap('<s:Fault><faultcode>s:Client</faultcode><faultstring>Ada Example</faultstring></s:Fault>'), undefined, { kind: 'refused', code: 'SOAP_CLIENT' }],
    ['a fault of ours with status 200', 200, soap('<s:Fault><faultcode>s:Client</faultcode></s:Fault>'), undefined, { kind: 'refused', code: 'SOAP_CLIENT' }],
    ['a fault of credentials', 500, soap('<s:Fault><faultcode xmlns:w="urn:w">w:FailedAuthentication</faultcode></s:Fault>'), undefined, { kind: 'forbidden', code: 'SOAP_SECURITY' }],
    ['a fault of ours from whatever stands before it', 503, soap('<s:Fault><faultcode>s:Client</faultcode></s:Fault>'), undefined, { kind: 'unavailable', code: '503' }],
    ['a generic rejection', 403, 'The request was rejected.', {}, { kind: 'forbidden', code: '403' }],
    ['an answer of 100 MB, packed into 100 KB', 200, PACKED, { 'content-type': 'text/xml', 'content-encoding': 'gzip' }, { kind: 'unsure', code: 'ANSWER_TOO_LARGE' }],
    ['an answer of 2 MB', 200, `<a>${'x'.repeat(2_000_000)}</a>`, undefined, { kind: 'unsure', code: 'ANSWER_TOO_LARGE' }],
  ])('%s', async (_name, status, body, headers, outcome) => {
    const pkb = await answering(status, body, headers)
    expect(await pkb.create(letter, patience())).toMatchObject(outcome)
  })

  test.each([
    ['CA', 200, { kind: 'accepted', code: 'CA' }], ['CR', 200, { kind: 'refused', code: 'CR', person: true }], ['CE', 200, { kind: 'unsure', code: 'CE', person: true }],
    ['AR', 500, { kind: 'refused', code: 'AR', person: true }], ['AE', 500, { kind: 'unsure', code: 'AE', person: true }], ['AA', 500, { kind: 'unsure', code: '500' }], ['XX', 200, { kind: 'unsure', code: 'NOT_AN_ACK' }],
  ] as const)('%s with HTTP %i', async (code, status, outcome) => {
    const pkb = await answering(status, ack(`MSA|${code}|${controlId(letter.attemptId)}|PID-7 of Ada Example 9990000018 is wrong`))
    const given = await pkb.create(letter, patience())
    expect(given).toMatchObject(outcome)
    expect(JSON.stringify(given)).not.toMatch(/Ada|999000/u)
  })

  test.each(['fhir', 'hl7-soap'] as const)('by %s, neither letter nor credentials follow a redirect to another server', async (transport) => {
    let followed = 0
    const other = await aServer((_req, res) => { followed += 1; res.end() })
    closers.push(() => other.close())
    for (const status of [301, 302, 303, 307, 308]) {
      const server = await aServer((req, res) => { req.on('end', () => res.writeHead(status, { location: `${other.url}${req.url ?? ''}` }).end()) })
      const pkb = openPkb(pkbSettings(server.url, { transport }), { content: stand.content, now })
      closers.push(async () => {
        await pkb.close()
        await server.close()
      })
      expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'forbidden', code: String(status) })
      expect(await pkb.recall(recallOf(letter), patience())).toMatchObject({ kind: 'forbidden', code: String(status) })
    }
    expect(followed).toBe(0)
  })

  test('an acknowledgement that breaks off, wherever it does, is never a yes', async () => {
    const whole = ack(`MSA|AA|${controlId(letter.attemptId)}`)
    for (let length = whole.indexOf('MSA'); length < whole.length; length += 3) expect(await (await answering(200, whole.slice(0, length))).create(letter, patience())).toMatchObject({ kind: 'unsure' })
  })

  test('an acknowledgement in another character set is read: what matters in it is ASCII', async () => {
    const pkb = await answering(200, Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${ack(`MSA|AA|${controlId(letter.attemptId)}|£ é`)}`, 'latin1'), { 'content-type': 'text/xml; charset=ISO-8859-1' })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'accepted', code: 'AA' })
  })

  test('an answer that never ends is given up in time, and nobody knows what became of the letter', async () => {
    const pkb = await facing((req, res) => {
      req.on('end', () => {
        res.writeHead(200, { 'content-type': 'text/xml' })
        const drip = setInterval(() => res.write(' '), 10)
        res.on('close', () => clearInterval(drip))
      })
    })
    expect(await pkb.create(letter, patience(300))).toMatchObject({ kind: 'unsure', code: 'TIMEOUT' })
  })

  test('an acknowledgement that nobody asked to be packed, and that is, is read', async () => {
    const pkb = await answering(200, gzipSync(ack(`MSA|AA|${controlId(letter.attemptId)}`)), { 'content-type': 'text/xml', 'content-encoding': 'gzip' })
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'accepted', code: 'AA' })
  })

  test.each(['fhir', 'hl7-soap'] as const)('by %s, a yes before all of a letter was sent is none', async (transport) => {
    const large = await aShipment(stand.content, { n: ++letters, pdf: aPdf({ bytes: 20_000_000, mark: 'never read' }) })
    const server = await aServer((req, res) => {
      req.pause()
      res.writeHead(transport === 'fhir' ? 201 : 200, { 'content-type': 'text/xml', location: '/fhir/DocumentReference/1', connection: 'close' }).end(transport === 'fhir' ? '' : ack(`MSA|AA|${controlId(large.attemptId)}`))
    })
    const pkb = openPkb(pkbSettings(server.url, { transport }), { content: stand.content, now })
    closers.push(async () => {
      await pkb.close()
      await server.close()
    })
    const outcome = await pkb.create(large, patience())
    expect(outcome.kind).toBe('unsure')
    expect(outcome.trace?.requestSha256).toBeUndefined()
  })

  test('a letter without a name for its message is nobody’s acknowledgement', async () => {
    const pkb = await answering(200, ack('MSA|AA|'))
    expect(await pkb.create(letter, patience())).toMatchObject({ kind: 'unsure', code: 'NOT_OUR_ACK' })
  })

  test('a recall of which PKB says AR waits for a person; after AE it is tried again by itself', async () => {
    const recall = recallOf(letter)
    expect(await (await answering(200, ack(`MSA|AR|${controlId(recall.attemptId)}`))).recall(recall, patience())).toMatchObject({ kind: 'refused', code: 'AR', person: true })
    const says = 'Parsing or validation error: No patient Ada Example 9990000018 was found for the identifiers in PID'
    expect(await (await answering(200, ack(`MSA|AR|${controlId(recall.attemptId)}|${says}`))).recall(recall, patience())).toMatchObject({ detail: 'PKB answers AR PID. In its words: “Parsing or validation error: No patient … was found for the identifiers in PID”', trace: { answer: 'AR PID' } })
    const outcome = await (await answering(200, ack(`MSA|AE|${controlId(recall.attemptId)}`))).recall(recall, patience())
    expect(outcome).toMatchObject({ kind: 'unsure', code: 'AE' })
    expect(outcome.person).toBeUndefined()
  })

  test('what was given up before it began was not sent', async () => {
    const pkb = await answering(200, '')
    expect(await pkb.create(letter, AbortSignal.abort())).toEqual({ kind: 'unavailable', code: 'TIMEOUT', detail: expect.any(String), trace: { correlation: letter.attemptId } })
    expect(await pkb.recall(recallOf(letter), AbortSignal.abort())).toMatchObject({ kind: 'unavailable', code: 'TIMEOUT' })
  })
})

describe('a trust that changes its transport', () => {
  let byFhir: Destination
  beforeAll(() => { byFhir = stand.another(pkbSettings(stand.sandbox.url)) })
  const history = async () => ((await stand.client.ask('/control/history')).body as { action: string; by: string; key: string }[])
    .filter(({ key }) => key.includes(letter.identifier)).map(({ action, by }) => `${by} ${action}`)

  test('a letter that stands by FHIR is taken back there before it is sent by HL7', async () => {
    const { remoteId } = await byFhir.create(letter, patience())
    expect(await stand.destination.update({ ...letter, via: ['fhir'], ...(remoteId ? { remoteId } : {}) }, patience())).toMatchObject({ kind: 'accepted', code: 'AA', remoteId: letter.identifier })
    expect(await history()).toEqual(['fhir create', 'fhir delete', 'hl7 create'])
    expect(await stand.standing(letter)).toEqual([letter.content.sha256])
  })

  test.each([[['hl7-soap']], [['hl7-soap', 'fhir']]] as const)('and the other way round, from %j: what HL7 calls a copy is no id of a resource', async (via) => {
    const { remoteId } = await stand.destination.create(letter, patience())
    expect(remoteId).toBe(letter.identifier)
    const outcome = await byFhir.update({ ...letter, via, remoteId: letter.identifier }, patience())
    expect(outcome).toMatchObject({ kind: 'accepted', code: '201' })
    expect(outcome.remoteId).not.toBe(letter.identifier)
    expect(await history()).toEqual(['hl7 create', 'hl7 delete', 'fhir create'])
  })

  test('where it cannot be taken back it is not sent again', async () => {
    await byFhir.create(letter, patience())
    await stand.client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'DELETE', status: 503, retryAfter: 5 }] })
    expect(await stand.destination.update({ ...letter, via: ['fhir', 'hl7-soap'] }, patience())).toMatchObject({ kind: 'unavailable', code: '503', retryAfterSecs: 5 })
    expect(await history()).toEqual(['fhir create'])
  })

  test('it is told that the old copy is gone, whatever becomes of the new one', async () => {
    const { remoteId } = await byFhir.create(letter, patience())
    await stand.client.control({ faults: [{ path: '/services/hl7', status: 503 }] })
    expect(await stand.destination.update({ ...letter, via: ['fhir'], ...(remoteId ? { remoteId } : {}) }, patience())).toMatchObject({ kind: 'unavailable', takenBack: ['fhir'] })
    expect(await history()).toEqual(['fhir create', 'fhir delete'])
    expect(await stand.destination.update({ ...letter, via: ['hl7-soap'] }, patience())).not.toHaveProperty('takenBack')
  })

  test('a recall goes by each transport by which a copy may stand, and is not confirmed if one of them cannot be looked at', async () => {
    await byFhir.create(letter, patience())
    await stand.destination.create(letter, patience())
    expect(await stand.standing(letter)).toHaveLength(2)
    const outcome = await stand.destination.recall({ ...recallOf(letter), via: ['fhir', 'hl7-soap'] }, patience())
    expect(outcome).toMatchObject({ kind: 'accepted' })
    expect(outcome.confirmed).toBeUndefined()
    expect(await stand.standing(letter)).toEqual([])
  })

  test.each([['fhir', '/fhir/DocumentReference', '/services/hl7'], ['hl7-soap', '/services/hl7', '/fhir/DocumentReference']])('that %s is down keeps no other copy standing, and it is tried again', async (_name, down, refuses) => {
    await byFhir.create(letter, patience())
    await stand.destination.create(letter, patience())
    await stand.client.control({ faults: [{ path: down, status: 503, times: 0 }] })
    expect(await stand.destination.recall({ ...recallOf(letter), via: ['fhir', 'hl7-soap'] }, patience())).toMatchObject({ kind: 'unavailable', code: '503' })
    await stand.client.control({ faults: [] })
    expect(await stand.standing(letter)).toHaveLength(1)
    // A refusal would stop it; what can be tried again comes first.
    await stand.client.control({ faults: [{ path: down, status: 503, times: 0 }, { path: refuses, status: 400, times: 0 }] })
    expect(await stand.destination.recall({ ...recallOf(letter), via: ['hl7-soap', 'fhir'] }, patience())).toMatchObject({ kind: 'unavailable', code: '503' })
  })

  test.each([['hl7-soap', 'fhir'], ['fhir', 'hl7-soap']] as const)('going by %s, no trouble with %s keeps other letters back: what stands there is tried again, and only that', async (chosen, other) => {
    const settings = pkbSettings(stand.sandbox.url, { transport: chosen })
    const away = `http://127.0.0.1:${await closedPort()}`
    const gone = other === 'fhir' ? { fhir: { ...settings.fhir, base_url: away, token_url: away } } : { hl7_soap: { ...settings.hl7_soap, url: away } }
    const barred = other === 'fhir' ? { fhir: { ...settings.fhir, client_secret: 'taken away' } } : { hl7_soap: { ...settings.hl7_soap, password: 'taken away' } }
    for (const trouble of [gone, barred]) {
      const changed = stand.another({ ...settings, ...trouble })
      const tried = { kind: 'unavailable', elsewhere: true }
      expect(await changed.recall({ ...recallOf(letter), via: [other] }, patience())).toMatchObject(tried)
      expect(await changed.recall({ ...recallOf(letter), via: [chosen, other] }, patience())).toMatchObject(tried)
      expect(await changed.update({ ...letter, via: [other] }, patience())).toMatchObject(tried)
    }
    const down = stand.another({ ...settings, ...(chosen === 'fhir' ? { fhir: { ...settings.fhir, client_secret: 'wrong' } } : { hl7_soap: { ...settings.hl7_soap, password: 'wrong' } }) })
    const outcome = await down.recall({ ...recallOf(letter), via: [chosen] }, patience())
    expect(outcome).toMatchObject({ kind: 'forbidden' })
    expect(outcome.elsewhere).toBeUndefined()
  })

  test('a look answers only where everything can be looked at', async () => {
    await byFhir.create(letter, patience())
    expect(await stand.destination.look({ ...recallOf(letter), via: ['fhir'] }, patience())).toMatchObject({ found: true, revision: 1 })
    expect(await byFhir.look({ ...recallOf(letter), via: ['fhir', 'hl7-soap'] }, patience())).toMatchObject({ found: false, outcome: { kind: 'unavailable', code: 'CANNOT_LOOK' } })
  })

  test('two patients: the first one’s copy goes by the first one’s number, and the second’s stays', async () => {
    const second = await aShipment(stand.content, { n: 900 + letters, nhsNumber: '9990000042' })
    const born = { ...second, document: { ...second.document, patient: { ...second.document.patient, birthDate: '1961-02-03' } } }
    await stand.destination.create(letter, patience())
    expect(await stand.destination.create(born, patience())).toMatchObject({ kind: 'accepted' })
    expect(await stand.destination.recall(recallOf(letter), patience())).toMatchObject({ kind: 'accepted' })
    expect([await stand.standing(letter), await stand.standing(second)]).toEqual([[], [second.content.sha256]])
  })
})
