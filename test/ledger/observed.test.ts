// What would have become of documents that are only observed: counted by a real ledger, and compared with a count by hand.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DocumentFilter, ObservedCount } from '../../src/ledger/ledger.ts'
import { knownFrom, reportOf } from '../../src/ledger/observed-report.ts'
import type { Metadata } from '../support/documents.ts'
import { aReceipt } from '../support/documents.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'

const WITHHELD = { documentType: 'MH DO NOT share with patient' }
const [LUTON, HACKNEY, NEWHAM] = [{ team: 'ADULT2' }, { team: 'ADULT3' }, { team: 'ADULT1' }]
const UPLOADS: readonly (readonly [day: string, metadata: Metadata])[] = [
  ['2026-10-31T10:00', LUTON], ['2026-11-01T10:00', LUTON], ['2026-11-01T11:00', { ...LUTON, name: 'APPT Appointment.pdf', ...WITHHELD }],
  ['2026-11-02T10:00', { ...LUTON, ...WITHHELD }], ['2026-11-02T10:00', { ...LUTON, name: 'HMHR Report.pdf' }], ['2026-11-02T23:30', { ...LUTON, name: 'No code.pdf' }],
  ['2026-11-02T10:00', HACKNEY], ['2026-11-03T10:00', { ...HACKNEY, name: 'PSYR Report.pdf' }],
  ['2026-11-02T10:00', NEWHAM], ['2026-11-02T10:00', { ...NEWHAM, ...WITHHELD }], ['2026-11-02T10:00', { team: 'NOBODYS' }], ['2026-11-02T10:00', { team: 'NOBODYS', ...WITHHELD }],
]
const NOVEMBER = { since: '2026-11-01T00:00:00.000Z', until: '2026-12-01T00:00:00.000Z', by: 'day' } as const

let place: TestLedger
beforeAll(async () => {
  place = await aLedger()
  for (const [n, [at, metadata]] of UPLOADS.entries()) await place.upload({}, { receipt: aReceipt({ documentId: `O-${n}`, ...metadata }, { receivedAt: `${at}:00.000Z` }) })
})
afterAll(() => place.close())

const report = async (asked: Partial<Parameters<TestLedger['ledger']['observed']>[0]> = {}) =>
  reportOf(await place.ledger.observed({ ...NOVEMBER, codes: Object.keys(place.policy.codes), ...asked }), knownFrom(place.policy.directorates, asked.directorate))

describe('the report', () => {
  test('counts what would have been shared, printed, withheld and reviewed, by directorate', async () => {
    const { all, directorates, unplaced } = await report()
    expect(directorates).toEqual([
      { directorate: 'city-hackney', stage: 'not-live', documents: 2, pkb: 1, print: 1, leftToTeam: 0, withheld: 0, review: 0, conflicts: 0, variances: 0, shareRate: 1 },
      { directorate: 'luton-beds', stage: 'observing', documents: 5, pkb: 1, print: 0, leftToTeam: 0, withheld: 3, review: 1, conflicts: 1, variances: 1, shareRate: 0.2 },
    ])
    expect(all).toEqual({ documents: 7, pkb: 2, print: 1, leftToTeam: 0, withheld: 3, review: 1, conflicts: 1, variances: 1, shareRate: 0.429 })
    expect(unplaced).toBe(2)
  })

  test('and by rule, code, and day or month in London', async () => {
    const { rules, codes, periods } = await report()
    expect(rules).toEqual([
      { rule: 'do-not-share', route: 'withhold', documents: 2 }, { rule: 'to-pkb', route: 'pkb', documents: 2 },
      { rule: 'blocked-code-marked-share', route: 'withhold', documents: 1 }, { rule: 'blocked-pkb', route: 'print', documents: 1 }, { rule: 'code-missing', route: 'review', documents: 1 },
    ])
    expect(codes.map(({ code, documents }) => [code, documents])).toEqual([['APPT', 1], ['CLIN', 3], ['HMHR', 1], ['PSYR', 1], [undefined, 1]])
    expect(periods.map(({ period, documents }) => [period, documents])).toEqual([['2026-11-01', 2], ['2026-11-02', 4], ['2026-11-03', 1]])
    expect((await report({ since: '2026-10-01T00:00:00.000Z', by: 'month' })).periods.map(({ period, documents }) => [period, documents])).toEqual([['2026-10', 1], ['2026-11', 7]])
    expect((await report({ directorate: 'city-hackney' })).all.documents).toBe(2)
  })

  test('shows a directorate without documents, and one that is live and comes through a feed that observes', async () => {
    const { directorates } = await report({ since: '2026-11-20T00:00:00.000Z' })
    expect(directorates.map(({ directorate, documents, shareRate }) => [directorate, documents, shareRate])).toEqual([['city-hackney', 0, undefined], ['luton-beds', 0, undefined]])
    const counts: readonly ObservedCount[] = [{ period: '2026-11-01', directorate: 'newham', stage: 'observing', feed: 'rio-folder', route: 'print', rule: 'unregistered', conflict: false, variance: false, documents: 3 }]
    const { newham } = place.policy.directorates
    const seen = reportOf(counts, knownFrom({ ...place.policy.directorates, newham: { ...newham!, post: 'team' } }))
    expect(seen.directorates.map(({ directorate, stage, documents, leftToTeam, print }) => [directorate, stage, documents, leftToTeam, print])).toEqual([
      ['city-hackney', 'not-live', 0, 0, 0], ['luton-beds', 'observing', 0, 0, 0], ['newham', 'observing', 3, 3, 0],
    ])
  })
})

test('a code that the policy does not list is counted, and not told', async () => {
  const { codes } = await report({ codes: ['CLIN', 'HMHR'] })
  expect(codes.map(({ code, documents }) => [code, documents])).toEqual([['CLIN', 3], ['HMHR', 1], ['not listed', 2], [undefined, 1]])
})

test.each([
  [{ wouldRoute: ['pkb'], directorate: 'luton-beds' }, 1], [{ wouldRoute: ['withhold'] }, 3], [{ route: ['observe'] }, 4], [{ marked: 'conflict' }, 1], [{ marked: 'variance' }, 1],
  [{ rule: 'code-missing' }, 1], [{ code: 'CLIN' }, 3], [{ since: '2026-11-02T00:00:00.000Z', until: '2026-11-03T00:00:00.000Z' }, 4],
] as const satisfies readonly (readonly [Partial<DocumentFilter>, number])[])('the list finds the documents behind %j', async (filter, count) => {
  const { documents } = await place.ledger.list({ limit: 50, stage: ['observing', 'not-live'], since: NOVEMBER.since, until: NOVEMBER.until, ...filter })
  expect(documents).toHaveLength(count)
})
