// Asks PKB whether a person has an account there. It refuses to put an NHS number anywhere but into the body of the
// question, and to read "no" out of an answer that does not say so.
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { NHS_NUMBER } from '../../fhir/systems.ts'
import type { PkbDestination } from '../../policy/schema.ts'
import type { Accounts } from '../destination.ts'
import { isRecord } from './answer.ts'
import { openFhir } from './fhir.ts'
import { openTransport } from './transport.ts'

/** The Facade has an address and credentials of its own: PKB's tokens are not interchangeable. */
export const openAccounts = (settings: PkbDestination, { now }: { readonly now: () => Date }): Accounts => {
  const transport = openTransport(settings.at_once)
  const fhir = openFhir(settings.facade, { transport, timeoutSecs: settings.timeout_secs, now })
  return {
    status: async ([nhsNumber = ''], signal) => {
      const json = { resourceType: 'Parameters', parameter: [{ name: 'patientIdentifier', valueIdentifier: { system: NHS_NUMBER, value: nhsNumber } }] } satisfies Parameters
      const { outcome, answer } = await fhir.send({ action: 'look', target: 'endpoint', method: 'POST', path: 'Patient/$status-query', json, signal })
      if (outcome.kind !== 'accepted') return { answered: false, outcome }
      const status = statusOf(answer?.body, nhsNumber)
      return { answered: true, people: status ? [{ nhsNumber, ...status }] : [], silent: status ? [] : [{ nhsNumber, code: 'ANSWER_UNREADABLE' }] }
    },
    close: () => transport.close(),
  }
}

export type Status = { readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }

/** What the answer says of this one person; undefined where it does not. */
export const statusOf = (body: unknown, nhsNumber: string): Status | undefined => {
  const parameters = isRecord(body) && body['resourceType'] === 'Parameters' && Array.isArray(body['parameter']) ? (body['parameter'] as readonly ParametersParameter[]) : []
  const mine = parameters.filter(({ name, part }) => name === 'patientStatus' && partOf(part, 'patientIdentifier')?.valueIdentifier?.value === nhsNumber)
  const [only] = mine
  if (!only || mine.length !== 1) return undefined
  const registered = partOf(only.part, 'registered')?.valueBoolean
  const deceased = partOf(only.part, 'deceased')?.valueBoolean
  if (typeof registered === 'boolean' && typeof deceased === 'boolean') {
    const birthDate = partOf(only.part, 'dateOfBirth')?.valueDate
    return { registered, deceased, ...(typeof birthDate === 'string' && /^\d{4}-\d{2}-\d{2}$/u.test(birthDate) ? { birthDate } : {}) }
  }
  return partOf(only.part, 'diagnostics')?.valueString?.trim().toLowerCase() === 'not found' ? { registered: false, deceased: false } : undefined
}

const partOf = (parts: readonly ParametersParameter[] | undefined, name: string): ParametersParameter | undefined => parts?.find((part) => part.name === name)
