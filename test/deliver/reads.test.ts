// The loop that asks what was read, on a real ledger: where PKB does not say, that is to be seen.
import { expect, test } from '@jest/globals'
import type { ReadReceipts } from '../../src/deliver/destination.ts'
import { openReads } from '../../src/deliver/reads.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work } from '../support/ledger.ts'
import { pkbSettings } from '../support/pkb.ts'
import { until } from '../support/until.ts'

test('questions that PKB refuses are told of for as long as they are, for letters that were read go by post meanwhile', async () => {
  const settings = pkbSettings('http://127.0.0.1:1', { transport: 'hl7-soap' })
  const place = await aLedger((policy) => ({ ...policy, destinations: { ...policy.destinations, pkb: settings } }))
  let answer: Awaited<ReturnType<ReadReceipts['ask']>> = { answered: false, outcome: { kind: 'forbidden', code: '403', detail: '' } }
  const receipts: ReadReceipts = { ask: () => Promise.resolve(answer), close: () => Promise.resolve() }
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
  const { id } = await place.upload({ documentId: 'RIO-Q1' })
  await work(place, id, 'pkb')
  const reads = openReads({ ledger: place.ledger, receipts, settings: { ...settings, circuit: { opens_after: 2, probe_secs: 0.05 } }, say: () => undefined, now: () => new Date(), everyMs: 20 })
  try {
    expect(reads.circuits()).toEqual({})
    await until('it is told', () => reads.circuits()['pkb-reads']?.code === '403')
    answer = { answered: true, reads: [] }
    await until('it is over', () => Object.keys(reads.circuits()).length === 0)
  } finally {
    await reads.close()
    await place.close()
  }
})
