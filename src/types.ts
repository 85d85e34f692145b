// The nouns of Openletter, one word per thing, in the order of the journey: a receipt is parsed into a document,
// a document has facts, facts get a decision, a decision puts labels on a DocumentReference. Types and closed
// sets only: nothing here computes, reads or stores.
import type { DocumentReference } from '@medplum/fhirtypes'

// ---------------------------------------------------------------- what came in

/** Where intake put the bytes of one attached file, and the little of it that facts and FHIR need. */
export type ContentRef = {
  /** Lower-case hex SHA-256 of the bytes; also the file's name in the content store. */
  readonly sha256: string
  /** Base64 SHA-1 of the bytes: what FHIR R4 calls `attachment.hash`. */
  readonly sha1: string
  /** Bytes after decoding base64. */
  readonly size: number
  /** The first up to 1,024 bytes, one character a byte (latin1), NUL as U+2400. */
  readonly head: string
  /** The last up to 1,024 bytes, likewise. */
  readonly tail: string
  /** Whether the bytes `/Encrypt` occur anywhere: a PDF that says so cannot be read without a password. */
  readonly encrypt: boolean
  /** Intake stopped storing because the file passed the feed's limit; the hashes are of what was read until then. */
  readonly tooLarge?: boolean
  /** Intake could not decode the file (broken base64): what was wrong, in words without content. */
  readonly broken?: string
}

/** What parsing makes of a message: which configured mapping reads it. */
export type Format = 'hl7-mdm' | 'upload'

/**
 * A message as it came in, less the files: each was cut out and stands in `contents`.
 * In an HL7 skeleton the cut-out data of the n-th file is replaced by `{content:n}` (n from 0);
 * an upload's skeleton is the text of its `metadata` JSON.
 */
export type Receipt = {
  /** UUID, made by intake. */
  readonly id: string
  /** The feed's name: `rio-mllp`, `rio-http`. */
  readonly feed: string
  readonly format: Format
  /** ISO 8601 instant, UTC. */
  readonly receivedAt: string
  readonly skeleton: string
  readonly contents: readonly ContentRef[]
  /** File name that came with the file part, where the door has one (multipart). */
  readonly fileName?: string
  /** MIME type declared by the door for the file (multipart, `content.contentType`). */
  readonly declaredType?: string
}

// ---------------------------------------------------------------- what it says

/** A value as it stood in the message, and where: `TXA-16`, `metadata.name`. */
export type Found = { readonly text: string; readonly at: string }

export const DOCUMENT_EVENTS = ['created', 'updated', 'replaced', 'addendum', 'cancelled'] as const
export type DocumentEvent = (typeof DOCUMENT_EVENTS)[number]

export type Address = { readonly lines: readonly string[]; readonly postcode?: string }

export type Patient = {
  /** Every NHS number in the message, as written. */
  readonly nhsNumbers: readonly Found[]
  /** Every trace status in the message (01 = verified). */
  readonly traceStatuses: readonly Found[]
  readonly clientId?: string
  readonly family?: string
  readonly given?: string
  /** YYYY-MM-DD. */
  readonly birthDate?: string
  readonly deceased: boolean
  /** PDS "restricted" (S-flag) or RiO's equivalent: the address must not be used without a person. */
  readonly restricted: boolean
  readonly address?: Address
  /** A recorded need for another format, as written: large print, braille, audio. */
  readonly formatNeeds: readonly Found[]
}

/** One file of a document: where its bytes are, and what the sender said it was. */
export type Content = { readonly ref: ContentRef; readonly declaredType?: string; readonly at: string }

/** One RiO document as one message states it, in full: an absent field is missing, not unchanged. */
export type RioDocument = {
  /** The source system, from the mapping (`rio`); with `documentId` the key of a document. */
  readonly source: string
  readonly documentId: string
  readonly event: DocumentEvent
  /** The document that this one replaces (`replaced`) or adds to (`addendum`). */
  readonly parentId?: string
  /** When RiO says this happened: ISO instant, UTC. Missing: unknown, so it can only tighten. */
  readonly sourceTime?: string
  /** When the document was written: ISO instant or date. */
  readonly documentDate?: string
  readonly picklist: readonly Found[]
  /** Every field that may carry a name with its 4-letter code. */
  readonly names: readonly Found[]
  readonly title?: string
  readonly fileName?: string
  /** Fields, other than the picklist, whose configured values speak against sharing; only those that do. */
  readonly signals: readonly Found[]
  readonly team?: Found
  readonly author?: string
  readonly organisations: readonly Found[]
  readonly uploadedBy?: string
  /** TXA-17 or `status`, as written. */
  readonly completion?: Found
  /** TXA-19, as written. */
  readonly availability?: Found
  readonly patient: Patient
  readonly contents: readonly Content[]
  /** Parts of the message that carried a value and that nothing read: `ZRI-3`, `metadata.mood`. Places, never values. */
  readonly unread: readonly string[]
}

/** Why a message cannot be attributed to a document. `code` is one of `errors.ts`. */
export type Refusal = { readonly code: string; readonly at: string; readonly detail: string }

// ---------------------------------------------------------------- facts

/**
 * Everything the rules may look at: a closed set of facts with closed sets of values, from the loosest to the
 * strictest. The order is used: a late message may move a fact to the right, never to the left.
 */
export const FACTS = {
  instruction: ['share', 'missing', 'unrecognised', 'withhold'],
  signals: ['none', 'restrictive'],
  code: ['listed', 'missing', 'unlisted', 'blocked-pkb', 'blocked'],
  kind: ['appointment', 'clinical', 'other', 'unknown', 'legal', 'external'],
  producer: ['trust', 'unknown', 'external'],
  service: ['in-scope', 'unknown', 'out-of-scope'],
  directorate: ['live', 'observing', 'not-live', 'unknown'],
  identity: ['verified', 'unverified', 'missing', 'invalid', 'mismatch'],
  lifecycle: ['final', 'unknown', 'draft', 'superseded', 'cancelled'],
  content: ['readable', 'other-format', 'missing', 'too-large', 'encrypted', 'unsupported', 'mislabelled'],
  person: ['alive', 'deceased'],
  post: ['usable', 'format-need', 'missing', 'restricted', 'custodial'],
  account: ['registered', 'unregistered', 'unknown'],
  hold: ['none', 'held'],
  release: ['two', 'one', 'none'],
} as const

export type FactName = keyof typeof FACTS
export type FactValue<F extends FactName> = (typeof FACTS)[F][number]
export type Facts = { readonly [F in FactName]: FactValue<F> }
export const FACT_NAMES = Object.keys(FACTS) as readonly FactName[]

// ---------------------------------------------------------------- decision

export const RULE_ROUTES = ['pkb', 'print', 'withhold', 'review'] as const
/** Where a rule may send a document. */
export type RuleRoute = (typeof RULE_ROUTES)[number]
/** `observe` stands in for pkb, print and review while the directorate is observing or not live. */
export type Route = RuleRoute | 'observe'

export type Decision = {
  readonly route: Route
  /**
   * The rule's name in `mappings/sharing-rules.yaml`, or one of the engine's own: `floor`, `no-rule-matched`,
   * `moved-to-another-patient`, `parent-not-standing`, `account-unknown-too-long`, `not-read-in-time`, `posted-by-a-person`.
   */
  readonly rule: string
  /** A sentence that an administrator understands; holds no patient data. */
  readonly because: string
  /** The instruction and something else disagree: listed for the directorate's management team. */
  readonly conflict: boolean
  /** An appointment letter marked do-not-share: the instruction wins, and the policy differs. */
  readonly variance: boolean
  /** Only with `observe`. */
  readonly wouldRoute?: RuleRoute
  readonly wouldRule?: string
  /** Route `print` in a directorate whose teams post for themselves: counted, nothing sent. */
  readonly leftToTeam: boolean
  /** Route `pkb`, and the channel says so: not proven read within this, it goes by post as well. */
  readonly printIfUnreadAfter?: Span
  /** Route `pkb`, and the channel says so: a letter that the print house was given already stays with the post. */
  readonly staysByPost?: true
  /** Codes of the labels, each named once in `decide/labels.ts`: `R`, `MH`, `NOPAT`, `withhold`. */
  readonly labels: readonly string[]
  /** Hash of the policy that decided. */
  readonly policy: string
}

/** For how long something is waited for: exactly one of the three. Working days are those of England. */
export type Span =
  | { readonly hours: number }
  | { readonly days: number }
  | {
      readonly working_days: number
      /** Days on which nobody works beside weekends and the usual bank holidays: YYYY-MM-DD. */
      readonly not_on?: readonly string[]
    }

/** Why a letter that was meant for the record goes by post as well or instead: a deadline passed, or a person wanted it, for this content, once. */
export const POST_REASONS = ['account-unknown', 'not-read', 'person'] as const
export type PostReason = (typeof POST_REASONS)[number]

/** What the ledger knows of a person's PKB account, with freshness already judged at the edge. */
export type Person = {
  readonly account: FactValue<'account'>
  readonly deceased: boolean
  /** YYYY-MM-DD as PKB has it. */
  readonly birthDate?: string
  /** ISO instant of PKB's answer. */
  readonly asOf?: string
}
export const UNKNOWN_PERSON: Person = { account: 'unknown', deceased: false }

/** What the ledger knew of a document before this receipt (or, at a re-plan, beside it). */
export type Prior = {
  /** ISO instant at which any message about it first arrived (the receipt's own, for a first one). */
  readonly firstReceivedAt: string
  /** Latest source time seen so far, ISO; undefined for a document not seen before, or never given. */
  readonly lastSourceTime?: string
  /** The revision in force, if any: what it said and what tightened it. */
  readonly current?: {
    /** The receipt in force, and its feed: planning that receipt again is a re-plan, not news. */
    readonly receiptId: string
    readonly feed: string
    readonly document: RioDocument
    readonly tightened: Partial<Facts>
  }
  /** Marks that never come off: a T11, a T09/T10 naming this as parent, even before the document was seen. */
  readonly cancelled: boolean
  readonly superseded: boolean
  /** It moved from one patient to another at some time: stays in review until a person releases it. */
  readonly moved: boolean
  readonly held: boolean
  /** People who released exactly this revision and content. */
  readonly released: 0 | 1 | 2
  /** Of an addendum: whether its parent is on its way to, or stands with, the patient. */
  readonly parentStanding: boolean
  /** It came as an addendum once: later messages about it need not say so again. */
  readonly addendum?: boolean
  /** NHS number for which something of it was last owed or sent under its present identifier. */
  readonly addressedTo?: string
  /** A deadline of exactly this content has passed, or a person wants it posted: it goes by post where the floor allows, else to a person. */
  readonly post?: PostReason
}

/** How a receipt bears on the document in force. */
export type Bearing =
  /** First message about it, or in order: its document is in force. */
  | 'in-order'
  /** Older than what is known, and stricter: the document in force stays, with the stricter facts. */
  | 'tightens'
  /** Older than what is known, and not stricter: recorded, changes nothing. */
  | 'late'

/** Everything that `plan` worked out for one receipt: what production, tests, explain and replay all use. */
export type Plan = {
  readonly bearing: Bearing
  /** The document in force after this receipt. */
  readonly document: RioDocument
  /** NHS number in its canonical ten digits, if the message has exactly one that could be one. */
  readonly nhsNumber?: string
  /** The code and the directorate that the facts came from, where there is one: for lists and reports. */
  readonly code?: string
  readonly directorate?: string
  readonly facts: Facts
  readonly tightened: Partial<Facts>
  /** True if patient (NHS number or client id) differs from the document that was in force before. */
  readonly moves: boolean
  readonly decision: Decision
  /** The internal resource: attachments by hash and size, without data. `id` and identifiers are added by `identify`. */
  readonly resource: DocumentReference
  readonly trace: readonly RuleTrace[]
}

export type RuleTrace = { readonly rule: string; readonly line: number; readonly matched: boolean; readonly why: string }

// ---------------------------------------------------------------- delivery

export * from './types-delivery.ts'
