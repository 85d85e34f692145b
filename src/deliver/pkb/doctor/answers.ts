// What PKB's own descriptions and answers say, read for what the engine needs of them. Pure. It refuses to pass on any
// text of theirs but names of operations and of their parts.
import { isRecord } from '../answer.ts'
import { answerFor } from '../accounts.ts'
import { notChecked, ok, wrong, type Found } from './findings.ts'

type Json = Readonly<Record<string, unknown>>
const listed = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly unknown[]).filter(isRecord) : [])
const name = (value: unknown): readonly string[] => (typeof value === 'string' && /^[A-Za-z][\w-]{0,40}$/u.test(value) ? [value] : [])

type Capability = { readonly version: string; readonly documents: readonly string[]; readonly operations: readonly string[]; readonly conditionalCreate: boolean }

const capabilityIn = (body: unknown): Capability | undefined => {
  if (!isRecord(body) || body['resourceType'] !== 'CapabilityStatement') return undefined
  const rest = listed(body['rest'])
  const resources = rest.flatMap((one) => listed(one['resource']))
  const document = resources.find(({ type }) => type === 'DocumentReference')
  return {
    version: typeof body['fhirVersion'] === 'string' && /^[\d.]{1,12}$/u.test(body['fhirVersion']) ? body['fhirVersion'] : 'unknown',
    documents: listed(document?.['interaction']).flatMap(({ code }) => name(code)),
    operations: [...rest, ...resources].flatMap((one) => listed(one['operation'])).flatMap((one) => name(one['name'])),
    conditionalCreate: document?.['conditionalCreate'] === true,
  }
}

const NO_STATEMENT = wrong('the address gives no CapabilityStatement', 'Write the base address as PKB gave it, whole: FHIR servers describe themselves at /metadata below it.')

/** What the engine does with documents, and what it does where it cannot. */
export const documentsCan = (body: unknown): Found => {
  const capability = capabilityIn(body)
  if (!capability) return NO_STATEMENT
  const { version, documents, conditionalCreate } = capability
  if (!version.startsWith('4.')) return wrong(`it speaks FHIR ${version}, and the engine writes R4 (4.0)`, "This is probably PKB's Facade, which only answers questions: write the address of the endpoint for documents.")
  const missing = ['create', 'search-type', 'update'].filter((one) => !documents.includes(one))
  if (missing.length > 0) return wrong(`DocumentReference lacks ${missing.join(', ')}`, 'Ask PKB to switch it on for you, or write transport: hl7-soap.')
  const less = [...(documents.includes('delete') ? [] : ['no delete: a recall empties the copy']), ...(conditionalCreate ? [] : ['no conditional create: the engine looks before each'])]
  return ok(`FHIR ${version}; DocumentReference can ${documents.join(', ')}${less.length > 0 ? ` (${less.join('; ')})` : ''}`)
}

/** Asked how many copies there are of a document that cannot be there. */
export const searchAnswered = (body: unknown): Found => {
  const total = isRecord(body) && body['resourceType'] === 'Bundle' ? body['total'] : undefined
  if (typeof total !== 'number') return notChecked('PKB does not say how many it found')
  return total === 0 ? ok('by identifier is answered: nothing is there')
    : wrong('PKB does not search by identifier: it finds a document that cannot be there', 'Ask PKB to switch that search on for DocumentReference, or write transport: hl7-soap: without it nobody can see what stands there, or that a recall is done.')
}

export const accountsCan = (body: unknown, needsReads: boolean): Found => {
  const capability = capabilityIn(body)
  if (!capability) return NO_STATEMENT
  const missing = ['status-query', ...(needsReads ? ['read-receipt-query'] : [])].filter((one) => !capability.operations.includes(one))
  return missing.length === 0 ? ok(`FHIR ${capability.version}; ${capability.operations.join(', ')}`)
    : wrong(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not among its operations`, 'Write the address of the Facade as PKB gave it; the question for read receipts is switched on by request only.')
}

/** A made-up person is not found, and that is the answer that was hoped for. */
export const statusAnswered = (body: unknown, nhsNumber: string): Found => {
  const answer = answerFor(body, [nhsNumber])
  const [person] = answer?.people ?? []
  if (person) return ok(`is answered: ${person.registered ? 'registered' : 'no account'}`)
  return wrong(answer ? 'the answer does not say whether there is an account' : 'the answer does not speak of accounts', 'If that person is known to PKB, ask whether your organisation may see them; else tell PKB Integrations that the answer has another form.')
}

export const readsAnswered = (body: unknown): Found =>
  isRecord(body) && body['resourceType'] === 'Parameters'
    ? listed(body['parameter']).length === 0 ? ok('is answered: nothing is known of a document that is not there') : wrong('PKB speaks of a document that cannot be there', 'Tell PKB Integrations: the read receipts could not be relied on.')
    : wrong('the answer has another form', 'Tell PKB Integrations: the engine would take nothing for read.')

/** The names of what comes back: PKB's pages do not give all of them. */
export const definitionSays = (body: unknown, needed: readonly string[]): Found => {
  const out = listed(isRecord(body) ? body['parameter'] : undefined).filter(({ use }) => use === 'out')
  const parts = out.flatMap((one) => listed(one['part'])).flatMap((one) => name(one['name']))
  if (out.length === 0) return notChecked('the definition does not say what comes back')
  const missing = needed.filter((one) => !parts.includes(one))
  return missing.length === 0 ? ok(`${out.flatMap((one) => name(one['name'])).join(', ')}: ${parts.join(', ')}`) : wrong(`${missing.join(', ')} is not among ${parts.join(', ')}`, 'Tell PKB Integrations: the engine reads it, and the interface may have changed.')
}

const MOST_SKEW_SECS = 60

export const clock = (dateHeader: string | null, now: Date): Found => {
  const theirs = Date.parse(dateHeader ?? '')
  if (Number.isNaN(theirs)) return notChecked('the answers have no date')
  const secs = Math.round((now.getTime() - theirs) / 1000)
  return Math.abs(secs) <= MOST_SKEW_SECS ? ok("is PKB's, to the minute") : wrong(`is ${Math.abs(secs).toLocaleString('en-GB')} seconds ${secs > 0 ? 'ahead of' : 'behind'} PKB's`, "Have this machine take its time from your network's time server: deadlines and the times of letters come from it.")
}
