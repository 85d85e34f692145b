// What the sandbox reads out of a DocumentReference, and what it finds wrong with one. It checks shape only, as PKB
// says of its own endpoint, and that hash and size are those of the data. It refuses nothing for its labels: PKB
// withholds nothing, so a document that should never have been sent is shown like any other.
import type { DocumentReference, Identifier, Reference } from '@medplum/fhirtypes'
import type { Cut } from './cut-out.ts'
import type { Issue } from './outcome.ts'
import { isTenDigits, NHS_NUMBER_SYSTEM } from './people.ts'

const PRIVACY_LABEL_SYSTEM = 'http://fhir.patientsknowbest.com/codesystem/privacy-label'
export const LABELS = ['GENERAL_HEALTH', 'MENTAL_HEALTH', 'SEXUAL_HEALTH', 'SOCIAL_CARE'] as const
export type Label = (typeof LABELS)[number]
/** What PKB takes a document for that comes without a label. */
export const UNLABELLED: Label = 'GENERAL_HEALTH'
const STATUSES = ['current', 'superseded', 'entered-in-error']

export type Described = {
  /** By what its sender knows it: the first identifier's value, or TXA-12.1. */
  readonly key: string
  /** What names this version of it: the master identifier's value, or MSH-10. */
  readonly revision: string
  readonly status: string
  /** `system|value` of each identifier, the master identifier included, as FHIR searches them. */
  readonly identifiers: readonly string[]
  readonly nhsNumber: string
  readonly title: string
  readonly contentType: string
  readonly privacyLabel: string
  /** It carries NOPAT: somebody meant it to be kept from the patient. */
  readonly nopat: boolean
  /** The bytes of the first attachment; absent from one that was taken back. */
  readonly cut?: Cut
}

export type Reading = { readonly ok: true; readonly described: Described } | { readonly ok: false; readonly issues: readonly Issue[] }

/** `DocumentReference` parsed from outside: any part may be missing or of another shape. */
export const readDocumentReference = (resource: Partial<DocumentReference>, cuts: readonly Cut[]): Reading => {
  const issues: Issue[] = []
  const wrong = (code: Issue['code'], expression: string, says: string): void => { issues.push({ code, expression: `DocumentReference.${expression}`, says }) }

  const status = String(resource.status ?? '')
  if (status === '') wrong('required', 'status', 'status is needed')
  else if (!STATUSES.includes(status)) wrong('value', 'status', `status is none of ${STATUSES.join(', ')}`)

  const nhsNumber = nhsNumberOf(resource.subject)
  if (nhsNumber === undefined) wrong('required', 'subject.identifier', `subject.identifier with system ${NHS_NUMBER_SYSTEM} is needed`)
  else if (!isTenDigits(nhsNumber)) wrong('value', 'subject.identifier.value', 'an NHS number has ten digits')

  const cut = status === 'entered-in-error' && !resource.content?.[0]?.attachment?.data ? undefined : checkContent(resource, cuts, wrong)
  if (issues.length > 0) return { ok: false, issues }

  const attachment = resource.content?.[0]?.attachment
  return {
    ok: true,
    described: {
      key: listOf(resource.identifier)[0]?.value ?? '',
      revision: resource.masterIdentifier?.value ?? '',
      status,
      identifiers: [resource.masterIdentifier, ...listOf(resource.identifier)].flatMap((id) => (id?.value ? [`${id.system ?? ''}|${id.value}`] : [])),
      nhsNumber: nhsNumber ?? '',
      title: attachment?.title ?? resource.description ?? resource.type?.text ?? 'Untitled document',
      contentType: attachment?.contentType ?? '',
      privacyLabel: codings(resource).find((coding) => coding.system === PRIVACY_LABEL_SYSTEM)?.code ?? UNLABELLED,
      nopat: codings(resource).some((coding) => coding.code === 'NOPAT'),
      ...(cut ? { cut } : {}),
    },
  }
}

type Wrong = (code: Issue['code'], expression: string, says: string) => void

const checkContent = (resource: Partial<DocumentReference>, cuts: readonly Cut[], wrong: Wrong): Cut | undefined => {
  const at = 'content[0].attachment'
  const attachment = resource.content?.[0]?.attachment
  if (!attachment) return void wrong('required', at, 'an attachment is needed')
  if (!attachment.contentType) wrong('required', `${at}.contentType`, 'contentType is needed')
  const cut = cuts.find(({ mark }) => mark === attachment.data)
  if (attachment.data === undefined) return void wrong('required', `${at}.data`, 'data is needed: nothing is fetched from elsewhere')
  if (!cut || cut.broken) return void wrong('value', `${at}.data`, 'data is not base64')
  if (cut.size === 0) wrong('value', `${at}.data`, 'data is empty')
  if (attachment.size !== undefined && attachment.size !== cut.size) wrong('value', `${at}.size`, 'size is not that of the data')
  if (attachment.hash !== undefined && attachment.hash !== cut.sha1) wrong('value', `${at}.hash`, 'hash is not the base64 SHA-1 of the data')
  return cut
}

const nhsNumberOf = (subject: Reference | undefined): string | undefined =>
  subject?.identifier?.system === NHS_NUMBER_SYSTEM ? (subject.identifier.value ?? '') : undefined

const listOf = (identifiers: readonly Identifier[] | undefined): readonly Identifier[] => (Array.isArray(identifiers) ? identifiers : [])

const codings = (resource: Partial<DocumentReference>) =>
  [...(resource.meta?.security ?? []), ...(resource.securityLabel ?? []).flatMap((label) => label.coding ?? [])]
