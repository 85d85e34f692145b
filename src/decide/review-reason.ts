// Why a document waits for a person: one of a closed set of reasons, worked out from its facts, its rule and the state of
// its deliveries, with what each means, what to do, and who sees to it within what time where the trust's table says
// nothing else (`review-limits.ts`). Pure. It refuses to judge whether a document may go: the floor and the rules do that.
import type { Decision, Delivery, Facts, FactName } from '../types.ts'
import { holds, type FloorLine } from './floor.ts'

type Reason = {
  /** A heading. */
  readonly text: string
  readonly means: string
  readonly act: string
  /** A role, never a person. */
  readonly owner: string
  /** After this it is late. */
  readonly within: { readonly working_days: number }
}

const soon = { working_days: 1 }
const usual = { working_days: 3 }

/** In the order in which they are told: what is most urgent or most often wrong comes first. */
export const REVIEW_REASONS = {
  'second-key': {
    text: 'The last check refused it', means: 'The policy lets it go, and the last check before sending found something wrong.',
    act: 'Tell the integration analyst. Only a new decision clears it: mend what the check names, or withhold the document.', owner: 'Integration analyst', within: soon,
  },
  unsure: {
    text: 'PKB answered with an error', means: 'PKB took the message and answered AE. It may have the letter, and asks that nobody sends it again by himself.',
    act: 'Look at PKB whether the letter is there. Then retry the delivery on the document’s own page, or withhold it.', owner: 'Integration analyst', within: soon,
  },
  'control-id': {
    text: 'Two messages with one control id', means: 'RiO sent other content of the same document under a control id that was used before, so nobody can say which is meant. It is held.',
    act: 'Compare the document with RiO. If it is right, lift the hold; if not, withhold it.', owner: 'RiO system manager', within: soon,
  },
  'late-message': {
    text: 'An older message was stricter', means: 'A message that came late speaks more strictly of the document than the one in force, and is believed.',
    act: 'Look in RiO what holds now, and save the document there again. It is decided anew by itself.', owner: 'Clinical records team', within: usual,
  },
  moved: {
    text: 'Moved to another patient', means: 'RiO moved the document from one patient to another. What the first one had was taken back.',
    act: 'Check that it belongs to the patient whom it names now, then release it; or withhold it.', owner: 'Clinical records team', within: soon,
  },
  instruction: {
    text: 'No clear instruction', means: 'The document type in RiO is missing, or is neither of the two that say whether to share.',
    act: 'Ask who uploaded it to choose the document type in RiO. It cannot be released here.', owner: 'Team that uploaded it', within: usual,
  },
  lifecycle: {
    text: 'RiO does not say whether it is final', means: 'The stage of the document is missing or not known.',
    act: 'Finish the document in RiO. It cannot be released here.', owner: 'Team that uploaded it', within: usual,
  },
  conflict: {
    text: 'Signs against sharing', means: 'It was uploaded to be shared, and something else in the message speaks against it.',
    act: 'Read it and ask its author. One person may release it; else withhold it.', owner: 'Directorate management team', within: usual,
  },
  external: {
    text: 'Not produced at the trust', means: 'Another organisation wrote it. Sharing it takes its author’s consent and two people.',
    act: 'Ask the organisation that wrote it for consent, then release it; a second person does the same. Else withhold it.', owner: 'Directorate management team', within: { working_days: 10 },
  },
  producer: {
    text: 'Producer not known', means: 'The message does not say which organisation wrote it.',
    act: 'Have the organisation of the author put right in RiO, or find out who wrote it and have two people release it.', owner: 'Clinical records team', within: usual,
  },
  code: {
    text: 'Code not listed', means: 'The name opens with no 4-letter code, or with one that is not in the trust’s list.',
    act: 'Read it. One person may release it; a code that comes often should be listed or blocked in document-codes.csv.', owner: 'Head of clinical records', within: usual,
  },
  'birth-date': {
    text: 'Date of birth differs', means: 'PKB has another date of birth for this NHS number. It may be another person.',
    act: 'Have the patient traced again in RiO. If the address is certain, one person may release it for print.', owner: 'Clinical records team', within: soon,
  },
  identity: {
    text: 'Patient not identified for certain', means: 'The NHS number is missing, not valid or not traced.',
    act: 'Trace the NHS number in RiO. If the address is certain, one person may release it for print.', owner: 'Clinical records team', within: usual,
  },
  content: {
    text: 'File that a patient cannot read', means: 'There is no file, or it is not an unprotected PDF.',
    act: 'Upload it to RiO again as a PDF without a password. It cannot be released here.', owner: 'Team that uploaded it', within: usual,
  },
  parent: {
    text: 'Adds to a document that is not there', means: 'It is an addendum, and the patient does not have the document that it adds to.',
    act: 'Decide the document that it adds to first; this one follows by itself.', owner: 'Clinical records team', within: usual,
  },
  deadline: {
    text: 'Time at PKB was up', means: 'It was not read at PKB in time, or PKB did not say whether there is an account, and it may not go by post.',
    act: 'Put right in RiO what keeps it from the post, or post it by hand and withhold it here.', owner: 'Clinical records team', within: soon,
  },
  place: {
    text: 'Team or directorate not known', means: 'The team in the message is in no list of the policy.',
    act: 'Have the analyst add the team to services.csv. It cannot be released here.', owner: 'Integration analyst', within: usual,
  },
  address: {
    text: 'Address', means: 'It would go by post, and the address is missing, restricted or custodial, or the patient needs another format.',
    act: 'Put the address right in RiO. Where it is restricted or another format is needed, one person may release it for print.', owner: 'Clinical records team', within: usual,
  },
  other: {
    text: 'Another rule', means: 'A rule of the policy asks for a person.',
    act: 'Read why, below the document’s name.', owner: 'Clinical records team', within: usual,
  },
} as const satisfies Record<string, Reason>

export type ReviewReason = keyof typeof REVIEW_REASONS
export const isReviewReason = (text: unknown): text is ReviewReason => typeof text === 'string' && Object.hasOwn(REVIEW_REASONS, text)

/** Of whom nobody asked for the hold: the engine put it on. */
export type HeldFor = 'control-id-reused'

export type Waiting = {
  readonly facts: Facts
  readonly decision: Pick<Decision, 'route' | 'rule'>
  readonly tightened: Partial<Facts>
  readonly heldFor?: HeldFor
  readonly deliveries: readonly Pick<Delivery, 'state' | 'lastOutcome'>[]
}

/** In the order of the shipped rules. The facts are those of a floor line or a rule that a release has not lifted. */
const BY_FACTS: readonly (readonly [ReviewReason, FloorLine['when']])[] = [
  ['instruction', { instruction: ['missing', 'unrecognised'] }],
  ['lifecycle', { lifecycle: ['unknown'] }],
  ['conflict', { signals: ['restrictive'], release: ['none'] }],
  ['external', { producer: ['external'], release: ['none', 'one'] }],
  ['producer', { producer: ['unknown'], release: ['none', 'one'] }],
  ['code', { code: ['unlisted', 'missing'], release: ['none'] }],
  ['birth-date', { identity: ['mismatch'], release: ['none'] }],
  ['identity', { identity: ['unverified', 'missing', 'invalid'], release: ['none'] }],
  ['content', { content: ['other-format', 'missing', 'too-large', 'encrypted', 'unsupported', 'mislabelled'] }],
  ['place', { service: ['unknown'] }],
  ['place', { directorate: ['unknown'] }],
  ['address', { post: ['custodial', 'missing'] }],
  ['address', { post: ['restricted', 'format-need'], release: ['none'] }],
]

/** What the engine itself decided, whatever the facts are. */
const BY_RULE: { readonly [rule: string]: ReviewReason } = {
  'moved-to-another-patient': 'moved', 'parent-not-standing': 'parent', 'account-unknown-too-long': 'deadline', 'not-read-in-time': 'deadline',
}

/** Why it waits; undefined: it does not. What was only observed waits for nobody. */
export const reviewReason = ({ facts, decision, tightened, heldFor, deliveries }: Waiting): ReviewReason | undefined => {
  if (deliveries.some(({ state }) => state === 'blocked')) return 'second-key'
  if (deliveries.some(({ state, lastOutcome }) => state === 'failed' && lastOutcome === 'unsure')) return 'unsure'
  if (facts.hold === 'held' && heldFor !== undefined) return 'control-id'
  if (decision.route !== 'review') return undefined
  const byRule = Object.hasOwn(BY_RULE, decision.rule) ? BY_RULE[decision.rule] : undefined
  if (byRule) return byRule
  const [reason, when] = BY_FACTS.find(([, facts_]) => holds(facts_, facts)) ?? ['other', {}]
  const isLate = (Object.keys(when) as FactName[]).some((fact) => fact !== 'release' && tightened[fact] !== undefined && tightened[fact] === facts[fact])
  return isLate ? 'late-message' : reason
}
