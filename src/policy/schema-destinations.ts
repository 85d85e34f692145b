// What may stand in the channel files of the destinations: PKB with its two transports, the print house, nobody. It
// refuses defaults for anything that bears on who gets to see a document.
import { z } from 'zod'
import { FACTS, TRANSPORTS } from '../types.ts'
import { approval, day, DAY, HOUR, seconds, TEN_MINUTES, text, WEEK_HOURS } from './schema-words.ts'

const endpoint = (what: string) => ({
  base_url: text.describe(`Address of the FHIR endpoint for ${what}; https, unless it is the sandbox`),
  token_url: text.describe('Address at which a token is asked for (OAuth2 client credentials); https, unless it is the sandbox'),
  client_id: text.describe('Client id that PKB gave the trust for this endpoint'),
  client_secret: text.describe('Secret of that client; only as a setting, so that no secret stands in a file'),
  organisation: text.describe("The trust's public id at PKB, sent with each request as X-Org-Public-Id"),
})
const destination = z.literal('destination').describe('A destination gets documents')
const atOnce = z.number().int().positive().max(64)
const retry = z.strictObject({
  first_secs: seconds(HOUR).describe('Seconds until the first try after a failure; each further one waits twice as long'),
  ceiling_secs: seconds(DAY).describe('Longest wait between two tries, in seconds'),
  jitter: z.number().min(0).max(1).describe('Random share, from 0 to 1, by which a wait may be shorter, so that not all come back at one moment'),
})
const waiting = z.strictObject({ hours: z.number().min(0.25).max(WEEK_HOURS).describe('Hours') }, 'write { hours: 2 }, with the number that is meant')
  .describe('Somebody is told when a delivery has been owed for longer than this and no stop explains it; left out, nobody is')
const circuit = z.strictObject({
  opens_after: z.number().int().positive().describe('Failures in a row after which the destination is left alone for a while'),
  probe_secs: seconds(HOUR).describe('Seconds until one delivery is tried again after that'),
})

/** Exactly one of the three: a bare number does not say of what. */
const span = z.union([
  z.strictObject({ hours: z.number().min(1).max(8_760).describe('Hours') }),
  z.strictObject({ days: z.number().int().min(1).max(365).describe('Days of 24 hours') }),
  z.strictObject({ working_days: z.number().int().min(1).max(260).describe('Whole working days: Monday to Friday, without the bank holidays of England, in London') }),
], 'write { hours: 72 }, { days: 3 } or { working_days: 3 }, with the number that is meant')
const KINDS = FACTS.kind.filter((kind) => kind !== 'unknown' && kind !== 'external')
const byKind = z.strictObject(Object.fromEntries(KINDS.map((kind) => [kind, span.optional().describe(`For documents of the kind ${kind}`)])) as { [K in (typeof KINDS)[number]]: z.ZodOptional<typeof span> })
const confirmation = z.strictObject({ by: text.describe('Who at PKB confirmed it'), on: day.describe('Day of the confirmation, in quotes') })
/** Separators and control characters of HL7 would end the field; `$` begins a setting. */
const field = z.string().regex(/^[^|^~&$\\\s\p{Cc}]([^|^~&$\\\p{Cc}]{0,78}[^|^~&$\\\s\p{Cc}])?$/u, 'write 1 to 80 letters, digits and spaces, without | ^ ~ & $ or a backslash')
const CARE_PLAN = 'CP'
/** PKB's list of document types (PKBCS05) cannot be read to its end: any is taken that looks like one, but for the care plan. Without look-ahead, for editors. */
const documentType = z.string().regex(/^([ABD-Z][A-Z]{1,3}|C[A-OQ-Z]|C[A-Z]{2,3})$/u, {
  error: ({ input }) => (input === CARE_PLAN ? 'CP would make it a care plan, which PKB keeps in every version and lets nobody take back: write another of its document types' : "write one of PKB's document types (PKBCS05), two to four capital letters such as CL"),
})
const fourLetters = z.string({ error: 'codes are text: put it in quotes' }).regex(/^[A-Z]{4}$/, 'a code is four capital letters')

const hl7Soap = z.strictObject({
  url: text.describe('Address of the SOAP service that takes HL7 messages; https, unless it is the sandbox'),
  username: text.describe('User name that PKB gave the trust (or the team) for HL7'),
  password: text.describe('Its password; only as a setting, so that no secret stands in a file'),
  sending_application: field.describe('MSH-3: the name by which the engine calls itself; PKB does not go by it for letters'),
  sending_facility: field.optional().describe('MSH-4: the alias of the organisation or team at PKB, where PKB has set one up'),
  document_types: z.record(fourLetters, documentType).describe("TXA-2: PKB's document type for each code of document-codes.csv that may be shared; never CP, which would make it a care plan that nobody can take back"),
  other_document_type: documentType.describe("TXA-2 of a document whose code is not in the list and that a person has released"),
  hospital_services: z.record(z.string().min(1), field).describe('PV1-10: for each team in scope the service code that PKB maps to the privacy label Mental Health; without one PKB would call a letter General Health'),
  labels_confirmed_by_pkb: confirmation.optional().describe('Who at PKB confirmed that each of these service codes is mapped to Mental Health; needed with transport hl7-soap for any address but the sandbox'),
  display_delay: z.strictObject({
    days: z.record(fourLetters, z.number().int().min(1).max(365)).describe('OBX-13: days for which a patient sees that there is a document and cannot open it, by code'),
    counts_from: z.enum(['document-date', 'sending']).describe('PKB counts from the date of the document, so of a letter that is sent late the delay may be over; with sending, the days that have passed since then are added'),
  }).optional().describe('Documents that the patient may open only after some days; left out, there is no delay. It withholds nothing: the patient is told of the document at once'),
  title_at: z.enum(['OBX-3.2', 'OBX-3.5']).describe('Where PKB reads the title that the patient sees'),
  content_type: field.describe('OBX-5.2 for a PDF: PKB writes TEXT'),
  content_subtype: field.describe('OBX-5.3 for a PDF: PKB writes PDF'),
})

export const pkbDestination = z.strictObject({
  kind: destination,
  type: z.literal('pkb').describe("The patient's record at Patients Know Best; the file is called pkb.yaml"),
  ...approval,
  transport: z.enum(TRANSPORTS).describe('How documents are written: fhir (R4) or hl7-soap (HL7 v2 in SOAP). What stands by the other one is taken back by the other one'),
  fhir: z.strictObject(endpoint('documents')).describe('Where documents are written by FHIR'),
  hl7_soap: hl7Soap.describe('Where documents are written by HL7 v2 in SOAP, and what PKB has to be told there'),
  facade: z.strictObject(endpoint('accounts')).describe('Where accounts are asked for, and what was read: PKB keeps it apart from the documents'),
  account_fresh_hours: z.number().min(0.25).max(WEEK_HOURS).describe("Hours for which PKB's answer about an account counts; after them it is asked again before anything is sent"),
  print_after: span.describe('A letter that waits for so long because PKB does not say whether there is an account goes by post; where the safety floor forbids that, a person looks. It counts from when the letter was first to go to the record'),
  registered_later: z.enum(['stays-by-post', 'pulled-back']).describe('A letter lies in the outbox because there was no account, and now there is one: it stays with the post, or it is pulled back and goes to the record. A printed one always stays'),
  print_if_unread_after: byKind.optional().describe('By kind of document, as document-codes.csv says it: a letter for the record that is not proven read after so long goes by post as well, once, even if it never got there; where the safety floor forbids that, a person looks. It counts from when this content was first to go to the record. A kind that is left out is never posted for that. Only with transport hl7-soap: by FHIR nothing can be shown to be read'),
  extra_bank_holidays: z.array(day).optional().describe('Bank holidays of England beside the usual ones, in quotes, such as "2027-05-07"; they count for every working_days in this file, and for the limits of reviews'),
  read_poll_secs: seconds(DAY).optional().describe('Seconds between two questions about what was read; 300 if left out. Only of what was sent by HL7'),
  at_once: atOnce.default(1).describe('Exchanges that may run at the same moment, over all processes; 1 if left out, as PKB asks for. At PKB itself at most 4 by HL7, and only once PKB has agreed'),
  per_minute: z.number().int().min(1).max(6_000).optional().describe('Most exchanges in a minute, over all processes; left out, there is no ceiling. A recall never waits for it'),
  timeout_secs: seconds(TEN_MINUTES).describe('Seconds to wait for an answer; after them nobody knows whether PKB has it. By FHIR the engine looks before it sends again; by HL7 nobody can look, and it waits settle_secs'),
  settle_secs: seconds(HOUR).describe('Seconds for which PKB may still be storing what it was sent, by either transport; more than timeout_secs. So long after an attempt whose end is unknown nobody believes that a copy is gone, and by HL7 nothing of the same document is sent'),
  retry: retry.describe('When to try again what certainly did not arrive'),
  circuit: circuit.describe('When to leave a destination alone that fails again and again'),
  alert_if_waiting: waiting.optional(),
  confirmed_by_pkb: confirmation.optional().describe('Who at PKB confirmed in writing that documents written to this FHIR address reach the patient; needed with transport fhir for any address but the sandbox'),
})

export const printDestination = z.strictObject({
  kind: destination,
  type: z.literal('print').describe("The print house's hot folder; the file is called print.yaml"),
  ...approval,
  folder: text.describe("The print house's hot folder: outbox/ and acknowledgements/ are made in it"),
  mode: z.enum(['demo', 'live']).describe('Written into each manifest, so that the print house knows whether to post'),
  return_address: z.array(text).min(1).describe('Lines of the address to which undelivered letters come back'),
  postage: z.enum(['first', 'second', 'economy']).describe('Class of post, written into each manifest'),
  acknowledgement_poll_secs: seconds(HOUR).describe("Seconds between two looks for the print house's answers"),
  at_once: atOnce.describe('Exchanges that may run at the same moment, over all processes'),
  retry: retry.describe('When to try again what certainly did not arrive'),
  circuit: circuit.describe('When to leave a destination alone that fails again and again'),
  alert_if_waiting: waiting.optional(),
})

export const withholdDestination = z.strictObject({ kind: destination, type: z.literal('withhold').describe('Nobody: nothing is sent; the file is called withhold.yaml'), ...approval })

export type PkbDestination = z.infer<typeof pkbDestination>
export type Hl7Soap = z.infer<typeof hl7Soap>
export type PrintDestination = z.infer<typeof printDestination>
export type RetrySettings = z.infer<typeof retry>
export type CircuitSettings = z.infer<typeof circuit>
