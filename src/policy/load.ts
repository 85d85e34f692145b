// Reads channels/ and mappings/ whole, and gives back either a policy that is proved, or every problem at once. It
// refuses to give back half a policy, and needs no database.
import { createHash } from 'node:crypto'
import { MOST as MOST_RULES, prove, type Proof } from '../decide/proof.ts'
import type { Environment } from '../settings.ts'
import { compile } from './compile.ts'
import { keptFiles, readFolders, type KeptFiles, type PolicyFiles } from './files.ts'
import { lint } from './lint/lint.ts'
import type { Policy } from './policy.ts'
import { inOrder, type PolicyProblem } from './problem.ts'
import { proofProblems } from './proof-problems.ts'
import { londonDay } from '../decide/london.ts'
import { readAll, type Read } from './read/every-file.ts'
import type { Place } from './read/yaml.ts'

export type Loaded = {
  readonly policy?: Policy
  /** Also where there are problems, as long as there are rules: to be compared with another, never to decide by. */
  readonly compiled?: Policy
  readonly proof?: Proof
  /** How long the proof took. */
  readonly proofMs?: number
  readonly problems: readonly PolicyProblem[]
  /** Every file that was read, by `folder/name`: what the ledger keeps of a policy. */
  readonly files: KeptFiles
  /** Where a place of a channel file stands: `placeIn('rio-mllp', ['tests', 3, 'expect', 'route'])`. */
  placeIn(channel: string, path: readonly PropertyKey[]): Place & { readonly file: string }
}

/** The policy in the folders that the settings name. */
export const loadPolicy = async (env: Environment): Promise<Loaded> => loadFiles(await readFolders(env), env)

/** The policy in these files, wherever they come from; the settings that they name are read from `env`. No approval may lie after `today`. */
export const loadFiles = (source: PolicyFiles, env: Environment, today = londonDay(new Date())): Loaded => {
  const problems: PolicyProblem[] = [...source.problems]
  const read = readAll(source, env, problems)
  // A policy that was in force passed the demands of its time, and nothing goes out by it: it is read as it was.
  if (!source.kept) problems.push(...lint(read, env, today))
  const policy = hasRules(read) ? compile(read, hashOf(source)) : undefined
  // More rules than can be proved are a problem of their own, told with the line of the first that is too many.
  const started = performance.now()
  const proof = policy && policy.rules.length <= MOST_RULES ? prove(policy.rules) : undefined
  const proofMs = performance.now() - started
  if (policy && proof && !source.kept) problems.push(...proofProblems(proof, policy.rules))
  const sorted = inOrder(problems)
  return {
    files: keptFiles(source), problems: sorted, ...(proof ? { proof, proofMs } : {}), ...(policy && proof && sorted.length === 0 ? { policy } : {}), ...(policy ? { compiled: policy } : {}),
    placeIn: (channel, path) => {
      const yaml = read.channels.get(channel)?.yaml
      return yaml ? { file: yaml.file, ...yaml.at(path) } : { file: source.show('channels', `${channel}.yaml`), line: 1, col: 1 }
    },
  }
}

const hasRules = (read: Read): read is Read & { readonly rules: NonNullable<Read['rules']> } => read.rules !== undefined

/** Over names and bytes of every file, so that the same policy has the same hash wherever it lies. */
const hashOf = ({ files }: PolicyFiles): string => {
  const hash = createHash('sha256')
  const named = files.map(({ folder, name, bytes }) => [`${folder}/${name}`, bytes] as const)
  for (const [path, bytes] of named.sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${path}\0${bytes.length}\0`).update(bytes)
  return hash.digest('hex')
}
