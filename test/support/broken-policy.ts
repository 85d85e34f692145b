// The example policy with something broken in it, loaded from memory. In what is put in, ¦ marks the place that the
// problem has to name; it is taken out before the file is read.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from '@jest/globals'
import type { PolicyFile, PolicyFiles } from '../../src/policy/files.ts'
import { loadFiles, type Loaded } from '../../src/policy/load.ts'
import { printProblem } from '../../src/policy/problem.ts'
import type { Environment } from '../../src/settings.ts'
import { testEnvironment } from './policy.ts'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const MARK = '¦'

/** A folder feed that is there whatever channels the example has. */
const FOLDER_FEED = `kind: feed
type: folder
approved_by: Chief Clinical Information Officer
approved_on: "2026-10-01"
mapping: rio-upload
status: live
producer_when_missing: unknown
folder: /srv/letters/in
poll_secs: 1
settled_secs: 2
orphan_after_mins: 30
max_document_mb: 100
tests:
  - name: a letter marked do-not-share reaches nobody
    sample: samples/03-do-not-share.json
    expect: { route: withhold }
`

/** Text by `folder/name`. */
export type Texts = { readonly [path: string]: string }

/** Of the tests in a feed a few are enough here, and each change is loaded faster. */
const withFewTests = (text: string): string => text.split(/^(?= {2}- name: )/mu).slice(0, 4).join('')

const read = (folder: string, name: string): string => readFileSync(join(root, folder, name), 'utf8')

export const exampleTexts: Texts = {
  ...Object.fromEntries(readdirSync(join(root, 'channels')).filter((name) => name.endsWith('.yaml')).map((name) => [`channels/${name}`, withFewTests(read('channels', name))])),
  ...Object.fromEntries(readdirSync(join(root, 'mappings')).filter((name) => /\.(yaml|csv)$/u.test(name)).map((name) => [`mappings/${name}`, read('mappings', name)])),
  'channels/letters.yaml': FOLDER_FEED,
}

/** What to find in a file, and what to put there. A file that is not there is made. */
export type Change = readonly [file: string, find: string | RegExp, put: string]

export const withChanges = (changes: readonly Change[], texts: Texts = exampleTexts): Texts => {
  const result: { [path: string]: string } = { ...texts }
  for (const [file, find, put] of changes) {
    const before = result[file] ?? ''
    const after = before.replace(find, put)
    if (after === before) throw new Error(`${file} has no ${String(find)}`)
    result[file] = after
  }
  return result
}

export const asFiles = (texts: Texts, bytes: { readonly [path: string]: Uint8Array } = {}): PolicyFiles => ({
  files: Object.entries({ ...texts, ...bytes }).map(([path, content]): PolicyFile => {
    const [folder, name] = path.split('/') as [PolicyFile['folder'], string]
    return { folder, name, bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content }
  }),
  problems: [],
  show: (folder, name) => `${folder}/${name}`,
})

/** `file:line:col` of the first mark. */
export const markedPlace = (texts: Texts): string => {
  const [file, text] = Object.entries(texts).find(([, one]) => one.includes(MARK)) ?? []
  if (file === undefined || text === undefined) throw new Error(`nothing is marked with ${MARK}`)
  const lines = text.slice(0, text.indexOf(MARK)).replace(/^\uFEFF/u, '').split(/\r\n|\n|\r/u)
  return `${file}:${lines.length}:${lines.at(-1)!.length + 1}`
}
export const unmarked = (texts: Texts): Texts => Object.fromEntries(Object.entries(texts).map(([file, text]) => [file, text.replace(MARK, '')]))

export const loadTexts = (texts: Texts, env: Environment = {}): Loaded & { readonly lines: readonly string[] } => {
  const loaded = loadFiles(asFiles(texts), { ...testEnvironment, ...env })
  return { ...loaded, lines: loaded.problems.map(printProblem) }
}

/** One way of breaking the policy, and what has to be said of it: `path: message`. `second` is the one other problem that it brings along. */
export type BrokenRow = readonly [what: string, change: Change | readonly Change[], says: string | RegExp, more?: { readonly env?: Environment; readonly second?: string | RegExp }]

const isOne = (change: BrokenRow[1]): change is Change => typeof change[0] === 'string'

/** The problem stands at the mark and says just that, no other is told, and no policy is made. */
export const expectProblem = ([, change, says, { env = {}, second } = {}]: BrokenRow): void => {
  const texts = withChanges(isOne(change) ? [change] : change)
  const { policy, problems, lines } = loadTexts(unmarked(texts), env)
  const place = markedPlace(texts)
  const here = problems.map(({ file, line, col, path, message }) => [`${file}:${line}:${col}`, path === '' ? message : `${path}: ${message}`])
  const [found] = here.filter(([at]) => at === place)
  expect({ place, says: found?.[1], lines }).toEqual({ place, says: typeof says === 'string' ? says : expect.stringMatching(says), lines: expect.anything() })
  const others = here.filter((one) => one !== found).map(([, message]) => message)
  expect(others).toEqual(second === undefined ? [] : [typeof second === 'string' ? second : expect.stringMatching(second)])
  expect(policy).toBeUndefined()
  expect(lines).toHaveLength(here.length)
}
