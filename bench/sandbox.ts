// The PKB sandbox as a child process of its own, and what a torture or a bench asks it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { atEnd } from './processes.ts'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const

export type Shown = { readonly id: string; readonly sha256: string; readonly receivedAt: string }
export type Fault = {
  readonly path: string; readonly method?: string; readonly times?: number; readonly status?: number
  readonly retryAfter?: number; readonly delayMs?: number; readonly cut?: 'before-store' | 'after-store'
}
export type Requests = { readonly total: number; readonly byPath: Readonly<Record<string, number>> }

export type SandboxChild = {
  readonly url: string
  readonly pid: number
  /** What a patient sees. */
  record(nhsNumber: string): Promise<readonly Shown[]>
  control(change: object): Promise<void>
  requests(): Promise<Requests>
  stop(): Promise<void>
}

/** Settings of an engine that is to deliver to this sandbox. */
export const pkbSettings = (url: string): Readonly<Record<string, string>> => ({
  PKB_FHIR_URL: `${url}/fhir`, PKB_TOKEN_URL: `${url}/oauth/token`, PKB_CLIENT_ID: 'openletter', PKB_CLIENT_SECRET: 'sandbox',
  PKB_ORG_ID: '00000000-0000-4000-8000-000000000001', PKB_HL7_URL: `${url}/services/hl7`, PKB_HL7_USER: 'openletter', PKB_HL7_PASSWORD: 'sandbox',
})

/** It ends with this process, however that ends: its standard input is a pipe from here. */
export const startSandbox = async (): Promise<SandboxChild> => {
  const [node, ...flags] = NODE
  const child = spawn(node, [...flags, 'src/main.ts', 'sandbox', '--with-parent'], {
    cwd: ROOT, env: { ...bareEnvironment(), SANDBOX_PORT: '0' }, stdio: ['pipe', 'pipe', 'inherit'], detached: true,
  })
  const forget = atEnd(() => void child.kill('SIGKILL'))
  const gone = once(child, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /^sandbox listening on (http:\/\/\S+)$/u.exec(line)?.[1]
      if (address) resolve(address)
    })
    void gone.then(() => reject(new Error('The sandbox did not start.')))
  })
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(url + path, body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : { headers: { accept: 'application/json' } })
    if (!response.ok) throw new Error(`The sandbox answered ${response.status} to ${path}: ${(await response.text()).slice(0, 300)}`)
    return response.json()
  }
  return {
    url,
    pid: child.pid!,
    record: async (nhsNumber) => ((await ask(`/records/${nhsNumber}`)) as { documents: readonly Shown[] }).documents,
    control: async (change) => void (await ask('/control', change)),
    requests: async () => ((await ask('/control')) as { requests: Requests }).requests,
    stop: async () => {
      child.kill('SIGTERM')
      await gone
      forget()
    },
  }
}

/** What a program needs from around it, and none of the settings that the user of this terminal may have set. */
export const bareEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(['PATH', 'HOME', 'TMPDIR', 'TEMP', 'LANG', 'SystemRoot'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
