// What the sandbox says when it says no: a FHIR OperationOutcome, or the token endpoint's own shape. It refuses to
// be vaguer than a real server would be: each issue names the element it is about.
import type { OperationOutcomeIssue } from '@medplum/fhirtypes'
import type { Answer } from './router.ts'

export const FHIR_JSON = 'application/fhir+json; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

export type Issue = { readonly code: OperationOutcomeIssue['code']; readonly expression?: string; readonly says: string }

const CODES: Readonly<Record<number, OperationOutcomeIssue['code']>> = {
  400: 'invalid', 401: 'login', 403: 'forbidden', 404: 'not-found', 405: 'not-supported', 406: 'not-supported', 409: 'conflict',
  410: 'deleted', 412: 'conflict', 413: 'too-costly', 415: 'not-supported', 422: 'processing', 429: 'throttled', 503: 'transient',
}

const isTokenPath = (path: string): boolean => path.endsWith('/oauth/token')
const isSoapPath = (path: string): boolean => path.startsWith('/services/')

/** `path` picks the shape: the token endpoint is no FHIR endpoint, and neither is the one for HL7. */
export const outcome = (
  status: number,
  says: string | readonly Issue[],
  { headers = {}, path = '' }: { readonly headers?: Readonly<Record<string, string>>; readonly path?: string } = {},
): Answer => {
  if (isTokenPath(path)) return tokenError(status, status === 401 ? 'unauthorized' : 'server_error', typeof says === 'string' ? says : '')
  if (isSoapPath(path)) return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers }, body: typeof says === 'string' ? says : '' }
  const issues = typeof says === 'string' ? [{ code: CODES[status] ?? 'exception', says }] : says
  const resource = {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ code, expression, says }: Issue) => ({ severity: 'error', code, diagnostics: says, ...(expression ? { expression: [expression] } : {}) })),
  }
  return { status, headers: { 'Content-Type': FHIR_JSON, ...headers }, body: JSON.stringify(resource) }
}

export const tokenError = (status: number, error: string, description: string): Answer => ({
  status,
  headers: { 'Content-Type': JSON_TYPE, ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="sandbox"' } : {}) },
  body: JSON.stringify({ error, error_description: description }),
})

export const asJson = (status: number, value: unknown, type = JSON_TYPE): Answer =>
  ({ status, headers: { 'Content-Type': type }, body: JSON.stringify(value) })
