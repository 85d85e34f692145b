// Signing in by user name and password, and signing out. It refuses to tell a wrong password from a name that nobody has,
// by what it says as by how long it takes.
import type { Request, RequestHandler, Response } from 'express'
import type { Staff } from '../../ledger/ledger.ts'
import { form, wrongFields } from '../forms.ts'
import { SIGN_IN, type Address, type DashboardParts } from '../parts.ts'
import { mayBe, ownForms } from '../visitor.ts'
import { addressOf, hashOfCookie } from './cookies.ts'
import { ownPath, sessionHere, signInAs, signOutHere, strangersForm, type Doors } from './door.ts'
import { userNameOf } from './names.ts'
import { isPassword } from './passwords.ts'
import { passwordsHere, showSignIn } from './sign-in-page.ts'
import { triesOf } from './tries.ts'

type Parts = Doors & Pick<DashboardParts, 'provider'> & { readonly ledger: Pick<DashboardParts['ledger'], 'staff' | 'staffNamed' | 'session' | 'endSessions' | 'knownBrowser' | 'countTry' | 'uncountTry' | 'signInRefused'> }

/** What anybody is told who did not come in. */
const NOT_RIGHT = 'The user name or the password is not right.'
export const WAIT = 'There were too many tries. Wait a few minutes and try again, or ask an administrator to reset your password.'

type Known = (Staff & { readonly passwordHash?: string }) | undefined

const whyNot = (known: Known): string => (!known ? 'unknown' : known.disabledAt !== undefined ? 'disabled' : known.passwordHash === undefined ? 'no-password' : 'password')

export const signInAddresses = (parts: Parts): readonly Address[] => {
  const { ledger, now, say, signIn = SIGN_IN } = parts

  const page = (req: Request, res: Response, more: object = {}): Promise<void> => showSignIn(parts, req, res, more)

  const look: RequestHandler = async (req, res) => {
    const to = ownPath(req.query['to'])
    if (mayBe(res)?.kind === 'person') return res.redirect(303, to)
    await page(req, res, { to })
  }

  const refuse = async (req: Request, res: Response, status: number, why: string): Promise<void> => {
    const { userName, to } = req.body as { readonly [name: string]: unknown }
    await page(req, res.status(status), { to: ownPath(to), given: { userName: userNameOf(userName).slice(0, 100) }, ...wrongFields([{ parameter: 'userName', why }]) })
  }

  const enter: RequestHandler = async (req, res) => {
    const given = req.body as { readonly [name: string]: unknown }
    const [userName, password, at] = [userNameOf(given['userName']), given['password'], now().toISOString()]
    if (userName === '' || userName.length > 100 || typeof password !== 'string' || password === '') return refuse(req, res, 400, 'Give your user name and your password.')
    const [address, browser] = [addressOf(req, signIn), hashOfCookie('browser', req, signIn)]
    const isKnown = browser !== undefined && (await ledger.knownBrowser(browser, userName, at))
    const tries = triesOf({ userName, address, ...(isKnown ? { browser } : {}) })
    // Counted before the password is looked at, so that many at once get no more of them than one after another.
    if (!(await ledger.countTry(tries, at))) {
      say('sign_in_refused', { why: 'too-many' })
      return refuse(req, res, 429, WAIT)
    }
    const known = await ledger.staffNamed(userName)
    const isRight = await isPassword(known?.passwordHash, password)
    if (isRight && known?.disabledAt === undefined && (await signInAs(parts, req, res, known!, 'password'))) {
      await ledger.uncountTry(tries, at)
      return res.redirect(303, ownPath(given['to']))
    }
    await ledger.signInRefused({ ...(known ? { userName } : {}), why: whyNot(known), address }, at)
    say('sign_in_refused', { why: 'wrong' })
    await refuse(req, res, 400, NOT_RIGHT)
  }

  const leave: RequestHandler = async (req, res) => {
    const session = await sessionHere(parts, req)
    if (session) await ledger.endSessions({ staffId: session.staff.id, sessionId: session.id }, `${session.staff.userName} (pages)`, now().toISOString())
    signOutHere(req, res, parts)
    res.redirect(303, '/sign-in?message=signed-out')
  }

  return [
    { method: 'get', path: '/sign-in', right: 'open', handle: [look] },
    { method: 'post', path: '/sign-in', right: 'open', handle: [passwordsHere(parts), form, strangersForm, enter] },
    { method: 'post', path: '/sign-out', right: 'signed-in', handle: [form, ownForms, leave] },
  ]
}
