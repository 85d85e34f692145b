// Searching documents: whatever they are narrowed by, newest first and page by page. A page starts from the last document
// of the one before and not from a number, so it costs the same however far it is, and what comes in meanwhile moves nothing.
// It refuses to count: how many there are is the planner's estimate, for whoever asks.
import type { Pool } from 'pg'
import type { DocumentFilter, Ledger } from './ledger.ts'
import { listRowOf } from './rows.ts'
import type { Row } from './rows.ts'
import { BY_DOCUMENT, BY_SEARCHABLE, lastSeen, ofDocuments, ofSearchable, soughtTogether, times, type Value } from './search-asked.ts'
import { wordsAsked, type WordsAsked } from './title-words.ts'

export { isUuid } from './search-asked.ts'

export const LISTED = `select d.*, v.decision->>'because' as because from documents d join revisions v on v.document_id = d.id and v.revision = d.revision`

type Asked = { readonly text: string; readonly values: unknown[] }

const asking = (write: (value: Value) => string): Asked => {
  const values: unknown[] = []
  return { text: write((given) => `$${values.push(given)}`), values }
}

const isTogether = (filter: DocumentFilter): boolean =>
  filter.nhsNumber === undefined && filter.sourceId === undefined && (filter.title !== undefined || soughtTogether(filter) > 1)

/** One thing, or one patient's: an index of documents has it in the order of the list. */
const byDocument = (filter: DocumentFilter, words: WordsAsked | undefined): Asked =>
  asking((value) => `${LISTED} where ${[...ofDocuments(filter, words, value), ...times(filter, BY_DOCUMENT, value)].join(' and ')} order by d.received_at desc, d.id desc limit ${value(filter.limit + 1)}`)

const listed = (found: string): string => `${LISTED} join (${found}) m on m.document_id = d.id order by m.received_at desc, m.document_id desc`

const BEGINNING = 'select s.document_id, s.received_at from'
const NEWEST_FIRST = 'order by s.received_at desc, s.document_id desc'

/** Of so many documents, read newest first from where each thing was last seen. */
const nearest = (filter: DocumentFilter, words: WordsAsked | undefined, near: number): Asked =>
  asking((value) => {
    const seen = lastSeen(filter, value)
    const from = [...times(filter, BY_SEARCHABLE, value), ...seen.map((one) => `s.received_at <= ${one}`)]
    const some = `select * from searchable s ${from.length === 0 ? '' : `where ${from.join(' and ')} `}${NEWEST_FIRST} limit ${value(near)}`
    return listed(`${BEGINNING} (${some}) s where ${ofSearchable(filter, words, value).join(' and ')} ${NEWEST_FIRST} limit ${value(filter.limit + 1)}`)
  })

/** Of all, by the index that reads only what has everything: what is behind `offset 0` is planned as if all were wanted. */
const whole = (filter: DocumentFilter, words: WordsAsked | undefined): Asked =>
  asking((value) => {
    const all = `${BEGINNING} searchable s where ${[...ofSearchable(filter, words, value), ...times(filter, BY_SEARCHABLE, value)].join(' and ')} offset 0`
    return listed(`${BEGINNING} (${all}) s ${NEWEST_FIRST} limit ${value(filter.limit + 1)}`)
  })

const rowsOf = async (pool: Pool, { text, values }: Asked): Promise<readonly Row[]> => (await pool.query<Row>(text, values)).rows

/** Documents that are looked at before all are, and how many times as many where a part of a page was found among them. */
const NEAR = 5_000
const FURTHER = 4

/**
 * Two things at once, such as words and a code: how often they come together nobody knows, and who takes them for independent
 * may read a million documents for nothing. So the newest are tried first, which is mostly enough; and if it is not, there are few.
 */
const together = async (pool: Pool, filter: DocumentFilter, words: WordsAsked | undefined, near: number): Promise<readonly Row[]> => {
  const rows = await rowsOf(pool, nearest(filter, words, near))
  if (rows.length > filter.limit) return rows
  const more = rows.length * FURTHER > filter.limit ? await rowsOf(pool, nearest(filter, words, near * FURTHER)) : []
  return more.length > filter.limit ? more : rowsOf(pool, whole(filter, words))
}

const wordsOf = async (pool: Pool, { title }: DocumentFilter): Promise<WordsAsked | undefined> => (title === undefined ? undefined : wordsAsked(pool, title))

export const list = async (pool: Pool, filter: DocumentFilter, near = NEAR): ReturnType<Ledger['list']> => {
  const words = await wordsOf(pool, filter)
  const rows = isTogether(filter) ? await together(pool, filter, words, near) : await rowsOf(pool, byDocument(filter, words))
  const documents = rows.slice(0, filter.limit).map(listRowOf)
  const last = documents.at(-1)
  return { documents, ...(rows.length > filter.limit && last ? { cursor: `${last.receivedAt}~${last.id}` } : {}) }
}

/** How many there may be, as the planner thinks: found without looking at any. */
export const estimate = async (pool: Pool, filter: DocumentFilter): Promise<number> => {
  const words = await wordsOf(pool, filter)
  const { text, values } = asking((value) => isTogether(filter)
    ? `explain (format json) select from searchable s where ${[...ofSearchable(filter, words, value), ...times(filter, BY_SEARCHABLE, value)].join(' and ')}`
    : `explain (format json) select from documents d where ${[...ofDocuments(filter, words, value), ...times(filter, BY_DOCUMENT, value)].join(' and ')}`)
  const { rows: [row] } = await pool.query<Row>(text, values)
  const [plan] = (row?.['QUERY PLAN'] ?? []) as readonly { readonly Plan: { readonly 'Plan Rows': number } }[]
  return plan?.Plan['Plan Rows'] ?? 0
}
