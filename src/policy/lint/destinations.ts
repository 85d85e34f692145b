// Destinations: one file each, addresses that can be written to, routes that lead to one. It refuses a PKB address that
// nobody at PKB has confirmed.
import { readSetting, type Environment } from '../../settings.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'
import type { YamlFile } from '../read/yaml.ts'
import type { PkbDestination } from '../schema.ts'

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/u
const isSandbox = (url: string): boolean => { try { return LOOPBACK.test(new URL(url).hostname) } catch { return false } }

export const destinations = (read: Read, env: Environment): readonly PolicyProblem[] => {
  const found = new Map<string, string>()
  const problems = [...read.channels].flatMap(([name, { yaml, value }]): readonly PolicyProblem[] => {
    if (value.kind !== 'destination') return []
    const wrong = wrongIn(yaml)
    const other = found.get(value.type)
    found.set(value.type, other ?? name)
    return [
      ...(other ? [wrong(['type'], `${other}.yaml is the destination ${value.type} already: keep one of them`)] : name === value.type ? [] : [wrong(['type'], `the destination ${value.type} stands in the file ${value.type}.yaml: rename the file`)]),
      ...(value.type === 'pkb' ? pkb(value, yaml, env) : []),
    ]
  })
  return [...problems, ...routes(read, found)]
}

const pkb = (value: PkbDestination, yaml: YamlFile, env: Environment): readonly PolicyProblem[] => {
  const wrong = wrongIn(yaml)
  const addresses = (['fhir', 'facade'] as const).flatMap((block) => (['base_url', 'token_url'] as const).flatMap((key) => {
    const advice = addressAdvice(value[block][key])
    return advice ? [wrong([block, key], advice)] : []
  }))
  return [
    ...addresses,
    ...(isSandbox(value.fhir.base_url) || value.confirmed_by_pkb || !URL.canParse(value.fhir.base_url) ? []
      : [wrong(['fhir', 'base_url'], 'PKB publishes no promise that documents written to a FHIR address are shown to the patient: ask PKB Integrations, then add confirmed_by_pkb: { by: ..., on: ... }')]),
    ...(env['PKB_FHIR_URL'] && readSetting('PKB_TOKEN_URL', env) === undefined ? [wrong(['fhir', 'token_url'], 'PKB_FHIR_URL is set and PKB_TOKEN_URL is not: set both')] : []),
  ]
}

const addressAdvice = (url: string): string | undefined => {
  if (!URL.canParse(url)) return 'write an address such as https://example.nhs.uk/fhir'
  const { protocol, username, password } = new URL(url)
  if (username !== '' || password !== '') return 'take name and password out of the address: a secret must not stand in a file, and PKB takes client_id and client_secret'
  return isSandbox(url) || protocol === 'https:' ? undefined : 'write an https address: documents and secrets do not travel in clear'
}

/** A rule whose destination is not there would leave documents waiting for ever. */
const routes = ({ rules, channels, unusable }: Read, found: ReadonlyMap<string, string>): readonly PolicyProblem[] =>
  !rules || channels.size === 0 ? [] : (['pkb', 'print', 'withhold'] as const).flatMap((type) => {
    const at = rules.value.rules.findIndex(({ route }) => route === type)
    if (at < 0 || found.has(type) || unusable.has(`channels/${type}`)) return []
    return [wrongIn(rules.yaml)(['rules', at, 'route'], `this rule sends to ${type}, and there is no channel ${type}.yaml: write it, or send elsewhere`)]
  })
