// What one engine has in hand: a folder of its own in `taking/`, with a heartbeat. What an engine that died had in hand
// goes to whoever moves it first. It refuses to take anything from an engine that lives, and to trust two clocks:
// ages are measured on the file system's own.
import { readFileSync, readlinkSync } from 'node:fs'
import { readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isRunning, processMark } from '../../ledger/processes.ts'
import { ensureFolder, errnoOf, folders, ifThere, writeWhole } from './disk.ts'

export type Pulse = { readonly beatMs: number; readonly staleMs: number }
export const PULSE: Pulse = { beatMs: 5_000, staleMs: 60_000 }

export type Claim = {
  readonly dir: string
  /** Makes the claim if it is not there, shows that this engine lives, and says what time it is on the file system. */
  beat(): Promise<number>
  /** Moves what dead engines had in hand into this claim; how many uploads that were. */
  takeOver(fsNow: number): Promise<number>
  /** Anybody may take what is left. */
  release(): Promise<void>
}

const tryRead = (read: () => string): string => {
  try {
    return read().trim()
  } catch {
    return ''
  }
}

/** Process ids mean the same within it: a boot of a machine, and there the same container. */
const machine = (): string =>
  [hostname(), tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')), tryRead(() => readlinkSync('/proc/self/ns/pid'))].join(' ')

type Owner = { readonly machine: string; readonly pid: number; readonly mark: string }

export const openClaim = (root: string, id: string, { beatMs, staleMs }: Pulse): Claim => {
  const taking = join(root, 'taking')
  const dir = join(taking, id)
  const here = machine()
  let released = false

  const owner = async (): Promise<Owner> => ({ machine: here, pid: process.pid, mark: await processMark(process.pid) })

  const make = async (): Promise<void> => {
    await ensureFolder(taking)
    // It appears whole, or another engine could take it for one that nobody owns.
    const making = join(taking, `.${id}`)
    await ensureFolder(making)
    await writeFile(join(making, 'owner.json'), JSON.stringify(await owner()))
    await rename(making, dir)
  }

  const pulse = async (): Promise<number> => {
    const path = join(dir, 'heartbeat')
    await writeFile(path, '.')
    return (await stat(path)).ctimeMs
  }
  const timer = setInterval(() => { if (!released) pulse().catch(() => undefined) }, beatMs)
  timer.unref()

  const isDead = async (other: string, fsNow: number): Promise<boolean> => {
    const text = await ifThere(readFile(join(other, 'owner.json'), 'utf8'))
    if (text === undefined) return true
    const last = (await ifThere(stat(join(other, 'heartbeat')))) ?? (await ifThere(stat(join(other, 'owner.json'))))
    if (last !== undefined && fsNow - last.ctimeMs > staleMs) return true
    let named: Partial<Owner> = {}
    try {
      named = JSON.parse(text) as Owner
    } catch {
      // Not written whole: the heartbeat decides.
    }
    if (named.machine !== here || named.pid === undefined) return false
    return !(await isRunning(named.pid)) || (named.mark !== '' && named.mark !== (await processMark(named.pid)))
  }

  /** A rename of the whole unit: of two engines one wins. */
  const inherit = async (other: string): Promise<number> => {
    let count = 0
    for (const unit of await folders(other)) {
      const moved = await rename(join(other, unit), join(dir, unit)).then(() => true, (error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return false
        throw error
      })
      if (moved) count++
    }
    for (const name of ['heartbeat', 'owner.json']) await rm(join(other, name), { force: true })
    await rmdir(other).catch(() => undefined)
    return count
  }

  return {
    dir,
    beat: async () => {
      released = false
      const beaten = await ifThere(pulse())
      // One that slept for long may have been taken for dead: then its claim is gone, or its name is off it.
      if (beaten !== undefined && (await ifThere(stat(join(dir, 'owner.json')))) !== undefined) return beaten
      if (beaten === undefined) await make()
      else await writeWhole(join(dir, 'owner.json'), JSON.stringify(await owner()))
      return pulse()
    },
    takeOver: async (fsNow) => {
      let count = 0
      for (const name of await folders(taking)) {
        const other = join(taking, name)
        if (name !== id && (await isDead(other, fsNow))) count += await inherit(other)
      }
      return count
    },
    release: async () => {
      released = true
      clearInterval(timer)
      await rm(join(dir, 'owner.json'), { force: true })
      await rm(join(dir, 'heartbeat'), { force: true })
      await rmdir(dir).catch(() => undefined)
    },
  }
}
