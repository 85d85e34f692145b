// The questions one may ask of PKB's Facade besides the account query: which documents were read, and tokens to invite
// people with; and the definitions of all three, open to all. A question is refused as a whole: for none or more than
// 5,000 of anything, for another resource, for one identifier of a system that is not supported.
import type { Identifier, OperationDefinition, OperationDefinitionParameter, Parameters, ParametersParameter } from '@medplum/fhirtypes'
import type { Documents } from './documents.ts'
import { asJson, FHIR_JSON, outcome } from './outcome.ts'
import type { People } from './people.ts'
import { NHS_NUMBER_SYSTEM } from './people.ts'
import type { Answer, Ask, Handle, Route } from './router.ts'
import { readJson } from './text.ts'

export const MOST = 5000
const LIMIT_BYTES = 4 * 1024 * 1024

/**
 * The names of the parts within `readReceipt` and `invitationToken` are NOT confirmed by PKB: they are in the live
 * OperationDefinitions, which the copies of its pages cut off.
 */
export const READ_RECEIPT = { name: 'readReceipt', document: 'documentIdentifier', readAt: 'readDateTime' } as const
export const INVITATION = { name: 'invitationToken', patient: 'patientIdentifier', token: 'token', why: 'diagnostics' } as const

/** The parameters of that name; or what refuses the question. */
const askedFor = async (ask: Ask, name: string): Promise<readonly ParametersParameter[] | Answer> => {
  const asked = (await readJson(ask.body, LIMIT_BYTES)) as Partial<Parameters> | null | undefined
  if (asked?.resourceType !== 'Parameters') return outcome(400, [{ code: 'structure', says: 'The body is no Parameters resource.' }])
  const found = (Array.isArray(asked.parameter) ? asked.parameter : []).filter((one) => one.name === name)
  return found.length >= 1 && found.length <= MOST ? found : outcome(400, [{ code: 'invalid', expression: 'Parameters.parameter', says: `Send 1 to ${MOST} ${name}.` }])
}

/** NHS numbers only: one identifier of another system refuses them all. */
export const nhsNumbersAskedFor = async (ask: Ask): Promise<readonly string[] | Answer> => {
  const asked = await askedFor(ask, 'patientIdentifier')
  if ('status' in asked) return asked
  const unsupported = asked.findIndex(({ valueIdentifier }) => valueIdentifier?.system !== NHS_NUMBER_SYSTEM)
  if (unsupported < 0) return asked.map(({ valueIdentifier }) => valueIdentifier?.value ?? '')
  const expression = `Parameters.parameter[${unsupported}].valueIdentifier.system`
  return outcome(400, [{ code: 'not-supported', expression, says: 'One identifier is of an unsupported system; the whole request is refused.' }])
}

const isAnswer = (asked: readonly unknown[] | Answer): asked is Answer => 'status' in asked
const answered = (parameter: ParametersParameter[]): Answer => asJson(200, { resourceType: 'Parameters', ...(parameter.length > 0 ? { parameter } : {}) } satisfies Parameters, FHIR_JSON)
export const patientIdentifier = (nhsNumber: string): ParametersParameter => ({ name: 'patientIdentifier', valueIdentifier: { system: NHS_NUMBER_SYSTEM, value: nhsNumber } })

const numberIn = ({ valueString, valueUri, valueIdentifier }: ParametersParameter): string => String(valueString ?? valueUri ?? (valueIdentifier as Identifier | undefined)?.value ?? '')

/** Only what came by HL7 and was read: one that was not read, or that is not known, is not in the answer at all. */
export const readReceiptQuery = (documents: Documents): Handle => async (ask) => {
  const asked = await askedFor(ask, 'documentIdentifier')
  if (isAnswer(asked)) return asked
  const numbers = asked.map(numberIn)
  const empty = numbers.indexOf('')
  if (empty >= 0) return outcome(400, [{ code: 'invalid', expression: `Parameters.parameter[${empty}]`, says: 'One documentIdentifier has no value; the whole request is refused.' }])
  return answered([...new Set(numbers)].flatMap((number) => {
    const readAt = documents.numbered(number).map((one) => one.readAt ?? '').toSorted().at(-1)
    return readAt ? [{ name: READ_RECEIPT.name, part: [{ name: READ_RECEIPT.document, valueString: number }, { name: READ_RECEIPT.readAt, valueDateTime: readAt }] }] : []
  }))
}

export const generateInvitationTokens = (people: () => People, newId: () => string): Handle => async (ask) => {
  const asked = await nhsNumbersAskedFor(ask)
  if (isAnswer(asked)) return asked
  return answered(asked.map((nhsNumber) => {
    const person = people().get(nhsNumber)
    const why = !person ? 'Not found' : person.access === false ? 'No access' : person.registered ? 'Already registered' : undefined
    const rest: ParametersParameter = why === undefined ? { name: INVITATION.token, valueString: newId() } : { name: INVITATION.why, valueString: why }
    return { name: INVITATION.name, part: [{ ...patientIdentifier(nhsNumber), name: INVITATION.patient }, rest] }
  }))
}

type Described = { readonly id: string; readonly code: string; readonly resource: 'Patient' | 'DocumentReference' | 'Organization'; readonly takes: OperationDefinitionParameter; readonly gives: OperationDefinitionParameter }
type TypeOf = NonNullable<OperationDefinitionParameter['type']>
const into = (name: string, type: TypeOf): OperationDefinitionParameter => ({ name, use: 'in', min: 1, max: String(MOST), type })
const out = (name: string, part: readonly (readonly [string, TypeOf, number])[]): OperationDefinitionParameter =>
  ({ name, use: 'out', min: 0, max: String(MOST), part: part.map(([partName, type, min]) => ({ name: partName, use: 'out', min, max: '1', type })) })

const OPERATIONS: readonly Described[] = [
  {
    id: 'Patient-t-status-query', code: 'status-query', resource: 'Patient', takes: into('patientIdentifier', 'Identifier'),
    gives: out('patientStatus', [['patientIdentifier', 'Identifier', 1], ['deceased', 'boolean', 0], ['registered', 'boolean', 0], ['dateOfBirth', 'date', 0], ['diagnostics', 'string', 0]]),
  },
  {
    id: 'DocumentReference-t-read-receipt-query', code: 'read-receipt-query', resource: 'DocumentReference', takes: into('documentIdentifier', 'string'),
    gives: out(READ_RECEIPT.name, [[READ_RECEIPT.document, 'string', 1], [READ_RECEIPT.readAt, 'dateTime', 1]]),
  },
  {
    id: 'Organization-t-generate-invitation-tokens', code: 'generate-invitation-tokens', resource: 'Organization', takes: into('patientIdentifier', 'Identifier'),
    gives: out(INVITATION.name, [[INVITATION.patient, 'Identifier', 1], [INVITATION.token, 'string', 0], [INVITATION.why, 'string', 0]]),
  },
]

export const operationsOn = (resource: Described['resource']) => OPERATIONS.filter((one) => one.resource === resource).map(({ id, code }) => ({ name: code, definition: `OperationDefinition/${id}` }))
export const allOperations = () => OPERATIONS.map(({ id, code }) => ({ name: code, definition: { reference: `OperationDefinition/${id}` } }))

const definition = ({ id, code, resource, takes, gives }: Described): OperationDefinition => ({
  resourceType: 'OperationDefinition', id, name: code, status: 'active', kind: 'operation', code, resource: [resource], system: false, type: true, instance: false, parameter: [takes, gives],
  description: 'Of a sandbox to try Openletter against. It is not Patients Know Best.',
})

export const definitionRoutes = (base: string): readonly Route[] => [{
  method: 'GET',
  template: `${base}/OperationDefinition/{id}`,
  handle: (ask) => {
    const found = OPERATIONS.find(({ id }) => id === ask.params['id'])
    return found ? asJson(200, definition(found), FHIR_JSON) : outcome(404, 'There is no such OperationDefinition.')
  },
}]
