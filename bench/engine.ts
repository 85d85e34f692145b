// A whole engine as a child process with a folder and ports of its own: started, asked over its API, stopped, or
// killed. It refuses to touch any other engine, and to leave its PostgreSQL behind.
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { atEnd, familyOf, freePorts, peakMemoryMb, startChild, type Child } from './processes.ts'
import { bareEnvironment, NODE, pkbSettings, ROOT } from './sandbox.ts'
import type { Doors } from './sender.ts'

export type Row = { readonly id: string; readonly sourceId: string; readonly state: string; readonly route: string; readonly rule: string; readonly revision: number }

export type Engine = {
  readonly folder: string
  readonly dataDir: string
  readonly printDir: string
  readonly doors: Doors
  /** Resolves with the seconds until it was ready. Rejects, with the end of its log, when it never is. */
  start(): Promise<number>
  /** Starts it and does not wait. */
  launch(): void
  ready(): Promise<number>
  isRunning(): boolean
  /** SIGKILL, and with `database` the embedded PostgreSQL with all its processes. */
  kill(what?: { readonly database: boolean }): Promise<void>
  stop(): Promise<void>
  get(path: string): Promise<unknown>
  /** Every document in the ledger, by pages. */
  documents(filter?: string): Promise<readonly Row[]>
  peakMemoryMb(): number | undefined
  /** How it ended without being told to, the last time that it did. */
  unasked(): string | undefined
  log(): string
  /** Ends everything; the folder goes unless it is to be kept. */
  close(keep?: boolean): Promise<void>
}

const READY_MS = 60_000
const TOKEN = 'bench-token-of-no-worth-0123456789abcdef'
const API = { authorization: `Bearer ${TOKEN}` }

export const makeEngine = async (sandboxUrl: string, settings: Readonly<Record<string, string>> = {}): Promise<Engine> => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-bench-'))
  // Run as root, the embedded PostgreSQL is another user's, who must get this far.
  chmodSync(folder, 0o711)
  const [httpPort, mllpPort] = await freePorts(2)
  const [dataDir, log, url] = [join(folder, 'data'), join(folder, 'engine.log'), `http://127.0.0.1:${httpPort}`]
  const env = {
    ...bareEnvironment(), ...pkbSettings(sandboxUrl), DATA_DIR: dataDir, PRINT_DIR: join(folder, 'print'), HTTP_PORT: String(httpPort), MLLP_PORT: String(mllpPort),
    RIO_HTTP_TOKEN: TOKEN, API_TOKEN: TOKEN, LOG_LEVEL: 'warn', ...settings,
  }
  let child: Child | undefined
  let unasked: string | undefined
  let began = 0
  let wanted = false

  const launch = (): void => {
    const [node, ...flags] = NODE
    wanted = true
    began = performance.now()
    // With the memory that `npm start` gives it.
    const mine = startChild(node, [...flags, '--max-semi-space-size=8', 'src/main.ts', 'serve'], { env, cwd: ROOT, log })
    child = mine
    void noteEnd(mine)
  }
  const noteEnd = async (mine: Child): Promise<void> => {
    const how = await mine.ended
    if (wanted && child === mine) unasked = how
  }
  const logEnd = (): string => readOrNothing(log).split('\n').slice(-15).join('\n')
  const ready = async (): Promise<number> => {
    for (;;) {
      const answer = await fetch(`${url}/health/ready`).then(async (response) => { await response.text(); return response.ok }, () => false)
      if (answer) return (performance.now() - began) / 1000
      if (child?.hasEnded() === true) throw new Error(`The engine ended while it started (${await child.ended}).\n${logEnd()}`)
      if (performance.now() - began > READY_MS) throw new Error(`The engine was not ready within ${READY_MS / 1000} s.\n${logEnd()}`)
      await delay(10)
    }
  }
  /** Its postmaster, for as long as there is one; the file may be of a dead one, so only one that works there counts. */
  const database = (): readonly number[] => {
    const pid = postmaster(join(dataDir, 'postgres', 'cluster'))
    return pid === undefined ? [] : familyOf(pid)
  }
  const killDatabase = (): void => {
    for (const pid of database()) killOne(pid)
  }
  const forget = atEnd(() => {
    killDatabase()
    rmSync(folder, { recursive: true, force: true })
  })
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(url + path, { headers: API })
    if (!response.ok) throw new Error(`The engine answered ${response.status} to ${path}: ${(await response.text()).slice(0, 300)}`)
    return response.json()
  }

  return {
    folder, dataDir, printDir: env.PRINT_DIR,
    doors: { mllpPort: mllpPort!, httpUrl: `${url}/feeds/rio-http/documents`, token: TOKEN },
    start: () => {
      launch()
      return ready()
    },
    launch, ready,
    isRunning: () => child?.hasEnded() === false,
    kill: async (what) => {
      wanted = false
      const dying = child?.kill()
      if (what?.database === true) killDatabase()
      await dying
    },
    stop: async () => {
      wanted = false
      await child?.stop()
    },
    get,
    documents: async (filter = '') => {
      const rows: Row[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined;) {
        const page = (await get(`/api/documents?limit=200${filter}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`)) as { documents: readonly Row[]; cursor?: string }
        rows.push(...page.documents)
        cursor = page.cursor
      }
      return rows
    },
    peakMemoryMb: () => (child ? peakMemoryMb(child.pid) : undefined),
    unasked: () => unasked,
    log: logEnd,
    close: async (keep = false) => {
      wanted = false
      await child?.stop()
      killDatabase()
      forget()
      if (!keep) rmSync(folder, { recursive: true, force: true })
    },
  }
}

const readOrNothing = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const killOne = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/** The server of this data directory. The id in its file may be another program's by now: ours works in the directory. */
const postmaster = (cluster: string): number | undefined => {
  const pid = Number(readOrNothing(join(cluster, 'postmaster.pid')).split('\n')[0])
  if (!Number.isInteger(pid) || pid < 2) return undefined
  try {
    return process.platform !== 'linux' || readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster) ? pid : undefined
  } catch {
    return undefined
  }
}
