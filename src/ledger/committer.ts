// Group commit: whatever waits while one commit runs goes into the next, so that many steps share one write to disk.
// It refuses to let one step spoil the others: a step that throws is left out, and where PostgreSQL refuses a group its
// steps are tried one by one. A promise resolves only when its step is durable.
import type { Pool, PoolClient } from 'pg'
import { Failure } from '../errors.ts'
import { inTransaction } from './database.ts'
import type { Ahead } from './database.ts'
import { flush } from './flush.ts'
import { load, MoreToLock } from './load.ts'
import type { Needs } from './load.ts'
import type { AuditEntry, LedgerParts, Owed, Workspace } from './workspace.ts'

/** What happens to a document, in memory, between reading and writing. It may run more than once: only the last counts. */
export type Step<T> = { readonly needs: Needs; readonly run: (space: Workspace) => T }

/** Hands it in, and tells trouble in our own words. */
export type Commit = <T>(step: Step<T>) => Promise<T>

export type Committer = {
  /** `waitsMs`: so long it waits for another to go with, where nothing else is under way. */
  commit<T>(step: Step<T>, waitsMs?: number): Promise<T>
  /** Resolves when everything that was handed in is committed or refused. */
  close(): Promise<void>
}

type Waiting = { readonly step: Step<unknown>; readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }
type Done = { readonly waiting: Waiting; readonly value: unknown }
type Committed = { readonly done: readonly Done[]; readonly owed: readonly Owed[]; readonly decided: readonly AuditEntry[] }

/** A step threw: the others are tried again without it. */
class Thrown extends Error {
  readonly waiting: Waiting
  constructor(waiting: Waiting, cause: unknown) {
    super('a step threw', { cause })
    this.waiting = waiting
  }
}

// The sets are small and every look-up has an index: a plan made while a table was small must not outlive its growth. And
// it is made once: with the values before it PostgreSQL would plan the reading anew each time, which costs more than to read.
const OPENING = 'begin; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local plan_cache_mode = force_generic_plan'

export const openCommitter = ({ pool, parts, tell, tellDecided, most = 200 }: {
  readonly pool: Pool
  readonly parts: LedgerParts
  /** Told after each commit what became owed. */
  readonly tell: (owed: readonly Owed[]) => void
  /** Told after each commit what was decided in it. */
  readonly tellDecided: (entries: readonly AuditEntry[]) => void
  /** Steps in one transaction, at most. */
  readonly most?: number
}): Committer => {
  const queue: Waiting[] = []
  let running: Promise<void> | undefined
  let alone: NodeJS.Timeout | undefined
  let closed = false

  const steps = async (client: PoolClient, ahead: Ahead, group: readonly Waiting[], more: readonly string[]): Promise<Committed> => {
    const space = await load(client, [...group.map(({ step }) => step.needs), { documents: more }], parts)
    const done = group.map((waiting) => {
      try {
        return { waiting, value: waiting.step.run(space) }
      } catch (error) {
        throw new Thrown(waiting, error)
      }
    })
    flush(client, ahead, space)
    return { done, owed: [...space.writes.owed.values()], decided: space.writes.events.filter(({ kind }) => kind === 'decided') }
  }

  const commit = async (group: readonly Waiting[], more: readonly string[] = []): Promise<void> => {
    if (group.length === 0) return
    try {
      const { done, owed, decided } = await inTransaction(pool, (client, ahead) => steps(client, ahead, group, more), OPENING)
      if (owed.length > 0) tell(owed)
      if (decided.length > 0) tellDecided(decided)
      for (const { waiting, value } of done) waiting.resolve(value)
    } catch (error) {
      if (error instanceof MoreToLock) return commit(group, [...more, ...error.documents])
      await without(group, error)
    }
  }

  const without = async (group: readonly Waiting[], error: unknown): Promise<void> => {
    if (error instanceof Thrown) {
      error.waiting.reject(error.cause)
      return commit(group.filter((waiting) => waiting !== error.waiting))
    }
    // Without a database nobody is guilty, and trying one by one would only take longer.
    if (group.length === 1 || (error instanceof Failure && error.code === 'DATABASE_UNREACHABLE')) {
      for (const { reject } of group) reject(error)
      return
    }
    for (const waiting of group) await commit([waiting])
  }

  const drain = async (): Promise<void> => {
    while (queue.length > 0) await commit(queue.splice(0, most))
    running = undefined
  }

  // Those who come in the same turn of the event loop go together.
  const start = (): void => {
    clearTimeout(alone)
    alone = undefined
    running ??= Promise.resolve().then(drain)
  }

  return {
    commit: <T>(step: Step<T>, waitsMs = 0) =>
      new Promise<T>((resolve, reject) => {
        if (closed) return reject(new Failure('DATABASE_UNREACHABLE', 'The ledger is closed.'))
        queue.push({ step, resolve: resolve as (value: unknown) => void, reject })
        if (waitsMs === 0 || running) start()
        else alone ??= setTimeout(start, waitsMs)
      }),
    close: async () => {
      closed = true
      if (queue.length > 0) start()
      await running
    },
  }
}
