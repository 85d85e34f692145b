// `openletter sandbox`: the PKB sandbox by itself, its state kept while it runs. With `--with-parent` it ends when
// the process that started it does, however that ended. It refuses any address but this machine's own: it has no
// sign-in, and anybody could change it.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Failure } from '../errors.ts'
import { startSandbox } from '../sandbox/sandbox.ts'

const HOST = '127.0.0.1'
const DEFAULT_PORT = 3001

const BANNER = `
  Sandbox: this is NOT Patients Know Best.
  Made-up people, kept in memory until this program stops. Send no real patient's document here.
`

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
  const withParent = args.includes('--with-parent')
  const unknown = args.find((arg) => arg !== '--with-parent')
  if (unknown !== undefined) {
    console.error(`openletter sandbox takes --with-parent and nothing else; it does not know ${unknown}.`)
    return 2
  }
  const port = portFrom(env['SANDBOX_PORT'])
  const running = await startSandbox({ host: HOST, port, now: () => new Date(), newId: randomUUID }).catch((error: unknown) => {
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    throw inUse ? new Failure('PORT_TAKEN', `SANDBOX_PORT ${port}.`, { cause: error }) : error
  })

  // Ready for signals before it says where it is: whoever reads that line may send one at once.
  const stopped = new AbortController()
  const { signal } = stopped
  // Ctrl-C reaches the whole group at once; with a parent it is the parent that says when.
  if (withParent) process.on('SIGINT', ignore)
  const ends = [once(process, 'SIGTERM', { signal }), ...(withParent ? [parentGone(signal)] : [once(process, 'SIGINT', { signal })])]
  console.log(BANNER)
  console.log(`sandbox listening on ${running.url}`)
  await Promise.race(ends)
  stopped.abort()
  await Promise.allSettled(ends)
  process.off('SIGINT', ignore)
  if (withParent && !process.channel) process.stdin.destroy()
  await running.close()
  return 0
}
