// Kills the engine at random moments and starts it again: every third time with its PostgreSQL, and some of the times
// before it was even ready. It refuses to forgive an engine that ends by itself.
import { setTimeout as delay } from 'node:timers/promises'
import type { Engine } from './engine.ts'
import type { Random } from './random.ts'

export type Killed = {
  readonly kills: number
  readonly withDatabase: number
  readonly whileStarting: number
  /** From each start to readiness. */
  readonly readySecs: readonly number[]
  /** How it ended without being killed. */
  readonly byItself: readonly string[]
}

const LEAST_MS = 200
/** An engine starts in a second or two: a kill within this time falls into its start. */
const STARTING_MS = 1_500
const STARTING_SHARE = 0.2

/** Leaves a running engine behind. `meanMs`: how long it lives, on average, once it is ready. */
export const killAgainAndAgain = async (engine: Engine, { kills, meanMs, random, tell }: {
  readonly kills: number
  readonly meanMs: number
  readonly random: Random
  readonly tell: (line: string) => void
}): Promise<Killed> => {
  const readySecs: number[] = []
  const byItself: string[] = []
  let [withDatabase, whileStarting] = [0, 0]
  for (let kill = 1; kill <= kills; kill += 1) {
    const early = kill > 1 && random.next() < STARTING_SHARE
    if (early) {
      whileStarting += 1
      await delay(random.whole(0, STARTING_MS))
    } else {
      readySecs.push(await engine.ready())
      await delay(random.whole(LEAST_MS, Math.max(LEAST_MS, 2 * meanMs - LEAST_MS)))
    }
    if (!engine.isRunning()) byItself.push(`before kill ${kill}: ${engine.unasked() ?? 'ended'}`)
    const database = kill % 3 === 0
    if (database) withDatabase += 1
    tell(`kill ${kill} of ${kills}: SIGKILL to the engine${database ? ' and to all processes of its PostgreSQL' : ''}${early ? ', while it started' : ''}`)
    await engine.kill({ database })
    engine.launch()
  }
  readySecs.push(await engine.ready())
  return { kills, withDatabase, whileStarting, readySecs, byItself }
}
