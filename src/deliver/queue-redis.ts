// BullMQ on Redis. It refuses to let anybody wait for a Redis that is away: who wants to wake a worker is told at
// once, and workers connect again by themselves.
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { Failure } from '../errors.ts'
import type { Backend, JobQueue, JobWorker } from './wake.ts'

const FIRST_ANSWER_MS = 3000
const RECONNECT_MS = 500
/** What Redis says when the address is right and the credentials are not: no waiting mends that. */
const REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR (AUTH|invalid password|Client sent AUTH))/u

/** What it says of itself when it answers and takes no writes. */
const SAYS = {
  OOM: 'it has no memory left (maxmemory)', READONLY: 'it is a replica and takes no writes', LOADING: 'it still reads its data', MISCONF: 'it cannot save to its disk and takes no writes',
  NOREPLICAS: 'it misses the replicas without which it takes no writes', MASTERDOWN: 'it has lost its master', CLUSTERDOWN: 'its cluster is down', BUSY: 'a script keeps it busy',
  NOAUTH: 'it wants a password that REDIS_URL does not give', WRONGPASS: 'it refuses the user or the password in REDIS_URL', NOPERM: 'its user may not do that',
} as const satisfies Record<string, string>

const refusalIn = (error: unknown): string | undefined => {
  const [word] = /\b[A-Z]{3,}\b/u.exec(error instanceof Error ? error.message : '') ?? []
  return word !== undefined && Object.hasOwn(SAYS, word) ? `Redis says ${word}, ${SAYS[word as keyof typeof SAYS]}` : undefined
}

const connect = (url: string, options: { readonly maxRetriesPerRequest: number | null; readonly lazyConnect: boolean }): Redis => {
  const redis = new Redis(url, { ...options, retryStrategy: () => RECONNECT_MS, connectTimeout: FIRST_ANSWER_MS })
  // BullMQ listens too; without a listener of our own an early error would end the process.
  redis.on('error', () => undefined)
  return redis
}

/**
 * Failure REDIS_UNREACHABLE only where waiting does not help; a Redis that is away is connected to when it is back.
 * `onState` tells of both.
 */
export const redisBackend = async (url: string, onState: (ready: boolean) => void): Promise<Backend> => {
  if (!/^(rediss?|unix):\/\//u.test(url) && !url.startsWith('/')) throw new Failure('REDIS_UNREACHABLE', 'REDIS_URL is not an address such as redis://host:6379.')
  const producer = connect(url, { maxRetriesPerRequest: 1, lazyConnect: true })
  // Told once each time it goes and once each time it comes back: ioredis says `close` for every vain try.
  let known: boolean | undefined
  const tell = (ready: boolean): void => {
    if (known !== ready) onState(ready)
    known = ready
  }
  producer.on('ready', () => tell(true))
  producer.on('close', () => tell(false))

  const refusal = await firstAnswer(producer)
  if (refusal) {
    producer.disconnect()
    throw refusal
  }
  // Not lazy: BullMQ gives up on a lazy connection whose first try is in vain.
  const consumer = connect(url, { maxRetriesPerRequest: null, lazyConnect: false })
  return {
    name: 'redis',
    ready: () => producer.status === 'ready',
    refusal: refusalIn,
    queue: (name) => new Queue(name, { connection: producer }) as unknown as JobQueue,
    worker: (name, handler, options) => new Worker(name, handler, { ...options, connection: consumer }) as unknown as JobWorker,
    close: async () => {
      producer.removeAllListeners('close')
      producer.disconnect()
      consumer.disconnect()
    },
  }
}

/** Undefined as soon as it is connected, or is known to be away. */
const firstAnswer = (redis: Redis): Promise<Failure | undefined> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), FIRST_ANSWER_MS)
    const settle = (failure?: Failure): void => {
      clearTimeout(timer)
      resolve(failure)
    }
    redis.once('ready', () => settle())
    redis.on('error', (error: Error) => {
      if (REFUSED.test(error.message)) settle(new Failure('REDIS_UNREACHABLE', 'Redis refuses the user or the password in REDIS_URL.'))
      else settle()
    })
    redis.connect().catch((error: unknown) => {
      if (error instanceof Error && REFUSED.test(error.message)) settle(new Failure('REDIS_UNREACHABLE', 'Redis refuses the user or the password in REDIS_URL.'))
      else settle()
    })
  })
