// The safety floor: what never leaves, whatever the mappings say. It stands in code, under the rules; every
// decision passes it, every delivery passes it a second time right before it is sent, and `proof.ts` proves that
// the loaded rules never need it. It refuses configuration.
import type { FactName, Facts } from '../types.ts'

/** What a line forbids. `send` is the act of sending to PKB, which needs a fresh account; the route may stand. */
export type Forbidden = 'pkb' | 'print' | 'send'

export type FloorLine = {
  readonly id: string
  /** A sentence for people; holds no patient data. */
  readonly says: string
  /** The line holds where each named fact has one of the values. */
  readonly when: { readonly [F in FactName]?: readonly string[] }
  readonly forbids: readonly Forbidden[]
  /** What becomes of a copy that stands at PKB when the line comes to hold. */
  readonly standing: 'recall' | 'leave'
}

const NOTHING_LEAVES = ['pkb', 'print', 'send'] as const
const NEVER_PKB = ['pkb', 'send'] as const

/** As docs/mappings.md numbers them. `release` is in `when` where people can lift the line: two for F3, one elsewhere. */
export const FLOOR: readonly FloorLine[] = [
  { id: 'F1', says: 'The instruction is not to share.', when: { instruction: ['missing', 'unrecognised', 'withhold'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F2', says: 'The code in the name is blocked.', when: { code: ['blocked'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F2', says: 'The code in the name is blocked from PKB.', when: { code: ['blocked-pkb'] }, forbids: NEVER_PKB, standing: 'recall' },
  { id: 'F3', says: 'The trust did not produce the document, and two people have not released it.', when: { producer: ['unknown', 'external'], release: ['none', 'one'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F4', says: 'The service is not in scope for PKB.', when: { service: ['unknown', 'out-of-scope'] }, forbids: NEVER_PKB, standing: 'leave' },
  { id: 'F5', says: 'The directorate is not live.', when: { directorate: ['observing', 'not-live', 'unknown'] }, forbids: NOTHING_LEAVES, standing: 'leave' },
  { id: 'F6', says: 'The patient is not identified for certain.', when: { identity: ['unverified', 'missing', 'invalid', 'mismatch'] }, forbids: NEVER_PKB, standing: 'recall' },
  { id: 'F6', says: 'The patient is not identified for certain, and nobody has released it for print.', when: { identity: ['unverified', 'missing', 'invalid', 'mismatch'], release: ['none'] }, forbids: ['print'], standing: 'recall' },
  { id: 'F7', says: 'The document was cancelled or replaced.', when: { lifecycle: ['superseded', 'cancelled'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F7', says: 'The document is not final.', when: { lifecycle: ['unknown', 'draft'] }, forbids: NOTHING_LEAVES, standing: 'leave' },
  { id: 'F8', says: 'The patient has died.', when: { person: ['deceased'] }, forbids: NOTHING_LEAVES, standing: 'leave' },
  { id: 'F9', says: 'The file is not one that a patient can read.', when: { content: ['other-format', 'missing', 'too-large', 'encrypted', 'unsupported', 'mislabelled'] }, forbids: NOTHING_LEAVES, standing: 'leave' },
  { id: 'F10', says: 'The code in the name is not in the list, and nobody has released it.', when: { code: ['missing', 'unlisted'], release: ['none'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F10', says: 'Something in the message speaks against sharing, and nobody has released it.', when: { signals: ['restrictive'], release: ['none'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F11', says: 'A person holds the document.', when: { hold: ['held'] }, forbids: NOTHING_LEAVES, standing: 'recall' },
  { id: 'F12', says: 'The patient is not known to have a PKB account.', when: { account: ['unregistered', 'unknown'] }, forbids: ['send'], standing: 'leave' },
  { id: 'F13', says: 'The address is that of a prison or another place of custody.', when: { post: ['custodial'] }, forbids: NOTHING_LEAVES, standing: 'leave' },
  { id: 'F13', says: 'There is no address.', when: { post: ['missing'] }, forbids: ['print'], standing: 'leave' },
  { id: 'F13', says: 'The address must not be used, or the patient needs another format, and nobody has released it.', when: { post: ['restricted', 'format-need'], release: ['none'] }, forbids: ['print'], standing: 'leave' },
]

export const holds = (when: FloorLine['when'], facts: Facts): boolean =>
  (Object.entries(when) as [FactName, readonly string[]][]).every(([fact, values]) => values.includes(facts[fact]))

/** The lines that forbid this, for these facts; empty: nothing on the floor speaks against it. */
export const floorAgainst = (facts: Facts, what: Forbidden, floor: readonly FloorLine[] = FLOOR): readonly FloorLine[] =>
  floor.filter((line) => line.forbids.includes(what) && holds(line.when, facts))
