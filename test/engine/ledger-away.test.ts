// A ledger that does not answer is told without it: after five minutes, once, then ever more rarely, and when it is back.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Notice } from '../../src/decide/notification.ts'
import { subjectOf } from '../../src/decide/notification.ts'
import { openLedgerAway, type LedgerAway, type LedgerAwayParts } from '../../src/engine/ledger-away.ts'

const START = Date.parse('2026-11-23T10:00:00.000Z')
let minutes = 0
let ledger: 'well' | 'broken' | 'mute' = 'well'
let failing = false
let mailTakes = true
let told: string[] = []
let lines: string[] = []
let away: LedgerAway
let ids = 0

const parts = (): LedgerAwayParts => ({
  ledger: { ping: () => (ledger === 'well' ? Promise.resolve() : ledger === 'broken' ? Promise.reject(new Error('gone')) : new Promise(() => {})) },
  failing: () => failing, withinMs: 20, everyMs: 3_600_000,
  ways: {
    ways: ['email', 'webhook'],
    tell: async (way, notices: readonly Notice[]) => {
      if (way === 'email' && !mailTakes) return { told: [], code: 'ECONNREFUSED' }
      told.push(`${way}: ${subjectOf(notices)}`)
      return { told: notices.map(({ id }) => id) }
    },
  },
  say: (...event) => { lines.push(JSON.stringify(event)) },
  now: () => new Date(START + minutes * 60_000), newId: () => `id-${ids += 1}`,
})
beforeEach(() => {
  [minutes, ledger, failing, mailTakes, told, lines] = [0, 'well', false, true, [], []]
  away = openLedgerAway(parts())
})
afterEach(() => away.close())

const pass = async (length: number, step = 1): Promise<void> => { for (let n = 0; n < length; n += step) { minutes += step; await away.look() } }
const subjects = (): string[] => told.splice(0).map((text) => text.replace(': Openletter', '').replace(': Nothing can be watched: the ledger does not answer', ''))

test.each(['broken', 'mute'] as const)('one that is %s is told once by each way, and again when it is back for good', async (how) => {
  await away.look()
  ledger = how
  await pass(5)
  expect(subjects()).toEqual([])
  await pass(20)
  expect(subjects()).toEqual(['email: open', 'webhook: open'])
  ledger = 'well'
  await pass(10)
  expect(subjects()).toEqual([])
  await pass(2)
  expect(subjects()).toEqual(['email: resolved', 'webhook: resolved'])
  expect(lines.filter((line) => line.includes('alert_'))).toHaveLength(2)
})

test('a short break, such as a restart of the database, is told to nobody', async () => {
  for (let n = 0; n < 5; n += 1) { ledger = 'broken'; await pass(4); ledger = 'well'; await pass(2) }
  expect(subjects()).toEqual([])
})

test('one that answers while the watch over the alerts comes to nothing is told, too', async () => {
  failing = true
  await pass(7)
  expect(subjects()).toEqual(['email: open', 'webhook: open'])
})

test('is reminded of after four hours, and then ever more rarely', async () => {
  ledger = 'broken'
  await pass(48 * 60, 5)
  expect(subjects()).toEqual(['email: open', 'webhook: open', 'email: still open', 'webhook: still open', 'email: still open', 'webhook: still open'])
})

test('who could not be told is told when that can be, of how things stand then', async () => {
  mailTakes = false
  ledger = 'broken'
  await pass(7)
  expect(subjects()).toEqual(['webhook: open'])
  expect(lines.some((line) => line.includes('not_notified') && line.includes('ECONNREFUSED'))).toBe(true)
  mailTakes = true
  await pass(5)
  expect(subjects()).toEqual(['email: open'])
})
