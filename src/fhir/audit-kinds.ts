// What each kind of entry in the log of events is to FHIR: type and action of an AuditEvent. An attempt is told by what it
// was for. It refuses to leave one out: a new kind does not compile until it stands here.
import type { Coding } from '@medplum/fhirtypes'
import type { AuditKind } from '../observe/events.ts'
import { ACTIONS, type Action } from '../types.ts'
import { AUDIT_EVENT_TYPE, DCM } from './systems.ts'

const dcm = (code: string, display: string) => ({ system: DCM, code, display }) as const satisfies Coding

export const TYPES = {
  /** Something of a patient went to somebody else. */
  export: dcm('110106', 'Export'),
  import: dcm('110107', 'Import'),
  query: dcm('110112', 'Query'),
  record: dcm('110110', 'Patient Record'),
  /** Of the engine as a whole. */
  activity: dcm('110100', 'Application Activity'),
  /** Who comes in and goes. */
  authentication: dcm('110114', 'User Authentication'),
  alert: dcm('110113', 'Security Alert'),
  /** Somebody saw whose a document is. */
  read: { system: AUDIT_EVENT_TYPE, code: 'rest', display: 'Restful Operation' },
} as const

type Mapped = { readonly type: keyof typeof TYPES; readonly action: 'C' | 'R' | 'U' | 'D' | 'E' }

/** An Export is `R` in IHE BALP: what is disclosed is read. */
export const BY_ACTION = {
  create: { type: 'export', action: 'R' }, update: { type: 'export', action: 'R' }, recall: { type: 'record', action: 'D' }, look: { type: 'query', action: 'E' },
} as const satisfies Record<Action, Mapped>

const received = { type: 'import', action: 'C' } as const
const changed = { type: 'record', action: 'U' } as const
const worked = { type: 'record', action: 'E' } as const
const engine = { type: 'activity', action: 'E' } as const
const entered = { type: 'authentication', action: 'E' } as const

const BY_KIND: Record<AuditKind, Mapped | 'by-action'> = {
  received, late: received, rejected: received, 'control-id-reused': received, 'control-id-shared': received,
  decided: changed, redecided: changed, moved: changed, tombstone: changed, superseded: changed, held: changed, 'hold-lifted': changed, released: changed, 'posted-instead': changed,
  'delivery-owed': worked, 'recall-owed': worked, 'left-standing': worked, blocked: worked, retried: worked, read: worked, 'print-acknowledged': worked, 'print-rejected': worked,
  'account-checked': { type: 'query', action: 'E' },
  'attempt-started': 'by-action', 'attempt-ended': 'by-action',
  'policy-loaded': engine, 'policy-asked': engine, 'channel-paused': engine, 'channel-stopped': engine, 'channel-started': engine, stop: engine, 'stop-lifted': engine, run: engine, 'alert-taken': engine,
  looked: { type: 'read', action: 'R' },
  'signed-in': entered, 'sign-in-refused': entered, 'signed-out': entered, 'staff-changed': { type: 'alert', action: 'U' }, 'token-made': { type: 'alert', action: 'C' }, 'token-revoked': { type: 'alert', action: 'U' },
}

/** What DICOM itself says of it more closely. */
export const CLOSER: Partial<Record<AuditKind, Coding>> = {
  'signed-in': dcm('110122', 'Login'), 'sign-in-refused': dcm('110122', 'Login'), 'signed-out': dcm('110123', 'Logout'), 'staff-changed': dcm('110137', 'User Security Attributes Changed'), 'token-made': dcm('110137', 'User Security Attributes Changed'), 'token-revoked': dcm('110137', 'User Security Attributes Changed'),
}

export const mappedOf = (kind: AuditKind, action: Action | undefined): Mapped => {
  const mapped = BY_KIND[kind]
  return mapped === 'by-action' ? (action ? BY_ACTION[action] : worked) : mapped
}

export const isAuditKind = (text: string): text is AuditKind => Object.hasOwn(BY_KIND, text)

export type KindAsked = { readonly kind: AuditKind; readonly actions?: readonly Action[] }

/** Which entries become an AuditEvent of one of these types, by their DICOM codes. */
export const kindsOfTypes = (codes: readonly string[]): readonly KindAsked[] => {
  const wanted = (mapped: Mapped): boolean => codes.includes(TYPES[mapped.type].code)
  const actions = ACTIONS.filter((action) => wanted(BY_ACTION[action]))
  return (Object.entries(BY_KIND) as readonly (readonly [AuditKind, Mapped | 'by-action'])[]).flatMap(([kind, mapped]) =>
    mapped === 'by-action' ? (actions.length > 0 ? [{ kind, actions }] : []) : wanted(mapped) ? [{ kind }] : [])
}
