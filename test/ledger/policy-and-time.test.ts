// What was found by asking how a document could stay where it should not: a new policy, and a clock that is wrong.
import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { connect } from '../../src/ledger/database.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { ADA, BEN, planBy } from '../support/documents.ts'
import { aLedger, work } from '../support/ledger.ts'

test('what stands is recalled when the policy in force comes to block its code', async () => {
  const place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
  const { id } = await place.upload({ documentId: 'P-1' })
  await work(place, id, 'pkb')
  const stricter = { ...place.policy, hash: 'stricter', codes: { ...place.policy.codes, CLIN: { ...place.policy.codes['CLIN']!, sharing: 'blocked' as const } } }
  const pool = connect(place.url, { max: 8 })
  const ledger = await openLedger({ pool, now: () => place.clock.at, newId: randomUUID, say: () => {}, accountFreshHours: 24, plan: (...from) => planBy(stricter)(...from) })
  try {
    await ledger.savePolicy({ hash: 'stricter', files: {} }, place.clock.at.toISOString())
    expect((await ledger.due('pkb', place.clock.at.toISOString(), 10)).map(({ documentId }) => documentId)).toEqual([id])
    await work({ ...place, ledger, policy: stricter }, id, 'pkb')
    expect((await ledger.story(id))?.state).toBe('recalled')
    expect(await ledger.due('pkb', place.clock.at.toISOString(), 10)).toEqual([])
  } finally {
    await ledger.close()
    await pool.end()
    await place.close()
  }
})

test('a worker that has not taken the policy in force sends nothing new, and leaves what stands to be judged by one that has', async () => {
  const place = await aLedger()
  const at = place.clock.at.toISOString()
  try {
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, at)
    const { id: standing } = await place.upload({ documentId: 'B-1' })
    await work(place, standing, 'pkb')
    const { id: waiting } = await place.upload({ documentId: 'B-2' })
    await place.ledger.savePolicy({ hash: 'another', files: {} }, at)
    for (const id of [standing, waiting]) expect((await work(place, id, 'pkb'))?.attemptId).toBeUndefined()
    expect((await place.ledger.story(waiting))?.deliveries.map(({ state, attempts }) => [state, attempts.length])).toEqual([['owed', 0]])
    expect((await place.ledger.due('pkb', at, 10)).map(({ documentId }) => documentId).sort()).toEqual([standing, waiting].sort())
    const newer = { ...place.policy, hash: 'another' }
    await work({ ...place, policy: newer }, waiting, 'pkb')
    expect((await place.ledger.story(waiting))?.state).toBe('acknowledged')
  } finally {
    await place.close()
  }
})

test('a message that claims a time in the future does not make every later correction late', async () => {
  const place = await aLedger()
  try {
    await place.upload({ documentId: 'Z-1', uploadedAt: '2099-01-01T00:00:00Z' })
    expect(await place.upload({ documentId: 'Z-1', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', patient: BEN })).toMatchObject({ bearing: 'in-order', rule: 'moved-to-another-patient' })
  } finally {
    await place.close()
  }
})
