// What an editor refuses and what the engine refuses are the same, as far as one file tells; and everything explains itself.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse, stringify } from 'yaml'
import { FOLDERS, readFolders, type Folder, type PolicyFiles } from '../../src/policy/files.ts'
import { declared, KIND_NAMES, KINDS, kindOf, printSchema, schemaLine, schemaOf, type JsonSchema, type KindName } from '../../src/policy/json-schema.ts'
import { testProblems } from '../../src/policy/lint/tests.ts'
import { loadFiles } from '../../src/policy/load.ts'
import { readYaml } from '../../src/policy/read/yaml.ts'
import { channel, directorateRow, documentCodeRow, reviewLimitRow, mapping, serviceRow, sharingRules } from '../../src/policy/schema.ts'
import { SETTINGS } from '../../src/settings.ts'
import { testEnvironment } from '../support/policy.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = (file: string) => readFileSync(join(root, file), 'utf8')
const files = FOLDERS.flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.yaml')).map((name) => ({ folder, name, path: `${folder}/${name}` })))

const ajv = new Ajv({ strict: true, allErrors: true })
const checks = Object.fromEntries(KIND_NAMES.map((name) => [name, ajv.compile(schemaOf(name))])) as Record<KindName, ValidateFunction>
const kindIn = (folder: Folder, content: string): KindName => { const kind = kindOf(folder, parse(content)); if (!kind) throw new Error('no kind'); return kind }

describe.each(files)('$path', ({ folder, path }) => {
  test('names its schema in its first line', () => expect(text(path).split('\n', 1)[0]).toBe(schemaLine(kindIn(folder, text(path)))))
  test('is as its schema wants it, with its settings as they are written', () => {
    const check = checks[kindIn(folder, text(path))]
    check(parse(text(path)))
    expect(check.errors ?? []).toEqual([])
  })
})

describe.each(KIND_NAMES)('the schema %s', (name) => {
  test('stands beside the files as it would be written now', () => expect(text(`${KINDS[name].folder}/schemas/${name}.json`)).toBe(printSchema(schemaOf(name))))
  test('says what every key means, and lets no other key in', () => expect(unexplained(schemaOf(name))).toEqual([]))
})

test('there is a schema for every type of channel and every kind of mapping, and no other', () => {
  const types = channel.options.map((one) => one.shape.type.value)
  const kinds = [...mapping.options.map((one) => one.shape.kind.value), sharingRules.shape.kind.value]
  expect([...KIND_NAMES].sort()).toEqual([...types, ...kinds].sort())
  for (const folder of FOLDERS) expect(readdirSync(join(root, folder, 'schemas')).sort()).toEqual(KIND_NAMES.filter((name) => KINDS[name].folder === folder).map((name) => `${name}.json`).sort())
})

test.each([['document-codes.csv', documentCodeRow], ['services.csv', serviceRow], ['directorates.csv', directorateRow], ['review-limits.csv', reviewLimitRow]] as const)('every column of %s says what it means', (_name, row) => {
  expect(unexplained(declared(row))).toEqual([])
})

test('the examples in docs/channels.md are as their schemas want them, one for each type', () => {
  const examples = [...text('docs/channels.md').matchAll(/^```yaml\n([\s\S]*?)^```/gmu)].map((match) => parse(match[1]!) as { readonly type?: KindName }).filter(({ type }) => type)
  expect(examples.map(({ type }) => type).sort()).toEqual(channel.options.map((one) => one.shape.type.value).sort())
  for (const example of examples) { checks[example.type!](example); expect(checks[example.type!].errors ?? []).toEqual([]) }
})

/** Keys without a description, and blocks that take any key. */
const unexplained = (node: JsonSchema, at = ''): readonly string[] => [
  ...(node.properties && node.additionalProperties !== false ? [`${at}: takes any key`] : []),
  ...Object.entries(node.properties ?? {}).flatMap(([key, inner]) => [...(inner.description ? [] : [`${at}.${key}`]), ...unexplained(inner, `${at}.${key}`)]),
  ...(node.items ? unexplained(node.items, `${at}.*`) : []),
  ...(node.anyOf ?? []).flatMap((one) => unexplained(one, at)),
]

// ---------------------------------------------------------------- mistakes

const source = await readFolders(testEnvironment)
const withFile = (folder: Folder, name: string, content: string): PolicyFiles => ({ ...source, files: source.files.map((file) => (file.folder === folder && file.name === name ? { ...file, bytes: new TextEncoder().encode(content) } : file)) })

describe('is refused by the editor and by the engine', () => {
  const mistakes: readonly (readonly [what: string, file: string, from: string, to: string])[] = [
    ['an unknown key', 'channels/print.yaml', 'postage: second', 'postage: second\nstamp: blue'],
    ['an unknown key in a block', 'channels/pkb.yaml', 'jitter: 0.3', 'jitter: 0.3, often: 2'],
    ['a value that there is not', 'channels/print.yaml', 'postage: second', 'postage: third'],
    ['a missing key', 'channels/withhold.yaml', 'approved_by: Chief Clinical Information Officer\n', ''],
    ['a number where text belongs', 'channels/print.yaml', 'postage: second', 'postage: 2'],
    ['text where a number belongs', 'channels/pkb.yaml', 'at_once: 1', 'at_once: eight'],
    ['a number that is too small', 'channels/pkb.yaml', 'at_once: 1', 'at_once: 0'],
    ['a span of days and of hours', 'channels/pkb.yaml', '{ working_days: 3 }', '{ days: 3, hours: 72 }'],
    ['a letter that would be a care plan at PKB', 'channels/pkb.yaml', 'CLIN: CL', 'CLIN: CP'],
    ['a code in small letters', 'channels/pkb.yaml', 'CLIN: CL', 'clin: CL'],
    ['a number where a code belongs', 'mappings/sharing-rules.yaml', 'organisations: ["RWK"]', 'organisations: [0042]'],
    ['a setting that there is not', 'channels/print.yaml', '${PRINT_DIR}', '${PRINT_FOLDER}'],
    ['a setting in the middle of a text', 'channels/print.yaml', '${PRINT_DIR}', '${PRINT_DIR}/more'],
    ['a setting where the approved value belongs', 'channels/rio-mllp.yaml', 'status: live', 'status: ${LOG_LEVEL}'],
    ['a setting in a mapping', 'mappings/sharing-rules.yaml', 'name: Example Mental Health NHS Foundation Trust', 'name: ${HTTP_HOST}'],
    ['a secret in a file', 'channels/rio-http.yaml', '${RIO_HTTP_TOKEN}', 'a-token-that-everybody-can-read'],
    ['a date in another form', 'channels/withhold.yaml', '"2026-10-01"', '"1/10/2026"'],
    ['a place that is none', 'mappings/rio-hl7-mdm.yaml', '[TXA-12.1]', '[TXA.12.1]'],
    ['a fact that there is not', 'mappings/sharing-rules.yaml', '{ hold: held }', '{ holds: held }'],
    ['a value that the fact does not have', 'mappings/sharing-rules.yaml', '{ hold: held }', '{ hold: maybe }'],
    ['a test without anything to test', 'channels/rio-http.yaml', '    sample: samples/01-share-registered.json\n', ''],
    ['an upload in the tests of an MLLP feed', 'channels/rio-mllp.yaml', '    sample: samples/01-share-registered.hl7\n', '    upload: { metadata: {} }\n'],
    ['an empty list', 'channels/print.yaml', 'return_address: ["Example Mental Health NHS Foundation Trust", "1 Trust Way", "London", "E1 1AA"]', 'return_address: []'],
  ]
  test.each(mistakes)('%s', (_what, file, from, to) => {
    const [folder, name] = file.split('/') as [Folder, string]
    const content = text(file).replace(from, () => to)
    expect(content).not.toBe(text(file))
    expect(checks[kindIn(folder, content)](parse(content))).toBe(false)
    const { policy, problems } = loadFiles(withFile(folder, name, content), testEnvironment)
    expect(policy).toBeUndefined()
    expect(problems.map((problem) => problem.file)).toContain(file)
  })
})

// ---------------------------------------------------------------- every place, every small mistake

type Path = readonly (string | number)[]
type Tree = { [key: string]: unknown }

/** The file with the first entry of each list: the others have the same form. */
const shortened = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shortened)
  return value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner)])) : value
}
const placesIn = (value: unknown, path: Path = []): readonly Path[] =>
  value !== null && typeof value === 'object' ? Object.entries(value).flatMap(([key, inner]) => { const here = [...path, Array.isArray(value) ? Number(key) : key]; return [here, ...placesIn(inner, here)] }) : []

/** A copy with another value at a place; `undefined` takes the key out. */
const changed = (tree: Tree, path: Path, value: unknown): Tree => {
  const copy = structuredClone(tree)
  const last = path.at(-1)!
  const holder = path.slice(0, -1).reduce<unknown>((at, key) => (at as Tree)[key], copy) as Tree
  if (value !== undefined) holder[last] = value
  else if (Array.isArray(holder)) holder.splice(Number(last), 1)
  else delete holder[last]
  return copy
}

const everySetting = Object.fromEntries(Object.entries(SETTINGS).map(([name, { kind }]) => [name, kind === 'port' ? '2575' : kind === 'switch' ? 'true' : 'https://127.0.0.1/x']))

/** What the loader says of one file by itself. */
const engineTakes = (folder: Folder, tree: Tree): { readonly form: boolean; readonly tests: boolean } => {
  const yaml = readYaml('file.yaml', folder, new TextEncoder().encode(stringify(tree)), everySetting)
  const schema = folder === 'channels' ? channel : tree['kind'] === 'sharing-rules' ? sharingRules : mapping
  const checked = schema.safeParse(yaml.value)
  const form = yaml.problems.length === 0 && checked.success
  return { form, tests: !checked.success || !('tests' in checked.data) || testProblems(checked.data).length === 0 }
}
/** What only a calendar, an atlas or the type of the file can tell. */
const beyond = (path: Path): boolean => path[0] === 'time_zone' || path.join('.') === 'kind' || path.join('.') === 'type'

describe.each(files)('every place of $path', ({ folder, path }) => {
  const tree = shortened(parse(text(path))) as Tree
  const check = checks[kindIn(folder, text(path))]
  const disagreements = (changes: readonly (readonly [Path, unknown])[]): readonly string[] =>
    changes.flatMap(([at, value]) => {
      const bent = changed(tree, at, value)
      const [editor, engine] = [check(bent), engineTakes(folder, bent)]
      const what = `${at.join('.')} = ${JSON.stringify(value)}`
      if (editor && !engine.form) return [`the engine refuses ${what}, and the editor does not`]
      return !editor && engine.form && engine.tests ? [`the editor refuses ${what}, and the engine does not`] : []
    })
  const places = placesIn(tree).filter((at) => !beyond(at))

  test('with a value of another type, none, or nonsense', () => {
    const others = [undefined, null, '', 'nonsense', 42, -1, 0.5, true, [], {}, ['nonsense'], [42], { nonsense: 1 }]
    expect(disagreements(places.flatMap((at) => others.map((other) => [at, other] as const)))).toEqual([])
  })
  test('with a key more', () => expect(disagreements([[], ...places].filter((at) => { const here = at.reduce<unknown>((now, key) => (now as Tree)[key], tree); return typeof here === 'object' && here !== null && !Array.isArray(here) }).map((at) => [[...at, 'nonsense'], 'x'] as const))).toEqual([]))
  test('with each setting, right or wrong', () => {
    // No channel file has a place for a switch or a count: the editor does not offer them.
    const names = Object.keys(SETTINGS).filter((name) => !['switch', 'count'].includes(SETTINGS[name as keyof typeof SETTINGS].kind))
    const some = folder === 'channels' ? [...names, 'NONSENSE'] : ['HTTP_HOST', 'HTTP_PORT', 'NONSENSE']
    expect(disagreements(places.flatMap((at) => some.flatMap((name) => [[at, `\${${name}}`], [at, `x\${${name}}`]] as const)))).toEqual([])
  })
})
