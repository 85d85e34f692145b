// The worker on the real ledger, queue and sandbox, by each transport to PKB: what becomes of a letter where PKB can be
// looked at, and where it cannot.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { openAccounts } from '../../src/deliver/pkb/accounts.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { exchange } from '../../src/deliver/exchange.ts'
import { think } from '../../src/deliver/next.ts'
import { openWake } from '../../src/deliver/wake.ts'
import { openWorker, planAgain } from '../../src/deliver/worker.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Ledger, Story } from '../../src/ledger/ledger.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { TRANSPORTS, type Transport } from '../../src/types.ts'
import { ADA, aReceipt, type Metadata } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { pkbSettings } from '../support/pkb.ts'
import { contentRef } from '../support/receipts.ts'
import { aClient, type SandboxClient } from '../support/sandbox.ts'
import { keep } from '../support/shipment.ts'
import { until } from '../support/until.ts'

const now = (): Date => new Date()
const HAL = { ...ADA, nhsNumber: '9990000085', family: 'Template', given: 'Hal', birthDate: '1966-08-08', clientId: 'C85' }
const DO_NOT = 'MH DO NOT share with patient'
const SETTLE_SECS = 2
const folder = makeFolder()
let place: TestLedger
let sandbox: Sandbox
let client: SandboxClient
let content: ContentStore

beforeAll(async () => {
  place = await aLedger()
  Object.defineProperty(place.clock, 'at', { get: now })
  sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now, newId: randomUUID })
  client = await aClient(sandbox.url)
  content = await openContent(join(folder.path, 'content'))
})
afterEach(() => client.control({ faults: [] }))
afterAll(async () => {
  await sandbox.close()
  await place.close()
  folder.remove()
})

const settingsBy = (transport: Transport) => {
  return pkbSettings(sandbox.url, { transport, timeout_secs: 1.5, settle_secs: SETTLE_SECS })
}
const policyBy = (transport: Transport): Policy => ({ ...place.policy, destinations: { pkb: settingsBy(transport) } })

const aWorker = async (transport: Transport, ledger: Ledger = place.ledger) => {
  const settings = settingsBy(transport)
  const wake = await openWake({ pool: place.pool, say: () => undefined, now })
  let listening = true
  ledger.onOwed((owed) => { if (listening) void wake.wake(owed) })
  const pkb = openPkb(settings, { content, now })
  const accounts = openAccounts(settings, { now })
  const worker = await openWorker({ ledger, wake, accounts, policy: () => policyBy(transport), now, random: Math.random, sweepEveryMs: 100, destinations: [{ destination: pkb, settings }], say: () => undefined })
  return async (): Promise<void> => {
    listening = false
    await worker.close()
    await wake.close()
    await pkb.close()
    await accounts.close()
  }
}

let uploads = 0
const upload = async (metadata: Metadata = {}) => {
  const n = ++uploads
  const pdf = aPdf({ mark: `letter ${n}` })
  await keep(content, pdf)
  const stated = { documentId: `RIO-T${n}`, uploadedAt: new Date(Date.parse('2026-11-20T12:00:00Z') + n * 1000).toISOString(), ...metadata }
  const receipt = aReceipt(stated, { id: randomUUID(), contents: [contentRef(pdf)], receivedAt: now().toISOString() })
  return { ...(await place.upload(stated, { receipt })), sourceId: stated.documentId, sha256: contentRef(pdf).sha256 }
}
const changed = (sourceId: string, metadata: Metadata = {}) => upload({ documentId: sourceId, event: 'updated', ...metadata })
const story = async (id: string): Promise<Story> => (await place.ledger.story(id))!
const reaches = (id: string, ...states: string[]): Promise<Story> =>
  until(`${id} is ${states.join(' or ')}`, async () => {
    const told = await story(id)
    return states.includes(told.state) ? told : undefined
  })
const held = async (nhsNumber: string): Promise<readonly string[]> => (await client.record(nhsNumber)).documents.map(({ sha256 }) => sha256)
const attempts = (of: Story) => of.deliveries.flatMap((delivery) => delivery.attempts)
const outcomes = (of: Story): readonly string[] => attempts(of).map(({ action, outcome }) => `${action} ${outcome}`)
const WRITE: Readonly<Record<Transport, object>> = { fhir: { path: '/fhir/DocumentReference', method: 'POST' }, 'hl7-soap': { path: '/services/hl7', method: 'POST' } }
const secsBetween = (first: string | undefined, second: string | undefined): number => (Date.parse(second!) - Date.parse(first!)) / 1000

describe.each(TRANSPORTS)('by %s', (transport) => {
  let close: () => Promise<void>
  beforeAll(async () => { close = await aWorker(transport) })
  afterAll(() => close())
  const unconfirmed = transport === 'hl7-soap' ? true : undefined

  test('a letter reaches the record, is replaced, and is taken back', async () => {
    const first = await upload()
    const sent = await reaches(first.id, 'acknowledged')
    expect(sent.deliveries).toMatchObject([{ standing: 'present', via: [transport], sentAt: expect.any(String), acknowledgedAt: expect.any(String) }])
    expect(attempts(sent)).toMatchObject([{ action: 'create', outcome: 'accepted', trace: { correlation: attempts(sent)[0]!.id, requestSha256: expect.stringMatching(/^[0-9a-f]{64}$/u), requestBytes: expect.any(Number) } }])
    const second = await changed(first.sourceId)
    await until('the second', async () => (await held(ADA.nhsNumber)).includes(second.sha256))
    expect(await held(ADA.nhsNumber)).not.toContain(first.sha256)
    await reaches(first.id, 'acknowledged')
    await changed(first.sourceId, { documentType: DO_NOT })
    const gone = await reaches(first.id, 'recalled')
    expect(await held(ADA.nhsNumber)).not.toContain(second.sha256)
    expect(outcomes(gone)).toEqual(['create accepted', 'update accepted', 'recall accepted'])
    expect(gone.deliveries[0]!.unconfirmed).toBe(unconfirmed)
  })

  test('a PKB that compares dates of birth takes it back from the first patient, whoever it belongs to by now', async () => {
    await client.control({ strict: true })
    try {
      const { id, sourceId, sha256 } = await upload()
      await reaches(id, 'acknowledged')
      await changed(sourceId, { patient: HAL })
      await until('it is gone', async () => !(await held(ADA.nhsNumber)).includes(sha256))
      expect((await reaches(id, 'review')).deliveries[0]).toMatchObject({ standing: 'recalled', nhsNumber: ADA.nhsNumber, sentAs: { birthDate: ADA.birthDate } })
    } finally {
      await client.control({ strict: false })
    }
  })

  test('it is marked do-not-share while it is on its way: it is taken back right after', async () => {
    await client.control({ faults: [{ ...WRITE[transport], delayMs: 600 }] })
    const { id, sourceId, sha256 } = await upload()
    await until('it is on its way', async () => (await held(ADA.nhsNumber)).includes(sha256))
    await changed(sourceId, { documentType: DO_NOT })
    expect((await story(id)).state).toBe('recalling')
    expect(outcomes(await reaches(id, 'recalled'))).toEqual(['create accepted', 'recall accepted'])
    expect(await held(ADA.nhsNumber)).not.toContain(sha256)
  })

  test('it was for somebody else: it goes back from the first by the first’s identifier, and only then to the second under a fresh one', async () => {
    const { id, sourceId, sha256 } = await upload()
    await reaches(id, 'acknowledged')
    const moved = await changed(sourceId, { patient: HAL })
    await until('it is taken back', async () => !(await held(ADA.nhsNumber)).includes(sha256))
    await reaches(id, 'review')
    await place.ledger.release(id, 'clerk', 'Clinical Records', 'It is Hal’s.', now().toISOString())
    const told = await reaches(id, 'acknowledged')
    const [first, second] = told.deliveries
    expect([first, second]).toMatchObject([{ nhsNumber: ADA.nhsNumber, standing: 'recalled', attempts: [{ action: 'create' }, { action: 'recall' }] }, { nhsNumber: HAL.nhsNumber, standing: 'present', attempts: [{ action: 'create' }] }])
    expect(second!.identifier).not.toBe(first!.identifier)
    expect(second!.attempts[0]!.at >= first!.attempts[1]!.at).toBe(true)
    expect(await held(HAL.nhsNumber)).toContain(moved.sha256)
    expect(await held(ADA.nhsNumber)).not.toContain(moved.sha256)
  })

  for (const [cut, name] of [['after-store', 'it had stored it'], ['before-store', 'it had not stored it']] as const) {
    test(`PKB’s answer is lost, ${name}: there is one copy in the end`, async () => {
      await client.control({ faults: [{ ...WRITE[transport], cut }] })
      const { id, sha256 } = await upload()
      const told = await reaches(id, 'acknowledged')
      expect((await held(ADA.nhsNumber)).filter((one) => one === sha256)).toHaveLength(1)
      const [first, second] = attempts(told)
      if (transport === 'fhir') expect(outcomes(told)).toEqual(['create unsure', 'look accepted', ...(cut === 'before-store' ? ['create accepted'] : [])])
      else {
        expect(outcomes(told)).toEqual(['create unsure', 'update accepted'])
        expect(secsBetween(first!.at, second!.at)).toBeGreaterThanOrEqual(SETTLE_SECS)
      }
    })
  }

  test('a worker dies after it was sent: the next one finds out, or waits and sends it once more', async () => {
    await close()
    const dying = await place.another()
    const { id, sha256 } = await upload()
    const lock = (await dying.ledger.lock(id, 'pkb'))!
    const begun = (await lock.begin((work) => think(work, policyBy(transport), planAgain, now()), now().toISOString()))!
    const { step, plan } = begun.thought
    if (step.do !== 'exchange') throw new Error(`nothing was begun: ${step.do}`)
    const pkb = openPkb(settingsBy(transport), { content, now })
    await exchange(pkb, begun.work, plan, begun.work.deliveries[0]!, step, begun.attemptId!, AbortSignal.timeout(5000))
    await pkb.close()
    expect(await held(ADA.nhsNumber)).toContain(sha256)
    await dying.close()
    // PostgreSQL takes a moment to notice.
    await until('its lock is free', async () => {
      const free = await place.ledger.lock(id, 'pkb')
      await free?.release()
      return free !== undefined
    })
    close = await aWorker(transport)
    // A ledger that opens finds what nobody came back for.
    await (await place.another()).close()
    const told = await reaches(id, 'acknowledged')
    expect(outcomes(told)).toEqual(['create started', transport === 'fhir' ? 'look accepted' : 'update accepted'])
    if (transport === 'hl7-soap') expect(secsBetween(attempts(told)[0]!.at, attempts(told)[1]!.at)).toBeGreaterThanOrEqual(SETTLE_SECS)
    expect((await held(ADA.nhsNumber)).filter((one) => one === sha256)).toHaveLength(1)
  })
})

describe('where PKB cannot be looked at', () => {
  let close: () => Promise<void>
  beforeAll(async () => { close = await aWorker('hl7-soap') })
  afterAll(() => close())

  test('it was sent without an answer and must not be seen: it is taken back at once, and again when it has settled', async () => {
    await client.control({ faults: [{ ...WRITE['hl7-soap'], cut: 'after-store' }] })
    const { id, sourceId, sha256 } = await upload()
    await until('its end is not known', async () => attempts(await story(id))[0]?.outcome === 'unsure')
    await changed(sourceId, { documentType: DO_NOT })
    await until('it is taken back', async () => !(await held(ADA.nhsNumber)).includes(sha256))
    expect((await story(id)).state).toBe('recalling')
    const told = await reaches(id, 'recalled')
    expect(outcomes(told)).toEqual(['create unsure', 'recall accepted', 'recall accepted'])
    const [sent, atOnce, again] = attempts(told).map(({ at }) => at)
    expect(secsBetween(sent, atOnce)).toBeLessThan(SETTLE_SECS)
    expect(secsBetween(sent, again)).toBeGreaterThanOrEqual(SETTLE_SECS)
    expect(told.deliveries[0]).toMatchObject({ unconfirmed: true })
  })

  test('PKB answers AE: nobody tries again before a person asks, and then it waits until the first has settled', async () => {
    await client.control({ faults: [{ ...WRITE['hl7-soap'], ack: 'AE', store: true }] })
    const { id, sha256 } = await upload()
    const failed = await reaches(id, 'failed')
    expect(failed.deliveries).toMatchObject([{ standing: 'unsure', via: ['hl7-soap'], attempts: [{ outcome: 'unsure', code: 'AE', trace: { answer: expect.stringMatching(/^AE/u) } }] }])
    expect(failed.deliveries[0]!.dueAt).toBeUndefined()
    await place.ledger.retry(failed.deliveries[0]!.id, 'clerk', 'PKB was asked', now().toISOString())
    const told = await reaches(id, 'acknowledged')
    expect(outcomes(told)).toEqual(['create unsure', 'update accepted'])
    expect(secsBetween(attempts(told)[0]!.at, attempts(told)[1]!.at)).toBeGreaterThanOrEqual(SETTLE_SECS)
    expect((await held(ADA.nhsNumber)).filter((one) => one === sha256)).toHaveLength(1)
  })

  test('a recall that PKB answers with AE is made again until it is done', async () => {
    const { id, sourceId, sha256 } = await upload()
    await reaches(id, 'acknowledged')
    await client.control({ faults: [{ ...WRITE['hl7-soap'], ack: 'AE', times: 2 }] })
    await changed(sourceId, { documentType: DO_NOT })
    expect(outcomes(await reaches(id, 'recalled'))).toEqual(['create accepted', 'recall unsure', 'recall unsure', 'recall accepted'])
    expect(await held(ADA.nhsNumber)).not.toContain(sha256)
  })
})

test.each([['hl7-soap', 'fhir'], ['fhir', 'hl7-soap']] as const)('the channel goes over from %s to %s: a new revision stands by the new one only, and goes back from there', async (before, after) => {
  const closeFirst = await aWorker(before)
  const { id, sourceId, sha256 } = await upload()
  await reaches(id, 'acknowledged')
  await closeFirst()
  const closeSecond = await aWorker(after)
  const second = await changed(sourceId)
  await until('the second', async () => (await held(ADA.nhsNumber)).includes(second.sha256))
  expect(await held(ADA.nhsNumber)).not.toContain(sha256)
  expect((await reaches(id, 'acknowledged')).deliveries).toMatchObject([{ via: [after] }])
  await changed(sourceId, { documentType: DO_NOT })
  await reaches(id, 'recalled')
  expect(await held(ADA.nhsNumber)).not.toContain(second.sha256)
  await closeSecond()
})
