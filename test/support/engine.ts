// A whole engine for journeys: real PostgreSQL, a real PKB sandbox, both feeds, worker, print folder, pages; on free
// ports and a folder of its own. What a sender, a print house and a patient would do to it, and what they would see.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectMllp, type Answer } from '../../src/intake/mllp/client.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { sandboxSettings, type Environment } from '../../src/settings.ts'
import { startEngine, type Engine, type StartOptions } from '../../src/wire.ts'
import { asTold } from './contract.ts'
import { freshDatabase } from './database.ts'
import { makeFolder } from './folder.ts'
import { aPdf } from './pdf.ts'
import { until } from './until.ts'
import { anUpload, type UploadOverrides } from './upload.ts'

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export type RecordEntry = { readonly id: string; readonly title: string; readonly sha256: string; readonly size: number; readonly privacyLabel: string }
export type DocumentAnswer = {
  readonly id: string; readonly sourceId: string; readonly revision: number; readonly state: string; readonly facts: Record<string, string>
  readonly decision: { readonly route: string; readonly rule: string; readonly because: string; readonly labels: readonly string[] }
  readonly deliveries: readonly { readonly id: string; readonly destination: string; readonly state: string; readonly attempts: readonly { readonly outcome: string; readonly code: string; readonly detail: string; readonly action: string }[] }[]
  readonly events: readonly { readonly kind: string; readonly actor: string; readonly detail: Record<string, unknown> }[]
}

export const TOKEN = 'feed-token-for-tests-feed-token-for-tests'
export const API = 'api-token-for-tests-api-token-for-tests'

/** What talks to an engine, wherever it runs. */
export const talkTo = (at: { readonly url: string; readonly mllpPort: number; readonly sandboxUrl: string; readonly printDir: string }) => {
  const api = async (path: string, init: RequestInit = {}): Promise<Response> => asTold(path, init, await fetch(at.url + path, { ...init, headers: { authorization: `Bearer ${API}`, ...init.headers } }))
  const list = async (query = ''): Promise<readonly DocumentAnswer[]> => ((await (await api(`/api/documents${query}`)).json()) as { documents: DocumentAnswer[] }).documents
  const record = async (nhsNumber: string): Promise<readonly RecordEntry[]> =>
    ((await (await fetch(`${at.sandboxUrl}/records/${nhsNumber}?format=json`)).json()) as { documents: RecordEntry[] }).documents
  return {
    api,
    list,
    document: async (id: string): Promise<DocumentAnswer> => (await api(`/api/documents/${id}`)).json() as Promise<DocumentAnswer>,
    bySourceId: async (sourceId: string): Promise<DocumentAnswer | undefined> => {
      const [row] = await list(`?sourceId=${sourceId}`)
      return row ? ((await (await api(`/api/documents/${row.id}`)).json()) as DocumentAnswer) : undefined
    },
    /** Waits for the state of a document that RiO knows by this id. */
    state: (sourceId: string, ...states: readonly string[]): Promise<DocumentAnswer> =>
      until(`${sourceId} is ${states.join(' or ')}`, async () => {
        const [row] = await list(`?sourceId=${sourceId}`)
        return row && states.includes(row.state) ? ((await (await api(`/api/documents/${row.id}`)).json()) as DocumentAnswer) : undefined
      }, 30_000),
    upload: async (overrides: UploadOverrides = {}, file: Buffer | null = aPdf()) => {
      const body = new FormData()
      body.set('metadata', new Blob([JSON.stringify(anUpload(overrides))], { type: 'application/json' }))
      if (file) body.set('file', new Blob([new Uint8Array(file)], { type: 'application/pdf' }), 'letter.pdf')
      const response = await fetch(`${at.url}/feeds/rio-http/documents`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body })
      return { status: response.status, body: (await response.json()) as DocumentAnswer & { readonly code?: string } }
    },
    hl7: async (message: string | Buffer): Promise<Answer> => {
      const sender = await connectMllp({ host: '127.0.0.1', port: at.mllpPort, timeoutMs: 30_000 })
      try { return await sender.send(Buffer.from(message)) } finally { await sender.close() }
    },
    record,
    control: async (change: unknown): Promise<void> => { await fetch(`${at.sandboxUrl}/control`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(change) }) },
    requests: async (): Promise<{ total: number; byPath: Record<string, number> }> => ((await (await fetch(`${at.sandboxUrl}/control`)).json()) as { requests: { total: number; byPath: Record<string, number> } }).requests,
    /** Every batch in the hot folder that the print house can see. */
    printed: (): readonly { readonly batch: string; readonly sourceHash: string; readonly manifest: { readonly items: readonly { readonly item: string; readonly sha256: string }[] } }[] => {
      const outbox = join(at.printDir, 'outbox')
      if (!existsSync(outbox)) return []
      return readdirSync(outbox).filter((name) => !name.startsWith('.')).map((batch) => {
        const pdf = readdirSync(join(outbox, batch)).find((name) => name.endsWith('.pdf'))!
        return { batch, sourceHash: sha256(readFileSync(join(outbox, batch, pdf))), manifest: JSON.parse(readFileSync(join(outbox, batch, 'manifest.json'), 'utf8')) as { items: { item: string; sha256: string }[] } }
      })
    },
  }
}

export type TestEngine = ReturnType<typeof talkTo> & {
  readonly engine: Engine
  readonly log: readonly string[]
  readonly dataDir: string
  readonly printDir: string
  readonly databaseUrl: string
  stop(): Promise<void>
}

/** In this process. Everything is taken down by `stop`. */
export const anEngine = async (settings: Environment = {}, options: StartOptions = {}): Promise<TestEngine> => {
  const folder = makeFolder()
  const database = await freshDatabase('migrated')
  const sandbox: Sandbox = await startSandbox({ host: '127.0.0.1', port: 0, now: () => new Date(), newId: randomUUID })
  const log: string[] = []
  const env = {
    DATA_DIR: folder.path, DATABASE_URL: database.url, HTTP_PORT: '0', MLLP_PORT: '0', RIO_HTTP_TOKEN: TOKEN, API_TOKEN: API, LOG_LEVEL: 'debug', ...sandboxSettings(sandbox.url), ...settings,
  }
  const engine = await startEngine(env, { ...options, log: (line) => log.push(line) })
  const printDir = join(folder.path, 'print')
  return {
    ...talkTo({ url: engine.url!, mllpPort: engine.mllp[0]!.port, sandboxUrl: sandbox.url, printDir }),
    engine, log, dataDir: folder.path, printDir, databaseUrl: database.url,
    stop: async () => {
      await engine.stop()
      await sandbox.close()
      await database.drop()
      folder.remove()
    },
  }
}
