// Child processes of a torture or a bench, and their end: whatever is started here is stopped when this process ends,
// by Ctrl-C too. It refuses to signal anything that was not started here.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export type Child = {
  readonly pid: number
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  hasEnded(): boolean
  /** SIGTERM, and SIGKILL for what does not end by it within ten seconds. */
  stop(): Promise<void>
  kill(): Promise<void>
}

const TERM_MS = 10_000

/** What has to be done at once and without waiting when this process ends; the latest first. Answers how to call it off. */
export const atEnd = (act: () => void): (() => void) => {
  lastActs.add(act)
  return () => void lastActs.delete(act)
}
const lastActs = new Set<() => void>()
const endAll = (): void => {
  for (const act of [...lastActs].toReversed()) act()
  lastActs.clear()
}
process.once('exit', endAll)
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const)
  process.once(signal, () => {
    console.error(`\n${signal}: ending what was started.`)
    process.exit(code)
  })

/** Its output goes to `log`, at the end of what is there. A group of its own, so that Ctrl-C reaches us and not it. */
export const startChild = (command: string, args: readonly string[], options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string; readonly log: string }): Child => {
  const log = createWriteStream(options.log, { flags: 'a' })
  const child: ChildProcess = spawn(command, [...args], { env: options.env, ...(options.cwd ? { cwd: options.cwd } : {}), stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  child.stdout!.pipe(log, { end: false })
  child.stderr!.pipe(log, { end: false })
  let over = false
  const forget = atEnd(() => { if (!over) child.kill('SIGKILL') })
  const ended = Promise.race([
    once(child, 'exit').then(([code, signal]) => (signal === null ? `exit code ${code}` : String(signal))),
    once(child, 'error').then(([error]) => (error as Error).message),
  ]).then((how) => {
    over = true
    forget()
    return how
  })
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!over) child.kill(signal)
    await ended
  }
  return {
    pid: child.pid ?? -1,
    ended,
    hasEnded: () => over,
    stop: async () => {
      const gently = await Promise.race([end('SIGTERM').then(() => true), delay(TERM_MS, false, { ref: false })])
      if (!gently) await end('SIGKILL')
    },
    kill: () => end('SIGKILL'),
  }
}

/** Ports that nobody uses at this moment. */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** The process ids of a process and of all below it, as far as /proc tells. */
export const familyOf = (pid: number): readonly number[] => {
  const parents = readdirOrNothing('/proc').filter((name) => /^\d+$/u.test(name)).map((name) => [Number(name), parentOf(name)] as const)
  const below = (of: number): readonly number[] => parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)])
  return [pid, ...below(pid)]
}

const readdirOrNothing = (path: string): readonly string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

const parentOf = (pid: string): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

/** The most memory that it ever had, in MB; undefined where the platform does not tell. */
export const peakMemoryMb = (pid: number): number | undefined => {
  try {
    const kb = /^VmHWM:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kb === undefined ? undefined : Math.round(Number(kb) / 1024)
  } catch {
    return undefined
  }
}
