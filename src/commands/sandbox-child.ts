// Starts the PKB sandbox as a child process of the engine, so that nothing of it runs inside the engine, and waits
// until it says where it listens. It ends with its parent, however that ends.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Failure } from '../errors.ts'
import type { Environment } from '../settings.ts'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const START_MS = 20_000

export type SandboxChild = { readonly url: string; stop(): Promise<void> }

export const startSandboxChild = async (env: Environment): Promise<SandboxChild> => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'sandbox', '--with-parent'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const gone = new Promise<void>((resolve) => { child.once('exit', () => resolve()) })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Failure('SETTING_INVALID', `The PKB sandbox did not start within ${START_MS / 1000} seconds.`)), START_MS)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /^sandbox listening on (http:\/\/\S+)$/u.exec(line)?.[1]
      if (address) { clearTimeout(timer); resolve(address) }
    })
    child.once('exit', () => {
      clearTimeout(timer)
      const taken = said.some((line) => line.startsWith('PORT_TAKEN'))
      reject(new Failure(taken ? 'PORT_TAKEN' : 'SETTING_INVALID', taken ? `SANDBOX_PORT ${env['SANDBOX_PORT'] ?? 3001} is in use.` : `The PKB sandbox did not start: ${said.slice(0, 2).join(' ')}`))
    })
  })
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      await gone
    },
  }
}
