// Every failure that Openletter can tell somebody about: a code that never changes its meaning, a class that says
// who has to act, and a hint that says what to do. It refuses patient data: `detail` may name places in a message
// and numbers, never values. `docs/errors.md` lists the same codes; a test compares the two.

const ERROR_CLASSES = ['sender', 'settings', 'policy', 'destination', 'engine'] as const
/** Who has to act: whoever sent the message or the request, who set up this machine, who wrote the policy, a destination, or us. */
export type ErrorClass = (typeof ERROR_CLASSES)[number]

type Entry = { readonly class: ErrorClass; readonly status: number; readonly title: string; readonly hint: string }

export const ERRORS = {
  // -- a message that cannot be attributed
  MESSAGE_UNREADABLE: { class: 'sender', status: 400, title: 'The message cannot be read', hint: 'Compare the message with docs/feeds.md and send it again.' },
  METADATA_MISSING: { class: 'sender', status: 400, title: 'There is no metadata part', hint: 'Send multipart/form-data with a JSON part named metadata before the part named file, or JSON with a metadata object.' },
  METADATA_UNREADABLE: { class: 'sender', status: 400, title: 'The metadata is not a JSON object', hint: 'Send the metadata as one UTF-8 JSON object.' },
  CONTENT_UNREADABLE: { class: 'sender', status: 400, title: 'The content cannot be decoded', hint: 'Send content.data as base64 of the file.' },
  DOCUMENT_ID_MISSING: { class: 'sender', status: 422, title: 'The document has no id', hint: 'Send the RiO document id (TXA-12.1, or documentId).' },
  PATIENT_MISSING: { class: 'sender', status: 422, title: 'There is no patient in the message', hint: 'Send a PID segment, or a patient object; it may be incomplete, but it must be there.' },
  EVENT_UNKNOWN: { class: 'sender', status: 422, title: 'The event is not one that is known', hint: 'Use MDM^T01 to T11, or created, updated, replaced, addendum or cancelled.' },
  PARENT_MISSING: { class: 'sender', status: 422, title: 'The event needs the document that it refers to', hint: 'Name the earlier document: TXA-13, or replaces / parent.' },
  PARENT_OF_ANOTHER_PATIENT: { class: 'sender', status: 409, title: 'The document to be replaced belongs to another patient', hint: 'Check the parent document number; cancel the wrong document in RiO and upload it again.' },
  CONTROL_ID_REUSED: { class: 'sender', status: 409, title: 'A control id was used again for other content of the same document', hint: 'MSH-10 must be new for each message. The document is held until a person has looked at it.' },
  NUL_IN_MESSAGE: { class: 'sender', status: 400, title: 'The message holds a NUL character', hint: 'Remove it; text in RiO never has one.' },
  TOO_LARGE: { class: 'sender', status: 413, title: 'The upload is larger than this feed takes', hint: 'Raise the limit in the channel file, or send a smaller file.' },
  TYPE_UNSUPPORTED: { class: 'sender', status: 415, title: 'The request is neither multipart/form-data nor JSON', hint: 'Set Content-Type to multipart/form-data or application/json.' },
  USER_NAME_TAKEN: { class: 'sender', status: 409, title: 'The user name is somebody\'s already', hint: 'Choose another. A user name is never given to a second person, not even after the first was disabled.' },
  LAST_ADMIN: { class: 'sender', status: 409, title: 'This is the last administrator', hint: 'Make somebody else an administrator first, who has signed in.' },
  RIGHT_MISSING: { class: 'sender', status: 403, title: 'You may not do this', hint: 'Ask an administrator for a role that may.' },
  TOKEN_MISSING: { class: 'sender', status: 401, title: 'A bearer token is needed', hint: 'Send Authorization: Bearer with the token of this feed or of the API.' },
  NOT_FOUND: { class: 'sender', status: 404, title: 'There is nothing at this address', hint: 'See docs/api.md for the addresses that there are.' },
  METHOD_NOT_ALLOWED: { class: 'sender', status: 405, title: 'This address does not take that method', hint: 'See docs/api.md.' },
  QUERY_INVALID: { class: 'sender', status: 400, title: 'The query cannot be used', hint: 'See docs/api.md for the filters and their values.' },
  RETRY_NOT_POSSIBLE: { class: 'sender', status: 409, title: 'This delivery cannot be retried', hint: 'Only a delivery that failed or waits can be; one that the second key blocked needs a new decision.' },
  RUN_NOT_POSSIBLE: { class: 'sender', status: 409, title: 'The run cannot do that now', hint: 'Nothing was changed. Open the run again: what it can do in its state stands on its page.' },
  PRINT_NOT_POSSIBLE: { class: 'sender', status: 409, title: 'This document cannot go by post instead', hint: 'Nothing was changed. The detail says what keeps it in; where a release or another address would help, see to that first.' },
  SECOND_PERSON_NEEDED: { class: 'sender', status: 409, title: 'Another person has to confirm this run', hint: 'It is a large one. Ask somebody else who may retry to open its page and confirm it.' },
  ALREADY_DONE: { class: 'sender', status: 409, title: 'It is so already', hint: 'Nothing was changed. Look at it again: somebody else may have been first.' },
  PERSON_NEEDED: { class: 'sender', status: 403, title: 'Only a person may do this', hint: 'Sign in on the pages: a program never releases a document.' },
  NOT_RELEASABLE: { class: 'sender', status: 409, title: 'The document cannot be released', hint: 'No release lifts what holds it: see its review for what to change, most often in RiO.' },
  DOCUMENT_CHANGED: { class: 'sender', status: 409, title: 'The document has changed since it was looked at', hint: 'Nothing was done. Read the new revision, and decide again.' },
  HOST_UNKNOWN: { class: 'sender', status: 421, title: 'This engine is not called by that name', hint: 'Use the address that the engine printed when it started: localhost or 127.0.0.1.' },
  FORM_NOT_OURS: { class: 'sender', status: 403, title: 'The form did not come from these pages, or is out of date', hint: 'Open the page again and send the form once more.' },
  // -- folder only
  FILE_NAME_REFUSED: { class: 'sender', status: 422, title: 'The name of the document\'s file cannot be used', hint: 'Name one plain file of the same folder, without a path, and nowhere else; see docs/feeds.md.' },
  DOCUMENT_FILE_MISSING: { class: 'sender', status: 422, title: 'The metadata came, and its document did not', hint: 'Put both into the folder again, or say file: null where no document belongs to it.' },
  METADATA_FILE_MISSING: { class: 'sender', status: 422, title: 'A document came, and no metadata for it', hint: 'Put it into the folder again, with a metadata file or an index that names it.' },
  INDEX_UNREADABLE: { class: 'sender', status: 422, title: 'The index cannot be read', hint: 'Mend the line, and put the index into the folder again with its documents; see docs/feeds.md.' },
  ROW_UNREADABLE: { class: 'sender', status: 422, title: 'A row of the index cannot be read', hint: 'Mend the row, and put it into the folder again with its headings and its document.' },
  // -- HL7 only
  HL7_TYPE_UNSUPPORTED: { class: 'sender', status: 422, title: 'The message type is not one that this feed takes', hint: 'Send MDM messages, events T01 to T11.' },
  HL7_VERSION_UNSUPPORTED: { class: 'sender', status: 422, title: 'The HL7 version is not one that this feed takes', hint: 'Send HL7 version 2.1 to 2.9 in MSH-12.' },
  HL7_PROCESSING_ID: { class: 'sender', status: 422, title: 'The message is not marked as production', hint: 'Send P in MSH-11, or set test_system: true in the channel file of a test system.' },
  HL7_CHARSET: { class: 'sender', status: 422, title: 'The character set cannot be used', hint: 'Set MSH-18 to one of the character sets in docs/feeds.md, and send the message in it.' },
  FRAME_TOO_LARGE: { class: 'sender', status: 413, title: 'The frame is larger than this feed takes', hint: 'Raise max_message_mb in the channel file, or send a smaller document.' },
  FRAME_BROKEN: { class: 'sender', status: 400, title: 'The bytes are not an MLLP frame', hint: 'Frame each message as 0x0B, the message, 0x1C 0x0D.' },
  // -- this machine
  STORE_UNAVAILABLE: { class: 'engine', status: 503, title: 'The message could not be stored', hint: 'Nothing was taken. Send it again later; see docs/operations.md if it lasts.' },
  FEED_PAUSED: { class: 'engine', status: 503, title: 'The feed takes nothing at the moment', hint: 'Nothing was taken. Keep the message and send it again later: a person has paused or stopped the feed, and starts it again on the page Channels.' },
  CHANNEL_STATE: { class: 'settings', status: 409, title: 'The channel cannot be brought into that state', hint: 'A feed can be paused, stopped and started; PKB and print can be paused and started. Recalls are never stopped.' },
  LIVE_FULL: { class: 'engine', status: 503, title: 'As many pages are kept up to date as this process can serve', hint: 'Nothing is wrong with the page: it asks again once a minute. Run another `serve dashboard` for more.' },
  SIGN_IN_BUSY: { class: 'engine', status: 503, title: 'Too many people sign in at this moment', hint: 'Nothing was done. Try again in a minute.' },
  DATABASE_UNREACHABLE: { class: 'settings', status: 503, title: 'PostgreSQL cannot be reached', hint: 'Check DATABASE_URL and that the server runs, or unset it to use the embedded one.' },
  DATABASE_NEEDED: { class: 'settings', status: 500, title: 'A part of the engine alone needs a database of its own', hint: 'Set DATABASE_URL: the embedded PostgreSQL only serves the whole engine in one process.' },
  DATABASE_NEWER: { class: 'settings', status: 500, title: 'The database was migrated by a newer Openletter', hint: 'Start the newer version, or restore the backup made before the upgrade.' },
  DATABASE_OLDER: { class: 'settings', status: 500, title: 'The database was last used by an older Openletter', hint: 'Start this version of the engine once: it brings the database to its version. A command that only looks never does.' },
  LEDGER_MISSING: { class: 'settings', status: 500, title: 'There is no ledger here yet', hint: 'Start the engine once with npx openletter serve, or set DATA_DIR or DATABASE_URL to where an engine keeps its ledger.' },
  MIGRATION_INVALID: { class: 'engine', status: 500, title: 'The database cannot be brought to this version', hint: 'Restore the files in src/ledger/migrations as they were released, then start again. A file that failed left nothing behind.' },
  EMBEDDED_POSTGRES: { class: 'settings', status: 500, title: 'The embedded PostgreSQL does not start', hint: 'See the detail; set DATABASE_URL to use a PostgreSQL of your own.' },
  REDIS_UNREACHABLE: { class: 'settings', status: 503, title: 'Redis cannot be reached', hint: 'Check REDIS_URL and that the server runs, or unset it to keep the queue in PostgreSQL.' },
  PORT_TAKEN: { class: 'settings', status: 500, title: 'The port is in use', hint: 'Stop what uses it, or set another port (0 takes a free one).' },
  PUBLIC_WITHOUT_SIGN_IN: { class: 'settings', status: 500, title: 'The pages have no encryption of their own and must not be reachable from outside', hint: 'Set HTTP_HOST to 127.0.0.1 and put a proxy with https in front; see docs/sign-in.md.' },
  SETTING_INVALID: { class: 'settings', status: 500, title: 'A setting cannot be used', hint: 'See docs/operations.md for the settings and their values.' },
  NOTHING_TO_EXPLAIN: { class: 'settings', status: 404, title: 'There is nothing to explain', hint: 'Give the name of a file, the id of a document as the pages show it, or the id that RiO gave it.' },
  INTERRUPTED: { class: 'settings', status: 503, title: 'The command was stopped before its end', hint: 'What it had done until then stays done. Run it again.' },
  CONTENT_MISSING: { class: 'engine', status: 500, title: 'A stored file is not where it was put', hint: 'Restore DATA_DIR/content from the backup; the document waits.' },
  INTERNAL: { class: 'engine', status: 500, title: 'Something went wrong in the engine', hint: 'Nothing was lost. Report the code and the time.' },
  // -- policy
  POLICY_INVALID: { class: 'policy', status: 500, title: 'The channels and mappings have problems', hint: 'Run npx openletter check and mend each line that it prints.' },
  FLOOR_BROKEN: { class: 'policy', status: 500, title: 'The rules would let a document out that the safety floor keeps in', hint: 'Change the rule that check names; no setting lifts the floor.' },
  POLICY_NOT_FOUND: { class: 'policy', status: 404, title: 'There is no policy there', hint: 'Name a policy by its hash, as the page Policy lists those that were in force. For the command diff also a folder that holds channels and mappings, a git revision such as HEAD~1, or in-force.' },
  POLICY_NOT_IN_FORCE: { class: 'policy', status: 409, title: 'The policy is not the one in force', hint: 'Documents are decided again under the policy in force only: have the engine load these channels and mappings first.' },
  POLICY_MOVED: { class: 'policy', status: 409, title: 'The files are not those that you looked at', hint: 'Somebody has changed them since. Look at the page Channels again before you take them.' },
  // -- delivery
  SECOND_KEY: { class: 'engine', status: 500, title: 'The second key refused the delivery', hint: 'Nothing was sent. Look at the document\'s story; only a new decision clears it.' },
  DESTINATION_UNAVAILABLE: { class: 'destination', status: 502, title: 'The destination did not take it, and said or showed so', hint: 'It is tried again by itself.' },
  DESTINATION_UNSURE: { class: 'destination', status: 502, title: 'The destination may have taken it', hint: 'The engine looks before it sends again.' },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof ERRORS

/** The one error class that edges throw. `detail` says what and where, without patient data. */
export class Failure extends Error {
  readonly code: ErrorCode
  readonly detail: string
  constructor(code: ErrorCode, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${ERRORS[code].title}. ${detail} ${ERRORS[code].hint}`, options)
    this.name = 'Failure'
    this.code = code
    this.detail = detail
  }
  get class(): ErrorClass { return ERRORS[this.code].class }
  get hint(): string { return ERRORS[this.code].hint }
  get status(): number { return ERRORS[this.code].status }
}

/** RFC 9457 problem details for a failure. */
export type Problem = { readonly type: string; readonly title: string; readonly status: number; readonly detail: string; readonly code: ErrorCode; readonly hint: string }

export const problem = (code: ErrorCode, detail: string): Problem => ({
  type: `urn:openletter:error:${code.toLowerCase().replaceAll('_', '-')}`,
  title: ERRORS[code].title,
  status: ERRORS[code].status,
  detail,
  code,
  hint: ERRORS[code].hint,
})

/** Anything thrown, as a failure: what is not one of ours becomes INTERNAL, without its text. */
export const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure('INTERNAL', error instanceof Error ? error.name : 'unknown', { cause: error })
