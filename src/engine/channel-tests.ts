// The channel tests of a policy as it was loaded: for `openletter test`, and for an engine that is about to take another
// policy. It reads samples from the disk, and refuses to write anything there, and to wait for a pipe or read without end:
// an engine that hangs at the tests of one policy would take no other.
import { randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMessage, readUpload, readUploadFile, type FileParts } from '../intake/read-file.ts'
import { measuredContent } from '../ledger/content-measured.ts'
import { FILE_PLACE } from '../policy/lint/tests.ts'
import type { Loaded } from '../policy/load.ts'
import { readPlain } from '../policy/plain-file.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import { runChannelTests, type ChannelTests, type ReadInput } from '../policy/test/run.ts'
import { readSetting, type Environment } from '../settings.ts'

export const channelTests = (loaded: Loaded, env: Environment): Promise<ChannelTests> => {
  const content = measuredContent()
  const partsOf = (feed: string): FileParts => ({ feed, settings: loaded.policy!.feeds[feed]!, content, now: () => new Date(), newId: randomUUID, read: readSample })
  return runChannelTests(loaded, inputsBelow(rootsOf(env), partsOf))
}

/** A letter is a few megabytes, and base64 a third more. */
const MOST_SAMPLE_MB = 64
const readSample = (path: string): Promise<Buffer> => readPlain(path, MOST_SAMPLE_MB * 1024 * 1024)

export type Tested = {
  /** What stands against taking this policy into force; empty: nothing. */
  readonly blocking: readonly PolicyProblem[]
  /** Tests that fail because their documents stay in: taken, and told to everybody. */
  readonly keptIn: readonly PolicyProblem[]
}

export const tested = async (loaded: Loaded, env: Environment): Promise<Tested> => {
  const { problems, blocking } = await channelTests(loaded, env)
  return { blocking, keptIn: problems.filter((problem) => !blocking.includes(problem)) }
}

/** The root of the project is where channels/ lies; a copy of the files that was made elsewhere still finds the samples that came with the program. */
const rootsOf = (env: Environment): readonly string[] => [dirname(resolve(readSetting('CHANNELS_DIR', env)!)), fileURLToPath(new URL('../..', import.meta.url))]

const inputsBelow = (roots: readonly string[], partsOf: (feed: string) => FileParts): ReadInput => async (feed, { sample, message, upload, file }) => {
  const parts = partsOf(feed)
  if (sample !== undefined) return readUploadFile(await find(sample, roots), parts)
  const bytes = file === undefined ? undefined : await readSample(await find(file, roots))
  if (message !== undefined) return readMessage(message, bytes && { place: FILE_PLACE, bytes }, parts)
  const { metadata, file_name: fileName, declared_type: declaredType } = upload!
  return readUpload({ metadata, ...(fileName ? { fileName } : {}), ...(declaredType ? { declaredType } : {}) }, bytes, parts)
}

/** The first root that has it; else the path below the first one, for whoever says that it is not there. */
const find = async (path: string, roots: readonly string[]): Promise<string> => {
  for (const root of roots) if (await access(resolve(root, path)).then(() => true, () => false)) return resolve(root, path)
  return resolve(roots[0]!, path)
}
