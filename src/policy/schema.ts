// What may stand in the files that analysts edit, declared once per kind: the type, the lint, the JSON
// Schema and the tables of the pages all come from here. It refuses defaults for anything that bears on sharing.
import { z } from 'zod'
import { FACT_ORIGINS } from '../decide/fact-origins.ts'
import { LABELS } from '../decide/labels.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { FACTS, RULE_ROUTES, type FactName } from '../types.ts'
import { pkbDestination, printDestination, withholdDestination } from './schema-destinations.ts'
import { status } from './schema-tables.ts'
import { approval, code, day, DAY, HOUR, name, odsCode, seconds, text, WEEK_HOURS } from './schema-words.ts'

// ---------------------------------------------------------------- channels/

const oneOf = (values: readonly [string, ...string[]]) => z.enum(values).optional()
const factValues = z.strictObject(
  Object.fromEntries(Object.entries(FACTS).map(([fact, values]) => [fact, oneOf(values).describe(FACT_ORIGINS[fact as FactName])])) as { [F in keyof typeof FACTS]: ReturnType<typeof oneOf> },
)
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** What must and must not become of a document. What is left out may be anything. */
export const expectation = z.strictObject({
  route: z.enum([...RULE_ROUTES, 'observe']).optional().describe('Where it goes; observe means that it is only recorded, because the directorate or the feed is not live'),
  rule: text.optional().describe('Name of the rule that decides, as in mappings/sharing-rules.yaml'),
  would_route: z.enum(RULE_ROUTES).optional().describe('Only with the route observe: where it would go if the directorate were live'),
  would_rule: text.optional().describe('Only with the route observe: the rule that would decide'),
  conflict: z.boolean().optional().describe('Whether the instruction and something else in the message disagree, so that it is listed for the directorate'),
  variance: z.boolean().optional().describe('Whether it is an appointment letter marked do-not-share: withheld, and listed as differing from the policy'),
  left_to_team: z.boolean().optional().describe('Whether the team posts it itself, so that nothing is sent'),
  facts: factValues.optional().describe('Facts that the message has to give; those left out may be anything'),
  labels: z.array(z.enum(Object.keys(LABELS) as [string, ...string[]])).min(1).optional().describe('Security labels that the document must carry'),
  not_labels: z.array(z.enum(Object.keys(LABELS) as [string, ...string[]])).min(1).optional().describe('Security labels that it must not carry'),
  not_to: z.array(z.enum(['pkb', 'print'])).min(1).optional().describe('Destinations that it must not be able to reach; where the account is left open, whatever PKB may answer'),
  resource: z.record(z.string().min(1), z.union([scalar, z.array(scalar)])).optional().describe('What the DocumentReference has to say: a FHIRPath or a path with dots on the left, its value on the right: one, a list, or null for none'),
  refused: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).optional().describe('The message must be refused with this code of docs/errors.md; nothing else is expected then'),
})

/** A test inside a feed file: a message or an upload, and what must and must not become of it. */
const channelTest = z.strictObject({
  name: text.describe('What should happen, as a sentence; a failure is told under this name'),
  sample: text.optional().describe('File with the message or the upload, from the root of the project, for example samples/01-share-registered.hl7'),
  message: text.optional().describe('An HL7 message written here instead of in a file, one segment a line; {file} stands where the base64 of the file belongs'),
  upload: z.strictObject({
    metadata: z.record(z.string(), z.unknown()).describe('The metadata of the upload, as the sender writes it'),
    file_name: text.optional().describe('The name that the sender gives the file beside the metadata'),
    declared_type: text.optional().describe('What the sender declares the file as, for example application/pdf'),
  }).optional().describe('An upload written here instead of in a file'),
  file: text.optional().describe('The document that comes with message or upload, from the root of the project; left out, there is none'),
  person: z.strictObject({
    account: z.enum(FACTS.account).describe('Whether the patient has a PKB account'),
    deceased: z.boolean().optional().describe('Whether PKB says that the patient has died; left out, it does not'),
    birth_date: day.optional().describe('Date of birth at PKB; if the message has another one, the identity is a mismatch'),
  }).optional().describe('What PKB says of the patient; left out, nothing is known of the account'),
  prior: z.strictObject({
    first_received_on: day.optional().describe('Day on which the document first came in; a directorate that went live later does not let it out'),
    held: z.boolean().optional().describe('Whether a person holds the document'),
    released_by: z.union([z.literal(1), z.literal(2)]).optional().describe('How many people have released exactly this revision: 1 or 2; left out, nobody has'),
    parent_standing: z.boolean().optional().describe('Of an addendum: whether the document that it adds to is with the patient or on its way'),
    cancelled: z.boolean().optional().describe('Whether RiO has cancelled the document before'),
    superseded: z.boolean().optional().describe('Whether another document has replaced it before'),
    moved: z.boolean().optional().describe('Whether it was moved from one patient to another; it then waits for a person'),
  }).optional().describe('What was known of the document before this message; left out, nothing'),
  expect: expectation.describe('What must and what must not become of the document; what is left out may be anything'),
})

const silence = z.strictObject({
  working_hours: z.number().min(1).max(80).describe('Working hours: nine to five in London, Monday to Friday, without the bank holidays of England'),
  not_on: z.array(day).optional().describe('Days on which nobody works beside weekends and bank holidays, for example "2027-05-07"; they count for the limits of reviews too'),
})
const feed = {
  kind: z.literal('feed').describe('A feed brings documents in'),
  ...approval,
  mapping: name.describe('The file in mappings/ that says where each field is, by its name without .yaml'),
  status: status.describe('A feed that is observing or not-live lets nothing out, whatever the directorates say'),
  producer_when_missing: z.enum(['trust', 'unknown']).describe('Who is taken to have written a document without author organisation: unknown waits for two people'),
  alert_if_silent: silence.optional().describe('Somebody is told when nothing has come in by this feed for so long; left out, its silence is nobody\'s alert'),
  tests: z.array(channelTest).min(1).describe('Messages, and what must and must not become of each; five kinds of document have to be shown to stay in; npx openletter test names those that are missing, and no engine takes a policy without them'),
}
const port = z.number().int().min(0).max(65535)
const megabytes = z.number().positive().max(1024)
export const mllpFeed = z.strictObject({
  ...feed,
  type: z.literal('mllp').describe('HL7 v2 messages (MDM^T01 to T11) over MLLP'),
  host: text.describe('Address to listen on; 127.0.0.1 lets only this machine in'),
  port: port.describe('TCP port to listen on; 0 takes a free one'),
  max_message_mb: megabytes.describe('Largest message in megabytes, its file included; a larger one is refused'),
  idle_timeout_secs: seconds(DAY).describe('Seconds without a byte from the sender after which the connection is closed'),
  test_system: z.boolean().describe('Take messages whose MSH-11 is not P; on a live system write false, so that training messages are refused'),
  tls: z.strictObject({
    key_file: text.describe('File with the private key, in PEM'),
    cert_file: text.describe('File with the certificate of this feed and those above it, in PEM'),
    client_ca_file: text.optional().describe('File with an authority, in PEM; a sender without a certificate signed by it is turned away'),
  }).optional().describe('Take only encrypted connections (TLS 1.2 or later); left out, messages come in clear'),
})

export const httpFeed = z.strictObject({
  ...feed,
  type: z.literal('http').describe('Uploads by HTTP: POST /feeds/NAME/documents, where NAME is the name of this file'),
  token: text.describe('Bearer token that the sender has to show; only as a setting, so that no secret stands in a file'),
  max_document_mb: megabytes.describe('Largest file of a document in megabytes; an upload with a larger one is refused'),
})

export const folderFeed = z.strictObject({
  ...feed,
  type: z.literal('folder').describe('Files in a watched folder: metadata beside each document'),
  folder: text.describe('Folder that is watched'),
  poll_secs: seconds(HOUR).describe('Seconds between two looks at the folder'),
  settled_secs: seconds(HOUR).describe('Seconds for which a file must not have changed before it is taken, so that none is read half-written'),
  orphan_after_mins: z.number().positive().max(WEEK_HOURS * 60).describe('Minutes after which a file without its counterpart (metadata or document) is rejected'),
  max_document_mb: megabytes.describe('Largest file of a document in megabytes; a larger one counts as too-large and waits for a person'),
})

export const channel = z.discriminatedUnion('type', [mllpFeed, httpFeed, folderFeed, pkbDestination, printDestination, withholdDestination])
export type Channel = z.infer<typeof channel>
export type MllpFeed = z.infer<typeof mllpFeed>
export type HttpFeed = z.infer<typeof httpFeed>
export type FolderFeed = z.infer<typeof folderFeed>
export type Feed = MllpFeed | HttpFeed | FolderFeed
export type { CircuitSettings, Hl7Soap, PkbDestination, PrintDestination, RetrySettings } from './schema-destinations.ts'
export type ChannelTest = z.infer<typeof channelTest>
export type Expectation = z.infer<typeof expectation>

// ---------------------------------------------------------------- mappings/*.yaml

const hl7Place = z.string().regex(/^[A-Z][A-Z0-9]{2}-[1-9]\d*(\.[1-9]\d*){0,2}$/, 'write a place as SEGMENT-FIELD, SEGMENT-FIELD.COMPONENT or SEGMENT-FIELD.COMPONENT.SUBCOMPONENT, for example TXA-12.1')
const jsonPath = z.string().regex(/^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$/, 'write a place as names with dots, for example patient.nhsNumber')
const timeZone = text
  .refine(isTimeZone, 'write the name of a time zone, for example Europe/London')
  .describe('Time zone of times that are written without one, for example Europe/London')

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/**
 * Where each field of a document is. In HL7 a place without a component is the whole repetition of the field.
 * `first`: the first place that has a value; `all`: the values of every place.
 */
const fieldsOf = <P extends z.ZodType>(place: P) => {
  const places = z.array(place).min(1)
  const first = (what: string) => places.describe(`${what}: the first of these places that has a value`)
  return {
    document_id: first('Id of the document in RiO'),
    parent_id: first('Id of the document that a replacement replaces or an addendum adds to'),
    picklist: places.describe('The share or do-not-share choice: the first of these places that has a value, with all its repetitions; values that disagree are unrecognised'),
    names: places.describe('Every place that may carry a name with the 4-letter code: all are read, and a blocked code in any one blocks the document'),
    title: first('Title that the patient sees'),
    file_name: first('Name of the file'),
    source_time: first('When it happened in RiO. A message without this time can make sharing stricter, and never looser'),
    document_date: first('When the document was written'),
    team: places.describe('RiO team, looked up in services.csv: the first of these places that has a value; two values there that differ are none'),
    author: places.describe("Parts of the author's name, in the order in which they are shown"),
    organisations: places.describe("ODS code of the author's organisation: the first of these places that has a value, with all its repetitions"),
    uploaded_by: first('Who uploaded it'),
    completion: places.describe('Whether it is final or a draft, by the lists under completion: the first of these places that has a value; of several there the one that is not final'),
    availability: places.describe('Whether it is available, on hold, cancelled or superseded, by the lists under availability: the first of these places that has a value; of several there the one that is not available'),
    client_id: first('RiO client id of the patient'),
    family: first('Family name of the patient'),
    given: first('Given name of the patient'),
    birth_date: first('Date of birth; one that differs from PKB stops the document'),
    deceased: places.describe('Any value but no means that the patient has died: yes, true, a date'),
    restricted: places.describe('Any value but no means that the address must not be used'),
    address_lines: places.describe('Lines of the address, in order; lines and postcode are taken from one and the same repetition'),
    postcode: first('Postcode, of the same address as the lines'),
    format_needs: places.describe('Recorded needs for large print, braille or audio: all are read, and any one of them stops the print'),
  }
}
/** Without `deceased` nobody would ever have died, and without `restricted` every address could be used. */
const neededFields = { document_id: true, picklist: true, names: true, team: true, organisations: true, completion: true, deceased: true, restricted: true } as const

const signal = <P extends z.ZodType>(place: P) =>
  z.strictObject({ at: place.describe('Where it stands in the message'), values: z.array(code).min(1).describe('Values that speak against sharing; "*" for any value') })

const SIGNALS = 'Other places whose values speak against sharing with the patient; such a document waits for a person'
const completion = z.strictObject({
  final: z.array(code).describe('Values of a document that is final'),
  draft: z.array(code).describe('Values of a draft, which is withheld until the final version comes'),
}).describe('What the values of the field completion mean; one that is in neither list is unknown, and waits for a person')

export const hl7Mapping = z.strictObject({
  kind: z.literal('hl7-mdm').describe('Says where HL7 messages (MDM) keep each field; for feeds of the type mllp'),
  ...approval,
  source: name.describe('Short name of the system that the documents come from. The same source and the same document id mean the same document, whichever feed brings it'),
  time_zone: timeZone,
  fields: z.strictObject(fieldsOf(hl7Place)).partial().required({ ...neededFields, availability: true }).describe('Places of each field, the preferred one first'),
  nhs_number: z.strictObject({
    identifiers: z.array(hl7Place).min(1).describe('Fields that hold identifiers of the patient, for example PID-3; all their repetitions are read'),
    authority: code.describe('Assigning authority (component 4) of an NHS number'),
    type: code.describe('Identifier type (component 5) of an NHS number'),
    trace_status: z.array(hl7Place).min(1).describe('Places of its trace status; 01 is verified. Where the identifier itself holds {status:01} or the like, that is read too'),
  }).describe('Where the NHS number and its trace status are'),
  client_id_type: z.array(code).min(1).describe('Identifier types (component 5) of RiO client ids, the preferred one first'),
  completion,
  availability: z.strictObject({
    available: z.array(code).describe('Values of a document that may be used; a message that gives no value counts as available'),
    hold: z.array(code).describe('Values of a document that may not be used yet; it counts as a draft'),
    cancelled: z.array(code).describe('Values of a document that is cancelled; it is withheld, or taken back'),
    superseded: z.array(code).describe('Values of a document that a newer one replaced; it is withheld, or taken back'),
  }).describe('What the values of the field availability mean; one that is in none of the lists is unknown, and waits for a person'),
  signals: z.array(signal(hl7Place)).min(1).describe(SIGNALS),
  ignore: z.array(hl7Place).describe('Fields that are known not to matter; npx openletter explain reports every other field that has a value and that nothing here reads'),
})

export const uploadMapping = z.strictObject({
  kind: z.literal('upload').describe('Says where the metadata of an upload keeps each field; for feeds of the types http and folder'),
  ...approval,
  source: name.describe('Short name of the system that the documents come from. The same source and the same document id mean the same document, whichever feed brings it'),
  time_zone: timeZone,
  fields: z.strictObject(fieldsOf(jsonPath)).omit({ parent_id: true, availability: true }).partial().required(neededFields).describe('Places of each field, the preferred one first'),
  event: jsonPath.describe('What happened: created, updated, replaced, addendum or cancelled; anything else is refused'),
  replaces: jsonPath.describe('Id of the earlier document, for the event replaced'),
  addendum_to: jsonPath.describe('Id of the document that is added to, for the event addendum'),
  nhs_number: z.strictObject({
    number: z.array(jsonPath).min(1).describe('Places of the NHS number: all are read, and two that disagree are not verified'),
    trace_status: z.array(jsonPath).min(1).describe('Places of its trace status; 01 is verified'),
  }).describe('Where the NHS number and its trace status are'),
  completion,
  signals: z.array(signal(jsonPath)).min(1).describe(SIGNALS),
  ignore: z.array(jsonPath).describe('Names that are known not to matter, with all that is under them; npx openletter explain reports every other name that nothing here reads'),
})

export const mapping = z.discriminatedUnion('kind', [hl7Mapping, uploadMapping])
export type Hl7Mapping = z.infer<typeof hl7Mapping>
export type UploadMapping = z.infer<typeof uploadMapping>
export type Mapping = z.infer<typeof mapping>

// ---------------------------------------------------------------- mappings/sharing-rules.yaml

const oneOrMore = (values: readonly [string, ...string[]]) => z.union([z.enum(values), z.array(z.enum(values)).min(1)]).optional()
type Condition = ReturnType<typeof oneOrMore>
const conditions = z.strictObject(
  Object.fromEntries(Object.entries(FACTS).map(([fact, values]) => [fact, oneOrMore(values).describe(FACT_ORIGINS[fact as FactName])])) as { [F in keyof typeof FACTS]: Condition },
)

export const rule = z.strictObject({
  name: name.describe('Name of the rule, shown with each document that it decided; each rule has its own'),
  when: conditions.describe('Facts that a document must have; a list means one of these, and a fact left out is not looked at'),
  route: z.enum(RULE_ROUTES).describe('Where such a document goes: the PKB record (else the post), print, nobody, or a person who decides'),
  because: text.describe('A sentence that an administrator understands'),
  conflict: z.boolean().optional().describe('true lists the document for its directorate, because it was marked share and something else speaks against sharing; left out, false'),
})

export const sharingRules = z.strictObject({
  kind: z.literal('sharing-rules').describe('The sharing policy of the trust'),
  ...approval,
  test_patients: z.boolean().describe('Take NHS numbers that start with 999: only for a test system'),
  trust: z.strictObject({
    name: text.describe('Name of the trust, as the patient reads it'),
    organisations: z.array(odsCode).min(1).describe("The trust's own ODS codes; the first one is named as the keeper of each document. A document by any other organisation is external"),
  }).describe('Whose documents these are'),
  instruction: z.strictObject({
    share: z.array(text).min(1).describe('Whole texts of the picklist that mean share'),
    withhold: z.array(text).min(1).describe('Whole texts of the picklist that mean do not share'),
  }).describe('What the texts of the RiO picklist mean; capitals and spaces do not matter, and any other text is unrecognised'),
  custodial_postcodes: z.array(code).describe('Postcodes of prisons and other places of custody, where others open the post'),
  rules: z.array(rule).min(1).describe('The rules, tried from the top; the first that matches decides'),
})
export type SharingRules = z.infer<typeof sharingRules>

// ---------------------------------------------------------------- mappings/*.csv

export { directorateRow, documentCodeRow, reviewLimitRow, serviceRow, type Directorate, type DocumentCode, type ReviewLimitRow, type Service } from './schema-tables.ts'
