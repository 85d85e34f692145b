// Waiting for a state instead of for a time.
import { setTimeout as delay } from 'node:timers/promises'

/** Resolves with the first value that is neither undefined nor false; fails with `what` after `withinMs`. */
export const until = async <T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 15_000): Promise<T> => {
  const end = Date.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as T
    if (Date.now() > end) throw new Error(`In vain: ${what}`)
    await delay(10)
  }
}
