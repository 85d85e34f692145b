// What can be asked at /fhir, as a CapabilityStatement, open to all. It refuses to promise what is not answered, and says
// nothing of the trust.
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes'
import { BALP_DISCLOSURE_AT_SOURCE, BALP_PATIENT_READ, UKCORE_DOCUMENT_REFERENCE } from './systems.ts'

/** When this file last changed what it says. */
const WRITTEN = '2026-11-23'

/** Search parameters of each resource, with their kinds; those that identify a patient are taken in a body only. */
export const SEARCHES = {
  DocumentReference: { _id: 'token', identifier: 'token', status: 'token', type: 'token', date: 'date', patient: 'reference' },
  AuditEvent: { _id: 'token', date: 'date', entity: 'reference', type: 'token', subtype: 'token' },
  Provenance: { target: 'reference' },
} as const satisfies Record<string, Record<string, 'token' | 'date' | 'reference'>>
export type Searched = keyof typeof SEARCHES

const SAYS: Readonly<Record<Searched, string>> = {
  DocumentReference: 'Without the file. `patient` takes an NHS number, in the body of POST _search and nowhere else.',
  AuditEvent: 'One for each entry of the log of events; its id is the number of the entry.',
  Provenance: 'One for each revision of a document.',
}

const PROFILES: Partial<Record<Searched, Partial<CapabilityStatementRestResource>>> = {
  DocumentReference: { profile: UKCORE_DOCUMENT_REFERENCE, versioning: 'versioned' },
  AuditEvent: { supportedProfile: [BALP_DISCLOSURE_AT_SOURCE, BALP_PATIENT_READ] },
}

const resource = (type: Searched): CapabilityStatementRestResource => ({
  type,
  ...PROFILES[type],
  documentation: SAYS[type],
  interaction: [{ code: 'read' }, ...(type === 'DocumentReference' ? [{ code: 'vread' as const }] : []), { code: 'search-type' }],
  searchParam: Object.entries(SEARCHES[type]).map(([name, kind]) => ({ name, type: kind })),
})

export const capabilityStatement = (): CapabilityStatement => ({
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: WRITTEN,
  kind: 'instance',
  software: { name: 'Openletter' },
  implementation: { description: 'Openletter: which clinical documents go to the patient, and what became of them' },
  fhirVersion: '4.0.1',
  format: ['application/fhir+json'],
  rest: [{
    mode: 'server',
    security: { description: 'Authorization: Bearer with the token of the API. This statement is open to all.' },
    resource: (Object.keys(SEARCHES) as readonly Searched[]).map(resource),
  }],
})
