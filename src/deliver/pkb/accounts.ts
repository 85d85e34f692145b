// Asks PKB whether people have an account there, thousands in one question. It refuses to put an NHS number anywhere but
// into the body of the question, to let one identifier spoil the answer for the others, and to read "no" out of an
// answer that does not say so.
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { passesModulus11, tenDigits } from '../../decide/identity.ts'
import { NHS_NUMBER } from '../../fhir/systems.ts'
import type { PkbDestination } from '../../policy/schema.ts'
import type { Outcome } from '../../types.ts'
import type { Accounts, AccountStatus } from '../destination.ts'
import { isRecord } from './answer.ts'
import { openConnections } from './connections.ts'
import { openFhir } from './fhir.ts'

/** PKB takes no more in one question. */
const MOST = 5_000
/** An answer about so many people, at a generous 3 KB each. */
const ANSWER_BYTES = 16 * 1024 * 1024
/** What may be wrong with one of the people asked about, or with the size of it all: it is asked again in halves. */
const WHOLE_REFUSED = new Set(['400', '413', '422', 'ANSWER_TOO_LARGE'])
/** Enough to find two among 5,000. What is not asked by then is left to the next time. */
const MOST_QUESTIONS = 60
/** Where so many are refused alone and nobody was answered, it is not the people. */
const ALL_REFUSED = 5

type Silent = { readonly nhsNumber: string; readonly code: string }
type Answer = { readonly people: readonly AccountStatus[]; readonly silent: readonly Silent[] }

/** The Facade has an address and credentials of its own: PKB's tokens are not interchangeable. */
export const openAccounts = (settings: PkbDestination, { now }: { readonly now: () => Date }): Accounts => {
  const connections = openConnections(1, ANSWER_BYTES)
  const fhir = openFhir(settings.facade, { connections, timeoutSecs: settings.timeout_secs, now })

  const ask = async (nhsNumbers: readonly string[], stopping: AbortSignal): Promise<{ readonly outcome: Outcome; readonly body?: unknown }> => {
    const json = { resourceType: 'Parameters', parameter: nhsNumbers.map((value) => ({ name: 'patientIdentifier', valueIdentifier: { system: NHS_NUMBER, value } })) } satisfies Parameters
    const signal = AbortSignal.any([AbortSignal.timeout(settings.timeout_secs * 1000), stopping])
    const { outcome, answer } = await fhir.send({ action: 'look', target: 'endpoint', method: 'POST', path: 'Patient/$status-query', json, signal })
    return outcome.kind === 'accepted' ? { outcome, body: answer?.body } : { outcome }
  }

  return {
    status: async (nhsNumbers, signal) => {
      const all = [...new Set(nhsNumbers)]
      const unsound = all.filter((one) => !isSound(one)).map((nhsNumber): Silent => ({ nhsNumber, code: 'NOT_A_NUMBER' }))
      const found = await inHalves(all.filter(isSound), (some) => ask(some, signal))
      return 'outcome' in found ? { answered: false, outcome: found.outcome } : { answered: true, people: found.people, silent: [...unsound, ...found.silent] }
    },
    close: () => connections.close(),
  }
}

const isSound = (text: string): boolean => tenDigits(text) === text && passesModulus11(text)

/** Everybody at once; where that is refused as a whole, the halves of it, until the guilty one is alone. */
export const inHalves = async (
  nhsNumbers: readonly string[], ask: (some: readonly string[]) => Promise<{ readonly outcome: Outcome; readonly body?: unknown }>,
): Promise<Answer | { readonly outcome: Outcome }> => {
  const people: AccountStatus[] = []
  const silent: Silent[] = []
  let refused: Outcome | undefined
  const left: (readonly string[])[] = []
  for (let from = 0; from < nhsNumbers.length; from += MOST) left.push(nhsNumbers.slice(from, from + MOST))
  for (let questions = 0; left.length > 0 && questions < MOST_QUESTIONS; questions += 1) {
    const some = left.shift()!
    const { outcome, body } = await ask(some)
    if (outcome.kind === 'accepted') {
      const answer = answerFor(body, some)
      if (!answer) return people.length > 0 ? { people, silent } : { outcome: { kind: 'unavailable', code: 'ANSWER_UNREADABLE', detail: 'The answer does not speak of accounts.' } }
      people.push(...answer.people)
      silent.push(...answer.silent)
    } else if (!WHOLE_REFUSED.has(outcome.code)) {
      // What was answered until now is not lost; the rest is asked about again, and then it shows.
      return people.length + silent.length > 0 ? { people, silent } : { outcome }
    } else if (some.length === 1) {
      refused = outcome
      silent.push({ nhsNumber: some[0]!, code: outcome.code })
    } else {
      left.unshift(some.slice(0, some.length >> 1), some.slice(some.length >> 1))
      refused = outcome
    }
    if (people.length === 0 && refused && silent.length >= ALL_REFUSED) return { outcome: refused }
  }
  return people.length + silent.length === 0 && refused ? { outcome: refused } : { people, silent }
}

/** What an answer says of those who were asked about; undefined where it is none. */
export const answerFor = (body: unknown, nhsNumbers: readonly string[]): Answer | undefined => {
  if (!isRecord(body) || body['resourceType'] !== 'Parameters') return undefined
  const parameters = Array.isArray(body['parameter']) ? (body['parameter'] as readonly unknown[]) : []
  const entries = Map.groupBy(parameters.filter(isRecord).map((one) => one as unknown as ParametersParameter).filter(({ name, part }) => name === 'patientStatus' && Array.isArray(part)), numberOf)
  const people: AccountStatus[] = []
  const silent: Silent[] = []
  for (const nhsNumber of nhsNumbers) {
    const said = (entries.get(nhsNumber) ?? []).map((entry) => statusOf(entry, nhsNumber))
    const [first] = said
    if (said.length === 0) silent.push({ nhsNumber, code: 'NOT_IN_ANSWER' })
    else if (!first || said.includes(undefined)) silent.push({ nhsNumber, code: 'ANSWER_UNREADABLE' })
    else if (said.some((other) => other!.registered !== first.registered || other!.deceased !== first.deceased || other!.birthDate !== first.birthDate)) silent.push({ nhsNumber, code: 'ANSWERS_DISAGREE' })
    else people.push(first)
  }
  return { people, silent }
}

const partOf = ({ part }: ParametersParameter, name: string): ParametersParameter | undefined => part?.find((one) => isRecord(one) && one.name === name)

const numberOf = (entry: ParametersParameter): string => {
  const value: unknown = partOf(entry, 'patientIdentifier')?.valueIdentifier?.value
  return typeof value === 'string' ? (tenDigits(value) ?? '') : ''
}

/** Registered and deceased, with the date of birth where PKB gives it; or that there is nobody of that number. */
const statusOf = (entry: ParametersParameter, nhsNumber: string): AccountStatus | undefined => {
  const registered: unknown = partOf(entry, 'registered')?.valueBoolean
  const deceased: unknown = partOf(entry, 'deceased')?.valueBoolean
  if (typeof registered === 'boolean' && typeof deceased === 'boolean') {
    const birthDate: unknown = partOf(entry, 'dateOfBirth')?.valueDate
    return { nhsNumber, registered, deceased, ...(typeof birthDate === 'string' && /^\d{4}-\d{2}-\d{2}$/u.test(birthDate) ? { birthDate } : {}) }
  }
  const says: unknown = partOf(entry, 'diagnostics')?.valueString
  return typeof says === 'string' && says.trim().toLowerCase() === 'not found' ? { nhsNumber, registered: false, deceased: false } : undefined
}
