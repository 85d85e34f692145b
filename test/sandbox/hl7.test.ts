// The HL7 endpoint: documents that come as MDM^T02 in a SOAP envelope, replaced by a second one, deleted by MDM^T11, and
// what is refused.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { newHistory } from '../../src/sandbox/history.ts'
import { allows } from '../../src/sandbox/soap.ts'
import { parseXml } from '../../src/sandbox/xml.ts'
import { aClient, aDocumentReference, aPdf, aSandbox, aT02, aT11, inEnvelope, sha256 } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const ADA = '9990000018'
const documents = async (nhsNumber = ADA) => (await client.record(nhsNumber)).documents
const hashes = async (nhsNumber = ADA) => (await documents(nhsNumber)).map((one) => one.sha256)

test('a T02 is answered AA in a SOAP envelope and stands in the record beside one from FHIR', async () => {
  await client.create(aDocumentReference())
  const pdf = aPdf('by HL7')
  const reply = await client.hl7(aT02({ documentNumber: 'doc-7', controlId: 'msg-1', pdf }))
  expect([reply.status, reply.headers.get('content-type'), reply.code, reply.about]).toEqual([200, 'text/xml; charset=utf-8', 'AA', 'msg-1'])
  expect(reply.text).toContain('<return>MSH|^~\\&amp;;|HL7API|PKB|OPENLETTER|TRUST|20261123100000.000+0000||ACK|')
  const [byFhir, byHl7] = await documents()
  expect(byFhir).toMatchObject({ by: 'fhir', documentNumber: null })
  expect(byHl7).toEqual({
    id: expect.any(String), title: 'Clinic letter', contentType: 'application/pdf', size: pdf.length, sha256: sha256(pdf), privacyLabel: 'MENTAL_HEALTH', receivedAt: '2026-11-23T10:00:00.000Z', replacedAt: null,
    by: 'hl7', documentNumber: 'doc-7', visibleFrom: null, readAt: null,
  })
  const opened = await fetch(`${sandbox.url}/records/${ADA}/documents/${byHl7?.id}`)
  expect(Buffer.from(await opened.arrayBuffer())).toEqual(pdf)
})

test('the FHIR endpoint knows nothing of what came by HL7', async () => {
  await client.hl7(aT02())
  const [document] = await documents()
  expect((await client.fhir(`/DocumentReference?patient.identifier=${ADA}`)).body).toMatchObject({ total: 0 })
  expect((await client.fhir(`/DocumentReference/${document?.id}`)).status).toBe(404)
})

test('a second T02 with the same number replaces in its entirety, and nobody detects a repeated MSH-10', async () => {
  await client.hl7(aT02({ title: 'First', service: 'MHADULT', delay: '3' }))
  sandbox.clock.now = new Date('2026-11-23T11:00:00.000Z')
  const second = aPdf('second')
  await client.hl7(aT02({ title: 'Second', service: '', pdf: second }))
  expect(await documents()).toMatchObject([{ title: 'Second', sha256: sha256(second), privacyLabel: 'GENERAL_HEALTH', visibleFrom: null, receivedAt: '2026-11-23T10:00:00.000Z', replacedAt: '2026-11-23T11:00:00.000Z' }])
})

test('the same number for another patient makes a second document, and a T11 takes only that of the patient in its PID', async () => {
  const ben = { nhsNumber: '9990000026', birthDate: '19850505' }
  await client.hl7(aT02())
  await client.hl7(aT02(ben))
  expect([(await hashes()).length, (await hashes(ben.nhsNumber)).length]).toEqual([1, 1])
  expect((await client.hl7(aT11('number-1', { pid3: `${ben.nhsNumber}^^^NHS^NH{status:01}` }))).code).toBe('AA')
  expect([(await hashes()).length, (await hashes(ben.nhsNumber)).length]).toEqual([1, 0])
})

test('a T11 deletes by number, and does nothing with AA where none matches, so that a T02 after it stands', async () => {
  expect((await client.hl7(aT11('number-1'))).code).toBe('AA')
  await client.hl7(aT02())
  expect(await hashes()).toHaveLength(1)
  expect((await client.hl7(aT11('another'))).code).toBe('AA')
  expect(await hashes()).toHaveLength(1)
  expect((await client.hl7(aT11('number-1'))).code).toBe('AA')
  expect(await hashes()).toEqual([])
})

test('the versions of a care plan stay side by side, and no T11 takes them', async () => {
  await client.hl7(aT02({ type: 'CP', pdf: aPdf('one') }))
  await client.hl7(aT02({ type: 'CP', pdf: aPdf('two') }))
  expect((await client.hl7(aT11())).code).toBe('AA')
  expect(await hashes()).toEqual([sha256(aPdf('one')), sha256(aPdf('two'))])
})

test.each([
  ['line feeds, as XML turns CR into', (hl7: string) => inEnvelope(hl7.replaceAll('\r', '\n'))],
  ['escaped text instead of CDATA', (hl7: string) => inEnvelope('@').replace('<![CDATA[@]]>', hl7.replaceAll('&', '&amp;').replaceAll('\r', '&#xD;'))],
  ['other prefixes and a declaration', (hl7: string) => `<?xml version="1.0"?>${inEnvelope(hl7).replaceAll('soapenv', 's').replaceAll('wss:', 'a:').replaceAll(':wss=', ':a=')}`],
])('an envelope with %s is read', async (_, envelope) => {
  const reply = await client.hl7('', { body: envelope(aT02({ title: 'Café' })) })
  expect(reply).toMatchObject({ status: 200, code: 'AA' })
  expect(await documents()).toMatchObject([{ title: 'Café', sha256: sha256(aPdf()) }])
})

test('plain text content, unusual delimiters and HL7 escapes are read', async () => {
  await client.hl7(aT02({ format: 'TEXT^HTML^A', content: '<p>Dear Ada \\T\\ Ben</p>', documentNumber: 'plain' }))
  await client.hl7(aT02({ documentNumber: 'other' }).replaceAll('|', '#').replaceAll('^', '$'))
  expect(await documents()).toMatchObject([
    { documentNumber: 'plain', contentType: 'text/html', sha256: sha256(Buffer.from('<p>Dear Ada & Ben</p>')) },
    { documentNumber: 'other', contentType: 'application/pdf', sha256: sha256(aPdf()) },
  ])
})

test.each<[string, string, string]>([
  ['no document number', aT02({ documentNumber: '', controlId: 'm' }), 'TXA-12.1 (unique document number) must be provided. You provided []'],
  ['no document type', aT02({ type: '', controlId: 'm' }), 'TXA-2.1 (document type) must be provided. You provided []'],
  ['no date of birth', aT02({ birthDate: '', controlId: 'm' }), 'PID-7 (date of birth) must be provided. You provided []'],
  ['an NHS number of nine digits', aT02({ nhsNumber: '999000001', controlId: 'm' }), 'PID-3.1 is no NHS number. You provided [999000001]'],
  ['broken base64', aT02({ content: 'AAA', controlId: 'm' }), 'OBX-5.5 is not valid Base64'],
  ['no content', aT02({ content: '', controlId: 'm' }), 'OBX-5.5 (content) must be provided. You provided []'],
  ['an unknown format', aT02({ format: 'TEXT^XLS^Base64', controlId: 'm' }), 'OBX-5.3 is not supported. You provided [XLS]'],
  ['a delay that is no number', aT02({ delay: 'soon', controlId: 'm' }), 'OBX-13.1 (display delay) must be a number of days'],
  ['another message', aT02({ controlId: 'm' }).replace('MDM^T02', 'MDM^T01'), 'MSH-9 is not a supported message type. You provided [MDM\\S\\T01]'],
  ['a T11 without a number', aT11('', { controlId: 'm' }), 'TXA-12.1 (unique document number) must be provided. You provided []'],
])('%s is refused with AR and stores nothing', async (_, message, says) => {
  expect(await client.hl7(message)).toMatchObject({ status: 200, code: 'AR', about: 'm', says: `Parsing or validation error: ${says}` })
  expect(await client.history()).toEqual([])
})

test('what is no HL7 is AR without an echo; what is no such envelope is a SOAP fault', async () => {
  expect(await client.hl7('hello')).toMatchObject({ status: 200, code: 'AR', about: '' })
  for (const body of ['', '<a/>', inEnvelope(aT02()).replace('</soapenv:Body>', ''), inEnvelope(aT02()).replaceAll('acceptMessage', 'sendMessage'), `<!DOCTYPE a>${inEnvelope(aT02())}`]) {
    const reply = await client.hl7('', { body })
    expect([reply.status, reply.text]).toEqual([500, expect.stringContaining('<faultcode>soap:Client</faultcode>')])
  }
  expect((await client.hl7(aT02(), { headers: { 'content-type': 'application/json' } })).status).toBe(415)
})

test('a wrong name or password, and an address that is not allowed, are rejected without saying why', async () => {
  const wrong = { headers: { authorization: `Basic ${Buffer.from('openletter:guess').toString('base64')}` } }
  const reply = await client.hl7(aT02(), wrong)
  expect([reply.status, reply.text]).toEqual([401, 'The request was rejected.'])
  await client.control({ hl7: { allowedIps: ['10.0.0.0/8'] } })
  const elsewhere = await client.hl7(aT02())
  expect([elsewhere.status, elsewhere.text]).toEqual([403, 'The request was rejected.'])
  expect(await hashes()).toEqual([])
  await client.control({ hl7: { allowedIps: ['10.0.0.0/8', '127.0.0.0/8'] } })
  expect((await client.hl7(aT02())).code).toBe('AA')
})

test('the WSDL names the operation, its parameter and where it is', async () => {
  const reply = await client.ask('/services/hl7?wsdl')
  expect(reply.headers.get('content-type')).toMatch(/^text\/xml/)
  for (const part of ['<wsdl:operation name="acceptMessage">', 'name="arg0" type="xs:string"', 'name="return" type="xs:string"', `location="${sandbox.url}/services/hl7"`]) expect(reply.body).toContain(part)
  expect(parseXml(String(reply.body))).toMatchObject({ namespace: 'http://schemas.xmlsoap.org/wsdl/', name: 'definitions' })
  expect((await client.ask('/services/hl7')).status).toBe(405)
})

test.each<[readonly string[], string, boolean]>([
  [['10.0.0.0/8'], '10.1.2.3', true], [['10.0.0.0/8'], '11.1.2.3', false], [['192.0.2.7'], '::ffff:192.0.2.7', true], [['192.0.2.7'], '192.0.2.8', false],
  [['2001:db8::/32'], '2001:db8::1', true], [['2001:db8::/32'], '2001:db9::1', false], [['10.0.0.0/8'], '', false],
])('of %j the address %j: %s', (allowed, address, expected) => {
  expect(allows(allowed, address)).toBe(expected)
})

test('the label is that of the declared service, else of the team, else general health', async () => {
  await client.hl7(aT02({ documentNumber: 'a', service: 'MHADULT' }))
  await client.hl7(aT02({ documentNumber: 'b', service: 'UNDECLARED' }))
  await client.control({ hl7: { teamDefault: 'SOCIAL_CARE', services: { SH: 'SEXUAL_HEALTH' } } })
  await client.hl7(aT02({ documentNumber: 'c', service: 'SH' }))
  await client.hl7(aT02({ documentNumber: 'd', service: 'MHADULT' }))
  await client.hl7(aT02({ documentNumber: 'e', service: '' }))
  expect((await documents()).map(({ privacyLabel }) => privacyLabel)).toEqual(['MENTAL_HEALTH', 'GENERAL_HEALTH', 'SEXUAL_HEALTH', 'SOCIAL_CARE', 'SOCIAL_CARE'])
})

test.each<[string, Parameters<typeof aT02>[0], string | null]>([
  ['TXA-8', { txa4: '20260101', txa6: '20260102', txa7: '20260103', txa8: '20260104', delay: '2' }, '2026-01-06T00:00:00.000Z'],
  ['TXA-7', { txa4: '20260101', txa6: '20260102', txa7: '20260103', delay: '2' }, '2026-01-05T00:00:00.000Z'],
  ['TXA-6', { txa4: '20260101', txa6: '20260102', delay: '2' }, '2026-01-04T00:00:00.000Z'],
  ['TXA-4 in summer', { txa4: '202607010930', delay: '1' }, '2026-07-02T08:30:00.000Z'],
  ['TXA-4 with an offset', { txa4: '202607010930+0000', delay: '1' }, '2026-07-02T09:30:00.000Z'],
  ['MSH-7', { sentAt: '20261123100000', delay: '7' }, '2026-11-30T10:00:00.000Z'],
  ['nothing, without a delay', { txa8: '20260104', delay: '' }, null],
  ['nothing, with a delay of no days', { txa8: '20260104', delay: '0' }, null],
])('the display delay counts from %s', async (_, overrides, visibleFrom) => {
  await client.hl7(aT02(overrides))
  expect((await documents())[0]?.visibleFrom).toBe(visibleFrom)
})

test('a delayed document is announced and cannot be opened before its day', async () => {
  await client.hl7(aT02({ txa8: '20261123', delay: '2' }))
  const [document] = await documents()
  const link = `/records/${ADA}/documents/${document?.id}`
  const page = async () => String((await client.ask(`/records/${ADA}`, { headers: { accept: 'text/html' } })).body)
  expect(await page()).toContain('Announced, cannot be opened before 25 Nov 2026')
  expect(await page()).not.toContain(link)
  expect((await client.ask(link)).status).toBe(403)
  sandbox.clock.now = new Date('2026-11-25T00:00:00.000Z')
  expect(await page()).toContain(link)
  expect((await client.ask(link)).status).toBe(200)
})

test('the history tells everything that was ever stored, by FHIR and by HL7, in order', async () => {
  const resource = aDocumentReference({ masterIdentifier: { value: 'revision-1' } })
  const { body } = await client.create(resource)
  const { id } = body as { id: string }
  await client.hl7(aT02({ documentNumber: 'n', controlId: 'm-1' }))
  await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...resource, id, masterIdentifier: { value: 'revision-2' } } })
  await client.hl7(aT02({ documentNumber: 'n', controlId: 'm-2' }))
  await client.fhir(`/DocumentReference/${id}`, { method: 'DELETE' })
  await client.hl7(aT11('n'))
  await client.hl7(aT02({ documentNumber: 'q', birthDate: '19700102', controlId: 'm-3' }))
  const history = await client.history()
  expect(history.map((one) => [one.action, one.by, one.key, one.masterIdentifier ?? one.controlId])).toEqual([
    ['create', 'fhir', 'doc-1', 'revision-1'], ['create', 'hl7', 'n', 'm-1'], ['replace', 'fhir', 'doc-1', 'revision-2'], ['replace', 'hl7', 'n', 'm-2'],
    ['delete', 'fhir', 'doc-1', 'revision-2'], ['delete', 'hl7', 'n', 'recall-n'], ['quarantine', 'hl7', 'q', 'm-3'],
  ])
  for (const one of history) expect(one).toMatchObject({ at: '2026-11-23T10:00:00.000Z', nhsNumber: ADA, sha256: sha256(aPdf()) })
  await client.control({ reset: true })
  expect(await client.history()).toEqual([])
})

test('the history keeps the newest where it is full', () => {
  const history = newHistory(10)
  const stored = { by: 'hl7', id: '1', key: 'n', nhsNumber: ADA, revision: 'm' } as Parameters<typeof history.note>[1]
  for (let i = 0; i < 35; i++) history.note('create', stored, `at ${i}`)
  expect(history.list().map(({ at }) => at)).toEqual(Array.from({ length: 10 }, (_, i) => `at ${i + 25}`))
})
