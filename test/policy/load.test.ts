// Each way of breaking a file of the policy: told with file, line, column and advice, all at once, and no policy made.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { loadPolicy } from '../../src/policy/load.ts'
import { printProblem } from '../../src/policy/problem.ts'
import type { Environment } from '../../src/settings.ts'
import { makeFolder } from '../support/folder.ts'
import { testEnvironment } from '../support/policy.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folders: ReturnType<typeof makeFolder>[] = []
afterEach(() => { for (const folder of folders.splice(0)) folder.remove() })

type Change = readonly [file: string, find: string | RegExp, replace: string]
/** Loads a copy of the example policy with one change; problems as they are printed, paths from the copy's folder. */
const broken = async (changes: readonly Change[], env: Environment = {}, more: (path: string) => void = () => {}) => {
  const folder = makeFolder()
  folders.push(folder)
  for (const name of ['channels', 'mappings']) cpSync(join(root, name), join(folder.path, name), { recursive: true })
  for (const [file, find, replace] of changes) {
    const path = join(folder.path, file)
    const before = readFileSync(path, 'utf8')
    const after = before.replace(find, replace)
    if (after === before) throw new Error(`${file} has no ${String(find)}`)
    writeFileSync(path, after)
  }
  more(folder.path)
  const loaded = await loadPolicy({ ...testEnvironment, CHANNELS_DIR: join(folder.path, 'channels'), MAPPINGS_DIR: join(folder.path, 'mappings'), ...env })
  return { policy: loaded.policy, lines: loaded.problems.map((problem) => printProblem(problem).replace(`${folder.path}/`, '')) }
}

describe('one thing wrong is one line, with its place and what to write', () => {
  const rows: readonly (readonly [what: string, change: Change, line: RegExp])[] = [
    ['an unknown key', ['channels/print.yaml', 'postage: second', 'postage: second\npostge: first'], /^channels\/print\.yaml:\d+:1 postge: there is no such key here/u],
    ['a missing key', ['channels/print.yaml', /^postage: second\n/mu, ''], /^channels\/print\.yaml:\d+:\d+ postage: write one of first, second, economy/u],
    ['a wrong value', ['channels/print.yaml', 'postage: second', 'postage: third'], /^channels\/print\.yaml:10:1 postage: write one of first, second, economy/u],
    ['a wrong type', ['channels/print.yaml', 'at_once: 4', 'at_once: four'], /^channels\/print\.yaml:12:1 at_once: write a number/u],
    ['a number where a code belongs', ['mappings/sharing-rules.yaml', 'organisations: ["RWK"]', 'organisations: [0042]'], /^mappings\/sharing-rules\.yaml:14:19 trust\.organisations\.0: codes are text: put it in quotes/u],
    ['a setting that is not one', ['channels/print.yaml', '${PRINT_DIR}', '${PRINT_FOLDER}'], /^channels\/print\.yaml:7:1 folder: there is no setting PRINT_FOLDER; the settings are DATA_DIR/u],
    ['a setting in the middle of a text', ['channels/print.yaml', '${PRINT_DIR}', '${PRINT_DIR}/x'], /folder: a setting stands alone/u],
    ['a duplicate key', ['channels/print.yaml', 'mode: demo', 'mode: demo\nmode: live'], /^channels\/print\.yaml:9:1 this is not YAML 1\.2: Map keys must be unique/u],
    ['an alias', ['channels/print.yaml', 'postage: second', 'postage: &p second\nx: *p'], /aliases are not used here/u],
    ['YAML that does not close', ['channels/print.yaml', 'return_address: ["Example', 'return_address: [["Example'], /this is not YAML 1\.2/u],
    ['a feed whose mapping is not there', ['channels/rio-http.yaml', 'mapping: rio-upload', 'mapping: rio-uplod'], /^channels\/rio-http\.yaml:6:1 mapping: there is no mapping rio-uplod: the mappings are/u],
    ['a feed without a withheld test', ['channels/rio-http.yaml', /tests:[\s\S]*/u, 'tests:\n  - { name: one, sample: samples/01-share-registered.json, expect: { route: pkb } }\n'], /tests: there is no test of a document that is withheld/u],
    ['a channel without approver', ['channels/withhold.yaml', /approved_by: .*\n/u, ''], /^channels\/withhold\.yaml:\d+:\d+ approved_by: this is missing: write text/u],
    ['a real PKB address that nobody confirmed', ['channels/pkb.yaml', 'base_url: ${PKB_FHIR_URL}', 'base_url: https://pkb.example.org/fhir'], /^channels\/pkb\.yaml:10:3 fhir\.base_url: PKB publishes no promise .* add confirmed_by_pkb/u],
    ['a real PKB address without TLS', ['channels/pkb.yaml', 'token_url: ${PKB_TOKEN_URL}', 'token_url: http://pkb.example.org/token'], /fhir\.token_url: write an https address/u],
    ['a rule that is called like another', ['mappings/sharing-rules.yaml', 'name: superseded', 'name: cancelled'], /another rule is called cancelled already/u],
    ['a fact that is not one', ['mappings/sharing-rules.yaml', '{ hold: held }', '{ holds: held }'], /when\.holds: there is no such key here/u],
    ['a value that the fact does not have', ['mappings/sharing-rules.yaml', '{ hold: held }', '{ hold: yes }'], /when\.hold: write one or more of none, held/u],
    ['a route that is not one', ['mappings/sharing-rules.yaml', /(name: held[\s\S]*?)route: withhold/u, '$1route: nowhere'], /route: write one of pkb, print, withhold, review/u],
    ['a picklist text with two meanings', ['mappings/sharing-rules.yaml', 'withhold: ["MH DO NOT', 'withhold: ["MH share  with patient", "MH DO NOT'], /stands under share as well/u],
    ['a code twice', ['mappings/document-codes.csv', /$/u, 'CLIN,Again,clinical,listed,,,Role,2026-10-01\n'], /^mappings\/document-codes\.csv:11:1 code: "CLIN" stands on line 3 already/u],
    ['a stray space', ['mappings/document-codes.csv', 'DISC,Discharge letter,clinical,listed', 'DISC,Discharge letter,clinical,listed '], /^mappings\/document-codes\.csv:4:4 sharing: take out the space/u],
    ['a small letter in a code', ['mappings/document-codes.csv', 'DISC,', 'Disc,'], /^mappings\/document-codes\.csv:4:1 code: a code is four capital letters/u],
    ['a row without approver', ['mappings/document-codes.csv', 'Discharge letter,Head of Clinical Records', 'Discharge letter,'], /^mappings\/document-codes\.csv:4:7 approved_by: this must not be empty/u],
    ['a missing column', ['mappings/services.csv', 'team,name,service', 'team,name,scope'], /^mappings\/services\.csv:1:1 service: the column service is missing/u],
    ['a row with too few cells', ['mappings/services.csv', /^LD1,.*$/mu, 'LD1,Community'], /^mappings\/services\.csv:6:3 the row has 2 cells, and line 1 has 8/u],
    ['quotes that do not close', ['mappings/services.csv', 'LD1,', '"LD1,'], /the quotes do not close/u],
    ['a service of no directorate', ['mappings/services.csv', ',newham,', ',newam,'], /^mappings\/services\.csv:2:4 directorate: there is no directorate newam/u],
    ['a live directorate without sign-off', ['mappings/directorates.csv', 'Directorate Management Team,2024-12-16', ',2024-12-16'], /^mappings\/directorates\.csv:2:3 status: a live directorate needs signed_off_by/u],
    ['a date that is not one', ['mappings/directorates.csv', '2025-01-06', '6 January 2025'], /^mappings\/directorates\.csv:2:4 go_live: write a date as 2026-11-20/u],
  ]
  test.each(rows)('%s', async (_what, change, line) => {
    const { policy, lines } = await broken([change])
    expect(lines).toContainEqual(expect.stringMatching(line))
    // A misspelt name may be told at both ends; more than that would be noise.
    expect(lines.length).toBeLessThanOrEqual(2)
    expect(policy).toBeUndefined()
  })

  test('a table that is not UTF-8', async () => {
    const { lines } = await broken([], {}, (path) => writeFileSync(join(path, 'mappings/services.csv'), Buffer.concat([readFileSync(join(path, 'mappings/services.csv')), Buffer.from('X1,Caf\xe9,in-scope,newham,,,Role,2026-10-01\n', 'latin1')])))
    expect(lines.some((line) => line.startsWith('mappings/services.csv:7:1 the file is not UTF-8'))).toBe(true)
  })
  test('a file that is missing, and one that nothing reads', async () => {
    const { lines } = await broken([], {}, (path) => { rmSync(join(path, 'mappings/sharing-rules.yaml')); writeFileSync(join(path, 'mappings/more.csv'), 'a\n') })
    expect(lines.some((line) => line.startsWith('mappings/sharing-rules.yaml:1:1 this file is missing'))).toBe(true)
    expect(lines.some((line) => line.startsWith('mappings/more.csv:1:1 nothing reads this table'))).toBe(true)
  })
  test('a mapping that no feed uses', async () => {
    const { lines } = await broken([], {}, (path) => cpSync(join(path, 'mappings/rio-upload.yaml'), join(path, 'mappings/other.yaml')))
    expect(lines).toEqual([expect.stringMatching(/^mappings\/other\.yaml:\d+:\d+ no feed uses this mapping/u)])
  })
  test('two feeds on one port', async () => {
    const { lines } = await broken([], {}, (path) => cpSync(join(path, 'channels/rio-mllp.yaml'), join(path, 'channels/rio-mllp-2.yaml')))
    expect(lines.some((line) => /port: rio-mllp.* listens on 127\.0\.0\.1:2575 already/u.test(line))).toBe(true)
  })
  test('a setting that is not set', async () => {
    const { lines } = await broken([], { RIO_HTTP_TOKEN: '' })
    expect(lines).toEqual([expect.stringMatching(/^channels\/rio-http\.yaml:\d+:1 token: the setting RIO_HTTP_TOKEN is not set/u)])
  })
})

describe('rules that would break the floor', () => {
  test('are refused with the rule, the line of the floor, and the facts', async () => {
    const { policy, lines } = await broken([['mappings/sharing-rules.yaml', / {2}- name: do-not-share[\s\S]*?(?= {2}- name)/u, '']])
    expect(policy).toBeUndefined()
    expect(lines.length).toBeGreaterThan(0)
    expect(lines[0]).toMatch(/^mappings\/sharing-rules\.yaml:\d+:1 rules\.[a-z-]+: this rule breaks F1 of the safety floor .*instruction withhold/u)
  })
  test('and a rule that can never fire is named with those that take its cases', async () => {
    const { lines } = await broken([['mappings/sharing-rules.yaml', /$/u, '  - name: never\n    when: { instruction: withhold }\n    route: review\n    because: It never comes to this.\n']])
    expect(lines).toEqual([expect.stringMatching(/^mappings\/sharing-rules\.yaml:\d+:1 rules\.never: this rule can never fire: cancelled, superseded, do-not-share take all its cases/u)])
  })
})

test('every problem is told at once, in the order of files and lines', async () => {
  const { lines } = await broken([['channels/print.yaml', 'postage: second', 'postage: third'], ['mappings/services.csv', ',newham,', ',newam,'], ['channels/pkb.yaml', 'at_once: 8', 'at_once: 0']])
  expect(lines.map((line) => line.split(':')[0])).toEqual(['channels/pkb.yaml', 'channels/print.yaml', 'mappings/services.csv'])
})

test('the hash of a policy changes with any byte of it, and not with where it lies', async () => {
  const [one, same] = [await broken([]), await broken([])]
  expect(one.policy!.hash).toBe(same.policy!.hash)
  expect((await broken([['mappings/sharing-rules.yaml', 'because: The patient has died.', 'because: The patient has died .']])).policy!.hash).not.toBe(one.policy!.hash)
})
