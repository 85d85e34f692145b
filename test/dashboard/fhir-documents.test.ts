// What FHIR asks for documents by, over a real ledger, and that nothing is promised that is not answered.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Bundle, CapabilityStatement, DocumentReference } from '@medplum/fhirtypes'
import { everyAddress } from '../support/contract.ts'
import { startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { aReceipt, BEN, type Metadata } from '../support/documents.ts'
import { problemsOf } from '../support/fhir.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let open: TestDashboard
let id = ''
const iso = () => place.clock.at.toISOString()
const upload = (metadata: Metadata & { readonly uploadedAt: string }) => place.upload(metadata, { receipt: aReceipt(metadata, { receivedAt: new Date(metadata.uploadedAt).toISOString() }) })

beforeAll(async () => {
  place = await aLedger()
  open = await startDashboard({ ledger: place.ledger, policy: () => place.policy, now: () => place.clock.at })
  id = (await upload({ documentId: 'D-1', uploadedAt: '2026-11-18T09:00:00Z' })).id
  await upload({ documentId: 'D-2', name: 'ZZZZ Not in the list.pdf', uploadedAt: '2026-11-19T09:00:00Z', patient: BEN })
  await upload({ documentId: 'D-3', uploadedAt: '2026-11-20T09:00:00Z' })
  await upload({ documentId: 'D-3', event: 'cancelled', uploadedAt: '2026-11-20T10:00:00Z' })
  await upload({ documentId: 'D-4', uploadedAt: '2026-11-21T09:00:00Z' })
})
afterAll(async () => { await open?.close(); await place?.close() })

const answered = async (path: string, init?: RequestInit): Promise<Bundle> => {
  const answer = await open.api(path, init)
  expect([path, answer.status]).toEqual([path, 200])
  const bundle = (await answer.json()) as Bundle
  expect(problemsOf(bundle)).toEqual([])
  return bundle
}
const idsIn = ({ entry = [] }: Bundle) => entry.map(({ resource }) => (resource as DocumentReference).identifier?.[1]?.value)
const OWN = 'urn:openletter:rio-document-code'

test.each([
  [`type=${OWN}|CLIN`, ['D-4', 'D-3', 'D-1']], ['type=CLIN', ['D-4', 'D-3', 'D-1']], [`type=${OWN}|ZZZZ`, []], ['type=http://snomed.info/sct|CLIN', []],
  ['status=entered-in-error', ['D-3']], ['status=current', ['D-4', 'D-2', 'D-1']], ['status=current,entered-in-error', ['D-4', 'D-3', 'D-2', 'D-1']],
  ['date=ge2026-11-19&date=lt2026-11-21', ['D-3', 'D-2']], [`date=ge2026-11-19&status=current&type=${OWN}|CLIN`, ['D-4']], ['status=superseded', []],
])('documents are found by %s, the latest first', async (query, ids) => {
  expect(idsIn(await answered(`/fhir/DocumentReference?${query.replaceAll('|', '%7C')}`))).toEqual(ids)
})

test('a type is found by its SNOMED code, as the resource has it', async () => {
  const { type } = (await (await open.api(`/fhir/DocumentReference/${id}`)).json()) as DocumentReference
  const snomed = type!.coding!.find(({ system }) => system === 'http://snomed.info/sct')!
  expect(idsIn(await answered(`/fhir/DocumentReference?type=${encodeURIComponent(`${snomed.system}|${snomed.code}`)}`))).toContain('D-1')
})

test('documents and entries of the log are found by their ids, and by what is no id nothing is', async () => {
  expect(idsIn(await answered(`/fhir/DocumentReference?_id=${id},00000000-0000-4000-8000-000000000000`))).toEqual(['D-1'])
  expect(idsIn(await answered('/fhir/DocumentReference?_id=D-1'))).toEqual([])
  expect((await answered('/fhir/AuditEvent?_id=2')).entry?.map(({ resource }) => resource?.id)).toEqual(['2'])
})

test('pages by date follow each other without a gap', async () => {
  const seen: (string | undefined)[] = []
  let next: string | undefined = `${open.url}/fhir/DocumentReference?date=ge2026-11-01&_count=1`
  while (next !== undefined) {
    const page: Bundle = await answered(next.slice(open.url.length))
    seen.push(...idsIn(page))
    next = page.link?.find(({ relation }) => relation === 'next')?.url
  }
  expect(seen).toEqual(['D-4', 'D-3', 'D-2', 'D-1'])
})

test('what has not changed is not sent again, and what was decided again is', async () => {
  const where = `/fhir/DocumentReference/${id}`
  const first = await open.api(where)
  const tag = first.headers.get('etag')!
  expect(tag).toMatch(/^W\/"1-[0-9a-f]{16}"$/u)
  const again = await open.api(where, { headers: { 'if-none-match': `"other", ${tag}` } })
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
  await place.ledger.hold(id, 'clerk', 'a mistake', iso())
  const held = await open.api(where, { headers: { 'if-none-match': tag } })
  expect(held.status).toBe(200)
})

test('each profile that a resource claims is among those of the statement', async () => {
  const { rest } = (await (await fetch(`${open.url}/fhir/metadata`)).json()) as CapabilityStatement
  for (const { type, profile, supportedProfile = [] } of rest![0]!.resource!) {
    const claimed = type === 'Provenance' ? [] : (await answered(`/fhir/${type}?_count=200`)).entry!.flatMap(({ resource }) => resource?.meta?.profile ?? [])
    expect([type, [...new Set(claimed)].filter((one) => one !== profile && !supportedProfile.includes(one))]).toEqual([type, []])
    if (type !== 'Provenance') expect(claimed.length).toBeGreaterThan(0)
  }
})

test('the statement promises exactly what is answered', async () => {
  const statement = (await (await fetch(`${open.url}/fhir/metadata`)).json()) as CapabilityStatement
  const resources = statement.rest![0]!.resource!
  const types = [...new Set(everyAddress().flatMap(({ path }) => /^\/fhir\/([A-Z]\w+)/u.exec(path)?.[1] ?? []))]
  expect(resources.map(({ type }) => type).toSorted()).toEqual(types.toSorted())
  for (const { type, interaction = [], searchParam = [] } of resources) {
    const has = (method: string, path: string) => everyAddress().some((one) => one.method === method && one.path === path)
    expect([type, interaction.map(({ code }) => code)]).toEqual([type, [
      ...(has('get', `/fhir/${type}/:id`) ? ['read'] : []), ...(has('get', `/fhir/${type}/:id/_history/:revision`) ? ['vread'] : []), ...(has('get', `/fhir/${type}`) && has('post', `/fhir/${type}/_search`) ? ['search-type'] : []),
    ]])
    // An unknown parameter is refused by its name, and the refusal names all that there are.
    const refused = (await (await open.api(`/fhir/${type}?nonsense=1`)).json()) as { issue: { diagnostics: string }[] }
    const known = /Use (.*)\.$/u.exec(refused.issue[0]!.diagnostics)![1]!.split(', ').filter((name) => !/^_(count|cursor|format)\b/u.test(name))
    expect([type, searchParam.map(({ name }) => name)]).toEqual([type, known])
  }
})
