// The watch over stops and recalls, over the real ledger: what it says, how often, and that one process says it.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openRecallWatch, type RecallWatch } from '../../src/engine/recall-watch.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { makeSay } from '../../src/observe/say.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger
let opened: RecallWatch[] = []
beforeEach(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
})
afterEach(async () => {
  for (const watch of opened) await watch.close()
  opened = []
  await place.close()
})

const iso = () => place.clock.at.toISOString()
const later = (secs: number): void => { place.clock.at = new Date(place.clock.at.getTime() + secs * 1000) }
const sent = async (documentId: string) => {
  const { id } = await place.upload({ documentId })
  await work(place, id, 'pkb')
  return id
}

/** It looks when it is told to; what it said since it was last asked. */
const aWatch = async (ledger: Ledger = place.ledger) => {
  const lines: string[] = []
  const { say, metrics } = makeSay({ level: 'debug', write: (line) => lines.push(line) })
  const watch = openRecallWatch({ ledger, say, now: () => place.clock.at, everyMs: 3_600_000 })
  opened.push(watch)
  await watch.look()
  const said = async () => {
    await watch.look()
    return lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  return { watch, said, metrics }
}

test('a recall that is not done after a minute is said once a minute, until it is done', async () => {
  const { said } = await aWatch()
  const id = await sent('W-1')
  await place.ledger.hold(id, 'duty', 'sent in error', iso())
  later(59)
  expect(await said()).toEqual([])
  later(1)
  expect(await said()).toMatchObject([{ level: 'error', event: 'recall_open', document: id, destination: 'pkb', state: 'recalling', secs: 60 }])
  later(59)
  expect(await said()).toEqual([])
  later(1)
  expect(await said()).toMatchObject([{ event: 'recall_open', secs: 120 }])
  await work(place, id, 'pkb')
  later(60)
  expect(await said()).toEqual([])
})

test('a recall that is owed since a time that is yet to come, by a clock that was put back, is told of all the same', async () => {
  const { watch, said } = await aWatch()
  later(6 * 3_600)
  const id = await sent('W-CLOCK')
  await place.ledger.hold(id, 'duty', 'sent in error', iso())
  later(-6 * 3_600)
  expect(await said()).toMatchObject([{ event: 'recall_open', document: id }])
  expect(watch.seen()?.open).toMatchObject([{ documentId: id }])
  expect(await said()).toEqual([])
  later(60)
  expect(await said()).toMatchObject([{ event: 'recall_open', document: id }])
})

test('a recall that was done after the letter was read is said once, and counted', async () => {
  const { said, metrics } = await aWatch()
  const id = await sent('W-2')
  later(10)
  await place.ledger.saveReads([{ identifier: (await place.ledger.story(id))!.deliveries[0]!.identifier, at: iso() }], iso())
  await place.ledger.hold(id, 'duty', 'sent in error', iso())
  expect(await said()).toEqual([])
  await work(place, id, 'pkb')
  expect(await said()).toMatchObject([{ level: 'error', event: 'recalled_late', document: id, destination: 'pkb', why: 'read' }])
  expect(await said()).toEqual([])
  expect(await metrics.metrics()).toContain('openletter_recalls_late_total{destination="pkb"} 1')
})

test('a letter that was printed and must not have been is said once', async () => {
  const { said } = await aWatch()
  const { id } = await place.upload({ documentId: 'W-3', team: 'CAMHS1' })
  await work(place, id, 'print')
  await place.ledger.acknowledgePrint({ deliveryId: (await place.ledger.story(id))!.deliveries[0]!.id, accepted: true, batch: 'remote-1', revision: 1 }, iso())
  await place.ledger.hold(id, 'duty', 'sent in error', iso())
  expect(await said()).toMatchObject([{ event: 'recalled_late', document: id, destination: 'print', why: 'printed' }])
  expect(await said()).toEqual([])
})

test('what was late before it began is not said again after a restart; what is stopped and open is', async () => {
  const { id } = await place.upload({ documentId: 'W-4', team: 'CAMHS1' })
  await work(place, id, 'print')
  await place.ledger.acknowledgePrint({ deliveryId: (await place.ledger.story(id))!.deliveries[0]!.id, accepted: true, batch: 'remote-1', revision: 1 }, iso())
  await place.ledger.hold(id, 'duty', 'sent in error', iso())
  await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso())
  const open = await sent('W-5').catch(() => undefined)
  expect(open).toBeDefined()
  expect((await (await aWatch()).said()).map(({ event }) => event)).toEqual(['stop_in_force'])
})

test('a stop is said when it is pulled and when it is lifted, whoever did it, without its reason', async () => {
  const { said } = await aWatch()
  const other = await place.another()
  const stop = (await other.ledger.pullStop({ scope: 'code', value: 'CLIN' }, 'duty', 'a reason of its own', iso()))!
  const pulled = await said()
  expect(pulled).toMatchObject([{ level: 'error', event: 'stop_in_force', stop: stop.id, scope: 'code', value: 'CLIN', actor: 'duty' }])
  expect(JSON.stringify(pulled)).not.toContain('a reason of its own')
  await other.ledger.liftStop(stop.id, 'duty', 'over', iso())
  expect(await said()).toMatchObject([{ level: 'info', event: 'stop_lifted', stop: stop.id }])
  await other.close()
})

test('of two processes one says it, and the other takes over when that one is gone', async () => {
  const other = await place.another()
  const [first, second] = [await aWatch(), await aWatch(other.ledger)]
  await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso())
  expect([await first.said(), await second.said()]).toMatchObject([[{ event: 'stop_in_force' }], []])
  await first.watch.close()
  expect(await second.said()).toMatchObject([{ event: 'stop_in_force' }])
  await second.watch.close()
  await other.close()
})

test('a process that stands still keeps no other from watching, and says nothing twice when it goes on', async () => {
  const other = await place.another()
  const [still, second] = [await aWatch({ ...place.ledger, watch: (name) => place.ledger.watch(name, 50) }), await aWatch(other.ledger)]
  await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'a drill', iso())
  const taken = await until('the other one takes over', async () => { const said = await second.said(); return said.length > 0 && said })
  expect(taken).toMatchObject([{ event: 'stop_in_force' }])
  expect(await still.said()).toEqual([])
  expect(still.watch.seen()).toBeUndefined()
  expect(second.watch.seen()).toBeDefined()
  await second.watch.close()
  await other.close()
})

test('a duty is one process’s, and another’s when its connection broke', async () => {
  const other = await place.another()
  const mine = (await place.ledger.watch('over tests'))!
  expect(await other.ledger.watch('over tests')).toBeUndefined()
  expect(await mine.holds()).toBe(true)
  await place.pool.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where query = 'select 1' and pid <> pg_backend_pid() and datname = current_database()`)
  const theirs = (await until('it is free', () => other.ledger.watch('over tests')))
  expect([await mine.holds(), await mine.holds(), await theirs.holds()]).toEqual([false, false, true])
  await theirs.release()
  const again = (await place.ledger.watch('over tests'))!
  expect(await again.holds()).toBe(true)
  await again.release()
  await other.close()
})

test('a ledger that does not answer is said, and it goes on', async () => {
  let away = false
  const ledger = { ...place.ledger, stops: () => (away ? Promise.reject(new Error('away')) : place.ledger.stops()) }
  const { said } = await aWatch(ledger)
  away = true
  expect(await said()).toMatchObject([{ event: 'part_failed', part: 'recall-watch' }])
  away = false
  expect(await said()).toEqual([])
})
