// What may be asked for at /fhir: from a query string or a form's fields to what the ledger is asked. It refuses unknown
// parameters and values, so that nobody takes half an answer for a whole one, and patients anywhere but in a body.
import { SEARCHES, type Searched } from '../../fhir/capability-statement.ts'
import { isAuditKind, kindsOfTypes, TYPES, type KindAsked } from '../../fhir/audit-kinds.ts'
import { ATTEMPT_ACTION, AUDIT_KIND, DOCUMENT_CODE, documentIds, NHS_NUMBER, REVISION, SNOMED, URI } from '../../fhir/systems.ts'
import type { ReferenceFilter, TrailFilter } from '../../ledger/ledger.ts'
import { ACTIONS, type Action } from '../../types.ts'
import type { Wrong } from '../documents/filter.ts'
import { isUuid } from '../parts.ts'
import { endOfLondonDay, startOfLondonDay } from '../../decide/london.ts'

type Raw = { readonly [name: string]: unknown }
type Read<T> = { readonly part: T } | { readonly why: string }
type Reader<T> = (texts: readonly string[]) => Read<Partial<T>>
export type SearchRead<T> = { readonly ok: true; readonly filter: T } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const USUAL_PAGE = 50
const LARGEST_PAGE = 200

const once = <T>(read: (text: string) => Read<Partial<T>>): Reader<T> => ([text = '', ...more]) => (more.length > 0 ? { why: 'Give it once.' } : read(text))

/** `system|code`, `|code` or `code`. */
const token = (text: string): { readonly system?: string; readonly code: string } => {
  const bar = text.indexOf('|')
  return bar < 0 ? { code: text } : { ...(bar > 0 ? { system: text.slice(0, bar) } : {}), code: text.slice(bar + 1) }
}

// ---------------------------------------------------------------- date

type Range = { readonly since?: string; readonly until?: string }

const DATE = 'Use a day such as 2026-11-23, a month, a year, or an instant such as 2026-11-23T09:00:00Z, with eq, ge, gt, le, lt, sa or eb before it.'

/** Each narrows what the one before leaves; a day is one in London. */
const date: Reader<Range> = (texts) => {
  let range: Range = {}
  for (const text of texts) {
    const [, prefix = 'eq', value = ''] = /^(eq|ge|gt|le|lt|sa|eb)?(.*)$/u.exec(text) ?? []
    const [from, to] = intervalOf(value)
    if (from === undefined || to === undefined) return { why: DATE }
    const since = prefix === 'eq' || prefix === 'ge' ? from : prefix === 'gt' || prefix === 'sa' ? to : undefined
    const until = prefix === 'eq' || prefix === 'le' ? to : prefix === 'lt' || prefix === 'eb' ? from : undefined
    range = {
      ...range,
      ...(since !== undefined && (range.since === undefined || since > range.since) ? { since } : {}),
      ...(until !== undefined && (range.until === undefined || until < range.until) ? { until } : {}),
    }
  }
  return { part: range }
}

/** From its first instant to the first after it, as precisely as it was written. */
const intervalOf = (value: string): readonly [(string | undefined)?, (string | undefined)?] => {
  if (/^\d{4}-\d{2}-\d{2}$/u.test(value)) return [startOfLondonDay(value), endOfLondonDay(value)]
  const [, year, month] = /^(\d{4})(?:-(0[1-9]|1[0-2]))?$/u.exec(value) ?? []
  if (year !== undefined) return [startOfLondonDay(`${year}-${month ?? '01'}-01`), startOfLondonDay(month === undefined || month === '12' ? `${String(Number(year) + 1).padStart(4, '0')}-01-01` : `${year}-${String(Number(month) + 1).padStart(2, '0')}-01`)]
  const found = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/u.exec(value)
  const from = found && startOfLondonDay(found[1]!) !== undefined ? Date.parse(value) : Number.NaN
  if (!found || Number.isNaN(from)) return []
  return [new Date(from).toISOString(), new Date(from + (found[3] ? 1 : found[2] ? 1000 : 60_000)).toISOString()]
}

// ---------------------------------------------------------------- DocumentReference

/** What is no id of a document is that of none. */
const documentId = once<ReferenceFilter>((text) => ({ part: { documentIds: text.split(',').filter(isUuid) } }))

const IDENTIFIER = `Use ${URI}|urn:uuid:…, ${documentIds('rio')}|… or ${REVISION}|….`

const identifier = once<ReferenceFilter>((text) => {
  const { system, code } = token(text)
  const uuid = /^urn:uuid:(.+)$/u.exec(code)?.[1]
  const [, stable, revision] = /^([0-9a-f-]{36})\/(\d{1,6})$/iu.exec(code) ?? []
  const source = /^urn:openletter:([a-z0-9-]+):document$/u.exec(system ?? '')?.[1]
  if ((system === undefined || system === URI) && isUuid(uuid)) return { part: { identifier: { stable: uuid } } }
  if ((system === undefined || system === REVISION) && isUuid(stable)) return { part: { identifier: { stable, revision: Number(revision) } } }
  if ((system === undefined || source !== undefined) && /^\P{Cc}{1,200}$/u.test(code)) return { part: { identifier: { sourceId: code, ...(source === undefined ? {} : { source }) } } }
  return { why: IDENTIFIER }
})

const STATUSES = ['current', 'superseded', 'entered-in-error']

const status = once<ReferenceFilter>((text) => {
  const chosen = text.split(',').map((one) => token(one).code)
  return chosen.every((one) => STATUSES.includes(one)) ? { part: { status: chosen } } : { why: `Use one or more of ${STATUSES.join(', ')}.` }
})

const typeOfDocument = once<ReferenceFilter>((text) => {
  const { system, code } = token(text)
  return /^[\w.-]{1,60}$/u.test(code) && (system === undefined || /^\P{Cc}{1,200}$/u.test(system)) ? { part: { type: { code, ...(system === undefined ? {} : { system }) } } } : { why: `Use one code, with ${SNOMED}| or ${DOCUMENT_CODE}| before it.` }
})

const patient = once<ReferenceFilter>((text) => {
  const { system, code } = token(text)
  const digits = code.replaceAll(/[\s-]/gu, '')
  return (system === undefined || system === NHS_NUMBER) && /^\d{10}$/u.test(digits) ? { part: { nhsNumber: digits } } : { why: `Use ${NHS_NUMBER}| and the ten digits of an NHS number.` }
})

// ---------------------------------------------------------------- AuditEvent and Provenance

const OURS = 'Use DocumentReference/ and the id of a document.'
const documentOf = (text: string): string | undefined => {
  const [, id] = /^(?:DocumentReference\/)?([0-9a-f-]{36})$/iu.exec(text) ?? []
  return isUuid(id) ? id : undefined
}
const document = once<{ readonly documentId: string }>((text) => {
  const documentId = documentOf(text)
  return documentId === undefined ? { why: OURS } : { part: { documentId } }
})

const type = once<{ readonly type: readonly KindAsked[] }>((text) => {
  const tokens = text.split(',').map(token)
  const known: readonly { readonly system: string; readonly code: string }[] = Object.values(TYPES)
  return tokens.every(({ system, code }) => known.some((one) => (system === undefined || system === one.system) && code === one.code))
    ? { part: { type: kindsOfTypes(tokens.map(({ code }) => code)) } } : { why: `Use one or more of ${known.map(({ code }) => code).join(', ')}.` }
})

const entryId = once<TrailFilter>((text) => (/^[1-9]\d{0,15}$/u.test(text) ? { part: { seq: Number(text) } } : { why: 'Use the number of one entry.' }))

const isAction = (text: string): text is Action => (ACTIONS as readonly string[]).includes(text)
const ofAction = (action: Action): readonly KindAsked[] => (['attempt-started', 'attempt-ended'] as const).map((kind) => ({ kind, actions: [action] }))
const DISCLOSED: KindAsked = { kind: 'attempt-ended', actions: ['create', 'update'] }

/** The kind of an entry, what an exchange was for, or `disclose`. */
const subtype = once<{ readonly subtype: readonly KindAsked[] }>((text) => {
  const chosen = text.split(',').map(token).map(({ system, code }): readonly KindAsked[] | undefined => {
    if (code === 'disclose') return [DISCLOSED]
    if (system !== ATTEMPT_ACTION && isAuditKind(code)) return [{ kind: code }]
    return system !== AUDIT_KIND && isAction(code) ? ofAction(code) : undefined
  })
  return chosen.every((one) => one !== undefined) ? { part: { subtype: chosen.flat() } } : { why: 'Use disclose, the kind of an entry such as held, or what an exchange was for: create, update, recall, look.' }
})

/** What both ask for. */
const both = (one: readonly KindAsked[], other: readonly KindAsked[]): readonly KindAsked[] =>
  one.flatMap((asked) => other.filter(({ kind }) => kind === asked.kind).flatMap(({ kind, actions }): readonly KindAsked[] => {
    if (!actions || !asked.actions) { const either = actions ?? asked.actions; return [either ? { kind, actions: either } : { kind }] }
    const shared = actions.filter((action) => asked.actions!.includes(action))
    return shared.length > 0 ? [{ kind, actions: shared }] : []
  }))

// ---------------------------------------------------------------- together

const PAGING = {
  _count: once<{ limit: number }>((text) => (/^\d{1,4}$/u.test(text) && Number(text) >= 1 ? { part: { limit: Math.min(Number(text), LARGEST_PAGE) } } : { why: `Use a number from 1; a page has at most ${LARGEST_PAGE}.` })),
  _cursor: once<{ cursor: string }>((text) => (/^[\w.~:-]{1,100}$/u.test(text) ? { part: { cursor: text } } : { why: 'Use the one in the next link of the page before.' })),
  _format: once<object>((text) => (/^(json|application\/json|application\/fhir[+ ]json)$/u.test(text) ? { part: {} } : { why: 'There is only application/fhir+json.' })),
}

type Readers = { readonly [name: string]: Reader<never> }
const READERS = {
  DocumentReference: { _id: documentId, identifier, status, type: typeOfDocument, date, patient },
  AuditEvent: { _id: entryId, date, entity: document, type, subtype },
  Provenance: { target: document },
} as const satisfies { readonly [S in Searched]: { readonly [name in keyof (typeof SEARCHES)[S]]: unknown } }

const ALIASES: { readonly [name: string]: string } = { 'patient:identifier': 'patient', 'patient.identifier': 'patient', subject: 'patient', 'subject:identifier': 'patient', 'subject.identifier': 'patient' }

const read = (searched: Searched, query: Raw, body: Raw): SearchRead<object> => {
  const readers = { ...READERS[searched], ...PAGING } as unknown as Readers
  const wrong: Wrong[] = []
  const seen = new Set<string>()
  let filter: object = { limit: USUAL_PAGE }
  for (const [from, raw] of [['query', query], ['body', body]] as const)
    for (const [given, value] of Object.entries(raw)) {
      const name = Object.hasOwn(readers, given) ? given : Object.hasOwn(ALIASES, given) && Object.hasOwn(readers, ALIASES[given]!) ? ALIASES[given]! : undefined
      const texts = (Array.isArray(value) ? value : [value]) as readonly unknown[]
      const part: Read<object> = name === undefined ? { why: `There is no such parameter. Use ${Object.keys(readers).join(', ')}.` }
        : name === 'patient' && from === 'query' ? { why: 'It identifies a patient and must not stand in an address: send it in the body of POST _search.' }
          : seen.has(name) ? { why: 'Give it under one name, in the address or in the body.' }
            : texts.every((text) => typeof text === 'string') ? readers[name]!(texts) : { why: 'Give it as text.' }
      if (name !== undefined) seen.add(name)
      if ('why' in part) wrong.push({ parameter: /^[A-Za-z_.:-]{1,40}$/u.test(given) ? given : 'a parameter', why: part.why })
      else filter = { ...filter, ...part.part }
    }
  return wrong.length > 0 ? { ok: false, wrong } : { ok: true, filter }
}

export const readReferences = (query: Raw, body: Raw): SearchRead<ReferenceFilter> => read('DocumentReference', query, body) as SearchRead<ReferenceFilter>

export const readTrail = (query: Raw, body: Raw): SearchRead<TrailFilter> => {
  const found = read('AuditEvent', query, body) as SearchRead<TrailFilter & { readonly type?: readonly KindAsked[]; readonly subtype?: readonly KindAsked[] }>
  if (!found.ok) return found
  const { type: types, subtype: subtypes, ...filter } = found.filter
  const kinds = types && subtypes ? both(types, subtypes) : (types ?? subtypes)
  return { ok: true, filter: { ...filter, ...(kinds ? { kinds } : {}) } }
}

export const readTarget = (query: Raw, body: Raw): SearchRead<{ readonly documentId?: string; readonly limit: number; readonly cursor?: string }> =>
  read('Provenance', query, body) as ReturnType<typeof readTarget>
