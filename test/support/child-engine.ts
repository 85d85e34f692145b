// The program as people run it: a child process with a folder of its own, killed and started again at will, and
// nothing of it left afterwards, its PostgreSQL least of all.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sandboxSettings, type Environment } from '../../src/settings.ts'
import { API, talkTo, TOKEN } from './engine.ts'
import { makeFolder } from './folder.ts'
import { until } from './until.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = join(ROOT, 'bin/openletter.mjs')
/** A start makes a database and proves the floor, beside whatever else this machine does. */
const START_MS = 60_000

/** What a program needs from around it, and none of the settings of whoever runs the tests. */
const bareEnvironment = (): Environment => Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].map((name) => [name, process.env[name]]))

export type How = { readonly env?: Environment; readonly cwd?: string; readonly uid?: number; readonly gid?: number }
export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null }
export type Program = {
  readonly pid: number
  readonly ended: Promise<Ended>
  hasEnded(): boolean
  /** Standard output and standard error so far. */
  out(): string
  err(): string
  /** What the expression finds in the output; fails at once when the program ends without having said it. */
  says(wanted: RegExp): Promise<RegExpExecArray>
  /** Resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<Ended>
}

/** Starts `openletter <args>`. A group of its own: Ctrl-C in the terminal of the tests is not its. */
export const startProgram = (args: readonly string[], { env = {}, cwd = ROOT, ...user }: How = {}): Program => {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], { cwd, env: { ...bareEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...user })
  let [out, err] = ['', '']
  child.stdout!.setEncoding('utf8').on('data', (text: string) => { out += text })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { err += text })
  let over = false
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    over = true
    return { code: code as number | null, signal: signal as NodeJS.Signals | null }
  })
  const ending = (): string => `${out.slice(-1000)}\n${err.split('\n').slice(-15).join('\n')}`
  return {
    pid: child.pid!,
    ended,
    hasEnded: () => over,
    out: () => out,
    err: () => err,
    says: (wanted) => until(`${args.join(' ')} says ${wanted}`, () => {
      const found = wanted.exec(out)
      if (!found && over) throw new Error(`${args.join(' ')} ended without saying ${wanted}:\n${ending()}`)
      return found ?? undefined
    }, START_MS),
    kill: (signal) => {
      if (!over) child.kill(signal)
      return ended
    },
  }
}

/** Runs it to its end. */
export const runProgram = async (args: readonly string[], how: How = {}): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> => {
  const program = startProgram(args, how)
  const { code } = await program.ended
  return { code, out: program.out(), err: program.err() }
}

/** The sandbox alone: its documents outlive any engine, and its memory is not the engine's. */
export const startSandboxProgram = async (): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const program = startProgram(['sandbox'], { env: { SANDBOX_PORT: '0' } })
  const [, url = ''] = await program.says(/^sandbox listening on (http:\S+)$/mu)
  return { url, stop: async () => { await program.kill('SIGTERM') } }
}

/** The most memory it ever had, in MB. Linux only. */
export const peakMemoryMb = (pid: number): number => Math.round(Number(/^VmHWM:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) / 1024)

export type RunningEngine = ReturnType<typeof talkTo> & Program & {
  readonly url: string
  readonly mllpPort: number
  /** From the start to readiness. */
  readonly readyMs: number
}

export type EngineHome = {
  readonly dataDir: string
  readonly printDir: string
  /** Starts the engine on what is there. Ports are taken anew each time. */
  start(settings?: Environment): Promise<RunningEngine>
  /** Starts any command with this folder; `remove` ends it if it still runs. */
  program(args: readonly string[], env: Environment): Program
  /** The process id of its PostgreSQL, if that runs. */
  postmaster(): number | undefined
  /** Every process that works with this folder. */
  processes(): readonly number[]
  /** Ends what still runs and removes the folder. */
  remove(): Promise<void>
}

/** `sandboxUrl`: where PKB is; without one the engine brings its own. */
export const anEngineHome = ({ sandboxUrl, ...user }: { readonly sandboxUrl?: string; readonly cwd?: string; readonly uid?: number; readonly gid?: number } = {}): EngineHome => {
  const folder = makeFolder()
  const dataDir = join(folder.path, 'data')
  const printDir = join(dataDir, 'print')
  const cluster = join(dataDir, 'postgres', 'cluster')
  const programs: Program[] = []
  const postmaster = (): number | undefined => {
    const pid = Number(readOr(join(cluster, 'postmaster.pid'), '').split('\n')[0])
    return pid > 1 && worksIn(pid, cluster) ? pid : undefined
  }
  const program = (args: readonly string[], env: Environment): Program => {
    const started = startProgram(args, { env, ...user })
    programs.push(started)
    return started
  }
  return {
    dataDir,
    printDir,
    program,
    postmaster,
    processes: () => processesWith(folder.path),
    start: async (settings = {}) => {
      const began = performance.now()
      const env = {
        DATA_DIR: dataDir, HTTP_PORT: '0', MLLP_PORT: '0', SANDBOX_PORT: '0', RIO_HTTP_TOKEN: TOKEN, API_TOKEN: API, LOG_LEVEL: 'debug',
        ...(sandboxUrl ? sandboxSettings(sandboxUrl) : {}), ...settings,
      }
      const serving = program(['serve'], env)
      const [, url = ''] = await serving.says(/^ {2}Pages +(http:\S+)$/mu)
      const [, mllpPort = ''] = await serving.says(/^ {2}HL7 feed +mllp 127\.0\.0\.1:(\d+) /mu)
      const ownSandbox = /^ {2}Sandbox +(http:\S+) /mu.exec(serving.out())?.[1]
      await until('the engine is ready', async () => (await fetch(`${url}/health/ready`)).ok)
      const readyMs = performance.now() - began
      return { ...talkTo({ url, mllpPort: Number(mllpPort), sandboxUrl: sandboxUrl ?? ownSandbox ?? '', printDir }), ...serving, url, mllpPort: Number(mllpPort), readyMs }
    },
    remove: async () => {
      for (const one of programs) await one.kill('SIGKILL')
      const left = postmaster()
      if (left !== undefined) {
        process.kill(left, 'SIGQUIT')
        await until('its PostgreSQL has ended', () => !worksIn(left, cluster))
      }
      await until('nothing of it runs', () => processesWith(folder.path).length === 0)
      folder.remove()
    },
  }
}

const readOr = (path: string, otherwise: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return otherwise
  }
}

const workplace = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

const worksIn = (pid: number, folder: string): boolean => process.platform !== 'linux' || workplace(pid) === realpathSync(folder)

/** By where it works, what it was called with, or its settings. Elsewhere than on Linux nobody tells. */
const processesWith = (folder: string): readonly number[] => {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)
    .filter((pid) => [workplace(Number(pid)), readOr(`/proc/${pid}/cmdline`, ''), readOr(`/proc/${pid}/environ`, '')].some((text) => text.includes(folder)))
    .map(Number)
}
