// `Patient/$status-query`: whether PKB knows a person, and whether that person has an account. It refuses a whole
// request for one identifier of a system that it does not know, as PKB does.
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { asJson, FHIR_JSON, outcome } from './outcome.ts'
import type { People, Person } from './people.ts'
import { NHS_NUMBER_SYSTEM } from './people.ts'
import type { Handle } from './router.ts'
import { readJson } from './text.ts'

const MOST = 5000
const LIMIT_BYTES = 4 * 1024 * 1024

export const statusQuery = (people: () => People): Handle => async (ask) => {
  const asked = (await readJson(ask.body, LIMIT_BYTES)) as Partial<Parameters> | null | undefined
  if (asked?.resourceType !== 'Parameters') return outcome(400, [{ code: 'structure', says: 'The body is no Parameters resource.' }])
  const identifiers = (asked.parameter ?? []).filter(({ name }) => name === 'patientIdentifier').map(({ valueIdentifier }) => valueIdentifier)
  if (identifiers.length < 1 || identifiers.length > MOST) return outcome(400, [{ code: 'invalid', expression: 'Parameters.parameter', says: `Send 1 to ${MOST} patientIdentifier.` }])
  const unsupported = identifiers.findIndex((identifier) => identifier?.system !== NHS_NUMBER_SYSTEM)
  if (unsupported >= 0) {
    const expression = `Parameters.parameter[${unsupported}].valueIdentifier.system`
    return outcome(400, [{ code: 'not-supported', expression, says: 'One identifier is of an unsupported system; the whole request is refused.' }])
  }
  const parameter = identifiers.map((identifier) => statusOf(identifier?.value ?? '', people().get(identifier?.value ?? '')))
  return asJson(200, { resourceType: 'Parameters', parameter } satisfies Parameters, FHIR_JSON)
}

const statusOf = (nhsNumber: string, person: Person | undefined): ParametersParameter => {
  const identifier: ParametersParameter = { name: 'patientIdentifier', valueIdentifier: { system: NHS_NUMBER_SYSTEM, value: nhsNumber } }
  if (!person) return { name: 'patientStatus', part: [identifier, { name: 'diagnostics', valueString: 'Not found' }] }
  const account: ParametersParameter[] = [{ name: 'deceased', valueBoolean: person.deceased }, { name: 'registered', valueBoolean: person.registered }]
  const rest: ParametersParameter = person.access === false ? { name: 'diagnostics', valueString: 'No access' } : { name: 'dateOfBirth', valueDate: person.birthDate }
  return { name: 'patientStatus', part: [identifier, ...account, rest] }
}
