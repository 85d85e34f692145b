// Searching documents: whatever they are narrowed by, newest first and page by page. A page starts from the last document
// of the one before and not from a number, so it costs the same however far it is, and what comes in meanwhile moves nothing.
// It refuses to count: how many there are is the planner's estimate, for whoever asks.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { DocumentFilter, Ledger } from './ledger.ts'
import { instant, listRowOf } from './rows.ts'
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
  ...(filter.stage ? [anyOf('d.stage', filter.stage, value)] : []),
  ...(filter.wouldRoute ? [`(${anyOf('d.would_route', filter.wouldRoute, value)} or (d.would_route is null and ${anyOf('d.route', filter.wouldRoute, value)}))`] : []),
  ...(filter.marked === undefined ? [] : [filter.marked === 'conflict' ? 'd.conflict' : 'd.variance']),
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

type Asked = { readonly text: string; readonly where: string; readonly order: Order; readonly values: unknown[]; readonly value: Value }

/** `from`: of the documents since then only. */
const asked = (filter: DocumentFilter, cursor: string | undefined, from?: string): Asked => {
  const values: unknown[] = []
  const value: Value = (given) => `$${values.push(given)}`
  const order = filter.title === undefined ? BY_DOCUMENT : BY_WORDS
  // Each table is told by itself: of one time the planner does not conclude the other.
  const since = from === undefined ? [] : [...new Set([BY_DOCUMENT.at, order.at])].map((at) => `${at} >= ${value(from)}::timestamptz`)
  const where = [...narrowed(filter, order, value), ...since, ...(cursor === undefined ? [] : [after(cursor, order, value)])]
  return { text: `${filter.title === undefined ? LISTED : AMONG_WORDS} where ${where.join(' and ')}`, where: where.join(' and '), order, values, value }
}

const found = async (pool: Pool, { text, order: { at, id }, values, value }: Asked, limit: number): Promise<readonly Row[]> =>
  (await pool.query<Row>(`${text} order by ${at} desc, ${id} desc limit ${value(limit + 1)}`, values)).rows

/** Whatever fits, by the indexes that find the least of it: what is behind `offset 0` is planned as if all were wanted. */
const foundWhole = async (pool: Pool, { where, order, values, value }: Asked, limit: number): Promise<readonly Row[]> => {
  const all = `select d.id, ${order.at} from documents d${order === BY_WORDS ? ' join titles t on t.document_id = d.id and t.revision = d.revision' : ''} where ${where} offset 0`
  return (await pool.query<Row>(`${LISTED} join (select * from (${all}) f order by f.received_at desc, f.id desc limit ${value(limit + 1)}) m on m.id = d.id order by m.received_at desc, m.id desc`, values)).rows
}

/** Documents that are looked at before all are. */
const NEAR = 10_000

/** The time of the last of the nearest documents; undefined where there are fewer. */
const nearest = async (pool: Pool, { until, cursor }: DocumentFilter, near: number): Promise<string | undefined> => {
  const values: unknown[] = []
  const value: Value = (given) => `$${values.push(given)}`
  const where = ['d.revision > 0', ...(until === undefined ? [] : [`d.received_at < ${value(until)}::timestamptz`]), ...(cursor === undefined ? [] : [after(cursor, BY_DOCUMENT, value)])]
  const { rows: [row] } = await pool.query<Row>(`select d.received_at from documents d where ${where.join(' and ')} order by d.received_at desc, d.id desc offset ${value(near)} limit 1`, values)
  return instant(row?.['received_at'])
}

/**
 * Two things at once, such as words and a code: how often they come together nobody knows, and who takes them for independent
 * may read a million documents for nothing. So the newest are tried first, which is mostly enough; and if it is not, there are few.
 */
const together = async (pool: Pool, filter: DocumentFilter, looked: number): Promise<readonly Row[]> => {
  const from = await nearest(pool, filter, looked)
  const near = from === undefined ? [] : await found(pool, asked(filter, filter.cursor, from), filter.limit)
  return near.length > filter.limit ? near : foundWhole(pool, asked(filter, filter.cursor), filter.limit)
}

const NARROWING: readonly (keyof DocumentFilter)[] = ['title', 'state', 'route', 'rule', 'code', 'team', 'directorate', 'feed', 'stage', 'wouldRoute', 'marked']

export const list = async (pool: Pool, filter: DocumentFilter, near = NEAR): ReturnType<Ledger['list']> => {
  const isSeveral = filter.nhsNumber === undefined && filter.sourceId === undefined && NARROWING.filter((name) => filter[name] !== undefined).length > 1
  const rows = isSeveral ? await together(pool, filter, near) : await found(pool, asked(filter, filter.cursor), filter.limit)
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
