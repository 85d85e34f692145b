// `openletter schema [--check]`: writes the JSON Schemas beside the channel files and mappings, and the generated tables
// of the pages. It names each YAML that does not name its schema, and leaves it to people: it never edits their files.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { Failure } from '../errors.ts'
import { readFolders, shown, type PolicyFiles } from '../policy/files.ts'
import { KIND_NAMES, KINDS, kindOf, printSchema, schemaLine, schemaOf, type KindName } from '../policy/json-schema.ts'
import { printProblem, type PolicyProblem } from '../policy/problem.ts'
import { parts, renewed } from '../policy/reference.ts'
import { readSetting, type Environment } from '../settings.ts'

const PAGES = 'docs'
export const USAGE = 'Usage: npx openletter schema [--check]\n--check writes nothing, and ends with 1 where something is stale.'

export const schema = async (args: readonly string[], env: Environment): Promise<number> => {
  const checkOnly = args[0] === '--check'
  if (args.length > (checkOnly ? 1 : 0)) { console.error(USAGE); return 2 }
  const source = await readFolders(env)
  // A folder that is misspelt is not made.
  if (source.problems.length > 0) { for (const problem of source.problems) console.log(printProblem(problem)); return 1 }
  const { files, problems } = await made(env)
  const toMend = [...problems, ...unnamed(source)]
  const stale: string[] = []
  for (const { path, text } of files) if ((await textOf(path)) !== text) stale.push(path)
  for (const path of stale) {
    if (!checkOnly) await write(path, files.find((file) => file.path === path)!.text)
    console.log(`${shown(path)}: ${checkOnly ? 'stale: run npx openletter schema' : 'written'}`)
  }
  for (const problem of toMend) console.log(printProblem(problem))
  if (stale.length === 0) console.log(`${files.length} files are as the declarations say.`)
  return checkOnly && stale.length + toMend.length > 0 ? 1 : 0
}

type Made = { readonly path: string; readonly text: string }

/** Every file as it should be: the schemas always, a page where there is one. */
const made = async (env: Environment): Promise<{ readonly files: readonly Made[]; readonly problems: readonly PolicyProblem[] }> => {
  const folders = { channels: readSetting('CHANNELS_DIR', env)!, mappings: readSetting('MAPPINGS_DIR', env)! }
  const schemas = KIND_NAMES.map((name): Made => ({ path: join(folders[KINDS[name].folder], 'schemas', `${name}.json`), text: printSchema(schemaOf(name)) }))
  const pages: Made[] = []
  const problems: PolicyProblem[] = []
  for (const [page, generated] of Object.entries(parts())) {
    const path = join(PAGES, page)
    const now = await textOf(path)
    if (now === undefined) continue
    const { text, unknown } = renewed(now, generated)
    pages.push({ path, text })
    problems.push(...unknown.map(({ name, line }) => ({ file: path, line, col: 1, path: '', message: `nothing is generated as "${name}", or its end is missing: write one of ${Object.keys(generated).join(', ')}, and close it` })))
  }
  return { files: [...schemas, ...pages], problems }
}

/** YAML files whose first line does not name their schema, with the line to write. */
const unnamed = ({ files, show }: PolicyFiles): readonly PolicyProblem[] =>
  files.filter(({ name }) => !name.endsWith('.csv')).flatMap(({ folder, name, bytes }): readonly PolicyProblem[] => {
    const text = new TextDecoder().decode(bytes)
    const kind = kindOf(folder, valueOf(text))
    const message = kind ? lineToWrite(text, kind) : `no schema fits: write ${folder === 'channels' ? 'type' : 'kind'}: with one of ${KIND_NAMES.filter((one) => KINDS[one].folder === folder).join(', ')}`
    return message === undefined ? [] : [{ file: show(folder, name), line: 1, col: 1, path: '', message }]
  })

const lineToWrite = (text: string, kind: KindName): string | undefined => {
  const first = text.split('\n', 1)[0]!.trim()
  if (first === schemaLine(kind)) return undefined
  const other = first.startsWith('# yaml-language-server:')
  return `the first line does not name the schema of this file: write "${schemaLine(kind)}" ${other ? 'in its place' : 'above it'}`
}

/** What a file says of itself; a file that is no YAML says nothing here, and `check` says what is wrong with it. */
const valueOf = (text: string): unknown => {
  try { return parse(text, { logLevel: 'silent' }) as unknown } catch { return undefined }
}

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    // Where git writes CRLF, a file is not stale for that.
    return (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(path, error, 'read')
  }
}

const write = async (path: string, text: string): Promise<void> => {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  } catch (error) {
    throw unusable(path, error, 'written')
  }
}

const unusable = (path: string, error: unknown, how: string): Failure =>
  new Failure('SETTING_INVALID', `${shown(path)} cannot be ${how} (${(error as NodeJS.ErrnoException).code}).`, { cause: error })
