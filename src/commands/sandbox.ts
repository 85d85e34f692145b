// `openletter sandbox`: the PKB sandbox by itself, its state kept while it runs; with `--keep DIR` people and
// documents are kept in that directory, and survive a crash; with `--strict` it refuses what PKB's pages say must not
// be sent; with `--with-parent` it ends when the process that started it does, however that ended. It refuses any
// address but this machine's own: it has no sign-in, and anybody could change it.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Failure } from '../errors.ts'
import { IN_USE, startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox.ts'

const HOST = '127.0.0.1'
const DEFAULT_PORT = 3001

/** How long a sandbox whose engine was killed may take to notice, before its directory counts as in use. */
const LEAVE_MS = 5_000

const banner = (dir: string | undefined): string => `
  Sandbox: this is NOT Patients Know Best.
  Made-up people. Send no real patient's document here.
  ${dir === undefined ? 'Kept in memory until this program stops; --keep DIR keeps people and documents in a directory.' : `People and documents are kept in ${dir}.`}
`

export const USAGE = 'Usage: npx openletter sandbox [--keep DIR] [--strict] [--with-parent]'

type Asked = { readonly withParent: boolean; readonly strict: boolean; readonly dir?: string }

const asked = (args: readonly string[]): Asked | string => {
  try {
    const { values } = parseArgs({ args: [...args], options: { keep: { type: 'string' }, strict: { type: 'boolean', default: false }, 'with-parent': { type: 'boolean', default: false } } })
    if (values.keep?.trim() === '') return '--keep needs the name of a directory.'
    return { withParent: values['with-parent'], strict: values.strict, ...(values.keep === undefined ? {} : { dir: resolve(values.keep) }) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Waits for one whose own parent has just been killed to let go of the directory. */
const startOnceFree = async (options: SandboxOptions, untilMs: number): Promise<Sandbox> => {
  try {
    return await startSandbox(options)
  } catch (error) {
    if (codeOf(error) !== IN_USE || performance.now() > untilMs) throw error
    await delay(100)
    return startOnceFree(options, untilMs)
  }
}

const told = (error: unknown, port: number, dir: string | undefined): unknown => {
  if (codeOf(error) === 'EADDRINUSE') return new Failure('PORT_TAKEN', `SANDBOX_PORT ${port}.`, { cause: error })
  if (dir === undefined || !(error instanceof Error)) return error
  return new Failure('SETTING_INVALID', `The sandbox cannot keep its documents in ${dir}: ${error.message}`, { cause: error })
}

const ignore = (): void => undefined

const portFrom = (text: string | undefined): number => {
  if (text === undefined || text === '') return DEFAULT_PORT
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new Failure('SETTING_INVALID', 'SANDBOX_PORT is not a port number.')
  return port
}

/** The parent's end: the IPC channel breaks if there is one, else the pipe at stdin ends. Give it one of the two. */
const parentGone = async (signal: AbortSignal): Promise<void> => {
  if (process.channel) return void (await once(process, 'disconnect', { signal }))
  process.stdin.resume()
  await Promise.race([once(process.stdin, 'end', { signal }), once(process.stdin, 'close', { signal })]).catch(() => undefined)
}

/** Runs until SIGTERM, SIGINT or, with `--with-parent`, its parent's end; the exit code. */
export const sandbox = async (args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> => {
  const wanted = asked(args)
  if (typeof wanted === 'string') {
    console.error(`${wanted}\n${USAGE}`)
    return 2
  }
  const { withParent, strict, dir } = wanted
  const port = portFrom(env['SANDBOX_PORT'])
  const options = { host: HOST, port, now: () => new Date(), newId: randomUUID, strict, ...(dir === undefined ? {} : { dir }) }
  const running = await startOnceFree(options, withParent ? performance.now() + LEAVE_MS : 0).catch((error: unknown) => { throw told(error, port, dir) })

  // Ready for signals before it says where it is: whoever reads that line may send one at once.
  const stopped = new AbortController()
  const { signal } = stopped
  // Ctrl-C reaches the whole group at once; with a parent it is the parent that says when.
  if (withParent) process.on('SIGINT', ignore)
  const ends = [once(process, 'SIGTERM', { signal }), ...(withParent ? [parentGone(signal)] : [once(process, 'SIGINT', { signal })])]
  console.log(banner(dir))
  console.log(`sandbox listening on ${running.url}`)
  flushCompileCache() // now, because it may be killed
  await Promise.race(ends)
  stopped.abort()
  await Promise.allSettled(ends)
  process.off('SIGINT', ignore)
  if (withParent && !process.channel) process.stdin.destroy()
  await running.close()
  return 0
}
