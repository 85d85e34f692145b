// What is wrong only when the files are seen together: names that lead nowhere, two feeds on one port, a PKB address
// that nobody at PKB has confirmed. It refuses nothing itself: it lists.
import { foldPicklist } from '../decide/picklist.ts'
import { readSetting, type Environment } from '../settings.ts'
import type { Read } from './load.ts'
import type { PolicyProblem } from './problem.ts'

export const lint = (read: Read, env: Environment): readonly PolicyProblem[] => [
  ...feeds(read),
  ...destinations(read, env),
  ...rules(read),
  ...tables(read),
]

type Wrong = (path: readonly PropertyKey[], message: string) => PolicyProblem
const wrongIn = (yaml: { readonly file: string; at(path: readonly PropertyKey[]): { readonly line: number; readonly col: number } }): Wrong =>
  (path, message) => ({ file: yaml.file, ...yaml.at(path), path: path.map(String).join('.'), message })

const FORMAT_OF = { mllp: 'hl7-mdm', http: 'upload', folder: 'upload' } as const

const feeds = (read: Read): readonly PolicyProblem[] => {
  const problems: PolicyProblem[] = []
  const ports = new Map<string, string>()
  const used = new Set<string>()
  for (const [name, { yaml, value }] of read.channels) {
    if (value.kind !== 'feed') continue
    const wrong = wrongIn(yaml)
    used.add(value.mapping)
    const mapping = read.mappings.get(value.mapping)
    if (!mapping && !read.unusable.has(value.mapping)) problems.push(wrong(['mapping'], `there is no mapping ${value.mapping}: the mappings are ${[...read.mappings.keys()].join(', ')}`))
    else if (mapping && mapping.value.kind !== FORMAT_OF[value.type]) problems.push(wrong(['mapping'], `a ${value.type} feed needs a mapping of kind ${FORMAT_OF[value.type]}, and ${value.mapping} is of kind ${mapping.value.kind}`))
    if (!value.tests.some((test) => test.expect.route === 'withhold')) problems.push(wrong(['tests'], 'there is no test of a document that is withheld: add one with expect: { route: withhold }'))
    if (value.type === 'mllp' && value.port !== 0) {
      const address = `${value.host}:${value.port}`
      const other = ports.get(address)
      if (other) problems.push(wrong(['port'], `${other} listens on ${address} already: choose another port`))
      ports.set(address, name)
    }
  }
  // A feed that cannot be read may well use it.
  const all = read.unusable.size === 0
  for (const [name, { yaml }] of read.mappings) if (all && !used.has(name)) problems.push(wrongIn(yaml)([], 'no feed uses this mapping: name it in a feed, or take the file away'))
  if (all && ![...read.channels.values()].some(({ value }) => value.kind === 'feed') && read.channels.size > 0) problems.push({ file: [...read.channels.values()][0]!.yaml.file, line: 1, col: 1, path: '', message: 'no channel is a feed, so nothing can come in' })
  return problems
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/u
const isSandbox = (url: string): boolean => { try { return LOOPBACK.test(new URL(url).hostname) } catch { return false } }

const destinations = (read: Read, env: Environment): readonly PolicyProblem[] => {
  const problems: PolicyProblem[] = []
  const types = new Map<string, string>()
  for (const [name, { yaml, value }] of read.channels) {
    if (value.kind !== 'destination') continue
    const wrong = wrongIn(yaml)
    if (name !== value.type) problems.push(wrong(['type'], `the destination ${value.type} stands in the file ${value.type}.yaml: rename the file`))
    const other = types.get(value.type)
    if (other) problems.push(wrong(['type'], `${other} is the destination ${value.type} already: keep one of them`))
    types.set(value.type, name)
    if (value.type !== 'pkb') continue
    for (const block of ['fhir', 'facade'] as const) {
      for (const key of ['base_url', 'token_url'] as const) {
        const url = value[block][key]
        if (!URL.canParse(url)) problems.push(wrong([block, key], 'write an address such as https://example.nhs.uk/fhir'))
        else if (!isSandbox(url) && new URL(url).protocol !== 'https:') problems.push(wrong([block, key], 'write an https address: documents and secrets do not travel in clear'))
      }
    }
    if (!isSandbox(value.fhir.base_url) && !value.confirmed_by_pkb)
      problems.push(wrong(['fhir', 'base_url'], 'PKB publishes no promise that documents written to a FHIR address are shown to the patient: ask PKB Integrations, then add confirmed_by_pkb: { by: ..., on: ... }'))
    if (env['PKB_FHIR_URL'] && readSetting('PKB_TOKEN_URL', env) === undefined) problems.push(wrong(['fhir', 'token_url'], 'PKB_FHIR_URL is set and PKB_TOKEN_URL is not: set both'))
  }
  if (read.channels.size > 0)
    for (const type of ['pkb', 'print', 'withhold']) if (!types.has(type) && !read.unusable.has(type) && read.rules?.value.rules.some((rule) => rule.route === type))
      problems.push({ file: read.rules.yaml.file, ...read.rules.yaml.at(['rules']), path: 'rules', message: `rules send documents to ${type}, and there is no channel ${type}.yaml` })
  return problems
}

const rules = (read: Read): readonly PolicyProblem[] => {
  if (!read.rules) return []
  const { value, yaml } = read.rules
  const wrong = wrongIn(yaml)
  const names = new Map<string, number>()
  const problems = value.rules.flatMap((rule, at): PolicyProblem[] => {
    const first = names.get(rule.name)
    names.set(rule.name, first ?? at)
    return first === undefined ? [] : [wrong(['rules', at, 'name'], `another rule is called ${rule.name} already: give each rule a name of its own`)]
  })
  const share = new Set(value.instruction.share.map(foldPicklist))
  value.instruction.withhold.forEach((text, at) => {
    if (share.has(foldPicklist(text))) problems.push(wrong(['instruction', 'withhold', at], `"${text}" stands under share as well: it can only mean one thing`))
  })
  return problems
}

const tables = (read: Read): readonly PolicyProblem[] => {
  const directorates = new Set(read.directorates.rows.map(({ row }) => row.directorate))
  const lost = read.services.rows.flatMap(({ line, row }): PolicyProblem[] =>
    directorates.has(row.directorate) || !read.directorates.whole ? [] : [{ file: read.services.file, line, col: 4, path: 'directorate', message: `there is no directorate ${row.directorate} in ${read.directorates.file}: add it there, or correct it here` }])
  const unsigned = read.directorates.rows.flatMap(({ line, row }): PolicyProblem[] =>
    row.status === 'live' && (row.signed_off_by === '' || row.signed_off_on === '' || row.go_live === '')
      ? [{ file: read.directorates.file, line, col: 3, path: 'status', message: 'a live directorate needs signed_off_by, signed_off_on and go_live: fill them in, or write observing' }]
      : [])
  return [...lost, ...unsigned]
}
