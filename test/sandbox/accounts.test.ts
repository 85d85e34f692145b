// The account query: what PKB says of people that it knows, does not know, or may not speak of.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Parameters } from '@medplum/fhirtypes'
import { aClient, aSandbox, issuesOf, NHS_NUMBER_SYSTEM } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const query = (nhsNumbers: readonly string[], system = NHS_NUMBER_SYSTEM) =>
  client.fhir('/Patient/$status-query', {
    method: 'POST',
    resource: { resourceType: 'Parameters', parameter: nhsNumbers.map((value) => ({ name: 'patientIdentifier', valueIdentifier: { system, value } })) },
  })

const identifier = (value: string) => ({ patientIdentifier: { system: NHS_NUMBER_SYSTEM, value } })

/** Each patientStatus as a plain object of its parts. */
const statuses = (body: unknown) => ((body as Parameters).parameter ?? []).map(({ name, part }) => {
  expect(name).toBe('patientStatus')
  return Object.fromEntries((part ?? []).map(({ name, ...value }) => [name, Object.values(value)[0] as unknown]))
})

test('known people come with account, death and date of birth; others are not found', async () => {
  const reply = await query(['9990000018', '9990000026', '9990000050', '9990000034'])
  expect(reply.headers.get('content-type')).toMatch(/^application\/fhir\+json/)
  expect(statuses(reply.body)).toEqual([
    { ...identifier('9990000018'), deceased: false, registered: true, dateOfBirth: '1970-01-01' },
    { ...identifier('9990000026'), deceased: false, registered: false, dateOfBirth: '1985-05-05' },
    { ...identifier('9990000050'), deceased: true, registered: true, dateOfBirth: '1940-04-04' },
    { ...identifier('9990000034'), diagnostics: 'Not found' },
  ])
})

test('someone whom the organisation may not see comes without a date of birth', async () => {
  await client.control({ patients: [{ nhsNumber: '9990000085', access: false }] })
  expect(statuses((await query(['9990000085'])).body)).toEqual([
    { patientIdentifier: { system: NHS_NUMBER_SYSTEM, value: '9990000085' }, deceased: false, registered: true, diagnostics: 'No access' },
  ])
})

test('one identifier of an unsupported system refuses the whole request', async () => {
  const reply = await query(['9990000018'], 'urn:local')
  expect([reply.status, ...issuesOf(reply)]).toEqual([400, 'not-supported Parameters.parameter[0].valueIdentifier.system'])
})

test('a query names 1 to 5000 people', async () => {
  expect((await query([])).status).toBe(400)
  expect(statuses((await query(Array<string>(5000).fill('9990000018'))).body)).toHaveLength(5000)
  expect((await query(Array<string>(5001).fill('9990000018'))).status).toBe(400)
  expect((await client.fhir('/Patient/$status-query', { method: 'POST', resource: { resourceType: 'Patient' } })).status).toBe(400)
})
