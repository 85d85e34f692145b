// What a process writes down of its circuits, over a real ledger: at each change, while it lives, and no longer.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { closedCircuit } from '../../src/deliver/circuit.ts'
import type { KnownCircuit } from '../../src/deliver/worker.ts'
import { openDestinationStates } from '../../src/engine/destination-states.ts'
import { Failure } from '../../src/errors.ts'
import { askedAt } from '../../src/dashboard/today/today-numbers.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger
const CLOSED = closedCircuit({ opens_after: 3, probe_secs: 1, at_once: 1 })
const open: { close(): Promise<void> }[] = []
beforeAll(async () => { place = await aLedger() })
afterEach(async () => { for (const one of open.splice(0)) await one.close() })
afterAll(() => place?.close())

const states = async () => (await place.ledger.flow(askedAt(place.clock.at))).states
const start = (circuits: () => Readonly<Record<string, KnownCircuit>>, process = 'one', ledger: Pick<TestLedger['ledger'], 'noteStates' | 'forgetStates'> = place.ledger) => {
  const said: string[] = []
  const opened = openDestinationStates({ ledger, circuits, process, say: (event) => { said.push(event) }, now: () => place.clock.at, everyMs: 5 })
  open.push(opened)
  return { ...opened, said }
}

test('each change is there for every process, with why and since when, and gone with the process', async () => {
  let circuit: KnownCircuit = CLOSED
  const one = start(() => ({ pkb: circuit, print: CLOSED }))
  await until('both', async () => (await states()).length === 2)
  const first = place.clock.at.toISOString()
  expect(await states()).toEqual([{ process: 'one', destination: 'pkb', circuit: 'closed', since: first }, { process: 'one', destination: 'print', circuit: 'closed', since: first }])
  const pkb = async () => (await states()).find(({ destination }) => destination === 'pkb')
  const becomes = async (next: KnownCircuit, name: string) => {
    circuit = next
    place.clock.at = new Date(place.clock.at.getTime() + 1000)
    return until(name, async () => { const seen = await pkb(); return seen?.circuit === name && seen })
  }
  expect(await becomes({ is: 'open', until: '2026-11-23T10:05:00.000Z', code: '503' }, 'open')).toMatchObject({ until: '2026-11-23T10:05:00.000Z', code: '503', since: place.clock.at.toISOString() })
  expect(await becomes({ is: 'half-open', code: '503' }, 'half-open')).toMatchObject({ code: '503' })
  expect(await becomes({ ...CLOSED, is: 'closed', gapMs: 250, code: '503' } as KnownCircuit, 'slow')).toMatchObject({ code: '503' })
  expect(await becomes({ ...CLOSED, code: '503' }, 'closed')).toEqual({ process: 'one', destination: 'pkb', circuit: 'closed', since: place.clock.at.toISOString() })
  // What did not change keeps its time.
  expect((await states()).find(({ destination }) => destination === 'print')?.since).toBe(first)
  await one.close()
  expect(await states()).toEqual([])
})

test('it is written down again while nothing changes, or it would count as gone', async () => {
  start(() => ({ pkb: CLOSED }))
  await until('the first', async () => (await states()).length === 1)
  for (let n = 0; n < 4; n += 1) {
    place.clock.at = new Date(place.clock.at.getTime() + 31_000)
    const at = place.clock.at
    await until('a sign of life', async () => (await place.pool.query('select 1 from destination_states where seen_at = $1', [at])).rows.length === 1)
  }
  expect(await states()).toHaveLength(1)
})

test('nor does it count as gone after a clock was put back', async () => {
  start(() => ({ pkb: CLOSED }))
  await until('the first', async () => (await states()).length === 1)
  place.clock.at = new Date(place.clock.at.getTime() - 6 * 3_600_000)
  await until('a sign of life by the clock that is right', async () => (await place.pool.query('select 1 from destination_states where seen_at = $1', [place.clock.at])).rows.length === 1)
})

test('a destination that is not sent to any more is gone, and another process stays', async () => {
  let circuits: Readonly<Record<string, KnownCircuit>> = { pkb: CLOSED, print: CLOSED }
  start(() => circuits)
  start(() => ({ pkb: CLOSED }), 'two')
  await until('three', async () => (await states()).length === 3)
  circuits = { print: CLOSED }
  await until('two of them', async () => (await states()).length === 2)
  expect((await states()).map(({ process, destination }) => [process, destination]).toSorted()).toEqual([['one', 'print'], ['two', 'pkb']])
})

test('a ledger that does not answer is said once, and what it missed is written when it is back', async () => {
  let [away, tries] = [true, 0]
  const one = start(() => ({ pkb: CLOSED }), 'one', { ...place.ledger, noteStates: (...noted) => { tries += 1; return away ? Promise.reject(new Failure('DATABASE_UNREACHABLE', 'Port 5432.')) : place.ledger.noteStates(...noted) } })
  await until('a few tries', () => tries > 5)
  expect(one.said).toEqual(['part_failed'])
  away = false
  await until('its state', async () => (await states()).length === 1)
})
