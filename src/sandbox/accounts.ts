// `Patient/$status-query`: whether PKB knows a person, and whether that person has an account. It refuses a whole
// request for one identifier of a system that it does not know, as PKB does.
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { nhsNumbersAskedFor, patientIdentifier } from './operations.ts'
import { asJson, FHIR_JSON } from './outcome.ts'
import type { People, Person } from './people.ts'
import type { Handle } from './router.ts'

export const statusQuery = (people: () => People): Handle => async (ask) => {
  const asked = await nhsNumbersAskedFor(ask)
  if ('status' in asked) return asked
  const parameter = asked.map((nhsNumber) => statusOf(nhsNumber, people().get(nhsNumber)))
  return asJson(200, { resourceType: 'Parameters', parameter } satisfies Parameters, FHIR_JSON)
}

const statusOf = (nhsNumber: string, person: Person | undefined): ParametersParameter => {
  const identifier = patientIdentifier(nhsNumber)
  if (!person) return { name: 'patientStatus', part: [identifier, { name: 'diagnostics', valueString: 'Not found' }] }
  const account: ParametersParameter[] = [{ name: 'deceased', valueBoolean: person.deceased }, { name: 'registered', valueBoolean: person.registered }]
  const born: ParametersParameter[] = person.birthDate === '' ? [] : [{ name: 'dateOfBirth', valueDate: person.birthDate }]
  const rest: ParametersParameter[] = person.access === false ? [{ name: 'diagnostics', valueString: 'No access' }] : born
  return { name: 'patientStatus', part: [identifier, ...account, ...rest] }
}
