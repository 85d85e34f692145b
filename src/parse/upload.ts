// Reads an upload's metadata as a document, by the names that `mappings/rio-upload.yaml` gives. It refuses only what
// cannot be attributed; anything else that is wrong about a document is said by it, and judged later.
import type { UploadMapping } from '../policy/schema.ts'
import { DOCUMENT_EVENTS, type DocumentEvent, type Found, type Patient, type Receipt, type RioDocument } from '../types.ts'
import { whereBroken } from './json-fault.ts'
import { jsonPlacesOf, shown, type JsonPlaces } from './json-places.ts'
import { addressOf, agreed, doubtful, given, isYes, refuse, speaksAgainst, TOO_LONG, tooLong, trimmed, unreadPlaces, type Parsed } from './read.ts'
import { repeatedName } from './repeated-name.ts'
import { isoDateOrInstant, isoDay, isoInstant } from './time.ts'

export const parseUpload = (receipt: Receipt, mapping: UploadMapping): Parsed => {
  const metadata = objectOf(receipt.skeleton)
  if (typeof metadata === 'string') return refuse('METADATA_UNREADABLE', 'metadata', metadata)
  const twice = repeatedName(receipt.skeleton)
  if (twice) return refuse('METADATA_UNREADABLE', shown(twice), 'A name stands twice in one object, and nobody could say which value is meant.')

  const places = jsonPlacesOf(metadata)
  const documentId = trimmed(places.first(mapping.fields.document_id))
  if (!documentId) return refuse('DOCUMENT_ID_MISSING', inMetadata(mapping.fields.document_id), 'It has no value that is text.')
  if (tooLong(documentId)) return refuse('DOCUMENT_ID_MISSING', inMetadata(mapping.fields.document_id), TOO_LONG)
  const patient = patientName(mapping)
  if (patient && !isObject((metadata as Record<string, unknown>)[patient])) return refuse('PATIENT_MISSING', inMetadata([patient]), 'There is no patient object.')
  const said = trimmed(agreed(places.firstAll([mapping.event])))?.toLowerCase()
  const event = DOCUMENT_EVENTS.find((one) => one === said)
  if (!event) return refuse('EVENT_UNKNOWN', inMetadata([mapping.event]), `It has to be one of ${DOCUMENT_EVENTS.join(', ')}.`)
  const parent = event === 'replaced' ? mapping.replaces : event === 'addendum' ? mapping.addendum_to : undefined
  const parentId = parent && trimmed(places.first([parent]))
  if (parent && !parentId) return refuse('PARENT_MISSING', inMetadata([parent]), `The event ${event} needs the id of the earlier document.`)
  if (parent && tooLong(parentId)) return refuse('PARENT_MISSING', inMetadata([parent]), TOO_LONG)

  return { ok: true, document: documentOf(receipt, mapping, places, { documentId, event, ...(parentId ? { parentId } : {}) }) }
}

const inMetadata = (paths: readonly string[]): string => paths.map((path) => `metadata.${path}`).join(', ')

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The metadata, or what is wrong with it. */
const objectOf = (skeleton: string): object | string => {
  const text = skeleton.replace(/^\uFEFF/u, '')
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : 'The metadata is JSON, but not an object.'
  } catch {
    return `The metadata is not JSON${whereBroken(text)}.`
  }
}

/** Under which name the patient's fields stand: `patient` of `patient.nhsNumber`; undefined where they lie flat. */
const patientName = (mapping: UploadMapping): string | undefined => {
  const number = mapping.nhs_number.number[0]!
  return number.includes('.') ? number.split('.')[0] : undefined
}

const documentOf = (
  receipt: Receipt, mapping: UploadMapping, places: JsonPlaces, key: { readonly documentId: string; readonly event: DocumentEvent; readonly parentId?: string },
): RioDocument => {
  const { fields, time_zone: timeZone } = mapping
  const time = (paths: readonly string[] | undefined, read: (text: string, timeZone: string) => string | undefined): string | undefined => {
    const found = places.first(paths)
    const value = found && read(found.text, timeZone)
    if (found && !value) places.unusable(found, 'not a time')
    return value
  }
  const fileName = receipt.fileName?.toWellFormed()
  const [content] = receipt.contents
  const document = {
    source: mapping.source,
    ...key,
    picklist: places.firstAll(fields.picklist),
    names: [...places.all(fields.names), ...(fileName ? [{ text: fileName, at: 'file name' }] : [])],
    signals: mapping.signals.flatMap(({ at, values }) => against(places, at, values)),
    organisations: places.firstAll(fields.organisations),
    patient: patientOf(mapping, places),
    contents: content ? [{ ref: content, at: 'file', ...(receipt.declaredType ? { declaredType: receipt.declaredType } : {}) }] : [],
    ...given({
      sourceTime: time(fields.source_time, isoInstant),
      documentDate: time(fields.document_date, isoDateOrInstant),
      title: trimmed(places.first(fields.title)),
      fileName: trimmed(places.first(fields.file_name)) ?? fileName,
      team: agreed(places.firstAll(fields.team), places.unusable),
      author: places.all(fields.author).map((found) => found.text.trim()).join(' ') || undefined,
      uploadedBy: trimmed(places.first(fields.uploaded_by)),
      completion: doubtful(places.firstAll(fields.completion), mapping.completion.final),
    }),
  }
  for (const path of mapping.ignore) places.taken(path)
  return { ...document, unread: unreadPlaces(places.unread()) }
}

/** For `*` any value speaks against sharing, of whatever type. */
const against = (places: JsonPlaces, at: string, values: readonly string[]): readonly Found[] => {
  const found = places.all([at]).filter(({ text }) => speaksAgainst(values, text))
  return found.length === 0 && values.includes('*') && places.flag([at], (text) => text.trim() !== '') ? [{ text: '*', at: `metadata.${at}` }] : found
}

const patientOf = ({ fields, nhs_number: number }: UploadMapping, places: JsonPlaces): Patient => {
  const born = places.first(fields.birth_date)
  const birthDate = born && isoDay(born.text)
  if (born && !birthDate) places.unusable(born, 'not a date')
  return {
    nhsNumbers: places.all(number.number),
    traceStatuses: places.all(number.trace_status),
    deceased: places.flag(fields.deceased, isYes),
    restricted: places.flag(fields.restricted, isYes),
    formatNeeds: places.all(fields.format_needs),
    ...given({
      clientId: trimmed(places.first(fields.client_id)),
      family: trimmed(places.first(fields.family)),
      given: trimmed(places.first(fields.given)),
      birthDate,
      address: addressOf(places.all(fields.address_lines), places.all(fields.postcode), itemOf),
    }),
  }
}

/** The item of a list of addresses that a value stands in; lines are themselves a list, so the last index is none. */
const itemOf = (found: Found): string => /^(.*\])\.[^\]]*(?:\[\d+\])?$/u.exec(found.at)?.[1] ?? ''
