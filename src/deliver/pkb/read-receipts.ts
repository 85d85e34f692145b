// Asks PKB which of our documents were read. PKB publishes the question and not the names of all parts of the answer:
// those are kept in one place here, and what is looked for is found by its value and its type. It refuses to read "not
// read" out of an answer: what it does not speak of is not known.
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import type { PkbDestination } from '../../policy/schema.ts'
import type { ReadReceipts } from '../destination.ts'
import { isRecord } from './answer.ts'
import { openConnections } from './connections.ts'
import { openFhir } from './fhir.ts'

/** As PKB's page on the operation has them; `documentIdentifier` and `readReceipt` stand there, the rest was not to be had. */
const OPERATION = 'DocumentReference/$read-receipt-query'
const ASKED = 'documentIdentifier'
const ENTRY = 'readReceipt'
/** Of several times the one that is called so is meant; one that is called otherwise says nothing of reading. */
const OF_READING = /read|open|view/iu
const OF_ANOTHER_THING = /creat|sent|send|receiv|index|modif|updat|issue|add|deliver|expir/iu

/** So many PKB takes at once. */
const MOST_ASKED = 5_000
/** An answer in which all of them were read, at a generous 3 KB each. */
const ANSWER_BYTES = 16 * 1024 * 1024
/** What may be wrong with one of the numbers, or with the size of it all: it is asked again in halves. */
const WHOLE_REFUSED = new Set(['400', '413', '422', 'ANSWER_TOO_LARGE'])
/** Enough to find two among 5,000. */
const MOST_QUESTIONS = 60
/** Where so many are refused alone and nothing was answered, it is not the numbers. */
const ALL_REFUSED = 5

type Read = { readonly identifier: string; readonly at: string }
type Answer = Awaited<ReturnType<ReadReceipts['ask']>>

export const openReadReceipts = (settings: PkbDestination, { now }: { readonly now: () => Date }): ReadReceipts => {
  const connections = openConnections(1, ANSWER_BYTES)
  const fhir = openFhir(settings.facade, { connections, timeoutSecs: settings.timeout_secs, now })
  const ask = async (asked: readonly string[], signal: AbortSignal): Promise<Answer> => {
    const json = { resourceType: 'Parameters', parameter: asked.map((value) => ({ name: ASKED, valueString: value })) } satisfies Parameters
    const { outcome, answer } = await fhir.send({ action: 'look', target: 'endpoint', method: 'POST', path: OPERATION, json, signal })
    if (outcome.kind !== 'accepted') return { answered: false, outcome }
    const reads = readsOf(answer?.body, asked)
    return reads ? { answered: true, reads } : { answered: false, outcome: { kind: 'unavailable', code: 'ANSWER_UNREADABLE', detail: 'The answer does not say what was read.' } }
  }
  return {
    ask: (identifiers, signal) => inHalves([...new Set(identifiers)], (some) => ask(some, signal)),
    close: () => connections.close(),
  }
}

/** Where a question is refused as a whole, its halves are asked. What was answered is not lost because something else was not. */
const inHalves = async (identifiers: readonly string[], ask: (some: readonly string[]) => Promise<Answer>): Promise<Answer> => {
  const reads: Read[] = []
  const left: (readonly string[])[] = []
  for (let from = 0; from < identifiers.length; from += MOST_ASKED) left.push(identifiers.slice(from, from + MOST_ASKED))
  let [answered, alone] = [left.length === 0, 0]
  let failed: Answer | undefined
  for (let questions = 0; left.length > 0 && questions < MOST_QUESTIONS && (answered || alone < ALL_REFUSED); questions += 1) {
    const some = left.shift()!
    const answer = await ask(some)
    if (answer.answered) {
      reads.push(...answer.reads)
      answered = true
      continue
    }
    failed = answer
    if (!WHOLE_REFUSED.has(answer.outcome.code)) break
    if (some.length === 1) alone += 1
    else left.unshift(some.slice(0, some.length >> 1), some.slice(some.length >> 1))
  }
  return answered || !failed ? { answered: true, reads } : failed
}

/** What was read of what was asked for, each with its latest time; undefined where the answer is none. */
export const readsOf = (body: unknown, asked: readonly string[]): readonly Read[] | undefined => {
  if (!isRecord(body) || body['resourceType'] !== 'Parameters') return undefined
  const entries = Array.isArray(body['parameter']) ? (body['parameter'] as readonly unknown[]).filter(isRecord) : []
  const ours = new Map(asked.map((identifier) => [identifier.toLowerCase(), identifier]))
  const found = new Map<string, string>()
  for (const { name, part } of entries) {
    if (name !== ENTRY || !Array.isArray(part)) continue
    const values = (part as readonly unknown[]).filter(isRecord).flatMap((one) => valuesOf(one as unknown as ParametersParameter))
    const mine = new Set(values.flatMap(({ text }) => ours.get(text.trim().toLowerCase()) ?? []))
    const times = timesOfReading(values).map(({ text }) => Date.parse(text)).filter((at) => !Number.isNaN(at))
    const [identifier] = mine
    // An entry about two documents, or with a time too many, says nothing certain of either.
    if (mine.size !== 1 || identifier === undefined || times.length !== 1) continue
    const at = new Date(times[0]!).toISOString()
    if (at > (found.get(identifier) ?? '')) found.set(identifier, at)
  }
  return [...found].map(([identifier, at]) => ({ identifier, at }))
}

/** A moment with its zone; a day alone does not say whether it was after the letter came. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/u

type Value = { readonly name: string; readonly text: string; readonly isTime: boolean }

const valuesOf = ({ name, valueString, valueIdentifier, valueUri, valueId, valueUuid, valueDateTime, valueInstant }: ParametersParameter): readonly Value[] => [
  ...[valueString, valueIdentifier?.value, valueUri, valueId, valueUuid].flatMap((text) => (typeof text === 'string' ? [{ name, text: text.replace(/^urn:uuid:/iu, ''), isTime: false }] : [])),
  ...[valueDateTime, valueInstant].flatMap((text) => (typeof text === 'string' && MOMENT.test(text) ? [{ name, text, isTime: true }] : [])),
]

const timesOfReading = (values: readonly Value[]): readonly Value[] => {
  const times = values.filter(({ isTime }) => isTime)
  const named = times.filter(({ name }) => OF_READING.test(name))
  return named.length > 0 ? named : times.filter(({ name }) => !OF_ANOTHER_THING.test(name))
}
