// How the pages put each closed value into words, one table per set, so that a new value without words does not
// compile. It refuses to decide anything: colours and sentences only, and none of them holds patient data.
import type { DocumentFilter } from '../ledger/ledger.ts'
import type { AuditKind } from '../observe/events.ts'
import type {
  Action, Attempt, Bearing, DeliveryState, DocumentEvent, DocumentState, FactName, FactValue, OutcomeKind, Route, Standing,
} from '../types.ts'

export type Colour = 'white' | 'grey' | 'green' | 'aqua-green' | 'blue' | 'purple' | 'pink' | 'red' | 'orange' | 'yellow'
type Tag = { readonly text: string; readonly colour: Colour }

export const STATES = {
  waiting: { text: 'Waiting', colour: 'blue', means: 'It is on its way, or waits for the destination.' },
  sent: { text: 'Sent', colour: 'blue', means: 'It was sent and the answer is awaited.' },
  acknowledged: { text: 'Acknowledged', colour: 'green', means: 'The destination has it. That does not say that anybody has read it.' },
  read: { text: 'Read', colour: 'green', means: 'PKB says that it was opened. It does not say by whom.' },
  printing: { text: 'Printing', colour: 'aqua-green', means: 'It was handed to the print house; its acknowledgement is awaited.' },
  printed: { text: 'Printed', colour: 'green', means: 'The print house acknowledged it.' },
  'left-to-team': { text: 'Left to the team', colour: 'grey', means: 'The team posts its letters itself.' },
  withheld: { text: 'Withheld', colour: 'grey', means: 'Nothing leaves.' },
  review: { text: 'Review', colour: 'yellow', means: 'A person has to decide.' },
  observed: { text: 'Observed', colour: 'purple', means: 'The directorate is not live: what would have happened is recorded, and nothing is sent.' },
  recalling: { text: 'Recalling', colour: 'orange', means: 'It is being taken back.' },
  recalled: { text: 'Recalled', colour: 'grey', means: 'It was taken back.' },
  blocked: { text: 'Blocked', colour: 'red', means: 'The last check before sending refused it. Only a new decision clears that.' },
  failed: { text: 'Failed', colour: 'red', means: 'The destination refused it. It waits for a person.' },
} as const satisfies Record<DocumentState, Tag & { readonly means: string }>

export const ROUTES_IN_WORDS = {
  pkb: 'PKB record',
  print: 'Print',
  withhold: 'Withhold',
  review: 'Review',
  observe: 'Observe',
} as const satisfies Record<Route, string>

export const DELIVERY_STATES_IN_WORDS = {
  owed: { text: 'Owed', colour: 'blue' },
  sending: { text: 'Sending', colour: 'blue' },
  acknowledged: { text: 'Acknowledged', colour: 'green' },
  printing: { text: 'Printing', colour: 'aqua-green' },
  printed: { text: 'Printed', colour: 'green' },
  recalling: { text: 'Recalling', colour: 'orange' },
  recalled: { text: 'Recalled', colour: 'grey' },
  blocked: { text: 'Blocked', colour: 'red' },
  failed: { text: 'Failed', colour: 'red' },
  closed: { text: 'Closed', colour: 'grey' },
} as const satisfies Record<DeliveryState, Tag>

export const STANDINGS = {
  nothing: 'Nothing is there',
  present: 'It is there',
  unsure: 'Not known: the engine looks, or waits where nobody can look, before it sends anything else',
  recalled: 'It was taken back',
} as const satisfies Record<Standing, string>

export const ACTIONS_IN_WORDS = { create: 'Create', update: 'Replace', recall: 'Recall', look: 'Look' } as const satisfies Record<Action, string>

export const OUTCOMES_IN_WORDS = {
  started: { text: 'Started', colour: 'white' },
  accepted: { text: 'Accepted', colour: 'green' },
  unavailable: { text: 'Unavailable', colour: 'yellow' },
  unsure: { text: 'Unsure', colour: 'yellow' },
  refused: { text: 'Refused', colour: 'red' },
  unregistered: { text: 'No account', colour: 'grey' },
  forbidden: { text: 'Forbidden', colour: 'red' },
} as const satisfies Record<OutcomeKind | Extract<Attempt['outcome'], 'started'>, Tag>

export const DOCUMENT_EVENTS_IN_WORDS = {
  created: 'Created', updated: 'Updated', replaced: 'Replaces another document', addendum: 'Adds to another document', cancelled: 'Cancelled',
} as const satisfies Record<DocumentEvent, string>

export const BEARINGS = {
  'in-order': 'In order',
  tightens: 'Late, and stricter: believed',
  late: 'Late: recorded, changes nothing',
} as const satisfies Record<Bearing, string>

export const AUDIT_IN_WORDS = {
  received: 'An upload came in',
  late: 'An older message came late',
  decided: 'Decided',
  moved: 'Moved to another patient',
  tombstone: 'Cancelled or replaced before it was seen',
  superseded: 'Replaced by another document',
  'control-id-reused': 'A control id came again with other content',
  'control-id-shared': 'A control id came with another document',
  'delivery-owed': 'A delivery is owed',
  'recall-owed': 'A recall is owed',
  'attempt-started': 'An exchange was started',
  'attempt-ended': 'An exchange ended',
  'account-checked': 'PKB was asked for the account',
  blocked: 'The last check before sending refused it',
  retried: 'A person asked for another try',
  run: 'A retry run was planned, started, stopped or done',
  held: 'Put on hold',
  'hold-lifted': 'The hold was lifted',
  released: 'Released by a person',
  redecided: 'A person had it decided again',
  'left-standing': 'What is there was left as it stands',
  read: 'PKB says that it was read',
  'posted-instead': 'Its time at PKB was up, or a person wanted it posted: by post, or to a person where it may not be printed',
  'print-acknowledged': 'The print house acknowledged it',
  'print-rejected': 'The print house rejected it',
  rejected: 'A message was refused',
  'policy-loaded': 'A policy was loaded',
  'policy-asked': 'A person asked for the policy on disk',
  'channel-paused': 'A channel was paused',
  'channel-stopped': 'A feed was stopped',
  'channel-started': 'A channel was started again',
  stop: 'Deliveries were stopped',
  'stop-lifted': 'The stop was lifted',
  'alert-taken': 'A person took an alert in hand',
  'signed-in': 'Signed in', 'sign-in-refused': 'A sign-in was refused', 'signed-out': 'Signed out', 'staff-changed': 'An account was changed',
  looked: 'Somebody saw whose it is',
  'token-made': 'A token was made for a program',
  'token-revoked': 'A token was revoked',
} as const satisfies Record<AuditKind, string>

type FactWords = { readonly [F in FactName]: { readonly name: string; readonly values: Record<FactValue<F>, string> } }

export const FACTS_IN_WORDS = {
  instruction: {
    name: 'Instruction at upload',
    values: {
      share: 'Share with the patient', missing: 'None was chosen',
      unrecognised: 'Not one of the two that RiO offers, or two that disagree', withhold: 'Do not share with the patient',
    },
  },
  signals: { name: 'Other signs against sharing', values: { none: 'None', restrictive: 'Something else in the message speaks against sharing' } },
  code: {
    name: '4-letter code',
    values: {
      listed: 'In the list', missing: 'The name does not begin with one', unlisted: 'Not in the list, or two that disagree',
      'blocked-pkb': 'In the list: never to PKB', blocked: 'In the list: never to the patient',
    },
  },
  kind: {
    name: 'Kind of document',
    values: {
      appointment: 'Appointment letter', clinical: 'Clinical document', other: 'Other', unknown: 'Not known',
      legal: 'Legal document', external: 'Not produced at the trust',
    },
  },
  producer: { name: 'Producer', values: { trust: 'The trust', unknown: 'Not known', external: 'Another organisation' } },
  service: { name: 'Service', values: { 'in-scope': 'Uses PKB', unknown: 'The team is not in the list', 'out-of-scope': 'Does not use PKB yet' } },
  directorate: { name: 'Directorate', values: { live: 'Live', observing: 'Observing', 'not-live': 'Not live yet', unknown: 'Not known' } },
  identity: {
    name: 'Identity',
    values: {
      verified: 'NHS number traced and verified', unverified: 'NHS number not traced, or two that disagree', missing: 'No NHS number',
      invalid: 'NHS number not valid', mismatch: 'Date of birth differs from PKB’s',
    },
  },
  lifecycle: {
    name: 'Stage in RiO',
    values: { final: 'Final', unknown: 'RiO did not say', draft: 'Draft, or not yet available', superseded: 'Replaced by a newer document', cancelled: 'Cancelled' },
  },
  content: {
    name: 'File',
    values: {
      readable: 'A PDF that can be read', 'other-format': 'Not a PDF', missing: 'There is none', 'too-large': 'Too large',
      encrypted: 'Protected by a password', unsupported: 'Of a type that is not supported', mislabelled: 'Not what it says it is',
    },
  },
  person: { name: 'Patient', values: { alive: 'Not known to have died', deceased: 'Has died' } },
  post: {
    name: 'Post',
    values: {
      usable: 'There is an address', 'format-need': 'Needs another format, such as large print', missing: 'No usable address',
      restricted: 'The address is restricted', custodial: 'The address is a place of custody',
    },
  },
  account: { name: 'PKB account', values: { registered: 'Registered', unregistered: 'Not registered', unknown: 'Not known' } },
  hold: { name: 'Hold', values: { none: 'None', held: 'Held by a person' } },
  release: { name: 'Release', values: { two: 'By two people', one: 'By one person', none: 'None' } },
} as const satisfies FactWords

export const factInWords = (fact: FactName, value: string): { readonly name: string; readonly text: string } => {
  const { name, values }: { readonly name: string; readonly values: { readonly [value: string]: string } } = FACTS_IN_WORDS[fact]
  return { name, text: values[value] ?? value }
}

/** Rules that stand in the engine and not in the policy. */
export const ENGINE_RULES = ['floor', 'no-rule-matched', 'moved-to-another-patient', 'parent-not-standing', 'account-unknown-too-long', 'not-read-in-time', 'posted-by-a-person'] as const

/** How forms call what people can ask for. */
export const PARAMETERS_IN_WORDS: { readonly [parameter: string]: string } = {
  state: 'State', route: 'Route', rule: 'Rule', code: 'Code', team: 'Team', directorate: 'Directorate', feed: 'Feed', stage: 'Stage', wouldRoute: 'Would go', marked: 'Marked', since: 'Since', until: 'Until', sourceId: 'RiO document id', limit: 'Limit', cursor: 'Page',
  nhsNumber: 'NHS number', title: 'Words in the title',
} satisfies Record<keyof DocumentFilter, string>

/** What a page says after a form was sent; the address carries the key, never the text. */
export const MESSAGES = {
  'alert-taken': { title: 'In hand', text: 'Nobody is reminded of it any more. It is resolved when it is not wrong any more.' },
  'channel-pause': { title: 'Paused', text: 'It holds in every process of the engine, and after a restart, until somebody starts the channel again.' },
  'channel-stop': { title: 'Stopped', text: 'It holds in every process of the engine, and after a restart, until somebody starts the feed again.' },
  'channel-start': { title: 'Started', text: 'The channel runs again in every process of the engine within two seconds.' },
  'files-checked': { title: 'Checked', text: 'The files on disk were read, proved and tested again.' },
  'policy-taken': { title: 'Taken', text: 'The policy on disk is in force now.' },
  'policy-unchanged': { title: 'Nothing changed', text: 'The files on disk say what is in force.' },
  'policy-refused': { title: 'Not taken', text: 'The policy on disk was refused. What was in force stays in force.' },
  'token-revoked': { title: 'Revoked', text: 'The program cannot come in with this token any more.' },
  retried: { title: 'Done', text: 'The delivery is tried again now.' },
  'run-started': { title: 'Started', text: 'One is tried first. This page says how far it is.' },
  'run-unconfirmed': { title: 'Wanted', text: 'Another person who may retry has to confirm it on this page. Nothing happens before.' },
  'run-paused': { title: 'Paused', text: 'Nothing more is tried. What was tried already goes its way.' },
  'run-goes-on': { title: 'Goes on', text: 'The next are tried now.' },
  'run-cancelled': { title: 'Cancelled', text: 'What was not tried is as it was.' },
  'decided-again': { title: 'Decided again', text: 'The document was decided under the policy in force. Below stands what becomes of it now.' },
  'posted-instead': { title: 'By post', text: 'The letter goes by post instead. What may stand at PKB is taken back first.' },
  stopped: { title: 'Stopped', text: 'No delivery to a patient begins any more that this stop holds. Recalls go on.' },
  'stop-lifted': { title: 'Lifted', text: 'What the stop held is due now, and goes out at the usual pace.' },
  released: { title: 'Released', text: 'Your release is kept with your name. Below stands what becomes of the document now.' },
  'released-first': { title: 'Released by the first of two', text: 'Your release is kept with your name. It still waits: a second person has to release it too.' },
  withheld: { title: 'Withheld', text: 'Nothing of this document goes to the patient until a person lifts the hold.' },
  held: { title: 'Held', text: 'Nothing more of this document goes to the patient, and every copy that can be taken back is being taken back.' },
  'hold-lifted': { title: 'Lifted', text: 'The document was decided again. It goes where the policy says.' },
  'signed-out': { title: 'Signed out', text: 'This browser is not signed in any more.' },
  'others-signed-out': { title: 'Signed out', text: 'Every other browser has to sign in again.' },
  'password-changed': { title: 'Password changed', text: 'Every session of yours has ended. Sign in with the new password.' },
  'roles-changed': { title: 'Roles changed', text: 'They count from the next sign-in on. Every session of this person has ended.' },
  'staff-disabled': { title: 'Disabled', text: 'Every session of this person has ended, and nobody can sign in by this user name.' },
  'staff-enabled': { title: 'Enabled', text: 'This person can sign in again. A local account that was invited or reset still needs its code.' },
} as const satisfies Record<string, { readonly title: string; readonly text: string }>

export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** `1 document`, `2 documents`. */
export const countOf = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`
