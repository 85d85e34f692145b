import { describe, expect, test } from '@jest/globals'
import { codings } from '../../src/decide/labels.ts'
import { documentReference, type Described } from '../../src/fhir/document-reference.ts'
import { identify } from '../../src/fhir/identify.ts'
import type { Content, RioDocument } from '../../src/types.ts'
import { someFacts } from '../support/policy.ts'
import { contentRef } from '../support/receipts.ts'

const file: Content = { ref: contentRef(Buffer.from('%PDF-1.7\n')), declaredType: 'application/pdf', at: 'file' }
const someDocument = (overrides: Partial<RioDocument> = {}): RioDocument => ({
  source: 'rio', documentId: 'RIO-1', event: 'created', sourceTime: '2026-11-20T11:02:10.000Z', documentDate: '2026-11-20', picklist: [{ text: 'MH share with patient', at: 'x' }], names: [],
  title: 'CLIN Clinic letter', fileName: 'CLIN Clinic letter.pdf', signals: [], author: 'Dr Example', organisations: [{ text: 'RWK', at: 'x' }],
  patient: { nhsNumbers: [{ text: '9990000018', at: 'x' }], traceStatuses: [{ text: '01', at: 'x' }], clientId: 'C101', deceased: false, restricted: false, formatNeeds: [] },
  contents: [file], unread: [], ...overrides,
})
const clin = { code: 'CLIN', name: 'Clinic letter', kind: 'clinical', sharing: 'listed', snomed: '823691000000103', snomed_display: 'Clinical letter', approved_by: 'Role', approved_on: '2026-10-01' } as const
const described = (overrides: Partial<Described> = {}): Described => ({
  document: someDocument(), facts: someFacts(), labels: codings(['R', 'MH', 'MENTAL_HEALTH', 'share']),
  decision: { route: 'pkb', rule: 'to-pkb', because: '', conflict: false, variance: false, leftToTeam: false, labels: [], policy: 'p' },
  policy: { trust: { name: 'Example Trust', organisations: ['RWK'] } }, sources: { code: 'CLIN', codeRow: clin }, receivedAt: '2026-11-20T12:00:00.000Z', nhsNumber: '9990000018', ...overrides,
})
const made = (overrides: Partial<Described> = {}) => documentReference(described(overrides))

test.each([
  ['final', 'current', 'final'], ['unknown', 'current', undefined], ['draft', 'current', 'preliminary'], ['superseded', 'superseded', 'final'], ['cancelled', 'entered-in-error', 'entered-in-error'],
] as const)('a document that is %s has status %s and docStatus %s', (lifecycle, status, docStatus) => {
  const resource = made({ facts: someFacts({ lifecycle }) })
  expect([resource.status, resource.docStatus]).toEqual([status, docStatus])
})

describe('type', () => {
  const codes = (overrides: Partial<Described>) => made(overrides).type?.coding?.map((coding) => coding.code)
  test('is SNOMED and the trust\'s own code', () => expect(codes({})).toEqual(['823691000000103', 'CLIN']))
  test('of what the trust did not write is third party document, by author or by kind', () => {
    expect(codes({ facts: someFacts({ producer: 'external' }) })).toEqual(['823941000000103', 'CLIN'])
    expect(codes({ facts: someFacts({ kind: 'external' }) })).toEqual(['823941000000103', 'CLIN'])
  })
  test('of a code that is not listed does not show it: it may be part of a name', () => expect(codes({ sources: { code: 'JOHN' } })).toEqual(['826501000000100']))
  test('of a code without SNOMED keeps the trust\'s own', () => expect(codes({ sources: { code: 'CLIN', codeRow: { ...clin, snomed: '', snomed_display: '' } } })).toEqual(['826501000000100', 'CLIN']))
})

describe('subject', () => {
  const subject = (statuses: readonly string[], nhsNumber?: string) =>
    documentReference({ ...described({ document: someDocument({ patient: { ...someDocument().patient, traceStatuses: statuses.map((text) => ({ text, at: 'x' })) } }) }), ...(nhsNumber ? { nhsNumber } : { nhsNumber: undefined as never }) }).subject?.identifier
  test('is the NHS number with its trace status, and no name', () => {
    expect(subject(['01'], '9990000018')).toMatchObject({ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018', extension: [{ valueCodeableConcept: { coding: [{ code: '01', display: 'Number present and verified' }] } }] })
    expect(made().subject?.display).toBeUndefined()
  })
  test.each([[['01', '02']], [['99']], [[]], [['constructor']]])('claims no trace status from %j', (statuses) => expect(subject(statuses, '9990000018')).toEqual({ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }))
  test('without an NHS number is the client id', () => expect(subject(['01'])).toEqual({ system: 'urn:openletter:rio:client', value: 'C101' }))
})

describe('attachment', () => {
  const attachment = (overrides: Partial<RioDocument>) => made({ document: someDocument(overrides) }).content[0]?.attachment
  test('has what the bytes prove, their size and SHA-1, and no data', () => expect(attachment({ contents: [{ ...file, declaredType: 'application/msword' }] })).toEqual({
    contentType: 'application/pdf', size: 9, hash: file.ref.sha1, title: 'CLIN Clinic letter.pdf', creation: '2026-11-20',
  }))
  test.each([[{ tooLarge: true }], [{ broken: 'not base64' }]])('of a file that is not whole (%j) claims neither size nor hash', (wrong) => {
    const { size, hash } = attachment({ contents: [{ ...file, ref: { ...file.ref, ...wrong } }] }) ?? {}
    expect([size, hash]).toEqual([undefined, undefined])
  })
  test('without a file is a title', () => expect(attachment({ contents: [] })).toEqual({ title: 'CLIN Clinic letter.pdf' }))
  test('two files are two', () => expect(made({ document: someDocument({ contents: [file, file] }) }).content).toHaveLength(2))
})

test('the date is the time of receipt where the source gave none', () => {
  const { sourceTime: _, ...without } = someDocument()
  expect([made().date, made({ document: without }).date]).toEqual(['2026-11-20T11:02:10.000Z', '2026-11-20T12:00:00.000Z'])
})
test('an organisation that is no ODS code is shown by name', () => expect(made({ document: someDocument({ organisations: [{ text: 'rwk', at: 'x' }, { text: 'The Other Trust', at: 'x' }] }) }).author).toEqual([
  { type: 'Practitioner', display: 'Dr Example' }, { type: 'Organization', identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RWK' } }, { type: 'Organization', display: 'The Other Trust' },
]))
test('each picklist text is a category of its own', () => expect(made({ document: someDocument({ picklist: [{ text: ' MH  share with\tpatient', at: 'x' }, { text: 'Correspondence', at: 'y' }] }) }).category?.map((category) => category.coding?.[0]?.code)).toEqual(['MH share with patient', 'Correspondence']))
test('no label is added and none is left out', () => {
  const labels = codings(['V', 'MH', 'NOPAT', 'withhold'])
  const resource = made({ labels })
  expect(resource.meta?.security).toEqual(labels)
  expect(resource.securityLabel).toEqual(labels.map((label) => ({ coding: [label] })))
})

describe('identify', () => {
  const names = { identifier: '11111111-1111-4111-8111-111111111111', documentId: 'RIO-1', revision: 3 }
  test('names the document and its revision, and no server\'s id', () => {
    const resource = identify(made(), names)
    expect(resource.identifier).toEqual([
      { use: 'official', system: 'urn:ietf:rfc:3986', value: 'urn:uuid:11111111-1111-4111-8111-111111111111' },
      { use: 'secondary', system: 'urn:openletter:rio:document', value: 'RIO-1' },
    ])
    expect(resource.masterIdentifier).toEqual({ system: 'urn:openletter:document-revision', value: '11111111-1111-4111-8111-111111111111/3' })
    expect(resource.id).toBeUndefined()
  })
  test.each([['replaced', 'replaces'], ['addendum', 'appends']] as const)('%s %s its parent: by RiO\'s id, or by ours where it is known', (event, code) => {
    const resource = made({ document: someDocument({ event, parentId: 'RIO-0' }) })
    expect(identify(resource, names).relatesTo).toEqual([{ code, target: { type: 'DocumentReference', identifier: { system: 'urn:openletter:rio:document', value: 'RIO-0' } } }])
    expect(identify(resource, { ...names, parentIdentifier: '22222222-2222-4222-8222-222222222222' }).relatesTo?.[0]?.target.identifier?.value).toBe('urn:uuid:22222222-2222-4222-8222-222222222222')
  })
  test('changes nothing else, and not its argument', () => {
    const before = made()
    const copy = structuredClone(before)
    const { identifier: _, masterIdentifier: __, ...rest } = identify(before, names)
    expect(rest).toEqual(copy)
    expect(before).toEqual(copy)
  })
})
