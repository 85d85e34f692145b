// Lets one sandbox at a time have a directory: two would each overwrite what the other keeps. It refuses a second
// one while the first runs, and believes no process id alone: a sandbox that was killed holds nothing.
import { randomBytes } from 'node:crypto'
import { constants, copyFile, link, readFile, rm, writeFile } from 'node:fs/promises'

export const IN_USE = 'SANDBOX_DIRECTORY_IN_USE'

/** State letter and start time of a process, where the system tells them; undefined if it is gone. */
const linuxStat = async (pid: number): Promise<readonly [string, string] | undefined> => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  // The name in brackets may hold anything: read on from the last one.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields && [fields[0] ?? '', fields[19] ?? '']
}

const signalled = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** What tells a running process from another one with its id; undefined if it does not run. */
const markOf = async (pid: number): Promise<string | undefined> => {
  if (!(pid > 0) || !signalled(pid)) return undefined
  if (process.platform !== 'linux') return ''
  const stat = await linuxStat(pid)
  return stat && !['Z', 'X'].includes(stat[0]) ? stat[1] : undefined
}

/** Under its name with all it says at once: a half-written one would look like nobody's. */
const placed = async (path: string, says: string): Promise<boolean> => {
  const making = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`
  await writeFile(making, says, { flag: 'wx', mode: 0o600 })
  try {
    // Not every file system has links.
    await link(making, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error
      return copyFile(making, path, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(making, { force: true })
  }
}

const inUse = (says: string): Error => Object.assign(new Error(says), { code: IN_USE })

/** Takes the lock, or throws an error with the code IN_USE; resolves to what gives it back. */
export const lock = async (path: string): Promise<() => Promise<void>> => {
  const mine = `${process.pid}\n${(await markOf(process.pid)) ?? ''}\n`
  for (let tries = 0; tries < 20; tries++) {
    if (await placed(path, mine)) return () => rm(path, { force: true })
    const [pid = '', mark = ''] = (await readFile(path, 'utf8').catch(() => '')).split('\n')
    if ((await markOf(Number(pid))) === mark) throw inUse(`Another sandbox (process ${pid}) keeps its documents there. If that process is something else, remove ${path}.`)
    await rm(path, { force: true })
  }
  throw inUse('Several sandboxes are starting there at once.')
}
