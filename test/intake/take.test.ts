// Between a feed and the ledger: what cannot be attributed is kept and refused; what can is kept and decided.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { mdm } from '../support/hl7-messages.ts'
import { Client } from 'pg'

let engine: TestEngine
beforeAll(async () => { engine = await anEngine() })
afterAll(() => engine.stop())

const rejections = async () => {
  const client = new Client({ connectionString: engine.databaseUrl })
  await client.connect()
  try { return (await client.query<{ feed: string; code: string; skeleton: string }>('select feed, code, skeleton from rejections order by at')).rows } finally { await client.end() }
}

test.each([
  [{ documentId: undefined }, 422, 'DOCUMENT_ID_MISSING'],
  [{ event: 'sent' }, 422, 'EVENT_UNKNOWN'],
  [{ event: 'addendum' }, 422, 'PARENT_MISSING'],
])('an upload with %j is refused, and kept once', async (overrides, status, code) => {
  const before = (await rejections()).length
  const answer = await engine.upload(overrides)
  expect([answer.status, answer.body.code]).toEqual([status, code])
  const kept = (await rejections()).slice(before)
  expect(kept.map((one) => [one.feed, one.code])).toEqual([['rio-http', code]])
  expect(kept[0]!.skeleton).toContain('MH share with patient')
})

test.each([
  [{ 'TXA-12': '' }, 'AE', 'DOCUMENT_ID_MISSING'],
  [{ PID: undefined }, 'AE', 'PATIENT_MISSING'],
  [{ 'MSH-9': 'MDM^T06', 'EVN-1': 'T06' }, 'AE', 'PARENT_MISSING'],
  [{ 'MSH-9': 'ADT^A01' }, 'AR', 'HL7_TYPE_UNSUPPORTED'],
  [{ 'MSH-11': 'T' }, 'AR', 'HL7_PROCESSING_ID'],
] as const)('an HL7 message with %j gets %s %s, and is kept once', async (fields, code, error) => {
  const before = (await rejections()).length
  const answer = await engine.hl7(mdm({ 'MSH-10': `N-${before}`, ...fields }))
  expect([answer.code, answer.raw.includes(error)]).toEqual([code, true])
  expect((await rejections()).slice(before).map((one) => [one.feed, one.code])).toEqual([['rio-mllp', error]])
})

