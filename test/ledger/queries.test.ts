import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DocumentFilter } from '../../src/ledger/ledger.ts'
import { ADA, aReceipt, BEN } from '../support/documents.ts'
import { aLedger, work } from '../support/ledger.ts'
import type { TestLedger } from '../support/ledger.ts'

let place: TestLedger
const iso = (secs: number) => new Date(Date.parse('2026-11-23T09:00:00.000Z') + secs * 1000).toISOString()

beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, place.clock.at.toISOString())
  for (let n = 0; n < 12; n++) {
    const metadata = { documentId: `Q${n}`, ...(n % 2 ? { documentType: 'MH DO NOT share with patient' } : {}), ...(n % 3 ? {} : { patient: BEN, name: `APPT Appointment ${n} in spring.pdf` }) }
    // Three at each instant: the order within one is by id.
    await place.upload({}, { receipt: aReceipt(metadata, { receivedAt: iso(Math.floor(n / 3)) }) })
  }
})
afterAll(() => place.close())

const found = async (filter: Partial<DocumentFilter>) => (await place.ledger.list({ limit: 50, ...filter })).documents.map(({ sourceId }) => sourceId).sort()

describe('a list', () => {
  test('comes newest first, page by page, each document once', async () => {
    const { documents: all, cursor: end } = await place.ledger.list({ limit: 50 })
    expect(all).toHaveLength(12)
    expect(end).toBeUndefined()
    expect(all.map(({ receivedAt }) => receivedAt)).toEqual(all.map(({ receivedAt }) => receivedAt).toSorted().toReversed())
    const pages: string[] = []
    let cursor: string | undefined
    do {
      const page = await place.ledger.list({ limit: 5, ...(cursor ? { cursor } : {}) })
      pages.push(...page.documents.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor)
    expect(pages).toEqual(all.map(({ id }) => id))
    await expect(place.ledger.list({ limit: 5, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'QUERY_INVALID' })
  })

  test('says of each document what became of it and why', async () => {
    const { documents: [row] } = await place.ledger.list({ limit: 1, sourceId: 'Q1' })
    expect(row).toMatchObject({ source: 'rio', feed: 'rio-http', revision: 1, receivedAt: iso(0), state: 'withheld', route: 'withhold', code: 'CLIN', team: 'ADULT1', directorate: 'newham' })
    expect(row!.because).toMatch(/\w/u)
  })

  test('is narrowed by each filter', async () => {
    expect(await found({ state: ['withheld'] })).toEqual(['Q1', 'Q11', 'Q3', 'Q5', 'Q7', 'Q9'])
    expect(await found({ state: ['withheld', 'waiting'] })).toHaveLength(12)
    expect(await found({ route: ['pkb'] })).toEqual(['Q0', 'Q10', 'Q2', 'Q4', 'Q6', 'Q8'])
    expect(await found({ rule: 'do-not-share' })).toEqual(await found({ route: ['withhold'] }))
    expect(await found({ sourceId: 'Q7' })).toEqual(['Q7'])
    expect(await found({ code: 'APPT' })).toEqual(['Q0', 'Q3', 'Q6', 'Q9'])
    expect(await found({ since: iso(3) })).toEqual(['Q10', 'Q11', 'Q9'])
    expect(await found({ nhsNumber: BEN.nhsNumber, route: ['pkb'] })).toEqual(['Q0', 'Q6'])
    expect(await found({ title: 'SPRI appoint' })).toEqual(['Q0', 'Q3', 'Q6', 'Q9'])
    expect(await found({ title: 'appointment 6' })).toEqual(['Q6'])
    expect(await found({ title: `!&'` })).toEqual([])
  })

  test('is led by an index whatever it is narrowed by', async () => {
    await place.pool.query('analyze documents')
    const client = await place.pool.connect()
    await client.query('begin; set local enable_seqscan = off; set local enable_sort = off')
    const where = [`d.state = 'x'`, `d.route = 'x'`, `d.rule = 'x'`, `d.code = 'x'`, `d.source_id = 'x'`, `d.nhs_number = 'x'`, `d.directorate = 'x'`, `d.feed = 'x'`, `upper(left(btrim(d.team), 100)) = 'X'`, `d.received_at >= now()`]
    for (const condition of where) {
      const { rows } = await client.query(`explain select * from documents d where revision > 0 and ${condition} order by received_at desc, id desc limit 5`)
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index/u)
    }
    const { rows } = await client.query(`explain select * from searchable where words @@ 'x'::tsquery and traits @> array['code CLIN']`)
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Bitmap Index Scan on searchable_by/u)
    await client.query('rollback')
    client.release()
  })
})

test('counts say how many documents are in each state', async () => {
  expect((await place.ledger.counts()).byState).toEqual({ waiting: 6, withheld: 6 })
})

test('those that wait for a person are told newest first', async () => {
  const [q2, q4] = (await Promise.all(['Q2', 'Q4'].map((sourceId) => place.ledger.list({ limit: 1, sourceId })))).map(({ documents }) => documents[0]!.id)
  await work(place, q2!, 'pkb', { kind: 'refused', code: '422' })
  place.clock.at = new Date(place.clock.at.getTime() + 1000)
  await work(place, q4!, 'pkb', { kind: 'refused', code: '413' })
  const troubled = await place.ledger.troubled(10)
  expect(troubled.map(({ document, lastCode, state }) => [document.sourceId, lastCode, state])).toEqual([['Q4', '413', 'failed'], ['Q2', '422', 'failed']])
  expect(await place.ledger.troubled(1)).toHaveLength(1)
})

test('a message that was refused is kept, cut at 64 KB and without NUL', async () => {
  await place.ledger.reject({ feed: 'rio-mllp', at: iso(0), code: 'NUL_IN_MESSAGE', detail: 'MSH', skeleton: `MSH\0${'x'.repeat(70_000)}` })
  await place.ledger.reject({ feed: 'rio-mllp', at: iso(1), code: 'PATIENT_MISSING', detail: 'PID', skeleton: 'MSH' })
  const [second, first] = await place.ledger.rejections(10)
  expect(second).toMatchObject({ feed: 'rio-mllp', at: iso(1), code: 'PATIENT_MISSING', detail: 'PID', skeleton: 'MSH' })
  expect(first!.skeleton).toHaveLength(65_536)
  expect(first!.skeleton.startsWith('MSH␀x')).toBe(true)
})

test('what is not there is undefined', async () => {
  expect(await place.ledger.story('00000000-0000-4000-8000-000000000009')).toBeUndefined()
  expect(await place.ledger.story('no-uuid')).toBeUndefined()
  expect(await place.ledger.receipt('no-uuid')).toBeUndefined()
  await place.ledger.ping()
})
