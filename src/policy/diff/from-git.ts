// The files of a policy as they stood in a revision of the git repository that a folder belongs to. It asks git itself,
// through no shell, and refuses to change anything: nothing is checked out.
import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../../errors.ts'
import { readSetting, type Environment } from '../../settings.ts'
import { FOLDERS, type Folder, type PolicyFile, type PolicyFiles } from '../files.ts'
import type { PolicyProblem } from '../problem.ts'

const MOST_BYTES = 64 * 1024 * 1024
const run = promisify(execFile)

type Git = (...args: readonly string[]) => Promise<Buffer>
const gitIn = (folder: string): Git => async (...args) =>
  (await run('git', ['-C', folder, ...args], { encoding: 'buffer', maxBuffer: MOST_BYTES, env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' } })).stdout

const missing = (detail: string, cause?: unknown): Failure => new Failure('POLICY_NOT_FOUND', detail, { cause })

/** `folder`: where the settings' own paths begin. */
export const readRevision = async (revision: string, env: Environment, folder: string = process.cwd()): Promise<PolicyFiles> => {
  const here = gitIn(folder)
  const top = await here('rev-parse', '--show-toplevel').then((text) => realpath(text.toString().replace(/\r?\n$/u, '')), (cause: unknown) => { throw missing(noRepository(revision, cause), cause) })
  const git = gitIn(top)
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).then((text) => text.toString().trim(), (cause: unknown) => {
    throw missing(`${revision} is no folder that holds a policy, and git knows no such revision here.`, cause)
  })
  const problems: PolicyProblem[] = []
  const files: PolicyFile[] = []
  const paths = new Map<Folder, string>()
  for (const name of FOLDERS) {
    const found = await whereIs(git, commit, await candidates(name, env, { top, folder }))
    if (!found) throw missing(`${revision} has no folder ${name} in this repository.`)
    paths.set(name, found.path)
    for (const { file, mode, object } of found.entries) {
      if (mode === '120000') problems.push({ file: `${revision}:${found.path}/${file}`, line: 1, col: 1, path: '', message: 'this is a link, and links are not followed in a revision: compare folders instead' })
      else files.push({ folder: name, name: file, bytes: await git('cat-file', 'blob', object) })
    }
  }
  return { files, problems, show: (name, file) => `${revision}:${paths.get(name)}/${file}` }
}

const noRepository = (revision: string, cause: unknown): string => {
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return `${revision} is no folder that holds a policy, and git is not installed here, so it cannot be a revision either.`
  const said = (cause as { readonly stderr?: Buffer }).stderr?.toString() ?? ''
  if (said.includes('dubious ownership')) return `${revision} cannot be looked up: git refuses this repository because it belongs to another user (see safe.directory in the manual of git).`
  return `${revision} is no folder that holds a policy, and there is no git repository here in which it could be a revision.`
}

/** The setting where it is set; else the folder of that name beside the one we are in, or beside one above it. */
const candidates = async (name: Folder, env: Environment, { top, folder }: { readonly top: string; readonly folder: string }): Promise<readonly string[]> => {
  const setting = name === 'channels' ? 'CHANNELS_DIR' : 'MAPPINGS_DIR'
  const base = await realpath(folder)
  if (env[setting]?.trim()) {
    const path = relative(top, await real(resolve(base, readSetting(setting, env)!)))
    if (path !== '..' && !path.startsWith(`..${sep}`)) return [path]
  }
  const above = relative(top, base) === '' ? [] : relative(top, base).split(sep)
  return Array.from({ length: above.length + 1 }, (_, up) => join(...above.slice(0, above.length - up), name))
}

/** Without its links, as far as it is there: the folder may only have been there in the revision. */
const real = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch {
    return dirname(path) === path ? path : join(await real(dirname(path)), basename(path))
  }
}

type Entry = { readonly file: string; readonly mode: string; readonly object: string }
const EXTENSIONS = ['.yaml', '.yml', '.csv']

const whereIs = async (git: Git, commit: string, paths: readonly string[]): Promise<{ readonly path: string; readonly entries: readonly Entry[] } | undefined> => {
  for (const native of paths) {
    const path = native.split(sep).join('/')
    const listed = await git('ls-tree', '-z', '--full-tree', `${commit}:${path}`).catch(() => undefined)
    if (listed) return { path, entries: entriesOf(listed.toString('utf8')) }
  }
  return undefined
}

/** `MODE TYPE OBJECT<TAB>NAME<NUL>`: the files that a policy is made of. */
const entriesOf = (listed: string): readonly Entry[] =>
  listed.split('\0').flatMap((line) => {
    const [, mode, object, file] = /^(\d+) blob ([0-9a-f]+)\t(.+)$/su.exec(line) ?? []
    return mode && object && file && EXTENSIONS.includes(extname(file)) && !file.startsWith('.') && !file.startsWith('~$') ? [{ mode, object, file }] : []
  })
