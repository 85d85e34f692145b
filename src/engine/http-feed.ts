// An HTTP feed as a part that can be taken out of a server that goes on: its routes, and the uploads in hand. It refuses
// to end before those have their answers, for a few seconds at most.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { RequestHandler, Response } from 'express'
import { httpFeed, type HttpFeedParts } from '../intake/http/router.ts'

export type RunningHttpFeed = { isFor(path: string): boolean; readonly serve: RequestHandler; close(): Promise<void> }

const CLOSE_WITHIN_MS = 5_000

export const openHttpFeed = (parts: HttpFeedParts): RunningHttpFeed => {
  const router = httpFeed(parts)
  const inHand = new Set<Response>()
  let closed = false
  return {
    isFor: (path) => !closed && path.toLowerCase().startsWith(`/feeds/${parts.name}/`),
    serve: (req, res, next) => {
      inHand.add(res)
      res.on('close', () => inHand.delete(res))
      router(req, res, next)
    },
    close: async () => {
      closed = true
      const patience = new AbortController()
      const answered = Promise.all([...inHand].map((res) => once(res, 'close', patience))).catch(() => undefined)
      await Promise.race([answered, delay(CLOSE_WITHIN_MS, undefined, patience).catch(() => undefined)])
      patience.abort()
    },
  }
}
