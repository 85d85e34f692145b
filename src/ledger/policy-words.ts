// The policies that the ledger keeps: which is in force, and which were, with their files. Types only; `ledger.ts` hands them on.

export type KeptPolicy = { readonly hash: string; readonly since: string; readonly files: Readonly<Record<string, string>> }

export type KeepingPolicies = {
  /** Writes down that it is in force from now on, unless it is already, and has workers look at what stands. */
  savePolicy(policy: { readonly hash: string; readonly files: Readonly<Record<string, string>> }, now: string): Promise<void>
  /** The last one that was written down, with its files; undefined in a fresh ledger. */
  policyInForce(): Promise<{ readonly hash: string; readonly since: string; readonly files: Readonly<Record<string, string>> } | undefined>
  /** Newest first: the policies that were in force, each time with its beginning. */
  policyHistory(limit: number): Promise<readonly { readonly hash: string; readonly since: string }[]>
  /** The one that was in force at this moment, or the one of this hash; undefined where there was none. */
  policyAt(at: string): Promise<KeptPolicy | undefined>
  policyOf(hash: string): Promise<KeptPolicy | undefined>
  /** The hashes of those that it keeps and that begin so: at most two, for more than one is as many as any. */
  policiesCalled(start: string): Promise<readonly string[]>
  /** Makes every copy that stands due for a look: a worker sees whether it still may. */
  lookAgain(now: string): Promise<void>
}
