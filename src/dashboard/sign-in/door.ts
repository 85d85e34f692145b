// The door behind every way to sign in: a new session, under a new name, in this browser. It refuses to go on with the
// session that the browser came with, and to lead anywhere but to a page of ours.
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import type { LiveSession, Staff } from '../../ledger/ledger.ts'
import { FOR_PROGRAMS } from '../answers.ts'
import { SIGN_IN, type DashboardParts } from '../parts.ts'
import { cameFromHere } from '../came-from-here.ts'
import { clearCookie, hashOfCookie, newToken, setCookie, sha256 } from './cookies.ts'

export type Doors = Pick<DashboardParts, 'now' | 'say' | 'signIn'> & { readonly ledger: Pick<DashboardParts['ledger'], 'startSession'> }

/** So long a browser is known after somebody signed in. */
const BROWSER_DAYS = 180

const later = (from: Date, secs: number): string => new Date(from.getTime() + secs * 1000).toISOString()

/** `how`, as the log says it: `password`, `code`, `oidc`. False: the account is disabled, or has another password by now. */
export const signInAs = async ({ ledger, now, say, signIn = SIGN_IN }: Doors, req: Request, res: Response, staff: Pick<Staff, 'id'> & { readonly passwordHash?: string }, how: string): Promise<boolean> => {
  const [token, browser, at] = [newToken(), newToken(), now()]
  const insteadOf = hashOfCookie('session', req, signIn)
  const session = await ledger.startSession({
    staffId: staff.id, tokenSha256: sha256(token), formToken: newToken(), until: later(at, signIn.mostSecs), how, ...(staff.passwordHash === undefined ? {} : { passwordHash: staff.passwordHash }), ...(insteadOf === undefined ? {} : { insteadOf }),
    browser: { sha256: sha256(browser), until: later(at, BROWSER_DAYS * 86_400) },
  }, at.toISOString())
  if (!session) return false
  // No age: it is gone with the browser's session. The ledger knows its end.
  setCookie('session', token, req, res, signIn)
  setCookie('browser', browser, req, res, signIn, BROWSER_DAYS * 86_400)
  say('signed_in', { actor: session.staff.userName, how })
  return true
}

type SessionParts = Pick<DashboardParts, 'now' | 'signIn'> & { readonly ledger: Pick<DashboardParts['ledger'], 'session'> }

/** Of this browser; none where a program asks. */
export const sessionHere = async ({ ledger, now, signIn = SIGN_IN }: SessionParts, req: Request): Promise<LiveSession | undefined> => {
  const cookie = req.headers.authorization === undefined ? hashOfCookie('session', req, signIn) : undefined
  return cookie === undefined ? undefined : ledger.session(cookie, now().toISOString(), signIn.idleSecs)
}

export const signOutHere = (req: Request, res: Response, { signIn = SIGN_IN }: Pick<DashboardParts, 'signIn'>): void => clearCookie('session', req, res, signIn)

/** A path of a page of ours, as it may stand in an address; anything else is not led to. */
export const ownPath = (to: unknown): string => {
  if (typeof to !== 'string' || to.length > 300 || !/^\/(?![/\\])[\x21-\x7e]*$/u.test(to) || to.includes('\\') || !URL.canParse(to, 'http://ours')) return '/'
  const { host, pathname, search } = new URL(to, 'http://ours')
  const isPage = host === 'ours' && !pathname.startsWith('//') && !FOR_PROGRAMS.test(pathname.toLowerCase()) && !/^\/sign-(in|out)(\/|$)/iu.test(pathname)
  return isPage ? `${pathname}${search}` : '/'
}

/** Of a form before anybody has signed in: there is no session whose token it could hold, so the browser says where it came from. */
export const strangersForm: RequestHandler = (req, _res, next) => {
  if (!cameFromHere(req)) throw new Failure('FORM_NOT_OURS', 'Nothing was done.')
  next()
}
