// `openletter pkb doctor` against the real sandbox, whole and with each thing broken: it names what is wrong, says what
// rests on it, sends no document, and prints no secret.
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:tls'
import { connect, type AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { pkb } from '../../src/commands/pkb.ts'
import { accountsCan, clock, definitionSays, documentsCan, readsAnswered, searchAnswered, statusAnswered } from '../../src/deliver/pkb/doctor/answers.ts'
import { lasting } from '../../src/deliver/pkb/doctor/servers.ts'
import { sandboxSettings, type Environment } from '../../src/settings.ts'
import { ROOT, runProgram } from '../support/child-engine.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'
import { aClient, aDocumentReference, aSandbox, type SandboxClient } from '../support/sandbox.ts'

let sandbox: Awaited<ReturnType<typeof aSandbox>>
let client: SandboxClient
let policy: PolicyFolder
let byHl7: PolicyFolder
const printed: string[] = []
const open: { close(): unknown }[] = []

beforeAll(() => {
  policy = aPolicyFolder()
  byHl7 = aPolicyFolder()
  byHl7.change('channels/pkb.yaml', 'transport: fhir', 'transport: hl7-soap')
})
afterAll(() => { policy.remove(); byHl7.remove() })
beforeEach(async () => {
  sandbox = await aSandbox()
  client = await aClient(sandbox.url)
  printed.length = 0
  for (const way of ['log', 'error'] as const) jest.spyOn(console, way).mockImplementation((text: unknown) => { printed.push(String(text)) })
})
afterEach(async () => {
  jest.restoreAllMocks()
  for (const one of open.splice(0)) one.close()
  await sandbox.close()
})

type Seen = { readonly code: number; readonly ok: boolean; readonly says: Readonly<Record<string, string>>; readonly wrong: readonly string[]; readonly advice: string }
/** What was found, as `token: ok was given`. */
const doctor = async (settings: Environment = {}, { folder = policy, args = [], now }: { folder?: PolicyFolder; args?: readonly string[]; now?: () => Date } = {}): Promise<Seen> => {
  printed.length = 0
  const code = await pkb(['doctor', '--json', ...args], { ...folder.settings, ...sandboxSettings(sandbox.url), ...settings }, now)
  const { ok, findings } = JSON.parse(printed.join('\n')) as { ok: boolean; findings: { about: string; step: string; result: string; says: string; advice?: string }[] }
  const short = (about: string): string => /^(?:accounts|documents)/u.exec(about)?.[0] ?? about
  return {
    code, ok, advice: findings.map(({ advice = '' }) => advice).join('\n'),
    says: Object.fromEntries(findings.map(({ about, step, result, says }) => [`${short(about)} ${step}`, `${result} ${says}`])),
    wrong: findings.filter(({ result }) => result === 'wrong').map(({ about, step }) => `${short(about)} ${step}`),
  }
}
const byPath = async (): Promise<Readonly<Record<string, number>>> => ((await client.ask('/control')).body as { requests: { byPath: Record<string, number> } }).requests.byPath

const listening = async (server: Server | ReturnType<typeof createTlsServer>): Promise<number> => {
  open.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return (server.address() as AddressInfo).port
}
const tls = (name: string): Buffer => readFileSync(join(ROOT, 'test/fixtures/tls', name))
/** The sandbox behind TLS. */
const behindTls = (name: 'feed' | 'stranger'): Promise<number> =>
  listening(createTlsServer({ key: tls(`${name}.key`), cert: tls(`${name}.crt`) }, (socket) => {
    const inner = connect(sandbox.port, '127.0.0.1')
    socket.on('error', () => inner.destroy()).pipe(inner).on('error', () => socket.destroy()).pipe(socket)
  }))

describe('all is right', () => {
  test('by FHIR: every step is ok, and no document is written', async () => {
    const { code, ok, says, wrong } = await doctor()
    expect([code, ok, wrong]).toEqual([0, true, []])
    expect(says).toMatchObject({
      'settings pkb.yaml': 'ok has no problem', 'accounts token': 'ok was given', 'accounts organisation': 'ok is taken', 'accounts status query': 'ok is answered: registered',
      'accounts read receipts': 'not-checked by FHIR nothing can be shown to be read', 'documents token': 'ok was given', 'documents organisation': 'ok is taken', 'documents search': 'ok by identifier is answered: nothing is there',
      'documents capabilities': expect.stringMatching(/^ok FHIR 4\.0\.1; DocumentReference can create, /u), 'this machine clock': "ok is PKB's, to the minute",
    })
    const paths = Object.keys(await byPath())
    expect(paths).toContain('POST /fhir/Patient/$status-query')
    expect(paths.filter((path) => /^(?:POST|PUT|DELETE) \/fhir\/DocumentReference(?:\/\{|$)/u.test(path) || path.includes('/services/'))).toEqual([])
  })

  test('by HL7: the message is the deletion of a document that is not there, and nothing in the record changes', async () => {
    await client.create(aDocumentReference())
    const before = await client.record('9990000018')
    const { code, says, wrong } = await doctor({}, { folder: byHl7 })
    expect([code, wrong]).toEqual([0, []])
    expect(says).toMatchObject({
      'accounts read receipts': 'ok is answered: nothing is known of a document that is not there', 'accounts query in full': expect.stringContaining('registered'),
      'documents description': 'ok is a service that takes HL7 messages', 'documents a message': expect.stringMatching(/^ok user name, password and this machine are let in/u),
    })
    expect((await byPath())['POST /services/hl7']).toBe(1)
    expect(await client.record('9990000018')).toEqual(before)
  })

  test('without the message when asked, and that stays unproven', async () => {
    const { code, says } = await doctor({}, { folder: byHl7, args: ['--no-hl7-message'] })
    expect([code, says['documents a message']]).toEqual([0, expect.stringMatching(/^not-checked .*unproven/u)])
    expect(await byPath()).not.toHaveProperty(['POST /services/hl7'])
  })

  test('of a person who is not known, that there is no account', async () => {
    const { code, says } = await doctor({}, { args: ['--nhs-number', '9434765919'] })
    expect([code, says['accounts status query']]).toEqual([0, 'ok is answered: no account'])
    expect(printed.join('')).not.toContain('9434765919')
  })

  test('in words, with a line for each step', async () => {
    expect(await pkb(['doctor'], { ...policy.settings, ...sandboxSettings(sandbox.url) })).toBe(0)
    const text = printed.join('\n')
    expect(text).toContain('Letters go by fhir. This is the sandbox and not PKB. No document is sent.')
    expect(text).toMatch(/^accounts \(facade\)\n {2}ok {11}token {13}was given$/mu)
    expect(text).toMatch(/\n12 ok, 0 wrong, 1 not checked$/u)
  })
})

describe('one thing is wrong', () => {
  test('the secret: the token says so, and what needs one is not tried', async () => {
    const { code, says, wrong, advice } = await doctor({ PKB_CLIENT_SECRET: 'hunter2' })
    expect([code, wrong]).toEqual([1, ['accounts token', 'documents token']])
    expect(says['accounts token']).toBe('wrong client id or secret is wrong (TOKEN_401)')
    expect(says['accounts status query']).toMatch(/^not-checked/u)
    expect(advice).toContain('the Facade and the address for documents have credentials of their own')
  })
  test('the secret of the accounts alone', async () => {
    expect((await doctor({ PKB_FACADE_CLIENT_SECRET: 'hunter2' })).wrong).toEqual(['accounts token'])
  })
  test('the organisation', async () => {
    const { wrong, says } = await doctor({ PKB_ORG_ID: '00000000-0000-4000-8000-000000000002' })
    expect(wrong).toEqual(expect.arrayContaining(['accounts organisation', 'documents organisation']))
    expect(says['documents organisation']).toBe('wrong the organisation id is not one of this client (403)')
  })
  test('the path of the FHIR address', async () => {
    const { wrong, says } = await doctor({ PKB_FHIR_URL: `${sandbox.url}/fire` })
    expect(wrong).toEqual(expect.arrayContaining(['documents organisation', 'documents capabilities']))
    expect(says['documents organisation']).toBe('wrong PKB does not offer this at the address (404)')
  })
  test('the token address: it is a page', async () => {
    const page = await listening(createServer((_, res) => { res.setHeader('content-type', 'text/html').end('<html>Welcome</html>') }))
    const { wrong, says } = await doctor({ PKB_TOKEN_URL: `http://127.0.0.1:${page}/` })
    expect([wrong, says['documents token']]).toEqual([['accounts token', 'documents token'], 'wrong the address answers, but not with a token in JSON (TOKEN_NOT_FHIR)'])
  })
  test('a proxy that wants a password first', async () => {
    const proxy = `http://127.0.0.1:${await listening(createServer((_, res) => { res.writeHead(407, { 'proxy-authenticate': 'Basic realm="web"' }).end() }))}`
    const token = await doctor({ PKB_TOKEN_URL: proxy })
    expect(token.says['documents token']).toBe('wrong a proxy on the way wants a name and a password first (TOKEN_407)')
    expect(token.advice).toContain('Ask your network team to let this machine out to PKB without them')
    expect((await doctor({ PKB_FHIR_URL: proxy })).says['documents organisation']).toBe('wrong a proxy on the way wants a name and a password first (407)')
    const { says } = await doctor({ PKB_HL7_URL: proxy }, { folder: byHl7 })
    for (const step of ['documents description', 'documents a message']) expect([step, says[step]]).toEqual([step, 'wrong a proxy on the way wants a name and a password first (407)'])
  })
  test('a connection that breaks, with no proxy that says why', async () => {
    const breaks = await listening(createServer((req) => { req.socket.destroy() }))
    expect((await doctor({ PKB_TOKEN_URL: `http://127.0.0.1:${breaks}` })).says['documents token']).toMatch(/^wrong the connection broke off before there was a whole answer \(TOKEN_/u)
  })
  test('a token of the one endpoint for the other', async () => {
    const { says } = await doctor({ PKB_FACADE_URL: `${sandbox.url}/facade/fhir` })
    expect(says['accounts organisation']).toBe('wrong the token is not taken here (401)')
  })
  test('the Facade where documents are written', async () => {
    const { wrong, says, advice } = await doctor({ PKB_FHIR_URL: `${sandbox.url}/facade/fhir`, PKB_TOKEN_URL: `${sandbox.url}/facade/oauth/token` })
    expect(wrong).toContain('documents capabilities')
    expect(says['documents capabilities']).toBe('wrong it speaks FHIR 3.0.2, and the engine writes R4 (4.0)')
    expect(advice).toContain("This is probably PKB's Facade")
  })
  test('the HL7 password', async () => {
    const { code, wrong, says } = await doctor({ PKB_HL7_PASSWORD: 'hunter2' }, { folder: byHl7 })
    expect([code, wrong, says['documents a message']]).toEqual([1, ['documents a message'], 'wrong user name or password is wrong (401)'])
  })
  test('the address of this machine', async () => {
    await client.control({ hl7: { allowedIps: ['10.0.0.0/8'] } })
    const { wrong, says, advice } = await doctor({}, { folder: byHl7 })
    expect([wrong, says['documents a message']]).toEqual([['documents a message'], 'wrong PKB does not let this machine in (403)'])
    expect(advice).toContain('Tell PKB the address that your requests come from')
  })
  test('the path of the HL7 address', async () => {
    expect((await doctor({ PKB_HL7_URL: `${sandbox.url}/services/hl8` }, { folder: byHl7 })).wrong).toEqual(['documents description', 'documents a message'])
  })
  test('PKB refuses the message', async () => {
    await client.control({ faults: [{ path: '/services/hl7', method: 'POST', ack: 'AR' }] })
    expect((await doctor({}, { folder: byHl7 })).says['documents a message']).toBe('wrong PKB takes the request and refuses the message (AR)')
  })
  test('nothing listens: the sandbox is to be started, and all that rests on it is not checked', async () => {
    const settings = sandboxSettings(sandbox.url)
    await sandbox.close()
    const { code, wrong, says, advice } = await doctor(settings)
    expect([code, wrong.length, says['accounts token']]).toEqual([1, 1, expect.stringMatching(/^not-checked 127\.0\.0\.1:\d+ cannot be reached$/u)])
    expect(advice).toContain('The sandbox is not running: start the engine with npm start')
    sandbox = await aSandbox()
  })
  test('a name that is not known', async () => {
    const { wrong, says } = await doctor({ PKB_FHIR_URL: 'https://pkb.invalid/fhir' })
    expect(wrong).toEqual(expect.arrayContaining(['settings pkb.yaml', 'pkb.invalid:443 name']))
    expect(says['documents token']).toBe('not-checked pkb.invalid:443 cannot be reached')
  })
  test('a certificate that nobody trusts: nothing is sent', async () => {
    const port = await behindTls('stranger')
    const { wrong, says } = await doctor({ PKB_TOKEN_URL: `https://127.0.0.1:${port}/oauth/token` })
    expect(wrong).toEqual([`127.0.0.1:${port} certificate`])
    expect(says[`127.0.0.1:${port} certificate`]).toMatch(/^wrong was made by somebody whom this machine does not trust \(/u)
    expect(await byPath()).not.toHaveProperty(['POST /oauth/token'], 2)
  })
  test('an https address where there is no TLS', async () => {
    const { wrong } = await doctor({ PKB_TOKEN_URL: `https://127.0.0.1:${sandbox.port}/oauth/token` })
    expect(wrong).toEqual([`127.0.0.1:${sandbox.port} certificate`])
  })
  test('the clock of this machine', async () => {
    const { wrong, says } = await doctor({}, { now: () => new Date(Date.now() - 600_000) })
    expect([wrong, says['this machine clock']]).toEqual([['this machine clock'], expect.stringMatching(/^wrong is (?:599|600|601) seconds behind PKB's$/u)])
  })
  test('the channel file: its problems are listed, and the rest is looked at all the same', async () => {
    const folder = aPolicyFolder()
    open.push({ close: folder.remove })
    folder.change('channels/pkb.yaml', 'ADULT1: MHADULT, ', '')
    const { code, wrong, says, advice } = await doctor({}, { folder })
    expect([code, wrong, says['documents token']]).toEqual([1, ['settings pkb.yaml'], 'ok was given'])
    expect(advice).toContain('the team ADULT1 is in scope and has no service code')
  })
  test('the channel file cannot be read at all', async () => {
    const folder = aPolicyFolder()
    open.push({ close: folder.remove })
    folder.change('channels/pkb.yaml', 'transport: fhir', 'transport: post')
    const { code, says } = await doctor({}, { folder })
    expect([code, Object.keys(says)]).toEqual([1, ['settings pkb.yaml']])
  })
})

test('no secret and no token is ever printed, whatever is wrong', async () => {
  const said: string[] = []
  for (const settings of [{}, { PKB_CLIENT_SECRET: 'hunter2' }, { PKB_HL7_PASSWORD: 'hunter3' }, { PKB_HL7_URL: `${sandbox.url}/fhir` }]) {
    for (const args of [['doctor'], ['doctor', '--json']]) {
      printed.length = 0
      await pkb(args, { ...byHl7.settings, ...sandboxSettings(sandbox.url), ...settings })
      said.push(...printed)
    }
  }
  const secrets = ['hunter2', 'hunter3', '00000000-0000-4000-9000-', 'Basic ', 'Bearer ', ...['openletter:sandbox', 'openletter:hunter2', 'openletter:hunter3'].map((text) => Buffer.from(text).toString('base64'))]
  expect(said.length).toBeGreaterThan(8)
  expect(secrets.filter((secret) => said.join('\n').includes(secret))).toEqual([])
})

test('the program itself, over TLS, with the authority of the network', async () => {
  const port = await behindTls('feed')
  const env = { ...byHl7.settings, ...sandboxSettings(`https://127.0.0.1:${port}`), NODE_EXTRA_CA_CERTS: join(ROOT, 'test/fixtures/tls/authority.crt') }
  const { code, out, err } = await runProgram(['pkb', 'doctor'], { env })
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/certificate {7}is good until 2\d\d\d-\d\d-\d\d \(TLS 1\.3\)/u)
}, 60_000)

test('called wrongly, it says how', async () => {
  for (const args of [[], ['nurse'], ['doctor', 'twice'], ['doctor', '--jason'], ['doctor', '--nhs-number', '123']]) {
    printed.length = 0
    expect([args, await pkb(args, {})]).toEqual([args, 2])
    expect(printed.join('\n')).toContain('Usage: npx openletter pkb doctor')
  }
})

describe('what is read out of the answers', () => {
  const statement = (fhirVersion: string, codes: readonly string[], operations: readonly string[] = []) =>
    ({ resourceType: 'CapabilityStatement', fhirVersion, rest: [{ mode: 'server', operation: operations.map((name) => ({ name })), resource: [{ type: 'DocumentReference', conditionalCreate: true, interaction: codes.map((code) => ({ code })) }] }] })
  test('an endpoint that only lists documents cannot take them', () => {
    expect(documentsCan(statement('4.0.1', ['search-type']))).toMatchObject({ result: 'wrong', says: 'DocumentReference lacks create, update' })
    expect(documentsCan(statement('4.0.1', ['create', 'update', 'search-type']))).toMatchObject({ result: 'ok', says: expect.stringContaining('no delete: a recall empties the copy') })
    expect(documentsCan('<html>')).toMatchObject({ result: 'wrong', says: 'the address gives no CapabilityStatement' })
  })
  test('read receipts are missed where letters go by HL7, and only there', () => {
    const body = statement('3.0.2', [], ['status-query'])
    expect([accountsCan(body, false).result, accountsCan(body, true).says]).toEqual(['ok', 'read-receipt-query is not among its operations'])
  })
  test('No access is no answer about an account', () => {
    const said = (rest: readonly object[]) => ({ resourceType: 'Parameters', parameter: [{ name: 'patientStatus', part: [{ name: 'patientIdentifier', valueIdentifier: { value: '9990000018' } }, ...rest] }] })
    expect(statusAnswered(said([{ name: 'diagnostics', valueString: 'No access' }]), '9990000018').result).toBe('wrong')
    expect(statusAnswered(said([{ name: 'diagnostics', valueString: 'Not found' }]), '9990000018')).toMatchObject({ result: 'ok', says: 'is answered: no account' })
    expect(statusAnswered({ resourceType: 'Bundle' }, '9990000018')).toMatchObject({ says: 'the answer does not speak of accounts' })
  })
  test('a receipt for a document that cannot be there is no good sign', () => {
    expect(readsAnswered({ resourceType: 'Parameters' }).result).toBe('ok')
    expect(readsAnswered({ resourceType: 'Parameters', parameter: [{ name: 'readReceipt' }] }).result).toBe('wrong')
    expect(readsAnswered('').result).toBe('wrong')
  })
  test('a server that finds a document that cannot be there does not search by identifier', () => {
    expect(searchAnswered({ resourceType: 'Bundle', total: 0 }).result).toBe('ok')
    expect(searchAnswered({ resourceType: 'Bundle', total: 17 })).toMatchObject({ result: 'wrong', says: expect.stringContaining('PKB does not search by identifier') })
    expect(searchAnswered({ resourceType: 'Bundle' }).result).toBe('not-checked')
  })
  test('a definition without what the engine reads', () => {
    const definition = (parts: readonly string[]) => ({ resourceType: 'OperationDefinition', parameter: [{ name: 'patientStatus', use: 'out', part: parts.map((name) => ({ name })) }] })
    expect(definitionSays(definition(['registered', 'deceased']), ['registered'])).toEqual({ result: 'ok', says: 'patientStatus: registered, deceased' })
    expect(definitionSays(definition(['active', '<script>']), ['registered'])).toMatchObject({ result: 'wrong', says: 'registered is not among active' })
    expect(definitionSays({}, ['registered']).result).toBe('not-checked')
  })
  test('a certificate that runs out within 30 days, and a clock that is a minute off', () => {
    const at = new Date('2026-11-23T10:00:00Z')
    expect([lasting({ until: '2026-12-24', version: 'TLSv1.2' }, at).result, lasting({ until: '2026-12-22', version: 'TLSv1.2' }, at).result]).toEqual(['ok', 'wrong'])
    expect([clock('Mon, 23 Nov 2026 09:59:01 GMT', at).result, clock('Mon, 23 Nov 2026 09:58:59 GMT', at).result, clock('Mon, 23 Nov 2026 10:01:01 GMT', at).says, clock(null, at).result]).toEqual(['ok', 'wrong', "is 61 seconds behind PKB's", 'not-checked'])
  })
})
