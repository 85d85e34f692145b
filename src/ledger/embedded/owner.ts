// Whose the embedded PostgreSQL is: PostgreSQL never runs as root, so where the engine does, the server runs as the
// system user `postgres`, or as whoever owns the data directory already. It refuses to widen the rights of any
// directory that is not ours: where one is in the way (a project under /root, say) the server gets the capability to
// pass through it, and where that cannot be had either, the error says which directory it is.
import { spawnSync } from 'node:child_process'
import { lstatSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../../errors.ts'

/** Without a uid: the server runs as the user of this process. `passing`: the capability that gets it through a wall. */
export type Owner = { readonly uid?: number; readonly gid?: number; readonly passing?: string }

/** Reading and passing through; where a container does not give that away, the wider one. */
const CAPABILITIES = ['dac_read_search', 'dac_override'] as const

/**
 * How to start a program as the owner. initdb asks access(2), which heeds a capability of another user than root only
 * under no_setuid_fixup; after the exec nothing but that one capability is left either way. setpriv (util-linux) puts the
 * program in its own place: one process.
 */
export const asOwner = ({ uid, gid, passing }: Owner, program: string, args: readonly string[]): { readonly program: string; readonly args: readonly string[]; readonly as: { readonly uid?: number; readonly gid?: number } } =>
  passing === undefined || uid === undefined || gid === undefined
    ? { program, args, as: uid === undefined || gid === undefined ? {} : { uid, gid } }
    : { program: 'setpriv', args: ['--securebits=+no_setuid_fixup', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', `--inh-caps=+${passing}`, `--ambient-caps=+${passing}`, program, ...args], as: {} }

const NAME = 'postgres'

type User = { readonly uid: number; readonly gid: number }

const lookUp = (): User | undefined => {
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((line) => line.startsWith(`${NAME}:`))?.split(':')
  if (line?.[2] && line[3]) return { uid: Number(line[2]), gid: Number(line[3]) }
  // A user may come from a directory service rather than from the file.
  const id = (flag: string) => spawnSync('id', [flag, NAME], { encoding: 'utf8' })
  const [uid, gid] = [id('-u'), id('-g')]
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : undefined
}

const systemUser = (): User => {
  const known = lookUp()
  if (known) return known
  const made = spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/bin/false', NAME], { encoding: 'utf8' })
  const user = lookUp()
  if (user) return user
  const why = made.error ? made.error.message : made.stderr.trim()
  throw new Failure('EMBEDDED_POSTGRES', `PostgreSQL does not run as root, and the system user ${NAME} could not be made (${why}): start the engine as an ordinary user, or make that user.`)
}

/** Who runs the server whose files are, or will be, in `directory`. */
export const ownerOf = (directory: string): Owner => {
  if (process.getuid?.() !== 0) return {}
  const there = lstatSync(directory, { throwIfNoEntry: false })
  return there && there.uid !== 0 ? { uid: there.uid, gid: there.gid } : systemUser()
}

/**
 * Gives a directory and all in it to the owner: what root made or restored from a backup would be refused. One that is
 * the owner's already is left alone, since a server may be at work in it.
 */
export const giveTo = (owner: Owner, path: string): void => {
  if (owner.uid === undefined || owner.gid === undefined || lstatSync(path).uid === owner.uid) return
  lchownSync(path, owner.uid, owner.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) giveTo(owner, join(path, name))
}

const mayPass = ({ uid, gid }: Owner, path: string) => {
  const { mode, uid: theirs, gid: group } = statSync(path)
  return Boolean(mode & (theirs === uid ? 0o100 : group === gid ? 0o010 : 0o001))
}

const inTheWay = (owner: Owner, path: string): readonly string[] => {
  const above: string[] = []
  for (let at = dirname(path); ; at = dirname(at)) {
    above.unshift(at)
    if (at === dirname(at)) break
  }
  return above.filter((at) => !mayPass(owner, at))
}

const reaches = (owner: Owner, path: string) => {
  const { program, args, as } = asOwner(owner, '/bin/sh', ['-c', 'test -x "$1"', 'sh', path])
  return spawnSync(program, [...args], { ...as, cwd: '/' })
}

/** The owner with what it needs to get to all the paths; throws, with the directory that is in the way, if nothing helps. */
export const withReach = (owner: Owner, paths: readonly string[]): Owner => {
  if (owner.uid === undefined || owner.gid === undefined) return owner
  const ways: readonly Owner[] = [owner, ...CAPABILITIES.map((passing) => ({ ...owner, passing }))]
  const way = ways.find((one) => paths.every((path) => reaches(one, path).status === 0))
  if (way) return way
  const path = paths.find((one) => reaches(owner, one).status !== 0)!
  const { error } = reaches(owner, path)
  const walls = inTheWay(owner, path).join(' ')
  const why = walls
    ? `may not pass through ${walls}: allow it with chmod o+x ${walls}, or put the project and DATA_DIR where every user may pass, such as under /srv.`
    : `cannot use ${path}${error ? ` (${error.message})` : ''}.`
  throw new Failure('EMBEDDED_POSTGRES', `The engine runs as root, so PostgreSQL runs as the user with id ${owner.uid}, who ${why}`)
}
