// Who asks: by the cookie of a session, or by a bearer token. It refuses a cookie alone where something is changed without a
// form of ours: programs bring a token for that, and people the token of their forms.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request } from 'express'
import { FOR_PROGRAMS } from '../answers.ts'
import { cameFromHere } from '../came-from-here.ts'
import { doorOf } from '../../ledger/doors.ts'
import { isByItself } from '../live/by-itself.ts'
import { SIGN_IN, type DashboardParts } from '../parts.ts'
import { isRole, RIGHTS_FOR_PROGRAMS, rightsOf } from '../rights.ts'
import { showsFormToken, type Visitor, type Visitors } from '../visitor.ts'
import { hashOfCookie } from './cookies.ts'

/** One way to be known; undefined: not by this one. */
export type Way = (req: Request) => Promise<Visitor | undefined> | Visitor | undefined

/** The first that knows counts. */
export const visitorsBy = (...ways: readonly Way[]): Visitors => ({
  of: async (req) => {
    for (const way of ways) {
      const visitor = await way(req)
      if (visitor) return visitor
    }
    return undefined
  },
})

const READS = ['GET', 'HEAD']

export const bySession = ({ ledger, now, signIn = SIGN_IN }: Pick<DashboardParts, 'now' | 'signIn'> & { readonly ledger: Pick<DashboardParts['ledger'], 'session'> }): Way => async (req) => {
  // Whoever brings a token is not taken for whoever sits at the browser.
  if (req.headers.authorization !== undefined) return undefined
  const changes = FOR_PROGRAMS.test(req.originalUrl.toLowerCase()) && !READS.includes(req.method)
  const cookie = hashOfCookie('session', req, signIn)
  const session = cookie === undefined ? undefined : await ledger.session(cookie, now().toISOString(), signIn.idleSecs, isByItself(req))
  // A browser adds the cookie to whatever another site sends; the token of the session's forms no other site knows, nor may it set this header.
  if (changes && session && !(cameFromHere(req) && showsFormToken(req, session.formToken))) return undefined
  return session && { kind: 'person', id: session.staff.userName, name: session.staff.name, door: doorOf(session.staff), rights: rightsOf(session.staff.roles.filter(isRole)), formToken: session.formToken }
}

/** The token of a request, whatever the case of `Bearer`. */
export const bearerOf = (req: Request): string | undefined => /^bearer +([^\s]+) *$/iu.exec(req.headers.authorization ?? '')?.[1]

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** The token of the settings: a program that may everything but what a person has to answer for. */
export const byToken = (token: string): Way => {
  const expected = digest(token)
  return (req) => {
    const given = bearerOf(req)
    return given !== undefined && timingSafeEqual(digest(given), expected) ? { kind: 'program', id: 'api-token', name: 'API token', rights: RIGHTS_FOR_PROGRAMS, formToken: '' } : undefined
  }
}
