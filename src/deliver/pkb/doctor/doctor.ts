// Looks at a configuration of PKB step by step, by the same code that the engine uses, and says what is wrong. What
// rests on a step that failed is not tried, and says so. It refuses to send a document, and to print a secret.
import type { PkbDestination } from '../../../policy/schema.ts'
import { byHl7 } from '../by-hl7.ts'
import { stableIdentifier } from '../../../fhir/identify.ts'
import { NHS_NUMBER } from '../../../fhir/systems.ts'
import type { ContentStore } from '../../../ledger/content.ts'
import { broken, type Answer } from '../answer.ts'
import { openConnections, type Connections } from '../connections.ts'
import { openFhir, type Endpoint, type Sending, type Sent } from '../fhir.ts'
import { NoToken, openTokens } from '../token.ts'
import { accountsCan, clock, definitionSays, documentsCan, readsAnswered, searchAnswered, statusAnswered } from './answers.ts'
import { FHIR, HL7, meant, notChecked, ok, TOKEN, type Finding, type Found } from './findings.ts'
import { nameOf, reach, serverOf, type Server } from './servers.ts'

export type Ask = {
  readonly pkb: PkbDestination
  readonly isSandbox: (url: string) => boolean
  /** Whether HL7 is looked at where letters go by FHIR. */
  readonly alsoHl7: boolean
  readonly nhsNumber: string
  /** A T11 for a document that cannot be there. */
  readonly sendsHl7: boolean
  readonly now: () => Date
  readonly newId: () => string
}

const MOST_WAIT_SECS = 20
const ACCOUNTS = 'accounts (facade)'
const DOCUMENTS = 'documents (fhir)'
const BY_HL7 = 'documents (hl7_soap)'

type Tell = (finding: Finding) => void
type Round = Ask & { readonly connections: Connections; readonly waitSecs: number; readonly tell: Tell; reaches(url: string): Promise<string | undefined>; heard(answer: Answer | undefined): void }

export const examine = async (ask: Ask, tell: Tell): Promise<void> => {
  const { pkb, now, isSandbox } = ask
  const waitSecs = Math.min(pkb.timeout_secs, MOST_WAIT_SECS)
  const connections = openConnections(1)
  const seen = new Map<string, boolean>()
  let time: Found | undefined
  /** Why nothing can be asked of it; each server is looked at once. */
  const reaches = async (url: string): Promise<string | undefined> => {
    const server: Server = serverOf(url, isSandbox(url))
    const known = seen.get(nameOf(server)) ?? (await reach(server, { waitMs: waitSecs * 1000, now }, tell))
    seen.set(nameOf(server), known)
    return known ? undefined : `${nameOf(server)} cannot be reached`
  }
  const heard = (answer: Answer | undefined): void => { if (answer) time ??= clock(answer.headers.get('date'), now()) }
  const round: Round = { ...ask, connections, waitSecs, tell, reaches, heard }
  try {
    await accounts(round)
    if (pkb.transport === 'fhir') await documents(round)
    if (pkb.transport === 'hl7-soap' || ask.alsoHl7) await hl7(round)
    tell({ about: 'this machine', step: 'clock', ...(time ?? notChecked('nothing answered')) })
  } finally {
    await connections.close()
  }
}

// ---------------------------------------------------------------- the two FHIR endpoints

/** How a question ends: with an answer, or with what is to be told of it. */
type Asked = { readonly body: unknown } | { readonly found: Found }
type Question = Pick<Sending, 'method' | 'path' | 'json'>

const endpoint = async (about: string, settings: Endpoint, round: Round): Promise<{ ask(question: Question): Promise<Asked>; say(step: string, found: Found): void }> => {
  const { connections, waitSecs, now, tell, reaches, heard } = round
  const say = (step: string, found: Found): void => tell({ about, step, ...found })
  const away = (await reaches(settings.token_url)) ?? (await reaches(settings.base_url))
  const token = away === undefined ? await tokenOf(settings, round) : notChecked(away)
  say('token', token)
  const fhir = openFhir(settings, { connections, timeoutSecs: waitSecs, now })
  const ask = async (question: Question): Promise<Asked> => {
    if (token.result !== 'ok') return { found: notChecked(away ?? 'there is no token') }
    const { outcome, answer }: Sent = await fhir.send({ ...question, action: 'look', target: 'endpoint', signal: AbortSignal.timeout(waitSecs * 1000) })
    heard(answer)
    return outcome.kind === 'accepted' ? { body: answer?.body } : { found: meant(outcome, FHIR) }
  }
  return { ask, say }
}

const tokenOf = async (settings: Endpoint, round: Round): Promise<Found> => {
  const { connections, waitSecs, now } = round
  try {
    await openTokens(settings, { connections, timeoutSecs: waitSecs, now }).get(AbortSignal.timeout(waitSecs * 1000))
    return ok('was given')
  } catch (error) {
    if (error instanceof NoToken) return meant(error.outcome, TOKEN)
    throw error
  }
}

const read = (asked: Asked, judge: (body: unknown) => Found): Found => ('found' in asked ? asked.found : judge(asked.body))
/** Whoever was answered has been let in, whatever the answer. */
const letIn = (asked: Asked): Found => read(asked, () => ok('is taken'))

const parameters = (name: string, value: object): object => ({ resourceType: 'Parameters', parameter: [{ name, ...value }] })

const accounts = async (round: Round): Promise<void> => {
  const { pkb, nhsNumber, newId, alsoHl7 } = round
  const byHl7Too = pkb.transport === 'hl7-soap' || alsoHl7
  const { ask, say } = await endpoint(ACCOUNTS, pkb.facade, round)
  const status = await ask({ method: 'POST', path: 'Patient/$status-query', json: parameters('patientIdentifier', { valueIdentifier: { system: NHS_NUMBER, value: nhsNumber } }) })
  say('organisation', letIn(status))
  say('status query', 'found' in status ? notChecked('the question was not answered') : statusAnswered(status.body, nhsNumber))
  say('capabilities', read(await ask({ method: 'GET', path: 'metadata' }), (body) => accountsCan(body, byHl7Too)))
  say('query in full', optional(await ask({ method: 'GET', path: 'OperationDefinition/Patient-t-status-query' }), (body) => definitionSays(body, ['registered', 'deceased'])))
  if (!byHl7Too) { say('read receipts', notChecked('by FHIR nothing can be shown to be read')); return }
  say('read receipts', read(await ask({ method: 'POST', path: 'DocumentReference/$read-receipt-query', json: parameters('documentIdentifier', { valueString: newId() }) }), readsAnswered))
  say('receipts in full', optional(await ask({ method: 'GET', path: 'OperationDefinition/DocumentReference-t-read-receipt-query' }), (body) => definitionSays(body, [])))
}

/** Good to know, and nothing rests on it. */
const optional = (asked: Asked, judge: (body: unknown) => Found): Found =>
  'found' in asked ? notChecked(asked.found.result === 'wrong' ? `PKB does not show it: ${asked.found.says}` : asked.found.says) : judge(asked.body)

const documents = async (round: Round): Promise<void> => {
  const { ask, say } = await endpoint(DOCUMENTS, round.pkb.fhir, round)
  const { system, value } = stableIdentifier(round.newId())
  const count = await ask({ method: 'GET', path: `DocumentReference?identifier=${encodeURIComponent(`${system}|${value}`)}&_summary=count` })
  say('organisation', letIn(count))
  say('search', 'found' in count ? notChecked('the question was not answered') : searchAnswered(count.body))
  say('capabilities', read(await ask({ method: 'GET', path: 'metadata' }), documentsCan))
}

// ---------------------------------------------------------------- HL7

const hl7 = async (round: Round): Promise<void> => {
  const { pkb: { hl7_soap: settings }, connections, waitSecs, sendsHl7, tell, reaches } = round
  const say = (step: string, found: Found): void => tell({ about: BY_HL7, step, ...found })
  const away = await reaches(settings.url)
  if (away !== undefined) { say('description', notChecked(away)); say('a message', notChecked(away)); return }
  say('description', await description(round))
  if (!sendsHl7) { say('a message', notChecked('not asked for: user name, password and this machine’s address stay unproven')); return }
  const recall = byHl7(settings, { connections, content: NO_CONTENT, now: round.now }).recall
  const id = round.newId()
  const outcome = await recall({ attemptId: round.newId(), deliveryId: id, documentId: id, identifier: id, revision: 1, nhsNumber: round.nhsNumber }, AbortSignal.timeout(waitSecs * 1000))
  say('a message', outcome.kind === 'accepted' ? ok('user name, password and this machine are let in: PKB acknowledged the deletion of a document that is not there') : meant(outcome, HL7))
}

const description = async (round: Round): Promise<Found> => {
  const { pkb: { hl7_soap: { url, username, password } }, connections, waitSecs, heard } = round
  const signal = AbortSignal.timeout(waitSecs * 1000)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  try {
    const response = await fetch(`${url}?wsdl`, { redirect: 'manual', signal, headers: { authorization, 'accept-encoding': 'identity' }, ...({ dispatcher: connections.dispatcher } as object) })
    const text = await response.text()
    heard({ status: response.status, headers: response.headers, body: text })
    if (!response.ok) return meant({ kind: 'forbidden', code: String(response.status), detail: '' }, HL7)
    return /definitions\b/u.test(text) && text.includes('acceptMessage') ? ok('is a service that takes HL7 messages') : meant({ kind: 'forbidden', code: 'NOT_AN_ACK', detail: '' }, HL7)
  } catch (error) {
    return meant(broken(error, { action: 'look', target: 'endpoint' }, signal), HL7)
  }
}

const never = (): never => { throw new Error('The doctor sends no document.') }
const NO_CONTENT: ContentStore = { writer: never, read: never, has: async () => false }
