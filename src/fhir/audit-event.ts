// An entry of the log of events as a FHIR AuditEvent. The end of an exchange that sends a letter is a disclosure at source
// as IHE BALP has it, and a look at whose a document is its read with a patient. It refuses to name a patient: of what was sent, taken back or seen there is the NHS number, as the profile
// asks, and of everything else the document alone.
import type { AuditEvent, AuditEventAgent, AuditEventEntity, Coding } from '@medplum/fhirtypes'
import type { AuditKind } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { Action, OutcomeKind } from '../types.ts'
import { BY_ACTION, CLOSER, mappedOf, TYPES } from './audit-kinds.ts'
import { ENGINE, system, trustOf } from './parties.ts'
import {
  ATTEMPT_ACTION, AUDIT_ENTITY_TYPE, AUDIT_KIND, BALP_DISCLOSURE_AT_SOURCE, BALP_PATIENT_READ, DCM, ISO_LIFECYCLE, NHS_NUMBER, OBJECT_ROLE, POLICY, RESTFUL_INTERACTION, SECURITY_SOURCE_TYPE, SNOMED, STOP, SYSTEM,
} from './systems.ts'

export type Entry = {
  readonly seq: number
  readonly at: string
  readonly kind: AuditKind
  readonly actor: string
  readonly detail: { readonly [key: string]: unknown }
  readonly documentId?: string
  readonly action?: Action
  readonly destination?: string
  readonly nhsNumber?: string
}

export const auditEvent = (entry: Entry, policy: Pick<Policy, 'trust'>): AuditEvent => {
  const { type, action } = mappedOf(entry.kind, entry.action)
  const told = outcomeOf(entry)
  const disclosed = entry.kind === 'attempt-ended' && entry.action !== undefined && BY_ACTION[entry.action].type === 'export'
  const whole = disclosed && entry.nhsNumber !== undefined && entry.documentId !== undefined && entry.destination !== undefined
  return {
    resourceType: 'AuditEvent',
    id: String(entry.seq),
    ...(whole ? { meta: { profile: [BALP_DISCLOSURE_AT_SOURCE] } } : {}),
    ...(entry.kind === 'looked' && entry.nhsNumber !== undefined && entry.documentId !== undefined ? { meta: { profile: [BALP_PATIENT_READ] } } : {}),
    type: TYPES[type],
    subtype: subtypes(entry, disclosed),
    action,
    recorded: entry.at,
    ...told,
    ...(disclosed ? { purposeOfEvent: [{ text: 'Correspondence for the patient, as the sharing policy of the trust allows it' }] } : {}),
    agent: disclosed && entry.destination !== undefined ? disclosing(entry.destination, policy) : entry.kind === 'looked' ? looking(entry.actor) : agents(entry),
    source: { site: policy.trust.name, observer: ENGINE, type: [{ system: SECURITY_SOURCE_TYPE, code: '4', display: 'Application Server' }] },
    entity: entities(entry),
  }
}

/** The kind of entry is always among them, so that nothing is lost where FHIR has one word for several. */
const subtypes = ({ kind, action }: Entry, disclosed: boolean): Coding[] => [
  ...(disclosed ? [{ system: ISO_LIFECYCLE, code: 'disclose', display: 'Disclose Record Lifecycle Event' }] : []),
  ...(CLOSER[kind] ? [CLOSER[kind]] : []),
  ...(kind === 'looked' ? [{ system: RESTFUL_INTERACTION, code: 'read', display: 'read' }] : []),
  { system: AUDIT_KIND, code: kind },
  ...(action ? [{ system: ATTEMPT_ACTION, code: action }] : []),
]

// ---------------------------------------------------------------- how it ended

const OUTCOMES = {
  accepted: { outcome: '0', outcomeDesc: 'The destination accepted it.' },
  unavailable: { outcome: '8', outcomeDesc: 'The destination did not take it.' },
  unsure: { outcome: '4', outcomeDesc: 'The destination may have taken it.' },
  refused: { outcome: '8', outcomeDesc: 'The destination refused it.' },
  unregistered: { outcome: '8', outcomeDesc: 'The destination has no such account.' },
  forbidden: { outcome: '8', outcomeDesc: 'The destination refuses the engine.' },
} as const satisfies Record<OutcomeKind, Pick<AuditEvent, 'outcome' | 'outcomeDesc'>>

const FAILED: Partial<Record<AuditKind, string>> = {
  'sign-in-refused': 'The sign-in was refused.', blocked: 'The second key refused the delivery.', rejected: 'The message was refused.', 'print-rejected': 'The print house refused it.', 'control-id-reused': 'The control id was used before.',
}

/** Of what was only started nothing is claimed: its end is another entry, and without one nobody knows it. */
const outcomeOf = ({ kind, detail }: Entry): Pick<AuditEvent, 'outcome' | 'outcomeDesc'> => {
  if (kind === 'attempt-started') return { outcomeDesc: 'It was started. Without an entry of its end nobody knows how it ended.' }
  if (kind === 'attempt-ended') return OUTCOMES[detail['outcome'] as OutcomeKind] ?? { outcome: '4', outcomeDesc: 'How it ended is not known.' }
  const failed = FAILED[kind]
  return failed === undefined ? { outcome: '0' } : { outcome: '8', outcomeDesc: failed }
}

// ---------------------------------------------------------------- who

/** As the log names a person or a program: with the door that they came by. Whose name it is nobody knew where a sign-in was refused. */
const isSomebody = ({ kind, actor }: Entry): boolean => / \((pages|api|command)\)$/u.test(actor) || PEOPLE.includes(kind)
const PEOPLE: readonly AuditKind[] = ['held', 'hold-lifted', 'released', 'retried', 'redecided', 'stop', 'stop-lifted', 'signed-in', 'sign-in-refused', 'signed-out', 'staff-changed', 'token-made', 'token-revoked']
const OURS = 'engine'

/** The engine, and whoever asked for it: a feed, a destination, or a person by what they are called in the log. */
const agents = (entry: Entry): AuditEventAgent[] => [
  ...(entry.actor === OURS ? [] : [isSomebody(entry) ? { who: { display: entry.actor }, requestor: true } : { who: system(entry.actor), requestor: true }]),
  { type: role(DCM, '110150', 'Application'), who: ENGINE, requestor: entry.actor === OURS },
]

const role = (codes: string, code: string, display: string) => ({ coding: [{ system: codes, code, display }] })

/** BALP wants to know both ends. The log has their names: each stands in for an address, as a URI that is always true. */
const disclosing = (destination: string, policy: Pick<Policy, 'trust'>): AuditEventAgent[] => [
  { type: role(DCM, '110153', 'Source Role ID'), who: ENGINE, requestor: true, network: { address: `${SYSTEM}:openletter`, type: '5' } },
  { type: role(DCM, '110152', 'Destination Role ID'), who: system(destination), requestor: false, network: { address: `${SYSTEM}:${destination}`, type: '5' } },
  { type: role(SNOMED, '159541003', 'Record keeping/library clerk'), who: trustOf(policy), requestor: false },
]

/** Whoever asked, and the engine that answered; their addresses as above. */
const looking = (actor: string): AuditEventAgent[] => [
  { type: role(DCM, '110153', 'Source Role ID'), who: { display: actor }, requestor: true, network: { address: `${SYSTEM}:visitor`, type: '5' } },
  { type: role(DCM, '110152', 'Destination Role ID'), who: ENGINE, requestor: false, network: { address: `${SYSTEM}:openletter`, type: '5' } },
]

// ---------------------------------------------------------------- about what

const entities = (entry: Entry): AuditEventEntity[] => [
  ...(entry.nhsNumber === undefined ? [] : [patient(entry.nhsNumber)]),
  ...thing(subjectOf(entry), detailOf(entry.detail)),
]

const patient = (nhsNumber: string): AuditEventEntity => ({
  what: { type: 'Patient', identifier: { system: NHS_NUMBER, value: nhsNumber } }, type: { system: AUDIT_ENTITY_TYPE, code: '1', display: 'Person' }, role: { system: OBJECT_ROLE, code: '1', display: 'Patient' },
})

const thing = (about: Pick<AuditEventEntity, 'what' | 'role'> | undefined, detail: NonNullable<AuditEventEntity['detail']>): AuditEventEntity[] =>
  about || detail.length > 0 ? [{ ...about, type: { system: AUDIT_ENTITY_TYPE, code: '2', display: 'System Object' }, ...(detail.length > 0 ? { detail } : {}) }] : []

const subjectOf = ({ kind, documentId, detail }: Entry): Pick<AuditEventEntity, 'what' | 'role'> | undefined => {
  if (kind === 'looked' && documentId !== undefined) return { what: { reference: `DocumentReference/${documentId}` }, role: { system: OBJECT_ROLE, code: '4', display: 'Domain Resource' } }
  if (documentId !== undefined) return { what: { reference: `DocumentReference/${documentId}` }, role: { system: OBJECT_ROLE, code: '3', display: 'Report' } }
  for (const [name, codes] of [['stop', STOP], ['policy', POLICY]] as const) {
    const value = detail[name]
    if (typeof value === 'string') return { what: { identifier: { system: codes, value } }, role: { system: OBJECT_ROLE, code: '13', display: 'Security Resource' } }
  }
  return undefined
}

/** Everything that the entry says: the ledger lets no patient data in. */
const detailOf = (detail: Entry['detail']): NonNullable<AuditEventEntity['detail']> =>
  Object.entries(detail).flatMap(([type, value]) => {
    const text = typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)
    return text.trim() === '' ? [] : [{ type, valueString: text }]
  })
