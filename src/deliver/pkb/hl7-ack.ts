// Reads the HL7 acknowledgement that PKB answers with. Pure. It refuses to pass on PKB's words, which may name the
// patient: only codes and words from closed lists and the names of segments and fields come out.
import { inTheirWords } from './their-words.ts'

const ACK_CODES = ['AA', 'AE', 'AR', 'CA', 'CE', 'CR'] as const
export type AckCode = (typeof ACK_CODES)[number]

export type Ack = {
  readonly code: AckCode
  /** MSA-2: MSH-10 of the message it is about. */
  readonly about: string
  /** `AR 207 SCH-1.1`: the code, and what of the rest is known to be harmless. */
  readonly answer: string
  /** MSA-3, as far as its words are known: a sentence after one of ours, or nothing. */
  readonly says: string
}

/** Table 0357. */
const ERROR_CODES = new Set(['100', '101', '102', '103', '200', '201', '202', '203', '204', '205', '206', '207'])
/** In a CDATA the reference to a line end stays as it was written. */
const LINE_END = /\r\n|[\r\n]|&#(?:x0*[da]|0*1[03]);/iu
const PLACE = /(?<![\w-])(?:MSH|EVN|PID|PD1|PV1|TXA|OBX|OBR|SCH|NTE|CON)(?:\[\d\])?(?:-\d{1,2}(?:\.\d{1,2})?)?(?![\w-]|\.\d)/gu
const MOST_PLACES = 3

/** Undefined where the text is not exactly one acknowledgement. PKB writes `MSH|^~\&;|`: what stands there is not looked at. */
export const ackOf = (text: string): Ack | undefined => {
  const lines = text.split(LINE_END).map((line) => line.trim()).filter((line) => line !== '')
  const separator = lines[0]?.startsWith('MSH') ? lines[0].charAt(3) : ''
  if (!/^[^\p{L}\p{N}\s]$/u.test(separator)) return undefined
  const segments = lines.map((line) => line.split(separator))
  const named = (name: string) => segments.filter(([first]) => first === name)
  const [msa] = named('MSA')
  if (!msa || named('MSA').length !== 1 || named('MSH').length !== 1) return undefined
  const code = ACK_CODES.find((one) => one === msa[1]?.trim())
  if (!code) return undefined
  const errors = named('ERR').flatMap((err) => err.slice(1)).flatMap((field) => field.split(/[\^&~]/u)).filter((part) => ERROR_CODES.has(part))
  const places = (msa[3] ?? '').match(PLACE) ?? []
  return { code, about: msa[2]?.trim() ?? '', answer: [code, ...new Set(errors), ...[...new Set(places)].slice(0, MOST_PLACES)].join(' '), says: inTheirWords(msa[3]) }
}
