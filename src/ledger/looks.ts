// Who saw which patient's document, and what of it. It is written down before anything is shown: the log is no place for
// good intentions. It refuses to write down the same look again and again, so that a page that is opened anew does not flood the log.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import { inTransaction } from './database.ts'
import { toJson } from './rows.ts'
import type { Row } from './rows.ts'

/** What was seen: the page of its story, that it is this patient's (a search by them, or the log of events), its DocumentReference, or the document itself. */
const LOOKS = ['story', 'search', 'log', 'resource', 'content'] as const
export type Look = (typeof LOOKS)[number]

/** A document; by its revision in force, or by an earlier one. */
export type Seen = { readonly id: string; readonly revision?: number }

export type Looking = {
  /** Resolves when it is written down that `actor` sees this of these documents. Who saw the same of the same revision within ten minutes is not written down again. */
  looked(documents: readonly Seen[], by: { readonly actor: string; readonly what: Look }, now: string): Promise<void>
}

const AGAIN_MS = 10 * 60_000

const SEEN = `
  select d.id, s.revision, exists (
    select from events e where e.document_id = d.id and e.kind = 'looked' and e.actor = $3 and e.at > $4
      and e.detail::json->>'what' = $5 and e.detail::json->>'revision' = s.revision::text) as before
  from documents d join (
    select distinct a.id, coalesce(a.revision, d.revision) as revision from unnest($1::uuid[], $2::int[]) a (id, revision) join documents d using (id)) s using (id)
  join revisions r on r.document_id = d.id and r.revision = s.revision`

export const looked = (pool: Pool, documents: readonly Seen[], { actor, what }: { readonly actor: string; readonly what: Look }, now: string): Promise<void> =>
  documents.length === 0 ? Promise.resolve() : inTransaction(pool, async (client) => {
    const { rows } = await client.query<Row>(SEEN, [documents.map(({ id }) => id), documents.map(({ revision }) => revision ?? null), actor, new Date(Date.parse(now) - AGAIN_MS).toISOString(), what])
    const found = new Set(rows.map((row) => row['id'] as string))
    if (!documents.every(({ id }) => found.has(id.toLowerCase()))) throw new Failure('INTERNAL', 'A look at a document that is not there cannot be written down.')
    const entries = rows.filter((row) => row['before'] !== true).map((row) => ({
      at: new Date(now).toISOString(), document_id: row['id'], kind: 'looked', actor, detail: JSON.stringify({ what, revision: row['revision'] }),
    }))
    // The last statement of its transaction: see `append_events`.
    if (entries.length > 0) await client.query('select append_events($1)', [toJson(entries)])
  })
