// The files of the channels as they lie on disk, beside what is in force.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { aDesk, type TestDesk } from '../support/channels.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'

const CODES = 'mappings/document-codes.csv'
let files: PolicyFolder
let desk: TestDesk
let at = new Date('2026-11-23T12:00:00.000Z')
beforeAll(async () => {
  files = aPolicyFolder()
  desk = await aDesk(files.settings, () => at)
})
afterAll(() => files.remove())
afterEach(() => files.restore())

test('files that say what is in force are read, proved and tested, and nothing would be different', async () => {
  const now = await desk.channels.filesNow()
  expect(now).toMatchObject({ state: 'in-force', hash: desk.inForce().policy.hash, problems: [], changes: [], tests: { failed: 0, problems: [], blocking: [] } })
  expect(now.tests!.byFeed.map(({ feed }) => feed)).toEqual(Object.keys(desk.inForce().policy.feeds))
  expect(now.tests!.byFeed.reduce((sum, { passed }) => sum + passed, 0)).toBe(now.tests!.passed)
})

test('nothing is worked out again until the files change or somebody asks', async () => {
  const first = await desk.channels.filesNow()
  at = new Date(at.getTime() + 60_000)
  expect(await desk.channels.filesNow()).toBe(first)
  expect((await desk.channels.filesNow(true)).at).toBe(at.toISOString())
  files.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,clinical')
  expect((await desk.channels.filesNow()).state).toBe('waiting')
})

test('a change that can be taken is told in sentences', async () => {
  files.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,other')
  const { state, hash, changes } = await desk.channels.filesNow()
  expect([state, hash === desk.inForce().policy.hash]).toEqual(['waiting', false])
  const codes = changes.find(({ title }) => title === 'Codes')
  expect(codes?.lines.map(({ text }) => text).join('\n')).toMatch(/DISC kind: clinical → other/u)
  expect(changes.flatMap(({ lines }) => lines).every(({ text, depth }) => text === text.trim() && Number.isInteger(depth))).toBe(true)
})

test('a change with a problem has its place, and what it says otherwise is not shown: a secret may stand there', async () => {
  files.change('channels/rio-http.yaml', '${RIO_HTTP_TOKEN}', 'secret-by-mistake')
  const now = await desk.channels.filesNow()
  expect(now).toMatchObject({ state: 'refused', changes: [] })
  expect(now.problems[0]).toMatchObject({ file: expect.stringMatching(/channels\/rio-http\.yaml$/u), line: expect.any(Number), col: expect.any(Number) })
  expect(now).not.toHaveProperty('tests')
  expect(JSON.stringify([now, desk.channels.filesInForce()])).not.toContain('secret-by-mistake')
  expect(desk.channels.filesInForce()['channels/rio-http.yaml']).toContain('${RIO_HTTP_TOKEN}')
})

test('a test that fails and stands in the way is told with its place', async () => {
  files.change('channels/rio-mllp.yaml', 'rule: do-not-share', 'rule: held')
  files.change('channels/rio-mllp.yaml', 'expect: { route: print, rule: unregistered', 'expect: { route: pkb, rule: unregistered')
  const { state, tests, problems } = await desk.channels.filesNow()
  expect([state, problems, tests!.failed]).toEqual(['refused', [], 2])
  expect(tests!.blocking[0]).toMatchObject({ file: expect.stringMatching(/rio-mllp\.yaml$/u), line: expect.any(Number) })
  expect(tests!.byFeed.find(({ feed }) => feed === 'rio-mllp')).toMatchObject({ failed: 2 })
})
