// Reads channels/ and mappings/ whole, and gives back either a policy that is proved, or every problem at once. It
// refuses to give back half a policy, and needs no database.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, extname, join, relative } from 'node:path'
import type { infer as infer_, ZodObject } from 'zod'
import { prove, type Proof } from '../decide/proof.ts'
import { foldPicklist } from '../decide/picklist.ts'
import { tight } from '../decide/facts.ts'
import { FACT_NAMES } from '../types.ts'
import { readSetting, type Environment } from '../settings.ts'
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
  /** Every file that was read, by its path from the working directory: what the ledger keeps of a policy. */
  readonly files: Readonly<Record<string, string>>
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

export const loadPolicy = async (env: Environment): Promise<Loaded> => {
  const folders = { channels: readSetting('CHANNELS_DIR', env)!, mappings: readSetting('MAPPINGS_DIR', env)! }
  const problems: PolicyProblem[] = []
  const bytes = new Map<string, Uint8Array>()
  for (const folder of Object.values(folders)) {
    for (const name of await list(folder, problems)) bytes.set(show(join(folder, name)), await readFile(join(folder, name)))
  }
  const read = readAll(folders, bytes, env, problems)
  problems.push(...lint(read, env))
  const policy = read.rules ? compile(read, hashOf(folders, bytes)) : undefined
  const proof = policy ? prove(policy.rules) : undefined
  if (policy && proof) problems.push(...proofProblems(proof))
  const files = Object.fromEntries([...bytes].map(([file, content]) => [file, new TextDecoder().decode(content)]))
  const sorted = inOrder(problems)
  return { files, problems: sorted, ...(proof ? { proof } : {}), ...(policy && sorted.length === 0 ? { policy } : {}) }
}

const show = (path: string): string => { const short = relative(process.cwd(), path); return short.startsWith('..') ? path : short }

const list = async (folder: string, problems: PolicyProblem[]): Promise<readonly string[]> => {
  try {
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name).sort()
    return names.filter((name) => ['.yaml', '.yml', '.csv'].includes(extname(name)))
  } catch {
    problems.push({ file: folder, line: 1, col: 1, path: '', message: 'this folder cannot be read: set CHANNELS_DIR and MAPPINGS_DIR, or start in the folder of the project' })
    return []
  }
}

/** Over names and bytes of every file, so that the same policy has the same hash wherever it lies. */
const hashOf = (folders: { readonly channels: string; readonly mappings: string }, bytes: ReadonlyMap<string, Uint8Array>): string => {
  const hash = createHash('sha256')
  const parts = [...bytes].map(([file, content]) => [file.startsWith(show(folders.channels)) ? 'channels' : 'mappings', basename(file), content] as const)
  for (const [folder, name, content] of parts.sort((a, b) => `${a[0]}/${a[1]}`.localeCompare(`${b[0]}/${b[1]}`))) hash.update(`${folder}/${name}\0${content.length}\0`).update(content)
  return hash.digest('hex')
}

const readAll = (folders: { readonly channels: string; readonly mappings: string }, bytes: ReadonlyMap<string, Uint8Array>, env: Environment, problems: PolicyProblem[]): Read => {
  const channels = new Map<string, { yaml: YamlFile; value: Channel }>()
  const mappings = new Map<string, { yaml: YamlFile; value: Mapping }>()
  const unusable = new Set<string>()
  let rules: { yaml: YamlFile; value: SharingRules } | undefined
  const inMappings = (name: string) => show(join(folders.mappings, name))
  for (const [file, content] of bytes) {
    if (extname(file) === '.csv') {
      if (!Object.hasOwn(TABLES, basename(file)) || inMappings(basename(file)) !== file) problems.push({ file, line: 1, col: 1, path: '', message: `nothing reads this table: the tables are ${Object.keys(TABLES).map(inMappings).join(', ')}` })
      continue
    }
    const yaml = readYaml(file, new TextDecoder().decode(content), env)
    problems.push(...yaml.problems)
    const name = basename(file, extname(file))
    if (yaml.value === undefined) { unusable.add(name); continue }
    const isChannel = file.startsWith(show(folders.channels))
    const schema = isChannel ? channel : name === 'sharing-rules' ? sharingRules : mapping
    const checked = schema.safeParse(yaml.value, { reportInput: true })
    if (!checked.success) { problems.push(...zodProblems(yaml, checked.error.issues)); unusable.add(name) }
    else if (isChannel) channels.set(name, { yaml, value: checked.data as Channel })
    else if (name === 'sharing-rules') rules = { yaml, value: checked.data as SharingRules }
    else mappings.set(name, { yaml, value: checked.data as Mapping })
  }
  if (!bytes.has(inMappings('sharing-rules.yaml'))) problems.push({ file: inMappings('sharing-rules.yaml'), line: 1, col: 1, path: '', message: 'this file is missing: without rules nothing can be decided' })
  const table = <S extends ZodObject>(name: keyof typeof TABLES, row: S): Table<S> => {
    const file = inMappings(name)
    const content = bytes.get(file)
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
