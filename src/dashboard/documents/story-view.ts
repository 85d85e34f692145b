// One document's whole story in words ready for a view: what was decided and why, what the document and its patient
// are, what was tried, what happened. It refuses to judge, every word comes from the ledger or from `words.ts`, and to tell
// who the patient is unless it is asked to.
import { LABELS, type Label } from '../../decide/labels.ts'
import { stands } from '../../decide/owed.ts'
import { tryRules } from '../../decide/rules.ts'
import { stopInWords } from '../../decide/stopped.ts'
import type { AuditEvent, Story } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Attempt, Bearing, Delivery, Found, Route, Trace } from '../../types.ts'
import { FACT_NAMES } from '../../types.ts'
import type { Kept } from '../stops/held-by.ts'
import { readInWords } from './read-state.ts'
import { ageOf, londonTime } from '../times.ts'
import {
  ACTIONS_IN_WORDS, AUDIT_IN_WORDS, BEARINGS, DELIVERY_STATES_IN_WORDS, DOCUMENT_EVENTS_IN_WORDS, factInWords, OUTCOMES_IN_WORDS, ROUTES_IN_WORDS,
  STANDINGS, STATES,
} from '../words.ts'

type Row = { readonly key: string; readonly value: string }

const rows = (pairs: readonly (readonly [key: string, value: string | number | undefined])[]): readonly Row[] =>
  pairs.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [{ key, value: String(value) }]))

const texts = (found: readonly Found[]): string => [...new Set(found.map(({ text }) => text))].join('; ')

const time = (at: string) => ({ at, text: londonTime(at) })

/** `kept`: what people keep it back by. `unmasked`: with what identifies the patient; without it, nothing of that is in the view at all. */
export const storyView = (story: Story, policy: Policy, now: Date, kept: Kept, unmasked: boolean) => ({
  id: story.id,
  sourceId: story.sourceId,
  source: story.source,
  revision: story.revision,
  state: STATES[story.state],
  decision: decisionRows(story),
  because: story.decision.because,
  notes: notes(story),
  stopped: [
    ...kept.stops.map((stop) => ({ text: `It waits: ${stop.actor} stopped ${stopInWords(stop)} on ${londonTime(stop.at)}. ${stop.reason}`, link: { href: '/stops', text: 'See the stop' } })),
    ...kept.paused.map(({ channel, actor, reason, at }) => ({ text: `It waits: ${actor} paused the destination ${channel} on ${londonTime(at)}. ${reason}`, link: { href: `/channels/${encodeURIComponent(channel)}`, text: 'See the channel' } })),
  ],
  held: story.facts.hold === 'held',
  /** A copy is with a destination, or may be. */
  stands: story.deliveries.some(stands),
  labels: story.decision.labels.map((label) => ({ code: label, display: Object.hasOwn(LABELS, label) ? LABELS[label as Label].display : '' })),
  document: documentRows(story, now, unmasked),
  patient: unmasked ? patientRows(story) : undefined,
  facts: FACT_NAMES.map((fact) => ({ fact, value: story.facts[fact], ...factInWords(fact, story.facts[fact]) })),
  tried: story.decision.policy === policy.hash ? tryRules(policy.rules, story.facts) : undefined,
  deliveries: story.deliveries.map((delivery) => deliveryView(delivery, now)),
  events: story.events.toSorted((a, b) => b.seq - a.seq).map(eventView),
  receipts: story.receipts.map(({ id, receivedAt, feed, revision, bearing }) => ({
    id, feed, revision: revision ?? '', received: time(receivedAt), bearing: Object.hasOwn(BEARINGS, bearing) ? BEARINGS[bearing as Bearing] : bearing,
  })),
  resource: unmasked ? JSON.stringify(story.resource, undefined, 2) : undefined,
})


const decisionRows = ({ decision, revision, route, rule }: Story): readonly Row[] => rows([
  ['Route', ROUTES_IN_WORDS[route]],
  ['Rule', rule],
  ['Would have gone', decision.wouldRoute && `${ROUTES_IN_WORDS[decision.wouldRoute]}, by rule ${decision.wouldRule ?? 'unknown'}`],
  ['Revision', revision],
  ['Policy', decision.policy.slice(0, 12)],
])

const notes = ({ decision }: Story): readonly string[] => [
  ...(decision.conflict ? ['The instruction and something else disagree. It is listed for the directorate’s management team.'] : []),
  ...(decision.variance ? ['An appointment letter that was marked do-not-share: the instruction wins, and differs from the policy.'] : []),
  ...(decision.leftToTeam ? ['The team posts its letters itself, so the engine sends nothing.'] : []),
]

const HIDDEN = 'Hidden'

/** What RiO's staff wrote into a name or a picklist may name the patient; what the policy knows of it does not. */
const documentRows = ({ document, facts, feed, receivedAt, code, team, directorate, source }: Story, now: Date, unmasked: boolean): readonly Row[] => rows([
  ['Title', unmasked ? document.title : HIDDEN],
  ['Names', unmasked ? texts(document.names) : ''],
  ['Code', code],
  ['Document type in RiO', unmasked || facts.instruction !== 'unrecognised' ? texts(document.picklist) : HIDDEN],
  ['Last message said', DOCUMENT_EVENTS_IN_WORDS[document.event]],
  ['Parent document', document.parentId],
  ['Document date', document.documentDate && londonTime(document.documentDate)],
  ['Time in RiO', document.sourceTime && londonTime(document.sourceTime)],
  ['Received', `${londonTime(receivedAt)} (${ageOf(receivedAt, now)} ago)`],
  ['Feed', `${feed}, source ${source}`],
  ['Team', team],
  ['Directorate', directorate],
  ['Author', document.author],
  ['Organisation', texts(document.organisations)],
  ['Uploaded by', document.uploadedBy],
  ['Signs against sharing', unmasked || document.signals.length === 0 ? texts(document.signals) : HIDDEN],
  ['File', document.contents.map(({ ref, declaredType }) => [unmasked ? document.fileName : '', declaredType, size(ref.size)].filter(Boolean).join(', ')).join('; ')],
  ['SHA-256', document.contents.map(({ ref }) => ref.sha256).join('; ')],
  ['Not read by the engine', document.unread.join(', ')],
])

const patientRows = ({ document: { patient } }: Story): readonly Row[] => rows([
  ['Name', [patient.given, patient.family].filter(Boolean).join(' ')],
  ['NHS number', [...new Set(patient.nhsNumbers.map(({ text }) => spaced(text)))].join('; ') || 'None'],
  ['Trace status', texts(patient.traceStatuses) || 'None'],
  ['Date of birth', patient.birthDate && londonTime(patient.birthDate)],
  ['RiO client id', patient.clientId],
  ['Died', patient.deceased ? 'Yes, says RiO' : ''],
  ['Address', patient.restricted ? 'Restricted: not shown' : [...(patient.address?.lines ?? []), patient.address?.postcode].filter(Boolean).join(', ')],
  ['Needs', texts(patient.formatNeeds)],
])

/** As an NHS number is read out: 3, 3 and 4 digits. */
const spaced = (text: string): string => text.replace(/^(\d{3})(\d{3})(\d{4})$/u, '$1 $2 $3')

const size = (bytes: number): string =>
  bytes >= 1_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : bytes >= 1000 ? `${Math.round(bytes / 1000)} KB` : `${bytes} bytes`

/** Its time to be read runs on, whether PKB has it or not. */
const RUNS: ReadonlySet<Delivery['state']> = new Set(['owed', 'sending', 'acknowledged', 'failed'])

export const lastAttempt = (attempts: readonly Attempt[]): string => attempts.toSorted((a, b) => b.at.localeCompare(a.at))[0]?.id ?? ''

export const deliveryView = (delivery: Delivery & { readonly attempts?: readonly Attempt[]; readonly attemptId?: string }, now: Date) => ({
  id: delivery.id,
  /** Its last attempt: a form that was made before another one tries nothing again. */
  lookedAt: delivery.attemptId ?? lastAttempt(delivery.attempts ?? []),
  documentId: delivery.documentId,
  destination: Object.hasOwn(ROUTES_IN_WORDS, delivery.destination) ? ROUTES_IN_WORDS[delivery.destination as Route] : delivery.destination,
  state: DELIVERY_STATES_IN_WORDS[delivery.state],
  canRetry: delivery.state === 'failed',
  /** It would be refused again unchanged. */
  needsReason: delivery.state === 'failed' && delivery.lastOutcome === 'refused',
  blocked: delivery.state === 'blocked',
  waits: delivery.state === 'owed' && delivery.destination === 'pkb',
  why: [delivery.lastCode, delivery.lastDetail].filter(Boolean).join(': '),
  rows: rows([
    ['At the destination', STANDINGS[delivery.standing] + (delivery.standing === 'present' && delivery.standingRevision !== undefined ? `, revision ${delivery.standingRevision}` : '')],
    ['Acknowledged', delivery.acknowledgedAt && londonTime(delivery.acknowledgedAt)],
    ['Read at PKB', readInWords(delivery)],
    ['Goes by post if not read by', delivery.readAt === undefined && RUNS.has(delivery.state) ? delivery.readBy && londonTime(delivery.readBy) : ''],
    ['Not confirmed', delivery.unconfirmed && delivery.state === 'recalled' ? 'PKB said yes to the recall, and nobody has seen the copy gone' : ''],
    ['Last outcome', delivery.lastOutcome && OUTCOMES_IN_WORDS[delivery.lastOutcome].text],
    ['Reason', [delivery.lastCode, delivery.lastDetail].filter(Boolean).join(': ')],
    ['Tries without success', delivery.tries > 0 ? delivery.tries : ''],
    ['Next try', delivery.dueAt && due(delivery.dueAt, now)],
    ['Id there', delivery.remoteId],
  ]),
  attempts: (delivery.attempts ?? []).toSorted((a, b) => b.at.localeCompare(a.at)).map((attempt) => ({
    at: time(attempt.at),
    action: ACTIONS_IN_WORDS[attempt.action],
    revision: attempt.revision,
    outcome: OUTCOMES_IN_WORDS[attempt.outcome],
    answer: [attempt.code, attempt.detail].filter(Boolean).join(': '),
    // What PKB's people are told to look for.
    correlation: attempt.trace?.correlation,
    request: attempt.trace && requestOf(attempt.trace),
    took: attempt.tookMs === undefined ? '' : `${attempt.tookMs} ms`,
  })),
})

/** `request 5f2c91ab04de, 48 KB, HTTP 200, AA`: of the last request that was sent, as far as there was one. */
const requestOf = ({ requestSha256, requestBytes, status, answer }: Trace): string => [
  ...(requestSha256 === undefined ? [] : [`request ${requestSha256.slice(0, 12)}`]),
  ...(requestBytes === undefined ? [] : [size(requestBytes)]),
  ...(status === undefined ? [] : [`HTTP ${status}`]),
  ...(answer === undefined ? [] : [answer]),
].join(', ')

const due = (at: string, now: Date): string => (at <= now.toISOString() ? 'Now' : londonTime(at))

export const eventView = ({ seq, at, kind, actor, detail }: AuditEvent) => ({
  seq,
  at: time(at),
  what: AUDIT_IN_WORDS[kind],
  actor,
  detail: Object.entries(detail).map(([key, value]) => ({ key, value: typeof value === 'object' ? JSON.stringify(value) : String(value) })),
})
