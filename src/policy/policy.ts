// The policy in force: channels and mappings, read, checked and hashed, as plain data that the core can use.
// It is made by `policy/load.ts` and by nothing else; it refuses to be changed.
import type { ReviewLimits } from '../decide/review-limits.ts'
import type { FactName, RuleRoute } from '../types.ts'
import type { Channel, Directorate, DocumentCode, Feed, Mapping, PkbDestination, PrintDestination, ReviewLimitRow, Service } from './schema.ts'

/** A rule as loaded: where it stands, and its conditions as lists of values. */
export type Rule = {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly when: { readonly [F in FactName]?: readonly string[] }
  readonly route: RuleRoute
  readonly because: string
  readonly conflict: boolean
}

export type Policy = {
  /** SHA-256 over every file that was read, 64 hex digits. */
  readonly hash: string
  readonly testPatients: boolean
  readonly trust: { readonly name: string; readonly organisations: readonly string[] }
  /** Picklist texts, folded by `decide/picklist.ts`. */
  readonly instruction: { readonly share: readonly string[]; readonly withhold: readonly string[] }
  /** Without spaces, upper case. */
  readonly custodialPostcodes: readonly string[]
  readonly rules: readonly Rule[]
  readonly codes: { readonly [code: string]: DocumentCode }
  readonly services: { readonly [team: string]: Service }
  readonly directorates: { readonly [directorate: string]: Directorate }
  /** Of the reasons for review that the table names; `decide/review-limits.ts` says what is in force. */
  readonly reviewLimits: ReviewLimits<ReviewLimitRow>
  readonly mappings: { readonly [name: string]: Mapping }
  readonly feeds: { readonly [name: string]: Feed }
  readonly destinations: { readonly pkb?: PkbDestination; readonly print?: PrintDestination }
  readonly channels: { readonly [name: string]: Channel }
}
