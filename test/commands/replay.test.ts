// The command as an analyst types it, on a real ledger and real folders.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bar, openProgress } from '../../src/commands/progress.ts'
import { observing } from '../../src/commands/observing.ts'
import { replay } from '../../src/commands/replay.ts'
import { checkedReason, type Talk } from '../../src/commands/replay-apply.ts'
import { readBelow } from '../../src/policy/files.ts'
import { loadFiles, loadPolicy } from '../../src/policy/load.ts'
import { ADA, BEN } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { testEnvironment } from '../support/policy.ts'

let place: TestLedger
let folder: ReturnType<typeof makeFolder>
let printed: string[]
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ DATABASE_URL: place.url, DATA_DIR: folder.path, ...more })
const NO_LEDGER = { DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
const yes: Talk = { asks: true, confirm: () => Promise.resolve(true), actor: () => 'analyst' }
const SINCE = ['--since', '2026-11-01']
const out = () => printed.join('\n')

/** The example policy in a folder of its own, with a word replaced in one of its files. */
const changed = (file: string, from: string, to: string): string => {
  const dir = join(folder.path, 'proposed')
  mkdirSync(dir, { recursive: true })
  for (const name of ['channels', 'mappings']) cpSync(name, join(dir, name), { recursive: true })
  const text = readFileSync(join(dir, file), 'utf8')
  expect(text).toContain(from)
  writeFileSync(join(dir, file), text.replace(from, to))
  return dir
}
const blocksClinic = () => changed('mappings/document-codes.csv', 'CLIN,Clinic letter,clinical,listed', 'CLIN,Clinic letter,clinical,blocked')
const inFolder = (dir: string): NodeJS.ProcessEnv => env({ CHANNELS_DIR: join(dir, 'channels'), MAPPINGS_DIR: join(dir, 'mappings') })
const putInForce = async (dir: string): Promise<void> => {
  const { policy, files } = loadFiles(await readBelow(dir), testEnvironment)
  await place.ledger.savePolicy({ hash: policy!.hash, files }, '2026-11-23T11:00:00.000Z')
}
const events = async (): Promise<number> => (await place.pool.query<{ count: number }>('select count(*)::int as count from events')).rows[0]!.count

beforeEach(() => {
  folder = makeFolder()
  printed = []
  for (const stream of ['log', 'error'] as const) jest.spyOn(console, stream).mockImplementation((text: unknown) => { printed.push(String(text)) })
})
afterEach(() => {
  jest.restoreAllMocks()
  folder.remove()
})

const openLedger = async (): Promise<void> => {
  place = await aLedger()
  const { policy, files } = await loadPolicy(testEnvironment)
  await place.ledger.savePolicy({ hash: policy!.hash, files }, place.clock.at.toISOString())
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  await place.ledger.savePerson(BEN.nhsNumber, { registered: false, deceased: false, birthDate: BEN.birthDate }, place.clock.at.toISOString())
}
const onALedger = (): void => {
  beforeEach(openLedger)
  afterEach(() => place.close())
}

/** Five clinic letters, of which one stands at PKB and one is printed; an appointment letter; an observed one. */
const someDocuments = async (): Promise<string> => {
  const sent = await place.upload({ documentId: 'R-1' })
  await work(place, sent.id, 'pkb')
  for (const n of [2, 3, 4]) await place.upload({ documentId: `R-${n}` })
  await place.upload({ documentId: 'R-5', patient: BEN })
  await place.upload({ documentId: 'R-6', name: 'APPT Appointment.pdf' })
  await place.upload({ documentId: 'R-7', team: 'ADULT2' })
  return sent.id
}

describe('openletter replay', () => {
  onALedger()

  test('finds no difference under the policy that decided', async () => {
    await someDocuments()
    const before = await events()
    expect(await replay(SINCE, env())).toBe(0)
    expect(out()).toMatch(/which is in force\. Nothing is sent and nothing is written\.\n7 documents received from 1 Nov 2026/u)
    expect(out()).toContain('0 documents would go elsewhere.')
    expect(out()).not.toMatch(/RECALL|cannot be read|more is known/u)
    expect(await events()).toBe(before)
  })

  test('tells recalls first, then from where to where, by directorate and rule, with ids', async () => {
    const sent = await someDocuments()
    const before = await events()
    const dir = blocksClinic()
    expect(await replay([...SINCE, '--with', dir], env())).toBe(0)
    const text = out()
    expect(text).toContain('which is not in force')
    expect(text).toContain('RECALL: 1 document stands at a destination and would be taken back.')
    expect(text).toContain(`R-1 (${sent})`)
    expect(text.indexOf('RECALL')).toBeLessThan(text.indexOf('5 documents would go elsewhere'))
    expect(text).toMatch(/pkb → withhold: 4\n {4}newham {2}to-pkb → blocked-code-marked-share {2}4: R-\d \([^)]*\), R-\d \([^)]*\), R-\d \([^)]*\), and 1 more/u)
    expect(text).toMatch(/print → withhold: 1\n {4}newham {2}unregistered → blocked-code-marked-share {2}1: R-5/u)
    expect(text).toMatch(/1 document that is or would be only observed would be decided otherwise[^\n]*\n {2}observe \(pkb\) → withhold: 1\n {4}luton-beds {2}to-pkb → blocked-code-marked-share {2}1: R-7/u)
    expect(text).toMatch(/newham +6 +5 +1/u)
    // Where nothing goes elsewhere there is no row.
    expect(text).not.toMatch(/luton-beds +1 +0 +0/u)
    expect(text).toContain('Add --ids for all of them')
    expect(text).not.toMatch(/9990000018|Example|High Street/u)
    expect(await events()).toBe(before)

    printed.length = 0
    await replay([...SINCE, '--with', dir, '--ids'], env())
    for (const n of [1, 2, 3, 4, 5, 7]) expect(out()).toContain(`R-${n} (`)
    expect(out()).not.toContain('Add --ids')
  })

  test('as JSON names every document, and takes a part of them', async () => {
    await someDocuments()
    const dir = blocksClinic()
    expect(await replay([...SINCE, '--with', dir, '--directorate', 'newham', '--rule', 'to-pkb', '--json'], env())).toBe(0)
    const told = JSON.parse(out()) as { looked: number; inForce: boolean; elsewhere: { documents: { sourceId: string }[] }[]; recalls: { destinations: string[] }[]; rules: unknown }
    expect(told).toMatchObject({ looked: 5, inForce: false, recalls: [{ destinations: ['pkb'], from: 'pkb', to: 'withhold' }], rules: [{ rule: 'to-pkb', looked: 5, elsewhere: 4, recalls: 1 }] })
    expect(told).toMatchObject({ directorate: 'newham', rule: 'to-pkb' })
    expect(told.elsewhere.flatMap(({ documents }) => documents.map(({ sourceId }) => sourceId)).sort()).toEqual(['R-1', 'R-2', 'R-3', 'R-4'])
    printed.length = 0
    await replay(['--since', '2026-11-01T00:00:00Z', '--until', '2026-11-02', '--json'], env())
    expect(JSON.parse(out())).toMatchObject({ looked: 0, until: '2026-11-03T00:00:00.000Z' })
  })

  test('counts by themselves those that only change their reason, those that are only observed, and those that cannot be read', async () => {
    await someDocuments()
    await replay([...SINCE, '--with', changed('mappings/sharing-rules.yaml', 'It was uploaded as "MH share with patient" and goes to', 'It is to be shared and goes to')], env())
    expect(out()).toContain('6 documents would go the same way for another reason or with other labels (0 with other labels).')
    expect(out()).toContain('0 documents would go elsewhere.')

    printed.length = 0
    await replay([...SINCE, '--with', changed('mappings/services.csv', 'ADULT2,Luton and Bedfordshire adult community mental health,in-scope', 'ADULT2,Luton and Bedfordshire adult community mental health,out-of-scope')], env())
    expect(out()).toMatch(/1 document that is or would be only observed would be decided otherwise[^\n]*\n {2}observe \(pkb\) → observe \(print\): 1/u)

    printed.length = 0
    const dir = changed('channels/rio-mllp.yaml', 'kind: feed', 'kind: feed')
    for (const file of ['channels/rio-http.yaml', 'mappings/rio-upload.yaml', 'channels/rio-folder.yaml']) rmSync(join(dir, file), { force: true })
    expect(await replay([...SINCE, '--with', dir], env())).toBe(0)
    expect(out()).toContain('7 documents cannot be read under this policy.')
    expect(out()).toMatch(/POLICY_INVALID {2}newham {2}now pkb {2}R-\d \(/u)
  })

  test('a document in review whose directorate comes to observe leaves the list of reviews, and that is no mere observation', async () => {
    await place.upload({ documentId: 'R-8', name: 'No code.pdf' })
    await place.upload({ documentId: 'R-9', team: 'ADULT2', name: 'No code.pdf' })
    await replay([...SINCE, '--with', changed('mappings/services.csv', ',newham,', ',luton-beds,')], env())
    expect(out()).toMatch(/1 document would go elsewhere\.\n {2}review → observe \(review\): 1\n {4}newham {2}code-missing {2}1: R-8/u)
    expect(out()).not.toContain('only observed would be')
  })

  test('is narrowed to a directorate and a rule that somebody knows, and says so', async () => {
    await someDocuments()
    expect(await replay([...SINCE, '--directorate', 'newham', '--rule', 'to-pkb'], env())).toBe(0)
    expect(out()).toContain('5 documents received from 1 Nov 2026, 00:00:00 to now, of the directorate newham and decided by the rule to-pkb, were looked at.')
    // Known to the policy alone; to the ledger alone.
    expect(await replay([...SINCE, '--directorate', 'city-hackney'], env())).toBe(0)
    const dir = changed('mappings/directorates.csv', 'luton-beds,', 'luton,')
    writeFileSync(join(dir, 'mappings/services.csv'), readFileSync(join(dir, 'mappings/services.csv'), 'utf8').replaceAll('luton-beds', 'luton'))
    printed.length = 0
    expect(await replay([...SINCE, '--with', dir, '--directorate', 'luton-beds'], env())).toBe(0)
    expect(out()).toContain('1 document received')
  })

  test.each([
    ['--directorate', 'newhma', 'Neither the ledger nor the policy has a directorate newhma: did you mean newham?'],
    ['--rule', 'to-pbk', 'Neither the ledger nor the policy has a rule to-pbk: did you mean to-pkb?'],
    ['--directorate', 'nope', 'Neither the ledger nor the policy has a directorate nope: there are newham, luton-beds, city-hackney'],
  ])('%s %s, which nobody knows, gives no all-clear', async (option, name, says) => {
    await someDocuments()
    expect(await replay([...SINCE, option, name], env())).toBe(2)
    expect(out()).toContain(says)
    expect(out()).not.toContain('looked at')
    if (option !== '--directorate') return
    printed.length = 0
    expect(await observing([...SINCE, option, name], env())).toBe(2)
    expect(out()).toContain(says)
  })

  test('does not lay at the policy’s door what would change anyway', async () => {
    await someDocuments()
    // PKB has said so, and nothing has followed from it yet.
    await place.pool.query('update people set deceased = true where nhs_number = $1', [ADA.nhsNumber])
    const dir = changed('mappings/document-codes.csv', 'APPT,Appointment letter,appointment,listed', 'APPT,Appointment letter,appointment,blocked')
    await replay([...SINCE, '--with', dir], env())
    expect(out()).toMatch(/1 document would go elsewhere\.\n {2}pkb → withhold: 1\n {4}newham {2}to-pkb → blocked-code-marked-share {2}1: R-6/u)
    expect(out()).toContain('5 documents would change under the policy that decided them as well: more is known since.')
  })
})

describe('openletter replay, called wrongly', () => {
  test('prints the problems of a folder that holds no policy, and reads nothing', async () => {
    expect(await replay([...SINCE, '--with', join(folder.path, 'nowhere')], NO_LEDGER)).toBe(1)
    expect(out()).toContain('this folder cannot be read')
  })

  test.each([
    [[]], [['--since', 'yesterday']], [[...SINCE, '--until', '2026-02-30']], [[...SINCE, '--wiht', 'x']], [[...SINCE, 'more']], [[...SINCE, '--reason', 'because']], [[...SINCE, '--yes']],
    [[...SINCE, '--apply']], [[...SINCE, '--apply', '--reason', 'no']], [[...SINCE, '--apply', '--reason', 'of 999 000 0018']], [[...SINCE, '--apply', '--reason', 'because', '--from', 'pkb']],
    [[...SINCE, '--apply', '--reason', 'because', '--from', 'pkb', '--to', 'nowhere']], [[...SINCE, '--apply', '--reason', 'because', '--only', 'R-1', '--from', 'pkb', '--to', 'print']],
    [['--apply', '--reason', 'because', '--only', ' , ']], [[...SINCE, '--rule', 'Robert; drop']], [[...SINCE, '--with', '']],
  ])('refuses %j with how to call it', async (args) => {
    expect(await replay(args, NO_LEDGER)).toBe(2)
    expect(out()).toContain('Usage: npx openletter replay')
    expect(out()).not.toContain('0018')
  })
})

describe('openletter replay --apply', () => {
  onALedger()

  const APPLY = [...SINCE, '--apply', '--reason', 'the code list was corrected']
  const route = async (sourceId: string) => (await place.ledger.list({ sourceId, limit: 1 })).documents[0]?.route

  test('refuses a policy that is not in force', async () => {
    await someDocuments()
    await expect(replay([...APPLY, '--with', blocksClinic()], env(), yes)).rejects.toMatchObject({ code: 'POLICY_NOT_IN_FORCE' })
    expect(await route('R-2')).toBe('pkb')
  })

  test('decides again what would go elsewhere, says so, and the second time there is nothing left', async () => {
    const sent = await someDocuments()
    const dir = blocksClinic()
    await putInForce(dir)
    expect(await replay(APPLY, inFolder(dir), yes)).toBe(0)
    expect(out()).toContain('RECALL: 1 document of these would be taken back.')
    expect(out()).toMatch(/6 documents decided again\.[^\n]*\n(?: {2}\w+ → withhold: \d\n?){3}/u)
    expect(await Promise.all(['R-1', 'R-2', 'R-5', 'R-6', 'R-7'].map(route))).toEqual(['withhold', 'withhold', 'withhold', 'pkb', 'withhold'])
    const story = (await place.ledger.story(sent))!
    expect(story.state).toBe('recalling')
    expect(story.events.find(({ kind }) => kind === 'redecided')).toMatchObject({ actor: 'analyst', detail: { from: 'pkb', to: 'withhold', reason: 'the code list was corrected' } })

    const before = await events()
    printed.length = 0
    expect(await replay(APPLY, inFolder(dir), yes)).toBe(0)
    expect(out()).toContain('Nothing was decided again')
    expect(await events()).toBe(before)
  })

  test('takes a chosen part: by ids, or by where from and where to', async () => {
    const sent = await someDocuments()
    const dir = blocksClinic()
    await putInForce(dir)
    expect(await replay(['--apply', '--reason', 'looked at these two', '--only', `${sent},R-2`, '--yes'], inFolder(dir), { ...yes, asks: false })).toBe(0)
    expect(await Promise.all(['R-1', 'R-2', 'R-3', 'R-5'].map(route))).toEqual(['withhold', 'withhold', 'pkb', 'print'])
    expect(await replay([...APPLY, '--from', 'print', '--to', 'withhold'], inFolder(dir), yes)).toBe(0)
    expect(await Promise.all(['R-3', 'R-5', 'R-7'].map(route))).toEqual(['pkb', 'withhold', 'observe'])
    printed.length = 0
    expect(await replay(['--apply', '--reason', 'looked at it', '--only', 'R-3,R-99', '--yes'], inFolder(dir), yes)).toBe(1)
    expect(out()).toContain('The ledger has no document R-99.')
    expect(await route('R-3')).toBe('pkb')
  })

  test('does nothing without a yes', async () => {
    await someDocuments()
    const dir = blocksClinic()
    await putInForce(dir)
    expect(await replay(APPLY, inFolder(dir), { ...yes, confirm: () => Promise.resolve(false) })).toBe(1)
    expect(await replay(APPLY, inFolder(dir), { ...yes, asks: false })).toBe(2)
    expect(await route('R-2')).toBe('pkb')
  })
})

describe('a reason', () => {
  test.each(['9990000018', '999 000 0018', '999-000-0018', 'ab', 'x'.repeat(501), 'a\u0000bc', '   '])('takes no reason such as %j', (reason) => { expect(checkedReason(reason)).toBeDefined() })
  test('takes a reason in plain words', () => { expect(checkedReason('Codes CLIN and APPT were corrected on 2026-11-20')).toBeUndefined() })
})

describe('the bar', () => {
  test('says how far it is, how fast, and how long it takes, on a terminal only', () => {
    expect(bar(500, 2000, 2)).toBe('[######..................] 500 of 2,000, 250 a second, 6 s left')
    expect(bar(0, 2000, 0)).toBe('[........................] 0 of 2,000')
    const written: string[] = []
    const stream = { isTTY: true, write: (text: string) => written.push(text) }
    const progress = openProgress(10, { stream, now: () => 0 })
    progress.at(5)
    progress.end()
    expect(written.join('')).toContain('5 of 10')
    const quiet = openProgress(10, { stream: { ...stream, isTTY: false }, now: () => 0 })
    quiet.at(5)
    quiet.end()
    expect(written).toHaveLength(2)
  })
})

describe('openletter observing', () => {
  onALedger()

  test('says it in words, as JSON and as CSV, without a document', async () => {
    await someDocuments()
    const span = ['--since', '2026-11-01']
    expect(await observing(span, env())).toBe(0)
    expect(out()).toMatch(/Luton and Bedfordshire {2}observing +1 +1 +0 +0 +0 +0 +100%/u)
    expect(out()).toMatch(/Newham +live +Directorate Management Team/u)
    printed.length = 0
    expect(await observing([...span, '--json'], env())).toBe(0)
    expect(JSON.parse(out())).toMatchObject({ all: { documents: 1, pkb: 1 }, reviews: [{ directorate: 'newham' }, {}, {}, {}, {}] })
    printed.length = 0
    expect(await observing([...span, '--csv', '--by', 'month'], env())).toBe(0)
    expect(out().split('\r\n')).toEqual([
      '"period","directorate","stage","feed","would_go","rule","code","conflict","variance","documents"', '"2026-11","luton-beds","observing","rio-http","pkb","to-pkb","CLIN","no","no","1"',
    ])
    expect(out()).not.toMatch(/R-7|9990000018/u)
    printed.length = 0
    expect(await observing([...span, '--directorate', 'luton-beds'], env())).toBe(0)
    expect(out()).toContain('documents that are only observed, of the directorate luton-beds, received from')
  })

  test('a name in the place of a code is not told', async () => {
    await place.upload({ documentId: 'R-7', team: 'ADULT2', name: 'Jane Smith letter.pdf' })
    for (const as of [[], ['--json'], ['--csv']]) expect(await observing([...SINCE, ...as], env())).toBe(0)
    expect(out()).not.toMatch(/JANE/iu)
    expect(out().match(/not listed/gu)).toHaveLength(3)
  })

  test('without a document there is no rate', async () => {
    expect(await observing(SINCE, env())).toBe(0)
    expect(out()).toMatch(/all +0 +0 +0 +0 +0 +0 +no documents +0 +0/u)
    expect(out()).not.toContain('None')
  })
})

describe('openletter observing, called wrongly', () => {
  test.each([[['--since', 'soon']], [['--json', '--csv']], [['--by', 'year']], [['--what']]])('refuses %j with how to call it', async (args) => {
    expect(await observing(args, NO_LEDGER)).toBe(2)
    expect(out()).toContain('Usage: npx openletter observing')
  })
})
