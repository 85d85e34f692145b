// The PKB destination and the account question, as configured for a sandbox.
import type { PkbDestination } from '../../src/policy/schema.ts'
import { ORGANISATION } from './sandbox.ts'

export const pkbSettings = (url: string, overrides: Partial<PkbDestination> = {}): PkbDestination => ({
  kind: 'destination', type: 'pkb', approved_by: 'Chief Clinical Information Officer', approved_on: '2026-10-01', transport: 'fhir',
  fhir: { base_url: `${url}/fhir`, token_url: `${url}/oauth/token`, client_id: 'openletter', client_secret: 'sandbox', organisation: ORGANISATION },
  facade: { base_url: `${url}/facade/fhir`, token_url: `${url}/facade/oauth/token`, client_id: 'openletter', client_secret: 'sandbox', organisation: ORGANISATION },
  hl7_soap: {
    url: `${url}/services/hl7`, username: 'openletter', password: 'sandbox', sending_application: 'OPENLETTER', document_types: { APPT: 'AL', CLIN: 'CL', DISC: 'DL', CPLN: 'MDT', ASMT: 'CL', EXTL: 'CL' },
    other_document_type: 'CL', hospital_services: { ADULT1: 'MHADULT', ADULT2: 'MHADULT', ADULT3: 'MHADULT' }, title_at: 'OBX-3.2', content_type: 'TEXT', content_subtype: 'PDF', settle_secs: 0.3,
  },
  account_fresh_hours: 24, print_after: { working_days: 3 }, registered_later: 'stays-by-post', at_once: 4, timeout_secs: 5, retry: { first_secs: 0.05, ceiling_secs: 0.2, jitter: 0.3 }, circuit: { opens_after: 5, probe_secs: 0.2 }, ...overrides,
})
