// `openletter schema` as an analyst runs it, in a folder of its own.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { makeFolder } from '../support/folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: ReturnType<typeof makeFolder>
const at = (file: string) => join(folder.path, file)
const read = (file: string) => readFileSync(at(file), 'utf8')
const change = (file: string, from: string | RegExp, to: string) => writeFileSync(at(file), read(file).replace(from, () => to))
const run = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'src/main.ts'), 'schema', ...args], { cwd: folder.path, env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' })
  return { status, lines: stdout.trim().split('\n'), stderr }
}

beforeEach(() => {
  folder = makeFolder()
  for (const name of ['channels', 'mappings', 'docs']) cpSync(join(root, name), at(name), { recursive: true })
})
afterEach(() => folder.remove())

describe('openletter schema', () => {
  test('has nothing to do where all is as it should be, and touches no file', () => {
    const before = statSync(at('channels/schemas/mllp.json')).mtimeMs
    expect(run()).toMatchObject({ status: 0, lines: [expect.stringMatching(/^\d+ files are as the declarations say\.$/u)] })
    expect(run(['--check'])).toMatchObject({ status: 0 })
    expect(statSync(at('channels/schemas/mllp.json')).mtimeMs).toBe(before)
  })

  test('writes what is missing or stale, and nothing else; afterwards there is nothing left to do', () => {
    rmSync(at('mappings/schemas'), { recursive: true })
    change('channels/schemas/pkb.json', '"title"', '"name"')
    change('docs/mappings.md', '| signals |', '| signal |')
    const { status, lines } = run()
    expect(status).toBe(0)
    expect(lines).toEqual(['channels/schemas/pkb.json: written', ...['hl7-mdm', 'upload', 'sharing-rules'].map((name) => `mappings/schemas/${name}.json: written`), 'docs/mappings.md: written'])
    for (const file of ['channels/schemas/pkb.json', 'mappings/schemas/upload.json', 'docs/mappings.md']) expect(read(file)).toBe(readFileSync(join(root, file), 'utf8'))
    expect(run(['--check']).status).toBe(0)
  })

  test('with --check writes nothing, names what is stale, and ends with 1', () => {
    change('channels/schemas/pkb.json', '"title"', '"name"')
    const stale = read('channels/schemas/pkb.json')
    expect(run(['--check'])).toMatchObject({ status: 1, lines: ['channels/schemas/pkb.json: stale: run npx openletter schema'] })
    expect(read('channels/schemas/pkb.json')).toBe(stale)
  })

  test('does not count line ends as stale', () => {
    writeFileSync(at('channels/schemas/pkb.json'), read('channels/schemas/pkb.json').replaceAll('\n', '\r\n'))
    writeFileSync(at('docs/mappings.md'), read('docs/mappings.md').replaceAll('\n', '\r\n'))
    expect(run(['--check']).status).toBe(0)
  })

  test('tells which YAML does not name its schema, with the line to write, and leaves the file alone', () => {
    change('channels/print.yaml', /^.*\n/u, '')
    change('channels/pkb.yaml', 'schemas/pkb.json', 'schemas/print.json')
    writeFileSync(at('mappings/other.yaml'), 'kind: nothing\n')
    const before = read('channels/print.yaml')
    const { status, lines } = run(['--check'])
    expect(status).toBe(1)
    expect(lines.slice(0, 3)).toEqual([
      'channels/pkb.yaml:1:1 the first line does not name the schema of this file: write "# yaml-language-server: $schema=schemas/pkb.json" in its place',
      'channels/print.yaml:1:1 the first line does not name the schema of this file: write "# yaml-language-server: $schema=schemas/print.json" above it',
      'mappings/other.yaml:1:1 no schema fits: write kind: with one of hl7-mdm, upload, sharing-rules',
    ])
    expect(run()).toMatchObject({ status: 0, lines: expect.arrayContaining(lines.slice(0, 3)) })
    expect(read('channels/print.yaml')).toBe(before)
  })

  test('tells of a part of a page that it does not make', () => {
    change('docs/channels.md', '<!-- generated: keys of a test -->', '<!-- generated: keys of a toast -->')
    const { status, lines } = run(['--check'])
    expect(status).toBe(1)
    expect(lines[0]).toMatch(/^docs\/channels\.md:\d+:1 nothing is generated as "keys of a toast", or its end is missing: write one of /u)
  })

  test('writes into the folders of the settings, and no pages where there are none', () => {
    rmSync(at('docs'), { recursive: true })
    mkdirSync(at('trust'))
    for (const name of ['channels', 'mappings']) { cpSync(at(name), at(`trust/${name}`), { recursive: true }); rmSync(at(name), { recursive: true }); rmSync(at(`trust/${name}/schemas`), { recursive: true }) }
    expect(run([], { CHANNELS_DIR: 'trust/channels', MAPPINGS_DIR: at('trust/mappings') }).status).toBe(0)
    expect(existsSync(at('trust/channels/schemas/http.json')) && existsSync(at('trust/mappings/schemas/upload.json'))).toBe(true)
    expect(existsSync(at('docs')) || existsSync(at('channels'))).toBe(false)
  })

  test('makes no folder that is misspelt', () => {
    expect(run([], { CHANNELS_DIR: 'chanels' })).toMatchObject({ status: 1, lines: [expect.stringMatching(/^chanels:1:1 this folder cannot be read/u)] })
    expect(existsSync(at('chanels'))).toBe(false)
  })

  test('says so where it may not write', () => {
    rmSync(at('channels/schemas'), { recursive: true })
    writeFileSync(at('channels/schemas'), 'in the way')
    const { status, stderr } = run()
    expect(status).toBe(1)
    expect(stderr).toMatch(/^SETTING_INVALID: .*\nchannels\/schemas\/mllp\.json cannot be /u)
  })

  test('takes no other argument', () => expect(run(['--fix'])).toMatchObject({ status: 2, stderr: expect.stringMatching(/^Usage: npx openletter schema \[--check\]\n/u) }))
})
