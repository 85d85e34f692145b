// What the page of one policy needs of the engine: what the ledger keeps of it, read, and held against another. Types only.
import type { PolicyStatus } from '../parts.ts'
import type { FilesNow, PlacedProblem } from './channel-parts.ts'

type Sections = FilesNow['changes']

export type PolicyChanges = {
  readonly differs: boolean
  /** More reaches a patient than before. Empty: nothing that the files can show. */
  readonly loosens: Sections[number]['lines']
  /** What bears on letters in a way that only messages can show: it may let out more. */
  readonly unsaid: readonly string[]
  /** Tests of channels that changed in the same step. */
  readonly tests: readonly string[]
  /** As `openletter diff` says it. */
  readonly sections: Sections
}

/** `problems`: why this version of the program cannot read it. */
export type PolicyRead = { readonly hash: string; readonly readable: boolean; readonly problems: readonly PlacedProblem[] }

export type PolicyTold = PolicyRead & {
  /** Each time that it was in force, newest first, with the policy that it came after. */
  readonly times: readonly { readonly from: string; readonly until?: string; readonly after?: string }[]
  readonly approvals: ReturnType<PolicyStatus['approvals']>
  /** The policy before it, or the one asked for; absent for the first of all. `changes`: where both can be read. */
  readonly against?: PolicyRead & { readonly changes?: PolicyChanges }
}

export type PolicyDesk = {
  /** By their hashes or the first 8 or more characters of them. Rejects where the ledger keeps no such policy. */
  tell(hash: string, against?: string): Promise<PolicyTold>
}
