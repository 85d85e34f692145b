// What a newcomer does, and what may be wrong on a first day: the program says what it needs to know, says what is
// wrong with what code and where, and leaves nothing running that it started in vain.
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { sandboxSettings, type Environment } from '../../src/settings.ts'
import { anEngineHome, ROOT, runProgram, type EngineHome, type Program } from '../support/child-engine.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { sha256, talkTo } from '../support/engine.ts'
import { aPdf } from '../support/pdf.ts'
import { until } from '../support/until.ts'
import { anUpload } from '../support/upload.ts'

const ADA = '9990000018'
const NO_TOKENS = { RIO_HTTP_TOKEN: undefined, API_TOKEN: undefined }
const portOf = (url: string): string => new URL(url).port

let home: EngineHome
const freePorts = (more: Environment = {}): Environment => ({ DATA_DIR: home.dataDir, HTTP_PORT: '0', MLLP_PORT: '0', SANDBOX_PORT: '0', ...more })
/** It started nothing, or took it down. */
const whatRuns = () => ({ postmaster: home.postmaster(), processes: home.processes() })
const NOTHING = { postmaster: undefined, processes: [] }

describe('npm start', () => {
  beforeAll(() => { home = anEngineHome() })
  afterAll(() => home.remove())

  test('says where everything is, and the command that it names sends a first document into the record', async () => {
    const engine = await home.start(NO_TOKENS)
    const said = engine.out()
    expect(said).toMatch(/Pages +http:\/\/127\.0\.0\.1:\d+/u)
    expect(said).toMatch(/HL7 feed +mllp 127\.0\.0\.1:\d+ +\(rio-mllp\)/u)
    expect(said).toMatch(/HTTP feed +http:\/\/127\.0\.0\.1:\d+\/feeds\/rio-http\/documents/u)
    expect(said).toContain('the sandbox stands in for PKB, and no document leaves this machine')
    const [, record = ''] = /patient's record: (http:\S+)\)/u.exec(said)!
    const [, command = ''] = /npx openletter (send \S+)/u.exec(said)!

    const env = { DATA_DIR: home.dataDir, MLLP_PORT: String(engine.mllpPort), HTTP_PORT: portOf(engine.url) }
    const sent = await runProgram(command.split(' '), { env })
    expect([sent.code, sent.out]).toEqual([0, expect.stringContaining('taken')])
    const shown = async (): Promise<number> => ((await (await fetch(`${record}?format=json`)).json()) as { documents: unknown[] }).documents.length
    await until('the first document stands in the record', async () => (await shown()) === 1)
    expect(await (await fetch(engine.url)).text()).toContain('Openletter')

    const byHttp = await runProgram(['send', 'samples/03-do-not-share.json'], { env })
    expect([byHttp.code, byHttp.out]).toEqual([0, expect.stringMatching(/route +withhold, by rule do-not-share/u)])
    expect(await shown()).toBe(1)

    expect(await engine.kill('SIGINT')).toEqual({ code: 0, signal: null })
    expect(whatRuns()).toEqual(NOTHING)
    expect([engine.err().includes('"level":"warn"'), engine.err().includes('"level":"error"')]).toEqual([false, false])
  }, 60_000)

  test('keeps its tokens to itself', () => {
    for (const name of ['rio-http.token', 'api.token']) {
      expect(readFileSync(join(home.dataDir, name), 'utf8').trim().length).toBeGreaterThanOrEqual(32)
      expect(statSync(join(home.dataDir, name)).mode & 0o077).toBe(0)
    }
  })
})

describe('a start that cannot be', () => {
  beforeAll(() => { home = anEngineHome() })
  afterEach(() => until('nothing of it runs', () => home.postmaster() === undefined && home.processes().length === 0))
  afterAll(() => home.remove())

  test.each(['HTTP_PORT', 'MLLP_PORT', 'SANDBOX_PORT'])('on a %s that is taken says so with the port', async (name) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, err, out } = await runProgram(['serve'], { env: freePorts({ [name]: String(port) }) })
    other.close()
    expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`PORT_TAKEN: The port is in use\\.\\n.*\\b${port}\\b`, 'u'))])
    expect(out).not.toContain('openletter ready')
  }, 60_000)

  test('with a rule that breaks the floor is refused, with the file, the line and the facts', async () => {
    const mappings = join(dirname(home.dataDir), 'mappings')
    cpSync(join(ROOT, 'mappings'), mappings, { recursive: true })
    const file = join(mappings, 'sharing-rules.yaml')
    const rules = readFileSync(file, 'utf8')
    const without = rules.replace(/ {2}- name: do-not-share\n(?: {4}.*\n)+/u, '')
    expect(without.length).toBeLessThan(rules.length)
    writeFileSync(file, without)
    const { code, err, out } = await runProgram(['serve'], { env: freePorts({ DATA_DIR: join(home.dataDir, 'never'), MAPPINGS_DIR: mappings }) })
    expect([code, out]).toEqual([1, ''])
    const line = without.split('\n').findIndex((text) => text.includes('- name: to-pkb')) + 1
    expect(err).toMatch(new RegExp(`sharing-rules\\.yaml:${line}:\\d+ .*F1`, 'u'))
    expect(err).toMatch(/instruction[ :=]+withhold/u)
    expect(['postgres', 'sandbox', 'content'].filter((name) => existsSync(join(home.dataDir, 'never', name)))).toEqual([])
  }, 60_000)

  test.each([
    ['LOG_LEVEL', 'loud', 'SETTING_INVALID', 'debug, info, warn, error'],
    ['HTTP_PORT', 'eighty', 'SETTING_INVALID', '0 to 65535'],
    ['MLLP_PORT', '65536', 'SETTING_INVALID', '0 to 65535'],
    ['HTTP_BEHIND_PROXY', 'yes', 'SETTING_INVALID', 'true or false'],
    ['HTTP_HOST', '0.0.0.0', 'PUBLIC_WITHOUT_SIGN_IN', '0.0.0.0'],
    ['DATA_DIR', join(ROOT, 'package.json'), 'SETTING_INVALID', 'ENOTDIR'],
  ])('with %s %s is told before anything is started', async (name, value, failure, says) => {
    const dataDir = join(home.dataDir, 'not-made')
    const { code, err, out } = await runProgram(['serve'], { env: freePorts({ DATA_DIR: dataDir, [name]: value }) })
    expect([code, out, existsSync(dataDir)]).toEqual([1, '', false])
    expect(err).toMatch(new RegExp(`^${failure}: `, 'u'))
    expect(err).toContain(name)
    expect(err).toContain(says)
    expect(err).not.toContain('    at ')
  })

  test.each([
    ['nobody at the address', 'postgresql://openletter:hidden-word@127.0.0.1:1/openletter', 'DATABASE_UNREACHABLE', '127.0.0.1:1/openletter'],
    ['an address that is none', 'hidden-word', 'SETTING_INVALID', 'DATABASE_URL'],
  ])('with a DATABASE_URL with %s is told soon, without its password', async (_, url, failure, says) => {
    const { code, err } = await runProgram(['serve'], { env: freePorts({ DATABASE_URL: url }) })
    expect([code, err]).toEqual([1, expect.stringMatching(new RegExp(`^${failure}: `, 'mu'))])
    expect([err.includes(says), err.includes('hidden-word')]).toEqual([true, false])
  })

  test('of a part without a database says that it needs one', async () => {
    const { code, err } = await runProgram(['serve', 'worker'], { env: freePorts() })
    expect([code, err]).toEqual([1, expect.stringContaining('DATABASE_NEEDED')])
    expect(err).toContain('Set DATABASE_URL')
  })

  test('of a part that there is not is an error of use', async () => {
    const { code, err } = await runProgram(['serve', 'everything'], { env: freePorts() })
    expect([code, err]).toEqual([2, expect.stringContaining('feeds|worker|dashboard')])
  })
})

describe('a second engine on the same DATA_DIR', () => {
  beforeAll(() => { home = anEngineHome() })
  afterAll(() => home.remove())

  test('is refused, and the first goes on', async () => {
    const first = await home.start()
    const { code, err } = await runProgram(['serve'], { env: freePorts() })
    expect([code, err]).toEqual([1, expect.stringContaining(`Another engine (process ${first.pid}) uses this data directory`)])
    expect((await first.upload({ documentId: 'still-there' })).status).toBe(201)
    await first.state('still-there', 'acknowledged')
    expect((await first.kill('SIGTERM')).code).toBe(0)
    expect(whatRuns()).toEqual(NOTHING)
  }, 60_000)
})

describe('with a Redis that is away', () => {
  beforeAll(() => { home = anEngineHome() })
  afterAll(() => home.remove())

  test('it starts, says so, takes uploads, and stops when it is told to', async () => {
    const program = home.program(['serve'], freePorts({ REDIS_URL: 'redis://127.0.0.1:1', RIO_HTTP_TOKEN: 'a-token-that-is-long-enough-for-this' }))
    const [, feed = ''] = await program.says(/HTTP feed +(http:\S+)/u)
    await until('it says so', () => program.err().includes('REDIS_UNREACHABLE'), 40_000)
    const ready = (await (await fetch(new URL('/health/ready', feed))).json()) as { parts: { part: string; ok: boolean }[] }
    expect(ready.parts.filter(({ ok }) => !ok).map(({ part }) => part)).toEqual(['queue'])
    const response = await fetch(feed, { method: 'POST', headers: { authorization: 'Bearer a-token-that-is-long-enough-for-this', 'content-type': 'application/json' }, body: JSON.stringify({ metadata: anUpload() }) })
    expect(response.status).toBe(201)
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(whatRuns()).toEqual(NOTHING)
  }, 60_000)
})

describe('feeds, worker and dashboard, each a process', () => {
  let database: TestDatabase
  let sandbox: Sandbox
  let parts: readonly Program[] = []
  beforeAll(async () => {
    home = anEngineHome()
    database = await freshDatabase()
    sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now: () => new Date(), newId: randomUUID })
  })
  afterAll(async () => {
    await home.remove()
    await sandbox.close()
    await database.drop()
  })

  test('started at once on an empty database, they deliver a document together, and each stops when told to', async () => {
    const env = freePorts({ DATABASE_URL: database.url, ...sandboxSettings(sandbox.url) })
    parts = ['feeds', 'worker', 'dashboard'].map((part) => home.program(['serve', part], env))
    const [feeds, worker, dashboard] = parts
    const [, feed = ''] = await feeds!.says(/HTTP feed +(http:\S+)/u)
    const [, mllpPort = ''] = await feeds!.says(/mllp 127\.0\.0\.1:(\d+)/u)
    const [, pages = ''] = await dashboard!.says(/Pages +(http:\S+)/u)
    await worker!.says(/openletter ready/u)
    expect([feeds!.out().includes('Pages'), dashboard!.out().includes('HL7 feed'), worker!.out().includes('http')]).toEqual([false, false, false])

    const token = (name: string): string => readFileSync(join(home.dataDir, name), 'utf8').trim()
    const letter = aPdf({ mark: 'three processes' })
    const response = await fetch(feed, {
      method: 'POST', headers: { authorization: `Bearer ${token('rio-http.token')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: anUpload({ documentId: 'three' }), content: { contentType: 'application/pdf', data: letter.toString('base64') } }),
    })
    expect(response.status).toBe(201)
    const talk = talkTo({ url: pages, mllpPort: Number(mllpPort), sandboxUrl: sandbox.url, printDir: home.printDir })
    const state = async (): Promise<string | undefined> => {
      const listed = await fetch(`${pages}/api/documents?sourceId=three`, { headers: { authorization: `Bearer ${token('api.token')}` } })
      return ((await listed.json()) as { documents: { state: string }[] }).documents[0]?.state
    }
    await until('the dashboard shows it as delivered', async () => (await state()) === 'acknowledged')
    expect((await talk.record(ADA)).map((entry) => entry.sha256)).toEqual([sha256(letter)])

    for (const part of parts) expect(await part.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(whatRuns()).toEqual(NOTHING)
  }, 60_000)

  test('a wrong password is told, and not shown', async () => {
    const url = new URL(database.url)
    url.password = 'hidden-word'
    const { code, err } = await runProgram(['serve', 'worker'], { env: freePorts({ DATABASE_URL: url.href, ...sandboxSettings(sandbox.url) }) })
    expect([code, err]).toEqual([1, expect.stringContaining('refuses the user or the password')])
    expect(err).not.toContain('hidden-word')
  })
})

describe('the commands that start nothing', () => {
  test.each([
    ['check', ['check'], /./u],
    ['test', ['test'], /passed/u],
    ['explain', ['explain', 'samples/04-hmhr-blocked.hl7'], /blocked-code-marked-share/u],
    ['help', ['help'], /serve \[feeds\|worker\|dashboard\]/u],
  ])('%s runs on a fresh clone and ends with 0', async (_, args, says) => {
    const { code, out, err } = await runProgram(args)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(says)
  })

  test('a command that there is not is an error of use', async () => {
    const { code, err } = await runProgram(['begin'])
    expect([code, err]).toEqual([2, expect.stringContaining('There is no command begin')])
  })
})

const nobody = { uid: 65_534, gid: 65_534 }
// For anybody but root, every test here is run by an ordinary user already.
const canBeNobody = process.getuid?.() === 0 && spawnSync(process.execPath, ['-e', ''], { ...nobody, cwd: ROOT, env: { PATH: process.env['PATH'] } }).status === 0
const asNobody = canBeNobody ? describe : describe.skip
asNobody('as an ordinary user (root only: tried as user 65534)', () => {
  let record: EngineHome
  beforeAll(() => {
    record = anEngineHome(nobody)
    mkdirSync(record.dataDir)
    chownSync(record.dataDir, nobody.uid, nobody.gid)
  })
  afterAll(() => record.remove())

  test('it starts, delivers and stops; its files and its PostgreSQL are that user\'s', async () => {
    const engine = await record.start({ HOME: '/tmp' })
    const letter = aPdf({ mark: 'nobody' })
    await engine.upload({ documentId: 'N-1' }, letter)
    await engine.state('N-1', 'acknowledged')
    expect((await engine.record(ADA)).map((entry) => entry.sha256)).toEqual([sha256(letter)])
    expect([statSync(join(record.dataDir, 'postgres', 'cluster')).uid, statSync(join(record.dataDir, 'content')).uid]).toEqual([nobody.uid, nobody.uid])
    expect(await engine.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect([record.postmaster(), record.processes()]).toEqual([undefined, []])
  }, 60_000)

  test('a DATA_DIR that it may not write to is told', async () => {
    const { code, err } = await runProgram(['serve'], { ...nobody, env: { DATA_DIR: join(dirname(record.dataDir), 'of-root'), HTTP_PORT: '0', MLLP_PORT: '0', SANDBOX_PORT: '0', HOME: '/tmp' } })
    expect([code, err]).toEqual([1, expect.stringMatching(/^SETTING_INVALID: .*\nDATA_DIR is .*of-root, which cannot be made or written to \(EACCES\)\./u)])
  })
})
