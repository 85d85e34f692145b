// What the tests of the channel files reach: rules, codes, services and directorates that none of them does, and the
// four kinds of document that every feed must be shown to keep in. It refuses a feed that does not show them.
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
  /** What to add, `SAMPLE` standing for one of the samples: for HL7, and for uploads. */
  readonly example: string
  readonly samples: readonly [hl7: string, upload: string]
}

const isShare = ({ instruction }: Facts): boolean => instruction === 'share'

const MUST_STAY_IN: readonly Kind[] = [
  {
    says: 'a document marked do-not-share', isOf: ({ instruction }) => instruction === 'withhold', exists: () => true,
    example: 'name: a letter marked do-not-share reaches nobody, sample: SAMPLE, expect: { route: withhold, not_to: [pkb, print] }',
    samples: ['03-do-not-share.hl7', '03-do-not-share.json'],
  },
  {
    says: 'a blocked code marked share', isOf: (facts) => isShare(facts) && facts.code === 'blocked',
    exists: ({ codes }) => Object.values(codes).some(({ sharing }) => sharing === 'blocked'),
    example: 'name: a blocked code reaches nobody, sample: SAMPLE, expect: { route: withhold, facts: { code: blocked }, not_to: [pkb, print] }',
    samples: ['04-hmhr-blocked.hl7', '04-hmhr-blocked.json'],
  },
  {
    says: 'a document from outside the trust marked share', isOf: (facts) => isShare(facts) && facts.producer === 'external', exists: () => true,
    example: 'name: a letter not produced at the trust waits for two people, sample: SAMPLE, expect: { route: review, facts: { producer: external }, not_to: [pkb, print] }',
    samples: ['05-external-marked-share.hl7', '05-external-marked-share.json'],
  },
  {
    says: 'a document marked share of a directorate that is not live', isOf: (facts) => isShare(facts) && ['observing', 'not-live'].includes(facts.directorate),
    // Without a service, no document can be of a directorate.
    exists: ({ services, directorates }) => Object.values(services).some(({ directorate }) => directorates[directorate] !== undefined && directorates[directorate].status !== 'live'),
    example: 'name: a directorate that is not live sees what would happen, sample: SAMPLE, expect: { route: observe, not_to: [pkb, print] }',
    samples: ['20-directorate-not-live.hl7', '21-directorate-observing.json'],
  },
]

/** Advice for each kind of document that no test of this feed shows to stay in. */
export const notShownToStayIn = (policy: Policy, feed: Feed, plans: readonly Plan[]): readonly string[] =>
  MUST_STAY_IN
    .filter(({ isOf, exists }) => exists(policy) && !plans.some(({ facts, decision }) => isOf(facts) && decision.route !== 'pkb' && decision.route !== 'print'))
    .map(({ says, example, samples }) => `no test shows that ${says} stays in: add one, for example { ${example.replace('SAMPLE', `samples/${samples[feed.type === 'mllp' ? 0 : 1]}`)} }`)
