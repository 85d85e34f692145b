// Every way in which an exchange with PKB can go wrong, what it has to be called by either transport, and that trying
// again puts it right.
import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { connect, createServer as createPlainServer, type AddressInfo, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Shipment } from '../../src/deliver/destination.ts'
import type { Outcome, OutcomeKind, Transport } from '../../src/types.ts'
import { aServer, closedPort, pkbSettings, pkbStand, type PkbStand } from '../support/pkb.ts'
import { aShipment, recallOf } from '../support/shipment.ts'

type Fault = Readonly<Record<string, unknown>>
/** `stored`: whether PKB did what it was asked for all the same. */
type Row = { readonly name: string; readonly fault: Fault; readonly kind: OutcomeKind; readonly code?: string; readonly stored?: true; readonly more?: Partial<Outcome>; readonly withinMs?: number }

const status = (code: number, kind: OutcomeKind, fault: Fault = {}, more: Partial<Outcome> = {}): Row => ({ name: `HTTP ${code}`, fault: { status: code, ...fault }, kind, code: String(code), more })

/** For what changes something, whichever way it is sent. */
const BOTH: readonly Row[] = [
  // FHIR asks for a fresh token once.
  status(401, 'forbidden', { times: 2 }), status(404, 'forbidden'), status(408, 'unsure'), status(410, 'forbidden'), status(412, 'unsure'), status(413, 'refused'),
  status(429, 'unavailable', { retryAfter: 7 }, { retryAfterSecs: 7 }), status(500, 'unsure'), status(502, 'unsure'), status(503, 'unavailable', { retryAfter: 9 }, { retryAfterSecs: 9 }), status(504, 'unsure'),
  status(302, 'forbidden'), status(400, 'refused'), status(403, 'forbidden'), status(409, 'refused'), status(415, 'refused'), status(422, 'refused'), status(501, 'refused'), status(507, 'unsure'), status(511, 'unavailable'),
  { name: 'cut off before it was stored', fault: { cut: 'before-store' }, kind: 'unsure' },
  { name: 'cut off after it was stored', fault: { cut: 'after-store' }, kind: 'unsure', stored: true },
  { name: 'no answer in time, and stored', fault: { delayMs: 1_500 }, kind: 'unsure', code: 'TIMEOUT', stored: true, withinMs: 300 },
]

/** `person`: of what puts a letter there; a recall is tried again by itself after AE. */
const HL7: readonly Row[] = [
  { name: 'AR', fault: { ack: 'AR' }, kind: 'refused', code: 'AR', more: { person: true } },
  { name: 'AE', fault: { ack: 'AE' }, kind: 'unsure', code: 'AE', more: { person: true } },
  { name: 'AE, and stored', fault: { ack: 'AE', store: true }, kind: 'unsure', code: 'AE', stored: true, more: { person: true } },
  { name: 'an acknowledgement of another message, and stored', fault: { ackFor: 'another' }, kind: 'unsure', code: 'NOT_OUR_ACK', stored: true },
  { name: 'an acknowledgement of another message', fault: { ackFor: 'another', store: false }, kind: 'unsure', code: 'NOT_OUR_ACK' },
  { name: 'a SOAP fault', fault: { soapFault: true }, kind: 'unsure', code: 'SOAP_FAULT' },
  { name: 'a SOAP fault, and stored', fault: { soapFault: true, store: true }, kind: 'unsure', code: 'SOAP_FAULT', stored: true },
  { name: 'garbage', fault: { garbage: true }, kind: 'unsure', code: 'NOT_AN_ACK' },
  { name: 'garbage, and stored', fault: { garbage: true, store: true }, kind: 'unsure', code: 'NOT_AN_ACK', stored: true },
]

const EXTRA = { fhir: [], 'hl7-soap': HL7 } as const satisfies Record<Transport, readonly Row[]>
const PATH = { fhir: '/fhir/DocumentReference', 'hl7-soap': '/services/hl7' } as const satisfies Record<Transport, string>

/** At one copy that we know by its id: not there is gone, and what a server does not delete is emptied. */
const FHIR_DELETE = new Set([404, 410, 403, 405, 409, 422, 501].map((code) => `HTTP ${code}`))

const within = (ms = 5_000): AbortSignal => AbortSignal.timeout(ms)

export const pkbFaultsContract = (transport: Transport): void => {
  let stand: PkbStand
  let letters = 0
  let letter: Shipment
  const path = PATH[transport]

  beforeAll(async () => { stand = await pkbStand(transport) })
  // In strict mode PKB takes one request at a time: what is given up here may still be under way there.
  beforeEach(async () => {
    await stand.client.control({ strict: false })
    letter = await aShipment(stand.content, { n: 300 + ++letters })
  })
  afterEach(async () => { await stand.client.control({ faults: [] }) })
  afterAll(async () => { await stand.close() })

  const harmless = (outcome: Outcome, attemptId: string): void => {
    expect(outcome.trace?.correlation).toBe(attemptId)
    expect(JSON.stringify(outcome)).not.toMatch(/999000|Ada|Example|Clinic|Basic|Bearer|b3Blbmxld|POST \/control|no SOAP/u)
  }

  const expected = ({ kind, code, more }: Row, action: 'create' | 'recall'): object => {
    const { person, ...rest } = more ?? {}
    return { kind, ...(code === undefined ? {} : { code }), ...rest, ...(person && (action === 'create' || kind === 'refused') ? { person } : {}) }
  }

  describe('a letter', () => {
    test.each([...BOTH, ...EXTRA[transport]])('$name: $kind', async (row) => {
      await stand.client.control({ faults: [{ path, method: 'POST', ...row.fault }] })
      const outcome = await stand.destination.create(letter, within(row.withinMs))
      expect(outcome).toMatchObject(expected(row, 'create'))
      expect(outcome.remoteId).toBeUndefined()
      harmless(outcome, letter.attemptId)
      expect(await stand.standing(letter)).toEqual(row.stored ? [letter.content.sha256] : [])
      await stand.client.control({ faults: [] })
      const again = await aShipment(stand.content, { n: 300 + letters })
      expect(await stand.destination.create(again, within())).toMatchObject({ kind: 'accepted' })
      expect(await stand.standing(letter)).toEqual([letter.content.sha256])
    })
  })

  describe('a recall', () => {
    test.each([...BOTH, ...EXTRA[transport]].filter(({ name }) => transport !== 'fhir' || !FHIR_DELETE.has(name)))('$name: $kind', async (row) => {
      expect(await stand.destination.create(letter, within())).toMatchObject({ kind: 'accepted' })
      await stand.client.control({ faults: [{ path, method: transport === 'fhir' ? 'DELETE' : 'POST', ...row.fault }] })
      const recall = recallOf(letter)
      const outcome = await stand.destination.recall(recall, within(row.withinMs))
      expect(outcome).toMatchObject(expected(row, 'recall'))
      expect(outcome.confirmed).toBeUndefined()
      if (row.kind === 'unsure') expect(outcome.person).toBeUndefined()
      harmless(outcome, recall.attemptId)
      expect(await stand.standing(letter)).toEqual(row.stored ? [] : [letter.content.sha256])
      await stand.client.control({ faults: [] })
      expect(await stand.destination.recall(recallOf(letter), within())).toMatchObject({ kind: 'accepted' })
      expect(await stand.standing(letter)).toEqual([])
    })
  })

  test('TLS that breaks when all was sent proves nothing: unsure', async () => {
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, readFileSync('test/fixtures/tls/authority.crt', 'utf8')])
    const clients = new Set<Socket>()
    let taken = 0
    const pkb = createTlsServer({ key: readFileSync('test/fixtures/tls/feed.key'), cert: readFileSync('test/fixtures/tls/feed.crt') }, (req) => {
      // Whoever stands on the way sends what is no TLS.
      req.resume().on('end', () => { taken += 1; for (const client of clients) client.write(Buffer.alloc(64, 0x7f)) })
    })
    await new Promise<void>((resolve) => { pkb.listen(0, '127.0.0.1', resolve) })
    const onTheWay = createPlainServer((client) => {
      clients.add(client.on('error', () => undefined).on('close', () => clients.delete(client)))
      const inner = connect((pkb.address() as AddressInfo).port, '127.0.0.1').on('error', () => client.destroy())
      client.pipe(inner).pipe(client)
    })
    await new Promise<void>((resolve) => { onTheWay.listen(0, '127.0.0.1', resolve) })
    try {
      const settings = pkbSettings(stand.sandbox.url, { transport })
      const url = `https://127.0.0.1:${(onTheWay.address() as AddressInfo).port}`
      const facing = stand.another({ ...settings, fhir: { ...settings.fhir, base_url: `${url}/fhir` }, hl7_soap: { ...settings.hl7_soap, url: `${url}/services/hl7` } })
      const outcome = await facing.create(letter, within())
      expect([taken, outcome]).toEqual([1, expect.objectContaining({ kind: 'unsure' })])
    } finally {
      setDefaultCACertificates(before)
      for (const client of clients) client.destroy()
      pkb.closeAllConnections()
      await Promise.all([pkb, onTheWay].map((server) => new Promise((resolve) => { server.close(resolve) })))
    }
  })

  describe('nobody is reached', () => {
    test.each([
      ['a refused connection', async (): Promise<string> => `http://127.0.0.1:${await closedPort()}`, /^ECONNREFUSED$/u],
      ['a name that nobody has', async (): Promise<string> => `http://${'x'.repeat(64)}.invalid`, /^(ENOTFOUND|EAI_AGAIN)$/u],
      ['a server that speaks no TLS', async (): Promise<string> => stand.sandbox.url.replace('http:', 'https:'), /^(ERR_SSL_|EPROTO)/u],
    ] as const)('%s: unavailable, and nothing was sent', async (_name, address, code) => {
      const settings = pkbSettings(stand.sandbox.url, { transport })
      const url = await address()
      const away = stand.another({ ...settings, fhir: { ...settings.fhir, base_url: `${url}/fhir` }, hl7_soap: { ...settings.hl7_soap, url: `${url}/services/hl7` } })
      for (const outcome of [await away.create(letter, within()), await away.recall({ ...recallOf(letter), attemptId: letter.attemptId }, within())]) {
        expect(outcome).toMatchObject({ kind: 'unavailable', code: expect.stringMatching(code) })
        expect(outcome.trace).toEqual({ correlation: letter.attemptId })
      }
    })

    test.each([
      ['a certificate that nobody whom we trust has signed', 'stranger', undefined, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ['a certificate of somebody whom we do not know', 'feed', undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['a certificate for another name', 'feed', 'authority', 'ERR_TLS_CERT_ALTNAME_INVALID'],
      ['a certificate that has run out', 'expired', 'expired', 'CERT_HAS_EXPIRED'],
    ] as const)('%s: unavailable, and nothing was sent', async (_name, shown, trusted, code) => {
      const before = getCACertificates('default')
      if (trusted) setDefaultCACertificates([...before, readFileSync(`test/fixtures/tls/${trusted}.crt`, 'utf8')])
      let asked = 0
      const server = createTlsServer({ key: readFileSync(`test/fixtures/tls/${shown === 'expired' ? 'stranger' : shown}.key`), cert: readFileSync(`test/fixtures/tls/${shown}.crt`) }, (_req, res) => { asked += 1; res.end() })
      await new Promise<void>((resolve) => { server.listen(0, '127.0.0.2', resolve) })
      try {
        const settings = pkbSettings(stand.sandbox.url, { transport })
        const url = `https://127.0.0.2:${(server.address() as AddressInfo).port}`
        const away = stand.another({ ...settings, fhir: { ...settings.fhir, base_url: `${url}/fhir` }, hl7_soap: { ...settings.hl7_soap, url: `${url}/services/hl7` } })
        for (const outcome of [await away.create(letter, within()), await away.recall({ ...recallOf(letter), attemptId: letter.attemptId }, within())])
          expect(outcome).toMatchObject({ kind: 'unavailable', code, trace: { correlation: letter.attemptId } })
        expect(asked).toBe(0)
      } finally {
        setDefaultCACertificates(before)
        server.closeAllConnections()
        await new Promise((resolve) => { server.close(resolve) })
      }
    })

    test('a proxy that wants a password first: unavailable, for it passed nothing on, and that is said', async () => {
      const proxy = await aServer((_req, res) => { res.writeHead(407, { 'proxy-authenticate': 'Basic realm="web"' }).end('<html>Sign in, Ada Example') })
      try {
        const settings = pkbSettings(stand.sandbox.url, { transport })
        const away = stand.another({ ...settings, fhir: { ...settings.fhir, base_url: `${proxy.url}/fhir` }, hl7_soap: { ...settings.hl7_soap, url: `${proxy.url}/services/hl7` } })
        for (const outcome of [await away.create(letter, within()), await away.recall({ ...recallOf(letter), attemptId: letter.attemptId }, within())]) {
          expect(outcome).toMatchObject({ kind: 'unavailable', code: '407', detail: expect.stringContaining('ask your network team'), trace: { correlation: letter.attemptId } })
          harmless(outcome, letter.attemptId)
        }
        const noToken = stand.another({ ...settings, fhir: { ...settings.fhir, token_url: `${proxy.url}/token` } })
        if (transport === 'fhir') expect(await noToken.create(letter, within())).toMatchObject({ kind: 'unavailable', code: 'TOKEN_407' })
      } finally {
        await proxy.close()
      }
    })

    test('credentials that PKB does not know: forbidden', async () => {
      const settings = pkbSettings(stand.sandbox.url, { transport })
      const wrong = stand.another({ ...settings, fhir: { ...settings.fhir, client_secret: 'wrong' }, hl7_soap: { ...settings.hl7_soap, password: 'wrong' } })
      expect(await wrong.create(letter, within())).toMatchObject({ kind: 'forbidden', code: expect.stringMatching(/401$/u) })
      expect(await stand.standing(letter)).toEqual([])
    })
  })
}
