// The second key: everything that must hold right before something leaves, checked again from nothing, whatever the
// decision said. Pure. It refuses by default, and says which check refused without a word of the document. A recall
// has a key of its own: it takes back, so the floor and the stops do not bind it.
import type { Coding, DocumentReference } from '@medplum/fhirtypes'
import { floorAgainst, type Forbidden } from '../decide/floor.ts'
import { PKB_PRIVACY_LABEL, SHARING } from '../decide/labels.ts'
import { stands } from '../decide/owed.ts'
import { stableIdentifier } from '../fhir/identify.ts'
import { NHS_NUMBER } from '../fhir/systems.ts'
import type { Work } from '../ledger/ledger.ts'
import type { Action, Delivery, Plan } from '../types.ts'

export type Key = { readonly ok: true } | { readonly ok: false; readonly code: 'SECOND_KEY'; readonly detail: string }

export type Turned = {
  readonly work: Work
  readonly plan: Plan
  /** The outgoing resource, with its identifiers. */
  readonly resource: DocumentReference
  readonly delivery: Delivery
  readonly action: Exclude<Action, 'recall' | 'look'>
}

type Check = (turned: Turned) => string | undefined

/** Which floor lines bind a destination; one that is not here gets nothing. */
const FLOORS: Readonly<Record<string, readonly Forbidden[]>> = { pkb: ['pkb', 'send'], print: ['print'] }

const floor: Check = ({ plan, delivery }) => {
  const what = FLOORS[delivery.destination]
  if (!what) return 'Nothing may leave by this destination.'
  const against = what.flatMap((forbidden) => floorAgainst(plan.facts, forbidden))[0]
  return against && `${against.id}: ${against.says}`
}

const route: Check = ({ plan, delivery, action }) => {
  if (action !== 'create' && action !== 'update') return 'Only a create or an update sends a document.'
  if (plan.decision.route !== delivery.destination) return 'The decision does not route the document here.'
  return plan.decision.leftToTeam ? 'The letter is left to the team.' : undefined
}

const identifier: Check = ({ work, resource, delivery }) => {
  if (delivery.documentId !== work.documentId || delivery.identifier !== work.identifier) return 'The delivery is not of this document for this patient.'
  const { system, value } = stableIdentifier(delivery.identifier)
  const same = (resource.identifier ?? []).filter((id) => id.system === system)
  return same.length === 1 && same[0]?.value === value ? undefined : 'The identifier is not that of the delivery.'
}

const patient: Check = ({ work, plan, resource, delivery }) => {
  // A delivery opened before the number was known, of which nothing has gone anywhere, takes the number on.
  const unaddressed = delivery.nhsNumber === undefined && (delivery.standing === 'nothing' || delivery.standing === 'recalled')
  if (plan.nhsNumber !== work.nhsNumber || (delivery.nhsNumber !== work.nhsNumber && !unaddressed)) return 'The delivery is for another patient.'
  const subject = resource.subject?.identifier
  // A person can release a letter by post for a patient without a usable NHS number; the record needs one.
  if (work.nhsNumber === undefined) return delivery.destination === 'print' ? undefined : 'There is no NHS number.'
  return subject?.system === NHS_NUMBER && subject.value === work.nhsNumber ? undefined : 'The subject is not the patient of the delivery.'
}

const content: Check = ({ work, plan, resource }) => {
  const ref = plan.document.contents[0]?.ref
  if (!ref || plan.document.contents.length !== 1 || ref.tooLarge || ref.broken) return 'There is not exactly one whole file.'
  if (!work.receipt.contents.some(({ sha256, sha1, size }) => sha256 === ref.sha256 && sha1 === ref.sha1 && size === ref.size)) return 'The file is not one of the receipt.'
  const attachment = resource.content?.[0]?.attachment
  if (!attachment || resource.content.length !== 1) return 'There is not exactly one attachment.'
  if (attachment.hash !== ref.sha1 || attachment.size !== ref.size) return 'The attachment is not the file of the receipt.'
  return attachment.data === undefined && attachment.url === undefined ? undefined : 'The attachment names content of its own.'
}

const status: Check = ({ resource }) => (resource.status === 'current' ? undefined : 'The resource is not current.')

const labelsOfResource = (resource: DocumentReference): readonly Coding[] => resource.meta?.security ?? []
const labelsOfDocument = (resource: DocumentReference): readonly Coding[] => (resource.securityLabel ?? []).flatMap((label) => label.coding ?? [])

const labels: Check = ({ resource, delivery }) => {
  const places = [labelsOfResource(resource), labelsOfDocument(resource)]
  // R4 writes the system one way and STU3 another; under whatever system it stands, it says the patient must not see it.
  if (places.flat().some((coding) => coding.code?.trim().toUpperCase() === 'NOPAT')) return 'A label says that the patient must not see it.'
  if (!places.every((place) => place.some(({ system, code }) => system === SHARING && (code === 'share' || code === 'released')))) return 'No label says that it is shared.'
  if (places.flat().some(({ system, code }) => system === SHARING && code !== 'share' && code !== 'released')) return 'A label says that it is not shared.'
  if (delivery.destination !== 'pkb') return undefined
  const privacy = places.map((place) => place.filter(({ system }) => system === PKB_PRIVACY_LABEL))
  return privacy.every((found) => found.length === 1 && found[0]?.code === 'MENTAL_HEALTH') ? undefined : 'The privacy label is not that of mental health.'
}

const CHECKS: readonly Check[] = [floor, route, identifier, patient, content, status, labels]

const refused = (detail: string): Key => ({ ok: false, code: 'SECOND_KEY', detail })

/** For a create or an update: the whole floor, the route, the patient, the content and the labels. */
export const secondKey = (turned: Turned): Key => {
  for (const check of CHECKS) {
    const against = check(turned)
    if (against !== undefined) return refused(against)
  }
  return { ok: true }
}

/** For a recall: something was delivered, or may have been, and it is taken back from the patient it was sent to. */
export const recallKey = (work: Work, delivery: Delivery): Key => {
  if (!work.deliveries.some(({ id }) => id === delivery.id) || delivery.documentId !== work.documentId) return refused('There is no such delivery of this document.')
  if (!stands(delivery)) return refused('Nothing stands that could be taken back.')
  if (delivery.destination === 'pkb' && delivery.nhsNumber === undefined) return refused('It is not known to which patient it was sent.')
  return { ok: true }
}
