// Pages of PDFs for the screen: each is made by a process of its own, which is ended when it takes too long or too much,
// and kept in memory for a short while. It refuses files that are too large, and more at once than the machine can bear.
import { spawn, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

export const ZOOMS = [100, 150, 200] as const
export type Zoom = (typeof ZOOMS)[number]

export type PdfPage =
  | { readonly ok: true; readonly pages: number; readonly text: string; /** PNG; absent where this machine cannot draw. */ readonly picture?: Buffer }
  | { readonly ok: false; readonly why: 'encrypted' | 'broken' | 'too-large' | 'too-much' | 'busy' | 'no-such-page'; readonly pages?: number }

export type PdfPages = (file: { readonly sha256: string; readonly size: number; readonly read: () => Promise<Readable> }, page: number, zoom: Zoom) => Promise<PdfPage>

type Limits = { readonly bytes: number; readonly ms: number; /** Of all processors together. */ readonly cpuSeconds: number; readonly memoryMb: number; readonly atOnce: number; readonly waiting: number; readonly keptMs: number; readonly kept: number; readonly keptBytes: number; readonly pixels: number; /** Of what the process may say: a picture of so many pixels and a text. */ readonly outBytes: number }
export const LIMITS: Limits = { bytes: 40_000_000, ms: 20_000, cpuSeconds: 30, memoryMb: 768, atOnce: 2, waiting: 20, keptMs: 60_000, kept: 24, keptBytes: 64_000_000, pixels: 6_000_000, outBytes: 32_000_000 }

const WIDTH_AT_100 = 900
const CHILD = fileURLToPath(new URL('pdf-child.ts', import.meta.url))
const OFFLINE = fileURLToPath(new URL('pdf-offline.ts', import.meta.url))
const WATCHDOG = fileURLToPath(new URL('pdf-watchdog.ts', import.meta.url))
/** All that the process may read: the reader and its fonts. */
const readable = (): readonly string[] => {
  const home = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'))
  return [CHILD, WATCHDOG, OFFLINE, dirname(home)]
}
export const FLAGS: readonly string[] = ['--permission', '--allow-addons', '--allow-worker', '--no-warnings', '--disable-proto=delete', '--disallow-code-generation-from-strings', '--max-old-space-size=384', `--require=${OFFLINE}`, ...readable().map((path) => `--allow-fs-read=${path}`)]

/** Resident memory of a process, where the system tells. */
const memoryMb = (pid: number): number => {
  const path = `/proc/${pid}/status`
  const found = existsSync(path) ? /VmRSS:\s+(\d+) kB/u.exec(readFileSync(path, 'utf8'))?.[1] : undefined
  return Number(found ?? 0) / 1024
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => { child.once('close', resolve).once('error', resolve) })

/** The engine has the processor first. Where the system does not let it, it goes on as it is. */
const afterOthers = ({ pid }: ChildProcess): void => { try { if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW) } catch { /* it has ended, or may not */ } }

/** A reader that is in a loop would outlive the engine: when there is no time for this, its own watchdog ends it. */
const alive = new Set<ChildProcess>()
const endAll = (): void => { for (const child of alive) child.kill('SIGKILL') }

const make = async (bytes: Readable, page: number, zoom: Zoom, limits: Limits): Promise<PdfPage> => {
  const args = [page, Math.round((WIDTH_AT_100 * zoom) / 100), limits.pixels, process.pid, limits.cpuSeconds].map(String)
  const child = spawn(process.execPath, [...FLAGS, CHILD, ...args], { env: {}, stdio: ['pipe', 'pipe', 'ignore'] })
  if (alive.size === 0) process.once('exit', endAll)
  alive.add(child)
  afterOthers(child)
  const out: Buffer[] = []
  let isTooMuch = false
  const stop = (): void => { isTooMuch = true; child.kill('SIGKILL') }
  const late = setTimeout(stop, limits.ms)
  const watch = setInterval(() => { try { if (child.pid !== undefined && memoryMb(child.pid) > limits.memoryMb) stop() } catch { /* it has ended */ } }, 100)
  let said = 0
  child.stdout!.on('data', (chunk: Buffer) => {
    said += chunk.length
    if (said > limits.outBytes) stop()
    else out.push(chunk)
  })
  const end = ended(child)
  // Of a process that ended early the end is told, and not that it no longer listened; of a file that cannot be read, that.
  let fault: unknown
  bytes.once('error', (error) => { fault = error; child.kill('SIGKILL') })
  await pipeline(bytes, child.stdin!).catch(() => undefined)
  await end
  alive.delete(child)
  if (alive.size === 0) process.off('exit', endAll)
  clearTimeout(late)
  clearInterval(watch)
  if (fault) throw fault
  return isTooMuch ? { ok: false, why: 'too-much' } : readOut(Buffer.concat(out))
}

type Head = { readonly pages?: number; readonly text?: string; readonly drawn?: boolean; readonly why?: 'encrypted' | 'broken' | 'no-such-page' }

/** A process that ended without a word ran out of memory, or met what nobody foresaw. */
const readOut = (out: Buffer): PdfPage => {
  const line = out.indexOf('\n')
  if (line < 0) return { ok: false, why: 'too-much' }
  const { pages, text, drawn, why } = JSON.parse(out.subarray(0, line).toString('utf8')) as Head
  if (why !== undefined || pages === undefined) return { ok: false, why: why ?? 'broken', ...(pages === undefined ? {} : { pages }) }
  return { ok: true, pages, text: text ?? '', ...(drawn ? { picture: out.subarray(line + 1) } : {}) }
}

export const openPdfPages = (limits: Limits = LIMITS): PdfPages => {
  const kept = new Map<string, Promise<PdfPage>>()
  const sizes = new Map<string, number>()
  const queue: (() => void)[] = []
  let busy = 0
  const turn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (busy >= limits.atOnce) await new Promise<void>((resolve) => { queue.push(resolve) })
    else busy += 1
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else busy -= 1
    }
  }
  const drop = (key: string): void => { kept.delete(key); sizes.delete(key) }
  /** The oldest go first. */
  const bound = (): void => {
    for (const old of kept.keys()) if (kept.size > limits.kept || [...sizes.values()].reduce((sum, size) => sum + size, 0) > limits.keptBytes) drop(old)
  }
  const keep = (key: string, made: Promise<PdfPage>): Promise<PdfPage> => {
    kept.set(key, made)
    const forget = (): void => { if (kept.get(key) === made) drop(key) }
    setTimeout(forget, limits.keptMs).unref()
    const weigh = (page: PdfPage): void => {
      if (!page.ok) forget()
      else if (kept.get(key) === made) sizes.set(key, page.picture?.length ?? 0)
      bound()
    }
    void made.then(weigh, forget)
    bound()
    return made
  }
  return ({ sha256, size, read }, page, zoom) => {
    if (size > limits.bytes) return Promise.resolve({ ok: false, why: 'too-large' })
    const key = `${sha256} ${page} ${zoom}`
    const before = kept.get(key)
    if (before) return before
    if (queue.length >= limits.waiting) return Promise.resolve({ ok: false, why: 'busy' })
    return keep(key, turn(async () => make(await read(), page, zoom, limits)))
  }
}
