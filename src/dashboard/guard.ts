// Who may come in: the bearer token of the API, forms that come from our own pages only, and names by which a
// browser may call a loopback address. It refuses to look at a secret in a way whose duration tells how close a
// guess was.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import { Failure } from '../errors.ts'

const equal = (a: string, b: string): boolean => timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

const bearerOf = (req: Request): string | undefined => /^Bearer +(\S+)\s*$/iu.exec(req.headers.authorization ?? '')?.[1]

export const hasToken = (req: Request, token: string): boolean => {
  const given = bearerOf(req)
  return given !== undefined && equal(given, token)
}

export const needsToken = (token: string): RequestHandler => (req, res, next) => {
  if (hasToken(req, token)) return next()
  res.setHeader('WWW-Authenticate', 'Bearer realm="openletter"')
  throw new Failure('TOKEN_MISSING', bearerOf(req) === undefined ? 'There is none.' : 'The one that came is not the right one.')
}

// ---------------------------------------------------------------- loopback

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^(::ffff:)?127(\.\d{1,3}){3}$/iu.test(host)

/** From this machine, and not handed on by a proxy on it. */
const isLocal = (req: Request): boolean =>
  isLoopback(req.socket.remoteAddress ?? '') && req.headers['x-forwarded-for'] === undefined && req.headers.forwarded === undefined

/** Health and metrics are open on this machine; from elsewhere they take the API's token. */
export const localOrToken = (token: string): RequestHandler => (req, res, next) => (isLocal(req) ? next() : needsToken(token)(req, res, next))

/** The Host header without its port, in lower case. */
const hostName = (req: Request): string => (req.headers.host ?? '').replace(/:\d+$/u, '').toLowerCase()

/** A page elsewhere can point its own name at 127.0.0.1 and read what answers, unless the name is looked at. */
export const knownHostOnly = (host: string): RequestHandler => {
  const known = new Set(['localhost', '127.0.0.1', '[::1]', host.toLowerCase(), `[${host.toLowerCase()}]`])
  return (req, _res, next) => {
    if (known.has(hostName(req))) return next()
    throw new Failure('HOST_UNKNOWN', 'The Host header names neither localhost nor the configured host.')
  }
}

// ---------------------------------------------------------------- forms

/** The same in every process that has the API's token, so a form opened at one can be sent to another. */
export const formTokenOf = (apiToken: string): string => createHmac('sha256', apiToken).update('openletter form').digest('base64url')

/** After the form is parsed. A browser says where a form came from; the token in the form is the second lock. */
export const ownFormsOnly = (formToken: string): RequestHandler => (req, _res, next) => {
  const given: unknown = (req.body as { readonly formToken?: unknown } | undefined)?.formToken
  if (!cameFromHere(req) || typeof given !== 'string' || !equal(given, formToken)) throw new Failure('FORM_NOT_OURS', 'Nothing was done.')
  next()
}

const cameFromHere = (req: Request): boolean => {
  const site = req.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin } = req.headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === (req.headers['x-forwarded-host'] ?? req.headers.host)
}
