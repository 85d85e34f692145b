// The worker on the real ledger, queue, sandbox and print folder: what becomes of an upload, on good days and bad ones.
import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Pool } from 'pg'
import { openAccounts } from '../../src/deliver/pkb/accounts.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { printDestination } from '../../src/deliver/print/destination.ts'
import { openWake } from '../../src/deliver/wake.ts'
import { openWorker, planAgain } from '../../src/deliver/worker.ts'
import { exchange } from '../../src/deliver/exchange.ts'
import { think } from '../../src/deliver/next.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Ledger, Story } from '../../src/ledger/ledger.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { ADA, aReceipt, BEN, type Metadata } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { pkbSettings } from '../support/pkb.ts'
import { printSettings } from '../support/print.ts'
import { contentRef } from '../support/receipts.ts'
import { aClient, type SandboxClient } from '../support/sandbox.ts'
import { keep } from '../support/shipment.ts'
import { until } from '../support/until.ts'

const now = (): Date => new Date()
const folder = makeFolder()
let place: TestLedger
let sandbox: Sandbox
let client: SandboxClient
let content: ContentStore
const said: { event: string; fields: Readonly<Record<string, unknown>> }[] = []

beforeAll(async () => {
  place = await aLedger()
  // The ledger on the same clock as the worker.
  Object.defineProperty(place.clock, 'at', { get: now })
  sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now, newId: randomUUID })
  client = await aClient(sandbox.url)
  content = await openContent(join(folder.path, 'content'))
})
afterAll(async () => {
  await sandbox.close()
  await place.close()
  folder.remove()
})

/** A worker as a process has it: its own queue connections, destinations and gates. */
const aWorker = async (ledger: Ledger, pool: Pool, atOnce = 4) => {
  const settings = pkbSettings(sandbox.url, { at_once: atOnce, timeout_secs: 2 })
  const wake = await openWake({ pool, say: () => undefined, now })
  let listening = true
  ledger.onOwed((owed) => { if (listening) void wake.wake(owed) })
  const pkb = openPkb(settings, { content, now })
  const accounts = openAccounts(settings, { now })
  const print = printDestination({ settings: printSettings(join(folder.path, 'print')), content, now })
  const worker = await openWorker({
    ledger, wake, accounts, policy: () => place.policy, now, random: Math.random, sweepEveryMs: 100, recallProbeSecs: 0.3,
    destinations: [{ destination: pkb, settings }, { destination: print, settings: printSettings(join(folder.path, 'print')) }],
    say: (event, fields) => { said.push({ event, fields: fields as Record<string, unknown> }) },
  })
  return {
    worker, pkb,
    close: async () => {
      listening = false
      await worker.close()
      await wake.close()
      await pkb.close()
      await accounts.close()
    },
  }
}

let uploads = 0
/** An upload with an id and a file of its own, in the content store. */
const upload = async (metadata: Metadata = {}) => {
  const n = ++uploads
  const pdf = aPdf({ mark: `letter ${n}` })
  await keep(content, pdf)
  const stated = { documentId: `RIO-${n}`, ...metadata }
  const receipt = aReceipt(stated, { id: randomUUID(), contents: [contentRef(pdf)], receivedAt: now().toISOString() })
  return { ...(await place.upload(stated, { receipt })), sha256: contentRef(pdf).sha256 }
}
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const reaches = (id: string, ...states: string[]): Promise<Story> =>
  until(`${id} is ${states.join(' or ')}`, async () => {
    const now = await story(id)
    return states.includes(now.state) ? now : undefined
  })
const copies = async (nhsNumber: string, sha256: string): Promise<number> => (await client.record(nhsNumber)).documents.filter((one) => one.sha256 === sha256).length
const outcomes = (of: Story): readonly string[] => of.deliveries.flatMap(({ attempts }) => attempts.map(({ action, outcome }) => `${action} ${outcome}`))
const toldOf = (event: string): number => said.filter((one) => one.event === event).length

describe('one worker', () => {
  let running: Awaited<ReturnType<typeof aWorker>>
  beforeAll(async () => { running = await aWorker(place.ledger, place.pool) })
  beforeEach(() => { said.length = 0 })
  afterEach(async () => { await client.control({ faults: [], deleteRefused: false }) })
  afterAll(async () => { await running.close() })

  test('a letter for a registered patient is in the record', async () => {
    const { id, sha256 } = await upload()
    const told = await reaches(id, 'acknowledged')
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
    expect(outcomes(told)).toEqual(['create accepted'])
  })

  test('a letter for a patient without an account is in the print folder, once the account was asked for', async () => {
    const { id, sha256, route } = await upload({ patient: BEN })
    expect(route).toBe('pkb')
    const told = await reaches(id, 'printing')
    expect(told.deliveries.map(({ destination, standing }) => `${destination} ${standing}`).toSorted()).toEqual(['pkb nothing', 'print present'])
    expect(await copies(BEN.nhsNumber, sha256)).toBe(0)
    const printed = told.deliveries.find(({ destination }) => destination === 'print')!
    expect(readdirSync(join(folder.path, 'print', 'outbox')).some((batch) => batch.startsWith(printed.id))).toBe(true)
  })

  test('do-not-share never leaves, and takes back what had left', async () => {
    const never = await upload({ documentType: 'MH DO NOT share with patient' })
    expect(never.state).toBe('withheld')
    const { id, sha256 } = await upload()
    await reaches(id, 'acknowledged')
    await upload({ documentId: (await story(id)).sourceId, event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' })
    const told = await reaches(id, 'recalled')
    expect(await copies(ADA.nhsNumber, sha256)).toBe(0)
    expect(await copies(ADA.nhsNumber, never.sha256)).toBe(0)
    expect(outcomes(told)).toEqual(['create accepted', 'recall accepted'])
  })

  test('a new revision takes the place of the old one', async () => {
    const first = await upload()
    await reaches(first.id, 'acknowledged')
    const second = await upload({ documentId: (await story(first.id)).sourceId, event: 'updated', uploadedAt: '2026-11-20T12:00:00Z' })
    await until('the second revision', async () => (await copies(ADA.nhsNumber, second.sha256)) === 1)
    expect(await copies(ADA.nhsNumber, first.sha256)).toBe(0)
    expect(outcomes(await reaches(first.id, 'acknowledged'))).toEqual(['create accepted', 'update accepted'])
  })

  test('a document that moves to another patient is taken back from the first', async () => {
    const { id, sha256 } = await upload()
    await reaches(id, 'acknowledged')
    await upload({ documentId: (await story(id)).sourceId, event: 'updated', patient: BEN, uploadedAt: '2026-11-20T12:00:00Z' })
    await until('the recall', async () => (await copies(ADA.nhsNumber, sha256)) === 0)
    expect((await reaches(id, 'review')).deliveries[0]).toMatchObject({ standing: 'recalled', nhsNumber: ADA.nhsNumber })
  })

  test('PKB is away for a while: documents wait and then arrive, once each', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', status: 503, times: 8 }] })
    const sent = await Promise.all([1, 2, 3, 4, 5, 6].map(async () => upload()))
    for (const { id } of sent) await reaches(id, 'acknowledged')
    expect(await Promise.all(sent.map(({ sha256 }) => copies(ADA.nhsNumber, sha256)))).toEqual([1, 1, 1, 1, 1, 1])
    expect(toldOf('circuit_opened')).toBeGreaterThan(0)
    await until('the circuit is closed', () => toldOf('circuit_closed') > 0)
  })

  test('PKB asks to be left alone for an hour: a letter that must go is taken back all the same', async () => {
    const { id, sha256 } = await upload()
    await reaches(id, 'acknowledged')
    const opened = toldOf('circuit_opened')
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', status: 503, retryAfter: 3600 }] })
    const waiting = await upload()
    await until('PKB has asked for it', () => toldOf('circuit_opened') > opened)
    await upload({ documentId: (await story(id)).sourceId, event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' })
    await until('the recall', async () => (await copies(ADA.nhsNumber, sha256)) === 0)
    await reaches(id, 'recalled')
    // What PKB asked for a time for is put off in the ledger; the circuit itself is closed again.
    const [delivery] = (await story(waiting.id)).deliveries
    await place.ledger.retry(delivery!.id, 'clerk', 'PKB answers', now().toISOString())
    await reaches(waiting.id, 'acknowledged')
  })

  test('a letter that was put off by a clock six hours ahead goes when the clock is right again, and not six hours later', async () => {
    const stop = (await place.ledger.pullStop({ scope: 'all', value: '' }, 'duty', 'clock', now().toISOString()))!
    const { id, sha256 } = await upload()
    const delivery = (await story(id)).deliveries[0]!.id
    await until('it is put off', async () => Date.parse((await story(id)).deliveries[0]!.dueAt!) > now().getTime() + 5_000)
    await place.pool.query(`update deliveries set due_at = due_at + interval '6 hours' where id = $1`, [delivery])
    await place.pool.query('update stops set lifted_at = now() where id = $1', [stop.id])
    await reaches(id, 'acknowledged')
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
  })

  test('PKB refuses one: it waits for a person, and the others are not held up', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', status: 422 }] })
    const sent: Awaited<ReturnType<typeof upload>>[] = []
    for (let i = 0; i < 4; i += 1) sent.push(await upload())
    const states = await until('all are settled', async () => {
      const now = await Promise.all(sent.map(async ({ id }) => (await story(id)).state))
      return now.every((state) => state === 'acknowledged' || state === 'failed') ? now : undefined
    })
    expect(states.filter((state) => state === 'failed')).toHaveLength(1)
    const failed = sent[states.indexOf('failed')]!
    const { deliveries } = await story(failed.id)
    expect(await place.ledger.retry(deliveries[0]!.id, 'Clinical Records', 'mended', now().toISOString())).toBe(true)
    await reaches(failed.id, 'acknowledged')
    expect(await copies(ADA.nhsNumber, failed.sha256)).toBe(1)
  })

  test('PKB stores it and the connection breaks: it is looked for, and there is one copy', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', cut: 'after-store' }] })
    const { id, sha256 } = await upload()
    expect(outcomes(await reaches(id, 'acknowledged'))).toEqual(['create unsure', 'look accepted'])
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
  })

  test('the connection breaks before PKB stores it: it is looked for and sent again', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'POST', cut: 'before-store' }] })
    const { id, sha256 } = await upload()
    expect(outcomes(await reaches(id, 'acknowledged'))).toEqual(['create unsure', 'look accepted', 'create accepted'])
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
  })

  test('PKB refuses this engine: its deliveries wait, none is marked failed, and they arrive when that is mended', async () => {
    await client.control({ faults: [{ path: '/fhir/DocumentReference', status: 403, times: 3 }] })
    const { id, sha256 } = await upload()
    await until('somebody is told', () => toldOf('destination_forbidden') > 0)
    expect((await story(id)).state).toMatch(/waiting|sent/u)
    await reaches(id, 'acknowledged')
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
    expect(outcomes(await story(id)).filter((one) => one.includes('refused'))).toEqual([])
  })

  test('the account cannot be asked for: the document waits and nothing is sent meanwhile', async () => {
    const patient = { ...ADA, nhsNumber: '9990000085', family: 'Template', given: 'Hal', birthDate: '1966-08-08', clientId: 'C85' }
    await client.control({ faults: [{ path: '/facade/fhir', status: 503, times: 4 }] })
    const { id, sha256 } = await upload({ patient })
    const told = await reaches(id, 'acknowledged')
    expect(outcomes(told)).toEqual(['create accepted'])
    expect(said.filter(({ event, fields }) => event === 'account_checked' && fields['outcome'] === 'unavailable').length).toBeGreaterThan(1)
    expect(await copies(patient.nhsNumber, sha256)).toBe(1)
  })

  test('a recall that PKB cannot answer yet is tried until it is done', async () => {
    const { id, sha256 } = await upload()
    await reaches(id, 'acknowledged')
    await client.control({ faults: [{ path: '/fhir/DocumentReference', method: 'DELETE', status: 500, times: 2 }] })
    await upload({ documentId: (await story(id)).sourceId, event: 'updated', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T12:00:00Z' })
    expect(outcomes(await reaches(id, 'recalled'))).toEqual(['create accepted', 'recall unsure', 'recall unsure', 'recall accepted'])
    expect(await copies(ADA.nhsNumber, sha256)).toBe(0)
  })

  test('nothing that is said names a patient, a title or content', async () => {
    const { id } = await upload()
    await reaches(id, 'acknowledged')
    await until('the end of the attempt was said', () => toldOf('attempt_ended') > 0)
    expect(JSON.stringify(said)).not.toMatch(/9990000|Ada|Example|Clinic|CLIN/u)
  })
})

describe('workers that die', () => {
  test('a worker dies between the sending and the writing down: the next one looks and adopts, and there is one copy', async () => {
    const dying = await place.another()
    const { id, sha256 } = await upload()
    const lock = (await dying.ledger.lock(id, 'pkb'))!
    const begun = (await lock.begin((work) => think(work, place.policy, planAgain, now()), now().toISOString()))!
    const { step, plan } = begun.thought
    if (step.do !== 'exchange') throw new Error(`nothing was begun: ${step.do}`)
    const pkb = openPkb(pkbSettings(sandbox.url), { content, now })
    await exchange(pkb, begun.work, plan, begun.work.deliveries[0]!, step, begun.attemptId!, AbortSignal.timeout(5000))
    await pkb.close()
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
    await dying.close()
    // PostgreSQL takes a moment to notice.
    await until('its lock is free', async () => { const free = await place.ledger.lock(id, 'pkb'); await free?.release(); return free !== undefined })

    const next = await place.another()
    const running = await aWorker(next.ledger, next.pool)
    const told = await reaches(id, 'acknowledged')
    expect(told.deliveries[0]!.attempts.map(({ action }) => action)).toEqual(['create', 'look'])
    expect(await copies(ADA.nhsNumber, sha256)).toBe(1)
    await running.close()
    await next.close()
  })
})

describe('two workers', () => {
  test('share the work, and each letter arrives once', async () => {
    const other = await place.another()
    const workers = [await aWorker(place.ledger, place.pool, 3), await aWorker(other.ledger, other.pool, 3)]
    const sent = await Promise.all(Array.from({ length: 30 }, () => upload()))
    for (const { id } of sent) await reaches(id, 'acknowledged')
    const record = (await client.record(ADA.nhsNumber)).documents.map(({ sha256 }) => sha256)
    expect(sent.map(({ sha256 }) => record.filter((one) => one === sha256).length)).toEqual(sent.map(() => 1))
    for (const worker of workers) await worker.close()
    await other.close()
  })
})
