// The log of events as somebody reads it who asks what was sent to whom, and who did what: newest first, by time, by
// document, by kind and by who. It refuses to name a patient, but by number where something of theirs was sent, taken back or seen.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import { NHS_NUMBER } from '../fhir/systems.ts'
import type { Action } from '../types.ts'
import { eventOf } from './events.ts'
import type { Ledger, TrailEntry, TrailFilter } from './ledger.ts'
import { isUuid } from './queries.ts'
import { present } from './rows.ts'
import type { Row } from './rows.ts'

/** Actions that move a letter to the patient or away; a look tells nobody anything of it. */
const MOVES: readonly string[] = ['create', 'update', 'recall'] satisfies readonly Action[]

/** A look at the log itself names nobody: else whoever reads on would look at looks without end. */
const SEEN_ELSEWHERE = `c.kind = 'looked' and c.detail::json->>'what' <> 'log'`

/** Chosen first, and joined after: a page of entries, and what little each needs of its delivery. */
const trailed = (where: string, limit: string): string => `
  with chosen as (select seq, at, document_id, kind, actor, detail from events where ${where} order by seq desc limit ${limit})
  select c.*, d.source_id, y.destination, case when c.kind in ('attempt-started', 'attempt-ended') and c.detail::json->>'action' = any($1::text[]) then y.nhs_number
    when r.resource->'subject'->'identifier'->>'system' = '${NHS_NUMBER}' then r.resource->'subject'->'identifier'->>'value' end as nhs_number
  from chosen c left join deliveries y on y.id = case when c.kind in ('attempt-started', 'attempt-ended') then (c.detail::json->>'delivery')::uuid end
  left join documents d on d.id = c.document_id
  left join revisions r on r.document_id = c.document_id and r.revision = case when ${SEEN_ELSEWHERE} then (c.detail::json->>'revision')::int end
  order by c.seq desc`

export const trail = async (pool: Pool, filter: TrailFilter): ReturnType<Ledger['trail']> => {
  const values: unknown[] = [MOVES]
  const value = (given: unknown): string => `$${values.push(given)}`
  if (filter.documentId !== undefined && !isUuid(filter.documentId)) return { entries: [] }
  const where = [
    'true',
    ...(filter.seq === undefined ? [] : [`seq = ${value(filter.seq)}::bigint`]),
    ...(filter.documentId === undefined ? [] : [`document_id = ${value(filter.documentId)}::uuid`]),
    ...(filter.kinds ? [kindIn(value, filter.kinds)] : []),
    ...(filter.who === undefined ? [] : [`actor like '%)' and actor ilike ${value(`%${filter.who.replaceAll(/[\\%_]/gu, '\\$&')}%`)}`]),
    ...(filter.since === undefined ? [] : [`at >= ${value(filter.since)}::timestamptz`]),
    ...(filter.until === undefined ? [] : [`at < ${value(filter.until)}::timestamptz`]),
    ...(filter.cursor === undefined ? [] : [`seq < ${value(seqOf(filter.cursor))}::bigint`]),
  ].join(' and ')
  const { rows } = await pool.query<Row>(trailed(where, value(filter.limit + 1)), values)
  const entries = rows.slice(0, filter.limit).map(entryOf)
  const last = entries.at(-1)
  return { entries, ...(rows.length > filter.limit && last ? { cursor: String(last.seq) } : {}) }
}

const kindIn = (value: (given: unknown) => string, kinds: NonNullable<TrailFilter['kinds']>): string => {
  const plain = kinds.filter(({ actions }) => actions === undefined).map(({ kind }) => kind)
  const ofAttempts = kinds.flatMap(({ kind, actions }) => (actions ? [`(kind = ${value(kind)} and detail::json->>'action' = any(${value(actions)}::text[]))`] : []))
  return `(${[`kind = any(${value(plain)}::text[])`, ...ofAttempts].join(' or ')})`
}

const seqOf = (cursor: string): string => {
  if (!/^\d{1,18}$/u.test(cursor)) throw new Failure('QUERY_INVALID', '_cursor: Use the one in the next link of the page before.')
  return cursor
}

const entryOf = (row: Row): TrailEntry => {
  const event = eventOf(row)
  const { action, destination } = event.detail as { readonly action?: Action; readonly destination?: string }
  return {
    ...event,
    ...present<Omit<TrailEntry, keyof typeof event>>({
      documentId: row['document_id'] as string | null, sourceId: row['source_id'] as string | null, action, destination: destination ?? (row['destination'] as string | null), nhsNumber: row['nhs_number'] as string | null,
    }),
  }
}
