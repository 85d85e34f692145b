// What the operating system knows of another process: whether it runs, and whether it is still the same one. It
// refuses to trust a bare process id: ids are used again, and a killed process that nobody waited for (a zombie)
// still has one.
import { execFile } from 'node:child_process'
import { readFile, readlink, realpath } from 'node:fs/promises'
import { promisify } from 'node:util'

const ps = (pid: number, column: string) =>
  promisify(execFile)('ps', ['-o', `${column}=`, '-p', String(pid)]).then(({ stdout }) => stdout.trim(), () => '')

/** State letter and start time, from /proc where there is one. */
const linuxStat = async (pid: number) => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  // The name in brackets may hold anything, brackets and blanks too: read on from the last one.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields && { state: fields[0] ?? '', started: fields[19] ?? '' }
}

const exists = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether it runs: neither gone nor a zombie. */
export const isRunning = async (pid: number): Promise<boolean> => {
  if (!exists(pid)) return false
  if (process.platform === 'linux') {
    const stat = await linuxStat(pid)
    return stat !== undefined && !['Z', 'X', 'x'].includes(stat.state)
  }
  return process.platform === 'win32' || !(await ps(pid, 'stat')).startsWith('Z')
}

/** Something that differs between two processes that had the same id, as far as the platform tells. */
export const processMark = async (pid: number): Promise<string> =>
  process.platform === 'linux' ? ((await linuxStat(pid))?.started ?? '') : process.platform === 'win32' ? '' : ps(pid, 'lstart')

/** Whether a running process is a PostgreSQL server on this data directory. */
export const servesDirectory = async (pid: number, directory: string): Promise<boolean> => {
  if (!(await isRunning(pid))) return false
  if (process.platform === 'win32') return true
  if (process.platform !== 'linux') return (await ps(pid, 'command')).includes('postgres')
  // A server works inside its data directory, even after somebody renamed that.
  const works = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return works !== undefined && works === (await realpath(directory).catch(() => undefined))
}
