// Retry runs with the real worker against the sandbox: a canary that stops where PKB refuses as before, and a run that goes
// through, patient by patient; and one that is killed in the middle and goes on.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startEngine } from '../../src/wire.ts'
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
