// Starts the bare limit in a folder of its own and stops it again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './processes.ts'
import { bareEnvironment, NODE, pkbSettings, ROOT } from './sandbox.ts'
import type { Doors } from './sender.ts'

/** `resource`: a DocumentReference as the engine planned it; each is posted with its own identifiers, hash and file. */
export const startLimit = async (sandboxUrl: string, resource: unknown, atOnce: number): Promise<{ readonly doors: Doors; stop(): Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-limit-'))
  const template = join(folder, 'resource.json')
  writeFileSync(template, JSON.stringify(resource))
  const [node, ...flags] = NODE
  const child = spawn(node, [...flags, 'bench/limit-server.ts', folder, template, String(atOnce)], { cwd: ROOT, env: { ...bareEnvironment(), ...pkbSettings(sandboxUrl) }, stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const forget = atEnd(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const gone = once(child, 'exit')
  const said = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), gone.then(() => undefined)])
  if (said === undefined) throw new Error('The bare limit did not start.')
  const ports = JSON.parse(String(said[0])) as { mllp: number; http: number }
  return {
    doors: { mllpPort: ports.mllp, httpUrl: `http://127.0.0.1:${ports.http}`, token: '' },
    stop: async () => {
      child.kill('SIGKILL')
      await gone
      forget()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
