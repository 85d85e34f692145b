// The documents that were stored, each copy by itself, so that a document stored twice is seen twice. Everything
// but the bytes is in memory for as long as the sandbox runs; each change is handed to what keeps it longer. It
// refuses to forget on its own: only a delete, an entered-in-error or a reset takes a document from a record.
import type { Bundle, DocumentReference, Meta } from '@medplum/fhirtypes'
import { base64Pieces } from './base64.ts'
import type { Cut } from './cut-out.ts'
import type { Described } from './document-reference.ts'
import type { Spool } from './spool.ts'

/** Why a message is held back after its AA, for somebody of the organisation to accept or reject. */
export type Held = 'no-nhs-number' | 'nhs-number-not-verified' | 'date-of-birth'

/** A document as HL7 brings it; `key` is TXA-12.1. */
export type Letter = Described & {
  readonly cuts: readonly Cut[]
  /** Announced before, but not opened. */
  readonly visibleFrom?: string
  /** Its versions stay side by side, and nothing deletes it. */
  readonly carePlan?: true
  /** As PID-7 has it; only where it is held. */
  readonly birthDate?: string
}

export type Stored = Letter & {
  readonly by: 'fhir' | 'hl7'
  readonly readAt?: string
  readonly held?: Held
  readonly id: string
  readonly version: number
  readonly lastUpdated: string
  readonly receivedAt: string
  readonly replacedAt: string | null
  readonly deleted: boolean
  /** The resource as JSON, with a mark in place of each attachment's data. */
  readonly json: string
}

/** A resource that was read and found in order. */
export type Draft = { readonly resource: Partial<DocumentReference>; readonly described: Described; readonly cuts: readonly Cut[] }

export type Documents = {
  create(draft: Draft): Stored
  replace(stored: Stored, draft: Draft): Stored
  /** From HL7: in the record, or held back. */
  add(letter: Letter, held?: Held): Stored
  exchange(stored: Stored, letter: Letter): Stored
  markRead(stored: Stored, at: string): Stored
  /** In the record, from HL7, by TXA-12.1. */
  numbered(documentNumber: string): readonly Stored[]
  held(): readonly Stored[]
  /** `revision` names what took it away, where that has a name. */
  remove(stored: Stored, revision?: string): void
  get(id: string): Stored | undefined
  /** Any document that was not deleted; the one that changed last comes last. */
  all(): readonly Stored[]
  withIdentifier(token: string): readonly Stored[]
  ofPatient(nhsNumber: string): readonly Stored[]
  clear(): void
}

/** Those that were kept before come first; every one that is added or changed from now on is handed to `changed`. */
export type Kept = { readonly kept: readonly Stored[]; changed(stored: Stored): void; cleared(): void; noted(action: Action, stored: Stored): void }

export type Action = 'create' | 'replace' | 'delete' | 'quarantine'

const numberToken = (documentNumber: string): string => `TXA-12.1|${documentNumber}`

export const documentStore = (now: () => Date, newId: () => string, { kept, changed, cleared, noted }: Kept): Documents => {
  const byId = new Map<string, Stored>()
  const byIdentifier = new Map<string, Set<string>>()
  const byPatient = new Map<string, Set<string>>()
  const heldBack = new Set<string>()

  const index = (stored: Stored): void => {
    for (const identifier of stored.identifiers) addTo(byIdentifier, identifier, stored.id)
    addTo(byPatient, stored.nhsNumber, stored.id)
  }
  const unindex = (stored: Stored): void => {
    heldBack.delete(stored.id)
    for (const identifier of stored.identifiers) byIdentifier.get(identifier)?.delete(stored.id)
    byPatient.get(stored.nhsNumber)?.delete(stored.id)
  }
  const put = (stored: Stored): void => {
    byId.delete(stored.id)
    byId.set(stored.id, stored)
    if (stored.deleted) return
    if (stored.held) heldBack.add(stored.id)
    else index(stored)
  }
  for (const stored of kept) put(stored)
  const keep = (stored: Stored, action?: Action): Stored => {
    put(stored)
    changed(stored)
    if (action) noted(action, stored)
    return stored
  }
  const alive = (ids: Iterable<string>): readonly Stored[] => [...ids].flatMap((id) => {
    const stored = byId.get(id)
    return stored && !stored.deleted && !stored.held ? [stored] : []
  })
  const seal = ({ resource, described, cuts }: Draft, id: string, version: number, at: string) => {
    const meta: Meta = { ...resource.meta, versionId: String(version), lastUpdated: at }
    // Spread first: keys of ours come at the top, where people look.
    const json = JSON.stringify({ resourceType: 'DocumentReference', id, meta, ...without(resource, ['resourceType', 'id', 'meta']) })
    return { ...described, cuts, id, version, lastUpdated: at, json, deleted: false, by: 'fhir' as const }
  }

  return {
    create: (draft) => {
      const at = now().toISOString()
      return keep({ ...seal(draft, newId(), 1, at), receivedAt: at, replacedAt: null }, 'create')
    },
    replace: (stored, draft) => {
      const at = now().toISOString()
      unindex(stored)
      return keep({ ...seal(draft, stored.id, stored.version + 1, at), receivedAt: stored.receivedAt, replacedAt: at }, draft.described.status === 'entered-in-error' ? 'delete' : 'replace')
    },
    add: (letter, held) => {
      const at = now().toISOString()
      return keep({ ...sealLetter(letter, at), id: newId(), version: 1, receivedAt: at, replacedAt: null, ...(held ? { held } : {}) }, held ? 'quarantine' : 'create')
    },
    exchange: (stored, letter) => {
      const at = now().toISOString()
      unindex(stored)
      const read = stored.readAt === undefined ? {} : { readAt: stored.readAt }
      return keep({ ...sealLetter(letter, at), ...read, id: stored.id, version: stored.version + 1, receivedAt: stored.receivedAt, replacedAt: at }, 'replace')
    },
    markRead: (stored, at) => keep({ ...stored, readAt: at }),
    numbered: (documentNumber) => alive(byIdentifier.get(numberToken(documentNumber)) ?? []),
    held: () => [...heldBack].flatMap((id) => byId.get(id) ?? []),
    remove: (stored, revision = stored.revision) => {
      unindex(stored)
      keep({ ...stored, revision, version: stored.version + 1, deleted: true, json: '', cuts: [] }, stored.held ? undefined : 'delete')
    },
    get: (id) => byId.get(id),
    all: () => alive(byId.keys()),
    withIdentifier: (token) => {
      if (token.includes('|') && !token.startsWith('|')) return alive(byIdentifier.get(token) ?? [])
      const value = token.replace(/^\|/, '')
      return alive(byId.keys()).filter(({ identifiers }) =>
        identifiers.some((identifier) => (token.startsWith('|') ? identifier === token : identifier.slice(identifier.indexOf('|') + 1) === value)))
    },
    ofPatient: (nhsNumber) => alive(byPatient.get(nhsNumber) ?? []),
    clear: () => {
      cleared()
      byId.clear()
      byIdentifier.clear()
      byPatient.clear()
      heldBack.clear()
    },
  }
}

/** It belongs to no FHIR endpoint, so there is no resource of it. */
const sealLetter = (letter: Letter, at: string) => ({ ...letter, identifiers: [numberToken(letter.key)], lastUpdated: at, json: '', deleted: false, by: 'hl7' as const })

const addTo = (map: Map<string, Set<string>>, key: string, id: string): void => {
  const ids = map.get(key)
  if (ids) ids.add(id)
  else map.set(key, new Set([id]))
}

const without = (value: object, keys: readonly string[]): object => Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))

/** FHIR's `_summary=true` and `_elements`: the resource without its data, or only the named elements. */
export type Shape = { readonly summary: boolean; readonly elements?: readonly string[] }
export const WHOLE: Shape = { summary: false }

const shaped = (stored: Stored, shape: Shape): string => {
  if (!shape.summary && !shape.elements) return stored.json
  const resource = JSON.parse(stored.json) as DocumentReference
  const meta: Meta = { ...resource.meta, tag: [...(resource.meta?.tag ?? []), { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }] }
  if (shape.elements) {
    const wanted = ['resourceType', 'id', ...shape.elements]
    return JSON.stringify({ ...Object.fromEntries(Object.entries(resource).filter(([key]) => wanted.includes(key))), meta })
  }
  const content = resource.content?.map((one) => ({ ...one, attachment: without(one.attachment ?? {}, ['data']) }))
  return JSON.stringify({ ...resource, meta, ...(content ? { content } : {}) })
}

/** The JSON text with the data put back for each mark, streamed. */
const filled = async function* (json: string, cuts: readonly Cut[], spool: Spool): AsyncGenerator<string> {
  let rest = json
  for (const cut of cuts) {
    const at = rest.indexOf(cut.mark)
    if (at < 0) continue
    yield rest.slice(0, at)
    yield* base64Pieces(spool.read(cut.extents))
    rest = rest.slice(at + cut.mark.length)
  }
  yield rest
}

export const resourceBody = (stored: Stored, spool: Spool, shape: Shape = WHOLE): AsyncIterable<string> =>
  filled(shaped(stored, shape), stored.cuts, spool)

export const searchsetBody = (found: readonly Stored[], base: string, self: string, spool: Spool, shape: Shape): AsyncIterable<string> => {
  const bundle: Bundle = { resourceType: 'Bundle', type: 'searchset', total: found.length, link: [{ relation: 'self', url: self }] }
  const entries = found.map((stored) =>
    `{"fullUrl":${JSON.stringify(`${base}/DocumentReference/${stored.id}`)},"resource":${shaped(stored, shape)},"search":{"mode":"match"}}`)
  const json = entries.length === 0 ? JSON.stringify(bundle) : `${JSON.stringify(bundle).slice(0, -1)},"entry":[${entries.join(',')}]}`
  return filled(json, found.flatMap(({ cuts }) => cuts), spool)
}
