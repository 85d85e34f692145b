// Tests written into a feed of the example policy, before those that are there, and what came of them. `▸` in the text
// marks the place where a problem is to be told; it is taken out before the file is read.
import { fileURLToPath } from 'node:url'
import { channelTests } from '../../src/engine/channel-tests.ts'
import { readBelow } from '../../src/policy/files.ts'
import { loadFiles } from '../../src/policy/load.ts'
import { printProblem, type PolicyProblem } from '../../src/policy/problem.ts'
import type { ChannelTests } from '../../src/policy/test/run.ts'
import type { Environment } from '../../src/settings.ts'
import { testEnvironment } from './policy.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Tried = {
  readonly tested: ChannelTests
  readonly problems: readonly PolicyProblem[]
  /** As they are printed. */
  readonly lines: readonly string[]
  /** `channels/rio-mllp.yaml:17:5` of each mark, in order. */
  readonly marks: readonly string[]
}

export type Trial = {
  readonly feed?: 'rio-mllp' | 'rio-http'
  /** YAML of the tests to add, indented as in a channel file. */
  readonly tests?: string
  /** What else is changed, before the tests are added. */
  readonly change?: (file: string, text: string) => string
  readonly env?: Environment
}

export const tryTests = async ({ feed = 'rio-mllp', tests = '', change = (_, text) => text, env = testEnvironment }: Trial): Promise<Tried> => {
  const source = await readBelow(root)
  const marks: string[] = []
  // The feeds that a trial can be about; what another feed lacks is no matter of it.
  const files = source.files.filter(({ name }) => name !== 'rio-folder.yaml').map((file) => {
    const name = `${file.folder}/${file.name}`
    const changed = change(name, new TextDecoder().decode(file.bytes))
    const marked = changed.replace(/^tests:\n/mu, (head) => (name === `channels/${feed}.yaml` ? `${head}${tests}` : head)).split('\n')
    for (const [at, line] of marked.entries()) { const col = line.indexOf('▸'); if (col >= 0) marks.push(`${name}:${at + 1}:${col + 1}`) }
    return { ...file, bytes: new TextEncoder().encode(marked.join('\n').replaceAll('▸', '')) }
  })
  const tested = await channelTests(loadFiles({ ...source, files, show: (folder, name) => `${folder}/${name}` }, env), env)
  return { tested, problems: tested.problems, lines: tested.problems.map(printProblem), marks }
}
