// From a document, a policy, a person and what the ledger knew, to the closed set of facts: the only things that
// rules may look at. It refuses defaults: what is not known has a value that says so.
import type { Policy } from '../policy/policy.ts'
import type { Directorate, DocumentCode, Feed, Mapping, Service } from '../policy/schema.ts'
import type { FactName, Facts, FactValue, Patient, Person, Prior, RioDocument } from '../types.ts'
import { FACT_NAMES, FACTS } from '../types.ts'
import { codeFact } from './code.ts'
import { content } from './content.ts'
import { identity } from './identity.ts'
import { londonDay } from './london.ts'
import { instruction } from './picklist.ts'

/** The rows of the policy that a document's facts came from: for labels, the resource and the page. */
export type Sources = { readonly code?: string; readonly codeRow?: DocumentCode; readonly service?: Service; readonly directorate?: Directorate }

export const factsOf = (document: RioDocument, policy: Policy, feedName: string, person: Person, prior: Prior): { readonly facts: Facts; readonly sources: Sources } => {
  const feed = own(policy.feeds, feedName)
  const mapping = feed ? own(policy.mappings, feed.mapping) : undefined
  const code = codeFact(document.names, policy.codes)
  const kind = code.row?.kind ?? 'unknown'
  const service = document.team ? own(policy.services, document.team.text.trim()) : undefined
  const directorate = service ? own(policy.directorates, service.directorate) : undefined
  const facts: Facts = {
    instruction: instruction(document.picklist, policy.instruction),
    signals: document.signals.length > 0 ? 'restrictive' : 'none',
    code: code.fact,
    kind,
    producer: producer(document, kind, policy, feed),
    service: service?.service ?? 'unknown',
    directorate: stricter('directorate', directorateFact(directorate, prior.firstReceivedAt), feed?.status ?? 'unknown'),
    identity: identity(document.patient, person, policy.testPatients),
    lifecycle: lifecycle(document, mapping, prior),
    content: content(document.contents),
    person: document.patient.deceased || person.deceased ? 'deceased' : 'alive',
    post: post(document.patient, policy.custodialPostcodes),
    account: person.account,
    hold: prior.held ? 'held' : 'none',
    release: prior.released === 2 ? 'two' : prior.released === 1 ? 'one' : 'none',
  }
  const sources = { ...(code.code ? { code: code.code } : {}), ...(code.row ? { codeRow: code.row } : {}), ...(service ? { service } : {}), ...(directorate ? { directorate } : {}) }
  return { facts, sources }
}

const own = <T>(table: { readonly [key: string]: T }, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined)

/** External if the kind or any organisation says so; trust only if every organisation is one of the trust's own. */
const producer = (document: RioDocument, kind: string, policy: Policy, feed: Feed | undefined): FactValue<'producer'> => {
  if (kind === 'external') return 'external'
  const organisations = document.organisations.map((found) => found.text.trim().toUpperCase()).filter((text) => text !== '')
  if (organisations.length === 0) return feed?.producer_when_missing === 'trust' ? 'trust' : 'unknown'
  return organisations.every((organisation) => policy.trust.organisations.includes(organisation)) ? 'trust' : 'external'
}

/** Live needs a sign-off, and a go-live date that is not after the day on which the document was first received. */
export const directorateFact = (directorate: Directorate | undefined, firstReceivedAt: string): FactValue<'directorate'> => {
  if (!directorate) return 'unknown'
  if (directorate.status !== 'live') return directorate.status
  const signedOff = directorate.signed_off_by !== '' && directorate.signed_off_on !== '' && directorate.go_live !== '' && directorate.review_by !== ''
  return signedOff && directorate.go_live <= londonDay(new Date(firstReceivedAt)) ? 'live' : 'not-live'
}

const lifecycle = (document: RioDocument, mapping: Mapping | undefined, prior: Prior): FactValue<'lifecycle'> => {
  if (document.event === 'cancelled' || prior.cancelled) return 'cancelled'
  const availability = document.availability?.text.trim().toUpperCase() ?? ''
  const hl7 = mapping?.kind === 'hl7-mdm' ? mapping.availability : undefined
  if (hl7?.cancelled.includes(availability)) return 'cancelled'
  if (prior.superseded || hl7?.superseded.includes(availability)) return 'superseded'
  const completion = document.completion?.text.trim() ?? ''
  if (mapping && listed(mapping.completion.draft, completion)) return 'draft'
  if (hl7?.hold.includes(availability)) return 'draft'
  if (hl7 && availability !== '' && !hl7.available.includes(availability)) return 'unknown'
  return mapping && listed(mapping.completion.final, completion) ? 'final' : 'unknown'
}

const listed = (values: readonly string[], text: string): boolean => text !== '' && values.some((value) => value.toLowerCase() === text.toLowerCase())

/** As the print house needs it: a line or more, and a postcode in the form of a UK one. */
const POSTCODE = /^[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}$/u
export const tight = (postcode: string): string => postcode.toUpperCase().replace(/\s+/gu, '')

const post = (patient: Patient, custodial: readonly string[]): FactValue<'post'> => {
  const postcode = tight(patient.address?.postcode ?? '')
  if (postcode !== '' && custodial.includes(postcode)) return 'custodial'
  if (patient.restricted) return 'restricted'
  const lines = patient.address?.lines.filter((line) => line.trim() !== '') ?? []
  if (lines.length === 0 || !POSTCODE.test(postcode) || lines.some((line) => /no fixed (abode|address)/iu.test(line))) return 'missing'
  return patient.formatNeeds.length > 0 ? 'format-need' : 'usable'
}

// ---------------------------------------------------------------- stricter of two

const strictness = <F extends FactName>(fact: F, value: FactValue<F>): number => (FACTS[fact] as readonly string[]).indexOf(value)

export const stricter = <F extends FactName>(fact: F, a: FactValue<F>, b: FactValue<F>): FactValue<F> => (strictness(fact, a) >= strictness(fact, b) ? a : b)

/** The facts with each of `by` where that is stricter. */
export const tighten = (facts: Facts, by: Partial<Facts>): Facts =>
  Object.fromEntries(FACT_NAMES.map((fact) => [fact, by[fact] === undefined ? facts[fact] : stricter(fact, facts[fact], by[fact])])) as Facts

/** What a late message is believed about: what it says of the document itself, never whom or where it is sent. */
const LATE_BELIEVED = ['instruction', 'signals', 'code', 'producer', 'lifecycle', 'person'] as const satisfies readonly FactName[]

/** The facts of `late` that are stricter than those of `now`; empty: the late message changes nothing. */
export const tightening = (now: Facts, late: Facts): Partial<Facts> =>
  Object.fromEntries(
    LATE_BELIEVED.filter((fact) => strictness(fact, late[fact]) > strictness(fact, now[fact]))
      // A document that was a draft before it was final is no news: completion never moves down (HL7 table 0271).
      .filter((fact) => fact !== 'lifecycle' || late.lifecycle === 'cancelled' || late.lifecycle === 'superseded')
      .map((fact) => [fact, late[fact]]),
  )
