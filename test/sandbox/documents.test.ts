// The customer's FHIR endpoint of the sandbox: what it stores, finds, replaces, deletes and refuses.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Bundle, CapabilityStatement, DocumentReference } from '@medplum/fhirtypes'
import { aClient, aDocumentReference, aPdf, aSandbox, issuesOf, NHS_NUMBER_SYSTEM, sha1, sha256 } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const idOf = (body: unknown): string => (body as DocumentReference).id ?? ''
const found = (body: unknown): readonly string[] => ((body as Bundle).entry ?? []).map(({ resource }) => resource?.id ?? '')
const CONDITION = { 'if-none-exist': 'identifier=urn:openletter:document|doc-1' }

test('a created document comes back whole, with its address and version', async () => {
  const pdf = aPdf('first')
  const reply = await client.create(aDocumentReference({ pdf }))
  const id = idOf(reply.body)
  expect(reply.status).toBe(201)
  expect(reply.headers.get('content-type')).toMatch(/^application\/fhir\+json/)
  expect(reply.headers.get('etag')).toBe('W/"1"')
  expect(reply.headers.get('location')).toBe(`${sandbox.url}/fhir/DocumentReference/${id}/_history/1`)
  const read = await client.fhir(`/DocumentReference/${id}`)
  expect(read.status).toBe(200)
  expect(read.body).toEqual(reply.body)
  expect((read.body as DocumentReference).content[0]?.attachment.data).toBe(pdf.toString('base64'))
  expect((read.body as DocumentReference).meta).toMatchObject({ versionId: '1', lastUpdated: '2026-11-23T10:00:00.000Z' })
})

test('Prefer: return=minimal leaves the body out', async () => {
  const reply = await client.create(aDocumentReference(), { prefer: 'return=minimal' })
  expect([reply.status, reply.body]).toEqual([201, ''])
  expect(reply.headers.get('location')).toContain('/fhir/DocumentReference/')
})

test('the record shows the document with the hash of its bytes and its privacy label', async () => {
  const pdf = aPdf('shown')
  const { body } = await client.create(aDocumentReference({ pdf }))
  expect(await client.record('9990000018')).toEqual({
    nhsNumber: '9990000018',
    registered: true,
    quarantined: 0,
    documents: [{
      id: idOf(body), title: 'Clinic letter', contentType: 'application/pdf', size: pdf.length, sha256: sha256(pdf),
      privacyLabel: 'MENTAL_HEALTH', receivedAt: '2026-11-23T10:00:00.000Z', replacedAt: null,
      by: 'fhir', documentNumber: null, visibleFrom: null, readAt: null,
    }],
  })
})

test('the privacy label is read from securityLabel too, and without one it is general health', async () => {
  await client.create(aDocumentReference({ meta: {}, securityLabel: [{ coding: [{ system: 'http://fhir.patientsknowbest.com/codesystem/privacy-label', code: 'SOCIAL_CARE' }] }] }))
  await client.create(aDocumentReference({ meta: {} }))
  expect((await client.record('9990000018')).documents.map(({ privacyLabel }) => privacyLabel)).toEqual(['SOCIAL_CARE', 'GENERAL_HEALTH'])
})

test('a document that carries NOPAT is taken and shown: the sandbox withholds nothing', async () => {
  const reply = await client.create(aDocumentReference({ meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'NOPAT' }] } }))
  expect(reply.status).toBe(201)
  expect((await client.record('9990000018')).documents).toHaveLength(1)
})

test('a person that the sandbox does not know gets the document and stays unregistered', async () => {
  expect((await client.create(aDocumentReference({ nhsNumber: '9990000034' }))).status).toBe(201)
  expect(await client.record('9990000034')).toMatchObject({ registered: false, documents: [{ title: 'Clinic letter' }] })
})

test('the same document created twice is there twice', async () => {
  await client.create(aDocumentReference())
  await client.create(aDocumentReference())
  expect((await client.record('9990000018')).documents).toHaveLength(2)
})

test('a conditional create finds what is there, by identifier or master identifier, and stores nothing more', async () => {
  const first = await client.create(aDocumentReference({ masterIdentifier: { system: 'urn:openletter:revision', value: 'doc-1.1' } }), CONDITION)
  const again = await client.create(aDocumentReference({ pdf: aPdf('another') }), CONDITION)
  expect([first.status, again.status]).toEqual([201, 200])
  expect(idOf(again.body)).toBe(idOf(first.body))
  const byMaster = await client.create(aDocumentReference(), { 'if-none-exist': 'identifier=urn:openletter:revision|doc-1.1' })
  expect(byMaster.status).toBe(200)
  expect((await client.record('9990000018')).documents).toHaveLength(1)
})

test('of many conditional creates at once exactly one is stored', async () => {
  const replies = await Promise.all(Array.from({ length: 20 }, () => client.create(aDocumentReference(), CONDITION)))
  expect(replies.map(({ status }) => status).sort()).toEqual([...Array<number>(19).fill(200), 201])
  expect((await client.record('9990000018')).documents).toHaveLength(1)
})

test('a conditional create that matches several is refused with 412', async () => {
  await client.create(aDocumentReference())
  await client.create(aDocumentReference())
  const reply = await client.create(aDocumentReference(), CONDITION)
  expect([reply.status, ...issuesOf(reply)]).toEqual([412, 'multiple-matches'])
})

test('documents are found by identifier and by patient, by GET and by POST', async () => {
  const one = idOf((await client.create(aDocumentReference())).body)
  const two = idOf((await client.create(aDocumentReference({ identifierValue: 'doc-2' }))).body)
  await client.create(aDocumentReference({ identifierValue: 'doc-3', nhsNumber: '9990000085' }))
  const byPost = (form: Record<string, string>) => client.fhir('/DocumentReference/_search', { method: 'POST', body: new URLSearchParams(form) })

  const get = await client.fhir(`/DocumentReference?identifier=${encodeURIComponent('urn:openletter:document|doc-1')}`)
  expect(get.body).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 1, entry: [{ fullUrl: `${sandbox.url}/fhir/DocumentReference/${one}`, search: { mode: 'match' } }] })
  expect(found(get.body)).toEqual([one])
  expect(found((await byPost({ identifier: 'doc-2' })).body)).toEqual([two])
  for (const name of ['patient.identifier', 'patient:identifier', 'subject.identifier', 'subject:identifier']) {
    expect(found((await byPost({ [name]: `${NHS_NUMBER_SYSTEM}|9990000018` })).body)).toEqual([one, two])
  }
  expect(found((await byPost({ 'patient.identifier': '9990000018', identifier: 'doc-2' })).body)).toEqual([two])
  expect((await byPost({ identifier: 'urn:other|doc-1' })).body).toEqual(expect.objectContaining({ total: 0 }))
  expect((await byPost({ colour: 'green' })).status).toBe(400)
})

test('the answer to a search by POST does not repeat the NHS number as a parameter', async () => {
  const reply = await client.fhir('/DocumentReference/_search', { method: 'POST', body: new URLSearchParams({ 'patient.identifier': '9990000018' }) })
  expect(JSON.stringify((reply.body as Bundle).link)).not.toContain('9990000018')
})

test('_summary and _elements leave the data out', async () => {
  await client.create(aDocumentReference())
  const summary = (await client.fhir('/DocumentReference?identifier=doc-1&_summary=true')).body as Bundle<DocumentReference>
  expect(summary.entry?.[0]?.resource?.content[0]?.attachment).toEqual({ contentType: 'application/pdf', title: 'Clinic letter', size: aPdf().length, hash: sha1(aPdf()) })
  const elements = (await client.fhir('/DocumentReference?identifier=doc-1&_elements=identifier')).body as Bundle<DocumentReference>
  expect(Object.keys(elements.entry?.[0]?.resource ?? {}).sort()).toEqual(['id', 'identifier', 'meta', 'resourceType'])
})

test('an update replaces the document in place and counts its version', async () => {
  const id = idOf((await client.create(aDocumentReference())).body)
  sandbox.clock.now = new Date('2026-11-23T10:05:00.000Z')
  const pdf = aPdf('second')
  const reply = await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...aDocumentReference({ pdf }), id }, headers: { 'if-match': 'W/"1"' } })
  expect([reply.status, reply.headers.get('etag')]).toEqual([200, 'W/"2"'])
  expect((await client.record('9990000018')).documents).toMatchObject([
    { id, sha256: sha256(pdf), receivedAt: '2026-11-23T10:00:00.000Z', replacedAt: '2026-11-23T10:05:00.000Z' },
  ])
  const late = await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...aDocumentReference(), id }, headers: { 'if-match': 'W/"1"' } })
  expect(late.status).toBe(412)
  expect((await client.record('9990000018')).documents[0]?.sha256).toBe(sha256(pdf))
})

test('an update may move a document to another patient, and to another identifier', async () => {
  const id = idOf((await client.create(aDocumentReference())).body)
  await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...aDocumentReference({ nhsNumber: '9990000085', identifierValue: 'doc-9' }), id } })
  expect((await client.record('9990000018')).documents).toEqual([])
  expect((await client.record('9990000085')).documents).toHaveLength(1)
  expect(found((await client.fhir('/DocumentReference?identifier=doc-1')).body)).toEqual([])
  expect(found((await client.fhir('/DocumentReference?identifier=doc-9')).body)).toEqual([id])
})

test('updates need an id that the server gave, in address and body', async () => {
  const id = idOf((await client.create(aDocumentReference())).body)
  expect((await client.fhir('/DocumentReference/mine', { method: 'PUT', resource: { ...aDocumentReference(), id: 'mine' } })).status).toBe(404)
  expect((await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...aDocumentReference(), id: 'other' } })).status).toBe(400)
})

test('a deleted document leaves the record and every search, and is gone when read', async () => {
  const id = idOf((await client.create(aDocumentReference())).body)
  expect((await client.fhir(`/DocumentReference/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await client.fhir(`/DocumentReference/${id}`)).status).toBe(410)
  expect((await client.fhir(`/DocumentReference/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await client.record('9990000018')).documents).toEqual([])
  expect((await client.fhir('/DocumentReference?identifier=doc-1')).body).toMatchObject({ total: 0 })
  expect((await client.fhir('/DocumentReference/never', { method: 'DELETE' })).status).toBe(404)
  const again = await client.create(aDocumentReference(), CONDITION)
  expect(again.status).toBe(201)
  expect(idOf(again.body)).not.toBe(id)
})

test('where deleting is refused, an entered-in-error without attachment takes the document from the record', async () => {
  const id = idOf((await client.create(aDocumentReference())).body)
  await client.control({ deleteRefused: true })
  expect((await client.fhir(`/DocumentReference/${id}`, { method: 'DELETE' })).status).toBe(405)
  expect((await client.record('9990000018')).documents).toHaveLength(1)
  const { content: _, ...stripped } = aDocumentReference({ status: 'entered-in-error' })
  expect((await client.fhir(`/DocumentReference/${id}`, { method: 'PUT', resource: { ...stripped, id } })).status).toBe(200)
  expect((await client.record('9990000018')).documents).toEqual([])
  expect((await client.ask(`/records/9990000018/documents/${id}`)).status).toBe(404)
  expect((await client.fhir(`/DocumentReference/${id}`)).body).toMatchObject({ status: 'entered-in-error' })
})

test.each<[string, Partial<DocumentReference>, string]>([
  ['no status', { status: undefined as unknown as 'current' }, 'required DocumentReference.status'],
  ['an unknown status', { status: 'final' as 'current' }, 'value DocumentReference.status'],
  ['no subject', { subject: undefined as never }, 'required DocumentReference.subject.identifier'],
  ['a subject of another system', { subject: { identifier: { system: 'urn:other', value: '9990000018' } } }, 'required DocumentReference.subject.identifier'],
  ['an NHS number that is too short', { subject: { identifier: { system: NHS_NUMBER_SYSTEM, value: '999' } } }, 'value DocumentReference.subject.identifier.value'],
  ['no content', { content: [] }, 'required DocumentReference.content[0].attachment'],
  ['an address in place of data', { content: [{ attachment: { contentType: 'application/pdf', url: 'http://localhost/x' } }] }, 'required DocumentReference.content[0].attachment.data'],
  ['no content type', { content: [{ attachment: { data: 'AAAA' } }] }, 'required DocumentReference.content[0].attachment.contentType'],
  ['data that is not base64', { content: [{ attachment: { contentType: 'application/pdf', data: 'AA-A' } }] }, 'value DocumentReference.content[0].attachment.data'],
  ['another size', { content: [{ attachment: { contentType: 'application/pdf', data: 'AAAA', size: 4 } }] }, 'value DocumentReference.content[0].attachment.size'],
  ['another hash', { content: [{ attachment: { contentType: 'application/pdf', data: 'AAAA', hash: sha1(Buffer.from('x')) } }] }, 'value DocumentReference.content[0].attachment.hash'],
])('a document with %s is refused with 422, and the place is named', async (_, overrides, issue) => {
  const reply = await client.create(aDocumentReference(overrides))
  expect([reply.status, ...issuesOf(reply)]).toEqual([422, issue])
  expect((await client.record('9990000018')).documents).toEqual([])
})

test('bodies that are no DocumentReference are refused', async () => {
  const post = (body: string, type = 'application/fhir+json') => client.fhir('/DocumentReference', { method: 'POST', body, headers: { 'content-type': type } })
  expect((await post('{"resourceType":')).status).toBe(400)
  expect((await post('[]')).status).toBe(400)
  expect((await post('{"resourceType":"Binary"}')).status).toBe(400)
  expect((await post('<DocumentReference/>', 'application/fhir+xml')).status).toBe(415)
  expect((await client.fhir('/DocumentReference', { headers: { accept: 'application/fhir+xml' } })).status).toBe(406)
  expect((await client.fhir('/Observation')).status).toBe(404)
  expect((await client.fhir('/DocumentReference', { method: 'PATCH' })).status).toBe(405)
})

test('the capability statement is open to all and promises what there is', async () => {
  const statement = async () => ((await client.ask('/fhir/metadata')).body as CapabilityStatement).rest?.[0]?.resource?.[0]
  expect(await statement()).toMatchObject({ type: 'DocumentReference', conditionalCreate: true, updateCreate: false })
  expect((await statement())?.interaction).toContainEqual({ code: 'delete' })
  await client.control({ deleteRefused: true })
  expect((await statement())?.interaction).not.toContainEqual({ code: 'delete' })
})
