// Where PKB is: the addresses that the settings name, or the sandbox, which stands in where none is named. It refuses
// to start a sandbox that nothing in use would speak to.
import { join } from 'node:path'
import { assumedSandbox, usesSandbox, withStandIns } from '../commands/environment.ts'
import { startSandboxChild } from '../commands/sandbox-child.ts'
import type { Say } from '../observe/events.ts'
import type { PkbDestination } from '../policy/schema.ts'
import type { Environment } from '../settings.ts'
import type { OpenThings } from './open-things.ts'

export type PkbAddress = { readonly env: Environment; readonly sandboxUrl?: string }
/** Nothing can listen here. At the sandbox's own port one could run, and say of a copy that PKB has that it is gone. */
const NOWHERE = 'http://127.0.0.1:0'

type Asked = { readonly env: Environment; readonly delivers: boolean; readonly dataDir: string; readonly pkb: PkbDestination | undefined; readonly say: Say }

/** The sandbox starts at once, and is waited for by who asks. A part that does not deliver needs only its address. */
export const pkbOrSandbox = ({ env, delivers, dataDir, pkb, say }: Asked, open: OpenThings): (() => Promise<PkbAddress>) => {
  if (!usesSandbox(env, pkb)) return async () => ({ env: withStandIns(env, NOWHERE) })
  if (!delivers) return async () => ({ env: withStandIns(env, assumedSandbox(env)) })
  const sandbox = startSandboxChild(env, join(dataDir, 'sandbox'), () => say('part_failed', { part: 'sandbox', code: 'ENDED', detail: 'The PKB sandbox has ended; it is started again.' }))
  open.add(() => sandbox.stop())
  return async () => {
    const sandboxUrl = await sandbox.url
    return { env: withStandIns(env, sandboxUrl), sandboxUrl }
  }
}
