// What migration 0014 makes of documents that were there before it: the same as the engine writes of new ones, and every index
// that was there is there afterwards.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { aLedger, type TestLedger } from '../support/ledger.ts'

const FILE = new URL('../../src/ledger/migrations/0014-search.sql', import.meta.url)
const COLUMNS = ['stage', 'would_route', 'conflict', 'variance', 'reference_date', 'reference_status', 'reference_type'] as const

let place: TestLedger
beforeAll(async () => { place = await aLedger() })
afterAll(() => place.close())

const rowsOf = async () => (await place.pool.query(`select source_id, revision, ${COLUMNS.join(', ')} from documents order by source_id`)).rows as readonly Record<string, unknown>[]
const indexes = async () => (await place.pool.query(`select indexdef from pg_indexes where tablename = 'documents' order by 1`)).rows

test('documents of old have what new ones have, and no index is lost', async () => {
  await place.upload({ documentId: 'plain' })
  await place.upload({ documentId: 'observed', team: 'ADULT2' })
  await place.upload({ documentId: 'conflict', name: 'HMHR Hearing report.pdf' })
  await place.upload({ documentId: 'variance', name: 'APPT Appointment.pdf', documentType: 'MH DO NOT share with patient' })
  await place.upload({ documentId: 'cancelled', event: 'cancelled' })
  await place.upload({ documentId: 'replaces', event: 'replaced', replaces: 'known by name only' })
  const [rows, had] = [await rowsOf(), await indexes()]
  expect(rows.map((row) => [row['source_id'], row['stage'], row['would_route'], row['conflict'], row['variance'], row['reference_status']])).toEqual([
    ['cancelled', 'live', null, false, false, 'entered-in-error'], ['conflict', 'live', null, true, false, 'current'], ['known by name only', null, null, false, false, null], ['observed', 'observing', 'pkb', false, false, 'current'],
    ['plain', 'live', null, false, false, 'current'], ['replaces', 'live', null, false, false, 'current'], ['variance', 'live', null, false, true, 'current'],
  ])
  for (const row of rows) if (row['revision'] !== 0) expect([row['source_id'], (row['reference_date'] as Date).toISOString(), row['reference_type']]).toEqual([row['source_id'], '2026-11-20T11:00:00.000Z', expect.stringMatching(/^\d{6,18}$/u)])
  // Later columns are made anew too: statements that connections have prepared know the order of all. A later migration drops an index again.
  await place.pool.query(`alter table documents drop column instruction, drop column policy, ${COLUMNS.map((column) => `drop column ${column}`).join(', ')}`)
  await place.pool.query(await readFile(FILE, 'utf8'))
  await place.pool.query('alter table documents add column instruction text, add column policy text; drop index documents_ways_together')
  expect(await rowsOf()).toEqual(rows)
  expect(await indexes()).toEqual(had)
})

test('what a reference says stays in the row when the document changes without one', async () => {
  const { id } = await place.upload({ documentId: 'held later' })
  const said = async () => (await place.pool.query('select d.reference_date, d.reference_status, d.reference_type, v.resource from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.id = $1', [id])).rows[0] as { reference_date: Date; reference_status: string; reference_type: string; resource: { date: string; status: string; type: { coding: { code: string }[] } } }
  for (const happens of [() => place.ledger.hold(id, 'somebody', 'a reason', place.clock.at.toISOString()), () => place.ledger.liftHold(id, 'somebody', 'a reason', place.clock.at.toISOString()), () => place.upload({ documentId: 'held later', event: 'cancelled', uploadedAt: '2026-11-20T12:00:00Z' }), () => place.upload({ documentId: 'held later', documentType: 'MH DO NOT share with patient', uploadedAt: '2026-11-20T10:00:00Z' })]) {
    await happens()
    const { reference_date: date, reference_status: status, reference_type: type, resource } = await said()
    expect([date.toISOString(), status, type]).toEqual([resource.date, resource.status, resource.type.coding[0]!.code])
  }
})
