// The capability statements of the two endpoints, open to all. They refuse to promise what the sandbox does not do.
import type { CapabilityStatement, CapabilityStatementRestResourceInteraction } from '@medplum/fhirtypes'
import { allOperations, operationsOn } from './operations.ts'
import { asJson, FHIR_JSON } from './outcome.ts'
import type { Handle } from './router.ts'

const WRITTEN = '2026-11-23'
const description = 'A sandbox to try Openletter against. It is not Patients Know Best.'

export const customerCapability = (deleteRefused: () => boolean): Handle => (ask) => {
  const interactions: CapabilityStatementRestResourceInteraction['code'][] = ['create', 'read', 'search-type', 'update']
  if (!deleteRefused()) interactions.push('delete')
  const statement: CapabilityStatement = {
    resourceType: 'CapabilityStatement', status: 'active', date: WRITTEN, kind: 'instance', fhirVersion: '4.0.1', format: ['application/fhir+json'],
    implementation: { description, url: `${ask.base}/fhir` },
    rest: [{
      mode: 'server',
      security: { service: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }] }], description: `Client credentials at ${ask.base}/oauth/token, and the header X-Org-Public-Id.` },
      resource: [
        {
          type: 'DocumentReference', versioning: 'versioned-update', readHistory: false, updateCreate: false, conditionalCreate: true, conditionalUpdate: false, conditionalDelete: 'not-supported',
          interaction: interactions.map((code) => ({ code })),
          searchParam: [{ name: 'identifier', type: 'token' }, { name: 'patient', type: 'reference' }, { name: 'subject', type: 'reference' }, { name: 'status', type: 'token' }],
          operation: operationsOn('DocumentReference'),
        },
        { type: 'Patient', operation: operationsOn('Patient') },
        { type: 'Organization', operation: operationsOn('Organization') },
      ],
    }],
  }
  return asJson(200, statement, FHIR_JSON)
}

/** The Facade speaks STU3, and takes no documents. */
export const facadeCapability: Handle = (ask) => asJson(200, {
  resourceType: 'CapabilityStatement', status: 'active', date: WRITTEN, kind: 'instance', fhirVersion: '3.0.2', acceptUnknown: 'no', format: ['application/fhir+json'],
  implementation: { description, url: `${ask.base}/facade/fhir` },
  rest: [{ mode: 'server', resource: [{ type: 'Patient', interaction: [] }], operation: allOperations() }],
}, FHIR_JSON)
