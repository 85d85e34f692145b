// The stop switch and the recall by a person in a whole engine: nothing reaches PKB or the print house past a stop, what
// must go goes all the same, and what waited arrives once when the stop is lifted.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { stop } from '../../src/commands/stop.ts'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { until } from '../support/until.ts'

const ADA = '9990000018'
let engine: TestEngine
beforeAll(async () => { engine = await anEngine() }, 60_000)
afterAll(() => engine.stop())

const post = async (path: string, body: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> => {
  const answer = await engine.api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

test('a stop holds what is on its way to PKB and to print, and no recall', async () => {
  const { body: sent } = await engine.upload({ documentId: 'ST-1' })
  await engine.state('ST-1', 'acknowledged')
  const { body: pulled } = await post('/api/stops', { scope: 'all', reason: 'the wrong template went out', by: 'Duty manager' })
  await engine.upload({ documentId: 'ST-2' })
  await engine.upload({ documentId: 'ST-3', team: 'CAMHS1' })
  expect((await post(`/api/documents/${sent.id}/hold`, { reason: 'it names another patient' })).status).toBe(202)
  await engine.state('ST-1', 'recalled')
  // A worker has looked at each, and put it off.
  for (const id of ['ST-2', 'ST-3']) await until(`${id} is put off`, async () => {
    const [delivery] = ((await engine.bySourceId(id)) as unknown as { readonly deliveries: readonly { readonly dueAt?: string }[] }).deliveries
    return delivery?.dueAt !== undefined && Date.parse(delivery.dueAt) > Date.now() + 10_000
  })
  expect([await engine.record(ADA), engine.printed()]).toEqual([[], []])
  expect((await engine.bySourceId('ST-2')) as unknown).toMatchObject({ state: 'waiting', stops: [{ id: pulled['id'], actor: 'Duty manager, by api-token (api)' }], deliveries: [{ attempts: [] }] })
  await until('the engine says that it is stopped', () => engine.log.some((line) => line.includes('"stop_in_force"')) || undefined)

  expect((await post(`/api/stops/${String(pulled['id'])}/lift`, { reason: 'the template was mended' })).status).toBe(200)
  await engine.state('ST-2', 'acknowledged')
  await engine.state('ST-3', 'printing')
  expect([(await engine.record(ADA)).length, engine.printed().length]).toEqual([1, 1])
}, 60_000)

test('a stop that the command pulls beside the engine holds too, and is lifted by it', async () => {
  const printed = jest.spyOn(console, 'log').mockImplementation(() => undefined)
  const env = { ...engine.engine.env, DATABASE_URL: engine.databaseUrl }
  expect(await stop(['--code', 'clin', '--reason', 'a drill'], env, { actor: () => 'anna' })).toBe(0)
  await engine.upload({ documentId: 'ST-4' })
  await engine.upload({ documentId: 'ST-5', name: 'APPT Appointment.pdf' })
  await engine.state('ST-5', 'acknowledged')
  const held = (await engine.bySourceId('ST-4')) as unknown as { readonly state: string; readonly stops: readonly { readonly id: string }[] }
  expect([held.state, held.stops.length]).toEqual(['waiting', 1])
  expect(await stop(['lift', held.stops[0]!.id, '--reason', 'over'], env, { actor: () => 'anna' })).toBe(0)
  await engine.state('ST-4', 'acknowledged')
  expect(printed).toHaveBeenCalledTimes(2)
  printed.mockRestore()
}, 60_000)
