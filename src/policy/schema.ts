// What may stand in the files that analysts edit, declared once per kind: the type, the lint and (later) the JSON
// Schema and reference page all come from here. It refuses defaults for anything that bears on sharing.
import { z } from 'zod'
import { LABELS } from '../decide/labels.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { FACTS, RULE_ROUTES } from '../types.ts'

/** A code is text: unquoted 0042 or an 18-digit SNOMED id would be rounded by YAML. */
const code = z.string({ error: 'codes are text: put it in quotes' }).min(1)
const text = z.string().min(1)
const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'use lower-case letters, digits and hyphens, starting with a letter')
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'write a date as "2026-11-20", in quotes')
/** In a table there are no quotes. */
const cellDay = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'write a date as 2026-11-20')
const approval = { approved_by: text.describe('Role, not person, that approved this file'), approved_on: day }
const status = z.enum(['live', 'observing', 'not-live'])

// ---------------------------------------------------------------- channels/

const oneOf = (values: readonly [string, ...string[]]) => z.enum(values).optional()
const factValues = z.strictObject(
  Object.fromEntries(Object.entries(FACTS).map(([fact, values]) => [fact, oneOf(values)])) as { [F in keyof typeof FACTS]: ReturnType<typeof oneOf> },
)
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** What must and must not become of a document. What is left out may be anything. */
export const expectation = z.strictObject({
  route: z.enum([...RULE_ROUTES, 'observe']).optional(),
  rule: text.optional(),
  would_route: z.enum(RULE_ROUTES).optional(),
  would_rule: text.optional(),
  conflict: z.boolean().optional(),
  variance: z.boolean().optional(),
  left_to_team: z.boolean().optional(),
  facts: factValues.optional(),
  labels: z.array(z.enum(Object.keys(LABELS) as [string, ...string[]])).optional(),
  not_labels: z.array(z.enum(Object.keys(LABELS) as [string, ...string[]])).optional(),
  not_to: z.array(z.enum(['pkb', 'print'])).optional(),
  resource: z.record(z.string().min(1), z.union([scalar, z.array(scalar)])).optional(),
  refused: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]).optional(),
})

/** A test inside a feed file: a message or an upload, and what must and must not become of it. */
export const channelTest = z.strictObject({
  name: text,
  sample: text.optional(),
  message: text.optional(),
  upload: z.strictObject({
    metadata: z.record(z.string(), z.unknown()),
    file: text.optional(),
  }).optional(),
  person: z.strictObject({ account: z.enum(FACTS.account), deceased: z.boolean().optional(), birth_date: day.optional() }).optional(),
  prior: z.strictObject({
    first_received_on: day.optional(),
    held: z.boolean().optional(),
    released_by: z.union([z.literal(1), z.literal(2)]).optional(),
    parent_standing: z.boolean().optional(),
    cancelled: z.boolean().optional(),
    superseded: z.boolean().optional(),
    moved: z.boolean().optional(),
  }).optional(),
  expect: expectation,
})

const feed = {
  kind: z.literal('feed'),
  ...approval,
  mapping: name.describe('The file in mappings/ that says where each field is'),
  status: status.describe('A feed that is observing or not-live lets nothing out, whatever the directorates say'),
  producer_when_missing: z.enum(['trust', 'unknown']).describe('What a document without author organisation is taken for'),
  tests: z.array(channelTest).min(1),
}
const port = z.number().int().min(0).max(65535)

export const mllpFeed = z.strictObject({
  ...feed,
  type: z.literal('mllp'),
  host: text,
  port,
  max_message_mb: z.number().positive().max(1024),
  idle_timeout_secs: z.number().positive(),
  test_system: z.boolean().describe('Take messages whose MSH-11 is not P'),
  tls: z.strictObject({
    key_file: text,
    cert_file: text,
    client_ca_file: text.optional().describe('Ask each sender for a certificate signed by this authority'),
  }).optional(),
})

export const httpFeed = z.strictObject({
  ...feed,
  type: z.literal('http'),
  token: text,
  max_document_mb: z.number().positive().max(1024),
})

export const folderFeed = z.strictObject({
  ...feed,
  type: z.literal('folder'),
  folder: text,
  poll_secs: z.number().positive(),
  settled_secs: z.number().positive(),
  orphan_after_mins: z.number().positive(),
  max_document_mb: z.number().positive().max(1024),
})

const oauth = { token_url: text, client_id: text, client_secret: text, organisation: text }
const retry = z.strictObject({
  first_secs: z.number().positive(),
  ceiling_secs: z.number().positive(),
  jitter: z.number().min(0).max(1),
})
const circuit = z.strictObject({
  opens_after: z.number().int().positive().describe('Failures in a row'),
  probe_secs: z.number().positive().describe('How long it stays open before one delivery is tried'),
})

export const pkbDestination = z.strictObject({
  kind: z.literal('destination'),
  type: z.literal('pkb'),
  ...approval,
  transport: z.literal('fhir'),
  fhir: z.strictObject({ base_url: text, ...oauth }),
  facade: z.strictObject({ base_url: text, ...oauth }).describe('Where accounts are asked for: PKB keeps it apart from the documents'),
  account_fresh_hours: z.number().positive(),
  at_once: z.number().int().positive(),
  timeout_secs: z.number().positive(),
  retry,
  circuit,
  confirmed_by_pkb: z.strictObject({ by: text, on: day }).optional().describe('Who at PKB confirmed in writing that documents written to this FHIR address reach the patient'),
})

export const printDestination = z.strictObject({
  kind: z.literal('destination'),
  type: z.literal('print'),
  ...approval,
  folder: text,
  mode: z.enum(['demo', 'live']).describe('Written into each manifest'),
  return_address: z.array(text).min(1),
  postage: z.enum(['first', 'second', 'economy']),
  acknowledgement_poll_secs: z.number().positive(),
  at_once: z.number().int().positive(),
  retry,
  circuit,
})

export const withholdDestination = z.strictObject({ kind: z.literal('destination'), type: z.literal('withhold'), ...approval })

export const channel = z.discriminatedUnion('type', [mllpFeed, httpFeed, folderFeed, pkbDestination, printDestination, withholdDestination])
export type Channel = z.infer<typeof channel>
export type MllpFeed = z.infer<typeof mllpFeed>
export type HttpFeed = z.infer<typeof httpFeed>
export type PkbDestination = z.infer<typeof pkbDestination>
export type PrintDestination = z.infer<typeof printDestination>
export type FolderFeed = z.infer<typeof folderFeed>
export type Feed = MllpFeed | HttpFeed | FolderFeed
export type RetrySettings = z.infer<typeof retry>
export type CircuitSettings = z.infer<typeof circuit>
export type ChannelTest = z.infer<typeof channelTest>

// ---------------------------------------------------------------- mappings/*.yaml

const hl7Place = z.string().regex(/^[A-Z][A-Z0-9]{2}-[1-9]\d*(\.[1-9]\d*){0,2}$/, 'write a place as SEGMENT-FIELD, SEGMENT-FIELD.COMPONENT or SEGMENT-FIELD.COMPONENT.SUBCOMPONENT, for example TXA-12.1')
const jsonPath = z.string().regex(/^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$/, 'write a place as names with dots, for example patient.nhsNumber')
const timeZone = text
  .refine(isTimeZone, 'write the name of a time zone, for example Europe/London')
  .describe('Zone of times without an offset, for example Europe/London')

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
  const first = places.describe('The first of these places that has a value')
  const all = places.describe('Every one of these places is read')
  return {
    document_id: first,
    parent_id: first,
    picklist: places.describe('The first of these places that has a value, with all its repetitions; values that disagree are unrecognised'),
    names: places.describe('Each place that may carry the name with its 4-letter code: all are read'),
    title: first,
    file_name: first,
    source_time: first,
    document_date: first,
    team: first,
    author: places.describe("Parts of the author's name, in the order in which they are shown"),
    organisations: places.describe('The first of these places that has a value, with all its repetitions'),
    uploaded_by: first,
    completion: first,
    availability: first,
    client_id: first,
    family: first,
    given: first,
    birth_date: first,
    deceased: places.describe('Any value but no means that the patient has died: yes, true, a date'),
    restricted: places.describe('Any value but no means that the address must not be used'),
    address_lines: places.describe('Lines of the address, in order; lines and postcode are taken from one and the same repetition'),
    postcode: first,
    format_needs: all,
  }
}
const neededFields = { document_id: true, picklist: true, names: true, team: true, organisations: true, completion: true } as const

const signal = <P extends z.ZodType>(place: P) =>
  z.strictObject({ at: place, values: z.array(code).min(1).describe('Values that speak against sharing; "*" for any value') })

export const hl7Mapping = z.strictObject({
  kind: z.literal('hl7-mdm'),
  ...approval,
  source: name.describe('Source system: with the document id the key of a document, whichever feed brought it'),
  time_zone: timeZone,
  fields: z.strictObject(fieldsOf(hl7Place)).partial().required(neededFields),
  nhs_number: z.strictObject({
    identifiers: z.array(hl7Place).min(1).describe('Repeating identifier fields, for example PID-3'),
    authority: code.describe('Assigning authority (component 4) of an NHS number'),
    type: code.describe('Identifier type (component 5) of an NHS number'),
    trace_status: z.array(hl7Place).min(1).describe('Read beside {status:..} in the identifier itself'),
  }),
  client_id_type: z.array(code).min(1).describe('Identifier types (component 5) of RiO client ids, the preferred one first'),
  completion: z.strictObject({ final: z.array(code), draft: z.array(code) }),
  availability: z.strictObject({ available: z.array(code), hold: z.array(code), cancelled: z.array(code), superseded: z.array(code) }),
  signals: z.array(signal(hl7Place)),
  ignore: z.array(hl7Place).describe('Fields known to carry nothing that matters; all others that carry a value are reported as unread'),
})

export const uploadMapping = z.strictObject({
  kind: z.literal('upload'),
  ...approval,
  source: name.describe('Source system: with the document id the key of a document, whichever feed brought it'),
  time_zone: timeZone,
  fields: z.strictObject(fieldsOf(jsonPath)).omit({ parent_id: true, availability: true }).partial().required(neededFields),
  event: jsonPath,
  replaces: jsonPath.describe('Id of the earlier document, for the event replaced'),
  addendum_to: jsonPath.describe('Id of the document that is added to, for the event addendum'),
  nhs_number: z.strictObject({ number: z.array(jsonPath).min(1), trace_status: z.array(jsonPath).min(1) }),
  completion: z.strictObject({ final: z.array(code), draft: z.array(code) }),
  signals: z.array(signal(jsonPath)),
  ignore: z.array(jsonPath).describe('Names known to carry nothing that matters, with all that is under them'),
})

export const mapping = z.discriminatedUnion('kind', [hl7Mapping, uploadMapping])
export type Hl7Mapping = z.infer<typeof hl7Mapping>
export type UploadMapping = z.infer<typeof uploadMapping>
export type Mapping = z.infer<typeof mapping>

// ---------------------------------------------------------------- mappings/sharing-rules.yaml

const oneOrMore = (values: readonly [string, ...string[]]) => z.union([z.enum(values), z.array(z.enum(values)).min(1)]).optional()
type Condition = ReturnType<typeof oneOrMore>
const conditions = z.strictObject(
  Object.fromEntries(Object.entries(FACTS).map(([fact, values]) => [fact, oneOrMore(values)])) as { [F in keyof typeof FACTS]: Condition },
)

export const rule = z.strictObject({
  name,
  when: conditions,
  route: z.enum(RULE_ROUTES),
  because: text.describe('A sentence that an administrator understands'),
  conflict: z.boolean().optional().describe('List it for the directorate: with instruction share, something speaks against sharing'),
})

export const sharingRules = z.strictObject({
  kind: z.literal('sharing-rules'),
  ...approval,
  test_patients: z.boolean().describe('Take NHS numbers that start with 999: only for a test system'),
  trust: z.strictObject({
    name: text,
    organisations: z.array(code).min(1).describe("The trust's own ODS codes; the first is the custodian"),
  }),
  instruction: z.strictObject({ share: z.array(text).min(1), withhold: z.array(text).min(1) }),
  custodial_postcodes: z.array(code),
  rules: z.array(rule).min(1),
})
export type SharingRules = z.infer<typeof sharingRules>

// ---------------------------------------------------------------- mappings/*.csv

/** One row of each table. Every cell is text; `''` where the cell is empty. */
export const documentCodeRow = z.strictObject({
  code: z.string().regex(/^[A-Z]{4}$/, 'a code is four capital letters'),
  name: text,
  kind: z.enum(['appointment', 'clinical', 'external', 'legal', 'other']),
  sharing: z.enum(['listed', 'blocked', 'blocked-pkb']),
  snomed: z.string().regex(/^(\d{6,18})?$/, 'a SNOMED CT id is 6 to 18 digits'),
  snomed_display: z.string(),
  approved_by: text,
  approved_on: cellDay,
})
export const serviceRow = z.strictObject({
  team: text,
  name: text,
  service: z.enum(['in-scope', 'out-of-scope']),
  directorate: text,
  snomed: z.string().regex(/^(\d{6,18})?$/, 'a SNOMED CT id is 6 to 18 digits'),
  snomed_display: z.string(),
  approved_by: text,
  approved_on: cellDay,
})
export const directorateRow = z.strictObject({
  directorate: text,
  name: text,
  status,
  go_live: z.union([cellDay, z.literal('')]),
  signed_off_by: z.string(),
  signed_off_on: z.union([cellDay, z.literal('')]),
  review_by: z.union([cellDay, z.literal('')]),
  post: z.enum(['engine', 'team']),
  approved_by: text,
  approved_on: cellDay,
})
export type DocumentCode = z.infer<typeof documentCodeRow>
export type Service = z.infer<typeof serviceRow>
export type Directorate = z.infer<typeof directorateRow>
