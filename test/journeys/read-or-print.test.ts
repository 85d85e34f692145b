// Read, or printed: letters in the record over HL7, a sandbox that knows what was read, a print folder, and a clock that
// jumps. Whatever the cause, what is not proven read in time is printed, once; what was read never is.
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { openWake } from '../../src/deliver/wake.ts'
import { openLines, type Lines } from '../../src/engine/lines.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { ADA, aReceipt, type Metadata } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { pkbSettings } from '../support/pkb.ts'
import { printSettings } from '../support/print.ts'
import { contentRef } from '../support/receipts.ts'
import { aClient, type SandboxClient } from '../support/sandbox.ts'
import { keep } from '../support/shipment.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
/** The clock of everybody: it runs, and jumps. */
let ahead = 0
const now = (): Date => new Date(Date.now() + ahead)
const jump = (hours: number): void => { ahead += hours * HOUR_MS }

const folder = makeFolder()
const outbox = join(folder.path, 'print', 'outbox')
let sandbox: Sandbox
let client: SandboxClient
let place: TestLedger
let content: ContentStore
let running: { lines: Lines; close(): Promise<void> }[] = []
const said: { event: string; fields: Readonly<Record<string, unknown>> }[] = []

const bend = (policy: Policy): Policy => ({
  ...policy,
  destinations: {
    print: printSettings(join(folder.path, 'print')),
    pkb: pkbSettings(sandbox.url, { transport: 'hl7-soap', print_if_unread_after: { clinical: { hours: 72 } }, print_after: { hours: 48 }, read_poll_secs: 0.2, at_once: 1, timeout_secs: 2 }),
  },
})

/** The lines of one process to PKB and to the print house. */
const start = async (from: Pick<TestLedger, 'ledger' | 'pool'> = place): Promise<void> => {
  const wake = await openWake({ pool: from.pool, say: () => undefined, now })
  let listening = true
  from.ledger.onOwed((owed) => { if (listening) void wake.wake(owed) })
  const lines = openLines({ ledger: from.ledger, wake, policy: () => place.policy, content, now, say: (event, fields) => { said.push({ event, fields }) } })
  await (await lines.change(place.policy)).commit()
  expect(lines.down()).toEqual([])
  running.push({ lines, close: async () => { listening = false; await lines.close(); await wake.close() } })
}
const stop = async (): Promise<void> => { for (const one of running.splice(0)) await one.close() }

beforeAll(async () => {
  sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now, newId: randomUUID })
  client = await aClient(sandbox.url)
  content = await openContent(join(folder.path, 'content'))
  place = await aLedger(bend)
  // The ledger on the same clock.
  Object.defineProperty(place.clock, 'at', { get: now })
  await start()
}, 60_000)
afterEach(async () => { await client.control({ faults: [] }) })
afterAll(async () => {
  await stop()
  await sandbox.close()
  await place.close()
  folder.remove()
})

let uploads = 0
const upload = async (metadata: Metadata = {}) => {
  const pdf = aPdf({ mark: `to be read ${uploads += 1}` })
  await keep(content, pdf)
  const stated = { documentId: `RIO-J${uploads}`, uploadedAt: now().toISOString(), ...metadata }
  const receipt = aReceipt(stated, { id: randomUUID(), contents: [contentRef(pdf)], receivedAt: now().toISOString() })
  return (await place.upload(stated, { receipt })).id
}
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const reaches = (id: string, state: string): Promise<Story> => until(`${id} is ${state}`, async () => { const told = await story(id); return told.state === state && told }, 20_000)
const someone = (nhsNumber: string, birthDate = '1970-01-01') => ({ patient: { ...ADA, nhsNumber, clientId: `C${nhsNumber}`, birthDate } })
const reads = async (id: string): Promise<void> => {
  const [{ identifier }] = (await story(id)).deliveries.filter(({ destination }) => destination === 'pkb') as [Story['deliveries'][number]]
  // Not in the same instant as the acknowledgement.
  jump(0.01)
  expect((await client.control({ read: [{ documentNumber: identifier, at: now().toISOString() }] })).status).toBe(200)
}
/** How often it lies in the outbox, or did. */
const batches = async (id: string): Promise<number> => {
  const print = (await story(id)).deliveries.filter(({ destination }) => destination === 'print').map((delivery) => delivery.id)
  return existsSync(outbox) ? readdirSync(outbox).filter((batch) => print.some((delivery) => batch.startsWith(delivery))).length : 0
}
const postedOf = async (id: string): Promise<number> => (await story(id)).events.filter(({ kind }) => kind === 'posted-instead').length

test('a letter that is not read in time is printed once, and stays in the record; one that is read never is', async () => {
  const [unread, read] = [await upload(), await upload()]
  await reaches(unread, 'acknowledged')
  await reaches(read, 'acknowledged')
  await reads(read)
  await reaches(read, 'read')
  jump(71)
  // Another letter's whole way: the loops have looked since.
  await reaches(await upload(), 'acknowledged')
  expect([(await story(unread)).state, await batches(unread)]).toEqual(['acknowledged', 0])
  jump(2)
  expect(await reaches(unread, 'printing')).toMatchObject({ route: 'print', rule: 'not-read-in-time' })
  expect([await batches(unread), await postedOf(unread), (await story(read)).state, await batches(read)]).toEqual([1, 1, 'read', 0])
  const hash = (await story(unread)).document.contents[0]!.ref.sha256
  expect((await client.record(ADA.nhsNumber)).documents.filter((one) => one.sha256 === hash)).toHaveLength(1)
}, 60_000)

test('while PKB is paused its time runs on, and the letter goes by post; with print paused too it stays in', async () => {
  const pause = (channel: string) => place.ledger.haltChannel(channel, 'paused', 'Duty manager', 'a drill', now().toISOString())
  const goOn = (channel: string) => place.ledger.startChannel(channel, 'Duty manager', 'over', now().toISOString())
  await pause('pkb')
  await pause('print')
  const id = await upload()
  await until('a worker has put it off', async () => (await story(id)).deliveries.some(({ dueAt }) => dueAt !== undefined && Date.parse(dueAt) > now().getTime() + 10_000))
  jump(71)
  expect(await postedOf(id)).toBe(0)
  jump(2)
  await until('it is for the post', async () => (await postedOf(id)) === 1)
  await until('the post is put off', async () => (await story(id)).deliveries.some(({ destination, dueAt }) => destination === 'print' && dueAt !== undefined && Date.parse(dueAt) > now().getTime() + 10_000))
  expect([(await story(id)).state, await batches(id)]).toEqual(['waiting', 0])
  await goOn('print')
  await reaches(id, 'printing')
  expect(await batches(id)).toBe(1)
  const hash = (await story(id)).document.contents[0]!.ref.sha256
  expect((await client.record(ADA.nhsNumber)).documents.some((one) => one.sha256 === hash)).toBe(false)
  await goOn('pkb')
}, 60_000)

test('neither a restart, nor a clock that goes back, nor a second worker posts it again, and a reading after that changes nothing', async () => {
  const id = await upload()
  await reaches(id, 'acknowledged')
  await stop()
  jump(73)
  const other = await place.another()
  try {
    await Promise.all([start(), start(other)])
    await reaches(id, 'printing')
    jump(-100)
    await place.ledger.lookAgain(now().toISOString())
    // Another letter's whole way: everybody has looked since.
    await reaches(await upload(), 'acknowledged')
    jump(200)
    await reads(id)
    await until('the reading is known', async () => (await story(id)).deliveries.some(({ readAt }) => readAt !== undefined))
    const sign = await upload()
    await reaches(sign, 'acknowledged')
    jump(73)
    await reaches(sign, 'printing')
    expect([(await story(id)).state, await batches(id), await postedOf(id), await batches(sign), await postedOf(sign)]).toEqual(['printing', 1, 1, 1, 1])
    expect((await story(id)).events.filter(({ kind }) => kind === 'read')).toHaveLength(1)
  } finally {
    await stop()
    await other.close()
    await start()
  }
}, 60_000)

test('PKB is asked once more at the last moment, and what was read meanwhile stays', async () => {
  await stop()
  const kept = place.policy
  place = { ...place, policy: { ...kept, destinations: { ...kept.destinations, pkb: { ...kept.destinations.pkb!, read_poll_secs: 3600 } } } }
  try {
    await start()
    const [read, unread] = [await upload(), await upload()]
    await reaches(read, 'acknowledged')
    await reaches(unread, 'acknowledged')
    await reads(read)
    // One question that fails is no PKB that is away.
    await client.control({ faults: [{ path: '/facade/fhir/DocumentReference/$read-receipt-query', times: 2, status: 503 }] })
    jump(73)
    await reaches(unread, 'printing')
    await reaches(read, 'read')
    expect([await batches(read), await postedOf(read)]).toEqual([0, 0])
    expect(said.some(({ event, fields }) => event === 'reads_checked' && fields['outcome'] === 'unavailable')).toBe(true)
  } finally {
    await stop()
    place = { ...place, policy: kept }
    await start()
  }
}, 60_000)

test('a letter that PKB quarantined after it had acknowledged it is printed', async () => {
  const dev = '9990000042'
  const known = await upload(someone(dev, '1961-02-03'))
  await reaches(known, 'acknowledged')
  // PKB learns another date of birth, while its answer about the account still counts.
  await client.control({ hl7: { softMatching: true }, patients: [{ nhsNumber: dev, birthDate: '1961-03-02' }] })
  const held = await upload(someone(dev, '1961-02-03'))
  await reaches(held, 'acknowledged')
  const hash = (await story(held)).document.contents[0]!.ref.sha256
  expect((await client.record(dev)).documents.some((one) => one.sha256 === hash)).toBe(false)
  jump(73)
  await reaches(held, 'printing')
  expect(await batches(held)).toBe(1)
}, 60_000)

test('a letter is printed in time though PKB is away', async () => {
  await reaches(await upload(), 'acknowledged')
  await client.control({ faults: [{ path: '/services/hl7', times: 0, status: 503 }, { path: '/facade', times: 0, status: 503 }] })
  const id = await upload()
  await until('it was tried', async () => (await story(id)).deliveries.some(({ attempts }) => attempts.some(({ outcome }) => outcome === 'unavailable')))
  jump(73)
  const told = await reaches(id, 'printing')
  expect([told.rule, told.deliveries.find(({ destination }) => destination === 'pkb')?.state, await batches(id)]).toEqual(['not-read-in-time', 'closed', 1])
}, 60_000)

test('a letter is printed where PKB does not say for too long whether there is an account', async () => {
  await client.control({ faults: [{ path: '/facade', times: 0, status: 503 }] })
  const id = await upload(someone('9990000077', '1978-07-07'))
  await until('PKB was asked', () => said.some(({ event, fields }) => event === 'account_checked' && fields['outcome'] === 'unavailable'))
  jump(47)
  await until('a turn has passed', async () => (await place.ledger.overdue(now().toISOString(), now().toISOString(), 100)).some(({ documentId }) => documentId === id))
  expect((await story(id)).state).toBe('waiting')
  jump(2)
  expect(await reaches(id, 'printing')).toMatchObject({ route: 'print', rule: 'account-unknown-too-long' })
  expect([await batches(id), await postedOf(id)]).toEqual([1, 1])
}, 60_000)
