// Reads every file of a policy by its kind: channels, mappings, sharing rules, tables. It refuses to understand them
// together: what is wrong only then is for `lint.ts`.
import { basename, extname } from 'node:path'
import type { infer as infer_, ZodObject } from 'zod'
import type { Environment } from '../../settings.ts'
import type { Folder, PolicyFile, PolicyFiles } from '../files.ts'
import type { PolicyProblem } from '../problem.ts'
import { readCsv, type CsvRow } from './csv.ts'
import { readYaml, type YamlFile } from './yaml.ts'
import { channel, directorateRow, documentCodeRow, mapping, reviewLimitRow, serviceRow, sharingRules, type Channel, type Mapping, type SharingRules } from '../schema.ts'
import { inTodaysForm } from './older-forms.ts'
import { zodProblems } from './yaml-advice.ts'

/** Where each part of the policy stands, for problems that only show when the files are seen together. */
export type Read = {
  readonly channels: ReadonlyMap<string, { readonly yaml: YamlFile; readonly value: Channel }>
  readonly mappings: ReadonlyMap<string, { readonly yaml: YamlFile; readonly value: Mapping }>
  readonly rules?: { readonly yaml: YamlFile; readonly value: SharingRules }
  readonly codes: Table<typeof documentCodeRow>
  readonly services: Table<typeof serviceRow>
  readonly directorates: Table<typeof directorateRow>
  readonly reviewLimits: Table<typeof reviewLimitRow>
  /** Files with problems of their own, as `channels/rio-mllp`: nobody is told twice that they cannot be used. */
  readonly unusable: ReadonlySet<string>
}
export type Table<S extends ZodObject> = { readonly file: string; readonly rows: readonly CsvRow<infer_<S>>[]; readonly whole: boolean }

const TABLES = { 'document-codes.csv': 'code', 'services.csv': 'team', 'directorates.csv': 'directorate', 'review-limits.csv': 'reason' } as const
/** Bears on no sharing: without it, or without a row, the engine's own values hold. */
const MAY_BE_MISSING: readonly (keyof typeof TABLES)[] = ['review-limits.csv']
const RULES = 'sharing-rules'

export const readAll = (source: PolicyFiles, env: Environment, problems: PolicyProblem[]): Read => {
  const { files, show, kept = false } = source
  const channels = new Map<string, { yaml: YamlFile; value: Channel }>()
  const mappings = new Map<string, { yaml: YamlFile; value: Mapping }>()
  let rules: { yaml: YamlFile; value: SharingRules } | undefined
  const told = new Set(source.problems.map(({ file }) => file))
  // A folder that could not be read is told once, and not by each file that may be in it.
  const isTold = (file: string): boolean => told.has(file) || told.has(show('mappings', ''))
  const unusable = new Set([...told].map((file) => `${show('channels', 'x') === file.replace(/[^/\\]+$/u, 'x') ? 'channels' : 'mappings'}/${nameOf(file)}`))
  const known = new Map<string, string>()
  const wrong = (file: string, message: string) => { problems.push({ file, line: 1, col: 1, path: '', message }) }

  for (const one of files) {
    const file = show(one.folder, one.name)
    if (extname(one.name) === '.csv') {
      if (one.folder !== 'mappings' || !Object.hasOwn(TABLES, one.name)) wrong(file, `nothing reads this table: the tables are ${Object.keys(TABLES).map((name) => show('mappings', name)).join(', ')}`)
      continue
    }
    const name = nameOf(one.name)
    const key = `${one.folder}/${name}`
    const advice = nameAdvice(one.folder, name, known.get(key))
    known.set(key, one.name)
    if (advice) { wrong(file, advice); unusable.add(key); continue }
    const read = readOne(one, file, env, kept)
    problems.push(...read.problems)
    if (!read.value) unusable.add(key)
    else if (one.folder === 'channels') channels.set(name, { yaml: read.yaml, value: read.value as Channel })
    else if (name === RULES) rules = { yaml: read.yaml, value: read.value as SharingRules }
    else mappings.set(name, { yaml: read.yaml, value: read.value as Mapping })
  }
  if (!files.some(({ folder }) => folder === 'channels') && source.problems.length === 0) wrong(show('channels', ''), 'there is no channel here, so nothing can come in: write one')
  const rulesFile = show('mappings', `${RULES}.yaml`)
  if (!known.has(`mappings/${RULES}`) && !isTold(rulesFile)) wrong(rulesFile, 'this file is missing: without rules nothing can be decided')
  const table = <S extends ZodObject>(name: keyof typeof TABLES, row: S): Table<S> => {
    const file = show('mappings', name)
    const content = files.find((one) => one.folder === 'mappings' && one.name === name)?.bytes
    if (!content && MAY_BE_MISSING.includes(name)) return { file, rows: [], whole: true }
    if (!content) { if (!isTold(file)) wrong(file, `this table is missing: write it with the columns ${Object.keys(row.shape).join(',')}`); return { file, rows: [], whole: false } }
    const csv = readCsv(file, content, row, TABLES[name] as keyof infer_<S> & string, { mayBeBare: MAY_BE_MISSING.includes(name), kept })
    problems.push(...csv.problems)
    return { file, rows: csv.rows, whole: csv.problems.length === 0 }
  }
  return {
    channels, mappings, unusable, ...(rules ? { rules } : {}),
    codes: table('document-codes.csv', documentCodeRow), services: table('services.csv', serviceRow), directorates: table('directorates.csv', directorateRow), reviewLimits: table('review-limits.csv', reviewLimitRow),
  }
}

const nameOf = (file: string): string => basename(file, extname(file))

/** A channel and a mapping are called by their files; the name stands in other files, in the ledger and in addresses. */
const nameAdvice = (folder: Folder, name: string, other: string | undefined): string | undefined => {
  if (other !== undefined) return `${other} stands beside it, and only one of them can be the ${folder === 'channels' ? 'channel' : 'mapping'} ${name}: keep one`
  // Every object has something called constructor, so that nobody could tell whether there is a feed of that name.
  if (/^[a-z][a-z0-9-]*$/u.test(name) && !(name in {})) return undefined
  const better = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/gu, '-').replace(/^[^a-z]+|-+$/gu, '')
  return `a ${folder === 'channels' ? 'channel' : 'mapping'} is called by its file, in lower-case letters, digits and hyphens: rename it${better && !(better in {}) ? ` to ${better}.yaml` : ''}`
}

const readOne = ({ folder, name, bytes }: PolicyFile, file: string, env: Environment, kept: boolean): { readonly yaml: YamlFile; readonly value?: unknown; readonly problems: readonly PolicyProblem[] } => {
  const yaml = readYaml(file, folder, bytes, env, kept)
  if (yaml.value === undefined) return { yaml, problems: yaml.problems }
  const schema = folder === 'channels' ? channel : nameOf(name) === RULES ? sharingRules : mapping
  const checked = schema.safeParse(kept ? inTodaysForm(yaml.value) : yaml.value, { reportInput: true })
  return checked.success ? { yaml, value: checked.data, problems: yaml.problems } : { yaml, problems: [...yaml.problems, ...zodProblems(yaml, schema, checked.error.issues)] }
}
