// `openletter channels`, as an operator runs it beside an engine or while none runs.
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { channels } from '../../src/commands/channels.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { testEnvironment } from '../support/policy.ts'

let place: TestLedger
let env: NodeJS.ProcessEnv
let [said, complained]: [string[], string[]] = [[], []]
beforeAll(async () => {
  place = await aLedger()
  const { policy, files } = await loadPolicy(testEnvironment)
  await place.ledger.savePolicy({ hash: policy!.hash, files }, place.clock.at.toISOString())
  env = { ...testEnvironment, DATABASE_URL: place.url }
}, 60_000)
afterAll(() => place.close())
beforeEach(() => {
  ;[said, complained] = [[], []]
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { said.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { complained.push(String(text)) })
})
afterEach(() => { jest.restoreAllMocks() })
const run = (...args: readonly string[]): Promise<number> => channels(args, env, { actor: () => 'anna' })

test('pauses, lists and starts a channel, with who and why', async () => {
  expect(await run('pause', 'rio-mllp', '--reason', 'RiO is being upgraded')).toBe(0)
  expect(await run('pause', 'rio-mllp', '--reason', 'once more')).toBe(1)
  expect(await run()).toBe(0)
  expect(said[0]).toContain('Paused: rio-mllp.')
  expect(said[1]).toContain('is paused already')
  expect(said.find((line) => line.startsWith('rio-mllp'))).toMatch(/feed +paused .*by anna \(command\).*RiO is being upgraded/u)
  expect(said.find((line) => line.startsWith('pkb'))).toMatch(/destination +no process/u)
  expect(await place.ledger.haltedChannels()).toMatchObject([{ channel: 'rio-mllp', state: 'paused', actor: 'anna (command)' }])
  expect(await run('start', 'rio-mllp', '--reason', 'it is over')).toBe(0)
  expect(await run('start', 'rio-mllp', '--reason', 'it is over')).toBe(1)
  expect(await run('list', '--json')).toBe(0)
  expect((JSON.parse(said.at(-1)!) as { channels: readonly { name: string; state: string }[] }).channels.find(({ name }) => name === 'rio-mllp')?.state).toBe('alone')
})

test('stops no destination, and knows the channels', async () => {
  await expect(run('stop', 'pkb', '--reason', 'a drill')).rejects.toMatchObject({ code: 'CHANNEL_STATE' })
  await expect(run('pause', 'withhold', '--reason', 'a drill')).rejects.toMatchObject({ code: 'CHANNEL_STATE' })
  expect(await run('pause', 'rio', '--reason', 'a drill')).toBe(1)
  expect(complained.join()).toContain('there are rio-folder, rio-http, rio-mllp, pkb')
  expect(await place.ledger.haltedChannels()).toEqual([])
})

test.each([[['pause']], [['pause', 'pkb']], [['pause', 'pkb', '--reason', 'x']], [['halt', 'pkb']], [['list', 'pkb']], [['start', 'pkb', '--reason', 'for 999 000 0018']], [['pause', 'pkb', '--json', '--reason', 'xxx']], [['--loud']]])('%j is told how it is written', async (args) => {
  expect(await run(...args)).toBe(2)
  expect(complained.join()).toContain('Usage:')
})
