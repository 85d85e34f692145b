// FHIR at /fhir over a real ledger: letters that were sent, recalled, retried, held and stopped, as a FHIR client sees them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { AuditEvent, Bundle, DocumentReference, OperationOutcome, Provenance, Resource } from '@medplum/fhirtypes'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aReceipt, BEN, type Metadata } from '../support/documents.ts'
import { problemsOf } from '../support/fhir.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
let [letter, withheld, other] = ['', '', '']
const ADA = { nhsNumber: '9990000018', nhsNumberStatus: '01', clientId: 'C-ADA', family: 'Zwickenpflug', given: 'Oriole', birthDate: '1966-08-08', address: { lines: ['1 High Street'], postcode: 'E1 4AA' } }
/** Received when it was uploaded: a source time that is still to come counts for nothing. */
const upload = async (fields: Metadata & { readonly uploadedAt: string }) => {
  const metadata = { patient: ADA, ...fields }
  return place.upload(metadata, { receipt: aReceipt(metadata, { receivedAt: new Date(fields.uploadedAt).toISOString() }) })
}
const iso = () => place.clock.at.toISOString()
const later = (ms: number) => { place.clock.at = new Date(place.clock.at.getTime() + ms) }

beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
  await place.ledger.savePolicy({ hash: place.policy.hash, files: {} }, iso())
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, iso())
  letter = (await upload({ documentId: 'F-1', name: 'CLIN Letter about the garden.pdf', uploadedAt: '2026-11-20T11:00:00Z' })).id
  await work(place, letter, 'pkb', { kind: 'refused', code: '422', detail: 'DocumentReference.type' })
  later(1000)
  const [delivery] = (await place.ledger.story(letter))!.deliveries
  await place.ledger.retry(delivery!.id, 'anna', 'the mapping was mended', iso())
  await work(place, letter, 'pkb')
  later(86_400_000)
  withheld = (await upload({ documentId: 'F-2', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-21T11:00:00Z' })).id
  other = (await upload({ documentId: 'F-3', uploadedAt: '2026-11-22T11:00:00Z', patient: BEN })).id
  await upload({ documentId: 'F-1', event: 'updated', name: 'CLIN Letter about the orchard.pdf', uploadedAt: '2026-11-22T12:00:00Z' })
  await place.ledger.hold(letter, 'Duty manager (pages)', 'it names somebody else', iso())
  await work(place, letter, 'pkb')
  const stop = await place.ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'anna (command)', 'wrong template', iso())
  await place.ledger.liftStop(stop!.id, 'anna (command)', 'mended', iso())
})
afterAll(async () => {
  await open?.close()
  await place?.close()
})

const get = async <T extends Resource>(path: string, init?: RequestInit): Promise<{ status: number; type: string | null; resource: T; text: string }> => {
  const answer = await open.api(path, init)
  const text = await answer.text()
  return { status: answer.status, type: answer.headers.get('content-type'), resource: JSON.parse(text) as T, text }
}
const search = (type: string, fields: Record<string, string>, query = '') => get<Bundle>(`/fhir/${type}/_search${query}`, { method: 'POST', body: new URLSearchParams(fields) })
const found = <T extends Resource>({ resource }: { resource: Bundle }): T[] => (resource.entry ?? []).map((entry) => entry.resource as T)
const sourceIds = (answer: { resource: Bundle }) => found<DocumentReference>(answer).map(({ identifier }) => identifier?.[1]?.value).toSorted()
const kindsOf = (answer: { resource: Bundle }) => found<AuditEvent>(answer).map(({ subtype }) => subtype?.find(({ system }) => system === 'urn:openletter:audit-kind')?.code)
const told = (answer: { resource: OperationOutcome }) => answer.resource.issue[0]

describe('who may look', () => {
  test.each(['/fhir/DocumentReference', '/fhir/AuditEvent', '/fhir/Provenance', '/fhir/nowhere', '/fhir', '/FHIR/AuditEvent', '/fhir//metadata'])('%s wants the token, and says so in FHIR', async (path) => {
    const answer = await fetch(open.url + path)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([401, 'application/fhir+json; charset=utf-8', 'no-store'])
    const outcome = (await answer.json()) as OperationOutcome
    expect(problemsOf(outcome)).toEqual([])
    expect(outcome.issue[0]).toMatchObject({ code: 'login', details: { coding: [{ code: 'TOKEN_MISSING' }] } })
  })
  test('what can be asked is open to all, valid, and names what is there', async () => {
    const answer = await fetch(`${open.url}/fhir/metadata`)
    const statement = (await answer.json()) as Resource
    expect([answer.status, problemsOf(statement)]).toEqual([200, []])
    if (statement.resourceType !== 'CapabilityStatement') throw new Error('not a statement')
    for (const { type } of statement.rest![0]!.resource!) expect([400, 200]).toContain((await open.api(`/fhir/${type}`)).status)
  })
})

describe('a DocumentReference', () => {
  test('is read with its identifiers, valid, and without the file', async () => {
    const { status, type, resource } = await get<DocumentReference>(`/fhir/DocumentReference/${letter}`)
    expect([status, type, problemsOf(resource)]).toEqual([200, 'application/fhir+json; charset=utf-8', []])
    expect(resource).toMatchObject({ id: letter, meta: { versionId: '2' }, identifier: [{ system: 'urn:ietf:rfc:3986' }, { system: 'urn:openletter:rio:document', value: 'F-1' }] })
    expect(resource.content[0]?.attachment).not.toHaveProperty('data')
  })
  test('of an earlier revision is still there', async () => {
    const { resource } = await get<DocumentReference>(`/fhir/DocumentReference/${letter}/_history/1`)
    expect([resource.description, resource.meta?.versionId, problemsOf(resource)]).toEqual([expect.stringContaining('garden'), '1', []])
    expect((await get(`/fhir/DocumentReference/${letter}/_history/9`)).status).toBe(404)
  })
  test.each(['00000000-0000-4000-8000-000000000000', 'F-1', "1'%20or%201=1"])('%s is not there', async (id) => {
    const answer = await get<OperationOutcome>(`/fhir/DocumentReference/${id}`)
    expect([answer.status, told(answer)?.code]).toEqual([404, 'not-found'])
  })

  test('is found by each of its identifiers, and by no other', async () => {
    const { resource: { identifier, masterIdentifier } } = await get<DocumentReference>(`/fhir/DocumentReference/${letter}`)
    for (const { system, value } of [...identifier!, masterIdentifier!])
      for (const asked of [`${system}|${value}`, `${value}`]) expect([asked, sourceIds(await get<Bundle>(`/fhir/DocumentReference?identifier=${encodeURIComponent(asked)}`))]).toEqual([asked, ['F-1']])
    expect(sourceIds(await get<Bundle>(`/fhir/DocumentReference?identifier=${encodeURIComponent(masterIdentifier!.value!.replace(/2$/u, '1'))}`))).toEqual([])
    expect(sourceIds(await get<Bundle>(`/fhir/DocumentReference?identifier=${encodeURIComponent('urn:openletter:other:document|F-1')}`))).toEqual([])
  })
  test.each([
    ['date=2026-11-21', ['F-2']], ['date=ge2026-11-21', ['F-1', 'F-2', 'F-3']], ['date=gt2026-11-21', ['F-1', 'F-3']], ['date=lt2026-11-21', []], ['date=le2026-11-21', ['F-2']],
    ['date=ge2026-11-21&date=lt2026-11-22T12:00:00Z', ['F-2', 'F-3']], ['date=2026-11-22T12:00:00Z', ['F-1']], ['status=current', ['F-1', 'F-2', 'F-3']], ['status=superseded,entered-in-error', []], ['', ['F-1', 'F-2', 'F-3']],
  ])('is found by %s', async (query, ids) => {
    const answer = await get<Bundle>(`/fhir/DocumentReference?${query}`)
    expect([problemsOf(answer.resource), sourceIds(answer)]).toEqual([[], ids])
    for (const one of found(answer)) expect(problemsOf(one)).toEqual([])
  })

  test.each(['patient', 'patient:identifier', 'subject'])('is found by %s in a body, and in no address', async (name) => {
    for (const value of ['https://fhir.nhs.uk/Id/nhs-number|9990000026', '999 000 0026']) {
      const answer = await search('DocumentReference', { [name]: value })
      expect(sourceIds(answer)).toEqual(['F-3'])
      expect(JSON.stringify(answer.resource.link)).not.toMatch(/999000/u)
    }
    const refused = await get<OperationOutcome>(`/fhir/DocumentReference?${encodeURIComponent(name)}=9990000026`)
    expect([refused.status, refused.text.includes('9990000026'), told(refused)?.diagnostics]).toEqual([400, false, expect.stringContaining('must not stand in an address')])
    expect(open.lines.join('')).not.toContain('9990000026')
    expect((await search('DocumentReference', {}, `?${encodeURIComponent(name)}=9990000026`)).status).toBe(400)
  })

  test.each([['DocumentReference', {}], ['DocumentReference', { patient: ADA.nhsNumber }], ['AuditEvent', {}], ['Provenance', { target: 'letter' }]])('and everything of %s %j comes page by page, once', async (type, fields) => {
    const asked = { ...fields, ...('target' in fields ? { target: `DocumentReference/${letter}` } : {}) }
    const ids: string[] = []
    let query: string | undefined = '?_count=1'
    while (query !== undefined) {
      const answer: Awaited<ReturnType<typeof search>> = await search(type, asked, query)
      ids.push(...found(answer).map(({ id }) => id!))
      const next = answer.resource.link?.find(({ relation }) => relation === 'next')?.url
      const start = `${open.url}/fhir/${type}/_search`
      expect(next?.startsWith(`${start}?`) ?? true).toBe(true)
      query = next?.slice(start.length)
    }
    const whole = found(await search(type, { ...asked, _count: '200' })).map(({ id }) => id!)
    expect(whole.length).toBeGreaterThan(1)
    expect(ids).toEqual(whole)
  })
})

test.each([
  'DocumentReference?colour=red', 'DocumentReference?status=lost', 'DocumentReference?date=soon', 'DocumentReference?date=2026-02-30', 'DocumentReference?date=2026-13', 'DocumentReference?date=ne2026', 'DocumentReference?date=9999', 'DocumentReference?_count=0', 'DocumentReference?_cursor=abc', 'DocumentReference?_format=xml',
  'DocumentReference?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018', 'DocumentReference?identifier=a&identifier=b', 'AuditEvent?entity=Patient/1', 'AuditEvent?type=110199', 'AuditEvent?subtype=gone', 'AuditEvent?_cursor=abc', 'AuditEvent?patient=9990000018',
  'Provenance', 'Provenance?target=Patient/1', `Provenance?target=00000000-0000-4000-8000-000000000001&_cursor=x`,
])('%s is refused with an OperationOutcome that repeats no number', async (path) => {
  const answer = await get<OperationOutcome>(`/fhir/${path}`)
  expect([answer.status, problemsOf(answer.resource), told(answer)?.code]).toEqual([400, [], 'invalid'])
  expect(answer.text).not.toMatch(/999000|9990000018/u)
})

test('what is no form, another method and an address that is not there are told in FHIR', async () => {
  const answers = [
    await get<OperationOutcome>('/fhir/DocumentReference/_search', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    await get<OperationOutcome>('/fhir/DocumentReference', { method: 'POST', body: new URLSearchParams({}) }),
    await get<OperationOutcome>('/fhir/AuditEvent/1', { method: 'DELETE' }),
    await get<OperationOutcome>('/fhir/Patient/1'),
  ]
  expect(answers.map(({ status }) => status)).toEqual([415, 405, 405, 404])
  for (const answer of answers) expect([answer.type, problemsOf(answer.resource)]).toEqual(['application/fhir+json; charset=utf-8', []])
})

describe('the log of events', () => {
  test('comes whole, newest first, each entry valid, and names no patient but by number', async () => {
    const answer = await get<Bundle>('/fhir/AuditEvent?_count=200')
    const events = found<AuditEvent>(answer)
    const { rows: [{ seq }] } = await place.pool.query('select seq::int from head')
    expect(events.map(({ id }) => Number(id))).toEqual(Array.from({ length: seq as number }, (_, n) => seq - n))
    for (const event of events) expect([event.id, problemsOf(event)]).toEqual([event.id, []])
    for (const secret of [ADA.family, ADA.given, ADA.birthDate, 'garden', 'orchard', 'High Street', 'F-1', 'C-ADA']) expect(answer.text).not.toContain(secret)
  })
  test('tells each disclosure, whose it was and how it ended, and nothing else by that word', async () => {
    const events = found<AuditEvent>(await get<Bundle>('/fhir/AuditEvent?subtype=disclose'))
    expect(events.map(({ outcome }) => outcome)).toEqual(['0', '8'])
    for (const event of events) {
      expect(event.meta?.profile?.[0]).toMatch(/PrivacyDisclosure\.Source$/u)
      expect(event.entity?.[0]?.what?.identifier?.value).toBe(ADA.nhsNumber)
    }
    expect(kindsOf(await get<Bundle>('/fhir/AuditEvent?type=http://dicom.nema.org/resources/ontology/DCM%7C110106'))).toEqual(['attempt-ended', 'attempt-started', 'attempt-ended', 'attempt-started'])
    expect(kindsOf(await get<Bundle>('/fhir/AuditEvent?type=110106&subtype=attempt-ended'))).toEqual(['attempt-ended', 'attempt-ended'])
    expect(kindsOf(await get<Bundle>('/fhir/AuditEvent?type=110107&subtype=recall'))).toEqual([])
  })
  test('tells of a recall, a retry, a hold, a stop and a policy', async () => {
    const [ended] = found<AuditEvent>(await get<Bundle>('/fhir/AuditEvent?subtype=recall'))
    expect(ended).toMatchObject({ action: 'D', outcome: '0', entity: [{ what: { identifier: { value: ADA.nhsNumber } } }, { what: { reference: `DocumentReference/${letter}` } }] })
    expect(kindsOf(await get<Bundle>('/fhir/AuditEvent?subtype=held,retried,stop,stop-lifted,policy-loaded'))).toEqual(['stop-lifted', 'stop', 'held', 'retried', 'policy-loaded'])
  })
  test('of one document holds all of its story and nothing of others', async () => {
    for (const id of [letter, withheld, other]) {
      const { events } = (await place.ledger.story(id))!
      expect(kindsOf(await get<Bundle>(`/fhir/AuditEvent?entity=DocumentReference/${id}&_count=200`))).toEqual(events.map(({ kind }) => kind).toReversed())
    }
    expect(found(await get<Bundle>('/fhir/AuditEvent?entity=00000000-0000-4000-8000-000000000000'))).toEqual([])
  })
  test('is cut by date, and read by number', async () => {
    const day = async (query: string) => found<AuditEvent>(await get<Bundle>(`/fhir/AuditEvent?_count=200&${query}`)).map(({ recorded }) => recorded.slice(0, 10))
    expect(new Set(await day('date=2026-11-23'))).toEqual(new Set(['2026-11-23']))
    expect((await day('date=2026-11-23')).length + (await day('date=gt2026-11-23')).length).toBe((await day('')).length)
    const all = (await day('')).length
    for (const whole of ['2026', '2026-11', 'ge2026', 'sa2026-10', 'lt2027', 'eb2026-12']) expect([whole, (await day(`date=${whole}`)).length]).toEqual([whole, all])
    for (const none of ['2025', '2026-12', '2026-10', 'sa2026', 'eb2026-11', 'gt2026-11', 'lt2026']) expect([none, (await day(`date=${none}`)).length]).toEqual([none, 0])
    expect((await get<AuditEvent>('/fhir/AuditEvent/1')).resource).toMatchObject({ id: '1', type: { code: '110100' } })
    for (const id of ['0', '999999', 'abc', '01', '99999999999999999999']) expect((await get(`/fhir/AuditEvent/${id}`)).status).toBe(404)
  })
})

test('each revision of a document has its Provenance, which leads to it', async () => {
  const all = found<Provenance>(await get<Bundle>(`/fhir/Provenance?target=DocumentReference/${letter}`))
  expect(all.map(({ id }) => id)).toEqual([`${letter}-2`, `${letter}-1`])
  for (const one of all) {
    expect(problemsOf(one)).toEqual([])
    expect(one.policy).toEqual([`urn:openletter:policy:${place.policy.hash}`])
    expect((await get<Provenance>(`/fhir/Provenance/${one.id}`)).resource).toEqual(one)
    expect((await get(`/fhir/${one.target[0]!.reference}`)).status).toBe(200)
  }
  for (const id of [letter, `${letter}-3`, 'x']) expect((await get(`/fhir/Provenance/${id}`)).status).toBe(404)
})

test('each entry of a page has its full address, and a client finds it there', async () => {
  for (const search of ['DocumentReference?_count=2', `AuditEvent?entity=${letter}`, `Provenance?target=${letter}`]) {
    const { entry = [], link = [] } = (await get<Bundle>(`/fhir/${search}`)).resource
    expect(link[0]).toEqual({ relation: 'self', url: expect.stringMatching(new RegExp(`^${open.url}/fhir/`, 'u')) })
    for (const { fullUrl, resource } of entry) expect([fullUrl, (await get(new URL(fullUrl!).pathname)).resource]).toEqual([`${open.url}/fhir/${resource!.resourceType}/${resource!.id}`, resource])
  }
})

test('only a proxy that was announced says by which name we are called', async () => {
  const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'letters.example.nhs.uk' }
  const linksAt = async (at: TestDashboard) => ((await (await at.api('/fhir/DocumentReference?_count=1', { headers: forwarded })).json()) as Bundle).link?.[0]?.url
  expect(await linksAt(open)).toBe(`${open.url}/fhir/DocumentReference?_count=1`)
  const behind = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at, signIn: { behindProxy: true, idleSecs: 1800, mostSecs: 43_200 } })
  try {
    expect(await linksAt(behind)).toBe('https://letters.example.nhs.uk/fhir/DocumentReference?_count=1')
  } finally { await behind.close() }
})
