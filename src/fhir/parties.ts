// Who takes part, as a FHIR reference: the engine, its destinations, its sources, the trust. They are named as channels
// and mappings name them; it refuses to tell network addresses, which the log of events does not hold.
import type { Device, Organization, Reference } from '@medplum/fhirtypes'
import type { Policy } from '../policy/policy.ts'
import { ODS, SYSTEM } from './systems.ts'

const DISPLAYS: Readonly<Record<string, string>> = { openletter: 'Openletter', pkb: 'Patients Know Best', print: 'Print house', rio: 'RiO' }

export const system = (name: string): Reference<Device> => ({ type: 'Device', identifier: { system: SYSTEM, value: name }, display: DISPLAYS[name] ?? name })

export const ENGINE = system('openletter')

export const trustOf = ({ trust }: Pick<Policy, 'trust'>): Reference<Organization> =>
  ({ type: 'Organization', identifier: { system: ODS, value: trust.organisations[0] ?? '' }, display: trust.name })
