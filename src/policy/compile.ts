// From the files as they were read to the policy that decides. It refuses nothing: whether it may be used is for those
// who found the problems to say.
import { foldPicklist } from '../decide/picklist.ts'
import { tight } from '../decide/facts.ts'
import { FACT_NAMES } from '../types.ts'
import type { Policy, Rule } from './policy.ts'
import type { Read } from './read/every-file.ts'
import type { Channel } from './schema.ts'

export const compile = (read: Read & { readonly rules: NonNullable<Read['rules']> }, hash: string): Policy => {
  const { value } = read.rules
  const channels = Object.fromEntries([...read.channels].map(([name, { value: one }]) => [name, one]))
  const of = <K extends Channel['type']>(type: K) => Object.entries(channels).find(([, one]) => one.type === type)?.[1] as Extract<Channel, { type: K }> | undefined
  const [pkb, print] = [of('pkb'), of('print')]
  return {
    hash,
    testPatients: value.test_patients,
    trust: { name: value.trust.name, organisations: value.trust.organisations.map((code) => code.toUpperCase()) },
    instruction: { share: value.instruction.share.map(foldPicklist), withhold: value.instruction.withhold.map(foldPicklist) },
    custodialPostcodes: value.custodial_postcodes.map(tight),
    rules: rulesOf(read.rules),
    codes: Object.fromEntries(read.codes.rows.map(({ row }) => [row.code, row])),
    services: Object.fromEntries(read.services.rows.map(({ row }) => [row.team, row])),
    directorates: Object.fromEntries(read.directorates.rows.map(({ row }) => [row.directorate, row])),
    reviewLimits: { ...Object.fromEntries(read.reviewLimits.rows.map(({ row }) => [row.reason, row])), ...freeDaysOf(Object.values(channels)) },
    mappings: Object.fromEntries([...read.mappings].map(([name, { value: one }]) => [name, one])),
    feeds: Object.fromEntries(Object.entries(channels).flatMap(([name, one]) => (one.kind === 'feed' ? [[name, one]] : []))),
    destinations: { ...(pkb ? { pkb } : {}), ...(print ? { print } : {}) },
    channels,
  }
}

/** Whichever file says that nobody works on a day, nobody sees to a document on it. */
const freeDaysOf = (channels: readonly Channel[]): { readonly not_on?: readonly string[] } => {
  const days = channels.flatMap((one) => (one.kind === 'feed' ? one.alert_if_silent?.not_on : one.type === 'pkb' ? one.extra_bank_holidays : undefined) ?? [])
  return days.length > 0 ? { not_on: [...new Set(days)].sort() } : {}
}

const rulesOf = ({ value, yaml }: NonNullable<Read['rules']>): readonly Rule[] =>
  value.rules.map((rule, at): Rule => ({
    name: rule.name,
    file: yaml.file,
    line: yaml.at(['rules', at]).line,
    when: Object.fromEntries(FACT_NAMES.flatMap((fact) => { const values = rule.when[fact]; return values === undefined ? [] : [[fact, typeof values === 'string' ? [values] : values]] })),
    route: rule.route,
    because: rule.because,
    conflict: rule.conflict ?? false,
  }))
