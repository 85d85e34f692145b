// An analyst changes the policy of an engine that runs: what can be taken is in force at once and whole; what cannot
// changes nothing, and everybody is told.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectTo, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { connectMllp } from '../../src/intake/mllp/client.ts'
import { PolicyRefused } from '../../src/engine/first-policy.ts'
import { startEngine } from '../../src/wire.ts'
import { anEngineHome, type RunningEngine } from '../support/child-engine.ts'
import { freshDatabase } from '../support/database.ts'
import { anEngine, API, sha256, TOKEN, type TestEngine } from '../support/engine.ts'
import { makeFolder } from '../support/folder.ts'
import { mdm } from '../support/hl7-messages.ts'
import { aPdf } from '../support/pdf.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'
import { firstAccount } from '../support/sign-in.ts'
import { until } from '../support/until.ts'
import { anUpload } from '../support/upload.ts'

const ADA = '9990000018'
const CODES = 'mappings/document-codes.csv'
const RULES = 'mappings/sharing-rules.yaml'
const MLLP = 'channels/rio-mllp.yaml'
const HTTP = 'channels/rio-http.yaml'
const NEW_LETTER = 'NEWL New letter.pdf'

type Answered = { readonly hash: string; readonly refused?: { readonly problems: readonly { readonly file: string; readonly line: number; readonly col: number; readonly message: string }[] }; readonly history: readonly { readonly hash: string }[] }

let files: PolicyFolder
let engine: TestEngine
let ada: Awaited<ReturnType<typeof firstAccount>>
let count = 0
const newId = (): string => `L-${(count += 1)}`

const reload = () => engine.engine.reload()
const policy = async (): Promise<Answered> => (await engine.api('/api/policy')).json() as Promise<Answered>
const metric = async (name: string): Promise<string | undefined> => new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'mu').exec(await (await engine.api('/metrics')).text())?.[1]
const page = async (path: string): Promise<string> => (await fetch(engine.engine.url! + path, { headers: ada })).text()
const said = (event: string): readonly Record<string, unknown>[] => engine.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((one) => one['event'] === event)
const upload = async (overrides: Parameters<typeof anUpload>[0] = {}, token = TOKEN, feed = 'rio-http'): Promise<number> =>
  (await fetch(`${engine.engine.url}/feeds/${feed}/documents`, {
    method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: anUpload({ documentId: newId(), ...overrides }), content: { contentType: 'application/pdf', data: aPdf().toString('base64') } }),
  })).status
/** PKB has to be told what a code is, once it may be shared. */
const PKB = 'channels/pkb.yaml'
const tellPkb = (code: string): void => { if (!files.read(PKB).includes(`${code}: `)) files.change(PKB, 'document_types: {', `document_types: { ${code}: CL,`) }
const addCode = (sharing: 'listed' | 'blocked'): void => {
  tellPkb('NEWL')
  files.write(CODES, `${files.read(CODES).trimEnd().replace(/\nNEWL.*/u, '')}\nNEWL,New letter,clinical,${sharing},823691000000103,Clinical letter,Head of Clinical Records,2026-10-01\n`)
}
/** Another policy that decides the same. */
const changeSomething = (): void => files.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,clinical')
const sendTo = async (port: number, control: string): Promise<string> => {
  const sender = await connectMllp({ host: '127.0.0.1', port, timeoutMs: 20_000 })
  try { return (await sender.send(Buffer.from(mdm({ 'MSH-10': control, 'TXA-12': newId() })))).code } finally { await sender.close() }
}
const isOpen = async (port: number): Promise<boolean> => {
  const socket = connectTo(port, '127.0.0.1')
  try { await once(socket, 'connect'); return true } catch { return false } finally { socket.destroy() }
}
const somePort = async (): Promise<{ readonly port: number; free(): Promise<void> }> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, free: async () => { server.close(); await once(server, 'close') } }
}
const mllpPort = (): number => engine.engine.mllp[0]!.port

beforeAll(async () => {
  files = aPolicyFolder()
  engine = await anEngine({ ...files.settings, POLICY_RELOAD: 'on-signal' })
  ada = await firstAccount(engine.engine)
}, 60_000)
afterAll(async () => { await engine?.stop(); files?.remove() })
afterEach(async () => {
  files.restore()
  if ((await reload()) === 'refused') throw new Error('The files as they were are refused.')
})

describe('a policy that can be taken', () => {
  test('decides the next document, and what stands is looked at again', async () => {
    const letter = aPdf({ mark: 'before the change' })
    const [unknown, before, after] = [newId(), newId(), newId()]
    await engine.upload({ documentId: unknown, name: NEW_LETTER }, letter)
    expect((await engine.state(unknown, 'review')).decision.rule).toBe('code-unlisted')
    addCode('listed')
    expect(await reload()).toBe('taken')
    await engine.upload({ documentId: before, name: NEW_LETTER }, letter)
    const sent = await engine.state(before, 'acknowledged')
    addCode('blocked')
    expect(await reload()).toBe('taken')
    await engine.upload({ documentId: after, name: NEW_LETTER })
    const withheld = await engine.state(after, 'withheld')
    expect(withheld.decision).toMatchObject({ route: 'withhold', rule: 'blocked-code-marked-share' })
    const recalled = await engine.state(before, 'recalled')
    expect((await engine.record(ADA)).map((entry) => entry.sha256)).not.toContain(sha256(letter))
    const [old, now] = [sent, withheld].map(({ decision }) => (decision as unknown as { policy: string }).policy)
    expect(now).not.toBe(old)
    expect([(await policy()).hash, (recalled.decision as unknown as { policy: string }).policy]).toEqual([now, now])
    expect(said('policy_loaded').at(-1)).toMatchObject({ policy: now })
  })

  test('that loosens says so at the pages and to programs, and for whom', async () => {
    const { hash: before } = await policy()
    addCode('listed')
    expect(await reload()).toBe('taken')
    const { hash } = await policy()
    const letters = 'letters with NEWL: review (code-unlisted) → pkb (to-pkb)'
    expect(await policy()).toMatchObject({ changed: { against: before, loosens: true } })
    const told = (await (await engine.api(`/api/policy/${hash}`)).json()) as { readonly times: readonly object[] }
    // It may have been in force before: the newest first.
    expect(told.times[0]).toEqual({ from: expect.any(String), after: before })
    expect(told).toMatchObject({ hash, against: { hash: before, changes: { loosens: [{ text: letters, depth: 0 }] } } })
    for (const path of ['/policy', `/policy/${hash}`]) expect([path, (await page(path)).includes(letters)]).toEqual([path, true])
    expect((await fetch(`${engine.engine.url}/policy/${'0'.repeat(64)}`, { headers: ada })).status).toBe(404)
  })

  test('is heeded by an exchange that was under way when it came', async () => {
    const letter = aPdf({ mark: 'under way' })
    const [earlier, id] = [newId(), newId()]
    addCode('listed')
    expect(await reload()).toBe('taken')
    // The account is known, so that its answer wakes nobody.
    await engine.upload({ documentId: earlier })
    await engine.state(earlier, 'acknowledged')
    await engine.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', times: 1, delayMs: 5000 }] })
    await engine.upload({ documentId: id, name: NEW_LETTER }, letter)
    await engine.state(id, 'sent')
    addCode('blocked')
    expect(await reload()).toBe('taken')
    expect((await engine.bySourceId(id))!.state).toBe('sent')
    const { deliveries } = await engine.state(id, 'recalled')
    expect(deliveries[0]!.attempts.map(({ action, outcome }) => [action, outcome])).toEqual([['create', 'accepted'], ['recall', 'accepted']])
    expect((await engine.record(ADA)).map((entry) => entry.sha256)).not.toContain(sha256(letter))
  })

  test('that comes back is in force again, and the ledger knows each time that it was', async () => {
    const a = (await policy()).hash
    changeSomething()
    expect(await reload()).toBe('taken')
    const b = (await policy()).hash
    files.restore()
    expect(await reload()).toBe('taken')
    expect(b).not.toBe(a)
    expect((await policy()).history.slice(0, 3).map(({ hash }) => hash)).toEqual([a, b, a])
  })

  test('is taken once, however often it is asked for', async () => {
    changeSomething()
    expect(await Promise.all([reload(), reload(), reload()])).toEqual(['taken', 'unchanged', 'unchanged'])
    expect(await reload()).toBe('unchanged')
  })

  test('says how long an account counts as known', async () => {
    const questions = async (): Promise<number> => Object.entries((await engine.requests()).byPath).reduce((sum, [path, times]) => sum + (path.includes('status-query') ? times : 0), 0)
    const anHourPasses = async (): Promise<void> => {
      const client = new Client({ connectionString: engine.databaseUrl })
      await client.connect()
      await client.query("update people set as_of = as_of - interval '1 hour'").finally(() => client.end())
    }
    const deliver = async (): Promise<void> => { const id = newId(); await engine.upload({ documentId: id }); await engine.state(id, 'acknowledged') }
    await deliver()
    const known = await questions()
    await anHourPasses()
    await deliver()
    expect(await questions()).toBe(known)
    files.change('channels/pkb.yaml', 'account_fresh_hours: 24', 'account_fresh_hours: 0.5')
    expect(await reload()).toBe('taken')
    await deliver()
    expect(await questions()).toBeGreaterThan(known)
  })

  test('opens the lines to its destinations with their new settings', async () => {
    const other = makeFolder()
    files.change('channels/print.yaml', /^folder: .*$/mu, `folder: ${other.path}`)
    files.change('channels/pkb.yaml', 'timeout_secs: 60', 'timeout_secs: 30')
    expect(await reload()).toBe('taken')
    const [posted, shared] = [newId(), newId()]
    const letter = aPdf({ mark: 'to another folder' })
    await engine.upload({ documentId: posted, team: 'CAMHS1' }, letter)
    await engine.upload({ documentId: shared })
    await engine.state(posted, 'printing')
    await engine.state(shared, 'acknowledged')
    expect(engine.printed().map(({ sourceHash }) => sourceHash)).not.toContain(sha256(letter))
    files.restore()
    expect(await reload()).toBe('taken')
    other.remove()
  })
})

describe('a feed that changes', () => {
  test('moves to another port', async () => {
    const { port, free } = await somePort()
    await free()
    const before = mllpPort()
    files.change(MLLP, /^port: .*$/mu, `port: ${port}`)
    expect(await reload()).toBe('taken')
    expect([mllpPort(), await sendTo(port, newId()), await isOpen(before)]).toEqual([port, 'AA', false])
  })

  test('whose port is taken is refused with the line, and the one in force goes on undisturbed', async () => {
    const { port, free } = await somePort()
    const sender = await connectMllp({ host: '127.0.0.1', port: mllpPort(), timeoutMs: 20_000 })
    const { hash } = await policy()
    files.change(MLLP, /^port: .*$/mu, `port: ${port}`)
    changeSomething()
    expect(await reload()).toBe('refused')
    const line = files.read(MLLP).split('\n').findIndex((text) => text.startsWith('port:')) + 1
    expect((await policy()).refused!.problems).toEqual([expect.objectContaining({ file: expect.stringMatching(/rio-mllp\.yaml$/u), line, col: 1, message: expect.stringContaining(String(port)) })])
    expect([(await policy()).hash, (await sender.send(Buffer.from(mdm({ 'MSH-10': newId(), 'TXA-12': newId() })))).code]).toEqual([hash, 'AA'])
    await sender.close()
    await free()
    expect(await reload()).toBe('taken')
    expect([mllpPort(), await metric('openletter_policy_refused')]).toEqual([port, '0'])
  })

  test('on its own port lets the message in hand finish', async () => {
    const port = mllpPort()
    const message = Buffer.concat([Buffer.from([0x0b]), Buffer.from(mdm({ 'MSH-10': newId(), 'TXA-12': newId() })), Buffer.from([0x1c, 0x0d])])
    const opened = said('connection_opened').length
    const socket = connectTo(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(message.subarray(0, 200))
    await until('the connection is taken', () => said('connection_opened').length > opened)
    await delay(50)
    files.change(MLLP, 'max_message_mb: 100', 'max_message_mb: 90')
    const reloading = reload()
    await until('no one new is taken', async () => !(await isOpen(port)))
    socket.write(message.subarray(200))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toContain('MSA|AA')
    expect(await reloading).toBe('taken')
    expect([mllpPort(), await sendTo(port, newId())]).toEqual([port, 'AA'])
    socket.destroy()
  })

  test('of another name is there, and the old one is gone', async () => {
    files.write('channels/rio-web.yaml', files.read(HTTP))
    files.drop(HTTP)
    expect(await reload()).toBe('taken')
    expect([await upload(), await upload({}, TOKEN, 'rio-web')]).toEqual([404, 201])
  })
})

describe('a policy that cannot be taken', () => {
  test('is told on every page, by the API and in metrics until the files are good again', async () => {
    const { hash } = await policy()
    files.write(RULES, `${files.read(RULES)}\nsurprise: true\n`)
    const line = files.read(RULES).split('\n').indexOf('surprise: true') + 1
    expect(await reload()).toBe('refused')
    const place = `sharing-rules.yaml:${line}:1`
    for (const path of ['/', '/search', '/failed', '/policy', '/nowhere']) expect([path, (await page(path)).includes('A changed policy was refused on')]).toEqual([path, true])
    expect(await page('/')).toContain('because of 1 problem.')
    expect(await page('/')).toContain('href="/policy#refused"')
    expect(await page('/policy')).toContain(place)
    expect((await policy()).refused!.problems).toEqual([expect.objectContaining({ line, col: 1 })])
    expect([await metric('openletter_policy_refused'), (await policy()).hash]).toEqual(['1', hash])
    expect(said('policy_refused').at(-1)).toMatchObject({ level: 'error', problems: 1, place: expect.stringMatching(new RegExp(`${place}$`, 'u')) })
    expect(await upload()).toBe(201)

    files.restore()
    expect(await reload()).toBe('unchanged')
    expect([await metric('openletter_policy_refused'), (await page('/')).includes('was refused'), (await policy()).refused]).toEqual(['0', false, undefined])
    expect(said('policy_restored').at(-1)).toMatchObject({ policy: hash })
    expect(await (await engine.api('/metrics')).text()).toContain(`openletter_policy_info{policy="${hash.slice(0, 12)}"} 1`)
  })

  test.each<[string, () => void, RegExp]>([
    ['breaks the floor', () => files.change(RULES, / {2}- name: do-not-share\n(?: {4}.*\n)+/u, ''), /F1 of the safety floor/u],
    ['fails its own tests', () => { files.change(CODES, /^(PSYR,.*,)blocked-pkb,/mu, '$1listed,'); tellPkb('PSYR') }, /expected print, actual pkb/u],
    ['lacks a file', () => files.drop('mappings/services.csv'), /missing/u],
    ['is half written', () => files.write(HTTP, files.read(HTTP).slice(0, 700)), /./u],
  ])('because it %s leaves the one in force', async (_, change, message) => {
    const { hash } = await policy()
    const id = newId()
    change()
    expect(await reload()).toBe('refused')
    const { refused, hash: now } = await policy()
    expect(now).toBe(hash)
    expect(refused!.problems.filter((problem) => message.test(problem.message))).not.toEqual([])
    expect(refused!.problems.filter(({ file, line, col }) => file === '' || line < 1 || col < 1)).toEqual([])
    await engine.upload({ documentId: id, documentType: 'MH DO NOT share with patient' })
    expect((await engine.state(id, 'withheld')).decision.rule).toBe('do-not-share')
  })

  test('because the ledger cannot keep it leaves the one in force, with the feeds that it moved', async () => {
    const { hash } = await policy()
    const { port, free } = await somePort()
    await free()
    const before = mllpPort()
    const client = new Client({ connectionString: engine.databaseUrl })
    await client.connect()
    await client.query('alter table policies add constraint nothing_more check (false) not valid')
    files.change(MLLP, /^port: .*$/mu, `port: ${port}`)
    files.change(HTTP, /^max_document_mb: .*$/mu, 'max_document_mb: 90')
    expect(await reload()).toBe('refused')
    expect([(await policy()).hash, mllpPort(), await sendTo(before, newId()), await isOpen(port), await upload()]).toEqual([hash, before, 'AA', false, 201])
    await client.query('alter table policies drop constraint nothing_more')
    await client.end()
    expect(await reload()).toBe('taken')
    expect([mllpPort(), await sendTo(port, newId())]).toEqual([port, 'AA'])
  })
})

describe('a policy that keeps in what its own tests expect to go out', () => {
  test.each<[string, () => void, string]>([
    ['a directorate that stops', () => files.change('mappings/directorates.csv', /^newham,Newham,live,[^,]*,[^,]*,[^,]*,[^,]*,/mu, 'newham,Newham,observing,,,,,'), 'observed'],
    ['a code that is blocked', () => files.change(CODES, /^(CLIN,.*,)listed,/mu, '$1blocked,'), 'withheld'],
  ])('%s is taken at once, and everybody is told', async (_, change, state) => {
    change()
    expect(await reload()).toBe('taken')
    const id = newId()
    await engine.upload({ documentId: id })
    await engine.state(id, state)
    expect(await page('/')).toContain('keeps in what its own tests expect to go out')
    expect(await page('/policy')).toMatch(/channels\/rio-http\.yaml:\d+:\d+/u)
    expect(said('policy_keeps_in').at(-1)).toMatchObject({ level: 'warn', tests: expect.any(Number) })
    files.restore()
    expect(await reload()).toBe('taken')
    expect(await page('/')).not.toContain('keeps in what')
  })
})

test('a limit for what waits for a person holds for what waits already, and says whose it is', async () => {
  const LIMITS = 'mappings/review-limits.csv'
  const id = newId()
  await engine.upload({ documentId: id, name: NEW_LETTER })
  await engine.state(id, 'review')
  const ledger = new Client({ connectionString: engine.databaseUrl })
  await ledger.connect()
  await ledger.query(`update documents set waits_since = now() - interval '30 days' where source_id = $1`, [id])
  await ledger.end()
  type Waiting = { readonly reasons: readonly { readonly owner: string; readonly within: string }[]; readonly documents: readonly { readonly id: string; readonly sourceId: string; readonly late: boolean }[] }
  const waiting = async () => {
    const { reasons, documents } = await (await engine.api('/api/reviews?reason=code&limit=200')).json() as Waiting
    const row = documents.find(({ sourceId }) => sourceId === id)!
    return { ...reasons.find(({ owner }) => ['Head of clinical records', 'Duty analyst'].includes(owner)), late: row.late, page: await page(`/reviews/${row.id}`) }
  }
  expect(await waiting()).toMatchObject({ owner: 'Head of clinical records', within: '3 working days', late: true, page: expect.stringContaining('Head of clinical records, within 3 working days: until') })
  files.change(LIMITS, 'code,Head of clinical records,3 working days,', 'code,Duty analyst,60 working days,')
  expect(await reload()).toBe('taken')
  expect(await waiting()).toMatchObject({ owner: 'Duty analyst', within: '60 working days', late: false, page: expect.stringContaining('Duty analyst, within 60 working days: until') })
  files.change(LIMITS, '60 working days', '60 days')
  expect(await reload()).toBe('refused')
  expect((await policy()).refused?.problems).toMatchObject([{ file: expect.stringMatching(/review-limits\.csv$/u), line: 12, col: 19, message: 'write how long as 4 working hours or as 3 working days' }])
  expect(await waiting()).toMatchObject({ owner: 'Duty analyst', late: false })
  files.drop(LIMITS)
  expect(await reload()).toBe('taken')
  expect(await waiting()).toMatchObject({ owner: 'Head of clinical records', within: '3 working days', late: true })
})

test('a review that is overdue is told, and stops nothing', async () => {
  files.change('mappings/directorates.csv', '2027-12-16', '2025-12-16')
  expect(await reload()).toBe('taken')
  expect(await page('/')).toContain('The review of 1 sign-off is overdue: Newham.')
  expect(await page('/policy')).toContain('Overdue')
  expect([await metric('openletter_reviews_overdue'), engine.engine.warnings()]).toEqual(['1', ['The sign-off of Newham was to be reviewed by 2025-12-16, and has not been.']])
  expect(said('review_overdue').at(-1)).toMatchObject({ directorate: 'newham', review_by: '2025-12-16', level: 'warn' })
  const id = newId()
  await engine.upload({ documentId: id })
  await engine.state(id, 'acknowledged')
})

describe('a start', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let data: ReturnType<typeof makeFolder>
  beforeEach(async () => { database = await freshDatabase(); data = makeFolder() })
  afterEach(async () => { await database.drop(); data.remove() })
  const start = () => startEngine({
    DATA_DIR: data.path, DATABASE_URL: database.url, HTTP_PORT: '0', MLLP_PORT: '0', RIO_HTTP_TOKEN: TOKEN, API_TOKEN: API, ...files.settings, POLICY_RELOAD: 'on-signal',
    PKB_FHIR_URL: engine.engine.env['PKB_FHIR_URL'], PKB_TOKEN_URL: engine.engine.env['PKB_TOKEN_URL'], PKB_CLIENT_ID: 'openletter', PKB_CLIENT_SECRET: 'sandbox', PKB_ORG_ID: engine.engine.env['PKB_ORG_ID'],
  }, { log: () => undefined })
  const itsSample = (): void => {
    files.change(HTTP, 'sample: samples/03-do-not-share.json', 'sample: mine.json')
    files.write('mine.json', JSON.stringify({ metadata: anUpload({ documentType: 'MH DO NOT share with patient' }) }))
  }

  test('on a fresh ledger runs the policy\'s tests, and one that fails starts nothing', async () => {
    files.change(CODES, /^(PSYR,.*,)blocked-pkb,/mu, '$1listed,')
    tellPkb('PSYR')
    const refused = await start().then(() => undefined, (error: unknown) => error)
    expect(refused).toBeInstanceOf(PolicyRefused)
    expect((refused as PolicyRefused).problems[0]).toMatchObject({ file: expect.stringMatching(/rio-\w+\.yaml$/u), line: expect.any(Number) })
  })

  test('with the policy that was last in force does not depend on samples; with another it does', async () => {
    itsSample()
    await (await start()).stop()
    files.drop('mine.json')
    await (await start()).stop()
    changeSomething()
    await expect(start()).rejects.toBeInstanceOf(PolicyRefused)
  })
})

test('the program takes a changed file by itself, and with POLICY_RELOAD=on-signal on SIGHUP', async () => {
  const home = anEngineHome()
  const hashIn = async (of: RunningEngine): Promise<string> => ((await (await of.api('/api/policy')).json()) as Answered).hash
  try {
    const watching = await home.start(files.settings)
    const first = await hashIn(watching)
    changeSomething()
    await until('the changed file is in force', async () => (await hashIn(watching)) !== first, 30_000)
    files.write(CODES, 'half a')
    await until('the broken file is refused', async () => (await (await watching.api('/metrics')).text()).includes('openletter_policy_refused 1'), 30_000)
    files.restore()
    await until('the first policy is in force again', async () => (await hashIn(watching)) === first && (await (await watching.api('/metrics')).text()).includes('openletter_policy_refused 0'), 30_000)
    await watching.kill('SIGTERM')

    const waiting = await home.start({ ...files.settings, POLICY_RELOAD: 'on-signal', RIO_HTTP_TOKEN: undefined })
    changeSomething()
    process.kill(waiting.pid, 'SIGHUP')
    await until('the changed file is in force', async () => (await hashIn(waiting)) !== first, 30_000)
    const other = 'another-token-for-tests-another-token'
    const knows = async (token: string): Promise<boolean> => (await fetch(`${waiting.url}/feeds/rio-http/documents`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status !== 401
    expect(await knows(other)).toBe(false)
    writeFileSync(join(home.dataDir, 'rio-http.token'), `${other}\n`)
    process.kill(waiting.pid, 'SIGHUP')
    await until('the token in its file is the token of the feed', () => knows(other))
    expect(await waiting.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  } finally {
    await home.remove()
  }
}, 120_000)
