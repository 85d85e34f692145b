// Where PKB is: the address that the settings name, or the sandbox, which stands in where none is named.
import { join } from 'node:path'
import { usesSandbox } from '../commands/environment.ts'
import { startSandboxChild } from '../commands/sandbox-child.ts'
import { port, sandboxSettings, type Environment } from '../settings.ts'
import type { OpenThings } from './open-things.ts'

export type PkbAddress = { readonly env: Environment; readonly sandboxUrl?: string }

/** The sandbox starts at once, and is waited for by who asks. A part that does not deliver needs only its address. */
export const pkbOrSandbox = (env: Environment, delivers: boolean, dataDir: string, open: OpenThings): (() => Promise<PkbAddress>) => {
  if (!usesSandbox(env)) return async () => ({ env })
  if (!delivers) return async () => ({ env: { ...env, ...sandboxSettings(`http://127.0.0.1:${port('SANDBOX_PORT', env)}`) } })
  const sandbox = startSandboxChild(env, join(dataDir, 'sandbox'))
  open.add(() => sandbox.stop())
  return async () => {
    const sandboxUrl = await sandbox.url
    return { env: { ...env, ...sandboxSettings(sandboxUrl) }, sandboxUrl }
  }
}
