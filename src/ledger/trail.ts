// The log of events as somebody reads it who asks what was sent to whom, and who did what: newest first, by time, by
// document and by kind. It refuses to name a patient, but by number where something of theirs was sent or taken back.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import type { Action } from '../types.ts'
import { eventOf } from './events.ts'
import type { Ledger, TrailEntry, TrailFilter } from './ledger.ts'
import { isUuid } from './queries.ts'
import { present } from './rows.ts'
import type { Row } from './rows.ts'

/** Actions that move a letter to the patient or away; a look tells nobody anything of it. */
const MOVES: readonly string[] = ['create', 'update', 'recall'] satisfies readonly Action[]

/** Chosen first, and joined after: a page of entries, and what little each needs of its delivery. */
const trailed = (where: string, limit: string): string => `
  with chosen as (select seq, at, document_id, kind, actor, detail from events where ${where} order by seq desc limit ${limit})
  select c.*, y.destination, case when c.kind in ('attempt-started', 'attempt-ended') and c.detail::json->>'action' = any($1::text[]) then y.nhs_number end as nhs_number
  from chosen c left join deliveries y on y.id = case when c.kind in ('attempt-started', 'attempt-ended') then (c.detail::json->>'delivery')::uuid end
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
      documentId: row['document_id'] as string | null, action, destination: destination ?? (row['destination'] as string | null), nhsNumber: row['nhs_number'] as string | null,
    }),
  }
}
