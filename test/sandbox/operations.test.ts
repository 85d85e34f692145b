// The questions to the Facade: which documents were read, tokens for invitations, and the definitions of both.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { OperationDefinition, Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { READ_RECEIPT } from '../../src/sandbox/operations.ts'
import { aClient, aDocumentReference, aPdf, aSandbox, aT02, aT11, issuesOf, NHS_NUMBER_SYSTEM, ORGANISATION, tokenFrom } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
let facade: string
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
  facade = await tokenFrom(sandbox.url, '/facade/oauth/token')
})
afterEach(() => sandbox.close())

const ask = (path: string, parameter: readonly ParametersParameter[], resourceType = 'Parameters') => client.ask(`/facade/fhir${path}`, {
  method: 'POST', headers: { authorization: `Bearer ${facade}`, 'x-org-public-id': ORGANISATION, 'content-type': 'application/fhir+json' }, body: JSON.stringify({ resourceType, parameter }),
})
const READS = '/DocumentReference/$read-receipt-query'
const number = (valueString: string): ParametersParameter => ({ name: 'documentIdentifier', valueString })
const receipts = async (...numbers: readonly string[]) => (((await ask(READS, numbers.map(number))).body as Parameters).parameter ?? []).map(({ name, part }) => {
  expect(name).toBe(READ_RECEIPT.name)
  return [part?.find((one) => one.name === READ_RECEIPT.document)?.valueString, part?.find((one) => one.name === READ_RECEIPT.readAt)?.valueDateTime]
})
const read = (documentNumber: string, at?: string) => client.control({ read: [{ documentNumber, ...(at ? { at } : {}) }] })

test('a read document comes with its time; an unread one, an unknown one and one from FHIR are not in the answer', async () => {
  await client.create(aDocumentReference({ identifierValue: 'by-fhir' }))
  for (const documentNumber of ['read', 'unread']) await client.hl7(aT02({ documentNumber }))
  await read('read', '2026-11-24T08:30:00Z')
  expect(await receipts('read', 'unread', 'unknown', 'by-fhir')).toEqual([['read', '2026-11-24T08:30:00.000Z']])
  expect((await client.record('9990000018')).documents.map((one) => [one.documentNumber, one.readAt])).toEqual([[null, null], ['read', '2026-11-24T08:30:00.000Z'], ['unread', null]])
})

test('a number may come as a string, a URI or an identifier', async () => {
  await client.hl7(aT02({ documentNumber: 'n' }))
  await read('n')
  for (const value of [{ valueString: 'n' }, { valueUri: 'n' }, { valueIdentifier: { value: 'n' } }]) {
    expect((await ask(READS, [{ name: 'documentIdentifier', ...value }])).body).toMatchObject({ parameter: [{ name: READ_RECEIPT.name }] })
  }
})

test('a replaced document stays read, with the old time; a deleted one and the next with its number are not', async () => {
  await client.hl7(aT02({ documentNumber: 'n' }))
  await read('n', '2026-11-24T08:30:00Z')
  await client.hl7(aT02({ documentNumber: 'n', pdf: aPdf('second') }))
  expect(await receipts('n')).toEqual([['n', '2026-11-24T08:30:00.000Z']])
  await client.hl7(aT11('n'))
  expect(await receipts('n')).toEqual([])
  await client.hl7(aT02({ documentNumber: 'n' }))
  expect(await receipts('n')).toEqual([])
})

test('a browser that opens a letter has read it; a fetch of the bytes has not', async () => {
  await client.hl7(aT02({ documentNumber: 'n' }))
  const [document] = (await client.record('9990000018')).documents
  const link = `/records/9990000018/documents/${document?.id}`
  await client.ask(link)
  expect(await receipts('n')).toEqual([])
  await client.ask(link, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  expect(await receipts('n')).toEqual([['n', '2026-11-23T10:00:00.000Z']])
})

test('none, more than 5,000, an empty one or another resource refuses the whole question', async () => {
  expect((await ask(READS, [])).status).toBe(400)
  expect((await ask(READS, Array.from({ length: 5000 }, (_, i) => number(`n${i}`)))).status).toBe(200)
  expect((await ask(READS, Array.from({ length: 5001 }, (_, i) => number(`n${i}`)))).status).toBe(400)
  expect(issuesOf(await ask(READS, [number('a'), { name: 'documentIdentifier' }]))).toEqual(['invalid Parameters.parameter[1]'])
  expect((await ask(READS, [number('a')], 'Patient')).status).toBe(400)
})

test('the control refuses to call a document read that is in no record', async () => {
  const reply = await read('nowhere')
  expect([reply.status, reply.body]).toEqual([400, { error: 'No record holds a document nowhere.' }])
})

const patient = (value: string, system = NHS_NUMBER_SYSTEM): ParametersParameter => ({ name: 'patientIdentifier', valueIdentifier: { system, value } })
const TOKENS = '/Organization/$generate-invitation-tokens'

test('an unregistered person gets a token of their own; others get the reason why not', async () => {
  await client.control({ patients: [{ nhsNumber: '9990000093', access: false }] })
  const { body } = await ask(TOKENS, ['9990000026', '9990000018', '9990000093', '9990000034'].map((one) => patient(one)))
  const parts = ((body as Parameters).parameter ?? []).map(({ part }) => (part ?? []).map(({ name, valueString, valueIdentifier }) => [name, valueString ?? valueIdentifier?.value]))
  expect(parts).toEqual([
    [['patientIdentifier', '9990000026'], ['token', expect.any(String)]],
    [['patientIdentifier', '9990000018'], ['diagnostics', 'Already registered']],
    [['patientIdentifier', '9990000093'], ['diagnostics', 'No access']],
    [['patientIdentifier', '9990000034'], ['diagnostics', 'Not found']],
  ])
  expect((await ask(TOKENS, [patient('9990000026'), patient('1', 'urn:local')])).status).toBe(400)
})

test('the definitions are open to all; the questions need a token of their endpoint', async () => {
  for (const id of ['Patient-t-status-query', 'DocumentReference-t-read-receipt-query', 'Organization-t-generate-invitation-tokens']) {
    const { status, body } = await client.ask(`/facade/fhir/OperationDefinition/${id}?_format=json`)
    expect([status, (body as OperationDefinition).resourceType]).toEqual([200, 'OperationDefinition'])
  }
  expect((await client.ask('/facade/fhir/OperationDefinition/Patient-t-destroy')).status).toBe(404)
  for (const path of [READS, TOKENS]) expect((await client.ask(`/facade/fhir${path}`, { method: 'POST', body: '{}' })).status).toBe(401)
  const own = await client.fhir(READS, { method: 'POST', resource: { resourceType: 'Parameters', parameter: [number('n')] } })
  expect([own.status, own.body]).toEqual([200, { resourceType: 'Parameters' }])
})

test('the Facade writes nothing', async () => {
  const headers = { authorization: `Bearer ${facade}`, 'x-org-public-id': ORGANISATION }
  for (const [method, path] of [['POST', 'DocumentReference'], ['PUT', 'DocumentReference/1'], ['DELETE', 'DocumentReference/1'], ['POST', 'Binary']]) {
    expect((await client.ask(`/facade/fhir/${path}`, { method: method!, headers })).status).toBe(405)
  }
})
