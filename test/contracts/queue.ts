// What every queue that wakes workers has to do, whatever database is below it.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { Station, Wake } from '../../src/deliver/wake.ts'
import { openSweeper } from '../../src/deliver/sweeper.ts'
import { until } from '../support/until.ts'

export type QueueUnderTest = {
  readonly wake: Wake
  /** The data of every job in store for a destination. */
  payloads(destination: string): Promise<readonly unknown[]>
  /** Loses every job. */
  wipe(): Promise<void>
  close(): Promise<void>
}

let destinations = 0
const soon = (secs = 0): string => new Date(Date.now() + secs * 1000).toISOString()

/** `open` starts a queue on a database of its own. */
export const queueContract = (open: () => Promise<QueueUnderTest>): void => {
  let queue: QueueUnderTest
  const stations: Station[] = []
  /** A destination of its own for each test. */
  const fresh = (): string => `test${++destinations}`
  const work = async (destination: string, handler: (document: string) => Promise<void>, atOnce = 4): Promise<Station> => {
    const station = await queue.wake.work(destination, atOnce, handler)
    stations.push(station)
    return station
  }

  beforeAll(async () => { queue = await open() })
  afterEach(async () => { await Promise.all(stations.splice(0).map((station) => station.close())) })
  afterAll(async () => { await queue.close() })

  test('a wake-up has the document worked on once', async () => {
    const destination = fresh()
    const worked: string[] = []
    await work(destination, async (document) => { worked.push(document) })
    await queue.wake.wake([{ documentId: 'd-1', destination, dueAt: soon() }, { documentId: 'd-2', destination, dueAt: soon() }])
    await until('both', () => worked.length >= 2)
    await until('an empty queue', async () => Object.values(await queue.wake.counts(destination)).every((count) => count === 0))
    expect(worked.toSorted()).toEqual(['d-1', 'd-2'])
  })

  test('several wake-ups of a document that nobody works on yet are one', async () => {
    const destination = fresh()
    for (let i = 0; i < 3; i += 1) await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    expect(await queue.wake.counts(destination)).toEqual({ waiting: 1, delayed: 0, active: 0 })
  })

  test('a wake-up while the document is worked on has it worked on again, and never at the same time', async () => {
    const destination = fresh()
    let running = 0
    let most = 0
    let runs = 0
    const gate = Promise.withResolvers<void>()
    await work(destination, async () => {
      runs += 1
      running += 1
      most = Math.max(most, running)
      if (runs === 1) await gate.promise
      running -= 1
    })
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    await until('the first run', () => runs === 1)
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    gate.resolve()
    await until('the second run', () => runs === 2)
    await until('an empty queue', async () => Object.values(await queue.wake.counts(destination)).every((count) => count === 0))
    expect({ runs, most }).toEqual({ runs: 2, most: 1 })
  })

  test('a wake-up for later waits, and an earlier one brings it forward', async () => {
    const destination = fresh()
    const worked: string[] = []
    await work(destination, async (document) => { worked.push(document) })
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon(3600) }])
    await until('a delayed job', async () => (await queue.wake.counts(destination)).delayed === 1)
    expect(worked).toEqual([])
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    await until('the run', () => worked.length === 1)
  })

  test('a short delay runs by itself, and not before its time', async () => {
    const destination = fresh()
    let at = 0
    await work(destination, async () => { at = Date.now() })
    const due = Date.now() + 400
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: new Date(due).toISOString() }])
    await until('the run', () => at > 0)
    expect(at).toBeGreaterThanOrEqual(due - 20)
  })

  test('a recall goes before everything that waits, even of a document that waits already, and says what it is', async () => {
    const destination = fresh()
    await queue.wake.wake(['d-1', 'd-2', 'd-3'].map((documentId) => ({ documentId, destination, dueAt: soon() })))
    await queue.wake.wake([{ documentId: 'd-3', destination, dueAt: soon(), urgent: true }])
    const worked: string[] = []
    const station = await queue.wake.work(destination, 1, async (document, urgent) => { worked.push(urgent ? `${document} at once` : document) })
    stations.push(station)
    await until('all', () => worked.length === 4)
    expect(worked).toEqual(['d-3 at once', 'd-1', 'd-2', 'd-3'])
  })

  test('a recall that was put off does not stand behind everything when its time has come: the sweeper sees to that', async () => {
    const destination = fresh()
    const others = Array.from({ length: 80 }, (_, n) => `d-${n}`)
    const dueAt = soon(0.1)
    await queue.wake.wake([{ documentId: 'late', destination, dueAt, urgent: true }])
    await queue.wake.wake(others.map((documentId) => ({ documentId, destination, dueAt: soon() })))
    const worked: string[] = []
    const sweeper = openSweeper({
      wake: queue.wake, destinations: [destination], isPaused: () => false, say: () => undefined, now: () => new Date(),
      due: async (_, until) => [...(dueAt <= until && !worked.includes('late') ? [{ documentId: 'late', dueAt, urgent: true as const }] : []), ...others.map((documentId) => ({ documentId, dueAt: soon(-1) }))],
      everyMs: 50, graceMs: 300,
    })
    await work(destination, async (document) => { worked.push(document); await delay(30) }, 1)
    await until('the recall', () => worked.includes('late'))
    await sweeper.close()
    expect(worked.length).toBeLessThan(60)
    expect(new Set(worked).size).toBe(worked.length)
  })

  test('a job holds the id of the document and nothing else', async () => {
    const destination = fresh()
    await queue.wake.wake([{ documentId: '0b0e7f0c-0000-4000-8000-00000000000d', destination, dueAt: soon(3600) }])
    expect(await queue.payloads(destination)).toEqual([{ document: '0b0e7f0c-0000-4000-8000-00000000000d' }])
  })

  test('a paused worker leaves the jobs where they are, and takes them when it is let', async () => {
    const destination = fresh()
    const worked: string[] = []
    const station = await work(destination, async (document) => { worked.push(document) })
    station.admit(0)
    await delay(50)
    await queue.wake.wake([{ documentId: 'd-1', destination, dueAt: soon() }, { documentId: 'd-2', destination, dueAt: soon() }])
    await delay(150)
    // One fetch may have been under way when it was paused.
    expect(worked.length).toBeLessThanOrEqual(1)
    station.admit(1)
    await until('both', () => worked.length === 2)
  })

  test('a worker that throws goes on, and the sweeper brings the document back', async () => {
    const destination = fresh()
    let runs = 0
    await work(destination, async () => {
      runs += 1
      if (runs === 1) throw new Error('it broke')
    })
    const owed = new Map([['d', soon()]])
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    await until('the run that breaks', () => runs === 1)
    const sweeper = openSweeper({
      wake: queue.wake, destinations: [destination], isPaused: () => false, say: () => undefined, now: () => new Date(),
      due: async () => (runs < 2 ? [...owed].map(([documentId, dueAt]) => ({ documentId, dueAt })) : []), everyMs: 50, graceMs: 0,
    })
    await until('the second run', () => runs >= 2)
    await sweeper.close()
  })

  test('a document that a killed worker still seems to hold is worked on again when the engine starts', async () => {
    const destination = fresh()
    const gate = Promise.withResolvers<void>()
    let runs = 0
    await work(destination, async () => {
      runs += 1
      if (runs === 1) await gate.promise
    })
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }])
    await until('the run that never ends', () => runs === 1)
    await queue.wake.wake([{ documentId: 'd', destination, dueAt: soon() }], true)
    await until('the second run', () => runs === 2)
    gate.resolve()
  })

  test('a wiped queue loses nothing: what the ledger says is owed is woken again', async () => {
    const destination = fresh()
    await queue.wake.wake([{ documentId: 'd-1', destination, dueAt: soon() }, { documentId: 'd-2', destination, dueAt: soon() }])
    await queue.wipe()
    const owed = new Set(['d-1', 'd-2'])
    await work(destination, async (document) => { owed.delete(document) })
    const sweeper = openSweeper({
      wake: queue.wake, destinations: [destination], isPaused: () => false, say: () => undefined, now: () => new Date(),
      due: async () => [...owed].map((documentId) => ({ documentId, dueAt: soon(-1) })), everyMs: 50, graceMs: 0,
    })
    await until('both', () => owed.size === 0)
    await sweeper.close()
  })
}
