// The HTTP server that pages, API and the HTTP feed share. It refuses to listen where others than this machine can
// reach it, because passwords and letters would go in the clear, unless it is told that a proxy with https stands in front.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import helmet from 'helmet'
import { Failure } from '../errors.ts'
import type { Say } from '../observe/events.ts'
import { nothingHere, tellFailures } from './answers.ts'
import { isLoopback, knownHostOnly } from './guard.ts'

/** Requests under way when the server closes have this long to end. */
const GRACE_MS = 3000

/** Failure PUBLIC_WITHOUT_SIGN_IN: to be known before anything else is started. */
export const refusePublic = ({ host, behindProxy }: { readonly host: string; readonly behindProxy: boolean }): void => {
  if (!behindProxy && !isLoopback(host)) throw new Failure('PUBLIC_WITHOUT_SIGN_IN', `HTTP_HOST is ${host}.`)
}

/**
 * Resolves when it listens; `url` has the port that was taken where `port` is 0. Failure PUBLIC_WITHOUT_SIGN_IN,
 * PORT_TAKEN or SETTING_INVALID. `close` resolves when nothing is open any more, within three seconds.
 */
export const startHttp = async ({ host, port, routers, behindProxy, say }: {
  readonly host: string
  readonly port: number
  readonly routers: readonly RequestHandler[]
  readonly behindProxy: boolean
  readonly say?: Say
}): Promise<{ readonly url: string; close(): Promise<void> }> => {
  refusePublic({ host, behindProxy })
  const app = express()
  const stopping = new AbortController()
  // What answers without end hears of it, and ends.
  app.locals['stopping'] = stopping.signal
  app.disable('x-powered-by')
  app.disable('etag')
  // What fails while a failure is told shows no stack.
  app.set('env', 'production')
  app.use(headers)
  if (!behindProxy) app.use(knownHostOnly(host))
  for (const router of routers) app.use(router)
  app.use(nothingHere, tellFailures(say))
  const server = createServer(app)
  await listening(server, host, port)
  const { port: taken } = server.address() as AddressInfo
  return { url: `http://${host.includes(':') ? `[${host.replaceAll(/[[\]]/gu, '')}]` : host}:${taken}`, close: () => { stopping.abort(); return closed(server) } }
}

/** Our own script and none in a page, nothing from elsewhere, no framing; forms go back to where they came from. */
const headers = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"], styleSrc: ["'self'"], scriptSrc: ["'self'"], connectSrc: ["'self'"], imgSrc: ["'self'"], manifestSrc: ["'self'"],
      formAction: ["'self'"], baseUri: ["'none'"], frameAncestors: ["'none'"],
    },
  },
  // A form needs its Origin, which `no-referrer` would blank.
  referrerPolicy: { policy: 'same-origin' },
  // Loopback has no certificate; a proxy in front says this for itself.
  strictTransportSecurity: false,
})

const WHY_NOT: { readonly [code: string]: { readonly code: 'PORT_TAKEN' | 'SETTING_INVALID'; readonly says: (host: string, port: number) => string } } = {
  EADDRINUSE: { code: 'PORT_TAKEN', says: (host, port) => `HTTP_PORT is ${port} on ${host}.` },
  EACCES: { code: 'SETTING_INVALID', says: (_host, port) => `HTTP_PORT is ${port}, which this user may not open.` },
  EADDRNOTAVAIL: { code: 'SETTING_INVALID', says: (host) => `HTTP_HOST is ${host}, which is no address of this machine.` },
  ENOTFOUND: { code: 'SETTING_INVALID', says: (host) => `HTTP_HOST is ${host}, which is no known name.` },
}

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = WHY_NOT[error.code ?? '']
      reject(why ? new Failure(why.code, why.says(host, port), { cause: error }) : error)
    })
    server.listen({ host: host.replaceAll(/[[\]]/gu, ''), port }, resolve)
  })

/** Idle keep-alive connections end at once; busy ones when they have answered, or after the grace. */
const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), GRACE_MS)
    const sweep = setInterval(() => server.closeIdleConnections(), 20)
    server.close(() => {
      clearTimeout(late)
      clearInterval(sweep)
      resolve()
    })
    server.closeIdleConnections()
  })
