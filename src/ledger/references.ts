// Documents and their revisions as FHIR asks for them: by identifier, status, date and person. It refuses to change what
// was planned: a resource comes out as it was stored, and what it is called is put beside it.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import { DOCUMENT_CODE } from '../fhir/systems.ts'
import type { Plan } from '../types.ts'
import type { Ledger, ReferenceFilter, RevisionRecord } from './ledger.ts'
import { isUuid } from './queries.ts'
import { instant, present } from './rows.ts'
import type { Row } from './rows.ts'

// A document that moved was known by another identifier before: which revision by which, nobody wrote down.
const SELECTED = `
  select d.id, d.source, d.source_id, v.revision, case when v.revision = d.revision or not d.moved then d.identifier end as identifier,
    case when v.revision = d.revision then p.identifier end as parent_identifier, v.received_at, v.document->>'sourceTime' as source_time, v.resource, v.receipt_id, r.feed, v.decision->>'policy' as policy
  from documents d join revisions v on v.document_id = d.id join receipts r on r.id = v.receipt_id
    left join documents p on p.source_id = d.parent_source_id and p.source = d.source`

// Of the resource in force, kept in the document's own row: see migrations/0014-search.sql.
const DATE = 'd.reference_date'
const FIRST_CODE = 'd.reference_type'

/** Those that came last first; of a time, those with the latest date first, for whom there is an index. */
const orderOf = ({ since, until }: ReferenceFilter): readonly [at: string, id: string] => (since === undefined && until === undefined ? ['d.received_at', 'd.id'] : [DATE, 'd.id'])

export const references = async (pool: Pool, filter: ReferenceFilter): ReturnType<Ledger['references']> => {
  const values: unknown[] = []
  const value = (given: unknown): string => `$${values.push(given)}`
  const { stable, source, sourceId, revision } = filter.identifier ?? {}
  const [at, id] = orderOf(filter)
  if (stable !== undefined && !isUuid(stable)) return { revisions: [] }
  const where = [
    'd.revision > 0 and v.revision = d.revision',
    ...(filter.documentIds ? [`d.id = any(${value(filter.documentIds)}::uuid[])`] : []),
    ...(stable === undefined ? [] : [`d.identifier = ${value(stable)}::uuid`]),
    ...(sourceId === undefined ? [] : [`d.source_id = ${value(sourceId)}`]),
    ...(source === undefined ? [] : [`d.source = ${value(source)}`]),
    ...(revision === undefined ? [] : [`d.revision = ${value(revision)}`]),
    ...(filter.status ? [`(${filter.status.map((status) => `d.reference_status = ${value(status)}`).join(' or ')})`] : []),
    ...(filter.type === undefined ? [] : typed(filter.type, value)),
    // An index has the others, which are few.
    ...(filter.status?.every((status) => status !== 'current') ? [`d.reference_status <> 'current'`] : []),
    ...(filter.since === undefined ? [] : [`${DATE} >= ${value(filter.since)}::timestamptz`]),
    ...(filter.until === undefined ? [] : [`${DATE} < ${value(filter.until)}::timestamptz`]),
    ...(filter.nhsNumber === undefined ? [] : [`d.nhs_number = ${value(filter.nhsNumber)}`]),
    ...(filter.cursor === undefined ? [] : [after(value, filter.cursor, [at, id])]),
  ]
  const { rows } = await pool.query<Row>(`${SELECTED} where ${where.join(' and ')} order by ${at} desc, ${id} desc limit ${value(filter.limit + 1)}`, values)
  const revisions = rows.slice(0, filter.limit).map(revisionRecordOf)
  const last = revisions.at(-1)
  return { revisions, ...(rows.length > filter.limit && last ? { cursor: `${at === DATE ? new Date(last.resource.date!).toISOString() : last.receivedAt}~${last.documentId}` } : {}) }
}

type Value = (given: unknown) => string

/** The trust's own code stands in the document's row as well; one that the policy does not list is in no resource. */
const typed = ({ system, code }: { readonly system?: string; readonly code: string }, value: Value): readonly string[] => {
  const coding = `exists (select from json_array_elements(v.resource#>'{type,coding}') c where c->>'code' = ${value(code)}${system === undefined ? '' : ` and c->>'system' = ${value(system)}`})`
  return system === DOCUMENT_CODE ? [`d.code = ${value(code)}`, coding] : system === undefined ? [`(d.code = ${value(code)} or ${FIRST_CODE} = ${value(code)})`, coding] : [`${FIRST_CODE} = ${value(code)}`, coding]
}

/** From behind the last of the page before. */
const after = (value: Value, cursor: string, [by, tie]: readonly [at: string, id: string]): string => {
  const [at = '', id = ''] = cursor.split('~')
  if (Number.isNaN(Date.parse(at)) || !isUuid(id)) throw new Failure('QUERY_INVALID', '_cursor: Use the one in the next link of the page before.')
  return `(${by}, ${tie}) < (${value(new Date(at).toISOString())}::timestamptz, ${value(id)}::uuid)`
}

export const revisions = async (pool: Pool, documentId: string): Promise<readonly RevisionRecord[]> =>
  isUuid(documentId) ? (await pool.query<Row>(`${SELECTED} where d.id = $1 order by v.revision desc`, [documentId])).rows.map(revisionRecordOf) : []

const revisionRecordOf = (row: Row): RevisionRecord => present<RevisionRecord>({
  documentId: row['id'] as string, source: row['source'] as string, sourceId: row['source_id'] as string, revision: row['revision'] as number, identifier: row['identifier'] as string | null,
  parentIdentifier: row['parent_identifier'] as string | null, receivedAt: instant(row['received_at'])!, sourceTime: row['source_time'] as string | null, resource: row['resource'] as Plan['resource'],
  receiptId: row['receipt_id'] as string, feed: row['feed'] as string, policy: row['policy'] as string,
})
