// What the pages and their API need from the rest of the engine, and the shape of one address. It refuses more than
// that: the ledger's other doors are not open to a browser.
import type { RequestHandler } from 'express'
import type { Registry } from 'prom-client'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { Right } from './rights.ts'
import type { Told } from './told.ts'
import type { Visitors } from './visitor.ts'

export type PartState = { readonly part: string; readonly ok: boolean; readonly detail?: string }

type PlacedProblem = { readonly file: string; readonly line: number; readonly col: number; readonly path: string; readonly message: string }

/** All dates are YYYY-MM-DD, all instants ISO. */
export type PolicyStatus = {
  readonly hash: string
  readonly since: string
  readonly rules: number
  /** Of facts, over which the floor was proved. */
  readonly combinations: number
  /** The sign-off of each directorate. */
  readonly reviews: readonly {
    readonly directorate: string; readonly name: string; readonly status: 'live' | 'observing' | 'not-live'
    readonly signedOffBy?: string; readonly signedOffOn?: string; readonly goLive?: string; readonly reviewBy?: string
    readonly overdue: boolean; readonly dueSoon: boolean
  }[]
  readonly approvals: () => readonly { readonly file: string; readonly by: string; readonly on: string; /** Of a table: how many. */ readonly rows?: number }[]
  /** While the files hold a policy that was not taken. */
  /** Tests of the policy in force that fail because their documents stay in. */
  readonly keptIn: readonly PlacedProblem[]
  readonly refused?: { readonly at: string; readonly problems: readonly PlacedProblem[] }
}

export type DashboardParts = {
  readonly ledger: Pick<Ledger, 'list' | 'estimate' | 'story' | 'troubled' | 'failures' | 'failuresIn' | 'counts' | 'retry' | 'policyHistory' | 'observed' | 'hold' | 'liftHold' | 'pullStop' | 'liftStop' | 'stops' | 'waiting' | 'recalls' | 'recallCounts' | 'references' | 'revisions' | 'trail' | 'reconciliation' | 'reconciled' | 'compareExtract' | 'assurance'>
  readonly metrics: Registry
  readonly say: Say
  readonly visitors: Visitors
  /** The policy in force. */
  readonly policy: () => Policy
  readonly policyStatus: () => PolicyStatus
  /** Wakes a worker for this document at this destination. */
  readonly wake: (documentId: string, destination: string) => void | Promise<void>
  /** Where the PKB sandbox is, if it runs. */
  readonly sandboxUrl?: string
  /** Sentences that stand on every page. */
  readonly banners: () => readonly string[]
  readonly now: () => Date
  /** Each part of the engine and whether it can work; details hold no patient data. */
  readonly ready: () => Promise<readonly PartState[]>
}

/**
 * `path` as Express writes it: `/api/documents/:id`. `right`: what it takes; `signed-in`, whoever is known; `open`, none.
 * `told`: of each address under `/api`, for its description at `/api/openapi.json`.
 */
export type Address = {
  readonly method: 'get' | 'post'
  readonly path: string
  readonly right: Right | 'signed-in' | 'open'
  readonly told?: Told
  readonly handle: readonly RequestHandler[]
}

export const isUuid = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(text)
