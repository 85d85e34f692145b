// Waiting for a state instead of for a time. It asks more rarely the longer it waits: who asks all the time takes the
// processor from what it waits for.
import { setTimeout as delay } from 'node:timers/promises'

/** Resolves with the first value that is neither undefined nor false; fails with `what` after `withinMs`. */
export const until = async <T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 15_000): Promise<T> => {
  const begin = Date.now()
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as T
    const waited = Date.now() - begin
    if (waited > withinMs) throw new Error(`In vain: ${what}`)
    await delay(Math.min(10 + waited / 50, 40))
  }
}
