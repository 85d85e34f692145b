// The queue that wakes workers; it owns BullMQ. A job carries a document id and nothing else, and is as good as any
// other about the same document: what is to be done stands in the ledger. It refuses to be relied on: losing it, or a
// job of it, costs time, for the sweeper wakes what the ledger says is owed.
import type { BulkJobOptions, WorkerOptions } from 'bullmq'
import type { Pool } from 'pg'
import { asFailure, Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'
import { rarely } from '../observe/rarely.ts'
import { postgresBackend } from './queue-postgres.ts'
import { redisBackend } from './queue-redis.ts'

export type Woken = { readonly documentId: string; readonly destination: string; /** ISO instant. */ readonly dueAt: string; /** A recall: before everything that waits. */ readonly urgent?: true }

/** All that a job carries. */
export type Job = { readonly document: string }

/** One worker at one queue. */
export type Station = {
  /** How many documents may be worked on at once; 0 leaves the jobs in the queue. */
  admit(atOnce: number): void
  /** Resolves when nothing is worked on any more. */
  close(): Promise<void>
}

export type QueueCounts = { readonly waiting: number; readonly delayed: number; readonly active: number }

export type Wake = {
  /** Never rejects and never waits for a queue that is away. `again`: even for documents that a dead worker seems to work on. */
  wake(woken: readonly Woken[], again?: boolean): Promise<void>
  /** Calls `handler` for each woken document; one that throws is said and left to the sweeper. */
  work(destination: string, atOnce: number, handler: (documentId: string, urgent: boolean) => Promise<void>): Promise<Station>
  /** Rejects at once where the queue is known to be away, or to take nothing. */
  counts(destination: string): Promise<QueueCounts>
  /** Since when nobody could be woken; undefined where the queue works. */
  stuckSince(): Date | undefined
  close(): Promise<void>
}

/** What is used of BullMQ's Queue and Worker; their own types differ by the database below them. */
export type JobQueue = {
  addBulk(jobs: readonly { readonly name: string; readonly data: Job; readonly opts: BulkJobOptions }[]): Promise<unknown>
  getJobCounts(...states: string[]): Promise<Readonly<Record<string, number>>>
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): Promise<void>
}
export type JobWorker = {
  concurrency: number
  readonly closing?: Promise<void> | undefined
  on(event: 'error', listener: (error: Error) => void): unknown
  isPaused(): boolean
  isRunning(): boolean
  pause(doNotWaitActive: boolean): Promise<void>
  resume(): Promise<void>
  close(force?: boolean): Promise<void>
}
export type JobHandler = (job: { readonly name: string; readonly data: Job }) => Promise<void>

/** Which of the two databases BullMQ runs on. */
export type Backend = {
  readonly name: 'postgresql' | 'redis'
  ready(): boolean
  /** What it says when it answers and takes nothing, in words; undefined for anything else. */
  refusal(error: unknown): string | undefined
  queue(name: string): JobQueue
  worker(name: string, handler: JobHandler, options: Omit<WorkerOptions, 'connection'>): JobWorker
  close(): Promise<void>
}

export type WakeParts = { readonly redisUrl?: string; readonly pool?: Pool; readonly say: Say; readonly now: () => Date }

/** Equal for every worker of a queue: they share one stalled check. Short, so that a killed worker's jobs are free soon. */
const LOCK = { lockDuration: 10_000, stalledInterval: 5_000, maxStalledCount: 1000 } as const
const RETRY_MS = 1000
/** Nobody waits longer than this for a queue; the sweeper comes by anyway. */
const PATIENCE_MS = 5000
/** While anything is owed the sweeper tries far more often than that. */
const REFUSAL_HOLDS_MS = 10_000
const MOST_AT_ONCE = 500
/** The name of an urgent job. */
const RECALL = 'recall'

const queueName = (destination: string): string => `deliver-${destination}`

/** On Redis where there is an address for one, else on the pool. Failure REDIS_UNREACHABLE where waiting does not help. */
export const openWake = async ({ redisUrl, pool, say, now }: WakeParts): Promise<Wake> => {
  const fails = (code: string, detail: string): void => say('part_failed', { part: 'queue', code, detail })
  const trouble = makeTrouble(now)
  const backend = redisUrl
    ? await redisBackend(redisUrl, (ready) => (ready ? say('queue_ready', { queue: 'redis' }) : fails('REDIS_UNREACHABLE', 'The queue is away; the sweeper catches up.')))
    : await postgresBackend(needed(pool))
  const queues = new Map<string, JobQueue>()
  const stations = new Set<Station>()

  // BullMQ repeats errors of its connections without end; the backend of Redis has told of them once.
  const isNews = rarely(now)
  const isFailureNews = rarely(now)
  const quiet = (error: Error): void => { if (backend.ready() && isNews(errorCode(error))) say('queue_error', { code: errorCode(error) }) }

  const queueOf = (destination: string): JobQueue => {
    const open = queues.get(destination)
    if (open) return open
    const queue = backend.queue(queueName(destination))
    queue.on('error', quiet)
    queues.set(destination, queue)
    return queue
  }

  const add = async (destination: string, list: readonly Woken[], again: boolean): Promise<void> => {
    const at = now().getTime()
    for (let from = 0; from < list.length; from += MOST_AT_ONCE) {
      await queueOf(destination).addBulk(list.slice(from, from + MOST_AT_ONCE).map(({ documentId, dueAt, urgent }) => ({
        name: urgent ? RECALL : 'deliver',
        data: { document: documentId },
        opts: {
          delay: Math.max(Date.parse(dueAt) - at, 0),
          attempts: 1,
          removeOnComplete: true,
          removeOnFail: true,
          // Last in, first out; and with an id of its own, so that it is not taken for the job that waits already.
          ...(urgent ? { lifo: true } : {}),
          deduplication: { id: `${documentId}~${destination}${urgent ? `~${RECALL}` : ''}${again ? '~again' : ''}`, keepLastIfActive: true, reschedule: true },
        },
      })))
    }
  }

  return {
    wake: async (woken, again = false) => {
      if (woken.length === 0 || !backend.ready()) return
      const byDestination = Map.groupBy(woken, ({ destination }) => destination)
      try {
        await inTime(Promise.all([...byDestination].map(([destination, list]) => add(destination, list, again))))
        trouble.over()
        for (const { documentId, destination } of woken) say('delivery_woken', { document: documentId, destination })
      } catch (error) {
        trouble.met()
        const why = backend.refusal(error)
        const code = why === undefined ? asFailure(error).code : 'REDIS_UNREACHABLE'
        if (isFailureNews(`${code} ${why}`)) fails(code, `Workers could not be woken${why === undefined ? '' : `: ${why}`}; the sweeper catches up.`)
      }
    },
    work: async (destination, atOnce, handler) => {
      const underWay = new Set<Promise<void>>()
      const handle = async (documentId: string, urgent: boolean): Promise<void> => {
        try {
          await handler(documentId, urgent)
        } catch (error) {
          const failure = asFailure(error)
          say('part_failed', { part: `worker-${destination}`, code: failure.code, detail: failure.detail })
        }
      }
      const worker = backend.worker(queueName(destination), async (job) => {
        const work = handle(job.data.document, job.name === RECALL)
        underWay.add(work)
        await work.finally(() => underWay.delete(work))
      }, { ...LOCK, concurrency: Math.max(atOnce, 1), runRetryDelay: RETRY_MS, autorun: atOnce > 0 })
      worker.on('error', quiet)
      const close = async (): Promise<void> => {
        // BullMQ would wait without end for a database that is away: what matters is that no handler is at work.
        const closed = worker.close(!backend.ready())
        closed.catch(() => undefined)
        while (underWay.size > 0) await Promise.all(underWay)
        await inTime(closed).catch(() => undefined)
        stations.delete(station)
      }
      const station = stationOf(worker, close)
      stations.add(station)
      return station
    },
    counts: async (destination) => {
      if (!backend.ready()) throw new Failure('REDIS_UNREACHABLE', 'The queue is away.')
      if (trouble.since(true)) throw new Failure('STORE_UNAVAILABLE', 'The queue takes nothing.')
      const counts = await inTime(queueOf(destination).getJobCounts('waiting', 'delayed', 'active'))
      return { waiting: counts['waiting'] ?? 0, delayed: counts['delayed'] ?? 0, active: counts['active'] ?? 0 }
    },
    stuckSince: () => trouble.since(backend.ready()),
    close: async () => {
      await Promise.all([...stations].map((station) => station.close()))
      await Promise.allSettled([...queues.values()].map((queue) => inTime(queue.close())))
      await backend.close()
    },
  }
}

/** Since when nobody could be woken: the queue is away, or it answers and takes nothing. */
const makeTrouble = (now: () => Date) => {
  let [awaySince, refusedSince, refusedLast]: (Date | undefined)[] = []
  return {
    met: (): void => {
      refusedLast = now()
      refusedSince ??= refusedLast
    },
    over: (): void => { refusedSince = undefined },
    since: (ready: boolean): Date | undefined => {
      awaySince = ready ? undefined : (awaySince ?? refusedSince ?? now())
      if (refusedSince && now().getTime() - refusedLast!.getTime() > REFUSAL_HOLDS_MS) refusedSince = undefined
      return awaySince ?? refusedSince
    },
  }
}

const stationOf = (worker: JobWorker, close: () => Promise<void>): Station => ({
  close,
  admit: (atOnce) => {
    if (worker.closing) return
    if (atOnce < 1) {
      // What runs goes on; nothing new is fetched.
      void worker.pause(true).catch(() => undefined)
      return
    }
    worker.concurrency = atOnce
    if (worker.isPaused() || !worker.isRunning()) void worker.resume().catch(() => undefined)
  },
})

const needed = (pool: Pool | undefined): Pool => {
  if (!pool) throw new TypeError('openWake needs a pool or the address of a Redis')
  return pool
}

const errorCode = (error: Error): string => {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : error.name
}

const inTime = async <T>(promise: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('The queue did not answer in time.')), PATIENCE_MS)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
