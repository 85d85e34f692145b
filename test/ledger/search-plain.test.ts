// Whatever a list is narrowed by, it holds what a plain filter over all documents gives, newest first, in pages of any size: asked
// of random documents, which change, with random filters. And what is searched is what the documents say.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { BY_INSTRUCTION, TAKEN_BACK } from '../../src/ledger/assurance.ts'
import type { DocumentFilter } from '../../src/ledger/ledger.ts'
import { list } from '../../src/ledger/search.ts'
import { ADA, BEN } from '../support/documents.ts'
import { aLedger, type TestLedger, work } from '../support/ledger.ts'
import { seeded } from '../../bench/random.ts'

type Plain = { readonly id: string; readonly at: string; readonly words: readonly string[]; readonly has: { readonly [name: string]: string | undefined }; readonly marks: readonly string[] }

type StoredRow = { readonly [column in 'id' | 'state' | 'route' | 'rule' | 'feed']: string } & { readonly [column in 'title' | 'code' | 'team' | 'directorate' | 'stage' | 'would_route']: string | null } &
  { readonly [column in 'conflict' | 'variance' | 'by_instruction' | 'taken_back']: boolean } & { readonly received_at: Date }

let place: TestLedger
let all: readonly Plain[]
const random = seeded(20_261_123).next
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
const MINUTE = 60_000

const CODES = ['CLIN', 'APPT', 'DISC', 'HMHR', 'ZZZZ', ''] as const
const WORDS = ['letter', 'letters', 'clinic', 'clin', 'appointment', 'garden', 'gard', '2024', '20', 'übung', 'don’t', 'to–do', 'a', 'x-ray', 'ABC'] as const

beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false, birthDate: ADA.birthDate }, place.clock.at.toISOString())
  for (let nth = 0; nth < 160; nth += 1) {
    // A third comes again, as another revision, and some at the same moment as the one before.
    if (nth % 7 !== 0) place.clock.at = new Date(place.clock.at.getTime() + MINUTE)
    const again = nth > 40 && nth % 3 === 0
    const { id } = await place.upload({
      documentId: `R-${again ? nth - 40 : nth}`, name: `${oneOf(CODES)} ${oneOf(WORDS)}${oneOf([' ', '_', '-', '.'])}${oneOf(WORDS)} ${oneOf(WORDS)}.pdf`, patient: oneOf([ADA, BEN]), team: oneOf(['ADULT1', ' adult2 ', 'Camhs1', '']),
      ...(random() < 0.2 ? { documentType: 'MH DO NOT share with patient' } : {}), ...(again ? { event: 'updated', uploadedAt: new Date(place.clock.at.getTime()).toISOString() } : {}),
    })
    const then = random()
    if (then < 0.3) await work(place, id, 'pkb', then < 0.15 ? {} : { kind: 'refused', code: '422' })
    else if (then < 0.4) await place.ledger.hold(id, 'clerk', 'look', place.clock.at.toISOString())
  }
  const { rows } = await place.pool.query(`select d.*, v.title, ${BY_INSTRUCTION} as by_instruction, ${TAKEN_BACK} as taken_back from documents d join revisions v on v.document_id = d.id and v.revision = d.revision where d.revision > 0 order by d.received_at desc, d.id desc`)
  all = (rows as readonly StoredRow[]).map((row) => ({
    id: row.id, at: row.received_at.toISOString(), words: (row.title ?? '').toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ''),
    has: { state: row.state, route: row.route, rule: row.rule, code: row.code ?? '-', team: row.team?.trim().toUpperCase(), directorate: row.directorate ?? undefined, feed: row.feed, stage: row.stage ?? undefined, wouldRoute: row.would_route ?? row.route },
    marks: [...(row.conflict ? ['conflict'] : []), ...(row.variance ? ['variance'] : []), ...(row.by_instruction ? ['instruction'] : []), ...(row.taken_back ? ['taken-back'] : [])],
  }))
}, 120_000)
afterAll(() => place?.close())

const MANY = ['state', 'route', 'stage', 'wouldRoute'] as const
const ONE = ['rule', 'code', 'team', 'directorate', 'feed'] as const

const aFilter = (): Omit<DocumentFilter, 'limit'> => {
  const [some, other, when] = [oneOf(all), oneOf(all), oneOf(all).at]
  // Mostly of one document, so that something is found.
  const given = (name: string): string | undefined => (random() < 0.8 ? some : other).has[name]
  const filter: Record<string, unknown> = {}
  for (const name of MANY) if (random() < 0.25) filter[name] = [...new Set([given(name), ...(random() < 0.3 ? [given(name), other.has[name]] : [])].filter((one) => one !== undefined))]
  for (const name of ONE) {
    const one = random() < 0.25 ? given(name) : undefined
    if (one !== undefined) filter[name] = name === 'team' ? ` ${one.toLowerCase()}` : one
  }
  if (random() < 0.1) filter['marked'] = oneOf(['conflict', 'variance', 'instruction', 'taken-back'])
  if (random() < 0.15) filter['since'] = when
  if (random() < 0.15) filter['until'] = when
  if (random() < 0.5) filter['title'] = Array.from({ length: 1 + Math.floor(random() * 3) }, () => oneOf([...some.words, ...WORDS]).slice(0, 1 + Math.floor(random() * 8))).join(oneOf([' ', ', ', '_']))
  return filter
}

const fits = (filter: Omit<DocumentFilter, 'limit'>) => ({ at, words, has, marks }: Plain): boolean => {
  const asked = (filter.title?.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) as readonly string[]
  return MANY.every((name) => filter[name] === undefined || (filter[name] as readonly string[]).includes(has[name]!)) &&
    ONE.every((name) => filter[name] === undefined || has[name] === (name === 'team' ? filter.team!.trim().toUpperCase() : filter[name])) &&
    (filter.marked === undefined || marks.includes(filter.marked)) && (filter.since === undefined || at >= filter.since) && (filter.until === undefined || at < filter.until) &&
    (filter.title === undefined || (asked.length > 0 && asked.every((word) => words.some((one) => one.startsWith(word)))))
}

const pages = async (filter: Omit<DocumentFilter, 'limit'>, near: number, limit: number): Promise<readonly string[]> => {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await list(place.pool, { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) }, near)
    seen.push(...page.documents.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined)
  return seen
}

test('a list is what a plain filter gives, page by page, however many are looked at first', async () => {
  let [found, none] = [0, 0]
  for (let nth = 0; nth < 400; nth += 1) {
    const filter = aFilter()
    const expected = all.filter(fits(filter)).map(({ id }) => id)
    const [near, limit] = oneOf([[1, 1], [3, 2], [20, 5], [60, 50], [1_000, 200]] as const)
    expect([filter, near, limit, await pages(filter, near, limit)]).toEqual([filter, near, limit, expected])
    if (expected.length > 0) found += 1
    else none += 1
  }
  expect([found > 100, none > 100]).toEqual([true, true])
}, 120_000)

test('each thing alone is found among documents, where two are found among what is searchable, and means the same', async () => {
  const values = (name: string) => [...new Set(all.flatMap(({ has }) => has[name] ?? []))]
  const alone: readonly Omit<DocumentFilter, 'limit'>[] = [
    ...(['conflict', 'variance', 'instruction', 'taken-back'] as const).map((marked) => ({ marked })),
    ...MANY.flatMap((name) => values(name).map((value) => ({ [name]: [value] }))), ...ONE.flatMap((name) => values(name).map((value) => ({ [name]: value }))),
  ]
  for (const filter of alone) {
    const expected = all.filter(fits(filter)).map(({ id }) => id)
    expect([filter, await pages(filter, 20, 50)]).toEqual([filter, expected])
    expect([filter, await pages({ ...filter, stage: values('stage') as DocumentFilter['stage'] & object }, 20, 50)]).toEqual([filter, 'stage' in filter ? all.map(({ id }) => id) : expected])
  }
}, 60_000)

const searchable = async () => (await place.pool.query('select document_id, received_at, words::text, traits from searchable order by document_id')).rows
const words = async () => (await place.pool.query('select word from title_words order by word')).rows
const indexes = async () => (await place.pool.query(`select indexdef from pg_indexes where tablename in ('searchable', 'title_words') order by 1`)).rows

test('of every document it is kept as a migration of old ones makes it', async () => {
  const [kept, known, had] = [await searchable(), await words(), await indexes()]
  expect(kept).toHaveLength(all.length)
  const old = await readFile(new URL('../../src/ledger/migrations/0005-search.sql', import.meta.url), 'utf8')
  await place.pool.query('drop table searchable, title_words; drop function words_of, traits_of; create index documents_ways_together on documents (state, route, rule, received_at, id) where revision > 0')
  await place.pool.query(old.slice(old.indexOf('create table titles')).replace('drop index revisions_title;', ''))
  await place.pool.query(await readFile(new URL('../../src/ledger/migrations/0017-searchable.sql', import.meta.url), 'utf8'))
  expect(await searchable()).toEqual(kept)
  expect(await indexes()).toEqual(had)
  // A word that no title has any more is known all the same.
  expect(known).toEqual(expect.arrayContaining(await words()))
})
