// What a server's answer or a broken connection says, as an outcome. It refuses to repeat the server's own words:
// they may echo the patient. Only issue codes, element names and words from a closed list pass.
import { classifyBreak, classifyStatus, type Asked } from '../outcomes.ts'
import { retryAfterSecs } from '../backoff.ts'
import type { Outcome } from '../../types.ts'
import { PROXY_REFUSES } from './begun.ts'
import { inTheirWords } from './their-words.ts'

/** The status, headers and body of any HTTP answer. `body` is JSON as parsed, or the text if it was none. */
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown }

type Issue = { readonly code?: unknown; readonly expression?: unknown; readonly diagnostics?: unknown; readonly details?: unknown }

const MOST_ISSUES = 3

/** `processing DocumentReference.type`: codes and element names only. */
export const issuesOf = (body: unknown): string => {
  const issues = isRecord(body) && Array.isArray(body['issue']) ? (body['issue'] as readonly unknown[]) : []
  return issues.filter(isRecord).slice(0, MOST_ISSUES).map(issueText).filter((text) => text !== '').join(', ')
}

const sentence = (words: string): string => (words === '' ? '' : `.${words}`)

/** What the first issue says for people, as far as its words are known. */
const wordsOf = (body: unknown): string => {
  const [issue]: readonly unknown[] = isRecord(body) && Array.isArray(body['issue']) ? body['issue'] : []
  if (!isRecord(issue)) return ''
  const { diagnostics, details }: Issue = issue
  return inTheirWords(diagnostics) || (isRecord(details) ? inTheirWords(details['text']) : '')
}

const issueText = ({ code, expression }: Issue): string => {
  const codeText = typeof code === 'string' && /^[a-z][a-z-]{1,30}$/u.test(code) ? code : ''
  const first: unknown = Array.isArray(expression) ? expression[0] : undefined
  // An element's path, without the digits that could make up an NHS number.
  const element = typeof first === 'string' && /^[A-Z][A-Za-z]{1,40}(\.[A-Za-z]{1,40}(\[\d{1,2}\])?){0,8}$/u.test(first) ? first : ''
  return [codeText, element].filter((text) => text !== '').join(' ')
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The outcome of an answer. A good answer that is no JSON did not come from a FHIR server. */
export const outcomeOf = ({ status, headers, body }: Answer, asked: Asked, now: Date): Outcome => {
  if (status >= 200 && status < 300 && typeof body === 'string') {
    return asked.action === 'look'
      ? { kind: 'forbidden', code: 'NOT_FHIR', detail: `The address answers ${status}, but not in FHIR.` }
      : { kind: 'unsure', code: 'NOT_FHIR', detail: `The address answers ${status}, but not in FHIR.` }
  }
  const kind = classifyStatus(status, asked)
  const wait = kind === 'unavailable' ? retryAfterSecs(headers.get('retry-after'), now) : undefined
  const issues = issuesOf(body)
  return { kind, code: String(status), detail: `HTTP ${status}${issues === '' ? '' : `: ${issues}`}${status < 300 ? '' : sentence(wordsOf(body))}`, ...(wait === undefined ? {} : { retryAfterSecs: wait }) }
}

/** A yes to what was not handed over whole is none: somebody answered who did not wait for it. */
export const givenWhole = (outcome: Outcome, isWhole: boolean): Outcome =>
  outcome.kind !== 'accepted' || isWhole ? outcome : { kind: 'unsure', code: 'NOT_SENT_WHOLE', detail: 'The answer was yes before all of it was sent.' }

/** The outcome of a connection that broke, or of our own time-out. Names codes, never texts. */
export const broken = (error: unknown, { action }: Asked, signal: AbortSignal): Outcome => {
  const code = signal.aborted ? 'TIMEOUT' : codeOf(error)
  if (code === PROXY_REFUSES) return { kind: 'unavailable', code: '407', detail: 'HTTP 407: a proxy on the way wants a name and a password, and passed nothing on. The engine signs in at no proxy: ask your network team to let this machine out to PKB without.' }
  const kind = classifyBreak(code, action, hasBegun(error))
  return { kind, code, detail: code === 'TIMEOUT' ? 'There was no answer in time.' : `The connection failed (${code}).` }
}

/** An error and its causes, outermost first; fetch wraps the cause twice. Told by shape, for errors may come from another realm. */
const causesOf = function* (error: unknown): Generator<{ readonly code?: unknown; readonly begun?: unknown }> {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 6; at = (at as { cause?: unknown }).cause, depth += 1) yield at
}

const hasBegun = (error: unknown): boolean => [...causesOf(error)].some(({ begun }) => begun === true)

/** The code of the innermost cause that has one. */
const codeOf = (error: unknown): string => {
  const codes = [...causesOf(error)].map(({ code }) => code).filter((code) => typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/u.test(code))
  return String(codes.at(-1) ?? 'CONNECTION_BROKEN')
}
