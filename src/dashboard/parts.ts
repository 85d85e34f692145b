// What the pages and their API need from the rest of the engine, and the shape of one address. It refuses more than
// that: the ledger's other doors are not open to a browser.
import type { RequestHandler } from 'express'
import type { Registry } from 'prom-client'
import type { Channelling } from '../ledger/channel-words.ts'
import type { ContentStore } from '../ledger/content.ts'
import type { Flowing } from '../ledger/flow-words.ts'
import type { Way } from '../decide/incidents.ts'
import type { Ledger, Retrying, Reviewing, Sessions, Staffing } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import type { ChannelDesk, TryDesk } from './channels/channel-parts.ts'
import type { PolicyDesk } from './channels/policy-parts.ts'
import type { LiveTimes } from './live/live.ts'
import type { Right } from './rights.ts'
import type { Provider } from './sign-in/provider.ts'
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

export type SignInSettings = {
  /** Something in front hands requests on: then its word counts for https and for where they come from. */
  readonly behindProxy: boolean
  /** A session ends when it was not used for so long, and after so long in any case. */
  readonly idleSecs: number
  readonly mostSecs: number
  /** false: people come in by the identity provider alone. */
  readonly passwords?: boolean
}
export const SIGN_IN: SignInSettings = { behindProxy: false, idleSecs: 30 * 60, mostSecs: 12 * 3600 }

export type DashboardParts = {
  readonly ledger: Pick<Ledger, 'looked' | 'walkChain' | 'makeToken' | 'revokeToken' | 'tokens' | 'list' | 'estimate' | 'story' | 'troubled' | 'failures' | 'failuresIn' | 'counts' | 'retry' | 'policyHistory' | 'observed' | 'hold' | 'liftHold' | 'pullStop' | 'liftStop' | 'stops' | 'waiting' | 'recalls' | 'recallCounts' | 'references' | 'revisions' | 'trail' | 'reconciliation' | 'reconciled' | 'compareExtract' | 'assurance' | 'incidents' | 'takeIncident' | 'tellingWays' | 'outcomeDay' | 'outcomeDays' | 'outcomeLines' | 'known' | 'release' | 'replayPage' | keyof Retrying | keyof Reviewing | keyof Channelling | keyof Flowing | keyof Staffing | keyof Sessions>
  /** Files by their hash; absent: this engine cannot open them. */
  readonly content?: Pick<ContentStore, 'read'>
  readonly metrics: Registry
  readonly say: Say
  readonly visitors: Visitors
  /** The policy in force. */
  readonly policy: () => Policy
  readonly policyStatus: () => PolicyStatus
  /** Those that were in force; absent: this engine cannot read them. */
  readonly policies?: PolicyDesk
  /** Wakes a worker for this document at this destination. */
  readonly wake: (documentId: string, destination: string) => void | Promise<void>
  /** The files of the channels, and the way to take them; absent: this engine cannot say. */
  readonly channels?: ChannelDesk
  /** By which ways people are told of alerts; absent: by none. */
  readonly alerting?: { readonly ways: readonly Way[]; test(): Promise<readonly { readonly way: Way; readonly ok: boolean; readonly code?: string }[]> }
  /** Absent: nothing can be tried here. */
  readonly tryIt?: TryDesk
  /** Where the PKB sandbox is, if it runs. */
  readonly sandboxUrl?: string
  /** Absent: as the settings say where nobody has set them. */
  readonly signIn?: SignInSettings
  /** The trust's identity provider, where people sign in by one. */
  readonly provider?: Provider
  /** Sentences that stand on every page. */
  readonly banners: () => readonly string[]
  readonly now: () => Date
  /** How pages are told of changes. */
  readonly live?: LiveTimes
  /** Each part of the engine and whether it can work; details hold no patient data. */
  readonly ready: () => Promise<readonly PartState[]>
}

/**
 * `path` as Express writes it: `/api/documents/:id`. `right`: what it takes; `signed-in`, whoever is known; `open`, none.
 * `told`: of each address under `/api`, for its description at `/api/openapi.json`. `same`: of a page, the address with the same as JSON.
 */
export type Address = {
  readonly method: 'get' | 'post'
  readonly path: string
  readonly right: Right | 'signed-in' | 'open'
  readonly told?: Told
  readonly same?: string
  readonly handle: readonly RequestHandler[]
}

export const isUuid = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(text)
