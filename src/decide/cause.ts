// Why a delivery is in trouble, as one of a closed set of causes, and the signature by which it stands with others of the
// same kind. Pure. It refuses patient data: of a code and an answer only what looks like a code or the name of an element
// goes into a signature, and never the other side's words.
import { ERRORS } from '../errors.ts'
import type { DeliveryState, OutcomeKind } from '../types.ts'

/** From what a person mends first to what mends itself. */
export const CAUSES = ['second-key', 'our-fault', 'credentials', 'refused', 'not-registered', 'pkb-down', 'network-tls', 'rate-limit'] as const
export type Cause = (typeof CAUSES)[number]

/** What is known of how the last exchange that failed ended, or of why there was none. */
export type Trouble = {
  readonly state: DeliveryState
  readonly outcome: OutcomeKind
  readonly code: string
  /** Of the second key only: a sentence of ours. */
  readonly detail?: string
  /** `trace.answer`. */
  readonly answer?: string
}
export type Failing = { readonly cause: Cause; readonly signature: string }

/** Nothing was sent, for want of something on this side: the policy, a file, a disk. */
const OURS: ReadonlySet<string> = new Set([
  'NO_CONTENT', 'NO_SERVICE_CODE', 'NO_DOCUMENT_TYPE', 'NO_NHS_NUMBER', 'ANOTHER_PATIENT', 'NOT_A_PDF', 'NO_ADDRESS', 'NO_NAME', 'NOT_A_NUMBER', 'STOPPED', 'CANNOT_LOOK',
  'EACCES', 'EPERM', 'ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOTDIR', 'EISDIR', 'EEXIST', 'EBUSY', 'EXDEV', 'ESTALE', 'ENOTEMPTY', 'ENAMETOOLONG',
])

/** As is whatever this engine threw itself. */
const isOurs = (code: string): boolean => OURS.has(code) || (Object.hasOwn(ERRORS, code) && ERRORS[code as keyof typeof ERRORS].class !== 'destination')

/** The other side was reached and did not answer, or not so that its answer could be used. */
const THEIRS: ReadonlySet<string> = new Set([
  'TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ANSWER_TOO_LARGE', 'ANSWER_UNREADABLE', 'ANSWERS_DISAGREE', 'NOT_IN_ANSWER', 'NOT_FHIR', 'NOT_AN_ACK', 'NOT_OUR_ACK', 'NOT_SENT_WHOLE',
  'SOAP_FAULT', 'STILL_THERE', 'AE', 'CE', 'DESTINATION_UNAVAILABLE', 'DESTINATION_UNSURE',
])

const STATUS = /^\d{3}$/u
/** Codes of Node, undici and OpenSSL for a connection that did not come about or broke. */
const CONNECTION = /^(?:E[A-Z][A-Z0-9_]+|UND_ERR_\w+|CERT_\w+|ERR_\w+|\w*CERT\w*|\w*SIGNATURE\w*|HOSTNAME_MISMATCH|CONNECTION_BROKEN|HPE_\w+)$/u

export const failingOf = (trouble: Trouble): Failing => ({ cause: causeOf(trouble), signature: signatureOf(trouble) })

export const causeOf = ({ state, outcome, code }: Pick<Trouble, 'state' | 'outcome' | 'code'>): Cause => {
  if (state === 'blocked' || code === 'SECOND_KEY') return 'second-key'
  if (outcome === 'unregistered') return 'not-registered'
  const bare = withoutToken(code)
  if (isOurs(bare)) return 'our-fault'
  switch (outcome) {
    case 'forbidden': return 'credentials'
    case 'refused': return 'refused'
    // What was accepted is in trouble only because nobody could see it done.
    case 'accepted': return 'pkb-down'
    case 'unavailable':
    case 'unsure': return whileAway(bare, outcome)
  }
}

const whileAway = (code: string, outcome: 'unavailable' | 'unsure'): Cause => {
  if (code === '429') return 'rate-limit'
  // Of a proxy on the way.
  if (code === '407' || code === '511') return 'network-tls'
  // The transport that is not chosen any more refuses this engine: its copy alone is tried again.
  if (code === '401' || code === '403' || code === 'SOAP_SECURITY' || (outcome === 'unavailable' && /^(?:3\d\d|404|410)$/u.test(code))) return 'credentials'
  if (STATUS.test(code) || THEIRS.has(code)) return 'pkb-down'
  return CONNECTION.test(code) ? 'network-tls' : 'our-fault'
}

// ---------------------------------------------------------------- the signature

const withoutToken = (code: string): string => (code.startsWith('TOKEN_') ? code.slice('TOKEN_'.length) : code)

const CODE = /^(?!.*\d{4})(?:\d{3}|[A-Za-z]\w{0,59})$/u
const MOST_WORDS = 8

/** Issue codes, elements without their index, codes of table 0357, places in a message. */
const ANSWERED = /^(?:[a-z][a-z-]{1,30}|[A-Z][A-Za-z]{1,40}(?:\.[A-Za-z]{1,40}){0,8}|A[AER]|C[AER]|[12]0\d|[A-Z][A-Z0-9]{2}(?:-\d{1,2}(?:\.\d{1,2})?)?|SOAP_[A-Z]+)$/u

export const signatureOf = ({ state, code, detail, answer }: Trouble): string => {
  if (state === 'blocked' || code === 'SECOND_KEY') return ['SECOND_KEY', keyIn(detail ?? '')].filter(Boolean).join(' ')
  const known = CODE.test(code) ? code : 'unknown'
  const words = (answer ?? '').replaceAll(/\[\d+\]/gu, '').split(/[\s,]+/u).filter((word) => ANSWERED.test(word) && word !== known)
  return [known, ...new Set(words)].slice(0, MOST_WORDS + 1).join(' ')
}

/** The line of the floor, or the sentence of the check, without what stands in brackets. */
const keyIn = (detail: string): string => {
  const line = /^(F\d{1,2}): /u.exec(detail)?.[1]
  if (line !== undefined) return line
  return detail.replaceAll(/ ?\([^)]*\)/gu, '').replaceAll(/[^A-Za-z0-9 .]/gu, '').replaceAll(/\d{4,}/gu, '').replaceAll(/\s+/gu, ' ').trim().slice(0, 100).trim()
}
