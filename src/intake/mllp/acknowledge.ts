// The answer to an HL7 message: which acknowledgement code, in which mode, and its segments. It refuses to say
// anything about the patient or the document: codes, places and our own sentences only.
import { ERRORS, type ErrorCode } from '../../errors.ts'
import type { Header } from './header.ts'

export type Verdict =
  | { readonly kind: 'taken'; readonly warning?: string }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail: string }

export type Fresh = { readonly at: Date; readonly id: string }

/** How a failure is told in HL7: AR for what the header or this system forbids, else AE; table 0357; ERR-2. */
type Told = { readonly code: 'AE' | 'AR'; readonly number: keyof typeof TABLE_0357; readonly at?: string; readonly header?: true }

const TABLE_0357 = {
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  104: 'Value too long',
  199: 'Other HL7 error',
  200: 'Unsupported message type',
  201: 'Unsupported event code',
  202: 'Unsupported processing id',
  203: 'Unsupported version id',
  204: 'Unknown key identifier',
  205: 'Duplicate key identifier',
  207: 'Application error',
} as const

const TOLD: { readonly [code in ErrorCode]?: Told } = {
  HL7_TYPE_UNSUPPORTED: { code: 'AR', number: 200, at: 'MSH 9 1', header: true },
  HL7_VERSION_UNSUPPORTED: { code: 'AR', number: 203, at: 'MSH 12', header: true },
  HL7_PROCESSING_ID: { code: 'AR', number: 202, at: 'MSH 11', header: true },
  HL7_CHARSET: { code: 'AE', number: 103, at: 'MSH 18' },
  NUL_IN_MESSAGE: { code: 'AE', number: 102 },
  FRAME_TOO_LARGE: { code: 'AR', number: 104 },
  FRAME_BROKEN: { code: 'AR', number: 199 },
  MESSAGE_UNREADABLE: { code: 'AR', number: 100, at: 'MSH' },
  EVENT_UNKNOWN: { code: 'AR', number: 201, at: 'MSH 9 2', header: true },
  DOCUMENT_ID_MISSING: { code: 'AE', number: 101, at: 'TXA 12 1' },
  PATIENT_MISSING: { code: 'AE', number: 100, at: 'PID' },
  PARENT_MISSING: { code: 'AE', number: 101, at: 'TXA 13' },
  PARENT_OF_ANOTHER_PATIENT: { code: 'AE', number: 204, at: 'TXA 13' },
  CONTROL_ID_REUSED: { code: 'AE', number: 205, at: 'MSH 10' },
}

const told = (code: ErrorCode): Told => TOLD[code] ?? (ERRORS[code].class === 'sender' ? { code: 'AE', number: 199 } : { code: 'AR', number: 207 })

/** Table 0155, governed by what the message asks for; what is not in the table is taken for always. */
const isWanted = (condition: string, accepted: boolean): boolean =>
  condition === 'NE' ? false : condition === 'ER' ? !accepted : condition === 'SU' ? accepted : true

/**
 * Original mode (neither MSH-15 nor MSH-16): AA, AE, AR. Only MSH-16: the same, under its condition. MSH-15: a commit
 * acknowledgement CA, CE, CR under its condition; an application acknowledgement on a connection of our own is never
 * sent, even if MSH-16 asks for one: what becomes of a document after it is stored is seen in the pages and the API.
 * Undefined if the message asks for no answer.
 */
export const codeOf = (header: Header | undefined, verdict: Verdict): string | undefined => {
  const condition = header?.acceptCondition || header?.applicationCondition || 'AL'
  const accepted = verdict.kind === 'taken'
  if (!isWanted(condition, accepted)) return undefined
  const commits = (header?.acceptCondition ?? '') !== ''
  if (verdict.kind === 'taken') return commits ? 'CA' : 'AA'
  const { code, header: isHeader } = told(verdict.code)
  // CR is only for what MSH-9, MSH-11 and MSH-12 say; every other reason is CE.
  return commits ? (isHeader ? 'CR' : 'CE') : code
}

/** The answer without its frame, in the character set of the message (ours is ASCII); undefined if none is wanted. */
export const acknowledgement = (header: Header | undefined, verdict: Verdict, fresh: Fresh): Buffer | undefined => {
  const code = codeOf(header, verdict)
  if (code === undefined) return undefined
  const [field = '|', component = '^', repetition = '~', escape = '\\', subcomponent = '&'] = header?.separators ?? ''
  const own = (text: string): string => escaped(text, { field, component, repetition, escape, subcomponent })
  const segment = (...fields: readonly string[]): string => `${fields.slice(0, fields.findLastIndex((text) => text !== '') + 1).join(field)}\r`
  const raw = (number: number): string => header?.raw[number] ?? ''
  const event = echoed(header?.event ?? '', /^[A-Z]\d\d$/u)
  const type = event ? ['ACK', event, 'ACK'].join(component) : 'ACK'
  const isCharsetUsable = verdict.kind === 'taken' || verdict.code !== 'HL7_CHARSET'

  const text = verdict.kind === 'refused' ? ERRORS[verdict.code].title : (verdict.warning ?? '')
  const lines = [
    segment(
      'MSH', `${component}${repetition}${escape}${subcomponent}`, raw(5) || own('OPENLETTER'), raw(6), raw(3), raw(4), stamp(fresh.at), '', type,
      // MSH-10 has 20 characters up to version 2.6.
      fresh.id.replaceAll('-', '').slice(0, 20), echoed(raw(11), /^[PTD](\W[AIRT])?$/u) || 'P', echoed(raw(12), /^\d(\.\d){0,2}(\W|$)/u) || '2.5', '', '', '', '', '', isCharsetUsable ? raw(18) : '',
    ),
    segment('MSA', code, raw(10), own(text)),
  ]
  const err = (at: string | undefined, number: keyof typeof TABLE_0357, severity: 'E' | 'W', ours: string, detail: string, hint: string): string =>
    segment('ERR', '', at === undefined ? '' : place(at).join(component), [number, own(TABLE_0357[number]), 'HL70357'].join(component), severity, ours, '', own(detail), own(hint))
  if (verdict.kind === 'refused') {
    const { number, at } = told(verdict.code)
    const { title, hint } = ERRORS[verdict.code]
    lines.push(err(at, number, 'E', [verdict.code, own(title), 'L'].join(component), verdict.detail, hint))
  } else if (verdict.warning !== undefined) {
    lines.push(err('MSH 10', 205, 'W', '', verdict.warning, ''))
  }
  return Buffer.from(lines.join(''), 'latin1')
}

/** What an answer copies from the message, if it is what it should be: text out of place is not spread. */
const echoed = (text: string, looks: RegExp): string => (looks.test(text) ? text : '')

/** ERL: segment ^ its number ^ field ^ repetition ^ component. */
const place = (at: string): readonly (string | undefined)[] => {
  const [segment, field, component] = at.split(' ')
  return component === undefined ? (field === undefined ? [segment, '1'] : [segment, '1', field]) : [segment, '1', field, '1', component]
}

/** 20261123053000.123+0000 */
const stamp = (at: Date): string => `${at.toISOString().replaceAll(/[-:TZ]/gu, '')}+0000`

type Marks = { readonly field: string; readonly component: string; readonly repetition: string; readonly escape: string; readonly subcomponent: string }

const escaped = (text: string, marks: Marks): string => {
  const letters: Readonly<Record<string, string>> = { [marks.field]: 'F', [marks.component]: 'S', [marks.repetition]: 'R', [marks.escape]: 'E', [marks.subcomponent]: 'T' }
  const ascii = text.replaceAll(/[^ -~]/gu, ' ')
  return Array.from(ascii, (character) => (letters[character] === undefined ? character : `${marks.escape}${letters[character]}${marks.escape}`)).join('')
}
