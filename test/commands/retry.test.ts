// The commands that list what failed and try it again, on a ledger on which an engine may or may not run.
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { failed } from '../../src/commands/failed.ts'
import { retry } from '../../src/commands/retry.ts'
import { keptFiles, readFolders } from '../../src/policy/files.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const BUSY = { kind: 'unavailable', code: '503', detail: 'asked to wait' } as const
const REFUSED = { kind: 'refused', code: '422', detail: 'processing DocumentReference.type' } as const

let place: TestLedger
let [printed, wrong]: [string[], string[]] = [[], []]
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
  await place.ledger.savePolicy({ hash: place.policy.hash, files: keptFiles(await readFolders({})) }, iso())
})
afterAll(() => place.close())
beforeEach(() => {
  ;[printed, wrong] = [[], []]
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { printed.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { wrong.push(String(text)) })
})
afterEach(() => { jest.restoreAllMocks() })

const iso = () => place.clock.at.toISOString()
const env = () => ({ DATABASE_URL: place.url })
const ofFailed = (...args: readonly string[]) => failed(args, env())
const ofRetry = (...args: readonly string[]) => retry(args, env(), { actor: () => 'anna' })
const inTrouble = async (documentId: string, outcome: object) => {
  const { id } = await place.upload({ documentId })
  await work(place, id, 'pkb', outcome)
  return (await place.ledger.story(id))!.deliveries[0]!.id
}
const planned = async (...args: readonly string[]) => {
  expect([await ofRetry('plan', ...args), wrong]).toEqual([0, []])
  return (await place.ledger.runs(1))[0]!
}

test('what is in trouble is listed by group, one group by delivery, and no patient is named', async () => {
  expect([await ofFailed('list'), printed]).toEqual([0, ['Nothing is in trouble.']])
  const delivery = await inTrouble('F-1', BUSY)
  expect(await ofFailed('list')).toBe(0)
  const [key = ''] = printed[1]!.split(' ')
  expect(printed[1]).toMatch(/^pkb-down-[0-9a-f]{16} {2}Destination down: 503, to pkb\. 1 document of 1 patient \(0 for a person, 1 tried again, 0 not tried yet\), oldest /u)
  expect(await ofFailed('list', '--group', key)).toBe(0)
  expect(printed[3]).toMatch(new RegExp(`^${delivery}  F-1  owed, .*503, owed for .*, 1 try$`, 'u'))
  expect([await ofFailed('list', '--json'), JSON.parse(printed[4]!)]).toMatchObject([0, { groups: [{ key, documents: 1 }] }])
  expect([await ofFailed('list', '--since', '2126-01-01T00:00Z'), printed[5]]).toEqual([0, 'Nothing is in trouble.'])
  expect(await ofFailed('list', '--group', 'refused-0000000000000000')).toBe(1)
  for (const secret of [ADA.nhsNumber, ADA.family]) expect(printed.join('\n')).not.toContain(secret)
})

test('a run is planned, started in the name of the user, paused, and cancelled', async () => {
  const delivery = await inTrouble('F-2', BUSY)
  const run = await planned('--delivery', delivery, '--per-minute', '5')
  expect(run).toMatchObject({ state: 'planned', part: 1, perMinute: 5, plannedBy: 'anna (command)' })
  for (const text of [`${run.id}  retry to pkb: planned, 1 deliveries`, 'To be tried: 1 document of 1 patient', 'Nothing has happened yet.']) expect([text, printed.join('\n').includes(text)]).toEqual([text, true])
  expect([await ofRetry('start', run.id, '--reason', 'PKB is back'), (await place.ledger.run(run.id))]).toMatchObject([0, { state: 'running', startedBy: 'anna (command)', reason: 'PKB is back' }])
  expect([await ofRetry('pause', run.id), (await place.ledger.run(run.id))?.state]).toEqual([0, 'paused'])
  expect([await ofRetry('go-on', run.id, '--reason', 'on'), await ofRetry('go-on', run.id, '--reason', 'on with it'), (await place.ledger.run(run.id))?.state]).toEqual([2, 0, 'running'])
  expect([await ofRetry('cancel', run.id, '--reason', 'enough'), (await place.ledger.run(run.id))?.state]).toEqual([0, 'cancelled'])
  await expect(ofRetry('start', run.id, '--reason', 'once more')).rejects.toMatchObject({ code: 'RUN_NOT_POSSIBLE' })
  expect(await ofRetry('show', run.id)).toBe(0)
  expect(await ofRetry('list', '--json')).toBe(0)
  expect((JSON.parse(printed.at(-1)!) as { readonly runs: readonly unknown[] }).runs).toMatchObject([{ id: run.id }])
})

test('what was refused is part of a plan only with --changed', async () => {
  const delivery = await inTrouble('F-3', REFUSED)
  const run = await planned('--delivery', delivery)
  expect([run.part, printed.join('\n').includes('1 refused by the destination')]).toEqual([0, true])
  await expect(ofRetry('start', run.id, '--reason', 'please')).rejects.toMatchObject({ code: 'RUN_NOT_POSSIBLE' })
  expect((await planned('--run', run.id, '--changed', 'the type was mended')).part).toBe(1)
  // Before anybody says so: what today's policy would send otherwise.
  await place.pool.query("update revisions set resource = (resource::jsonb || '{\"docStatus\": \"preliminary\"}')::json where document_id = (select document_id from deliveries where id = $1)", [delivery])
  printed.length = 0
  expect((await planned('--delivery', delivery, '--kind', 'decide-again')).part).toBe(0)
  for (const text of ['What would be different: Compared: All: 1 document.', 'Not part of it yet: 1 document', 'Elements that differ: docStatus (1)']) expect([text, printed.join('\n').includes(text)]).toEqual([text, true])
})

test.each([
  [[]], [['plan']], [['plan', '--group', 'x', '--run', 'y']], [['plan', '--group', 'x', '--kind', 'send']], [['plan', '--group', 'x', '--reason', 'too early']], [['plan', '--group', 'x', '--per-minute', '0']],
  [['start', 'x']], [['start', '--reason', 'which one']], [['start', 'x', '--reason', 'for 999 000 0018']], [['stop', 'x']], [['pause']], [['cancel', 'x', '--kind', 'print', '--reason', 'enough']], [['list', 'x']], [['show', 'x', 'y']],
])('retry %j is answered with how to call it, and plans and changes nothing', async (args) => {
  const before = await place.ledger.runs(100)
  expect(await ofRetry(...args)).toBe(2)
  expect(wrong[0]).toContain('Usage: npx openletter retry')
  expect(await place.ledger.runs(100)).toEqual(before)
})

test.each([[[]], [['show']], [['list', '--limit', '5']], [['list', '--group', 'x', '--limit', '0']], [['list', '--since', 'yesterday']]])('failed %j is answered with how to call it', async (args) => {
  expect(await ofFailed(...args)).toBe(2)
  expect(wrong[0]).toContain('Usage: npx openletter failed')
})

test('a run that nobody knows is not there', async () => expect([await ofRetry('show', '00000000-0000-4000-8000-000000000000'), wrong[0]]).toEqual([1, expect.stringContaining('There is no run')]))
