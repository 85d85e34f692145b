// The policy in two folders: every problem at once, files that cannot be read, files that nothing reads, and the hash.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { check } from '../../src/commands/check.ts'
import { fromKept, keptFiles, readBelow } from '../../src/policy/files.ts'
import { loadFiles, loadPolicy } from '../../src/policy/load.ts'
import { printProblem } from '../../src/policy/problem.ts'
import type { Environment } from '../../src/settings.ts'
import { asFiles, exampleTexts, loadTexts, root, withChanges } from '../support/broken-policy.ts'
import { makeFolder } from '../support/folder.ts'
import { testEnvironment } from '../support/policy.ts'

const folders: ReturnType<typeof makeFolder>[] = []
afterEach(() => { for (const folder of folders.splice(0)) folder.remove() })

/** A copy of the example policy on disk. */
const aCopy = (change: (path: string) => void = () => undefined): { readonly path: string; readonly env: Environment } => {
  const folder = makeFolder()
  folders.push(folder)
  for (const name of ['channels', 'mappings']) cpSync(join(root, name), join(folder.path, name), { recursive: true })
  change(folder.path)
  return { path: folder.path, env: { ...testEnvironment, CHANNELS_DIR: join(folder.path, 'channels'), MAPPINGS_DIR: join(folder.path, 'mappings') } }
}
const linesOf = async (change: (path: string) => void): Promise<readonly string[]> => {
  const { path, env } = aCopy(change)
  const { policy, problems } = await loadPolicy(env)
  expect(policy).toBeUndefined()
  return problems.map((problem) => printProblem(problem).replaceAll(`${path}/`, ''))
}

describe('files that cannot be read are problems with a place, and no crash', () => {
  const LOST = '1:1 this is a link to a file that is not there: mend the link, or take it away'
  const rows: readonly (readonly [string, (path: string) => void, readonly string[]])[] = [
    ['a table that is a link to nothing', (path) => { rmSync(join(path, 'mappings/services.csv')); symlinkSync('gone.csv', join(path, 'mappings/services.csv')) }, [`mappings/services.csv:${LOST}`]],
    ['a channel that is a link to nothing', (path) => { rmSync(join(path, 'channels/withhold.yaml')); symlinkSync('gone.yaml', join(path, 'channels/withhold.yaml')) }, [`channels/withhold.yaml:${LOST}`]],
    ['rules that are a link to themselves', (path) => { rmSync(join(path, 'mappings/sharing-rules.yaml')); symlinkSync('sharing-rules.yaml', join(path, 'mappings/sharing-rules.yaml')) }, ['mappings/sharing-rules.yaml:1:1 this is a link that leads back to itself: mend it, or take it away']],
    ['a table that is a pipe, at which reading would wait for ever', (path) => { rmSync(join(path, 'mappings/services.csv')); execFileSync('mkfifo', [join(path, 'mappings/services.csv')]) }, ['mappings/services.csv:1:1 this is a pipe, a socket or a device, and a file belongs here: take it away']],
    ['a channel that is far too large', (path) => writeFileSync(join(path, 'channels/withhold.yaml'), `# ${'x'.repeat(400_000)}\n${readFileSync(join(path, 'channels/withhold.yaml'), 'utf8')}`), ['channels/withhold.yaml:1:1 a table may have 5 MB and any other file 300 KB, and this one has more: look at what came into it, or take it away']],
    ['a folder where a table belongs', (path) => { rmSync(join(path, 'mappings/services.csv')); mkdirSync(join(path, 'mappings/services.csv')) }, ['mappings/services.csv:1:1 this is a folder, and a file belongs here: call it otherwise']],
    ['no folder at all', (path) => { rmSync(join(path, 'channels'), { recursive: true }) }, [expect.stringMatching(/channels:1:1 this folder cannot be read: set CHANNELS_DIR and MAPPINGS_DIR, or start in the folder of the project$/u) as unknown as string]],
    ['no channel in the folder', (path) => { rmSync(join(path, 'channels'), { recursive: true }); mkdirSync(join(path, 'channels')) }, ['channels:1:1 there is no channel here, so nothing can come in: write one']],
    ['rules that are missing', (path) => { rmSync(join(path, 'mappings/sharing-rules.yaml')) }, ['mappings/sharing-rules.yaml:1:1 this file is missing: without rules nothing can be decided']],
    ['a table that is missing', (path) => { rmSync(join(path, 'mappings/directorates.csv')) }, ['mappings/directorates.csv:1:1 this table is missing: write it with the columns directorate,name,status,go_live,signed_off_by,signed_off_on,review_by,post,approved_by,approved_on']],
  ]
  test.each(rows)('%s', async (_what, change, lines) => { expect(await linesOf(change)).toEqual(lines) })

  test('links to files that are there are followed, as containers are given them', async () => {
    const { env } = aCopy((path) => {
      mkdirSync(join(path, '..data'))
      for (const file of ['services.csv', 'sharing-rules.yaml']) { renameSync(join(path, 'mappings', file), join(path, '..data', file)); symlinkSync(`../..data/${file}`, join(path, 'mappings', file)) }
    })
    const { policy, problems } = await loadPolicy(env)
    expect(problems).toEqual([])
    expect(policy).toBeDefined()
  })
})

describe('files that somebody may believe are read', () => {
  const SHEET = '1:1 nothing reads a spreadsheet, so what it says is not in force: save it as "CSV UTF-8" over the table, and keep it in another folder'
  const beside = (name: string) => (path: string) => { writeFileSync(join(path, name), 'x') }
  const rows: readonly (readonly [string, (path: string) => void, string])[] = [
    ...['document-codes.xlsx', 'services.xls', 'directorates.ods', 'Codes.XLSM'].map((name) => [name, beside(`mappings/${name}`), `mappings/${name}:${SHEET}`] as const),
    ['a table of another name', beside('mappings/more.csv'), 'mappings/more.csv:1:1 nothing reads this table: the tables are mappings/document-codes.csv, mappings/services.csv, mappings/directorates.csv, mappings/review-limits.csv'],
    ['a table among the channels', beside('channels/services.csv'), 'channels/services.csv:1:1 nothing reads this table: the tables are mappings/document-codes.csv, mappings/services.csv, mappings/directorates.csv, mappings/review-limits.csv'],
    ['an ending in capitals', beside('channels/second.YAML'), 'channels/second.YAML:1:1 nothing reads a file that ends in .YAML: let it end in .yaml'],
    ['an ending that Windows added', beside('channels/second.yaml.txt'), 'channels/second.yaml.txt:1:1 nothing reads this file: let it end in .yaml or .csv'],
    ['one channel in two files', (path) => { cpSync(join(path, 'channels/pkb.yaml'), join(path, 'channels/pkb.yml')) }, 'channels/pkb.yml:1:1 pkb.yaml stands beside it, and only one of them can be the channel pkb: keep one'],
    ['one mapping in two files', (path) => { cpSync(join(path, 'mappings/rio-upload.yaml'), join(path, 'mappings/rio-upload.yml')) }, 'mappings/rio-upload.yml:1:1 rio-upload.yaml stands beside it, and only one of them can be the mapping rio-upload: keep one'],
    ['rules in two files', (path) => { cpSync(join(path, 'mappings/sharing-rules.yaml'), join(path, 'mappings/sharing-rules.yml')) }, 'mappings/sharing-rules.yml:1:1 sharing-rules.yaml stands beside it, and only one of them can be the mapping sharing-rules: keep one'],
    ['a name that is none', (path) => { cpSync(join(path, 'channels/rio-http.yaml'), join(path, 'channels/RiO Über_HTTP.yaml')) }, 'channels/RiO Über_HTTP.yaml:1:1 a channel is called by its file, in lower-case letters, digits and hyphens: rename it to rio-uber-http.yaml'],
    ['a name that every object has', (path) => { cpSync(join(path, 'channels/rio-http.yaml'), join(path, 'channels/constructor.yaml')) }, 'channels/constructor.yaml:1:1 a channel is called by its file, in lower-case letters, digits and hyphens: rename it'],
  ]
  test.each(rows)('%s', async (_what, change, line) => { expect(await linesOf(change)).toEqual([line]) })

  test('what editors and spreadsheets leave behind, schemas and notes are passed by', async () => {
    const { env } = aCopy((path) => { for (const name of ['mappings/.services.csv.swp', 'mappings/~$services.xlsx', 'mappings/README.md', 'channels/x.json']) beside(name)(path) })
    expect((await loadPolicy(env)).problems).toEqual([])
  })
  test('rules and channels may end in .yml', () => {
    const { 'mappings/sharing-rules.yaml': rules, 'channels/pkb.yaml': pkb, ...rest } = exampleTexts
    expect(loadTexts({ ...rest, 'mappings/sharing-rules.yml': rules!, 'channels/pkb.yml': pkb! }).lines).toEqual([])
  })
})

describe('other encodings of YAML', () => {
  const linesWith = (bytes: Uint8Array): readonly string[] => loadFiles(asFiles(exampleTexts, { 'channels/print.yaml': bytes }), testEnvironment).problems.map(printProblem)
  const text = exampleTexts['channels/print.yaml']!
  test('windows-1252: line and column of the first byte', () => {
    const bytes = Buffer.from(text.replace('London', 'L\u00f6ndon'), 'latin1')
    const line = text.slice(0, text.indexOf('London')).split('\n').length
    const col = text.split('\n')[line - 1]!.indexOf('London') + 2
    expect(linesWith(bytes)).toEqual([`channels/print.yaml:${line}:${col} the file is not UTF-8: here stands the byte 0xF6, which is ö in windows-1252; save it as UTF-8`])
  })
  test('UTF-16', () => { expect(linesWith(Buffer.from(`\uFEFF${text}`, 'utf16le'))).toEqual(['channels/print.yaml:1:1 the file is UTF-16, and not UTF-8: save it as UTF-8']) })
  test('UTF-8 with its mark, and lines that end as on Windows, are right', () => { expect(linesWith(Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}`))).toEqual([]) })
})

test('every problem is told at once, in the order of files and lines', () => {
  const { lines } = loadTexts(withChanges([['channels/print.yaml', 'postage: second', 'postage: third'], ['mappings/services.csv', ',newham,', ',newam,'], ['channels/pkb.yaml', 'at_once: 1', 'at_once: 0']]))
  expect(lines.map((line) => line.split(':')[0])).toEqual(['channels/pkb.yaml', 'channels/print.yaml', 'mappings/services.csv'])
})

test('the hash of a policy changes with any byte of it, and not with where it lies or who kept it', async () => {
  const one = await loadPolicy(aCopy().env)
  const { path, env } = aCopy()
  expect((await loadPolicy(env)).policy!.hash).toBe(one.policy!.hash)
  expect(loadFiles(fromKept(keptFiles(await readBelow(path)), 'kept:'), env).policy!.hash).toBe(one.policy!.hash)
  const file = join(path, 'mappings/sharing-rules.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('because: The patient has died.', 'because: The patient has died .'))
  expect((await loadPolicy(env)).policy!.hash).not.toBe(one.policy!.hash)
})

describe('openletter check', () => {
  const checked = async (env: Environment, args: readonly string[] = []): Promise<{ readonly code: number; readonly said: readonly string[] }> => {
    const said: string[] = []
    const log = jest.spyOn(console, 'log').mockImplementation((line: string) => { said.push(line) })
    const error = jest.spyOn(console, 'error').mockImplementation((line: string) => { said.push(line) })
    try { return { code: await check(args, env as NodeJS.ProcessEnv), said } } finally { log.mockRestore(); error.mockRestore() }
  }
  test('says what it proved, how many it walked and how long that took', async () => {
    const { code, said } = await checked(aCopy().env)
    expect(said).toEqual([expect.stringMatching(/^floor proved: no breach in 272,160,000 combinations of 15 facts \([\d,]+ walked, \d+ ms\)$/u), expect.stringMatching(/^\d+ files, no problems; policy [0-9a-f]{12}$/u), 'now run npx openletter test: an engine asks for it too'])
    expect(code).toBe(0)
  })
  test('prints every problem, and ends with 1 if there is any', async () => {
    const { path, env } = aCopy((folder) => { const file = join(folder, 'mappings/sharing-rules.yaml'); writeFileSync(file, readFileSync(file, 'utf8').replace(/ {2}- name: held[\s\S]*?(?= {2}- name)/u, '')) })
    const { code, said } = await checked(env)
    expect(said.map((line) => line.replace(`${path}/`, ''))).toContainEqual(expect.stringMatching(/^mappings\/sharing-rules\.yaml:\d+:1 rules\.[a-z-]+: this rule breaks F11 of the safety floor/u))
    expect(said.at(-2)).toMatch(/^floor not proved: \d+ breach(es)? in 272,160,000 combinations/u)
    expect(said.at(-1)).toMatch(/^\d+ problems? in \d+ files$/u)
    expect(code).toBe(1)
  })
  test('looks at the folder that is named, and does not guess what an argument means', async () => {
    const { path, env } = aCopy()
    expect((await checked({ ...env, CHANNELS_DIR: '/nowhere', MAPPINGS_DIR: '/nowhere' }, [path])).code).toBe(0)
    for (const [args, says] of [[['channels'], 'channels does not hold channels/ and mappings/.'], [['--all'], '--all is not known.'], [[path, 'more'], 'more is not known.']] as const) {
      const { code, said } = await checked(env, args)
      expect([code, said.join('\n')]).toEqual([2, expect.stringContaining(says)])
    }
  })
})
