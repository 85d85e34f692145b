// Every address that the console has, also those that are only made where a setting asks for them: for tests that a new one
// joins by itself. None of them can be asked here: there is nothing behind them.
import { addresses } from '../../src/dashboard/dashboard.ts'
import type { Address, DashboardParts } from '../../src/dashboard/parts.ts'
import { makeSay } from '../../src/observe/say.ts'

const nothing: unknown = new Proxy(() => undefined, { get: (_target, name) => (name === 'then' ? undefined : name === Symbol.toPrimitive ? () => '' : nothing), apply: () => nothing })

/** Parts that an engine may be without. */
export const OPTIONAL = { content: nothing, channels: nothing, alerting: nothing, tryIt: nothing, provider: nothing } as Partial<DashboardParts>

const { metrics } = makeSay({ level: 'error', write: () => undefined })
export const ALL: readonly Address[] = addresses({ ...OPTIONAL, ledger: nothing, metrics, say: () => undefined, visitors: nothing, policy: nothing, policyStatus: nothing, wake: nothing, banners: () => [], now: () => new Date(0), ready: nothing } as DashboardParts)

export const isForPrograms = (path: string): boolean => /^\/(api|fhir)\b/u.test(path)
