// What is near: requests from this machine, and names by which a browser may call a loopback address. It refuses to
// take a proxy's word for where a request comes from.
import type { Request, RequestHandler } from 'express'
import { Failure } from '../errors.ts'
import { needs } from './visitor.ts'

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^(::ffff:)?127(\.\d{1,3}){3}$/iu.test(host)

/** Each proxy says so in its own way; one alone is enough. */
const HANDED_ON = /^(x-forwarded(-.+)?|forwarded|via|x-real-ip|x-original-.+)$/u

/** From this machine, by a name of this machine, and not handed on by a proxy on it. */
const isLocal = (req: Request): boolean => isLoopback(req.socket.remoteAddress ?? '') && isLoopback(hostName(req)) && !Object.keys(req.headers).some((name) => HANDED_ON.test(name))

/** Health and metrics are open on this machine; from elsewhere they take a token that may see. */
export const localOrToken: RequestHandler = (req, res, next) => (isLocal(req) ? next() : needs('see')(req, res, next))

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
