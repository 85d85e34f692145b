// What the tests of the channel files reach: rules, codes, services and directorates that none of them does, and the
// five kinds of document that every feed must be shown to keep in. It refuses a feed that does not show them.
import type { Facts, Plan } from '../../types.ts'
import type { Policy, Rule } from '../policy.ts'
import type { Feed } from '../schema.ts'

/** Names, in the order of the policy. */
export type Unreached = {
  readonly rules: readonly string[]
  readonly codes: readonly string[]
  readonly services: readonly string[]
  readonly directorates: readonly string[]
}

export const unreached = (policy: Policy, plans: readonly Plan[]): Unreached => ({
  rules: without(policy.rules.filter((_, at) => !isSpare(policy.rules, at)).map(({ name }) => name), plans.map(({ decision }) => decision.rule)),
  codes: without(Object.keys(policy.codes), plans.map(({ code }) => code)),
  services: without(Object.keys(policy.services), plans.map(({ document }) => document.team?.text.trim())),
  directorates: without(Object.keys(policy.directorates), plans.map(({ directorate }) => directorate)),
})

const without = (names: readonly string[], seen: readonly (string | undefined)[]): readonly string[] => names.filter((name) => !seen.includes(name))

/**
 * A rule that the proof needs and no document can reach: `check` sees to it that each service has a directorate, so
 * that the directorate is unknown only where the service is, and an earlier rule has taken all of those.
 */
const isSpare = (rules: readonly Rule[], at: number): boolean =>
  rules[at]!.when.directorate?.join() === 'unknown'
  && rules.slice(0, at).some(({ when }) => Object.keys(when).join() === 'service' && when.service?.includes('unknown') === true)

// ---------------------------------------------------------------- what every feed must keep in

type Kind = {
  readonly says: string
  readonly isOf: (facts: Facts) => boolean
  /** Whether the policy has such documents at all. */
  readonly exists: (policy: Policy) => boolean
  readonly name: string
  readonly expects: string
  /** What comes in, as a test writes it: for HL7, and for uploads. */
  readonly inputs: readonly [hl7: string, upload: string]
}

const isShare = ({ instruction }: Facts): boolean => instruction === 'share'
const samples = (hl7: string, upload: string): Kind['inputs'] => [`sample: samples/${hl7}`, `sample: samples/${upload}`]

const MUST_STAY_IN: readonly Kind[] = [
  {
    says: 'a document marked do-not-share', isOf: ({ instruction }) => instruction === 'withhold', exists: () => true,
    name: 'a letter marked do-not-share reaches nobody', expects: '{ route: withhold, not_to: [pkb, print] }',
    inputs: samples('03-do-not-share.hl7', '03-do-not-share.json'),
  },
  {
    says: 'a blocked code marked share', isOf: (facts) => isShare(facts) && facts.code === 'blocked',
    exists: ({ codes }) => Object.values(codes).some(({ sharing }) => sharing === 'blocked'),
    name: 'a blocked code reaches nobody', expects: '{ route: withhold, facts: { code: blocked }, not_to: [pkb, print] }',
    inputs: samples('04-hmhr-blocked.hl7', '04-hmhr-blocked.json'),
  },
  {
    says: 'a document marked share that is external by its code', isOf: (facts) => isShare(facts) && facts.kind === 'external',
    exists: ({ codes }) => Object.values(codes).some(({ kind, sharing }) => kind === 'external' && sharing !== 'blocked'),
    name: 'a letter with the code of letters from elsewhere waits', expects: '{ route: review, facts: { kind: external }, not_to: [pkb, print] }',
    inputs: [
      'message: "MSH|^~\\\\&|RIO|RWK|||20261120||MDM^T02|TEST|P|2.4\\nPID|1||9990000018\\nPV1|1|O|ADULT1\\nTXA|1|^MH share with patient|||||||^Example^^^^^^^^^^^^RWK|||RIO-TEST||||EXTL Letter.pdf|AU"',
      'sample: samples/05-external-marked-share.json',
    ],
  },
  {
    // Only so is it shown that the organisation is read: a misspelt place has no value, and no value can mean the trust.
    says: "a document marked share that is external by its author's organisation alone", isOf: (facts) => isShare(facts) && facts.producer === 'external' && facts.kind !== 'external', exists: () => true,
    name: 'a letter by another organisation waits for two people', expects: '{ route: review, facts: { producer: external }, not_to: [pkb, print] }',
    inputs: [
      'sample: samples/05-external-marked-share.hl7',
      'upload: { metadata: { documentId: RIO-TEST, event: created, documentType: MH share with patient, name: CLIN Letter.pdf, team: ADULT1, author: { organisation: RVX }, patient: { nhsNumber: "9990000018" } } }',
    ],
  },
  {
    says: 'a document marked share of a directorate that is not live', isOf: (facts) => isShare(facts) && ['observing', 'not-live'].includes(facts.directorate),
    // Without a service, no document can be of a directorate.
    exists: ({ services, directorates }) => Object.values(services).some(({ directorate }) => directorates[directorate] !== undefined && directorates[directorate].status !== 'live'),
    name: 'a directorate that is not live sees what would happen', expects: '{ route: observe, not_to: [pkb, print] }',
    inputs: samples('20-directorate-not-live.hl7', '21-directorate-observing.json'),
  },
]

/** Advice for each kind of document that no test of this feed shows to stay in, and for an organisation that none shows to be read. */
export const notShownToStayIn = (policy: Policy, feed: Feed, plans: readonly Plan[]): readonly string[] => [
  ...MUST_STAY_IN
    .filter(({ isOf, exists }) => exists(policy) && !plans.some(({ facts, decision }) => isOf(facts) && decision.route !== 'pkb' && decision.route !== 'print'))
    .map(({ says, name, inputs, expects }) => `no test shows that ${says} stays in: add one, for example { name: ${name}, ${inputs[feed.type === 'mllp' ? 0 : 1]}, expect: ${expects} }`),
  ...organisationNotRead(policy, feed, plans),
]

/** Where no organisation means the trust, a place that is never read would make every letter the trust's own. */
const organisationNotRead = ({ mappings }: Policy, { producer_when_missing: missing, mapping: name }: Feed, plans: readonly Plan[]): readonly string[] => {
  const mapping = mappings[name]
  if (missing !== 'trust' || !mapping) return []
  const [first] = mapping.fields.organisations
  const place = mapping.kind === 'upload' ? `metadata.${first}` : first
  if (plans.some(({ document }) => document.organisations.some(({ at }) => at.replaceAll(/\[\d+\]/gu, '') === place))) return []
  return [`producer_when_missing is trust, and no test has an organisation at ${first}, where the mapping ${name} looks for it first: correct that place, add a test with a value there, or write producer_when_missing: unknown`]
}
