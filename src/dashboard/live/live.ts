// Pages that keep themselves up to date: a stream that says which pages' numbers changed. The page then asks for itself
// again, by its own address and right. It refuses data in the stream, more visitors than it can serve, and to go on for
// one who has signed out or does not read, or after the engine stops. One cheap question a second serves all visitors of
// a process; the more there are, the less often each is told, and never all at once: each then asks for a whole page.
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import { LIVE_PATH } from './by-itself.ts'
import { ENDS_SESSIONS, TOPICS, topicsOf, type Topic } from './live-topics.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { visitorOf } from '../visitor.ts'

export type LiveTimes = { readonly lookMs: number; readonly atMostEveryMs: number; readonly heartbeatMs: number; readonly mostVisitors: number }
export const LIVE: LiveTimes = { lookMs: 1_000, atMostEveryMs: 3_000, heartbeatMs: 15_000, mostVisitors: 300 }

/** A page takes a third of this to make: however many look on, most of the time is left for those who do something. */
const PER_VISITOR_MS = 40
/** Whoever has not read so much has gone without a word. */
const MOST_UNREAD_BYTES = 16_384

type Watching = { readonly req: Request; readonly res: Response; readonly id: string }

export const liveAddresses = (parts: Pick<DashboardParts, 'ledger' | 'visitors' | 'live'>): readonly Address[] => {
  const { ledger, visitors, live: { lookMs, atMostEveryMs, heartbeatMs, mostVisitors } = LIVE } = parts
  const watching = new Set<Watching>()
  let timer: NodeJS.Timeout | undefined
  let seq: number | undefined
  let statesAt: string | undefined
  let touched = new Set<Topic>()
  let [toldAt, beatAt] = [0, 0]

  const write = (one: Watching, text: string): void => {
    if (!watching.has(one)) return
    one.res.write(text)
    if (one.res.writableLength <= MOST_UNREAD_BYTES) return
    watching.delete(one)
    one.res.destroy()
  }
  /** One after another, with the mark of this moment: whoever leaves before his turn hears of it when he is back. */
  const tellAll = (topics: readonly Topic[]): void => {
    const text = `id: ${seq ?? 0}\nevent: changed\ndata: ${topics.join(' ')}\n\n`
    for (const [nth, one] of [...watching].entries()) if (nth === 0) write(one, text)
      else setTimeout(write, nth * PER_VISITOR_MS, one, text).unref()
  }

  /** Whoever may not look on any more is told so: a browser would come back by itself. */
  const over = (one: Watching, event: 'signed-out' | 'stopping'): void => {
    watching.delete(one)
    one.res.end(`event: ${event}\ndata: .\n\n`)
  }
  const checkAll = async (): Promise<void> => {
    await Promise.all([...watching].map(async (one) => {
      // Where nobody can be asked, the next time tells.
      const visitor = await visitors.of(one.req).catch(() => 'unknown' as const)
      if (visitor === 'unknown' || !watching.has(one)) return
      if (visitor?.id !== one.id || !visitor.rights.includes('see')) over(one, 'signed-out')
      else write(one, ': still here\n\n')
    }))
  }

  const look = async (): Promise<void> => {
    const changes = await ledger.changesSince(seq).catch(() => undefined)
    if (changes) {
      const kinds = seq === undefined ? [] : changes.kinds
      for (const topic of topicsOf(kinds)) touched.add(topic)
      if (seq !== undefined && changes.statesAt !== statesAt) touched.add('today').add('channels')
      ;[seq, statesAt] = [changes.seq, changes.statesAt]
      if (kinds.some((kind) => ENDS_SESSIONS.includes(kind))) beatAt = 0
    }
    const at = performance.now()
    if (at - beatAt >= heartbeatMs || beatAt === 0) {
      beatAt = at
      await checkAll()
    }
    if (touched.size > 0 && (toldAt === 0 || at - toldAt >= Math.max(atMostEveryMs, watching.size * PER_VISITOR_MS))) {
      toldAt = at
      const topics = TOPICS.filter((topic) => touched.has(topic))
      touched = new Set()
      tellAll(topics)
    }
  }
  const turn = (): void => {
    timer = setTimeout(() => void look().finally(() => (watching.size > 0 ? turn() : rest())), lookMs)
    timer.unref()
  }
  /** Nobody is there: what happens meanwhile concerns nobody. */
  const rest = (): void => {
    clearTimeout(timer)
    ;[timer, seq, statesAt, touched, toldAt] = [undefined, undefined, undefined, new Set(), 0]
  }

  const stream: RequestHandler = async (req, res) => {
    if (watching.size >= mostVisitors) throw new Failure('LIVE_FULL', `This process serves ${mostVisitors} at a time.`)
    const stopping = stoppingOf(req)
    const since = /^\d{1,15}$/u.exec(String(req.headers['last-event-id'] ?? ''))?.[0]
    const one: Watching = { req, res, id: visitorOf(res).id }
    const stopped = (): void => over(one, 'stopping')
    // Before anything is waited for: who comes in while the engine stops is let go as well.
    watching.add(one)
    res.on('close', () => {
      watching.delete(one)
      stopping?.removeEventListener('abort', stopped)
      if (watching.size === 0) rest()
    })
    res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    if (stopping?.aborted) return stopped()
    stopping?.addEventListener('abort', stopped, { once: true })
    res.write(`retry: ${atMostEveryMs}\n: here\n\n`)
    if (timer === undefined) turn()
    const missed = await ledger.changesSince(since === undefined ? undefined : Number(since)).catch(() => undefined)
    if (!missed || !watching.has(one)) return
    // The first who comes sets the mark: what happens before the first look is not lost.
    seq ??= missed.seq
    const topics = topicsOf(missed.kinds)
    // An id without an event: from here on a browser that comes back says how far it had got.
    res.write(topics.length > 0 ? `id: ${missed.seq}\nevent: changed\ndata: ${topics.join(' ')}\n\n` : `id: ${missed.seq}\n\n`)
  }
  return [{ method: 'get', path: LIVE_PATH, right: 'see', handle: [stream] }]
}

/** `listen.ts` says when the server begins to close. */
const stoppingOf = (req: Request): AbortSignal | undefined => {
  const signal: unknown = req.app.locals['stopping']
  return signal instanceof AbortSignal ? signal : undefined
}
