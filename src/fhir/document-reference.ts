// The UK Core DocumentReference of a document: the internal one, with every label and without data or identifiers.
// It refuses to decide anything: labels are put where they were decided to go, in both places, and none is left out.
import type { CodeableConcept, Coding, DocumentReference, DocumentReferenceContent, Extension, Identifier } from '@medplum/fhirtypes'
import { contentType } from '../decide/content.ts'
import type { Sources } from '../decide/facts.ts'
import type { Policy } from '../policy/policy.ts'
import type { Content, Decision, Facts, FactValue, Patient, RioDocument } from '../types.ts'
import {
  clientIds, DOCUMENT_CODE, DOCUMENT_FORMAT, DOCUMENT_TYPE, documentIds, NHS_NUMBER, ODS, SNOMED, UKCORE_DOCUMENT_REFERENCE, VERIFICATION_STATUS, VERIFICATION_STATUS_EXTENSION,
} from './systems.ts'

export type Described = {
  readonly document: RioDocument
  readonly facts: Facts
  readonly decision: Decision
  /** The decision's labels as codings. */
  readonly labels: readonly Coding[]
  readonly policy: Pick<Policy, 'trust'>
  readonly sources: Sources
  /** ISO instant: the date where the source gave no time. */
  readonly receivedAt: string
  /** The one NHS number of the message, as ten digits. */
  readonly nhsNumber?: string
}

export const documentReference = (described: Described): DocumentReference => {
  const { document, facts, labels, policy, sources } = described
  const docStatus = DOC_STATUS[facts.lifecycle]
  const who = subject(document, described.nhsNumber)
  const authors = authorsOf(document)
  const picklist = categories(document)
  return {
    resourceType: 'DocumentReference',
    meta: { profile: [UKCORE_DOCUMENT_REFERENCE], security: labels.map((label) => ({ ...label })) },
    status: STATUS[facts.lifecycle],
    ...(docStatus ? { docStatus } : {}),
    type: typeOf(facts, sources),
    ...(picklist.length > 0 ? { category: picklist } : {}),
    ...(who ? { subject: who } : {}),
    date: document.sourceTime ?? described.receivedAt,
    ...(authors.length > 0 ? { author: authors } : {}),
    custodian: { ...organisation(policy.trust.organisations[0] ?? ''), display: policy.trust.name },
    ...(document.parentId ? { relatesTo: [{ code: document.event === 'addendum' ? 'appends' : 'replaces', target: { type: 'DocumentReference', identifier: { system: documentIds(document.source), value: document.parentId } } }] } : {}),
    ...(document.title ? { description: document.title } : {}),
    ...(labels.length > 0 ? { securityLabel: labels.map((label) => ({ coding: [{ ...label }] })) } : {}),
    content: contentsOf(document),
    ...(sources.service?.snomed ? { context: { practiceSetting: { coding: [snomed(sources.service.snomed, sources.service.snomed_display)], text: sources.service.name } } } : {}),
  }
}

/** The status of the reference, and that of the document: HL7 tables 0273 and 0271 as facts. */
const STATUS = { final: 'current', unknown: 'current', draft: 'current', superseded: 'superseded', cancelled: 'entered-in-error' } as const satisfies Record<FactValue<'lifecycle'>, DocumentReference['status']>
const DOC_STATUS = { final: 'final', unknown: undefined, draft: 'preliminary', superseded: 'final', cancelled: 'entered-in-error' } as const satisfies Record<FactValue<'lifecycle'>, DocumentReference['docStatus'] | undefined>

const snomed = (code: string, display: string): Coding => ({ system: SNOMED, code, ...(display ? { display } : {}) })

const THIRD_PARTY = snomed('823941000000103', 'Third party document')
const MISCELLANEOUS = snomed('826501000000100', 'Miscellaneous record')

/** SNOMED first, then the trust's own code. A code that is not in the trust's list is not shown: it may be part of a name. */
const typeOf = (facts: Facts, { codeRow }: Sources): CodeableConcept => {
  const listed = codeRow?.snomed ? snomed(codeRow.snomed, codeRow.snomed_display) : MISCELLANEOUS
  const coding = facts.producer === 'external' || facts.kind === 'external' ? THIRD_PARTY : listed
  return {
    coding: [coding, ...(codeRow ? [{ system: DOCUMENT_CODE, code: codeRow.code, display: codeRow.name }] : [])],
    text: codeRow?.name ?? coding.display ?? 'Document',
  }
}

/** The picklist's own words: no standard code says the same. */
const categories = ({ picklist }: RioDocument): CodeableConcept[] =>
  [...new Set(picklist.map((found) => found.text.replace(/\s+/gu, ' ').trim()).filter((text) => text !== ''))]
    .map((text) => ({ coding: [{ system: DOCUMENT_TYPE, code: text, display: text }], text }))

// ---------------------------------------------------------------- people and organisations

const subject = ({ source, patient }: RioDocument, nhsNumber: string | undefined): DocumentReference['subject'] => {
  const identifier: Identifier | undefined = nhsNumber
    ? { ...verification(patient), system: NHS_NUMBER, value: nhsNumber }
    : patient.clientId ? { system: clientIds(source), value: patient.clientId } : undefined
  return identifier && { type: 'Patient', identifier }
}

/** UKCore-NHSNumberVerificationStatusEngland, with its displays. */
const TRACED: Readonly<Record<string, string>> = {
  '01': 'Number present and verified',
  '02': 'Number present but not traced',
  '03': 'Trace required',
  '04': 'Trace attempted - No match or multiple match found',
  '05': 'Trace needs to be resolved - (NHS number or patient detail conflict)',
  '06': 'Trace in progress',
  '07': 'Number not present and trace not required',
  '08': 'Trace postponed (baby under six weeks old)',
}

/** Nothing where statuses disagree or are not of the list. */
const verification = ({ traceStatuses }: Patient): { extension?: Extension[] } => {
  const statuses = [...new Set(traceStatuses.map((found) => found.text.trim()))]
  const [code] = statuses
  const display = code !== undefined && statuses.length === 1 && Object.hasOwn(TRACED, code) ? TRACED[code] : undefined
  if (!code || !display) return {}
  return { extension: [{ url: VERIFICATION_STATUS_EXTENSION, valueCodeableConcept: { coding: [{ system: VERIFICATION_STATUS, code, display }] } }] }
}

const organisation = (code: string): { type: 'Organization'; identifier: Identifier } => ({ type: 'Organization', identifier: { system: ODS, value: code } })

/** The person by name, and each organisation: by its code, or by name where it is no ODS code. */
const authorsOf = ({ author, organisations }: RioDocument): NonNullable<DocumentReference['author']> => [
  ...(author ? [{ type: 'Practitioner' as const, display: author }] : []),
  ...[...new Set(organisations.map((found) => found.text.trim()).filter((text) => text !== ''))].map((text) =>
    /^[A-Z0-9]{3,8}$/iu.test(text) ? organisation(text.toUpperCase()) : { type: 'Organization' as const, display: text }),
]

// ---------------------------------------------------------------- the file

/** `content` is needed by FHIR: without a file it holds a name only. */
const contentsOf = (document: RioDocument): DocumentReferenceContent[] => {
  const title = document.fileName ?? document.title ?? 'Document'
  if (document.contents.length === 0) return [{ attachment: { title } }]
  return document.contents.map((content) => ({ attachment: { ...attachmentOf(content), title, ...(document.documentDate ? { creation: document.documentDate } : {}) }, format: UNSTRUCTURED }))
}

const UNSTRUCTURED = { system: DOCUMENT_FORMAT, code: 'urn:nhs-ic:unstructured', display: 'Unstructured document' }

/** What the bytes prove, not what was declared. Of a file that was not stored whole, size and hash would be of a part. */
const attachmentOf = (content: Content): { contentType: string; size?: number; hash?: string } => {
  const { ref } = content
  const whole = !ref.tooLarge && !ref.broken
  return { contentType: contentType(content), ...(whole ? { size: ref.size, hash: ref.sha1 } : {}) }
}
