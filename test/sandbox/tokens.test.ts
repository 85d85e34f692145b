// Who may speak to the sandbox: tokens of two endpoints that are not taken for each other, and the organisation's id.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { aClient, aSandbox, issuesOf, ORGANISATION, tokenFrom } from '../support/sandbox.ts'
import type { SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
})
afterEach(() => sandbox.close())

const askToken = (headers: Record<string, string>, form: Record<string, string>) =>
  client.ask('/oauth/token', { method: 'POST', headers, body: new URLSearchParams(form) })
const GRANT = { grant_type: 'client_credentials' }
const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` })
const STATUS_QUERY = JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'patientIdentifier', valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } }] })
const query = (path: string, token: string) =>
  client.ask(path, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'x-org-public-id': ORGANISATION, 'content-type': 'application/fhir+json' }, body: STATUS_QUERY })

test('client credentials get a token, from the header or from the form', async () => {
  const reply = await askToken(basic('openletter:sandbox'), GRANT)
  expect([reply.status, reply.body]).toEqual([200, { access_token: expect.any(String), token_type: 'bearer', expires_in: 600, scope: 'none', jti: expect.any(String) }])
  expect((await askToken({}, { ...GRANT, client_id: 'openletter', client_secret: 'sandbox' })).status).toBe(200)
})

test('wrong or missing credentials get the error shape of PKB', async () => {
  const missing = await askToken({}, GRANT)
  expect([missing.status, missing.body]).toEqual([401, { error: 'unauthorized', error_description: 'Full authentication is required to access this resource' }])
  expect((await askToken(basic('openletter:wrong'), GRANT)).body).toMatchObject({ error: 'unauthorized' })
  expect((await askToken(basic('openletter:sandbox'), { grant_type: 'password' })).body).toMatchObject({ error: 'unsupported_grant_type' })
})

test('without a token nothing is answered, and without the organisation it is forbidden', async () => {
  const none = await client.ask('/fhir/DocumentReference')
  expect([none.status, ...issuesOf(none)]).toEqual([401, 'login'])
  expect(none.headers.get('www-authenticate')).toMatch(/^Bearer/)
  expect((await client.ask('/fhir/DocumentReference', { headers: { authorization: 'Bearer made-up', 'x-org-public-id': ORGANISATION } })).status).toBe(401)
  const noOrganisation = await client.ask('/fhir/DocumentReference', { headers: { authorization: `Bearer ${client.token}` } })
  expect([noOrganisation.status, ...issuesOf(noOrganisation)]).toEqual([403, 'forbidden'])
  expect((await client.fhir('/DocumentReference', { headers: { 'x-org-public-id': 'another' } })).status).toBe(403)
  expect((await client.fhir('/DocumentReference')).status).toBe(200)
})

test('a token expires when it said it would', async () => {
  await client.control({ tokens: { expiresInSecs: 30 } })
  const short = await tokenFrom(sandbox.url)
  sandbox.clock.now = new Date(sandbox.clock.now.getTime() + 29_000)
  expect((await query('/fhir/Patient/$status-query', short)).status).toBe(200)
  sandbox.clock.now = new Date(sandbox.clock.now.getTime() + 1_000)
  expect((await query('/fhir/Patient/$status-query', short)).status).toBe(401)
  expect((await query('/fhir/Patient/$status-query', client.token)).status).toBe(200)
})

test('revoked tokens are refused and a fresh one is taken', async () => {
  await client.control({ tokens: { revoke: true } })
  expect((await client.fhir('/DocumentReference')).status).toBe(401)
  expect((await query('/fhir/Patient/$status-query', await tokenFrom(sandbox.url))).status).toBe(200)
})

test('a token of the Facade opens the Facade only, and one of the customer\'s endpoint does not open it', async () => {
  const facade = await tokenFrom(sandbox.url, '/facade/oauth/token')
  expect((await query('/facade/fhir/Patient/$status-query', facade)).status).toBe(200)
  expect((await query('/fhir/Patient/$status-query', facade)).status).toBe(401)
  expect((await query('/facade/fhir/Patient/$status-query', client.token)).status).toBe(401)
  expect((await query('/fhir/Patient/$status-query', client.token)).status).toBe(200)
  expect((await query('/facade/fhir/DocumentReference', facade)).status).toBe(405)
})
