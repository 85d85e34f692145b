// What an engine finds wrong by itself, from the real cause to the incident: a review queue that is too old, a full disk.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { isNearlyFull, lateReviews, openAlerts, type Alerts } from '../../src/engine/alerts.ts'
import { makeSay } from '../../src/observe/say.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { aReceipt } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { until } from '../support/until.ts'

let place: TestLedger | undefined
let alerts: Alerts | undefined
let folder: ReturnType<typeof makeFolder>
beforeEach(() => { folder = makeFolder() })
afterEach(async () => {
  await alerts?.close()
  alerts = undefined
  await place?.close()
  place = undefined
  folder.remove()
})

const start = (place: TestLedger, free: number) => {
  const policy = { ...place.policy, feeds: {} }
  alerts = openAlerts({
    env: {}, ledger: place.ledger, holder: { now: () => ({ policy, since: '2026-11-01T00:00:00.000Z' }) as never, refused: () => undefined },
    dataDir: folder.path, room: () => Promise.resolve({ blocks: 1e9, bavail: free, bsize: 4096 }), say: makeSay({ level: 'debug', write: () => {} }).say, now: () => place.clock.at,
  })
}
const open = async (place: TestLedger) => (await place.ledger.incidents(10)).open

test('documents that wait for longer than the limit of their reason, by the queue itself', async () => {
  place = await aLedger()
  const at = '2026-10-01T10:00:00.000Z'
  place.clock.at = new Date(at)
  for (const documentId of ['R-1', 'R-2']) await place.upload({ documentId, name: 'ZZZZ Letter.pdf' }, { receipt: aReceipt({ documentId, name: 'ZZZZ Letter.pdf' }, { receivedAt: at }) })
  place.clock.at = new Date('2026-11-23T10:00:00.000Z')
  const { groups } = await place.ledger.reviews({ late: true, limit: 1 }, place.clock.at.toISOString(), {})
  expect(groups).toMatchObject([{ late: 2 }])
  start(place, 0.5e9)
  await until('the incident is open', async () => (await open(place!)).length > 0)
  expect(await open(place)).toMatchObject([{ kind: 'review-waiting', count: 2, about: 'Code not listed, for Head of clinical records within 3 working days' }])
})

test('another limit holds from the next look on, and the alert says whose it is and for how long', async () => {
  place = await aLedger()
  const at = '2026-11-20T10:00:00.000Z'
  place.clock.at = new Date(at)
  await place.upload({ documentId: 'R-1', name: 'ZZZZ Letter.pdf' }, { receipt: aReceipt({ documentId: 'R-1', name: 'ZZZZ Letter.pdf' }, { receivedAt: at }) })
  const limit = (owner: string, within: string): Policy['reviewLimits'] => ({ code: { reason: 'code', owner, within, approved_by: 'Director of Operations', approved_on: '2026-10-01' } })
  let policy: Policy = { ...place.policy, reviewLimits: {} }
  const late = lateReviews(place.ledger, () => policy, makeSay({ level: 'debug', write: () => {} }).say)
  const found = () => late('2026-11-23T10:00:00.000Z')
  // A Friday and a Monday: the engine allows three working days.
  expect(await found()).toEqual([])
  policy = { ...policy, reviewLimits: limit('Duty analyst', '8 working hours') }
  expect(await found()).toEqual([{ reason: 'code', about: 'Code not listed, for Duty analyst within 8 working hours', since: at, count: 1 }])
  policy = { ...policy, reviewLimits: limit('Duty analyst', '9 working hours') }
  expect(await found()).toEqual([])
})

test.each([
  ['a twentieth of a large one is left', { blocks: 1e9, bavail: 0.051e9, bsize: 4096 }, false],
  ['less than that', { blocks: 1e9, bavail: 0.049e9, bsize: 4096 }, true],
  ['half of a small one, and less than 2 GB', { blocks: 800_000, bavail: 400_000, bsize: 4096 }, true],
  ['half of one, and more than 2 GB', { blocks: 1_200_000, bavail: 600_000, bsize: 4096 }, false],
  ['nothing can be known of it', { blocks: 0, bavail: 0, bsize: 4096 }, false],
])('a disk of which %s', async (_, room, full) => { expect(await isNearlyFull('any', () => Promise.resolve(room))).toBe(full) })

test('the disk of the folder is looked at, and a folder that is not there is nobody’s alert', async () => {
  const asked: string[] = []
  expect(await isNearlyFull(folder.path, (of) => { asked.push(of); return Promise.resolve({ blocks: 10, bavail: 0, bsize: 4096 }) })).toBe(true)
  expect([asked, await isNearlyFull(`${folder.path}/not-there`)]).toEqual([[folder.path], false])
})

test('the files of the documents may lie on a disk of their own: of one that is nearly full the alert names the folder', async () => {
  place = await aLedger()
  const policy = { ...place.policy, feeds: {} }
  alerts = openAlerts({
    env: {}, ledger: place.ledger, holder: { now: () => ({ policy, since: '2026-11-01T00:00:00.000Z' }) as never, refused: () => undefined }, dataDir: folder.path,
    room: (of) => Promise.resolve({ blocks: 1e9, bavail: of === folder.path ? 0.5e9 : 1, bsize: 4096 }), say: makeSay({ level: 'debug', write: () => {} }).say, now: () => place!.clock.at,
  })
  await until('the incident is open', async () => (await open(place!)).length > 0)
  expect(await open(place)).toMatchObject([{ kind: 'disk-full', about: 'DATA_DIR/content' }])
})

test('a disk that is nearly full is an incident', async () => {
  place = await aLedger()
  start(place, 1)
  await until('the incident is open', async () => (await open(place!)).length > 0)
  expect(await open(place)).toMatchObject([{ kind: 'disk-full', about: 'DATA_DIR' }])
})
