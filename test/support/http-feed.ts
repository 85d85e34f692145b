// The HTTP feed on a real socket and a real content store, with a taker that records what it is handed.
import express from 'express'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { httpFeed } from '../../src/intake/http/router.ts'
import type { RejectMessage, Take } from '../../src/intake/take.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { HttpFeed } from '../../src/policy/schema.ts'
import type { Decision, Receipt } from '../../src/types.ts'

export const TOKEN = 'feed-token-for-tests'

const feed: HttpFeed = {
  kind: 'feed', type: 'http', approved_by: 'Head of Clinical Records', approved_on: '2026-10-01', mapping: 'rio-upload', status: 'live',
  producer_when_missing: 'unknown', tests: [], token: TOKEN, max_document_mb: 1,
}

export const aDecision = (overrides: Partial<Decision> = {}): Decision => ({
  route: 'pkb', rule: 'share', because: 'It was uploaded to be shared.', conflict: false, variance: false, leftToTeam: false, labels: ['own|share'], policy: 'ab12', ...overrides,
})

export const anAccepted = (overrides: Partial<Extract<Awaited<ReturnType<Take>>, { kind: 'stored' | 'repeat' }>> = {}) =>
  ({ kind: 'stored', id: 'd-1', revision: 1, state: 'waiting', decision: aDecision(), bearing: 'in-order', controlIdShared: false, ...overrides }) as const

export type Stand = {
  readonly url: string
  readonly port: number
  readonly taken: Receipt[]
  readonly rejected: Parameters<RejectMessage>[0][]
  readonly said: string[]
  readonly content: ContentStore
  /** Files in the content store, whole or not. */
  files(): Promise<readonly string[]>
  close(): Promise<void>
}

export const httpStand = async (
  folder: string,
  { take, reject, content, limitMb = 1, name = 'rio-http' }: { name?: string; take?: Take; reject?: RejectMessage; content?: (real: ContentStore) => ContentStore; limitMb?: number } = {},
): Promise<Stand> => {
  const store = join(folder, 'content')
  const real = await openContent(store)
  const taken: Receipt[] = []
  const rejected: Parameters<RejectMessage>[0][] = []
  const said: string[] = []
  const files = async () => (await readdir(store, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  let id = 0
  const app = express()
  app.disable('x-powered-by')
  app.use(httpFeed({
    name,
    feed: { ...feed, max_document_mb: limitMb },
    content: content?.(real) ?? real,
    take: take ?? (async (receipt) => { taken.push(receipt); return anAccepted() }),
    reject: reject ?? (async (message) => { rejected.push(message) }),
    say: (event, fields) => { said.push(`${event} ${JSON.stringify(fields)}`) },
    now: () => new Date('2026-11-20T11:02:11Z'),
    newId: () => `receipt-${++id}`,
  }))
  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/feeds/rio-http/documents`,
    port,
    taken,
    rejected,
    said,
    content: real,
    files,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      // The folders stay: to make and sync them anew for each test takes longer than the tests.
      for (const file of await files()) await rm(file)
    },
  }
}

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
