// What a browser keeps of a sign-in, and where its requests come from. It refuses to let a script or a plain connection
// read a cookie where there is https, and to take anybody's word for https or an address but that of the proxy in front.
import { createHash, randomBytes } from 'node:crypto'
import type { Request, Response } from 'express'
import type { SignInSettings } from '../parts.ts'

/** `session`: until the browser is closed, or the session ends. `browser`: that somebody has signed in here before. */
const COOKIES = { session: 'openletter', browser: 'openletter-browser' } as const
type Cookie = keyof typeof COOKIES

type Proxied = Pick<SignInSettings, 'behindProxy'>

/** Several proxies in a row each add a value behind those before: the last is that of the one in front of us. */
const lastOf = (req: Request, header: string): string | undefined => {
  const given = req.headers[header]
  return (Array.isArray(given) ? given.join(',') : given)?.split(',').at(-1)?.trim()
}

const isHttps = (req: Request, { behindProxy }: Proxied): boolean => behindProxy && lastOf(req, 'x-forwarded-proto')?.toLowerCase() === 'https'

/** Scheme and name by which we were called: what forms are compared with, and absolute links begin with. */
export const originOf = (req: Request, proxied: Proxied): string =>
  `${isHttps(req, proxied) ? 'https' : 'http'}://${(proxied.behindProxy ? lastOf(req, 'x-forwarded-host') : undefined) ?? req.headers.host ?? 'localhost'}`

/** Some proxies add the port, which is another one with each connection. */
const WITH_PORT = /^(?:(?<v4>\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[(?<v6>[^\]]*)\](?::\d{1,5})?)$/u

/** An IPv6 address by its network: whoever has one has as many as he likes. */
export const addressOf = (req: Request, { behindProxy }: Proxied): string => {
  const address = ((behindProxy ? lastOf(req, 'x-forwarded-for') : undefined) ?? req.socket.remoteAddress ?? '').replace(WITH_PORT, '$<v4>$<v6>').replace(/^::ffff:/iu, '').slice(0, 60)
  return address.includes(':') ? networkOf(address) : address
}

const networkOf = (address: string): string => {
  const [head = '', tail] = address.split('::')
  const [before, behind] = [head.split(':').filter(Boolean), (tail ?? '').split(':').filter(Boolean)]
  const groups = tail === undefined ? before : [...before, ...Array.from({ length: Math.max(0, 8 - before.length - behind.length) }, () => '0'), ...behind]
  return `${groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/u, '')).join(':')}::/64`
}

// ---------------------------------------------------------------- cookies

export const newToken = (): string => randomBytes(32).toString('base64url')
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const nameOf = (cookie: Cookie, req: Request, proxied: Proxied): string => `${isHttps(req, proxied) ? '__Host-' : ''}${COOKIES[cookie]}`

/** The hash of what the cookie holds; undefined where there is none, or two of its name. */
export const hashOfCookie = (cookie: Cookie, req: Request, proxied: Proxied): string | undefined => {
  const name = nameOf(cookie, req, proxied)
  const values = (req.headers.cookie ?? '').split(';').map((pair) => pair.trim()).filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1))
  return values.length === 1 && /^[\w-]{43}$/u.test(values[0]!) ? sha256(values[0]!) : undefined
}

export const setCookie = (cookie: Cookie, value: string, req: Request, res: Response, proxied: Proxied, maxAgeSecs?: number): void => {
  res.cookie(nameOf(cookie, req, proxied), value, { httpOnly: true, sameSite: 'lax', path: '/', secure: isHttps(req, proxied), ...(maxAgeSecs === undefined ? {} : { maxAge: maxAgeSecs * 1000 }) })
}

export const clearCookie = (cookie: Cookie, req: Request, res: Response, proxied: Proxied): void => {
  res.clearCookie(nameOf(cookie, req, proxied), { httpOnly: true, sameSite: 'lax', path: '/', secure: isHttps(req, proxied) })
}
