// Which address becomes PKB when an engine starts, and whether a sandbox is started for it.
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { checkable } from '../../src/commands/environment.ts'
import { openThings } from '../../src/engine/open-things.ts'
import { pkbOrSandbox } from '../../src/engine/pkb-address.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { Environment } from '../../src/settings.ts'
import { makeFolder } from '../support/folder.ts'
import { aPolicyFolder } from '../support/policy-folder.ts'

const PKB = { PKB_FHIR_URL: 'https://trust.pkb.example/fhir', PKB_TOKEN_URL: 'https://oauth.pkb.example/token', PKB_CLIENT_ID: 'c', PKB_CLIENT_SECRET: 's', PKB_ORG_ID: 'o' }
const HL7 = { PKB_HL7_URL: 'https://hl7.pkb.example:7443/services/hl7', PKB_HL7_USER: 'u', PKB_HL7_PASSWORD: 'p' }

const left: (() => unknown)[] = []
afterEach(async () => { for (const one of left.splice(0).toReversed()) await one() })

const startedWith = async (settings: Environment, transport: 'fhir' | 'hl7-soap', delivers = true) => {
  const [policy, data, open] = [aPolicyFolder(), makeFolder(), openThings()]
  left.push(policy.remove, data.remove, () => open.closeAll())
  if (transport === 'hl7-soap') policy.change('channels/pkb.yaml', 'transport: fhir', 'transport: hl7-soap')
  policy.change('channels/pkb.yaml', /$/u, 'confirmed_by_pkb: { by: PKB Integrations, on: "2026-09-01" }\n')
  policy.change('channels/pkb.yaml', '  title_at:', '  labels_confirmed_by_pkb: { by: PKB Integrations, on: "2026-09-01" }\n  title_at:')
  const env = { PATH: process.env['PATH'], SANDBOX_PORT: '0', RIO_HTTP_TOKEN: 'x', API_TOKEN: 'x', ...policy.settings, ...settings }
  const pkb = (await loadPolicy(checkable(env))).policy?.destinations.pkb
  const found = await pkbOrSandbox({ env, delivers, dataDir: join(data.path, 'data'), pkb, say: () => undefined }, open)()
  return { ...found, problems: (await loadPolicy(found.env)).problems }
}

test('by FHIR with its address: no sandbox is started, and the HL7 address that is not in use is one at which no sandbox can be', async () => {
  expect(await startedWith(PKB, 'fhir')).toMatchObject({ problems: [], env: { PKB_FHIR_URL: PKB.PKB_FHIR_URL, PKB_HL7_URL: 'http://127.0.0.1:0/services/hl7' } })
  expect(await startedWith(PKB, 'fhir')).not.toHaveProperty('sandboxUrl')
})
test('by HL7 with its address and that of the accounts: no sandbox is started', async () => {
  const { PKB_FHIR_URL, ...rest } = PKB
  const settings = { ...rest, ...HL7, PKB_FACADE_URL: PKB_FHIR_URL }
  expect(await startedWith(settings, 'hl7-soap')).toMatchObject({ problems: [], env: { PKB_HL7_URL: HL7.PKB_HL7_URL, PKB_FACADE_CLIENT_SECRET: 's' } })
  expect(await startedWith(settings, 'hl7-soap')).not.toHaveProperty('sandboxUrl')
})
test.each(['fhir', 'hl7-soap'] as const)('by %s with no address: one sandbox is started and stands in for both, at the port that it took', async (transport) => {
  const { env, sandboxUrl, problems } = await startedWith({}, transport)
  expect([problems, env['PKB_FHIR_URL'], env['PKB_HL7_URL']]).toEqual([[], `${sandboxUrl}/fhir`, `${sandboxUrl}/services/hl7`])
  expect((await fetch(`${sandboxUrl}/fhir/metadata`)).status).toBe(200)
})
test('a part that does not deliver starts none', async () => {
  const found = await startedWith({ SANDBOX_PORT: '3999' }, 'fhir', false)
  expect([found.sandboxUrl, found.env['PKB_FHIR_URL']]).toEqual([undefined, 'http://127.0.0.1:3999/fhir'])
})
