// The files of the channels for people at the pages: what lies on disk now beside what is in force, and the way to take
// it, which is the one that a signal goes. It refuses to show what a file that was not taken says otherwise: a secret may
// have been written into it.
import { isDeepStrictEqual } from 'node:util'
import type { ChannelDesk, FilesNow } from '../dashboard/channels/channel-parts.ts'
import { comparePolicies } from '../policy/diff/diff.ts'
import { inWords } from '../policy/diff/report.ts'
import { sectionsOf } from '../policy/diff/sections.ts'
import { keptFiles, readFolders } from '../policy/files.ts'
import { loadFiles, type Loaded } from '../policy/load.ts'
import type { ChannelTests } from '../policy/test/run.ts'
import type { Environment } from '../settings.ts'
import { channelTests } from './channel-tests.ts'
import type { ChannelWatch } from './channel-watch.ts'
import type { InForce, PolicyHolder } from './in-force.ts'

export type ChannelDeskParts = {
  readonly holder: Pick<PolicyHolder, 'now' | 'reload'>
  readonly env: () => Environment
  readonly watch: Pick<ChannelWatch, 'look'>
  readonly now: () => Date
}

export const channelDesk = ({ holder, env, watch, now }: ChannelDeskParts): ChannelDesk => {
  let last: { readonly of: unknown; readonly files: FilesNow } | undefined
  let looking: Promise<FilesNow> | undefined

  const look = async (again: boolean): Promise<FilesNow> => {
    const settings = env()
    const source = await readFolders(settings)
    // Approvals may lie in the future: tomorrow the same files may be right.
    const of = [keptFiles(source), source.problems, settings, holder.now().policy.hash, now().toISOString().slice(0, 10)]
    if (!again && last && isDeepStrictEqual(last.of, of)) return last.files
    const loaded = loadFiles(source, settings)
    const tests = loaded.policy ? await channelTests(loaded, settings) : undefined
    const files = filesNow(loaded, tests, holder.now(), now().toISOString())
    last = { of, files }
    return files
  }

  return {
    // To prove and test a policy takes a second: whoever asks meanwhile gets the same answer.
    filesNow: (again = false) => (looking ??= look(again).finally(() => { looking = undefined })),
    filesInForce: () => holder.now().files,
    reload: holder.reload,
    follow: watch.look,
  }
}

const filesNow = ({ policy, compiled, problems, files }: Loaded, tests: ChannelTests | undefined, inForce: InForce, at: string): FilesNow => {
  const same = policy?.hash === inForce.policy.hash
  const state = same ? 'in-force' : policy && tests?.blocking.length === 0 ? 'waiting' : 'refused'
  return {
    at, state, problems,
    ...(compiled ? { hash: compiled.hash } : {}),
    ...(tests ? { tests: testsOf(tests) } : {}),
    changes: policy && !same ? sectionsOf(inWords(comparePolicies({ policy: inForce.policy, files: inForce.files }, { policy, files }), { before: inForce.policy.rules, after: policy.rules, folder: 'settings' })) : [],
  }
}

const countsOf = (results: ChannelTests['results']) => {
  const failed = results.filter(({ problems }) => problems.length > 0).length
  return { passed: results.length - failed, failed }
}

const testsOf = ({ results, problems, blocking, unreached, unreachedBy }: ChannelTests): NonNullable<FilesNow['tests']> => ({
  ...countsOf(results), problems, blocking, notReached: unreached,
  byFeed: Object.entries(unreachedBy).map(([feed, notReached]) => ({ feed, ...countsOf(results.filter((result) => result.feed === feed)), notReached })),
})
