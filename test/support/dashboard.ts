// The pages and their API over real HTTP on a free port of this machine.
import { dashboard } from '../../src/dashboard/dashboard.ts'
import { startHttp } from '../../src/dashboard/listen.ts'
import type { DashboardParts, PolicyStatus } from '../../src/dashboard/parts.ts'
import { RIGHTS_FOR_PROGRAMS, rightsOf, type Role } from '../../src/dashboard/rights.ts'
import type { Visitors } from '../../src/dashboard/visitor.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { makeSay } from '../../src/observe/say.ts'
import { asTold } from './contract.ts'
import { examplePolicy } from './policy.ts'

export const API_TOKEN = 'api-token-for-tests'
export const NOON = '2026-11-23T12:00:00.000Z'

/** Of a policy in which nothing is wrong. */
export const aPolicyStatus = (overrides: Partial<PolicyStatus> = {}): PolicyStatus => ({
  hash: 'b'.repeat(64), since: '2026-11-22T08:00:00.000Z', rules: 34, combinations: 1_234_567, keptIn: [],
  reviews: [{ directorate: 'newham', name: 'Newham', status: 'live', signedOffBy: 'Directorate Management Team', signedOffOn: '2024-12-16', goLive: '2025-01-06', reviewBy: '2027-12-16', overdue: false, dueSoon: false }],
  approvals: () => [{ file: 'channels/pkb.yaml', by: 'Chief Clinical Information Officer', on: '2026-10-01' }, { file: 'mappings/services.csv', by: 'Head of Clinical Records', on: '2026-10-02', rows: 5 }],
  ...overrides,
})

export type TestDashboard = {
  readonly url: string
  readonly woken: (readonly [documentId: string, destination: string])[]
  readonly lines: string[]
  /** A request to the API with its token; the answer is compared with what its address says of itself. */
  api(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

/** Everybody who opens a page has signed in with this role; a program has the token, or none. How they sign in: `sign-in.test.ts`. */
export const signedInAs = (role: Role): Visitors => ({
  of: ({ headers: { authorization }, path }) => Promise.resolve(
    authorization === undefined ? (/^\/(api|fhir|health|metrics)\b/iu.test(path) ? undefined : { kind: 'person', id: `a-${role}`, name: `A ${role}`, rights: rightsOf([role]), formToken: `form-of-${role}` })
    : authorization === `Bearer ${API_TOKEN}` ? { kind: 'program', id: 'a-program', name: 'A program', rights: RIGHTS_FOR_PROGRAMS, formToken: '' } : undefined,
  ),
})

let loaded: Promise<Policy> | undefined

export const startDashboard = async (parts: Pick<DashboardParts, 'ledger'> & Partial<DashboardParts>): Promise<TestDashboard> => {
  const policy = await (loaded ??= examplePolicy())
  const lines: string[] = []
  const woken: [string, string][] = []
  const { say, metrics } = makeSay({ level: 'debug', write: (line) => lines.push(line) })
  const router = dashboard({
    metrics, say, visitors: signedInAs('admin'), policy: () => policy, policyStatus: () => aPolicyStatus(), wake: (documentId, destination) => void woken.push([documentId, destination]),
    banners: () => [], now: () => new Date(NOON), ready: () => Promise.resolve([{ part: 'ledger', ok: true }]), ...parts,
  })
  const { url, close } = await startHttp({ host: '127.0.0.1', port: 0, routers: [router], behindProxy: false, say })
  const api = (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, headers: { authorization: `Bearer ${API_TOKEN}`, ...init.headers } }).then((answer) => asTold(path, init, answer))
  return { url, woken, lines, api, close }
}

/** As a browser sends a form. */
export const formOf = (fields: Record<string, string>): RequestInit => ({ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) })

export const formTokenIn = (page: string): string => /name="formToken" value="([^"]+)"/u.exec(page)?.[1] ?? ''
