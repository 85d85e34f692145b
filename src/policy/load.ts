// Reads channels/ and mappings/ whole, and gives back either a policy that is proved, or every problem at once. It
// refuses to give back half a policy, and needs no database.
import { createHash } from 'node:crypto'
import { basename, extname } from 'node:path'
import type { infer as infer_, ZodObject } from 'zod'
import { prove, type Proof } from '../decide/proof.ts'
import { foldPicklist } from '../decide/picklist.ts'
import { tight } from '../decide/facts.ts'
import { FACT_NAMES } from '../types.ts'
import type { Environment } from '../settings.ts'
import { keptFiles, readFolders, type KeptFiles, type PolicyFiles } from './files.ts'
import { lint } from './lint.ts'
import type { Policy, Rule } from './policy.ts'
import { inOrder, type PolicyProblem } from './problem.ts'
import { readCsv, type CsvRow } from './read-csv.ts'
import { readYaml, zodProblems, type YamlFile } from './read-yaml.ts'
import { channel, directorateRow, documentCodeRow, mapping, serviceRow, sharingRules, type Channel, type Mapping, type SharingRules } from './schema.ts'

export type Loaded = {
  readonly policy?: Policy
  readonly proof?: Proof
  readonly problems: readonly PolicyProblem[]
  /** Every file that was read, by `folder/name`: what the ledger keeps of a policy. */
  readonly files: KeptFiles
  /** Where a place of a channel file stands: `placeIn('rio-mllp', ['tests', 3, 'expect', 'route'])`. */
  placeIn(channel: string, path: readonly PropertyKey[]): { readonly file: string; readonly line: number; readonly col: number }
}

/** Where each part of the policy stands, for problems that only show when the files are seen together. */
export type Read = {
  readonly channels: ReadonlyMap<string, { readonly yaml: YamlFile; readonly value: Channel }>
  readonly mappings: ReadonlyMap<string, { readonly yaml: YamlFile; readonly value: Mapping }>
  readonly rules?: { readonly yaml: YamlFile; readonly value: SharingRules }
  readonly codes: Table<typeof documentCodeRow>
  readonly services: Table<typeof serviceRow>
  readonly directorates: Table<typeof directorateRow>
  /** Files with problems of their own, by name: nobody is told twice that they cannot be used. */
  readonly unusable: ReadonlySet<string>
}
type Table<S extends ZodObject> = { readonly file: string; readonly rows: readonly CsvRow<infer_<S>>[]; readonly whole: boolean }

const TABLES = { 'document-codes.csv': 'code', 'services.csv': 'team', 'directorates.csv': 'directorate' } as const

/** The policy in the folders that the settings name. */
export const loadPolicy = async (env: Environment): Promise<Loaded> => loadFiles(await readFolders(env), env)

/** The policy in these files, wherever they come from; the settings that they name are read from `env`. */
export const loadFiles = (source: PolicyFiles, env: Environment): Loaded => {
  const problems: PolicyProblem[] = [...source.problems]
  const read = readAll(source, env, problems)
  problems.push(...lint(read, env))
  const policy = read.rules ? compile(read, hashOf(source)) : undefined
  const proof = policy ? prove(policy.rules) : undefined
  if (policy && proof) problems.push(...proofProblems(proof))
  const sorted = inOrder(problems)
  return {
    files: keptFiles(source), problems: sorted, ...(proof ? { proof } : {}), ...(policy && sorted.length === 0 ? { policy } : {}),
    placeIn: (channel, path) => {
      const yaml = read.channels.get(channel)?.yaml
      return yaml ? { file: yaml.file, ...yaml.at(path) } : { file: source.show('channels', `${channel}.yaml`), line: 1, col: 1 }
    },
  }
}

/** Over names and bytes of every file, so that the same policy has the same hash wherever it lies. */
const hashOf = ({ files }: PolicyFiles): string => {
  const hash = createHash('sha256')
  const named = files.map(({ folder, name, bytes }) => [`${folder}/${name}`, bytes] as const)
  for (const [path, bytes] of named.sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${path}\0${bytes.length}\0`).update(bytes)
  return hash.digest('hex')
}

const readAll = ({ files, show }: PolicyFiles, env: Environment, problems: PolicyProblem[]): Read => {
  const channels = new Map<string, { yaml: YamlFile; value: Channel }>()
  const mappings = new Map<string, { yaml: YamlFile; value: Mapping }>()
  const unusable = new Set<string>()
  let rules: { yaml: YamlFile; value: SharingRules } | undefined
  const inMappings = (name: string) => show('mappings', name)
  for (const { folder, name: fileName, bytes } of files) {
    const file = show(folder, fileName)
    if (extname(fileName) === '.csv') {
      if (folder !== 'mappings' || !Object.hasOwn(TABLES, fileName)) problems.push({ file, line: 1, col: 1, path: '', message: `nothing reads this table: the tables are ${Object.keys(TABLES).map(inMappings).join(', ')}` })
      continue
    }
    const yaml = readYaml(file, new TextDecoder().decode(bytes), env)
    problems.push(...yaml.problems)
    const name = basename(fileName, extname(fileName))
    if (yaml.value === undefined) { unusable.add(name); continue }
    const isChannel = folder === 'channels'
    const schema = isChannel ? channel : name === 'sharing-rules' ? sharingRules : mapping
    const checked = schema.safeParse(yaml.value, { reportInput: true })
    if (!checked.success) { problems.push(...zodProblems(yaml, checked.error.issues)); unusable.add(name) }
    else if (isChannel) channels.set(name, { yaml, value: checked.data as Channel })
    else if (name === 'sharing-rules') rules = { yaml, value: checked.data as SharingRules }
    else mappings.set(name, { yaml, value: checked.data as Mapping })
  }
  const inTables = (name: string) => files.find((one) => one.folder === 'mappings' && one.name === name)
  if (!inTables('sharing-rules.yaml')) problems.push({ file: inMappings('sharing-rules.yaml'), line: 1, col: 1, path: '', message: 'this file is missing: without rules nothing can be decided' })
  const table = <S extends ZodObject>(name: keyof typeof TABLES, row: S): Table<S> => {
    const file = inMappings(name)
    const content = inTables(name)?.bytes
    if (!content) { problems.push({ file, line: 1, col: 1, path: '', message: `this table is missing: write it with the columns ${Object.keys(row.shape).join(',')}` }); return { file, rows: [], whole: false } }
    const csv = readCsv(file, content, row, TABLES[name] as keyof infer_<S> & string)
    problems.push(...csv.problems)
    return { file, rows: csv.rows, whole: csv.problems.length === 0 }
  }
  return {
    channels, mappings, unusable, ...(rules ? { rules } : {}),
    codes: table('document-codes.csv', documentCodeRow),
    services: table('services.csv', serviceRow),
    directorates: table('directorates.csv', directorateRow),
  }
}

const compile = (read: Read, hash: string): Policy => {
  const { value, yaml } = read.rules!
  const channels = Object.fromEntries([...read.channels].map(([name, { value: one }]) => [name, one]))
  const of = <K extends Channel['type']>(type: K) => Object.entries(channels).find(([, one]) => one.type === type)?.[1] as Extract<Channel, { type: K }> | undefined
  const [pkb, print] = [of('pkb'), of('print')]
  return {
    hash,
    testPatients: value.test_patients,
    trust: { name: value.trust.name, organisations: value.trust.organisations.map((code) => code.toUpperCase()) },
    instruction: { share: value.instruction.share.map(foldPicklist), withhold: value.instruction.withhold.map(foldPicklist) },
    custodialPostcodes: value.custodial_postcodes.map(tight),
    rules: value.rules.map((rule, at): Rule => ({
      name: rule.name,
      file: yaml.file,
      line: yaml.at(['rules', at]).line,
      when: Object.fromEntries(FACT_NAMES.flatMap((fact) => { const values = rule.when[fact]; return values === undefined ? [] : [[fact, typeof values === 'string' ? [values] : values]] })),
      route: rule.route,
      because: rule.because,
      conflict: rule.conflict ?? false,
    })),
    codes: Object.fromEntries(read.codes.rows.map(({ row }) => [row.code, row])),
    services: Object.fromEntries(read.services.rows.map(({ row }) => [row.team, row])),
    directorates: Object.fromEntries(read.directorates.rows.map(({ row }) => [row.directorate, row])),
    mappings: Object.fromEntries([...read.mappings].map(([name, { value: one }]) => [name, one])),
    feeds: Object.fromEntries(Object.entries(channels).flatMap(([name, one]) => (one.kind === 'feed' ? [[name, one]] : []))),
    destinations: { ...(pkb ? { pkb } : {}), ...(print ? { print } : {}) },
    channels,
  }
}

const proofProblems = (proof: Proof): readonly PolicyProblem[] => [
  ...proof.counterExamples.map(({ facts, rule, line }) => ({
    file: rule.file, line: rule.line, col: 1, path: `rules.${rule.name}`,
    message: `this rule breaks ${line.id} of the safety floor (${line.says}) and sends to ${rule.route}, for example with ${Object.entries(facts).map(([fact, value]) => `${fact} ${value}`).join(', ')}: put a rule before it that keeps such documents in, or narrow its conditions`,
  })),
  ...proof.unreachable.map(({ rule, takenBy }) => ({
    file: rule.file, line: rule.line, col: 1, path: `rules.${rule.name}`,
    message: `this rule can never fire: ${takenBy.length > 0 ? `${takenBy.join(', ')} take all its cases` : 'no facts fit it'}; take it out or move it up`,
  })),
]
