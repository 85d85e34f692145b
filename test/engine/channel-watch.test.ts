// A process that follows what people say of channels, while its ledger comes and goes.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { watchChannels, type ChannelWatch } from '../../src/engine/channel-watch.ts'
import type { Halts } from '../../src/engine/feeds.ts'
import { Failure } from '../../src/errors.ts'
import type { HaltedChannel } from '../../src/ledger/channel-words.ts'
import { uuid } from '../support/story.ts'
import { until } from '../support/until.ts'

let halted: readonly HaltedChannel[] = []
let away = false
let looks = 0
let reported: (readonly string[])[] = []
let followed: Halts[] = []
let said: string[] = []
let watch: ChannelWatch & { begin(): void }

const stop: HaltedChannel = { channel: 'rio-mllp', state: 'stopped', actor: 'duty', reason: 'a drill', at: '2026-11-23T10:00:00.000Z' }
const answer = <T>(value: T): Promise<T> => (away ? Promise.reject(new Failure('STORE_UNAVAILABLE', 'It does not answer.')) : Promise.resolve(value))
const ledger = {
  haltedChannels: () => { looks += 1; return answer(halted) },
  reportChannels: async (_id: string, reports: readonly { readonly channel: string }[]) => { await answer(undefined); reported.push(reports.map(({ channel }) => channel)) },
}
const open = () => watchChannels({
  ledger, id: uuid(1), now: () => new Date(), everyMs: 5, say: (event, fields) => { said.push([event, ...Object.values(fields).slice(0, 2)].join(' ')) },
  feeds: { follow: async (halts) => { followed.push(halts) }, reports: () => [{ channel: 'rio-mllp', is: 'running' }] },
})
const afterLooks = async (more: number): Promise<void> => { const most = looks + more; await until('it has looked', () => looks >= most || undefined) }

beforeEach(() => { [halted, away, looks, reported, followed, said] = [[], false, 0, [], [], []] })
afterEach(async () => { await watch?.close() })

test('nothing is begun before it is known what was stopped', async () => {
  halted = [stop]
  watch = await open()
  expect(followed.map((halts) => [...halts])).toEqual([[['rio-mllp', 'stopped']]])
  away = true
  await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  away = false
})

test('while the ledger does not answer, what was stopped stays stopped, which is said once; then it is followed again', async () => {
  halted = [stop]
  watch = await open()
  watch.begin()
  await afterLooks(2)
  away = true
  halted = []
  await afterLooks(3)
  const before = followed.length
  await afterLooks(3)
  expect([followed.length, followed.at(-1)!.get('rio-mllp')]).toEqual([before, 'stopped'])
  expect(said.filter((one) => one.startsWith('part_failed'))).toEqual(['part_failed channels STORE_UNAVAILABLE'])
  // Whoever asks at that moment is answered all the same.
  await watch.look()
  away = false
  await until('it follows', () => followed.at(-1)!.size === 0 || undefined)
  expect(said.at(-1)).toBe('channel_started rio-mllp')
})

test('one that ends says nothing of its channels any more', async () => {
  watch = await open()
  watch.begin()
  await until('it has said so', () => reported.length > 0 || undefined)
  await watch.close()
  expect(reported.at(-1)).toEqual([])
})
