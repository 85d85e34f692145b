// What PKB says of people and of the copies that it holds, as the ledger keeps it. Types only; `ledger.ts` hands them on.
import type { Transport } from '../types.ts'

export type AskingPkb = {
  /**
   * NHS numbers of those with something owed to PKB of whom PKB's answer is missing or older than `askedBefore`; refused
   * ones last, and not before a pause that grows with each refusal. `printing`: those with a letter in the outbox too.
   * `among`: of these people only, whatever is owed.
   */
  accountsWanted(askedBefore: string, limit: number, of?: { readonly printing?: boolean; readonly among?: readonly string[] }): Promise<readonly string[]>
  /** Keeps PKB's answer on a person, and makes whatever of theirs waits for it due now. */
  savePerson(nhsNumber: string, person: { readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }, asOf: string): Promise<void>
  /** The same for many at once: one answer of PKB. */
  savePeople(people: readonly { readonly nhsNumber: string; readonly registered: boolean; readonly deceased: boolean; readonly birthDate?: string }[], asOf: string): Promise<void>
  /** PKB would not say anything of this person. */
  accountRefused(nhsNumber: string, code: string, at: string): Promise<void>
  /** Copies at PKB that may have been read since: their identifiers, those asked longest ago first. */
  unread(via: Transport, limit: number): Promise<readonly { readonly deliveryId: string; readonly documentId: string; readonly identifier: string; readonly acknowledgedAt?: string }[]>
  /** PKB says that these were read. A reading before the copy that stands was acknowledged counts for nothing. */
  saveReads(reads: readonly { readonly identifier: string; readonly at: string }[], now: string): Promise<void>
}
