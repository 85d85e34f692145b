// Makes the files of an embedded PostgreSQL, once. It refuses to leave a half-made data directory: initdb works
// under another name, and only a finished one gets the name that the server uses.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../errors.ts'
import type { Binaries } from './binaries.ts'
import { asOwner, giveTo } from './owner.ts'
import type { Owner } from './owner.ts'

/** The one role of the embedded server. */
export const ROLE = 'openletter'

const UNFINISHED = 'unfinished-'

/** What a PostgreSQL program may know of our environment: no token or secret of the engine is passed on. */
export const environment = (binaries: Binaries): NodeJS.ProcessEnv => {
  const kept = Object.fromEntries(['PATH', 'SystemRoot', 'TEMP', 'TMP'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
  const libraries = binaries.libraries ? { LD_LIBRARY_PATH: binaries.libraries, DYLD_LIBRARY_PATH: binaries.libraries } : {}
  return { ...kept, ...libraries, TZ: 'UTC', LC_ALL: 'C' }
}

const writeWhole = async (path: string, text: string, owner: Owner) => {
  const making = `${path}.${randomBytes(4).toString('hex')}`
  const file = await open(making, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  giveTo(owner, making)
  await rename(making, path)
}

const syncDirectory = async (path: string) => {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}

const readPassword = async (path: string) => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return ''
  })
  return text.trim()
}

const run = (program: string, args: readonly string[], binaries: Binaries, owner: Owner) =>
  new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const { program: command, args: given, as } = asOwner(owner, program, args)
    const child = spawn(command, given, { ...as, cwd: '/', env: environment(binaries), stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text })
    child.on('error', (cause) => reject(new Failure('EMBEDDED_POSTGRES', `${program} cannot be run (${cause.message}).`, { cause })))
    child.on('close', (code) => resolve({ code, output }))
  })

const initialise = async (home: string, cluster: string, passwordFile: string, binaries: Binaries, owner: Owner) => {
  const making = join(home, `${UNFINISHED}${randomBytes(4).toString('hex')}`)
  await mkdir(making, { mode: 0o700 })
  giveTo(owner, making)
  const { code, output } = await run(binaries.initdb, [
    '--pgdata', making, '--username', ROLE, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--data-checksums',
    '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8',
  ], binaries, owner)
  if (code !== 0) {
    const lines = output.trim().split('\n')
    throw new Failure('EMBEDDED_POSTGRES', `initdb failed with exit code ${code}: ${lines.find((line) => /error:|FATAL:/.test(line)) ?? lines.at(-1)}.`)
  }
  await rename(making, cluster)
  await syncDirectory(home)
}

/**
 * Makes sure that `home` holds a data directory `cluster` and its password. Call it under the lock: what a killed
 * initdb left behind is removed.
 */
export const prepareCluster = async (home: string, binaries: Binaries, owner: Owner): Promise<{ readonly cluster: string; readonly password: string }> => {
  const [cluster, passwordFile] = [join(home, 'cluster'), join(home, 'password')]
  const made = await stat(join(cluster, 'PG_VERSION')).then(() => true, () => false)
  const known = await readPassword(passwordFile)
  if (made) {
    if (!known) throw new Failure('EMBEDDED_POSTGRES', `${passwordFile} is missing, and without it the data beside it cannot be opened: restore it from the backup.`)
    if (process.platform !== 'win32') await chmod(cluster, 0o700)
    giveTo(owner, cluster)
    giveTo(owner, passwordFile)
    return { cluster, password: known }
  }
  for (const name of await readdir(home)) {
    // The killed engine's initdb may still be at it, for a moment; what stays then does no harm.
    if (name.startsWith(UNFINISHED)) await rm(join(home, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }).catch(() => {})
  }
  const password = known || randomBytes(24).toString('base64url')
  if (!known) await writeWhole(passwordFile, `${password}\n`, owner)
  giveTo(owner, passwordFile)
  await initialise(home, cluster, passwordFile, binaries, owner)
  return { cluster, password }
}
