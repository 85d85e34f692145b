// FHIR R4 at /fhir, to read only: the documents, the log of events, and where each revision came from. It refuses patients
// in addresses, also in the links that it gives, and XML.
import { createHash } from 'node:crypto'
import type { Resource } from '@medplum/fhirtypes'
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import { auditEvent } from '../../fhir/audit-event.ts'
import { capabilityStatement, type Searched } from '../../fhir/capability-statement.ts'
import { identify } from '../../fhir/identify.ts'
import { provenance, provenanceId } from '../../fhir/provenance.ts'
import { searchset } from '../../fhir/searchset.ts'
import type { RevisionRecord, TrailEntry } from '../../ledger/ledger.ts'
import type { Seen } from '../../ledger/looks.ts'
import { readReferences, readTarget, readTrail, type SearchRead } from './fhir-search.ts'
import { wrongInWords } from '../documents/filter.ts'
import { form } from '../forms.ts'
import { looked } from '../documents/looks.ts'
import { SIGN_IN, type Address, type DashboardParts } from '../parts.ts'
import { originOf } from '../sign-in/cookies.ts'
import { may } from '../visitor.ts'

const send = (res: Response, resource: Resource): void => void res.type('application/fhir+json').send(JSON.stringify(resource))

type Page = { readonly resources: readonly Resource[]; readonly cursor?: string }

const documentOf = (record: RevisionRecord): Resource => {
  const { documentId, revision, identifier, parentIdentifier, receivedAt, resource, source, sourceId } = record
  const named = identifier === undefined ? resource : identify(resource, { identifier, documentId: sourceId, source, revision, ...(parentIdentifier ? { parentIdentifier } : {}) })
  return { ...named, id: documentId, meta: { ...named.meta, versionId: String(revision), lastUpdated: receivedAt } }
}

export const fhirAddresses = (parts: DashboardParts): readonly Address[] => {
  const { ledger, policy, signIn = SIGN_IN } = parts
  const base = (req: Request): string => `${originOf(req, signIn)}/fhir`

  const documents = async (req: Request, res: Response): Promise<Page> => {
    const { revisions, ...more } = await ledger.references(usable(readReferences(req.query, fieldsOf(req))))
    await looked(res, revisions.map(({ documentId: id, revision }) => ({ id, revision })), 'resource')
    return { resources: revisions.map(documentOf), ...more }
  }
  const trail = async (req: Request, res: Response): Promise<Page> => {
    const { entries, ...more } = await ledger.trail(usable(readTrail(req.query, fieldsOf(req))))
    return { resources: (await shownTo(res, entries)).map((entry) => auditEvent(entry, policy())), ...more }
  }
  const provenances = async (req: Request): Promise<Page> => {
    const { documentId, limit, cursor = '0' } = usable(readTarget(req.query, fieldsOf(req)))
    if (documentId === undefined) throw new Failure('QUERY_INVALID', 'target: Say of which document: DocumentReference/ and its id.')
    if (!/^\d{1,9}$/u.test(cursor)) throw new Failure('QUERY_INVALID', '_cursor: Use the one in the next link of the page before.')
    const from = Number(cursor)
    const all = await ledger.revisions(documentId)
    return { resources: all.slice(from, from + limit).map((one) => provenance(one, policy())), ...(all.length > from + limit ? { cursor: String(from + limit) } : {}) }
  }

  const readDocument: RequestHandler = async (req, res) => {
    const [latest] = await ledger.revisions(String(req.params['id']))
    await sendDocument(res, latest ?? notThere('document'))
  }
  const readRevision: RequestHandler = async (req, res) => {
    const all = await ledger.revisions(String(req.params['id']))
    await sendDocument(res, all.find(({ revision }) => String(revision) === req.params['revision']) ?? notThere('revision'))
  }
  const readEvent: RequestHandler = async (req, res) => {
    const id = String(req.params['id'])
    const { entries: [entry] } = /^[1-9]\d{0,15}$/u.test(id) ? await ledger.trail({ seq: Number(id), limit: 1 }) : { entries: [] }
    const [shown] = await shownTo(res, [entry ?? notThere('entry of the log')])
    send(res, auditEvent(shown!, policy()))
  }
  const readProvenance: RequestHandler = async (req, res) => {
    const id = String(req.params['id'])
    const all = await ledger.revisions(id.slice(0, 36))
    send(res, provenance(all.find((one) => provenanceId(one) === id) ?? notThere('revision'), policy()))
  }

  return [
    { method: 'get', path: '/fhir/metadata', right: 'open', handle: [(_req, res) => send(res, capabilityStatement())] },
    ...searches('DocumentReference', documents, base),
    { method: 'get', path: '/fhir/DocumentReference/:id', right: 'patients', handle: [readDocument] },
    { method: 'get', path: '/fhir/DocumentReference/:id/_history/:revision', right: 'patients', handle: [readRevision] },
    ...searches('AuditEvent', trail, base),
    { method: 'get', path: '/fhir/AuditEvent/:id', right: 'audit', handle: [readEvent] },
    ...searches('Provenance', provenances, base),
    { method: 'get', path: '/fhir/Provenance/:id', right: 'patients', handle: [readProvenance] },
  ]
}

/** The revision, and what it says: one that was decided again has other labels and the same number. */
const tagOf = (text: string, revision: number): string => `W/"${revision}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`
const hasIt = (res: Response, tag: string): boolean => (res.req.headers['if-none-match'] ?? '').split(',').some((one) => one.trim() === tag)

/** Who has it already is sent nothing, and so has seen nothing more. */
const sendDocument = async (res: Response, record: RevisionRecord): Promise<void> => {
  const text = JSON.stringify(documentOf(record))
  const tag = tagOf(text, record.revision)
  res.setHeader('ETag', tag)
  if (hasIt(res, tag)) return void res.status(304).end()
  await looked(res, [{ id: record.documentId, revision: record.revision }], 'resource')
  res.type('application/fhir+json').send(text)
}

/** Who may read the log and not see patients is told what was sent where, and not of whom. To be told of whom is a look at each of the documents. */
const shownTo = async (res: Response, entries: readonly TrailEntry[]): Promise<readonly TrailEntry[]> => {
  if (!may(res, 'patients')) return entries.map(({ nhsNumber: _nhsNumber, ...entry }) => entry)
  await looked(res, entries.filter(({ nhsNumber }) => nhsNumber !== undefined).map(seenIn), 'log')
  return entries
}

/** Of the revision that was sent or seen: a later one may be another patient's. */
const seenIn = ({ documentId, detail: { revision } }: TrailEntry): Seen => {
  if (documentId === undefined) throw new Failure('INTERNAL', 'An entry names a patient and no document.')
  return { id: documentId, ...(typeof revision === 'number' ? { revision } : {}) }
}

const notThere = (what: string): never => { throw new Failure('NOT_FOUND', `There is no such ${what}.`) }

const usable = <T>(found: SearchRead<T>): T => {
  if (!found.ok) throw new Failure('QUERY_INVALID', wrongInWords(found.wrong))
  return found.filter
}

// ---------------------------------------------------------------- searching

const searches = (type: Searched, find: (req: Request, res: Response) => Promise<Page>, base: (req: Request) => string): readonly Address[] => {
  const answer = (path: string): RequestHandler => async (req, res) => {
    const { resources, cursor } = await find(req, res)
    send(res, searchset(base(req), type, resources, { self: linkTo(path, req), ...(cursor === undefined ? {} : { next: linkTo(path, req, cursor) }) }))
  }
  const right = type === 'AuditEvent' ? 'audit' : 'patients'
  return [
    { method: 'get', path: `/fhir/${type}`, right, handle: [answer(type)] },
    { method: 'post', path: `/fhir/${type}/_search`, right, handle: [form, answer(`${type}/_search`)] },
  ]
}

/** What stood in the body stays out of it: the next page is asked for with the same body. */
const linkTo = (path: string, req: Request, cursor?: string): string => {
  const params = new URLSearchParams(Object.entries(req.query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)])))
  if (cursor !== undefined) params.set('_cursor', cursor)
  return params.size === 0 ? path : `${path}?${params}`
}

const fieldsOf = (req: Request): { readonly [name: string]: unknown } => {
  if (req.method !== 'POST') return {}
  const hasBody = Number(req.headers['content-length'] ?? 0) > 0 || req.headers['transfer-encoding'] !== undefined
  if (hasBody && !req.is('application/x-www-form-urlencoded')) throw new Failure('TYPE_UNSUPPORTED', 'The body of a search is application/x-www-form-urlencoded.')
  return (req.body as { readonly [name: string]: unknown } | undefined) ?? {}
}
