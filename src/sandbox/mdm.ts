// Reads MDM^T02 as PKB's page "Document" has it: what would be stored, for whom, and from when it can be opened. It
// refuses, in the manner of PKB's published refusals, what lacks a required field; in strict mode also what PKB's
// pages only say must not be sent. PKB's own wording is published for laboratory and appointment messages only.
import { refused, type Ack } from './ack.ts'
import { asItIs, writeInto, type Cut } from './cut-out.ts'
import { UNLABELLED, type Label } from './document-reference.ts'
import type { Letter } from './documents.ts'
import { timeOf, type Message, type Segment } from './hl7.ts'
import type { Spool } from './spool.ts'

export type Labelling = { readonly services: Readonly<Record<string, Label>>; readonly teamDefault: Label | null }

/** Page "PKBCS05", whose copy ends at TCI: there may be more. */
const DOCUMENT_TYPES = ['AL', 'AN', 'BR', 'CL', 'CP', 'DL', 'DS', 'MDT', 'RL', 'TCI']
const CARE_PLAN = 'CP'
const CONTENT_TYPES: Readonly<Record<string, string>> = { PDF: 'application/pdf', HTML: 'text/html', RTF: 'application/rtf', MSWORD: 'application/msword', TEXT: 'text/plain', TXT: 'text/plain', PLAIN: 'text/plain' }
const DAY_MS = 86_400_000

/** The sentence of a refusal, or undefined if all is well. */
export type Refusal = string | undefined

const needed = (segment: Segment, place: string, field: number, meaning: string): Refusal =>
  segment.get(field) === '' ? `${place} (${meaning}) must be provided. You provided []` : undefined

/** Whatever any message must have. */
export const headRefusal = (message: Message, strict: boolean): Refusal => {
  const msh = message.segment('MSH')
  const missing = needed(msh, 'MSH-7', 7, 'date and time') ?? needed(msh, 'MSH-9', 9, 'message type') ?? needed(msh, 'MSH-10', 10, 'message control id')
  if (missing || !strict) return missing
  // Page "MSH": P on production.
  if (msh.get(11) !== 'P') return `MSH-11 must be P. You provided [${msh.get(11)}]`
  return stampsRefusal(message)
}

const STAMPS: readonly (readonly [string, number])[] = [['MSH', 7], ['PID', 7], ['TXA', 4], ['TXA', 6], ['TXA', 7], ['TXA', 8]]

/** Page "Time stamp values": a part that is there in half is an error. */
const stampsRefusal = (message: Message): Refusal => {
  const wrong = STAMPS.find(([name, field]) => message.segment(name).get(field) !== '' && timeOf(message.segment(name).get(field)) === undefined)
  return wrong && `${wrong[0]}-${wrong[1]}.1 is no valid time stamp. You provided [${message.segment(wrong[0]).get(wrong[1])}]`
}

const documentRefusal = (txa: Segment, obx: Segment | undefined, strict: boolean): Refusal => {
  const missing = needed(txa, 'TXA-2.1', 2, 'document type') ?? needed(txa, 'TXA-12.1', 12, 'unique document number') ?? needed(txa, 'TXA-17.1', 17, 'document completion status')
  if (missing) return missing
  if (!obx) return 'No OBX segment of type ED'
  if (!['TEXT', 'APPLICATION'].includes(obx.get(5, 2))) return `OBX-5.2 must be TEXT or APPLICATION. You provided [${obx.get(5, 2)}]`
  if (!CONTENT_TYPES[obx.get(5, 3).toUpperCase()]) return `OBX-5.3 is not supported. You provided [${obx.get(5, 3)}]`
  if (!/^(base64|a)$/i.test(obx.get(5, 4))) return `OBX-5.4 must be Base64 or A. You provided [${obx.get(5, 4)}]`
  if (!/^\d{0,5}$/.test(obx.get(13))) return 'OBX-13.1 (display delay) must be a number of days'
  if (txa.get(2) === CARE_PLAN && obx.get(3, 2) === '' && obx.get(3, 5) === '') return 'OBX-3.2 (title) must be provided. You provided []'
  if (!strict) return undefined
  // Page "Document": no drafts, and a type of PKBCS05.
  if (txa.get(17) !== 'AU') return `TXA-17.1 must be AU. You provided [${txa.get(17)}]`
  return DOCUMENT_TYPES.includes(txa.get(2)) ? undefined : `TXA-2.1 must be a code of PKBCS05. You provided [${txa.get(2)}]`
}

/** The bytes that were cut out, or now taken from the text. */
const contentOf = async (obx: Segment, cuts: readonly Cut[], spool: Spool, newMark: () => string): Promise<Cut> => {
  const found = cuts.find(({ mark }) => mark === obx.get(5, 5))
  if (found) return found
  const writing = writeInto(spool, newMark(), ...(obx.get(5, 4).toLowerCase() === 'a' ? [asItIs()] : []))
  await writing.push(obx.get(5, 5))
  return writing.end()
}

const wholePart = (text: string): string => (/^\d{5,13}$/.test(text) && text.length % 2 === 1 ? text.slice(0, -1) : text)

/** Page "Document": the first of TXA-8, 7, 6 and 4, else MSH-7; what cannot be read counts as absent here. */
const documentTime = (message: Message): Date | undefined => {
  const txa = message.segment('TXA')
  return [txa.get(8), txa.get(7), txa.get(6), txa.get(4), message.segment('MSH').get(7)].map((text) => timeOf(wholePart(text))).find((time) => time !== undefined)
}

/** Exactly one label: the service's, else the team's, else general. A service nobody declared says nothing. */
const labelOf = (service: string, { services, teamDefault }: Labelling): Label => services[service] ?? teamDefault ?? UNLABELLED

export type ReadingOptions = { readonly strict: boolean; readonly labelling: Labelling; readonly spool: Spool; readonly newMark: () => string; readonly nhsNumber: string }

/** A date as PID-7 has it, or undefined. */
export const dateIn = (text: string): string | undefined => /^(\d{4})(\d{2})(\d{2})/.exec(text)?.slice(1, 4).join('-')

export const readT02 = async (message: Message, cuts: readonly Cut[], { strict, labelling, spool, newMark, nhsNumber }: ReadingOptions): Promise<Letter | Ack> => {
  const txa = message.segment('TXA')
  // What PKB does with more than one is not published: the first is shown, the others are lost.
  const obx = message.segments('OBX').find((one) => one.get(2) === 'ED')
  const refusal = documentRefusal(txa, obx, strict)
  if (refusal !== undefined || !obx) return refused(refusal ?? '')
  const cut = await contentOf(obx, cuts, spool, newMark)
  if (cut.broken) return refused('OBX-5.5 is not valid Base64')
  if (cut.size === 0) return refused('OBX-5.5 (content) must be provided. You provided []')
  const days = Number(obx.get(13))
  const from = days > 0 ? documentTime(message)?.getTime() : undefined
  const birthDate = dateIn(message.segment('PID').get(7))
  return {
    key: txa.get(12), revision: message.segment('MSH').get(10), status: 'current', identifiers: [], nhsNumber, nopat: false, cut, cuts: [cut],
    title: obx.get(3, 2) || obx.get(3, 5) || txa.get(16) || 'Untitled document',
    contentType: CONTENT_TYPES[obx.get(5, 3).toUpperCase()] ?? '',
    privacyLabel: labelOf(message.segment('PV1').get(10), labelling),
    ...(from === undefined ? {} : { visibleFrom: new Date(from + days * DAY_MS).toISOString() }),
    ...(txa.get(2) === CARE_PLAN ? { carePlan: true as const } : {}),
    ...(birthDate === undefined ? {} : { birthDate }),
  }
}
