// What a document says, field by field, each value with the place where it stands in the message and as it is written
// there: for people who ask where something came from. It refuses to read anew: values are those of the document, and
// only their places are looked for.
import type { Hl7Mapping, Mapping, UploadMapping } from '../policy/schema.ts'
import type { Content, Found, Receipt, RioDocument } from '../types.ts'
import { placesOf } from './hl7-places.ts'
import { hl7Message } from './hl7-segments.ts'
import { jsonPlacesOf } from './json-places.ts'
import { isYes } from './read.ts'

/** `written`: the text in the message, where the document holds it in another form. */
export type FieldValue = { readonly text: string; readonly at: string; readonly written?: string }
export type Field = {
  readonly field: string
  /** Empty: the message does not say. */
  readonly values: readonly FieldValue[]
  /** Every place that the mapping names for it. */
  readonly lookedAt: readonly string[]
}

/** A message by the places that mappings name, whatever its format. */
type Source = {
  readonly event: readonly string[]
  readonly parent: readonly string[]
  readonly nhsNumbers: readonly string[]
  readonly traceStatuses: readonly string[]
  all(places: readonly string[]): readonly Found[]
  flags(places: readonly string[]): readonly string[]
  clientId(id: string): string | undefined
  show(place: string): string
}

/** `receipt` has to be the one that the document was read from. */
export const fieldsOf = (document: RioDocument, receipt: Receipt, mapping: Mapping): readonly Field[] => {
  const source = mapping.kind === 'hl7-mdm' ? inHl7(receipt, mapping) : inUpload(receipt, mapping, document)
  const places: { readonly [field: string]: readonly string[] | undefined } = mapping.fields
  const { patient } = document
  const field = (name: string, at: readonly string[] | undefined, values: readonly FieldValue[]): Field => ({ field: name, values, lookedAt: (at ?? []).map(source.show) })
  const found = (name: string, at: readonly string[] | undefined, values: readonly (Found | undefined)[]): Field => field(name, at, values.filter((one) => one !== undefined))
  const one = (name: string, at: readonly string[] | undefined, text: string | undefined): Field => field(name, at, text === undefined ? [] : [whereIs(text, source.all(at ?? []))])
  const parts = (name: string, at: readonly string[] | undefined, texts: readonly string[]): Field => field(name, at, whereAre(texts, source.all(at ?? [])))
  const flag = (name: string, at: readonly string[] | undefined, set: boolean): Field => field(name, at, set ? [{ text: 'yes', at: source.flags(at ?? []).join(', ') }] : [])

  return [
    one('document id', places['document_id'], document.documentId),
    one('event', source.event, document.event),
    one('parent', source.parent, document.parentId),
    one('source time', places['source_time'], document.sourceTime),
    one('document date', places['document_date'], document.documentDate),
    found('picklist', places['picklist'], document.picklist),
    found('names', places['names'], document.names),
    one('title', places['title'], document.title),
    orDoor(one('file name', places['file_name'], document.fileName), receipt),
    found('signals', mapping.signals.map(({ at }) => at), document.signals),
    found('team', places['team'], [document.team]),
    joined(parts('author', places['author'], textsIn(document.author, source.all(places['author'] ?? []))), document.author),
    found('organisations', places['organisations'], document.organisations),
    one('uploaded by', places['uploaded_by'], document.uploadedBy),
    found('completion', places['completion'], [document.completion]),
    found('availability', places['availability'], [document.availability]),
    found('NHS number', source.nhsNumbers, patient.nhsNumbers),
    found('trace status', source.traceStatuses, patient.traceStatuses),
    field('client id', places['client_id'] ?? source.nhsNumbers, patient.clientId === undefined ? [] : [{ text: patient.clientId, at: source.clientId(patient.clientId) ?? '' }]),
    one('family', places['family'], patient.family),
    one('given', places['given'], patient.given),
    one('birth date', places['birth_date'], patient.birthDate),
    flag('deceased', places['deceased'], patient.deceased),
    flag('restricted', places['restricted'], patient.restricted),
    parts('address', places['address_lines'], patient.address?.lines ?? []),
    one('postcode', places['postcode'], patient.address?.postcode),
    found('format needs', places['format_needs'], patient.formatNeeds),
    field('files', [], document.contents.map(fileOf)),
  ]
}

const inHl7 = (receipt: Receipt, mapping: Hl7Mapping): Source => {
  const places = placesOf(hl7Message(receipt.skeleton)!)
  const { identifiers, trace_status: traceStatuses } = mapping.nhs_number
  return {
    event: ['MSH-9.2'], parent: mapping.fields.parent_id ?? [], nhsNumbers: identifiers, traceStatuses: [...traceStatuses, ...identifiers],
    all: places.all,
    flags: (at) => places.all(at).filter(({ text }) => isYes(text)).map((found) => found.at),
    clientId: (id) => [...identifiers.flatMap(places.repetitions).flatMap((one) => places.component(one, 1) ?? []), ...places.all(mapping.fields.client_id)].find(({ text }) => text.trim() === id)?.at,
    show: (place) => place,
  }
}

const inMetadata = (path: string): string => `metadata.${path}`

const inUpload = (receipt: Receipt, mapping: UploadMapping, { event }: RioDocument): Source => {
  const places = jsonPlacesOf(JSON.parse(receipt.skeleton.replace(/^\uFEFF/u, '')) as object)
  return {
    event: [mapping.event], parent: event === 'replaced' ? [mapping.replaces] : event === 'addendum' ? [mapping.addendum_to] : [],
    nhsNumbers: mapping.nhs_number.number, traceStatuses: mapping.nhs_number.trace_status,
    all: places.all,
    flags: (at) => at.filter((path) => places.flag([path], isYes)).map(inMetadata),
    clientId: (id) => places.all(mapping.fields.client_id).find(({ text }) => text.trim() === id)?.at,
    show: inMetadata,
  }
}

/** The first of the places with this very text; what parsing turned into another form came from the first that has any. */
const whereIs = (text: string, found: readonly Found[]): FieldValue => {
  const same = found.find((one) => one.text.trim() === text)
  const first = same ?? found[0]
  return { text, at: first?.at ?? '', ...(same || !first ? {} : { written: first.text }) }
}

/** Each text by itself, and no place twice. */
const whereAre = (texts: readonly string[], found: readonly Found[]): readonly FieldValue[] => {
  const left = [...found]
  return texts.map((text) => {
    const index = left.findIndex((one) => one.text.trim() === text)
    return { text, at: index < 0 ? '' : left.splice(index, 1)[0]!.at }
  })
}

/** The parts that a joined name was made of. */
const textsIn = (whole: string | undefined, found: readonly Found[]): readonly string[] => {
  const texts = found.map(({ text }) => text.trim())
  const count = texts.findIndex((_, n) => texts.slice(0, n + 1).join(' ') === whole) + 1
  return texts.slice(0, count)
}

const joined = (field: Field, whole: string | undefined): Field =>
  ({ ...field, values: whole === undefined ? [] : [{ text: whole, at: field.values.map(({ at }) => at).join(', ') }] })

/** A file name may come with the file itself, beside the message. */
const orDoor = (field: Field, receipt: Receipt): Field =>
  ({ ...field, values: field.values.map((value) => (value.at === '' && receipt.fileName !== undefined ? { ...value, at: 'file name' } : value)) })

const fileOf = ({ ref, declaredType, at }: Content): FieldValue => ({ text: `${ref.size} bytes, declared ${declaredType ?? 'as nothing'}, SHA-256 ${ref.sha256}`, at })
