// The documents as JSON. It refuses to name the patient: rows and stories hold ids, codes and decisions; only `/resource`,
// which is asked for by itself and written down as a look, is the DocumentReference.
import express, { type Request, type RequestHandler } from 'express'
import { Failure } from '../../errors.ts'
import type { DocumentRow, Story } from '../../ledger/ledger.ts'
import { listQuery, searchAsked } from '../shapes-asked.ts'
import { readFilter, wrongInWords, type FilterRead } from './filter.ts'
import { keptBy, type Kept } from '../stops/held-by.ts'
import { looked } from './looks.ts'
import { namesPatient, seesPatients } from './patient-search.ts'
import { isUuid, type Address, type DashboardParts } from '../parts.ts'
import { readStateOf } from './read-state.ts'
import { reasonOf, retryDelivery, TROUBLED } from '../failed/retry.ts'
import { documentReference, documents as documentsShape, idOnly, retryAsked, story as storyShape } from '../shapes.ts'
import { failed as failedShape } from '../assurance/shapes-reports.ts'
import { actorOf } from '../visitor.ts'

export const rowAnswer = ({ id, source, sourceId, feed, revision, receivedAt, state, route, rule, because, code, team, directorate }: DocumentRow) =>
  ({ id, source, sourceId, feed, revision, receivedAt, state, route, rule, because, code, team, directorate })

type StoryDelivery = Story['deliveries'][number]

const deliveryAnswer = (delivery: Omit<StoryDelivery, 'attempts'>) => {
  const { id, destination, state, standing, standingRevision, via, sentAt, acknowledgedAt, readAt, readBy, unconfirmed, dueAt, lastOutcome, lastCode, lastDetail } = delivery
  return { id, destination, state, standing, standingRevision, via, sentAt, acknowledgedAt, read: readStateOf(delivery), readAt, readBy, unconfirmed, dueAt, lastOutcome, lastCode, lastDetail }
}

const storyAnswer = (story: Story, { stops, paused }: Kept) => ({
  id: story.id,
  source: story.source,
  sourceId: story.sourceId,
  feed: story.feed,
  revision: story.revision,
  receivedAt: story.receivedAt,
  code: story.code,
  team: story.team,
  directorate: story.directorate,
  facts: story.facts,
  decision: story.decision,
  state: story.state,
  deliveries: story.deliveries.map((delivery) => ({
    ...deliveryAnswer(delivery),
    attempts: delivery.attempts.map(({ id, at, action, revision, outcome, code, detail, tookMs, trace }) => ({ id, at, action, revision, outcome, code, detail, tookMs, trace })),
  })),
  events: story.events.map(({ seq, at, kind, actor, detail }) => ({ seq, at, kind, actor, detail })),
  stops: stops.map(({ id, scope, value, actor, reason, at }) => ({ id, scope, value, actor, reason, at })),
  paused: paused.map(({ channel, actor, reason, at }) => ({ destination: channel, actor, reason, at })),
  receipts: story.receipts.map(({ id, receivedAt, feed, revision, bearing }) => ({ id, receivedAt, feed, revision, bearing })),
  unread: story.document.unread,
})

export const storyOf = async ({ ledger }: { readonly ledger: Pick<DashboardParts['ledger'], 'story'> }, req: Request): Promise<Story> => {
  const { id } = req.params
  const story = isUuid(id) ? await ledger.story(id) : undefined
  if (!story) throw new Failure('NOT_FOUND', 'There is no such document.')
  return story
}

export const json = express.json({ limit: '20kb' })

/** A body that is there must be a JSON object; none counts as an empty one. */
export const bodyOf = (req: Request): { readonly [name: string]: unknown } => {
  const body: unknown = req.body
  if (body === undefined) {
    if (Number(req.headers['content-length'] ?? 0) > 0 || req.headers['transfer-encoding'] !== undefined)
      throw new Failure('TYPE_UNSUPPORTED', 'The body is not declared as JSON.')
    return {}
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Failure('QUERY_INVALID', 'The body is not a JSON object.')
  return body as { readonly [name: string]: unknown }
}

export const apiAddresses = (parts: DashboardParts): readonly Address[] => {
  const { ledger } = parts

  const listed = async (read: FilterRead) => {
    if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
    const { documents, cursor } = await ledger.list(read.filter)
    return { documents: documents.map(rowAnswer), ...(cursor === undefined ? {} : { cursor }) }
  }
  const list: RequestHandler = async (req, res) => void res.json(await listed(readFilter(req.query, 'query')))
  const search: RequestHandler = async (req, res) => {
    const read = seesPatients(res, readFilter(bodyOf(req), 'body'))
    const found = await listed(read)
    if (read.ok && namesPatient(read.filter)) await looked(res, found.documents, 'search')
    res.json(found)
  }
  const story: RequestHandler = async (req, res) => {
    const told = await storyOf(parts, req)
    res.json(storyAnswer(told, await keptBy(parts, told)))
  }
  const resource: RequestHandler = async (req, res) => {
    const { id, resource } = await storyOf(parts, req)
    await looked(res, id, 'resource')
    res.type('application/fhir+json').send(JSON.stringify(resource))
  }
  const failed: RequestHandler = async (_req, res) => {
    const troubled = await ledger.troubled(TROUBLED)
    res.json({ deliveries: troubled.map((delivery) => ({ ...deliveryAnswer(delivery), document: rowAnswer(delivery.document) })) })
  }
  const retry: RequestHandler = async (req, res) => {
    const { reason, ...others } = bodyOf(req)
    if (Object.keys(others).length > 0) throw new Failure('QUERY_INVALID', 'The body takes reason and nothing else.')
    const deliveryId = req.params['id']
    await retryDelivery(parts, { deliveryId, actor: actorOf(res), reason: reasonOf(reason) })
    res.status(202).json({ id: deliveryId })
  }

  return [
    { method: 'get', path: '/api/documents', right: 'see', told: { says: 'The documents, newest first.', query: listQuery, answer: documentsShape }, handle: [list] },
    { method: 'post', path: '/api/documents/search', right: 'see', told: { says: 'The same list, also by what identifies a patient.', body: searchAsked, answer: documentsShape, errors: ['RIGHT_MISSING'] }, handle: [json, search] },
    { method: 'get', path: '/api/documents/:id', right: 'see', told: { says: 'One document’s whole story.', answer: storyShape, errors: ['NOT_FOUND'] }, handle: [story] },
    { method: 'get', path: '/api/documents/:id/resource', right: 'patients', told: { says: 'The document as a FHIR DocumentReference, without the file; it names the patient.', answer: documentReference, type: 'application/fhir+json', errors: ['NOT_FOUND'] }, handle: [resource] },
    { method: 'get', path: '/api/failed', right: 'see', told: { says: 'Deliveries that failed or are blocked, newest first, at most 200.', answer: failedShape }, handle: [failed] },
    { method: 'post', path: '/api/deliveries/:id/retry', right: 'retry', told: { says: 'Asks for another try of a delivery.', body: retryAsked, answer: idOnly, status: 202, errors: ['NOT_FOUND', 'RETRY_NOT_POSSIBLE'] }, handle: [json, retry] },
  ]
}
