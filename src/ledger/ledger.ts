// What the ledger promises to the other stages. The ledger is the truth: what came in, what was decided, what is
// owed to each destination, what stands there, and every attempt; the queue only wakes workers. Each method is one atomic step:
// when its promise resolves, it is durable; when it rejects, nothing happened. It refuses to let a driver's error out: whatever
// rejects is a Failure, DATABASE_UNREACHABLE where PostgreSQL does not answer. Times are ISO instants in UTC.
import type { Assuring } from './assurance.ts'
import type { Auditing } from './audit-words.ts'
import type { Channelling } from './channel-words.ts'
import type { Showing } from './document-words.ts'
import type { FindingFailures } from './failure-words.ts'
import type { Flowing } from './flow-words.ts'
import type { Alerting } from './incidents.ts'
import type { Taking } from './intake-words.ts'
import type { Looking } from './looks.ts'
import type { AskingPkb } from './pkb-words.ts'
import type { KeepingPolicies } from './policy-words.ts'
import type { Reconciling } from './reconciliation.ts'
import type { Replaying } from './replay-words.ts'
import type { Reviewing } from './review-words.ts'
import type { Retrying } from './run-words.ts'
import type { Sessions, Staffing } from './staff-words.ts'
import type { KeepingIn } from './stop-words.ts'
import type { TellingTeams } from './team-outcomes.ts'
import type { Tokening } from './tokens.ts'
import type { Delivering } from './worker-words.ts'

export type * from './audit-words.ts'
export type * from './document-words.ts'
export type * from './failure-words.ts'
export type * from './intake-words.ts'
export type * from './pkb-words.ts'
export type * from './policy-words.ts'
export type * from './replay-words.ts'
export type * from './review-words.ts'
export type * from './run-words.ts'
export type * from './staff-words.ts'
export type * from './stop-words.ts'
export type * from './worker-words.ts'
export type { Notification } from './incidents.ts'
export type { ObservedCount } from './observed-report.ts'
export type { OutcomeDay, OutcomeLine } from './team-outcomes.ts'

/** One line for each subject; what its methods promise stands in the file that it comes from. */
export type Ledger =
  // What comes in, and what is told of a document.
  & Taking & Showing
  // What leaves: for workers, and what PKB says.
  & Delivering & AskingPkb
  // What people decide and do: reviews, holds and stops, failures and their retries.
  & Reviewing & KeepingIn & FindingFailures & Retrying
  // What is counted and told: today, alerts, daily outcomes, reconciliation, assurance.
  & Flowing & Alerting & TellingTeams & Reconciling & Assuring
  // What is in force: the policy, the same documents under another one, channels halted and heard of.
  & KeepingPolicies & Replaying & Channelling
  // What can be proved: the log and its chain, who looked at what.
  & Auditing & Looking
  // Who may: accounts, sessions, tokens of programs.
  & Staffing & Sessions & Tokening
  & {
    ping(): Promise<void>
    close(): Promise<void>
  }
