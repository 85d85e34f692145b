// The patient's record at PKB by FHIR R4: create, replace, take back and look up one DocumentReference. It refuses
// to keep a second copy, to replace what it has not seen, to take an answer for another document's, to leave content
// behind where PKB does not delete, and to call a copy gone that can still be found.
import type { DocumentReference } from '@medplum/fhirtypes'
import { Failure } from '../../errors.ts'
import { LABELS } from '../../decide/labels.ts'
import { REVISION, NHS_NUMBER } from '../../fhir/systems.ts'
import { revisionIdentifier, stableIdentifier } from '../../fhir/identify.ts'
import type { PkbDestination } from '../../policy/schema.ts'
import type { ContentStore } from '../../ledger/content.ts'
import type { Outcome, Trace } from '../../types.ts'
import type { Look, Recall, Shipment } from '../destination.ts'
import { GONE, type Asked } from '../outcomes.ts'
import { isRecord, type Answer } from './answer.ts'
import { bodyOf } from './body.ts'
import type { ByTransport, TransportParts } from './by-transport.ts'
import { openFhir, type Fhir, type Sent } from './fhir.ts'

const TYPE = 'DocumentReference'
const MINIMAL = { prefer: 'return=minimal' }
/** A server that ignores what it does not know would answer with other people's documents; one that caches, with the past. */
const EXACT = { prefer: 'handling=strict', 'cache-control': 'no-cache' }
/** Where a server that does not delete says so: the copy is emptied instead. */
const NOT_DELETED: readonly string[] = ['403', '405', '409', '422', '501']

/** One copy at PKB under our identifier. */
type Copy = { readonly remoteId: string; readonly current: boolean; /** Taken back by emptying it. */ readonly inError: boolean; readonly revision?: number; readonly version?: string }
type Found = { readonly outcome: Outcome; readonly copies?: readonly Copy[] }

export const byFhir = (settings: PkbDestination, { connections, content, now }: TransportParts): ByTransport => {
  const endpoint = openFhir(settings.fhir, { connections, timeoutSecs: settings.timeout_secs, now })
  return {
    create: (shipment, signal) => traced(endpoint, shipment, (fhir) => create({ fhir, content, signal }, shipment)),
    update: (shipment, signal) => traced(endpoint, shipment, (fhir) => update({ fhir, content, signal }, mine(shipment))),
    recall: (recall, signal) => traced(endpoint, recall, (fhir) => takeBack(fhir, mine(recall), signal)),
    look: async (recall, signal): Promise<Look> => {
      let found: Found | undefined
      const outcome = await traced(endpoint, recall, async (fhir) => (found = await copiesOf(fhir, recall, signal)).outcome)
      const copy = found?.copies?.find(({ current }) => current)
      return copy ? { found: true, remoteId: copy.remoteId, ...(copy.revision === undefined ? {} : { revision: copy.revision }), outcome } : { found: false, outcome }
    },
  }
}

/** What HL7 calls a copy is our own identifier, and no id of a resource. */
const mine = <T extends Recall | Shipment>(asked: T): T => {
  if (asked.remoteId !== asked.identifier) return asked
  const { remoteId: _, ...rest } = asked
  return rest as T
}

/** An exchange is one or more requests under one correlation id; it leaves the trace of the last one, and of the last body. */
const traced = async (endpoint: Fhir, { attemptId }: Pick<Recall, 'attemptId'>, run: (fhir: Fhir) => Promise<Outcome>): Promise<Outcome> => {
  let trace: Trace = { correlation: attemptId }
  const send: Fhir['send'] = async (sending) => {
    const sent = await endpoint.send({ ...sending, headers: { ...sending.headers, 'x-request-id': attemptId } })
    const { status: _status, answer: _answer, ...body } = trace
    if (sent.trace) trace = { ...body, ...sent.trace }
    return sent
  }
  return { ...(await run({ send })), trace }
}

type With = { readonly fhir: Fhir; readonly content: ContentStore; readonly signal: AbortSignal }

const send = ({ fhir, content, signal }: With, shipment: Shipment, resource: DocumentReference, asked: Asked, how: { method: 'POST' | 'PUT'; path: string; headers: Record<string, string> }): Promise<Sent> => {
  const { sha256, size } = shipment.content
  return ours(() => fhir.send({ ...asked, ...how, signal, streamed: { body: bodyOf(resource, size), open: () => content.read(sha256) } }))
}

/** Only while it is what was seen: should it be stored late, it undoes no newer revision and no recall. A server that tells no version is not asked. */
const put = async (by: With, shipment: Shipment, { remoteId, version }: Pick<Copy, 'remoteId' | 'version'>): Promise<Outcome> => {
  const headers = { ...MINIMAL, ...(version === undefined ? {} : { 'if-match': `W/"${version}"` }) }
  const { outcome } = await send(by, shipment, { ...shipment.resource, id: remoteId }, { action: 'update', target: 'instance' }, { method: 'PUT', path: pathOf(remoteId), headers })
  return outcome.kind === 'accepted' ? { ...outcome, remoteId } : outcome
}

const create = async (by: With, shipment: Shipment): Promise<Outcome> => {
  const headers = { ...MINIMAL, 'if-none-exist': `identifier=${token(shipment.identifier)}` }
  const { outcome, answer } = await send(by, shipment, shipment.resource, { action: 'create', target: 'endpoint' }, { method: 'POST', path: TYPE, headers })
  if (outcome.kind !== 'accepted') return outcome
  if (answer?.status === 201) return withRemoteId(outcome, answer && remoteIdOf(answer))
  // Something with this identifier was there: adopted if it is this revision, replaced if not.
  const found = await copiesOf(by.fhir, shipment, by.signal)
  const [copy] = found.copies ?? []
  if (!copy) return { kind: 'unsure', code: outcome.code, detail: 'It was there, and then it could not be found.' }
  return copy.current && copy.revision === shipment.revision ? withRemoteId(outcome, copy.remoteId) : put(by, shipment, copy)
}

const update = async (by: With, shipment: Shipment): Promise<Outcome> => {
  const { remoteId } = shipment
  const { copies, outcome } = await copiesOf(by.fhir, shipment, by.signal)
  // Only a server that cannot search is told the id alone.
  if (!copies) return outcome.kind === 'refused' && remoteId !== undefined ? put(by, shipment, { remoteId }) : outcome
  const copy = copies.find((one) => one.current && one.remoteId === remoteId) ?? copies[0]
  return copy ? put(by, shipment, copy) : create(by, shipment)
}

/** What our own store could not give was not sent: that is a fault of this document, until somebody has mended it. */
const ours = async (sending: () => Promise<Sent>): Promise<Sent> => {
  try {
    return await sending()
  } catch (error) {
    if (error instanceof Failure) return { outcome: { kind: 'refused', code: error.code, detail: error.detail } }
    throw error
  }
}

const pathOf = (remoteId: string): string => `${TYPE}/${encodeURIComponent(remoteId)}`

const token = (identifier: string): string => {
  const { system, value } = stableIdentifier(identifier)
  return `${system}|${value}`
}

const withRemoteId = (outcome: Outcome, remoteId: string | undefined): Outcome => ({ ...outcome, ...(remoteId === undefined ? {} : { remoteId }) })

/** From `Location: [base]/DocumentReference/[id]/_history/[version]`, else from the body. */
const remoteIdOf = ({ headers, body }: Answer): string | undefined => {
  const location = /\/DocumentReference\/([A-Za-z0-9.-]{1,64})(\/|$)/u.exec(headers.get('location') ?? '')?.[1]
  const id = isRecord(body) && body['resourceType'] === TYPE ? body['id'] : undefined
  return location ?? (typeof id === 'string' ? id : undefined)
}

/** Every copy under the identifier, the one in force first. The address holds none but our own UUID. */
const copiesOf = async (fhir: Fhir, { identifier, revision }: Pick<Recall, 'identifier' | 'revision'>, signal: AbortSignal): Promise<Found> => {
  const query = new URLSearchParams({ identifier: token(identifier), _elements: 'identifier,masterIdentifier,status,meta' })
  const { outcome, answer } = await fhir.send({ action: 'look', target: 'endpoint', method: 'GET', path: `${TYPE}?${query}`, headers: EXACT, signal })
  if (outcome.kind !== 'accepted' || !answer) return { outcome }
  if (!isRecord(answer.body) || answer.body['resourceType'] !== 'Bundle') return { outcome: { kind: 'forbidden', code: 'NOT_FHIR', detail: 'The answer to a search is no Bundle.' } }
  const entries = Array.isArray(answer.body['entry']) ? (answer.body['entry'] as readonly unknown[]) : []
  // A page of other documents says nothing of ours, which may be on the next one.
  if (entries.some((entry) => isDocument(entry) && copyOf(entry, identifier).length === 0)) return { outcome: { kind: 'refused', code: 'SEARCH_IGNORED', detail: 'The server answers with documents that were not asked for: it does not search by identifier.' } }
  const copies = entries.flatMap((entry) => copyOf(entry, identifier))
  const rank = (copy: Copy): number => (copy.current ? 2 : 0) + (copy.revision === revision ? 1 : 0)
  return { outcome, copies: copies.sort((a, b) => rank(b) - rank(a)) }
}

const isDocument = (entry: unknown): boolean => isRecord(entry) && isRecord(entry['resource']) && entry['resource']['resourceType'] === TYPE

const copyOf = (entry: unknown, identifier: string): readonly Copy[] => {
  const resource = isRecord(entry) ? (entry['resource'] as Partial<DocumentReference> | undefined) : undefined
  const { system, value } = stableIdentifier(identifier)
  if (resource?.resourceType !== TYPE || !resource.id || !resource.identifier?.some((id) => id.system === system && id.value === value)) return []
  const master = resource.masterIdentifier
  const [, number] = master?.system === REVISION && master.value?.startsWith(`${identifier}/`) ? master.value.split('/') : []
  const version = resource.meta?.versionId
  return [{
    remoteId: resource.id, current: resource.status === 'current', inError: resource.status === 'entered-in-error',
    ...(version !== undefined && /^[A-Za-z0-9.-]{1,64}$/u.test(version) ? { version } : {}), ...(number !== undefined && /^\d{1,9}$/u.test(number) ? { revision: Number(number) } : {}),
  }]
}

/** A server may call a copy superseded when another one replaces it, and show it all the same. */
const stands = ({ inError }: Copy): boolean => !inError

/** Takes back every copy there is: the search comes first, for a wrong address also answers 404 to a delete. */
const takeBack = async (fhir: Fhir, recall: Recall, signal: AbortSignal): Promise<Outcome> => {
  const found = await copiesOf(fhir, recall, signal)
  // Only a server that cannot search is asked by the id alone.
  if (!found.copies && (found.outcome.kind !== 'refused' || recall.remoteId === undefined)) return found.outcome
  const standing = (found.copies ?? []).filter(stands).map(({ remoteId }) => remoteId)
  const known = recall.remoteId !== undefined && !found.copies?.some(({ remoteId }) => remoteId === recall.remoteId) ? [recall.remoteId] : []
  if (standing.length + known.length === 0) return { kind: 'accepted', code: GONE, detail: 'Nothing stands there.', confirmed: true }
  let last: Outcome | undefined
  for (const remoteId of [...standing, ...known]) {
    last = await remove(fhir, recall, remoteId, signal)
    if (last.kind !== 'accepted') return last
  }
  return last ? confirmed(fhir, recall, last, signal) : found.outcome
}

/** A server's yes is not enough where it can be looked at; one that cannot search has no more to say. */
const confirmed = async (fhir: Fhir, recall: Recall, removed: Outcome, signal: AbortSignal): Promise<Outcome> => {
  const { copies, outcome } = await copiesOf(fhir, recall, signal)
  if (!copies) return outcome.kind === 'refused' ? removed : { kind: 'unsure', code: outcome.code, detail: 'It was taken back, and then nobody could be asked whether it is gone.' }
  if (copies.some(stands)) return { kind: 'unsure', code: 'STILL_THERE', detail: 'It was taken back, and it can still be found.' }
  return { ...removed, confirmed: true }
}

const remove = async (fhir: Fhir, recall: Recall, remoteId: string, signal: AbortSignal): Promise<Outcome> => {
  const asked = { action: 'recall', target: 'instance' } as const
  const deleted = (await fhir.send({ ...asked, method: 'DELETE', path: pathOf(remoteId), signal })).outcome
  // Taken on, not done: the next look tells.
  if (deleted.code === '202') return { ...deleted, kind: 'unsure' }
  if (!NOT_DELETED.includes(deleted.code)) return deleted
  return (await fhir.send({ ...asked, method: 'PUT', path: pathOf(remoteId), headers: MINIMAL, json: emptied(recall, remoteId), signal })).outcome
}

/** What stays where a server does not delete: that there was something, in error, and nothing of it. Only PDFs are ever sent. */
const emptied = (recall: Recall, remoteId: string): DocumentReference => ({
  resourceType: TYPE,
  id: remoteId,
  meta: { security: [LABELS.MENTAL_HEALTH] },
  masterIdentifier: revisionIdentifier(recall.identifier, recall.revision),
  identifier: [stableIdentifier(recall.identifier)],
  status: 'entered-in-error',
  subject: { identifier: { system: NHS_NUMBER, value: recall.nhsNumber } },
  content: [{ attachment: { contentType: 'application/pdf' } }],
})
