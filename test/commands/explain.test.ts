// `openletter explain`, as an analyst runs it: on a file, on a document in the ledger, and as of an earlier time.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { explain } from '../../src/commands/explain.ts'
import { reasonsFor, type Explanation } from '../../src/engine/explanation.ts'
import { readUploadFile } from '../../src/intake/read-file.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { Environment } from '../../src/settings.ts'
import { FACT_NAMES, UNKNOWN_PERSON } from '../../src/types.ts'
import { anEngineHome, runProgram, startProgram } from '../support/child-engine.ts'
import { ADA } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { aMdm } from '../support/mdm.ts'
import { testEnvironment } from '../support/policy.ts'
import { anUpload } from '../support/upload.ts'

let folder: ReturnType<typeof makeFolder>
/** Ada Example's clinic letter, marked to be shared. */
const LETTER = readFileSync('samples/01-share-registered.hl7', 'utf8')
let said: string[]
let complained: string[]
beforeAll(() => { folder = makeFolder() })
afterAll(() => folder.remove())
beforeEach(() => {
  said = []
  complained = []
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { said.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { complained.push(String(text)) })
})
afterEach(() => { jest.restoreAllMocks() })

const file = (name: string, content: string): string => {
  writeFileSync(join(folder.path, name), content)
  return join(folder.path, name)
}
const words = async (args: readonly string[], env: Environment = {}): Promise<string> => { await explain(args, env); return said.join('\n') }
const data = async (args: readonly string[], env: Environment = {}): Promise<Explanation> => JSON.parse(await words([...args, '--json'], env)) as Explanation
const section = (text: string, title: string): string => text.split('\n\n').find((part) => part.startsWith(title)) ?? ''
const valuesOf = (explained: Explanation, field: string) => explained.reasons!.fields.find((one) => one.field === field)!.values

describe('a message', () => {
  test('is shown field by field with its places, by facts and their reasons, by rules and their lines', async () => {
    const text = await words([file('letter.hl7', LETTER)])
    expect(section(text, 'What the message says')).toMatch(/title +"CLIN Clinic letter" {2}\(TXA-25\)/u)
    expect(section(text, 'What the message says')).toMatch(/source time +"2026-11-20T09:07:10\.000Z" {2}\(EVN-2\.1, written "20261120090710"\)/u)
    expect(section(text, 'What the message says')).toMatch(/deceased +nothing {2}\(looked at PID-30\.1, PID-29\.1\)/u)
    expect(section(text, 'Facts')).toMatch(/service +in-scope +"ADULT1" \(PV1-3\.1\) is in-scope in mappings\/services\.csv:2/u)
    expect(section(text, 'The safety floor')).toContain('F12')
    expect(section(text, 'Rules, in order')).toMatch(/· +do-not-share +mappings\/sharing-rules\.yaml:\d+ +instruction is share, not withhold/u)
    expect(section(text, 'Rules, in order')).toMatch(/✔ +to-pkb/u)
    expect(section(text, 'Rules, in order')).toMatch(/\n {2}the (?:rule after it was|\d+ rules after it were) not tried$/u)
    expect(section(text, 'Rules, in order')).not.toMatch(/unregistered/u)
    expect(text.split('\n\n').map((part) => part.split('\n')[0]).slice(1, 3)).toEqual(['Decision', 'What the message says'])
    expect(section(text, 'Decision')).toMatch(/route +pkb[\s\S]*R {2}restricted[\s\S]*owed +pkb: is sent, once PKB says/u)
    expect(section(text, 'Nobody read')).toContain('nothing is left over')
  })

  test('is one object for scripts', async () => {
    const explained = await data([file('letter.hl7', aMdm({ picklist: 'MH DO NOT share with patient' }))])
    expect(explained).toMatchObject({ about: { feed: 'rio-mllp' }, policy: { from: 'disk', hash: expect.stringMatching(/^[0-9a-f]{64}$/u) } })
    const { facts, rules, decision, labels, owed, resource } = explained.reasons!
    expect(facts.map(({ fact }) => fact)).toEqual(FACT_NAMES)
    expect(facts.find(({ fact }) => fact === 'instruction')).toMatchObject({ value: 'withhold', why: expect.stringContaining('TXA-2.2') })
    expect(rules.filter(({ outcome }) => outcome === 'matched')).toEqual([expect.objectContaining({ rule: 'do-not-share', file: 'mappings/sharing-rules.yaml', line: expect.any(Number) })])
    expect(decision).toMatchObject({ route: 'withhold', rule: 'do-not-share' })
    expect(labels.map(({ code }) => code)).toContain('NOPAT')
    expect(owed).toEqual([])
    expect(resource.resourceType).toBe('DocumentReference')
  })

  test('of either format says of each value where it stands', async () => {
    const both = [
      await data([file('letter.hl7', aMdm())]),
      JSON.parse((said = [], await words([file('letter.json', JSON.stringify({ metadata: anUpload({ parent: 'RIO-0', event: 'addendum', patient: { deceased: true } }), content: { contentType: 'application/pdf', data: Buffer.from('%PDF-1.7 x').toString('base64') } })), '--json']))) as Explanation,
    ]
    for (const explained of both) {
      const unplaced = explained.reasons!.fields.flatMap(({ field, values }) => values.filter(({ at }) => at === '').map(({ text }) => `${field}: ${text}`))
      expect(unplaced).toEqual([])
    }
    expect(valuesOf(both[0]!, 'client id')).toEqual([{ text: 'C123', at: 'PID-3.1' }])
    expect(valuesOf(both[0]!, 'author')).toEqual([{ text: 'Dr Example', at: expect.stringContaining('TXA-9.2') }])
    expect(valuesOf(both[0]!, 'address')).toEqual([{ text: '1 High Street', at: 'PID-11.1.1' }, { text: 'London', at: 'PID-11.3' }])
    expect(valuesOf(both[1]!, 'parent')).toEqual([{ text: 'RIO-0', at: 'metadata.parent' }])
    expect(valuesOf(both[1]!, 'deceased')).toEqual([{ text: 'yes', at: 'metadata.patient.deceased' }])
    expect(valuesOf(both[1]!, 'address')).toEqual([{ text: '1 High Street', at: 'metadata.patient.address.lines[0]' }, { text: 'London', at: 'metadata.patient.address.lines[1]' }])
  })

  test('every sample says of each value where it stands', async () => {
    const { policy, files } = await loadPolicy(testEnvironment)
    const content = await openContent(join(folder.path, 'content'))
    const samples = readdirSync('samples').filter((name) => /\.(hl7|json)$/u.test(name))
    expect(samples.length).toBeGreaterThan(50)
    for (const sample of samples) {
      const feed = sample.endsWith('.hl7') ? 'rio-mllp' : 'rio-http'
      const receipt = await readUploadFile(join('samples', sample), { feed, settings: policy!.feeds[feed]!, content, now: () => new Date('2026-11-23T10:00:00Z'), newId: randomUUID })
      if (!('skeleton' in receipt)) continue
      const prior = { firstReceivedAt: receipt.receivedAt, cancelled: false, superseded: false, moved: false, held: false, released: 0, parentStanding: false } as const
      const { reasons, refused } = reasonsFor({ receipt, policy: policy!, files, person: UNKNOWN_PERSON, prior })
      const unplaced = (reasons?.fields ?? []).flatMap(({ field, values }) => values.filter(({ at }) => at === '').map(({ text }) => `${sample} ${field}: ${text}`))
      expect([unplaced, Boolean(reasons) !== Boolean(refused)]).toEqual([[], true])
    }
  })

  test('names what nobody read', async () => {
    const explained = await data([file('more.hl7', `${aMdm()}ZRI|1||mood\r`)])
    expect(explained.reasons!.unread).toEqual(expect.arrayContaining(['ZRI-3']))
  })

  test('that is refused says the code, the place and what to do', async () => {
    expect(await explain([file('none.hl7', aMdm({ documentId: '' }))], {})).toBe(1)
    expect(said.join('\n')).toMatch(/Refused: DOCUMENT_ID_MISSING[\s\S]*place +TXA-12\.1[\s\S]*what to do +Send the RiO document id/u)
    said = []
    expect((await data([file('none.hl7', aMdm({ documentId: '' }))])).refused).toMatchObject({ code: 'DOCUMENT_ID_MISSING', at: 'TXA-12.1', hint: expect.any(String) })
  })

  test('cannot move the cursor of the terminal', async () => {
    expect(await words([file('escape.hl7', aMdm({ family: 'Exa\u001B[2Jmple' }))])).not.toContain('\u001B')
  })

  test('can be taken as another feed would, and an unknown feed is named with those that there are', async () => {
    expect((await data([file('letter.hl7', aMdm()), '--feed', 'rio-http'])).refused).toMatchObject({ code: 'MESSAGE_UNREADABLE' })
    await expect(explain([file('letter.hl7', aMdm()), '--feed', 'rio-fax'], {})).rejects.toMatchObject({ code: 'NOTHING_TO_EXPLAIN', detail: expect.stringContaining('rio-mllp') })
  })

  test('can come by standard input', async () => {
    const program = new URL('../../bin/openletter.mjs', import.meta.url).pathname
    for (const [input, feed] of [[LETTER, 'rio-mllp'], [readFileSync('samples/01-share-registered.json', 'utf8').replaceAll(/"file": *"/gu, '"file": "samples/'), 'rio-http']] as const) {
      const explained = JSON.parse(execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, 'explain', '-', '--json'], { input, encoding: 'utf8', env: { PATH: process.env['PATH'] } })) as Explanation
      expect(explained).toMatchObject({ about: { file: 'standard input', feed }, reasons: { decision: { route: 'pkb' } } })
    }
  })
})

describe('what cannot be explained', () => {
  test.each([[[], ''], [['a', 'b'], 'one file or document'], [['a', '--as-of', 'yesterday'], 'yesterday is not a time'], [['a', '--loud'], '--loud']] as const)('%j: the usage', async (args, why) => {
    expect(await explain(args, {})).toBe(2)
    expect(complained.join('\n')).toContain(why)
    expect(complained.join('\n')).toContain('Usage: npx openletter explain')
  })
  test('a name that is neither a file nor in a ledger: both are named', async () => {
    await expect(explain(['RIO-404'], { DATA_DIR: join(folder.path, 'nowhere') })).rejects.toThrow(/no file RIO-404, and no ledger to look in/u)
    await expect(explain(['letters/nothing.hl7'], { DATA_DIR: join(folder.path, 'nowhere') })).rejects.toThrow(/no file letters\/nothing\.hl7/u)
  })
  test('policy on disk with problems: each of them', async () => {
    expect(await explain([file('letter.hl7', aMdm())], { MAPPINGS_DIR: folder.path })).toBe(1)
    expect(complained.join('\n')).toContain('sharing-rules.yaml')
  })
})

// ---------------------------------------------------------------- the ledger

/** The policy of this repository with one table changed, in folders of its own. */
const changed = (name: string, table: string, change: (text: string) => string): Environment => {
  const root = join(folder.path, name)
  for (const one of ['channels', 'mappings', 'samples']) cpSync(one, join(root, one), { recursive: true })
  const path = join(root, 'mappings', table)
  const [before, after] = [readFileSync(path, 'utf8'), change(readFileSync(path, 'utf8'))]
  if (after === before) throw new Error('nothing was changed')
  writeFileSync(path, after)
  return { CHANNELS_DIR: join(root, 'channels'), MAPPINGS_DIR: join(root, 'mappings') }
}

describe('a document in the ledger', () => {
  let place: TestLedger
  let env: Environment
  let stricter: Environment
  /** Files on disk that no engine has taken. */
  let refused: Environment
  let times: Record<'a' | 'shared' | 'withheld' | 'b', string>
  const shared = { documentId: 'X-1', patient: ADA }
  let id: string
  let other: string
  const tick = (): string => {
    const at = place.clock.at.toISOString()
    place.clock.at = new Date(place.clock.at.getTime() + 3_600_000)
    return at
  }
  beforeAll(async () => {
    place = await aLedger()
    env = { ...testEnvironment, DATABASE_URL: place.url }
    stricter = { ...env, ...changed('stricter', 'document-codes.csv', (text) => text.replace(/^(CLIN,.*?,clinical),listed/mu, '$1,blocked')) }
    refused = { ...env, ...changed('refused', 'document-codes.csv', (text) => text.replace(/^(CLIN,.*?,clinical),listed/mu, '$1,blocked-pkb')) }
    // Everything is in the past of the real clock, by which the command judges what is fresh.
    place.clock.at = new Date(Date.now() - 48 * 3_600_000)
    const [first, second] = [await loadPolicy(env), await loadPolicy(stricter)]
    await place.ledger.savePolicy({ hash: first.policy!.hash, files: first.files }, place.clock.at.toISOString())
    const a = tick()
    ;({ id } = await place.upload(shared))
    ;({ id: other } = await place.upload({ documentId: 'X-2', patient: ADA }))
    const at = tick()
    await place.upload({ ...shared, event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' })
    const withheld = tick()
    await place.ledger.savePolicy({ hash: second.policy!.hash, files: second.files }, place.clock.at.toISOString())
    times = { a, shared: at, withheld, b: tick() }
  })
  afterAll(() => place.close())
  const chain = async () => (await place.pool.query('select seq, hash, (select sum(version) from documents) as versions, (select max(changed_at) from deliveries) as changed from head')).rows[0]

  test('is found by its id and by the id that RiO gave it, beside what is recorded', async () => {
    for (const name of [id, 'X-1']) {
      said = []
      const explained = await data([name], env)
      expect(explained).toMatchObject({
        about: { document: id, source: 'rio', sourceId: 'X-1', revision: 2, feed: 'rio-http' },
        reasons: { decision: { route: 'withhold', rule: 'do-not-share' } }, recorded: { decision: { rule: 'do-not-share' }, differences: [] },
      })
      expect(explained.receipts).toMatchObject([{ bearing: 'in-order', revision: 1, inForce: false }, { bearing: 'in-order', revision: 2, inForce: true }])
      expect(explained.deliveries).toMatchObject([{ destination: 'pkb', standing: 'nothing' }])
    }
  })

  test('is a look, in the log by whom before anything is printed; a file is none, nor what shows nothing of the patient', async () => {
    const looks = async () => (await place.pool.query<{ document: string; actor: string; detail: string }>(`select document_id as document, actor, detail from events where kind = 'looked' order by seq`)).rows.map(({ document, actor, detail }) => [document, actor, JSON.parse(detail) as unknown])
    const before = (await looks()).length
    for (const [user, ...args] of [['olu', 'X-1'], ['olu', id, '--json'], ['bea', 'X-1', '--as-of', times.shared], ['cy', file('letter.hl7', LETTER)]] as const) await explain(args, env, { actor: () => user })
    expect((await looks()).slice(before)).toEqual([[id, 'olu (command)', { what: 'story', revision: 2 }], [id, 'bea (command)', { what: 'story', revision: 1 }]])
    said = []
    await place.pool.query('alter table events add constraint no_more check (false) not valid')
    try {
      await expect(explain(['X-2'], env, { actor: () => 'dan' })).rejects.toThrow(/23514/u)
      expect(said).toEqual([])
    } finally { await place.pool.query('alter table events drop constraint no_more') }
  })

  test('differs from what is recorded where the policy on disk is another one, and says in what', async () => {
    const text = await words(['X-2'], stricter)
    expect(section(text, 'Decision')).toMatch(/route +withhold/u)
    expect(section(text, 'Recorded')).toMatch(/decision +pkb by to-pkb[\s\S]*It differs[\s\S]*would be withhold by blocked-code-marked-share now[\s\S]*decided under policy \w{12}, and this is policy \w{12}[\s\S]*the fact code was listed and is blocked now/u)
    expect(section(text, 'Decision')).toMatch(/owed +pkb: nothing is owed any more/u)
  })

  test('is not said to be decided so now where the files on disk are not the policy in force', async () => {
    const inForce = (await place.ledger.policyInForce())!.hash
    const text = await words(['X-2'], refused)
    expect(text).toMatch(new RegExp(String.raw`^Policy \w{12}, from the files on disk\. It is not in force: that is policy ${inForce.slice(0, 12)}$`, 'mu'))
    expect(section(text, 'Recorded')).toMatch(/would be print by blocked-pkb under the files on disk, which are not in force[\s\S]*the fact code was listed and is blocked-pkb under the files on disk/u)
    expect(section(text, 'Recorded')).not.toMatch(/ now\b/u)
    said = []
    expect((await data(['X-2'], refused)).policy).toMatchObject({ from: 'disk', inForce })
    said = []
    expect((await data(['X-2'], stricter)).policy).not.toHaveProperty('inForce')
  })

  test('differs from what is recorded where PKB\'s answer went stale, and says so', async () => {
    const patient = { ...ADA, nhsNumber: '9990000042', clientId: 'C10' }
    await place.ledger.savePerson(patient.nhsNumber, { registered: false, deceased: false }, place.clock.at.toISOString())
    await place.upload({ documentId: 'X-3', patient })
    const { recorded } = await data(['X-3'], env)
    expect(recorded).toMatchObject({ decision: { route: 'print', rule: 'unregistered' } })
    expect(recorded!.differences.join('\n')).toMatch(/the fact account was unregistered and is unknown under the files on disk: PKB answered on .* too long ago/u)
  })

  test('was shared before it was withheld: the policy, the receipt and the log of each time', async () => {
    const before = await data(['X-1', '--as-of', times.shared], env)
    expect(before).toMatchObject({
      about: { revision: 1 }, policy: { from: 'ledger', since: times.a }, reasons: { decision: { route: 'pkb', rule: 'to-pkb' } },
      past: { decided: { route: 'pkb', rule: 'to-pkb', revision: 1 }, agrees: true },
    })
    said = []
    const after = await data(['X-1', '--as-of', times.withheld], env)
    expect(after).toMatchObject({ about: { revision: 2 }, reasons: { decision: { route: 'withhold', rule: 'do-not-share' } }, past: { agrees: true } })
    expect(before.receipts).toHaveLength(1)
    expect(before.reasons!.rules[0]!.file).toMatch(/^policy \w{12}:mappings\/sharing-rules\.yaml$/u)
    expect(before.past!.rebuilt.join('\n')).toContain('revision 1')
  })

  test('is explained under the policy of that time, whatever lies on disk now', async () => {
    expect((await data(['X-2', '--as-of', times.shared], stricter)).reasons!.decision).toMatchObject({ route: 'pkb' })
    said = []
    const text = await words(['X-2', '--as-of', times.b], env)
    expect(section(text, 'Decision')).toMatch(/route +withhold[\s\S]*blocked-code/u)
    expect(section(text, 'What the log says')).toMatch(/decided +pkb by to-pkb[\s\S]*does not agree[\s\S]*was not decided again until then[\s\S]*comes out as pkb by to-pkb, which agrees with the log/u)
  })

  test('a message can be explained under the policy of an earlier time', async () => {
    const letter = file('letter.hl7', LETTER)
    expect((await data([letter, '--as-of', times.shared], env)).reasons!.decision.route).toBe('pkb')
    said = []
    expect((await data([letter, '--as-of', times.b], env)).reasons!.decision.route).toBe('withhold')
  })

  test('had not come yet, or no policy was in force, or that time is still to come', async () => {
    await expect(explain(['X-1', '--as-of', '2001-01-01'], env)).rejects.toMatchObject({ code: 'NOTHING_TO_EXPLAIN', detail: expect.stringContaining('No policy was in force') })
    await expect(explain(['X-1', '--as-of', times.a], env)).rejects.toMatchObject({ detail: expect.stringContaining('had not come by') })
    await expect(explain(['X-1', '--as-of', '2101-01-01'], env)).rejects.toMatchObject({ detail: expect.stringContaining('has not come yet') })
    await expect(explain(['X-404'], env)).rejects.toMatchObject({ detail: expect.stringContaining('no file X-404, and the ledger has no document') })
  })

  test('a policy that this program cannot load any more is said to be that, with its problems', async () => {
    const { files } = await loadPolicy(env)
    await place.ledger.savePolicy({ hash: 'f'.repeat(64), files: { ...files, 'channels/pkb.yaml': `${files['channels/pkb.yaml']}\nfrom_another_time: true\n` } }, place.clock.at.toISOString())
    const at = tick()
    expect(await explain(['X-2', '--as-of', at], env)).toBe(1)
    expect(said.join('\n')).toMatch(/cannot be loaded by this version[\s\S]*policy ffffffffffff:channels\/pkb\.yaml:\d+:\d+[\s\S]*from_another_time/u)
    expect(said.join('\n')).toMatch(/What the log says[\s\S]*pkb by to-pkb/u)
  })

  test('a policy from before there was HL7 explains what it decided, under the settings of today', async () => {
    const { files } = await loadPolicy(env)
    const pkb = files['channels/pkb.yaml']!.replace(/^hl7_soap:\n(?: {2}.*\n)+/mu, '').replace(/^(?:print_after|registered_later|settle_secs): .*\n/gmu, '')
    await place.ledger.savePolicy({ hash: 'e'.repeat(64), files: { ...files, 'channels/pkb.yaml': pkb } }, place.clock.at.toISOString())
    const at = tick()
    const real = { ...env, PKB_FHIR_URL: 'https://pkb.example/fhir', PKB_TOKEN_URL: 'https://pkb.example/token' }
    expect(await data(['X-2', '--as-of', at], real)).toMatchObject({ policy: { hash: 'e'.repeat(64) }, reasons: { decision: { route: 'pkb', rule: 'to-pkb' } } })
  })

  test('explaining what was seen just now writes nothing', async () => {
    await work(place, other, 'pkb')
    const before = await chain()
    await words(['X-1'], env)
    await words(['X-2', '--as-of', times.b], stricter)
    expect(await chain()).toEqual(before)
  })
})

test('beside a running engine, a document is explained and the engine goes on', async () => {
  const home = anEngineHome()
  try {
    const engine = await home.start()
    await engine.upload({ documentId: 'B-1', patient: { nhsNumber: '9990000018' } })
    const { id, events } = await engine.state('B-1', 'acknowledged')
    const postmaster = home.postmaster()
    const program = startProgram(['explain', 'B-1', '--json'], { env: { DATA_DIR: home.dataDir } })
    expect(await program.ended).toMatchObject({ code: 0 })
    expect(JSON.parse(program.out())).toMatchObject({ about: { document: id }, recorded: { differences: [] }, deliveries: [{ destination: 'pkb', state: 'acknowledged', standing: 'present' }] })
    const { code, out } = await runProgram(['explain', id, '--as-of', new Date().toISOString()], { env: { DATA_DIR: home.dataDir } })
    expect([code, out]).toEqual([0, expect.stringContaining('It agrees with the above.')])
    expect(home.postmaster()).toBe(postmaster)
    const { events: after } = await engine.document(id)
    expect(after.slice(0, events.length)).toEqual(events)
    expect(after.slice(events.length)).toEqual([expect.objectContaining({ kind: 'looked', actor: expect.stringMatching(/ \(command\)$/u) })])
    expect(engine.err()).not.toMatch(/"level":"(error|warn)"/u)
    expect((await engine.upload({ documentId: 'B-2' })).status).toBe(201)
    await engine.kill('SIGTERM')
  } finally {
    await home.remove()
  }
})
