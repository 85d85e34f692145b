// Retry runs with the real worker against the sandbox: a canary that stops where PKB refuses as before, and a run that goes
// through, patient by patient; one that is stopped in order and one that is killed with kill -9 in the middle, and go on.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { startEngine } from '../../src/wire.ts'
import { anEngineHome, type RunningEngine } from '../support/child-engine.ts'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { until } from '../support/until.ts'

const CREATE = { path: '/fhir/DocumentReference', method: 'POST' }
type Run = { readonly id: string; readonly state: string; readonly why?: string; readonly step: number; readonly byState: Record<string, number> }

let engine: TestEngine
beforeAll(async () => { engine = await anEngine() }, 60_000)
afterAll(() => engine.stop())

const post = async <T>(path: string, body: object): Promise<T> => (await engine.api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json() as Promise<T>
const run = async (id: string): Promise<Run> => ((await (await engine.api(`/api/runs/${id}`)).json()) as { readonly run: Run }).run
const refusedGroup = async (): Promise<string> => {
  const { groups } = (await (await engine.api('/api/failures')).json()) as { readonly groups: readonly { readonly key: string; readonly cause: string }[] }
  return groups.find(({ cause }) => cause === 'refused')!.key
}
const refused = async (...ids: readonly string[]): Promise<void> => {
  await engine.control({ faults: [{ ...CREATE, times: ids.length, status: 422 }] })
  for (const documentId of ids) {
    await engine.upload({ documentId })
    await engine.state(documentId, 'failed')
  }
}
const planned = (changed = 'the type of letters was mended'): Promise<Run> => refusedGroup().then((group) => post<Run>('/api/runs/plan', { group, changed, perMinute: 600 }))
const ends = (id: string, ...states: readonly string[]): Promise<Run> => until(`the run is ${states.join(' or ')}`, async () => {
  const now = await run(id)
  return states.includes(now.state) ? now : undefined
}, 30_000)

describe('a run of what PKB refused', () => {
  test('stops after one where PKB refuses it as before, and nothing else is sent; goes on with one, and then all arrive in order', async () => {
    await refused('RUN-1', 'RUN-2', 'RUN-3')
    await engine.control({ faults: [{ ...CREATE, times: 1, status: 422 }] })
    const before = (await engine.requests()).byPath['POST /fhir/DocumentReference'] ?? 0
    const { id } = await planned()
    await post(`/api/runs/${id}/start`, { reason: 'the mapping was mended' })
    expect(await ends(id, 'stopped', 'done')).toMatchObject({ state: 'stopped', why: 'same-failure', byState: { failed: 1, waiting: 2 } })
    expect(((await engine.requests()).byPath['POST /fhir/DocumentReference'] ?? 0) - before).toBeLessThanOrEqual(1)
    expect(engine.log.some((line) => line.includes('"run_changed"') && line.includes('same-failure'))).toBe(true)

    await post(`/api/runs/${id}/go-on`, { reason: 'PKB has mended it' })
    expect(await ends(id, 'stopped', 'done')).toMatchObject({ state: 'done', byState: { failed: 1, arrived: 2 } })
    expect((await engine.bySourceId('RUN-1'))?.state).toBe('failed')
    const [second, third] = [await engine.state('RUN-2', 'acknowledged'), await engine.state('RUN-3', 'acknowledged')]
    const arrived = [second, third].map(({ events }) => (events as readonly { readonly kind: string; readonly at?: string; readonly detail: Record<string, unknown> }[]).findLast(({ kind, detail }) => kind === 'attempt-ended' && detail['outcome'] === 'accepted')?.at ?? '')
    expect(arrived[0]! < arrived[1]!).toBe(true)
    expect(second.events.filter(({ kind, detail }) => kind === 'retried' && detail['run'] === id)).toHaveLength(1)
  }, 90_000)

  test('goes on where it was when the engine is back', async () => {
    await refused('RUN-4', 'RUN-5', 'RUN-6')
    const { id } = await planned()
    // The first of its patient is being sent, and the answer takes long.
    await engine.control({ faults: [{ ...CREATE, times: 1, delayMs: 2_000 }] })
    await post(`/api/runs/${id}/start`, { reason: 'the mapping was mended' })
    await until('the first is under way', async () => ((await run(id)).byState['under-way'] === 1 ? true : undefined))
    await engine.engine.stop()
    const again = await startEngine({ ...engine.engine.env, HTTP_PORT: '0', MLLP_PORT: '0' }, { log: () => {} })
    const api = (path: string) => fetch(again.url + path, { headers: { authorization: `Bearer ${again.env['API_TOKEN']}` } })
    try {
      const told = await until('the run is done', async () => {
        const { run: now } = (await (await api(`/api/runs/${id}`)).json()) as { readonly run: Run }
        return now.state === 'done' || now.state === 'stopped' ? now : undefined
      }, 60_000)
      const { deliveries } = (await (await api(`/api/runs/${id}/report`)).json()) as { readonly deliveries: readonly { readonly sourceId: string; readonly documentId: string; readonly state: string }[] }
      expect(told.state).toBe('done')
      // RUN-1, which failed again in the run before, is in the group as well.
      expect(deliveries.filter(({ state }) => state !== 'arrived')).toEqual([])
      for (const { documentId } of deliveries) {
        const { events } = (await (await api(`/api/documents/${documentId}`)).json()) as { readonly events: readonly { readonly kind: string; readonly detail: Record<string, unknown> }[] }
        expect(events.filter(({ kind, detail }) => kind === 'retried' && detail['run'] === id)).toHaveLength(1)
      }
    } finally {
      await again.stop()
    }
  }, 120_000)
})

test('a run whose engine is killed with kill -9 while a letter is on its way goes on where it was, and no letter arrives twice', async () => {
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now: () => new Date(), newId: randomUUID })
  const home = anEngineHome({ sandboxUrl: sandbox.url })
  type Report = { readonly run: Run; readonly deliveries: readonly { readonly sourceId: string; readonly documentId: string; readonly state: string }[] }
  const ask = async <T>(of: RunningEngine, path: string, body?: object): Promise<T> =>
    (await of.api(path, body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {})).json() as Promise<T>
  try {
    const first = await home.start()
    const ids = ['KILL-1', 'KILL-2', 'KILL-3']
    await first.control({ faults: [{ ...CREATE, times: ids.length, status: 422 }] })
    for (const documentId of ids) {
      await first.upload({ documentId })
      await first.state(documentId, 'failed')
    }
    const { groups } = await ask<{ readonly groups: readonly { readonly key: string; readonly cause: string }[] }>(first, '/api/failures')
    const { id } = await ask<Run>(first, '/api/runs/plan', { group: groups.find(({ cause }) => cause === 'refused')!.key, changed: 'the type of letters was mended', perMinute: 600 })
    // PKB has the first one, and its answer never comes.
    await first.control({ faults: [{ ...CREATE, times: 1, delayMs: 60_000 }] })
    await ask(first, `/api/runs/${id}/start`, { reason: 'the mapping was mended' })
    await until('PKB has the first', async () => (await first.record('9990000018')).length === 1 || undefined, 30_000)
    expect(await first.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })

    await first.control({ faults: [] })
    const second = await home.start()
    const done = await until('the run has ended', async () => {
      const report = await ask<Report>(second, `/api/runs/${id}/report`)
      return ['done', 'stopped'].includes(report.run.state) ? report : undefined
    }, 90_000)
    expect([done.run.state, done.run.byState, done.deliveries.map(({ sourceId, state }) => [sourceId, state])]).toEqual(['done', { arrived: 3 }, ids.map((sourceId) => [sourceId, 'arrived'])])
    expect(await second.record('9990000018')).toHaveLength(3)
    for (const { documentId } of done.deliveries) {
      const { events } = await ask<{ readonly events: readonly { readonly kind: string; readonly detail: Record<string, unknown> }[] }>(second, `/api/documents/${documentId}`)
      expect(events.filter(({ kind, detail }) => kind === 'retried' && detail['run'] === id)).toHaveLength(1)
    }
  } finally {
    await home.remove()
    await sandbox.close()
  }
}, 240_000)
