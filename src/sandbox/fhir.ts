// The customer's FHIR R4 endpoint: DocumentReference with create, conditional create, read, search, update and
// delete. It refuses callers without a token of this endpoint and the organisation's id, and anything but JSON.
import { readDocumentReference } from './document-reference.ts'
import type { Documents, Draft, Shape, Stored } from './documents.ts'
import { resourceBody, searchsetBody } from './documents.ts'
import { cutOut } from './cut-out.ts'
import { FHIR_JSON, outcome } from './outcome.ts'
import { NHS_NUMBER_SYSTEM } from './people.ts'
import type { Answer, Ask, Handle, Route } from './router.ts'
import type { Spool } from './spool.ts'
import type { Tokens } from './tokens.ts'
import { readText } from './text.ts'

export type FhirParts = {
  readonly documents: Documents
  readonly spool: Spool
  readonly tokens: Tokens
  readonly newId: () => string
  readonly deleteRefused: () => boolean
}

const TYPE = '/fhir/DocumentReference'
const isAnswer = (value: Draft | Answer): value is Answer => 'status' in value

export const fhirRoutes = (parts: FhirParts): readonly Route[] => {
  const guarded = (handle: Handle): Handle => (ask) => parts.tokens.refuse('customer', ask) ?? notJson(ask) ?? handle(ask)
  const { documents } = parts
  const of = (ask: Ask): Stored | undefined => {
    const stored = documents.get(ask.params['id'] ?? '')
    return stored?.by === 'fhir' ? stored : undefined
  }

  const create: Handle = async (ask) => receiving(parts, ask, (draft) => {
    const condition = ask.headers['if-none-exist']
    if (condition !== undefined) {
      const found = search(documents, new URLSearchParams(String(condition).replace(/^[^?]*\?/, '')))
      if ('status' in found) return found
      if (found.list.length > 1) return outcome(412, [{ code: 'multiple-matches', says: `If-None-Exist matches ${found.list.length} documents.` }])
      const [existing] = found.list
      if (existing) return whole(parts, ask, existing, 200)
    }
    return whole(parts, ask, documents.create(draft), 201)
  })

  const update: Handle = async (ask) => receiving(parts, ask, (draft) => {
    const stored = of(ask)
    if (!stored) return outcome(404, 'There is no such DocumentReference, and this server gives the ids.')
    if (stored.deleted) return outcome(410, 'It was deleted.')
    if (draft.resource.id !== stored.id) return outcome(400, [{ code: 'invalid', expression: 'DocumentReference.id', says: 'id must be that of the address' }])
    return otherVersion(ask, stored) ?? whole(parts, ask, documents.replace(stored, draft), 200)
  })

  const remove: Handle = (ask) => {
    const stored = of(ask)
    if (parts.deleteRefused()) return outcome(405, 'This server does not delete.', { headers: { Allow: 'GET, PUT' } })
    if (!stored) return outcome(404, 'There is no such DocumentReference.')
    if (stored.deleted) return { status: 204 }
    const refused = otherVersion(ask, stored)
    if (refused) return refused
    documents.remove(stored)
    return { status: 204 }
  }

  const read: Handle = (ask) => {
    const stored = of(ask)
    if (!stored) return outcome(404, 'There is no such DocumentReference.')
    if (stored.deleted) return outcome(410, 'It was deleted.')
    const version = ask.params['version']
    if (version !== undefined && version !== String(stored.version)) return outcome(404, 'Only the version in force is kept.')
    return whole(parts, ask, stored, 200, shapeOf(ask.query))
  }

  const find = async (ask: Ask, query: URLSearchParams): Promise<Answer> => {
    const found = search(documents, query)
    if ('status' in found) return found
    const count = Number(query.get('_count') ?? found.list.length)
    const list = found.list.slice(0, Number.isInteger(count) && count >= 0 ? count : undefined)
    // Like any search by POST, the answer names no parameter: they may identify a patient.
    const self = ask.method === 'POST' ? `${ask.base}${TYPE}/_search` : `${ask.base}${TYPE}?${ask.query.toString()}`
    return { status: 200, headers: { 'Content-Type': FHIR_JSON }, body: searchsetBody(list, `${ask.base}/fhir`, self, parts.spool, shapeOf(query)) }
  }

  const findByPost: Handle = async (ask) => {
    const form = await readText(ask.body, 64 * 1024)
    if (form === undefined) return outcome(413, 'The search is too long.')
    return find(ask, new URLSearchParams([...ask.query, ...new URLSearchParams(form)]))
  }

  return [
    { method: 'POST', template: TYPE, handle: guarded(create) },
    { method: 'GET', template: TYPE, handle: guarded((ask) => find(ask, ask.query)) },
    { method: 'POST', template: `${TYPE}/_search`, handle: guarded(findByPost) },
    { method: 'GET', template: `${TYPE}/{id}`, handle: guarded(read) },
    { method: 'PUT', template: `${TYPE}/{id}`, handle: guarded(update) },
    { method: 'DELETE', template: `${TYPE}/{id}`, handle: guarded(remove) },
    { method: 'GET', template: `${TYPE}/{id}/_history/{version}`, handle: guarded(read) },
  ]
}

/** Reads the body into a draft while it streams; the rest happens at once, so that no other request comes between. */
const receiving = async (parts: FhirParts, ask: Ask, then: (draft: Draft) => Answer): Promise<Answer> => {
  if (!/^application\/(fhir\+)?json\b/i.test(ask.headers['content-type'] ?? '')) return outcome(415, 'Send application/fhir+json.')
  const letGo = parts.spool.hold()
  try {
    const body = await cutOut(ask.body, parts.spool, () => `cut-out:${parts.newId()}`)
    if (body.tooLarge) return outcome(413, 'The resource is larger than this server takes.')
    const resource = parsed(body.text)
    if (!resource) return outcome(400, [{ code: 'structure', says: 'The body is not a JSON object.' }])
    if (resource['resourceType'] !== 'DocumentReference') return outcome(400, [{ code: 'invalid', expression: 'resourceType', says: 'The body is no DocumentReference.' }])
    const reading = readDocumentReference(resource, body.cuts)
    const draft: Draft | Answer = reading.ok ? { resource, described: reading.described, cuts: body.cuts } : outcome(422, reading.issues)
    return isAnswer(draft) ? draft : then(draft)
  } finally {
    letGo()
  }
}

const parsed = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** `Prefer: return=minimal` leaves the body out; without it the whole resource comes back, data and all. */
const whole = (parts: FhirParts, ask: Ask, stored: Stored, status: number, shape?: Shape): Answer => {
  const headers = {
    ETag: `W/"${stored.version}"`,
    'Last-Modified': new Date(stored.lastUpdated).toUTCString(),
    ...(ask.method === 'GET' ? {} : { Location: `${ask.base}${TYPE}/${stored.id}/_history/${stored.version}` }),
  }
  if (ask.method !== 'GET' && /\breturn=minimal\b/i.test(String(ask.headers['prefer'] ?? ''))) return { status, headers }
  return { status, headers: { ...headers, 'Content-Type': FHIR_JSON }, body: resourceBody(stored, parts.spool, shape) }
}

const otherVersion = (ask: Ask, stored: Stored): Answer | undefined => {
  const wanted = ask.headers['if-match']
  if (wanted === undefined || wanted === '*' || wanted.replace(/^W\//, '') === `"${stored.version}"`) return undefined
  return outcome(412, `If-Match names another version; it is at ${stored.version}.`)
}

const notJson = (ask: Ask): Answer | undefined => {
  const accept = ask.headers.accept ?? '*/*'
  return /json|\*\/\*|application\/\*/i.test(accept) ? undefined : outcome(406, 'This server answers in application/fhir+json only.')
}

const shapeOf = (query: URLSearchParams): Shape => {
  const elements = query.get('_elements')?.split(',').map((name) => name.trim()).filter(Boolean)
  return { summary: query.get('_summary') === 'true', ...(elements?.length ? { elements } : {}) }
}

type Filter = (documents: Documents, values: readonly string[]) => readonly Stored[]

/** A patient is found by NHS number; a token without a system means that one too. */
const ofPatients: Filter = (documents, values) => values.flatMap((value) => {
  const [system, number] = value.includes('|') ? value.split('|') : [NHS_NUMBER_SYSTEM, value]
  return system === NHS_NUMBER_SYSTEM ? documents.ofPatient(number ?? '') : []
})

const FILTERS: Readonly<Record<string, Filter>> = {
  identifier: (documents, values) => values.flatMap((value) => documents.withIdentifier(value)),
  'patient.identifier': ofPatients,
  'patient:identifier': ofPatients,
  'subject.identifier': ofPatients,
  'subject:identifier': ofPatients,
  _id: (documents, values) => documents.all().filter(({ id }) => values.includes(id)),
  status: (documents, values) => documents.all().filter(({ status }) => values.includes(status)),
}
const CONTROLS = ['_count', '_summary', '_elements', '_format', '_total', '_sort', '_pretty']

const search = (documents: Documents, query: URLSearchParams): { readonly list: readonly Stored[] } | Answer => {
  let list: readonly Stored[] | undefined
  for (const [name, value] of query) {
    if (CONTROLS.includes(name)) continue
    const filter = FILTERS[name]
    if (!filter) return outcome(400, `There is no search parameter ${name}; there are ${Object.keys(FILTERS).join(', ')}.`)
    const found = filter(documents, value.split(','))
    const before: readonly Stored[] | undefined = list
    list = before ? before.filter((stored) => found.includes(stored)) : found
  }
  // The customer's store is private to FHIR: what came by HL7 is only in the record.
  return { list: [...new Set(list ?? documents.all())].filter(({ by }) => by === 'fhir') }
}
