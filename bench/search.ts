// How long a person waits for a search: a scratch PostgreSQL with many synthetic documents, and the first and the tenth page
// of typical and of nasty searches, each beside the fastest question there is, one document by its primary key. Rows are
// as the engine writes them, but for the receipts, which no search reads. It refuses to measure any other database.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { AS_LONG_AS_IT_TAKES, connect } from '../src/ledger/database.ts'
import { startEmbedded } from '../src/ledger/embedded/embedded.ts'
import type { DocumentFilter } from '../src/ledger/ledger.ts'
import { migrate } from '../src/ledger/migrate.ts'
import { estimate, list } from '../src/ledger/search.ts'
import { fillDocuments, NAMES } from './search-documents.ts'
import { atEnd } from './processes.ts'
import { quantile, rounded } from './table.ts'

type Row = readonly string[]
type Search = { readonly name: string; readonly filter: (nth: number) => Partial<DocumentFilter> }

export const SEARCH_HEAD: Row = ['search', 'fits, about', 'first page p50 ms', 'p95 ms', 'longest ms', 'tenth page p50 ms', 'p95 ms']

const TIMES = 30
const MONTHS_AGO = (months: number): string => new Date(Date.UTC(2026, 10 - months, 1)).toISOString()

const SEARCHES: readonly Search[] = [
  { name: 'everything', filter: () => ({}) },
  { name: 'NHS number', filter: (nth) => ({ nhsNumber: NAMES.patient(nth * 37) }) },
  { name: 'RiO id', filter: (nth) => ({ sourceId: `RIO-${1 + nth * 997}` }) },
  { name: 'NHS number, printed', filter: (nth) => ({ nhsNumber: NAMES.patient(nth * 41), state: ['printed'] }) },
  { name: 'failed, all of them a year old', filter: () => ({ state: ['failed'] }) },
  { name: 'failed or blocked or in review', filter: () => ({ state: ['failed', 'blocked', 'review'] }) },
  { name: 'in review, one team', filter: (nth) => ({ state: ['review'], team: NAMES.team(nth % 40) }) },
  { name: 'team, code, received in one month', filter: (nth) => ({ team: NAMES.team(nth % 40), code: 'CPLN', since: MONTHS_AGO(14), until: MONTHS_AGO(13) }) },
  { name: 'directorate, rule', filter: (nth) => ({ directorate: NAMES.directorate(nth % 5), rule: 'blocked-code' }) },
  { name: 'a feed that is no longer used', filter: () => ({ feed: 'rio-folder' }) },
  { name: 'a state that never comes with the route', filter: () => ({ state: ['withheld'], route: ['pkb'] }) },
  { name: 'title: a word of every second one', filter: () => ({ title: 'letter' }) },
  { name: 'title: words of one in a hundred', filter: (nth) => ({ title: NAMES.word(5 + (nth % 10)) }) },
  { name: 'title: words of one in a thousand', filter: (nth) => ({ title: NAMES.word(150 + nth) }) },
  { name: 'title: a rare word', filter: (nth) => ({ title: NAMES.word(4_900 + nth) }) },
  { name: 'title: the first three letters of words', filter: (nth) => ({ title: NAMES.word(40 + nth).slice(0, 3) }) },
  { name: 'title: a phrase, and a code', filter: () => ({ title: '"clinic letter"', code: 'CLIN' }) },
  { name: 'title: a word that never comes with the code', filter: () => ({ title: 'appointment', code: 'CLIN' }) },
  { name: 'observing, one directorate', filter: (nth) => ({ stage: ['observing'], directorate: NAMES.directorate(nth % 5) }) },
  { name: 'would go to the record, one team', filter: (nth) => ({ wouldRoute: ['pkb'], team: NAMES.team(nth % 40) }) },
  { name: 'conflicts, one directorate', filter: (nth) => ({ marked: 'conflict', directorate: NAMES.directorate(nth % 5) }) },
  { name: 'variances, of which there are none', filter: () => ({ marked: 'variance' }) },
  { name: 'title, a rule of six in a thousand', filter: () => ({ title: 'letter', rule: 'blocked-code' }) },
  { name: 'title, NHS number', filter: (nth) => ({ title: 'letter', nhsNumber: NAMES.patient(nth * 43) }) },
  { name: 'title, team, withheld, one year', filter: (nth) => ({ title: NAMES.word(nth % 8), team: NAMES.team(nth % 20), state: ['withheld'], since: MONTHS_AGO(20), until: MONTHS_AGO(8) }) },
]

const timed = async <T>(work: () => Promise<T>): Promise<readonly [ms: number, T]> => {
  const began = performance.now()
  const result = await work()
  return [performance.now() - began, result]
}

/** The cursor of the tenth page; undefined where there are fewer. */
const tenth = async (pool: Pool, filter: Partial<DocumentFilter>): Promise<string | undefined> => {
  let cursor: string | undefined
  for (let page = 1; page < 10; page += 1) {
    cursor = (await list(pool, { limit: 50, ...filter, ...(cursor === undefined ? {} : { cursor }) })).cursor
    if (cursor === undefined) return undefined
  }
  return cursor
}

const measure = async (pool: Pool, { name, filter }: Search): Promise<Row> => {
  const first: number[] = []
  for (let nth = 0; nth < TIMES; nth += 1) first.push((await timed(() => list(pool, { limit: 50, ...filter(nth) })))[0])
  const later: number[] = []
  const cursors = await Promise.all(Array.from({ length: 3 }, (_, nth) => tenth(pool, filter(nth))))
  for (let nth = 0; nth < TIMES; nth += 1) {
    const cursor = cursors[nth % cursors.length]
    if (cursor !== undefined) later.push((await timed(() => list(pool, { limit: 50, ...filter(nth % cursors.length), cursor })))[0])
  }
  const about = await estimate(pool, { limit: 50, ...filter(0) })
  return [name, String(about), ...[0.5, 0.95, 1].map((share) => rounded(quantile(first, share), 1)), ...[0.5, 0.95].map((share) => rounded(quantile(later, share), 1))]
}

const byKey = async (pool: Pool): Promise<Row> => {
  const took: number[] = []
  for (let nth = 0; nth < TIMES; nth += 1) took.push((await timed(() => pool.query('select * from documents where id = md5($1::text)::uuid', [1 + nth * 653])))[0])
  return ['one document by its primary key: the fastest there is', '1', ...[0.5, 0.95, 1].map((share) => rounded(quantile(took, share), 1)), '–', '–']
}

/** `ask` is given a scratch database with so many documents, and its address. */
export const overDocuments = async (documents: number, ask: (pool: Pool, url: string) => Promise<readonly Row[]>): Promise<readonly Row[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-bench-search-'))
  chmodSync(folder, 0o711)
  const forget = atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const embedded = await startEmbedded({ dataDir: folder, say: () => undefined })
  const pool = connect(embedded.url, { max: 3 })
  try {
    await migrate(pool)
    const [ms] = await timed(() => fillDocuments(pool, documents))
    const { rows: [size] } = await pool.query<{ whole: string; indexes: string }>({ text: `select pg_size_pretty(pg_database_size(current_database())) as whole, pg_size_pretty(pg_indexes_size('documents') + pg_indexes_size('revisions')) as indexes`, ...AS_LONG_AS_IT_TAKES })
    console.error(`${documents} documents in ${rounded(ms / 1000)} s, ${size?.whole}, of which indexes ${size?.indexes}`)
    return await ask(pool, embedded.url)
  } finally {
    await pool.end()
    await embedded.stop()
    forget()
    rmSync(folder, { recursive: true, force: true })
  }
}

export const searchRows = async (pool: Pool): Promise<readonly Row[]> => {
  const rows: Row[] = [await byKey(pool)]
  for (const search of SEARCHES) rows.push(await measure(pool, search))
  return rows
}
