// What fails again and again is told when it begins, when it fails otherwise, and once a minute, and not each time: an hour
// without the ledger must not bury the log. It refuses to know what it is about.

const AGAIN_MS = 60_000

/** Whether to tell of a failure with this code now. */
export const rarely = (now: () => Date): ((code: string) => boolean) => {
  let told: { readonly code: string; readonly at: number } | undefined
  return (code) => {
    const at = now().getTime()
    // A clock may have been put back since.
    if (told?.code === code && Math.abs(at - told.at) < AGAIN_MS) return false
    told = { code, at }
    return true
  }
}
