// The sandbox's way from a request to an answer: find the route by method and template, count the request, let a
// fault stumble over it, answer. It refuses to read bodies itself: a document may be 50 MB, so handlers stream.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './faults.ts'
import { outcome } from './outcome.ts'

/** A request, taken apart. `base` is the address by which the caller knows this server. */
export type Ask = {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly params: Readonly<Record<string, string>>
  readonly body: IncomingMessage
  readonly base: string
  /** Set by POST /control for this request; the router sees to what any address knows, the rest is the handler's. */
  readonly fault?: Fault
}

export type Answer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | AsyncIterable<string | Buffer>
}

export type Handle = (ask: Ask) => Answer | Promise<Answer>

/** `template` names its variable segments in braces: `/records/{nhs-number}`. */
export type Route = { readonly method: string; readonly template: string; readonly handle: Handle }

export type Routing = {
  readonly routes: readonly Route[]
  /** Called for each request once its route is known, before anything is done for it; may name a fault. */
  arrive(method: string, path: string, template: string): Fault | undefined
}

const match = (template: string, path: string): Record<string, string> | undefined => {
  const wanted = template.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, want] of wanted.entries()) {
    const segment = given[i] ?? ''
    if (want.startsWith('{')) params[want.slice(1, -1)] = segment
    else if (want !== segment) return undefined
  }
  return params
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

type Picked = { readonly template: string; readonly params: Readonly<Record<string, string>>; readonly handle: Handle }

const pick = (routes: readonly Route[], method: string, path: string): Picked => {
  const here = routes.flatMap((route) => {
    const params = match(route.template, path)
    return params ? [{ ...route, params }] : []
  })
  const found = here.find((route) => route.method === method) ?? (method === 'HEAD' ? here.find((route) => route.method === 'GET') : undefined)
  if (found) return found
  const other = here[0]
  if (!other) return { template: '(no such address)', params: {}, handle: () => outcome(404, 'There is nothing at this address.') }
  const allow = here.map((route) => route.method).join(', ')
  return { template: other.template, params: {}, handle: () => outcome(405, `This address takes ${allow}.`, { headers: { Allow: allow } }) }
}

const drain = async (body: IncomingMessage): Promise<void> => {
  for await (const _ of body) { /* read to its end, so that the sender is never cut off while sending */ }
}

const send = async (res: ServerResponse, answer: Answer, headOnly: boolean): Promise<void> => {
  const { body } = answer
  const whole = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
  res.writeHead(answer.status, { 'Cache-Control': 'no-store', ...(whole ? { 'Content-Length': Buffer.byteLength(body ?? '') } : {}), ...answer.headers })
  if (headOnly || body === undefined) res.end()
  else if (whole) res.end(body)
  else await pipeline(Readable.from(body), res)
}

/** Handles one request to its end. Never rejects: a caller that went away is nobody's error. */
export const respond = async (routing: Routing, req: IncomingMessage, res: ServerResponse): Promise<void> => {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  try {
    const base = `http://${req.headers.host ?? 'localhost'}`
    const url = new URL(req.url ?? '/', base)
    const path = decoded(url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : url.pathname)
    const method = req.method ?? 'GET'
    const picked = pick(routing.routes, method, path)
    const fault = routing.arrive(method, path, picked.template)
    const stumbles = (fault?.status !== undefined && !fault.store) || fault?.cut === 'before-store'
    const done = stumbles ? undefined : await picked.handle({ method, path, query: url.searchParams, headers: req.headers, params: picked.params, body: req, base, ...(fault ? { fault } : {}) })
    const answer = done && fault?.status === undefined ? done : outcome(fault?.status ?? 500, 'A fault set by POST /control.', { path })
    if (!req.readableEnded) await drain(req)
    if (fault?.delayMs) await delay(fault.delayMs, undefined, { signal: gone.signal })
    if (fault?.cut) return void req.socket.destroy()
    const waits = fault?.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) }
    await send(res, { ...answer, headers: { ...answer.headers, ...waits } }, method === 'HEAD')
  } catch (error) {
    if (gone.signal.aborted || res.headersSent) return void req.socket.destroy()
    await send(res, outcome(500, error instanceof Error ? error.message : 'unknown'), false).catch(() => req.socket.destroy())
  }
}
