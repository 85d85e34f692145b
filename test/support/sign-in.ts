// Accounts and sessions for tests. Whoever has an `aLedger()` gives its dashboard `realVisitors(place, API_TOKEN)` and signs in:
//   const jane = await signedIn(place, { role: 'reviewer' })
//   fetch(url, { headers: jane.headers })    context.addCookies(jane.cookies(url))    formOf({ formToken: jane.formToken, … })
import { randomUUID } from 'node:crypto'
import { newToken, sha256 } from '../../src/dashboard/sign-in/cookies.ts'
import { hashPassword } from '../../src/dashboard/sign-in/passwords.ts'
import { bySession, byToken, visitorsBy } from '../../src/dashboard/sign-in/visitors.ts'
import type { Role } from '../../src/dashboard/rights.ts'
import type { Visitors } from '../../src/dashboard/visitor.ts'
import type { Ledger, Sessions, Staff, Staffing } from '../../src/ledger/ledger.ts'

export const PASSWORD = 'violet harbour teaspoon 71'

type Place = { readonly ledger: Pick<Ledger, 'inviteStaff' | 'usePasswordCode' | 'startSession' | 'session'>; readonly clock: { readonly at: Date } }

/** As the engine knows them: by the cookie of a session, or by the API's token. */
export const realVisitors = ({ ledger, clock }: Pick<Place, 'ledger' | 'clock'>, apiToken: string): Visitors => visitorsBy(bySession({ ledger, now: () => clock.at }), byToken(apiToken))

// The same for all: hashing is slow on purpose.
let hashed: Promise<string> | undefined

/** An account with the password `PASSWORD`. */
export const aStaff = async ({ ledger, clock }: Place, { userName = `p-${randomUUID().slice(0, 8)}`, name = 'Jane Example', roles = ['admin'] as readonly Role[] } = {}): Promise<Staff> => {
  const [at, code] = [clock.at.toISOString(), sha256(newToken())]
  const staff = await ledger.inviteStaff({ userName, name, roles }, { sha256: code, until: new Date(clock.at.getTime() + 60_000).toISOString() }, { actor: 'test', reason: 'for a test', at })
  if (staff === 'taken') throw new Error(`${userName} is taken`)
  return (await ledger.usePasswordCode(code, await (hashed ??= hashPassword(PASSWORD)), at))!
}

export type SignedIn = {
  readonly staff: Staff
  readonly formToken: string
  /** For fetch. */
  readonly headers: { readonly cookie: string }
  /** For playwright's `context.addCookies`. */
  cookies(url: string): { name: string; value: string; url: string }[]
}

/** A session of an account that is made for it, or of `staff`. */
export const signedIn = async (place: Place, { role = 'admin', staff, userName, name }: { readonly role?: Role; readonly staff?: Staff; readonly userName?: string; readonly name?: string } = {}): Promise<SignedIn> => {
  const who = staff ?? (await aStaff(place, { roles: [role], ...(userName === undefined ? {} : { userName }), ...(name === undefined ? {} : { name }) }))
  const [token, at] = [newToken(), place.clock.at]
  const session = await place.ledger.startSession({ staffId: who.id, tokenSha256: sha256(token), formToken: newToken(), until: new Date(at.getTime() + 12 * 3_600_000).toISOString(), how: 'password' }, at.toISOString())
  if (!session) throw new Error(`${who.userName} is disabled`)
  return { staff: who, formToken: session.formToken, headers: { cookie: `openletter=${token}` }, cookies: (url) => [{ name: 'openletter', value: token, url }] }
}

/** For a ledger that is told: nobody has an account. */
export const NO_STAFF: Staffing & Sessions = {
  staff: () => Promise.resolve([]), staffNamed: () => Promise.resolve(undefined), inviteStaff: () => Promise.resolve('taken'), resetStaff: () => Promise.resolve(undefined),
  changeRoles: () => Promise.resolve(undefined), disableStaff: () => Promise.resolve(undefined), enableStaff: () => Promise.resolve(undefined), changePassword: () => Promise.resolve(),
  provideStaff: () => Promise.resolve('taken'), firstCode: () => Promise.resolve(true), codeUse: () => Promise.resolve(undefined), useFirstCode: () => Promise.resolve(undefined), usePasswordCode: () => Promise.resolve(undefined),
  startSession: () => Promise.resolve(undefined), session: () => Promise.resolve(undefined), sessionsOf: () => Promise.resolve([]), endSessions: () => Promise.resolve(0),
  knownBrowser: () => Promise.resolve(false), countTry: () => Promise.resolve(true), uncountTry: () => Promise.resolve(), signInRefused: () => Promise.resolve(),
}

/** The first account of a running engine, by the code that it printed; its cookie, as a browser sends it. */
export const firstAccount = async ({ url, firstCode }: { readonly url?: string; readonly firstCode?: string }, { userName = 'ada', name = 'Ada Example' } = {}): Promise<{ readonly cookie: string }> => {
  const answer = await fetch(`${url}/sign-in/code/use`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ code: firstCode ?? '', userName, name, password: PASSWORD, again: PASSWORD }) })
  if (answer.status !== 303) throw new Error(`no account was made: ${answer.status}`)
  return { cookie: cookieOf(answer) }
}

/** What a browser would send back. */
export const cookieOf = (answer: Response): string => answer.headers.getSetCookie().map((line) => line.split(';')[0]!).filter((pair) => !pair.endsWith('=')).join('; ')

/** The same for playwright's `context.addCookies`. */
export const cookiesFor = (cookie: string, url: string): { name: string; value: string; url: string }[] =>
  cookie.split('; ').map((pair) => ({ name: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1), url }))

/** The one-time code that stands in a page, an answer or what a command printed. */
export const codeIn = (text: string): string => /[2-9A-Z]{4}(-[2-9A-Z]{4}){5}/u.exec(text)?.[0] ?? ''
