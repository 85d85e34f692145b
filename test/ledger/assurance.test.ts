// What a directorate's management team answers for: counted by a real ledger, and compared with a count by hand.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from '../support/fast-check.ts'
import type { AssuranceCount } from '../../src/ledger/assurance.ts'
import { assuranceOf, type Sort } from '../../src/ledger/assurance-report.ts'
import { ADA, aReceipt, type Metadata } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const WITHHELD = { documentType: 'MH DO NOT share with patient' }
const UPLOADS: readonly (readonly [day: string, metadata: Metadata])[] = [
  ['2026-10-31T23:59', {}], ['2026-11-01T00:00', {}], ['2026-11-02T10:00', WITHHELD], ['2026-11-02T10:00', { name: 'APPT Appointment.pdf', ...WITHHELD }], ['2026-11-02T10:00', { name: 'HMHR Report.pdf' }],
  ['2026-11-02T10:00', { name: 'Jane Smith letter.pdf' }], ['2026-11-02T10:00', { team: 'CAMHS1' }], ['2026-11-02T10:00', { team: 'ADULT2', ...WITHHELD }], ['2026-11-02T10:00', { team: 'ADULT3' }], ['2026-11-02T10:00', { team: 'NOBODYS' }],
]
const TIME = { since: '2026-10-01T00:00:00.000Z', until: '2026-12-01T00:00:00.000Z' }

let place: TestLedger
const ids: string[] = []
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  for (const [n, [at, metadata]] of UPLOADS.entries()) ids.push((await place.upload({}, { receipt: aReceipt({ documentId: `A-${n}`, ...metadata }, { receivedAt: `${at}:00.000Z` }) })).id)
  await work(place, ids[0]!, 'pkb')
  await place.ledger.hold(ids[0]!, 'somebody', 'a reason', place.clock.at.toISOString())
})
afterAll(() => place.close())

const report = async (asked: { readonly directorate?: string; readonly sort?: Sort; readonly codes?: readonly string[] } = {}) => {
  const { sort = 'name', codes = Object.keys(place.policy.codes), ...more } = asked
  return assuranceOf(await place.ledger.assurance({ ...TIME, codes, teams: Object.keys(place.policy.services), ...more }), sort)
}

describe('the report', () => {
  test('counts live directorates alone, by directorate, team, code and month in London', async () => {
    const { all, directorates, teams, months, codes } = await report()
    expect(directorates).toEqual([
      { directorate: 'children', documents: 1, shared: 1, withheld: 0, byInstruction: 0, review: 0, conflicts: 0, variances: 0, takenBack: 0, shareRate: 1, withholdRate: 0, flags: [] },
      { directorate: 'newham', documents: 6, shared: 1, withheld: 4, byInstruction: 2, review: 1, conflicts: 1, variances: 1, takenBack: 1, shareRate: 0.167, withholdRate: 0.667, flags: ['leaks'] },
    ])
    expect(all).toMatchObject({ documents: 7, shared: 2, withheld: 4, review: 1 })
    expect(teams.map(({ directorate, team, documents }) => [directorate, team, documents])).toEqual([['children', 'CAMHS1', 1], ['newham', 'ADULT1', 6]])
    expect(months.map(({ month, documents }) => [month, documents])).toEqual([['2026-10', 1], ['2026-11', 6]])
    expect(codes.map(({ code, documents }) => [code, documents])).toEqual([['APPT', 1], ['CLIN', 4], ['HMHR', 1], ['not listed', 1]])
    expect((await report({ directorate: 'children' })).all).toMatchObject({ documents: 1 })
  })

  test('each cut adds up to the whole', async () => {
    const { all, directorates, teams, months, codes, rows } = await report()
    for (const cut of [directorates, teams, months, codes, rows])
      for (const number of ['documents', 'shared', 'withheld', 'byInstruction', 'review', 'conflicts', 'variances', 'takenBack'] as const) expect([number, cut.reduce((sum, one) => sum + one[number], 0)]).toEqual([number, all![number]])
    for (const one of rows) expect(one.shared + one.withheld + one.review).toBe(one.documents)
  })

  test('a code or a team that the policy does not list is counted, and not told', async () => {
    expect(JSON.stringify(await report())).not.toMatch(/jane|"smit/iu)
    const { teams } = assuranceOf(await place.ledger.assurance({ ...TIME, codes: [], teams: ['ADULT1'] }), 'name')
    expect(teams.map(({ team }) => team)).toEqual(['not listed', 'ADULT1'])
  })

  test.each([
    [{}, 7], [{ route: ['pkb', 'print'] }, 2], [{ route: ['withhold'] }, 4], [{ route: ['review'] }, 1], [{ marked: 'conflict' }, 1], [{ marked: 'variance' }, 1], [{ marked: 'instruction' }, 2], [{ code: '-' }, 0], [{ code: 'CLIN' }, 4], [{ marked: 'taken-back' }, 1], [{ marked: 'taken-back', title: 'letter' }, 1], [{ marked: 'instruction', directorate: 'newham', route: ['pkb'] }, 0], [{ state: ['recalling', 'recalled'] }, 1], [{ directorate: 'newham' }, 6],
  ] as const)('the list finds the documents behind %j', async (filter, count) => {
    expect((await place.ledger.list({ limit: 50, stage: ['live'], ...TIME, ...filter })).documents).toHaveLength(count)
  })
})

test('a letter whose place another has taken is recalled, and nothing that leaked', async () => {
  const takenBack = async () => (await report()).all!.takenBack
  const before = await takenBack()
  const sent = (await place.upload({}, { receipt: aReceipt({ documentId: 'R-1' }, { receivedAt: '2026-11-03T10:00:00.000Z' }) })).id
  await work(place, sent, 'pkb')
  await place.upload({}, { receipt: aReceipt({ documentId: 'R-2', event: 'replaced', replaces: 'R-1' }, { receivedAt: '2026-11-03T11:00:00.000Z' }) })
  await work(place, sent, 'pkb')
  const story = (await place.ledger.story(sent))!
  expect([story.state, story.facts.lifecycle, await takenBack()]).toEqual(['recalled', 'superseded', before])
  expect((await place.ledger.list({ limit: 50, marked: 'taken-back' })).documents.map(({ sourceId }) => sourceId)).not.toContain('R-1')
})

// ---------------------------------------------------------------- random documents

const TEAMS = ['ADULT1', ' ADULT1 ', '\tADULT1', 'adult1', 'ADULT2', 'CAMHS1', 'NOBODYS', undefined] as const
const NAMED = ['CLIN Letter.pdf', 'APPT Letter.pdf', 'HMHR Report.pdf', 'SMIT family.pdf', 'no code.pdf'] as const
const SAID = [{}, {}, WITHHELD, { event: 'cancelled' }, { status: 'draft' }, { documentType: 'Something else' }] as const
const WHEN = ['2025-03-31T22:59', '2025-03-31T23:01', '2025-10-31T23:59', '2025-11-01T00:00'] as const

const sends = fc.record({ n: fc.nat(9), team: fc.constantFrom(...TEAMS), name: fc.constantFrom(...NAMED), says: fc.constantFrom(...SAID), at: fc.constantFrom(...WHEN), next: fc.constantFrom('nothing', 'nothing', 'work', 'work and hold') })
const monthIn = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', year: 'numeric', month: '2-digit' })

test('each number is that of a fold over the documents', async () => {
  const documents = new Set<string>()
  let run = 0
  await fc.assert(fc.asyncProperty(fc.array(sends, { minLength: 5, maxLength: 20 }), async (all) => {
    run++
    for (const { n, team, name, says, at, next } of all) {
      const { id } = await place.upload({}, { receipt: aReceipt({ documentId: `F${run}-${n}`, team, name, ...says, uploadedAt: `${at}:00Z` }, { receivedAt: `${at}:00.000Z` }) })
      documents.add(id)
      if (next !== 'nothing') await work(place, id, 'pkb')
      if (next === 'work and hold') await place.ledger.hold(id, 'somebody', 'a reason', place.clock.at.toISOString())
    }
    const counted = new Map<string, number>()
    for (const { receivedAt, directorate, team, code, facts, decision, state } of (await Promise.all([...documents].map((id) => place.ledger.story(id)))).map((story) => story!)) {
      if (facts.directorate !== 'live') continue
      const told = (text: string | undefined, listed: object): string => (text === undefined ? '-' : Object.hasOwn(listed, text.trim()) ? text.trim() : 'not listed')
      const key = [monthIn.format(new Date(receivedAt)), directorate ?? '-', told(team, place.policy.services), told(code, place.policy.codes), decision.route, decision.conflict, decision.variance,
        decision.route === 'withhold' && facts.instruction === 'withhold' && facts.code !== 'blocked', (state === 'recalling' || state === 'recalled') && facts.lifecycle !== 'superseded'].join(' ')
      counted.set(key, (counted.get(key) ?? 0) + 1)
    }
    const numbers = await place.ledger.assurance({ since: '2025-01-01T00:00:00.000Z', until: '2026-01-01T00:00:00.000Z', codes: Object.keys(place.policy.codes), teams: Object.keys(place.policy.services) })
    expect(Object.fromEntries(numbers.map((one) => [[one.month, one.directorate ?? '-', one.team ?? '-', one.code ?? '-', one.route, one.conflict, one.variance, one.byInstruction, one.takenBack].join(' '), one.documents]))).toEqual(Object.fromEntries(counted))
  }), { numRuns: 8 })
  expect(documents.size).toBeGreaterThan(20)
}, 120_000)

// ---------------------------------------------------------------- thresholds

const group = (directorate: string, numbers: Partial<Record<'shared' | 'withheld' | 'blocked' | 'variances' | 'conflicts' | 'takenBack', number>>): readonly AssuranceCount[] => {
  const one = { month: '2026-11', directorate, conflict: false, variance: false, byInstruction: false, takenBack: false } as const
  const { shared = 0, withheld = 0, blocked = 0, variances = 0, conflicts = 0, takenBack = 0 } = numbers
  return [
    { ...one, route: 'pkb', documents: shared } as const, { ...one, route: 'withhold', byInstruction: true, documents: withheld } as const, { ...one, route: 'withhold', documents: blocked } as const, { ...one, route: 'withhold', variance: true, documents: variances } as const,
    { ...one, route: 'withhold', conflict: true, documents: conflicts } as const, { ...one, route: 'withhold', takenBack: true, documents: takenBack } as const,
  ].filter(({ documents }) => documents > 0)
}
const flagsOf = (numbers: Parameters<typeof group>[1]) => assuranceOf(group('one', numbers), 'name').all?.flags

test.each([
  [{ shared: 80, withheld: 20 }, []], [{ shared: 79, withheld: 21 }, ['over-withholding']], [{ shared: 9, withheld: 10 }, []], [{ shared: 10, withheld: 10 }, ['over-withholding']],
  [{ shared: 10, blocked: 90 }, []], [{ shared: 95, variances: 5 }, []], [{ shared: 94, variances: 6 }, ['over-withholding']], [{ shared: 95, conflicts: 5 }, []], [{ shared: 94, conflicts: 6 }, ['leaks']],
  [{ shared: 1000, takenBack: 1 }, ['leaks']], [{ shared: 1, takenBack: 1 }, ['leaks']], [{ shared: 60, withheld: 39, takenBack: 1 }, ['over-withholding', 'leaks']],
] as const)('%j is flagged %j', (numbers, flags) => expect(flagsOf(numbers)).toEqual(flags))

test('groups come worst first, for withholding and for leaks alike', () => {
  const counts = [...group('a', { shared: 99, takenBack: 1 }), ...group('b', { shared: 50, withheld: 50 }), ...group('c', { shared: 90, conflicts: 10 }), ...group('d', { shared: 100 })]
  const order = (sort: Sort) => assuranceOf(counts, sort).directorates.map(({ directorate }) => directorate).join('')
  expect([order('withheld'), order('leaks'), order('name')]).toEqual(['bcad', 'acbd', 'abcd'])
  expect(assuranceOf([], 'name')).toEqual({ directorates: [], teams: [], codes: [], months: [], rows: [] })
})
