// A failure as FHIR tells it. It refuses to say more than the problem details of the API do.
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'
import type { Problem } from '../errors.ts'
import { ERROR_CODE } from './systems.ts'

const ISSUES: Readonly<Record<number, OperationOutcomeIssue['code']>> = {
  400: 'invalid', 401: 'login', 403: 'forbidden', 404: 'not-found', 405: 'not-supported', 409: 'conflict', 415: 'not-supported', 421: 'security', 503: 'transient',
}

export const operationOutcome = ({ status, code, title, detail, hint }: Problem): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code: ISSUES[status] ?? 'exception', details: { coding: [{ system: ERROR_CODE, code }], text: title }, diagnostics: [detail, hint].filter((text) => text !== '').join(' ') }],
})
