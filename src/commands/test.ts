// `openletter test`: runs the tests in the channel files on the policy as it stands. Sends nothing, needs no database.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readUploadFile } from '../intake/read-file.ts'
import { openContent } from '../ledger/content-files.ts'
import { runChannelTests } from '../policy/test.ts'
import { checkable } from './environment.ts'
import { policyOrProblems } from './policy-or-problems.ts'

export const test = async (_args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const policy = await policyOrProblems(checkable(env))
  if (!policy) return 1
  const folder = await mkdtemp(join(tmpdir(), 'openletter-test-'))
  try {
    const content = await openContent(folder)
    const results = await runChannelTests(policy, (file, feed) => readUploadFile(file, { feed, settings: policy.feeds[feed]!, content, now: () => new Date(), newId: randomUUID }))
    const failed = results.filter(({ failures }) => failures.length > 0)
    for (const { feed, name, failures } of failed) for (const failure of failures) console.log(`${feed}: ${name}: ${failure}`)
    const reached = new Set(results.map(({ rule }) => rule))
    const unreached = policy.rules.map(({ name }) => name).filter((name) => !reached.has(name))
    if (unreached.length > 0) console.log(`rules that no test reaches: ${unreached.join(', ')}`)
    console.log(`channel tests: ${results.length - failed.length} passed, ${failed.length} failed`)
    return failed.length > 0 ? 1 : 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
