// Lets one engine at a time have a data directory. It refuses a second one while the first runs, because the second
// would stop the database under the first; an engine that was killed holds nothing.
import { open, readFile, rm } from 'node:fs/promises'
import { Failure } from '../../errors.ts'
import { isRunning, processMark } from '../processes.ts'

/** The running process that has the lock. */
const holderOf = async (path: string): Promise<string | undefined> => {
  const [pid = '', mark = ''] = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  return Number(pid) > 0 && (await isRunning(Number(pid))) && (await processMark(Number(pid))) === mark ? pid : undefined
}

/** For whoever does not want it, and has to know whether an engine does. */
export const isLocked = async (path: string): Promise<boolean> => (await holderOf(path)) !== undefined

/** Takes the lock, or throws; resolves to what gives it back. */
export const lockDirectory = async (path: string): Promise<() => Promise<void>> => {
  const mine = `${process.pid}\n${await processMark(process.pid)}\n`
  for (let tries = 0; tries < 20; tries++) {
    const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (file) {
      await file.writeFile(mine).finally(() => file.close())
      return async () => {
        if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true })
      }
    }
    const pid = await holderOf(path)
    if (pid !== undefined) throw new Failure('EMBEDDED_POSTGRES', `Another engine (process ${pid}) uses this data directory: stop it, or set another DATA_DIR.`)
    await rm(path, { force: true })
  }
  throw new Failure('EMBEDDED_POSTGRES', `${path} cannot be taken: several engines are starting at once on one DATA_DIR.`)
}
