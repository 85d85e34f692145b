// The journey of a document on one screen. Pure: no clock, no I/O, no environment, no document bytes. Production,
// channel tests, `explain`, replay and the page's "why?" all call this one function.
import { blockedElsewhere } from './decide/code.ts'
import { decide } from './decide/decide.ts'
import { factsOf, tighten, tightening, type Sources } from './decide/facts.ts'
import { nhsNumberOf, passesModulus11 } from './decide/identity.ts'
import { codings } from './decide/labels.ts'
import { heeding } from './decide/picklist.ts'
import { tryRules } from './decide/rules.ts'
import { documentReference } from './fhir/document-reference.ts'
import { everyText } from './parse/every-text.ts'
import { parse } from './parse/parse.ts'
import type { Policy } from './policy/policy.ts'
import type { Bearing, Facts, Patient, Person, Plan, Prior, Receipt, Refusal, RioDocument } from './types.ts'

export type Planned = { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly refusal: Refusal }

/**
 * What is to become of a document, given one receipt about it. A receipt that is already in force is planned again;
 * a newer one takes its place; an older one can make the facts stricter and nothing else.
 */
export const plan = (receipt: Receipt, policy: Policy, person: Person, prior: Prior): Planned => {
  const feed = policy.feeds[receipt.feed]
  const mapping = feed && policy.mappings[feed.mapping]
  if (!mapping) return { ok: false, refusal: { code: 'POLICY_INVALID', at: 'feed', detail: 'The policy in force has no such feed.' } }
  const parsed = parse(receipt, mapping)
  if (!parsed.ok) return parsed

  const said = heeded(parsed.document, everyText(receipt, mapping), policy)
  const { bearing, document, facts, sources, tightened } = inForce(said, receipt, policy, person, prior)
  const nhsNumber = nhsNumberOf(document.patient)
  const moves = bearing === 'in-order' && prior.current !== undefined
    && (anotherPatient(prior.current.document.patient, document.patient) || differ(prior.addressedTo, nhsNumber))
  const decision = decide(facts, policy, {
    prior: ofContent(prior, document), moves, addendum: isAddendum(document, prior), ...(sources.directorate ? { directorate: sources.directorate } : {}),
  })
  const resource = documentReference({
    document, facts, decision, labels: codings(decision.labels), policy, sources, receivedAt: receipt.receivedAt, ...(nhsNumber ? { nhsNumber } : {}),
  })
  return {
    ok: true,
    plan: {
      bearing, document, facts, tightened, moves, decision, resource, trace: tryRules(policy.rules, facts),
      ...(nhsNumber && passesModulus11(nhsNumber) ? { nhsNumber } : {}),
      ...(sources.code ? { code: sources.code } : {}),
      ...(sources.service ? { directorate: sources.service.directorate } : {}),
    },
  }
}

/** With what speaks against sharing at places that no mapping names. */
const heeded = (document: RioDocument, texts: readonly string[], policy: Policy): RioDocument => ({
  ...document,
  picklist: heeding(document.picklist, texts, policy.instruction.withhold),
  names: [...document.names, ...blockedElsewhere(document.names, texts, policy.codes)],
})

type InForce = { readonly bearing: Bearing; readonly document: RioDocument; readonly facts: Facts; readonly sources: Sources; readonly tightened: Partial<Facts> }

/** Tightening is always believed, loosening only in order. */
const inForce = (document: RioDocument, receipt: Receipt, policy: Policy, person: Person, prior: Prior): InForce => {
  const said = factsOf(document, policy, receipt.feed, person, prior)
  const { current } = prior
  if (!current || receipt.id === current.receiptId || !isLate(document, prior)) {
    const tightened = stillTightened(document, said.facts, receipt, policy, person, prior)
    return { bearing: 'in-order', document, sources: said.sources, facts: tighten(said.facts, tightened), tightened }
  }
  const now = factsOf(current.document, policy, current.feed, person, prior)
  const before = tighten(now.facts, current.tightened)
  const news = tightening(before, said.facts)
  const tightened = { ...current.tightened, ...news }
  const bearing = Object.keys(news).length > 0 ? 'tightens' : 'late'
  return { bearing, document: current.document, sources: now.sources, facts: tighten(before, tightened), tightened }
}

/** What stays stricter than the message says: all that tightened it if it is planned again, and nothing if it is newer. */
const stillTightened = (document: RioDocument, said: Facts, receipt: Receipt, policy: Policy, person: Person, prior: Prior): Partial<Facts> => {
  const { current } = prior
  if (!current) return {}
  if (receipt.id === current.receiptId) return current.tightened
  if (isLater(document, prior)) return {}
  // Of the same moment as what is in force, or not to be compared with it: it is taken, and loosens nothing.
  const now = factsOf(current.document, policy, current.feed, person, prior)
  return { ...current.tightened, ...tightening(said, tighten(now.facts, current.tightened)) }
}

/** A deadline that passed for one content says nothing of another that has just come. */
const ofContent = ({ post, ...prior }: Prior, { contents }: RioDocument): Prior =>
  post !== undefined && prior.current?.document.contents[0]?.ref.sha256 === contents[0]?.ref.sha256 ? { ...prior, post } : prior

/** Known to be newer. Where nobody ever says a time, the order of arrival has to do. */
const isLater = (document: RioDocument, { lastSourceTime }: Prior): boolean =>
  lastSourceTime === undefined ? document.sourceTime === undefined : document.sourceTime !== undefined && document.sourceTime > lastSourceTime

/** Older than what is known, or of unknown time where a time is known. */
const isLate = (document: RioDocument, prior: Prior): boolean =>
  prior.lastSourceTime !== undefined && (document.sourceTime === undefined || document.sourceTime < prior.lastSourceTime)

/** A later edit of an addendum need not name its parent again; only a message that makes it a replacement ends it. */
export const isAddendum = ({ event }: Pick<RioDocument, 'event'>, { addendum }: Pick<Prior, 'addendum'>): boolean =>
  event === 'addendum' || (addendum === true && event !== 'replaced')

/** NHS number or client id changed: it is somebody else's document now. A number that was missing until now is no change. */
const anotherPatient = (before: Patient, after: Patient): boolean =>
  differ(nhsNumberOf(before), nhsNumberOf(after)) || differ(before.clientId, after.clientId)

const differ = (before: string | undefined, after: string | undefined): boolean => before !== undefined && after !== undefined && before !== after
