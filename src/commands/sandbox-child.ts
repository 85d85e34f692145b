// Starts the PKB sandbox as a child process of the engine, so that nothing of it runs inside the engine, and hears
// from it where it listens. It ends with its parent, however that ends; where it ends alone it is started again at its
// own port. It refuses to do that silently.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Failure } from '../errors.ts'
import type { Environment } from '../settings.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/openletter.mjs', import.meta.url))
const START_MS = 20_000
const AGAIN_MS = 1_000

export type SandboxChild = {
  /** Once it listens; rejects with a Failure when it does not start. */
  readonly url: Promise<string>
  /** At any time, even while it starts. */
  stop(): Promise<void>
}

/** `dir` is where it keeps people and documents, so that they outlive a crash as the ledger does. `ended`: it was killed, or failed; it is started again. */
export const startSandboxChild = (env: Environment, dir: string, ended = (): void => undefined): SandboxChild => {
  const stopping = new AbortController()
  const first = startOnce(env, dir)
  let last = first
  const keepUp = async (url: string): Promise<void> => {
    for (;;) {
      await last.gone
      if (stopping.signal.aborted) return
      ended()
      await delay(AGAIN_MS, undefined, { signal: stopping.signal })
      last = startOnce({ ...env, SANDBOX_PORT: new URL(url).port }, dir)
    }
  }
  first.url.then(keepUp).catch(() => undefined) // whoever awaits it is told why it did not start
  return {
    url: first.url,
    stop: async () => {
      stopping.abort()
      last.end()
      await last.gone
    },
  }
}

const startOnce = (env: Environment, dir: string): { readonly url: Promise<string>; readonly gone: Promise<void>; end(): void } => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, 'sandbox', '--with-parent', '--keep', dir], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const gone = new Promise<void>((resolve) => { child.once('exit', () => resolve()) })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const url = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Failure('SETTING_INVALID', `The PKB sandbox did not start within ${START_MS / 1000} seconds.`)), START_MS)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /^sandbox listening on (http:\/\/\S+)$/u.exec(line)?.[1]
      if (address) { clearTimeout(timer); resolve(address) }
    })
    child.once('close', () => {
      clearTimeout(timer)
      const taken = said.some((line) => line.startsWith('PORT_TAKEN'))
      reject(new Failure(taken ? 'PORT_TAKEN' : 'SETTING_INVALID', taken ? `SANDBOX_PORT ${env['SANDBOX_PORT'] ?? 3001} is in use.` : `The PKB sandbox did not start: ${said.slice(0, 2).join(' ')}`))
    })
  })
  url.catch(() => undefined) // whoever awaits it is told
  return { url, gone, end: () => { child.kill('SIGTERM') } }
}
