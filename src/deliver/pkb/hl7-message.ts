// The HL7 v2 messages for PKB: MDM^T02 puts a document there or in the place of the one with the same number, MDM^T11
// takes it back. Pure. It refuses a message without the service code that PKB makes its privacy label of, one person's
// name under another's number, and to let a name, a title or a setting end a field, a line or the CDATA around it.
import { nhsNumberOf } from '../../decide/identity.ts'
import { DOCUMENT_CODE } from '../../fhir/systems.ts'
import type { Hl7Soap } from '../../policy/schema.ts'
import type { SentAs } from '../../types.ts'
import type { Recall, Shipment } from '../destination.ts'
import { daysSince, dayOrTime, londonTime, londonTimeWithOffset } from './hl7-time.ts'

/** The base64 of the file stands between the two. */
export type T02 = { readonly head: string; readonly tail: string }
/** Why nothing is sent: a setting is missing, or the document is not one that can go this way. */
export type NotSent = { readonly code: string; readonly detail: string }

const CHARACTER: Readonly<Record<string, string>> = { '|': '\\F\\', '^': '\\S\\', '~': '\\R\\', '&': '\\T\\', '\\': '\\E\\' }

/** A text as part of a field. What no line, no XML or no UTF-8 may hold becomes a space. */
export const escaped = (text: string): string =>
  text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\uFFFE\uFFFF]+/gu, ' ').trim().replace(/[|^~&\\]/gu, (character) => CHARACTER[character] ?? ' ')

/** A segment of its fields by number; those that are not named are empty. */
const segment = (name: string, fields: Readonly<Record<number, string>>): string => {
  const last = Math.max(...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, at) => fields[at + 1] ?? '')].join('|')
}

const lines = (segments: readonly string[]): string => segments.map((line) => `${line}\r`).join('')

/** MSH-10, which has room for 20 characters before HL7 2.7: the last ones of the attempt's id, none of them a hyphen. */
export const controlId = (attemptId: string): string => attemptId.replaceAll('-', '').slice(-20)

const msh = (settings: Hl7Soap, type: string, attemptId: string, now: Date): string =>
  `MSH|^~\\&|${[
    escaped(settings.sending_application), escaped(settings.sending_facility ?? ''), 'HL7API', 'PKB', londonTime(now), '', type, escaped(controlId(attemptId)), 'P', '2.4', '', '', '', '', '', 'UNICODE UTF-8',
  ].join('|')}`

/** Verified: the floor lets nothing go to the record without that. */
const verified = (nhsNumber: string): string => `${nhsNumber}^^^NHS^NH{status:01}`

/** Name and date of birth are what PKB compares with its own, where a trust has that switched on. */
const pid = (nhsNumber: string, { family, given, birthDate }: SentAs): string => {
  const day = dayOrTime(birthDate)
  return segment('PID', { 3: verified(nhsNumber), ...(family || given ? { 5: [family, given].map((name) => escaped(name ?? '')).join('^') } : {}), ...(day ? { 7: day } : {}) })
}

/** The document as PKB is told of it. */
type Told = { readonly service: string; readonly type: string; readonly title: string; readonly fileName: string; readonly written: string; readonly delayDays: number | undefined }

const isText = (value: string | undefined): value is string => value !== undefined && value.trim() !== ''
const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined)

const told = ({ document, resource }: Shipment, settings: Hl7Soap, now: Date): Told | NotSent => {
  const service = own(settings.hospital_services, document.team?.text.trim() ?? '')
  if (!isText(service)) return { code: 'NO_SERVICE_CODE', detail: 'The team has no service code under hospital_services: PKB would label the document General Health.' }
  // The resource names a code only where it is one of the trust's own list; the name beside it is the list's too.
  const code = resource.type?.coding?.find(({ system }) => system === DOCUMENT_CODE)
  const type = (code?.code === undefined ? undefined : own(settings.document_types, code.code)) ?? settings.other_document_type
  if (!isText(type) || type.trim().toUpperCase() === 'CP') return { code: 'NO_DOCUMENT_TYPE', detail: 'There is no document type for it, or it is CP: nobody could take a care plan back.' }
  const name = code?.display ?? 'Document'
  const delayDays = code?.code === undefined ? undefined : delayOf(code.code, document.documentDate, settings, now)
  // PKB counts a delay from these times: without a date of its own it is told to count from now.
  const written = dayOrTime(document.documentDate) ?? (delayDays === undefined ? '' : londonTimeWithOffset(now))
  return { service, type, title: escaped(resource.description ?? '') === '' ? name : (resource.description ?? name), fileName: fileNameOf(name), written, delayDays }
}

/** PKB counts from the date of the document and not from the day on which it comes. */
const delayOf = (code: string, documentDate: string | undefined, { display_delay: delay }: Hl7Soap, now: Date): number | undefined => {
  const days = delay && own(delay.days, code)
  if (days === undefined) return undefined
  return delay?.counts_from === 'sending' && documentDate !== undefined && dayOrTime(documentDate) !== undefined ? days + daysSince(documentDate, now) : days
}

/** The kind of document and not its title: a file name is seen in folders of downloads, by whoever uses the computer. */
const fileNameOf = (name: string): string => `${name.replace(/[^\p{L}\p{N} -]+/gu, ' ').replace(/\s+/gu, ' ').trim().slice(0, 60).trim() || 'Document'}.pdf`

/** The document in full. Sent again under the same number (TXA-12) it takes the place of what is there. */
export const t02 = (shipment: Shipment, settings: Hl7Soap, now: Date): T02 | NotSent => {
  const { identifier, nhsNumber, document, content, attemptId } = shipment
  if (!/^\d{10}$/u.test(nhsNumber)) return { code: 'NO_NHS_NUMBER', detail: 'There is no NHS number to send it to.' }
  if (nhsNumberOf(document.patient) !== nhsNumber) return { code: 'ANOTHER_PATIENT', detail: 'Name and date of birth are not of the patient with this NHS number.' }
  if (content.contentType !== 'application/pdf') return { code: 'NOT_A_PDF', detail: 'Only PDFs are sent.' }
  const about = told(shipment, settings, now)
  if ('code' in about) return about
  const txa = { 2: escaped(about.type), 4: about.written, 6: about.written, 8: about.written, 12: escaped(identifier), 16: escaped(about.fileName), 17: 'AU' }
  const title = settings.title_at === 'OBX-3.2' ? `^${escaped(about.title)}` : `^^^^${escaped(about.title)}`
  return {
    head: lines([msh(settings, 'MDM^T02', attemptId, now), pid(nhsNumber, document.patient), segment('PV1', { 10: escaped(about.service) }), segment('TXA', txa)])
      + segment('OBX', { 1: '1', 2: 'ED', 3: title, 5: `^${escaped(settings.content_type)}^${escaped(settings.content_subtype)}^Base64^` }),
    tail: about.delayDays === undefined ? '\r' : `||||||||${about.delayDays}\r`,
  }
}

/**
 * For the patient it was sent to, with the name and the date of birth that were sent then: PKB may compare them, and what
 * is known now may be about somebody else.
 */
export const t11 = ({ identifier, nhsNumber, attemptId, sentAs = {} }: Recall, settings: Hl7Soap, now: Date): string =>
  lines([msh(settings, 'MDM^T11', attemptId, now), pid(nhsNumber, sentAs), `${segment('TXA', { 12: escaped(identifier) })}|`])
