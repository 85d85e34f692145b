// The pages and their API over real HTTP on a free port of this machine.
import { dashboard } from '../../src/dashboard/dashboard.ts'
import { startHttp } from '../../src/dashboard/listen.ts'
import type { DashboardParts } from '../../src/dashboard/parts.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { makeSay } from '../../src/observe/say.ts'
import { examplePolicy } from './policy.ts'

export const API_TOKEN = 'api-token-for-tests'
export const NOON = '2026-11-23T12:00:00.000Z'

export type TestDashboard = {
  readonly url: string
  readonly woken: (readonly [documentId: string, destination: string])[]
  readonly lines: string[]
  /** A request to the API with its token. */
  api(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

let loaded: Promise<Policy> | undefined

export const startDashboard = async (parts: Pick<DashboardParts, 'ledger'> & Partial<DashboardParts>): Promise<TestDashboard> => {
  const policy = await (loaded ??= examplePolicy())
  const lines: string[] = []
  const woken: [string, string][] = []
  const { say, metrics } = makeSay({ level: 'debug', write: (line) => lines.push(line) })
  const router = dashboard({
    metrics, say, apiToken: API_TOKEN, policy: () => policy, wake: (documentId, destination) => void woken.push([documentId, destination]),
    banners: () => [], now: () => new Date(NOON), ready: () => Promise.resolve([{ part: 'ledger', ok: true }]), ...parts,
  })
  const { url, close } = await startHttp({ host: '127.0.0.1', port: 0, routers: [router], behindProxy: false, say })
  const api = (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, headers: { authorization: `Bearer ${API_TOKEN}`, ...init.headers } })
  return { url, woken, lines, api, close }
}

/** As a browser sends a form. */
export const formOf = (fields: Record<string, string>): RequestInit => ({ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) })

export const formTokenIn = (page: string): string => /name="formToken" value="([^"]+)"/u.exec(page)?.[1] ?? ''
