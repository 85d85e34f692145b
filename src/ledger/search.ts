// Searching documents: whatever they are narrowed by, newest first and page by page. A page starts from the last document
// of the one before and not from a number, so it costs the same however far it is, and what comes in meanwhile moves nothing.
// It refuses to count: how many there are is the planner's estimate, for whoever asks.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { DocumentFilter, Ledger } from './ledger.ts'
import { listRowOf } from './rows.ts'
import type { Row } from './rows.ts'

export const LISTED = `select d.*, v.decision->>'because' as because from documents d join revisions v on v.document_id = d.id and v.revision = d.revision`

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/iu
export const isUuid = (text: string): boolean => UUID.test(text)

type Value = (given: unknown) => string

// As migrations/0005-search.sql has it: only then does its index help.
const TEAM = (team: string): string => `upper(left(btrim(${team}), 100))`

const narrowed = (filter: DocumentFilter, { at }: Order, value: Value): readonly string[] => [
  'd.revision > 0',
  ...(filter.state ? [anyOf('d.state', filter.state, value)] : []),
  ...(filter.route ? [anyOf('d.route', filter.route, value)] : []),
  ...(filter.rule === undefined ? [] : [`d.rule = ${value(filter.rule)}`]),
  ...(filter.feed === undefined ? [] : [`d.feed = ${value(filter.feed)}`]),
  ...(filter.sourceId === undefined ? [] : [`d.source_id = ${value(filter.sourceId)}`]),
  ...(filter.code === undefined ? [] : [`d.code = ${value(filter.code)}`]),
  ...(filter.team === undefined ? [] : [`${TEAM('d.team')} = ${TEAM(`${value(filter.team)}::text`)}`]),
  ...(filter.directorate === undefined ? [] : [`d.directorate = ${value(filter.directorate)}`]),
  ...(filter.stage ? [`v.facts->>'directorate' = any(${value(filter.stage)}::text[])`] : []),
  ...(filter.wouldRoute ? [`coalesce(v.decision->>'wouldRoute', d.route) = any(${value(filter.wouldRoute)}::text[])`] : []),
  ...(filter.marked === undefined ? [] : [`v.decision->>${value(filter.marked)} = 'true'`]),
  ...(filter.since === undefined ? [] : [`${at} >= ${value(filter.since)}::timestamptz`]),
  ...(filter.until === undefined ? [] : [`${at} < ${value(filter.until)}::timestamptz`]),
  ...(filter.nhsNumber === undefined ? [] : [`d.nhs_number = ${value(filter.nhsNumber)}`]),
  ...(filter.title === undefined ? [] : [`t.words @@ ${wordsAsked(filter.title, value)}`]),
]

/** Of one value an index gives the order too; of several it would not. */
const anyOf = (column: string, values: readonly string[], value: Value): string =>
  values.length === 1 ? `${column} = ${value(values[0])}` : `${column} = any(${value(values)}::text[])`

const WITH_OPERATORS = /"|(^|\s)-\S|\sor\s/iu

/**
 * Plain words: each of them, by its beginning. With quotes, a minus or `or`, as a search engine on the web reads them. Neither
 * form can fail, whatever was typed: PostgreSQL's error would repeat the title.
 */
const wordsAsked = (title: string, value: Value): string => {
  if (WITH_OPERATORS.test(title)) return `websearch_to_tsquery('simple', ${value(title.replaceAll(/(?<=\S)-|[._/\\@:+&]/gu, ' '))})`
  const words = title.match(/[\p{L}\p{N}]+/gu) ?? []
  return words.length === 0 ? `''::tsquery` : `to_tsquery('simple', ${value(words.map((word) => `${word}:*`).join(' & '))})`
}

type Order = { readonly at: string; readonly id: string }
const BY_DOCUMENT: Order = { at: 'd.received_at', id: 'd.id' }
/** Of the words of a title, which are read newest first too; both times are those of the revision. */
const BY_WORDS: Order = { at: 't.received_at', id: 't.document_id' }
const AMONG_WORDS = `${LISTED} join titles t on t.document_id = d.id and t.revision = d.revision`

const after = (cursor: string, { at, id }: Order, value: Value): string => {
  const [lastAt = '', lastId = ''] = cursor.split('~')
  if (Number.isNaN(Date.parse(lastAt)) || !isUuid(lastId)) throw new Failure('QUERY_INVALID', 'cursor: Use the cursor that came with the page before.')
  return `(${at}, ${id}) < (${value(new Date(lastAt).toISOString())}::timestamptz, ${value(lastId)}::uuid)`
}

const asked = (filter: DocumentFilter, cursor: string | undefined): { readonly text: string; readonly order: Order; readonly values: unknown[]; readonly value: Value } => {
  const values: unknown[] = []
  const value: Value = (given) => `$${values.push(given)}`
  const order = filter.title === undefined ? BY_DOCUMENT : BY_WORDS
  const where = [...narrowed(filter, order, value), ...(cursor === undefined ? [] : [after(cursor, order, value)])]
  return { text: `${filter.title === undefined ? LISTED : AMONG_WORDS} where ${where.join(' and ')}`, order, values, value }
}

export const list = async (pool: Pool, filter: DocumentFilter): ReturnType<Ledger['list']> => {
  const { text, order: { at, id }, values, value } = asked(filter, filter.cursor)
  const { rows } = await pool.query<Row>(`${text} order by ${at} desc, ${id} desc limit ${value(filter.limit + 1)}`, values)
  const documents = rows.slice(0, filter.limit).map(listRowOf)
  const last = documents.at(-1)
  return { documents, ...(rows.length > filter.limit && last ? { cursor: `${last.receivedAt}~${last.id}` } : {}) }
}

/** How many there may be, as the planner thinks: found without looking at any. */
export const estimate = async (pool: Pool, filter: DocumentFilter): Promise<number> => {
  const { text, values } = asked(filter, undefined)
  const { rows: [row] } = await pool.query<Row>(`explain (format json) ${text}`, values)
  const [plan] = (row?.['QUERY PLAN'] ?? []) as readonly { readonly Plan: { readonly 'Plan Rows': number } }[]
  return plan?.Plan['Plan Rows'] ?? 0
}
