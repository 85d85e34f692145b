// `openletter test` as an analyst runs it: the lines that it prints, the data for scripts, the exit code.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { makeFolder } from '../support/folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: ReturnType<typeof makeFolder>
let temporary: ReturnType<typeof makeFolder>
beforeEach(() => {
  folder = makeFolder()
  temporary = makeFolder()
  for (const name of ['channels', 'mappings']) cpSync(join(root, name), join(folder.path, name), { recursive: true })
})
afterEach(() => { folder.remove(); temporary.remove() })

const change = (file: string, find: string | RegExp, replace: string): void => {
  const path = join(folder.path, file)
  const before = readFileSync(path, 'utf8')
  const after = before.replace(find, replace)
  if (after === before) throw new Error(`${file} has no ${String(find)}`)
  writeFileSync(path, after)
}

/** In the folder with the copies; settings of this machine stay out. */
const run = (...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly lines: readonly string[] } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'src/main.ts'), 'test', ...args], { cwd: folder.path, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', TMPDIR: temporary.path } })
  expect(stderr).toBe(args.includes('--nonsense') ? stderr : '')
  return { code: status, out: stdout, lines: stdout.trimEnd().split('\n') }
}

test('the example passes, reaches everything, and leaves nothing behind', () => {
  const { code, lines } = run()
  expect(lines).toEqual([expect.stringMatching(/^channel tests: \d\d passed, 0 failed$/u)])
  expect(code).toBe(0)
  expect(readdirSync(temporary.path)).toEqual([])
})

test('a failure is a line with its place, and the count comes last', () => {
  change('channels/rio-mllp.yaml', 'rule: code-unlisted', 'rule: code-missing')
  const { code, lines } = run()
  const text = readFileSync(join(folder.path, 'channels/rio-mllp.yaml'), 'utf8').split('\n')
  const line = text.findIndex((one) => one.includes('rule: code-missing')) + 1
  const col = text[line - 1]!.indexOf('rule: code-missing') + 1
  expect(lines[0]).toBe(`channels/rio-mllp.yaml:${line}:${col} rio-mllp › a code that is not in the list waits for a person: rule: expected code-missing, actual code-unlisted (The 4-letter code of the document is not in the trust's list.)`)
  expect(lines.at(-1)).toMatch(/^channel tests: \d\d passed, 1 failed$/u)
  expect(code).toBe(1)
})

test('what no test reaches is said, and is no error', () => {
  change('mappings/document-codes.csv', /$/u, 'NEWC,New letter,clinical,listed,,,Head of Clinical Records,2026-10-01\n')
  change('channels/pkb.yaml', 'document_types: {', 'document_types: { NEWC: CL,')
  const { code, lines } = run()
  expect(lines[0]).toBe('codes that no test reaches: NEWC')
  expect(code).toBe(0)
})

test('files with problems are not tested', () => {
  change('channels/rio-mllp.yaml', 'status: live', 'status: lively')
  const { code, lines } = run()
  expect(lines[0]).toMatch(/^channels\/rio-mllp\.yaml:\d+:1 status: write one of live, observing, not-live/u)
  expect(lines.at(-1)).toBe('no channel test was run: mend what is above first')
  expect(code).toBe(1)
})

test('a sample beside the channels comes before the one of the program', () => {
  cpSync(join(root, 'samples/03-do-not-share.hl7'), join(folder.path, 'samples/01-share-registered.hl7'), { recursive: true })
  const { code, out } = run()
  expect(out).toContain('rio-mllp › a letter marked share goes to the record: route: expected pkb, actual withhold')
  expect(code).toBe(1)
})

test('--json is for scripts', () => {
  change('channels/rio-mllp.yaml', 'rule: code-unlisted', 'rule: code-missing')
  const { code, out } = run('--json')
  const data = JSON.parse(out) as { passed: number; failed: number; problems: { file: string; line: number; path: string }[]; unreached: object; unreachedBy: Record<string, object>; tests: { feed: string; name: string; line: number; passed: boolean; route?: string; rule?: string }[] }
  expect(data).toMatchObject({ failed: 1, problems: [{ file: 'channels/rio-mllp.yaml' }], unreached: { rules: [], codes: [], services: [], directorates: [] } })
  expect(data.tests).toHaveLength(data.passed + data.failed)
  expect(data.tests.find(({ passed }) => !passed)).toMatchObject({ feed: 'rio-mllp', name: 'a code that is not in the list waits for a person', route: 'review', rule: 'code-unlisted' })
  expect(Object.keys(data.unreachedBy)).toEqual(expect.arrayContaining(['rio-http', 'rio-mllp']))
  expect(code).toBe(1)
})

test('an argument that it does not know is refused', () => expect(run('--nonsense').code).toBe(2))
