// Words in titles together with something else: whether the newest are enough or all have to be looked at, the pages are the
// same. And what lists are narrowed by stands in a document's row as its revision in force says it.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { DocumentFilter } from '../../src/ledger/ledger.ts'
import { list } from '../../src/ledger/search.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  const KINDS = [
    { name: 'CLIN Clinic letter garden.pdf' }, { name: 'CLIN Clinic letter.pdf', documentType: 'MH DO NOT share with patient' }, { name: 'APPT Appointment letter.pdf', patient: BEN },
    { name: 'ZZZZ Another letter.pdf' }, { name: 'CLIN Garden.pdf', team: 'ADULT2' }, { name: 'APPT Appointment.pdf', documentType: 'MH DO NOT share with patient' },
  ]
  for (let nth = 0; nth < 36; nth += 1) await place.upload({ documentId: `RIO-W${nth}`, ...KINDS[(nth * 5 + (nth >> 3)) % KINDS.length] })
  await place.upload({ documentId: 'RIO-W3', event: 'updated', uploadedAt: '2026-11-20T12:00:00Z', name: 'CLIN Clinic letter about the garden.pdf' })
}, 60_000)
afterAll(() => place?.close())

const pages = async (filter: Omit<DocumentFilter, 'limit'>, near: number, limit: number): Promise<readonly string[]> => {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await list(place.pool, { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) }, near)
    seen.push(...page.documents.map(({ sourceId }) => sourceId))
    cursor = page.cursor
  } while (cursor !== undefined)
  return seen
}

const TITLES = ['letter', 'garden', 'appointment', 'clin', '"clinic letter"', 'nothing'] as const
const OTHERS: readonly Partial<DocumentFilter>[] = [{ code: 'CLIN' }, { state: ['withheld'] }, { route: ['pkb', 'review'] }, { rule: 'do-not-share' }, { stage: ['observing'] }, { wouldRoute: ['pkb'] }, { marked: 'variance' }, { team: 'adult1', feed: 'rio-http' }]

test.each(TITLES)('the pages of %s with anything else are the same, however many are looked at first', async (title) => {
  let found = 0
  for (const other of OTHERS) {
    const whole = await pages({ title, ...other }, 1_000, 100)
    found += whole.length
    expect(new Set(whole).size).toBe(whole.length)
    for (const [near, limit] of [[1, 1], [5, 2], [12, 3], [30, 4]] as const) expect([title, other, near, await pages({ title, ...other }, near, limit)]).toEqual([title, other, near, whole])
    const one = async (filter: Omit<DocumentFilter, 'limit'>) => new Set(await pages(filter, 1_000, 100))
    const [byTitle, byOther] = [await one({ title }), await one(other)]
    expect(whole.toSorted()).toEqual([...byTitle].filter((id) => byOther.has(id)).toSorted())
  }
  expect(found > 0).toBe(title !== 'nothing')
})

test('so are those of any two other things', async () => {
  let found = 0
  for (const [nth, one] of OTHERS.entries()) for (const other of OTHERS.slice(nth + 1)) {
    const filter = { ...one, ...other }
    const whole = await pages(filter, 1_000, 100)
    found += whole.length
    for (const [near, limit] of [[1, 1], [12, 3]] as const) expect([filter, near, await pages(filter, near, limit)]).toEqual([filter, near, whole])
  }
  expect(found).toBeGreaterThan(20)
})

test('what lists are narrowed by is what the revision in force says', async () => {
  await place.ledger.hold((await place.ledger.list({ limit: 1 })).documents[0]!.id, 'clerk', 'look', place.clock.at.toISOString())
  const { rows } = await place.pool.query(`
    select d.stage, v.facts->>'directorate' as said_stage, d.would_route, v.decision->>'wouldRoute' as said_would, d.conflict, v.decision->>'conflict' as said_conflict, d.variance, v.decision->>'variance' as said_variance
    from documents d join revisions v on v.document_id = d.id and v.revision = d.revision`)
  expect(rows.length).toBe(36)
  for (const row of rows as { stage: string; said_stage: string; would_route: string | null; said_would: string | null; conflict: boolean; said_conflict: string; variance: boolean; said_variance: string }[])
    expect([row.stage, row.would_route, String(row.conflict), String(row.variance)]).toEqual([row.said_stage, row.said_would, row.said_conflict, row.said_variance])
  expect(new Set(rows.map((row: { stage: string }) => row.stage)).size).toBeGreaterThan(1)
  expect(rows.some((row: { variance: boolean }) => row.variance)).toBe(true)
})
