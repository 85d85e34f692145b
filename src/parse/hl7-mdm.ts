// Reads an HL7 v2 MDM message as a document, by the places that `mappings/rio-hl7-mdm.yaml` names. It refuses only
// what cannot be attributed; anything else that is wrong about a document is said by it, and judged later.
import type { Hl7Message } from '@medplum/core'
import type { Hl7Mapping } from '../policy/schema.ts'
import type { Content, DocumentEvent, Found, Receipt, RioDocument } from '../types.ts'
import { hl7Patient } from './hl7-patient.ts'
import { ownerOf, placesOf, type Places } from './hl7-places.ts'
import { hl7Message, strayLines } from './hl7-segments.ts'
import { agreed, doubtful, given, refuse, speaksAgainst, TOO_LONG, tooLong, trimmed, unreadPlaces, type Parsed } from './read.ts'
import { hl7DateOrInstant, hl7Instant } from './time.ts'

export const parseHl7 = (receipt: Receipt, mapping: Hl7Mapping): Parsed => {
  const message = messageOf(receipt.skeleton)
  if (typeof message === 'string') return refuse('MESSAGE_UNREADABLE', 'MSH', message)
  const twice = ONCE.find((name) => message.getAllSegments(name).length > 1)
  if (twice) return refuse('MESSAGE_UNREADABLE', twice, `There is more than one ${twice} segment, and a message is about one document.`)

  const places = placesOf(message)
  for (const place of STRUCTURE) places.taken(place)
  const type = trimmed(places.first(['MSH-9.1']))?.toUpperCase()
  if (type !== 'MDM') return refuse('HL7_TYPE_UNSUPPORTED', 'MSH-9.1', 'MSH-9.1 is not MDM.')
  const trigger = trimmed(places.first(['MSH-9.2']))?.toUpperCase() ?? ''
  const event = Object.hasOwn(EVENTS, trigger) ? EVENTS[trigger] : undefined
  if (!event) return refuse('EVENT_UNKNOWN', 'MSH-9.2', 'MSH-9.2 is none of T01 to T11.')
  const said = places.first(['EVN-1'])
  const differs = said !== undefined && said.text.trim().toUpperCase() !== trigger
  if (differs) places.unusable(said, 'differs from MSH-9.2')

  const { fields } = mapping
  const documentId = trimmed(places.first(fields.document_id))
  if (!documentId) return refuse('DOCUMENT_ID_MISSING', fields.document_id.join(', '), `The place of the document id has no value.${cutOff(message)}`)
  if (tooLong(documentId)) return refuse('DOCUMENT_ID_MISSING', fields.document_id.join(', '), TOO_LONG)
  if (!message.getSegment('PID')) return refuse('PATIENT_MISSING', 'PID', `There is no PID segment.${cutOff(message)}`)
  const parentId = PARENTED.includes(event) ? trimmed(places.first(fields.parent_id)) : undefined
  if (PARENTED.includes(event) && !parentId) return refuse('PARENT_MISSING', fields.parent_id?.join(', ') ?? 'TXA-13', `MDM^${trigger} needs the id of the earlier document.`)
  if (tooLong(parentId)) return refuse('PARENT_MISSING', fields.parent_id?.join(', ') ?? 'TXA-13', TOO_LONG)

  // Senders route on MSH-9; but where EVN still says that the document is cancelled, somebody has to look.
  const cancels = differs && said.text.trim().toUpperCase() === CANCEL ? [said] : []
  const doubts = [...cancels, ...(strayLines(message) > 0 ? [{ text: '', at: 'a line that is no segment' }] : [])]
  return { ok: true, document: documentOf(receipt, mapping, places, doubts, { documentId, event, ...(parentId ? { parentId } : {}) }) }
}

/** Standard MDM messages have each of these once: with two, nobody could say which patient or document is meant. */
const ONCE = ['MSH', 'PID', 'PV1', 'TXA'] as const
/** Read by the engine itself: addressing, acknowledgement and set ids. */
const STRUCTURE = [
  ...[1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 15, 16, 18].map((field) => `MSH-${field}`),
  'EVN-1', 'PID-1', 'PV1-1', 'TXA-1', 'CON-1', 'OBX-1', 'OBX-2',
]
const CANCEL = 'T11'
const EVENTS: Readonly<Record<string, DocumentEvent>> = {
  T01: 'created', T02: 'created',
  // Status change, and edit.
  T03: 'updated', T04: 'updated', T07: 'updated', T08: 'updated',
  T05: 'addendum', T06: 'addendum',
  T09: 'replaced', T10: 'replaced',
  T11: 'cancelled',
}
const PARENTED: readonly DocumentEvent[] = ['addendum', 'replaced']

/** Why a segment may seem to be missing. */
const cutOff = (message: Hl7Message): string => {
  const lines = strayLines(message)
  return lines === 0 ? '' : ` ${lines === 1 ? 'A line is no segment' : `${lines} lines are no segments`}: a segment begins its line with its name in capitals, such as TXA, and a line break within a field ends it too early.`
}

/** The message, or what is wrong with it. */
const messageOf = (skeleton: string): Hl7Message | string => {
  const text = skeleton.replace(/^\uFEFF/u, '')
  if (!text.startsWith('MSH')) return 'The message does not begin with MSH.'
  const delimiters = Array.from(text.slice(3, 8))
  if (delimiters.length < 5 || new Set(delimiters).size < 5 || delimiters.some((mark) => /[\p{L}\p{N}\s\p{C}]/u.test(mark))) return 'MSH-1 and MSH-2 do not name five different delimiters.'
  return hl7Message(text) ?? 'The segments cannot be read.'
}

const documentOf = (
  receipt: Receipt, mapping: Hl7Mapping, places: Places, doubts: readonly Found[], key: { readonly documentId: string; readonly event: DocumentEvent; readonly parentId?: string },
): RioDocument => {
  const { fields, time_zone: timeZone } = mapping
  const time = (at: readonly string[] | undefined, read: (text: string, timeZone: string) => string | undefined): string | undefined => {
    const found = places.first(at)
    const value = found && read(found.text, timeZone)
    if (found && !value) places.unusable(found, 'not a time')
    return value
  }
  const { contents, beside } = filesOf(receipt, mapping, places)
  const document = {
    source: mapping.source,
    ...key,
    picklist: places.firstAll(fields.picklist),
    names: [...places.all(fields.names), ...(receipt.fileName ? [{ text: receipt.fileName, at: 'file name' }] : [])],
    signals: [...signalsOf(mapping, places), ...doubts, ...beside],
    organisations: places.firstAll(fields.organisations),
    patient: hl7Patient(mapping, places),
    contents,
    ...given({
      sourceTime: time(fields.source_time, hl7Instant),
      documentDate: time(fields.document_date, hl7DateOrInstant),
      title: trimmed(places.first(fields.title)),
      fileName: trimmed(places.first(fields.file_name)) ?? receipt.fileName,
      team: agreed(places.firstAll(fields.team), places.unusable),
      author: nameOf(places, fields.author),
      uploadedBy: trimmed(places.first(fields.uploaded_by)),
      completion: doubtful(places.firstAll(fields.completion), mapping.completion.final),
      availability: doubtful(places.firstAll(fields.availability), mapping.availability.available),
    }),
  }
  for (const place of mapping.ignore) places.taken(place)
  return { ...document, unread: unreadPlaces(places.unread()) }
}

/** The parts of the first name that is there, never of two people. */
const nameOf = (places: Places, at: readonly string[] | undefined): string | undefined => {
  const parts = places.all(at)
  const owner = parts[0] && ownerOf(parts[0])
  return parts.filter((part) => ownerOf(part) === owner).map((part) => part.text.trim()).join(' ') || undefined
}

const signalsOf = (mapping: Hl7Mapping, places: Places): readonly Found[] =>
  mapping.signals.flatMap(({ at, values }) => {
    const whole = places.read(at).filter((found) => speaksAgainst(values, found.text))
    return whole.length > 0 || at.includes('.') ? whole : places.components(at).filter((found) => speaksAgainst(values, found.text))
  })

// ---------------------------------------------------------------- files

type Files = { readonly contents: readonly Content[]; /** What stands in an OBX beside the file, and would not be shown. */ readonly beside: readonly Found[] }

/** The files that intake cut out, in the order of the OBX; then those that an earlier message left standing. */
const filesOf = (receipt: Receipt, mapping: Hl7Mapping, places: Places): Files => {
  const used = new Set<number>()
  const beside: Found[] = []
  const types = new Map(places.repetitions('OBX-2').map((one) => [segmentOf(one.at), places.component(one, 1)?.text.trim().toUpperCase()]))
  const cutOut = places.repetitions('OBX-5').flatMap((one): Content[] => {
    const at = one.at
    const number = /^\{content:(\d+)\}$/u.exec(places.component(one, 5)?.text.trim() ?? '')?.[1]
    const ref = number === undefined ? undefined : receipt.contents[Number(number)]
    if (!ref) {
      if (!one.field.components[one.index]?.some((text) => text.trim() !== '')) return []
      places.unusable({ text: '', at }, 'not a file')
      // Text that is known not to matter may stand beside a file; a file that was meant to be one may not.
      if (!mapping.ignore.includes('OBX-5') || FILE_TYPES.includes(types.get(segmentOf(at)) ?? '')) beside.push({ text: '', at })
      return []
    }
    used.add(Number(number))
    if (ref.broken !== undefined) places.unusable({ text: '', at }, ref.broken)
    else if (used.size > 1) places.unusable({ text: '', at }, 'a further file: which one is the letter is for a person to say')
    const declaredType = mimeType(places.component(one, 2)?.text, places.component(one, 3)?.text)
    return [{ ref, at, ...(declaredType ? { declaredType } : {}) }]
  })
  const kept = receipt.contents.flatMap((ref, index): Content[] =>
    used.has(index) ? [] : [{ ref, at: 'earlier message', ...(receipt.declaredType ? { declaredType: receipt.declaredType } : {}) }])
  const contents = [...cutOut, ...kept]
  return { contents, beside: contents.length > 0 ? beside : [] }
}

const segmentOf = (at: string): string => at.split('-')[0]!
/** Encapsulated data, and a pointer to it. */
const FILE_TYPES: readonly string[] = ['ED', 'RP']

const MIME: Readonly<Record<string, string>> = {
  pdf: 'application/pdf', 'x-pdf': 'application/pdf',
  rtf: 'application/rtf',
  doc: 'application/msword', msword: 'application/msword', word: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'vnd.openxmlformats-officedocument.wordprocessingml.document': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  odt: 'application/vnd.oasis.opendocument.text',
  tif: 'image/tiff', tiff: 'image/tiff',
  jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', gif: 'image/gif',
  html: 'text/html', htm: 'text/html', txt: 'text/plain', text: 'text/plain', plain: 'text/plain',
  'octet-stream': 'application/octet-stream',
}
const TOP_LEVEL = ['application', 'image', 'text', 'audio', 'video']

/** ED-2 and ED-3 as a MIME type: senders write `AP^PDF`, `IM^PDF`, `application^pdf`, `^application/pdf`. */
const mimeType = (type = '', subtype = ''): string | undefined => {
  const [top, sub] = [type.trim().toLowerCase(), subtype.trim().toLowerCase()]
  const full = [sub, top].find((text) => text.includes('/'))
  if (full) return full
  if (sub === '') return undefined
  return Object.hasOwn(MIME, sub) ? MIME[sub] : `${TOP_LEVEL.includes(top) ? top : 'application'}/${sub}`
}
